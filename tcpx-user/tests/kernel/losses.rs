//! Nothing is lost in silence: of each hook, what was to be told is what the reader got and what the programs counted as
//! lost or shed, to the last record.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{BuildHasher as _, RandomState},
    net::{Ipv4Addr, TcpStream},
    rc::Rc,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use tcpx_common::abi::Hook;
use tcpx_user::{
    event::{Event, What},
    kernel::{
        self, Asked, KernelFacts, Probes,
        live::{Counts, Tally},
    },
    run::Source as _,
};

use crate::{report::Outcome, stand};

/// Nobody listens there (discard).
const CLOSED: u16 = 9;
/// A page: room for a few connections.
const TINY: u32 = 4096;
const CONNECTIONS: u64 = 1000;
/// So many RSTs that were taken are looked at.
const ENOUGH: usize = 200;
/// Between two readings there are fewer connections than this.
const LONGEST_PAUSE: u64 = 40;

/// A ring that is far too small, and a reader that comes when it likes.
pub(crate) fn tiny_ring(backend: &str) -> Result<Outcome> {
    storm(
        backend,
        |asked| Asked { ring_bytes: TINY, ..asked },
        |_, sums| {
            ensure!(
                sums.lost > 0 && sums.written > 0 && sums.shed == 0,
                "no ring so small holds all: {sums:?}"
            );
            Ok(())
        },
    )
}

/// A limit that the storm exceeds: what is above it is counted by cause.
pub(crate) fn above_the_limit(backend: &str) -> Result<Outcome> {
    storm(
        backend,
        |asked| Asked { most_per_second: 20, ..asked },
        |reader, sums| {
            ensure!(
                sums.shed > 0 && sums.written > 0 && sums.lost == 0,
                "the limit sheds, nothing else: {sums:?}"
            );
            let answers = reader.counts.untold().into_keys().filter(|(hook, _)| *hook == Hook::SendReset);
            let reasons: Vec<u32> = answers.map(|(_, reason)| reason).collect();
            let named = reader.facts.reset_reasons.is_empty() || reasons.iter().any(|reason| *reason != 0);
            ensure!(named, "the reasons of what was shed: {reasons:?}");
            Ok(())
        },
    )
}

/// What the product does by itself.
pub(crate) fn nothing(backend: &str) -> Result<Outcome> {
    storm(
        backend,
        |asked| asked,
        |_, sums| {
            ensure!(sums.lost + sums.shed == 0 && sums.written > CONNECTIONS, "{sums:?}");
            Ok(())
        },
    )
}

/// Hooks are attached one after the other while connections are refused. What is told is whole from the first record on: but for
/// what was just then on its way, nobody hears of a RST that a socket took, and not of who sent it.
pub(crate) fn start_under_load(backend: &str) -> Result<Outcome> {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let load = scope.spawn(|| {
            let mut made = 0_u64;
            while !stop.load(Ordering::Relaxed) {
                made += u64::from(TcpStream::connect((Ipv4Addr::LOCALHOST, CLOSED)).is_err());
                // Attaching takes seconds where a processor is emulated: the ring has room for all of them.
                thread::sleep(Duration::from_millis(1));
            }
            made
        });
        let heard = Reader::start(backend, |asked| asked).and_then(|reader| match reader {
            Ok(mut reader) => reader.first_resets().map(Ok),
            Err(why) => Ok(Err(why)),
        });
        stop.store(true, Ordering::Relaxed);
        ensure!(load.join().is_ok_and(|made| made > 0), "nobody was refused");
        let heard = match heard? {
            Ok(heard) => heard,
            Err(why) => return Ok(Outcome::Skipped(why)),
        };
        ensure!(heard.early > 0, "no hook has told anything before the last one stood");
        let each_cpu = thread::available_parallelism()?.get();
        ensure!(heard.unsent <= each_cpu, "of {} RSTs {} have no sender", heard.taken, heard.unsent);
        Ok(Outcome::Passed)
    })
}

/// RSTs of the first reading.
struct Heard {
    /// Records that were left out.
    early: u64,
    /// RSTs that a socket took.
    taken: usize,
    /// Those of them of which no sender was told before.
    unsent: usize,
}

