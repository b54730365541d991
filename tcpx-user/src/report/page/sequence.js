// What passed between client, kernel and server, one below the other in time. Every step stands for something in the record: what was
// seen is drawn with a full line, what follows from it with a dashed one, and what is not known is not drawn.

const [LEFT, KERNEL, RIGHT] = [0, 1, 2];

function arrow(from, to, label, how, aside) {
  return { kind: "arrow", from, to, label, how, aside };
}

// Out of the kernel and into it again: both ends are on this host.
function loop(label, how, aside) {
  return { kind: "loop", label, how, aside };
}

function note(frame) {
  const beside = /\((.*)\)$/.exec(frame.function);
  return {
    kind: "note",
    name: bare(frame.function),
    text: noteOf(frame) || (beside ? translated(beside[1]) : ""),
    result: /^(hit|miss)/.exec(frame.note || "")?.[1],
    how: frame.how,
  };
}

function withoutHow(text) {
  return text.replace(/(^|; )(observed|derived)( \((tracepoint|fentry|kprobe|stack)[^)]*\))?$/, "");
}

const SENDS_RESET = [
  "tcp_v4_send_reset",
  "tcp_v6_send_reset",
  "nf_send_reset",
  "nf_send_reset6",
  "tcp_send_active_reset",
];
const TAKES_RESET = [
  "tcp_reset",
  "tcp_rcv_synsent_state_process",
  "tcp_check_req",
  "tcp_timewait_state_process",
  "tcp_validate_incoming",
];
const SENDS_ICMP = ["icmp_send", "__icmp_send", "icmp6_send"];
const STARTS = ["tcp_v4_connect", "tcp_v6_connect"];
const RETURNS = ["__sys_connect", "__inet_stream_connect"];

// Frames with something to say, as they ran.
function ownFrames(record) {
  return chronological(record).filter((frame) => frame.note);
}

function sequence(record) {
  return { attempt: ofAttempt, reset: ofReset, drop: ofDrop, death: ofDeath, call: ofCall }[record.kind](
    record,
  );
}

function ofAttempt(record) {
  const { data } = record;
  const reset = related(record, "reset");
  const frames = ownFrames(record);
  const here = data.how === "self-connect" || frames.some((frame) => isOfThisHost(bare(frame.function)));
  const lanes = [
    lane(data.process, say("client"), endpoint(data.local), data.netns),
    kernelLane(data.netns),
    serverLane(record, reset, here),
  ];
  const steps = [
    arrow(
      LEFT,
      KERNEL,
      `connect(${endpoint(data.requested || data.remote)})`,
      data.process ? "observed" : "derived",
      clock(data.time),
    ),
  ];
  const told = { reset: false };
  for (const frame of frames) steps.push(...attemptSteps(frame, record, reset, here, told));
  if (data.outcome === "pending") return { lanes, steps, end: say("not settled when the recording ended") };
  const took = say("after {a}", duration(data.duration_ns));
  const errno =
    data.errno ||
    { established: say("connected"), cancelled: say("closed by the application") }[data.outcome] ||
    translated(data.outcome);
  steps.push(
    data.outcome === "cancelled"
      ? arrow(LEFT, KERNEL, say("the application closes the socket"), "observed", took)
      : arrow(KERNEL, LEFT, errno, "observed", took),
  );
  return {
    lanes,
    steps,
    end: isBeforeAnyPacket(record) ? say("no SYN was sent: it failed before any packet") : null,
  };
}

function isBeforeAnyPacket(record) {
  return entry(record.verdict).group === "before any packet";
}

// Whether a function shows that the SYN was dealt with on this host.
function isOfThisHost(name) {
  const node = place(name);
  return SENDS_RESET.includes(name) || SENDS_ICMP.includes(name) || Boolean(node && node.id === "receive");
}

function attemptSteps(frame, record, reset, here, told) {
  const name = bare(frame.function);
  const { data } = record;
  if (STARTS.includes(name))
    return [note(frame), ...(isBeforeAnyPacket(record) ? [] : syn(record, reset, here))];
  if (RETURNS.includes(name)) return [];
  if (SENDS_RESET.includes(name)) {
    told.reset = true;
    return [
      note(frame),
      loop(
        `RST ${reset ? route2(reset.data.flow) : ""}`,
        frame.how,
        reset ? null : say("its own line is not among those shown"),
      ),
    ];
  }
  if (name === "tcp_finish_connect" && data.how === "active-open" && !here) {
    return [arrow(RIGHT, KERNEL, "SYN-ACK", "derived"), note(frame), arrow(KERNEL, RIGHT, "ACK", "derived")];
  }
  if (place(name) && place(name).id === "error") {
    const numbers = /ICMP type (\d+), code (\d+)/.exec(frame.note);
    const icmp = numbers ? say("ICMP type {a}, code {b}", numbers[1], numbers[2]) : say("ICMP error");
    return [
      here
        ? loop(icmp, frame.how)
        : arrow(RIGHT, KERNEL, icmp, frame.how, say("from there, or from a host on the way")),
      note(frame),
    ];
  }
  if (
    TAKES_RESET.includes(name) &&
    !told.reset &&
    record.outcome !== "established" &&
    (reset || data.outcome === "refused" || data.outcome === "reset")
  ) {
    told.reset = true;
    return [arrow(RIGHT, KERNEL, `RST${received(reset)}`, howReceived(record, reset)), note(frame)];
  }
  return [note(frame)];
}

