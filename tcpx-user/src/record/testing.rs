//! For tests: records as the kernel writes them, somebody whose answers change, and both ways through a recording.

use std::{
    cell::Cell,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use tcpx_common::{
    abi::{Hook, Kind, lookup, state, tcp_flag},
    event as raw,
};
use zerocopy::{FromZeros, IntoBytes};

use super::{
    Destination, Facts, Item, Noted, Recorder, Rotation, Summed,
    facts::{KernelNames, ScopeSaid},
};
use crate::{
    abilities::Abilities,
    cli::failure::Failure,
    correlate::Limits,
    decode::{Decoder, Symbols},
    event::{Ends, Event, Name, Netns, Task, What},
    line::{self, Line},
    pipeline::Pipeline,
    ruleset::Ruleset,
    run::{
        Engine as _, Source as _,
        judge::{finish_recorded, judge_recorded},
        replay,
    },
    who::{CgroupHook, Connection, Elsewhere, PortHolders, Tellings, Who, Whose},
};

/// What a source comes across.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Record(Vec<u8>),
    Lost(u64, Hook, u64),
    Tick(u64),
}

/// One connection attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt {
    pub(crate) number: u16,
    pub(crate) at: u64,
}

impl Attempt {
    fn header(&self, kind: Kind, hook: Hook, after: u64) -> raw::Header {
        raw::Header {
            time_ns: self.at + after,
            netns_cookie: 7,
            netns: 4_026_531_840,
            tgid: 40 + u32::from(self.number % 3),
            tid: 40 + u32::from(self.number % 3),
            hook: hook as u8,
            kind: kind as u8,
            ..raw::Header::new_zeroed()
        }
    }

    fn tuple(&self) -> raw::Tuple {
        let address = |last| [127, 0, 0, last, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let b_port = 1_000 + self.number;
        raw::Tuple { a: address(1), b: address(2), a_port: 40_000, b_port, family: 4, reserved: 0 }
    }

    fn isn(&self) -> u32 {
        1 + u32::from(self.number) * 7_919
    }

    fn sk(&self) -> u64 {
        0x1000 + u64::from(self.number) * 64
    }

    fn change(&self, after: u64, old: u8, new: u8, err: u16) -> Step {
        let mut change = raw::State::new_zeroed();
        change.header = self.header(Kind::State, Hook::State, after);
        (change.tuple, change.sk, change.inode) = (self.tuple(), self.sk(), 900 + u64::from(self.number));
        (change.old, change.new, change.err) = (old, new, err);
        (change.uid, change.caller) = (1000, u8::from(new == state::SYN_SENT));
        (change.snd_una, change.snd_nxt) = (self.isn(), self.isn().wrapping_add(1));
        change.comm[..4].copy_from_slice(b"curl");
        Step::Record(change.as_bytes().to_vec())
    }

    fn segment(&self) -> raw::Segment {
        raw::Segment {
            tuple: self.tuple(),
            seq: self.isn(),
            flags: tcp_flag::SYN,
            present: 1,
            ttl: 64,
            ifindex: 1,
            ..raw::Segment::new_zeroed()
        }
    }

    /// connect() begins.
    pub(crate) fn starts(&self) -> Step {
        self.change(0, state::CLOSE, state::SYN_SENT, 0)
    }

    /// It stands.
    pub(crate) fn stands(&self) -> Step {
        self.change(50, state::SYN_SENT, state::ESTABLISHED, 0)
    }

    /// It has failed.
    pub(crate) fn fails(&self, err: u16) -> Step {
        self.change(60, state::SYN_SENT, state::CLOSE, err)
    }

    /// The SYN found nothing; nobody knows yet who holds the port.
    pub(crate) fn reply(&self) -> Step {
        let mut reply = raw::Reply::new_zeroed();
        reply.header = self.header(Kind::Reply, Hook::SendReset, 20);
        reply.segment = self.segment();
        (reply.lookup.established, reply.lookup.listener) = (lookup::MISS, lookup::MISS);
        (reply.has_reason, reply.reason) = (1, 1);
        Step::Record(reply.as_bytes().to_vec())
    }

    /// The SYN was thrown away, at a place that has a name.
    pub(crate) fn drop(&self) -> Step {
        let mut drop = raw::Drop::new_zeroed();
        drop.header = self.header(Kind::Drop, Hook::Drop, 30);
        drop.segment = self.segment();
        (drop.has_reason, drop.reason, drop.location) =
            (1, 7, 0xffff_ffff_8100_0010 + u64::from(self.number % 2));
        Step::Record(drop.as_bytes().to_vec())
    }

    /// What becomes of it, in one of several ways.
    pub(crate) fn story(&self, kind: u8) -> Vec<Step> {
        let later = |after| Step::Tick(self.at + after);
        match kind {
            0 => vec![self.starts(), later(10), self.reply(), self.fails(111), later(3_000_000_000)],
            1 => vec![self.starts(), self.stands()],
            2 => vec![self.starts(), self.drop(), later(70), self.fails(0), later(90)],
            3 => vec![self.starts(), Step::Record(vec![1, 2, 3]), self.fails(110)],
            4 => vec![self.starts(), Step::Lost(self.at + 5, Hook::Drop, 2), self.fails(0)],
            5 => (1..20).map(|tick| later(tick * 10)).chain([self.starts()]).collect(),
            _ => vec![self.drop(), later(5_000_000_000)],
        }
    }
}

/// Somebody who gives another answer each few questions.
#[derive(Default)]
pub(crate) struct Moody(Cell<u32>);

impl Moody {
    fn mood(&self) -> u32 {
        self.0.set(self.0.get() + 1);
        self.0.get() / 3
    }

