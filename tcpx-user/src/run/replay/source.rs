//! The events of a recording, in batches.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, BufReader},
    path::{Path, PathBuf},
    rc::Rc,
    sync::Arc,
};

use super::End;
use crate::{
    cli::failure::Failure,
    decode::Decoder,
    event::{Event, What},
    record::{self, Block, Broken, Facts, Item, Items, Reader, Summed, SymbolTable, Told},
    run::Source,
};

/// Events in one go, so that Ctrl-C is heard, memory is bounded whatever a block holds, and events stay in the processor's caches
/// until they are dealt with.
const BATCH: usize = 256;

/// Reads one file after the other.
pub struct Playback {
    reader: Reader<BufReader<File>>,
    others: VecDeque<PathBuf>,
    /// Bytes of the files before this one.
    before: u64,
    /// Items of the block at hand that were read.
    read: usize,
    /// The last event read: it is handed on when all its answers are there.
    held: Option<Event>,
    decoder: Decoder,
    symbols: Arc<SymbolTable>,
    told: Rc<Told>,
    /// Time of the latest event.
    time: u64,
    ended: bool,
    end: Rc<End>,
}

/// How far a read has come.
enum Step {
    /// There may be more.
    More,
    /// All of the block was read.
    BlockDone,
}

impl Playback {
    pub(super) fn new(reader: Reader<BufReader<File>>, others: Vec<PathBuf>, end: Rc<End>) -> Self {
        let symbols = Arc::new(SymbolTable::default());
        let names = &reader.facts().names;
        let decoder = Decoder::new(names.names(), Box::new(Arc::clone(&symbols)), names.tick_ns);
        let told = Rc::new(Told::new(reader.facts().clock()));
        // The facts are no items.
        let read = usize::MAX;
        Self {
            reader,
            others: others.into(),
            before: 0,
            read,
            held: None,
            decoder,
            symbols,
            told,
            time: 0,
            ended: false,
            end,
        }
    }

    /// What is known of the recording.
    #[must_use]
    pub const fn facts(&self) -> &Facts {
        self.reader.facts()
    }

    pub(super) fn told(&self) -> Rc<Told> {
        Rc::clone(&self.told)
    }

    pub(super) fn symbols(&self) -> Arc<SymbolTable> {
        Arc::clone(&self.symbols)
    }

    fn batch(&mut self, events: &mut Vec<Event>) -> Result<(), Failure> {
        let full = events.len() + BATCH;
        while events.len() < full && !self.ended {
            if let Step::BlockDone = self.items(full, events)? {
                self.block()?;
            }
        }
        Ok(())
    }

    /// Reads on in the block at hand.
    fn items(&mut self, full: usize, events: &mut Vec<Event>) -> Result<Step, Broken> {
        let bytes = self.reader.items();
        let mut items = Items::of(bytes.get(self.read..).unwrap_or_default());
        while let Some(item) = items.read() {
            let before = events.len();
            let next = item.map_err(|what| self.reader.broken(what))?;
            let next = match next {
                Item::Record(record) => self.decoder.decode(record),
                Item::Lost { time, hook, count } => Some(Event::of_stream(time, hook, What::Lost { count })),
                Item::Tick(time) => Some(Event::of_stream(time, None, What::Tick)),
                Item::Symbol(address, found) if !self.symbols.learn(address, found) => {
                    return Err(self.reader.broken("more names of addresses than a kernel has"));
                }
                Item::Answer(json) => {
                    self.told.answer(json).map_err(|wrong| self.reader.broken(wrong.to_string()))?;
                    None
                }
                Item::Forget => {
                    self.told.forget();
                    None
                }
                Item::Finish => {
                    events.extend(self.held.take());
                    self.told.event();
                    None
                }
                Item::Malformed(_) | Item::Symbol(..) => None,
            };
            self.read = bytes.len() - items.left();
            if let Some(event) = next {
                self.told.event();
                self.time = self.time.max(event.time);
                events.extend(self.held.replace(event));
            }
            if events.len() > before && events.len() >= full {
                return Ok(Step::More);
            }
        }
        Ok(Step::BlockDone)
    }

    /// Goes on to the next block that has items, or to the end.
    fn block(&mut self) -> Result<(), Failure> {
        let block = self.reader.block()?;
        self.end.come_to(self.before + self.reader.position());
        match block {
            Block::Stream => self.read = 0,
            Block::Summary(summed) => {
                self.ended = true;
                if let Some(more) = self.others.front() {
                    let what =
                        format!("the recording ends in {}, before {}", self.reader.file(), more.display());
                    return Err(Failure::Other(anyhow::anyhow!(what)));
                }
                self.end.reach(summed);
            }
            Block::Next => {
                if let Some(path) = self.others.pop_front() {
                    return self.open(&path);
                }
                self.ended = true;
                self.end.reach(Summed::not_known("the last file of the recording was not given"));
            }
        }
        Ok(())
    }

    fn open(&mut self, path: &Path) -> Result<(), Failure> {
        let next = record::open(path)?;
        let (was, is) = (self.reader.facts(), next.facts());
        if is.recording != was.recording {
            let (file, before) = (next.file(), self.reader.file());
            let what = format!("{file} is not of the same recording as {before}: replay it by itself");
            return Err(Failure::Other(anyhow::anyhow!(what)));
        }
        if was.file.checked_add(1) != Some(is.file) {
            let (file, number, before) = (next.file(), is.file, was.file);
            let what =
                format!("{file} is file {number} of its recording, and the one before it file {before}");
            return Err(Failure::Other(anyhow::anyhow!(what)));
        }
        self.told.begin_file();
        self.before += self.reader.position();
        self.reader = next;
        self.read = usize::MAX;
        Ok(())
    }

    /// What was being told may go on in what is missing.
    fn break_off(&mut self, failure: Failure, events: &mut Vec<Event>) {
        self.ended = true;
        events.extend(self.held.take());
        self.told.event();
        events.push(Event::of_stream(self.time, None, What::Lost { count: 0 }));
        self.end.fail(failure);
    }
}

impl Source for Playback {
    async fn next(&mut self, events: &mut Vec<Event>) -> io::Result<()> {
        if self.ended {
            // Nothing comes any more: others decide when that is the end.
            std::future::pending::<()>().await;
        }
        // Others must get their turn: Ctrl-C is heard.
        tokio::task::yield_now().await;
        if let Err(failure) = self.batch(events) {
            self.break_off(failure, events);
        } else if self.ended {
            events.extend(self.held.take());
        }
        Ok(())
    }

    /// A replay that is stopped tells no more.
    fn drain(&mut self, _: &mut Vec<Event>) -> io::Result<()> {
        Ok(())
    }
}
