//! Bytes of one record → [`Event`]. Total: whatever the bytes are, decoding neither stops nor panics. What is too
//! short for its kind, or names no address where one must be, is counted and passed over; a kind that this tcpx
//! does not know is kept as such.

mod facts;
mod names;
mod parts;

use std::{mem::offset_of, sync::Arc};

use tcpx_common::{abi, event as raw};
use zerocopy::{FromBytes, IntoBytes};

use crate::event::{Backend, Event, Hook, Netns, ServerCall, Task, What};

pub use names::{Names, NoSymbols, Symbols};

/// What decoding needs to know of the kernel that wrote the records.
pub struct Decoder {
    names: Names,
    symbols: Box<dyn Symbols + Send>,
    tick_ns: u64,
    malformed: u64,
}

impl Decoder {
    /// `tick_ns` is the length of a jiffy.
    #[must_use]
    pub fn new(names: Names, symbols: Box<dyn Symbols + Send>, tick_ns: u64) -> Self {
        Self { names, symbols, tick_ns, malformed: 0 }
    }

    /// Records passed over so far.
    #[must_use]
    pub const fn malformed(&self) -> u64 {
        self.malformed
    }

    /// Decodes one record; `None` if it is malformed.
    pub fn decode(&mut self, bytes: &[u8]) -> Option<Event> {
        let event = self.event(bytes);
        self.malformed += u64::from(event.is_none());
        event
    }

    fn event(&self, bytes: &[u8]) -> Option<Event> {
        let (header, _) = raw::Header::read_from_prefix(bytes).ok()?;
        let what = match abi::Kind::from_number(header.kind) {
            Some(kind) => self.what(kind, bytes)?,
            None => What::Unknown { kind: header.kind },
        };
        Some(envelope(&header, what))
    }

    fn what(&self, kind: abi::Kind, bytes: &[u8]) -> Option<What> {
        use abi::Kind;
        Some(match kind {
            Kind::State => What::State(Arc::new(facts::state(&record(bytes)?)?)),
            Kind::ConnectFailed => What::ConnectFailed(Arc::new(facts::connect_failed(&record(bytes)?)?)),
            Kind::Bind => What::Bind(Arc::new(facts::bind(&record(bytes)?)?)),
            Kind::BindFailed => {
                What::CallFailed(Arc::new(facts::call_failed(&record(bytes)?, ServerCall::Bind)?))
            }
            Kind::ListenFailed => {
                What::CallFailed(Arc::new(facts::call_failed(&record(bytes)?, ServerCall::Listen)?))
            }
            Kind::Lookup => {
                let found: raw::Lookup = record(bytes)?;
                What::Lookup(Arc::new(crate::event::LookedUp {
                    segment: parts::segment(&found.segment)?,
                    lookups: parts::lookups(&found.lookup),
                    listener: parts::holder(&found.listener),
                }))
            }
            Kind::Reply | Kind::ReplySock | Kind::ReplyHolders => {
                What::Reply(Arc::new(self.reply(kind, bytes)?))
            }
            Kind::ActiveReset => What::ActiveReset(Arc::new(self.sock_reset(bytes)?)),
            Kind::ReceiveReset => What::ReceiveReset(Arc::new(self.sock_reset(bytes)?)),
            Kind::QuietReset => {
                What::ReceiveReset(Arc::new(facts::quiet_reset(&record(bytes)?, self.tick_ns)?))
            }
            Kind::Death => What::Death(Arc::new(self.sock_reset(bytes)?)),
            Kind::Icmp => What::Icmp(Arc::new(facts::icmp(&record(bytes)?, true)?)),
            Kind::IcmpSend => What::IcmpSend(Arc::new(facts::icmp(&record(bytes)?, false)?)),
            Kind::Reject => facts::reject(&record(bytes)?)?,
            Kind::ConnRequest => {
                What::ConnRequest(Arc::new(facts::conn_request(&record(bytes)?, self.tick_ns)?))
            }
            Kind::MiniSocket => {
                What::MiniSocket(Arc::new(facts::mini_socket(&record(bytes)?, self.tick_ns)?))
            }
            Kind::Drop | Kind::DropHolders => What::Drop(Arc::new(self.drop(kind, bytes)?)),
            Kind::Retransmit => What::Retransmit(Arc::new(facts::retransmit(&record(bytes)?)?)),
            Kind::Nat => What::Nat(Arc::new(facts::nat(&record(bytes)?, None)?)),
            Kind::NatHolders => {
                let full: raw::NatHolders = record(bytes)?;
                What::Nat(Arc::new(facts::nat(&full.nat, Some(parts::holders(&full.holders)))?))
            }
            Kind::Untranslated => {
                What::Untranslated(Arc::new(facts::untranslated(&record(bytes)?, self.tick_ns)?))
            }
            Kind::Fork => What::Fork { child: record::<raw::Fork>(bytes)?.child },
            Kind::Stack => What::Stack(facts::stack(&record(bytes)?)),
        })
    }

