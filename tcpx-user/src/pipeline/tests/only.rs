//! Lines that nobody wants are not made, and those that are left are the same.

use proptest::prelude::*;

use super::{properties::mangled, scene::*};
use crate::{
    abilities::Abilities,
    cli::filter::Filter,
    correlate::Limits,
    decode::NoSymbols,
    event::Event,
    pipeline::Pipeline,
    run::{scope::Scope, select::Selection},
    verdict::VerdictId,
};

const VERDICTS: [VerdictId; 7] = [
    VerdictId::ClosedPort,
    VerdictId::BoundNotListening,
    VerdictId::PeerRefused,
    VerdictId::NetfilterRejectReset,
    VerdictId::NetfilterDrop,
    VerdictId::Established,
    VerdictId::Unknown,
];

/// How many lines are made, those that are kept, and what is counted.
fn kept(events: &[Event], wanted: &[VerdictId], only: bool) -> (usize, Vec<String>, String) {
    let told = if only { wanted.to_vec() } else { Vec::new() };
    let mut pipeline = Pipeline::new(Abilities::ALL, Limits::DEFAULT, Box::new(NoSymbols)).telling_only(told);
    let mut lines: Vec<_> = events.iter().flat_map(|event| pipeline.push(event, &Table)).collect();
    lines.extend(pipeline.finish(&Table));
    let made = lines.len();
    let mut selection = Selection::new(Filter { verdict: wanted.to_vec(), ..Filter::default() }, Scope::Host);
    let mut kept = Vec::new();
    for line in lines {
        selection.select(line, &mut kept);
    }
    let kept = kept.iter().map(|line| serde_json::to_string(line).expect("has JSON")).collect();
    (made, kept, format!("{:?}", pipeline.summary()))
}

#[test]
fn a_refused_attempt_and_its_rst_are_not_made_for_another_verdict() {
    let refused = call("127.0.0.1:40000", "127.0.0.1:8888").refused(S, held_by(vec![]));
    let (made, lines, counted) = kept(&refused, &[VerdictId::Unknown], true);
    assert_eq!((made, lines.len()), (0, 0));
    assert_eq!(counted, kept(&refused, &[VerdictId::Unknown], false).2);
    assert_eq!(kept(&refused, &[VerdictId::ClosedPort], true).1.len(), 2);
}

proptest! {
    #[test]
    fn what_is_kept_and_counted_does_not_change(
        events in mangled(),
        wanted in prop::sample::subsequence(VERDICTS.to_vec(), 1..VERDICTS.len()),
    ) {
        let (all, only) = (kept(&events, &wanted, false), kept(&events, &wanted, true));
        prop_assert_eq!((&all.1, &all.2), (&only.1, &only.2));
        prop_assert!(only.0 <= all.0);
    }
}
