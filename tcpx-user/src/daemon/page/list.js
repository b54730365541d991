// The list of what came, the newest first. Rows come at the top while one reads; a pause holds them back.

const FIRST_ROWS = 50;
const NO_FILTERS = { text: "", kind: "", verdict: "", outcome: "", process: "", peer: "", window: null };

const LIST = {
  filters: { ...NO_FILTERS, what: "failed" },
  rows: new Map(),
  room: FIRST_ROWS,
  fresh: [],
  // While paused: number of the last line that is listed, and how many rows went meanwhile.
  until: Infinity,
  left: 0,

  build() {
    this.controls = this.makeControls();
    this.shownOf = el("p", { class: "aside", id: "shown" });
    this.chips = el("p", { class: "chips" });
    this.body = el("tbody");
    this.more = el("p", { class: "pager" });
    const node = section(
      "list",
      "What came",
      null,
      this.shownOf,
      this.controls,
      this.chips,
      listTable(this.body),
      this.more,
    );
    this.refresh();
    return node;
  },

  makeControls() {
    const search = searchBox((text) => this.set("text", text));
    this.pauser = el("button", {
      type: "button",
      class: "quiet pause",
      "aria-pressed": "false",
      "aria-keyshortcuts": "s",
      onclick: () => this.pause(),
    });
    this.verdicts = this.select("verdict", [["", "any verdict"]]);
    const kinds = KIND_ORDER.map((kind) => [kind, KINDS[kind].many]);
    const selects = [
      this.select("what", [
        ["failed", "what failed"],
        ["", "all, also what worked"],
      ]),
      this.select("kind", [["", "any kind"], ...kinds]),
      this.verdicts,
    ];
    const clear = el("button", { type: "button", class: "quiet", onclick: () => this.show({}) }, "Clear");
    return el(
      "form",
      { class: "controls", role: "search", onsubmit: (event) => event.preventDefault() },
      this.pauser,
      search,
      selects,
      clear,
    );
  },

  select(name, options) {
    return el(
      "select",
      { name, "aria-label": name, onchange: (event) => this.set(name, event.target.value) },
      options.map(([value, text]) => el("option", { value }, text)),
    );
  },

  // Verdicts that occurred can be chosen.
  offer(verdict) {
    const { options } = this.verdicts;
    if ([...options].some((option) => option.value === verdict)) return;
    const next = [...options].slice(1).find((option) => option.value > verdict);
    this.verdicts.insertBefore(el("option", { value: verdict }, verdict), next || null);
  },

  set(name, value) {
    this.filters[name] = value;
    this.refresh();
  },

  // Lists what a verdict or a moment holds, and nothing else.
  show(filters) {
    const what = filters.verdict || filters.window ? "" : "failed";
    this.filters = { ...NO_FILTERS, what, ...filters };
    if (filters.verdict) this.offer(filters.verdict);
    for (const control of this.controls.elements)
      if (control.name) control.value = this.filters[control.name] || "";
    this.controls.elements.search.value = "";
    this.refresh();
    byId("list").scrollIntoView();
    byId("search").focus({ preventScroll: true });
  },

  wanted() {
    const matches = matcher(this.filters);
    return (record) => (!this.filters.what || !worked(record)) && matches(record);
  },

  paused() {
    return this.until !== Infinity;
  },

  pause() {
    this.until = this.paused() ? Infinity : KEPT.last;
    this.left = 0;
    this.refresh();
    announce(this.paused() ? "paused" : "goes on");
  },

  // One that came; it is drawn with others.
  add(record, before) {
    this.offer(record.verdict);
    this.fresh.push([record, before]);
    // Those before are no longer kept.
    if (this.fresh.length > KEEP) this.fresh.shift();
  },

  // One that is no longer kept.
  forget(record) {
    const row = this.rows.get(record.id);
    if (!row) return;
    row.remove();
    this.rows.delete(record.id);
    if (this.paused()) this.left += 1;
  },

  // Draws what came since the last time.
  flush() {
    const fresh = this.fresh;
    if (fresh.length === 0) return;
    this.fresh = [];
    // More than there is room for: all anew is cheaper than one by one.
    if (fresh.length > this.room && !this.paused()) return this.refresh();
    const wanted = this.wanted();
    const placed = fresh.every(([record, before]) => this.place(record, before, wanted));
    if (!placed) return this.refresh();
    this.trim();
    this.tell();
  },

  // Whether there was a place for it at the top, or none was needed.
  place(record, before, wanted) {
    const row = this.rows.get(record.id);
    const want = wanted(record);
    // Told again meanwhile, no longer kept, or to wait.
    if (BY_ID.get(record.id) !== record || record.number > this.until) return true;
    if (row && !want) this.forget(record);
    else if (row) this.replaceRow(row, record);
    else if (want && before) return false;
    else if (want) this.body.prepend(this.row(record));
    return true;
  },

  row(record) {
    const row = listRow(record);
    row.dataset.id = record.id;
    this.rows.set(record.id, row);
    return row;
  },

  replaceRow(row, record) {
    const focused = row.contains(document.activeElement);
    const fresh = this.row(record);
    row.replaceWith(fresh);
    if (focused) fresh.querySelector("a").focus();
  },

  trim() {
    this.body.querySelector(".empty")?.closest("tr").remove();
    while (this.rows.size > this.room) {
      const row = this.body.lastElementChild;
      this.rows.delete(Number(row.dataset.id));
      row.remove();
    }
    if (this.rows.size === 0) this.empty();
  },

  found() {
    const wanted = this.wanted();
    const all = [...BY_ID.values()].filter((record) => record.number <= this.until && wanted(record));
    return all.sort((a, b) => b.number - a.number);
  },

  refresh() {
    this.fresh = [];
    this.rows.clear();
    const shown = this.found().slice(0, this.room);
    replace(
      this.body,
      shown.map((record) => this.row(record)),
    );
    if (shown.length === 0) this.empty();
    replace(
      this.chips,
      windowChip(this.filters.window, () => this.set("window", null)),
    );
    this.tell();
  },

  empty() {
    const what = BY_ID.size ? "Nothing here matches." : "Nothing was told yet.";
    replace(this.body, el("tr", null, el("td", { colspan: 5, class: "empty" }, what)));
  },

  // What is listed, of how many.
  tell() {
    const wanted = this.wanted();
    const all = [...BY_ID.values()].filter(wanted);
    const found = all.filter((record) => record.number <= this.until).length;
    const sentences = [
      `The newest ${number(this.rows.size)} of ${number(found)} that match.`,
      `The page has ${plural(BY_ID.size, "line")}`,
      KEPT.gone ? ` and keeps no more: ${number(KEPT.gone)} older ones went.` : `; it keeps the last ${number(KEEP)}.`,
    ];
    replace(this.shownOf, sentences[0], " ", sentences[1], sentences[2]);
    this.tellPause(all.length - found);
    const more = found > this.rows.size;
    replace(
      this.more,
      more
        ? el("button", { type: "button", class: "quiet", onclick: () => this.showMore() }, "Show more")
        : null,
    );
  },

  tellPause(waiting) {
    const paused = this.paused();
    this.pauser.setAttribute("aria-pressed", String(paused));
    // Some that came may have gone again.
    const least = KEPT.last - this.until > BY_ID.size ? "more than " : "";
    const came = waiting ? `: ${least}${number(waiting)} came` : "";
    replace(this.pauser, paused ? `▶ Go on${came}` : "❚❚ Pause");
    this.pauser.title = this.left
      ? `${plural(this.left, "row")} went, as the page keeps the last ${number(KEEP)} lines`
      : paused
        ? "What comes is kept, and listed when you go on"
        : "Hold the list as it is";
  },

  showMore() {
    this.room += 200;
    this.refresh();
  },

  // The one before or after a line, among those that match.
  beside(record, step) {
    const found = this.found();
    const at = found.findIndex((other) => other.id === record.id);
    return at < 0 ? undefined : found[at + step];
  },
};
