// The receive path with the way of one record through it.

const MAP = { box: [208, 40], step: [244, 59], left: 6, top: 34 };

// Which places of the map the path of a record shows, in the order of time, and how each is known.
function visits(record) {
  const seen = new Map();
  const other = [];
  // A label is no function: that it was jumped to follows from the answer that came of it.
  const jumped = record.data.path.some((frame) => frame.note && frame.note.includes("label no_tcp_socket"));
  for (const frame of chronological(record)) {
    const node = place(frame.function);
    if (!node) {
      if (frame.note) other.push(frame);
      continue;
    }
    if (node.id === "answer" && jumped) visit(seen, "none", { function: "no_tcp_socket", how: "derived" });
    visit(seen, node.id, frame);
  }
  return { seen, other };
}

function visit(seen, id, frame) {
  const before = seen.get(id);
  const order = before ? before.order : seen.size + 1;
  const how = before && before.how === "observed" ? "observed" : frame.how;
  seen.set(id, { order, how, name: bare(frame.function), note: frame.note || (before && before.note) });
}

// The path as it ran: it is told innermost first.
function chronological(record) {
  return [...record.data.path].reverse();
}

// The name of a function without what is said beside it, and without what the compiler appended.
function bare(name) {
  return name.split(" ")[0].replace(/\.(part|constprop|isra|cold)\.\d+$/, "");
}

function place(name) {
  const wanted = bare(name);
  return MAP_NODES.find(
    (node) => node.v4 === wanted || node.v6 === wanted || (node.also && node.also.includes(wanted)),
  );
}

// What a lookup gave: as its own line says, else as its frame says.
function lookups(record) {
  const found = {};
  for (const frame of record.data.path) {
    const node = place(frame.function);
    const result = node && node.lookup && /^(hit|miss|not run)/.exec(frame.note || "");
    if (result) found[node.id] = { result: result[1], how: frame.how };
  }
  for (const [name, step] of Object.entries(record.data.lookup || {})) {
    if (!found[name])
      found[name] = { result: step.result === "not-run" ? "not run" : step.result, how: step.source };
  }
  return found;
}

function isV6(record) {
  return record.data.family === "ipv6" || [record.from, record.to].some((end) => end.startsWith("["));
}

function mapDrawing(record) {
  const { seen } = visits(record);
  const results = lookups(record);
  // A lookup that did not run is no place that the segment came to.
  for (const [id, { result }] of Object.entries(results)) if (result === "not run") seen.delete(id);
  const v6 = isV6(record);
  const width = MAP.left + 4 * MAP.step[0] + MAP.box[0] + 6;
  const height = MAP.top + 7 * MAP.step[1] + MAP.box[1] + 8;
  const edges = MAP_EDGES.map((edge) => mapEdge(edge, seen, results));
  // What was taken is drawn over what was not.
  edges.sort((a, b) => a.rank - b.rank);
  return svg(
    "svg",
    {
      class: "map",
      viewBox: `0 0 ${width} ${height}`,
      role: "img",
      "aria-label": mapInWords(record, seen, results),
    },
    MAP_HEADINGS.map(([name, column, row]) =>
      svg(
        "text",
        {
          class: "column",
          x: MAP.left + column * MAP.step[0],
          y: MAP.top + row * MAP.step[1] - (row ? 5 : 14),
        },
        name,
      ),
    ),
    edges.map((edge) => edge.node),
    MAP_NODES.map((node) => mapNode(node, v6, seen.get(node.id), results[node.id])),
  );
}

function corner(node) {
  return [MAP.left + node.at[0] * MAP.step[0], MAP.top + node.at[1] * MAP.step[1]];
}

function mapNode(node, v6, visited, result) {
  const [x, y] = corner(node);
  const [width, height] = MAP.box;
  const name = visited ? visited.name : nameHere(node, v6);
  const what = node.what || (v6 ? node.what6 : node.what4);
  const freed = visited && visited.note && visited.note.startsWith("freed");
  const state = !visited ? "unseen" : visited.how === "observed" ? "observed" : "derived";
  const title = say("{a}: {b}", name, visited ? translated(visited.note || state) : say("not observed"));
  return svg(
    "g",
    {
      class: `node ${state}${freed ? " dead" : ""}`,
      "data-function": name,
      "data-state": state,
      "data-result": result && result.result,
    },
    svg("title", null, title),
    svg("rect", { class: "box", x, y, width, height, rx: 6 }),
    svg("text", { class: "function", x: x + 10, y: y + 17 }, name),
    svg("text", { class: "what", x: x + 10, y: y + 32 }, freed ? say("thrown away here") : what),
    visited
      ? [
          svg("circle", { class: "order", cx: x, cy: y + height / 2, r: 8.5 }),
          svg(
            "text",
            { class: "order-number", x, y: y + height / 2 + 3.6, "text-anchor": "middle" },
            visited.order,
          ),
        ]
      : null,
    result && result.result !== "not run" ? badge(x + width - 8, y + height - 16, result) : null,
  );
}

