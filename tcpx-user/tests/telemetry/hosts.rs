//! Two hosts with a tcpx each, as far as one kernel gives them: network namespaces that a veth pair connects.

use std::{
    cell::RefCell,
    fs,
    io::{self, BufRead as _, BufReader, Write as _},
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    rc::Rc,
    sync::Arc,
};

use libtest_mimic::Failed;
use tcpx_user::{
    cli::{filter::Filter, request::Limit},
    decode::{Decoder, NoSymbols},
    lab::{Address, Namespace, nft, veth_pair},
    line::Line,
    progress::Progress,
    record::{
        self, Block, Item, Items,
        format::{Kind, block_head, file_head},
    },
    run::replay::{Play, play},
    sink::Sink,
};

use crate::{
    database,
    tools::{self, Running, wait},
};

const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
pub(crate) const SERVER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);
/// What conntrack of the client's host makes the server of.
pub(crate) const SERVICE: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 9);
const DEVICE: &str = "veth0";
/// As kubelet and containerd name the cgroup of a container.
pub(crate) const POD: &str = "6c2c2d4e-5a0b-4d3f-9c58-0a1b2c3d4e5f";
const CONTAINER: &str = "4f3c9b2d8e1a7065c4b39d2e8f1a706534c9b2d8e1a7065c4b39d2e8f1a70653";

/// What each host's tcpx told.
pub(crate) struct Told {
    pub(crate) client: Vec<Line>,
    pub(crate) server: Vec<Line>,
}

/// Has connections fail between two hosts, and returns what their tcpx tell.
pub(crate) fn told() -> Result<Told, Failed> {
    let folder = tempfile::tempdir()?;
    let (here, there) = (Namespace::create("client")?, Namespace::create("server")?);
    connect(&here, &there)?;
    let pod = Pod::create()?;
    let server = Actor::start(&there, "server.py", &[SERVER], Some(&pod))?;
    let mut client = Actor::start(&here, "client.py", &[SERVER, SERVICE], None)?;
    let on_client = Tcpx::start(folder.path(), "client", client.pid())?;
    let on_server = Tcpx::start(folder.path(), "server", server.pid())?;
    client.go()?;
    let recorded = (on_client.end(), on_server.end());
    drop((client, server));
    let cut = |file: &Path, namespace: &Namespace| lines(&only(file, namespace.inum())?);
    Ok(Told { client: cut(&recorded.0, &here)?, server: cut(&recorded.1, &there)? })
}

fn connect(here: &Arc<Namespace>, there: &Arc<Namespace>) -> Result<(), Failed> {
    veth_pair(DEVICE, here, there)?;
    here.add_address(DEVICE, Address::new(CLIENT, 24))?;
    there.add_address(DEVICE, Address::new(SERVER, 24))?;
    let rules = format!(
        "table ip nat {{\nchain output {{\ntype nat hook output priority -100;\n\
         ip daddr {SERVICE} tcp dport 80 dnat to {SERVER}:8080\n}}\n}}\n"
    );
    nft(here, &rules)?;
    let rules =
        "table ip filter {\nchain input {\ntype filter hook input priority 0;\ntcp dport 8081 drop\n}\n}\n";
    Ok(nft(there, rules)?)
}

/// A cgroup with the name of a pod's container.
struct Pod(Vec<PathBuf>);

impl Pod {
    fn create() -> Result<Self, Failed> {
        let mounts = fs::read_to_string("/proc/self/mounts")?;
        let mut mounts = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
        let unified = mounts.find(|fields| fields[2] == "cgroup2").ok_or("no cgroup2 is mounted")?;
        let slice = format!("kubepods-besteffort-pod{}.slice", POD.replace('-', "_"));
        let mut folders = vec![Path::new(unified[1]).join(format!("tcpx-test-{}", std::process::id()))];
        for name in [slice, format!("cri-containerd-{CONTAINER}.scope")] {
            folders.push(folders[folders.len() - 1].join(name));
        }
        folders.iter().try_for_each(fs::create_dir)?;
        Ok(Self(folders))
    }

    fn add(&self, pid: u32) -> io::Result<()> {
        fs::write(self.0[2].join("cgroup.procs"), pid.to_string())
    }
}

impl Drop for Pod {
    fn drop(&mut self) {
        self.0.iter().rev().for_each(|folder| drop(fs::remove_dir(folder)));
    }
}

