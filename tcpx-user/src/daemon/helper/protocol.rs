//! What goes over the socket pair: a length of four bytes, then JSON.

use std::io;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    audit::Counters,
    enrich::{Census, Known, Seen},
    record::{Answer, Question},
};

/// A frame above this is no frame: the largest is a list of all sockets of a namespace.
const LARGEST: usize = 64 << 20;

/// What the daemon asks. Questions have a number above 0, which their answer repeats.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Ask {
    /// No question.
    Seen(Vec<Seen>),
    Question(Question),
    Census(bool),
    Counters(Vec<Known>),
}

/// What the helper answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Reply {
    /// It has looked at all there is, and this is its process; with the number 0.
    Ready(u32),
    Answer(Answer),
    Census(Census),
    Counters(Vec<Result<Counters, String>>),
}

/// Appends a frame.
pub(super) fn put<T: Serialize>(number: u64, what: &T, to: &mut Vec<u8>) {
    let at = to.len();
    to.extend([0; 4]);
    // Writing to memory.
    let _ = serde_json::to_writer(&mut *to, &(number, what));
    let length = u32::try_from(to.len() - at - 4).unwrap_or(u32::MAX);
    to[at..at + 4].copy_from_slice(&length.to_le_bytes());
}

/// Takes the first frame, if all of it is there.
///
/// # Errors
/// It is none.
pub(super) fn take<T: DeserializeOwned>(from: &mut Vec<u8>) -> io::Result<Option<(u64, T)>> {
    let Some(length) = from.first_chunk::<4>().map(|four| u32::from_le_bytes(*four) as usize) else {
        return Ok(None);
    };
    if length > LARGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a frame of {length} bytes")));
    }
    let Some(frame) = from.get(4..4 + length) else { return Ok(None) };
    let frame = serde_json::from_slice(frame)?;
    from.drain(..4 + length);
    Ok(Some(frame))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn frames_come_one_by_one_and_whole() {
        let mut bytes = Vec::new();
        put(0, &Ask::Seen(vec![Seen::Child(7)]), &mut bytes);
        put(9, &Ask::Question(Question::Holder(3)), &mut bytes);
        let mut got: Vec<u8> = Vec::new();
        let mut frames = Vec::new();
        for byte in bytes {
            got.push(byte);
            frames.extend(take::<Ask>(&mut got).expect("a frame"));
        }
        let expected = [(0, Ask::Seen(vec![Seen::Child(7)])), (9, Ask::Question(Question::Holder(3)))];
        assert_eq!((frames.as_slice(), got.len()), (expected.as_slice(), 0));
    }

    proptest! {
        #[test]
        fn garbage_is_an_error_or_waits_for_more(mut bytes: Vec<u8>) {
            let _ = take::<Ask>(&mut bytes);
        }
    }
}
