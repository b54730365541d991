// What comes from the daemon: its memory first, then each line as it comes. An event's id says which daemon told it, and as which line: so
// what was missed between two connections is an exact number.

const WAIT = { first: 1, longest: 15, health: 10 };

const LIVE = {
  state: "connecting",
  // Since which step it is not live.
  since: -Infinity,
  why: "",
  // The daemon that told, and the number of its last line here.
  run: undefined,
  number: 0,
  lastCame: undefined,
  retry: 0,
  wait: WAIT.first,
  source: undefined,
  // Lines that wait until those of the memory are in.
  buffer: undefined,

  connect() {
    this.close();
    this.state = "connecting";
    const source = new EventSource("lines");
    this.source = source;
    source.onmessage = (event) => source === this.source && this.message(event);
    source.addEventListener("dropped", () => {
      const why = "the daemon let this page go, as it was more lines behind than stream.backlog";
      if (source === this.source) this.leave("slow", why);
    });
    source.onerror = () => source === this.source && this.broke(source);
    tellState();
  },

  close() {
    if (this.source) this.source.close();
    this.source = undefined;
    this.buffer = undefined;
  },

  message(event) {
    const [run, count] = event.lastEventId.split("-").map(Number);
    const line = JSON.parse(event.data, absent);
    this.lastCame = Date.now();
    if (line.type === "start") return this.begin(run, count, line.data);
    this.number = count;
    if (!this.buffer) return this.line(line);
    this.buffer.push(line);
    if (this.buffer.length > KEEP)
      this.leave("down", "more lines came than this page keeps while it read the daemon's memory");
  },

  line(line) {
    if (KINDS[line.type]) KEPT.take(line);
    else if (line.type === "loss") HEALTH.due = true;
    else if (line.type === "summary") this.ending = true;
  },

  // A stream begins with where it stands.
  async begin(run, count, start) {
    const source = this.source;
    const known = this.run === run;
    if (this.run !== undefined && !known) {
      KEPT.clear();
      NOTICES.add("another daemon answers now: the lines of the one before are no longer here");
    }
    const missed = known ? count - this.number : undefined;
    Object.assign(this, { run, number: count, buffer: [], ending: false });
    DATA.start = start;
    try {
      const [kept] = await Promise.all([this.memory(), askHealth()]);
      if (source !== this.source) return;
      this.fill(kept, missed);
    } catch (error) {
      if (source === this.source) this.leave("down", `its memory could not be read (${error.message})`);
    }
  },

  // What the daemon remembers, oldest first.
  async memory() {
    const pages = await Promise.all(["attempts", "resets"].map((page) => ask(`${page}?n=${KEEP / 2}`)));
    const lines = pages.flatMap((text) => text.split("\n").filter(Boolean));
    return lines
      .map((line) => JSON.parse(line, absent))
      .sort((a, b) => (a.data.time < b.data.time ? -1 : 1));
  },

  fill(kept, missed) {
    for (const line of kept) KEPT.remember(line);
    const waited = this.buffer;
    this.buffer = undefined;
    for (const line of waited) this.line(line);
    if (missed !== undefined)
      NOTICES.add(
        missed
          ? `${plural(missed, "line")} came while the page was not connected; attempts and RSTs that the daemon still had are here now`
          : "connected again: nothing was missed",
      );
    RATES.gap(this.since, RATES.now());
    Object.assign(this, { state: "live", why: "", wait: WAIT.first });
    LIST.flush();
    RATES.draw();
    tellState();
    if (!VIEW.followed) follow();
    VIEW.followed = true;
  },

  // The connection ended: by the daemon, on the way, or before it stood.
  async broke(source) {
    if (this.ending) return this.leave("ended", "the daemon has ended");
    if (this.state === "live") return this.leave("down", "the connection ended");
    const why = await refusal();
    if (source === this.source) this.leave("down", why);
  },

  leave(state, why) {
    this.close();
    if (this.state === "live") {
      this.since = RATES.now();
      NOTICES.add(why);
    }
    this.retry = Date.now() + this.wait * 1000;
    this.wait = Math.min(this.wait * 2, WAIT.longest);
    Object.assign(this, { state, why });
    tellState();
  },

  checkHealth() {
    if (this.state !== "live") return;
    askHealth().catch((error) => this.leave("down", `no answer from the daemon (${error.message})`));
  },

  tick() {
    if (HEALTH.due) this.checkHealth();
    if (!this.source && Date.now() >= this.retry) this.connect();
    else tellState();
  },
};

async function ask(page) {
  const answer = await fetch(page, { cache: "no-store", signal: AbortSignal.timeout(WAIT.health * 1000) });
  const date = Date.parse(answer.headers.get("date"));
  if (date) RATES.ahead = Math.abs(date - Date.now()) < 2000 ? 0 : date - Date.now();
  const text = await answer.text();
  // 503 of /health has the same body as 200.
  if (!answer.ok && page !== "health") throw new Error(text.trim() || answer.statusText);
  return text;
}

// Why there is no stream, in the daemon's words if it has some.
async function refusal() {
  const stop = new AbortController();
  try {
    const answer = await fetch("lines", { cache: "no-store", signal: stop.signal });
    return answer.ok ? "the connection ended" : `refused: ${(await answer.text()).trim()}`;
  } catch {
    return "no answer from the daemon";
  } finally {
    stop.abort();
  }
}

// What it said last, and whether something has happened that it has not told yet.
const HEALTH = { told: undefined, due: false };

async function askHealth() {
  HEALTH.due = false;
  HEALTH.told = JSON.parse(await ask("health"), absent);
  tellHead();
}

// What happened to the page and its daemon, the newest first.
const NOTICES = {
  most: 8,
  list: [],

  add(text) {
    this.list.unshift({ time: new Date(Date.now() + RATES.ahead), text });
    this.list.length = Math.min(this.list.length, this.most);
    this.draw();
    announce(text);
  },

  draw() {
    replace(
      byId("notices"),
      this.list.map(({ time, text }) =>
        el("li", null, el("span", { class: "muted" }, `${time.toISOString().slice(11, 19)} `), text),
      ),
    );
  },
};
