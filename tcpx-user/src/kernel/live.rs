//! The live source: the ring of the attached programs as decoded events, and their counters.
//!
//! The kernel never wakes the reader: a timer does, so that a record costs no wake-up and a storm no more of them than
//! silence. While there is much to read, the reader does not wait at all.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    io,
    iter::Sum,
    rc::Rc,
    time::Duration,
};

use aya::{
    Ebpf,
    maps::{HashMap, Map, MapData, PerCpuArray, RingBuf},
};
use rustix::time::{ClockId, clock_getres};
use tcpx_common::{
    abi::{Hook, untold},
    event::{HookCounters, NetnsKey, NetnsResets},
};
use tokio::time::{Instant, sleep};

use super::{KernelFacts, attach::Attached, misses::Misses, ring::Positions, symbols, vigil::Vigil};
use crate::{
    decode::{Decoder, Symbols},
    enrich::boot_now,
    event::{Event, What},
    record::{Item, Noted, Recorder, facts::KernelNames},
    run::Source,
};

/// How long a record waits for the reader at most: a person sees no delay in it, and the ring holds what a storm writes meanwhile.
const PAUSE: Duration = Duration::from_millis(25);
/// The same after a reading of more than a batch: the ring holds what a storm at full speed of both its ends writes in several
/// times that.
const STORM_PAUSE: Duration = Duration::from_millis(10);
/// The same while a command is traced: it may end, and with it what /proc knows of it, within milliseconds.
const SHORT_PAUSE: Duration = Duration::from_millis(2);
/// How often the programs' own counters are looked at while nothing comes: a loss is told within a second.
const LOOK: Duration = Duration::from_millis(500);
/// How long a record that is not finished is waited for when all must be read.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long what comes meanwhile is read too, when all must be read.
const STORM: Duration = Duration::from_millis(100);
/// Records that are decoded in one go, so that Ctrl-C is heard in a storm, and what comes of them stays in the processor's caches.
const BATCH: usize = 256;

/// Records as events. Dropping it detaches the programs.
pub struct Live {
    ring: RingBuf<MapData>,
    positions: Positions,
    vigil: Vigil,
    counts: Rc<Counts>,
    untold: BTreeMap<Hook, u64>,
    decoder: Decoder,
    recorder: Option<Recorder>,
    /// When all hooks were attached (boot clock, ns).
    begun: u64,
    looked: Instant,
    pause: Duration,
    /// The last batch did not empty the ring.
    more: bool,
    /// Nor did the one before.
    had_more: bool,
    /// Records were lost behind those that the ring still holds: the gap is somewhere before its end.
    doubt: bool,
    #[cfg(feature = "bpf-log")]
    log: Option<super::bpf_log::BpfLog>,
    /// Keeps the programs attached.
    _programs: Ebpf,
}

/// What the programs count: RSTs by namespace before any filter, and what became of records.
pub struct Counts {
    resets: HashMap<MapData, NetnsKey, NetnsResets>,
    counters: PerCpuArray<MapData, HookCounters>,
    untold: PerCpuArray<MapData, u64>,
    misses: Misses,
    /// Namespaces for which `resets` has room.
    netns_room: u64,
    ring_bytes: u64,
    /// What the ring held at most since somebody asked.
    held: Cell<u64>,
    /// Records of the time when not all hooks stood yet.
    early: RefCell<BTreeMap<Hook, u64>>,
}

/// How full the maps are of which one that is full loses something. The others drop what is oldest, as they are meant to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fills {
    /// Bytes that the ring held at most since this was asked before, and those that it has.
    pub ring: [u64; 2],
    /// Network namespaces whose RSTs are counted, and for how many there is room.
    pub netns: [u64; 2],
}

impl Counts {
    /// RSTs.
    #[must_use]
    pub fn read(&self) -> Vec<(NetnsKey, NetnsResets)> {
        self.resets.iter().filter_map(Result::ok).collect()
    }

    /// What became of a hook's records on all CPUs.
    #[must_use]
    pub fn of(&self, hook: Hook) -> Tally {
        let each = self.counters.get(&u32::from(hook as u8), 0);
        each.iter().flat_map(|values| values.iter()).map(Tally::of).sum()
    }

    /// Records of a hook that were left out, as others were not attached yet.
    #[must_use]
    pub fn early(&self, hook: Hook) -> u64 {
        self.early.borrow().get(&hook).copied().unwrap_or(0)
    }

    /// Records that were not written, by hook and the kernel's reason (0: none).
    #[must_use]
    pub fn untold(&self) -> BTreeMap<(Hook, u32), u64> {
        let lacking = |hook: &&Hook| self.of(**hook).untold() > 0;
        let causes = Hook::ALL
            .iter()
            .filter(lacking)
            .flat_map(|&hook| (0..untold::REASONS).map(move |reason| (hook, reason)));
        let counted = causes.filter_map(|(hook, reason)| {
            let counts = self.untold.get(&untold::slot(hook, reason), 0).ok()?;
            Some(((hook, reason), counts.iter().sum()))
        });
        counted.filter(|&(_, count)| count > 0).collect()
    }

