//! Filter and scope together. A RST or a drop that belongs to an attempt shares its fate, whichever line comes first:
//! alone it may not know what the filter asks about, such as the user.

use std::collections::{BTreeMap, VecDeque};

use super::scope::Scope;
use crate::{
    cli::filter::Filter,
    event::Event,
    line::{Line, Origin, Summary},
    verdict::{
        VerdictId,
        counts::{self, Counts},
    },
};

/// How many attempts are remembered, and how many lines wait for theirs.
const MOST: usize = 4096;

/// Lets through what is wanted, and counts it for the summary.
#[derive(Debug)]
pub struct Selection {
    filter: Filter,
    scope: Scope,
    /// Everything is wanted.
    all: bool,
    /// Attempts that were seen, by id, and whether they were kept.
    decided: BTreeMap<u64, bool>,
    /// Lines whose attempt has not come, and which are not wanted on their own.
    waiting: VecDeque<(u64, Line)>,
    tally: Tally,
}

/// What was let through.
#[derive(Debug, Default)]
struct Tally {
    attempts: Counts,
    resets: Counts,
    drops: Counts,
    deaths: Counts,
    calls: Counts,
    sent: u64,
    received: u64,
    netfilter: u64,
    unexplained: u64,
}

impl Selection {
    /// Lets through what both want.
    #[must_use]
    pub fn new(filter: Filter, scope: Scope) -> Self {
        let (decided, waiting) = (BTreeMap::new(), VecDeque::new());
        let all = filter.is_empty() && matches!(scope, Scope::Host);
        Self { filter, scope, all, decided, waiting, tally: Tally::default() }
    }

    /// Learns from an event; to be called before its lines are selected.
    pub fn observe(&mut self, event: &Event) {
        self.scope.observe(event);
    }

    /// Passes the line on, keeps it back for a while, or drops it. The summary is made to count what was let through:
    /// its comparison with the kernel's counters stays as it is, as that is about all there was.
    pub fn select(&mut self, line: Line, out: &mut Vec<Line>) {
        if self.all && !matches!(line, Line::Summary(_)) {
            return self.pass(true, line, out);
        }
        let wanted = self.scope.keeps(&line) && self.filter.keeps(&line);
        match line {
            Line::Attempt(attempt) => {
                let id = attempt.id;
                self.decide(id, wanted);
                self.pass(wanted, Line::Attempt(attempt), out);
                self.release(id, wanted, out);
            }
            Line::Summary(summary) => out.push(Line::Summary(self.tally.fill(*summary).into())),
            line => match attempt_of(&line).map(|id| (id, self.decided(id))) {
                Some((_, Some(kept))) => self.pass(wanted || kept, line, out),
                Some((id, None)) if !wanted => self.wait(id, line),
                _ => self.pass(wanted, line, out),
            },
        }
    }

    fn pass(&mut self, wanted: bool, line: Line, out: &mut Vec<Line>) {
        if wanted {
            self.tally.count(&line);
            out.push(line);
        }
    }

    fn release(&mut self, id: u64, kept: bool, out: &mut Vec<Line>) {
        if !self.waiting.iter().any(|(attempt, _)| *attempt == id) {
            return;
        }
        let (of_it, others) =
            self.waiting.drain(..).partition::<VecDeque<_>, _>(|(attempt, _)| *attempt == id);
        self.waiting = others;
        for (_, line) in of_it {
            self.pass(kept, line, out);
        }
    }

    fn decided(&self, id: u64) -> Option<bool> {
        self.decided.get(&id).copied()
    }

    fn decide(&mut self, id: u64, kept: bool) {
        if self.decided.len() == MOST {
            // Ids grow with time.
            self.decided.pop_first();
        }
        self.decided.insert(id, kept);
    }

    fn wait(&mut self, id: u64, line: Line) {
        if self.waiting.len() == MOST {
            self.waiting.pop_front();
        }
        self.waiting.push_back((id, line));
    }
}

const fn attempt_of(line: &Line) -> Option<u64> {
    match line {
        Line::Reset(reset) => reset.attempt,
        Line::Drop(drop) => drop.attempt,
        Line::Death(death) => death.attempt,
        _ => None,
    }
}

