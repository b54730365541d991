//! Names of kernel addresses: noted in a recording as they are asked for, and answered from it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use super::Recorder;
use crate::{decode::Symbols, event::Name, locked::locked};

/// Who asks: what the source is told stands before the record that it was asked for, what the engine is told behind the
/// event in hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asker {
    /// The decoder.
    Source,
    /// The pipeline.
    Engine,
}

/// Symbols that notes what it answers.
pub struct Noted {
    symbols: Box<dyn Symbols + Send>,
    recorder: Recorder,
    asker: Asker,
}

impl Noted {
    /// For a decoder.
    #[must_use]
    pub fn of_source(symbols: Box<dyn Symbols + Send>, recorder: Recorder) -> Self {
        Self { symbols, recorder, asker: Asker::Source }
    }

    /// For a pipeline.
    #[must_use]
    pub fn of_engine(symbols: Box<dyn Symbols + Send>, recorder: Recorder) -> Self {
        Self { symbols, recorder, asker: Asker::Engine }
    }
}

impl Symbols for Noted {
    fn symbol(&self, address: u64) -> Option<(Name, u64)> {
        let found = self.symbols.symbol(address);
        self.recorder.symbol(self.asker, address, found.as_ref());
        found
    }
}

/// What a recording has told of addresses.
#[derive(Debug, Default)]
pub struct SymbolTable(Mutex<BTreeMap<u64, (Name, u64)>>);

/// More addresses than the text of a kernel has calls to what tcpx looks at.
const MOST: usize = 64 * 1024;
/// KSYM_NAME_LEN.
const NAME_MOST: usize = 512;

impl SymbolTable {
    /// Learns one; false if there are too many.
    #[must_use]
    pub fn learn(&self, address: u64, found: Option<(&str, u64)>) -> bool {
        let mut table = locked(&self.0);
        if let Some((name, offset)) = found.filter(|(name, _)| name.len() <= NAME_MOST) {
            table.insert(address, (Name::from(name), offset));
        }
        table.len() <= 2 * MOST
    }
}

impl Symbols for SymbolTable {
    fn symbol(&self, address: u64) -> Option<(Name, u64)> {
        locked(&self.0).get(&address).cloned()
    }
}

/// What an engine wrote down of addresses, so that nothing is written twice.
#[derive(Debug, Default)]
pub(super) struct Known {
    found: BTreeMap<u64, Option<(Arc<str>, u64)>>,
    source: std::collections::BTreeSet<u64>,
    engine: std::collections::BTreeSet<u64>,
}

impl Known {
    /// True if this asker has not been told it before. Where there are too many, nothing is kept and all is written.
    pub(super) fn is_news(&mut self, asker: Asker, address: u64, found: Option<&(Name, u64)>) -> bool {
        let told = match asker {
            Asker::Source => &mut self.source,
            Asker::Engine => &mut self.engine,
        };
        if told.contains(&address) {
            return false;
        }
        if told.len() < MOST {
            told.insert(address);
            self.found.insert(address, found.cloned());
        }
        true
    }

    /// All of them, for a new file.
    pub(super) fn all(&self) -> impl Iterator<Item = (u64, Option<(&str, u64)>)> {
        self.found
            .iter()
            .map(|(address, found)| (*address, found.as_ref().map(|(name, offset)| (&**name, *offset))))
    }
}
