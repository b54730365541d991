//! How fast userspace keeps up with a storm of refused connections: records as the kernel writes them, to verdicts and
//! to JSON. The items counted are records; three of them make one attempt and one RST.

use std::{net::IpAddr, sync::Arc};

use divan::{Bencher, counter::ItemsCount};
use tcpx_common::{
    abi::{Backend, Hook, Kind, state, tcp_flag},
    event::{Header, Reply, SockFacts, SockReset, State, Tuple},
};
use tcpx_user::{
    abilities::Abilities,
    correlate::Limits,
    decode::{Decoder, Names, NoSymbols},
    event::{Backend as By, Ends, Event, Netns, Task, What},
    line,
    pipeline::Pipeline,
    ruleset::Ruleset,
    sink::{Sink, json::Json},
    who::{CgroupHook, Connection, Elsewhere, PortHolders, Tellings, Who},
};
use zerocopy::{FromZeros as _, IntoBytes as _};

fn main() {
    divan::main();
}

/// Connections of one run: enough that all tables are full for most of it.
const CONNECTIONS: u32 = 50_000;
/// Records that the reader takes from the ring at a time.
const BATCH: usize = 256;
/// One connection after the other, at full speed of one core.
const PERIOD_NS: u64 = 6_000;
const CLOSED: u16 = 9;

/// Nothing needs to be looked up: the kernel said who it was.
struct Nobody;

impl Who for Nobody {
    fn holder(&self, _: u64) -> Option<Arc<line::Process>> {
        None
    }

    fn process(&self, task: Task, comm: &[u8], uid: Option<u32>, _: Option<u64>) -> Arc<line::Process> {
        let comm = String::from_utf8_lossy(comm).into_owned();
        Arc::new(line::Process { pid: task.tgid, tid: Some(task.tid), comm, uid, ..line::Process::default() })
    }

    fn cgroup(&self, _: u64) -> Option<String> {
        None
    }

    fn netns(&self, netns: Netns) -> line::Netns {
        line::Netns { inum: netns.inum, name: None, of: None }
    }

    fn device(&self, _: Netns, _: u32) -> Option<String> {
        None
    }

    fn tellings(&self, _: Netns) -> Option<Arc<Tellings>> {
        None
    }

    fn is_half_open(&self, _: Netns, _: Ends) -> Option<bool> {
        None
    }

    fn is_left(&self, _: Netns, _: Ends) -> Option<bool> {
        None
    }

    fn time(&self, boot_ns: u64) -> String {
        format!("1970-01-01T00:00:{:02}.{:09}Z", boot_ns / 1_000_000_000 % 60, boot_ns % 1_000_000_000)
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

    fn port_holders(&self, _: Netns, _: u16) -> Option<PortHolders> {
        None
    }
}

/// One client that connects to a closed port, again and again.
struct Storm {
    records: Vec<Vec<u8>>,
}

impl Storm {
    fn new() -> Self {
        let records = (0..CONNECTIONS).flat_map(refused).collect();
        Self { records }
    }