// The SYN: seen if something says what it met, else it follows from SYN_SENT.
function syn(record, reset, here) {
  const { data } = record;
  const seen =
    (reset && reset.data.segment && reset.data.origin === "reply") ||
    data.path.some((frame) => /took the SYN; observed|freed the segment/.test(frame.note || ""));
  const again = data.syn_retransmits ? say("sent again {a}", times(data.syn_retransmits)) : null;
  const label = `SYN ${[endpoint(data.local), endpoint(data.remote || data.requested)].filter(Boolean).join(" → ")}`;
  const how = seen ? "observed" : "derived";
  const crossing =
    data.how === "simultaneous-open" ? [arrow(RIGHT, KERNEL, say("SYN of the other end"), "derived")] : [];
  return [here ? loop(label, how, again) : arrow(KERNEL, RIGHT, label, how, again), ...crossing];
}

// A RST was seen if its own line is there, or the function that takes it was.
function howReceived(record, reset) {
  const taken = record.data.path.some((frame) => frame.function === "tcp_reset" && frame.how === "observed");
  return reset || taken ? "observed" : "derived";
}

function received(reset) {
  const segment = reset && reset.data.origin === "elsewhere" && reset.data.segment;
  if (!segment) return "";
  const where = [segment.device && say("on {a}", segment.device), segment.ttl && `TTL ${segment.ttl}`]
    .filter(Boolean)
    .join(", ");
  return where ? ` (${where})` : "";
}

function route2(flow) {
  return `${address(flow.saddr, flow.sport)} → ${address(flow.daddr, flow.dport)}`;
}

// What a process did, as a function tells that only runs then.
const CALLS = {
  __tcp_close: say("close(), or the process ended"),
  __inet_stream_connect: "connect()",
  inet_csk_listen_stop: say("the listener ends"),
  tcp_abort: say("the socket is destroyed"),
};

function ofReset(record) {
  const { data } = record;
  const { sender, receiver, segment } = data;
  const both = sender && receiver;
  const left = end(receiver, address(data.flow.daddr, data.flow.dport), say("receiver"));
  const right =
    data.origin === "netfilter"
      ? { title: say("not reached"), role: say("server"), sub: address(data.flow.saddr, data.flow.sport), absent: true }
      : end(sender, address(data.flow.saddr, data.flow.sport), say("sender"));
  const steps = [];
  const rst = `RST ${route2(data.flow)}`;
  if (data.origin === "elsewhere") {
    steps.push(arrow(RIGHT, KERNEL, `RST${received(record)}`, "observed", clock(data.time)));
    steps.push(...ownFrames(record).map(note));
    return { lanes: [left, kernelLane((receiver || {}).netns), right], steps };
  }
  if (data.origin === "reply" && segment) {
    const text = `${flags(segment.flags)} seq ${segment.seq}${segment.len ? `, ${plural(segment.len, "byte")}` : ""}`;
    steps.push(
      both
        ? loop(text, "observed", clock(data.time))
        : arrow(LEFT, KERNEL, text, "observed", clock(data.time)),
    );
  }
  const frames = ownFrames(record);
  const asked = data.origin === "active" && frames.find((frame) => CALLS[bare(frame.function)]);
  if (asked) steps.push(arrow(RIGHT, KERNEL, CALLS[bare(asked.function)], asked.how, clock(data.time)));
  for (const frame of frames) {
    steps.push(note(frame));
    if (SENDS_RESET.includes(bare(frame.function))) steps.push(arrow(KERNEL, LEFT, rst, frame.how));
  }
  return { lanes: [left, kernelLane((sender || receiver || {}).netns), right], steps };
}

