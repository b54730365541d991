// The page as a whole: its head, and what happens again and again.

function headOfLive() {
  return [
    el(
      "div",
      { class: "brand" },
      el("a", { class: "name", href: "#" }, "tcpx", el("span", null, " live")),
      el("p", { class: "files", id: "where" }, location.host),
      el("span", { class: "spring" }),
      headButtons(),
    ),
    el(
      "div",
      { class: "connection" },
      el("span", { id: "state", class: "state open" }, "connecting"),
      el("span", { id: "state-more", class: "muted" }),
      el("button", { type: "button", class: "quiet", id: "again", hidden: true, onclick: again }, "Connect now"),
    ),
    el("ul", { id: "troubles", class: "troubles" }),
    el("dl", { class: "recording", id: "about" }),
    el("div", { id: "hooks" }),
    el("ul", { id: "notices", class: "notices", "aria-label": "What happened to this page" }),
  ];
}

function again() {
  LIVE.wait = WAIT.first;
  LIVE.connect();
}

const STATES = {
  live: ["good", "live"],
  connecting: ["open", "connecting"],
  slow: ["bad", "let go"],
  ended: ["bad", "the daemon has ended"],
  down: ["bad", "not connected"],
};

function tellState() {
  const [look, words] = STATES[LIVE.state];
  const state = byId("state");
  state.className = `state ${look}`;
  if (state.textContent !== words) replace(state, words);
  replace(byId("state-more"), moreOfState());
  byId("again").hidden = LIVE.state === "live" || LIVE.state === "connecting";
}

function moreOfState() {
  if (LIVE.state === "live")
    return LIVE.lastCame ? `the last line came ${duration(sinceLast())} ago` : "nothing came yet";
  if (LIVE.state === "connecting") return "";
  const left = Math.max(Math.ceil((LIVE.retry - Date.now()) / 1000), 0);
  const why = LIVE.state === "ended" ? "" : `${LIVE.why}; `;
  return `${why}next try in ${plural(left, "second")}`;
}

// In whole seconds: 0 reads as if it were exact.
function sinceLast() {
  return Math.max(Math.round((Date.now() - LIVE.lastCame) / 1000), 1) * 1e9;
}

function tellHead() {
  const { told } = HEALTH;
  const { start } = DATA;
  if (!told || !start) return;
  const facts = [
    ["Kernel", `${start.kernel}, ${start.arch}`],
    ["Backend, probes", `${backends(start)}; ${start.probes}`],
    ["Daemon", `tcpx ${start.tcpx}, process ${told.pid}, up ${duration(told.uptime_s * 1e9)}`],
    ["Lines so far", number(told.lines)],
    ["Complete?", completenessOfLive(told.losses)],
  ];
  replace(
    byId("about"),
    facts.map(([name, value]) => el("div", null, el("dt", null, name), el("dd", null, value))),
  );
  replace(
    byId("troubles"),
    told.troubles.map((text) => el("li", null, text)),
  );
  if (!byId("hooks").hasChildNodes()) replace(byId("hooks"), watched(start, "What is watched"));
}

// Since the daemon began.
function completenessOfLive({ stages, missed }) {
  const lost = Object.values(stages).reduce((sum, count) => sum + count, 0);
  const where = Object.entries(stages)
    .filter(([, count]) => count)
    .map(([stage, count]) => `${number(count)} in ${stage === "user" ? "tcpx" : `the ${stage}`}`);
  const [look, words] = lost
    ? ["bad", `${plural(lost, "record")} lost: ${where.join(", ")}`]
    : missed
      ? ["open", `programs were passed over ${times(missed)}`]
      : missed === undefined
        ? ["open", "nothing known to be lost"]
        : ["good", "nothing was lost"];
  return el("span", { class: `state ${look}` }, words);
}

function overview() {
  return el("div", { id: "overview" }, RATES.build(), LIST.build());
}

const SITE = {
  name: "tcpx live",
  title: () => location.host,
  keys: [
    ["/", "search"],
    ["s", "hold the list, and go on"],
    ["↓ ↑ or j k", "from line to line in the list"],
    ["Enter", "open"],
    ["n p", "next (older), previous (newer) line"],
    ["Escape", "back to the list"],
    ["t", "light, dark or as the system has it"],
    ["?", "these keys"],
  ],
  actions: { s: () => LIST.pause() },
};

replace(byId("top"), headOfLive());
setTheme(storedTheme());
addEventListener("hashchange", follow);
addEventListener("keydown", onKey);
showOverview();
LIVE.connect();
setInterval(() => LIST.flush(), 250);
setInterval(() => {
  LIVE.tick();
  if (!VIEW.last) RATES.draw();
}, 1000);
setInterval(() => LIVE.checkHealth(), WAIT.health * 1000);
