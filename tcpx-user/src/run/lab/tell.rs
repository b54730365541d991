//! Steps as text for a terminal, in halves: what is known before the question, and what it is answered by.

use super::{
    course::{Course, Words},
    steps::{Call, Fact, Step},
};
use crate::{
    lab::{Row, Table, Tables},
    sink::text::{Look, Meaning},
    text::width::{columns, pad, wrap},
};

/// Where on the screen.
const CALLS: &str = "  ";
const FACTS: &str = "    ";

/// One step, in order. What comes after the question is shown only when somebody has thought about it.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Page {
    pub(crate) before: String,
    pub(crate) asks: bool,
    pub(crate) after: String,
}

/// Tells steps.
#[derive(Clone, Copy)]
pub(crate) struct Teller<'a> {
    pub(crate) course: &'a Course,
    pub(crate) look: Look,
}

impl Teller<'_> {
    /// Step `n` of `all`.
    pub(crate) fn page(&self, step: &Step, n: usize, all: usize) -> Page {
        let words = self.words();
        let mut before =
            self.heading(&words.step.replace("{n}", &n.to_string()).replace("{all}", &all.to_string()));
        if !step.traced {
            before += &self.paragraph(Meaning::Dim, &words.setup, CALLS);
        }
        for said in &step.said {
            before += &self.paragraph(Meaning::Plain, &self.look.lang.lab(said), CALLS);
        }
        let (last, calls) =
            step.calls.split_last().map_or((None, &[][..]), |(last, calls)| (Some(last), calls));
        before.extend(calls.iter().map(|call| self.call(call)));
        let Some(question) = &step.question else {
            before.extend(last.map(|call| self.call(call)));
            return Page { before, asks: false, after: self.outcome(step) };
        };
        before.extend(last.map(|call| self.code(call, &call.begun())));
        before += &self.tables(&words.before, &step.before);
        before += "\n";
        before += &self.labelled(Meaning::Cause, &words.question, question);
        let after = last.map(|call| self.returned(call)).unwrap_or_default() + &self.outcome(step);
        Page { before, asks: true, after }
    }

    fn words(&self) -> &Words {
        &self.course.words
    }

    /// What the kernel did, and what it left.
    fn outcome(&self, step: &Step) -> String {
        let words = self.words();
        let mut text = String::new();
        if !step.path.is_empty() {
            text += &self.facts(&words.kernel, &step.path);
        } else if step.traced && step.question.is_some() {
            text += &self.title(&words.kernel);
            text += &self.paragraph(Meaning::Dim, &words.unseen, FACTS);
        }
        if !step.packets.is_empty() {
            text += &self.facts(&words.packets, &step.packets);
        }
        if !step.states.is_empty() {
            text += &self.title(&words.states);
            text.extend(step.states.iter().map(|line| self.paragraph(Meaning::Plain, line, FACTS)));
        }
        text += &self.tables_after(step);
        text.extend(
            step.then.iter().map(|said| self.paragraph(Meaning::Plain, &self.look.lang.lab(said), CALLS)),
        );
        text
    }

    fn facts(&self, title: &str, facts: &[Fact]) -> String {
        let width = if facts.iter().any(|fact| fact.who != "kernel") { 8 } else { 0 };
        let lang = self.look.lang;
        let line = |fact: &Fact| {
            let known = fact.known.map(|known| format!(" [{}]", lang.run(known))).unwrap_or_default();
            let who = if width > 0 { pad(&lang.run(&fact.who), width) } else { String::new() };
            self.hanging(&format!("{}{known}", lang.run(&fact.what)), &format!("{FACTS}{who}"), width)
        };
        self.title(title) + &facts.iter().map(line).collect::<String>()
    }

    fn hanging(&self, text: &str, first: &str, width: usize) -> String {
        let rest = format!("{FACTS}{}", " ".repeat(width + 2));
        wrap(&self.look.clean(text), self.look.width, first, &rest).join("\n") + "\n"
    }

    fn call(&self, call: &Call) -> String {
        let result = call.result.as_ref().map(|result| format!(" = {result}")).unwrap_or_default();
        self.code(call, &format!("{}{result}", call.code))
    }

    fn code(&self, call: &Call, code: &str) -> String {
        let who = self.look.clean(&call.who);
        let rest = format!("{CALLS}{}", " ".repeat(columns(&who) + 4));
        wrap(&self.look.clean(code), self.look.width, &format!("{CALLS}{who}  "), &rest).join("\n") + "\n"
    }

    /// What it gave, where it has been shown without.
    fn returned(&self, call: &Call) -> String {
        let Some(result) = &call.result else { return String::new() };
        let time = crate::sink::text::span(call.took_ns);
        let text = self.words().returns.replace("{result}", result).replace("{time}", &time);
        let meaning = if result.starts_with("-1") { Meaning::Bad } else { Meaning::Good };
        // What was received stands in the code.
        let code =
            if call.begun() == call.code { format!("{}()", call.function()) } else { call.code.clone() };
        let line = format!("{CALLS}{}  {code} {text}", self.look.clean(&call.who));
        self.look.paint(meaning, &self.look.clean(&line)) + "\n"
    }

    fn tables(&self, title: &str, all: &[std::sync::Arc<Tables>]) -> String {
        let each = all.iter().map(|tables| {
            let lines = [Table::Established, Table::Listener, Table::Bound].into_iter().flat_map(|table| {
                let rows: Vec<String> = tables.of(table).map(ToString::to_string).collect();
                let none = if table == Table::Bound && !tables.shows_bound {
                    &self.words().unknown
                } else {
                    &self.words().empty
                };
                let rows = if rows.is_empty() { vec![none.clone()] } else { rows };
                rows.into_iter()
                    .enumerate()
                    .map(move |(n, row)| self.row(if n == 0 { Some(table) } else { None }, ' ', &row))
            });
            self.title(&self.of_namespace(title, tables, all.len())) + &lines.collect::<String>()
        });
        each.collect()
    }

    /// After a question what was before has been shown; without one, both are told by what changed.
    fn tables_after(&self, step: &Step) -> String {
        if step.after.is_empty() {
            return String::new();
        }
        if !step.changed_tables() {
            return if step.question.is_some() { self.title(&self.words().unchanged) } else { String::new() };
        }
        let changed = step.after.iter().filter_map(|after| {
            let before = step.before.iter().find(|before| before.namespace == after.namespace);
            let known = before.map_or(&[][..], |before| &before.rows);
            let mut rows: Vec<(char, &Row)> =
                known.iter().filter(|row| !after.rows.contains(row)).map(|row| ('-', row)).collect();
            rows.extend(after.rows.iter().filter(|row| !known.contains(row)).map(|row| ('+', row)));
            let lines = rows.iter().map(|(sign, row)| self.row(Some(row.table), *sign, &row.to_string()));
            let lines: String = lines.collect();
            let title = self.of_namespace(&self.words().changed, after, step.after.len());
            (!lines.is_empty()).then(|| self.title(&title) + &lines)
        });
        changed.collect()
    }

    fn of_namespace(&self, title: &str, tables: &Tables, all: usize) -> String {
        if all < 2 {
            return title.to_owned();
        }
        format!("{title}, {}", self.words().namespace.replace("{name}", &tables.namespace))
    }

    fn row(&self, table: Option<Table>, sign: char, row: &str) -> String {
        let words = self.words();
        let name = match table {
            Some(Table::Established) => words.established.as_str(),
            Some(Table::Listener) => &words.listener,
            Some(Table::Bound) => &words.bound,
            None => "",
        };
        let width =
            [&words.established, &words.listener, &words.bound].iter().map(|name| columns(name)).max();
        let gap = " ".repeat(width.unwrap_or(0).saturating_sub(columns(name)) + 2);
        let first = format!("  {sign} {name}{gap}");
        let rest = " ".repeat(columns(&first) + 2);
        wrap(&self.look.clean(&self.look.lang.run(row)), self.look.width, &first, &rest).join("\n") + "\n"
    }

    fn heading(&self, text: &str) -> String {
        let rule = if self.look.unicode { "─" } else { "-" };
        let left = self.look.width.min(80).saturating_sub(columns(text) + 4);
        let line = format!("{} {text} {}", rule.repeat(2), rule.repeat(left));
        format!("\n{}\n", self.look.paint(Meaning::Cause, &line))
    }

    pub(crate) fn title(&self, text: &str) -> String {
        self.look.paint(Meaning::Dim, &format!("{CALLS}{}", self.look.clean(text))) + "\n"
    }

    pub(crate) fn labelled(&self, meaning: Meaning, label: &str, text: &str) -> String {
        let first = format!("{CALLS}{label}{}", self.look.lang.colon());
        let lines = wrap(&self.look.clean(text), self.look.width, &first, FACTS);
        lines.into_iter().map(|line| self.look.paint(meaning, &line) + "\n").collect()
    }

    fn paragraph(&self, meaning: Meaning, text: &str, indent: &str) -> String {
        let rest = format!("{indent}  ");
        let lines = wrap(&self.look.clean(text), self.look.width, indent, &rest);
        lines.into_iter().map(|line| self.look.paint(meaning, &line) + "\n").collect()
    }
}
