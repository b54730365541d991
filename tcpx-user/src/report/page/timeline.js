// When it happened: one row for each outcome of attempts and for each other kind, each with a scale of its own, so that what is
// rare is seen beside what is frequent.

const CHART = { width: 1180, label: 190, value: 92, row: 34, bar: 24, axis: 26 };

function timeline() {
  const { tracks, width_ns: width, steps } = DATA.timeline;
  if (steps.length === 0) return null;
  const rows = tracks.map((name, at) => track(name, at, steps)).filter((row) => row.total > 0);
  const chart = new Chart(rows, width, steps);
  const aside = say(
    "Attempts by outcome, then what else happened, in steps of {a}. Each row has its own scale; its peak stands at its end. Times are UTC.",
    duration(width),
  );
  return section("timeline", say("Timeline"), aside, chart.node, chart.readout, numbers(rows, width, steps));
}

function track(name, at, steps) {
  const counts = steps.map(([, step]) => step[at]);
  return {
    name,
    at,
    label: TRACKS[name] || translated(name),
    total: counts.reduce((sum, count) => sum + count, 0),
    peak: Math.max(...counts),
  };
}

// The drawing, with a cursor that mouse and keys move.
class Chart {
  constructor(rows, width, steps, options = {}) {
    const from = steps[0][0];
    // A single moment would fill the page: leave some room.
    const span = Math.max(steps[steps.length - 1][0] - from + 1, 24);
    Object.assign(this, { shaded: [], label: CHART.label, value: CHART.value, across: CHART.width }, options);
    Object.assign(this, { rows, width, steps, from, span, at: -1 });
    this.room = this.across - this.label - this.value;
    this.height = rows.length * CHART.row + CHART.axis;
    this.cursor = svg("line", { class: "cursor", y1: 0, y2: this.height - CHART.axis, hidden: true });
    this.readout = el("p", { class: "readout" }, this.hint());
    this.node = this.draw();
  }

  hint() {
    return say(
      "Move over the chart, or focus it and use the arrow keys, to read a moment; click or press Enter to list what it holds.",
    );
  }

  x(step) {
    return this.label + ((step - this.from) / this.span) * this.room;
  }

  draw() {
    const parts = this.rows.flatMap((row, at) => this.row(row, at * CHART.row));
    const label = say("Timeline: {a}", this.rows.map((row) => `${number(row.total)} ${row.label}`).join(", "));
    return svg(
      "svg",
      {
        class: "chart",
        viewBox: `0 0 ${this.across} ${this.height}`,
        tabindex: 0,
        role: "img",
        "aria-label": label,
        onkeydown: (event) => this.key(event),
        onmousemove: (event) => this.point(event),
        onmouseleave: () => this.move(-1),
        onclick: () => this.choose(),
      },
      this.shaded.map((between) => this.shade(between)),
      parts,
      this.axis(),
      this.cursor,
    );
  }

  // Between two steps something is not known.
  shade([from, to]) {
    const [left, right] = [from, to].map((step) =>
      this.x(Math.min(Math.max(step, this.from), this.from + this.span)),
    );
    const height = this.height - CHART.axis;
    return svg("rect", { class: "shaded", x: left, y: 0, width: right - left, height });
  }

  row(row, top) {
    const base = top + CHART.row - 4;
    const bar = Math.max(this.room / this.span - 0.6, 1.4);
    const bars = this.steps
      .filter(([, counts]) => counts[row.at] > 0)
      .map(([step, counts]) => {
        // Even one in a million is seen.
        const height = Math.max((counts[row.at] / row.peak) * CHART.bar, 1.5);
        return `M${this.x(step).toFixed(2)} ${base}v${-height.toFixed(2)}h${bar.toFixed(2)}v${height.toFixed(2)}z`;
      });
    return [
      svg("line", { class: "base", x1: this.label, x2: this.across - this.value, y1: base, y2: base }),
      svg("rect", { class: `swatch o-${row.name}`, x: 0, y: base - 12, width: 9, height: 9, rx: 2 }),
      svg("text", { class: "row-label", x: 16, y: base - 3.5 }, row.label),
      svg(
        "text",
        { class: "row-total", x: this.label - 14, y: base - 3.5, "text-anchor": "end" },
        number(row.total),
      ),
      svg("path", { class: `bars o-${row.name}`, d: bars.join("") }),
      svg(
        "text",
        { class: "row-peak", x: this.across - this.value + 12, y: base - 3.5 },
        row.note || say("peak {a}", number(row.peak)),
      ),
    ];
  }

