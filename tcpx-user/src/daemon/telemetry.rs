//! The consumer that counts for `GET /metrics`, and sends lines and counts to a collector.

use std::{
    sync::{Arc, Mutex, MutexGuard, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use super::{
    config::Config,
    consumer::Consumer,
    health::{Health, Meter},
    log::say,
    memory::Memory,
};
use crate::{
    cli::failure::Failure,
    line::Line,
    locked::locked,
    metrics::{Asked, Fill, Metrics, Own, Vitals},
    otlp::{Counts, Exporter},
    run::live::{Maps, Missed, Untold},
};

/// How often what no line tells is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Counts that the session's thread adds to and that of HTTP reads.
#[derive(Clone, Debug)]
pub struct Counted(Arc<Mutex<Metrics>>);

impl Counted {
    /// Nothing yet.
    #[must_use]
    pub fn new(asked: Asked) -> Self {
        Self(Arc::new(Mutex::new(Metrics::new(asked))))
    }

    /// A reader that panicked has changed nothing.
    pub fn metrics(&self) -> MutexGuard<'_, Metrics> {
        locked(&self.0)
    }
}

/// Where what no line tells is found.
pub struct Sources {
    /// Firings that were passed over.
    pub missed: Missed,
    /// Records that the programs did not write.
    pub untold: Untold,
    /// How full the programs' maps are.
    pub maps: Maps,
    /// What other consumers did not take.
    pub health: Health,
    /// What is kept.
    pub memory: Memory,
    /// tcpx's own cost, opened while files of /proc may be.
    pub cost: Own,
}

/// The consumer.
pub struct Telemetry {
    counted: Counted,
    sources: Sources,
    before: (u64, Option<u64>),
    limits: [u64; 2],
    looked: Instant,
    ring: Peak,
    sending: Option<Sending>,
}

/// The most of one to two minutes: whoever scrapes looks more seldom than a ring fills and empties.
struct Peak {
    begun: Instant,
    now: u64,
    before: u64,
}

/// How long it is kept apart.
const PEAK: Duration = Duration::from_mins(1);

impl Peak {
    const fn new(now: Instant) -> Self {
        Self { begun: now, now: 0, before: 0 }
    }

    fn add(&mut self, value: u64, at: Instant) -> u64 {
        if at.duration_since(self.begun) >= PEAK {
            *self = Self { begun: at, now: 0, before: self.now };
        }
        self.now = self.now.max(value);
        self.now.max(self.before)
    }
}

struct Sending {
    /// Until the end.
    exporter: Option<Exporter>,
    meter: Meter,
    every: Duration,
    sent: Instant,
}

impl Telemetry {
    /// Counts from now, and sends if the configuration says where to.
    ///
    /// # Errors
    /// When the folder of the queue cannot be used.
    pub fn start(config: &Config, counted: Counted, sources: Sources) -> Result<Self, Failure> {
        let now = Instant::now();
        let queue = config.otlp.queue.display();
        let exporter = config.otlp.config().map(Exporter::start).transpose();
        let exporter = exporter.map_err(Failure::io(format!("opening the queue {queue} (otlp.queue)")))?;
        let sending = exporter.map(|exporter| Sending {
            exporter: Some(exporter),
            meter: sources.health.meter("otlp"),
            every: config.otlp.metrics_interval.0,
            sent: now,
        });
        let before = ((sources.untold)().shed, (sources.missed)());
        let limits = [config.memory.attempts as u64, config.memory.resets as u64];
        let mut all = Self { counted, sources, before, limits, looked: now, ring: Peak::new(now), sending };
        all.look();
        Ok(all)
    }

    /// Puts in what no line tells.
    fn look(&mut self) {
        let filled = self.sources.memory.filled();
        let report = self.sources.health.report(filled, crate::daemon::stream::Standing::default());
        let [attempts, resets] = self.limits;
        let maps = (self.sources.maps)();
        let ring = self.ring.add(maps.ring[0], self.looked);
        let mut vitals = Vitals {
            shed: (self.sources.untold)().shed.saturating_sub(self.before.0),
            missed: (self.sources.missed)()
                .zip(self.before.1)
                .map(|(now, before)| now.saturating_sub(before)),
            tables: vec![
                Fill { table: "memory-attempts", used: filled.attempts as u64, capacity: attempts },
                Fill { table: "memory-resets", used: filled.resets as u64, capacity: resets },
                Fill { table: "map-netns", used: maps.netns[0], capacity: maps.netns[1] },
            ],
            ring: Some([ring, maps.ring[1]]),
            dropped: report.consumers.iter().map(|consumer| (consumer.name, consumer.dropped)).collect(),
            ..Vitals::default()
        };
        self.sources.cost.read(&mut vitals);
        self.counted.metrics().vitals(vitals);
    }
}

impl Sending {
    /// What became of records is shown as of any other consumer.
    fn look(&mut self, counted: &Counted) {
        let Some(exporter) = &mut self.exporter else { return };
        count(&exporter.counts(), &self.meter);
        match exporter.trouble() {
            Some(why) if self.meter.trouble(why.clone()) => {
                say(&format!(
                    "otlp: {why}; what is not taken waits on disk, as much as otlp.queue_size allows"
                ));
            }
            Some(_) => {}
            None => self.meter.well(),
        }
        if self.sent.elapsed() >= self.every {
            self.sent = Instant::now();
            let metrics = counted.metrics();
            let (snapshot, since) = (metrics.snapshot(), metrics.since());
            drop(metrics);
            exporter.metrics(snapshot, since);
        }
    }
}

impl Drop for Sending {
    /// What is lost at the end is counted too.
    fn drop(&mut self) {
        let counts = self.exporter.as_ref().map(Exporter::counts);
        self.exporter = None;
        if let Some(counts) = counts {
            count(&counts, &self.meter);
        }
    }
}

/// What was lost since the last look.
fn count(counts: &Counts, meter: &Meter) {
    let lost = [&counts.dropped, &counts.evicted, &counts.refused, &counts.rejected];
    let lost @ [memory, disk, refused, rejected] = lost.map(|count| count.load(Relaxed));
    let new = lost.iter().sum::<u64>().saturating_sub(meter.dropped());
    if new > 0 {
        let why = format!(
            "of all that were lost {memory} found the memory full, {disk} the queue on disk, \
             {refused} were in requests that the collector refused, {rejected} it rejected"
        );
        meter.drop(new, &why);
    }
}

impl Consumer for Telemetry {
    fn line(&mut self, line: &Arc<Line>) {
        self.counted.metrics().line(line);
        if let Some(sending) = &mut self.sending {
            sending.exporter.iter_mut().for_each(|exporter| exporter.line(line));
            sending.meter.take(1);
        }
    }

    fn pause(&mut self) {
        if self.looked.elapsed() < LOOK {
            return;
        }
        self.looked = Instant::now();
        if let Some(sending) = &mut self.sending {
            sending.look(&self.counted);
        }
        self.look();
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::{
        run::live::NotWritten,
        sink::samples::{attempt, loss, start},
    };

    fn telemetry(text: &str) -> (Counted, Result<Telemetry, Failure>) {
        let config = Config::parse("x.toml", text).expect("valid");
        let counted = Counted::new(config.metrics.asked());
        let sources = Sources {
            missed: Rc::new(|| Some(3)),
            untold: Rc::new(NotWritten::default),
            maps: Rc::new(|| crate::kernel::Fills { ring: [4096, 1 << 22], netns: [3, 1024] }),
            health: Health::default(),
            memory: Memory::new(config.memory.clone()),
            cost: Own::open(),
        };
        let started = Telemetry::start(&config, counted.clone(), sources);
        (counted, started)
    }

    #[test]
    fn a_peak_is_told_for_a_minute_and_then_goes() {
        let begun = Instant::now();
        let mut peak = Peak::new(begun);
        let after = |seconds| begun + Duration::from_secs(seconds);
        assert_eq!(peak.add(70, after(10)), 70);
        assert_eq!(peak.add(5, after(61)), 70, "of the minute before");
        assert_eq!(peak.add(0, after(122)), 5);
    }

    #[test]
    fn what_was_told_and_what_no_line_tells_is_exposed() {
        let (counted, telemetry) = telemetry("[metrics]\nprocess = true\n");
        let mut telemetry = telemetry.expect("nothing to open");
        for line in [start(), attempt(), loss()] {
            telemetry.line(&Arc::new(line));
        }
        let text = counted.metrics().expose();
        for expected in [
            "tcpx_attempts_total{verdict=\"listener-v4only\",outcome=\"refused\",family=\"ipv6\",process=\"curl\"} 1\n",
            "tcpx_table_capacity{table=\"memory-attempts\"} 1000\n",
            "tcpx_table_entries{table=\"map-netns\"} 3\n",
            "tcpx_ring_held_bytes 4096\n",
            "tcpx_ring_capacity_bytes 4194304\n",
            "tcpx_probe_misses_total 0\n",
            "tcpx_records_lost_total{stage=\"kernel\",hook=\"send-reset\"} 12\n",
        ] {
            assert!(text.contains(expected), "{expected} in {text}");
        }
    }

    #[test]
    fn a_queue_that_cannot_be_is_told_with_its_key() {
        let text = "[otlp]\nendpoint = \"http://127.0.0.1:4318\"\nqueue = \"/proc/none\"\n";
        let error = telemetry(text).1.err().expect("no such folder").to_string();
        assert!(error.contains("/proc/none (otlp.queue)"), "{error}");
    }
}