    fn reply(&self, kind: abi::Kind, bytes: &[u8]) -> Option<crate::event::Reply> {
        let reason = |reply: &raw::Reply| self.names.reset(reply.has_reason, reply.reason);
        if kind == abi::Kind::ReplySock {
            let full: raw::ReplySock = record(bytes)?;
            let sock = parts::sock(&full.sock, self.tick_ns);
            let opened = parts::non_zero(full.opened_ns);
            let reply = facts::reply(&full.reply, reason(&full.reply), None)?;
            return Some(crate::event::Reply { sock, opened, ..reply });
        }
        let (reply, holders) = if kind == abi::Kind::ReplyHolders {
            let full: raw::ReplyHolders = record(bytes)?;
            (full.reply, Some(parts::holders(&full.holders)))
        } else {
            (record(bytes)?, None)
        };
        facts::reply(&reply, reason(&reply), holders)
    }

    fn drop(&self, kind: abi::Kind, bytes: &[u8]) -> Option<crate::event::Drop> {
        let (drop, holders) = if kind == abi::Kind::DropHolders {
            let full: raw::DropHolders = record(bytes)?;
            (full.drop, Some(parts::holders(&full.holders)))
        } else {
            (record::<raw::Drop>(bytes)?, None)
        };
        let function = self.symbols.symbol(drop.location).map(|(name, _)| name);
        let reason = self.names.drop(drop.has_reason, drop.reason);
        facts::drop(&drop, function, reason, holders)
    }

    fn sock_reset(&self, bytes: &[u8]) -> Option<crate::event::SockReset> {
        // The handshake came later: recordings of before end there.
        let reset: raw::SockReset = grown(bytes, offset_of!(raw::SockReset, handshake))?;
        let reason = self.names.reset(reset.has_reason, reset.reason);
        facts::sock_reset(&reset, reason, self.tick_ns)
    }
}

fn record<T: FromBytes>(bytes: &[u8]) -> Option<T> {
    T::read_from_prefix(bytes).ok().map(|(record, _)| record)
}

/// A record that once had `least` bytes: what it did not have then is zero.
fn grown<T: FromBytes + IntoBytes>(bytes: &[u8], least: usize) -> Option<T> {
    let mut record = T::new_zeroed();
    let known = bytes.len().min(size_of::<T>());
    let filled = bytes.get(..known).filter(|known| known.len() >= least)?;
    record.as_mut_bytes()[..known].copy_from_slice(filled);
    Some(record)
}

fn envelope(header: &raw::Header, what: What) -> Event {
    Event {
        time: header.time_ns,
        netns: Netns { inum: header.netns, cookie: header.netns_cookie },
        task: Task { tgid: header.tgid, tid: header.tid },
        hook: Hook::from_number(header.hook),
        backend: Backend::from_number(header.backend).unwrap_or(Backend::Tracepoint),
        in_scope: header.flags & abi::header_flag::IN_SCOPE != 0,
        has_stack: header.flags & abi::header_flag::HAS_STACK != 0,
        what,
    }
}

#[cfg(test)]
mod tests;
