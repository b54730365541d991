//! connect() failed without a packet (B.1): the kernel refused before the SYN.

mod denied;
mod ports;
mod route;

pub(super) use denied::connect_denied;
pub(super) use ports::{address_not_available, no_source_address, port_exhausted, sockets_in_range};
pub(super) use route::no_route;

use std::sync::Arc;

use crate::{
    correlate::{facts::AttemptFacts, key::Seen},
    event::ConnectFailed,
};

/// A failure that came before the socket was in SYN_SENT.
fn before_syn_sent(facts: &AttemptFacts) -> Option<&Seen<Arc<ConnectFailed>>> {
    let began = facts.start.is_some() || facts.crossed.is_some() || facts.end.is_some();
    facts.failed.as_deref().filter(|_| !began)
}
