//! Kernels side by side, as text: what is the same once, what differs by kernel.

use std::{borrow::Cow, fmt::Write as _};

use super::{
    Ran,
    account::Judged,
    cells::{fits, padded, row},
    common::letter,
    merge::{Merged, merge},
    rows::{FACTS, LISTS, NONE, Row, Rows, mismatches, rows},
};
use crate::{
    sink::text::{Look, Meaning},
    text::{
        lang::Lang,
        width::{columns, wrap},
    },
};

/// The labels have so much at least, and at most.
const LABELS: (usize, usize) = (13, 24);

/// All of it.
pub(super) fn text(ran: &[Ran], look: Look) -> String {
    let names: Vec<&str> = ran.iter().map(|one| one.kernel.name.as_str()).collect();
    let single = ran.iter().all(|one| one.account.labs.len() <= 1);
    let mut told = if single { one_lab(ran, &names, look) } else { many_labs(ran, &names, look) };
    for one in ran {
        if let Err(why) = &one.end {
            let text = look.clean(&format!("{}: {why}", one.kernel.name));
            told += "\n";
            told.extend(text.lines().map(|line| look.paint(Meaning::Bad, line) + "\n"));
        }
    }
    told + "\n" + &look.lang.kernels(&ending(ran)) + "\n"
}

/// The verdict of all of them, in a sentence.
fn ending(ran: &[Ran]) -> String {
    let held = ran.iter().filter(|one| one.end == Ok(0)).count();
    let all = ran.len();
    if held == all {
        format!("as expected on all {all} kernels")
    } else {
        format!("as expected on {held} of {all} kernels")
    }
}

fn one_lab(ran: &[Ran], names: &[&str], look: Look) -> String {
    // What never came to the lab has nothing to compare.
    let told: Vec<usize> = (0..ran.len()).filter(|&at| !ran[at].account.labs.is_empty()).collect();
    let accounts: Vec<_> = told.iter().map(|&at| &ran[at].account).collect();
    let names: Vec<&str> = told.iter().map(|&at| names[at]).collect();
    let Some(lab) = accounts.iter().find_map(|account| account.labs.first()) else { return String::new() };
    let title = accounts.iter().find_map(|account| Some(account.course()?.lab.title.as_str()));
    let title =
        title.map_or_else(|| lab.name.clone(), |title| format!("{}: {}", lab.name, look.lang.lab(title)));
    let mut text = wrap(&look.clean(&title), look.width, "", "  ")
        .iter()
        .map(|line| look.paint(Meaning::Cause, line) + "\n")
        .collect::<String>();
    let (rows, (ports, numbers)) = rows(&accounts, look.lang);
    let margin = margin(&names);
    let releases: Vec<String> = told.iter().map(|&at| ran[at].kernel.release.clone()).collect();
    text += "\n";
    text += &facts(&rows, &releases, (&names, margin), look);
    let mut marked = false;
    for (n, title) in LISTS.iter().enumerate() {
        let lists: Vec<Vec<Row>> = rows.iter().map(|rows| rows.lists[n].clone()).collect();
        let merged = merge(&lists);
        marked |= merged.iter().any(|one| one.of.len() < lists.len());
        if !merged.is_empty() {
            let _ = write!(text, "\n{}\n", look.paint(Meaning::Cause, &look.lang.kernels(title)));
            text.extend(merged.iter().map(|one| listed(one, &lists, (&names, margin), look)));
        }
    }
    text + &notes(marked, (ports, numbers), look)
}

fn margin(names: &[&str]) -> usize {
    let widest = names.iter().map(|name| columns(name)).max().unwrap_or(0);
    (widest + 2).clamp(LABELS.0, LABELS.1)
}

