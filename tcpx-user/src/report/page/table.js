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
    this.pager = el("nav", { class: "pager", "aria-label": say("Pages of the list") });
    const node = section(
      "list",
      say("Connections and events"),
      null,
      this.shownOf,
      this.controls,
      this.chips,
      listTable(this.body),
      this.pager,
    );
    this.refresh();
    return node;
  },

  makeControls() {
    const search = searchBox((text) => this.set("text", text));
    const selects = [
      this.select(
        "kind",
        say("any kind"),
        (record) => [record.kind],
        (kind) => KINDS[kind].many,
      ),
      this.select("verdict", say("any verdict"), (record) => [record.verdict]),
      this.select("outcome", say("any outcome"), (record) => [record.outcome], translated),
      this.select("process", say("any process"), (record) => record.names),
      this.select("peer", say("any peer"), peersOf),
    ];
    const clear = el("button", { type: "button", class: "quiet", onclick: () => this.show({}) }, say("Clear"));
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
      { name, "aria-label": translated(name), onchange: (event) => this.set(name, event.target.value) },
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
    const matches = matcher(this.filters);
    return RECORDS.filter(matches);
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
        RECORDS.length ? say("Nothing here matches.") : say("The recording holds nothing that matches its filters."),
      ),
    );
    replace(this.body, shown.length ? shown.map(listRow) : empty);
    replace(this.shownOf, this.sentence());
    replace(this.chips, windowChip(this.filters.window, () => this.set("window", null)));
    replace(this.pager, this.pages(pages));
    announce(say("{a} listed", plural(this.found.length, "line")));
  },

  // How many are listed, and of how many: those that are here in full are a choice when there are too many.
  sentence() {
    const all = Object.values(totals()).reduce((sum, count) => sum + count, 0);
    const listed = this.found.length === RECORDS.length ? "" : say("{a} listed. ", number(this.found.length));
    if (RECORDS.length === all) return `${listed}${say("All {a} are here in full.", number(all))}`;
    const each = Object.entries(totals()).map(([kind, count]) => {
      const here = RECORDS.filter((record) => record.kind === kind).length;
      return say("{a} of {b}", number(here), counted(count, kind));
    });
    const shown = say(
      "Showing {a} of {b} in full ({c}): a choice that is random and even, from each verdict and each process. All counts above are of all.",
      number(RECORDS.length),
      number(all),
      each.join(", "),
    );
    return `${listed}${shown}`;
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
      to(this.page - 1, say("← Previous")),
      el("span", null, say("{a} of {b}", number(this.page + 1), number(count))),
      to(this.page + 1, say("Next →")),
    ];
  },

  turn(page) {
    this.page = page;
    this.refresh();
    byId("list").scrollIntoView();
    focusRow(this.body, 0);
  },

  // The one before or after a line, among those that are listed.
  beside(record, step) {
    const at = this.found.indexOf(record);
    return at < 0 ? undefined : this.found[at + step];
  },
};
