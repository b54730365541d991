//! The engine of a replay: the pipeline, answered by the recording.

use std::{rc::Rc, sync::Arc, time::Duration};

use super::End;
use crate::{
    correlate::Limits,
    event::Event,
    line::Line,
    pipeline::Pipeline,
    record::{Facts, SymbolTable, Told},
    run::{Engine, judge::judge},
    verdict::VerdictId,
};

/// Makes lines of a recording's events.
pub struct Replayed {
    pipeline: Pipeline,
    told: Rc<Told>,
    end: Rc<End>,
}

impl Replayed {
    pub(super) fn new(facts: &Facts, told: Rc<Told>, symbols: Arc<SymbolTable>, end: Rc<End>) -> Self {
        let pipeline = Pipeline::new(facts.abilities, Limits::DEFAULT, Box::new(symbols));
        Self { pipeline, told, end }
    }
}

impl Replayed {
    /// Its lines carry packets.
    #[must_use]
    pub fn with_packets(self) -> Self {
        Self { pipeline: self.pipeline.with_packets(), ..self }
    }

    /// Lines of other verdicts are not made, as nobody wants them ([`Pipeline::telling_only`]).
    #[must_use]
    pub fn telling_only(self, verdicts: Vec<VerdictId>) -> Self {
        Self { pipeline: self.pipeline.telling_only(verdicts), ..self }
    }
}

impl Engine for Replayed {
    fn push(&mut self, event: &Event, lines: &mut Vec<Line>) {
        self.told.advance();
        judge(&mut self.pipeline, event, &*self.told, lines);
    }

    /// All that belongs together has been read.
    fn grace(&self) -> Duration {
        Duration::ZERO
    }

    fn finish(&mut self, lines: &mut Vec<Line>) {
        self.told.advance_to_end();
        lines.extend(self.pipeline.finish(&*self.told));
        lines.push(Line::Summary(Box::new(self.end.summed().add_to(self.pipeline.summary().clone()))));
    }
}
