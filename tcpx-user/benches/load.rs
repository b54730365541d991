//! What `cargo xtask bench` lets a host do while it is traced and while it is not: refused connections, traffic on open
//! ones, and a flood of SYNs from outside; and what a replay begins with. Prints one number for each run: how long it took, in nanoseconds.
#![expect(clippy::print_stdout, reason = "the number is what `cargo xtask bench` reads")]

use std::{
    ffi::CString,
    fs::File,
    hint::black_box,
    io::{BufReader, Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    str::FromStr,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use clap::{Parser, Subcommand, ValueEnum};
use tcpx_user::{
    correlate::{Correlator, Limits},
    decode::{Decoder, NoSymbols},
    lab::{
        Address, Namespace, Tun, bpf,
        wire::{Flags, Segment},
    },
    record::{Block, Item, Items, Reader},
};

/// Nobody listens there (discard).
const CLOSED: u16 = 9;
const PAGE: u32 = 4096;
/// Room for all records of a storm: nobody reads them.
const ROOM: u32 = 256 << 20;
const CHUNK: usize = 128 * 1024;

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    load: Load,
    /// What cargo gives each benchmark
    #[arg(long, global = true, hide = true)]
    bench: bool,
}

#[derive(Subcommand)]
enum Load {
    /// Connects to a closed port of the loopback device, one connection after the other
    Storm {
        count: u32,
        /// So many a second instead of as fast as possible
        #[arg(long)]
        rate: Option<u32>,
        /// With programs that do nothing at these tracepoints
        #[arg(long)]
        empty: Vec<CString>,
        /// With programs that only read so many members of what an argument points to and write a record of so many bytes at
        /// these tracepoints, for nobody: NAME:BYTES:READS:ARGUMENT
        #[arg(long)]
        record: Vec<Writer>,
    },
    /// Sends so many MiB over one connection
    Bulk { mebibytes: u32 },
    /// Sends one byte to and fro over one connection
    Rounds { count: u32 },
    /// So many SYNs from addresses of another host, each refused by a closed port
    Flood { count: u32 },
    /// Reads a recording and makes nothing of it: what is left of a replay without verdicts
    Read {
        file: PathBuf,
        /// Goes on as far as this
        #[arg(long, default_value = "blocks")]
        until: Stage,
    },
}

/// How far a record is taken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Stage {
    /// Read and unpacked.
    Blocks,
    /// Made an event.
    Events,
    /// Joined with what belongs to it, until that is settled.
    Correlated,
}

fn main() -> Result<()> {
    let took = match Cli::parse().load {
        Load::Storm { count, rate, empty, record } => {
            let mut attached = Vec::new();
            for name in &empty {
                attached.push(bpf::attach_raw_tracepoint(&bpf::always(0), name)?);
            }
            let ring = bpf::ring(if record.is_empty() { PAGE } else { ROOM })?;
            for Writer { tracepoint, bytes, reads, argument } in &record {
                attached.push(bpf::attach_raw_tracepoint(
                    &bpf::writes(&ring, *bytes, *reads, *argument),
                    tracepoint,
                )?);
            }
            storm(count, rate)?
        }
        Load::Bulk { mebibytes } => bulk(mebibytes)?,
        Load::Rounds { count } => rounds(count)?,
        Load::Flood { count } => flood(count)?,
        Load::Read { file, until } => read(&file, until)?,
    };
    println!("{}", took.as_nanos());
    Ok(())
}

/// A program that only reads and writes.
#[derive(Clone)]
struct Writer {
    tracepoint: CString,
    bytes: u32,
    reads: usize,
    argument: i16,
}

impl FromStr for Writer {
    type Err = anyhow::Error;

    fn from_str(typed: &str) -> Result<Self> {
        let words: Vec<&str> = typed.split(':').collect();
        let &[name, bytes, reads, argument] = words.as_slice() else {
            bail!("not NAME:BYTES:READS:ARGUMENT: {typed}")
        };
        let (bytes, reads, argument) = (bytes.parse()?, reads.parse()?, argument.parse()?);
        Ok(Self { tracepoint: CString::new(name)?, bytes, reads, argument })
    }
}

