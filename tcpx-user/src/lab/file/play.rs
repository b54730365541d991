//! Plays a scenario's file on a stage.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc, time::Duration};

use super::{Action, Call, File, Role, program::Program};
use crate::lab::{
    Actor, Address, Deadline, Fd, LabError, Namespace, Reply, Stage, Table, keeper::Keeper, nft,
    tables::has_server, veth_pair,
};

/// `10.7.0.1/24`
pub(super) fn address(text: &str) -> Option<Address> {
    let (ip, prefix) = text.split_once('/')?;
    let (ip, prefix): (IpAddr, u8) = (ip.parse().ok()?, prefix.parse().ok()?);
    (prefix <= if ip.is_ipv4() { 32 } else { 128 }).then(|| Address::new(ip, prefix))
}

/// Hosts, programs and their sockets, by name.
struct Cast<'a> {
    file: &'a File,
    hosts: BTreeMap<String, Arc<Namespace>>,
    actors: BTreeMap<String, Actor>,
    sockets: BTreeMap<(String, String), Fd>,
}

impl File {
    /// Plays it.
    ///
    /// # Errors
    /// When a call returns something else than the file says, or this machine cannot.
    pub(in crate::lab) fn play(&self, stage: &mut Stage) -> Result<(), LabError> {
        let mut cast =
            Cast { file: self, hosts: BTreeMap::new(), actors: BTreeMap::new(), sockets: BTreeMap::new() };
        cast.build(stage)?;
        for action in &self.setup {
            cast.act(stage, action.get_ref())?;
        }
        stage.ready()?;
        let played = self.step.iter().try_for_each(|action| cast.act(stage, action.get_ref()));
        // A program that has ended may be why the others waited in vain.
        let patience = if played.is_ok() { Keeper::patience() } else { Deadline::after(Duration::ZERO) };
        self.replaced.iter().try_for_each(|program| finish(stage, program, patience))?;
        played
    }
}

