// Why: each verdict with its exact counts; opened, who it met and what to do.

// So many are shown before one asks for the others.
const FIRST_VERDICTS = 12;

function verdicts() {
  const rows = byVerdict();
  if (rows.length === 0) return null;
  const kinds = KIND_ORDER.filter((kind) => rows.some((row) => row.kinds[kind]));
  const most = Math.max(...rows.map((row) => row.largest));
  const head = el(
    "tr",
    null,
    el("th", { scope: "col" }, say("Verdict")),
    kinds.map((kind) => el("th", { scope: "col", class: "num" }, KINDS[kind].column)),
    el("th", { scope: "col", class: "sure" }, say("How sure")),
  );
  const body = rows.map((row) => verdictRows(row, kinds, most));
  const rest = body
    .slice(FIRST_VERDICTS)
    .flat()
    .filter((row) => !row.hidden);
  const all =
    rest.length > 1
      ? el(
          "button",
          {
            type: "button",
            class: "quiet more",
            onclick: () => {
              rest.forEach((row) => row.removeAttribute("hidden"));
              all.remove();
            },
          },
          say("Show all {a} verdicts", number(rows.length)),
        )
      : null;
  if (all) rest.forEach((row) => row.setAttribute("hidden", ""));
  const aside = say(
    "All counts are exact. Open a verdict for the processes and peers that it met, and what to do.",
  );
  return section(
    "verdicts",
    say("Why"),
    aside,
    el("table", { class: "verdicts" }, el("thead", null, head), el("tbody", null, body)),
    all,
  );
}

// Groups by verdict: what went wrong first, the most frequent first; what worked last.
function byVerdict() {
  const rows = new Map();
  for (const group of DATA.groups) {
    const row = rows.get(group.verdict) || { verdict: group.verdict, kinds: {}, largest: 0 };
    row.kinds[group.kind] = group;
    row.largest = Math.max(row.largest, group.count);
    rows.set(group.verdict, row);
  }
  const worked = (row) => (entry(row.verdict).group === "it worked" ? 1 : 0);
  return [...rows.values()].sort(
    (a, b) => worked(a) - worked(b) || b.largest - a.largest || (a.verdict < b.verdict ? -1 : 1),
  );
}

function verdictRows(row, kinds, most) {
  const id = `about-${row.verdict}`;
  const about = el("tr", { id, class: "about", hidden: true });
  const open = el(
    "button",
    {
      type: "button",
      class: "opener",
      "aria-expanded": "false",
      "aria-controls": id,
      onclick: () => toggle(open, about, row),
    },
    el("span", { class: "verdict-id" }, row.verdict),
    el("span", { class: "verdict-title" }, entry(row.verdict).title),
  );
  const bar = el("span", { class: "share", "aria-hidden": "true" });
  bar.style.width = `${Math.max((row.largest / most) * 100, 0.4)}%`;
  const counts = kinds.map((kind) =>
    el("td", { class: "num" }, row.kinds[kind] ? number(row.kinds[kind].count) : ""),
  );
  return [
    el(
      "tr",
      null,
      el("th", { scope: "row" }, open, bar),
      counts,
      el("td", { class: "sure" }, confidence(row)),
    ),
    about,
  ];
}

function confidence(row) {
  const sum = (name) => Object.values(row.kinds).reduce((total, group) => total + group[name], 0);
  const said = ["observed", "derived", "unknown"].filter((name) => sum(name) > 0);
  return said.map((name) =>
    el("span", { class: `how ${name}` }, said.length > 1 ? `${number(sum(name))} ${translated(name)}` : translated(name)),
  );
}

function toggle(open, about, row) {
  const opened = open.getAttribute("aria-expanded") === "false";
  open.setAttribute("aria-expanded", String(opened));
  about.hidden = !opened;
  if (opened && about.childElementCount === 0) {
    about.append(el("td", { colspan: 99 }, aboutVerdict(row)));
  }
}

function aboutVerdict(row) {
  const { meaning, advice, confirm } = entry(row.verdict);
  const here = RECORDS.filter((record) => record.verdict === row.verdict).length;
  const all = Object.values(row.kinds).reduce((sum, group) => sum + group.count, 0);
  const list = el(
    "button",
    { type: "button", class: "action", onclick: () => LIST.show({ verdict: row.verdict }) },
    here === all
      ? all === 1
        ? say("List it")
        : say("List all {a}", number(all))
      : say("List {a} of {b}", number(here), number(all)),
  );
  return el(
    "div",
    { class: "about-grid" },
    el(
      "div",
      null,
      el("p", null, meaning),
      el("h4", null, say("What to do")),
      el("p", null, advice),
      confirmations(confirm),
      list,
    ),
    el(
      "div",
      null,
      KIND_ORDER.filter((kind) => row.kinds[kind]).map((kind) => met(row.kinds[kind])),
    ),
  );
}

// Processes and peers of one kind.
function met(group) {
  const span =
    group.first === group.last ? say("at {a}", clock(group.first)) : say("{a} to {b}", clock(group.first), clock(group.last));
  const others = group.nobody ? [[say("no process known"), group.nobody, true]] : [];
  const peers = group.kind === "call" ? say("Addresses asked for") : say("Peers");
  return el(
    "div",
    { class: "met" },
    el("h4", null, counted(group.count, group.kind), el("span", { class: "aside" }, ` ${span}`)),
    el(
      "div",
      { class: "tops" },
      top(say("Processes"), group.processes, group.count, others),
      top(peers, group.peers, group.count, []),
    ),
  );
}

// The most frequent names with their exact counts, and how many there are beside them.
function top(title, { names, more_names: moreNames, more, others }, all, extra) {
  const rows = names.map(([name, count]) => [name, count, false]).concat(extra);
  if (moreNames) rows.push([say("{a} more", number(moreNames)), more, true]);
  if (others) rows.push([say("others, not counted by name"), others, true]);
  const line = ([name, count, aside]) => {
    const bar = el("span", { class: "share", "aria-hidden": "true" });
    bar.style.width = `${Math.max((count / all) * 100, 0.5)}%`;
    return el(
      "li",
      { class: aside ? "rest" : null },
      bar,
      el("span", { class: "name" }, name),
      el("span", { class: "num" }, number(count)),
    );
  };
  return el("div", null, el("h5", null, title), el("ol", { class: "top" }, rows.map(line)));
}
