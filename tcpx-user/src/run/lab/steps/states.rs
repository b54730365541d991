//! How sockets changed state, as the kernel told of each change.

use std::{borrow::Cow, collections::BTreeMap};

use tcpx_common::abi::state::CLOSE;

use crate::{
    event::{Ends, SockPtr, StateChange, What},
    line::Line,
    run::lab::tracer::Played,
    text::state::state_name,
};

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    subject: String,
    from: String,
    to: String,
}

/// All changes with their times on the script's clock.
pub(super) fn all(played: &Played) -> Vec<(u64, Change)> {
    let lives: Vec<_> = lives(changes(played)).collect();
    let mut names = BTreeMap::new();
    for (_, change, life) in &lives {
        // At the first change the socket may have no port yet, at the last one none any more.
        if change.ends.a.port() != 0 {
            names.insert(*life, (change.ends, owner(played, change)));
        }
    }
    lives
        .iter()
        .map(|(time, change, life)| {
            let at = time.saturating_sub(played.suspended);
            let (from, to) = (name(change.old), name(change.new));
            (at, Change { subject: subject(names.get(life), change), from, to })
        })
        .collect()
}

/// A socket's address, and which of the sockets that had it in turn: the kernel gives memory that it has back to the next one.
type Life = (SockPtr, usize);

/// Changes with the life that each belongs to: one ends at CLOSE, and what leaves CLOSE begins another.
fn lives<'a>(
    changes: impl Iterator<Item = (u64, Cow<'a, StateChange>)>,
) -> impl Iterator<Item = (u64, Cow<'a, StateChange>, Life)> {
    let mut ended: BTreeMap<SockPtr, usize> = BTreeMap::new();
    changes.map(move |(time, change)| {
        let ended = ended.entry(change.sk).or_default();
        let life = (change.sk, *ended);
        *ended += usize::from(change.new == CLOSE);
        (time, change, life)
    })
}

fn changes(played: &Played) -> impl Iterator<Item = (u64, Cow<'_, StateChange>)> {
    played.events.iter().filter_map(|event| match &event.what {
        What::State(change) => Some((event.time, Cow::Borrowed(&**change))),
        What::ReceiveReset(reset) => reset.refusal().map(|change| (event.time, Cow::Owned(change))),
        _ => None,
    })
}

/// Adds a change to the lines of a step: a line for each socket, its states in their order.
pub(super) fn add(lines: &mut Vec<String>, change: Change) {
    let Change { subject, from, to } = change;
    let continued = format!(" {from}");
    let before = lines.iter_mut().find(|line| line.starts_with(&subject) && line.ends_with(&continued));
    match before {
        Some(line) => line.extend([" → ", &to]),
        None => lines.push(format!("{subject}: {from} → {to}")),
    }
}

fn subject(known: Option<&(Ends, Option<String>)>, change: &StateChange) -> String {
    let (ends, owner) = known.cloned().unwrap_or((change.ends, None));
    let owner = owner.map(|owner| format!("{owner} ")).unwrap_or_default();
    if ends.b.port() == 0 {
        format!("{owner}{}", ends.a)
    } else {
        format!("{owner}{} ↔ {}", ends.a, ends.b)
    }
}

/// Whose attempt the socket belongs to. That of a server has no line that says whose it is.
fn owner(played: &Played, change: &StateChange) -> Option<String> {
    played.lines.iter().find_map(|line| match line {
        Line::Attempt(attempt) => {
            let same =
                attempt.local == Some(change.ends.a.into()) && attempt.remote == Some(change.ends.b.into());
            attempt.process.as_ref().filter(|_| same).map(|process| process.comm.clone())
        }
        _ => None,
    })
}

fn name(state: u8) -> String {
    state_name(state).map_or_else(|| format!("state {state}"), str::to_owned)
}