impl Cast<'_> {
    fn build(&mut self, stage: &mut Stage) -> Result<(), LabError> {
        if self.file.hosts.is_empty() {
            self.hosts.insert("lab".to_owned(), stage.namespace("lab")?);
        }
        for name in self.file.hosts.keys() {
            self.hosts.insert(name.clone(), stage.namespace(name)?);
        }
        if let [one, other] = self.hosts.values().collect::<Vec<_>>()[..] {
            veth_pair("cable", one, other)?;
        }
        for (name, host) in &self.file.hosts {
            if let (Some(address), Some(namespace)) = (address(host.address.get_ref()), self.hosts.get(name))
            {
                namespace.add_address("cable", address)?;
            }
        }
        for who in self.file.actions().filter_map(|action| action.get_ref().who.as_ref()) {
            if !self.actors.contains_key(who) && !self.file.is_replaced(who) {
                let actor = stage.actor(&*self.host_of(who)?, who)?;
                self.actors.insert(who.clone(), actor);
            }
        }
        Ok(())
    }

    fn host_of(&self, who: &str) -> Result<Arc<Namespace>, LabError> {
        self.host(self.file.programs.get(who).map(|host| host.get_ref().as_str()))
    }

    /// Starts a program where the first step of the one in whose place it runs would be.
    fn start(&self, stage: &mut Stage, program: &Program) -> Result<(), LabError> {
        let Program { who, role, command, at } = program;
        if stage.program_of(who).is_some() {
            return Ok(());
        }
        let name = program.title();
        stage.step(format!("{name} starts in the place of {who}"));
        let host = self.host_of(who)?;
        stage.program(&host, who, (&name, command, *at))?;
        if *role == Role::Client {
            return Ok(());
        }
        let enough = if self.file.listens(who) { Table::Listener } else { Table::Bound };
        let what = match enough {
            Table::Bound => format!("{name} to bind port {} or to listen on it", at.port()),
            _ => format!("{name} to listen on port {}", at.port()),
        };
        Keeper::patience().until(&what, || {
            if has_server(&host, at.port(), enough)? {
                return Ok(Some(()));
            }
            let ended = stage
                .program_of(who)
                .map(|keeper| keeper.ended(Deadline::after(Duration::ZERO)))
                .transpose()?;
            match ended.flatten() {
                Some(got) => Err(LabError::Unexpected {
                    what: name.clone(),
                    expected: format!("a socket on port {}", at.port()),
                    got: format!("its end ({got})"),
                }),
                None => Ok(None),
            }
        })
    }

    fn host(&self, name: Option<&str>) -> Result<Arc<Namespace>, LabError> {
        let found = self.hosts.get(name.unwrap_or("lab")).cloned();
        found.ok_or_else(|| LabError::Gone { who: format!("the host {}", name.unwrap_or("lab")) })
    }

    fn act(&mut self, stage: &mut Stage, action: &Action) -> Result<(), LabError> {
        let text = |field: &Option<String>| field.clone().unwrap_or_default();
        match action.call {
            Call::Say => stage.step(text(&action.text)),
            Call::Sysctl => {
                let (key, value) = (text(&action.key), action.value());
                stage.step(format!("sysctl {key} = {value}"));
                self.host(action.host.as_deref())?.sysctl(&key.replace('.', "/"), &value)?;
            }
            Call::Nft => {
                stage.step(format!("nft: {}", text(&action.rules)));
                nft(&*self.host(action.host.as_deref())?, &text(&action.rules))?;
            }
            Call::Await => {
                let host = self.host(action.host.as_deref())?;
                let (wanted, at) = (text(&action.state), action.to);
                stage.await_socket(&host, &format!("a socket in {wanted}"), |row| {
                    Some(row.local) == at && row.state == wanted
                })?;
            }
            _ => match action.who.as_deref().and_then(|who| self.file.program(who)) {
                Some(program) => self.start(stage, program)?,
                None => self.call(action)?,
            },
        }
        Ok(())
    }

    fn call(&mut self, action: &Action) -> Result<(), LabError> {
        let who = action.who.clone().unwrap_or_default();
        let gone = || LabError::Gone { who: format!("the program {who}") };
        let actor = self.actors.get(&who).cloned().ok_or_else(gone)?;
        let name = action.socket.clone().unwrap_or_else(|| "socket".to_owned());
        let blocks = action.wait.unwrap_or(true);
        let fd = self.socket(&actor, (&who, &name), action, blocks)?;
        let to = action.to.unwrap_or_else(|| ([0, 0, 0, 0], 0).into());
        let data = action.data.as_deref().unwrap_or_default();
        match action.call {
            Call::Bind => returned(&actor.try_bind(fd, to)?, action, "0"),
            Call::Connect => {
                returned(&actor.connect(fd, to)?, action, if blocks { "0" } else { "EINPROGRESS" })
            }
            Call::Finish => returned(&actor.finish_connect(fd)?, action, "0"),
            Call::Send => returned(&actor.send(fd, data)?, action, "0"),
            Call::Receive => returned(&actor.receive(fd)?, action, "0"),
            Call::Listen => actor.listen(fd, action.backlog.unwrap_or(16)),
            Call::Accept => {
                let accepted = actor.accept(fd)?;
                self.sockets.insert((who, "accepted".to_owned()), accepted);
                Ok(())
            }
            Call::Shutdown => actor.shutdown_write(fd),
            Call::Close => {
                self.sockets.remove(&(who, name));
                actor.close(fd)
            }
            Call::Linger => actor.set_linger(fd, action.value().parse().unwrap_or(0)),
            Call::Retransmission => actor.await_retransmits(fd, action.times.unwrap_or(1)),
            Call::Sysctl | Call::Nft | Call::Say | Call::Await => Ok(()),
        }
    }

    /// The socket of that name; bind() and connect() make one where there is none.
    fn socket(
        &mut self,
        actor: &Actor,
        (who, name): (&str, &str),
        action: &Action,
        blocks: bool,
    ) -> Result<Fd, LabError> {
        let key = (who.to_owned(), name.to_owned());
        if let Some(fd) = self.sockets.get(&key) {
            return Ok(*fd);
        }
        let (Call::Bind | Call::Connect, Some(to)) = (action.call, action.to) else {
            let what = format!("{who}: {} on the socket \"{name}\"", action.call.name());
            let expected =
                "a socket that bind, connect or accept has made (accept's is called \"accepted\")".to_owned();
            return Err(LabError::Unexpected { what, expected, got: "none of that name".to_owned() });
        };
        // One that is bound first and then connects without waiting is told so where it is bound.
        let later = self.connects_later(who, name);
        let fd = if blocks && !later { actor.socket(to)? } else { actor.socket_nonblocking(to)? };
        self.sockets.insert(key, fd);
        Ok(fd)
    }

    fn connects_later(&self, who: &str, name: &str) -> bool {
        self.file.actions().map(toml::Spanned::get_ref).any(|action| {
            let socket = action.socket.as_deref().unwrap_or("socket");
            action.call == Call::Connect
                && action.wait == Some(false)
                && action.who.as_deref() == Some(who)
                && socket == name
        })
    }
}

/// Waits for the end of a client, which may hang as long as its connection does; a server serves to the end of the lab.
fn finish(stage: &mut Stage, program: &Program, patience: Deadline) -> Result<(), LabError> {
    let Some(keeper) = stage.program_of(&program.who).filter(|_| program.role == Role::Client) else {
        return Ok(());
    };
    let ended = keeper.ended(patience)?;
    if ended.is_none() {
        keeper.end();
    }
    let how = ended.map_or_else(|| "still runs, and is ended".to_owned(), |how| format!("has ended: {how}"));
    stage.step(format!("{} {how}", program.title()));
    Ok(())
}

/// `0` is success, whatever number the call returns then.
fn returned(reply: &Reply, action: &Action, usual: &str) -> Result<(), LabError> {
    match action.returns.as_deref().unwrap_or(usual) {
        "0" => reply.ok().map(drop),
        errno => reply.failed_with(errno),
    }
}
