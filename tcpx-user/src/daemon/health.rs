//! How a daemon is: what `GET /health` shows, and `tcpx daemon --status` in words.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use serde::Serialize;

use super::{consumer::Consumer, memory::Filled, stream::Standing};
use crate::{
    line::{Line, Start},
    locked::locked,
};

/// A shared record of it.
#[derive(Clone, Debug)]
pub struct Health(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    begun: Instant,
    state: Mutex<State>,
    meters: Mutex<Vec<Meter>>,
}

/// What is told of it by whoever knows.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The first line.
    pub start: Option<Start>,
    /// Lines that were published.
    pub lines: u64,
    /// Records that were lost, by stage.
    pub lost: BTreeMap<String, u64>,
    /// By hook.
    pub lost_by_hook: BTreeMap<String, u64>,
    /// Firings that the kernel passed over.
    pub missed: Option<u64>,
    /// The last self-probes.
    pub self_probe: SelfProbe,
    /// What is recorded, if something is.
    pub recording: Option<Recording>,
    /// What was done about privileges.
    pub privileges: Option<Privileges>,
    /// The helper that looks things up.
    pub helper: Option<Helper>,
    /// What is wrong with the configuration that was to be loaded last.
    pub reload: Option<String>,
}

/// Of self-probes.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SelfProbe {
    /// They are made.
    pub enabled: bool,
    /// How many.
    pub made: u64,
    /// How many came back as a line.
    pub seen: u64,
    /// When the last one did (RFC 3339), and from connect() to line.
    pub last_seen: Option<String>,
    /// From connect() to the line.
    pub last_took_ms: Option<u64>,
    /// Why the last one did not.
    pub trouble: Option<String>,
}

/// Of recordings.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Recording {
    /// The file that is written.
    pub file: String,
    /// How many there were.
    pub files: u32,
    /// Records.
    pub records: u64,
    /// Bytes on disk, with those of files that have gone.
    pub bytes: u64,
    /// Why nothing more is written.
    pub trouble: Option<String>,
}

/// Of privileges.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Privileges {
    /// User id.
    pub uid: u32,
    /// Capabilities that are left, by name.
    pub capabilities: Vec<String>,
    /// Why they are.
    pub why: Option<String>,
    /// No program that it starts can gain any.
    pub no_new_privileges: bool,
    /// A list of allowed system calls is in force.
    pub seccomp: bool,
    /// What of Landlock is in force: a sentence.
    pub landlock: String,
}

/// Of the helper.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Helper {
    /// It answers.
    pub alive: bool,
    /// Its process.
    pub pid: u32,
    /// Questions that it answered.
    pub answered: u64,
    /// Questions that it did not answer, or not in time, and facts that it was not told: what they are about is absent.
    pub unanswered: u64,
    /// Why it does not answer any more.
    pub trouble: Option<String>,
}

/// What a consumer took, and what it had to let go.
#[derive(Clone, Debug)]
pub struct Meter(Arc<Counters>);

#[derive(Debug)]
struct Counters {
    name: &'static str,
    taken: AtomicU64,
    dropped: Mutex<Dropped>,
    trouble: Mutex<Option<String>>,
}

/// How many lines were let go; the reason of the last ones stays when what caused it is over.
#[derive(Clone, Debug, Default)]
struct Dropped {
    lines: u64,
    last: Option<LastLoss>,
}

/// Lines that a consumer let go.
#[derive(Clone, Debug, Serialize)]
pub struct LastLoss {
    /// When (RFC 3339).
    pub time: String,
    /// Why.
    pub why: String,
}

impl Meter {
    /// So many lines were taken.
    pub fn take(&self, lines: u64) {
        self.0.taken.fetch_add(lines, Ordering::Relaxed);
    }

    /// So many lines were let go.
    pub fn drop(&self, lines: u64, why: &str) {
        let mut dropped = locked(&self.0.dropped);
        dropped.lines += lines;
        dropped.last = Some(LastLoss { time: jiff::Timestamp::now().to_string(), why: why.to_owned() });
    }

    /// Lines let go so far.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        locked(&self.0.dropped).lines
    }

    /// What is wrong now; true if nothing was before.
    #[must_use]
    pub fn trouble(&self, what: String) -> bool {
        locked(&self.0.trouble).replace(what).is_none()
    }

    /// Nothing is wrong any more.
    pub fn well(&self) {
        *locked(&self.0.trouble) = None;
    }

    fn told(&self) -> Consumed {
        let Dropped { lines, last } = locked(&self.0.dropped).clone();
        Consumed {
            name: self.0.name,
            taken: self.0.taken.load(Ordering::Relaxed),
            dropped: lines,
            last_loss: last,
            trouble: locked(&self.0.trouble).clone(),
        }
    }
}

/// A consumer, in a report.
#[derive(Clone, Debug, Serialize)]
pub struct Consumed {
    /// Its name.
    pub name: &'static str,
    /// Lines that it took.
    pub taken: u64,
    /// Lines that it let go.
    pub dropped: u64,
    /// The last of these.
    pub last_loss: Option<LastLoss>,
    /// What is wrong.
    pub trouble: Option<String>,
}

