//! How rows are called. All that comes from outside is escaped here.

use std::net::SocketAddr;

use jiff::Timestamp;

use crate::{
    text::escape::escape,
    top::{
        model::{Peer, ProcessKey},
        state::Pick,
    },
};

/// `curl[41]`
#[must_use]
pub fn process(process: &ProcessKey) -> String {
    format!("{}[{}]", comm(&process.comm), process.pid)
}

fn comm(comm: &str) -> String {
    if comm.is_empty() { "?".to_owned() } else { escape(comm).into_owned() }
}

/// `10.0.0.5:5432`, or `10.0.0.5` where the port says nothing.
#[must_use]
pub fn peer(peer: &Peer) -> String {
    match peer.port {
        Some(port) => SocketAddr::new(peer.addr, port).to_string(),
        None => peer.addr.to_string(),
    }
}

/// A row of a table.
#[must_use]
pub fn row(pick: &Pick) -> String {
    match pick {
        Pick::Verdict(verdict) => verdict.as_str().to_owned(),
        Pick::Process(Some(key)) => process(key),
        Pick::Name(Some(name)) => comm(name),
        Pick::Process(None) | Pick::Name(None) => "(process not known)".to_owned(),
        Pick::Peer(Some(other)) => peer(other),
        Pick::Peer(None) => "(no peer)".to_owned(),
        Pick::Item(seq) => format!("result {seq}"),
    }
}

/// `03:04:05`, UTC.
#[must_use]
pub fn clock(second: u64) -> String {
    let time = i64::try_from(second).ok().and_then(|second| Timestamp::from_second(second).ok());
    time.map_or_else(|| "?".to_owned(), |time| time_of_day(&time.to_string()))
}

/// Of an RFC 3339 time.
#[must_use]
pub fn time_of_day(time: &str) -> String {
    time.get(11..19).unwrap_or("?").to_owned()
}
