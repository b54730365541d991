// A lab of a course, where the page is one: its steps as they were run, with the questions, and the drawings of what it showed.

function lab() {
  const told = DATA.lab;
  if (!told) return null;
  const main = RECORDS.find((record) => record.verdict === told.verdict) || RECORDS[0];
  return section(
    "lab",
    `${told.name}: ${told.title}`,
    null,
    el(
      "ol",
      { class: "steps" },
      told.steps.map((step) => labStep(step, told.words)),
    ),
    told.why ? el("p", { class: "why" }, el("strong", null, say("{a}: ", told.words.why)), told.why) : null,
    main ? labDrawings(main) : null,
  );
}

// The same drawings as on the line's own page.
function labDrawings(record) {
  return [
    figure("sequence", say("What passed, in time"), sequenceDrawing(record), sequenceLegend()),
    record.kind === "call"
      ? null
      : figure(
          "map",
          say("Way through the kernel's receive path, {a}", isV6(record) ? "IPv6" : "IPv4"),
          mapDrawing(record),
          mapLegend(record),
        ),
    el("p", null, el("a", { href: hash(record) }, say("All that tcpx says of it"))),
  ];
}

function labStep(step, words) {
  const last = step.calls.length - 1;
  const calls = step.calls.map((call, at) => labCall(call, step.question && at === last));
  return el(
    "li",
    { class: "step-of-lab" },
    step.traced ? null : el("p", { class: "aside" }, words.setup),
    step.said.map((text) => el("p", null, text)),
    calls,
    step.question ? labAnswer(step, words, step.calls[last]) : labOutcome(step, words),
    step.then.map((text) => el("p", null, text)),
  );
}

function labCall(call, asked) {
  const result = call.result === null || asked ? "" : ` = ${call.result}`;
  return el(
    "div",
    { class: "code" },
    el("span", { class: "who" }, `${call.who} `),
    el("code", null, `${asked ? call.begun : call.code}${result}`),
  );
}

// What is to be guessed stays closed until somebody opens it.
function labAnswer(step, words, call) {
  const result = call.result === null ? null : el("p", null, el("code", null, `${call.code} = ${call.result}`));
  return [
    labTables(words.before, step.before, words),
    el(
      "details",
      { class: "question" },
      el("summary", null, say("{a}: {b}", words.question, step.question)),
      result,
      labOutcome(step, words),
    ),
  ];
}

function labOutcome(step, words) {
  return [
    step.path.length ? labFacts(words.kernel, step.path) : null,
    step.packets.length ? labFacts(words.packets, step.packets) : null,
    step.states.length ? labList(words.states, step.states) : null,
    step.changed ? labTables(words.after, step.after, words) : null,
  ];
}

function labFacts(title, facts) {
  const text = (fact) => [fact.who === "kernel" ? "" : `${translated(fact.who)} `, fact.what].join("");
  return [
    el("h4", null, title),
    el(
      "ul",
      null,
      facts.map((fact) =>
        el("li", null, text(fact), fact.known ? el("span", { class: `how ${fact.known}` }, ` ${translated(fact.known)}`) : null),
      ),
    ),
  ];
}

function labList(title, lines) {
  return [el("h4", null, title), el("ul", null, lines.map((line) => el("li", null, line)))];
}

function labTables(title, tables, words) {
  return tables.map((one) => {
    const rows = ["established", "listener", "bound"].map((table) => {
      const none = table === "bound" && !one.shows_bound ? words.unknown : words.empty;
      return el(
        "tr",
        null,
        el("th", { scope: "row" }, words[table]),
        el("td", null, one[table].length ? one[table].map((row) => el("div", null, row)) : none),
      );
    });
    const caption = tables.length > 1 ? `${title} (${one.namespace})` : title;
    return el("table", { class: "plain" }, el("caption", null, caption), el("tbody", null, rows));
  });
}
