//! A small language for what happens in the kernel.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use tcpx_common::abi::{state::*, tcp_flag::*};

use crate::{
    abilities::Abilities,
    event::*,
    line,
    ruleset::{self, Base, Chain, Expression, Rule, Ruleset},
    who::{CgroupHook, Connection, Elsewhere, Link, PortHolders, Tellings, Who},
};

pub(crate) use super::told::*;

pub(crate) const MS: u64 = 1_000_000;
pub(crate) const S: u64 = 1_000 * MS;

/// `tracepoint` on 6.1: answers without a full socket show as drops only, no reasons for resets.
pub(crate) const TRACEPOINT_6_1: Abilities = Abilities {
    replies_without_socket: false,
    replies_from_time_wait: false,
    icmp: false,
    icmp_send: false,
    quiet_resets: false,
    ignored_resets: false,
    rejects: false,
    conn_request: false,
    received: false,
    syn_refused: false,
    mini_sockets: false,
    drop_sockets: false,
    lookups: false,
    reset_reasons: false,
    martian_reasons: false,
    min_ttl_reason: false,
    ..Abilities::ALL
};

/// `tracepoint` on 5.10: drops have no reasons either.
pub(crate) const TRACEPOINT_5_10: Abilities = Abilities { drop_reasons: false, ..TRACEPOINT_6_1 };

/// `fentry` up to 6.1: lookups have too many arguments, and resets no reasons.
pub(crate) const FENTRY_6_1: Abilities = Abilities { lookups: false, reset_reasons: false, ..Abilities::ALL };