function ofDrop(record) {
  const { data } = record;
  const attempt = related(record, "attempt");
  const left = attempt
    ? lane(attempt.data.process, say("client"), record.from, data.netns)
    : { title: record.from, role: say("client"), sub: say("sender of the segment") };
  const owner =
    data.process && !(attempt && attempt.data.process && attempt.data.process.pid === data.process.pid);
  const right = owner
    ? { ...lane(data.process, say("server"), record.to, data.netns), absent: true }
    : { title: record.to, role: say("server"), sub: say("never got it"), absent: true };
  const again = data.count > 1 ? say("{a} segments in all", number(data.count)) : null;
  const steps = [
    arrow(
      LEFT,
      KERNEL,
      say("handshake segment {a}", route2(data.flow)),
      "observed",
      [clock(data.time), again].filter(Boolean).join(", "),
    ),
  ];
  for (const frame of ownFrames(record)) steps.push(note(frame));
  return { lanes: [left, kernelLane(data.netns), right], steps, end: say("the segment goes no further") };
}

function ofDeath(record) {
  const { data } = record;
  const lanes = [
    lane(data.process, say("client"), endpoint(data.local), data.netns),
    kernelLane(data.netns),
    { title: endpoint(data.remote), role: say("server"), sub: say("the other end; not observed"), absent: true },
  ];
  const steps = [];
  if (data.retransmits)
    steps.push(
      arrow(
        KERNEL,
        RIGHT,
        say("the same data, sent again {a}", times(data.retransmits)),
        "observed",
        say("in {a}", data.state),
      ),
    );
  if (data.probes)
    steps.push(arrow(KERNEL, RIGHT, plural(data.probes, "probe"), "observed", say("in {a}", data.state)));
  steps.push(...ownFrames(record).map(note));
  if (data.errno) steps.push(arrow(KERNEL, LEFT, data.errno, "observed", clock(data.time)));
  return { lanes, steps, end: data.retransmits || data.probes ? say("no answer observed") : null };
}

function ofCall(record) {
  const { data } = record;
  const holder = data.holders[0];
  const right = holder
    ? lane(holder.process, say("holds the port"), address(holder.addr, holder.port), null, holder.state)
    : { title: say("nobody"), role: say("holds the port"), sub: say("no holder observed"), absent: true };
  const what = `${data.call}(${endpoint(data.requested)})`;
  const frames = ownFrames(record).map(note);
  return {
    lanes: [lane(data.process, say("caller"), "", data.netns), kernelLane(data.netns), right],
    steps: [
      arrow(LEFT, KERNEL, what, "observed", clock(data.time)),
      ...frames,
      arrow(KERNEL, LEFT, data.errno, "observed"),
    ],
  };
}

// The line that belongs to this one, if it is among those shown.
function related(record, kind) {
  const id = record.data[kind];
  return id === undefined ? undefined : BY_ID.get(id);
}

function lane(process, role, sub, netns, state) {
  const where = [sub, state, netns && netns.name && `netns ${netns.name}`].filter(Boolean).join(" · ");
  return process
    ? { title: person(process), role, sub: where }
    : { title: say("process not observed"), role, sub: where, absent: true };
}

function kernelLane(netns) {
  const release = DATA.start ? `Linux ${DATA.start.kernel}` : "";
  return {
    title: say("kernel"),
    role: say("this host"),
    sub: [release, netns && `netns ${namespace(netns)}`].filter(Boolean).join(" · "),
    kernel: true,
  };
}

function end(socket, where, role) {
  if (!socket) return { title: where, role, sub: say("not on this host: not observed"), absent: true };
  const { owner, socket: state } = socket;
  const none = state && state.kind === "none";
  const kind =
    state &&
    (none
      ? owner
        ? say("has the port, takes nothing")
        : say("no socket")
      : state.kind === "full"
        ? state.state
        : translated(state.kind));
  const sub = [where, kind, socket.netns.name && `netns ${socket.netns.name}`].filter(Boolean).join(" · ");
  return owner
    ? { title: person(owner), role, sub, absent: none }
    : {
        title: state && state.kind === "none" ? say("no socket") : say("process not observed"),
        role,
        sub,
        absent: true,
      };
}

// Who should have answered.
function serverLane(record, reset, here) {
  const where = endpoint(record.data.remote || record.data.requested);
  const sender = reset && reset.data.sender;
  if (sender && reset.data.origin !== "netfilter") {
    const near = reset.data.near[0];
    const found = end(sender, where, say("server"));
    if (found.absent && near && near.process)
      return {
        title: person(near.process),
        role: say("server"),
        sub: `${where} · ${translated(near.why)}`,
        absent: true,
      };
    const none = say("no socket");
    return found.title === none ? { ...found, title: say("nobody"), sub: `${where} · ${none}` } : found;
  }
  if (record.data.how === "self-connect")
    return { title: say("the same socket"), role: say("server"), sub: where, absent: true };
  if (here || isBeforeAnyPacket(record))
    return { title: where, role: say("server"), sub: say("not reached"), absent: true };
  const answered = record.outcome === "established" || (reset && reset.data.origin === "elsewhere");
  return {
    title: where,
    role: say("server"),
    sub: answered ? say("its own side was not observed") : say("no answer observed"),
    absent: !answered,
  };
}