/// In columns where they differ; what is the same on all stands below, once.
fn facts(rows: &[Rows], releases: &[String], (names, margin): (&[&str], usize), look: Look) -> String {
    let mut text = String::new();
    let none = look.lang.kernels(NONE);
    let wide = fits(names.len(), margin, look.width);
    let head: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut differing =
        vec![(Cow::Borrowed(""), head, true), (look.lang.kernels("kernel"), releases.to_vec(), false)];
    let mut same = String::new();
    for (n, fact) in FACTS.iter().enumerate() {
        let cells: Vec<String> = rows.iter().map(|rows| look.clean(&rows.facts[n])).collect();
        let fact = look.lang.kernels(fact);
        if cells.iter().all(|cell| *cell == none) {
            continue;
        }
        if cells.iter().all(|cell| *cell == cells[0]) {
            same += &hanging(&fact, &cells[0], margin, look.width);
        } else {
            differing.push((fact, cells, false));
        }
    }
    for (label, cells, is_head) in &differing {
        if wide {
            let lines = row(label, cells, (margin, look.width));
            let meaning = if *is_head { Meaning::Cause } else { Meaning::Plain };
            text.extend(lines.iter().map(|line| look.paint(meaning, line) + "\n"));
        } else if !is_head {
            // One below the other where the columns would be too narrow.
            let _ = writeln!(text, "{label}");
            text.extend(
                names
                    .iter()
                    .zip(cells)
                    .map(|(name, cell)| hanging(&format!("  {name}"), cell, margin, look.width)),
            );
        }
    }
    let _ = write!(text, "\n{}\n", look.paint(Meaning::Cause, &look.lang.kernels(&same_on(names.len()))));
    if same.is_empty() {
        same = hanging("", &look.lang.kernels("no fact"), margin, look.width);
    }
    text + &same
}

fn same_on(kernels: usize) -> String {
    if kernels == 2 { "The same on both".to_owned() } else { format!("The same on all {kernels}") }
}

fn hanging(label: &str, text: &str, margin: usize, width: usize) -> String {
    let first = if columns(label) < margin { padded(label, margin) } else { format!("{label} ") };
    wrap(text, width, &first, &" ".repeat(margin)).join("\n") + "\n"
}

/// A line of a list, marked by its kernels unless it is of all.
fn listed(one: &Merged<Row>, lists: &[Vec<Row>], (names, margin): (&[&str], usize), look: Look) -> String {
    let known = known(one, lists, names, look.lang);
    let text = look.clean(&format!("{}{known}", one.item.text));
    if one.of.len() == lists.len() {
        return hanging("", &text, margin, look.width);
    }
    let of: Vec<&str> = one.of.iter().map(|&at| names[at]).collect();
    let label = format!("  {}", of.join(" "));
    let mut lines = hanging(&label, &text, margin, look.width);
    if columns(&label) >= margin {
        // Many names have a line of their own.
        lines = format!("{label}\n{}", hanging("", &text, margin, look.width));
    }
    lines.lines().map(|line| look.paint(Meaning::Silent, line) + "\n").collect()
}

/// How it is known; by kernel where that differs.
fn known(one: &Merged<Row>, lists: &[Vec<Row>], names: &[&str], lang: Lang) -> String {
    let of = |at: usize| {
        let row = lists[at].iter().find(|row| row.text == one.item.text);
        row.and_then(|row| row.known.clone())
    };
    let all: Vec<(usize, Option<String>)> = one.of.iter().map(|&at| (at, of(at))).collect();
    match all.first() {
        Some((_, first)) if all.iter().all(|(_, known)| known == first) => {
            first.as_ref().map(|known| format!(" [{}]", lang.run(known))).unwrap_or_default()
        }
        _ => {
            let each =
                all.iter().filter_map(|(at, known)| Some(format!("{} on {}", known.as_ref()?, names[*at])));
            let each: Vec<_> = each.map(|text| lang.kernels(&text).into_owned()).collect();
            format!(" [{}]", each.join(", "))
        }
    }
}

