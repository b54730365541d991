//! What happens to the daemon, in turn, again and again.

use std::{
    fs,
    path::PathBuf,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tcpx_user::lab::Deadline;

use crate::{
    collector::Collector,
    daemon::{Daemon, Place, until},
    disk::Disk,
    helpers::Helpers,
    invariant::{self, Named, consumer},
    ledger::Ledger,
    load::Load,
    tail::Tail,
};

/// The collector gets every line: what the file has lost can be counted there.
const CONFIG: &str = r#"
output.file = "DIR/small/a.jsonl"
hooks.buffer_size = "8M"
stream.backlog = 500
takeover.grace = "5s"
[metrics]
process = true
names = 10000
[otlp]
endpoint = "http://COLLECTOR"
queue = "DIR/otlp"
queue_size = "512M"
worked_one_in = 1
[recording]
path = "DIR/recorded/r.tcpx"
rotate_size = "8M"
total_size = "32M"
"#;
/// Connections a second.
const RATE: u32 = 2_000;
/// A file is renamed at this size.
const LARGE: u64 = 16 << 20;
const PROGRESS: Duration = Duration::from_secs(30);
/// How long a collector is away.
const AWAY: Duration = Duration::from_secs(5);
/// How long a disk is full, at least.
const FULL: Duration = Duration::from_secs(2);
const BETWEEN: Duration = Duration::from_secs(1);
/// What memory may differ by, in kB: how far consumers are behind at the moment of looking.
const GROWTH_KB: u64 = 4 << 10;

/// All of it, for so long.
pub(crate) fn run(length: Duration) {
    let place = Place::new("");
    let mut soak = Soak::start(&place);
    println!("soak: {RATE} connections a second for {} s", length.as_secs());
    // Restarts first: memory is watched in a daemon that runs long.
    while soak.begun.elapsed() < length / 3 {
        soak.round();
        soak.restart();
        soak.round();
        soak.take_over();
    }
    let mut warm = None;
    while soak.begun.elapsed() < length || warm.is_none() {
        soak.round();
        let resident = soak.settle();
        // Until then tables fill up to their bounds.
        if soak.begun.elapsed() >= length / 2 {
            warm.get_or_insert(resident);
        }
    }
    soak.finish(warm.unwrap_or_default());
}

/// How often what happened.
#[derive(Debug, Default)]
struct Happened {
    reloads: u32,
    restarts: u32,
    takeovers: u32,
    outages: u32,
    full_disks: u32,
    killed_helpers: u32,
    stalled_readers: u32,
}

/// Of daemon and helper, in kB.
#[derive(Clone, Copy, Debug, Default)]
struct Resident {
    daemon: u64,
    helper: u64,
}

struct Soak<'a> {
    place: &'a Place,
    daemon: Option<Daemon<'a>>,
    load: Rc<Load>,
    ledger: Arc<Ledger>,
    tail: Tail,
    collector: Collector,
    disk: Disk,
    _helpers: Helpers,
    /// What daemons that have ended said.
    before: Named,
    /// The first connection that this daemon must have seen, and the first that it may have seen.
    life: (u32, u32),
    begun: Instant,
    told: Instant,
    happened: Happened,
}

impl<'a> Soak<'a> {
    fn start(place: &'a Place) -> Self {
        let ledger = Arc::<Ledger>::default();
        let load = Rc::new(Load::start(RATE));
        let collector = Collector::start(load.port, Arc::clone(&ledger));
        place.configure(&CONFIG.replace("COLLECTOR", &collector.at.to_string()));
        let disk = Disk::mount(place.path("small"));
        fs::create_dir(place.path("recorded")).expect("a directory");
        let helpers = Helpers::start(&place.path("helper.sock"));
        let (lines, rotated) = (disk.path("a.jsonl"), disk.path("a.1"));
        let tail = Tail::start(lines, rotated, load.port, Arc::clone(&ledger));
        let mut soak = Self {
            place,
            daemon: None,
            load,
            ledger,
            tail,
            collector,
            disk,
            _helpers: helpers,
            before: Named::default(),
            life: (0, 0),
            begun: Instant::now(),
            told: Instant::now(),
            happened: Happened::default(),
        };
        soak.start_daemon(0);
        soak
    }

