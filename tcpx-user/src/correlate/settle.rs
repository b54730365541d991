//! What is told, with all that belongs to it: `deadlines` says how long it waits for that.

use std::sync::Arc;

use smallvec::SmallVec;
use tcpx_common::abi::state::{SYN_RECV, SYN_SENT};

use super::{
    Correlator,
    drops::Handshake,
    facts::{AttemptFacts, DropCause, DropFacts, Joined, Name, ResetFacts, Sender, Settled, is_own},
    key::{Seen, may_be_same},
    nat::{Translation, Which},
};
use crate::event::{Ends, LookedUp, SockReset};

/// ECONNRESET and ECONNREFUSED: what a RST leaves in a socket (`tcp_reset`).
const RESET_ERRNOS: [u16; 2] = [104, 111];

impl Correlator {
    /// One side of a RST was added.
    pub(super) fn one_side_more(&mut self, id: u64, time: u64) {
        let Some(reset) = self.resets.get(id) else { return };
        let both = reset.sender.is_some() && reset.receiver.is_some();
        if both && (reset.attempt.is_some() || !reset.refused_a_syn()) {
            self.settle_reset(id);
        } else {
            self.resets.index(id);
            self.wait(id, time);
            self.bound_resets();
        }
    }

    /// A RST reached a socket long after its sender was told.
    pub(super) fn came_late(
        &mut self,
        told: Arc<ResetFacts>,
        seen: &Seen<Arc<SockReset>>,
        attempt: Option<u64>,
    ) {
        let waiting = attempt.and_then(|id| self.attempts.get_mut(id));
        if let Some(attempt) = waiting
            && seen.what.sock.state == SYN_SENT
        {
            attempt.reset = Some(told);
        }
    }

    /// An attempt has come to its end.
    pub(super) fn ended(&mut self, id: u64) {
        let Some(attempt) = self.attempts.get(id) else { return };
        if attempt.is_established() {
            return self.opened(id);
        }
        self.link_reset(id);
        match self.attempts.get(id) {
            Some(attempt) if attempt.reset.is_some() => self.settle_attempt(id),
            Some(attempt) => self.wait(id, attempt.span().1),
            None => {}
        }
    }

    /// An attempt has come to an open connection. Where the other end is on this host, it may have passed over the last
    /// ACK, which is seen a moment later.
    fn opened(&mut self, id: u64) {
        let Some(attempt) = self.attempts.get(id) else { return };
        let (ended, peer, here) = (attempt.span().1, self.peer_of(attempt), self.ends_here(attempt));
        if let Some(attempt) = self.attempts.get_mut(id) {
            attempt.peer = peer;
        }
        if here { self.wait(id, ended) } else { self.settle_attempt(id) }
    }

    fn ends_here(&self, attempt: &AttemptFacts) -> bool {
        attempt
            .ends()
            .is_some_and(|ends| is_own(ends.b.ip(), ends.a.ip()) || self.history.is_on_this_host(ends.b.ip()))
    }

    /// An attempt whose socket began another: its end was not seen, and may still come.
    pub(super) fn ended_unseen(&mut self, id: u64) {
        if let Some(attempt) = self.attempts.get_mut(id) {
            attempt.complete = false;
        }
        self.wait(id, self.now);
    }

    /// Finds the RST that ended an attempt.
    pub(super) fn link_reset(&mut self, id: u64) {
        let open_to_it = |attempt: &&AttemptFacts| attempt.reset.is_none() && !attempt.is_established();
        let Some(attempt) = self.attempts.get(id).filter(open_to_it) else { return };
        let (Some(ends), Some(sk)) = (attempt.ends(), attempt.sk()) else { return };
        let (from, until) = (attempt.start.as_ref().map_or(0, |start| start.time), attempt.span().1);
        let from = from.max(until.saturating_sub(self.limits.grace_ns));
        let by_rst = attempt.err().is_none_or(|err| RESET_ERRNOS.contains(&err));
        let (isn, netns) = (attempt.isn().filter(|_| by_rst), attempt.netns());
        let waiting = self.resets.that_refused(sk, ends);
        let waiting = waiting.or_else(|| self.resets.answer_to(ends, isn?, netns));
        if let Some(reset) = waiting.and_then(|reset| self.resets.get_mut(reset)) {
            reset.attempt = Some(id);
            let (reset, settles) = (reset.id, reset.sender.is_some());
            if settles {
                self.settle_reset(reset);
            }
            return;
        }
        let told = self.resets.told_that_refused(sk, from, until);
        let told = told.or_else(|| self.resets.told_answer_to(ends, isn?));
        if let Some(attempt) = self.attempts.get_mut(id) {
            attempt.reset = told;
        }
    }

