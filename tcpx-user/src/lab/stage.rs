//! The stage on which a scenario plays: its namespaces, actors and peer, what they did, and what must be reported.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    os::fd::OwnedFd,
    path::PathBuf,
    sync::Arc,
};

use super::{
    Actor, AttemptFact, CallFact, Cgroup, Deadline, DeathFact, DropFact, Endpoint, Facts, Family, Holder,
    LabError, Namespace, Peer, Program, Relay, ResetFact, RuleFact, Script, SocketRow, What, keeper::Keeper,
    tables::Watch,
};

/// What a tracer does at [`Stage::ready`]; it sees the namespaces that the scenario will act in.
type Hook = Box<dyn FnOnce(&[Arc<Namespace>]) -> Result<(), LabError> + Send>;

/// Everything that lives as long as one run of a scenario. Dropping it kills the actors, which ends the namespaces;
/// whatever that resets is no longer part of the scenario, so a tracer finishes before.
pub struct Stage {
    family: Family,
    verdict: &'static str,
    exe: PathBuf,
    script: Script,
    watch: Watch,
    hook: Option<Hook>,
    ready: bool,
    baseline: Vec<(&'static str, u64)>,
    facts: Facts,
    // Order of dropping: programs and actors first.
    programs: Vec<(String, Keeper)>,
    actors: Vec<Actor>,
    // A cgroup can only go when nobody is in it.
    cgroups: Vec<Arc<Cgroup>>,
    kept: Vec<OwnedFd>,
    // Without its device, routes and addresses vanish under connections that a tracer is still to tell of.
    peers: Vec<Peer>,
    relays: Vec<Relay>,
    namespaces: Vec<Arc<Namespace>>,
    machine: Vec<MachineSysctl>,
}

/// A sysctl of the whole machine, which gets its old value back.
struct MachineSysctl {
    path: String,
    before: String,
}

impl Drop for MachineSysctl {
    fn drop(&mut self) {
        // A test guest, where this is played, is thrown away in any case.
        let _ = fs::write(&self.path, &self.before);
    }
}

/// The counters that scenarios speak of.
const COUNTERS: &[&str] = &[
    "OutRsts",
    "AttemptFails",
    "EstabResets",
    "ListenOverflows",
    "ListenDrops",
    "TCPReqQFullDrop",
    "TCPReqQFullDoCookies",
    "TCPDeferAcceptDrop",
    "SyncookiesSent",
    "SyncookiesRecv",
    "TCPAbortOnClose",
    "TCPAbortOnData",
    "InCsumErrors",
    "IPReversePathFilter",
    "TCPMinTTLDrop",
    "TCPMD5NotFound",
    "TCPMD5Unexpected",
    "TCPMD5Failure",
    "TCPAbortOnLinger",
    "TCPAbortOnMemory",
    "TCPAbortOnTimeout",
    "EmbryonicRsts",
    "TCPSYNChallenge",
    "TCPChallengeACK",
    "PAWSActive",
    "SyncookiesFailed",
];

impl Stage {
    /// An empty stage for a scenario of this family and verdict; actors are this executable again.
    #[must_use]
    pub fn new(family: Family, verdict: &'static str) -> Self {
        Self {
            family,
            verdict,
            exe: PathBuf::from("/proc/self/exe"),
            script: Script::default(),
            watch: Watch::default(),
            hook: None,
            ready: false,
            baseline: Vec::new(),
            facts: Facts::default(),
            programs: Vec::new(),
            actors: Vec::new(),
            cgroups: Vec::new(),
            kept: Vec::new(),
            peers: Vec::new(),
            relays: Vec::new(),
            namespaces: Vec::new(),
            machine: Vec::new(),
        }
    }

    /// Takes another executable for the actors: one that calls [`actor::main`](super::actor::main).
    #[must_use]
    pub fn with_exe(mut self, exe: impl Into<PathBuf>) -> Self {
        self.exe = exe.into();
        self
    }

    /// What to do between set-up and action.
    #[must_use]
    pub fn on_ready(
        mut self,
        hook: impl FnOnce(&[Arc<Namespace>]) -> Result<(), LabError> + Send + 'static,
    ) -> Self {
        self.hook = Some(Box::new(hook));
        self
    }

    /// The script also tells what was in the socket tables before and after each system call.
    #[must_use]
    pub fn watching_tables(self) -> Self {
        self.watch.want();
        self
    }

