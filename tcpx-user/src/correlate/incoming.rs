//! Where each event goes.

use std::sync::Arc;

use tcpx_common::abi::state::{CLOSE, ESTABLISHED, LISTEN, SYN_RECV, SYN_SENT, TIME_WAIT};

use super::{
    Correlator,
    attempts::Step,
    facts::{
        AttemptFacts, CallFacts, DeathFacts, DropCause, DropFacts, Opened, ResetFacts, Sender, Settled,
        Upstream,
    },
    key::{Seen, may_be_same},
};
use crate::event::{
    Bind, CallFailed, ConnectFailed, Drop, Ends, Event, Icmp, Netns, Reply, Retransmit, Segment, ServerCall,
    SockReset, StateChange, Task, Untranslated, What,
};

impl Correlator {
    /// Takes one event whose stack, if it has one, is at hand.
    pub(super) fn take(&mut self, event: &Event, stack: &[u64]) {
        match &event.what {
            What::State(change) => self.state(event, change),
            What::ConnectFailed(failed) => self.connect_failed(event, failed),
            What::Bind(bind) => self.bind(event, bind),
            What::CallFailed(failed) => self.call_failed(event, failed),
            What::Lookup(found) => {
                let ends = found.segment.ends;
                // TPROXY and BPF give segments to listeners that have other addresses.
                if found.given_to().is_none() {
                    self.history.in_use(event.netns, ends.b.ip());
                }
                self.lookups.insert(ends, event.time, Seen::new(event, stack, found.clone()));
            }
            What::Reply(reply) => self.reply(event, stack, reply),
            What::ActiveReset(reset) => {
                self.deaths.reset(reset.sock.sk, reset.ends, event.time);
                self.sender(Sender::Active(Seen::new(event, stack, reset.clone())));
            }
            What::ReceiveReset(reset) => {
                if reset.quiet.is_none() {
                    self.deaths.reset(reset.sock.sk, reset.ends, event.time);
                }
                self.receiver(Seen::new(event, stack, reset.clone()));
                if let Some(change) = reset.refusal() {
                    self.ends(event, &Arc::new(change));
                }
            }
            What::Death(death) => self.died(Seen::new(event, stack, death.clone())),
            What::Icmp(icmp) => self.icmp(event, icmp, true),
            What::IcmpSend(icmp) => self.icmp(event, icmp, false),
            What::Reject(segment, hook) => {
                self.answered(segment.ends, segment.seq, event.time, event.netns);
                self.sender(Sender::Reject(Seen::new(event, stack, (segment.clone(), *hook))));
            }
            What::ConnRequest(request) => {
                self.dropped(DropCause::Queue(Seen::new(event, stack, request.clone())));
            }
            What::MiniSocket(mini) => {
                let segment = &mini.segment;
                self.met_small.insert(segment.ends, event.time, (segment.seq, segment.flags));
                if mini.is_lost() {
                    self.dropped(DropCause::Mini(Seen::new(event, stack, mini.clone())));
                }
            }
            What::Drop(drop) => self.freed(event, stack, drop),
            What::Retransmit(again) => self.retransmit(event, again),
            What::Untranslated(found) => {
                let seen = Seen::new(event, &[], found.clone());
                self.untranslated.insert(found.segment, event.time, seen);
            }
            What::Nat(nat) => self.translations.insert(Seen::new(event, &[], (**nat).clone())),
            What::Lost { count } => self.lost(event, *count),
            What::Fork { .. } | What::Stack(_) | What::Tick | What::Unknown { .. } => {}
        }
    }

    fn state(&mut self, event: &Event, change: &Arc<StateChange>) {
        self.history.in_use(event.netns, change.ends.a.ip());
        let seen = || Seen::new(event, &[], change.clone());
        match (change.old, change.new) {
            (CLOSE, SYN_SENT) => self.starts(seen()),
            (SYN_SENT, SYN_RECV) => self.crosses(seen()),
            (SYN_SENT | SYN_RECV, _) => self.ends(event, change),
            (CLOSE, LISTEN) => {
                self.history.listens(seen());
                self.appears(&seen());
            }
            (LISTEN, CLOSE) => self.history.listens_no_more(seen()),
            _ => {}
        }
    }