    fn count(&self) -> ItemsCount {
        ItemsCount::new(self.records.len())
    }
}

fn refused(nth: u32) -> [Vec<u8>; 3] {
    let start = 1_000_000_000 + u64::from(nth) * PERIOD_NS;
    let header = |at: u64, hook: Hook, kind: Kind| {
        let mut header = Header::new_zeroed();
        (header.time_ns, header.netns_cookie, header.netns) = (start + at, 1, 4_026_531_840);
        (header.tgid, header.tid) = (4242, 4242);
        (header.hook, header.backend, header.kind) = (hook as u8, Backend::Tracepoint as u8, kind as u8);
        header
    };
    let mut tuple = Tuple::new_zeroed();
    tuple.a[..4].copy_from_slice(&[127, 0, 0, 1]);
    tuple.b[..4].copy_from_slice(&[127, 0, 0, 1]);
    (tuple.a_port, tuple.b_port, tuple.family) = (32_768 + (nth % 28_000) as u16, CLOSED, 4);
    // The kernel takes the next socket from where the last one was.
    let sk = 0xffff_8881_0000_0000 + u64::from(nth % 4) * 0xa00;
    let isn = nth.wrapping_mul(64_013);

    let mut begins = State::new_zeroed();
    begins.header = header(0, Hook::State, Kind::State);
    (begins.tuple, begins.sk, begins.inode, begins.caller) = (tuple, sk, 70_000 + u64::from(nth), 1);
    (begins.old, begins.new) = (state::CLOSE, state::SYN_SENT);
    begins.comm[..5].copy_from_slice(b"storm");

    let mut reply = Reply::new_zeroed();
    reply.header = header(1_000, Hook::SendReset, Kind::Reply);
    (reply.segment.tuple, reply.segment.seq, reply.segment.flags) = (tuple, isn, tcp_flag::SYN);
    (reply.segment.present, reply.segment.ttl, reply.segment.ifindex) = (1, 64, 1);
    reply.segment.device[..2].copy_from_slice(b"lo");
    (reply.reason, reply.has_reason, reply.port_free) = (NO_SOCKET, 1, 1);

    let mut receives = SockReset::new_zeroed();
    receives.header = header(2_000, Hook::ReceiveReset, Kind::ReceiveReset);
    receives.tuple = tuple;
    receives.sock = SockFacts { sk, present: 1, state: state::SYN_SENT, ..SockFacts::new_zeroed() };
    (receives.sock.inode, receives.sock.snd_una, receives.refuses) = (begins.inode, isn, 1);
    [begins.as_bytes().to_vec(), reply.as_bytes().to_vec(), receives.as_bytes().to_vec()]
}

const NO_SOCKET: u32 = 3;

fn decoder() -> Decoder {
    let names = Names::new([(NO_SOCKET, "NO_SOCKET")], std::iter::empty());
    Decoder::new(names, Box::new(NoSymbols), 4_000_000)
}

/// What the host's own kernel lets tcpx see.
fn pipeline() -> Pipeline {
    Pipeline::new(Abilities::ALL, Limits::DEFAULT, Box::new(NoSymbols))
}

/// All records through a pipeline; what comes out goes to `line`.
fn play(storm: &Storm, mut line: impl FnMut(&line::Line)) {
    let (mut decoder, mut pipeline) = (decoder(), pipeline());
    for batch in storm.records.chunks(BATCH) {
        let mut last = 0;
        for event in batch.iter().filter_map(|record| decoder.decode(record)) {
            last = event.time;
            pipeline.push(&event, &Nobody).iter().for_each(&mut line);
        }
        pipeline.push(&tick(last), &Nobody).iter().for_each(&mut line);
    }
    pipeline.finish(&Nobody).iter().for_each(&mut line);
    let attempts: u64 = pipeline.summary().attempts.values().sum();
    assert_eq!((decoder.malformed(), attempts), (0, u64::from(CONNECTIONS)));
    assert_eq!(pipeline.summary().attempts.get("closed-port"), Some(&attempts));
}

fn tick(time: u64) -> Event {
    let backend = By::Tracepoint;
    let (netns, task) = (Netns::default(), Task::default());
    Event { time, netns, task, hook: None, backend, in_scope: false, has_stack: false, what: What::Tick }
}

#[divan::bench(max_time = 5)]
fn decode(bencher: Bencher<'_, '_>) {
    let storm = Storm::new();
    bencher.counter(storm.count()).bench(|| {
        let mut decoder = decoder();
        storm.records.iter().filter_map(|record| decoder.decode(record)).map(divan::black_box_drop).count()
    });
}

#[divan::bench(max_time = 5)]
fn to_verdicts(bencher: Bencher<'_, '_>) {
    let storm = Storm::new();
    bencher.counter(storm.count()).bench(|| play(&storm, |line| divan::black_box_drop(line)));
}

#[divan::bench(max_time = 5)]
fn to_json(bencher: Bencher<'_, '_>) {
    let storm = Storm::new();
    bencher.counter(storm.count()).bench(|| {
        let mut sink = Json::new(std::io::sink());
        play(&storm, |line| sink.line(line).expect("nothing is written"));
        sink.flush().expect("nothing is written");
    });
}