    /// A new namespace. Root may open ping sockets in it.
    pub fn namespace(&mut self, name: &str) -> Result<Arc<Namespace>, LabError> {
        let namespace = Namespace::create(name)?;
        namespace.sysctl("net/ipv4/ping_group_range", "0 0")?;
        self.namespaces.push(Arc::clone(&namespace));
        self.watch.namespace(&namespace);
        Ok(namespace)
    }

    /// A new process in a namespace.
    pub fn actor(&mut self, namespace: &Namespace, comm: &str) -> Result<Actor, LabError> {
        let actor =
            Actor::spawn(self.exe.clone(), comm, namespace, (self.script.clone(), self.watch.clone()))?;
        self.actors.push(actor.clone());
        Ok(actor)
    }

    /// A program of the reader's in a namespace, by the name of the one in whose place it runs. It ends with the stage.
    pub(super) fn program(
        &mut self,
        namespace: &Namespace,
        who: &str,
        what: (&str, &str, SocketAddr),
    ) -> Result<(), LabError> {
        let keeper = Keeper::start(self.exe.clone(), namespace, what)?;
        self.programs.push((who.to_owned(), keeper));
        Ok(())
    }

    /// That program, once it was started.
    pub(super) fn program_of(&mut self, who: &str) -> Option<&mut Keeper> {
        self.programs.iter_mut().find(|(name, _)| name == who).map(|(_, keeper)| keeper)
    }

    /// A namespace with a server and a client in it.
    pub fn pair(&mut self) -> Result<(Actor, Actor), LabError> {
        let namespace = self.namespace("lab")?;
        Ok((self.actor(&namespace, "server")?, self.actor(&namespace, "client")?))
    }

    /// A tun device in the namespace, and the peer behind it.
    pub fn peer(&mut self, namespace: &Arc<Namespace>) -> Result<Peer, LabError> {
        let peer = Peer::behind(namespace, self.family, self.script.clone())?;
        self.peers.push(peer.clone());
        Ok(peer)
    }

    /// Keeps a descriptor open as long as the scenario lasts, such as the link of a BPF program.
    pub fn keep(&mut self, descriptor: OwnedFd) {
        self.kept.push(descriptor);
    }

    /// A cgroup with these actors in it; they have made no socket yet.
    pub fn cgroup(&mut self, actors: &[&Actor]) -> Result<Arc<Cgroup>, LabError> {
        let cgroup = Arc::new(Cgroup::create()?);
        self.cgroups.push(Arc::clone(&cgroup));
        actors.iter().try_for_each(|actor| cgroup.add(actor))?;
        Ok(cgroup)
    }

    /// Two namespaces that are joined by the scenario itself, packet by packet.
    pub fn relay(&mut self, one: &Arc<Namespace>, other: &Arc<Namespace>) -> Result<Relay, LabError> {
        let relay = Relay::between(one, other, self.family, self.script.clone())?;
        self.relays.push(relay.clone());
        Ok(relay)
    }

    /// Writes a sysctl of the whole machine, for as long as the stage lives; only for what is `machine_wide`.
    pub fn machine_sysctl(&mut self, key: &str, value: &str) -> Result<(), LabError> {
        let path = format!("/proc/sys/{key}");
        let before = fs::read_to_string(&path).map_err(|error| LabError::Unavailable {
            what: path.clone(),
            why: error.to_string(),
            advice: "load the module that has it",
        })?;
        fs::write(&path, value).map_err(LabError::io(format!("write {path}")))?;
        self.step(format!("{key} is {value} (it was {})", before.trim()));
        self.machine.push(MachineSysctl { path, before });
        Ok(())
    }

    /// The loopback address of the scenario's family.
    #[must_use]
    pub fn loopback(&self, port: u16) -> SocketAddr {
        match self.family {
            Family::Ipv4 => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port),
            Family::Ipv6 => SocketAddr::new(Ipv6Addr::LOCALHOST.into(), port),
        }
    }