    fn starts(&mut self, seen: Seen<Arc<StateChange>>) {
        match self.attempts.start_of(seen.what.sk, seen.time) {
            Step::Goes(id) => {
                if let Some(attempt) = self.attempts.get_mut(id) {
                    attempt.start = Some(seen);
                }
            }
            Step::New => {
                self.begin(AttemptFacts { start: Some(seen), complete: true, ..AttemptFacts::default() });
            }
            Step::Replaces(older) => {
                self.begin(AttemptFacts { start: Some(seen), complete: true, ..AttemptFacts::default() });
                self.ended_unseen(older);
            }
            Step::Known | Step::Ends(_) | Step::Foreign => {}
        }
    }

    fn crosses(&mut self, seen: Seen<Arc<StateChange>>) {
        match self.attempts.crossing_of(seen.what.sk, seen.time) {
            Step::Goes(id) => {
                if let Some(attempt) = self.attempts.get_mut(id) {
                    attempt.crossed = Some(Box::new(seen));
                    self.attempts.index(id);
                }
            }
            Step::New => {
                self.begin(AttemptFacts { crossed: Some(Box::new(seen)), ..AttemptFacts::default() });
            }
            _ => {}
        }
    }

    fn ends(&mut self, event: &Event, change: &Arc<StateChange>) {
        let seen = Seen::new(event, &[], change.clone());
        let step = self.attempts.end_of(change, event.time);
        let id = match step {
            Step::Ends(id) => {
                if let Some(attempt) = self.attempts.get_mut(id) {
                    attempt.end = Some(seen);
                    self.attempts.index(id);
                }
                Some(id)
            }
            Step::New => Some(self.begin_at_end(seen)),
            _ => None,
        };
        if change.new == ESTABLISHED && step != Step::Known {
            let opened = Opened { time: event.time, ends: change.ends, attempt: id };
            self.history.opened(change.sk, event.netns, opened);
        }
        if change.new == ESTABLISHED {
            self.taken_after_all(change.ends.flipped());
        }
        if let Some(id) = id {
            self.remember_failure(id);
            self.ended(id);
        }
    }

    /// An attempt ended: if with an error, its process may pass the failure on.
    fn remember_failure(&mut self, id: u64) {
        let Some(attempt) = self.attempts.get(id) else { return };
        let (Some(start), Some(end)) = (&attempt.start, &attempt.end) else { return };
        if start.what.caller && end.what.err != 0 {
            let (time, err, remote, comm) =
                (end.time, end.what.err, start.what.ends.b, start.what.comm.clone());
            self.failed.insert(start.task.tgid, time, Upstream { time, remote, err, comm });
        }
    }

    /// The open socket that a segment without a socket was made for.
    fn meant_for(&self, sender: &Sender) -> Option<Box<Seen<Arc<Untranslated>>>> {
        let answered = sender.answered().filter(|answered| answered.sk_state == 0)?;
        let (ends, seq) = (answered.segment.ends, answered.segment.seq);
        let own =
            |seen: &&Seen<Arc<Untranslated>>| seen.what.seq == seq && may_be_same(seen.netns, sender.netns());
        self.untranslated.get(ends).map(|entry| &entry.1).rfind(own).cloned().map(Box::new)
    }

    /// What the process of `task` failed to reach shortly before `time`.
    fn just_failed(&self, task: Task, time: u64) -> Option<Upstream> {
        let recent = |failed: &&Upstream| failed.time <= time && time - failed.time <= JUST_NS;
        self.failed.get(task.tgid).map(|entry| &entry.1).rfind(recent).cloned()
    }

    /// The data for which a listener has waited came, and the connection stands.
    fn taken_after_all(&mut self, flow: Ends) {
        if let Some(id) = self.drops.deferred(flow) {
            self.forget_drop(id);
        }
    }

    fn begin(&mut self, attempt: AttemptFacts) {
        let id = self.new_id();
        self.attempts.insert(AttemptFacts { id, ..attempt });
        self.bound_attempts();
    }

    /// The start was lost: an attempt nevertheless.
    fn begin_at_end(&mut self, end: Seen<Arc<StateChange>>) -> u64 {
        let id = self.new_id();
        self.attempts.insert(AttemptFacts { id, end: Some(end), ..AttemptFacts::default() });
        self.bound_attempts();
        id
    }

