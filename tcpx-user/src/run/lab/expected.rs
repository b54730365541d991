//! What must be said of a scenario, with what the attached hooks let tcpx see: the same facts on every backend, told
//! with less certainty where a hook is missing, and in a few cells (contract section 4) told as something else.

use std::net::SocketAddr;

use crate::{
    abilities::Abilities,
    lab::{AttemptFact, DropFact, Facts, Program, ResetFact, Side},
    line::Confidence,
    verdict::{Group, VerdictId},
};

/// What must be said.
#[derive(Clone, Debug)]
pub struct Expected {
    /// What happened, as far as it can be seen.
    pub facts: Facts,
    /// Attempts of which nothing need be said: what is, has their verdict.
    pub perhaps: Vec<AttemptFact>,
    /// What the attached hooks see.
    pub abilities: Abilities,
    /// Why the scenario's own verdict cannot come out, if it cannot.
    pub hidden: Option<&'static str>,
}

impl Expected {
    /// What these hooks show of these facts.
    #[must_use]
    pub fn of(facts: &Facts, abilities: &Abilities) -> Self {
        let mut expected =
            Self { facts: facts.clone(), perhaps: Vec::new(), abilities: *abilities, hidden: None };
        if !abilities.replies_from_time_wait {
            expected.hide_time_wait();
        }
        if !abilities.replies_without_socket && !abilities.drop_reasons {
            expected.hide_stray();
        }
        expected.hide_quiet();
        if !abilities.replies_without_socket {
            // The drop of a stray segment comes with the holders of its port, but not with the connections there.
            expected.facts.resets.iter_mut().for_each(|reset| reset.meant_for = None);
        }
        if !abilities.sk_lookup {
            expected.hide_program();
        }
        if !abilities.rejects {
            expected.hide_rejects();
        }
        let unseen =
            |fact: &AttemptFact| expected.joins_by_number(fact) && fact.errno != Some("ECONNREFUSED");
        let unseen: Vec<bool> = expected.facts.attempts.iter().map(unseen).collect();
        for (fact, _) in expected.facts.attempts.iter_mut().zip(unseen).filter(|(_, unseen)| *unseen) {
            // No RST tells where its SYN arrived.
            (fact.nat, fact.holder) = (None, None);
        }
        if !abilities.received || !abilities.lookups {
            // Which listener a rule has given a SYN to shows as it enters TCP, which one a program has, in its lookup.
            let open = expected.facts.attempts.iter_mut().filter(|attempt| attempt.verdict == "established");
            open.filter(|attempt| attempt.nat.is_none()).for_each(|attempt| attempt.holder = None);
        }
        if !abilities.calls {
            expected.hide_calls();
        }
        if !abilities.conn_request {
            // tcp_conn_request frees the SYN without a kfree_skb event; a client of this host shows it nevertheless.
            let full = |verdict| matches!(verdict, "accept-queue-full" | "syn-queue-full");
            expected.facts.drops.retain(|drop| !full(drop.verdict));
        }
        if !abilities.syn_refused {
            expected.hide_refused();
        }
        if !abilities.drop_sockets {
            expected.hide_small_sockets();
        }
        expected
    }

    /// Up to Linux 6.8 tcp_send_reset does not fire for a TIME_WAIT record: the RST comes out of nowhere.
    fn hide_time_wait(&mut self) {
        for reset in self.facts.resets.iter_mut().filter(|reset| reset.verdict == "time-wait-reset") {
            (reset.origin, reset.sender, reset.verdict) = ("elsewhere", None, "unknown");
            self.hidden = Some("no hook here sees a RST that a TIME_WAIT record sends");
        }
    }

    /// The system call tracepoints want tracefs: without it nothing tells of a call that failed without a packet, and
    /// where its socket had been in SYN_SENT, nothing tells the errno.
    fn hide_calls(&mut self) {
        let early = |attempt: &&AttemptFact| attempt.early;
        if self.facts.attempts.iter().any(|attempt| early(&attempt)) || !self.facts.calls.is_empty() {
            self.hidden = Some("no hook here sees a call that fails without a packet");
        }
        let (early, others) =
            std::mem::take(&mut self.facts.attempts).into_iter().partition(|fact| fact.early);
        (self.perhaps, self.facts.attempts) = (early, others);
        self.facts.calls.clear();
    }

    /// inet_csk_route_req and security_inet_conn_request have no tracepoint, and the SYN is freed without an event.
    fn hide_refused(&mut self) {
        let all = self.facts.drops.len();
        self.facts.drops.retain(|drop| !matches!(drop.verdict, "no-return-route" | "lsm-drop"));
        if self.facts.drops.len() < all {
            self.hidden = Some("no hook here sees a SYN that a listener cannot or may not answer");
        }
        self.facts.attempts.iter_mut().filter(|attempt| attempt.verdict == "lsm-drop").for_each(|attempt| {
            attempt.verdict = "no-answer";
        });
    }

