//! One lab for a class: its steps, its drawing, and what tcpx says of it at the end.

use std::io::{self, Write};

use super::{
    course::Course,
    diagram::diagram,
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
        let course = Course::of(self.look.lang);
        let teller = Teller { course, look: self.look };
        walk::show(out, &self.title())?;
        if self.view.steps {
            let mut reader =
                Reader::new(output.path.is_none()).map_err(Failure::io("starting a thread for keys"))?;
            if !reader.waits() {
                // A word to those who wonder; stderr may not take it.
                let _ = writeln!(io::stderr(), "lab: {}", course.words.straight);
            }
            let all = self.steps.len();
            let pages: Vec<Page> =
                self.steps.iter().enumerate().map(|(n, step)| teller.page(step, n + 1, all)).collect();
            if reader.walk(pages, (&course.words, self.look), out, signals).await? == Walked::Left {
                return Ok(());
            }
        }
        if self.view.diagram {
            walk::show(out, &format!("\n{}", diagram(self.steps, &course.words, self.look)))?;
        }
        walk::show(out, &self.ending(&teller)?)
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
