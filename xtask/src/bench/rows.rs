//! The rows of the table: what is measured, how, and what it should be.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{
    Bench,
    ratio::Ratios,
    replay, summary,
    table::Measured,
    tracer::{self, Tracefs, Tracer},
};
use crate::{command, paths};

/// One row.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    pub(super) measure: fn(&Bench) -> Result<Vec<Measured>>,
}

/// All of them, in the order of the table.
pub(super) const ROWS: &[Row] = &[
    Row {
        name: "floor",
        what: "programs that do nothing, or only write a record, on the tracepoints of a refused connection",
        measure: floor,
    },
    Row {
        name: "beside",
        what: "nothing attached, and a program that only computes on the other CPU",
        measure: beside,
    },
    Row { name: "unread", what: "tcpx's programs write, and nobody reads", measure: unread },
    Row { name: "bpftrace", what: "bpftrace printing a line for each RST", measure: bpftrace },
    Row { name: "storm-record", what: "refused connections while tcpx records", measure: storm_record },
    Row {
        name: "storm-resets",
        what: "refused connections while tcpx records RSTs only",
        measure: storm_resets,
    },
    Row { name: "storm-json", what: "refused connections while tcpx writes JSON", measure: storm_json },
    Row { name: "open", what: "traffic on an open connection", measure: open },
    Row {
        name: "segment",
        what: "a segment of an open connection with `--probes lookup`, in a guest",
        measure: segment,
    },
    Row { name: "flood", what: "a million SYNs from outside to a closed port", measure: flood },
    Row { name: "replay", what: "a recorded storm, replayed", measure: replay::measure },
    Row { name: "start", what: "from the start of tcpx to the last hook", measure: start },
    Row { name: "rest", what: "memory while nothing happens", measure: rest },
    Row { name: "trickle", what: "CPU time at 1,000 RSTs a second", measure: trickle },
];

/// Connections of a storm: more than a second at full speed.
pub(super) const STORM: &str = "200000";
/// Of each of them with `path`: to SYN_SENT, the RST sent, the RST received.
pub(super) const RECORDS_EACH: f64 = 3.0;
const FLOOD: u64 = 1_000_000;
/// Tracepoints that a refused connection on the loopback device passes.
const TRACEPOINTS: [&str; 4] = ["tcp_send_reset", "tcp_receive_reset", "inet_sock_set_state", "kfree_skb"];
/// Those that write records, how long these are (tcpx-common/src/event.rs: `Reply`, `SockReset`, `State`), and no reading. The last
/// writes one each time that it is passed, here: twice.
const RECORDS: [&str; 3] =
    ["tcp_send_reset:144:0:1", "tcp_receive_reset:296:0:0", "inet_sock_set_state:184:0:0"];
/// The same with as many calls of `bpf_probe_read_kernel` as tcpx's programs make there for a SYN to a port that nobody holds: for
/// the arguments, the headers (twice), the device's name and the empty hash chain; for the socket's head and its inode; for the
/// head of the caller's socket. What they load through pointers of known type takes no call. The first reads at the
/// segment, as there is no socket.
const READS: [&str; 3] =
    ["tcp_send_reset:144:6:1", "tcp_receive_reset:296:2:0", "inet_sock_set_state:184:1:0"];
const MIB: f64 = 1024.0 * 1024.0;

/// The rates of storms while `tracer` is attached, which starts before each and ends after it. What it wrote is
/// looked at by `check`.
fn storms(
    bench: &Bench,
    tracer: impl Fn() -> Result<Tracer>,
    mut check: impl FnMut() -> Result<()>,
) -> Result<Ratios> {
    let storm = || bench.load(&["storm", STORM]);
    Ratios::of(bench.rounds, storm, || {
        let tracer = tracer()?;
        let took = storm()?;
        tracer.stop()?;
        check()?;
        Ok(took)
    })
}

