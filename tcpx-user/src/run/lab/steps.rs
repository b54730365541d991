//! One run of a scenario as steps for a class: what programs did, what the kernel did then, which packets went, how the
//! sockets changed, and what was in the socket tables before and after. Everything comes from the script of this run and
//! from its events; where something was not seen, the step has no line for it.

mod packets;
mod states;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::Serialize;

use super::{
    course::Course,
    retell::{Told, function_of, kernel},
    tracer::Played,
};
use crate::{
    lab::{Tables, What},
    text::lang::Lang,
};

/// One step: some calls of one program, of which the last changed something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Step {
    /// What the scenario says of it.
    pub(crate) said: Vec<String>,
    /// What it says afterwards.
    pub(crate) then: Vec<String>,
    /// What the program did.
    pub(crate) calls: Vec<Call>,
    /// What is to be guessed before the last call's result is shown.
    pub(crate) question: Option<String>,
    /// What happened in the kernel, and at a peer that is none.
    pub(crate) path: Vec<Fact>,
    /// What is known of the packets.
    pub(crate) packets: Vec<Fact>,
    /// State changes, by socket.
    pub(crate) states: Vec<String>,
    /// The tables before, one for each namespace.
    pub(crate) before: Vec<Arc<Tables>>,
    /// The tables after, likewise.
    pub(crate) after: Vec<Arc<Tables>>,
    /// The events of this step were listened to: it is no part of the set-up.
    pub(crate) traced: bool,
    /// When it began, on the script's clock, ns.
    began_ns: u64,
}

/// A system call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Call {
    /// Command name and process id.
    pub(crate) who: String,
    /// The call with its arguments, as code.
    pub(crate) code: String,
    /// What it returned.
    pub(crate) result: Option<String>,
    /// How long it took, ns.
    pub(crate) took_ns: u64,
}

/// Something that happened, and how that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Fact {
    /// `kernel` or `peer`.
    pub(crate) who: String,
    /// What.
    pub(crate) what: String,
    /// `observed` or `derived`.
    pub(crate) known: Option<&'static str>,
    /// When, on the script's clock, ns.
    #[serde(skip)]
    pub(crate) at_ns: u64,
    /// Among what has the same time: what came in is told before what is made of it, and that before what goes out.
    #[serde(skip)]
    pub(crate) rank: u8,
}

/// Ranks of what the kernel did.
pub(crate) const CAME: u8 = 0;
pub(crate) const DONE: u8 = 1;
pub(crate) const WENT: u8 = 2;

impl Fact {
    /// What happened in the words of a language; who it was and how it is known are marks that a reader of the page translates.
    pub(crate) fn in_language(&self, lang: Lang) -> Self {
        Self { what: lang.run(&self.what).into_owned(), ..self.clone() }
    }
}

impl Call {
    /// The code before it has returned: what recv() was given is not known yet.
    pub(crate) fn begun(&self) -> String {
        match (self.code.find('"'), self.code.rfind('"')) {
            (Some(from), Some(to)) if self.code.starts_with("recv(") && from < to => {
                format!("{}buffer{}", &self.code[..from], &self.code[to + 1..])
            }
            _ => self.code.clone(),
        }
    }

    /// The name of the function, such as `connect`.
    pub(crate) fn function(&self) -> String {
        function_of(&self.code).trim_end_matches("()").to_owned()
    }

    /// The command name alone.
    pub(crate) fn comm(&self) -> &str {
        self.who.split('[').next().unwrap_or_default()
    }
}

impl Step {
    /// The tables are not what they were.
    pub(crate) fn changed_tables(&self) -> bool {
        self.before != self.after
    }
}

/// The steps of this run, with the questions of the course.
pub(crate) fn steps(played: &Played, course: &Course) -> Vec<Step> {
    let mut steps = calls(played);
    let kernel = kernel(played).into_iter().filter_map(|(at, told)| match told {
        Told::Step { who, what, known } => Some(Fact { who, what, known, at_ns: at, rank: DONE }),
        Told::Heading(_) => None,
    });
    place(&mut steps, kernel.chain(peer(played)).collect(), |step| &mut step.path);
    place(&mut steps, packets::all(played), |step| &mut step.packets);
    for (at, change) in states::all(played) {
        let step = step_at(&steps, at);
        if let Some(step) = step.and_then(|step| steps.get_mut(step)) {
            states::add(&mut step.states, change);
        }
    }
    let steps = joined(steps);
    asked(steps, played, course)
}

