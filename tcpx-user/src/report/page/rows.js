// Lines in a list: what a row shows, which are listed, and how one gets from one to the other.

function listTable(body) {
  const heads = [say("Time (UTC)"), say("What"), say("Process"), say("From → to"), say("Why")].map((name) =>
    el("th", { scope: "col" }, name),
  );
  return el(
    "table",
    { class: "list", "aria-describedby": "shown", onkeydown: (event) => rowKey(body, event) },
    el("thead", null, el("tr", null, heads)),
    body,
  );
}

function searchBox(changed) {
  return el("input", {
    type: "search",
    id: "search",
    placeholder: say("Search: name, pid, address, function, evidence …"),
    "aria-label": say("Search"),
    "aria-keyshortcuts": "/",
    autocomplete: "off",
    spellcheck: "false",
    oninput: (event) => changed(event.target.value.trim().toLowerCase()),
  });
}

// Whether a record is one of those that filters want; an empty one wants all.
function matcher({ text, kind, verdict, outcome, process, peer, window }) {
  const words = text.split(/\s+/).filter(Boolean);
  return (record) =>
    (!kind || record.kind === kind) &&
    (!verdict || record.verdict === verdict) &&
    (!outcome || record.outcome === outcome) &&
    (!process || record.names.includes(process)) &&
    (!peer || peersOf(record).includes(peer)) &&
    (!window || (record.at >= window[0] && record.at < window[1])) &&
    words.every((word) => record.text.includes(word));
}

// What takes a moment out of the filters again.
function windowChip(window, remove) {
  if (!window) return null;
  const [from, to] = window.map((ns) => rfc3339(ns).slice(11, 23));
  return el(
    "button",
    { type: "button", class: "chip", onclick: remove },
    say("{a} to {b}", from, to),
    el("span", { "aria-hidden": "true" }, " ✕"),
    el("span", { class: "visually-hidden" }, say(" remove")),
  );
}

// Arrows go from line to line.
function rowKey(body, event) {
  const links = [...body.querySelectorAll("a")];
  const at = links.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, j: at + 1, ArrowUp: at - 1, k: at - 1, Home: 0, End: links.length - 1 }[
    event.key
  ];
  if (at < 0 || to === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  focusRow(body, to);
}

function focusRow(body, at) {
  const link = body.querySelectorAll("a")[at];
  if (link) link.focus();
}

// Ends that are not local ports of a client.
function peersOf(record) {
  const { data } = record;
  if (record.kind === "attempt" || record.kind === "death") return [endpoint(data.remote || data.requested)];
  if (record.kind === "call") return [endpoint(data.requested)];
  return record.kind === "reset" && data.receiver ? [record.from] : [record.to];
}

function listRow(record) {
  const { data } = record;
  const went = el("a", { href: hash(record), class: statusClass(record) }, status(record));
  const open = () => {
    location.hash = hash(record);
  };
  return el(
    "tr",
    {
      onclick: (event) => {
        if (!event.target.closest("a") && !String(getSelection())) open();
      },
    },
    el("td", { class: "time", title: data.time }, clock(data.time)),
    el("td", null, went),
    el(
      "td",
      { class: "who" },
      record.people.length
        ? record.people.slice(0, 1).map(person)
        : el("span", { class: "unseen" }, say("not observed")),
    ),
    el(
      "td",
      { class: "route" },
      record.from ? el("span", { class: "muted" }, record.from, " → ") : null,
      record.to,
    ),
    el(
      "td",
      { class: "why" },
      el("span", { class: "verdict-id" }, record.verdict),
      el("span", { class: "evidence" }, translated(data.verdict.evidence[0] || "")),
    ),
  );
}
