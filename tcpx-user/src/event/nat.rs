//! What conntrack makes of flows.

use super::{Ends, Holders, SockFacts};

/// What conntrack makes of a flow.
#[derive(Clone, Debug, PartialEq)]
pub struct Nat {
    /// The flow as its first segment named it: who called, and whom.
    pub original: Ends,
    /// The same direction after the translation: who seems to call, and whom.
    pub translated: Ends,
    /// The caller's initial sequence number, if the segment in hand was its SYN.
    pub isn: Option<u32>,
    /// Who holds the port that the SYN is sent to, if that is in the namespace that translates it.
    pub holders: Option<Holders>,
}

/// An open socket whose sequence numbers a segment fits that found no socket.
#[derive(Clone, Debug, PartialEq)]
pub struct Untranslated {
    /// Source and destination of the segment.
    pub segment: Ends,
    /// Its sequence number.
    pub seq: u32,
    /// Local and remote end of the socket.
    pub ends: Ends,
    /// The socket.
    pub sock: SockFacts,
}
