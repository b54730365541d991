//! What an ICMP error about a SYN means: as `icmp_err_convert` (net/ipv4/icmp.c) and `tab_unreach` (net/ipv6/icmp.c)
//! have it, the same from 5.10 to 7.3.

use crate::{
    event::Icmp,
    verdict::VerdictId::{self, IcmpAdminProhibited, IcmpRefused, IcmpUnreachable},
};

/// What one type and code stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meaning {
    /// Which verdict.
    pub(super) id: VerdictId,
    /// What connect() fails with.
    pub(super) errno: u16,
    /// The message's name, as RFCs and tcpdump have it.
    pub(super) name: &'static str,
}

type Row = (u8, VerdictId, u16, &'static str);

const EACCES: u16 = 13;
const ENONET: u16 = 64;
const EPROTO: u16 = 71;
const ENOPROTOOPT: u16 = 92;
const EOPNOTSUPP: u16 = 95;
const ENETUNREACH: u16 = 101;
const ECONNREFUSED: u16 = 111;
const EHOSTDOWN: u16 = 112;
const EHOSTUNREACH: u16 = 113;

/// Type 3. Code 4 is about the path's MTU and ends nothing.
const V4_UNREACHABLE: &[Row] = &[
    (0, IcmpUnreachable, ENETUNREACH, "network unreachable"),
    (1, IcmpUnreachable, EHOSTUNREACH, "host unreachable"),
    (2, IcmpUnreachable, ENOPROTOOPT, "protocol unreachable"),
    (3, IcmpRefused, ECONNREFUSED, "port unreachable"),
    (5, IcmpUnreachable, EOPNOTSUPP, "source route failed"),
    (6, IcmpUnreachable, ENETUNREACH, "network unknown"),
    (7, IcmpUnreachable, EHOSTDOWN, "host unknown"),
    (8, IcmpUnreachable, ENONET, "source host isolated"),
    (9, IcmpAdminProhibited, ENETUNREACH, "network administratively prohibited"),
    (10, IcmpAdminProhibited, EHOSTUNREACH, "host administratively prohibited"),
    (11, IcmpUnreachable, ENETUNREACH, "network unreachable for type of service"),
    (12, IcmpUnreachable, EHOSTUNREACH, "host unreachable for type of service"),
    (13, IcmpAdminProhibited, EHOSTUNREACH, "communication administratively prohibited"),
    (14, IcmpUnreachable, EHOSTUNREACH, "host precedence violation"),
    (15, IcmpUnreachable, EHOSTUNREACH, "precedence cutoff in effect"),
];

/// Type 1. RFC 4443 calls codes 5 and 6 more informative subsets of code 1.
const V6_UNREACHABLE: &[Row] = &[
    (0, IcmpUnreachable, ENETUNREACH, "no route to destination"),
    (1, IcmpAdminProhibited, EACCES, "administratively prohibited"),
    (2, IcmpUnreachable, EHOSTUNREACH, "beyond scope of source address"),
    (3, IcmpUnreachable, EHOSTUNREACH, "address unreachable"),
    (4, IcmpRefused, ECONNREFUSED, "port unreachable"),
    (5, IcmpAdminProhibited, EACCES, "source address failed policy"),
    (6, IcmpAdminProhibited, EACCES, "reject route to destination"),
];

/// `None` for what TCP does not heed.
pub(super) fn meaning(icmp: &Icmp) -> Option<Meaning> {
    let unreachable = |errno, name| Some(Meaning { id: IcmpUnreachable, errno, name });
    match (icmp.ends.b.is_ipv4(), icmp.icmp_type) {
        (true, 3) => row(V4_UNREACHABLE, icmp.icmp_code),
        (true, 11) | (false, 3) => unreachable(EHOSTUNREACH, "time exceeded"),
        (true, 12) | (false, 4) => unreachable(EPROTO, "parameter problem"),
        // A code that the kernel does not know is EPROTO (icmpv6_err_convert).
        (false, 1) => row(V6_UNREACHABLE, icmp.icmp_code)
            .or_else(|| unreachable(EPROTO, "destination unreachable, unknown code")),
        _ => None,
    }
}

fn row(table: &[Row], code: u8) -> Option<Meaning> {
    let &(_, id, errno, name) = table.iter().find(|row| row.0 == code)?;
    Some(Meaning { id, errno, name })
}

/// The verdict that an errno alone leaves, with what the message can have been. Over IPv4 "No route to host" and
/// "Network is unreachable" are both what a firewall and what a router gives.
pub(super) const fn by_errno(errno: u16, ipv4: bool) -> Option<(VerdictId, &'static str)> {
    match (errno, ipv4) {
        (ECONNREFUSED, _) => Some((IcmpRefused, "port unreachable")),
        (EACCES, false) => Some((IcmpAdminProhibited, "administratively prohibited")),
        (ENETUNREACH, false) => Some((IcmpUnreachable, "no route to destination")),
        (EHOSTUNREACH, false) => Some((IcmpUnreachable, "address unreachable or time exceeded")),
        (EPROTO, _) => Some((IcmpUnreachable, "parameter problem")),
        (ENOPROTOOPT, true) => Some((IcmpUnreachable, "protocol unreachable")),
        (EOPNOTSUPP, true) => Some((IcmpUnreachable, "source route failed")),
        (EHOSTDOWN, true) => Some((IcmpUnreachable, "host unknown")),
        (ENONET, true) => Some((IcmpUnreachable, "source host isolated")),
        _ => None,
    }
}
