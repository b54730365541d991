//! Events in, lines out: what live, replay, lab and tests share.

mod share;

use std::{collections::VecDeque, sync::Arc};

pub use share::Share;

use crate::{
    abilities::Abilities,
    assemble::{self, Names},
    correlate::{
        Correlator, Limits,
        facts::{AttemptFacts, CallFacts, DeathFacts, DropFacts, ResetFacts, Settled},
    },
    decode::Symbols,
    event::Event,
    line::{self, Line, Loss, Origin, Summary},
    verdict::{
        VerdictId,
        counts::{self, Counts},
        rules::{self, Context, Finding},
        told::Told,
    },
    who::Who,
};

/// Correlation, verdict and assembly, with the counts for the summary.
pub struct Pipeline {
    correlator: Correlator,
    symbols: Box<dyn Symbols + Send>,
    summary: Summary,
    told: Told,
    packets: bool,
    /// Of other verdicts no line is wanted, unless one belongs to an attempt that has one of these. Empty: all are wanted.
    only: Vec<VerdictId>,
    /// The attempt that is told next, judged before it was its turn.
    judged: Option<(u64, Finding)>,
    share: Share,
    /// Attempts below this id are told by whom this pipeline takes over from,
    first: u64,
    /// and of those above it these.
    others: VecDeque<u64>,
}

/// So many are remembered, for lines that would refer to them.
const MOST_OTHERS: usize = 4096;

impl Pipeline {
    /// Nothing seen yet.
    #[must_use]
    pub fn new(abilities: Abilities, limits: Limits, symbols: Box<dyn Symbols + Send>) -> Self {
        let correlator = Correlator::new(abilities, limits);
        let (summary, told) = (Summary::default(), Told::default());
        Self {
            correlator,
            symbols,
            summary,
            told,
            packets: false,
            only: Vec::new(),
            judged: None,
            share: Share::default(),
            first: 0,
            others: VecDeque::new(),
        }
    }

    /// Lines carry the packets that they belong to.
    #[must_use]
    pub fn with_packets(self) -> Self {
        Self { packets: true, ..self }
    }

    /// Lines that have none of these verdicts are not made, where that is known when they would be. They are counted all the same.
    #[must_use]
    pub fn telling_only(self, verdicts: Vec<VerdictId>) -> Self {
        Self { only: verdicts, ..self }
    }

    /// Takes one event; returns what is settled by it.
    pub fn push(&mut self, event: &Event, who: &dyn Who) -> Vec<Line> {
        let mut lines = Vec::new();
        self.push_to(event, who, &mut lines);
        lines
    }

    /// The same; appends it.
    pub fn push_to(&mut self, event: &Event, who: &dyn Who, lines: &mut Vec<Line>) {
        self.correlator.push(event);
        if event.time < self.share.from {
            self.first = self.correlator.next_id();
        }
        self.tell(who, lines);
    }

    /// No event will come any more; returns what was still open.
    pub fn finish(&mut self, who: &dyn Who) -> Vec<Line> {
        self.correlator.finish();
        // Nobody else will.
        self.share.later = false;
        let mut lines = Vec::new();
        self.tell(who, &mut lines);
        lines
    }

    /// Counts of the lines so far. What only the kernel's counters tell (`kernel`, `unaccounted`) is empty.
    #[must_use]
    pub const fn summary(&self) -> &Summary {
        &self.summary
    }

    /// What it tells from now on, where another one watches the same host.
    pub const fn share(&mut self, share: Share) {
        self.share = share;
    }

    /// Ids of what is seen from now on are not below this one.
    pub fn number_from(&mut self, id: u64) {
        self.correlator.number_from(id);
    }

    /// The tables behind it.
    #[must_use]
    pub const fn correlator(&self) -> &Correlator {
        &self.correlator
    }

    fn tell(&mut self, who: &dyn Who, lines: &mut Vec<Line>) {
        if self.share.later {
            return;
        }
        self.leave();
        while let Some(settled) = self.correlator.pop() {
            if !self.share.has(&settled) {
                continue;
            }
            lines.extend(match settled {
                Settled::AttemptAgain(facts) => self.attempt_again(&facts, who),
                Settled::ResetAgain(facts) => self.reset_again(&facts, who),
                Settled::Attempt(facts) => self.attempt(&facts, who),
                Settled::Reset(facts) => self.reset(&facts, who),
                Settled::Drop(facts) => Some(self.drop(&facts, who)),
                Settled::Death(facts) => Some(self.death(&facts, who)),
                Settled::Call(facts) => Some(self.call(&facts, who)),
                Settled::Loss { hook, count } => Some(self.loss(hook.map(crate::event::Hook::name), count)),
            });
        }
    }

    fn context<'a>(&'a self, who: &'a dyn Who) -> Context<'a> {
        Context {
            abilities: self.correlator.abilities(),
            who,
            symbols: self.symbols.as_ref(),
            told: &self.told,
        }
    }

    fn names<'a>(&'a self, who: &'a dyn Who) -> Names<'a> {
        let counts_misses = !self.correlator.abilities().misses_uncounted;
        Names { who, symbols: self.symbols.as_ref(), counts_misses, packets: self.packets }
    }

    fn is_wanted(&self, verdict: VerdictId) -> bool {
        self.only.is_empty() || self.only.contains(&verdict)
    }

    /// Whether the line of a RST may be wanted for its attempt's sake. It is told before it: then both are at hand.
    fn is_wanted_with_attempt(&mut self, reset: &ResetFacts, who: &dyn Who) -> bool {
        let Some(id) = reset.attempt else { return false };
        let Some(Settled::Attempt(attempt)) = self.correlator.settled().next() else { return true };
        if attempt.id != id {
            return true;
        }
        let finding = rules::attempt(attempt, &self.context(who));
        let wanted = self.is_wanted(finding.id);
        self.judged = Some((id, finding));
        wanted
    }

