//! RSTs of which one side is known so far, waiting for the other.
//!
//! Either may come first: an answer is reported before it is sent, but an active reset only after, so that on
//! loopback the receiver's events precede it.

use std::collections::BTreeMap;
use std::sync::Arc;

use tcpx_common::abi::state::{CLOSE, CLOSE_WAIT, CLOSING, FIN_WAIT1, FIN_WAIT2, LAST_ACK, LISTEN};

use super::{
    facts::{Joined, Name, ResetFacts, Sender},
    index::Index,
    key::{Agreement, ONE_SEGMENT_NS, Seen, joins, may_be_same},
    recent::Recent,
};
use crate::event::{Ends, Netns, Reply, SockFacts, SockPtr, SockReset};

/// Waiting and recently told resets.
#[derive(Debug)]
pub struct Resets {
    /// Nobody else has them while they wait.
    waiting: BTreeMap<u64, Arc<ResetFacts>>,
    by_flow: Index<Ends>,
    by_number: Index<u32>,
    /// Told, by flow: a receiver may come long after its sender, when the way is long.
    sent: Recent<Ends, Arc<ResetFacts>>,
    /// Told, by the socket that was reached: the end of its attempt may come later.
    received: Recent<SockPtr, Arc<ResetFacts>>,
}

impl Resets {
    /// At most `limit` told resets are remembered.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        let (sent, received) = (Recent::new(limit), Recent::new(limit));
        let (by_flow, by_number) = (Index::default(), Index::default());
        Self { waiting: BTreeMap::new(), by_flow, by_number, sent, received }
    }

    /// Waiting resets.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// The one that has waited longest.
    #[must_use]
    pub fn oldest(&self) -> Option<u64> {
        self.waiting.keys().next().copied()
    }

    /// A waiting reset.
    #[must_use]
    pub fn get(&self, id: u64) -> Option<&ResetFacts> {
        self.waiting.get(&id).map(Arc::as_ref)
    }

    /// A waiting reset, to be added to.
    pub fn get_mut(&mut self, id: u64) -> Option<&mut ResetFacts> {
        self.waiting.get_mut(&id).map(Arc::make_mut)
    }

    /// All that wait.
    pub fn all_mut(&mut self) -> impl Iterator<Item = &mut ResetFacts> {
        self.waiting.values_mut().map(Arc::make_mut)
    }

    /// One more waits.
    pub fn insert(&mut self, reset: ResetFacts) {
        self.by_flow.insert(reset.flow, reset.id);
        self.waiting.insert(reset.id, Arc::new(reset));
    }

    /// Ends the wait of one.
    pub fn remove(&mut self, id: u64) -> Option<Arc<ResetFacts>> {
        let reset = self.waiting.remove(&id)?;
        for flow in name_of_receiver(&reset).into_iter().chain([reset.flow]) {
            self.by_flow.remove(flow, id);
        }
        for number in numbers_of(&reset) {
            self.by_number.remove(number, id);
        }
        Some(reset)
    }

    /// Remembers one that was told.
    pub fn told(&mut self, reset: &Arc<ResetFacts>) {
        match &reset.receiver {
            Some(receiver) => {
                self.received.insert(receiver.what.sock.sk, receiver.time, reset.clone()).map(drop)
            }
            None => self.sent.insert(reset.flow, reset.time(), reset.clone()).map(drop),
        };
    }

    /// A waiting reset whose receiver `sender` reached, by the name `flow` that the receiver may have for it.
    #[must_use]
    pub fn receiver_for(&self, sender: &Sender, flow: Ends) -> Option<(u64, Joined)> {
        best_receiver(sender, self.on(flow))
    }

    /// The same, whatever the receiver's name for it: the sequence numbers agree.
    #[must_use]
    pub fn receiver_by_number(&self, sender: &Sender) -> Option<(u64, Joined)> {
        let flow = sender.flow();
        let numbered = self.numbered(sender.number()?).filter(|reset| may_be_renamed(reset.flow, flow));
        let found = best_receiver(sender, numbered).filter(|(_, joined)| joined.sequence);
        found.map(|(id, joined)| (id, Joined { name: Name::Unknown, ..joined }))
    }

    /// A waiting reset whose sender reached `receiver`, by the name `flow` that the sender may have for it.
    #[must_use]
    pub fn sender_for(&self, receiver: &Seen<Arc<SockReset>>, flow: Ends) -> Option<(u64, Joined)> {
        best_sender(receiver, self.on(flow))
    }

    /// The same, whatever the sender's name for it: the sequence numbers agree.
    #[must_use]
    pub fn sender_by_number(&self, receiver: &Seen<Arc<SockReset>>) -> Option<(u64, Joined)> {
        let flow = receiver.what.ends.flipped();
        let numbered = self.numbered(receiver.what.number()).filter(|reset| may_be_renamed(reset.flow, flow));
        let found = best_sender(receiver, numbered).filter(|(_, joined)| joined.sequence);
        found.map(|(id, joined)| (id, Joined { name: Name::Unknown, ..joined }))
    }

    fn numbered(&self, number: u32) -> impl Iterator<Item = &ResetFacts> {
        self.by_number.of(&number).iter().filter_map(|&id| self.get(id))
    }

    /// Makes a reset findable by what its sides call it and by its sequence numbers.
    pub fn index(&mut self, id: u64) {
        let Some(reset) = self.waiting.get(&id) else { return };
        if let Some(flow) = name_of_receiver(reset) {
            self.by_flow.insert(flow, id);
        }
        for number in numbers_of(reset) {
            self.by_number.insert(number, id);
        }
    }

    /// A reset already told without a receiver that reached `receiver` after all, by the name `flow` that the sender has
    /// for it. Only sequence numbers join it.
    #[must_use]
    pub fn told_sender_for(&self, receiver: &Seen<Arc<SockReset>>, flow: Ends) -> Option<Arc<ResetFacts>> {
        let told = self.sent.get(flow).rev();
        let agrees = |reset: &&Arc<ResetFacts>| {
            reset.time() <= receiver.time
                && reaches(reset, receiver).is_some_and(|(joined, _)| joined.sequence)
        };
        told.map(|entry| &entry.1).find(agrees).cloned()
    }

    /// A waiting reset that answered the SYN with this tuple and initial sequence number.
    #[must_use]
    pub fn answer_to(&self, syn: Ends, isn: u32, netns: Netns) -> Option<u64> {
        let answers = |reset: &&ResetFacts| {
            reset.receiver.is_none() && reset.sender.as_ref().is_some_and(|sender| answers(sender, isn))
        };
        let near = |reset: &&ResetFacts| reset.sender.as_ref().is_some_and(|s| may_be_same(s.netns(), netns));
        let found = self.on(syn.flipped()).filter(answers).max_by_key(near);
        found.map(|reset| reset.id)
    }

    /// The same among those already told.
    #[must_use]
    pub fn told_answer_to(&self, syn: Ends, isn: u32) -> Option<Arc<ResetFacts>> {
        let told = self.sent.get(syn.flipped()).rev().map(|entry| &entry.1);
        let answers =
            |reset: &&Arc<ResetFacts>| reset.sender.as_ref().is_some_and(|sender| answers(sender, isn));
        told.into_iter().find(answers).cloned()
    }

    /// The waiting reset that reached the socket `sk` while it was in SYN_SENT, until `time`.
    #[must_use]
    pub fn that_refused(&self, sk: SockPtr, ends: Ends) -> Option<u64> {
        let reached = |reset: &&ResetFacts| {
            let receiver = reset.receiver.as_ref();
            reset.refused_a_syn()
                && reset.attempt.is_none()
                && receiver.is_some_and(|seen| seen.what.sock.sk == sk)
        };
        self.on(ends.flipped()).find(reached).map(|reset| reset.id)
    }

    /// The same among those already told.
    #[must_use]
    pub fn told_that_refused(&self, sk: SockPtr, from: u64, until: u64) -> Option<Arc<ResetFacts>> {
        let told = self.received.get(sk).rev();
        let reached = |entry: &&(u64, Arc<ResetFacts>)| {
            (from..=until).contains(&entry.0) && entry.1.refused_a_syn() && entry.1.attempt.is_none()
        };
        told.into_iter().find(reached).map(|entry| entry.1.clone())
    }

    /// A waiting reset that says only that the socket `sk` was reset, by a RST of this flow: `tcp_reset` was called, but
    /// not for a RST, if the socket then answered a segment. (Data for a socket that can receive no more ends it so.)
    #[must_use]
    pub fn end_of(&self, sk: SockPtr, flow: Ends) -> Option<u64> {
        let ended = |reset: &&ResetFacts| {
            let receiver = reset.receiver.as_ref();
            reset.sender.is_none() && receiver.is_some_and(|seen| seen.what.sock.sk == sk)
        };
        self.on(flow).find(ended).map(|reset| reset.id)
    }

    /// The same where the listener answers for the child that the segment has made of a SYN cookie (`tcp_v6_do_rcv`): the
    /// child was never accepted, and its numbers are the segment's.
    #[must_use]
    pub fn child_of(&self, reply: &Reply, time: u64, netns: Netns) -> Option<u64> {
        let segment = &reply.segment;
        let listens = reply.sock.as_ref().is_some_and(|sock| sock.state == LISTEN);
        let made = |reset: &&ResetFacts| {
            let Some(seen) = reset.receiver.as_ref().filter(|_| reset.sender.is_none()) else { return false };
            let sock = &seen.what.sock;
            let numbers = (sock.rcv_nxt, sock.snd_una) == (segment.seq, segment.ack);
            let now = time.saturating_sub(seen.time) <= ONE_SEGMENT_NS || may_be_the_kernels_own(sock);
            numbers && now && may_be_same(seen.netns, netns) && !sock.held && !sock.dead
        };
        self.on(segment.ends).filter(|_| listens).find(made).map(|reset| reset.id)
    }

    /// The same in the other order: the answer of the socket `sk`, which had come to its end, is known already.
    #[must_use]
    pub fn answered_at_end(&self, sk: SockPtr, ends: Ends) -> bool {
        let closed = |sock: &SockFacts| sock.sk == sk && sock.state == CLOSE;
        self.on(ends).any(|reset| match &reset.sender {
            Some(Sender::Reply(seen)) => seen.what.sock.as_ref().is_some_and(closed),
            _ => false,
        })
    }

    /// A waiting reset of the same flow that seemed to be passed over by the socket which `obeyed` it in the same call.
    #[must_use]
    pub fn passed_over(&self, obeyed: &Seen<Arc<SockReset>>) -> Option<u64> {
        const SAME_CALL_NS: u64 = 1_000_000;
        let same = |reset: &&ResetFacts| {
            let quiet = reset.receiver.as_ref().filter(|seen| seen.what.quiet.is_some());
            reset.sender.is_none()
                && quiet.is_some_and(|seen| {
                    seen.what.sock.sk == obeyed.what.sock.sk
                        && seen.time <= obeyed.time
                        && obeyed.time - seen.time < SAME_CALL_NS
                })
        };
        self.on(obeyed.what.ends.flipped()).find(same).map(|reset| reset.id)
    }

    /// Waiting resets of this flow.
    pub fn on(&self, flow: Ends) -> impl Iterator<Item = &ResetFacts> {
        self.by_flow.of(&flow).iter().filter_map(|&id| self.get(id))
    }
}