/// What marks mean, and the names in the place of numbers.
fn notes(marked: bool, (ports, numbers): (usize, usize), look: Look) -> String {
    let list =
        |count: usize, name: &dyn Fn(usize) -> String| (0..count).map(name).collect::<Vec<_>>().join(", ");
    let mut said = Vec::new();
    if marked {
        said.push(
            "A kernel before a line: told of that one only. tcpx sees more of some kernels than of others, so a packet \
             of which it does not tell may have gone all the same."
                .to_owned(),
        );
    }
    match numbers {
        0 => {}
        1 => said.push("A: a sequence number, another one in each run.".to_owned()),
        _ => said.push(format!("{}: sequence numbers, others in each run.", list(numbers, &letter))),
    }
    match ports {
        0 => {}
        1 => said.push("p1: a port that the kernel chose.".to_owned()),
        _ => {
            said.push(format!("{}: ports that the kernel chose.", list(ports, &|at| format!("p{}", at + 1))));
        }
    }
    if said.is_empty() {
        return String::new();
    }
    let said: Vec<_> = said.iter().map(|text| look.lang.kernels(text)).collect();
    let lines = wrap(&said.join(look.lang.space()), look.width, "", "");
    "\n".to_owned() + &lines.iter().map(|line| look.paint(Meaning::Dim, line) + "\n").collect::<String>()
}

/// One line a scenario, a column a kernel.
fn many_labs(ran: &[Ran], names: &[&str], look: Look) -> String {
    let mut scenarios: Vec<&str> = Vec::new();
    for lab in ran.iter().flat_map(|one| &one.account.labs) {
        if !scenarios.contains(&lab.name.as_str()) {
            scenarios.push(&lab.name);
        }
    }
    let widest = scenarios.iter().map(|name| columns(name)).max().unwrap_or(0);
    let words = WORDS.iter().map(|word| columns(&look.lang.run(word))).max().unwrap_or(0);
    let column = names.iter().map(|name| columns(name)).max().unwrap_or(0).max(words) + 2;
    let mut text = padded("", widest + 2);
    text.extend(names.iter().map(|name| padded(name, column)));
    text = look.paint(Meaning::Cause, text.trim_end()) + "\n";
    for scenario in scenarios {
        let words =
            ran.iter().map(|one| one.account.labs.iter().find(|lab| lab.name == scenario).map_or("-", word));
        let cells: String = words.map(|word| padded(&look.lang.run(word), column)).collect();
        text += &look.clean(format!("{}{cells}", padded(scenario, widest + 2)).trim_end());
        text += "\n";
    }
    text + &reasons(ran, look)
}

/// What may have come of a scenario.
const WORDS: [&str; 3] = ["ok", "cannot", "FAILED"];

fn word(lab: &Judged) -> &'static str {
    let [ok, cannot, failed] = WORDS;
    if lab.ok {
        ok
    } else if lab.unavailable.is_some() && lab.mismatches.is_empty() {
        cannot
    } else {
        failed
    }
}

/// Why not, each reason once.
fn reasons(ran: &[Ran], look: Look) -> String {
    let mut text = String::new();
    for (one, lab) in ran.iter().flat_map(|one| one.account.labs.iter().map(move |lab| (one, lab))) {
        let why = match (&lab.unavailable, &lab.mismatches[..]) {
            _ if lab.ok => continue,
            (Some(why), []) => {
                look.lang.kernels(&format!("cannot be shown: {}", look.lang.run(why))).into_owned()
            }
            (_, []) => {
                let seen = lab.verdict_seen.as_deref().unwrap_or("none");
                look.lang.kernels(&format!("expected {}, got {seen}", lab.verdict_expected)).into_owned()
            }
            _ => mismatches(lab, look.lang),
        };
        let on = format!("{} on {}", lab.name, one.kernel.name);
        let first = format!("{}{}", look.lang.kernels(&on), look.lang.colon());
        text += &(wrap(&look.clean(&why), look.width, &first, "  ").join("\n") + "\n");
    }
    if text.is_empty() { text } else { "\n".to_owned() + &text }
}

#[cfg(test)]
mod tests;
