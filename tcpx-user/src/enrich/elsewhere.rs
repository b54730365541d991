//! Listeners in other network namespaces: for a SYN that found none in its own.

use crate::{event::Netns, who::Elsewhere};

use super::{
    budget::Budget, cache::Cache, clock::boot_now, diag, inside::inside_each, links::links, netns::Held,
};

/// Questions whose answers are kept, and for how long: a client that is refused tries again soon.
const CAPACITY: usize = 1024;
const FRESH_NS: u64 = 1_000_000_000;
/// More listeners than these on one port explain nothing better.
const MOST: usize = 16;

/// What was asked, and how much time may go into asking.
pub(crate) struct Elsewheres {
    answers: Cache<(Netns, u16), (u64, Vec<Elsewhere>)>,
    budget: Budget,
}

impl Elsewheres {
    pub(crate) fn new() -> Self {
        Self { answers: Cache::new(CAPACITY), budget: Budget::new(boot_now()) }
    }

    /// Who listens on `port` in any of the namespaces `all` but `netns`; nobody, if there is no time to ask.
    pub(crate) fn of(&mut self, netns: Netns, port: u16, all: &[Held]) -> Vec<Elsewhere> {
        let now = boot_now();
        let known = self.answers.get(&(netns, port)).filter(|(at, _)| now.saturating_sub(*at) < FRESH_NS);
        if let Some((_, answer)) = known {
            return answer.clone();
        }
        let Some(found) = self.budget.pass(|| ask(netns, port, all)) else { return Vec::new() };
        self.answers.insert((netns, port), (boot_now(), found.clone()));
        found
    }
}

fn ask(netns: Netns, port: u16, all: &[Held]) -> Vec<Elsewhere> {
    let others: Vec<Held> = all.iter().filter(|held| held.inum != netns.inum).cloned().collect();
    let answers = inside_each(&others, |_| diag::listeners_here(port));
    let found = others.iter().zip(answers).filter_map(|(held, answer)| Some((held, answer.ok()?)));
    let found = found.flat_map(|(held, list)| list.into_iter().map(move |listener| (held, listener)));
    let found: Vec<_> = found.take(MOST).collect();
    let places: Vec<Held> = found.iter().map(|(held, _)| (*held).clone()).collect();
    let own = all.iter().find(|held| held.inum == netns.inum).filter(|_| !places.is_empty());
    let links = own.map_or_else(|| vec![None; places.len()], |own| links(own, &places, all));
    let name = |held: &Held| Netns { inum: held.inum, cookie: held.cookie.unwrap_or(0) };
    let all = found.into_iter().zip(links);
    all.map(|((held, listener), link)| Elsewhere { netns: name(held), listener, link }).collect()
}