/// The waiting reset whose sender fits `receiver` best.
fn best_sender<'a>(
    receiver: &Seen<Arc<SockReset>>,
    among: impl Iterator<Item = &'a ResetFacts>,
) -> Option<(u64, Joined)> {
    let candidates = among.filter(|reset| reset.receiver.is_none());
    let matches = candidates.filter_map(|reset| {
        let (joined, agreement) = reaches(reset, receiver)?;
        Some(((agreement, std::cmp::Reverse(reset.id)), (reset.id, joined)))
    });
    matches.max_by_key(|entry| entry.0).map(|entry| entry.1)
}

/// The flow as the receiver names it, which may be another name than the sender's.
fn name_of_receiver(reset: &ResetFacts) -> Option<Ends> {
    reset.receiver.as_ref().map(|seen| seen.what.ends.flipped())
}

/// The sequence numbers by which the sides of a RST know it, under whatever name.
fn numbers_of(reset: &ResetFacts) -> impl Iterator<Item = u32> + use<> {
    let sender = reset.sender.as_ref().and_then(Sender::number);
    sender.into_iter().chain(reset.receiver.as_ref().map(|seen| seen.what.number()))
}

/// NAT changes one end, or both; that nothing of a name is left is not seen in practice, and would leave a join to chance.
fn may_be_renamed(one: Ends, other: Ends) -> bool {
    let family = one.a.is_ipv4() == other.a.is_ipv4();
    let ports = one.a.port() == other.a.port() || one.b.port() == other.b.port();
    family && (ports || one.a.ip() == other.a.ip() || one.b.ip() == other.b.ip())
}