/// What `GET /health` shows.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Nothing is wrong.
    pub healthy: bool,
    /// What is: sentences.
    pub troubles: Vec<String>,
    /// Process id.
    pub pid: u32,
    /// Seconds since the start.
    pub uptime_s: u64,
    /// Versions of tcpx and the kernel, backend, hooks and what is missing.
    #[serde(flatten)]
    pub start: Option<Start>,
    /// Lines published.
    pub lines: u64,
    /// Records that were lost, by stage: those of the kernel, and of each consumer.
    pub losses: Losses,
    /// Who gets the lines.
    pub consumers: Vec<Consumed>,
    /// What is kept.
    pub memory: Filled,
    /// Who reads as they come.
    pub stream: Standing,
    /// Self-probes.
    pub self_probe: SelfProbe,
    /// Recordings.
    pub recording: Option<Recording>,
    /// Privileges.
    pub privileges: Option<Privileges>,
    /// The helper.
    pub helper: Option<Helper>,
}

/// What was lost where.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Losses {
    /// Records, by stage.
    pub stages: BTreeMap<String, u64>,
    /// Records, by hook.
    pub hooks: BTreeMap<String, u64>,
    /// Firings that the kernel passed over; null where it does not count them.
    pub missed: Option<u64>,
    /// Lines that consumers let go.
    pub consumers: u64,
}

impl Default for Health {
    fn default() -> Self {
        let (state, meters) = (Mutex::default(), Mutex::default());
        Self(Arc::new(Shared { begun: Instant::now(), state, meters }))
    }
}

impl Health {
    /// A new consumer's.
    #[must_use]
    pub fn meter(&self, name: &'static str) -> Meter {
        let (taken, dropped, trouble) = (AtomicU64::new(0), Mutex::default(), Mutex::default());
        let meter = Meter(Arc::new(Counters { name, taken, dropped, trouble }));
        locked(&self.0.meters).push(meter.clone());
        meter
    }

    /// To tell what one knows.
    pub fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.0.state)
    }

    /// Since it began.
    #[must_use]
    pub fn uptime(&self) -> Duration {
        self.0.begun.elapsed()
    }

    /// All of it.
    #[must_use]
    pub fn report(&self, memory: Filled, stream: Standing) -> Report {
        let state = self.state().clone();
        let consumers: Vec<_> = locked(&self.0.meters).iter().map(Meter::told).collect();
        let troubles = troubles(&state, &consumers);
        Report {
            healthy: troubles.is_empty(),
            troubles,
            pid: std::process::id(),
            uptime_s: self.uptime().as_secs(),
            lines: state.lines,
            losses: Losses {
                stages: state.lost,
                hooks: state.lost_by_hook,
                missed: state.missed,
                consumers: consumers.iter().map(|consumer| consumer.dropped).sum(),
            },
            start: state.start,
            consumers,
            memory,
            stream,
            self_probe: state.self_probe,
            recording: state.recording,
            privileges: state.privileges,
            helper: state.helper,
        }
    }
}

/// What somebody should do something about.
fn troubles(state: &State, consumers: &[Consumed]) -> Vec<String> {
    let told = |of: &str, what: &Option<String>| what.as_ref().map(|what| format!("{of}: {what}"));
    let recording = state.recording.as_ref().and_then(|recording| told("recording", &recording.trouble));
    let helper = state.helper.as_ref().and_then(|helper| told("helper", &helper.trouble));
    let fixed = [
        told("self-probe", &state.self_probe.trouble),
        recording,
        helper,
        told("configuration", &state.reload),
    ];
    let consumers = consumers.iter().filter_map(|consumer| told(consumer.name, &consumer.trouble));
    fixed.into_iter().flatten().chain(consumers).collect()
}

/// The consumer that counts for it.
pub struct Counting(pub Health);

impl Consumer for Counting {
    fn line(&mut self, line: &Arc<Line>) {
        let state = &mut *self.0.state();
        state.lines += 1;
        match &**line {
            Line::Start(start) => state.start = Some((**start).clone()),
            Line::Loss(loss) => {
                *state.lost.entry(loss.stage.clone()).or_default() += loss.count;
                *state.lost_by_hook.entry(loss.hook.clone()).or_default() += loss.count;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::samples::{attempt, loss, start};

    fn report(health: &Health) -> serde_json::Value {
        let report = health.report(Filled::default(), Standing::default());
        serde_json::to_value(report).expect("serialisable")
    }

    #[test]
    fn lines_tell_of_the_kernel_and_of_losses() {
        let health = Health::default();
        let mut counting = Counting(health.clone());
        for line in [start(), attempt(), loss(), loss()] {
            counting.line(&Arc::new(line));
        }
        let report = report(&health);
        assert_eq!(report["losses"]["stages"]["kernel"], 24);
        assert_eq!((&report["lines"], &report["healthy"]), (&4.into(), &true.into()));
        assert!(report["kernel"].is_string() && report["hooks"].is_array() && report["missing"].is_array());
    }

    #[test]
    fn a_trouble_makes_it_ill_until_it_is_over() {
        let health = Health::default();
        let meter = health.meter("file");
        meter.drop(3, "No space left on device");
        assert!(meter.trouble("No space left on device".into()));
        assert!(!meter.trouble("No space left on device".into()), "told once");
        health.state().self_probe.trouble = Some("not seen".into());
        let ill = report(&health);
        assert_eq!(
            ill["troubles"],
            serde_json::json!(["self-probe: not seen", "file: No space left on device"])
        );
        assert_eq!((&ill["healthy"], &ill["losses"]["consumers"]), (&false.into(), &3.into()));
        meter.well();
        health.state().self_probe.trouble = None;
        let well = report(&health);
        assert_eq!((&well["healthy"], &well["losses"]["consumers"]), (&true.into(), &3.into()));
        assert_eq!(well["consumers"][0]["last_loss"]["why"], "No space left on device", "still told");
    }
}
