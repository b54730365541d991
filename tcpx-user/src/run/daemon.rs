//! `tcpx daemon`: what is opened, attached and given away, in which order.

mod reload;
mod tasks;

use std::{
    collections::BTreeSet,
    fs,
    io::Write as _,
    os::unix::fs::{MetadataExt as _, chown},
    path::{Path, PathBuf},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use rustix::fs::{Access, access};
use tokio::{
    runtime::Runtime,
    signal::unix::{SignalKind, signal},
};

use self::{reload::Reload, tasks::Tasks};
use super::{
    live::{self, Live},
    scope::Scope,
    select::Selection,
    session::{Ended, Session, runtime},
    stop::Signals,
};
use crate::{
    audit,
    cli::{
        failure::Failure,
        filter::Filter,
        request::{Action, Daemon, Hooks, Limit},
        surroundings::Surroundings,
    },
    command,
    daemon::{
        config::{self, Config},
        consumer::{Consumer, Hub},
        group::{gid, uid, user},
        health::{Counting, Health, Recording},
        helper::{self, Remote},
        http::{Listening, Rules, Server, Site},
        log::say,
        memory::Memory,
        notify,
        own::{Own, Watched},
        privileges::{self, Files},
        published::{Published, Reader},
        self_probe::SelfProbe,
        status,
        stream::Stream,
        telemetry::{Counted, Sources, Telemetry},
        writer::{Control, Destination, Done, Writer},
    },
    kernel::{self, symbols::Symbols},
    line::Line,
    metrics,
    record::{self, Recorder},
};

/// How long the last lines may take to a file: SIGTERM ends within a second.
const LEAVE: Duration = Duration::from_millis(300);

/// Carries out `tcpx daemon`.
///
/// # Errors
/// When it cannot be done.
pub fn daemon(request: &Daemon) -> Result<u8, Failure> {
    if request.action == Action::Print {
        return show(config::DEFAULT).map(|()| 0);
    }
    let config = Config::read(request.config.as_deref())?;
    match request.action {
        Action::Check => check(request, &config),
        Action::Status => {
            let health = status::ask(&config.socket.path)?;
            show(&status::words(&health))?;
            Ok(u8::from(health["healthy"] != true))
        }
        Action::Run | Action::Print => run(request, config),
    }
}

fn show(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Failure::writing("stdout"))
}

fn check(request: &Daemon, config: &Config) -> Result<u8, Failure> {
    rules(config)?;
    let path = request.config.as_deref().unwrap_or(config::PATH.as_ref());
    let shown = path.display();
    let there = request.config.is_some() || path.exists();
    show(&if there {
        format!("{shown}: right\n")
    } else {
        format!("{shown}: not there, so all defaults hold\n")
    })?;
    Ok(0)
}

/// Names of the configuration as numbers.
fn rules(config: &Config) -> Result<Rules, Failure> {
    let socket = &config.socket;
    let group = socket.group.as_ref().map(|name| gid("socket.group", name)).transpose()?;
    let users = socket.users.iter().map(|name| uid("socket.users", name));
    let users = users.collect::<Result<BTreeSet<_>, _>>()?;
    if let Some(name) = &config.privileges.user {
        uid("privileges.user", name)?;
    }
    let hosts = config.http.hosts.iter().map(|name| name.to_ascii_lowercase()).collect();
    let (connections, patience) = (socket.connections, socket.patience.0);
    Ok(Rules { group, users, connections, patience, hosts: Arc::new(hosts) })
}

/// Sockets and files, before anything is attached: what is wrong with them is told at once.
struct Opened {
    listening: Vec<Listening>,
    file: Destination,
    recorder: Option<Recorder>,
    self_probe: Option<SelfProbe>,
}

impl Opened {
    fn new(config: &Config) -> Result<Self, Failure> {
        let rules = rules(config)?;
        if notify::watchdog().is_some() && !config.self_probe.enabled {
            return Err(Failure::Machine {
                what: "systemd's watchdog is on and self_probe.enabled is false: nothing would feed it"
                    .to_owned(),
                advice: "enable self-probes, or remove WatchdogSec= from the unit".to_owned(),
            });
        }
        let mut listening = vec![Listening::unix(&config.socket.path, rules.clone())?];
        if let Some(addr) = &config.http.listen {
            listening.push(Listening::tcp(*addr.get_ref(), rules)?);
        }
        let file = config.output.file.as_deref();
        let file = file.map_or(Ok(Destination::File(None)), Destination::file)?;
        let self_probe = config.self_probe.enabled.then(SelfProbe::new).transpose();
        let self_probe = self_probe.map_err(Failure::io("taking a port of 127.0.0.1 for self-probes"))?;
        Ok(Self { listening, file, recorder: recorder(config)?, self_probe })
    }
}

