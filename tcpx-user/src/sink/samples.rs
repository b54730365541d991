//! One line of each kind, for tests: the cases of contract section 5.

use std::sync::Arc;

use std::{collections::BTreeMap, net::IpAddr};

use crate::{
    line::{
        AttachedHook, Attempt, Backlog, CallLine, Confidence, DropLine, End, Endpoint, Family, FlowLine,
        Frame, How, Line, LookupLine, LookupResult, LookupStep, Loss, Lost, MissingHook, Near, Netns, Origin,
        Outcome, Owner, OwnerHow, PortHolder, Process, Reason, ReasonSource, Reset, SegmentLine, Socket,
        SocketKind, Source, Start, Summary, Verdict,
    },
    verdict::VerdictId,
};

pub(crate) fn ip(addr: &str) -> IpAddr {
    addr.parse().expect("an address in a test")
}

pub(crate) fn at(addr: &str) -> Endpoint {
    addr.parse::<std::net::SocketAddr>().expect("an address in a test").into()
}

fn flow(from: &str, to: &str) -> FlowLine {
    let (from, to) = (at(from), at(to));
    FlowLine { saddr: from.addr, sport: from.port, daddr: to.addr, dport: to.port }
}

pub(crate) fn verdict(id: VerdictId, evidence: &[&str], advice: &str) -> Verdict {
    Verdict {
        id,
        title: id.as_str().replace('-', " ").into(),
        confidence: Confidence::Observed,
        evidence: Arc::new(evidence.iter().map(|&sentence| sentence.to_owned()).collect()),
        advice: advice.to_owned().into(),
    }
}

pub(crate) fn frame(function: &str, note: &str) -> Frame {
    let note = (!note.is_empty()).then(|| note.to_owned().into());
    Frame { function: function.to_owned().into(), offset: None, note, at: None }
}

fn process(pid: u32, comm: &str) -> Process {
    Process {
        pid,
        tid: Some(pid),
        ns_pid: None,
        comm: comm.to_owned(),
        exe: Some(format!("/usr/bin/{comm}")),
        uid: Some(1000),
        cgroup: Some("/user.slice/session-1.scope".to_owned()),
        container: None,
    }
}

fn netns() -> Netns {
    Netns { inum: 4_026_531_840, name: None, of: None }
}

pub(crate) fn refused_path() -> Vec<Frame> {
    vec![
        frame("tcp_v6_send_reset", "sent the RST; observed (tracepoint tcp_send_reset)"),
        frame("__inet6_lookup_listener", "miss; observed"),
        frame("__inet6_lookup_established", "miss; observed"),
        frame("tcp_v6_rcv", "took the segment; observed"),
    ]
}

/// `curl[41]` is refused at `[::1]:8080`.
pub(crate) fn plain_attempt() -> Attempt {
    let evidence = "node[9] listens on 0.0.0.0:8080 only; localhost gave ::1 first.";
    let advice = "Listen on [::]:8080 too, or connect to 127.0.0.1.";
    Attempt {
        id: 1,
        time: "2026-01-02T03:04:05.000000006Z".to_owned(),
        duration_ns: 71_000,
        netns: Netns { name: Some("web".to_owned()), ..netns() },
        family: Family::Ipv6,
        local: Some(at("[::1]:51000")),
        remote: Some(at("[::1]:8080")),
        requested: Some(at("[::1]:8080")),
        nat: None,
        process: Some(Process { ns_pid: Some(7), ..process(41, "curl") }.into()),
        outcome: Outcome::Refused,
        errno: Some("ECONNREFUSED".into()),
        how: How::ActiveOpen,
        syn_retransmits: 0,
        isn: Some(1),
        verdict: verdict(VerdictId::ListenerV4only, &[evidence], advice),
        path: refused_path(),
        reset: None,
        was: None,
        complete: Some(true),
        packets: None,
    }
}

pub(crate) fn attempt() -> Line {
    Line::Attempt(Box::new(plain_attempt()))
}

fn end(addr: &str, kind: SocketKind, owner: Option<(u32, &str)>) -> End {
    let endpoint = at(addr);
    let owner = owner.map(|(pid, comm)| Owner { pid, comm: comm.to_owned(), how: OwnerHow::Socket });
    let state = (kind == SocketKind::Full).then(|| "SYN_SENT".into());
    let socket = Socket { kind, state, age_ns: None, idle_ns: None, bytes_sent: None, bytes_received: None };
    End { addr: endpoint.addr, port: endpoint.port, netns: netns(), socket: Some(socket), owner }
}