    fn someone(&self) -> line::Process {
        let pid = self.mood();
        let (comm, exe) = (format!("someone{pid}"), Some("/bin/x".into()));
        line::Process { pid, ns_pid: pid.checked_sub(1), comm, exe, ..Default::default() }
    }
}

impl Who for Moody {
    fn holder(&self, _: u64) -> Option<Arc<line::Process>> {
        Some(self.someone().into())
    }

    fn process(&self, task: Task, _: &[u8], uid: Option<u32>, _: Option<u64>) -> Arc<line::Process> {
        Arc::new(line::Process { pid: task.tgid, uid, ..self.someone() })
    }

    fn cgroup(&self, id: u64) -> Option<String> {
        Some(format!("/{id}/{}.service", self.mood()))
    }

    fn netns(&self, netns: Netns) -> line::Netns {
        let mood = self.mood();
        let name = mood.is_multiple_of(2).then(|| "blue".to_owned());
        let of = mood.is_multiple_of(3).then(|| Whose::Pod("0f2f1f3a".to_owned()));
        line::Netns { inum: netns.inum, name, of }
    }

    fn device(&self, _: Netns, _: u32) -> Option<String> {
        Some(format!("eth{}", self.mood()))
    }

    fn tellings(&self, _: Netns) -> Option<Arc<Tellings>> {
        let rises = [("ListenDrops".into(), u64::from(self.mood()))].into();
        Some(Arc::new(Tellings { rises, conntrack: Some((1, 2)) }))
    }

    fn is_half_open(&self, _: Netns, _: Ends) -> Option<bool> {
        None
    }

    fn port_holders(&self, _: Netns, _: u16) -> Option<PortHolders> {
        Some(PortHolders { list: Vec::new(), bound_visible: self.mood().is_multiple_of(2) })
    }

    fn time(&self, boot_ns: u64) -> String {
        facts().clock().rfc3339(boot_ns)
    }

    fn elsewhere(&self, _: Netns, _: u16) -> Vec<Elsewhere> {
        Vec::new()
    }

    fn route(&self, _: Netns, _: IpAddr) -> Option<Result<(), i32>> {
        None
    }

    fn sysctl(&self, _: Netns, _: &'static str) -> Option<String> {
        None
    }

    fn connections(&self, _: Netns) -> Option<Arc<Vec<Connection>>> {
        None
    }

    fn ruleset(&self, _: Netns) -> Option<Arc<Ruleset>> {
        None
    }

    fn cgroup_programs(&self, _: u64, _: CgroupHook) -> Option<usize> {
        None
    }

