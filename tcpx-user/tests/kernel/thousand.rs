//! A thousand connections at once in the right words: `tcpx trace -- CMD` as a user types it, on a program that connects
//! to closed, bound and listening ports over both families, while another binds and closes ports all the time.

use std::{
    collections::BTreeMap,
    fs,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, ExitCode},
};

use anyhow::{Context, Result, ensure};
use clap::Parser as _;
use serde_json::Value;
use socket2::{Domain, Socket, Type};
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

/// One target of each kind for each family, called in turn. All listeners have room for what is never accepted, and
/// all connections stay open until their listener is closed by the end of the process.
fn call() -> Result<()> {
    let mut churn = Churn::start()?;
    let mut held = Vec::new();
    let mut targets = Vec::new();
    for address in [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()] {
        let (closed, bound, open) = (socket(address)?, socket(address)?, socket(address)?);
        open.listen(4096)?;
        targets.extend([&closed, &bound, &open].map(|socket| socket.local_addr().map(|addr| addr.as_socket())));
        held.extend([bound, open]);
    }
    let targets: Vec<SocketAddr> = targets.into_iter().filter_map(|addr| addr.ok().flatten()).collect();
    ensure!(targets.len() == 2 * KINDS.len(), "six targets");
    let mut open = Vec::new();
    for at in 0..CONNECTIONS {
        let stands = TcpStream::connect(targets[at % targets.len()]);
        ensure!(stands.is_ok() == (KINDS[at % KINDS.len()] == "established"), "connection {at}: {stands:?}");
        open.extend(stands);
    }
    churn.stop()
}

fn socket(address: std::net::IpAddr) -> Result<Socket> {
    let at = SocketAddr::new(address, 0);
    let socket = Socket::new(Domain::for_address(at), Type::STREAM, None)?;
    if at.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&at.into())?;
    Ok(socket)
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
    let line = ["tcpx", "trace", "-o", "json", "--output", name, "--backend", backend, "--", "/proc/self/exe", CALLER];
    let Request::Trace(request) = Request::new(Args::try_parse_from(line)?, "")? else { unreachable!("a trace") };
    let status = run::trace(&request)?;
    let lines = fs::read_to_string(&file)?;
    fs::remove_file(&file)?;
    ensure!(status == 0, "exit status {status}");
    check(&lines.lines().map(serde_json::from_str).collect::<Result<Vec<_>, _>>()?)?;
    Ok(Outcome::Passed)
}

fn check(lines: &[Value]) -> Result<()> {
    let of = |kind: &'static str| lines.iter().filter(move |line| line["type"] == kind).map(|line| &line["data"]);
    let mut seen = BTreeMap::<&str, usize>::new();
    let callers: std::collections::BTreeSet<u64> = of("attempt").filter_map(|a| a["process"]["pid"].as_u64()).collect();
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