    /// How full the maps are: as many system calls as there are namespaces.
    #[must_use]
    pub fn fills(&self) -> Fills {
        // Entries that come and go meanwhile could make the kernel begin anew.
        let keys = (0..self.netns_room).zip(self.resets.keys());
        let netns = keys.filter(|(_, key)| key.is_ok()).count() as u64;
        let ring = [self.held.take().min(self.ring_bytes), self.ring_bytes];
        Fills { ring, netns: [netns, self.netns_room] }
    }

    /// Whether this process may read them now.
    #[must_use]
    pub fn can_be_read(&self) -> bool {
        self.counters.get(&0, 0).is_ok()
    }

    /// Firings of which nothing was seen, while the programs live.
    #[must_use]
    pub fn missed(&self) -> Option<u64> {
        self.misses.read()
    }
}

/// What became of what a hook had to tell: `hits` is the sum of the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records that were to be written.
    pub hits: u64,
    /// Those that the reader gets.
    pub written: u64,
    /// Those for which the ring had no room.
    pub lost: u64,
    /// Those above the limit for a second.
    pub shed: u64,
}

impl Tally {
    const fn of(counters: &HookCounters) -> Self {
        let &HookCounters { hits, written, lost, shed, .. } = counters;
        Self { hits, written, lost, shed }
    }

    /// Records that the reader does not get.
    #[must_use]
    pub const fn untold(&self) -> u64 {
        self.lost + self.shed
    }
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            hits: sum.hits + one.hits,
            written: sum.written + one.written,
            lost: sum.lost + one.lost,
            shed: sum.shed + one.shed,
        })
    }
}

impl Live {
    /// Starts to read what is attached.
    ///
    /// # Errors
    /// When the object's maps are not what they should be.
    pub fn new(
        attached: Attached,
        names: &KernelNames,
        recorder: Option<Recorder>,
    ) -> io::Result<(Self, Rc<Counts>)> {
        let mut programs = attached.ebpf;
        let mut take =
            |name: &str| programs.take_map(name).ok_or_else(|| io::Error::other(format!("no map {name}")));
        let ring = RingBuf::try_from(take("EVENTS")?).map_err(io::Error::other)?;
        let positions = Positions::of(&ring)?;
        let counters = PerCpuArray::try_from(take("COUNTERS")?).map_err(io::Error::other)?;
        let resets = take("NETNS_RESETS")?;
        let netns_room = room(&resets)?;
        let resets = HashMap::try_from(resets).map_err(io::Error::other)?;
        let untold = PerCpuArray::try_from(take("UNTOLD")?).map_err(io::Error::other)?;
        let (misses, ring_bytes) = (Misses::of(&programs), attached.asked.ring_bytes.into());
        let counts = Rc::new(Counts {
            resets,
            counters,
            untold,
            misses,
            netns_room,
            ring_bytes,
            held: Cell::default(),
            early: RefCell::default(),
        });
        let live = Self {
            ring,
            positions,
            vigil: Vigil::new(ring_bytes, attached.asked.most_per_second),
            counts: Rc::clone(&counts),
            untold: BTreeMap::new(),
            decoder: decoder(names, recorder.clone()),
            recorder,
            begun: boot_now(),
            looked: Instant::now(),
            pause: PAUSE,
            more: false,
            had_more: false,
            doubt: false,
            // An object that does not log has no such ring.
            #[cfg(feature = "bpf-log")]
            log: super::bpf_log::BpfLog::take(&mut programs).ok(),
            _programs: programs,
        };
        Ok((live, counts))
    }

    /// Looks into the ring so often that a command that ends at once is still there when it is asked for.
    #[must_use]
    pub fn following_a_command(self) -> Self {
        Self { pause: SHORT_PAUSE, ..self }
    }

    /// Decodes what is in the ring, at most a batch; how many records that were.
    ///
    /// Hooks are attached one after the other: what some of them have told before the last one stood is half a story (a RST that
    /// was received, and whose sender nobody watched yet), and is left out.
    fn read(&mut self, events: &mut Vec<Event>) -> usize {
        for read in 0..BATCH {
            let Some(record) = self.ring.next() else { return read };
            let event = self.decoder.decode(&record);
            if let Some(early) = event.as_ref().filter(|event| event.time < self.begun) {
                let mut counts = self.counts.early.borrow_mut();
                early.hook.into_iter().for_each(|hook| *counts.entry(hook).or_default() += 1);
                continue;
            }
            if let Some(recorder) = &self.recorder {
                let item = if event.is_some() { Item::Record(&record) } else { Item::Malformed(&record) };
                recorder.read(&item);
            }
            events.extend(event);
        }
        BATCH
    }

