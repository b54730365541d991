//! The outer form of netlink's messages, where no crate speaks a protocol: headers and attributes.

use std::io;

use netlink_sys::{Socket, SocketAddr};

/// The dump is not of one moment: what is listed changed meanwhile.
const NLM_F_DUMP_INTR: u16 = 0x10;

/// Sends one request.
pub(super) fn ask(socket: &Socket, kind: u16, flags: u16, body: &[u8]) -> io::Result<()> {
    let mut bytes = ((16 + body.len()) as u32).to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend([0; 8]);
    bytes.extend(body);
    socket.send_to(&bytes, &SocketAddr::new(0, 0), 0).map(drop)
}

/// One message: `struct nlmsghdr`, and what follows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a> {
    pub(super) kind: u16,
    flags: u16,
    pub(super) payload: &'a [u8],
}

/// Where a dump stands.
pub(super) enum Step<'a> {
    /// One more entry.
    Entry(&'a [u8]),
    /// That was all.
    Done,
}

impl<'a> Message<'a> {
    /// What the message means to whoever asked for a dump.
    pub(super) fn step(self) -> io::Result<Step<'a>> {
        let number = || word(self.payload).map_or(0, u32::cast_signed);
        match i32::from(self.kind) {
            _ if self.flags & NLM_F_DUMP_INTR != 0 => Err(io::ErrorKind::Interrupted.into()),
            libc::NLMSG_ERROR => Err(io::Error::from_raw_os_error(number().saturating_neg())),
            libc::NLMSG_DONE if number() < 0 => Err(io::Error::from_raw_os_error(number().saturating_neg())),
            libc::NLMSG_DONE => Ok(Step::Done),
            _ => Ok(Step::Entry(self.payload)),
        }
    }
}

/// The messages of one datagram.
pub(super) struct Messages<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Messages<'a> {
    type Item = Message<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let length = word(self.0)? as usize;
        let payload = self.0.get(16..length)?;
        let (kind, flags) = (half(self.0.get(4..)?)?, half(self.0.get(6..)?)?);
        self.0 = self.0.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(Message { kind, flags, payload })
    }
}

/// The attributes of a message: type and value (`struct nlattr`).
pub(super) struct Attributes<'a>(pub(super) &'a [u8]);

impl<'a> Attributes<'a> {
    /// The first of a type.
    pub(super) fn first(bytes: &'a [u8], wanted: u16) -> Option<&'a [u8]> {
        Attributes(bytes).find(|(kind, _)| *kind == wanted).map(|(_, value)| value)
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        const NESTED_AND_ORDER: u16 = 0xc000;
        let length = usize::from(half(self.0)?);
        let value = self.0.get(4..length)?;
        let kind = half(self.0.get(2..)?)? & !NESTED_AND_ORDER;
        self.0 = self.0.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    }
}

/// A number in this machine's order.
pub(super) fn word(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(..4)?.try_into().ok()?))
}

fn half(bytes: &[u8]) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(..2)?.try_into().ok()?))
}

/// A name.
pub(super) fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value.strip_suffix(&[0]).unwrap_or(value)).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn garbage_never_panics_nor_loops(bytes: Vec<u8>) {
            let steps = Messages(&bytes).map(Message::step);
            let _ = (steps.filter_map(Result::ok).count(), Attributes(&bytes).count());
        }
    }
}
