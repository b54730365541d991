//! One lab for a class: its steps, its drawing, and what tcpx says of it at the end.

use super::{
    course::Course,
    diagram::diagram,
    outcome::Outcome,
    steps::Step,
    tell::{Page, Teller},
    text,
    tracer::Played,
    walk::Texts,
};
use crate::{
    cli::failure::Failure,
    sink::text::{Look, Meaning},
    text::escape::escape,
};

/// What is shown, and how.
pub(super) struct Show<'a> {
    pub(super) played: &'a Played,
    pub(super) steps: &'a [Step],
    pub(super) outcome: &'a Outcome,
    pub(super) look: Look,
}

impl Show<'_> {
    /// As texts.
    ///
    /// # Errors
    /// When the retelling fails.
    pub(super) fn texts(&self) -> Result<Texts, Failure> {
        let teller = Teller { course: Course::of(self.look.lang), look: self.look };
        Ok(Texts {
            title: self.title(),
            pages: self.pages(&teller),
            diagram: self.drawn(&teller),
            ending: self.ending(&teller)?,
        })
    }

    /// All that could be shown, and what it is made of.
    ///
    /// # Errors
    /// When the retelling fails.
    pub(super) fn as_data(&self) -> Result<serde_json::Value, Failure> {
        let lab = super::page::lab(self.played, (self.outcome, self.steps), self.look.lang);
        Ok(serde_json::json!({ "lab": lab, "counters": self.played.counters, "shown": self.texts()? }))
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