    fn lost(&self, time: u64, hook: Option<Hook>, count: u64) -> Event {
        if let Some(recorder) = &self.recorder {
            recorder.read(&Item::Lost { time, hook, count });
        }
        Event::of_stream(time, hook, What::Lost { count })
    }

    fn tick(&self, time: u64) -> Event {
        if let Some(recorder) = &self.recorder {
            recorder.read(&Item::Tick(time));
        }
        Event::of_stream(time, None, What::Tick)
    }

    /// Everything that was there, then the time up to which that is all; without the time while a record that is not
    /// finished hides others.
    fn take(&mut self, events: &mut Vec<Event>) {
        let (now, position) = (boot_now(), self.positions.read());
        let read = self.read(events);
        self.had_more = std::mem::replace(&mut self.more, read == BATCH);
        #[cfg(feature = "bpf-log")]
        if let Some(log) = &mut self.log {
            log.show();
        }
        // At once: what a loss may have touched is not told yet, as it waits for the correlator's grace.
        let held = self.positions.written() - position;
        self.counts.held.set(self.counts.held.get().max(held));
        let lacking = self.vigil.may_lack(now, read as u64, held);
        if lacking || self.looked.elapsed() >= LOOK {
            self.look(events, now);
        }
        if self.doubt {
            events.push(self.lost(now, None, 0));
            self.doubt = self.more;
        }
        if !self.more && !self.positions.are_apart() {
            events.push(self.tick(now));
        }
    }

    /// Reads until nothing is left and nothing is hidden by a record that is not finished, as long as that is in sight. In a storm
    /// there is always more: then what was begun until now must do.
    fn read_all(&mut self, events: &mut Vec<Event>) {
        let (begun, until) = (Instant::now(), self.positions.written());
        let (mut moved, mut read) = (begun, self.positions.read());
        loop {
            let empty = self.read(events) < BATCH;
            if empty && !self.positions.are_apart() {
                return;
            }
            if self.positions.read() > read {
                (moved, read) = (Instant::now(), self.positions.read());
            }
            let enough = read >= until && begun.elapsed() >= STORM;
            if enough || moved.elapsed() >= PATIENCE {
                return;
            }
            if empty {
                // The program that is not finished may wait for this very CPU.
                rustix::thread::sched_yield();
            }
        }
    }

    /// Turns what was not written into events.
    fn look(&mut self, events: &mut Vec<Event>, now: u64) {
        self.looked = Instant::now();
        for hook in Hook::ALL {
            let untold = self.counts.of(*hook).untold();
            let before = self.untold.insert(*hook, untold).unwrap_or(0);
            if untold > before {
                self.doubt = true;
                events.push(self.lost(now, Some(*hook), untold - before));
            }
        }
    }
}

impl Source for Live {
    async fn next(&mut self, events: &mut Vec<Event>) -> io::Result<()> {
        if self.more {
            // Others must get their turn: Ctrl-C is heard in a storm.
            tokio::task::yield_now().await;
        } else {
            sleep(if self.had_more { self.pause.min(STORM_PAUSE) } else { self.pause }).await;
        }
        self.take(events);
        Ok(())
    }

    fn drain(&mut self, events: &mut Vec<Event>) -> io::Result<()> {
        let now = boot_now();
        self.read_all(events);
        self.look(events, now);
        events.push(self.tick(now));
        Ok(())
    }
}

/// How many entries a hash map has room for.
fn room(map: &Map) -> io::Result<u64> {
    let Map::HashMap(data) = map else { return Ok(0) };
    Ok(data.info().map_err(io::Error::other)?.max_entries().into())
}

/// Length of a jiffy: the resolution of the coarse clocks is the timer tick's.
fn tick_ns() -> u64 {
    clock_getres(ClockId::MonotonicCoarse).tv_nsec.unsigned_abs()
}

/// What decoding the records of this kernel needs to know.
#[must_use]
pub fn names(facts: &KernelFacts) -> KernelNames {
    let (reset_reasons, drop_reasons) = (facts.reset_reasons.clone(), facts.drop_reasons.clone());
    KernelNames { reset_reasons, drop_reasons, tick_ns: tick_ns() }
}

fn decoder(names: &KernelNames, recorder: Option<Recorder>) -> Decoder {
    let symbols: Box<dyn Symbols + Send> = match recorder {
        Some(recorder) => Box::new(Noted::of_source(Box::new(symbols::Kallsyms), recorder)),
        None => Box::new(symbols::Kallsyms),
    };
    Decoder::new(names.names(), symbols, names.tick_ns)
}
