//! The part of a trace that is about one scenario: a pipeline, names and an audit of its own.

use std::collections::BTreeSet;

use crate::{
    audit,
    cli::filter::Filter,
    event::{Event, What},
    line::{Line, Summary},
    run::{
        Engine as _, Source,
        live::{Host, Live},
        scope::Scope,
        select::Selection,
    },
};

/// Which events a part is given while several scenarios run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Hears {
    /// Those of its own namespaces, so that what others do at the same time is not in it.
    #[default]
    Own,
    /// All, as a trace of the whole host would: it has to tell them apart.
    All,
}

/// Nothing is taken before the scenario says that its set-up is made: what that did is not what it is about.
#[derive(Default)]
pub(super) struct Part {
    running: Option<Running>,
    lines: Vec<Line>,
    /// What was heard, but for time, where only the own namespaces are.
    heard: Vec<Event>,
}

struct Running {
    host: Host,
    selection: Selection,
    /// `None`: all.
    namespaces: Option<BTreeSet<u32>>,
}

impl Part {
    pub(super) fn begin<S: Source>(
        live: &Live<S>,
        namespaces: BTreeSet<u32>,
        hears: Hears,
        packets: bool,
    ) -> Self {
        let host = live.host(audit::Scope::Only(namespaces.clone()));
        let host = if packets { host.with_packets() } else { host };
        let selection = Selection::new(Filter::default(), Scope::Namespaces(namespaces.clone()));
        let namespaces = Some(namespaces).filter(|_| hears == Hears::Own);
        Self { running: Some(Running { host, selection, namespaces }), ..Self::default() }
    }

    /// What it was given so far.
    pub(super) fn heard(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.heard)
    }

    /// How long after the last event something may still be settled, ns.
    pub(super) fn grace_ns(&self) -> u64 {
        let grace = self.running.as_ref().map(|running| running.host.grace().as_nanos());
        u64::try_from(grace.unwrap_or(0)).unwrap_or(u64::MAX)
    }

    pub(super) fn take(&mut self, events: &[Event]) {
        let Some(Running { host, selection, namespaces }) = &mut self.running else { return };
        let mut lines = Vec::new();
        let heard = |event: &&Event| namespaces.as_ref().is_none_or(|namespaces| is_for(event, namespaces));
        for event in events.iter().filter(heard) {
            selection.observe(event);
            host.push(event, &mut lines);
            if namespaces.is_some() && !matches!(event.what, What::Tick) {
                self.heard.push(event.clone());
            }
        }
        for line in lines {
            selection.select(line, &mut self.lines);
        }
    }

    pub(super) fn finish(mut self) -> (Vec<Line>, Summary) {
        let Some(Running { mut host, mut selection, .. }) = self.running else { return Default::default() };
        let mut lines = Vec::new();
        host.finish(&mut lines);
        for line in lines {
            selection.select(line, &mut self.lines);
        }
        match self.lines.pop() {
            Some(Line::Summary(summary)) => (as_told_last(self.lines), *summary),
            other => {
                self.lines.extend(other);
                (as_told_last(self.lines), Summary::default())
            }
        }
    }
}

/// Time, losses and stacks belong to everybody; so does what came from a namespace that could not be named.
fn is_for(event: &Event, namespaces: &BTreeSet<u32>) -> bool {
    let anybody =
        matches!(event.what, What::Tick | What::Lost { .. } | What::Stack(_) | What::Unknown { .. });
    anybody || event.netns.inum == 0 || namespaces.contains(&event.netns.inum)
}

/// Without what was told again later.
fn as_told_last(lines: Vec<Line>) -> Vec<Line> {
    let mut last: Vec<Line> = Vec::new();
    for line in lines {
        let again = |told: &&mut Line| match (&line, &**told) {
            (Line::Attempt(new), Line::Attempt(old)) => new.id == old.id,
            (Line::Reset(new), Line::Reset(old)) => new.id == old.id,
            _ => false,
        };
        match last.iter_mut().find(again) {
            Some(told) => *told = line,
            None => last.push(line),
        }
    }
    last
}
