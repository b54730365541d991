//! The sequence of one run in the terminal: client, kernel, server, time downwards, in 80 columns. It is made of the steps,
//! so that nothing is drawn that was not seen or does not follow.

use super::{
    course::Words,
    steps::{Call, Fact, Step},
};
use crate::{
    sink::text::Look,
    text::width::{columns, fit, wrap},
};

/// Columns of the three lanes.
const LEFT: usize = 3;
const KERNEL: usize = 39;
const RIGHT: usize = 76;
/// What is written between the outer lanes.
const INNER: usize = RIGHT - LEFT - 3;

/// Draws it. `how` is told of facts that follow from others.
pub(crate) fn diagram(steps: &[Step], words: &Words, look: Look) -> String {
    let steps: Vec<&Step> = steps.iter().collect();
    let pen = Pen { look, client: client(&steps), peer: has_peer(&steps) };
    let mut text = pen.heads(&steps, words);
    let mut traced = false;
    for step in steps {
        if step.traced && !traced {
            text += &pen.rule();
        }
        traced = step.traced;
        text += &pen.step(step);
    }
    text + &pen.lanes()
}

/// Who calls connect(), else who calls at all.
fn client(steps: &[&Step]) -> String {
    let mut calls = steps.iter().filter(|step| step.traced).flat_map(|step| &step.calls);
    let first = calls.clone().next();
    let connects = calls.find(|call| call.code.starts_with("connect("));
    connects.or(first).map(|call| call.who.clone()).unwrap_or_default()
}

fn has_peer(steps: &[&Step]) -> bool {
    steps.iter().flat_map(|step| &step.path).any(|fact| fact.who == "peer")
}

struct Pen {
    look: Look,
    client: String,
    peer: bool,
}

/// From where to where an arrow goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    In(usize),
    Out(usize),
}

impl Pen {
    fn heads(&self, steps: &[&Step], words: &Words) -> String {
        let peer = self.look.lang.run("peer");
        let mut others: Vec<&str> = Vec::new();
        for call in steps.iter().flat_map(|step| &step.calls) {
            if call.who != self.client && !others.contains(&call.who.as_str()) {
                others.push(&call.who);
            }
        }
        if self.peer {
            others.push(&peer);
        }
        let half = RIGHT / 2 - 6;
        let head = |left: &str, middle: &str, right: &str| {
            let (left, right) = (fit(left, half).into_owned(), fit(right, half).into_owned());
            let mut line = left.clone() + &" ".repeat((KERNEL - 3).saturating_sub(columns(&left))) + middle;
            let gap = (RIGHT + 3).saturating_sub(columns(&line) + columns(&right));
            line.extend([" ".repeat(gap).as_str(), &right]);
            line.trim_end().to_owned() + "\n"
        };
        head(&words.client, &self.look.lang.run("kernel"), &words.server)
            + &head(&self.look.clean(&self.client), "", &self.look.clean(&others.join(", ")))
    }

    fn step(&self, step: &Step) -> String {
        let mut text = self.lanes();
        text.extend(step.said.iter().map(|said| self.aside(said)));
        let facts = self.facts(step);
        let (last, calls) =
            step.calls.split_last().map_or((None, &[][..]), |(last, calls)| (Some(last), calls));
        text.extend(calls.iter().map(|call| self.whole(call)));
        match last {
            // The result comes after what the kernel did to come to it.
            Some(call) if !facts.is_empty() => {
                text += &self.arrow(Way::In(self.lane(call)), &call.begun());
                text.extend(facts.iter().map(|fact| self.fact(fact)));
                text.extend(call.result.iter().map(|result| self.returns(call, result)));
            }
            last => {
                text.extend(last.map(|call| self.whole(call)));
                text.extend(facts.iter().map(|fact| self.fact(fact)));
            }
        }
        text.extend(step.then.iter().map(|said| self.aside(said)));
        text
    }

    fn aside(&self, said: &str) -> String {
        self.note(&format!("({})", self.look.lang.lab(said)))
    }

