//! What the attached hooks let tcpx see: the correlator concludes nothing from the absence of an event that no
//! hook would have reported. Recordings keep them by name: one that an older tcpx did not know is absent there.

use serde::{Deserialize, Serialize};

/// One field for each fact that some backend on some kernel cannot see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent fact about the attached hooks")]
pub struct Abilities {
    /// Every RST in answer to a segment that found no socket is reported as a reply.
    pub replies_without_socket: bool,
    /// Every RST in answer to a segment that found a TIME_WAIT socket is reported.
    pub replies_from_time_wait: bool,
    /// Every RST in answer to a segment that found a full socket is reported.
    pub replies_from_socket: bool,
    /// A SYN without a socket shows as a drop (`event::Drop::no_socket`).
    pub no_socket_drops: bool,
    /// RSTs that sockets send of their own accord are reported.
    pub active_resets: bool,
    /// RSTs that reach a socket are reported.
    pub received_resets: bool,
    /// ICMP errors that reach TCP are reported, for both families.
    pub icmp: bool,
    /// Those for IPv4 are, at least when the attempt ends.
    pub icmp_v4: bool,
    /// ICMP errors that this host sends are reported.
    pub icmp_send: bool,
    /// RSTs that meet a request socket or a TIME_WAIT record are reported.
    pub quiet_resets: bool,
    /// So are those that a full socket does not obey.
    pub ignored_resets: bool,
    /// How the segment came that completed a handshake is kept.
    pub handshakes: bool,
    /// RSTs made by netfilter are reported.
    pub rejects: bool,
    /// A SYN at a full listener is reported.
    pub conn_request: bool,
    /// A SYN that a listener refuses for want of a route, or for a security module, is reported.
    pub syn_refused: bool,
    /// Handshake segments that a request socket or a TIME_WAIT record did not take are reported.
    pub mini_sockets: bool,
    /// At least whether a dropped SYN met a TIME_WAIT record is known.
    pub drop_sockets: bool,
    /// Dropped handshake segments are reported.
    pub drops: bool,
    /// Segments are seen as they enter TCP, with the socket that early demux has found for them.
    pub received: bool,
    /// connect(), bind() and listen() calls that fail without a packet are reported.
    pub calls: bool,
    /// So are those that a security module or a cgroup's program refuses, as such.
    pub denials: bool,
    /// Lookups are observed.
    pub lookups: bool,
    /// What conntrack makes of a flow is reported when the flow begins, wherever on this host.
    pub nat: bool,
    /// A sk_lookup program that refuses a segment is observed.
    pub sk_lookup: bool,
    /// The same for the program of a SO_REUSEPORT group.
    pub reuseport: bool,
    /// The kernel gives reasons with resets.
    pub reset_reasons: bool,
    /// The kernel gives reasons with drops.
    pub drop_reasons: bool,
    /// There is one for martians (since 6.18).
    pub martian_reasons: bool,
    /// There is one for IP_MINTTL.
    pub min_ttl_reason: bool,
    /// A walked stack has names: kallsyms can be read.
    pub callers: bool,
    /// Firings that the kernel passes over are not counted (before Linux 5.12): that nothing is missing cannot be said.
    pub misses_uncounted: bool,
}

impl Abilities {
    /// Everything is seen, as with `auto` on a recent kernel.
    pub const ALL: Self = Self {
        replies_without_socket: true,
        replies_from_time_wait: true,
        replies_from_socket: true,
        no_socket_drops: true,
        active_resets: true,
        received_resets: true,
        icmp: true,
        icmp_v4: true,
        icmp_send: true,
        quiet_resets: true,
        ignored_resets: true,
        handshakes: true,
        rejects: true,
        conn_request: true,
        syn_refused: true,
        mini_sockets: true,
        drop_sockets: true,
        drops: true,
        received: true,
        calls: true,
        denials: true,
        lookups: true,
        nat: true,
        sk_lookup: true,
        reuseport: true,
        reset_reasons: true,
        drop_reasons: true,
        martian_reasons: true,
        min_ttl_reason: true,
        callers: true,
        misses_uncounted: false,
    };
}