    /// connect() returned an error: by itself (no packet was sent), or as the end of an attempt that left no error
    /// in the socket, as when no port was free.
    fn connect_failed(&mut self, event: &Event, failed: &Arc<ConnectFailed>) {
        let seen = Seen::new(event, &[], failed.clone());
        let attempt = failed.sk.and_then(|sk| self.attempts.of_sock(sk));
        let id = attempt.filter(|attempt| attempt.span().0 <= event.time).map(|attempt| attempt.id);
        if let Some(attempt) = id.and_then(|id| self.attempts.get_mut(id)) {
            let settles = attempt.end.is_some();
            if settles {
                attempt.failed = Some(Box::new(seen));
            }
            if let Some(id) = id.filter(|_| settles) {
                self.settle_attempt(id);
            }
            return;
        }
        let id = self.new_id();
        let attempt =
            AttemptFacts { id, failed: Some(Box::new(seen)), complete: true, ..AttemptFacts::default() };
        self.settled.push_back(Settled::Attempt(Arc::new(attempt)));
    }

    fn bind(&mut self, event: &Event, bind: &Bind) {
        if bind.errno != 0 {
            return;
        }
        self.history.in_use(event.netns, bind.requested.ip());
        if let Some(sk) = bind.sk {
            self.history.bound(sk, event.time);
        }
    }

    fn call_failed(&mut self, event: &Event, failed: &Arc<CallFailed>) {
        if let Some(sk) = failed.bind.sk.filter(|_| failed.call == ServerCall::Listen) {
            self.history.did_not_listen(sk, event.time);
        }
        let id = self.new_id();
        let seen = Seen::new(event, &[], failed.clone());
        self.settled.push_back(Settled::Call(Box::new(CallFacts { id, seen })));
    }

    fn reply(&mut self, event: &Event, stack: &[u64], reply: &Arc<Reply>) {
        self.history.in_use(event.netns, reply.segment.ends.b.ip());
        let ended = reply.sock.as_ref().filter(|sock| sock.state == CLOSE);
        if let Some(id) = ended.and_then(|sock| self.resets.end_of(sock.sk, reply.segment.ends)) {
            self.resets.remove(id);
        }
        let child = self.resets.child_of(reply, event.time, event.netns);
        if let Some(id) = child {
            self.resets.remove(id);
        }
        self.answered(reply.segment.ends, reply.segment.seq, event.time, event.netns);
        let id = self.sender(Sender::Reply(Seen::new(event, stack, reply.clone())));
        if let Some(reset) = self.resets.get_mut(id).filter(|_| child.is_some()) {
            reset.for_child = true;
        }
    }

    /// Remembers that a segment was answered: its drop in that namespace, before or after, is not silent.
    fn answered(&mut self, ends: Ends, seq: u32, time: u64, netns: Netns) {
        self.answered.insert(ends, time, (netns, seq));
        if self.drops.len() == 0 {
            return;
        }
        let drop = Segment { ends, seq, ..blank(ends) };
        for flags in [tcpx_common::abi::tcp_flag::SYN, SYN_ACK] {
            let segment = Segment { flags, ..drop.clone() };
            if let Some(id) = self.drops.find(&segment, |drop| may_be_same(drop.cause.netns(), netns)) {
                self.forget_drop(id);
            }
        }
    }

    fn freed(&mut self, event: &Event, stack: &[u64], drop: &Arc<Drop>) {
        let seen = || Seen::new(event, stack, drop.clone());
        if drop.is_no_handshake() {
            return;
        }
        if drop.by_neighbor() {
            // The sender of the SYN gets an ICMP error, so this is no silent drop.
            let ends = drop.segment.ends;
            self.answered(ends, drop.segment.seq, event.time, event.netns);
            self.neighbors.insert(ends, event.time, seen());
        } else if !drop.no_socket || drop.found_its_listener() {
            if !drop.no_socket && self.is_no_loss(event, drop) {
                return;
            }
            self.dropped(DropCause::Freed(seen()));
        } else if !self.abilities.replies_without_socket && !self.just_answered(event, &drop.segment) {
            self.answered(drop.segment.ends, drop.segment.seq, event.time, event.netns);
            self.sender(Sender::NoSocketDrop(seen()));
        }
    }

    /// A socket has answered the segment, which is freed now: that is no second answer. TCP itself sends the same segment
    /// again much later.
    fn just_answered(&self, event: &Event, segment: &Segment) -> bool {
        let same = |&(netns, seq): &(Netns, u32)| seq == segment.seq && may_be_same(netns, event.netns);
        let lately = |time: u64| event.time.saturating_sub(time) < self.limits.grace_ns;
        self.answered.get(segment.ends).any(|entry| same(&entry.1) && lately(entry.0))
    }

