//! Sockets and files, before anything is attached: what is wrong with them is told at once.

use std::{
    collections::BTreeSet,
    fs,
    net::SocketAddr,
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::net::UnixListener,
    },
    path::Path,
    sync::Arc,
};

use crate::{
    cli::failure::Failure,
    daemon::{
        config::Config,
        group::{gid, uid},
        http::{Listening, Rules},
        notify,
        self_probe::SelfProbe,
        takeover::{self, Taken, Taking},
        writer::Destination,
    },
    pipeline::Share,
    record::{self, Recorder},
    run::sharing::Sharing,
};

/// Names of the configuration as numbers.
pub(super) fn rules(config: &Config) -> Result<Rules, Failure> {
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

/// What was opened.
pub(super) struct Opened {
    pub(super) sockets: Sockets,
    pub(super) file: Destination,
    pub(super) recorder: Option<Recorder>,
    pub(super) self_probe: Option<SelfProbe>,
}

/// Where it is asked; without those that are taken over.
pub(super) struct Sockets {
    pub(super) listening: Vec<Listening>,
    /// Where another daemon asks to take over.
    pub(super) door: Option<UnixListener>,
    rules: Rules,
}

impl Opened {
    pub(super) fn new(config: &Config, taking: Option<&Taking>) -> Result<Self, Failure> {
        let rules = rules(config)?;
        if notify::watchdog().is_some() && !config.self_probe.enabled {
            return Err(Failure::Machine {
                what: "systemd's watchdog is on and self_probe.enabled is false: nothing would feed it"
                    .to_owned(),
                advice: "enable self-probes, or remove WatchdogSec= from the unit".to_owned(),
            });
        }
        let sockets = Sockets::new(config, rules, taking)?;
        let file = config.output.file.as_deref();
        let file = file.map_or(Ok(Destination::File(None)), Destination::file)?;
        let self_probe = config.self_probe.enabled.then(SelfProbe::new).transpose();
        let self_probe = self_probe.map_err(Failure::io("taking a port of 127.0.0.1 for self-probes"))?;
        Ok(Self { sockets, file, recorder: recorder(config)?, self_probe })
    }
}

impl Sockets {
    fn new(config: &Config, rules: Rules, taking: Option<&Taking>) -> Result<Self, Failure> {
        let (mut listening, mut door) = (Vec::new(), None);
        if taking.is_none() {
            listening.push(Listening::unix(&config.socket.path, rules.clone())?);
            door = Some(takeover::door(&config.socket.path)?);
        }
        if let Some(addr) =
            config.http.addr().filter(|addr| taking.is_none_or(|taking| taking.listens != Some(*addr)))
        {
            listening.push(Listening::tcp(addr, rules.clone())?);
        }
        Ok(Self { listening, door, rules })
    }

    /// The door is for the daemon's own user.
    pub(super) fn give(&self, uid: u32, socket: &Path) -> Result<(), Failure> {
        let Some(_) = &self.door else { return Ok(()) };
        let giving = Failure::io("giving the socket for takeovers away");
        std::os::unix::fs::chown(takeover::path(socket), Some(uid), None).map_err(giving)
    }

    /// With those that another daemon hands over: from here on this one tells what happens.
    pub(super) fn taken_over(
        mut self,
        config: &Config,
        taking: Taking,
        sharing: &Sharing,
    ) -> Result<(Self, Taken), Failure> {
        let mut taken = taking.take()?;
        sharing.set(Share { from: taken.at, ..Share::default() });
        sharing.number_from(taken.ids);
        let wanted = config.http.addr();
        let mut sockets = std::mem::take(&mut taken.sockets).into_iter();
        self.door = sockets.next().map(Into::into);
        for socket in sockets {
            let given = Listening::given(socket, &config.socket.path, self.rules.clone())?;
            // Where the configuration names another address, the old one ends here.
            if given.addr().is_none() || given.addr() == wanted {
                self.listening.push(given);
            }
        }
        Ok((self, taken))
    }

    /// The TCP address.
    pub(super) fn addr(&self) -> Option<SocketAddr> {
        self.listening.iter().find_map(Listening::addr)
    }

    /// All of them once more, the door first, for a daemon that takes over.
    pub(super) fn handles(&self) -> Result<Vec<OwnedFd>, Failure> {
        let door = self.door.iter().map(|door| door.as_fd().try_clone_to_owned());
        let all = door.chain(self.listening.iter().map(Listening::handle));
        all.collect::<Result<_, _>>().map_err(Failure::io("keeping sockets for a daemon that takes over"))
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