fn storm(count: u32, rate: Option<u32>) -> Result<Duration> {
    let closed = SocketAddr::from((Ipv4Addr::LOCALHOST, CLOSED));
    let start = Instant::now();
    for nth in 0..count {
        if let Some(rate) = rate {
            let due = start + Duration::from_secs(1) * nth / rate;
            thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        match TcpStream::connect(closed) {
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {}
            Err(error) => return Err(error).context("connect()"),
            Ok(_) => bail!("somebody listens on port {CLOSED}"),
        }
    }
    Ok(start.elapsed())
}

fn read(file: &Path, until: Stage) -> Result<Duration> {
    let start = Instant::now();
    let mut reader = Reader::new(file.display().to_string(), BufReader::new(File::open(file)?))?;
    let names = &reader.facts().names;
    let mut decoder = Decoder::new(names.names(), Box::new(NoSymbols), names.tick_ns);
    let mut correlator = Correlator::new(reader.facts().abilities, Limits::DEFAULT);
    while let Block::Stream = reader.block()? {
        let mut items = Items::of(reader.items());
        while let Some(Ok(item)) = items.read() {
            let Item::Record(record) = black_box(item) else { continue };
            if until < Stage::Events {
                continue;
            }
            let Some(event) = black_box(decoder.decode(record)) else { continue };
            if until == Stage::Correlated {
                correlator.push(&event);
                while let Some(settled) = correlator.pop() {
                    drop(black_box(settled));
                }
            }
        }
    }
    Ok(start.elapsed())
}

fn pair() -> Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let (server, _) = listener.accept()?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    Ok((client, server))
}

fn bulk(mebibytes: u32) -> Result<Duration> {
    let (mut client, mut server) = pair()?;
    let total = u64::from(mebibytes) << 20;
    let start = Instant::now();
    let sender = thread::spawn(move || -> std::io::Result<()> {
        let chunk = vec![0; CHUNK];
        for _ in 0..total / CHUNK as u64 {
            client.write_all(&chunk)?;
        }
        Ok(())
    });
    let mut chunk = vec![0; CHUNK];
    let mut received = 0;
    while received < total {
        let more = server.read(&mut chunk)?;
        ensure!(more > 0, "the sender ended early");
        received += more as u64;
    }
    let took = start.elapsed();
    sender.join().ok().context("the sender panicked")??;
    Ok(took)
}

fn rounds(count: u32) -> Result<Duration> {
    let (mut client, mut server) = pair()?;
    let echo = thread::spawn(move || -> std::io::Result<()> {
        let mut byte = [0];
        while server.read(&mut byte)? > 0 {
            server.write_all(&byte)?;
        }
        Ok(())
    });
    let mut byte = [7];
    let start = Instant::now();
    for _ in 0..count {
        client.write_all(&byte)?;
        client.read_exact(&mut byte)?;
    }
    let took = start.elapsed();
    drop(client);
    echo.join().ok().context("the echo panicked")??;
    Ok(took)
}

/// Through a tun device in a namespace of its own: the segments really come in from outside.
fn flood(count: u32) -> Result<Duration> {
    let namespace = Namespace::create("flood")?;
    let own = Ipv4Addr::new(10, 99, 0, 1);
    let tun = Tun::create(&namespace, "tun0", [Address::new(own, 8)])?;
    let mut buffer = vec![0; 2048];
    let start = Instant::now();
    for nth in 0..count {
        let [_, b, c, d] = nth.to_be_bytes();
        let from = SocketAddr::new(IpAddr::from([10, 128 | b, c, d]), 40_000);
        tun.send(&Segment::new(from, (own, CLOSED).into(), Flags::SYN, nth, 0).encode())?;
        while tun.try_receive(&mut buffer)?.is_some() {}
    }
    Ok(start.elapsed())
}
