// The lines that the page keeps: the last so many, whatever comes.

const KEEP = 3000;
const DATA = { start: undefined, verdicts: JSON.parse(byId("data").textContent) };
// Oldest first.
const BY_ID = new Map();

const KEPT = {
  // Of lines that went for newer ones: how many, and the time of the latest.
  gone: 0,
  goneUntil: 0,
  // Number of the last one that came.
  last: 0,

  // A line that is told again takes the place of the one before.
  take(line) {
    const record = asRecord(line);
    const before = BY_ID.get(record.id);
    record.number = before ? before.number : ++this.last;
    if (before) RATES.count(before, -1);
    RATES.count(record, 1);
    BY_ID.set(record.id, record);
    if (BY_ID.size > KEEP) this.forgetOldest();
    LIST.add(record, before);
  },

  // From the daemon's memory: what is here, or was, is not taken again.
  remember(line) {
    const known = BY_ID.get(line.data.id);
    const was = known ? known.verdict === line.data.verdict.id : nanoseconds(line.data.time) <= this.goneUntil;
    if (!was) this.take(line);
  },

  forgetOldest() {
    const [record] = BY_ID.values();
    BY_ID.delete(record.id);
    this.gone += 1;
    this.goneUntil = Math.max(this.goneUntil, record.at);
    LIST.forget(record);
  },

  // Another daemon gives the same numbers to other lines.
  clear() {
    BY_ID.clear();
    Object.assign(this, { gone: 0, goneUntil: 0 });
    RATES.clear();
    LIST.refresh();
  },
};

function worked(record) {
  return entry(record.verdict).group === "it worked";
}
