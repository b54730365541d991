// Draws the steps of sequence.js: three lanes, time downwards.

const LANES = { width: 1180, x: [150, 590, 1030], head: 58, arrow: 44, note: 40, half: 205 };

function sequenceDrawing(record) {
  const { lanes, steps, end: ending } = sequence(record);
  let y = LANES.head + 14;
  const drawn = steps.map((step) => {
    const at = y;
    y += step.kind === "note" ? LANES.note : LANES.arrow;
    return drawStep(step, at);
  });
  if (ending) {
    drawn.push(
      svg("text", { class: "ending", x: LANES.x[KERNEL], y: y + 16, "text-anchor": "middle" }, ending),
    );
    y += 30;
  }
  const height = y + 14;
  return svg(
    "svg",
    {
      class: "sequence",
      viewBox: `0 0 ${LANES.width} ${height}`,
      role: "img",
      "aria-label": sequenceInWords(lanes, steps, ending),
    },
    svg(
      "defs",
      null,
      ["observed", "derived"].map((how) =>
        svg(
          "marker",
          {
            id: `head-${how}`,
            viewBox: "0 0 10 10",
            refX: 9,
            refY: 5,
            markerWidth: 8,
            markerHeight: 8,
            orient: "auto-start-reverse",
          },
          svg("path", { class: `head ${how}`, d: "M0 1L9 5L0 9z" }),
        ),
      ),
    ),
    lanes.map((lane, at) => drawLane(lane, LANES.x[at], height)),
    drawn,
  );
}

function drawLane(lane, x, height) {
  const left = x - 145;
  return svg(
    "g",
    { class: `lane${lane.absent ? " absent" : ""}${lane.kernel ? " kernel" : ""}` },
    svg("line", { class: "life", x1: x, x2: x, y1: LANES.head, y2: height }),
    svg("rect", { class: "lane-head", x: left, y: 2, width: 290, height: LANES.head - 4, rx: 8 }),
    svg("text", { class: "lane-role", x: left + 14, y: 17 }, lane.role),
    svg("text", { class: "lane-title", x: left + 14, y: 33 }, short(lane.title, 34)),
    svg(
      "text",
      { class: "lane-sub", x: left + 14, y: 48 },
      svg("title", null, lane.sub),
      short(lane.sub, 42),
    ),
  );
}

function drawStep(step, y) {
  if (step.kind === "note") return drawNote(step, y);
  const classes = `step ${step.how === "observed" ? "observed" : "derived"}`;
  const head = `url(#head-${step.how === "observed" ? "observed" : "derived"})`;
  const center = LANES.x[KERNEL];
  if (step.kind === "loop") {
    const label = short(step.label, 66);
    const [x, out] = [center, center + Math.max(columns(label) * 7.2 + 44, LANES.half + 40)];
    return svg(
      "g",
      { class: classes },
      svg("path", {
        class: "line",
        d: `M${x} ${y + 6}H${out - 9}a9 9 0 0 1 9 9v10a9 9 0 0 1 -9 9H${x + 4}`,
        "marker-end": head,
      }),
      svg("text", { class: "label", x: x + 16, y: y + 24 }, label),
      step.aside ? svg("text", { class: "aside", x: out + 10, y: y + 24 }, step.aside) : null,
    );
  }
  const [x1, x2] = [LANES.x[step.from], LANES.x[step.to]];
  const gap = x2 > x1 ? -4 : 4;
  return svg(
    "g",
    { class: classes },
    svg("line", { class: "line", x1, x2: x2 + gap, y1: y + 26, y2: y + 26, "marker-end": head }),
    svg(
      "text",
      { class: "label", x: (x1 + x2) / 2, y: y + 19, "text-anchor": "middle" },
      short(step.label, 56),
    ),
    step.aside
      ? svg("text", { class: "aside", x: (x1 + x2) / 2, y: y + 39, "text-anchor": "middle" }, step.aside)
      : null,
  );
}

function drawNote({ name, text, how, result }, y) {
  const left = LANES.x[KERNEL] - LANES.half;
  const said = text || translated(how || "");
  return svg(
    "g",
    { class: `note ${how === "observed" ? "observed" : "derived"}` },
    svg("title", null, say("{a}: {b}", name, said)),
    svg("rect", { class: "box", x: left, y: y + 2, width: 2 * LANES.half, height: LANES.note - 7, rx: 6 }),
    svg("text", { class: "function", x: left + 12, y: y + 15.5 }, name),
    svg("text", { class: "what", x: left + 12, y: y + 29 }, short(said, 66)),
    result ? badge(left + 2 * LANES.half - 10, y + 10, { result, how }) : null,
  );
}

function sequenceInWords(lanes, steps, ending) {
  const names = lanes.map((lane) => lane.title);
  const said = steps.map((step) => {
    const how = step.how === "observed" ? "" : say(" (derived)");
    if (step.kind === "note") return say("kernel, {a}: {b}", step.name, `${step.text}${how}`);
    if (step.kind === "loop") return `${step.label}${how}`;
    return say("{a} to {b}: {c}", names[step.from], names[step.to], `${step.label}${how}`);
  });
  return [...said, ending].filter(Boolean).join("; ");
}
