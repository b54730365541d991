//! Lines for pages: one of each kind, told by somebody who means no good.

use std::{fs, sync::Arc};

use tcpx_user::{
    line::{
        Attempt, Backlog, CallLine, Confidence, Death, DropLine, End, Endpoint, Family, FlowLine, Frame, How,
        Line, LookupLine, LookupResult, LookupStep, Near, Netns, Origin, Outcome, Owner, OwnerHow,
        PortHolder, Process, Reset, SegmentLine, Socket, SocketKind, Source, Start, Verdict,
    },
    report::{
        Report,
        page::{Origin as Came, page},
    },
    text::lang::Lang,
    verdict::VerdictId,
};
use tempfile::TempDir;

/// A name as a recording may have it.
pub(crate) const HOSTILE: &str = "</script><img src=x onerror=alert(1)>";

/// A page in a folder of its own.
pub(crate) struct Page {
    pub(crate) address: String,
    _folder: TempDir,
}

impl Page {
    /// Of these lines, from a recording with this name.
    pub(crate) fn of(lines: &[Line], recording: &str) -> Self {
        let mut report = Report::default();
        for line in lines {
            report.take(line);
        }
        let came = Came { files: vec![recording.to_owned()], ..Came::default() };
        Self::written(&page(&report, &came))
    }

    /// Of a lab, with these lines, in English.
    pub(crate) fn of_lab(lines: &[Line], lab: serde_json::Value) -> Self {
        Self::of_lab_in(lines, lab, Lang::English)
    }

    /// The same in a language.
    pub(crate) fn of_lab_in(lines: &[Line], lab: serde_json::Value, lang: Lang) -> Self {
        let mut report = Report::default();
        for line in lines {
            report.take(line);
        }
        let came = Came { files: vec!["lab".to_owned()], lab: Some(lab), lang, ..Came::default() };
        Self::written(&page(&report, &came))
    }

    fn written(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("report.html");
        fs::write(&file, text).expect("room for a page");
        Self { address: format!("file://{}", file.display()), _folder: folder }
    }
}

/// `ipv4` or `ipv6` addresses of this host.
fn addr(family: Family) -> std::net::IpAddr {
    match family {
        Family::Ipv4 => std::net::Ipv4Addr::LOCALHOST.into(),
        Family::Ipv6 => std::net::Ipv6Addr::LOCALHOST.into(),
    }
}

fn at(family: Family, port: u16) -> Endpoint {
    Endpoint { addr: addr(family), port }
}

pub(crate) fn frame(function: &str, note: &str) -> Frame {
    let note = (!note.is_empty()).then(|| note.to_owned().into());
    Frame { function: function.to_owned().into(), offset: None, note, at: None }
}

fn process(comm: &str) -> Process {
    Process { pid: 41, comm: comm.to_owned(), exe: Some(comm.to_owned()), ..Process::default() }
}

fn netns(name: &str) -> Netns {
    Netns { inum: 4_026_531_840, name: Some(name.to_owned()), of: None }
}

fn verdict(id: VerdictId, evidence: &str) -> Verdict {
    let (title, advice) = ("not shown".into(), "not shown".into());
    let evidence = Arc::new(vec![evidence.to_owned()]);
    Verdict { id, title, confidence: Confidence::Observed, evidence, advice }
}

fn flow(family: Family) -> FlowLine {
    FlowLine { saddr: addr(family), sport: 8080, daddr: addr(family), dport: 51_000 }
}

/// Functions of a refusal, in the family's names: the answer, the listener lookup, the established lookup, the entry.
pub(crate) const fn refusal(family: Family) -> [&'static str; 4] {
    match family {
        Family::Ipv4 => {
            ["tcp_v4_send_reset", "__inet_lookup_listener", "__inet_lookup_established", "tcp_v4_rcv"]
        }
        Family::Ipv6 => {
            ["tcp_v6_send_reset", "inet6_lookup_listener", "__inet6_lookup_established", "tcp_v6_rcv"]
        }
    }
}

/// The path of a refusal: lookups were seen, the entry follows.
fn refused_path(family: Family) -> Vec<Frame> {
    let [answer, listener, established, entry] = refusal(family);
    vec![
        frame("tcp_reset", "took the RST in SYN_SENT; observed (tracepoint tcp_receive_reset)"),
        frame("tcp_rcv_synsent_state_process (inlined in tcp_rcv_state_process)", "derived"),
        frame(answer, "sent the RST; observed (tracepoint tcp_send_reset)"),
        frame(listener, "miss; observed"),
        frame(established, "miss; observed"),
        frame(entry, "took the segment, label no_tcp_socket; derived"),
    ]
}

/// An attempt that finds nobody.
pub(crate) fn attempt(id: u64, family: Family, comm: &str) -> Attempt {
    Attempt {
        id,
        time: format!("2026-01-02T03:04:{:02}.000000006Z", id % 60),
        duration_ns: 71_000,
        netns: netns(comm),
        family,
        local: Some(at(family, 51_000)),
        remote: Some(at(family, 8080)),
        requested: Some(at(family, 8080)),
        nat: None,
        process: Some(process(comm).into()),
        outcome: Outcome::Refused,
        errno: Some("ECONNREFUSED".into()),
        how: How::ActiveOpen,
        syn_retransmits: 0,
        isn: None,
        verdict: verdict(VerdictId::ClosedPort, &format!("Nothing listens, says {comm}.")),
        path: refused_path(family),
        reset: Some(id + 1),
        was: None,
        complete: Some(true),
        packets: None,
    }
}

