//! What is put into a recording, in which order.
//!
//! The source reads ahead of the engine: what it reads waits in a queue until the engine comes to it, so that the answers which
//! the engine gets stand right behind the event that they were given for.

use std::{
    collections::HashMap,
    io,
    path::PathBuf,
    time::{Duration, Instant},
};

use foldhash::fast::RandomState;

use super::{
    Facts, Summed,
    file::Files,
    format::{BLOCK_FULL, BLOCK_MOST, ITEM_MOST, Kind},
    item::{ANSWER, ITEM_HEAD, Item, Items},
    said::{Answer, Question},
    symbols::{Asker, Known},
    table::{Load, Table},
};
use crate::event::Name;

/// A block waits no longer for more.
const LATEST: Duration = Duration::from_secs(1);

/// A recording that is being written.
pub(super) struct Tape {
    files: Files,
    facts: Facts,
    /// Items that the engine has not come to, from `taken` on.
    queue: Vec<u8>,
    taken: usize,
    block: Vec<u8>,
    /// When the first item was put into the block.
    since: Option<Instant>,
    /// Of ticks of which nothing came the latest is enough, as soon as something follows.
    tick: Option<u64>,
    symbols: Known,
    /// Answers that the file has.
    table: Table,
    /// Answers for the event in hand. A question that is asked twice for one event is answered once.
    asked: HashMap<Question, Answer, RandomState>,
    records: u64,
    /// No new file is begun.
    held: bool,
    state: State,
}

enum State {
    /// Nothing is known yet of what is recorded.
    New,
    Open,
    /// Nothing more can be written; the error until it is told.
    Failed(Option<io::Error>),
    Closed,
}

impl Tape {
    pub(super) fn new(files: Files) -> Self {
        Self {
            files,
            facts: Facts::default(),
            queue: Vec::new(),
            taken: 0,
            block: Vec::with_capacity(BLOCK_FULL + BLOCK_FULL / 4),
            since: None,
            tick: None,
            symbols: Known::default(),
            table: Table::default(),
            asked: HashMap::default(),
            records: 0,
            held: false,
            state: State::New,
        }
    }

    /// Writes what is known from the start on.
    pub(super) fn begin(&mut self, facts: Facts) {
        self.facts = facts;
        self.state = State::Open;
        let begun = self.write_facts();
        self.check(begun);
    }

    /// The source has read this.
    pub(super) fn read(&mut self, item: &Item<'_>) {
        if matches!(self.state, State::Open | State::New) {
            self.records += u64::from(matches!(item, Item::Record(_)));
            item.write(&mut self.queue);
        }
    }

    /// An address has this name.
    pub(super) fn symbol(&mut self, asker: Asker, address: u64, found: Option<&(Name, u64)>) {
        if !self.symbols.is_news(asker, address, found) {
            return;
        }
        let item = Item::Symbol(address, found.map(|(name, offset)| (&**name, *offset)));
        match asker {
            Asker::Source => self.read(&item),
            Asker::Engine => self.put(&item),
        }
    }

    /// The engine has come to the next event.
    pub(super) fn advance(&mut self, is_tick: bool) {
        self.asked.clear();
        if !self.is_open() {
            return;
        }
        let late = is_tick && self.since.is_some_and(|since| since.elapsed() >= LATEST);
        let full = self.block.len() >= BLOCK_FULL;
        if late || full {
            self.write_block();
        }
        // A storm has no ticks, and silence has no blocks.
        if (is_tick || full) && self.is_open() && !self.held && self.files.is_due() {
            let turned = self.turn();
            self.check(turned);
        }
        self.take_event();
    }

    /// Whether a new file may be begun.
    pub(super) const fn hold(&mut self, held: bool) {
        self.held = held;
    }

    /// The event in hand is dealt with; `told` says that lines came of it.
    pub(super) fn dealt_with(&mut self, told: bool) {
        if told {
            self.put_tick();
        }
    }

    /// What was answered to this question for the event in hand.
    pub(super) fn answered(&self, question: &Question) -> Option<Answer> {
        self.asked.get(question).cloned()
    }

    /// Enrichment gives this answer. Returns the one that is recorded, which is to be used.
    pub(super) fn answer(&mut self, question: Question, mut answer: Answer) -> Answer {
        // Only before the first: what was already said for this event has to hold for all of it.
        if self.asked.is_empty() && self.table.load().reaches(Load::WRITER) {
            self.table.clear();
            self.put(&Item::Forget);
        }
        let is_news = self.is_open() && self.table.get(&question) != Some(&answer);
        if is_news && !self.put_answer(&question, &answer) {
            answer = Answer::Nothing;
            self.put_answer(&question, &answer);
        }
        self.asked.insert(question, answer.clone());
        answer
    }

