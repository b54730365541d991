//! Where a backend sees less than the others: the cells that contract section 4 allows, as data.
//!
//! Outside these cells the same scenario gives the same verdict on every backend, and the guest matrix holds tcpx to it.

use serde::Serialize;

use crate::{
    text::lang::{Lang, is_name},
    verdict::VerdictId,
};

/// One combination of backend and kernel that sees less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// The backend, as `--backend` names it; none where it is the same on all.
    pub backend: Option<&'static str>,
    /// The kernels concerned, in words.
    pub kernels: &'static str,
    /// The verdicts that can come out otherwise.
    pub verdicts: &'static [VerdictId],
    /// What is reported there.
    pub shows: &'static str,
    /// The fact about the kernel that makes it so.
    pub because: &'static str,
}

impl Cell {
    /// Backend and kernels in a language.
    pub(super) fn place(&self, lang: Lang) -> (&'static str, &'static str) {
        let kernels = if is_name(self.kernels) { self.kernels } else { lang.say(self.kernels) };
        (self.backend.unwrap_or_else(|| lang.say("every backend")), kernels)
    }
}

/// What a SYN that found no socket can be told as.
const NO_SOCKET: &[VerdictId] = crate::verdict::Group::NoSocket.ids();

/// Every such cell. `auto` has none of them that another backend can see.
pub const CELLS: &[Cell] = &[
    Cell {
        backend: Some("tracepoint"),
        kernels: "5.10",
        verdicts: NO_SOCKET,
        shows: "the same verdict, but derived and not observed",
        because: "Up to 6.8 tcp_send_reset fires only for full sockets, and kfree_skb has no reason in 5.10.",
    },
    Cell {
        backend: Some("tracepoint"),
        kernels: "5.10 and 6.1",
        verdicts: &[VerdictId::TimeWaitReset],
        shows: "unknown",
        because: "Up to 6.8 tcp_send_reset does not fire for a TIME_WAIT record, which is no full socket.",
    },
    Cell {
        backend: Some("tracepoint"),
        kernels: "5.10",
        verdicts: &[VerdictId::StraySegment],
        shows: "not reported",
        because: "Without a reason in kfree_skb a stray segment looks like others that tcp_v4_rcv frees, such as what TIME_WAIT has consumed.",
    },
    Cell {
        backend: Some("tracepoint"),
        kernels: "5.10 and 6.1",
        verdicts: &[
            VerdictId::HandshakeResetByPeer,
            VerdictId::ResetIgnored,
            VerdictId::TimeWaitAssassinated,
        ],
        shows: "not reported",
        because: "tcp_check_req, tcp_timewait_state_process and tcp_validate_incoming have no tracepoint, and before 6.11 kfree_skb does not say for which socket the RST was.",
    },
    Cell {
        backend: Some("fentry"),
        kernels: "up to 6.1",
        verdicts: NO_SOCKET,
        shows: "the same verdict, but the lookups are derived and not observed",
        because: "There fentry takes at most six arguments: __inet_lookup_established has eight, __inet_lookup_listener ten.",
    },
    Cell {
        backend: Some("tracepoint"),
        kernels: "of every version",
        verdicts: &[VerdictId::NetfilterRejectReset],
        shows: "netfilter-drop, when the client is on another host",
        because: "Netfilter has no tracepoint; only kfree_skb with NETFILTER_DROP is left, as after a plain drop.",
    },
    Cell {
        backend: None,
        kernels: "up to 6.1",
        verdicts: &[VerdictId::LookupDenied],
        shows: "closed-port, unless there is a listener that should have matched",
        because: "A sk_lookup program is run inline there; in 6.12 inet_lookup_run_sk_lookup is a function of its own.",
    },
    Cell {
        backend: Some("tracepoint"),
        kernels: "of every version",
        verdicts: &[VerdictId::LookupDenied],
        shows: "closed-port, unless there is a listener that should have matched",
        because: "Neither inet_lookup_run_sk_lookup nor bpf_run_sk_reuseport has a tracepoint.",
    },
    Cell {
        backend: Some("tracepoint"),
        kernels: "of every version",
        verdicts: &[VerdictId::AcceptQueueFull, VerdictId::SynQueueFull],
        shows: "seen only as what became of an attempt of this host",
        because: "tcp_conn_request has no tracepoint, and frees the SYN without a kfree_skb event.",
    },
    Cell {
        backend: Some("tracepoint"),
        kernels: "of every version",
        verdicts: &[VerdictId::NoReturnRoute, VerdictId::LsmDrop],
        shows: "not reported; an attempt of this host is no-answer",
        because: "inet_csk_route_req and security_inet_conn_request have no tracepoint, and the SYN is freed without a kfree_skb event.",
    },
    Cell {
        backend: Some("tracepoint"),
        kernels: "up to 6.10",
        verdicts: &[VerdictId::TimeWaitAck],
        shows: "unknown",
        because: "tcp_timewait_state_process has no tracepoint, and kfree_skb names the socket since 6.11 only.",
    },
    Cell {
        backend: None,
        kernels: "5.10",
        verdicts: &[VerdictId::MptcpReset],
        shows: "not reported",
        because: "The refusals of MP_JOIN in subflow_v4_route_req and subflow_v6_route_req came after 5.10.",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_name_backends_and_kernels_of_the_matrix() {
        assert_eq!(CELLS.len(), 12);
        for cell in CELLS {
            assert!(matches!(cell.backend, None | Some("tracepoint" | "fentry" | "kprobe")));
            assert!(!cell.verdicts.is_empty() && cell.because.ends_with('.'));
        }
    }
}
