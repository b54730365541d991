//! How long things wait for what belongs to them.

use std::net::IpAddr;

use super::{
    Correlator,
    drops::Handshake,
    facts::{AttemptFacts, ResetFacts, is_own},
    nat::Which,
    resets::may_be_the_kernels_own,
};
use crate::event::{Ends, Segment};

impl Correlator {
    /// What waited for `id` has waited long enough.
    pub(super) fn deadline_of(&mut self, id: u64) {
        if let Some(reset) = self.resets.get(id) {
            if self.is_under_way(reset) { self.wait(id, self.now) } else { self.settle_reset(id) }
        } else if self.deaths.has(id) {
            self.settle_death(id);
        } else if let Some(attempt) = self.attempts.get(id) {
            let current = attempt.sk().and_then(|sk| self.attempts.of_sock(sk)).map(|current| current.id);
            let replaced = current != Some(id);
            if self.is_awaiting(attempt) {
                self.wait(id, self.now);
            } else if attempt.end.is_some() || replaced {
                self.link_reset(id);
                self.settle_attempt(id);
            }
        } else if let Some(due) = self.quiet_at(id) {
            if due > self.now {
                self.deadlines.insert((due, id));
            } else {
                self.settle_drop(id);
            }
        }
    }

    /// Whether what belongs to an attempt is still to come.
    fn is_awaiting(&self, attempt: &AttemptFacts) -> bool {
        self.is_awaiting_a_drop(attempt) || self.is_in_connect(attempt) || self.is_with_a_reset(attempt)
    }

    /// The RST that ended it waits for its sender, and takes it along.
    fn is_with_a_reset(&self, attempt: &AttemptFacts) -> bool {
        let own = |reset: &ResetFacts| reset.attempt == Some(attempt.id) && reset.refused_a_syn();
        attempt.ends().is_some_and(|ends| self.resets.on(ends.flipped()).any(own))
    }

    /// Fewer of the attempt's SYNs were seen to vanish on this host than it has sent: on a busy machine the last may be
    /// dropped long after the caller has given up.
    fn is_awaiting_a_drop(&self, attempt: &AttemptFacts) -> bool {
        let (Some(handshake), Some(end)) = (Handshake::of(attempt), &attempt.end) else { return false };
        if attempt.is_established() || self.now >= end.time.saturating_add(self.limits.under_way_ns) {
            return false;
        }
        let own = self.drop_of(&handshake).and_then(|id| self.drops.get(id));
        own.is_some_and(|drop| {
            drop.cause.segment().is_syn() && drop.count <= u64::from(attempt.syn_retransmits())
        })
    }

    /// It ended without an error and has sent nothing: connect() may still be on its way back with one. Between the change of state
    /// and the return of the call (`tcp_v4_connect`) its task may be preempted.
    fn is_in_connect(&self, attempt: &AttemptFacts) -> bool {
        let Some(end) = &attempt.end else { return false };
        let silent =
            self.abilities.calls && end.what.err == 0 && attempt.ended_unsent() && !attempt.is_established();
        silent && self.now < end.time.saturating_add(self.limits.under_way_ns)
    }

    /// The other side of a RST within this host may still be told: on a busy machine that takes longer than what else
    /// belongs together.
    fn is_under_way(&self, reset: &ResetFacts) -> bool {
        let here =
            |address: IpAddr, own: IpAddr| is_own(address, own) || self.history.is_on_this_host(address);
        let awaited = match (&reset.sender, &reset.receiver) {
            (Some(sender), None) => {
                let Ends { a: from, b: to } = sender.flow();
                // A SYN that was refused is that of an attempt in flight, if any is.
                let refusal = sender.answered().is_some_and(|answered| answered.is_refusal());
                here(to.ip(), from.ip()) && !(refusal && self.attempts.is_empty())
            }
            // `tcp_send_active_reset` tells after it has sent: the RST may have been taken by then.
            (None, Some(receiver)) => {
                let sent_here = self.abilities.active_resets
                    && !reset.refused_a_syn()
                    && here(reset.source().ip(), reset.flow.b.ip());
                let own = self.abilities.replies_from_socket && may_be_the_kernels_own(&receiver.what.sock);
                sent_here || own
            }
            _ => false,
        };
        awaited && self.now < reset.time().saturating_add(self.limits.under_way_ns)
    }

    /// A flow that vanished is told once no further SYN of it is to be expected: SYNs are sent again after 1, 2, 4,
    /// 8 … s, so the wait grows with what was seen. One that belongs to an attempt in flight waits for that.
    fn quiet_at(&self, id: u64) -> Option<u64> {
        let drop = self.drops.get(id)?;
        let seen_for = drop.last.saturating_sub(drop.cause.time());
        let quiet = self.limits.quiet_ns.max(seen_for.saturating_mul(11) / 5);
        let own = |attempt: &AttemptFacts| {
            let handshake = attempt.ends().map(|ends| Handshake { ends, isn: attempt.isn(), since: 0 });
            handshake.is_some_and(|handshake| handshake.has(drop.cause.segment(), drop.last))
        };
        let flow = drop.cause.segment().ends;
        let in_flight = self.attempts.on(flow).chain(self.attempts.on(flow.flipped())).any(own)
            || self.is_of_translated(drop.cause.segment());
        let from = if in_flight { self.now } else { drop.last };
        Some(from.saturating_add(quiet))
    }

    /// The segment is the SYN of an attempt in flight whose flow has another name here.
    fn is_of_translated(&self, segment: &Segment) -> bool {
        let which = Which { isn: Some(segment.seq), since: 0 };
        let mut aliases = self.translations.aliases(segment.ends, which).into_iter();
        segment.is_syn() && aliases.any(|alias| self.attempts.on(alias.flow).next().is_some())
    }

    /// A flow began to vanish.
    pub(super) fn await_quiet(&mut self, id: u64) {
        if self.drops.get(id).is_some_and(|drop| drop.count == 1) {
            self.deadlines.insert((self.now.saturating_add(self.limits.quiet_ns), id));
        }
    }

    /// Waits until the grace has passed. What was told meanwhile leaves its deadline behind, so that these are
    /// cleared out now and then.
    pub(super) fn wait(&mut self, id: u64, from: u64) {
        let Self { attempts, resets, drops, deaths, limits, .. } = self;
        let bound = 2 * (limits.attempts + 2 * limits.resets + limits.drops);
        if self.deadlines.len() >= bound {
            let live = |id: u64| {
                let reset_or_death = resets.get(id).is_some() || deaths.has(id);
                attempts.get(id).is_some() || reset_or_death || drops.get(id).is_some()
            };
            self.deadlines.retain(live);
        }
        self.deadlines.append((from.max(self.now).saturating_add(limits.grace_ns), id));
    }
}