    /// The wildcard address of the scenario's family.
    #[must_use]
    pub fn any(&self, port: u16) -> SocketAddr {
        match self.family {
            Family::Ipv4 => SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port),
            Family::Ipv6 => SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port),
        }
    }

    /// The scenario's family.
    #[must_use]
    pub fn family(&self) -> Family {
        self.family
    }

    /// Says what comes next.
    pub fn step(&self, text: impl Into<String>) {
        self.script.note(What::Step(text.into()));
    }

    /// The set-up is made, the action begins: tracing starts and baselines are taken here.
    pub fn ready(&mut self) -> Result<(), LabError> {
        self.ready = true;
        if let Some(hook) = self.hook.take() {
            hook(&self.namespaces)?;
        }
        self.script.note(What::Ready);
        self.baseline = self.counters()?;
        Ok(())
    }

    /// Whether the scenario has called [`ready`](Self::ready).
    #[must_use]
    pub fn was_ready(&self) -> bool {
        self.ready
    }

    /// What was done so far.
    #[must_use]
    pub fn script(&self) -> &Script {
        &self.script
    }

    /// What must be reported.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The scenario's namespaces.
    #[must_use]
    pub fn namespaces(&self) -> &[Arc<Namespace>] {
        &self.namespaces
    }

    /// By how much a counter of all namespaces together rose since [`ready`](Self::ready).
    pub fn rise(&self, counter: &str) -> Result<Option<u64>, LabError> {
        let value =
            |list: &[(&str, u64)]| list.iter().find(|(name, _)| *name == counter).map(|(_, value)| *value);
        let now = self.counters()?;
        Ok(value(&now).map(|now| now - value(&self.baseline).unwrap_or(0)))
    }

    /// Which counters of all namespaces together have risen since [`ready`](Self::ready), and by how much.
    pub fn rises(&self) -> Result<Vec<(&'static str, u64)>, LabError> {
        let before =
            |name| self.baseline.iter().find(|(known, _)| *known == name).map_or(0, |(_, value)| *value);
        let rise = |(name, value): (_, u64)| (name, value.saturating_sub(before(name)));
        Ok(self.counters()?.into_iter().map(rise).filter(|(_, rise)| *rise > 0).collect())
    }

    fn counters(&self) -> Result<Vec<(&'static str, u64)>, LabError> {
        let mut sums = Vec::new();
        for &name in COUNTERS {
            let mut sum = 0;
            for namespace in &self.namespaces {
                sum += namespace.counter(name)?.unwrap_or(0);
            }
            sums.push((name, sum));
        }
        Ok(sums)
    }

    /// Waits until a namespace's socket table has such an entry, and tells it.
    pub fn await_socket(
        &self,
        namespace: &Namespace,
        what: &str,
        wanted: impl Fn(&SocketRow) -> bool,
    ) -> Result<SocketRow, LabError> {
        let row = Deadline::default().until(what, || Ok(namespace.sockets()?.into_iter().find(&wanted)))?;
        self.step(format!("the socket table has: {row}"));
        Ok(row)
    }

    /// Waits until a namespace's counter has come so far.
    pub fn await_counter(
        &self,
        namespace: &Namespace,
        counter: &'static str,
        at_least: u64,
    ) -> Result<(), LabError> {
        Deadline::default()
            .until(counter, || Ok((namespace.counter(counter)? >= Some(at_least)).then_some(())))?;
        self.step(format!("the kernel has counted {counter}"));
        Ok(())
    }

    /// Waits until a namespace's socket table has no such entry any more.
    pub fn await_no_socket(
        &self,
        namespace: &Namespace,
        what: &str,
        gone: impl Fn(&SocketRow) -> bool,
    ) -> Result<(), LabError> {
        Deadline::default().until(what, || Ok((!namespace.sockets()?.iter().any(&gone)).then_some(())))
    }

    /// Records an attempt that must be reported, with the scenario's verdict, and returns it for amendments.
    pub fn attempt(
        &mut self,
        client: &Actor,
        local: impl Into<Endpoint>,
        remote: SocketAddr,
    ) -> &mut AttemptFact {
        let mut made = AttemptFact::new(client, local.into(), remote);
        made.verdict = self.verdict;
        push(&mut self.facts.attempts, made)
    }

    /// Amends the attempt recorded last.
    pub fn amend_attempt(&mut self, amend: impl FnOnce(&mut AttemptFact)) {
        if let Some(last) = self.facts.attempts.last_mut() {
            amend(last);
        }
    }

    /// Amends the reset recorded last.
    pub fn amend_reset(&mut self, amend: impl FnOnce(&mut ResetFact)) {
        if let Some(last) = self.facts.resets.last_mut() {
            amend(last);
        }
    }

    /// Records an attempt that was refused by a RST of this host: the attempt and the reset.
    pub fn refused(&mut self, client: &Actor, local: IpAddr, remote: SocketAddr, holder: Option<Holder>) {
        let fact = self.attempt(client, local, remote).ended("refused", "ECONNREFUSED");
        fact.holder = holder;
        let netns = client.netns();
        let reset = self.reset("reply", remote, local);
        reset.sender = Some(super::Side { netns, socket: "none", owner: None });
        reset.receiver = Some(super::Side { netns, socket: "full", owner: Some(client.process()) });
        self.facts.out_rsts += 1;
    }

    /// Records a reset that must be reported, with the scenario's verdict, and returns it for amendments.
    pub fn reset(
        &mut self,
        origin: &'static str,
        from: impl Into<Endpoint>,
        to: impl Into<Endpoint>,
    ) -> &mut ResetFact {
        let (from, to) = (from.into(), to.into());
        let made = ResetFact {
            origin,
            from,
            to,
            sender: None,
            receiver: None,
            upstream: None,
            meant_for: None,
            successor: None,
            of_cookie: false,
            ttls: None,
            verdict: self.verdict,
        };
        push(&mut self.facts.resets, made)
    }

    /// The reset recorded last, for amendments.
    pub fn last_reset(&mut self) -> Option<&mut ResetFact> {
        self.facts.resets.last_mut()
    }

    /// Records a silent drop that must be reported, with the scenario's verdict.
    pub fn dropped(
        &mut self,
        netns: u64,
        from: impl Into<Endpoint>,
        to: SocketAddr,
        count: u32,
    ) -> &mut DropFact {
        let made = DropFact { netns, from: from.into(), to, count, verdict: self.verdict };
        push(&mut self.facts.drops, made)
    }

    /// Records that a connection of `client` died without a RST, with the scenario's verdict.
    pub fn died(
        &mut self,
        client: &Actor,
        local: impl Into<Endpoint>,
        remote: SocketAddr,
        errno: &'static str,
    ) -> &mut DeathFact {
        let made = DeathFact {
            netns: client.netns(),
            process: Some(client.process()),
            local: local.into(),
            remote,
            state: "ESTABLISHED",
            outcome: "timed-out",
            errno,
            bytes_sent: 0,
            verdict: self.verdict,
        };
        push(&mut self.facts.deaths, made)
    }

    /// Records a bind() or listen() that failed and must be reported, with the scenario's verdict, and returns it for
    /// amendments.
    pub fn failed_call(
        &mut self,
        actor: &Actor,
        call: &'static str,
        requested: SocketAddr,
        errno: &'static str,
    ) -> &mut CallFact {
        let (process, netns, verdict) = (actor.process(), actor.netns(), self.verdict);
        let made = CallFact { process, netns, call, errno, requested, verdict, sure: true, holder: None };
        push(&mut self.facts.calls, made)
    }

    /// Amends what was recorded last: the client's port is known after all.
    pub fn know_client_port(&mut self, client: SocketAddr) {
        if let Some(attempt) = self.facts.attempts.last_mut() {
            attempt.local = client.into();
        }
        if let Some(reset) = self.facts.resets.last_mut() {
            reset.to = client.into();
        }
    }

    /// Records that this host's TCP sends that many RSTs.
    pub fn sends_resets(&mut self, count: u64) {
        self.facts.out_rsts += count;
    }

    /// Records that a BPF program refused what was refused.
    pub fn by_program(&mut self, program: Program) {
        self.facts.program = Some(program);
    }

    /// Records that a firewall rule did it.
    pub fn by_rule(&mut self, rule: RuleFact) {
        self.facts.rule = Some(rule);
    }

    /// Records that a counter does not rise: what it counts is not what happened.
    pub fn does_not_count(&mut self, counter: &'static str) {
        self.facts.unmoved.push(counter);
    }

    /// Records that a counter rises by at least that much.
    pub fn counts(&mut self, counter: &'static str, at_least: u64) {
        self.facts.counters.push((counter, at_least));
    }
}

fn push<T>(list: &mut Vec<T>, item: T) -> &mut T {
    let end = list.len();
    list.push(item);
    &mut list[end]
}