/// Gives each fact to the step during which it happened.
fn place(steps: &mut [Step], mut facts: Vec<Fact>, list: impl Fn(&mut Step) -> &mut Vec<Fact>) {
    facts.sort_by_key(|fact| fact.at_ns);
    for fact in facts {
        if let Some(step) = step_at(steps, fact.at_ns).and_then(|step| steps.get_mut(step)) {
            list(step).push(fact);
        }
    }
}

/// The last step that had begun by then; what comes before all belongs to the first.
fn step_at(steps: &[Step], at: u64) -> Option<usize> {
    let begun = steps.iter().rposition(|step| step.began_ns <= at);
    begun.or_else(|| (!steps.is_empty()).then_some(0))
}

/// What went through a peer that is no kernel.
fn peer(played: &Played) -> impl Iterator<Item = Fact> {
    played.script.iter().filter_map(|line| match &line.what {
        What::Packet { sent, text } => {
            let what = format!("{} {text}", if *sent { "sends" } else { "receives" });
            Some(Fact { who: "peer".to_owned(), what, known: None, at_ns: line.at_ns, rank: DONE })
        }
        _ => None,
    })
}

/// A step for each call of the script, with the tables around it.
fn calls(played: &Played) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut next = Step::default();
    let mut now: Vec<Arc<Tables>> = Vec::new();
    let mut traced = false;
    for line in &played.script {
        match &line.what {
            What::Ready => traced = true,
            What::Step(text) => next.said.push(text.clone()),
            What::Tables(tables) => {
                set(&mut now, tables);
                if let Some(last) = steps.last_mut() {
                    last.after.clone_from(&now);
                }
            }
            // What the peer begins is a step: after something was said of it, or when the set-up is made.
            What::Packet { .. }
                if !next.said.is_empty() || steps.last().is_none_or(|last| last.traced != traced) =>
            {
                let (before, after, began_ns) = (now.clone(), now.clone(), line.at_ns);
                steps.push(Step { before, after, traced, began_ns, ..std::mem::take(&mut next) });
            }
            What::Packet { .. } => {}
            What::Call { comm, pid, text, ended_ns } => {
                let (code, result) = match text.rsplit_once(" = ") {
                    Some((code, result)) => (code.to_owned(), Some(result.to_owned())),
                    None => (text.clone(), None),
                };
                let took_ns = ended_ns.saturating_sub(line.at_ns);
                let who = format!("{comm}[{pid}]");
                let calls = vec![Call { who, code, result, took_ns }];
                let (before, after, began_ns) = (now.clone(), now.clone(), line.at_ns);
                steps.push(Step { calls, before, after, traced, began_ns, ..std::mem::take(&mut next) });
            }
        }
    }
    if let Some(last) = steps.last_mut() {
        last.then = next.said;
    }
    steps
}

fn set(tables: &mut Vec<Arc<Tables>>, one: &Arc<Tables>) {
    match tables.iter_mut().find(|known| known.namespace == one.namespace) {
        Some(known) => *known = Arc::clone(one),
        None => tables.push(Arc::clone(one)),
    }
}

/// Calls that changed nothing go with the next one of the same program, unless the scenario says something between.
fn joined(steps: Vec<Step>) -> Vec<Step> {
    let mut joined: Vec<Step> = Vec::new();
    for step in steps {
        let last = joined.last_mut().filter(|last| is_prelude(last) && belong_together(last, &step));
        match last {
            Some(last) => {
                last.calls.extend(step.calls);
                (last.path, last.packets, last.states) = (step.path, step.packets, step.states);
                (last.after, last.then) = (step.after, step.then);
            }
            None => joined.push(step),
        }
    }
    joined
}

fn is_prelude(step: &Step) -> bool {
    step.path.is_empty() && step.states.is_empty() && step.packets.is_empty() && !step.changed_tables()
}

fn belong_together(one: &Step, other: &Step) -> bool {
    let who = |step: &Step| step.calls.last().map(|call| call.who.clone());
    one.traced == other.traced && other.said.is_empty() && who(one).is_some() && who(one) == who(other)
}

/// Puts the questions to the steps whose last call they are about.
fn asked(mut steps: Vec<Step>, played: &Played, course: &Course) -> Vec<Step> {
    for step in steps.iter_mut().filter(|step| step.traced) {
        let Some(call) = step.calls.last() else { continue };
        step.question = course.question(played.scenario, call.comm(), &call.function());
    }
    steps
}