fn recorder(config: &Config) -> Result<Option<Recorder>, Failure> {
    let Some(path) = config.recording.path.clone() else { return Ok(None) };
    let rotation = config.recording.rotation().after(&path);
    for gone in rotation.all_gone(&path) {
        fs::remove_file(&gone).map_err(Failure::io(format!("removing {}", gone.display())))?;
    }
    Recorder::create(record::Destination { path, rotation }).map(Some)
}

fn run(request: &Daemon, config: Config) -> Result<u8, Failure> {
    Surroundings::read().check()?;
    let Opened { listening, file, recorder, self_probe } = Opened::new(&config)?;
    let hooks = config.hooks.attach();
    let live = live::attach(&hooks, false, recorder.clone())?;
    let health = Health::default();
    health.state().self_probe.enabled = self_probe.is_some();
    health.state().start = Some(live.start(&hooks));
    let site = Site {
        health: health.clone(),
        memory: Memory::new(config.memory.clone()),
        stream: Stream::new(config.stream.clone()),
        counted: Counted::new(config.metrics.asked()),
        page: config.http.page,
    };
    let cost = metrics::Own::open();
    let helper = helper::start(request.helper.as_deref(), &health)?;
    give_away(&config, request, &live, self_probe.as_ref(), &health)?;
    let sources = Sources {
        missed: Rc::clone(&live.missed),
        untold: Rc::clone(&live.untold),
        maps: Rc::clone(&live.maps),
        health: health.clone(),
        memory: site.memory.clone(),
        cost,
    };
    let telemetry = Telemetry::start(&config, site.counted.clone(), sources)?;
    // From here on it can be asked how it is, and so be told to end.
    let runtime = runtime()?;
    let taken = runtime.block_on(async { Ok((Signals::but_hangup()?, signal(SignalKind::hangup())?)) });
    let (signals, hangups) = taken.map_err(Failure::io("taking over signals"))?;
    let server = Server::start(site.clone(), listening)?;
    let writing = Writing::start(&config, file, &health)?;
    let Writing { readers, control, done } = writing;
    let mut readers = readers;
    readers.extend([Box::new(site.memory.clone()) as Box<dyn Reader>, Box::new(site.stream.clone())]);
    let consumers: Vec<Box<dyn Consumer>> =
        vec![Box::new(Counting(health.clone())), Box::new(telemetry), Box::new(Published::new(readers))];
    let socket = config.socket.path.clone();
    let reload = Reload::new(request.config.clone(), config, control, site.clone());
    let tasks = Tasks {
        hangups,
        helper: Rc::clone(&helper),
        reload,
        self_probe,
        recorder,
        health,
        own: Own::new(own_netns()?),
        missed: Rc::clone(&live.missed),
    };
    let ended = follow((&runtime, signals), live, &hooks, helper, Hub::new(consumers), tasks);
    site.stream.end();
    server.stop();
    for (name, done) in done {
        if !done.within(LEAVE) {
            say(&format!("{name}: not all of the last lines could be written"));
        }
    }
    // Where the directory belongs to somebody else the file stays, and the next daemon takes it over.
    let _ = fs::remove_file(socket);
    Ok(ended?.exit(false))
}

/// What the C library reads to find the collector by its name.
const RESOLVER: [&str; 6] = [
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/host.conf",
    "/etc/gai.conf",
    "/etc/services",
];

