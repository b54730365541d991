//! A thousand connections at once in the right words: `tcpx trace -- CMD` as a user types it, on a program that connects
//! to closed, bound and listening ports over both families, while another binds and closes ports all the time.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    os::fd::OwnedFd,
    process::{Child, ChildStdin, Command, ExitCode, Stdio},
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
/// Binds and closes ports for each byte that it reads.
pub(crate) const CHURN: &str = "__churn";

const CONNECTIONS: usize = 1000;
/// Of each kind of target: two families.
const KINDS: [&str; 3] = ["closed-port", "bound-not-listening", "established"];
/// A port that nobody holds.
const CLOSED: u16 = 11;
/// First of the ports that the other program takes and leaves.
const CHURNED: u16 = 21_000;

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
        churn.step()?;
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
        Self::at(SocketAddr::new(address, 0))
    }

    fn at(at: SocketAddr) -> Result<Self> {
        let family = if at.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let socket = socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
        if at.is_ipv6() {
            sockopt::set_ipv6_v6only(&socket, true)?;
        }
        bind(&socket, &at)?;
        Ok(Self(socket))
    }

    fn addr(&self) -> Result<SocketAddr> {
        Ok(SocketAddr::try_from(getsockname(&self.0)?)?)
    }
}

/// The companion process. It works while a connection is made, and once for each, so that neither starves the other.
struct Churn {
    child: Child,
    go: ChildStdin,
}

impl Churn {
    fn start() -> Result<Self> {
        let mut command = Command::new("/proc/self/exe");
        let mut child =
            command.arg(CHURN).stdin(Stdio::piped()).spawn().context("starting the other program")?;
        let go = child.stdin.take().context("its stdin")?;
        Ok(Self { child, go })
    }

    fn step(&mut self) -> Result<()> {
        self.go.write_all(b".").context("telling the other program to go on")
    }

    fn stop(mut self) -> Result<()> {
        drop(self.go);
        ensure!(self.child.wait()?.success(), "the program that binds and closes failed");
        Ok(())
    }
}

fn churn() -> Result<()> {
    for (step, go) in std::io::stdin().bytes().enumerate() {
        go?;
        let offset = (step % 10) as u16 * 6;
        let addresses = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
        let ports = (0..3).map(|port| CHURNED + offset + port);
        let both = ports.flat_map(|port| addresses.map(|address| SocketAddr::new(address, port)));
        drop(both.map(Bound::at).collect::<Result<Vec<_>>>()?);
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
        ensure!(id != "unknown", "an unexplained attempt: {attempt}");
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
