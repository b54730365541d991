//! A report: one self-contained page that tells of a recording. Counts are exact, details a fair choice, memory is bounded however
//! long the recording is.
//!
//! [`Report`] takes lines as a sink does and counts them ([`told`], [`tally`], [`timeline`]), and keeps some in full
//! ([`sample`], [`detail`]). [`page`] puts what came of it into the page, whose own code is in `report/page/`.

pub mod detail;
pub(crate) mod embed;
mod group;
pub mod losses;
pub mod page;
pub mod sample;
pub mod tally;
#[cfg(test)]
mod tests;
pub mod timeline;
pub mod told;

use std::{cell::RefCell, collections::BTreeMap, io, rc::Rc};

use crate::{
    line::{Line, Start, Summary},
    sink::Sink,
    verdict::VerdictId,
};
use group::Group;
use sample::{Bounds, Sample, StratumId};
use timeline::Timeline;
use told::{Kind, Told, Track};

/// With all else, the page stays below 5 MB.
const DETAILS: Bounds = Bounds { texts: 3_000, bytes: 3_600_000, longest: 24_000 };
/// A kind, a verdict and a process have a stratum of their own while there are fewer than this.
const STRATA: usize = 1_000;

/// All that a page tells.
#[derive(Debug)]
pub struct Report {
    start: Option<Start>,
    summary: Option<Summary>,
    lost: BTreeMap<String, u64>,
    groups: BTreeMap<(Kind, VerdictId), Group>,
    timeline: Timeline,
    span: Option<(String, String)>,
    /// Lines that say of themselves that something may be missing, and those that cannot say.
    touched: (u64, u64),
    sample: Sample,
    told: u64,
}

impl Default for Report {
    fn default() -> Self {
        Self::new(DETAILS)
    }
}

impl Report {
    fn new(details: Bounds) -> Self {
        Self {
            start: None,
            summary: None,
            lost: BTreeMap::new(),
            groups: BTreeMap::new(),
            timeline: Timeline::default(),
            span: None,
            touched: (0, 0),
            sample: Sample::new(details),
            told: 0,
        }
    }

    /// Takes one line.
    pub fn take(&mut self, line: &Line) {
        match line {
            Line::Start(start) => self.start = Some(Start::clone(start)),
            Line::Summary(summary) => self.summary = Some(Summary::clone(summary)),
            Line::Loss(loss) => *self.lost.entry(loss.hook.clone()).or_default() += loss.count,
            line => {
                if let Some(told) = Told::of(line) {
                    self.tell(&told, line);
                }
            }
        }
    }

    fn tell(&mut self, told: &Told<'_>, line: &Line) {
        if !self.forget(told) {
            self.count(told);
        }
        let group = self.groups.entry((told.kind, told.verdict)).or_default();
        group.add(told);
        let stratum = group.stratum(told.process, &mut self.sample, STRATA);
        let number = sample::number(told.belongs_to);
        self.sample.offer(stratum, number, told.id, || detail::detail(line));
    }

    /// What counts once, however often a line is told.
    fn count(&mut self, told: &Told<'_>) {
        self.told += 1;
        self.touched.0 += u64::from(told.complete == Some(false));
        self.touched.1 += u64::from(told.complete.is_none());
        if let Some(time) = told.time_ns() {
            self.timeline.add(time, told.track);
        }
        match &mut self.span {
            None => self.span = Some((told.time.to_owned(), told.time.to_owned())),
            // RFC 3339 with nine digits, in UTC: sorts as text.
            Some((first, _)) if told.time < first.as_str() => told.time.clone_into(first),
            Some((_, last)) if told.time > last.as_str() => told.time.clone_into(last),
            Some(_) => {}
        }
    }

    /// Takes back what a line that is told again had told; true if it had.
    fn forget(&mut self, told: &Told<'_>) -> bool {
        let Some(was) = told.was else { return false };
        // With a filter for the later verdict it was never shown.
        let Some(group) = self.groups.get_mut(&(told.kind, was)).filter(|group| group.count() > 0) else {
            return false;
        };
        group.remove(told);
        let stratum = group.stratum(told.process, &mut self.sample, STRATA);
        self.sample.withdraw(stratum, sample::number(told.belongs_to), told.id);
        if group.count() == 0 {
            self.groups.remove(&(told.kind, was));
        }
        true
    }
}

/// A report that a session fills: its sink, of which the session's caller keeps a copy.
#[derive(Clone, Debug, Default)]
pub struct Collector(Rc<RefCell<Report>>);

impl Collector {
    /// Lets `use_it` have the report.
    pub fn with<T>(&self, use_it: impl FnOnce(&Report) -> T) -> T {
        use_it(&self.0.borrow())
    }
}

impl Sink for Collector {
    fn line(&mut self, line: &Line) -> io::Result<()> {
        self.0.borrow_mut().take(line);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn shown(&self) -> u64 {
        self.0.borrow().told
    }
}
