// How numbers, times and names read.

// `counts` is how one and several are said with their number.
const KINDS = {
  attempt: {
    one: say("attempt"),
    many: say("attempts"),
    column: say("Attempts"),
    counts: [say("{a} attempt"), say("{a} attempts")],
  },
  reset: { one: say("RST"), many: say("RSTs"), column: say("RSTs"), counts: [say("{a} RST"), say("{a} RSTs")] },
  drop: { one: say("drop"), many: say("drops"), column: say("Drops"), counts: [say("{a} drop"), say("{a} drops")] },
  death: {
    one: say("death"),
    many: say("deaths"),
    column: say("Deaths"),
    counts: [say("{a} death"), say("{a} deaths")],
  },
  call: {
    one: say("failed call"),
    many: say("failed calls"),
    column: say("Calls"),
    counts: [say("{a} failed call"), say("{a} failed calls")],
  },
};

const KIND_ORDER = Object.keys(KINDS);

// Tracks of the timeline that are no outcomes.
const TRACKS = { resets: say("RSTs"), drops: say("drops"), deaths: say("deaths"), calls: say("failed calls") };

function number(value) {
  return value.toLocaleString("en-US");
}

function counted(value, kind) {
  const [one, many] = KINDS[kind].counts;
  return (value === 1 ? one : many).replace("{a}", number(value));
}

function plural(value, word) {
  return translated(`{a} ${word}${value === 1 ? "" : "s"}`).replace("{a}", number(value));
}

function times(value) {
  return value === 1 ? say("once") : say("{a} times", number(value));
}

// Nanoseconds as one would say them.
function duration(ns) {
  const units = [
    ["d", 864e11],
    ["h", 36e11],
    ["min", 6e10],
    ["s", 1e9],
    ["ms", 1e6],
    ["µs", 1e3],
    ["ns", 1],
  ];
  const [unit, size] = units.find(([, size]) => ns >= size) || units[units.length - 1];
  const value = ns / size;
  const rounded = value >= 100 ? Math.round(value) : Number(value.toPrecision(3));
  return `${rounded} ${unit}`;
}

// Date and time of an RFC 3339 text, in UTC, without the places that nobody reads.
function day(time) {
  return time.slice(0, 10);
}

function clock(time) {
  return time.slice(11, 23);
}

// Nanoseconds since 1970 of an RFC 3339 text; a double is exact to some 200 ns, which is enough to place it.
function nanoseconds(time) {
  return Date.parse(time.slice(0, 19) + "Z") * 1e6 + Number(time.slice(20, 29));
}

function rfc3339(ns) {
  return new Date(ns / 1e6).toISOString();
}

function address(addr, port) {
  if (addr === undefined) return "?";
  const host = addr.includes(":") ? `[${addr}]` : addr;
  return port === undefined ? addr : `${host}:${port}`;
}

function endpoint(end) {
  return end ? address(end.addr, end.port) : "";
}

// Name and number of a process, as `ps` users write them.
function person(process) {
  return process ? `${process.comm}[${process.pid}]` : "";
}

function namespace(netns) {
  if (!netns) return "";
  const place = netns.name ? `${netns.name} (${netns.inum})` : String(netns.inum);
  const { container, pod, unit } = netns.of || {};
  // It may have its container's name for want of another.
  if (container && netns.name === container.slice(0, 12)) return place;
  const whose = container ? say("container {a}", container.slice(0, 12)) : pod ? say("pod {a}", pod) : unit;
  return whose ? place + say(" of {a}", whose) : place;
}

// The letters of tcpdump as words.
function flags(letters) {
  const words = { S: "SYN", F: "FIN", R: "RST", P: "PSH", ".": "ACK", U: "URG" };
  const named = [...letters]
    .filter((letter) => letter !== "P" || letters === "P")
    .map((letter) => words[letter] || letter);
  return named.join("-") || say("segment");
}