    /// Ends the wait of a RST.
    pub(super) fn settle_reset(&mut self, id: u64) {
        let Some(mut shared) = self.resets.remove(id) else { return };
        let reset = Arc::make_mut(&mut shared);
        if reset.nat.is_empty() {
            reset.nat = self.translations_of(reset);
        }
        reset.sender_is_local = self.history.is_on_this_host(reset.source().ip());
        if reset.sender.is_none() && !self.abilities.rejects {
            self.find_reject(reset);
        }
        let id = reset.attempt.or_else(|| self.calling(reset));
        let open = |attempt: &&AttemptFacts| !attempt.is_established();
        let attempt = id.and_then(|id| self.attempts.get(id)).filter(open);
        reset.start = attempt.and_then(|attempt| attempt.start.clone());
        self.gather_listeners(reset);
        let reset = shared;
        self.resets.told(&reset);
        self.was_refused(&reset);
        self.settled.push_back(Settled::Reset(reset.clone()));
        self.refused_answer(&reset);
        let attempt = reset.attempt.and_then(|id| self.attempts.get_mut(id));
        let Some(attempt) = attempt.filter(|attempt| attempt.reset.is_none() && !attempt.is_established())
        else {
            return;
        };
        attempt.reset = Some(reset);
        let (id, ended) = (attempt.id, attempt.end.is_some());
        self.attempts.index(id);
        if ended {
            self.settle_attempt(id);
        }
    }

    /// The attempt whose socket answered with RST. It goes on trying.
    fn calling(&self, reset: &ResetFacts) -> Option<u64> {
        let Some(Sender::Reply(seen)) = &reset.sender else { return None };
        let sock = seen.what.sock.as_ref().filter(|sock| matches!(sock.state, SYN_SENT | SYN_RECV))?;
        self.attempts.of_sock(sock.sk).map(|attempt| attempt.id)
    }

    fn refused_answer(&mut self, reset: &Arc<ResetFacts>) {
        let id = self.calling(reset);
        if let Some(attempt) = id.and_then(|id| self.attempts.get_mut(id)) {
            attempt.wrong_answer = Some(reset.clone());
        }
    }

    /// What conntrack made of a connection of which only one side is here, or whose sides have one name for it.
    fn translations_of(&self, reset: &ResetFacts) -> Vec<Translation> {
        let isn = match (&reset.sender, &reset.receiver) {
            (Some(sender), _) => {
                sender.segment().filter(|segment| segment.is_syn()).map(|segment| segment.seq)
            }
            (None, Some(seen)) if reset.refused_a_syn() => Some(seen.what.sock.snd_una),
            _ => None,
        };
        let aliases = self.translations.aliases(reset.flow, Which { isn, since: 0 });
        aliases.into_iter().map(|alias| alias.steps).max_by_key(Vec::len).unwrap_or_default()
    }

    /// Where netfilter's RSTs are not seen: the SYN was dropped by netfilter, and a RST came that nobody sent.
    fn find_reject(&mut self, reset: &mut ResetFacts) {
        let Some(receiver) = reset.receiver.as_ref().filter(|_| reset.refused_a_syn()) else { return };
        let isn = Some(receiver.what.sock.snd_una);
        let handshake = Handshake { ends: receiver.what.ends, isn, since: 0 };
        let found = self.drop_of(&handshake);
        let freed = found.and_then(|id| self.drops.get(id)).and_then(|drop| match &drop.cause {
            DropCause::Freed(seen) if seen.what.by_netfilter() => Some(seen.clone()),
            _ => None,
        });
        if let (Some(id), Some(seen)) = (found, freed) {
            self.forget_drop(id);
            let same = seen.what.segment.ends == receiver.what.ends;
            let name = if same { Name::Same } else { Name::Conntrack };
            reset.joined =
                Some(Joined { name, sequence: true, across: !may_be_same(seen.netns, receiver.netns) });
            reset.sender = Some(Sender::RejectDrop(seen));
        }
    }