impl Tally {
    fn count(&mut self, line: &Line) {
        match line {
            Line::Attempt(attempt) => {
                attempt.was.into_iter().for_each(|id| counts::remove(&mut self.attempts, id));
                counts::add(&mut self.attempts, attempt.verdict.id);
            }
            Line::Drop(drop) => counts::add(&mut self.drops, drop.verdict.id),
            Line::Death(death) => counts::add(&mut self.deaths, death.verdict.id),
            Line::Call(call) => counts::add(&mut self.calls, call.verdict.id),
            Line::Reset(reset) if reset.was.is_some() => {
                reset.was.into_iter().for_each(|id| counts::remove(&mut self.resets, id));
                counts::add(&mut self.resets, reset.verdict.id);
            }
            Line::Reset(reset) => {
                counts::add(&mut self.resets, reset.verdict.id);
                self.unexplained += u64::from(reset.verdict.id == VerdictId::Unknown);
                self.netfilter += u64::from(reset.origin == Origin::Netfilter);
                self.sent += u64::from(matches!(reset.origin, Origin::Reply | Origin::Active));
                self.received += u64::from(reset.receiver.is_some());
            }
            Line::Start(_) | Line::Loss(_) | Line::Summary(_) => {}
        }
    }

    fn fill(&mut self, summary: Summary) -> Summary {
        let Self { attempts, resets, drops, deaths, calls, sent, received, netfilter, unexplained } =
            std::mem::take(self);
        Summary { attempts, resets, drops, deaths, calls, sent, received, netfilter, unexplained, ..summary }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cli::args::FilterArgs,
        sink::samples::{attempt, local_reset, loss, peer_reset, reset_of_attempt, start, summary},
    };

    fn selection(change: impl FnOnce(&mut FilterArgs)) -> Selection {
        let mut args = FilterArgs::default();
        change(&mut args);
        Selection::new(Filter::parse(&args).expect("a valid filter"), Scope::Host)
    }

    fn kinds(selection: &mut Selection, lines: Vec<Line>) -> Vec<&'static str> {
        let mut out = Vec::new();
        for line in lines {
            selection.select(line, &mut out);
        }
        let name = |line: &Line| match line {
            Line::Start(_) => "start",
            Line::Attempt(_) => "attempt",
            Line::Reset(_) => "reset",
            Line::Drop(_) => "drop",
            Line::Death(_) => "death",
            Line::Call(_) => "call",
            Line::Loss(_) => "loss",
            Line::Summary(_) => "summary",
        };
        out.iter().map(name).collect()
    }

    #[test]
    fn a_reset_follows_its_attempt_in_either_order() {
        let by_user = |args: &mut FilterArgs| args.uid = vec!["1000".to_owned()];
        let lines = || vec![attempt(), reset_of_attempt(), peer_reset()];
        assert_eq!(kinds(&mut selection(by_user), lines()), ["attempt", "reset"]);
        let early = vec![reset_of_attempt(), peer_reset(), attempt()];
        assert_eq!(kinds(&mut selection(by_user), early), ["attempt", "reset"]);
        let other_user = |args: &mut FilterArgs| args.uid = vec!["0".to_owned()];
        assert!(kinds(&mut selection(other_user), lines()).is_empty());
    }

    #[test]
    fn lines_about_the_trace_always_pass() {
        let mut nothing = selection(|args| args.pid = vec!["1".to_owned()]);
        assert_eq!(
            kinds(&mut nothing, vec![start(), loss(), attempt(), summary()]),
            ["start", "loss", "summary"]
        );
    }

    #[test]
    fn the_summary_counts_what_was_let_through() {
        let mut selection = selection(|args| args.comm = vec!["curl".to_owned()]);
        let mut out = Vec::new();
        for line in [attempt(), reset_of_attempt(), local_reset(), peer_reset(), summary()] {
            selection.select(line, &mut out);
        }
        let Some(Line::Summary(summary)) = out.pop() else { panic!("the summary is last") };
        assert_eq!(summary.attempts, [("listener-v4only".to_owned(), 1)].into());
        assert_eq!(summary.resets.values().sum::<u64>(), 2);
        assert_eq!((summary.sent, summary.received, summary.netfilter), (2, 2, 0));
        assert_eq!(summary.kernel["OutRsts"], 2, "what the kernel counted is not touched");
    }

    #[test]
    fn memory_is_bounded() {
        let mut selection = selection(|args| args.uid = vec!["0".to_owned()]);
        let mut out = Vec::new();
        for _ in 0..2 * MOST {
            selection.select(reset_of_attempt(), &mut out);
        }
        assert_eq!((out.len(), selection.waiting.len()), (0, MOST));
    }
}