/// The RST that refused it.
pub(crate) fn reset(attempt: &Attempt) -> Reset {
    let miss = LookupStep { result: LookupResult::Miss, source: Source::Observed };
    let family = attempt.family;
    let comm = attempt.process.as_ref().map_or("", |process| process.comm.as_str());
    Reset {
        id: attempt.id + 1,
        time: attempt.time.clone(),
        origin: Origin::Reply,
        sender: Some(end(family, 8080, SocketKind::None, None)),
        receiver: Some(end(family, 51_000, SocketKind::Full, Some(comm))),
        flow: flow(family),
        segment: Some(SegmentLine {
            flags: "S".into(),
            seq: 1,
            ack: 0,
            len: 0,
            ttl: Some(64),
            device: Some("lo".into()),
        }),
        reason: None,
        lookup: Some(LookupLine { established: miss, listener: miss }),
        near: vec![Near {
            why: comm.to_owned(),
            addr: addr(family),
            port: 8080,
            netns: netns(comm),
            process: Some(process(comm).into()),
            unit: Some(comm.to_owned()),
            age_ns: Some(5),
        }],
        path: attempt.path[2..].to_vec(),
        verdict: attempt.verdict.clone(),
        attempt: Some(attempt.id),
        joined_by: Some("tuple".into()),
        was: None,
        complete: Some(true),
        packets: None,
    }
}

fn end(family: Family, port: u16, kind: SocketKind, comm: Option<&str>) -> End {
    let owner = comm.map(|comm| Owner { pid: 41, comm: comm.to_owned(), how: OwnerHow::Socket });
    let socket =
        Socket { kind, state: None, age_ns: None, idle_ns: Some(0), bytes_sent: None, bytes_received: None };
    End { addr: addr(family), port, netns: netns("blue"), socket: Some(socket), owner }
}

fn dropped(id: u64, comm: &str) -> DropLine {
    DropLine {
        id,
        time: "2026-01-02T03:04:06.000000006Z".to_owned(),
        netns: netns(comm),
        flow: flow(Family::Ipv4),
        count: 3,
        process: Some(process(comm).into()),
        socket: Some(Backlog { backlog: 129, max_backlog: 128 }),
        reason: None,
        path: vec![
            frame(comm, comm),
            frame("tcp_conn_request", "accept queue 129 of 128; observed (fentry)"),
        ],
        verdict: verdict(VerdictId::AcceptQueueFull, comm),
        attempt: None,
        complete: Some(true),
        packets: None,
    }
}

fn death(id: u64, comm: &str) -> Death {
    let base = attempt(id, Family::Ipv4, comm);
    Death {
        id,
        time: base.time,
        duration_ns: None,
        netns: base.netns,
        family: base.family,
        local: base.local,
        remote: base.remote,
        requested: None,
        nat: None,
        process: base.process,
        outcome: Outcome::TimedOut,
        errno: Some("ETIMEDOUT".into()),
        how: None,
        syn_retransmits: None,
        state: "ESTABLISHED".into(),
        age_ns: None,
        idle_ns: 1_000_000_000,
        bytes_sent: 5,
        bytes_received: 0,
        retransmits: 3,
        probes: 0,
        verdict: verdict(VerdictId::RetransmitTimeout, comm),
        path: vec![frame("tcp_done", "ESTABLISHED to CLOSE with ETIMEDOUT; observed (fentry)")],
        reset: None,
        attempt: None,
        complete: Some(true),
        packets: None,
    }
}

fn call(id: u64, comm: &str) -> CallLine {
    CallLine {
        id,
        time: "2026-01-02T03:04:07.000000006Z".to_owned(),
        netns: netns(comm),
        call: "bind".to_owned(),
        errno: "EADDRINUSE".to_owned(),
        requested: at(Family::Ipv4, 80),
        process: Some(process(comm).into()),
        holders: vec![PortHolder {
            addr: addr(Family::Ipv4),
            port: 80,
            state: "LISTEN".into(),
            process: Some(process(comm).into()),
        }],
        path: vec![frame("inet_csk_get_port", "no port to be had; derived")],
        verdict: verdict(VerdictId::AddressInUse, comm),
        complete: Some(true),
    }
}

fn start(comm: &str) -> Line {
    Line::Start(Box::new(Start {
        schema: 1,
        tcpx: "0.1.0".to_owned(),
        kernel: comm.to_owned(),
        arch: "x86_64".to_owned(),
        backend: "auto".to_owned(),
        probes: "lookup".to_owned(),
        hooks: Vec::new(),
        missing: Vec::new(),
    }))
}

/// A line of each kind, in which every name from outside is `comm`: attempts 1 (IPv4) and 11 (IPv6) with their RSTs 2 and 12.
pub(crate) fn all(comm: &str) -> Vec<Line> {
    let (four, six) = (attempt(1, Family::Ipv4, comm), attempt(11, Family::Ipv6, comm));
    vec![
        start(comm),
        Line::Reset(Box::new(reset(&four))),
        Line::Attempt(Box::new(four)),
        Line::Reset(Box::new(reset(&six))),
        Line::Attempt(Box::new(six)),
        Line::Drop(Box::new(dropped(21, comm))),
        Line::Death(Box::new(death(31, comm))),
        Line::Call(Box::new(call(41, comm))),
    ]
}
