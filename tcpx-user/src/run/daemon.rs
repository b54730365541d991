//! `tcpx daemon`: what is opened, attached and given away, in which order.

mod held;
mod opened;
mod reload;
mod renew;
mod tasks;

use std::{
    cell::RefCell,
    fs,
    io::Write as _,
    os::unix::fs::{MetadataExt as _, chown},
    path::{Path, PathBuf},
    rc::Rc,
};

use rustix::fs::{Access, access};
use tokio::{
    runtime::Runtime,
    signal::unix::{SignalKind, signal},
};

use self::{
    held::{Held, Writing},
    opened::{Opened, rules},
    reload::Reload,
    tasks::Tasks,
};
use super::{
    live::{self, Live},
    scope::Scope,
    select::Selection,
    session::{Ended, Session, runtime},
    sharing::Sharing,
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
    daemon::{
        config::{self, Config},
        consumer::{Consumer, Consumers, Hub},
        group::user,
        health::{Counting, Health, Recording},
        helper::{self, Remote},
        http::{Server, Site},
        memory::Memory,
        own::{Own, Watched},
        privileges::{self, Files},
        published::{Published, Reader},
        self_probe::SelfProbe,
        status,
        stream::Stream,
        takeover::{self, Ending, Giving, Running, Taking},
        telemetry::{Counted, Sources, Telemetry},
    },
    kernel::{self, symbols::Symbols},
    line::Line,
    metrics,
    record::Recorder,
};

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
        Action::Reload => renew::renew(request, &config.socket.path).map(|()| 0),
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

fn run(request: &Daemon, config: Config) -> Result<u8, Failure> {
    Surroundings::read().check()?;
    let running = Running::own().map_err(Failure::io("looking at /proc/self/exe"))?;
    let taking = request.takeover.then(|| Taking::prepare(&takeover::path(&config.socket.path)));
    let taking = taking.transpose()?.flatten();
    let opened = Opened::new(&config, taking.as_ref())?;
    let hooks = config.hooks.attach();
    let live = live::attach(&hooks, false, opened.recorder.clone())?;
    let health = Health::default();
    health.state().self_probe.enabled = opened.self_probe.is_some();
    health.state().start = Some(live.start(&hooks));
    let site = site(&config, &health);
    let cost = metrics::Own::open();
    let helper = helper::start(request.helper.as_deref(), &health)?;
    give_away(&config, request, &live, &opened, &health)?;
    // From here on it can be told to end.
    let runtime = runtime()?;
    let caught = runtime.block_on(async { Ok((Signals::but_hangup()?, signal(SignalKind::hangup())?)) });
    let (signals, hangups) = caught.map_err(Failure::io("taking over signals"))?;
    let sharing = Sharing::default();
    let Opened { sockets, file, recorder, self_probe, .. } = opened;
    let (sockets, taken) = match taking {
        Some(taking) => {
            sockets.taken_over(&config, taking, &sharing).map(|(all, taken)| (all, Some(taken)))?
        }
        None => (sockets, None),
    };
    let telemetry = Telemetry::start(&config, site.counted.clone(), sources(&live, &site, cost))?;
    let writing = Writing::start(&config, file, &health)?;
    let (handles, listens) = (sockets.handles()?, sockets.addr());
    // And asked how it is.
    let server = Server::start(site.clone(), sockets.listening)?;
    let Writing { readers, control, done } = writing;
    let consumers = consumers(&site, telemetry, readers);
    let (socket, grace) = (config.socket.path.clone(), config.takeover.grace.0);
    let reload = Reload::new(request.config.clone(), config, control, site.clone());
    let held = Held { consumers, reload: Rc::new(RefCell::new(Some(reload))), rest: Rc::default() };
    *held.rest.borrow_mut() = Some((site, server, done));
    let giving = Rc::new(Giving {
        listens,
        sockets: handles,
        ..Giving::new(running, sharing, recorder.clone(), grace, held.release())
    });
    let tasks = Tasks {
        hangups,
        helper: Rc::clone(&helper),
        reload: Rc::clone(&held.reload),
        self_probe,
        recorder,
        health,
        own: Own::new(own_netns()?),
        missed: Rc::clone(&live.missed),
        taken,
        door: sockets.door,
        giving: Rc::clone(&giving),
    };
    let hub = Hub::new(Rc::clone(&held.consumers));
    let ended = follow((&runtime, signals), live, &hooks, helper, hub, tasks);
    if !giving.finish() {
        // Where the directory belongs to somebody else the files stay, and the next daemon takes them over.
        let _ = fs::remove_file(takeover::path(&socket));
        let _ = fs::remove_file(socket);
    }
    held.end(Vec::new());
    Ok(ended?.exit(false))
}

/// What pages show, before there is anything to show.
fn site(config: &Config, health: &Health) -> Site {
    Site {
        health: health.clone(),
        memory: Memory::new(config.memory.clone()),
        stream: Stream::new(config.stream.clone()),
        counted: Counted::new(config.metrics.asked()),
        page: config.http.page,
    }
}

/// What is told of tcpx itself.
fn sources(live: &Live<kernel::Live>, site: &Site, cost: metrics::Own) -> Sources {
    Sources {
        missed: Rc::clone(&live.missed),
        untold: Rc::clone(&live.untold),
        maps: Rc::clone(&live.maps),
        health: site.health.clone(),
        memory: site.memory.clone(),
        cost,
    }
}

/// Who gets lines, until another daemon takes over.
fn consumers(site: &Site, telemetry: Telemetry, mut readers: Vec<Box<dyn Reader>>) -> Consumers {
    readers.extend([Box::new(site.memory.clone()) as Box<dyn Reader>, Box::new(site.stream.clone())]);
    let all: Vec<Box<dyn Consumer>> =
        vec![Box::new(Counting(site.health.clone())), Box::new(telemetry), Box::new(Published::new(readers))];
    Rc::new(RefCell::new(all))
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
    opened: &Opened,
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
    if let Some(user) = &user {
        opened.sockets.give(user.uid, &config.socket.path)?;
    }
    let configured = request.config.as_deref().unwrap_or(config::PATH.as_ref());
    let mut read = vec![directory(configured), "/proc/self/fdinfo".into(), "/sys/devices/system/cpu".into()];
    read.extend(RESOLVER.iter().filter(|_| queue.is_some()).map(PathBuf::from));
    let files = Files {
        read,
        write: written.iter().cloned().chain([directory(&config.socket.path)]).collect(),
        connect: opened.self_probe.as_ref().map(SelfProbe::port).into_iter().collect(),
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
    let engine = live.host_of(audit::Scope::All, helper).sharing(tasks.giving.sharing.clone());
    let source = live.source;
    runtime.block_on(async {
        let scope = Scope::Host;
        engine.begin_recording(&first, &scope);
        let (own, health) = (tasks.own.clone(), tasks.health.clone());
        let inherited = tasks.giving.inherited.clone();
        let session = Session {
            source,
            engine: Watched { engine, own, health, inherited },
            work: Ending(Rc::clone(&tasks.giving.over)),
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
