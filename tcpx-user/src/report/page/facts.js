// All fields of a line, in words.

// Every other field. What a line could have and has not is said to be not observed.
function facts(record) {
  const rows = FACTS[record.kind](record.data);
  const links = ["attempt", "reset"]
    .filter((kind) => record.data[kind] !== undefined)
    .map((kind) => {
      const other = related(record, kind);
      return [
        KINDS[kind].one,
        other
          ? el("a", { href: hash(other) }, `${KINDS[kind].one} ${other.id}: ${other.verdict}`)
          : `${record.data[kind]}, not among the lines that are here in full`,
      ];
    });
  const items = [...rows, ...links].map(([name, value]) => [
    el("dt", null, name),
    value === undefined || value === ""
      ? el("dd", { class: "unseen" }, "not observed")
      : el("dd", null, value),
  ]);
  return el("section", { class: "facts" }, el("h3", null, "Facts"), el("dl", null, items));
}

const FACTS = {
  attempt: (data) => [
    ...processFacts(data.process),
    ["network namespace", namespace(data.netns)],
    ["local", endpoint(data.local)],
    ["remote", endpoint(data.remote)],
    ["asked for", endpoint(data.requested)],
    ["translated (NAT)", nat(data.nat)],
    ["outcome", [data.outcome, data.errno].filter(Boolean).join(", ")],
    ["took", duration(data.duration_ns)],
    ["how", data.how],
    ["SYNs sent again", number(data.syn_retransmits)],
  ],
  reset: (data) => [
    ["made", data.origin],
    ...endFacts("sender", data.sender),
    ...endFacts("receiver", data.receiver),
    ["RST", route2(data.flow)],
    ["segment", segment(data.segment)],
    [
      "kernel's reason",
      data.reason && `${data.reason.name}${data.reason.source === "derived" ? " (derived)" : ""}`,
    ],
    ["established lookup", lookupFact(data.lookup, "established")],
    ["listener lookup", lookupFact(data.lookup, "listener")],
    [
      "near misses",
      data.near.length
        ? el(
            "ul",
            null,
            data.near.map((near) => el("li", null, nearFact(near))),
          )
        : "none",
    ],
    ["sides joined by", data.joined_by],
  ],
  drop: (data) => [
    ...processFacts(data.process),
    ["network namespace", namespace(data.netns)],
    ["segment", route2(data.flow)],
    ["segments", number(data.count)],
    [
      "queue of the listener",
      data.socket && `${number(data.socket.backlog)} of ${number(data.socket.max_backlog)}`,
    ],
    [
      "kernel's reason",
      data.reason && `${data.reason.name}${data.reason.source === "derived" ? " (derived)" : ""}`,
    ],
  ],
  death: (data) => [
    ...processFacts(data.process),
    ["network namespace", namespace(data.netns)],
    ["local", endpoint(data.local)],
    ["remote", endpoint(data.remote)],
    ["translated (NAT)", nat(data.nat)],
    ["state", data.state],
    ["open for", data.age_ns === undefined ? undefined : duration(data.age_ns)],
    ["idle for", duration(data.idle_ns)],
    ["bytes sent", number(data.bytes_sent)],
    ["bytes received", number(data.bytes_received)],
    ["sent again", number(data.retransmits)],
    ["probes", number(data.probes)],
  ],
  call: (data) => [
    ...processFacts(data.process),
    ["network namespace", namespace(data.netns)],
    ["call", `${data.call}(${endpoint(data.requested)})`],
    ["errno", data.errno],
    [
      "holders of the port",
      data.holders.length
        ? el(
            "ul",
            null,
            data.holders.map((holder) =>
              el(
                "li",
                null,
                [
                  person(holder.process) || "process not observed",
                  address(holder.addr, holder.port),
                  holder.state,
                ].join(" · "),
              ),
            ),
          )
        : "none observed",
    ],
  ],
};

function processFacts(process) {
  if (!process) return [["process", undefined]];
  const optional = [
    ["user id", process.uid],
    ["in its own PID namespace", process.ns_pid],
    ["program", process.exe],
    ["cgroup", process.cgroup],
    ["container", process.container],
  ];
  return [
    ["process", person(process)],
    ...optional.filter(([name, value]) => value !== undefined || ["user id", "program"].includes(name)),
  ].map(([name, value]) => [name, typeof value === "number" ? String(value) : value]);
}

function endFacts(role, socket) {
  if (!socket) return [[role, "not on this host, or not observed"]];
  const state = socket.socket || {};
  const bits = [
    socket.owner &&
      `${person(socket.owner)} (${{ socket: "holds the socket", bound: "holds the port", caller: "made the call" }[socket.owner.how]})`,
    address(socket.addr, socket.port),
    state.kind && (state.kind === "none" ? "no socket" : state.kind),
    state.state,
    `netns ${namespace(socket.netns)}`,
    state.age_ns !== undefined && `open for ${duration(state.age_ns)}`,
    state.idle_ns !== undefined && `idle for ${duration(state.idle_ns)}`,
    state.bytes_sent !== undefined && `${plural(state.bytes_sent, "byte")} sent`,
    state.bytes_received !== undefined && `${plural(state.bytes_received, "byte")} received`,
  ];
  return [[role, bits.filter(Boolean).join(" · ")]];
}

function segment(segment) {
  if (!segment) return undefined;
  const bits = [
    `${flags(segment.flags)} (${segment.flags})`,
    `seq ${segment.seq}`,
    `ack ${segment.ack}`,
    plural(segment.len, "byte"),
    segment.ttl && `TTL ${segment.ttl}`,
    segment.device && `in on ${segment.device}`,
  ];
  return bits.filter(Boolean).join(" · ");
}

function lookupFact(lookup, name) {
  return lookup && `${lookup[name].result} (${lookup[name].source})`;
}

function nearFact(near) {
  const bits = [
    person(near.process) || "process not observed",
    address(near.addr, near.port),
    near.why,
    near.unit && `unit ${near.unit}`,
    `netns ${namespace(near.netns)}`,
    near.age_ns !== undefined && `for ${duration(near.age_ns)}`,
  ];
  return bits.filter(Boolean).join(" · ");
}

function nat(nat) {
  return nat ? `${endpoint(nat.local)} → ${endpoint(nat.remote)}` : "none observed";
}