  axis() {
    const y = this.height - CHART.axis;
    const long = this.span * this.width > 20 * 36e11;
    const parts = this.room > 420 ? [0, 0.25, 0.5, 0.75, 1] : [0, 0.5, 1];
    return parts.map((part) => {
      const x = this.label + part * this.room;
      const time = rfc3339((this.from + Math.round(part * this.span)) * this.width);
      const text = long
        ? `${time.slice(5, 10)} ${time.slice(11, 16)}`
        : time.slice(11, this.width < 1e9 ? 23 : 19);
      const anchor = part === 0 ? "start" : part === 1 ? "end" : "middle";
      return [
        svg("line", { class: "tick", x1: x, x2: x, y1: 4, y2: y + 4 }),
        svg("text", { class: "tick-label", x, y: y + 19, "text-anchor": anchor }, text),
      ];
    });
  }

  point(event) {
    const box = this.node.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * this.across;
    const step = this.from + ((x - this.label) / this.room) * this.span - 0.5;
    let nearest = 0;
    this.steps.forEach(([at], index) => {
      if (Math.abs(at - step) < Math.abs(this.steps[nearest][0] - step)) nearest = index;
    });
    this.move(nearest);
  }

  key(event) {
    const last = this.steps.length - 1;
    const to = {
      ArrowRight: Math.min(this.at + 1, last),
      ArrowLeft: Math.max(this.at - 1, 0),
      Home: 0,
      End: last,
    }[event.key];
    if (to !== undefined) this.move(to);
    else if (event.key === "Enter") this.choose();
    else return;
    event.preventDefault();
  }

  move(at) {
    this.at = at;
    this.cursor.toggleAttribute("hidden", at < 0);
    if (at < 0) return replace(this.readout, this.hint());
    const [step, counts] = this.steps[at];
    const x = this.x(step) + this.room / this.span / 2;
    this.cursor.setAttribute("x1", x);
    this.cursor.setAttribute("x2", x);
    const said = this.rows
      .filter((row) => counts[row.at] > 0)
      .map((row) => `${number(counts[row.at])} ${row.label}`);
    const text = `${rfc3339(step * this.width)
      .slice(0, 23)
      .replace("T", " ")}  ${said.join(" · ") || say("nothing")}`;
    replace(this.readout, text);
    if (document.activeElement === this.node) announce(text);
  }

  choose() {
    if (this.at < 0) return;
    const from = this.steps[this.at][0] * this.width;
    LIST.show({ window: [from, from + this.width] });
  }
}

// The same for those who read numbers.
function numbers(rows, width, steps) {
  const head = el(
    "tr",
    null,
    el("th", { scope: "col" }, say("from")),
    rows.map((row) => el("th", { scope: "col", class: "num" }, row.label)),
  );
  const body = steps.map(([step, counts]) =>
    el(
      "tr",
      null,
      el(
        "th",
        { scope: "row" },
        rfc3339(step * width)
          .slice(0, 23)
          .replace("T", " "),
      ),
      rows.map((row) => el("td", { class: "num" }, counts[row.at] ? number(counts[row.at]) : "")),
    ),
  );
  return el(
    "details",
    null,
    el("summary", null, say("As a table of numbers")),
    el(
      "div",
      { class: "scroll", tabindex: 0 },
      el("table", { class: "plain" }, el("thead", null, head), el("tbody", null, body)),
    ),
  );
}