    /// In the order of time; a peer sees the packets itself.
    fn facts<'a>(&self, step: &'a Step) -> Vec<&'a Fact> {
        let packets = step.packets.iter().filter(|_| !self.peer);
        let mut facts: Vec<&Fact> = step.path.iter().chain(packets).collect();
        facts.sort_by_key(|fact| (fact.at_ns, fact.rank));
        facts
    }

    fn whole(&self, call: &Call) -> String {
        let result = call.result.as_ref().map(|result| format!(" = {result}")).unwrap_or_default();
        self.arrow(Way::In(self.lane(call)), &format!("{}{result}", call.code))
    }

    fn returns(&self, call: &Call, result: &str) -> String {
        let time = crate::sink::text::span(call.took_ns);
        self.arrow(Way::Out(self.lane(call)), &self.look.lang.run(&format!("{result} after {time}")))
    }

    fn lane(&self, call: &Call) -> usize {
        if call.who == self.client { LEFT } else { RIGHT }
    }

    fn fact(&self, fact: &Fact) -> String {
        let lang = self.look.lang;
        let derived = fact.known.filter(|known| *known == "derived");
        let derived = derived.map(|known| format!(" [{}]", lang.run(known))).unwrap_or_default();
        match (fact.who.as_str(), fact.what.split_once(' ')) {
            ("peer", Some(("sends", what))) => self.arrow(Way::In(RIGHT), what),
            ("peer", Some((_, what))) => self.arrow(Way::Out(RIGHT), what),
            _ => self.note(&format!("{}{derived}", lang.run(&fact.what))),
        }
    }

    /// Two lines or more: what goes, and the arrow.
    fn arrow(&self, way: Way, label: &str) -> String {
        let (Way::In(lane) | Way::Out(lane)) = way;
        let (from, to) = if lane == LEFT { (LEFT, KERNEL) } else { (KERNEL, RIGHT) };
        let room = to - from - 3;
        let lines = wrap(&self.look.clean(label), room, "", "");
        let mut text: String = lines.iter().map(|line| self.put(from + 2, &fit(line, room))).collect();
        let (dash, right, left) = if self.look.unicode { ("─", "▶", "◀") } else { ("-", ">", "<") };
        let shaft = dash.repeat(to - from - 2);
        let to_the_right =
            matches!(way, Way::In(lane) if lane == LEFT) || matches!(way, Way::Out(lane) if lane == RIGHT);
        let arrow = if to_the_right { shaft + right } else { left.to_owned() + &shaft };
        text += &self.put(from + 1, &arrow);
        text
    }

    /// In the middle, over the kernel's lane.
    fn note(&self, text: &str) -> String {
        let lines = wrap(&self.look.clean(text), INNER, "", "  ");
        let lines = lines.iter().map(|line| {
            let line = fit(line, INNER);
            self.put(LEFT + 2 + (INNER - columns(&line)) / 2, &line)
        });
        lines.collect()
    }

    /// From here on tcpx has listened.
    fn rule(&self) -> String {
        let dots = if self.look.unicode { "┈" } else { "." };
        let text = self.look.lang.run(" tracing begins ");
        let side = dots.repeat((INNER - columns(&text)) / 2);
        self.lanes() + &self.put(LEFT + 2, &format!("{side}{text}{side}"))
    }

    fn lanes(&self) -> String {
        self.put(0, "")
    }

    /// A row with the lanes, and `text` from this column on.
    fn put(&self, column: usize, text: &str) -> String {
        let bar = if self.look.unicode { "│" } else { "|" };
        let end = column + columns(text);
        let mut row = String::new();
        let mut at = 0;
        while at <= RIGHT {
            if !text.is_empty() && at == column {
                row += text;
                at = end;
                continue;
            }
            row += if [LEFT, KERNEL, RIGHT].contains(&at) { bar } else { " " };
            at += 1;
        }
        row.trim_end().to_owned() + "\n"
    }
}
