//! Blocks onto a stream. What was written is whole blocks: each is one write.

use std::io::{self, Write};

use zstd::{bulk::Compressor, zstd_safe::compress_bound};

use super::format::{self, BLOCK_HEAD, Kind};

/// Fast, and records full of zeros become small at any level.
const LEVEL: i32 = 1;

/// Writes to one stream after the other, with the same memory.
pub(super) struct Writer<W> {
    out: W,
    packer: Compressor<'static>,
    /// Head and contents of a block as it goes out; never made smaller.
    packed: Vec<u8>,
    /// Bytes of the stream that are whole blocks.
    whole: u64,
}

impl<W: Write> Writer<W> {
    /// Begins a file.
    pub(super) fn begin(out: W) -> io::Result<Self> {
        let packer = Compressor::new(LEVEL)?;
        let mut writer = Self { out, packer, packed: Vec::new(), whole: 0 };
        writer.head()?;
        Ok(writer)
    }

    /// Begins another.
    pub(super) fn turn_to(&mut self, out: W) -> io::Result<()> {
        (self.out, self.whole) = (out, 0);
        self.head()
    }

    fn head(&mut self) -> io::Result<()> {
        let head = format::file_head();
        self.out.write_all(&head)?;
        self.whole = head.len() as u64;
        Ok(())
    }

    /// Writes a block.
    pub(super) fn block(&mut self, kind: Kind, contents: &[u8]) -> io::Result<()> {
        let room = BLOCK_HEAD + compress_bound(contents.len());
        if self.packed.len() < room {
            self.packed.resize(room, 0);
        }
        let stored = self.packer.compress_to_buffer(contents, &mut self.packed[BLOCK_HEAD..])?;
        let (head, body) = self.packed.split_at_mut(BLOCK_HEAD);
        head.copy_from_slice(&format::block_head(kind, &body[..stored], contents.len()));
        let whole = &self.packed[..BLOCK_HEAD + stored];
        self.out.write_all(whole)?;
        self.whole += whole.len() as u64;
        Ok(())
    }

    /// Bytes of the stream that are whole blocks.
    pub(super) const fn whole(&self) -> u64 {
        self.whole
    }

    /// The stream.
    pub(super) const fn out(&self) -> &W {
        &self.out
    }
}
