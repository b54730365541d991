//! Two that watch one host, and share what they tell.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{properties::stories, scene::*};
use crate::{
    abilities::Abilities,
    correlate::Limits,
    decode::NoSymbols,
    event::{Event, Hook, What},
    line::Line,
    pipeline::{Pipeline, Share},
};

fn told(events: &[Event], share: Share, ids: u64) -> Vec<Line> {
    let mut pipeline = Pipeline::new(Abilities::ALL, Limits::DEFAULT, Box::new(NoSymbols));
    pipeline.share(share);
    pipeline.number_from(ids);
    let mut lines: Vec<_> = events.iter().flat_map(|event| pipeline.push(event, &Table)).collect();
    lines.extend(pipeline.finish(&Table));
    lines
}

/// What tells a line from all others, whoever tells it.
fn names(lines: &[Line]) -> Vec<String> {
    let name = |line: &Line| match line {
        Line::Attempt(attempt) => Some(format!("attempt {:?} {}", attempt.remote, attempt.time)),
        Line::Reset(reset) => Some(format!("reset {:?} {}", reset.flow, reset.time)),
        _ => None,
    };
    let mut names: Vec<_> = lines.iter().filter_map(name).collect();
    names.sort();
    names
}

/// Ids of lines, and those to which lines refer.
fn ids(lines: &[Line]) -> (BTreeSet<u64>, BTreeSet<u64>) {
    let (mut own, mut linked) = (BTreeSet::new(), BTreeSet::new());
    for line in lines {
        match line {
            Line::Attempt(attempt) => {
                own.insert(attempt.id);
                linked.extend(attempt.reset);
            }
            Line::Reset(reset) => {
                own.insert(reset.id);
                linked.extend(reset.attempt);
            }
            _ => {}
        }
    }
    (own, linked)
}

/// The new one had not looked yet when this attempt began.
fn is_start(event: &Event) -> bool {
    matches!(&event.what, What::State(change) if change.old == 7 && change.new == 2)
}

proptest! {
    /// One has seen all, and the other all but the beginning of attempts: wherever they part, each line is told by one of them.
    #[test]
    fn each_line_is_told_by_one(
        mut events in stories(),
        hidden in any::<u64>(),
        at in any::<prop::sample::Index>(),
    ) {
        events.sort_by_key(|event| event.time);
        let time = at.get(&events).time;
        let seen = |(number, event): &(usize, &Event)| {
            event.time >= time || !is_start(event) || hidden & (1 << (number % 64)) == 0
        };
        let later: Vec<_> = events.iter().enumerate().filter(seen).map(|(_, event)| event.clone()).collect();
        let old = told(&events, Share { before: time, ..Share::default() }, 0);
        let new = told(&later, Share { from: time, ..Share::default() }, 1_000);
        let mut both = names(&old);
        both.extend(names(&new));
        both.sort();
        prop_assert_eq!(both, names(&told(&events, Share::default(), 0)));
        for lines in [&old, &new] {
            let (own, linked) = ids(lines);
            prop_assert!(linked.is_subset(&own), "{:?} {:?}", linked, own);
        }
        prop_assert!(ids(&old).0.is_disjoint(&ids(&new).0));
    }
}

#[test]
fn what_is_held_back_is_told_later() {
    let events = call("127.0.0.1:40000", "127.0.0.1:80").refused(S, held_by(vec![]));
    let mut pipeline = Pipeline::new(Abilities::ALL, Limits::DEFAULT, Box::new(NoSymbols));
    pipeline.share(Share { later: true, ..Share::default() });
    assert!(events.iter().all(|event| pipeline.push(event, &Table).is_empty()));
    pipeline.share(Share::default());
    let tick = event(2 * S, 1, Hook::State, What::Tick);
    assert_eq!(pipeline.push(&tick, &Table).len(), 2);
}