    fn attempt(&mut self, facts: &AttemptFacts, who: &dyn Who) -> Option<Line> {
        let judged = self.judged.take().filter(|judged| judged.0 == facts.id);
        let finding =
            judged.map_or_else(|| rules::attempt(facts, &self.context(who)), |(_, finding)| finding);
        counts::add(&mut self.summary.attempts, finding.id);
        if !self.is_wanted(finding.id) {
            return None;
        }
        let line = assemble::attempt(facts, finding, &self.names(who));
        let reset = facts.reset.as_ref().filter(|reset| self.share.has_time(reset.time()));
        Some(Line::Attempt(Box::new(line::Attempt { reset: reset.map(|reset| reset.id), ..line })))
    }

    fn reset(&mut self, facts: &Arc<ResetFacts>, who: &dyn Who) -> Option<Line> {
        let finding = rules::reset(facts, &self.context(who));
        self.told.remember(facts, &finding);
        counts::add(&mut self.summary.resets, finding.id);
        match assemble::origin(facts.sender.as_ref()) {
            Origin::Reply | Origin::Active => self.summary.sent += 1,
            Origin::Netfilter => self.summary.netfilter += 1,
            Origin::Elsewhere => {}
        }
        self.summary.received += u64::from(facts.receiver.is_some());
        self.summary.unexplained += u64::from(finding.id == VerdictId::Unknown);
        if !self.is_wanted(finding.id) && !self.is_wanted_with_attempt(facts, who) {
            return None;
        }
        let line = assemble::reset(facts, finding, &self.names(who));
        Some(Line::Reset(Box::new(line::Reset { attempt: self.told_here(line.attempt), ..line })))
    }

    /// Remembers attempts that somebody else tells, before any line that would refer to one.
    fn leave(&mut self) {
        for settled in self.correlator.settled() {
            if let Settled::Attempt(facts) = settled
                && !self.share.has(settled)
            {
                self.others.truncate(MOST_OTHERS - 1);
                self.others.push_front(facts.id);
            }
        }
    }

    /// An attempt that is told by this pipeline: another's ids mean nothing here.
    fn told_here(&self, attempt: Option<u64>) -> Option<u64> {
        let own = |id: &u64| {
            let begun = self.share.from == 0 || self.correlator.saw_begin(*id);
            *id >= self.first && begun && !self.others.contains(id)
        };
        attempt.filter(own)
    }

    /// A RST that was told as a closed port, now that a listener has appeared: the same line, with another verdict.
    fn reset_again(&mut self, facts: &ResetFacts, who: &dyn Who) -> Option<Line> {
        let before = rules::reset(&without_listener(facts), &self.context(who)).id;
        let finding = rules::reset(facts, &self.context(who));
        if before != VerdictId::ClosedPort || finding.id == before {
            return None;
        }
        recount(&mut self.summary.resets, before, finding.id);
        let line = assemble::reset(facts, finding, &self.names(who));
        Some(Line::Reset(Box::new(line::Reset { was: Some(before), ..line })))
    }

    /// Its attempt.
    fn attempt_again(&mut self, facts: &AttemptFacts, who: &dyn Who) -> Option<Line> {
        let told = facts.reset.as_ref().map(|reset| Arc::new(without_listener(reset)));
        let before = rules::attempt(&AttemptFacts { reset: told, ..facts.clone() }, &self.context(who)).id;
        let finding = rules::attempt(facts, &self.context(who));
        if before != VerdictId::ClosedPort || finding.id == before {
            return None;
        }
        recount(&mut self.summary.attempts, before, finding.id);
        let line = assemble::attempt(facts, finding, &self.names(who));
        Some(Line::Attempt(Box::new(line::Attempt { was: Some(before), ..line })))
    }

    fn drop(&mut self, facts: &DropFacts, who: &dyn Who) -> Line {
        let finding = rules::drop(facts, &self.context(who));
        counts::add(&mut self.summary.drops, finding.id);
        let line = assemble::drop(facts, finding, &self.names(who));
        Line::Drop(Box::new(line::DropLine { attempt: self.told_here(line.attempt), ..line }))
    }

    fn death(&mut self, facts: &DeathFacts, who: &dyn Who) -> Line {
        let finding = rules::death(facts, &self.context(who));
        counts::add(&mut self.summary.deaths, finding.id);
        let line = assemble::death(facts, finding, &self.names(who));
        Line::Death(Box::new(line::Death { attempt: self.told_here(line.attempt), ..line }))
    }

    fn call(&mut self, facts: &CallFacts, who: &dyn Who) -> Line {
        let finding = rules::call(facts, &self.context(who));
        counts::add(&mut self.summary.calls, finding.id);
        Line::Call(Box::new(assemble::call(facts, finding, &self.names(who))))
    }

    fn loss(&mut self, hook: Option<&str>, count: u64) -> Line {
        self.summary.lost.kernel += count;
        Line::Loss(Loss { hook: hook.unwrap_or("unknown").to_owned(), stage: "kernel".to_owned(), count })
    }
}

/// What was known when it was told first.
fn without_listener(facts: &ResetFacts) -> ResetFacts {
    ResetFacts { appeared: None, ..facts.clone() }
}

/// It counts once, as what it was told last.
fn recount(counts: &mut Counts, before: VerdictId, now: VerdictId) {
    counts::remove(counts, before);
    counts::add(counts, now);
}

#[cfg(test)]
pub(crate) mod tests;
