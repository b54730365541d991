//! A handshake segment that was thrown away.

use super::{Holder, Holders, Lookups, Name, Place, Segment};

/// A handshake segment that was thrown away.
#[derive(Clone, Debug, PartialEq)]
pub struct Drop {
    /// The segment.
    pub segment: Segment,
    /// Its lookups.
    pub lookups: Lookups,
    /// Where in the kernel.
    pub location: Option<u64>,
    /// The function around `location`, where kallsyms could be read.
    pub function: Option<Name>,
    /// `enum skb_drop_reason`, where the kernel has one.
    pub reason: Option<Name>,
    /// This is how a SYN without a socket shows on this backend: a RST answers it.
    pub no_socket: bool,
    /// Who holds the port, as in [`Reply`](super::Reply).
    pub holders: Option<Holders>,
    /// As in [`Reply`](super::Reply).
    pub place: Place,
    /// State of the socket that the kernel names with the drop, if it names one.
    pub for_state: Option<u8>,
}

impl Drop {
    /// What only looks like a SYN without a socket: `tcp_v4_rcv` freed it, and without reasons (5.10) that is all that is
    /// seen, but a listener would have taken it, and no program or device stood between them.
    #[must_use]
    pub fn found_its_listener(&self) -> bool {
        let wanted = self.segment.ends.b;
        let mut holders = self.holders.iter().flat_map(|holders| &holders.list);
        let takes = |holder: &Holder| holder.listens_for(wanted) && !holder.reuseport_program;
        self.reason.is_none() && !self.place.sk_lookup && !self.place.vrf && holders.any(takes)
    }

    /// The segment has SYN, but was freed as one that begins nothing: SYN together with FIN; one for a connection or a
    /// handshake that the kernel knows, which answers it with an ACK (RFC 5961, `tcp_send_challenge_ack`), or which it has
    /// completed (a SYN-ACK of a simultaneous open is old data then); a SYN-ACK for a TIME_WAIT record (`tcp_v4_rcv` hands
    /// others on); or a SYN whose data (Fast Open) was taken and goes with its socket, unread.
    #[must_use]
    pub fn is_no_handshake(&self) -> bool {
        use tcpx_common::abi::{
            state::NEW_SYN_RECV,
            tcp_flag::{ACK, FIN, SYN},
        };
        let answered = |reason: &str| {
            matches!(
                reason,
                "TCP_INVALID_SYN"
                    | "TCP_OVERWINDOW"
                    | "TCP_OLD_DATA"
                    | "TCP_RFC7323_PAWS"
                    | "TCP_RFC7323_PAWS_ACK"
            )
        };
        let vague = self.reason.as_deref().is_none_or(|reason| reason == "NOT_SPECIFIED");
        let in_receive = matches!(self.function.as_deref(), Some("tcp_v4_rcv" | "tcp_v6_rcv"));
        let of_tcp = |name: &str| name.starts_with("tcp_") || name.starts_with("inet_");
        let unread =
            self.reason.as_deref() == Some("QUEUE_PURGE") && self.function.as_deref().is_some_and(of_tcp);
        let has = |flags: u8| self.segment.flags & flags == flags;
        let of_request = matches!(self.lookups.established, Some(Ok((_, NEW_SYN_RECV))));
        has(SYN | FIN)
            || has(SYN) && vague && of_request
            || has(SYN) && self.reason.as_deref().is_some_and(answered)
            || has(SYN) && unread
            || has(SYN | ACK) && vague && in_receive && !self.no_socket
    }

    /// Freed by `tcp_v4_rcv` itself, which gives small sockets no reason of their own.
    #[must_use]
    pub fn is_vague(&self) -> bool {
        let reason = self.reason.as_deref();
        let vague = matches!(reason, None | Some("NOT_SPECIFIED" | "TCP_LISTEN_OVERFLOW"));
        vague && matches!(self.function.as_deref(), Some("tcp_v4_rcv" | "tcp_v6_rcv"))
    }

    /// The listener, if this is the last ACK of a handshake that it had no room for, or put off.
    #[must_use]
    pub fn passed_over_by(&self) -> Option<&Holder> {
        let wanted = self.segment.ends.b;
        let list = self.holders.iter().flat_map(|holders| &holders.list);
        let mut listeners = list.filter(|holder| holder.listens_at(wanted));
        let own =
            |holder: &&Holder| holder.is_full() || (holder.defer_accept > 0 && self.segment.payload == 0);
        listeners.find(own).filter(|_| self.is_vague() && !self.segment.has_syn())
    }

    /// Netfilter dropped it. Kernels without reasons show only where: in `nf_hook_slow`, or, since a verdict may free
    /// the packet itself, in `nft_do_chain`.
    #[must_use]
    pub fn by_netfilter(&self) -> bool {
        const FUNCTIONS: [&str; 3] = ["nf_hook_slow", "nft_do_chain", "ipt_do_table"];
        let function = self.function.as_deref().unwrap_or_default();
        self.reason
            .as_deref()
            .map_or_else(|| FUNCTIONS.contains(&function), |reason| reason == "NETFILTER_DROP")
    }

    /// Nobody answered ARP or neighbour discovery for where it was to go. `ndisc_error_report` gives no reason, and both
    /// it and `arp_error_report` end in the call that frees, so that `neigh_invalidate` may be what is seen.
    #[must_use]
    pub fn by_neighbor(&self) -> bool {
        self.reason.as_deref() == Some("NEIGH_FAILED")
            || self.is_in(&[
                "arp_error_report",
                "ndisc_error_report",
                "neigh_invalidate",
                "neigh_timer_handler",
            ])
    }

    /// What drops a segment so also sends its source an ICMP error.
    #[must_use]
    pub fn sends_icmp(&self) -> bool {
        self.is_in(&[
            "ip_error",
            "ip_forward",
            "ip6_forward",
            "ip6_pkt_drop",
            "ip6_pkt_discard",
            "ip6_pkt_prohibit",
        ])
    }

    fn is_in(&self, functions: &[&str]) -> bool {
        self.function.as_deref().is_some_and(|function| functions.contains(&function))
    }
}
