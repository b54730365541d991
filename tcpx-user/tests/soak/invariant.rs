//! What must hold: connections made = lines written + what is named as lost.

use serde_json::Value;

use crate::ledger::{Ledger, Missing};

/// What daemons said that they lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Named {
    /// Lines that the file could not take.
    pub(crate) file: u64,
    /// Lines that could not be sent.
    pub(crate) otlp: u64,
    /// Records, by the kernel or by tcpx.
    pub(crate) records: u64,
    /// Firings that the kernel passed over.
    pub(crate) missed: u64,
}

impl Named {
    /// As `GET /health` has it.
    pub(crate) fn of(health: &Value) -> Self {
        let stages = health["losses"]["stages"].as_object();
        Self {
            file: consumer(health, "file")["dropped"].as_u64().expect("a number"),
            otlp: consumer(health, "otlp")["dropped"].as_u64().expect("a number"),
            records: stages.into_iter().flatten().filter_map(|(_, count)| count.as_u64()).sum(),
            missed: health["losses"]["missed"].as_u64().unwrap_or(0),
        }
    }

    /// Of daemons that have ended: what they said last of their consumers, and the records in these lines.
    pub(crate) fn of_ended(log: &str, records: u64) -> Self {
        let lost = |name: &str| {
            let own = log.lines().filter_map(|line| line.strip_prefix("tcpx: ")?.strip_prefix(name));
            own.filter_map(|rest| {
                rest.strip_prefix(": ")?.strip_suffix(" lines were lost in all")?.parse::<u64>().ok()
            })
            .sum()
        };
        Self { file: lost("file"), otlp: lost("otlp"), records, missed: 0 }
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        Self {
            file: self.file + other.file,
            otlp: self.otlp + other.otlp,
            records: self.records + other.records,
            missed: self.missed + other.missed,
        }
    }

    /// At most so many lines may be absent from the file.
    pub(crate) const fn allows(self) -> u64 {
        self.file + self.records + self.missed
    }
}

/// What one of them says of itself.
pub(crate) fn consumer<'a>(health: &'a Value, name: &str) -> &'a Value {
    let all = health["consumers"].as_array().expect("a list");
    all.iter().find(|consumer| consumer["name"] == name).expect("it is configured")
}

/// Says how the sums stand, then fails if one does not come out.
pub(crate) fn check(ledger: &Ledger, made: u32, named: Named) {
    let Missing { attempts, resets } = ledger.missing_in_file(made);
    let unwatched = ledger.unwatched_and_untold();
    let (own, others) = ledger.only_at_collector(made);
    let unsent = ledger.only_in_file(made).len();
    let (written, twice) = {
        let file = ledger.file();
        ((file.attempts(), file.resets()), file.twice())
    };
    let again = ledger.collector().twice();
    println!("soak: {made} connections made");
    println!("soak:   written: {} attempts, {} RSTs", written.0, written.1);
    println!("soak:   made while no daemon ran: {} attempts, {} RSTs", unwatched.attempts, unwatched.resets);
    println!("soak:   not written: {attempts} attempts, {resets} RSTs; the collector has {own} of these");
    println!("soak:   named: {named:?}; of the lines lost at the file {others} were about others");
    println!("soak:   not sent: {unsent} lines; sent again, as OTLP allows: {again}");

    assert_eq!(written.0 + attempts + unwatched.attempts, made as usize, "attempts are told once");
    assert_eq!(written.1 + resets + unwatched.resets, made as usize, "RSTs are told once");
    assert_eq!(twice, 0, "no line is written twice");
    let (own, others, missing) = (own as u64, others as u64, (attempts + resets) as u64);
    assert!(own <= named.file, "the file said so of fewer lines than it lost");
    assert!(
        missing - own <= named.records + named.missed + named.otlp,
        "nobody has told of some, and no loss is named"
    );
    assert!(unsent as u64 <= named.otlp, "lines were not sent, and no loss is named");
    if named == (Named { file: named.file, ..Named::default() }) {
        assert_eq!(missing, own, "what is not in the file is at the collector");
        assert_eq!(own + others, named.file, "each line that the file lost is counted, and no other");
    }
}
