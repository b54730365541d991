//! What goes over a socket between processes of tcpx: a length of four bytes, then a number and a value in JSON.

use std::io;

use serde::{Serialize, de::DeserializeOwned};

/// A frame above this is no frame: the largest is a list of all sockets of a namespace.
const LARGEST: usize = 64 << 20;

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