pub(crate) fn addr(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

pub(crate) fn ends(a: &str, b: &str) -> Ends {
    Ends { a: addr(a), b: addr(b) }
}

/// Inode numbers and who holds them.
pub(crate) const PYTHON: u64 = 900;
pub(crate) const NODE: u64 = 901;
pub(crate) const CURL: u64 = 902;
pub(crate) const SYSTEMD: u64 = 903;
pub(crate) const CONTAINED: u64 = 904;
pub(crate) const UNIT: u64 = 905;
/// The cgroup of a socket unit.
pub(crate) const SOCKET_UNIT: u64 = 77;

/// Ports that a listener in namespace [`CONTAINER`] has.
pub(crate) const LINKED: u16 = 9001;
pub(crate) const BRIDGED: u16 = 9002;
pub(crate) const UNLINKED: u16 = 9003;
/// A port that a listener in each namespace has.
pub(crate) const SUCCEEDED: u16 = 9004;
pub(crate) const CONTAINER: u32 = 4_026_532_999;

/// The handshake that a listener keeps, local end first.
pub(crate) const HALF_OPEN: (&str, &str) = ("10.0.0.1:80", "10.0.0.77:4");

pub(crate) struct Table;

thread_local! {
    /// What the counters of namespaces say in this test.
    static COUNTERS: RefCell<BTreeMap<u32, Tellings>> = const { RefCell::new(BTreeMap::new()) };
    /// What nf_tables has for `HOST` in this test.
    static RULES: RefCell<Option<Arc<Ruleset>>> = const { RefCell::new(None) };
}

/// From here on this is all that nf_tables has for `HOST`: rules without matches, in one chain at input.
pub(crate) fn rules_are(expressions: &[Expression], legacy: bool) {
    rules_with(&Expression::Neutral("counter".to_owned()), expressions, legacy);
}

/// The same, each rule with `lead` before.
pub(crate) fn rules_with(lead: &Expression, expressions: &[Expression], legacy: bool) {
    let rules = (4..).zip(expressions);
    let rules =
        rules.map(|(handle, one)| Rule { handle, expressions: vec![lead.clone(), one.clone()] }).collect();
    let chain = Chain {
        family: ruleset::family::INET,
        table: "filter".to_owned(),
        name: "input".to_owned(),
        base: Some(Base { hook: 1, priority: 0, drops: false }),
        rules,
    };
    RULES.set(Some(Arc::new(Ruleset { chains: vec![chain], legacy, ..Ruleset::default() })));
}

/// From here on the counters of `HOST` say this.
pub(crate) fn counters_say(rises: &[(&'static str, u64)], conntrack: Option<(u64, u64)>) {
    let told = Tellings { rises: rises.iter().map(|&(name, rise)| (name.into(), rise)).collect(), conntrack };
    COUNTERS.with_borrow_mut(|counters| counters.insert(HOST, told));
}

fn process(pid: u32, comm: &str) -> line::Process {
    line::Process { pid, comm: comm.to_owned(), ..line::Process::default() }
}

impl Who for Table {
    fn holder(&self, inode: u64) -> Option<Arc<line::Process>> {
        let process = match inode {
            PYTHON => Some(process(3999, "python3")),
            NODE => Some(process(9, "node")),
            CURL => Some(process(41, "curl")),
            SYSTEMD => {
                let cgroup = Some("/init.scope".to_owned());
                Some(line::Process { cgroup, ..process(1, "systemd") })
            }
            CONTAINED => Some(line::Process {
                container: Some("4f3c9b2d8e1a".repeat(6)[..64].to_owned()),
                ..process(77, "nginx")
            }),
            UNIT => Some(line::Process {
                cgroup: Some("/system.slice/nginx.service/x".to_owned()),
                ..process(78, "nginx")
            }),
            _ => None,
        };
        process.map(Arc::new)
    }

    fn process(&self, task: Task, comm: &[u8], uid: Option<u32>, _: Option<u64>) -> Arc<line::Process> {
        let comm = String::from_utf8_lossy(comm).into_owned();
        Arc::new(line::Process { tid: Some(task.tid), uid, ..process(task.tgid, &comm) })
    }

    fn cgroup(&self, id: u64) -> Option<String> {
        (id == SOCKET_UNIT).then(|| "/system.slice/sshd.socket".to_owned())
    }

    fn netns(&self, netns: Netns) -> line::Netns {
        line::Netns { inum: netns.inum, name: None, of: None }
    }

    fn route(&self, _: Netns, to: IpAddr) -> Option<Result<(), i32>> {
        match to.to_string().as_str() {
            "192.0.2.7" => Some(Err(113)),
            "192.0.2.8" => Some(Err(13)),
            "192.0.2.9" => Some(Err(101)),
            _ => Some(Ok(())),
        }
    }

    fn sysctl(&self, _: Netns, path: &'static str) -> Option<String> {
        match path {
            "net/ipv4/ip_local_port_range" => Some("40000\t40001".to_owned()),
            "net/ipv4/ip_unprivileged_port_start" => Some("1024".to_owned()),
            _ => None,
        }
    }

    fn connections(&self, _: Netns) -> Option<Arc<Vec<Connection>>> {
        let to = |port| SocketAddr::new([10, 0, 0, 2].into(), port);
        let open = |port, state, inode| Connection {
            local: SocketAddr::new([10, 0, 0, 1].into(), port),
            remote: to(80),
            state,
            inode,
        };
        let successor = Connection {
            local: SocketAddr::new([0, 0, 0, 0].into(), SUCCEEDED),
            remote: SocketAddr::new([0, 0, 0, 0].into(), 0),
            ..open(SUCCEEDED, LISTEN, Some(NODE))
        };
        let open = [open(40_000, ESTABLISHED, Some(CURL)), open(40_001, TIME_WAIT, None)];
        Some(Arc::new(open.into_iter().chain([successor]).collect()))
    }

    fn ruleset(&self, netns: Netns) -> Option<Arc<Ruleset>> {
        RULES.with_borrow(Clone::clone).filter(|_| netns.inum == HOST)
    }

    fn device(&self, _: Netns, _: u32) -> Option<String> {
        None
    }

    fn elsewhere(&self, _: Netns, port: u16) -> Vec<Elsewhere> {
        let link = match port {
            LINKED => Some(Link::Veth),
            BRIDGED => Some(Link::Bridge("docker0".to_owned())),
            UNLINKED => None,
            _ => return Vec::new(),
        };
        let listener = holder(0, NODE, &format!("0.0.0.0:{port}"), true);
        vec![Elsewhere { netns: Netns { inum: CONTAINER, cookie: 0 }, listener, link }]
    }

    fn tellings(&self, netns: Netns) -> Option<Arc<Tellings>> {
        COUNTERS.with_borrow(|counters| counters.get(&netns.inum).cloned().map(Arc::new))
    }

    fn is_left(&self, netns: Netns, ends: Ends) -> Option<bool> {
        self.is_half_open(netns, ends)
    }

    fn is_half_open(&self, _: Netns, ends: Ends) -> Option<bool> {
        Some(ends == self::ends(HALF_OPEN.0, HALF_OPEN.1))
    }

    fn time(&self, boot_ns: u64) -> String {
        format!("boot+{boot_ns}")
    }

    fn cgroup_programs(&self, _: u64, _: CgroupHook) -> Option<usize> {
        None
    }

    fn port_holders(&self, _: Netns, _: u16) -> Option<PortHolders> {
        None
    }
}

/// One client socket and what happens to it.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) sk: SockPtr,
    pub(crate) ends: Ends,
    pub(crate) isn: u32,
    pub(crate) netns: u32,
}

pub(crate) const HOST: u32 = 4_026_531_840;

pub(crate) fn call(a: &str, b: &str) -> Call {
    Call { sk: SockPtr(0xf1), ends: ends(a, b), isn: 1000, netns: HOST }
}

pub(crate) fn event(time: u64, netns: u32, hook: Hook, what: What) -> Event {
    Event {
        time,
        netns: Netns { inum: netns, cookie: u64::from(netns) },
        task: Task { tgid: 41, tid: 42 },
        hook: Some(hook),
        backend: Backend::Tracepoint,
        in_scope: true,
        has_stack: false,
        what,
    }
}

pub(crate) fn segment(ends: Ends, flags: u8, seq: u32, ack: u32) -> Segment {
    Segment {
        ends,
        seq,
        ack,
        payload: 0,
        window: 1000,
        ip_id: 1,
        flags,
        ttl: 64,
        device: Some("lo".into()),
        ifindex: Some(1),
    }
}

pub(crate) fn misses() -> Lookups {
    Lookups { established: Some(Err(Miss)), listener: Some(Err(Miss)), received: true, ..Lookups::default() }
}

/// A segment for which only the listener was found.
pub(crate) fn finds_listener(listener: SockPtr) -> Lookups {
    Lookups { listener: Some(Ok(listener)), ..misses() }
}

/// A path, innermost first.
pub(crate) fn functions(path: &[line::Frame]) -> Vec<&str> {
    path.iter().map(|frame| frame.function.as_ref()).collect()
}

pub(crate) fn sock(sk: SockPtr, state: u8) -> SockFacts {
    SockFacts {
        sk,
        inode: None,
        cgroup: None,
        uid: 1000,
        state,
        held: true,
        dead: false,
        linger: None,
        shutdown: 0,
        err: 0,
        err_soft: 0,
        snd_una: 0,
        snd_nxt: 0,
        rcv_nxt: 0,
        copied_seq: 0,
        total_retrans: 0,
        idle_ns: 0,
        bytes_acked: 0,
        bytes_received: 0,
        backlog: (0, 0),
        mptcp: false,
        cookie_age_ns: None,
    }
}

pub(crate) fn sock_reset(ends: Ends, sock: SockFacts) -> SockReset {
    SockReset {
        ends,
        sock,
        timers: Timers::default(),
        opened: None,
        segment: None,
        reason: None,
        comm: Comm::from_slice(b"curl"),
        handshake: None,
        quiet: None,
        refuses: false,
    }
}

pub(crate) fn holder(sk: u64, inode: u64, addr_: &str, listening: bool) -> Holder {
    Holder {
        sk: SockPtr(sk),
        inode: Some(inode),
        cgroup: None,
        uid: 1000,
        addr: addr(addr_),
        listening,
        v6only: false,
        reuseport_program: false,
        bound_dev: 0,
        backlog: (0, 5),
        syn_backlog: 0,
        defer_accept: 0,
        filtered: false,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "`None` is the walk that was not made")]
pub(crate) fn held_by(list: Vec<Holder>) -> Option<Holders> {
    Some(Holders { list, complete: true, limits: ListenLimits::default() })
}

pub(crate) fn change(sk: SockPtr, ends: Ends, old: u8, new: u8) -> StateChange {
    StateChange {
        sk,
        ends,
        requested: None,
        old,
        new,
        held: true,
        v6only: false,
        caller: false,
        inode: None,
        cgroup: None,
        uid: 1000,
        err: 0,
        err_soft: 0,
        snd_una: 0,
        snd_nxt: 0,
        rcv_nxt: 0,
        total_retrans: 0,
        bound_dev: 0,
        comm: Comm::from_slice(b"curl"),
    }
}

impl Call {
    pub(crate) fn at(&self, time: u64, hook: Hook, what: What) -> Event {
        event(time, self.netns, hook, what)
    }

    pub(crate) fn syn(&self) -> Segment {
        segment(self.ends, SYN, self.isn, 0)
    }

    /// CLOSE to SYN_SENT: the port is not chosen yet.
    pub(crate) fn starts(&self, time: u64) -> Event {
        let mut ends = self.ends;
        ends.a.set_port(0);
        let change =
            StateChange { requested: Some(ends.b), caller: true, ..change(self.sk, ends, CLOSE, SYN_SENT) };
        self.at(time, Hook::State, What::State(Arc::new(change)))
    }

    fn end(&self, time: u64, old: u8, new: u8, err: u16, again: u32) -> Event {
        let acked = u32::from(new == ESTABLISHED);
        let change = StateChange {
            err,
            total_retrans: again,
            snd_una: self.isn.wrapping_add(acked),
            snd_nxt: self.isn.wrapping_add(1),
            ..change(self.sk, self.ends, old, new)
        };
        self.at(time, Hook::State, What::State(Arc::new(change)))
    }

    pub(crate) fn fails(&self, time: u64, err: u16) -> Event {
        self.end(time, SYN_SENT, CLOSE, err, 0)
    }

    /// The same, and no SYN was sent.
    pub(crate) fn fails_unsent(&self, time: u64) -> Event {
        self.at(time, Hook::State, What::State(change(self.sk, self.ends, SYN_SENT, CLOSE).into()))
    }

    pub(crate) fn gives_up(&self, time: u64, err: u16, again: u32) -> Event {
        self.end(time, SYN_SENT, CLOSE, err, again)
    }

    pub(crate) fn establishes(&self, time: u64) -> Event {
        self.end(time, SYN_SENT, ESTABLISHED, 0, 0)
    }

    /// A SYN came in answer to ours.
    pub(crate) fn crosses(&self, time: u64, peer_isn: u32) -> Event {
        let change = StateChange {
            snd_una: self.isn,
            rcv_nxt: peer_isn.wrapping_add(1),
            ..change(self.sk, self.ends, SYN_SENT, SYN_RECV)
        };
        self.at(time, Hook::State, What::State(Arc::new(change)))
    }

    pub(crate) fn establishes_crossed(&self, time: u64) -> Event {
        self.end(time, SYN_RECV, ESTABLISHED, 0, 0)
    }

    pub(crate) fn looked_up(&self, time: u64, lookups: Lookups) -> Event {
        self.given_to(time, lookups, None)
    }

    /// The SYN gets to this listener.
    pub(crate) fn given_to(&self, time: u64, lookups: Lookups, listener: Option<Holder>) -> Event {
        let found = LookedUp { segment: self.syn(), lookups, listener };
        self.at(time, Hook::Receive, What::Lookup(Arc::new(found)))
    }

    pub(crate) fn again(&self, time: u64, count: u32, holders: Option<Holders>) -> Event {
        let again = Retransmit { sk: self.sk, ends: self.ends, total_retrans: count, isn: self.isn, holders };
        self.at(time, Hook::Retransmit, What::Retransmit(Arc::new(again)))
    }

    /// The SYN found no socket and was answered with RST.
    pub(crate) fn no_socket(&self, time: u64, holders: Option<Holders>) -> Event {
        let reply = Reply {
            segment: self.syn(),
            lookups: misses(),
            reason: Some("NO_SOCKET".into()),
            sk_state: 0,
            sock: None,
            opened: None,
            holders,
            place: Place::default(),
        };
        self.at(time, Hook::SendReset, What::Reply(Arc::new(reply)))
    }

    /// The same where only the drop of the SYN is seen.
    pub(crate) fn no_socket_drop(&self, time: u64, reason: Option<&str>, holders: Option<Holders>) -> Event {
        let drop = Drop { no_socket: true, holders, ..dropped(self.syn(), reason, "tcp_v4_rcv") };
        self.at(time, Hook::Drop, What::Drop(Arc::new(drop)))
    }

    pub(crate) fn drops(&self, time: u64, reason: Option<&str>, function: &str) -> Event {
        self.at(time, Hook::Drop, What::Drop(Arc::new(dropped(self.syn(), reason, function))))
    }

    /// The RST reached the socket in SYN_SENT.
    pub(crate) fn gets_reset(&self, time: u64) -> Event {
        let sock = SockFacts {
            snd_una: self.isn,
            snd_nxt: self.isn.wrapping_add(1),
            inode: Some(CURL),
            ..sock(self.sk, SYN_SENT)
        };
        self.gets(time, sock, None)
    }

    /// The same, where the record of the RST is all that tells of the end.
    pub(crate) fn is_refused(&self, time: u64) -> Event {
        let What::ReceiveReset(reset) = self.gets_reset(time).what else { unreachable!("made so") };
        let refuses = SockReset { refuses: true, ..(*reset).clone() };
        self.at(time, Hook::ReceiveReset, What::ReceiveReset(Arc::new(refuses)))
    }

    pub(crate) fn gets(&self, time: u64, sock: SockFacts, segment: Option<Segment>) -> Event {
        let comm = Comm::from_slice(b"swapper");
        let reset = SockReset { segment, comm, ..sock_reset(self.ends, sock) };
        self.at(time, Hook::ReceiveReset, What::ReceiveReset(Arc::new(reset)))
    }

    /// A refusal as it shows on loopback with everything visible.
    pub(crate) fn refused(&self, time: u64, holders: Option<Holders>) -> Vec<Event> {
        vec![
            self.starts(time),
            self.looked_up(time + 1, misses()),
            self.no_socket(time + 1, holders),
            self.is_refused(time + 2),
        ]
    }

    /// An active reset of this side.
    pub(crate) fn sends_reset(&self, time: u64, reason: Option<&str>, sock: SockFacts) -> Event {
        let reason = reason.map(Name::from);
        let reset = SockReset { reason, ..sock_reset(self.ends, sock) };
        self.at(time, Hook::ActiveReset, What::ActiveReset(Arc::new(reset)))
    }

    /// This side's connection comes to CLOSE with an error.
    pub(crate) fn dies(&self, time: u64, reset: SockReset) -> Event {
        self.at(time, Hook::State, What::Death(Arc::new(SockReset { ends: self.ends, ..reset })))
    }

    pub(crate) fn icmp(&self, time: u64, from: &str, icmp_type: u8, icmp_code: u8) -> Event {
        let icmp = Icmp {
            ends: self.ends,
            seq: self.isn,
            icmp_type,
            icmp_code,
            from: Some(from.parse().expect("an address")),
            ttl: Some(63),
            device: Some("eth0".into()),
        };
        self.at(time, Hook::Icmp, What::Icmp(icmp.into()))
    }

    pub(crate) fn rejected(&self, time: u64) -> Event {
        self.at(time, Hook::Reject, What::Reject(self.syn().into(), HookNumber(1)))
    }

    pub(crate) fn queue_full(&self, time: u64, waiting: u32, limit: u32) -> Event {
        let listener =
            SockFacts { inode: Some(NODE), backlog: (waiting, limit), ..sock(SockPtr(0x11), LISTEN) };
        let limits = ListenLimits { somaxconn: 4096, max_syn_backlog: 256, syncookies: 1 };
        let request = ConnRequest {
            segment: self.syn(),
            sock: listener,
            syn_backlog: 0,
            limits,
            refused: Refused::Queues,
        };
        self.at(time, Hook::ConnRequest, What::ConnRequest(Arc::new(request)))
    }
}

/// The event with the stack that was walked, innermost function first.
pub(crate) fn walked(event: Event, functions: &[&str]) -> [Event; 2] {
    let place =
        |name: &&str| FUNCTIONS.iter().position(|known| known == name).expect("a known function") as u64;
    let stack = functions.iter().map(|name| place(name) + 1).collect();
    let stack = Event { what: What::Stack(stack), ..event.clone() };
    [Event { has_stack: true, ..event }, stack]
}

fn dropped(segment: Segment, reason: Option<&str>, function: &str) -> Drop {
    Drop {
        segment,
        lookups: Lookups::default(),
        location: Some(1),
        function: Some(function.into()),
        reason: reason.map(Name::from),
        no_socket: false,
        holders: None,
        place: Place::default(),
        for_state: None,
    }
}
