//! One lab for a class: its steps, its drawing, and what tcpx says of it at the end.

use std::io::{self, Write};

use super::{
    course::Course,
    diagram::diagram,
    kernels::Shown,
    outcome::Outcome,
    steps::Step,
    tell::{Page, Teller},
    text,
    tracer::Played,
    walk::{self, Reader, Walked},
};
use crate::{
    cli::{
        failure::Failure,
        request::{Output, View},
    },
    run::stop::Signals,
    sink::text::{Look, Meaning},
    text::escape::escape,
};

/// What is shown, and how.
pub(super) struct Show<'a> {
    pub(super) played: &'a Played,
    pub(super) steps: &'a [Step],
    pub(super) outcome: &'a Outcome,
    pub(super) view: &'a View,
    pub(super) look: Look,
}

impl Show<'_> {
    /// Shows it. Whoever leaves early has seen enough: that is no failure.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) async fn run(
        &self,
        out: &mut dyn Write,
        output: &Output,
        signals: &mut Signals,
    ) -> Result<(), Failure> {
        let teller = self.teller();
        let course = teller.course;
        walk::show(out, &self.title())?;
        if self.view.steps {
            let mut reader =
                Reader::new(output.path.is_none()).map_err(Failure::io("starting a thread for keys"))?;
            if !reader.waits() {
                // A word to those who wonder; stderr may not take it.
                let _ = writeln!(io::stderr(), "lab: {}", course.words.straight);
            }
            if reader.walk(self.pages(&teller), (&course.words, self.look), out, signals).await?
                == Walked::Left
            {
                return Ok(());
            }
        }
        if self.view.diagram {
            walk::show(out, &self.drawn(&teller))?;
        }
        walk::show(out, &self.ending(&teller)?)
    }

    /// All that could be shown, and what it is made of.
    ///
    /// # Errors
    /// When the retelling fails.
    pub(super) fn as_data(&self) -> Result<serde_json::Value, Failure> {
        let teller = self.teller();
        let shown = Shown {
            title: self.title(),
            pages: self.pages(&teller),
            diagram: self.drawn(&teller),
            ending: self.ending(&teller)?,
        };
        let lab = super::page::lab(self.played, (self.outcome, self.steps), self.look.lang);
        Ok(serde_json::json!({ "lab": lab, "counters": self.played.counters, "shown": shown }))
    }

    fn teller(&self) -> Teller<'static> {
        Teller { course: Course::of(self.look.lang), look: self.look }
    }

    fn pages(&self, teller: &Teller<'_>) -> Vec<Page> {
        let all = self.steps.len();
        self.steps.iter().enumerate().map(|(n, step)| teller.page(step, n + 1, all)).collect()
    }

    fn drawn(&self, teller: &Teller<'_>) -> String {
        format!("\n{}", diagram(self.steps, &teller.course.words, self.look))
    }

    fn title(&self) -> String {
        let scenario = self.played.scenario;
        let title = self.look.lang.lab(scenario.title);
        let title = escape(&title);
        self.look.paint(Meaning::Cause, &self.look.signs(&format!("{}: {title}", scenario.name))) + "\n"
    }

    /// The answer as a whole, and why it is so: said only of a run that showed it.
    fn ending(&self, teller: &Teller<'_>) -> Result<String, Failure> {
        let mut text = String::from("\n");
        if self.outcome.ok {
            let why = self.look.lang.lab(self.played.scenario.about);
            text += &teller.labelled(Meaning::Plain, &teller.course.words.why, &why);
            text += "\n";
        }
        text += &text::results(self.played, self.look).map_err(Failure::io("retelling"))?;
        Ok(text + &text::judgement(self.outcome, self.look))
    }
}