/// A Python program in a namespace.
struct Actor {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Actor {
    fn start(
        namespace: &Namespace,
        script: &str,
        addresses: &[Ipv4Addr],
        pod: Option<&Pod>,
    ) -> Result<Self, Failed> {
        let script = tools::repository().join("tcpx-user/tests/telemetry").join(script);
        // The interpreter goes on only once it is where it belongs, as its sockets are from there.
        let wait =
            "import sys, runpy; sys.stdin.readline(); sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0])";
        let mut command = Command::new(database::python().ok_or("no Python")?);
        command.args(["-c", wait]).arg(script).args(addresses.iter().map(ToString::to_string));
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = namespace.run(move || command.spawn())??;
        let output = BufReader::new(child.stdout.take().ok_or("no output")?);
        let mut actor = Self { child, output };
        pod.map_or(Ok(()), |pod| pod.add(actor.pid()))?;
        actor.say()?;
        actor.until("ready")?;
        Ok(actor)
    }

    fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Does what it is there for.
    fn go(&mut self) -> Result<(), Failed> {
        self.say()?;
        self.until("done")
    }

    fn say(&mut self) -> Result<(), Failed> {
        Ok(self.child.stdin.as_mut().ok_or("no input")?.write_all(b"\n")?)
    }

    fn until(&mut self, word: &str) -> Result<(), Failed> {
        let mut line = String::new();
        while line.trim_end() != word {
            line.clear();
            if self.output.read_line(&mut line)? == 0 {
                return Err(format!("the program ended before it was {word}").into());
            }
        }
        Ok(())
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// `tcpx trace --in PID`, recording.
struct Tcpx {
    running: Running,
    recording: PathBuf,
}

impl Tcpx {
    fn start(folder: &Path, name: &str, pid: u32) -> Result<Self, Failed> {
        let file = |kind: &str| folder.join(format!("{name}.{kind}"));
        let (recording, ready) = (file("tcpx"), file("ready"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_tcpx"));
        command.args(["trace", "--probes", "path", "-o", "json", "--in", &pid.to_string()]);
        command.arg("--output").arg(file("jsonl")).arg("-w").arg(&recording);
        command.arg("--ready-file").arg(&ready);
        let running = Running::start(&mut command, &file("log"))?;
        wait("hooks", || ready.exists().then_some(()));
        Ok(Self { running, recording })
    }

    fn end(mut self) -> PathBuf {
        self.running.terminate();
        self.recording
    }
}

/// The same recording with what happened in this namespace only. A tcpx sees all of its kernel, and on this one also the
/// other end; the kernel of another host would not have told it.
fn only(recording: &Path, namespace: u64) -> Result<PathBuf, Failed> {
    let failed = |error: &dyn std::fmt::Display| Failed::from(error.to_string());
    let mut reader = record::open(recording).map_err(|error| failed(&error))?;
    let names = &reader.facts().names;
    let mut decoder = Decoder::new(names.names(), Box::new(NoSymbols), names.tick_ns);
    let mut own = |item: &Item<'_>| match item {
        Item::Record(bytes) => {
            decoder.decode(bytes).is_some_and(|event| u64::from(event.netns.inum) == namespace)
        }
        _ => true,
    };
    let mut out = file_head().to_vec();
    block(&mut out, Kind::Facts, &serde_json::to_vec(reader.facts())?)?;
    loop {
        match reader.block().map_err(|error| failed(&error))? {
            Block::Stream => {
                let (mut items, mut kept) = (Items::of(reader.items()), Vec::new());
                while let Some(item) = items.read() {
                    Some(item?).filter(&mut own).iter().for_each(|item| item.write(&mut kept));
                }
                block(&mut out, Kind::Stream, &kept)?;
            }
            Block::Summary(summed) => {
                block(&mut out, Kind::Summary, &serde_json::to_vec(&summed)?)?;
                break;
            }
            Block::Next => return Err("a recording that goes on".into()),
        }
    }
    let to = recording.with_extension("own.tcpx");
    fs::write(&to, out)?;
    Ok(to)
}

fn block(out: &mut Vec<u8>, kind: Kind, contents: &[u8]) -> io::Result<()> {
    let stored = zstd::bulk::compress(contents, 1)?;
    out.extend(block_head(kind, &stored, contents.len()));
    out.extend(stored);
    Ok(())
}

/// The lines of a recording.
fn lines(recording: &Path) -> Result<Vec<Line>, Failed> {
    let kept = Rc::<RefCell<Vec<Line>>>::default();
    let what = Play {
        filter: Filter::default(),
        everything: false,
        limit: Limit { count: None, duration: None },
        sink: Box::new(Kept(Rc::clone(&kept))),
        name: "lines".to_owned(),
        progress: Progress::silent(),
    };
    let (_, end) = play(&[recording.to_owned()], what).map_err(|error| error.to_string())?;
    if let Some(failure) = end.failure() {
        return Err(failure.to_string().into());
    }
    Ok(kept.take())
}

struct Kept(Rc<RefCell<Vec<Line>>>);

impl Sink for Kept {
    fn line(&mut self, line: &Line) -> io::Result<()> {
        self.0.borrow_mut().push(line.clone());
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn shown(&self) -> u64 {
        self.0.borrow().len() as u64
    }
}