/// Privileges go once all is attached and open, and before there is a second thread.
fn give_away(
    config: &Config,
    request: &Daemon,
    live: &Live<kernel::Live>,
    self_probe: Option<&SelfProbe>,
    health: &Health,
) -> Result<(), Failure> {
    // /proc/kallsyms hides its addresses from who has no CAP_SYSLOG.
    Symbols::get();
    let user = config.privileges.user.as_ref().map(|name| user("privileges.user", name)).transpose()?;
    let queue = config.otlp.endpoint.as_ref().map(|_| config.otlp.queue.clone());
    let written = [config.output.file.as_deref(), config.recording.path.as_deref()];
    let written: Vec<_> = written.into_iter().flatten().map(directory).chain(queue.clone()).collect();
    if let Some(queue) = &queue {
        let making = || format!("making {} (otlp.queue)", queue.display());
        fs::create_dir_all(queue).map_err(Failure::io(making()))?;
    }
    for path in [config.output.file.as_ref(), queue.as_ref()].into_iter().flatten() {
        let Some(user) = &user else { break };
        chown(path, Some(user.uid), None).map_err(Failure::io(format!("giving {} away", path.display())))?;
    }
    let configured = request.config.as_deref().unwrap_or(config::PATH.as_ref());
    let mut read = vec![directory(configured), "/proc/self/fdinfo".into(), "/sys/devices/system/cpu".into()];
    read.extend(RESOLVER.iter().filter(|_| queue.is_some()).map(PathBuf::from));
    let files = Files {
        read,
        write: written.iter().cloned().chain([directory(&config.socket.path)]).collect(),
        connect: self_probe.map(SelfProbe::port).into_iter().collect(),
        connect_anywhere: queue.is_some(),
    };
    let privileges = privileges::of_daemon(user.as_ref(), &files, &*live.readable)?;
    health.state().privileges = Some(privileges);
    written.iter().try_for_each(|directory| must_be_writable(directory))
}

/// Files are made anew as they rotate: that must still be possible.
fn must_be_writable(directory: &Path) -> Result<(), Failure> {
    access(directory, Access::WRITE_OK).map_err(|error| Failure::Machine {
        what: format!(
            "user {} cannot write to {} without privileges ({error})",
            rustix::process::geteuid().as_raw(),
            directory.display()
        ),
        advice: "chown it to that user; systemd does with LogsDirectory= and StateDirectory=".to_owned(),
    })
}

fn directory(path: &Path) -> PathBuf {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

/// From the ring to the hub until the end, and meanwhile the tasks.
fn follow(
    (runtime, signals): (&Runtime, Signals),
    live: Live<kernel::Live>,
    hooks: &Hooks,
    helper: Rc<Remote>,
    hub: Hub,
    tasks: Tasks,
) -> Result<Ended, Failure> {
    let first = live.start(hooks);
    let engine = live.host_of(audit::Scope::All, helper);
    let source = live.source;
    runtime.block_on(async {
        let scope = Scope::Host;
        engine.begin_recording(&first, &scope);
        let (own, health) = (tasks.own.clone(), tasks.health.clone());
        let session = Session {
            source,
            engine: Watched { engine, own, health },
            work: None::<command::Running>,
            selection: Selection::new(Filter::default(), scope),
            sink: Box::new(hub),
            limit: Limit::default(),
            name: "the daemon's consumers".to_owned(),
        };
        tokio::select! {
            ended = session.run(Line::Start(first.into()), signals) => ended,
            failure = tasks.run() => Err(failure),
        }
    })
}

/// Threads that write lines.
struct Writing {
    readers: Vec<Box<dyn Reader>>,
    control: Control,
    done: Vec<(&'static str, Done)>,
}

impl Writing {
    fn start(config: &Config, file: Destination, health: &Health) -> Result<Self, Failure> {
        let (writer, control, done) = Writer::start("file", file, health.meter("file"))?;
        let mut all =
            Self { readers: vec![Box::new(writer) as Box<dyn Reader>], control, done: vec![("file", done)] };
        if config.output.stdout {
            let (writer, _, done) = Writer::start("stdout", Destination::Stdout, health.meter("stdout"))?;
            all.readers.push(Box::new(writer));
            all.done.push(("stdout", done));
        }
        Ok(all)
    }
}

/// How a recording stands.
fn recording(recorder: &Recorder, trouble: Option<String>) -> Recording {
    let ((records, bytes), (files, file)) = (recorder.so_far(), recorder.files());
    Recording { file, files, records, bytes, trouble }
}

/// Number of the namespace in which self-probes are made.
fn own_netns() -> Result<u32, Failure> {
    let file = fs::metadata("/proc/self/ns/net").map_err(Failure::io("reading /proc/self/ns/net"))?;
    // Numbers of namespaces have 32 bits (struct ns_common).
    Ok(file.ino() as u32)
}
