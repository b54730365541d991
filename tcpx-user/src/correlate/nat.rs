//! Flows that conntrack translates: one connection has one name at the caller's end and another at the other end, and each
//! namespace on its way may give it one more.

use std::sync::Arc;

use super::{key::Seen, recent::Recent};
use crate::event::{Ends, Nat};

/// A translation, with where and when it was seen.
pub type Translation = Arc<Seen<Nat>>;

/// So many namespaces on one way may translate it; a rule of nftables that leads in a circle has no end.
const MAX_STEPS: usize = 4;

/// Translations not long ago, by both names of the flow.
#[derive(Debug)]
pub struct Translations {
    by_original: Recent<Ends, Translation>,
    by_translated: Recent<Ends, Translation>,
}

/// Another name of a flow.
#[derive(Clone, Debug)]
pub struct Alias {
    /// The name.
    pub flow: Ends,
    /// How it came to it, in the order in which the caller's segments pass them.
    pub steps: Vec<Translation>,
}

/// Which connection is asked about, among those that have had the same name.
#[derive(Clone, Copy, Debug, Default)]
pub struct Which {
    /// Initial sequence number of the caller, if known.
    pub isn: Option<u32>,
    /// Not before this.
    pub since: u64,
}

impl Which {
    fn is(self, seen: &Seen<Nat>) -> bool {
        let number = self.isn.zip(seen.what.isn).is_none_or(|(a, b)| a == b);
        number && seen.time >= self.since
    }
}

impl Translations {
    /// At most `limit` are remembered.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { by_original: Recent::new(limit), by_translated: Recent::new(limit) }
    }

    /// Entries.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.by_original.len() + self.by_translated.len()
    }

    /// A translation was seen. Several hooks tell the same one; the first is kept, but one that tells more replaces it.
    pub fn insert(&mut self, seen: Seen<Nat>) {
        let Nat { original, translated, .. } = seen.what;
        if original == translated || self.knows(&seen) {
            return;
        }
        let (time, seen) = (seen.time, Arc::new(seen));
        self.by_original.insert(original, time, Arc::clone(&seen));
        self.by_translated.insert(translated, time, seen);
    }

    fn knows(&self, seen: &Seen<Nat>) -> bool {
        let newest = self.by_original.get(seen.what.original).next_back().map(|entry| &entry.1);
        newest.is_some_and(|known| {
            let same = known.what.translated == seen.what.translated && known.netns == seen.netns;
            let number = seen.what.isn.is_none() || known.what.isn == seen.what.isn;
            same && number && (seen.what.holders.is_none() || known.what.holders.is_some())
        })
    }

    /// What became of a flow on the caller's way to the other end.
    #[must_use]
    pub fn onward(&self, flow: Ends, which: Which) -> Vec<Translation> {
        let mut steps: Vec<Translation> = Vec::new();
        let mut at = flow;
        while let Some(step) = newest(&self.by_original, at, which).filter(|_| steps.len() < MAX_STEPS) {
            at = step.what.translated;
            steps.push(Arc::clone(step));
        }
        steps
    }

    /// What a flow was before, back towards the caller.
    fn back(&self, flow: Ends, which: Which) -> Vec<Translation> {
        let mut steps: Vec<Translation> = Vec::new();
        let mut at = flow;
        while let Some(step) = newest(&self.by_translated, at, which).filter(|_| steps.len() < MAX_STEPS) {
            at = step.what.original;
            steps.push(Arc::clone(step));
        }
        steps.reverse();
        steps
    }

    /// All other names of a flow, whichever way it runs.
    #[must_use]
    pub fn aliases(&self, flow: Ends, which: Which) -> Vec<Alias> {
        if self.by_original.len() == 0 {
            return Vec::new();
        }
        let of_caller = self.of_caller(flow, which);
        let from_server = self.of_caller(flow.flipped(), which).into_iter();
        let flipped = from_server.map(|alias| Alias { flow: alias.flow.flipped(), ..alias });
        of_caller.into_iter().chain(flipped).collect()
    }

    /// All other names of a flow whose source is the caller.
    fn of_caller(&self, flow: Ends, which: Which) -> Vec<Alias> {
        let (onward, back) = (self.onward(flow, which), self.back(flow, which));
        let later = (0..onward.len())
            .map(|at| Alias { flow: onward[at].what.translated, steps: onward[..=at].to_vec() });
        let earlier =
            (0..back.len()).map(|at| Alias { flow: back[at].what.original, steps: back[at..].to_vec() });
        later.chain(earlier).collect()
    }
}

fn newest(table: &Recent<Ends, Translation>, flow: Ends, which: Which) -> Option<&Translation> {
    table.get(flow).map(|entry| &entry.1).rfind(|seen| which.is(seen))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Backend, Netns, Task};

    fn ends(a: &str, b: &str) -> Ends {
        Ends { a: a.parse().expect("an address"), b: b.parse().expect("an address") }
    }

    fn seen(time: u64, original: Ends, translated: Ends, isn: Option<u32>) -> Seen<Nat> {
        Seen {
            time,
            netns: Netns::default(),
            task: Task::default(),
            backend: Backend::Kprobe,
            in_scope: false,
            stack: Vec::new(),
            what: Nat { original, translated, isn, holders: None },
        }
    }

    #[test]
    fn a_flow_that_is_translated_twice_has_three_names_and_each_leads_to_the_others() {
        let names = [
            ends("10.0.0.1:1", "10.96.0.1:80"),
            ends("10.0.0.1:1", "10.1.0.1:80"),
            ends("10.0.0.9:7", "10.1.0.1:81"),
        ];
        let mut table = Translations::new(8);
        table.insert(seen(1, names[0], names[1], Some(5)));
        table.insert(seen(2, names[1], names[2], Some(5)));
        for (at, name) in names.iter().enumerate() {
            let others: Vec<Ends> =
                table.aliases(*name, Which::default()).iter().map(|alias| alias.flow).collect();
            let flipped: Vec<Ends> = table
                .aliases(name.flipped(), Which::default())
                .iter()
                .map(|alias| alias.flow.flipped())
                .collect();
            for (other, flow) in names.iter().enumerate() {
                assert_eq!(others.contains(flow), other != at, "{at} to {other}");
            }
            assert_eq!(others, flipped);
        }
    }

    #[test]
    fn an_older_connection_of_the_same_name_is_another_one() {
        let (a, b, c) = (
            ends("10.0.0.1:1", "10.96.0.1:80"),
            ends("10.0.0.1:1", "10.1.0.1:80"),
            ends("10.0.0.1:1", "10.1.0.2:80"),
        );
        let mut table = Translations::new(8);
        table.insert(seen(1, a, b, Some(5)));
        table.insert(seen(9, a, c, Some(6)));
        let of = |which| table.onward(a, which).first().map(|step| step.what.translated);
        assert_eq!(of(Which { isn: Some(5), since: 0 }), Some(b));
        assert_eq!(of(Which { isn: Some(6), since: 0 }), Some(c));
        assert_eq!(of(Which { isn: Some(5), since: 2 }), None);
    }

    #[test]
    fn a_circle_ends() {
        let (a, b) = (ends("10.0.0.1:1", "10.96.0.1:80"), ends("10.0.0.1:1", "10.1.0.1:80"));
        let mut table = Translations::new(8);
        table.insert(seen(1, a, b, None));
        table.insert(seen(1, b, a, None));
        assert_eq!(table.onward(a, Which::default()).len(), MAX_STEPS);
    }
}
