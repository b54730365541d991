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
          : say("{a}, not among the lines that are here in full", record.data[kind]),
      ];
    });
  const items = [...rows, ...links].map(([name, value]) => [
    el("dt", null, name),
    value === undefined || value === ""
      ? el("dd", { class: "unseen" }, say("not observed"))
      : el("dd", null, value),
  ]);
  return el("section", { class: "facts" }, el("h3", null, say("Facts")), el("dl", null, items));
}

const FACTS = {
  attempt: (data) => [
    ...processFacts(data.process),
    [say("network namespace"), namespace(data.netns)],
    [say("local"), endpoint(data.local)],
    [say("remote"), endpoint(data.remote)],
    [say("asked for"), endpoint(data.requested)],
    [say("translated (NAT)"), nat(data.nat)],
    [say("outcome"), [translated(data.outcome), data.errno].filter(Boolean).join(", ")],
    [say("took"), duration(data.duration_ns)],
    [say("how"), data.how && translated(data.how)],
    [say("SYNs sent again"), number(data.syn_retransmits)],
  ],
  reset: (data) => [
    [say("made"), translated(data.origin)],
    ...endFacts(say("sender"), data.sender),
    ...endFacts(say("receiver"), data.receiver),
    [say("RST"), route2(data.flow)],
    [say("segment"), segment(data.segment)],
    [
      say("kernel's reason"),
      data.reason && `${data.reason.name}${data.reason.source === "derived" ? say(" (derived)") : ""}`,
    ],
    [say("established lookup"), lookupFact(data.lookup, "established")],
    [say("listener lookup"), lookupFact(data.lookup, "listener")],
    [
      say("near misses"),
      data.near.length
        ? el(
            "ul",
            null,
            data.near.map((near) => el("li", null, nearFact(near))),
          )
        : say("none"),
    ],
    [say("sides joined by"), data.joined_by && translated(data.joined_by)],
  ],
  drop: (data) => [
    ...processFacts(data.process),
    [say("network namespace"), namespace(data.netns)],
    [say("segment"), route2(data.flow)],
    [say("segments"), number(data.count)],
    [
      say("queue of the listener"),
      data.socket && say("{a} of {b}", number(data.socket.backlog), number(data.socket.max_backlog)),
    ],
    [
      say("kernel's reason"),
      data.reason && `${data.reason.name}${data.reason.source === "derived" ? say(" (derived)") : ""}`,
    ],
  ],
  death: (data) => [
    ...processFacts(data.process),
    [say("network namespace"), namespace(data.netns)],
    [say("local"), endpoint(data.local)],
    [say("remote"), endpoint(data.remote)],
    [say("translated (NAT)"), nat(data.nat)],
    [say("state"), data.state],
    [say("open for"), data.age_ns === undefined ? undefined : duration(data.age_ns)],
    [say("idle for"), duration(data.idle_ns)],
    [say("bytes sent"), number(data.bytes_sent)],
    [say("bytes received"), number(data.bytes_received)],
    [say("sent again"), number(data.retransmits)],
    [say("probes"), number(data.probes)],
  ],
  call: (data) => [
    ...processFacts(data.process),
    [say("network namespace"), namespace(data.netns)],
    [say("call"), `${data.call}(${endpoint(data.requested)})`],
    [say("errno"), data.errno],
    [
      say("holders of the port"),
      data.holders.length
        ? el(
            "ul",
            null,
            data.holders.map((holder) =>
              el(
                "li",
                null,
                [
                  person(holder.process) || say("process not observed"),
                  address(holder.addr, holder.port),
                  holder.state,
                ].join(" · "),
              ),
            ),
          )
        : say("none observed"),
    ],
  ],
};

function processFacts(process) {
  if (!process) return [[say("process"), undefined]];
  const optional = [
    [say("user id"), process.uid, true],
    [say("in its own PID namespace"), process.ns_pid],
    [say("program"), process.exe, true],
    ["cgroup", process.cgroup],
    [say("container"), process.container],
  ];
  return [
    [say("process"), person(process)],
    ...optional.filter(([, value, always]) => value !== undefined || always),
  ].map(([name, value]) => [name, typeof value === "number" ? String(value) : value]);
}

const OWNERS = {
  socket: say("holds the socket"),
  bound: say("holds the port"),
  caller: say("made the call"),
};

function endFacts(role, socket) {
  if (!socket) return [[role, say("not on this host, or not observed")]];
  const state = socket.socket || {};
  const bits = [
    socket.owner &&
      say("{a} ({b})", person(socket.owner), OWNERS[socket.owner.how]),
    address(socket.addr, socket.port),
    state.kind && (state.kind === "none" ? say("no socket") : translated(state.kind)),
    state.state,
    `netns ${namespace(socket.netns)}`,
    state.age_ns !== undefined && say("open for {a}", duration(state.age_ns)),
    state.idle_ns !== undefined && say("idle for {a}", duration(state.idle_ns)),
    state.bytes_sent !== undefined && say("{a} sent", plural(state.bytes_sent, "byte")),
    state.bytes_received !== undefined && say("{a} received", plural(state.bytes_received, "byte")),
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
    segment.device && say("in on {a}", segment.device),
  ];
  return bits.filter(Boolean).join(" · ");
}

function lookupFact(lookup, name) {
  return lookup && say("{a} ({b})", translated(lookup[name].result), translated(lookup[name].source));
}

function nearFact(near) {
  const bits = [
    person(near.process) || say("process not observed"),
    address(near.addr, near.port),
    translated(near.why),
    near.unit && say("unit {a}", near.unit),
    `netns ${namespace(near.netns)}`,
    near.age_ns !== undefined && say("for {a}", duration(near.age_ns)),
  ];
  return bits.filter(Boolean).join(" · ");
}

function nat(nat) {
  return nat ? `${endpoint(nat.local)} → ${endpoint(nat.remote)}` : say("none observed");
}
