use proptest::{collection::vec, prelude::*};

use super::{family::Points, *};
use crate::{
    line::{Endpoint, Process},
    sink::samples::{
        attempt, call_line, drop_line, local_reset, loss, passive_refusal, peer_reset, plain_attempt,
        plain_reset, reset_of_attempt, start, summary,
    },
};

fn counted(asked: Asked, lines: &[Line]) -> Metrics {
    let mut metrics = Metrics::new(asked);
    metrics.since = 1.5;
    for line in lines {
        metrics.line(line);
    }
    metrics
}

/// Sum of all series whose name and labels begin so.
fn sum(text: &str, begins: &str) -> u64 {
    let values =
        text.lines().filter(|line| line.starts_with(begins)).filter_map(|line| line.rsplit(' ').next());
    values.map(|value| value.parse::<u64>().expect("a count")).sum()
}

fn by(comm: &str, container: Option<&str>) -> Line {
    let process =
        Process { comm: comm.to_owned(), container: container.map(str::to_owned), ..Process::default() };
    Line::Attempt(Box::new(Attempt { process: Some(process.into()), ..plain_attempt() }))
}

#[test]
fn the_whole_text_reads_well() {
    let lines = [
        start(),
        attempt(),
        reset_of_attempt(),
        peer_reset(),
        passive_refusal(),
        local_reset(),
        drop_line(),
        call_line(),
        loss(),
        summary(),
    ];
    let mut metrics = counted(Asked::default(), &lines);
    metrics.vitals(Vitals {
        shed: 2,
        missed: Some(3),
        tables: vec![Fill { table: "attempts", used: 5, capacity: 16_384 }],
        ring: Some([1_000, 4_194_304]),
        dropped: vec![("otlp", 4)],
        cpu_ns: 1_500_000_000,
        resident: Some(12_345_678),
    });
    insta::assert_snapshot!(metrics.expose());
}

#[test]
fn what_is_not_counted_has_no_number() {
    let text = counted(Asked::default(), &[]).expose();
    assert!(!text.contains("tcpx_probe_misses") && !text.contains("tcpx_trace_info"), "{text}");
    assert!(!text.contains("tcpx_label_overflow") && !text.contains("process=\""), "{text}");
    assert!(text.contains("tcpx_records_lost_total{stage=\"kernel\",hook=\"drop\"} 0\n"), "{text}");
    assert!(text.ends_with("# EOF\n"));
}

#[test]
fn a_line_that_is_told_again_counts_once() {
    let was = Some(VerdictId::ClosedPort);
    let again = Line::Attempt(Box::new(Attempt { was, ..plain_attempt() }));
    let reset = Line::Reset(Box::new(Reset { was, ..plain_reset() }));
    let text = counted(Asked::default(), &[attempt(), again, reset_of_attempt(), reset]).expose();
    let of = |name: &str| sum(&text, name);
    assert_eq!((of("tcpx_attempts_total"), of("tcpx_resets_total"), of("tcpx_retold_total")), (1, 1, 2));
    assert_eq!(of("tcpx_retold_total{type=\"attempt\",was=\"closed-port\",verdict=\"listener-v4only\"}"), 1);
    assert_eq!(of("tcpx_lines_total"), 4);
}

#[test]
fn an_attempt_that_has_not_ended_took_no_time() {
    let pending = Attempt { outcome: Outcome::Pending, ..plain_attempt() };
    let text = counted(Asked::default(), &[attempt(), Line::Attempt(Box::new(pending))]).expose();
    assert_eq!(
        (sum(&text, "tcpx_attempts_total"), sum(&text, "tcpx_attempt_duration_seconds_count")),
        (2, 1)
    );
    assert!(
        text.contains("tcpx_attempt_duration_seconds_bucket{le=\"0.0001\",outcome=\"refused\"} 1\n"),
        "{text}"
    );
}

#[test]
fn names_are_labels_where_asked_for_and_only_so_many() {
    let asked = Asked { process: true, container: true, most: 2 };
    let lines =
        [by("a", Some("c1")), by("a", None), by("late", Some("c1")), by("a", Some("c1")), by("", None)];
    let text = counted(asked, &lines).expose();
    let of = |labels: &str| {
        sum(
            &text,
            &format!(
                "tcpx_attempts_total{{verdict=\"listener-v4only\",outcome=\"refused\",family=\"ipv6\",{labels}}}"
            ),
        )
    };
    assert_eq!(of("process=\"a\",container=\"c1\""), 2);
    assert_eq!(of("process=\"a\",container=\"\""), 1);
    assert_eq!(of("process=\"\",container=\"\""), 1);
    assert_eq!(
        (of("process=\"other\",container=\"other\""), sum(&text, "tcpx_label_overflow_total")),
        (1, 1)
    );
}