/// The RST that refused [`plain_attempt`].
pub(crate) fn plain_reset() -> Reset {
    let miss = LookupStep { result: LookupResult::Miss, source: Source::Observed };
    Reset {
        id: 2,
        time: "2026-01-02T03:04:05.000000003Z".to_owned(),
        origin: Origin::Reply,
        sender: Some(end("[::1]:8080", SocketKind::None, None)),
        receiver: Some(end("[::1]:51000", SocketKind::Full, Some((41, "curl")))),
        flow: flow("[::1]:8080", "[::1]:51000"),
        segment: Some(syn()),
        reason: Some(Reason { name: "NO_SOCKET".into(), source: ReasonSource::Kernel }),
        lookup: Some(LookupLine { established: miss, listener: miss }),
        near: vec![Near {
            why: "it listens on IPv4 only".to_owned(),
            addr: ip("0.0.0.0"),
            port: 8080,
            netns: netns(),
            process: Some(Process { ns_pid: Some(1), ..process(9, "node") }.into()),
            unit: Some("session-1.scope".to_owned()),
            age_ns: Some(912_000_000_000),
        }],
        path: refused_path(),
        verdict: plain_attempt().verdict,
        attempt: Some(1),
        joined_by: Some("tuple".into()),
        was: None,
        complete: Some(true),
        packets: None,
    }
}

fn syn() -> SegmentLine {
    SegmentLine { flags: "S".into(), seq: 1, ack: 0, len: 0, ttl: Some(64), device: Some("lo".into()) }
}

pub(crate) fn reset_of_attempt() -> Line {
    Line::Reset(Box::new(plain_reset()))
}

/// An open connection of `java[88]` is reset by its peer.
pub(crate) fn peer_reset() -> Line {
    let evidence = "open 912 s, idle 351 s. An idle timeout in between is likely.";
    Line::Reset(Box::new(Reset {
        id: 3,
        origin: Origin::Elsewhere,
        sender: None,
        receiver: Some(end("10.2.0.9:40000", SocketKind::Full, Some((88, "java")))),
        flow: flow("10.2.0.5:5432", "10.2.0.9:40000"),
        segment: Some(SegmentLine { flags: "R".into(), device: Some("eth0".into()), ..syn() }),
        reason: None,
        lookup: None,
        near: Vec::new(),
        path: vec![
            frame("tcp_reset", "took the RST in ESTABLISHED; observed (tracepoint tcp_receive_reset)"),
            frame("tcp_v4_rcv", "derived"),
        ],
        verdict: verdict(VerdictId::PeerReset, &[evidence], "Set TCP keepalive below the idle timeout."),
        attempt: None,
        joined_by: None,
        was: None,
        ..plain_reset()
    }))
}

/// Another host's SYN is refused by this one.
pub(crate) fn passive_refusal() -> Line {
    Line::Reset(Box::new(Reset {
        id: 4,
        sender: Some(end("10.0.0.1:8888", SocketKind::None, None)),
        receiver: None,
        flow: flow("10.0.0.1:8888", "10.0.0.7:51000"),
        near: Vec::new(),
        verdict: verdict(VerdictId::ClosedPort, &["Nothing holds port 8888 on this host."], ""),
        attempt: None,
        ..plain_reset()
    }))
}

/// Two ends of this host, one of which closed with unread data.
pub(crate) fn local_reset() -> Line {
    Line::Reset(Box::new(Reset {
        id: 5,
        origin: Origin::Active,
        sender: Some(end("127.0.0.1:8080", SocketKind::Full, Some((9, "node")))),
        receiver: Some(end("127.0.0.1:51000", SocketKind::Full, Some((41, "curl")))),
        flow: flow("127.0.0.1:8080", "127.0.0.1:51000"),
        segment: None,
        verdict: Verdict {
            confidence: Confidence::Derived,
            ..verdict(VerdictId::CloseUnreadData, &["node[9] closed with 512 bytes unread."], "")
        },
        path: vec![frame("tcp_send_active_reset", "observed"), frame("__tcp_close", "derived")],
        attempt: None,
        ..plain_reset()
    }))
}