    /// Ends the wait of a death: no RST went with it.
    pub(super) fn settle_death(&mut self, id: u64) {
        let Some(mut death) = self.deaths.remove(id) else { return };
        let since = death.seen.what.opened.unwrap_or(0);
        let mut table = self.icmp.get(death.seen.what.ends).map(|entry| &entry.1);
        death.icmp = table.rfind(|seen| (since..=death.seen.time).contains(&seen.time)).cloned();
        self.settled.push_back(Settled::Death(Box::new(death)));
    }

    /// Tells an attempt with all that was seen of it.
    pub(super) fn settle_attempt(&mut self, id: u64) {
        let Some(mut attempt) = self.attempts.remove(id) else { return };
        if let Some(handshake) = Handshake::of(&attempt) {
            self.gather(Arc::make_mut(&mut attempt), handshake);
        }
        self.was_ended(&attempt);
        self.settled.push_back(Settled::Attempt(attempt));
    }

    /// The attempt of this host at the other end of a connection that no listener accepted.
    fn peer_of(&self, attempt: &AttemptFacts) -> Option<u64> {
        let ends = attempt.ends()?;
        let crossed = |other: &&AttemptFacts| {
            let own_syn = other.crossed.as_ref().map(|seen| seen.what.rcv_nxt.wrapping_sub(1));
            let same = may_be_same(other.netns(), attempt.netns());
            let agree = own_syn.is_some() && own_syn == attempt.isn();
            other.id != attempt.id && (other.has_crossed() || attempt.has_crossed()) && (same || agree)
        };
        self.attempts.on(ends.flipped()).find(crossed).map(|other| other.id)
    }

    fn gather(&mut self, attempt: &mut AttemptFacts, handshake: Handshake) {
        let Handshake { ends, since, .. } = handshake;
        attempt.remote_is_local =
            is_own(ends.b.ip(), ends.a.ip()) || self.history.is_in_use(attempt.netns(), ends.b.ip());
        attempt.nat = self.translations.onward(ends, Which { isn: handshake.isn, since });
        attempt.lookups = self.lookups_of(attempt, &handshake);
        let own = |seen: &&Seen<Arc<crate::event::Icmp>>| {
            seen.time >= since && handshake.isn.is_none_or(|isn| isn == seen.what.seq)
        };
        attempt.icmp = self.icmp.get(ends).map(|entry| &entry.1).rfind(own).cloned().map(Box::new);
        let sent = |ends| self.icmp_sent.get(ends).map(|entry| &entry.1).rfind(own).cloned();
        attempt.icmp_sent = names(attempt, ends).into_iter().rev().find_map(sent).map(Box::new);
        let own = |seen: &&Seen<Arc<crate::event::Drop>>| handshake.has(&seen.what.segment, seen.time);
        attempt.neighbor = self.neighbors.get(ends).map(|entry| &entry.1).rfind(own).cloned().map(Box::new);
        self.gather_drop(attempt, &handshake);
    }

    fn lookups_of(&self, attempt: &AttemptFacts, handshake: &Handshake) -> Vec<Seen<Arc<LookedUp>>> {
        let own = names(attempt, handshake.ends).into_iter().rev().find_map(|ends| {
            let renamed = Handshake { ends, ..*handshake };
            let of_syn = |seen: &&Seen<Arc<LookedUp>>| {
                seen.what.segment.is_syn() && renamed.has(&seen.what.segment, seen.time)
            };
            self.lookups.get(ends).map(|entry| &entry.1).rfind(of_syn)
        });
        let sk = attempt.sk();
        let hit_us = |seen: &&Seen<Arc<LookedUp>>| {
            let hit = seen.what.lookups.established.and_then(Result::ok).map(|(hit, _)| hit);
            seen.what.segment.is_syn() && seen.time >= handshake.since && hit.is_some() && hit == sk
        };
        let flipped = handshake.ends.flipped();
        let crossing = self.lookups.get(flipped).map(|entry| &entry.1).rfind(hit_us);
        let crossing = crossing.filter(|_| flipped != handshake.ends);
        own.into_iter().chain(crossing).cloned().collect()
    }

