//! Bytes around the contents: the head of a file and the heads of its blocks. All numbers are little-endian.

use std::fmt;

/// First bytes of a file. No text begins like this, and what translates line ends spoils it.
pub const MAGIC: [u8; 8] = *b"\x93tcpx\r\n\x1a";

/// Version of everything in this folder. A tcpx reads its own and all before; it rises with each kind of block, item, question or
/// answer that is added, so that an older tcpx says that it is too old.
pub const VERSION: u16 = 1;

/// Version of the records' own layout (`tcpx_common::event`). A field that is added at the end of a record, or where padding
/// was, keeps it; the recordings in tests/data tell when it has to rise.
pub const RECORDS: u32 = 1;

/// Magic, version, two bytes of zero.
pub const FILE_HEAD: usize = 12;

/// See [`Head`].
pub const BLOCK_HEAD: usize = 16;

/// Where a block has this many bytes, it is written.
pub const BLOCK_FULL: usize = 256 * 1024;

/// A block never has more, neither on disk nor unpacked: what a reader takes on.
pub const BLOCK_MOST: usize = 32 << 20;

/// An item never has more.
pub const ITEM_MOST: usize = 16 << 20;

/// The head of a file.
#[must_use]
pub fn file_head() -> [u8; FILE_HEAD] {
    let mut head = [0; FILE_HEAD];
    head[..8].copy_from_slice(&MAGIC);
    head[8..10].copy_from_slice(&VERSION.to_le_bytes());
    head
}

/// What a file is that begins with these bytes: its version, or why it is no recording.
///
/// # Errors
/// With a sentence about the file.
pub fn check_file_head(head: &[u8]) -> Result<u16, String> {
    if head.is_empty() {
        return Err("it is empty".to_owned());
    }
    if !head.starts_with(&MAGIC) {
        return Err("it is no recording of tcpx: its first bytes are others".to_owned());
    }
    let &[low, high, 0, 0] = &head[MAGIC.len()..] else {
        return Err("its head is not whole".to_owned());
    };
    match u16::from_le_bytes([low, high]) {
        0 => Err("there is no version 0 of recordings".to_owned()),
        version if version > VERSION => Err(format!(
            "it has version {version}, and this tcpx reads up to {VERSION}: a newer tcpx reads it"
        )),
        version => Ok(version),
    }
}

/// What is in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What is known of the recording kernel (JSON). The first block, and no other.
    Facts = 1,
    /// Items.
    Stream = 2,
    /// What only the recording host could sum up (JSON). The last block of a recording.
    Summary = 3,
    /// Nothing: the recording goes on in its next file. The last block of this one.
    Next = 4,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Facts, Self::Stream, Self::Summary, Self::Next];

    fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }
}

/// The head of a block: kind, three bytes of zero, length on disk, length unpacked, CRC-32 of the twelve bytes before it and
/// of what follows it on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// What is in it.
    pub kind: Kind,
    /// Bytes that follow.
    pub stored: usize,
    /// Bytes when unpacked.
    pub unpacked: usize,
    /// Checksum.
    pub crc: u32,
}

/// Why a block's head is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoHead(&'static str);

impl fmt::Display for NoHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// The head of a block with these bytes, which are at most [`BLOCK_MOST`].
#[must_use]
pub fn block_head(kind: Kind, stored: &[u8], unpacked: usize) -> [u8; BLOCK_HEAD] {
    let mut head = [0; BLOCK_HEAD];
    head[0] = kind as u8;
    // Both are far below 4 GiB.
    head[4..8].copy_from_slice(&(stored.len() as u32).to_le_bytes());
    head[8..12].copy_from_slice(&(unpacked as u32).to_le_bytes());
    let crc = checksum(&head, stored);
    head[12..].copy_from_slice(&crc.to_le_bytes());
    head
}

/// CRC-32 (IEEE) of a block.
#[must_use]
pub fn checksum(head: &[u8; BLOCK_HEAD], stored: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&head[..12]);
    hasher.update(stored);
    hasher.finalize()
}

impl Head {
    /// Reads one. That it is right, only its checksum tells.
    ///
    /// # Errors
    /// When it cannot be the head of a block.
    pub fn parse(bytes: &[u8; BLOCK_HEAD]) -> Result<Self, NoHead> {
        let number = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let kind = Kind::from_number(bytes[0]).ok_or(NoHead("no block of a kind that this version knows"))?;
        if bytes[1..4] != [0; 3] {
            return Err(NoHead("no head of a block"));
        }
        let (stored, unpacked) = (number(4) as usize, number(8) as usize);
        if stored > BLOCK_MOST || unpacked > BLOCK_MOST {
            return Err(NoHead("a block that is larger than blocks may be"));
        }
        Ok(Self { kind, stored, unpacked, crc: number(12) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_recording_is_told_apart() {
        let newer = {
            let mut head = file_head();
            head[8] = 2;
            head
        };
        assert_eq!(check_file_head(&file_head()), Ok(VERSION));
        for (head, said) in [
            (&[][..], "empty"),
            (b"{\"type\":\"start\"", "no recording"),
            (&file_head()[..5], "no recording"),
            (&file_head()[..9], "not whole"),
            (&newer, "version 2"),
        ] {
            let wrong = check_file_head(head).expect_err("no head");
            assert!(wrong.contains(said), "{wrong}");
        }
    }

    #[test]
    fn a_head_is_read_as_it_was_written_and_no_larger_than_may_be() {
        let mut head = block_head(Kind::Stream, b"abc", 17);
        let read = Head::parse(&head).expect("a head");
        let crc = checksum(&head, b"abc");
        assert_eq!(read, Head { kind: Kind::Stream, stored: 3, unpacked: 17, crc });
        head[7] = 0xff;
        assert!(Head::parse(&head).is_err());
        assert!(Head::parse(&[9; BLOCK_HEAD]).is_err());
    }
}
