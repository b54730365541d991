//! A thousand connections at once in the right words: `tcpx trace -- CMD` as a user types it, on a program that connects
//! to closed, bound and listening ports over both families, while another binds and closes ports all the time.

use std::{
    collections::BTreeMap,
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream},
    os::fd::OwnedFd,
    process::{Child, Command, ExitCode},
};

use anyhow::{Context, Result, ensure};
use clap::Parser as _;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, getsockname, listen, socket_with, sockopt};
use serde_json::Value;
use tcpx_user::{
    cli::{args::Args, request::Request},
    run,
};

use crate::report::Outcome;

/// Makes the connections; the first argument of the traced program.
pub(crate) const CALLER: &str = "__thousand";
/// Binds and closes ports until its stdin ends.
pub(crate) const CHURN: &str = "__churn";

const CONNECTIONS: usize = 1000;
/// Of each kind of target: two families.
const KINDS: [&str; 3] = ["closed-port", "bound-not-listening", "established"];
/// A port that nobody holds.
const CLOSED: u16 = 11;
/// Ports that the other program takes and leaves.
const CHURNED: std::ops::Range<u16> = 21_000..21_060;

/// The traced program, or its companion.
pub(crate) fn act(role: &str) -> ExitCode {
    let done = if role == CHURN { churn() } else { call() };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{role}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// One target of each kind for each family, called in turn. Listeners have room for all that nobody accepts, and what
/// stands stays open until the process ends.
fn call() -> Result<()> {
    let mut churn = Churn::start()?;
    let mut held = Vec::new();
    let mut targets = Vec::new();
    for address in [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)] {
        let (bound, open) = (Bound::new(address)?, Bound::new(address)?);
        listen(&open.0, 4096)?;
        // Below the range that the kernel takes ports of callers from, so that no caller meets itself there.
        targets.extend([SocketAddr::new(address, CLOSED), bound.addr()?, open.addr()?]);
        held.extend([bound, open]);
    }
    let mut open = Vec::new();
    for at in 0..CONNECTIONS {
        let stands = TcpStream::connect(targets[at % targets.len()]);
        ensure!(stands.is_ok() == (KINDS[at % KINDS.len()] == "established"), "connection {at}: {stands:?}");
        open.extend(stands);
    }
    churn.stop()
}

/// A socket that holds a port.
struct Bound(OwnedFd);

impl Bound {
    fn new(address: IpAddr) -> Result<Self> {
        let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let socket = socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
        if address.is_ipv6() {
            sockopt::set_ipv6_v6only(&socket, true)?;
        }
        bind(&socket, &SocketAddr::new(address, 0))?;
        Ok(Self(socket))
    }

    fn addr(&self) -> Result<SocketAddr> {
        Ok(SocketAddr::try_from(getsockname(&self.0)?)?)
    }
}

/// The companion process.
struct Churn(Child);

impl Churn {
    fn start() -> Result<Self> {
        let mut command = Command::new("/proc/self/exe");
        command.arg(CHURN).stdin(std::process::Stdio::piped());
        Ok(Self(command.spawn().context("starting the program that binds and closes")?))
    }

    fn stop(&mut self) -> Result<()> {
        drop(self.0.stdin.take());
        ensure!(self.0.wait()?.success(), "the program that binds and closes failed");
        Ok(())
    }
}

fn churn() -> Result<()> {
    let over = std::thread::spawn(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
    while !over.is_finished() {
        let bound = CHURNED.map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)));
        drop(bound.collect::<Vec<_>>());
    }
    Ok(())
}

/// The trial: what a user types, and each line of the result.
pub(crate) fn trace(backend: &str) -> Result<Outcome> {
    let file = std::env::temp_dir().join(format!("tcpx-thousand-{backend}.json"));
    let name = file.to_str().context("a path in UTF-8")?;
    let line = [
        "tcpx",
        "trace",
        "-o",
        "json",
        "--output",
        name,
        "--backend",
        backend,
        "--",
        "/proc/self/exe",
        CALLER,
    ];
    let Request::Trace(request) = Request::new(Args::try_parse_from(line)?, "")? else {
        unreachable!("a trace")
    };
    let status = run::trace(&request)?;
    let lines = fs::read_to_string(&file)?;
    fs::remove_file(&file)?;
    ensure!(status == 0, "exit status {status}");
    check(&lines.lines().map(serde_json::from_str).collect::<Result<Vec<_>, _>>()?)?;
    Ok(Outcome::Passed)
}

fn check(lines: &[Value]) -> Result<()> {
    let of =
        |kind: &'static str| lines.iter().filter(move |line| line["type"] == kind).map(|line| &line["data"]);
    let mut seen = BTreeMap::<&str, usize>::new();
    let callers: std::collections::BTreeSet<u64> =
        of("attempt").filter_map(|a| a["process"]["pid"].as_u64()).collect();
    for attempt in of("attempt") {
        let id = attempt["verdict"]["id"].as_str().context("a verdict")?;
        *seen.entry(id).or_default() += 1;
        ensure!(attempt["verdict"]["confidence"] == "observed" || id != "established", "{attempt}");
        ensure!(attempt["complete"] != false, "something was lost: {attempt}");
    }
    ensure!(callers.len() == 1, "one process made all calls, told were {callers:?}");
    for (at, kind) in KINDS.iter().enumerate() {
        let expected = (CONNECTIONS + KINDS.len() - 1 - at) / KINDS.len();
        ensure!(seen.get(kind) == Some(&expected), "{kind}: expected {expected}, told: {seen:?}");
    }
    let summary = of("summary").next().context("a summary")?;
    ensure!(summary["unexplained"] == 0 && summary["lost"]["kernel"] == 0, "{summary}");
    ensure!(summary["unaccounted"] == 0, "{summary}");
    Ok(())
}
