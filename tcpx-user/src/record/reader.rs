//! Blocks from a stream that may be cut short, spoilt or made to do harm: what is not right ends the reading, with the place,
//! and no number in a file makes the reader take more memory than a block may have.

use std::io::{self, Read};

use zstd::bulk::Decompressor;

use super::{
    Facts, Summed,
    format::{self, BLOCK_HEAD, FILE_HEAD, Head, Kind},
};

/// Where a file cannot be read on, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the recording {file} cannot be read from byte {offset} on: {what}")]
pub struct Broken {
    /// Its name.
    pub file: String,
    /// Of the block, from the file's beginning.
    pub offset: u64,
    /// A sentence.
    pub what: String,
}

/// What a block is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// Items: [`Reader::items`].
    Stream,
    /// The end of the recording.
    Summary(Summed),
    /// The end of the file, not of the recording.
    Next,
}

/// Reads one file.
pub struct Reader<R> {
    file: String,
    input: R,
    facts: Facts,
    /// Of the block at hand.
    offset: u64,
    /// Of what follows it.
    next: u64,
    stored: Vec<u8>,
    contents: Vec<u8>,
    unpacker: Decompressor<'static>,
}

impl<R: Read> Reader<R> {
    /// Reads the head and the first block of what is called `file`.
    ///
    /// # Errors
    /// When it is no recording, or one of a newer tcpx.
    pub fn new(file: String, mut input: R) -> Result<Self, Broken> {
        let broken = |offset, what| Broken { file: file.clone(), offset, what };
        let mut head = Vec::with_capacity(FILE_HEAD);
        let read = (&mut input).take(FILE_HEAD as u64).read_to_end(&mut head);
        read.map_err(|error| broken(0, error.to_string()))?;
        format::check_file_head(&head).map_err(|what| broken(0, what))?;
        let unpacker = Decompressor::new().map_err(|error| broken(0, error.to_string()))?;
        let first = FILE_HEAD as u64;
        let (stored, contents) = (Vec::new(), Vec::new());
        let facts = Facts::default();
        let mut reader = Self { file, input, facts, offset: first, next: first, stored, contents, unpacker };
        reader.facts = reader.first()?;
        Ok(reader)
    }

    /// What is known from the start on.
    #[must_use]
    pub const fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Its name.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Bytes up to the end of the block at hand.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.next
    }

    /// What the last stream block holds.
    #[must_use]
    pub fn items(&self) -> &[u8] {
        &self.contents
    }

    /// The next block.
    ///
    /// # Errors
    /// Where the file is broken, or ends before its end.
    pub fn block(&mut self) -> Result<Block, Broken> {
        let kind = self.unpack()?;
        match kind {
            Kind::Stream => Ok(Block::Stream),
            Kind::Facts => Err(self.broken("a second beginning")),
            Kind::Summary => {
                let summed = serde_json::from_slice(&self.contents);
                let summed =
                    summed.map_err(|error| self.broken(format!("a summary that is none: {error}")))?;
                self.end(Block::Summary(summed))
            }
            Kind::Next => self.end(Block::Next),
        }
    }

    fn first(&mut self) -> Result<Facts, Broken> {
        if self.unpack()? != Kind::Facts {
            return Err(self.broken("the facts about the recording kernel are missing"));
        }
        let facts: Facts = serde_json::from_slice(&self.contents)
            .map_err(|error| self.broken(format!("facts that are none: {error}")))?;
        facts.wrong().map_or(Ok(facts), |what| Err(self.broken(what)))
    }

    /// Nothing comes after it.
    fn end(&mut self, block: Block) -> Result<Block, Broken> {
        let mut byte = [0];
        match self.input.read(&mut byte) {
            Ok(0) => Ok(block),
            Ok(_) => {
                self.offset = self.next;
                Err(self.broken("something follows the end of the recording"))
            }
            Err(error) => Err(self.broken(error.to_string())),
        }
    }

    fn unpack(&mut self) -> Result<Kind, Broken> {
        self.offset = self.next;
        let head_bytes = self.head()?;
        let head = Head::parse(&head_bytes).map_err(|what| self.broken(format!("there is {what}")))?;
        self.fill(head.stored)?;
        if self.stored.len() < head.stored {
            return Err(self.broken("the block is cut short: tcpx was stopped or the disk was full"));
        }
        if format::checksum(&head_bytes, &self.stored) != head.crc {
            return Err(self.broken("the block does not have its checksum: it was changed"));
        }
        self.contents.clear();
        self.contents.reserve(head.unpacked);
        let unpacked = self.unpacker.decompress_to_buffer(&self.stored, &mut self.contents);
        if unpacked.ok() != Some(head.unpacked) {
            return Err(self.broken("the block cannot be unpacked to what it says"));
        }
        self.next += (BLOCK_HEAD + head.stored) as u64;
        Ok(head.kind)
    }

    fn head(&mut self) -> Result<[u8; BLOCK_HEAD], Broken> {
        self.fill(BLOCK_HEAD)?;
        match self.stored.as_slice().try_into() {
            Ok(head) => Ok(head),
            Err(_) if self.stored.is_empty() => {
                Err(self.broken("the recording has no end: tcpx was stopped or the disk was full"))
            }
            Err(_) => {
                Err(self.broken("the head of a block is cut short: tcpx was stopped or the disk was full"))
            }
        }
    }

    /// Reads up to so many bytes; takes memory only for what is there.
    fn fill(&mut self, len: usize) -> Result<(), Broken> {
        self.stored.clear();
        let read: io::Result<usize> = (&mut self.input).take(len as u64).read_to_end(&mut self.stored);
        read.map(|_| ()).map_err(|error| self.broken(error.to_string()))
    }

    /// For what is wrong in the block at hand.
    pub fn broken(&self, what: impl Into<String>) -> Broken {
        Broken { file: self.file.clone(), offset: self.offset, what: what.into() }
    }
}
