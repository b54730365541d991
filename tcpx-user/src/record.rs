//! Recordings: what a trace read and was told, in a file from which [`replay`](crate::run::replay()) makes the same lines.
//!
//! A file is a row of blocks ([`mod@format`]), each with a checksum and compressed by itself, so that all but the last is
//! readable whatever happened to the writer. The first holds what is known of the recording kernel ([`facts`]). The
//! others hold, one after the other, the records as the kernel wrote them and what the reader knew beside them (`item`):
//! losses, time going on, names of kernel addresses, and the answers of enrichment (`said`), each behind the event at which it
//! was given. docs/formats.md has the layout.
//!
//! Writing: [`Recorder`] is handed to the source, which tells it each record, and to the engine, which tells it how far it
//! has come and through [`Asked`] what it asks. Reading: [`Reader`].

pub mod facts;
mod file;
pub mod format;
mod item;
mod reader;
mod recorder;
mod rotation;
mod said;
mod symbols;
mod table;
mod tape;
mod told;
mod who;
mod writer;

pub use self::{
    facts::Facts,
    file::{Destination, open},
    item::{Item, Items},
    reader::{Block, Broken, Reader},
    recorder::Recorder,
    rotation::Rotation,
    said::{Answer, Question, Summed},
    symbols::{Noted, SymbolTable},
    told::{Told, Wrong},
    who::{Answers, Asked, answer},
};

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
