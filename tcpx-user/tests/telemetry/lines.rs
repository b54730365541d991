//! Lines of every kind, as the pipeline tells them.

use std::{net::IpAddr, sync::Arc};

use tcpx_user::{
    line::{
        AttachedHook, Attempt, CallLine, Confidence, Death, DropLine, End, Endpoint, Family, FlowLine, How,
        Line, Loss, Netns, Origin, Outcome, Process, Reset, Socket, SocketKind, Start, Verdict,
    },
    verdict::VerdictId,
};

const TIME: &str = "2026-01-02T03:04:05.000000006Z";
const CLIENT: Endpoint = Endpoint { addr: IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 7)), port: 51_000 };
const SERVER: Endpoint = Endpoint { addr: IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1)), port: 8080 };

/// One of each.
pub(crate) fn each() -> Vec<Line> {
    let retold = Attempt { was: Some(VerdictId::ClosedPort), ..plain_attempt() };
    vec![
        start(),
        attempt(1, Outcome::Refused, VerdictId::BoundNotListening),
        attempt(2, Outcome::Established, VerdictId::Established),
        Line::Attempt(Box::new(retold)),
        reset(3),
        drop_line(),
        death(),
        call(),
        Line::Loss(Loss { hook: "send-reset".to_owned(), stage: "kernel".to_owned(), count: 12 }),
    ]
}

fn start() -> Line {
    let hook = AttachedHook {
        hook: "send-reset".to_owned(),
        backend: "tracepoint".to_owned(),
        target: "tcp_send_reset".to_owned(),
    };
    Line::Start(Box::new(Start {
        schema: 1,
        tcpx: "0.1.0".to_owned(),
        kernel: "6.12.1".to_owned(),
        arch: "x86_64".to_owned(),
        backend: "auto".to_owned(),
        probes: "path".to_owned(),
        hooks: vec![hook],
        missing: Vec::new(),
    }))
}

fn verdict(id: VerdictId) -> Verdict {
    Verdict {
        id,
        title: id.as_str().into(),
        confidence: Confidence::Observed,
        evidence: Arc::new(vec!["python3[9] holds 0.0.0.0:8080 but is not listening.".to_owned()]),
        advice: "Call listen().".into(),
    }
}

fn netns() -> Netns {
    Netns { inum: 4_026_531_840, name: None, of: None }
}

fn process() -> Process {
    let container = Some("4f3c9b2d8e1a7065c4b39d2e8f1a706534c9b2d8e1a7065c4b39d2e8f1a70653".to_owned());
    Process { pid: 41, comm: "curl".to_owned(), container, ..Process::default() }
}

fn plain_attempt() -> Attempt {
    Attempt {
        id: 1,
        time: TIME.to_owned(),
        duration_ns: 71_000,
        netns: netns(),
        family: Family::Ipv4,
        local: Some(CLIENT),
        remote: Some(SERVER),
        requested: Some(SERVER),
        nat: None,
        process: Some(process().into()),
        outcome: Outcome::Refused,
        errno: Some("ECONNREFUSED".into()),
        how: How::ActiveOpen,
        syn_retransmits: 0,
        isn: Some(1),
        verdict: verdict(VerdictId::ListenerNotYet),
        path: Vec::new(),
        reset: Some(3),
        was: None,
        complete: Some(true),
        packets: None,
    }
}

/// With this id.
pub(crate) fn attempt(id: u64, outcome: Outcome, why: VerdictId) -> Line {
    Line::Attempt(Box::new(Attempt { id, outcome, verdict: verdict(why), ..plain_attempt() }))
}

pub(crate) fn flow(from: Endpoint, to: Endpoint) -> FlowLine {
    FlowLine { saddr: from.addr, sport: from.port, daddr: to.addr, dport: to.port }
}

pub(crate) fn reset(id: u64) -> Line {
    let socket = Socket {
        kind: SocketKind::None,
        state: None,
        age_ns: None,
        idle_ns: None,
        bytes_sent: None,
        bytes_received: None,
    };
    let sender = End { addr: SERVER.addr, port: 8080, netns: netns(), socket: Some(socket), owner: None };
    Line::Reset(Box::new(Reset {
        id,
        time: TIME.to_owned(),
        origin: Origin::Reply,
        sender: Some(sender),
        receiver: None,
        flow: flow(SERVER, CLIENT),
        segment: None,
        reason: None,
        lookup: None,
        near: Vec::new(),
        path: Vec::new(),
        verdict: verdict(VerdictId::BoundNotListening),
        attempt: Some(1),
        joined_by: None,
        was: None,
        complete: Some(true),
        packets: None,
    }))
}

fn drop_line() -> Line {
    Line::Drop(Box::new(DropLine {
        id: 4,
        time: TIME.to_owned(),
        netns: netns(),
        flow: flow(CLIENT, SERVER),
        count: 3,
        process: Some(process().into()),
        socket: None,
        reason: None,
        path: Vec::new(),
        verdict: verdict(VerdictId::AcceptQueueFull),
        attempt: None,
        complete: Some(true),
        packets: None,
    }))
}

fn death() -> Line {
    Line::Death(Box::new(Death {
        id: 5,
        time: TIME.to_owned(),
        duration_ns: None,
        netns: netns(),
        family: Family::Ipv4,
        local: Some(CLIENT),
        remote: Some(SERVER),
        requested: None,
        nat: None,
        process: Some(process().into()),
        outcome: Outcome::TimedOut,
        errno: Some("ETIMEDOUT".into()),
        how: None,
        syn_retransmits: None,
        state: "ESTABLISHED".into(),
        age_ns: None,
        idle_ns: 1,
        bytes_sent: 2,
        bytes_received: 3,
        retransmits: 15,
        probes: 0,
        verdict: verdict(VerdictId::RetransmitTimeout),
        path: Vec::new(),
        reset: None,
        attempt: None,
        complete: Some(true),
        packets: None,
    }))
}

fn call() -> Line {
    Line::Call(Box::new(CallLine {
        id: 6,
        time: TIME.to_owned(),
        netns: netns(),
        call: "bind".to_owned(),
        errno: "EADDRINUSE".to_owned(),
        requested: SERVER,
        process: Some(process().into()),
        holders: Vec::new(),
        path: Vec::new(),
        verdict: verdict(VerdictId::AddressInUse),
        complete: Some(true),
    }))
}