// The name of a function on the kernel of the recording.
function nameHere(node, v6) {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(DATA.start ? DATA.start.kernel : "") || [];
  const older =
    major &&
    (node.before || []).find(([a, b]) => Number(major) < a || (Number(major) === a && Number(minor) < b));
  return older ? older[2] : v6 ? node.v6 : node.v4;
}

function badge(right, top, { result, how }) {
  const text = translated(result);
  const width = 10 + columns(text) * 6;
  return svg(
    "g",
    { class: `badge ${result} ${how}` },
    svg("rect", { x: right - width, y: top, width, height: 15, rx: 7.5 }),
    svg("text", { x: right - width / 2, y: top + 11, "text-anchor": "middle" }, text),
  );
}

// A way is taken if both its ends were come to, and the lookup between them gave what leads there.
function mapEdge([from, to, when], seen, results) {
  const [a, b] = [seen.get(from), seen.get(to)];
  const fits = !when || (results[from] && results[from].result === when);
  // What the segment brought was looked up before, and not asked for again.
  const passed = from === "established" && seen.has("steal");
  const taken = Boolean(a && b && fits && !passed && (a.order < b.order || from === "established"));
  const state = !taken ? "unseen" : a.how === "observed" && b.how === "observed" ? "observed" : "derived";
  const nodes = [from, to].map((id) => MAP_NODES.find((node) => node.id === id));
  const label = when ? edgeLabel(nodes, translated(when)) : null;
  return {
    rank: { unseen: 0, derived: 1, observed: 2 }[state],
    node: svg(
      "g",
      { class: `edge ${state}`, "data-edge": `${from} ${to}` },
      svg("path", { d: route(...nodes) }),
      label,
    ),
  };
}

// Ways run through the gaps between columns, each pair in a track of its own, so that none crosses a box.
function route(from, to) {
  const [[x1, y1], [x2, y2]] = [corner(from), corner(to)];
  const [width, height] = MAP.box;
  const [middle1, middle2] = [y1 + height / 2, y2 + height / 2];
  if (from.at[0] === to.at[0]) {
    const down = to.at[1] > from.at[1];
    const near = !MAP_NODES.some(
      (node) => node.at[0] === from.at[0] && (node.at[1] - from.at[1]) * (node.at[1] - to.at[1]) < 0,
    );
    const x = x1 + width / 2;
    if (near) return down ? `M${x} ${y1 + height}V${y2}` : `M${x} ${y1}V${y2 + height}`;
    const side = x1 + width + 9;
    return `M${x1 + width} ${middle1}H${side}V${middle2}H${x2 + width}`;
  }
  if (middle1 === middle2) return `M${x1 + width} ${middle1}H${x2}`;
  const gap = x1 + width + 10 + ((from.at[1] * 3 + to.at[1] * 5) % 4) * 5;
  return `M${x1 + width} ${middle1}H${gap}V${middle2}H${x2}`;
}

function edgeLabel([from, to], text) {
  const [[x1, y1], [x2, y2]] = [corner(from), corner(to)];
  const [width, height] = MAP.box;
  if (from.at[0] === to.at[0])
    return svg("text", { class: "edge-label", x: x1 + width / 2 + 6, y: (y1 + height + y2) / 2 + 4 }, text);
  return svg("text", { class: "edge-label", x: x2 - 12, y: y2 + height / 2 - 7, "text-anchor": "end" }, text);
}

function mapInWords(record, seen, results) {
  const steps = [...seen.values()]
    .sort((a, b) => a.order - b.order)
    .map(({ name, how }) => say("{a} ({b})", name, how ? translated(how) : say("not told how it is known")));
  const found = Object.entries(results).map(([name, { result }]) => say("{a} lookup {b}", translated(name), translated(result)));
  return say("Way through the receive path: {a}", [...steps, ...found].join(", ") || say("nothing observed"));
}
