// How many lines of each verdict in each few seconds of the last minutes, drawn as the report draws a timeline.

const STEP = { ns: 5e9, kept: 120, minute: 12 };

const RATES = {
  // Verdict to its counts by step.
  verdicts: new Map(),
  // Spans of steps in which the page was not connected.
  gaps: [],
  // How far the daemon's clock is ahead of the browser's, ms.
  ahead: 0,
  chart: null,

  now() {
    return Math.floor(((Date.now() + this.ahead) * 1e6) / STEP.ns);
  },

  count(record, by) {
    const step = Math.floor(record.at / STEP.ns);
    if (step <= this.now() - STEP.kept) return;
    let counted = this.verdicts.get(record.verdict);
    if (!counted) this.verdicts.set(record.verdict, (counted = { steps: new Map(), outcome: "" }));
    counted.steps.set(step, (counted.steps.get(step) || 0) + by);
    counted.outcome = worked(record) ? "established" : record.outcome || counted.outcome;
  },

  // What is too old goes.
  prune(first) {
    for (const [verdict, { steps }] of this.verdicts) {
      for (const step of steps.keys()) if (step < first) steps.delete(step);
      if (steps.size === 0) this.verdicts.delete(verdict);
    }
    this.gaps = this.gaps.filter(([, to]) => to >= first);
  },

  clear() {
    this.verdicts.clear();
  },

  // From when to when the page was not connected.
  gap(from, to) {
    this.gaps.push([from, to]);
  },

  build() {
    this.drawing = el("div", { class: "rates" });
    const aside = `Lines by verdict in the last ${duration(STEP.ns * STEP.kept)}, in steps of ${duration(STEP.ns)}; each row has its own scale. Times are UTC.`;
    this.legend = el("p", { class: "legend" });
    const node = section("rates", "Rates", aside, this.drawing, this.legend);
    this.draw();
    return node;
  },

  draw() {
    const last = this.now();
    const first = last - STEP.kept + 1;
    this.prune(first);
    const rows = this.rows(first, last);
    const open = LIVE.state === "live" ? [] : [[LIVE.since, last + 1]];
    const shaded = [...this.gaps, ...open].filter(([from, to]) => to > from);
    replace(
      this.legend,
      shaded.some(([from]) => from < last)
        ? el(
            "span",
            null,
            el("span", { class: "shade-key" }),
            "the page was not connected: only attempts and RSTs that the daemon still remembers",
          )
        : null,
    );
    if (rows.length === 0) {
      this.chart = null;
      return replace(this.drawing, el("p", { class: "empty" }, "Nothing was told in these minutes."));
    }
    this.show(rows, this.dense(rows, first, last), shaded);
  },

  // What failed first, the most frequent first.
  rows(first, last) {
    const all = [...this.verdicts].map(([verdict, { steps, outcome }]) => {
      const counts = [...steps.values()];
      const minute = [...steps].filter(([step]) => step > last - STEP.minute);
      const sum = minute.reduce((total, [, count]) => total + count, 0);
      return {
        name: outcome,
        verdict,
        label: verdict,
        steps,
        total: counts.reduce((total, count) => total + count, 0),
        peak: Math.max(...counts, 1),
        note: `${number(sum)} in 1 min`,
      };
    });
    const fine = (row) => (row.name === "established" ? 1 : 0);
    return all
      .filter((row) => row.total > 0)
      .sort((a, b) => fine(a) - fine(b) || b.total - a.total || (a.verdict < b.verdict ? -1 : 1))
      .map((row, at) => ({ ...row, at }));
  },

  dense(rows, first, last) {
    const steps = [];
    for (let step = first; step <= last; step += 1)
      steps.push([step, rows.map((row) => row.steps.get(step) || 0)]);
    return steps;
  },

  // The cursor stays at its moment.
  show(rows, steps, shaded) {
    const before = this.chart;
    // As wide as there is room, so that its words keep their size.
    const across = Math.min(Math.max((this.drawing.clientWidth || CHART.width) - 42, 560), CHART.width);
    const label = Math.min(262, Math.round(across * 0.36));
    const chart = new Chart(rows, STEP.ns, steps, { shaded, label, value: 118, across });
    const focused = before && document.activeElement === before.node;
    const moment = before && before.at >= 0 ? before.steps[before.at][0] : undefined;
    this.chart = chart;
    replace(this.drawing, chart.node, chart.readout);
    const at = steps.findIndex(([step]) => step === moment);
    if (at >= 0) chart.move(at);
    if (focused) chart.node.focus({ preventScroll: true });
  },
};