pub(crate) fn plain_drop() -> DropLine {
    DropLine {
        id: 6,
        time: "2026-01-02T03:04:05.000000006Z".to_owned(),
        netns: netns(),
        flow: flow("10.0.0.7:51000", "10.0.0.1:443"),
        count: 3,
        process: Some(process(12, "nginx").into()),
        socket: Some(Backlog { backlog: 129, max_backlog: 128 }),
        reason: None,
        path: vec![frame("tcp_conn_request", "observed"), frame("tcp_v4_rcv", "derived")],
        verdict: verdict(
            VerdictId::AcceptQueueFull,
            &["nginx[12] has 129 connections waiting for accept(), 128 may."],
            "See why nginx[12] does not call accept().",
        ),
        attempt: None,
        complete: Some(true),
        packets: None,
    }
}

pub(crate) fn drop_line() -> Line {
    Line::Drop(Box::new(plain_drop()))
}

pub(crate) fn plain_call() -> CallLine {
    CallLine {
        id: 7,
        time: "2026-01-02T03:04:05.000000007Z".to_owned(),
        netns: netns(),
        call: "bind".to_owned(),
        errno: "EADDRINUSE".to_owned(),
        requested: Endpoint { addr: [0, 0, 0, 0].into(), port: 80 },
        process: Some(process(7, "nginx").into()),
        holders: vec![PortHolder {
            addr: [0, 0, 0, 0].into(),
            port: 80,
            state: "LISTEN".into(),
            process: Some(process(5, "apache2").into()),
        }],
        path: vec![frame("inet_csk_get_port", "derived"), frame("inet_bind", "observed")],
        verdict: verdict(
            VerdictId::AddressInUse,
            &["apache2[5] listens on 0.0.0.0:80."],
            "Stop the holder or choose another port.",
        ),
        complete: Some(true),
    }
}

pub(crate) fn call_line() -> Line {
    Line::Call(Box::new(plain_call()))
}

/// Every string that comes from outside tries to colour the terminal, to move its cursor or to break the line.
pub(crate) fn hostile() -> Line {
    let evil = "\u{1b}[31mx\u{7}\u{9b}2J\r\n\u{202e}y";
    let mut attempt = plain_attempt();
    attempt.netns.name = Some(evil.to_owned());
    let process = Process {
        comm: evil.to_owned(),
        exe: Some(evil.to_owned()),
        cgroup: Some(evil.to_owned()),
        container: Some(evil.to_owned()),
        ..process(41, "x")
    };
    attempt.process = Some(process.into());
    attempt.verdict.evidence = Arc::new(vec![format!("{evil}[9] listens elsewhere.")]);
    attempt.verdict.advice = format!("Ask {evil}.").into();
    attempt.path = vec![frame(evil, evil)];
    Line::Attempt(Box::new(attempt))
}

pub(crate) fn start() -> Line {
    let hook = |hook: &str, backend: &str, target: &str| AttachedHook {
        hook: hook.to_owned(),
        backend: backend.to_owned(),
        target: target.to_owned(),
    };
    Line::Start(Box::new(Start {
        schema: 1,
        tcpx: "0.1.0".to_owned(),
        kernel: "6.12.1".to_owned(),
        arch: "x86_64".to_owned(),
        backend: "auto".to_owned(),
        probes: "path".to_owned(),
        hooks: vec![
            hook("state", "tracepoint", "inet_sock_set_state"),
            hook("lookup-listener", "fentry", "__inet_lookup_listener,inet6_lookup_listener"),
        ],
        missing: vec![MissingHook {
            hook: "reject".to_owned(),
            why: "the module nf_reject_ipv4 is not loaded".to_owned(),
        }],
    }))
}

pub(crate) fn loss() -> Line {
    Line::Loss(Loss { hook: "send-reset".to_owned(), stage: "kernel".to_owned(), count: 12 })
}

fn counts(counts: &[(&str, u64)]) -> BTreeMap<String, u64> {
    counts.iter().map(|&(name, count)| (name.to_owned(), count)).collect()
}

pub(crate) fn plain_summary() -> Summary {
    Summary {
        attempts: counts(&[("closed-port", 2), ("established", 10)]),
        resets: counts(&[("closed-port", 2), ("peer-reset", 1)]),
        drops: BTreeMap::new(),
        deaths: BTreeMap::new(),
        calls: BTreeMap::new(),
        sent: 2,
        received: 3,
        netfilter: 0,
        kernel: counts(&[("OutRsts", 2), ("AttemptFails", 2)]),
        unexplained: 0,
        unaccounted: Some(0),
        unaccounted_why: None,
        lost: Lost::default(),
        untold: BTreeMap::new(),
        shed: 0,
        missed: Some(0),
    }
}

pub(crate) fn summary() -> Line {
    Line::Summary(plain_summary().into())
}
