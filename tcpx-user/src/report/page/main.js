// The page as a whole: its head, what its address asks for, its keys.

function pageHead() {
  const { start, files, filters, span } = DATA;
  const facts = [
    [say("Kernel"), start && `${start.kernel}, ${start.arch}`],
    [say("Time (UTC)"), span ? range(span) : say("nothing happened")],
    [say("Backend, probes"), start && `${backends(start)}; ${start.probes}`],
    [say("Recorded by"), start && `tcpx ${start.tcpx}`],
    [
      say("Filters"),
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
      el("a", { class: "name", href: "#" }, "tcpx", el("span", null, say(" report"))),
      el("p", { class: "files" }, files.join(", ")),
      el("span", { class: "spring" }),
      headButtons(),
    ),
    el(
      "dl",
      { class: "recording" },
      items,
      el("div", null, el("dt", null, say("Complete?")), el("dd", null, completeness())),
    ),
    details(start),
  ];
}

function range([first, last]) {
  const took = duration(Math.max(nanoseconds(last) - nanoseconds(first), 0));
  const until = day(first) === day(last) ? clock(last) : `${day(last)} ${clock(last)}`;
  return first === last
    ? `${day(first)} ${clock(first)}`
    : say("{a} to {b} ({c})", `${day(first)} ${clock(first)}`, until, took);
}

function completeness() {
  const { complete, missing } = DATA.losses;
  const [state, words] =
    complete === true
      ? ["good", say("complete")]
      : complete === false
        ? ["bad", say("incomplete: {a}", translated(missing[0]))]
        : ["open", say("nothing known to be lost")];
  return el("span", { class: `state ${state}` }, words);
}

// Losses in full, and what was attached.
function details(start) {
  const { missing, unknown } = DATA.losses;
  const [less, untold] = DATA.touched;
  const touched = [
    less && say("{a} of the lines below may say less than there was.", number(less)),
    untold &&
      say("Of {a} lines below it cannot be told whether an event that matters was missed.", number(untold)),
  ];
  const losses = [...missing, ...unknown, ...touched].filter(Boolean);
  return [
    losses.length
      ? el(
          "details",
          { class: "losses", open: missing.length > 0 },
          el("summary", null, say("What is missing, and what cannot be known")),
          el(
            "ul",
            null,
            losses.map((sentence) => el("li", null, translated(sentence))),
          ),
        )
      : null,
    watched(start, say("What was watched")),
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
        el("dt", null, say("of them failed")),
      ),
    );
  return cells.length ? el("dl", { class: "glance", "aria-label": say("Exact counts") }, cells) : null;
}

function overview() {
  return el("div", { id: "overview" }, lab(), numbersAtAGlance(), timeline(), verdicts(), LIST.build());
}

const SITE = {
  name: say("tcpx report"),
  title: () => DATA.files.join(", "),
  keys: [
    ["/", say("search")],
    [say("↓ ↑ or j k"), say("from line to line in the list")],
    ["Enter", say("open")],
    ["n p", say("next, previous line")],
    ["Escape", say("back to the list")],
    ["t", say("light, dark or as the system has it")],
    ["?", say("these keys")],
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