    fn daemon(&self) -> &Daemon<'a> {
        self.daemon.as_ref().expect("it runs")
    }

    /// Nobody has watched since the connection of that number.
    fn start_daemon(&mut self, since: u32) {
        let helper = self.place.path("helper.sock");
        self.daemon = Some(self.place.start_with(|tcpx| {
            tcpx.arg("--helper").arg(helper);
        }));
        // One may be under way.
        self.life = (self.load.made() + 1, since);
        self.ledger.unwatched(since..self.life.0);
    }

    fn round(&mut self) {
        self.outage();
        self.full_disk();
        self.killed_helper();
        self.stalled_readers();
        self.rotate();
    }

    /// Lets time pass, and does what has to be done meanwhile.
    fn pass(&mut self, time: Duration) {
        let over = Instant::now() + time;
        until("time", || {
            if fs::metadata(self.lines()).is_ok_and(|file| file.len() > LARGE) {
                self.rotate();
            }
            self.progress();
            (Instant::now() >= over).then_some(())
        });
    }

    fn lines(&self) -> PathBuf {
        self.disk.path("a.jsonl")
    }

    /// Log rotation: renamed, then opened again.
    fn rotate(&mut self) {
        let rotated = self.disk.path("a.1");
        until("the last one to be read", || (!rotated.exists()).then_some(()));
        fs::rename(self.lines(), rotated).expect("the file");
        self.daemon().reload();
        self.happened.reloads += 1;
    }

    fn outage(&mut self) {
        self.collector.go();
        self.pass(AWAY);
        self.collector.come();
        self.happened.outages += 1;
    }

    fn full_disk(&mut self) {
        self.rotate();
        let before = Named::of(&self.daemon().health()).file;
        self.disk.fill();
        until("lines that the file could not take", || {
            (Named::of(&self.daemon().health()).file > before).then_some(())
        });
        let over = Instant::now() + FULL;
        until("time", || (Instant::now() >= over).then_some(()));
        self.disk.free();
        until("lines in the file again", || {
            consumer(&self.daemon().health(), "file")["trouble"].is_null().then_some(())
        });
        self.happened.full_disks += 1;
        self.pass(BETWEEN);
    }

    fn killed_helper(&mut self) {
        let helper = helper(&self.daemon().health());
        kill_process(Pid::from_raw(helper as i32).expect("a process"), Signal::KILL).expect("it runs");
        until("another helper", || {
            let health = self.daemon().health();
            (health["helper"]["alive"] == true && self::helper(&health) != helper).then_some(())
        });
        self.happened.killed_helpers += 1;
        self.pass(BETWEEN);
    }

    fn stalled_readers(&mut self) {
        let slow = |health: &Value| health["stream"]["slow"].as_u64().expect("a number");
        let before = slow(&self.daemon().health());
        let readers: Vec<_> = (0..4).map(|_| self.daemon().ask("/lines")).collect();
        until("readers that are let go", || (slow(&self.daemon().health()) >= before + 4).then_some(()));
        drop(readers);
        self.happened.stalled_readers += 4;
        self.pass(BETWEEN);
    }

    fn restart(&mut self) {
        self.settle();
        let named = self.named();
        let since = self.load.made();
        let (status, _) = self.daemon.take().expect("it runs").end(Signal::TERM);
        // 3 says that records were lost.
        assert!(matches!(status.code(), Some(0 | 3)), "{status}; it said: {}", self.place.log());
        self.ended(named);
        self.start_daemon(since);
        self.happened.restarts += 1;
    }

    /// Another daemon takes over while connections are made: each is told.
    fn take_over(&mut self) {
        self.settle();
        let named = self.named();
        let since = self.load.made();
        let old = self.daemon.take().expect("it runs");
        let helper = self.place.path("helper.sock");
        self.daemon = Some(self.place.start_with(|tcpx| {
            tcpx.arg("--takeover").arg("--helper").arg(helper);
        }));
        let status = old.ended();
        assert!(matches!(status.code(), Some(0 | 3)), "{status}; it said: {}", self.place.log());
        self.ended(named);
        self.life = (self.load.made() + 1, since);
        self.happened.takeovers += 1;
    }

    /// What daemons that have ended said at their end. Records of which they told after somebody last asked are in the file.
    fn ended(&mut self, before: Named) {
        self.tail.catch_up();
        // A line of a loss may itself have found the disk full.
        let records = self.ledger.file().records.max(before.records);
        self.before = Named { missed: before.missed, ..Named::of_ended(&self.place.log(), records) };
    }

    /// What was lost until now, as far as that is named.
    fn named(&self) -> Named {
        self.before.and(Named::of(&self.daemon().health()))
    }

    /// While no connection is made: all that were are told, or named as lost; what memory that takes.
    fn settle(&mut self) -> Resident {
        let load = Rc::clone(&self.load);
        let _none_is_made = load.hold();
        let made = load.made();
        let told = Deadline::after(Duration::from_mins(5)).until("all of it", || {
            let named = self.named();
            self.tail.catch_up();
            let missing = self.ledger.missing_in_file(made);
            Ok((missing.lines() as u64 <= named.allows()).then_some(()))
        });
        if told.is_err() {
            let missing = self.ledger.missing_in_file(made);
            panic!(
                "not told, and not named as lost: {missing:?} of {made}; named: {:?}; told to nobody: {:?}; nobody watched: {:?}",
                self.named(),
                self.ledger.untold(made),
                self.ledger.ranges()
            );
        }
        self.counted(made);
        self.written();
        self.resident()
    }

    /// Every line is written or counted as lost.
    fn written(&self) {
        until("lines told to be lines written and lines lost", || {
            let health = self.daemon().health();
            let file = consumer(&health, "file");
            let number = |value: &Value| value.as_u64().expect("a number");
            (number(&file["taken"]) + number(&file["dropped"]) == number(&health["lines"])).then_some(())
        });
    }

    /// `GET /metrics` counts what was made, exactly, if no record was lost.
    fn counted(&self, made: u32) {
        let (must, may) = self.life;
        if self.named().records + self.named().missed > 0 {
            return;
        }
        until("attempts in GET /metrics", || {
            let (_, text) = self.daemon().get("/metrics");
            let own = text
                .lines()
                .filter(|line| line.starts_with("tcpx_attempts_total{") && line.contains(&self.load.name));
            // With what a daemon before had begun, and this one told on.
            let counted: u32 = own.filter_map(|line| line.rsplit(' ').next()?.parse::<u32>().ok()).sum();
            assert!(counted <= made - may, "{counted} counted, and {} made", made - may);
            (counted >= made - must.min(made)).then_some(())
        });
    }

    fn resident(&self) -> Resident {
        let helper = helper(&self.daemon().health());
        Resident { daemon: resident(self.daemon().pid()), helper: resident(helper) }
    }

    fn progress(&mut self) {
        if self.told.elapsed() < PROGRESS {
            return;
        }
        self.told = Instant::now();
        let (file, collector) = (self.ledger.file().attempts(), self.ledger.collector().attempts());
        let Resident { daemon, helper } = self.resident();
        println!(
            "soak: {:4} s: {} made ({:.0} a second), {file} written, {collector} sent; {daemon} kB, helper {helper} kB; {:?}",
            self.begun.elapsed().as_secs(),
            self.load.made(),
            self.rate(),
            self.named(),
        );
    }

    fn rate(&self) -> f64 {
        f64::from(self.load.made()) / self.begun.elapsed().as_secs_f64()
    }

    fn finish(mut self, warm: Resident) {
        let (rate, load) = (self.rate(), Rc::clone(&self.load));
        let end = self.settle();
        let _none_is_made = load.hold();
        let made = load.made();
        let sent = Deadline::after(Duration::from_mins(1)).until("all at the collector", || {
            let named = self.named();
            self.pass(Duration::from_millis(200));
            Ok((self.ledger.only_in_file(made).len() as u64 <= named.otlp).then_some(()))
        });
        assert!(
            sent.is_ok(),
            "did not come to the collector: {:?}; nobody watched: {:?}",
            self.ledger.only_in_file(made),
            self.ledger.ranges()
        );
        let named = self.named();
        let (status, took) = self.daemon.take().expect("it runs").end(Signal::TERM);
        assert!(matches!(status.code(), Some(0 | 3)), "{status}; it said: {}", self.place.log());
        self.ended(named);
        let named = self.before;
        println!("soak: {:?}", self.happened);
        println!(
            "soak: {rate:.0} connections a second; ended in {took:?}; memory was {warm:?}, is {end:?} (kB)"
        );
        invariant::check(&self.ledger, made, named);
        assert!(end.daemon <= warm.daemon + GROWTH_KB, "the daemon's memory has grown");
        assert!(end.helper <= warm.helper + GROWTH_KB, "the helper's memory has grown");
        println!("soak: passed");
    }
}

fn helper(health: &Value) -> u32 {
    health["helper"]["pid"].as_u64().and_then(|pid| pid.try_into().ok()).expect("a process")
}

fn resident(pid: u32) -> u64 {
    // A helper that has just ended has none.
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