    fn is_left(&self, _: Netns, _: Ends) -> Option<bool> {
        None
    }
}

struct Functions;

impl Symbols for Functions {
    fn symbol(&self, address: u64) -> Option<(Name, u64)> {
        address.is_multiple_of(2).then(|| (Name::from("nf_hook_slow"), address & 0xff))
    }
}

/// A kernel that is nobody's.
pub(crate) fn facts() -> Facts {
    Facts {
        recording: 1,
        file: 1,
        records: super::format::RECORDS,
        tcpx: "0.1.0".to_owned(),
        kernel: "6.12.0-test".to_owned(),
        arch: "x86_64".to_owned(),
        backend: "auto".to_owned(),
        probes: "path".to_owned(),
        hooks: vec![("state".into(), "tracepoint".into(), "inet_sock_set_state".into())],
        missing: vec![("reject".into(), "a test has none".into())],
        abilities: Abilities { rejects: false, ..Abilities::ALL },
        names: KernelNames {
            reset_reasons: vec![(1, "SK_RST_REASON_NO_SOCKET".into())],
            drop_reasons: vec![(7, "SKB_DROP_REASON_NETFILTER_DROP".into())],
            tick_ns: 4_000_000,
        },
        clock: (1_000, 1_700_000_000_000_000_000),
        scope: ScopeSaid::Host,
    }
}

/// Lines as a live trace shows them, which is recorded into `path`. The source reads `ahead` steps before the engine gets the first.
pub(crate) fn live(path: &Path, rotation: Rotation, steps: &[Step], ahead: usize) -> Vec<String> {
    live_on(facts(), path, rotation, steps, ahead)
}

/// The same on another kernel, or in another recording.
pub(crate) fn live_on(
    facts: Facts,
    path: &Path,
    rotation: Rotation,
    steps: &[Step],
    ahead: usize,
) -> Vec<String> {
    let recorder = Recorder::create(Destination { path: path.to_owned(), rotation }).expect("a file");
    let symbols = Noted::of_source(Box::new(Functions), recorder.clone());
    let mut decoder = Decoder::new(facts.names.names(), Box::new(symbols), facts.names.tick_ns);
    let symbols = Noted::of_engine(Box::new(Functions), recorder.clone());
    let mut pipeline = Pipeline::new(facts.abilities, Limits::DEFAULT, Box::new(symbols));
    recorder.begin(facts);
    let (who, mut lines) = (Moody::default(), Vec::new());
    for batch in steps.chunks(ahead.max(1)) {
        let events: Vec<Event> =
            batch.iter().filter_map(|step| read(step, &mut decoder, &recorder)).collect();
        for event in &events {
            judge_recorded(&mut pipeline, event, &who, &recorder, &mut lines);
        }
    }
    finish_recorded(&mut pipeline, &who, &recorder, &mut lines);
    let summed =
        Summed { kernel: [("OutRsts".to_owned(), 3)].into(), unaccounted: Some(0), ..Summed::default() };
    recorder.close(&summed);
    assert!(recorder.failure().is_none());
    lines.push(Line::Summary(Box::new(summed.add_to(pipeline.summary().clone()))));
    lines.iter().map(json).collect()
}

fn read(step: &Step, decoder: &mut Decoder, recorder: &Recorder) -> Option<Event> {
    match step {
        Step::Record(bytes) => {
            let event = decoder.decode(bytes);
            recorder.read(&if event.is_some() { Item::Record(bytes) } else { Item::Malformed(bytes) });
            event
        }
        Step::Lost(time, hook, count) => {
            recorder.read(&Item::Lost { time: *time, hook: Some(*hook), count: *count });
            Some(Event::of_stream(*time, Some(*hook), What::Lost { count: *count }))
        }
        Step::Tick(time) => {
            recorder.read(&Item::Tick(*time));
            Some(Event::of_stream(*time, None, What::Tick))
        }
    }
}

/// Lines as replay shows them, and why it ended before its end.
pub(crate) fn replayed(files: &[PathBuf]) -> Result<(Vec<String>, Option<Failure>), Failure> {
    let (mut tape, mut engine, end) = replay::open(files)?;
    let runtime = crate::run::session::runtime()?;
    let (mut events, mut lines) = (Vec::new(), Vec::new());
    while !end.is_reached() {
        runtime.block_on(tape.next(&mut events)).expect("failures are kept by the end");
        for event in events.drain(..) {
            engine.push(&event, &mut lines);
        }
    }
    engine.finish(&mut lines);
    Ok((lines.iter().map(json).collect(), end.failure()))
}

/// Events of recordings that can be read to their end.
pub(crate) fn events(files: &[PathBuf]) -> Vec<Event> {
    let (mut tape, _, end) = replay::open(files).expect("a recording");
    let runtime = crate::run::session::runtime().expect("a runtime");
    let mut events = Vec::new();
    while !end.is_reached() {
        runtime.block_on(tape.next(&mut events)).expect("failures are kept by the end");
    }
    assert!(end.failure().is_none());
    events
}

fn json(line: &Line) -> String {
    serde_json::to_string(line).expect("lines are JSON")
}
