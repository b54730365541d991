// What is looked at, the overview or one line of it, and what is the same on every page: its themes and keys.

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

// Where one is, and where one was.
const VIEW = { overview: null, last: null, scroll: 0 };

function showDetail(record) {
  if (!VIEW.last) VIEW.scroll = scrollY;
  VIEW.last = record;
  replace(byId("main"), detail(record));
  document.title = `${headline(record)} – ${SITE.name}`;
  document.body.classList.add("reading");
  scrollTo(0, 0);
  byId("detail-title").focus({ preventScroll: true });
}

function showOverview() {
  const from = VIEW.last;
  VIEW.last = null;
  VIEW.overview = VIEW.overview || overview();
  replace(byId("main"), VIEW.overview);
  document.title = `${SITE.title()} – ${SITE.name}`;
  document.body.classList.remove("reading");
  if (!from) return;
  // Back to where one was.
  scrollTo(0, VIEW.scroll);
  const link = byId("main").querySelector(`a[href="${hash(from)}"]`);
  if (link) link.focus();
}

function announceMissing(kind, value) {
  const text = say("{a} {b} is not among the lines that are here in full.", KINDS[kind].one, value);
  byId("overview").querySelector(".notice")?.remove();
  byId("overview").prepend(el("p", { class: "notice" }, text));
  announce(text);
}

const THEMES = ["auto", "light", "dark"];

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  replace(byId("theme"), say("Theme: {a}", translated(theme)));
  try {
    localStorage.setItem("tcpx-theme", theme);
  } catch {
    // A page from a file may have no storage: the choice then holds until it is closed.
  }
}

function nextTheme() {
  setTheme(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length]);
  announce(say("theme {a}", translated(document.documentElement.dataset.theme)));
}

function storedTheme() {
  try {
    const stored = localStorage.getItem("tcpx-theme");
    return THEMES.includes(stored) ? stored : "auto";
  } catch {
    return "auto";
  }
}

function showKeys() {
  const dialog = byId("keys");
  replace(
    dialog,
    el("h2", null, say("Keys")),
    el(
      "dl",
      null,
      SITE.keys.map(([key, what]) => [el("dt", null, key), el("dd", null, what)]),
    ),
    el("form", { method: "dialog" }, el("button", { class: "quiet" }, say("Close"))),
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
    ...SITE.actions,
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

// Of the head of every page.
function headButtons() {
  return [
    el("button", { type: "button", class: "quiet", "aria-keyshortcuts": "?", onclick: showKeys }, say("Keys")),
    el("button", {
      type: "button",
      class: "quiet",
      id: "theme",
      "aria-keyshortcuts": "t",
      onclick: nextTheme,
    }),
  ];
}