#[test]
fn a_hostile_name_is_one_label_value() {
    let asked = Asked { process: true, ..Asked::default() };
    let text = counted(asked, &[by("x\"} 9\n# EOF\n\\", None)]).expose();
    assert!(text.contains("process=\"x\\\"} 9\\n# EOF\\n\\\\\"} 1\n"), "{text}");
    assert_eq!(text.matches("\n# EOF\n").count(), 1);
}

/// Prometheus' naming rules, and a sentence for each.
#[test]
fn names_follow_the_conventions() {
    let mut metrics = counted(Asked { process: true, ..Asked::default() }, &[start()]);
    metrics.vitals(Vitals { missed: Some(0), resident: Some(1), ..Vitals::default() });
    for family in metrics.snapshot() {
        let name = family.name;
        assert!(name.starts_with("tcpx_") || name.starts_with("process_"), "{name}");
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
        assert!(
            ["_total", "_seconds", "_bytes"].iter().all(|end| !name.ends_with(end)),
            "{name}: put behind it"
        );
        assert!(
            family.help.len() > 20 && !family.help.ends_with('.') && !family.help.contains('\n'),
            "{name}"
        );
    }
}

prop_compose! {
    fn any_line()(
        kind in 0_usize..8,
        id in proptest::sample::select(VerdictId::ALL),
        outcome in 0_usize..9,
        v4 in any::<bool>(),
        comm in "[a-f]{0,2}",
        container in proptest::option::of("[0-9]"),
        count in 1_u64..5,
    ) -> Line {
        let addr: IpAddr = if v4 { [10, 0, 0, 1].into() } else { [0_u16; 8].into() };
        let process = Some(Process { comm, container, ..Process::default() }.into());
        let outcome = OUTCOMES.get(outcome).copied().unwrap_or(Outcome::Pending);
        line_of(kind, id, outcome, addr, process, count)
    }
}

fn line_of(
    kind: usize,
    id: VerdictId,
    outcome: Outcome,
    addr: IpAddr,
    process: Option<std::sync::Arc<Process>>,
    count: u64,
) -> Line {
    let lines = [start, attempt, peer_reset, drop_line, attempt, call_line, loss, summary];
    let mut line = lines[kind]();
    match &mut line {
        Line::Attempt(attempt) => {
            (attempt.verdict.id, attempt.outcome, attempt.process) = (id, outcome, process);
            attempt.family = family(addr);
            attempt.was = (kind == 4).then_some(VerdictId::ClosedPort);
        }
        Line::Reset(reset) => (reset.verdict.id, reset.flow.saddr) = (id, addr),
        Line::Drop(drop) => (drop.verdict.id, drop.process, drop.count) = (id, process, count),
        Line::Call(call) => (call.requested, call.process) = (Endpoint { addr, port: 1 }, process),
        Line::Loss(loss) => loss.count = count,
        _ => {}
    }
    line
}

proptest! {
    /// Whatever comes and whichever names are labels: nothing is counted twice, nothing is left out.
    #[test]
    fn sums_over_labels_are_the_lines(
        lines in vec(any_line(), 0..200), process in any::<bool>(), container in any::<bool>(), most in 0_usize..20,
    ) {
        let metrics = counted(Asked { process, container, most }, &lines);
        let text = metrics.expose();
        let fed = |which: fn(&Line) -> bool| lines.iter().filter(|line| which(line)).count() as u64;
        let of = |name: &str| sum(&text, name);
        prop_assert_eq!(of("tcpx_lines_total"), lines.len() as u64);
        prop_assert_eq!(of("tcpx_attempts_total") + of("tcpx_retold_total"), fed(|line| matches!(line, Line::Attempt(_))));
        prop_assert_eq!(of("tcpx_resets_total"), fed(|line| matches!(line, Line::Reset(_))));
        prop_assert_eq!(of("tcpx_drops_total"), fed(|line| matches!(line, Line::Drop(_))));
        prop_assert_eq!(of("tcpx_failed_calls_total"), fed(|line| matches!(line, Line::Call(_))));
        let ended = fed(|line| matches!(line, Line::Attempt(attempt) if attempt.was.is_none() && attempt.outcome != Outcome::Pending));
        prop_assert_eq!(of("tcpx_attempt_duration_seconds_count"), ended);
        let lost = lines.iter().map(|line| if let Line::Loss(loss) = line { loss.count } else { 0 }).sum::<u64>();
        prop_assert_eq!(of("tcpx_records_lost_total"), lost);
        let names = metrics.snapshot().iter().flat_map(|family| match &family.points {
            Points::Counter(points) => points.iter().filter_map(|(labels, _)| {
                labels.iter().find(|(label, _)| *label == "process").map(|(_, value)| value.to_string())
            }).collect(),
            _ => Vec::new(),
        }).collect::<std::collections::BTreeSet<_>>();
        prop_assert!(names.len() <= most + 2, "{:?}", names);
    }
}
