//! All that was seen of one connection that died without a RST.

use std::sync::Arc;

use super::Opened;
use crate::correlate::key::Seen;
use crate::event::{Icmp, SockReset};

/// An open connection that ended because of an error, without a RST that was sent or received.
#[derive(Clone, Debug)]
pub struct DeathFacts {
    /// Unique in this run.
    pub id: u64,
    /// The socket at its end.
    pub seen: Seen<Arc<SockReset>>,
    /// The connection, if its opening was seen.
    pub opened: Option<Opened>,
    /// The last ICMP error about it that reached TCP.
    pub icmp: Option<Seen<Arc<Icmp>>>,
    /// Nothing that could matter was lost.
    pub complete: bool,
}