    /// tcp_v4_rcv frees what a TIME_WAIT record passed over without a reason, and before Linux 6.11 without the socket.
    fn hide_small_sockets(&mut self) {
        for drop in self.facts.drops.iter_mut().filter(|drop| drop.verdict == "time-wait-ack") {
            drop.verdict = "unknown";
            self.hidden = Some("no hook here sees that a SYN met a TIME_WAIT record");
        }
    }

    /// tcp_check_req, tcp_timewait_state_process and tcp_validate_incoming have no tracepoint, and before Linux 6.11 kfree_skb
    /// does not say for which socket a RST was freed. A RST that was sent here has a line all the same.
    fn hide_quiet(&mut self) {
        let can = self.abilities;
        let small = |side: &Side| matches!(side.socket, "listener" | "time-wait");
        let seen = |reset: &ResetFact| match &reset.receiver {
            Some(side) if small(side) => can.quiet_resets,
            _ => can.ignored_resets || reset.verdict != "reset-ignored",
        };
        let sent = |reset: &ResetFact| reset.origin != "elsewhere";
        let all = self.facts.resets.len();
        self.facts.resets.retain(|reset| seen(reset) || sent(reset));
        if self.facts.resets.len() < all {
            self.hidden = Some("no hook here sees a RST that tcp_reset never gets");
        }
        for reset in self.facts.resets.iter_mut().filter(|reset| !seen(reset)) {
            reset.receiver = None;
        }
    }

    /// A refusal shows in the drop of its SYN. Of other segments a drop shows it only where it has a reason.
    fn hide_stray(&mut self) {
        let all = self.facts.resets.len();
        self.facts.resets.retain(|reset| reset.verdict != "stray-segment");
        if self.facts.resets.len() < all {
            self.hidden = Some("no hook here sees a RST for a segment that finds no socket and is no SYN");
        }
    }

    /// The program's answer is not seen: a listener that was passed over betrays it, without one nothing does.
    fn hide_program(&mut self) {
        if self.facts.program != Some(Program::SkLookupAlone) {
            return;
        }
        self.facts.attempts.iter_mut().for_each(|attempt| attempt.verdict = "closed-port");
        self.facts.resets.iter_mut().for_each(|reset| reset.verdict = "closed-port");
        self.hidden = Some("no hook here sees what a sk_lookup program answers");
    }

    /// Netfilter's RST itself is not seen: a client on this host shows it, for another one the SYN just vanished.
    fn hide_rejects(&mut self) {
        let (hidden, shown): (Vec<_>, Vec<_>) = std::mem::take(&mut self.facts.resets)
            .into_iter()
            .partition(|reset| reset.origin == "netfilter" && reset.receiver.is_none());
        self.facts.resets = shown;
        self.facts.drops.extend(hidden.iter().filter_map(vanished));
        if !hidden.is_empty() {
            self.hidden = Some("no hook here sees a RST that netfilter sends to another host");
        }
    }

    /// The translation of this attempt is not seen: the sequence number of its SYN tells where it arrived.
    #[must_use]
    pub fn joins_by_number(&self, fact: &AttemptFact) -> bool {
        fact.nat.is_some() && !self.abilities.nat
    }

    /// All attempts are IPv4.
    #[must_use]
    pub fn is_ipv4(&self) -> bool {
        self.facts.attempts.iter().all(|attempt| attempt.remote.is_ipv4())
    }

    /// How many RSTs stay without an explanation.
    #[must_use]
    pub fn unexplained(&self) -> usize {
        self.facts.resets.iter().filter(|reset| reset.verdict == "unknown").count()
    }

    /// The comparison with the kernel's counters must have been made.
    #[must_use]
    pub const fn accounted(&self) -> bool {
        let can = &self.abilities;
        can.replies_without_socket
            && can.replies_from_time_wait
            && can.replies_from_socket
            && can.active_resets
    }

    /// How sure tcpx must be of the verdict on a RST: that one was sent after a drop is proved by its arrival only.
    #[must_use]
    pub fn confidence_of_reset(&self, reset: &ResetFact) -> Confidence {
        let sure = match (reset.verdict, reset.origin) {
            // The ACK of a FIN is answered in one place only, which the kernel's reason names.
            // The reason that it gives there is TCP's, for something else.
            ("mptcp-reset", "active") if self.abilities.callers => Confidence::Observed,
            ("mptcp-reset", "active") => Confidence::Derived,
            ("linger2-expired", "reply") if !self.abilities.reset_reasons => Confidence::Derived,
            // Without lookups only the reason with which a listener answers shows that it does so for a child.
            ("child-rejected-ack", _) if reset.of_cookie => {
                let can = &self.abilities;
                let listens = reset.sender.as_ref().is_some_and(|sender| sender.socket == "listener");
                let seen = can.lookups || (listens && can.reset_reasons);
                if seen { Confidence::Observed } else { Confidence::Derived }
            }
            (verdict, _) => self.confidence(verdict),
        };
        let unproved = reset.receiver.is_none() && !self.abilities.replies_without_socket;
        // Which of its request sockets a RST met, and what became of that, the free of the RST does not show.
        if reset.origin == "elsewhere"
            && reset.receiver.as_ref().is_some_and(|side| side.socket == "listener")
            && !self.abilities.mini_sockets
        {
            return sure.min(Confidence::Derived);
        }
        if unproved && is_no_socket(reset.verdict) { sure.min(Confidence::Derived) } else { sure }
    }

