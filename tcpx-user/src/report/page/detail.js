// One line, as large as the page.

function detail(record) {
  const { data } = record;
  const drawn = record.kind !== "call";
  return el(
    "article",
    { class: "detail", id: "detail", "data-id": record.id, "aria-labelledby": "detail-title" },
    detailBar(record),
    el(
      "div",
      { class: "verdict-head" },
      el(
        "p",
        { class: "kicker" },
        el("span", { class: statusClass(record) }, status(record)),
        ` ${KINDS[record.kind].one} ${record.id} · ${day(data.time)} ${clock(data.time)} UTC`,
      ),
      el("h1", { id: "detail-title", tabindex: -1 }, headline(record)),
      el(
        "p",
        { class: "because" },
        el("span", { class: "verdict-id" }, record.verdict),
        " ",
        entry(record.verdict).title,
        " ",
        el("span", { class: `how ${data.verdict.confidence}` }, translated(data.verdict.confidence)),
      ),
    ),
    el(
      "div",
      { class: "answer" },
      el(
        "section",
        { "aria-label": say("Evidence") },
        el("h3", null, say("Evidence")),
        evidence(data.verdict.evidence),
        incomplete(data.complete),
      ),
      el(
        "section",
        { "aria-label": say("What to do") },
        el("h3", null, say("What to do")),
        el("p", null, entry(record.verdict).advice),
        confirmations(entry(record.verdict).confirm),
      ),
    ),
    figure("sequence", say("What passed, in time"), sequenceDrawing(record), sequenceLegend()),
    drawn
      ? figure(
          "map",
          say("Way through the kernel's receive path, {a}", isV6(record) ? "IPv6" : "IPv4"),
          mapDrawing(record),
          mapLegend(record),
        )
      : null,
    pathList(record),
    facts(record),
  );
}

function detailBar(record) {
  const step = (by, text, key) => {
    const to = LIST.beside(record, by);
    return el(
      "a",
      {
        class: "quiet",
        rel: by < 0 ? "prev" : "next",
        href: to ? hash(to) : null,
        "aria-disabled": to ? null : "true",
        "aria-keyshortcuts": key,
      },
      text,
    );
  };
  return el(
    "nav",
    { class: "detail-bar", "aria-label": say("From this line") },
    el("a", { class: "quiet", href: "#list", "aria-keyshortcuts": "Escape" }, say("← All lines")),
    el("span", { class: "spring" }),
    step(-1, say("← Previous"), "p"),
    step(1, say("Next →"), "n"),
  );
}

function headline(record) {
  const who =
    record.people.map(person)[0] ||
    (record.kind === "reset" || record.kind === "drop" ? "" : say("a process that was not observed"));
  const target = endpoint(record.data.requested) || record.to;
  switch (record.kind) {
    case "attempt":
      return `${who} → ${target}`;
    case "call":
      return `${who}: ${record.data.call}(${target})`;
    case "death":
      return `${who}: ${record.from} ↔ ${record.to}`;
    default:
      return `${who ? `${who}: ` : ""}${record.from} → ${record.to}`;
  }
}

function evidence(sentences) {
  return sentences.length
    ? el(
        "ul",
        { class: "evidence" },
        sentences.map((sentence) => el("li", null, translated(sentence))),
      )
    : el("p", { class: "unseen" }, say("none observed"));
}

function confirmations(confirm) {
  if (!confirm || confirm.length === 0) return null;
  const items = confirm.map((check) => [
    el("dt", null, el("code", null, check.run)),
    el("dd", null, check.look),
  ]);
  return el(
    "details",
    null,
    el("summary", null, say("Confirm it without tcpx")),
    el("dl", { class: "confirm" }, items),
  );
}

function incomplete(complete) {
  if (complete === true) return null;
  return el(
    "p",
    { class: "warning" },
    complete === false
      ? say("Events that could matter were lost: this line may say less than there was.")
      : say("This kernel cannot tell whether an event that matters was missed."),
  );
}

function figure(id, title, drawing, legend) {
  return el(
    "section",
    { class: "figure", "aria-labelledby": `${id}-title` },
    el("h3", { id: `${id}-title` }, title),
    el("div", { class: "canvas" }, drawing),
    legend,
  );
}

function legendLine(how) {
  return svg(
    "svg",
    { class: "key", viewBox: "0 0 34 10", "aria-hidden": "true" },
    svg("g", { class: `edge ${how}` }, svg("path", { d: "M1 5H33" })),
  );
}

function sequenceLegend() {
  return el(
    "p",
    { class: "legend" },
    el("span", null, legendLine("observed"), say("observed")),
    el("span", null, legendLine("derived"), say("derived: follows from what was observed")),
    el("span", null, say("What is not drawn was not observed.")),
  );
}

function mapLegend(record) {
  const { other } = visits(record);
  const names = [...new Set(other.map((frame) => bare(frame.function)))];
  return el(
    "div",
    { class: "map-legend" },
    el(
      "p",
      { class: "legend" },
      el("span", null, legendLine("observed"), say("observed")),
      el("span", null, legendLine("derived"), say("derived: follows from what was observed")),
      el("span", null, legendLine("unseen"), say("not observed")),
      el("span", null, say("Numbers: the order in time.")),
    ),
    names.length
      ? el(
          "p",
          { class: "legend" },
          say("Also in the path, outside of this map: "),
          names.map((name, at) => [at ? ", " : "", el("code", null, name)]),
        )
      : null,
  );
}

// All frames, first what ran first.
function pathList(record) {
  const frames = chronological(record);
  const title = el("h3", null, say("The kernel's path, first to last"));
  if (frames.length === 0)
    return el("section", { class: "path" }, title, el("p", { class: "unseen" }, say("not observed")));
  const told = frames.filter((frame) => frame.note);
  const full =
    told.length === frames.length
      ? null
      : el(
          "details",
          null,
          el("summary", null, say("With all {a} of the kernel's stack", plural(frames.length, "frame"))),
          frameList(frames),
        );
  return el(
    "section",
    { class: "path" },
    title,
    frameList(told.length ? told : frames),
    told.length ? full : null,
  );
}

function frameList(frames) {
  return el(
    "ol",
    { class: "frames" },
    frames.map((frame) =>
      el(
        "li",
        null,
        el(
          "code",
          null,
          translated(frame.function),
          frame.offset === undefined ? "" : el("span", { class: "muted" }, `+0x${frame.offset.toString(16)}`),
        ),
        el("span", null, noteOf(frame)),
        el("span", { class: `how ${frame.how || "unknown"}` }, frame.how ? translated(frame.how) : say("not told")),
      ),
    ),
  );
}