    /// The kernel frees what met a request socket or a TIME_WAIT record also when it has answered; and what was lost there
    /// was told by a better witness. Where there is none, a drop for a listener is that of a SYN that came again.
    fn is_no_loss(&self, event: &Event, drop: &Drop) -> bool {
        let segment = &drop.segment;
        let own = |entry: &&(u64, (u32, u8))| {
            entry.1 == (segment.seq, segment.flags)
                && event.time.saturating_sub(entry.0) <= self.limits.grace_ns
        };
        if !drop.is_vague() {
            return false;
        }
        let again = segment.is_syn() && drop.for_state == Some(LISTEN);
        let no_last_ack = !segment.has_syn() && drop.passed_over_by().is_none();
        again || no_last_ack || self.met_small.get(segment.ends).any(|entry| own(&entry))
    }

    fn dropped(&mut self, cause: DropCause) {
        let segment = cause.segment();
        let same = |&(netns, seq): &(Netns, u32)| seq == segment.seq && may_be_same(netns, cause.netns());
        if self.answered.get(segment.ends).any(|entry| same(&entry.1)) {
            return;
        }
        self.vanished(cause);
    }

    /// One more segment of a flow vanished.
    fn vanished(&mut self, cause: DropCause) {
        let last = cause.time();
        let id = self.drops.again(&cause).unwrap_or_else(|| {
            let id = self.new_id();
            self.drops.insert(DropFacts { id, cause, count: 1, last, attempt: None, complete: true });
            id
        });
        self.await_quiet(id);
        self.bound_drops();
    }

    /// A RST was made here.
    fn sender(&mut self, sender: Sender) -> u64 {
        let (time, flow) = (sender.time(), sender.flow());
        let opened = match &sender {
            Sender::Active(seen) => self.history.opening_of(seen.what.sock.sk, seen.what.ends, time),
            _ => None,
        };
        let upstream = match &sender {
            Sender::Active(seen) => {
                // What had failed before the connection stood was not tried for its sake.
                let since = opened.map(|opened| opened.time).or(seen.what.opened).unwrap_or(0);
                self.just_failed(seen.task, time).filter(|failed| since <= failed.time)
            }
            _ => None,
        };
        let meant_for = self.meant_for(&sender);
        let holders = sender.answered().and_then(|answered| answered.holders);
        let listened = self.history.listened(holders, time);
        let held_since = self.history.held_since(holders, time);
        let begun = self.history.begun(flow.a.port(), time);
        let waiting = self.receiver_for(&sender);
        let id = waiting.as_ref().map_or_else(|| self.new_reset(flow), |found| found.id);
        if let Some(reset) = self.resets.get_mut(id) {
            reset.sender = Some(sender);
            reset.sender_opened = opened;
            reset.upstream = upstream;
            reset.meant_for = meant_for;
            reset.listened = listened;
            reset.held_since = held_since;
            reset.begun = begun;
            reset.joined = waiting.as_ref().map(|found| found.joined);
            reset.nat = waiting.map(|found| found.nat).unwrap_or_default();
            reset.attempt = reset.attempt.or_else(|| opened.and_then(|opened| opened.attempt));
        }
        self.one_side_more(id, time);
        id
    }

    /// A RST reached a socket.
    fn receiver(&mut self, seen: Seen<Arc<SockReset>>) {
        let (time, sk, ends) = (seen.time, seen.what.sock.sk, seen.what.ends);
        self.history.in_use(seen.netns, ends.a.ip());
        if self.resets.answered_at_end(sk, ends) {
            return;
        }
        if seen.what.quiet.is_none() {
            self.obeyed(&seen);
        }
        let opened = match seen.what.sock.state {
            TIME_WAIT => self.history.opening_of_flow(seen.netns, ends, time),
            _ => self.history.opening_of(sk, ends, time),
        };
        let attempt = self.reached_attempt(&seen);
        if let Some(told) = self.told_sender_for(&seen) {
            return self.came_late(told, &seen, attempt);
        }
        let waiting = self.sender_for(&seen);
        let id = waiting.as_ref().map_or_else(|| self.new_reset(ends.flipped()), |found| found.id);
        if let Some(reset) = self.resets.get_mut(id) {
            reset.receiver = Some(seen);
            reset.receiver_opened = opened;
            reset.joined = waiting.as_ref().map(|found| found.joined);
            reset.nat = waiting.map(|found| found.nat).unwrap_or_default();
            let older = opened.and_then(|opened| opened.attempt);
            reset.attempt = attempt.or(older).or(reset.attempt);
        }
        self.one_side_more(id, time);
    }

