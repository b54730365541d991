//! Each metric with its name, its labels and what it counts.

use super::{
    KINDS, Metrics, OUTCOMES,
    family::{Family, Labels, Points, Snapshot, Unit},
    names::Name,
};
use crate::{line::Word, verdict::VerdictId};

const NS: f64 = 1e9;

impl Metrics {
    /// Everything, at this moment.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let mut all = vec![self.attempts(), self.attempt_duration(), self.resets()];
        all.extend(self.drops());
        all.extend([self.deaths(), self.calls(), self.retold(), self.lines()]);
        all.extend(self.losses());
        all.extend(self.tables());
        all.extend(self.ring());
        all.extend(self.trace());
        all.extend(self.own());
        all
    }

    /// Seconds since 1970 at which counting began.
    #[must_use]
    pub const fn since(&self) -> f64 {
        self.since
    }

    fn named(&self, mut labels: Labels, name: Name) -> Labels {
        self.names.label(name, &mut labels);
        labels
    }

    fn attempts(&self) -> Family {
        let points = self.attempts.points(|&(id, outcome, family, name)| {
            let labels = vec![verdict(id), ("outcome", word(outcome)), ("family", word(family))];
            self.named(labels, name)
        });
        Family::counter(
            "tcpx_attempts",
            "Connection attempts of local processes, by why they ended so and how; counted when they are settled",
            points,
        )
    }

    fn attempt_duration(&self) -> Family {
        let seen = OUTCOMES
            .iter()
            .zip(&self.durations)
            .map(|(outcome, durations)| (vec![("outcome", word(outcome))], durations.distribution()));
        Family {
            name: "tcpx_attempt_duration",
            help: "Time from connect() to the end of the attempt; those of tcpx_attempts_total with outcome pending are not in it",
            unit: Unit::Seconds,
            points: Points::Histogram(seen.filter(|(_, seen)| seen.count() > 0).collect()),
        }
    }

    fn resets(&self) -> Family {
        let points = self.resets.points(|&(id, origin, direction, family, name)| {
            let labels = vec![
                verdict(id),
                ("origin", word(origin)),
                ("direction", direction.name().into()),
                ("family", word(family)),
            ];
            self.named_by_comm(labels, name)
        });
        Family::counter(
            "tcpx_resets",
            "RSTs that left a local socket or netfilter (sent), reached a local socket (received), or both (local, counted once); the process is that of the sender if known, else of the receiver",
            points,
        )
    }

    /// Of a RST the container is not known, and so it is no label.
    fn named_by_comm(&self, labels: Labels, name: Name) -> Labels {
        let mut labels = self.named(labels, name);
        labels.retain(|(label, _)| *label != "container");
        labels
    }

    fn drops(&self) -> [Family; 2] {
        let labels = |&(id, family, name): &(VerdictId, _, _)| {
            self.named(vec![verdict(id), ("family", word(family))], name)
        };
        [
            Family::counter(
                "tcpx_drops",
                "Flows of which the kernel dropped SYNs or the last ACK of a handshake silently; a flow that goes on losing them may be told more than once",
                self.drops.points(labels),
            ),
            Family::counter(
                "tcpx_dropped_segments",
                "Segments of the flows of tcpx_drops_total that the kernel dropped silently",
                self.segments.points(labels),
            ),
        ]
    }

    fn deaths(&self) -> Family {
        let points = self.deaths.points(|&(id, outcome, family, name)| {
            let labels = vec![verdict(id), ("outcome", word(outcome)), ("family", word(family))];
            self.named(labels, name)
        });
        Family::counter(
            "tcpx_deaths",
            "Connections that had been open and ended because of an error without any RST",
            points,
        )
    }

    fn calls(&self) -> Family {
        let points = self.calls.points(|&(id, is_listen, family, name)| {
            let call = if is_listen { "listen" } else { "bind" };
            self.named(vec![verdict(id), ("call", call.into()), ("family", word(family))], name)
        });
        Family::counter("tcpx_failed_calls", "Calls of bind() and listen() that failed", points)
    }

    fn retold(&self) -> Family {
        let points = self.retold.points(|&(kind, was, now)| {
            vec![("type", kind.into()), ("was", was.as_str().into()), verdict(now)]
        });
        Family::counter(
            "tcpx_retold",
            "Lines that were told again with a better verdict; tcpx_attempts_total and tcpx_resets_total have them once, as what they were told first",
            points,
        )
    }

    fn lines(&self) -> Family {
        let points = KINDS.iter().zip(self.lines).map(|(&kind, count)| (vec![("type", kind.into())], count));
        Family::counter("tcpx_lines", "Lines that were told, by type", points.collect())
    }

    fn losses(&self) -> Vec<Family> {
        let lost = self.lost.points(|&(stage, hook)| vec![("stage", stage.into()), ("hook", hook.into())]);
        let dropped =
            self.vitals.dropped.iter().map(|&(consumer, count)| (vec![("consumer", consumer.into())], count));
        let alone = |count| vec![(Labels::new(), count)];
        let mut all = vec![
            Family::counter(
                "tcpx_records_lost",
                "Records that never became lines: lost in the kernel (no room in the ring, or above --max-events-per-second) or in tcpx itself (user)",
                lost,
            ),
            Family::counter(
                "tcpx_records_shed",
                "Those of tcpx_records_lost_total of stage kernel that were above --max-events-per-second",
                alone(self.vitals.shed),
            ),
            Family::counter(
                "tcpx_consumer_dropped_lines",
                "Lines that a consumer of the daemon lost: it was too slow, its disk was full, or its receiver did not want them",
                dropped.collect(),
            ),
        ];
        // Where the kernel does not count, there is no number: 0 would be a lie.
        all.extend(self.vitals.missed.map(|missed| {
            Family::counter("tcpx_probe_misses", "Firings at which the kernel did not run a program of tcpx, as it was already running on that CPU; not each would have been an event", alone(missed))
        }));
        all.extend(self.names.over().map(|over| {
            Family::counter("tcpx_label_overflow", "Lines whose process or container is other in these metrics, as there had been as many names before as may be labels", alone(over))
        }));
        all
    }

    #[expect(clippy::cast_precision_loss, reason = "tables have less than 2^53 entries")]
    fn tables(&self) -> [Family; 2] {
        let tables = &self.vitals.tables;
        let points = |of: fn(&super::Fill) -> u64| {
            tables.iter().map(|fill| (vec![("table", fill.table.into())], of(fill) as f64)).collect()
        };
        [
            Family::gauge("tcpx_table_entries", "Entries of a table of tcpx, now", points(|fill| fill.used)),
            Family::gauge(
                "tcpx_table_capacity",
                "Entries that the table has room for",
                points(|fill| fill.capacity),
            ),
        ]
    }

    #[expect(clippy::cast_precision_loss, reason = "a ring has less than 2^53 bytes")]
    fn ring(&self) -> Vec<Family> {
        let Some([held, capacity]) = self.vitals.ring else { return Vec::new() };
        let bytes = |name, help, value: u64| {
            Family::gauge(name, help, vec![(Labels::new(), value as f64)]).of(Unit::Bytes)
        };
        vec![
            bytes(
                "tcpx_ring_held",
                "What the ring between kernel and tcpx held at most in the last minute or two; where it is full records are lost",
                held,
            ),
            bytes("tcpx_ring_capacity", "What the ring between kernel and tcpx has room for", capacity),
        ]
    }

    #[expect(clippy::cast_precision_loss, reason = "there are some dozen hooks")]
    fn trace(&self) -> Vec<Family> {
        let Some(start) = &self.started else { return Vec::new() };
        let info = vec![
            ("version", start.tcpx.clone().into()),
            ("kernel", start.kernel.clone().into()),
            ("arch", start.arch.clone().into()),
            ("backend", start.backend.clone().into()),
            ("probes", start.probes.clone().into()),
        ];
        let hooks = [("attached", start.hooks.len()), ("missing", start.missing.len())];
        let hooks = hooks.map(|(state, count)| (vec![("state", state.into())], count as f64));
        vec![
            Family::gauge(
                "tcpx_trace_info",
                "Always 1; its labels say which tcpx traces which kernel, and how",
                vec![(info, 1.0)],
            ),
            Family::gauge("tcpx_hooks", "Hooks that are attached, and that are not", hooks.to_vec()),
        ]
    }

    /// Under the names that all Prometheus clients give them.
    #[expect(clippy::cast_precision_loss, reason = "neither time nor memory is read to the last digit")]
    fn own(&self) -> Vec<Family> {
        let cpu = Points::Counter(vec![(Labels::new(), self.vitals.cpu_ns as f64 / NS)]);
        let resident = self.vitals.resident.map(|bytes| (Labels::new(), bytes as f64));
        vec![
            Family {
                name: "process_cpu",
                help: "CPU time of the process tcpx, user and system; what its programs take in the kernel counts for the tasks that they run in",
                unit: Unit::Seconds,
                points: cpu,
            },
            Family::gauge(
                "process_resident_memory",
                "Resident memory of the process tcpx",
                resident.into_iter().collect(),
            )
            .of(Unit::Bytes),
            Family::gauge(
                "process_start_time",
                "When tcpx began to count, in seconds since 1970",
                vec![(Labels::new(), self.since)],
            )
            .of(Unit::Seconds),
        ]
    }
}

fn verdict(id: VerdictId) -> (&'static str, std::borrow::Cow<'static, str>) {
    ("verdict", id.as_str().into())
}

/// The published name of an enum's value.
fn word(value: impl serde::Serialize) -> std::borrow::Cow<'static, str> {
    Word(value).to_string().into()
}
