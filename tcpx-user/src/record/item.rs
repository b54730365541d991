//! What a stream block holds: a kind, the length of what follows, and that.

use crate::event::Hook;

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// A record as the kernel wrote it.
    Record(&'a [u8]),
    /// One that the recording tcpx could not decode.
    Malformed(&'a [u8]),
    /// Records that were lost (`event::What::Lost`).
    Lost {
        /// Boot clock, ns.
        time: u64,
        /// Whose.
        hook: Option<Hook>,
        /// How many.
        count: u64,
    },
    /// Time had come so far when there was nothing more to read.
    Tick(u64),
    /// The function around an address, and how far into it that is; or that it has none.
    Symbol(u64, Option<(&'a str, u64)>),
    /// A question and its answer (JSON), which holds from the event before it on.
    Answer(&'a [u8]),
    /// No answer holds any more: whoever wrote them keeps no more of them either.
    Forget,
    /// No event follows: answers that do are about what was still open.
    Finish,
}

const RECORD: u8 = 1;
const MALFORMED: u8 = 2;
const LOST: u8 = 3;
const TICK: u8 = 4;
const SYMBOL: u8 = 5;
pub(super) const ANSWER: u8 = 6;
const FORGET: u8 = 7;
const FINISH: u8 = 8;

/// Kind and length.
pub(super) const ITEM_HEAD: usize = 5;
/// A hook's number where there is none.
const NO_HOOK: u8 = 0xff;

impl Item<'_> {
    /// Appends it.
    pub fn write(&self, out: &mut Vec<u8>) {
        match *self {
            Self::Record(bytes) => put(out, RECORD, &[bytes]),
            Self::Malformed(bytes) => put(out, MALFORMED, &[bytes]),
            Self::Lost { time, hook, count } => {
                let hook = hook.map_or(NO_HOOK, |hook| hook as u8);
                put(out, LOST, &[&time.to_le_bytes(), &count.to_le_bytes(), &[hook]]);
            }
            Self::Tick(time) => put(out, TICK, &[&time.to_le_bytes()]),
            Self::Symbol(address, None) => put(out, SYMBOL, &[&address.to_le_bytes()]),
            Self::Symbol(address, Some((name, offset))) => {
                put(out, SYMBOL, &[&address.to_le_bytes(), &offset.to_le_bytes(), name.as_bytes()]);
            }
            Self::Answer(json) => put(out, ANSWER, &[json]),
            Self::Forget => put(out, FORGET, &[]),
            Self::Finish => put(out, FINISH, &[]),
        }
    }

    /// It became an event.
    #[must_use]
    pub const fn is_event(&self) -> bool {
        matches!(self, Self::Record(_) | Self::Lost { .. } | Self::Tick(_))
    }
}

fn put(out: &mut Vec<u8>, kind: u8, parts: &[&[u8]]) {
    let len: usize = parts.iter().map(|part| part.len()).sum();
    out.push(kind);
    // Records have hundreds of bytes; answers are checked against ITEM_MOST.
    out.extend_from_slice(&(len as u32).to_le_bytes());
    for part in parts {
        out.extend_from_slice(part);
    }
}

/// The items in the bytes of a block, one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Items<'a>(&'a [u8]);

impl<'a> Items<'a> {
    /// Of a block's bytes, or the rest of them.
    #[must_use]
    pub const fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// How many bytes are left.
    #[must_use]
    pub const fn left(&self) -> usize {
        self.0.len()
    }

    /// The next one; `None` at the end.
    ///
    /// # Errors
    /// When what follows is no item.
    pub fn read(&mut self) -> Option<Result<Item<'a>, &'static str>> {
        if self.0.is_empty() {
            return None;
        }
        Some(self.split().ok_or("an item that is not whole").and_then(|(kind, body)| parse(kind, body)))
    }

    fn split(&mut self) -> Option<(u8, &'a [u8])> {
        let (&[kind, a, b, c, d], rest) = self.0.split_first_chunk::<ITEM_HEAD>()?;
        let (body, rest) = rest.split_at_checked(u32::from_le_bytes([a, b, c, d]) as usize)?;
        self.0 = rest;
        Some((kind, body))
    }
}

fn parse(kind: u8, body: &[u8]) -> Result<Item<'_>, &'static str> {
    let item = match kind {
        RECORD => Some(Item::Record(body)),
        MALFORMED => Some(Item::Malformed(body)),
        LOST => lost(body),
        TICK => number(body).filter(|(_, rest)| rest.is_empty()).map(|(time, _)| Item::Tick(time)),
        SYMBOL => symbol(body),
        ANSWER => Some(Item::Answer(body)),
        FORGET => body.is_empty().then_some(Item::Forget),
        FINISH => body.is_empty().then_some(Item::Finish),
        _ => return Err("an item of a kind that this version does not know"),
    };
    item.ok_or("an item that says nothing")
}

fn lost(body: &[u8]) -> Option<Item<'_>> {
    let (time, rest) = number(body)?;
    let (count, rest) = number(rest)?;
    let &[hook] = rest else { return None };
    Some(Item::Lost { time, hook: Hook::from_number(hook), count })
}

fn symbol(body: &[u8]) -> Option<Item<'_>> {
    let (address, rest) = number(body)?;
    if rest.is_empty() {
        return Some(Item::Symbol(address, None));
    }
    let (offset, name) = number(rest)?;
    Some(Item::Symbol(address, Some((str::from_utf8(name).ok()?, offset))))
}

fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u64::from_le_bytes(*number), rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn items_are_read_as_they_were_written() {
        let items = [
            Item::Record(b"abc"),
            Item::Malformed(b""),
            Item::Lost { time: 7, hook: None, count: 3 },
            Item::Lost { time: 8, hook: Some(Hook::ALL[0]), count: 0 },
            Item::Tick(9),
            Item::Symbol(1, None),
            Item::Symbol(2, Some(("tcp_v4_rcv", 16))),
            Item::Answer(b"{}"),
            Item::Forget,
            Item::Finish,
        ];
        let mut bytes = Vec::new();
        for item in &items {
            item.write(&mut bytes);
        }
        let mut read = Items::of(&bytes);
        for item in items {
            assert_eq!(read.read(), Some(Ok(item)));
        }
        assert_eq!(read.read(), None);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(0..12_u8, 0..60)) {
            let mut items = Items::of(&bytes);
            while let Some(Ok(_)) = items.read() {}
        }
    }
}