/// Attaches, lets a storm pass and checks what became of all records.
fn storm(
    backend: &str,
    differently: impl FnOnce(Asked) -> Asked,
    check: impl FnOnce(&Reader, Tally) -> Result<()>,
) -> Result<Outcome> {
    let mut reader = match Reader::start(backend, differently)? {
        Ok(reader) => reader,
        Err(why) => return Ok(Outcome::Skipped(why)),
    };
    reader.through_a_storm()?;
    let sums = reader.settle()?;
    check(&reader, sums)?;
    Ok(Outcome::Passed)
}

/// Attached programs, and what of them was read so far.
struct Reader {
    facts: KernelFacts,
    live: kernel::Live,
    counts: Rc<Counts>,
    delivered: BTreeMap<Hook, u64>,
}

impl Reader {
    /// Attaches, or says why this kernel has nothing of the backend.
    fn start(backend: &str, differently: impl FnOnce(Asked) -> Asked) -> Result<Result<Self, String>> {
        let asked = Asked { probes: Probes::Path, ..Asked::EVERYTHING };
        let facts = KernelFacts::of_this_kernel().context("reading the kernel's types")?;
        let attached = match stand::attach_alone(&facts, backend, differently(asked))? {
            Ok(attached) => attached,
            Err(why) => return Ok(Err(why)),
        };
        let (live, counts) = kernel::Live::new(attached, &kernel::names(&facts), None)?;
        Ok(Ok(Self { facts, live, counts, delivered: BTreeMap::new() }))
    }

    /// Reads until some RSTs were taken.
    fn first_resets(&mut self) -> Result<Heard> {
        let (mut sent, mut taken, mut unsent) = (BTreeSet::new(), 0, 0);
        while taken < ENOUGH {
            let mut events = Vec::new();
            self.live.drain(&mut events)?;
            for event in events {
                match &event.what {
                    // The client's end of the segment that was answered.
                    What::Reply(reply) => _ = sent.insert(reply.segment.ends.a),
                    What::ReceiveReset(reset) => {
                        taken += 1;
                        unsent += usize::from(!sent.contains(&reset.ends.a));
                    }
                    _ => {}
                }
            }
        }
        let early = Hook::ALL.iter().map(|hook| self.counts.early(*hook)).sum();
        Ok(Heard { early, taken, unsent })
    }

    /// Refused connections, with a reading now and then.
    fn through_a_storm(&mut self) -> Result<()> {
        let random = RandomState::new();
        let mut next = 0;
        for nth in 0..CONNECTIONS {
            let refused = TcpStream::connect((Ipv4Addr::LOCALHOST, CLOSED));
            ensure!(refused.is_err(), "somebody listens on port {CLOSED}");
            if nth >= next {
                self.read()?;
                next = nth + 1 + random.hash_one(nth) % LONGEST_PAUSE;
            }
        }
        Ok(())
    }

    fn read(&mut self) -> Result<()> {
        let mut events = Vec::new();
        self.live.drain(&mut events)?;
        for hook in events.iter().filter_map(of_a_record) {
            *self.delivered.entry(hook).or_default() += 1;
        }
        Ok(())
    }

    /// Reads until nothing has come meanwhile, and holds the counts of each hook against each other. Returns the sums.
    fn settle(&mut self) -> Result<Tally> {
        let tallies =
            |counts: &Counts| -> Vec<_> { Hook::ALL.iter().map(|hook| (*hook, counts.of(*hook))).collect() };
        let settled = loop {
            let before = tallies(&self.counts);
            self.read()?;
            if tallies(&self.counts) == before {
                break before;
            }
        };
        for (hook, tally) in &settled {
            let delivered = self.delivered.get(hook).copied().unwrap_or(0);
            let read = delivered + self.counts.early(*hook);
            ensure!(tally.hits == read + tally.lost + tally.shed, "{hook:?}: {tally:?}, read {read}");
            ensure!(tally.written == read, "{hook:?}: {tally:?}, read {read}");
        }
        let sums: Tally = settled.into_iter().map(|(_, tally)| tally).sum();
        let untold: u64 = self.counts.untold().values().sum();
        ensure!(untold == sums.lost + sums.shed, "by cause {untold} were not told: {sums:?}");
        Ok(sums)
    }
}

/// The hook of an event that was a record: losses and the passing of time are none.
fn of_a_record(event: &Event) -> Option<Hook> {
    if matches!(event.what, What::Lost { .. } | What::Tick) { None } else { event.hook }
}
