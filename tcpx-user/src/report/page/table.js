// The list of what is here in full, with search and filters.

const PAGE = 50;

// The one list; it keeps its filters while a line is looked at.
const LIST = {
  filters: { text: "", kind: "", verdict: "", outcome: "", process: "", peer: "", window: null },
  page: 0,

  build() {
    this.controls = this.makeControls();
    this.shownOf = el("p", { class: "aside", id: "shown" });
    this.chips = el("p", { class: "chips" });
    this.body = el("tbody");
    this.pager = el("nav", { class: "pager", "aria-label": "Pages of the list" });
    const heads = ["Time (UTC)", "What", "Process", "From → to", "Why"].map((name) =>
      el("th", { scope: "col" }, name),
    );
    const table = el(
      "table",
      { class: "list", "aria-describedby": "shown", onkeydown: (event) => this.key(event) },
      el("thead", null, el("tr", null, heads)),
      this.body,
    );
    const node = section(
      "list",
      "Connections and events",
      null,
      this.shownOf,
      this.controls,
      this.chips,
      table,
      this.pager,
    );
    this.refresh();
    return node;
  },

  makeControls() {
    const search = el("input", {
      type: "search",
      id: "search",
      placeholder: "Search: name, pid, address, function, evidence …",
      "aria-label": "Search",
      "aria-keyshortcuts": "/",
      autocomplete: "off",
      spellcheck: "false",
      oninput: (event) => this.set("text", event.target.value.trim().toLowerCase()),
    });
    const selects = [
      this.select(
        "kind",
        "any kind",
        (record) => [record.kind],
        (kind) => KINDS[kind].many,
      ),
      this.select("verdict", "any verdict", (record) => [record.verdict]),
      this.select("outcome", "any outcome", (record) => [record.outcome]),
      this.select("process", "any process", (record) => record.names),
      this.select("peer", "any peer", peersOf),
    ];
    const clear = el("button", { type: "button", class: "quiet", onclick: () => this.show({}) }, "Clear");
    return el(
      "form",
      { class: "controls", role: "search", onsubmit: (event) => event.preventDefault() },
      search,
      selects,
      clear,
    );
  },

  // One of the values that occur, the most frequent first; numbers only where they are of all.
  select(name, any, values, label = (value) => value) {
    const counts = new Map();
    for (const record of RECORDS)
      for (const value of values(record)) if (value) counts.set(value, (counts.get(value) || 0) + 1);
    const sorted = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, 500);
    const whole = RECORDS.length === DATA.groups.reduce((sum, group) => sum + group.count, 0);
    const options = sorted.map(([value, count]) =>
      el("option", { value }, whole ? `${label(value)} (${number(count)})` : label(value)),
    );
    return el(
      "select",
      { name, "aria-label": name, onchange: (event) => this.set(name, event.target.value) },
      el("option", { value: "" }, any),
      options,
    );
  },

  set(name, value) {
    this.filters[name] = value;
    this.page = 0;
    this.refresh();
  },

  // Lists what a verdict or a moment holds, and nothing else.
  show(filters) {
    this.filters = {
      text: "",
      kind: "",
      verdict: "",
      outcome: "",
      process: "",
      peer: "",
      window: null,
      ...filters,
    };
    for (const control of this.controls.elements)
      if (control.name) control.value = this.filters[control.name] || "";
    this.controls.elements.search.value = "";
    this.page = 0;
    this.refresh();
    byId("list").scrollIntoView();
    byId("search").focus({ preventScroll: true });
  },

  matching() {
    const { text, kind, verdict, outcome, process, peer, window } = this.filters;
    const words = text.split(/\s+/).filter(Boolean);
    return RECORDS.filter(
      (record) =>
        (!kind || record.kind === kind) &&
        (!verdict || record.verdict === verdict) &&
        (!outcome || record.outcome === outcome) &&
        (!process || record.names.includes(process)) &&
        (!peer || peersOf(record).includes(peer)) &&
        (!window || (record.at >= window[0] && record.at < window[1])) &&
        words.every((word) => record.text.includes(word)),
    );
  },

  refresh() {
    this.found = this.matching();
    const pages = Math.max(Math.ceil(this.found.length / PAGE), 1);
    this.page = Math.min(this.page, pages - 1);
    const shown = this.found.slice(this.page * PAGE, (this.page + 1) * PAGE);
    const empty = el(
      "tr",
      null,
      el(
        "td",
        { colspan: 5, class: "empty" },
        RECORDS.length ? "Nothing here matches." : "The recording holds nothing that matches its filters.",
      ),
    );
    replace(this.body, shown.length ? shown.map(listRow) : empty);
    replace(this.shownOf, this.sentence());
    replace(this.chips, this.filters.window ? this.windowChip() : null);
    replace(this.pager, this.pages(pages));
    announce(plural(this.found.length, "line") + " listed");
  },

  // How many are listed, and of how many: those that are here in full are a choice when there are too many.
  sentence() {
    const all = Object.values(totals()).reduce((sum, count) => sum + count, 0);
    const listed = this.found.length === RECORDS.length ? "" : `${number(this.found.length)} listed. `;
    if (RECORDS.length === all) return `${listed}All ${number(all)} are here in full.`;
    const each = Object.entries(totals()).map(([kind, count]) => {
      const here = RECORDS.filter((record) => record.kind === kind).length;
      return `${number(here)} of ${counted(count, kind)}`;
    });
    return `${listed}Showing ${number(RECORDS.length)} of ${number(all)} in full (${each.join(", ")}): a choice that is random and even, from each verdict and each process. All counts above are of all.`;
  },

  windowChip() {
    const [from, to] = this.filters.window.map((ns) => rfc3339(ns).slice(11, 23));
    return el(
      "button",
      { type: "button", class: "chip", onclick: () => this.set("window", null) },
      `${from} to ${to}`,
      el("span", { "aria-hidden": "true" }, " ✕"),
      el("span", { class: "visually-hidden" }, " remove"),
    );
  },

  pages(count) {
    if (count < 2) return null;
    const to = (page, text) =>
      el(
        "button",
        {
          type: "button",
          class: "quiet",
          disabled: page < 0 || page >= count,
          onclick: () => this.turn(page),
        },
        text,
      );
    return [
      to(this.page - 1, "← Previous"),
      el("span", null, `${number(this.page + 1)} of ${number(count)}`),
      to(this.page + 1, "Next →"),
    ];
  },

  turn(page) {
    this.page = page;
    this.refresh();
    byId("list").scrollIntoView();
    this.focus(0);
  },

  // Arrows go from line to line.
  key(event) {
    const links = [...this.body.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, j: at + 1, ArrowUp: at - 1, k: at - 1, Home: 0, End: links.length - 1 }[
      event.key
    ];
    if (at < 0 || to === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    this.focus(to);
  },

  focus(at) {
    const link = this.body.querySelectorAll("a")[at];
    if (link) link.focus();
  },

  // The one before or after a line, among those that are listed.
  beside(record, step) {
    const at = this.found.indexOf(record);
    return at < 0 ? undefined : this.found[at + step];
  },
};

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
        : el("span", { class: "unseen" }, "not observed"),
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
      el("span", { class: "evidence" }, data.verdict.evidence[0] || ""),
    ),
  );
}