    /// What vanished of the handshake. If it came to a connection without sending its SYN again, nothing did but what
    /// netfilter dropped: the kernel also frees segments that it has used. And what netfilter or routing dropped from
    /// an attempt that got an error was rejected, not dropped in silence.
    fn gather_drop(&mut self, attempt: &mut AttemptFacts, handshake: &Handshake) {
        let id = self.drop_of(handshake);
        let smooth = attempt.is_established() && (attempt.has_crossed() || attempt.syn_retransmits() == 0);
        let cause = id.and_then(|id| self.drops.get(id)).map(|drop| &drop.cause);
        let may_answer = cause.is_some_and(DropCause::may_answer);
        let last_ack = cause.is_some_and(DropCause::is_last_ack);
        let spurious = if may_answer { attempt.got_an_error() } else { smooth && !last_ack };
        if spurious {
            if let Some(id) = id {
                self.forget_drop(id);
            }
            return;
        }
        if let Some(drop) = id.and_then(|id| self.drops.get_mut(id)).filter(|drop| drop.cause.is_deferred()) {
            // Data may still come.
            drop.attempt = Some(attempt.id);
            attempt.drop = Some(Arc::new(drop.clone()));
            return;
        }
        attempt.drop = match id.and_then(|id| self.drops.remove(id)) {
            Some(mut drop) => {
                drop.attempt = Some(attempt.id);
                let drop = Arc::new(drop);
                self.settled.push_back(Settled::Drop(drop.clone()));
                Some(drop)
            }
            None => self.drops.told_of(handshake).or_else(|| {
                let renamed = names(attempt, handshake.ends).into_iter().skip(1);
                renamed.into_iter().find_map(|ends| self.drops.told_of(&Handshake { ends, ..*handshake }))
            }),
        };
    }

    /// The counted drop that a handshake suffered, under its own name or one that conntrack gave it.
    pub(super) fn drop_of(&self, handshake: &Handshake) -> Option<u64> {
        let which = Which { isn: handshake.isn, since: handshake.since };
        let onward = self.translations.onward(handshake.ends, which);
        let renamed = onward.iter().map(|step| Handshake { ends: step.what.translated, ..*handshake });
        let all = std::iter::once(*handshake).chain(renamed);
        all.into_iter().find_map(|handshake| self.drops.of(&handshake))
    }

    /// A drop that was no silent one.
    pub(super) fn forget_drop(&mut self, id: u64) {
        self.drops.remove(id);
    }

    pub(super) fn settle_drop(&mut self, id: u64) {
        let Some(mut drop) = self.drops.remove(id).filter(DropFacts::is_certain) else { return };
        if drop.attempt.is_none() && drop.cause.is_last_ack() {
            drop.attempt = self.attempts.told_open(drop.cause.segment());
        }
        let drop = Arc::new(drop);
        self.drops.told(&drop);
        self.settled.push_back(Settled::Drop(drop));
    }

    /// Tells all that waits; what is in flight was cut off.
    pub(super) fn settle_all(&mut self) {
        let ids: Vec<u64> = self.attempts.all_mut().map(|attempt| attempt.id).collect();
        for id in ids {
            self.link_reset(id);
        }
        while let Some(id) = self.resets.oldest() {
            self.settle_reset(id);
        }
        while let Some(id) = self.attempts.oldest() {
            if let Some(attempt) = self.attempts.get_mut(id) {
                attempt.cut_off = attempt.end.is_none();
            }
            self.settle_attempt(id);
        }
        while let Some(id) = self.drops.oldest() {
            self.settle_drop(id);
        }
        while let Some(id) = self.deaths.oldest() {
            self.settle_death(id);
        }
        self.deadlines.clear();
    }
}

/// The names of an attempt's flow, from the caller on.
fn names(attempt: &AttemptFacts, ends: Ends) -> SmallVec<[Ends; 2]> {
    std::iter::once(ends).chain(attempt.nat.iter().map(|step| step.what.translated)).collect()
}
