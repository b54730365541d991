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
      el("button", { type: "button", class: "quiet", "aria-keyshortcuts": "?", onclick: showKeys }, "Keys"),
      el("button", {
        type: "button",
        class: "quiet",
        id: "theme",
        "aria-keyshortcuts": "t",
        onclick: nextTheme,
      }),
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

// What was asked for, and what hangs where.
function backends(start) {
  const used = [...new Set(start.hooks.map((hook) => hook.backend))];
  return used.length ? `${start.backend}: ${used.join(", ")}` : start.backend;
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
  const hooks = start
    ? start.hooks.map((hook) =>
        el(
          "tr",
          null,
          el("th", { scope: "row" }, hook.hook),
          el("td", null, hook.backend),
          el("td", null, el("code", null, hook.target)),
        ),
      )
    : [];
  const none = start
    ? start.missing.map((hook) =>
        el(
          "tr",
          null,
          el("th", { scope: "row" }, hook.hook),
          el("td", { colspan: 2 }, `not attached: ${hook.why}`),
        ),
      )
    : [];
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
    el(
      "details",
      { class: "hooks" },
      el(
        "summary",
        null,
        `What was watched: ${plural(hooks.length, "hook")}${none.length ? `, ${number(none.length)} not to be had` : ""}`,
      ),
      el(
        "div",
        { class: "scroll", tabindex: 0 },
        el("table", { class: "plain" }, el("tbody", null, hooks, none)),
      ),
    ),
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

// The address says what is shown: #attempt=12 one line, #verdict=closed-port a filtered list.
function follow() {
  const [kind, value] = decodeURIComponent(location.hash.slice(1)).split("=");
  const record = KINDS[kind] && BY_ID.get(Number(value));
  if (record && record.kind === kind) return showDetail(record);
  showOverview();
  if (KINDS[kind]) announceMissing(kind, value);
  if (kind === "verdict" && DATA.verdicts[value]) LIST.show({ verdict: value });
  if (kind === "list") byId("list").scrollIntoView();
}

const VIEW = { overview: null, last: null, scroll: 0 };

function showDetail(record) {
  if (!VIEW.last) VIEW.scroll = scrollY;
  VIEW.last = record;
  replace(byId("main"), detail(record));
  document.title = `${headline(record)} – tcpx report`;
  document.body.classList.add("reading");
  scrollTo(0, 0);
  byId("detail-title").focus({ preventScroll: true });
}

function showOverview() {
  const from = VIEW.last;
  VIEW.last = null;
  VIEW.overview = VIEW.overview || overview();
  replace(byId("main"), VIEW.overview);
  document.title = `${DATA.files.join(", ")} – tcpx report`;
  document.body.classList.remove("reading");
  if (!from) return;
  // Back to where one was.
  scrollTo(0, VIEW.scroll);
  const link = byId("main").querySelector(`a[href="${hash(from)}"]`);
  if (link) link.focus();
}

function announceMissing(kind, value) {
  const text = `${KINDS[kind].one} ${value} is not among the lines that are here in full.`;
  byId("overview").querySelector(".notice")?.remove();
  byId("overview").prepend(el("p", { class: "notice" }, text));
  announce(text);
}

const THEMES = ["auto", "light", "dark"];

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  replace(byId("theme"), `Theme: ${theme}`);
  try {
    localStorage.setItem("tcpx-theme", theme);
  } catch {
    // A page from a file may have no storage: the choice then holds until it is closed.
  }
}

function nextTheme() {
  setTheme(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length]);
  announce(`theme ${document.documentElement.dataset.theme}`);
}

function storedTheme() {
  try {
    const stored = localStorage.getItem("tcpx-theme");
    return THEMES.includes(stored) ? stored : "auto";
  } catch {
    return "auto";
  }
}

const KEYS = [
  ["/", "search"],
  ["↓ ↑ or j k", "from line to line in the list"],
  ["Enter", "open"],
  ["n p", "next, previous line"],
  ["Escape", "back to the list"],
  ["t", "light, dark or as the system has it"],
  ["?", "these keys"],
];

function showKeys() {
  const dialog = byId("keys");
  replace(
    dialog,
    el("h2", null, "Keys"),
    el(
      "dl",
      null,
      KEYS.map(([key, what]) => [el("dt", null, key), el("dd", null, what)]),
    ),
    el("form", { method: "dialog" }, el("button", { class: "quiet" }, "Close")),
  );
  dialog.showModal();
}

function onKey(event) {
  const typing = event.target.closest("input, select, textarea");
  if (event.ctrlKey || event.altKey || event.metaKey || byId("keys").open) return;
  if (event.key === "Escape") {
    if (VIEW.last) location.hash = "#list";
    else if (typing) event.target.blur();
    return;
  }
  if (typing) return;
  const action = {
    "/": focusSearch,
    t: nextTheme,
    "?": showKeys,
    n: () => beside("next"),
    p: () => beside("prev"),
  }[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

function focusSearch() {
  if (VIEW.last) location.hash = "#list";
  setTimeout(() => byId("search")?.focus());
}

function beside(rel) {
  document.querySelector(`.detail-bar a[rel=${rel}][href]`)?.click();
}

replace(byId("top"), pageHead());
setTheme(storedTheme());
addEventListener("hashchange", follow);
addEventListener("keydown", onKey);
// The list is there before a line is: it knows what is before and after.
VIEW.overview = overview();
follow();