    /// No event follows.
    pub(super) fn finish(&mut self) {
        self.asked.clear();
        self.put(&Item::Finish);
    }

    /// Writes the end.
    pub(super) fn close(&mut self, summed: &Summed) {
        self.write_block();
        if self.is_open() {
            let json = serde_json::to_vec(summed).map_err(io::Error::other);
            let written = json.and_then(|json| self.files.writer().block(Kind::Summary, &json));
            self.check(written);
        }
        if self.is_open() {
            self.state = State::Closed;
        }
    }

    /// What was being done and why it failed; once.
    pub(super) fn failure(&mut self) -> Option<(String, io::Error)> {
        let State::Failed(error) = &mut self.state else { return None };
        Some((self.files.writing(), error.take()?))
    }

    /// Records, and bytes on disk.
    pub(super) const fn so_far(&self) -> (u64, u64) {
        (self.records, self.files.bytes())
    }

    /// Those of its files that are there.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        self.files.paths()
    }

    /// How many files were begun, and the name of the last.
    pub(super) fn files(&self) -> (u32, String) {
        (self.files.number(), self.files.path().display().to_string())
    }

    const fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    /// Moves one event from the queue, with what stands before it.
    fn take_event(&mut self) {
        loop {
            let mut items = Items::of(&self.queue[self.taken..]);
            let Some(Ok(item)) = items.read() else { break };
            let (from, to) = (self.taken, self.queue.len() - items.left());
            let (is_event, tick) =
                (item.is_event(), if let Item::Tick(time) = item { Some(time) } else { None });
            self.taken = to;
            if tick.is_some() {
                self.tick = self.tick.max(tick);
            } else {
                self.put_tick();
                self.since.get_or_insert_with(Instant::now);
                self.block.extend_from_slice(&self.queue[from..to]);
            }
            if is_event {
                break;
            }
        }
        if self.taken == self.queue.len() {
            self.queue.clear();
            self.taken = 0;
        }
    }

    fn put(&mut self, item: &Item<'_>) {
        if self.is_open() {
            self.put_tick();
            self.since.get_or_insert_with(Instant::now);
            item.write(&mut self.block);
        }
    }

    fn put_tick(&mut self) {
        if let Some(time) = self.tick.take() {
            self.put(&Item::Tick(time));
        }
    }

    /// False if it is too long.
    fn put_answer(&mut self, question: &Question, answer: &Answer) -> bool {
        self.put_tick();
        self.since.get_or_insert_with(Instant::now);
        let start = self.block.len();
        self.block.extend_from_slice(&[ANSWER, 0, 0, 0, 0]);
        let written = serde_json::to_writer(&mut self.block, &(question, answer));
        let len = self.block.len() - start - ITEM_HEAD;
        if written.is_err() || len > ITEM_MOST {
            self.block.truncate(start);
            return false;
        }
        self.block[start + 1..start + ITEM_HEAD].copy_from_slice(&(len as u32).to_le_bytes());
        self.table.insert(question.clone(), answer.clone(), len);
        if self.block.len() > BLOCK_MOST {
            let last = self.block.split_off(start);
            self.write_block();
            self.block = last;
        }
        true
    }

    fn write_facts(&mut self) -> io::Result<()> {
        self.facts.file = self.files.number();
        let json = serde_json::to_vec(&self.facts)?;
        self.files.writer().block(Kind::Facts, &json)
    }

    fn write_block(&mut self) {
        self.since = None;
        if self.is_open() && !self.block.is_empty() {
            let written = self.files.writer().block(Kind::Stream, &self.block);
            self.check(written);
        }
        self.block.clear();
    }

    /// The next file is whole by itself: nothing that this one has is taken for granted in it.
    fn turn(&mut self) -> io::Result<()> {
        self.write_block();
        if !self.is_open() {
            return Ok(());
        }
        self.files.writer().block(Kind::Next, &[])?;
        self.files.turn()?;
        self.write_facts()?;
        self.table.clear();
        let block = &mut self.block;
        self.symbols.all().for_each(|(address, found)| Item::Symbol(address, found).write(block));
        self.since = Some(Instant::now());
        Ok(())
    }

    fn check(&mut self, written: io::Result<()>) {
        if let Err(error) = written {
            self.files.cut();
            self.state = State::Failed(Some(error));
            self.queue = Vec::new();
            self.taken = 0;
            self.block = Vec::new();
        }
    }
}

/// Whatever ends it, what was read is kept.
impl Drop for Tape {
    fn drop(&mut self) {
        self.write_block();
    }
}
