//! What a scenario's file expects, against what tcpx said.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, SocketAddr},
};

use super::{expected::Expected, tracer::Played};
use crate::{
    abilities::Abilities,
    lab::{AttemptFact, DropFact, Expect, Facts, File, Process, ResetFact, Side, What},
    line::{Attempt, Line, Verdict},
    verdict::{Group, VerdictId},
};

/// A run of a file.
pub(super) struct Declared<'a> {
    pub(super) file: &'a File,
    /// What is expected: by the file itself, or by a task.
    pub(super) expect: &'a Expect,
    pub(super) played: &'a Played,
}

impl Declared<'_> {
    /// Every difference, in words. What cannot be seen here is none.
    pub(super) fn differences(&self) -> Vec<String> {
        let (expect, hidden) = (self.expect, self.hidden().is_some());
        if hidden && expect.verdict.group() == Group::BeforeAnyPacket {
            // Told or not, nothing is asked of it, as of built-in scenarios.
            return Vec::new();
        }
        let mut found = Vec::new();
        if !hidden && !self.came() {
            let mut seen: Vec<_> = self.verdicts().map(|verdict| verdict.id.as_str()).collect();
            seen.dedup();
            let seen = if seen.is_empty() { "nothing".to_owned() } else { seen.join(", ") };
            found.push(format!("expected the verdict {}, got {seen}", expect.verdict.as_str()));
        }
        let last = self.last_attempt();
        let outcome = last.and_then(|attempt| serde_json::to_value(attempt.outcome).ok());
        let outcome = outcome.as_ref().and_then(|word| word.as_str()).unwrap_or("no attempt");
        if let Some(wanted) = expect.outcome.as_deref().filter(|wanted| *wanted != outcome) {
            found.push(format!("expected the outcome {wanted}, got {outcome}"));
        }
        let errno = last.and_then(|attempt| attempt.errno.as_deref()).unwrap_or("none");
        if let Some(wanted) = expect.errno.as_deref().filter(|wanted| *wanted != errno) {
            found.push(format!("expected the errno {wanted}, got {errno}"));
        }
        found
    }

    /// Why the verdict that did not come cannot come with what is attached, if that is so.
    pub(super) fn hidden(&self) -> Option<&'static str> {
        if self.came() { None } else { unseen(self.expect.verdict, &self.played.abilities) }
    }

    /// The verdict that is expected, if some line has it; else that of the attempt that it is about.
    pub(super) fn verdict_seen(&self) -> Option<&'static str> {
        let wanted = self.verdicts().find(|verdict| verdict.id == self.expect.verdict);
        let told = wanted.or_else(|| self.last_attempt().map(|attempt| &attempt.verdict));
        told.or_else(|| self.verdicts().next()).map(|verdict| VerdictId::as_str(verdict.id))
    }

    fn came(&self) -> bool {
        self.verdicts().any(|verdict| verdict.id == self.expect.verdict)
    }

    fn verdicts(&self) -> impl Iterator<Item = &Verdict> {
        self.played.lines.iter().filter_map(Line::verdict)
    }

    fn last_attempt(&self) -> Option<&Attempt> {
        let who = self.expect.who.as_ref().map(|who| who.get_ref().as_str());
        let mut attempts = self.played.lines.iter().filter_map(|line| match line {
            Line::Attempt(attempt) => Some(&**attempt),
            _ => None,
        });
        attempts.rfind(|attempt| who.is_none_or(|who| self.is_by(attempt, who)))
    }

    /// A program of the reader's has whatever name; it is none of the lab's own.
    fn is_by(&self, attempt: &Attempt, who: &str) -> bool {
        let Some(process) = &attempt.process else { return false };
        if self.file.is_replaced(who) { !self.own().contains(&process.pid) } else { process.comm == who }
    }

    fn own(&self) -> BTreeSet<u32> {
        let call = |line: &crate::lab::Line| match line.what {
            What::Call { pid, .. } => Some(pid),
            _ => None,
        };
        self.played.script.iter().filter_map(call).collect()
    }
}

/// Why these hooks cannot show this verdict: what is so for the facts of a built-in scenario that has it.
fn unseen(verdict: VerdictId, abilities: &Abilities) -> Option<&'static str> {
    Expected::of(&facts(verdict), abilities).hidden
}

/// The least that has this verdict, between two ends that are both on this host.
fn facts(id: VerdictId) -> Facts {
    let (verdict, at) = (id.as_str(), SocketAddr::from((Ipv4Addr::LOCALHOST, 1)));
    let mut facts = Facts::default();
    match id.group() {
        Group::BeforeAnyPacket => facts.attempts.push(early(verdict, at)),
        Group::Silence => {
            facts.drops.push(DropFact { netns: 0, from: at.into(), to: at, count: 1, verdict });
        }
        Group::NoSocket | Group::SocketAnswered => facts.resets.push(reset("reply", verdict, at)),
        Group::OwnAccord => facts.resets.push(reset("active", verdict, at)),
        Group::Elsewhere => facts.resets.push(reset("elsewhere", verdict, at)),
        Group::Worked | Group::Open => {}
    }
    facts
}

fn early(verdict: &'static str, remote: SocketAddr) -> AttemptFact {
    AttemptFact {
        process: Process { pid: 0, comm: String::new() },
        netns: 0,
        local: remote.into(),
        remote,
        outcome: "failed",
        errno: None,
        how: "active-open",
        verdict,
        sure: true,
        syn_retransmits: 0,
        early: true,
        put_off: false,
        holder: None,
        nat: None,
    }
}

fn reset(origin: &'static str, verdict: &'static str, at: SocketAddr) -> ResetFact {
    let time_wait = verdict == "time-wait-assassinated";
    ResetFact {
        origin,
        from: at.into(),
        to: at.into(),
        sender: None,
        receiver: time_wait.then(|| Side::ownerless(0, "time-wait")).flatten(),
        upstream: None,
        meant_for: None,
        successor: None,
        of_cookie: false,
        ttls: None,
        verdict,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hooks_cannot_see_is_known_as_of_built_in_scenarios() {
        let least = Abilities::default();
        for id in VerdictId::ALL {
            assert_eq!(unseen(*id, &Abilities::ALL), None, "{id}");
        }
        let cases = [
            (VerdictId::BoundNotListening, false),
            (VerdictId::LingerZero, false),
            (VerdictId::NetfilterRejectReset, false),
            (VerdictId::TimeWaitReset, true),
            (VerdictId::TimeWaitAssassinated, true),
            (VerdictId::TimeWaitAck, true),
            (VerdictId::StraySegment, true),
            (VerdictId::NoReturnRoute, true),
            (VerdictId::AddressInUse, true),
        ];
        for (id, hidden) in cases {
            assert_eq!(unseen(id, &least).is_some(), hidden, "{id}");
        }
    }
}
