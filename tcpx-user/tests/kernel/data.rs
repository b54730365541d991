//! What runs while data flows on an open connection: with `--probes path` nothing, with `--probes lookup` the entry of the
//! receive path and the lookup in the established hash, for each segment. The kernel's own counts say so: runs of programs
//! (`kernel.bpf_stats_enabled`), and segments received (`InSegs`).

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
};

use anyhow::{Context as _, Result, ensure};
use tcpx_user::kernel::{Asked, KernelFacts, Probes};

use crate::{report::Outcome, stand};

/// There and back.
const ROUNDS: u64 = 2000;
/// What opening the connection and the rest of the machine may add.
const OTHERS: u64 = 200;
/// Early demux looks up once, `tcp_v4_rcv` runs once, and looks up only if early demux did not find the socket.
const RUNS_A_SEGMENT: u64 = 3;

/// The trial of one backend.
pub(crate) fn segments(backend: &str) -> Result<Outcome> {
    let facts = KernelFacts::of_this_kernel().context("reading the kernel's types")?;
    let mut told = Vec::new();
    for (probes, name, most) in [(Probes::Path, "path", 0), (Probes::Lookup, "lookup", RUNS_A_SEGMENT)] {
        let attached = match stand::attach_alone(&facts, backend, Asked { probes, ..Asked::EVERYTHING })? {
            Ok(attached) => attached,
            Err(why) => return Ok(Outcome::Skipped(why)),
        };
        let (runs, segments) = counted(transfer)?;
        drop(attached);
        ensure!(segments >= 2 * ROUNDS, "{ROUNDS} rounds made {segments} segments");
        ensure!(runs <= most * segments + OTHERS, "{name}: {runs} runs of programs for {segments} segments");
        told.push(format!("{name}: {runs} runs of programs for {segments} segments"));
    }
    Ok(Outcome::Measured(told.join("; ")))
}

/// Small writes there and back on one connection.
fn transfer() -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    let (mut server, _) = listener.accept()?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let mut byte = [0];
    for _ in 0..ROUNDS {
        client.write_all(b"?")?;
        server.read_exact(&mut byte)?;
        server.write_all(b"!")?;
        client.read_exact(&mut byte)?;
    }
    Ok(())
}

/// Runs of this process's programs and segments received meanwhile.
fn counted(body: impl FnOnce() -> Result<()>) -> Result<(u64, u64)> {
    const STATS: &str = "/proc/sys/kernel/bpf_stats_enabled";
    fs::write(STATS, "1").context("having the kernel count runs")?;
    let (runs, segments) = (own_runs()?, segments_received()?);
    let done = body();
    let counted = (own_runs()? - runs, segments_received()? - segments);
    fs::write(STATS, "0").context("having the kernel count no more")?;
    done.map(|()| counted)
}

/// Sum of `run_cnt` of the programs that this process holds.
fn own_runs() -> Result<u64> {
    let mut runs = 0;
    for entry in fs::read_dir("/proc/self/fdinfo")? {
        // The descriptor of this very folder is gone by now.
        let Ok(info) = fs::read_to_string(entry?.path()) else { continue };
        // Links to programs name them too; only programs have counts.
        let count = info.lines().find_map(|line| line.strip_prefix("run_cnt:")?.trim().parse::<u64>().ok());
        runs += count.unwrap_or(0);
    }
    Ok(runs)
}

/// `InSegs` of this namespace.
fn segments_received() -> Result<u64> {
    let snmp = fs::read_to_string("/proc/net/snmp")?;
    let mut tcp = snmp.lines().filter_map(|line| line.strip_prefix("Tcp: "));
    let (names, values) = tcp.next().zip(tcp.next()).context("no Tcp in /proc/net/snmp")?;
    let mut columns = names.split_whitespace().zip(values.split_whitespace());
    let (_, value) = columns.find(|(name, _)| *name == "InSegs").context("no InSegs")?;
    Ok(value.parse()?)
}
