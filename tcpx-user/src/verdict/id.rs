//! The verdict ids that contract section 3 fixes, each named once, in the contract's order.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A word that is no verdict id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no verdict; \"tcpx explain\" lists all")]
pub struct UnknownVerdict(pub String);

macro_rules! verdict_ids {
    ($($group:ident $heading:literal { $($variant:ident $name:literal,)+ })+) => {
        /// What happened, as a name that never changes its meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum VerdictId {
            $($(#[doc = concat!("`", $name, "`")] $variant,)+)+
        }

        /// The families into which the contract sorts the ids.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Group {
            $(#[doc = $heading] $group,)+
        }

        impl Group {
            /// Every group, in the contract's order.
            pub const ALL: &'static [Self] = &[$(Self::$group,)+];

            /// The heading, as a person reads it.
            #[must_use]
            pub const fn heading(self) -> &'static str {
                match self { $(Self::$group => $heading,)+ }
            }

            /// The ids of this group, in the contract's order.
            #[must_use]
            pub const fn ids(self) -> &'static [VerdictId] {
                match self { $(Self::$group => &[$(VerdictId::$variant,)+],)+ }
            }
        }

        impl VerdictId {
            /// Every id, in the contract's order.
            pub const ALL: &'static [Self] = &[$($(Self::$variant,)+)+];

            /// The id as it is written everywhere.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $($(Self::$variant => $name,)+)+ }
            }

            /// The family of the id.
            #[must_use]
            pub const fn group(self) -> Group {
                match self { $($(Self::$variant => Group::$group,)+)+ }
            }
        }
    };
}

verdict_ids! {
    NoSocket "the SYN (or another segment) found no socket" {
        LookupDenied "lookup-denied",
        BoundNotListening "bound-not-listening",
        ListenerV6only "listener-v6only",
        ListenerV4only "listener-v4only",
        ListenerOtherDevice "listener-other-device",
        ListenerOtherAddress "listener-other-address",
        ListenerClosed "listener-closed",
        ListenerNotYet "listener-not-yet",
        ListenerOtherNetns "listener-other-netns",
        ClosedPort "closed-port",
        StraySegment "stray-segment",
    }
    SocketAnswered "the segment found a socket that answers with RST" {
        TimeWaitReset "time-wait-reset",
        ChildRejectedAck "child-rejected-ack",
        AckToListener "ack-to-listener",
        BadSyncookie "bad-syncookie",
        SynSentBadAck "syn-sent-bad-ack",
        SynSentPaws "syn-sent-paws",
        SynRecvBadAck "syn-recv-bad-ack",
        DataAfterClose "data-after-close",
        SynInHandshake "syn-in-handshake",
        AcceptQueueAbort "accept-queue-abort",
        MptcpReset "mptcp-reset",
    }
    OwnAccord "a local socket sent RST of its own accord" {
        CloseUnreadData "close-unread-data",
        LingerZero "linger-zero",
        Linger2Expired "linger2-expired",
        MemoryPressure "memory-pressure",
        ListenerClosedUnaccepted "listener-closed-unaccepted",
        SocketDestroyed "socket-destroyed",
        KeepaliveTimeout "keepalive-timeout",
        UserTimeout "user-timeout",
        FinWait2Timeout "fin-wait2-timeout",
        Disconnect "disconnect",
    }
    Elsewhere "not this host's TCP" {
        NetfilterRejectReset "netfilter-reject-reset",
        IcmpRefused "icmp-refused",
        IcmpAdminProhibited "icmp-admin-prohibited",
        IcmpUnreachable "icmp-unreachable",
        NeighborFailed "neighbor-failed",
        PeerRefused "peer-refused",
        PeerReset "peer-reset",
        HandshakeResetByPeer "handshake-reset-by-peer",
        ResetIgnored "reset-ignored",
        TimeWaitAssassinated "time-wait-assassinated",
    }
    Silence "no answer, or the connection died without RST" {
        AcceptQueueFull "accept-queue-full",
        SynQueueFull "syn-queue-full",
        HandshakeAckDropped "handshake-ack-dropped",
        NetfilterDrop "netfilter-drop",
        ConntrackFull "conntrack-full",
        ConntrackInsertFailed "conntrack-insert-failed",
        RpFilter "rp-filter",
        Martian "martian",
        BadChecksum "bad-checksum",
        AuthFailed "auth-failed",
        XfrmPolicy "xfrm-policy",
        SocketFilterDrop "socket-filter-drop",
        TcXdpDrop "tc-xdp-drop",
        LsmDrop "lsm-drop",
        NoReturnRoute "no-return-route",
        MinTtl "min-ttl",
        DeferAccept "defer-accept",
        EgressDrop "egress-drop",
        TimeWaitAck "time-wait-ack",
        NoAnswer "no-answer",
        RetransmitTimeout "retransmit-timeout",
    }
    BeforeAnyPacket "before any packet" {
        NoRoute "no-route",
        PortExhausted "port-exhausted",
        ConnectDenied "connect-denied",
        AddressInUse "address-in-use",
        AddressNotAvailable "address-not-available",
        PermissionDenied "permission-denied",
    }
    Worked "it worked" {
        Established "established",
        SelfConnect "self-connect",
        SimultaneousOpen "simultaneous-open",
    }
    Open "not settled, or not known" {
        Cancelled "cancelled",
        Pending "pending",
        Unknown "unknown",
    }
}

impl fmt::Display for VerdictId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for VerdictId {
    type Err = UnknownVerdict;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.iter().find(|id| id.as_str() == word);
        known.copied().ok_or_else(|| UnknownVerdict(word.to_owned()))
    }
}

impl Serialize for VerdictId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for VerdictId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        word.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_id_of_the_contract_is_there_once() {
        let names: BTreeSet<_> = VerdictId::ALL.iter().map(|id| id.as_str()).collect();
        assert_eq!(names.len(), 75);
        assert_eq!(VerdictId::ALL.len(), 75);
    }

    #[test]
    fn ids_are_kebab_case_and_read_back() {
        for &id in VerdictId::ALL {
            let name = id.as_str();
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(name.chars().all(plain), "{name}");
            assert_eq!(name.parse(), Ok(id));
            assert_eq!(serde_json::to_value(id).ok(), Some(name.into()));
        }
    }

    #[test]
    fn groups_hold_each_id_in_order() {
        let ids: Vec<_> = Group::ALL.iter().flat_map(|group| group.ids()).copied().collect();
        assert_eq!(ids, VerdictId::ALL);
        assert!(Group::ALL.iter().all(|&group| group.ids().iter().all(|id| id.group() == group)));
    }

    #[test]
    fn the_lab_alias_and_unknown_words_are_no_ids() {
        for word in ["no-listen", "", "Closed-Port", "closed-port "] {
            assert_eq!(word.parse::<VerdictId>(), Err(UnknownVerdict(word.to_owned())));
        }
    }
}
