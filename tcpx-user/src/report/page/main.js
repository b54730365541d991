// The page as a whole: its head, what its address asks for, its keys.

function pageHead() {
  const { start, files, filters, span } = DATA;
  const facts = [
    ["Kernel", start && `${start.kernel}, ${start.arch}`],
    ["Time (UTC)", span ? range(span) : "nothing happened"],
    ["Backend, probes", start && `${backends(start)}; ${start.probes}`],
    ["Recorded by", start && `tcpx ${start.tcpx}`],
    [
      "Filters",
      filters.length ? filters.map(([option, values]) => `${option} ${values}`.trim()).join(", ") : null,
    ],
  ];
  const items = facts
    .filter(([, value]) => value)
    .map(([name, value]) => el("div", null, el("dt", null, name), el("dd", null, value)));
  return [
    el(
      "div",
      { class: "brand" },
      el("a", { class: "name", href: "#" }, "tcpx", el("span", null, " report")),
      el("p", { class: "files" }, files.join(", ")),
      el("span", { class: "spring" }),
      headButtons(),
    ),
    el(
      "dl",
      { class: "recording" },
      items,
      el("div", null, el("dt", null, "Complete?"), el("dd", null, completeness())),
    ),
    details(start),
  ];
}

function range([first, last]) {
  const took = duration(Math.max(nanoseconds(last) - nanoseconds(first), 0));
  const until = day(first) === day(last) ? clock(last) : `${day(last)} ${clock(last)}`;
  return first === last
    ? `${day(first)} ${clock(first)}`
    : `${day(first)} ${clock(first)} to ${until} (${took})`;
}

function completeness() {
  const { complete, missing } = DATA.losses;
  const [state, words] =
    complete === true
      ? ["good", "complete"]
      : complete === false
        ? ["bad", `incomplete: ${missing[0]}`]
        : ["open", "nothing known to be lost"];
  return el("span", { class: `state ${state}` }, words);
}

// Losses in full, and what was attached.
function details(start) {
  const { missing, unknown } = DATA.losses;
  const [less, untold] = DATA.touched;
  const touched = [
    less && `${number(less)} of the lines below may say less than there was.`,
    untold && `Of ${number(untold)} lines below it cannot be told whether an event that matters was missed.`,
  ];
  const losses = [...missing, ...unknown, ...touched].filter(Boolean);
  return [
    losses.length
      ? el(
          "details",
          { class: "losses", open: missing.length > 0 },
          el("summary", null, "What is missing, and what cannot be known"),
          el(
            "ul",
            null,
            losses.map((sentence) => el("li", null, sentence)),
          ),
        )
      : null,
    watched(start, "What was watched"),
  ];
}

function numbersAtAGlance() {
  const sums = totals();
  const cells = KIND_ORDER.filter((kind) => sums[kind]).map((kind) =>
    el(
      "div",
      null,
      el("dd", null, number(sums[kind])),
      el("dt", null, sums[kind] === 1 ? KINDS[kind].one : KINDS[kind].many),
    ),
  );
  const { tracks, steps } = DATA.timeline;
  const failed = ["refused", "reset", "timed-out", "unreachable", "denied", "failed"].map(
    (name) => track(name, tracks.indexOf(name), steps).total,
  );
  const sum = failed.reduce((total, count) => total + count, 0);
  if (sums.attempt)
    cells.splice(
      1,
      0,
      el(
        "div",
        { class: sum ? "failed" : null },
        el("dd", null, number(sum)),
        el("dt", null, "of them failed"),
      ),
    );
  return cells.length ? el("dl", { class: "glance", "aria-label": "Exact counts" }, cells) : null;
}

function overview() {
  return el("div", { id: "overview" }, lab(), numbersAtAGlance(), timeline(), verdicts(), LIST.build());
}

const SITE = {
  name: "tcpx report",
  title: () => DATA.files.join(", "),
  keys: [
    ["/", "search"],
    ["↓ ↑ or j k", "from line to line in the list"],
    ["Enter", "open"],
    ["n p", "next, previous line"],
    ["Escape", "back to the list"],
    ["t", "light, dark or as the system has it"],
    ["?", "these keys"],
  ],
  actions: {},
};

replace(byId("top"), pageHead());
setTheme(storedTheme());
addEventListener("hashchange", follow);
addEventListener("keydown", onKey);
// The list is there before a line is: it knows what is before and after.
VIEW.overview = overview();
follow();
