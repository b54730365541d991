//! Whether a report tells of all there was: plain sentences.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::line::Summary;

/// How a recording came to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Ended {
    /// It was read to its end.
    #[default]
    Whole,
    /// Somebody stopped the reading.
    Stopped,
    /// It cannot be read any further, and why.
    Broken(String),
}

/// What is known to be missing.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Losses {
    /// True: nothing; false: something; null: nothing that is known, but not all can be known.
    pub complete: Option<bool>,
    /// What is missing: a sentence each.
    pub missing: Vec<String>,
    /// What cannot be known: a sentence each.
    pub unknown: Vec<String>,
}

/// Says what is missing.
#[must_use]
pub fn losses(summary: Option<&Summary>, lost: &BTreeMap<String, u64>, ended: &Ended) -> Losses {
    let mut losses = Losses::default();
    match ended {
        Ended::Whole => {}
        Ended::Stopped => losses.missing.push(
            "The report was stopped (Ctrl-C) before the recording was read to its end: what follows there is not counted."
                .to_owned(),
        ),
        Ended::Broken(why) => losses.missing.push(format!("The recording is readable up to here only: {why}.")),
    }
    match summary {
        Some(summary) => {
            losses.missing.extend(lost_records(summary, lost));
            losses.missing.extend(passed_over(summary));
            losses.missing.extend(differs(summary));
            losses.unknown.extend(not_known(summary));
        }
        None => losses.unknown.push("Nothing was summed up at the end.".to_owned()),
    }
    losses.complete = match (losses.missing.is_empty(), losses.unknown.is_empty()) {
        (false, _) => Some(false),
        (true, true) => Some(true),
        (true, false) => None,
    };
    losses
}

fn lost_records(summary: &Summary, lost: &BTreeMap<String, u64>) -> Option<String> {
    let (kernel, user) = (summary.lost.kernel, summary.lost.user);
    if kernel + user == 0 {
        return None;
    }
    let causes = if summary.untold.is_empty() { lost } else { &summary.untold };
    let causes: Vec<_> = causes.iter().map(|(cause, count)| format!("{count} {cause}")).collect();
    let causes = if causes.is_empty() { String::new() } else { format!(" ({})", causes.join(", ")) };
    let shed = match summary.shed {
        0 => String::new(),
        shed => format!("; {shed} of them were above --max-events-per-second"),
    };
    Some(format!("{}{causes}, {user} in tcpx{shed}.", records(kernel)))
}

fn records(count: u64) -> String {
    match count {
        1 => "1 record was lost in the kernel".to_owned(),
        _ => format!("{count} records were lost in the kernel"),
    }
}

fn passed_over(summary: &Summary) -> Option<String> {
    let missed = summary.missed.filter(|&missed| missed > 0)?;
    Some(format!(
        "The kernel passed over {missed} firings of tcpx's programs; not each would have been an event."
    ))
}

fn differs(summary: &Summary) -> Option<String> {
    let differ = summary.unaccounted.filter(|&count| count > 0)?;
    let rsts = if differ == 1 { "RST" } else { "RSTs" };
    Some(format!("The kernel's own counters differ by {differ} {rsts} from what tcpx saw."))
}

fn not_known(summary: &Summary) -> Vec<String> {
    let mut sentences = Vec::new();
    if summary.unaccounted.is_none() {
        let why = summary.unaccounted_why.as_deref().unwrap_or("the recording does not say why");
        sentences.push(format!("tcpx's count of RSTs was not compared with the kernel's own: {why}."));
    }
    if summary.missed.is_none() {
        sentences
            .push("It is not known whether the kernel passed over firings of tcpx's programs.".to_owned());
    }
    sentences
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{line::Lost, sink::samples};

    fn of(summary: &Summary) -> Losses {
        losses(Some(summary), &BTreeMap::new(), &Ended::Whole)
    }

    #[test]
    fn nothing_missing_is_complete() {
        let all = Losses { complete: Some(true), ..Losses::default() };
        assert_eq!(of(&samples::plain_summary()), all);
    }

    #[test]
    fn what_is_missing_is_said_with_its_number() {
        let summary = Summary {
            lost: Lost { kernel: 12, user: 1 },
            shed: 5,
            missed: Some(3),
            unaccounted: Some(1),
            untold: [("send-reset NO_SOCKET".to_owned(), 12)].into(),
            ..samples::plain_summary()
        };
        let said = of(&summary);
        assert_eq!(said.complete, Some(false));
        assert_eq!(
            said.missing,
            [
                "12 records were lost in the kernel (12 send-reset NO_SOCKET), 1 in tcpx; 5 of them were above \
                 --max-events-per-second.",
                "The kernel passed over 3 firings of tcpx's programs; not each would have been an event.",
                "The kernel's own counters differ by 1 RST from what tcpx saw.",
            ]
        );
    }

    #[test]
    fn without_a_summary_nobody_knows() {
        assert_eq!(losses(None, &BTreeMap::new(), &Ended::Whole).complete, None);
    }

    #[test]
    fn what_cannot_be_known_is_neither_complete_nor_lost() {
        let why = Some("the recording was broken off".to_owned());
        let summary =
            Summary { unaccounted: None, unaccounted_why: why, missed: None, ..samples::plain_summary() };
        let said = of(&summary);
        assert_eq!((said.complete, said.missing.len(), said.unknown.len()), (None, 0, 2));
        assert!(said.unknown[0].contains("the recording was broken off"));
    }

    #[test]
    fn a_recording_that_was_not_read_to_its_end_is_not_complete() {
        let summary = samples::plain_summary();
        for ended in [Ended::Stopped, Ended::Broken("x.tcpx at byte 70: checksum".to_owned())] {
            let said = losses(Some(&summary), &BTreeMap::new(), &ended);
            assert_eq!((said.complete, said.missing.len()), (Some(false), 1));
        }
    }
}