fn answers(sender: &Sender, isn: u32) -> bool {
    sender.segment().is_some_and(|segment| segment.is_syn() && segment.seq == isn)
}

fn reaches(reset: &ResetFacts, receiver: &Seen<Arc<SockReset>>) -> Option<(Joined, Agreement)> {
    let sender = reset.sender.as_ref()?;
    let agreement = sender.reaches(&receiver.what);
    Some((join(sender.netns(), receiver.netns, agreement)?, agreement))
}

fn join(a: Netns, b: Netns, agreement: Agreement) -> Option<Joined> {
    let joined =
        Joined { name: Name::Same, sequence: agreement == Agreement::Agree, across: !may_be_same(a, b) };
    joins(a, b, agreement).then_some(joined)
}

/// Of these, the one that the sender reached for certain, else the latest that it may have reached.
fn best_receiver<'a>(sender: &Sender, among: impl Iterator<Item = &'a ResetFacts>) -> Option<(u64, Joined)> {
    let candidates = among.filter(|reset| reset.sender.is_none());
    let matches = candidates.filter_map(|reset| {
        let receiver = reset.receiver.as_ref()?;
        let agreement = sender.reaches(&receiver.what);
        let joined = join(sender.netns(), receiver.netns, agreement)?;
        Some(((agreement, std::cmp::Reverse(reset.id)), (reset.id, joined)))
    });
    matches.max_by_key(|entry| entry.0).map(|entry| entry.1)
}

/// `tcp_reset` also ends a socket that can receive no more because data came for it (`tcp_rcv_state_process`): then no RST came,
/// and one goes out, which is told a moment later.
pub(super) fn may_be_the_kernels_own(sock: &SockFacts) -> bool {
    const RCV_SHUTDOWN: u8 = 1;
    let closing = matches!(sock.state, FIN_WAIT1 | FIN_WAIT2 | CLOSE_WAIT | LAST_ACK | CLOSING);
    closing && sock.shutdown & RCV_SHUTDOWN != 0
}