fn rate(ratios: &Ratios, least: f64) -> Measured {
    Measured::target("rate", ratios, format!("at least {least}"), ratios.median() >= least)
}

fn none_lost(lost: u64) -> Measured {
    Measured::target("events lost, all rounds", lost, "0", lost == 0)
}

/// What whoever reads the ring has to keep up with: compare the row `replay`.
fn events(ratios: &Ratios) -> Result<Measured> {
    let rate = ratios.at_most_a_second(STORM.parse::<f64>()? * RECORDS_EACH);
    Ok(Measured::reference("events a second that the storm makes", format!("{rate:.0}")))
}

fn floor(bench: &Bench) -> Result<Vec<Measured>> {
    let rate = |option: &str, places: &[&str]| {
        let programs = places.iter().flat_map(|&place| [option, place]);
        let words: Vec<&str> = ["storm", STORM].into_iter().chain(programs).collect();
        Ratios::of(bench.rounds, || bench.load(&["storm", STORM]), || bench.load(&words))
    };
    Ok(vec![
        Measured::reference("rate with those of `path`", rate("--empty", &TRACEPOINTS)?),
        Measured::reference("rate with those of `resets`", rate("--empty", &TRACEPOINTS[..2])?),
        Measured::reference("the same, each writing its record, `path`", rate("--record", &RECORDS)?),
        Measured::reference("the same, each writing its record, `resets`", rate("--record", &RECORDS[..2])?),
        Measured::reference(
            "the same, each also reading what its facts take, `path`",
            rate("--record", &READS)?,
        ),
        Measured::reference(
            "the same, each also reading what its facts take, `resets`",
            rate("--record", &READS[..2])?,
        ),
    ])
}

/// What the machine takes from one CPU when the other is busy.
fn beside(bench: &Bench) -> Result<Vec<Measured>> {
    let storm = || bench.load(&["storm", STORM]);
    let ratios = Ratios::of(bench.rounds, storm, || {
        let _computes = Tracer::at_once(Command::new("sh").args(["-c", "while :; do :; done"]))?;
        storm()
    })?;
    Ok(vec![Measured::reference("rate", ratios)])
}

/// Room for all records of a storm.
pub(super) const ROOM: &str = "256M";

/// The programs alone: tcpx stands still, so that the other CPU neither works nor touches what is written.
fn unread(bench: &Bench) -> Result<Vec<Measured>> {
    let file = bench.file("unread.tcpx");
    let rate = |probes: &str| {
        let storm = || bench.load(&["storm", STORM]);
        Ratios::of(bench.rounds, storm, || {
            let tracer = recording(bench, &file, probes, &["--buffer-size", ROOM])?;
            tracer.pause()?;
            let took = storm()?;
            tracer.go_on()?;
            tracer.stop()?;
            Ok(took)
        })
    };
    Ok(vec![
        Measured::reference("rate with `path`", rate("path")?),
        Measured::reference("rate with `resets`", rate("resets")?),
    ])
}

fn bpftrace(bench: &Bench) -> Result<Vec<Measured>> {
    let _tracefs = Tracefs::mounted()?;
    let script = r#"tracepoint:tcp:tcp_send_reset { printf("%llu %d %s\n", nsecs, pid, comm) }"#;
    let output = bench.file("bpftrace");
    let attach = || tracer::bpftrace(script, &output);
    Ok(vec![Measured::reference("rate", storms(bench, attach, || Ok(()))?)])
}

/// tcpx, recording to a file of which nothing is left from before.
pub(super) fn recording(bench: &Bench, file: &Path, probes: &str, options: &[&str]) -> Result<Tracer> {
    drop(std::fs::remove_file(file));
    let to = file.display().to_string();
    bench.tcpx(["record", "-w", &to, "--probes", probes].iter().chain(options))
}