    /// How sure tcpx must be of a verdict: what the deciding hook shows is observed.
    #[must_use]
    pub fn confidence(&self, verdict: &str) -> Confidence {
        let can = &self.abilities;
        let seen = match verdict {
            "unknown" => return Confidence::Unknown,
            // The end of the listener is concluded from who sends the RST, and in which state.
            // A bad cookie: from what cookie_v4_check looks at before it looks for one.
            // What is in another namespace is asked after the fact.
            // A packet that conntrack drops looks like one that a rule drops: the namespace's counters tell.
            "listener-closed-unaccepted"
            | "bad-syncookie"
            | "listener-other-netns"
            | "conntrack-full"
            | "conntrack-insert-failed" => false,
            // That nobody here sent it follows from hooks at every place that could have.
            "peer-refused"
            | "peer-reset"
            | "handshake-reset-by-peer"
            | "reset-ignored"
            | "time-wait-assassinated" => {
                can.replies_without_socket && can.replies_from_time_wait && can.rejects
            }
            "stray-segment" => can.replies_without_socket,
            // Which of its two reasons to send a RST close() had is concluded from the socket.
            "close-unread-data" | "linger-zero" => can.reset_reasons || can.callers,
            // The kernel's own reason, or who called.
            "linger2-expired" | "memory-pressure" | "keepalive-timeout" | "user-timeout" => {
                can.reset_reasons || can.callers
            }
            "disconnect" | "socket-destroyed" | "fin-wait2-timeout" | "retransmit-timeout" => can.callers,
            // So is which of its two SYN_SENT had, from the numbers, and that data came too late.
            "syn-sent-bad-ack" | "syn-sent-paws" | "data-after-close" | "mptcp-reset" => can.reset_reasons,
            // A full accept queue with tcp_abort_on_overflow looks the same without the kernel's reason.
            "ack-to-listener" => can.reset_reasons && can.lookups,
            // What was found shows it, or the reason INVALID_SYN.
            "syn-in-handshake" | "accept-queue-abort" => can.reset_reasons || can.received,
            "syn-recv-bad-ack" | "child-rejected-ack" => can.received,
            "netfilter-reject-reset" => can.rejects,
            "accept-queue-full" | "syn-queue-full" => can.conn_request,
            "handshake-ack-dropped" | "defer-accept" | "time-wait-ack" => can.mini_sockets,
            "netfilter-drop" | "rp-filter" | "bad-checksum" | "auth-failed" | "xfrm-policy"
            | "socket-filter-drop" | "tc-xdp-drop" | "egress-drop" => can.drop_reasons,
            "min-ttl" => can.min_ttl_reason,
            "martian" => can.martian_reasons,
            "connect-denied" | "permission-denied" => can.denials,
            // That it was the program follows from the listener that was passed over.
            "lookup-denied" => match self.facts.program {
                Some(Program::Reuseport) => can.reuseport,
                _ => can.sk_lookup,
            },
            "closed-port" if self.facts.program.is_some() => false,
            // ipv6_icmp_error leaves nothing in the socket's error queue.
            "icmp-refused" | "icmp-admin-prohibited" | "icmp-unreachable" => {
                can.icmp || (can.icmp_v4 && self.is_ipv4())
            }
            "no-answer" => can.drops && can.conn_request,
            // The kernel's reason for the drop together with the RST that came is as good as the reply.
            verdict if is_no_socket(verdict) => can.replies_without_socket || can.drop_reasons,
            _ => true,
        };
        if seen { Confidence::Observed } else { Confidence::Derived }
    }

    /// The same of a silent drop. `ip6_rcv_core` has one reason for whatever is wrong in a header.
    #[must_use]
    pub fn confidence_of_drop(&self, drop: &DropFact) -> Confidence {
        match drop.verdict {
            "martian" if drop.to.is_ipv6() => Confidence::Derived,
            verdict => self.confidence(verdict),
        }
    }
}

fn is_no_socket(verdict: &str) -> bool {
    verdict.parse::<VerdictId>().is_ok_and(|id| id.group() == Group::NoSocket)
}

/// What is left of a RST of netfilter's: the SYN that it answered was dropped.
fn vanished(reset: &ResetFact) -> Option<DropFact> {
    let to = SocketAddr::new(reset.from.ip, reset.from.port?);
    let netns = reset.sender.as_ref()?.netns;
    Some(DropFact { netns, from: reset.to, to, count: 1, verdict: "netfilter-drop" })
}
