//! Files of a recording: opened for writing and for reading.

use std::{
    fs::{self, File},
    io::{self, BufReader},
    path::{Path, PathBuf},
    time::Instant,
};

use super::{Reader, Rotation, writer::Writer};
use crate::cli::failure::Failure;

/// Where a recording goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// File; the pattern of their names if there are several.
    pub path: PathBuf,
    /// When a new one begins.
    pub rotation: Rotation,
}

/// The file that is written, of however many.
pub(super) struct Files {
    to: Destination,
    writer: Writer<File>,
    number: u32,
    opened: Instant,
    /// Bytes in files before this one.
    before: u64,
}

impl Files {
    /// Creates the first.
    pub(super) fn create(to: Destination) -> Result<Self, Failure> {
        let number = to.rotation.earlier + 1;
        let path = to.rotation.path(&to.path, number);
        let file =
            create(&path).map_err(Failure::io(format!("creating the recording {}", path.display())))?;
        let writing = Failure::io(writing(&path));
        let writer = Writer::begin(file).map_err(writing)?;
        Ok(Self { to, writer, number, opened: Instant::now(), before: 0 })
    }

    /// Creates the next, and removes the one that goes.
    pub(super) fn turn(&mut self) -> io::Result<()> {
        let rotation = self.to.rotation;
        self.before += self.writer.whole();
        self.number += 1;
        self.writer.turn_to(create(&self.path())?)?;
        self.opened = Instant::now();
        match rotation.gone(self.number).map(|number| fs::remove_file(rotation.path(&self.to.path, number))) {
            Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    pub(super) const fn writer(&mut self) -> &mut Writer<File> {
        &mut self.writer
    }

    /// What is no whole block goes: a disk that is full took only a part of it.
    pub(super) fn cut(&self) {
        // The reader finds the last whole block in any case.
        let _ = self.writer.out().set_len(self.writer.whole());
    }

    pub(super) fn is_due(&self) -> bool {
        self.to.rotation.is_due(self.writer.whole(), self.opened.elapsed())
    }

    /// Within this recording: 1 is its first file.
    pub(super) const fn number(&self) -> u32 {
        self.number - self.to.rotation.earlier
    }

    /// Bytes in all files, also in those that have gone.
    pub(super) const fn bytes(&self) -> u64 {
        self.before + self.writer.whole()
    }

    /// Of the file that is written.
    pub(super) fn path(&self) -> PathBuf {
        self.to.rotation.path(&self.to.path, self.number)
    }

    /// Of those that are there, in their order.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        self.to.rotation.written(&self.to.path, self.number)
    }

    /// For messages.
    pub(super) fn writing(&self) -> String {
        writing(&self.path())
    }
}

fn writing(path: &Path) -> String {
    format!("writing the recording {}", path.display())
}

/// Opening a FIFO would wait for whoever reads it.
fn create(path: &Path) -> io::Result<File> {
    if let Ok(there) = fs::metadata(path) {
        must_be_file(&there)?;
    }
    File::create(path)
}

fn must_be_file(there: &fs::Metadata) -> io::Result<()> {
    let kind = if there.is_dir() { "it is a directory" } else { "it is no regular file" };
    if there.is_file() { Ok(()) } else { Err(io::Error::other(kind)) }
}

/// Opens a file of a recording, up to its first block.
///
/// # Errors
/// When it cannot be opened or is none.
pub fn open(path: &Path) -> Result<Reader<BufReader<File>>, Failure> {
    let name = path.display().to_string();
    let reading = || Failure::io(format!("reading the recording {name}"));
    must_be_file(&fs::metadata(path).map_err(reading())?).map_err(reading())?;
    let file = File::open(path).map_err(reading())?;
    Ok(Reader::new(name.clone(), BufReader::new(file))?)
}
