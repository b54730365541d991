// Lines of JSON as the page's own objects. A fact that is absent is undefined here.

// For JSON.parse.
function absent(_, value) {
  return value === null ? undefined : value;
}

// One line, with what every kind of line is asked for.
function asRecord(line) {
  const data = line.data;
  for (const frame of data.path) frame.how = howKnown(frame);
  const record = {
    kind: line.type,
    id: data.id,
    data,
    verdict: data.verdict.id,
    outcome: data.outcome || "",
    ...ends(line.type, data),
    at: nanoseconds(data.time),
    // Made when somebody searches.
    get text() {
      const value = haystack(this);
      Object.defineProperty(this, "text", { value });
      return value;
    },
  };
  record.names = [...new Set(record.people.map((who) => who.comm))];
  return record;
}

// Whether a frame was observed or derived: its note ends so; what a stack alone shows was seen.
function howKnown(frame) {
  const last = (frame.note || "").split("; ").pop();
  if (last.startsWith("observed")) return "observed";
  if (last.startsWith("derived")) return "derived";
  return frame.offset === undefined ? undefined : "observed";
}

// From where to where, and who is concerned, first the one who is concerned first.
function ends(kind, data) {
  const flow = data.flow;
  switch (kind) {
    case "attempt":
      return {
        from: endpoint(data.local),
        to: endpoint(data.remote || data.requested),
        people: known(data.process),
      };
    case "death":
      return { from: endpoint(data.local), to: endpoint(data.remote), people: known(data.process) };
    case "call":
      return {
        from: "",
        to: endpoint(data.requested),
        people: known(data.process, ...data.holders.map((holder) => holder.process)),
      };
    case "reset":
      return {
        from: address(flow.saddr, flow.sport),
        to: address(flow.daddr, flow.dport),
        people: known(data.sender && data.sender.owner, data.receiver && data.receiver.owner),
      };
    default:
      return {
        from: address(flow.saddr, flow.sport),
        to: address(flow.daddr, flow.dport),
        people: known(data.process),
      };
  }
}

function known(...people) {
  return people.filter(Boolean);
}

// What a search looks through.
function haystack(record) {
  const { data } = record;
  const netns = [data.netns, data.sender && data.sender.netns, data.receiver && data.receiver.netns].map(
    namespace,
  );
  const people = record.people.flatMap((who) => [person(who), who.exe, who.cgroup, who.container]);
  const near = (data.near || []).flatMap((socket) => [person(socket.process), socket.unit]);
  const path = data.path.map((frame) => frame.function);
  const words = [
    record.kind,
    record.id,
    data.time,
    record.outcome,
    data.errno,
    record.verdict,
    record.from,
    record.to,
  ];
  return [...words, endpoint(data.requested), ...netns, ...people, ...near, ...path, ...data.verdict.evidence, ...data.verdict.evidence.map(translated)]
    .filter(Boolean)
    .join("\n")
    .toLowerCase();
}

// The word that says in a list how it went.
function status(record) {
  switch (record.kind) {
    case "attempt":
    case "death":
      return translated(record.outcome);
    case "call":
      return `${record.data.call}: ${record.data.errno}`;
    case "reset":
      return {
        reply: say("RST in reply"),
        active: say("RST of own accord"),
        netfilter: say("RST by netfilter"),
        elsewhere: say("RST received"),
      }[record.data.origin];
    default:
      return record.data.count > 1 ? say("dropped {a}", times(record.data.count)) : say("dropped");
  }
}

function statusClass(record) {
  return record.outcome ? `status o-${record.outcome}` : "status";
}

function hash(record) {
  return `#${record.kind}=${record.id}`;
}

function entry(verdict) {
  return DATA.verdicts[verdict] || { title: verdict, meaning: "", advice: "", confirm: [], kernel: [] };
}