fn recorded(bench: &Bench, file: &Path, probes: &str) -> Result<(Ratios, u64)> {
    let attach = || recording(bench, file, probes, &[]);
    let mut lost = 0;
    let ratios = storms(bench, attach, || {
        lost += lost_of(&summary(&replayed(bench, file)?)?);
        Ok(())
    })?;
    Ok((ratios, lost))
}

/// What `tcpx replay` prints.
fn replayed(bench: &Bench, file: &Path) -> Result<String> {
    let mut replay = Command::new(&bench.tcpx);
    let output = replay.args(["replay", "-o", "json", "--verdict", "unknown"]).arg(file).output()?;
    ensure!(
        tracer::is_done(output.status),
        "`{}` failed: {}",
        command::line(&replay),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

/// Events that were lost anywhere, and connections that the kernel counted and tcpx did not.
fn lost_of(summary: &Value) -> u64 {
    number(&summary["lost"]["kernel"]) + number(&summary["lost"]["user"]) + number(&summary["unaccounted"])
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

fn storm_record(bench: &Bench) -> Result<Vec<Measured>> {
    let (ratios, lost) = recorded(bench, &bench.file("storm.tcpx"), "path")?;
    Ok(vec![rate(&ratios, 0.87), none_lost(lost), events(&ratios)?])
}

fn storm_resets(bench: &Bench) -> Result<Vec<Measured>> {
    let (ratios, lost) = recorded(bench, &bench.file("resets.tcpx"), "resets")?;
    Ok(vec![rate(&ratios, 0.93), none_lost(lost)])
}

fn storm_json(bench: &Bench) -> Result<Vec<Measured>> {
    let file = bench.file("storm.jsonl");
    let output = file.display().to_string();
    let attach = || bench.tcpx(["trace", "-o", "json", "--output", &output]);
    let mut lost = 0;
    let ratios = storms(bench, attach, || {
        lost += lost_of(&summary(&last_line(&file)?)?);
        Ok(())
    })?;
    Ok(vec![rate(&ratios, 0.80), none_lost(lost), events(&ratios)?])
}

/// The last line of a file of JSON lines.
fn last_line(file: &Path) -> Result<String> {
    command::text(Command::new("tail").args(["-n", "1"]).arg(file))
}

fn open(bench: &Bench) -> Result<Vec<Measured>> {
    let _counting = Counting::begin()?;
    let (bulk, runs) = undisturbed(bench, &BULK)?;
    let (rounds, more) = undisturbed(bench, &ROUNDS)?;
    let rate = |what: &str, ratios: &Ratios| {
        Measured::target(what, ratios, "at least 0.99", ratios.median() >= 0.99)
    };
    let itself = |load: &[&str]| Ratios::of(TURNS * bench.rounds, || bench.load(load), || bench.load(load));
    // Opening and closing the connection, and what else happens on the host.
    let most = runs.max(more);
    Ok(vec![
        rate("rate of bulk data", &bulk),
        Measured::reference("the same, untraced both times", itself(&BULK)?),
        rate("rate of request and response", &rounds),
        Measured::reference("the same, untraced both times", itself(&ROUNDS)?),
        Measured::target(
            "runs of programs for 4 GiB, or 100,000 segments",
            most,
            "less than 100",
            most < 100,
        ),
    ])
}

const BULK: [&str; 2] = ["bulk", "4096"];
const ROUNDS: [&str; 2] = ["rounds", "50000"];
/// A difference of one in a hundred shows in more rounds than one of ten.
const TURNS: usize = 3;

/// The rates of a load that tcpx should not touch, and how often its programs ran meanwhile, at most. Both ends are on one CPU:
/// across two, where the kernel wakes the reader weighs more.
fn undisturbed(bench: &Bench, load: &[&str]) -> Result<(Ratios, u64)> {
    let mut most = 0;
    let file = bench.file("open.tcpx");
    let ratios = Ratios::of(
        TURNS * bench.rounds,
        || bench.load(load),
        || {
            let tracer = recording(bench, &file, "path", &[])?;
            let before = tracer.process().runs()?;
            let took = bench.load(load)?;
            most = most.max(tracer.process().runs()? - before);
            tracer.stop()?;
            Ok(took)
        },
    )?;
    Ok((ratios, most))
}

/// The kernel counts runs of programs while this lives.
struct Counting;

const STATS: &str = "/proc/sys/kernel/bpf_stats_enabled";

impl Counting {
    fn begin() -> Result<Self> {
        paths::write(Path::new(STATS), "1")?;
        Ok(Self)
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        drop(std::fs::write(STATS, "0"));
    }
}

/// What looks at each segment, as the object has it, and how often it ran, as the kernel of a guest has counted.
fn segment(_: &Bench) -> Result<Vec<Measured>> {
    use crate::ebpf::{MOST_FOR_A_SEGMENT as MOST, instructions_of_a_segment};
    let long = instructions_of_a_segment()?.into_iter().map(|(how, instructions)| {
        let what = format!("instructions for one that is neither SYN nor RST ({how})");
        Measured::target(&what, instructions, format!("at most {MOST}"), instructions <= MOST)
    });
    let mut guest = Command::new(std::env::current_exe()?);
    let told = command::text(guest.args(["vm", "run", "--kernel", GUEST, "--", "data-segments"]))?;
    let often = told.lines().filter_map(runs_a_segment).map(|(backend, runs)| {
        Measured::reference(
            &format!("runs of programs for one, {backend}, Linux {GUEST}"),
            format!("{runs:.2}"),
        )
    });
    let often: Vec<_> = often.collect();
    ensure!(!often.is_empty(), "the guest told of no segments:\n{told}");
    Ok(long.chain(often).collect())
}

const GUEST: &str = "6.12";

/// `ok BACKEND/data-segments (TIME): ...; lookup: RUNS runs of programs for SEGMENTS segments`
fn runs_a_segment(line: &str) -> Option<(&str, f64)> {
    let (backend, told) = line.trim_start().strip_prefix("ok")?.trim_start().split_once("/data-segments")?;
    let words: Vec<_> = told.split_once("lookup: ")?.1.split(' ').collect();
    let number = |at: usize| words.get(at)?.parse::<f64>().ok();
    Some((backend, number(0)? / number(5)?))
}

fn flood(bench: &Bench) -> Result<Vec<Measured>> {
    let file = bench.file("flood.jsonl");
    let output = file.display().to_string();
    let tracer = bench.tcpx(["trace", "-o", "json", "--output", &output])?;
    let took = bench.load(&["flood", &FLOOD.to_string()])?;
    let peak = tracer.process().size("VmHWM")? as f64 / MIB;
    // Connections of this host, which are told one by one as soon as nothing is lost any more.
    bench.load(&["storm", AFTERWARDS, "--rate", PER_SECOND])?;
    tracer.stop()?;
    let summary = summary(&last_line(&file)?)?;
    let (told, whole) = aftermath(&file)?;
    let all = FLOOD + AFTERWARDS.parse::<u64>()?;
    let closed = number(&summary["resets"]["closed-port"]);
    // Those that were not told one by one, as the kernel's reasons have it: one for a closed port.
    let counted = closed + number(&summary["untold"]["send-reset NO_SOCKET"]);
    Ok(vec![
        Measured::reference("RSTs a second", (FLOOD as f64 / took.as_secs_f64()) as u64),
        Measured::target("counted by cause", counted, all, counted == all),
        Measured::reference("of these told one by one", closed),
        Measured::target(
            "lines that told of losses meanwhile",
            told,
            "one a second, if any",
            closed == all || told >= took.as_secs(),
        ),
        Measured::target("full detail again after", format!("{whole:.1} s"), "2 s", whole <= 2.0),
        Measured::target("resident at most", format!("{peak:.1} MiB"), "64 MiB", peak <= 64.0),
    ])
}

/// Connections after the flood, and how many in a second.
const AFTERWARDS: &str = "30";
const PER_SECOND: &str = "10";

/// Of the lines of a flood: how many tell of losses, and how long after its end the first connection is told whole.
fn aftermath(file: &Path) -> Result<(u64, f64)> {
    let (mut told, mut broken, mut whole) = (0, 0_u32, false);
    for line in BufReader::new(File::open(file)?).lines() {
        let line = line?;
        if line.starts_with(r#"{"type":"loss""#) {
            told += 1;
        } else if line.starts_with(r#"{"type":"attempt""#) && !whole {
            let attempt: Value = serde_json::from_str(&line)?;
            whole = attempt["data"]["complete"] == true && attempt["data"]["verdict"]["id"] == "closed-port";
            broken += u32::from(!whole);
        }
    }
    ensure!(whole, "no connection after the flood was told whole");
    Ok((told, f64::from(broken) / PER_SECOND.parse::<f64>()?))
}

fn start(bench: &Bench) -> Result<Vec<Measured>> {
    let mut times = Vec::new();
    for _ in 0..bench.rounds {
        let tracer = bench.tcpx(["trace"])?;
        times.push(tracer.started);
        tracer.stop()?;
    }
    times.sort();
    let median = times[times.len() / 2];
    let met = median <= Duration::from_millis(250);
    Ok(vec![Measured::target("median", format!("{:.3} s", median.as_secs_f64()), "0.25 s", met)])
}

fn rest(bench: &Bench) -> Result<Vec<Measured>> {
    let tracer = bench.tcpx(["trace"])?;
    // One connection, so that what is made at the first event is there.
    bench.load(&["storm", "1"])?;
    let resident = tracer.process().size("VmRSS")? as f64 / MIB;
    let maps = tracer.process().maps()? as f64 / MIB;
    tracer.stop()?;
    ensure!(maps > 0.0, "the kernel tells nothing of maps");
    Ok(vec![
        Measured::target("resident", format!("{resident:.1} MiB"), "32 MiB", resident <= 32.0),
        Measured::target("maps in the kernel", format!("{maps:.1} MiB"), "8 MiB", maps <= 8.0),
    ])
}

fn trickle(bench: &Bench) -> Result<Vec<Measured>> {
    let json = bench.file("trickle.jsonl").display().to_string();
    let records = bench.file("trickle.tcpx").display().to_string();
    let json = ["trace", "-o", "json", "--output", &json];
    let part = busy(bench, &json, "1000")?;
    let recorded = busy(bench, &["record", "-w", &records], "1000")?;
    let again = replay::took(bench, Path::new(&records), &[])?.as_secs_f64() / f64::from(TRICKLE_S) * 100.0;
    Ok(vec![
        Measured::target("of a core", format!("{part:.1} %"), "1 %", part <= 1.0),
        Measured::reference("the same, only recorded", format!("{recorded:.1} %")),
        Measured::reference("the same, from the recording, at full speed", format!("{again:.1} %")),
        Measured::reference("the same, one RST a second", format!("{:.1} %", busy(bench, &json, "1")?)),
    ])
}

/// Seconds.
const TRICKLE_S: u32 = 20;

/// Percent of a core that tcpx takes while so many connections a second are refused.
fn busy(bench: &Bench, command: &[&str], rate: &str) -> Result<f64> {
    let count = rate.parse::<u32>()? * TRICKLE_S;
    let tracer = bench.tcpx(command.iter().copied())?;
    let before = tracer.process().cpu()?;
    let took = bench.load(&["storm", &count.to_string(), "--rate", rate])?;
    let spent = tracer.process().cpu()?.checked_sub(before).context("CPU time ran backwards")?;
    tracer.stop()?;
    Ok(spent.as_secs_f64() / took.as_secs_f64() * 100.0)
}