    /// A RST that the socket seemed to pass over was obeyed after all, as when its number is that of the last block of SACK.
    fn obeyed(&mut self, seen: &Seen<Arc<SockReset>>) {
        if let Some(id) = self.resets.passed_over(seen) {
            self.resets.remove(id);
        }
    }

    /// The attempt that a RST has reached, if the socket is in one.
    fn reached_attempt(&self, seen: &Seen<Arc<SockReset>>) -> Option<u64> {
        let (sock, ends) = (&seen.what.sock, seen.what.ends);
        if !matches!(sock.state, SYN_SENT | SYN_RECV) || seen.what.quiet.is_some() {
            return None;
        }
        let attempt = self.attempts.of_sock(sock.sk)?;
        let known = attempt.ends().is_none_or(|known| known.b == ends.b || known.a.port() == 0);
        (known && attempt.reset.is_none() && attempt.span().0 <= seen.time).then_some(attempt.id)
    }

    fn new_reset(&mut self, flow: Ends) -> u64 {
        let id = self.new_id();
        self.resets.insert(ResetFacts {
            id,
            flow,
            sender: None,
            sender_opened: None,
            for_child: false,
            listened: Vec::new(),
            held_since: Vec::new(),
            begun: Vec::new(),
            closed: None,
            appeared: None,
            receiver: None,
            receiver_opened: None,
            attempt: None,
            start: None,
            joined: None,
            nat: Vec::new(),
            upstream: None,
            meant_for: None,
            sender_is_local: false,
            complete: true,
        });
        id
    }

    /// An open connection ended with an error.
    fn died(&mut self, seen: Seen<Arc<SockReset>>) {
        let (sk, ends, time) = (seen.what.sock.sk, seen.what.ends, seen.time);
        self.history.in_use(seen.netns, ends.a.ip());
        let opened = self.history.opening_of(sk, ends, time);
        let id = self.new_id();
        if self.deaths.died(DeathFacts { id, seen, opened, icmp: None, complete: true }) {
            self.wait(id, time);
            self.bound_deaths();
        }
    }

    fn icmp(&mut self, event: &Event, icmp: &Arc<Icmp>, received: bool) {
        let seen = Seen::new(event, &[], icmp.clone());
        let table = if received { &mut self.icmp } else { &mut self.icmp_sent };
        table.insert(icmp.ends, event.time, seen);
        // It may have been dropped in another namespace than where the error arrives.
        self.answered(icmp.ends, icmp.seq, event.time, Netns::default());
    }

    fn retransmit(&mut self, event: &Event, again: &Arc<Retransmit>) {
        let attempt = self.attempts.of_sock(again.sk);
        let own = attempt.filter(|attempt| attempt.end.is_none() && attempt.span().0 <= event.time);
        let Some(id) = own.map(|attempt| attempt.id) else { return };
        if let Some(attempt) = self.attempts.get_mut(id) {
            let newer = attempt.retransmit.as_ref().is_none_or(|last| last.time < event.time);
            if newer && may_be_same(attempt.netns(), event.netns) {
                attempt.retransmit = Some(Box::new(Seen::new(event, &[], again.clone())));
            }
        }
        self.attempts.index(id);
    }

    fn lost(&mut self, event: &Event, count: u64) {
        if count > 0 {
            self.settled.push_back(Settled::Loss { hook: event.hook, count });
        }
        self.history.doubt();
        self.attempts.all_mut().for_each(|attempt| attempt.complete = false);
        self.resets.all_mut().for_each(|reset| reset.complete = false);
        self.drops.all_mut().for_each(|drop| drop.complete = false);
        self.deaths.all_mut().for_each(|death| death.complete = false);
    }
}

/// A proxy tells its client at once: what it failed to reach longer ago is another matter.
const JUST_NS: u64 = 1_000_000_000;

const SYN_ACK: u8 = tcpx_common::abi::tcp_flag::SYN | tcpx_common::abi::tcp_flag::ACK;

/// A segment of which only the flow is known.
const fn blank(ends: Ends) -> Segment {
    Segment {
        ends,
        seq: 0,
        ack: 0,
        payload: 0,
        window: 0,
        ip_id: 0,
        flags: 0,
        ttl: 0,
        device: None,
        ifindex: None,
    }
}
