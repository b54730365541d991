//! Resets that a socket sends of its own accord: each cause, and what looks like it.

use std::sync::Arc;

use tcpx_common::abi::state::*;

use super::scene::*;
use crate::{
    abilities::Abilities,
    event::*,
    line::{Confidence, Confidence::*, OwnerHow},
};

const SENT: &str = "tcp_send_active_reset";

/// A socket that a process holds and has not closed.
fn held(call: &Call, state: u8) -> SockFacts {
    SockFacts {
        inode: Some(CURL),
        snd_una: 900,
        snd_nxt: 900,
        rcv_nxt: 500,
        copied_seq: 500,
        ..sock(call.sk, state)
    }
}

/// What close() has left to the kernel.
fn orphan(call: &Call, state: u8) -> SockFacts {
    SockFacts { held: false, inode: None, shutdown: 3, ..held(call, state) }
}

fn here() -> Call {
    call("10.0.0.1:80", "10.0.0.9:5")
}

fn sent(reason: Option<&str>, sock: SockFacts, timers: Timers) -> Event {
    let call = here();
    let reason = reason.map(Name::from);
    let reset = SockReset { timers, reason, ..sock_reset(call.ends, sock) };
    call.at(S, Hook::ActiveReset, What::ActiveReset(Arc::new(reset)))
}

/// Id and confidence without a stack, and with one that these functions called.
fn verdicts(event: &Event, callers: &[&str]) -> [(&'static str, Confidence); 2] {
    let stack = [&[SENT], callers].concat();
    let both = [vec![event.clone()], walked(event.clone(), &stack).to_vec()];
    both.map(|events| {
        let told = run(Abilities::ALL, &events);
        let verdict = &told.reset().verdict;
        (verdict.id.as_str(), verdict.confidence)
    })
}

/// `tcp_send_active_reset` tells after it has sent: on a busy machine long after the RST was taken.
#[test]
fn a_sender_that_tells_late_is_the_sender() {
    const MS: u64 = 1_000_000;
    let (server, client) = (call("127.0.0.1:80", "127.0.0.1:5"), call("127.0.0.1:5", "127.0.0.1:80"));
    let mut events = vec![client.gets(S, held(&client, ESTABLISHED), None)];
    let other = call("10.0.0.1:50000", "10.0.0.9:80");
    events.extend((1..8).map(|n| Call { sk: SockPtr(0x100 + n), ..other.clone() }.starts(S + 100 * n * MS)));
    events.push(server.sends_reset(S + 750 * MS, Some("TCP_STATE"), orphan(&server, CLOSE)));
    let told = run(Abilities::ALL, &events);
    let reset = told.reset();
    assert!(reset.sender.is_some() && reset.receiver.is_some(), "{reset:#?}");
}

const DISCONNECT: [&str; 2] = ["tcp_disconnect", "__inet_stream_connect"];

#[test]
fn dissolved_by_connect() {
    for reason in [Some("TCP_STATE"), None] {
        let open = sent(reason, held(&here(), CLOSE), Timers::default());
        assert_eq!(verdicts(&open, &DISCONNECT), [("disconnect", Derived), ("disconnect", Observed)]);
        // Shut both ways and with SO_LINGER of 0 it looks like close(): only the stack tells.
        let shut = SockFacts { shutdown: 3, linger: Some(0), ..held(&here(), CLOSE) };
        let alike = sent(reason, shut, Timers::default());
        let sure = if reason.is_some() { Observed } else { Derived };
        assert_eq!(verdicts(&alike, &DISCONNECT), [("linger-zero", sure), ("disconnect", Observed)]);
        let by_close = verdicts(&alike, &["tcp_disconnect", "__tcp_close"]);
        assert_eq!(by_close[1], ("linger-zero", Observed));
    }
    let with_data = sent(Some("TCP_DISCONNECT_WITH_DATA"), held(&here(), CLOSE), Timers::default());
    assert_eq!(verdicts(&with_data, &DISCONNECT)[0], ("disconnect", Derived));
    let owner = |inode| {
        let sock = SockFacts { inode, ..held(&here(), CLOSE) };
        let told = run(Abilities::ALL, &[sent(None, sock, Timers::default())]);
        told.reset().sender.as_ref().and_then(|end| end.owner.as_ref()).map(|owner| owner.how)
    };
    let gone = Some(0xdead);
    assert_eq!([owner(Some(CURL)), owner(gone)], [Some(OwnerHow::Socket), Some(OwnerHow::Caller)]);
}

/// Neither SO_LINGER of 0 nor the reason of unread data is the application's doing there.
#[test]
fn multipath_tcp_closes_at_once() {
    let subflow = |state, linger| SockFacts { mptcp: true, linger, ..held(&here(), state) };
    let both = [("mptcp-reset", Derived), ("mptcp-reset", Observed)];
    for (reason, sock, callers) in [
        (Some("TCP_ABORT_ON_CLOSE"), subflow(ESTABLISHED, None), &["mptcp_do_fastclose", "mptcp_close"][..]),
        (Some("TCP_STATE"), subflow(CLOSE, Some(0)), &["tcp_disconnect", "__mptcp_close_ssk", "mptcp_close"]),
        (None, SockFacts { shutdown: 3, ..subflow(CLOSE, Some(0)) }, &["__tcp_close", "mptcp_do_fastclose"]),
    ] {
        assert_eq!(verdicts(&sent(reason, sock, Timers::default()), callers), both, "{reason:?}");
    }
    let owner = |stack: &[&str]| {
        let event = sent(Some("TCP_STATE"), subflow(CLOSE, Some(0)), Timers::default());
        let told = run(Abilities::ALL, &walked(event, &[&[SENT], stack].concat()));
        told.reset().sender.as_ref().and_then(|end| end.owner.as_ref()).map(|owner| owner.how)
    };
    assert_eq!(owner(&["tcp_disconnect", "mptcp_close"]), Some(OwnerHow::Caller));
    assert_eq!(owner(&["tcp_disconnect", "mptcp_worker"]), Some(OwnerHow::Socket), "not the kernel's worker");
}

#[test]
fn destroyed_from_outside() {
    let six_12 = sent(Some("TCP_STATE"), held(&here(), ESTABLISHED), Timers::default());
    assert_eq!(
        verdicts(&six_12, &["tcp_abort"]),
        [("socket-destroyed", Derived), ("socket-destroyed", Observed)]
    );
    let five_10 = sent(None, SockFacts { err: 103, ..held(&here(), ESTABLISHED) }, Timers::default());
    assert_eq!(
        verdicts(&five_10, &["tcp_abort"]),
        [("socket-destroyed", Derived), ("socket-destroyed", Observed)]
    );
    let told = run(Abilities::ALL, &walked(five_10, &[SENT, "tcp_abort"]));
    let first = "The connection from 10.0.0.1:80 to 10.0.0.9:5 was destroyed from outside by curl[41] (ss -K, SOCK_DESTROY).";
    assert_eq!(told.reset().verdict.evidence[..2], [first, "curl[41] had it, in ESTABLISHED."]);
}

#[test]
fn an_orphan_in_fin_wait2_is_destroyed_or_times_out() {
    for reason in [Some("TCP_STATE"), None] {
        let event = sent(reason, orphan(&here(), FIN_WAIT2), Timers::default());
        let timed_out = verdicts(&event, &["tcp_keepalive_timer"]);
        assert_eq!(timed_out, [("fin-wait2-timeout", Derived), ("fin-wait2-timeout", Observed)]);
        assert_eq!(verdicts(&event, &["tcp_abort"])[1], ("socket-destroyed", Observed));
    }
    let not_over = sent(None, orphan(&here(), LAST_ACK), Timers::default());
    assert_eq!(verdicts(&not_over, &[])[0], ("unknown", Unknown));
}

#[test]
fn keepalive_with_and_without_a_time_of_the_users() {
    let probed = Timers { probes_out: 3, ..Timers::default() };
    for (reason, alone) in [(Some("TCP_KEEPALIVE_TIMEOUT"), Observed), (None, Derived)] {
        let event = sent(reason, held(&here(), ESTABLISHED), probed);
        let expected = [("keepalive-timeout", alone), ("keepalive-timeout", Observed)];
        assert_eq!(verdicts(&event, &["tcp_keepalive_timer"]), expected);
        let event = sent(reason, held(&here(), ESTABLISHED), Timers { user_timeout: 1_500, ..probed });
        let expected = [("user-timeout", alone), ("user-timeout", Observed)];
        assert_eq!(verdicts(&event, &["tcp_keepalive_timer"]), expected);
    }
    // Without a reason, other things than keepalive happen to a socket whose probes are out.
    let event = sent(None, SockFacts { err: 103, ..held(&here(), ESTABLISHED) }, probed);
    assert_eq!(
        verdicts(&event, &["tcp_abort"]),
        [("socket-destroyed", Derived), ("socket-destroyed", Observed)]
    );
    let event = sent(None, held(&here(), ESTABLISHED), Timers::default());
    assert_eq!(verdicts(&event, &[])[0], ("unknown", Unknown));
}

#[test]
fn close_leaves_nothing_to_the_kernel() {
    let negative = Timers { linger2: -1, ..Timers::default() };
    let closed = orphan(&here(), CLOSE);
    for (reason, alone) in [(Some("TCP_ABORT_ON_LINGER"), Observed), (None, Derived)] {
        let event = sent(reason, closed.clone(), negative);
        let expected = [("linger2-expired", alone), ("linger2-expired", Observed)];
        assert_eq!(verdicts(&event, &["__tcp_close"]), expected);
        let owner = run(Abilities::ALL, &[event]).reset().sender.as_ref().and_then(|end| end.owner.clone());
        assert_eq!(owner.map(|owner| (owner.pid, owner.how)), Some((41, OwnerHow::Caller)));
    }
    // The FIN is not acknowledged: that was FIN_WAIT1, where TCP_LINGER2 does not matter.
    let unacknowledged = SockFacts { snd_nxt: 901, ..closed };
    for (reason, alone) in [(Some("TCP_ABORT_ON_MEMORY"), Observed), (None, Derived)] {
        let event = sent(reason, unacknowledged.clone(), negative);
        let expected = [("memory-pressure", alone), ("memory-pressure", Observed)];
        assert_eq!(verdicts(&event, &["__tcp_close"]), expected);
    }
}

#[test]
fn an_orphan_for_which_there_is_no_room() {
    let waiting = SockFacts { snd_nxt: 901, ..orphan(&here(), FIN_WAIT1) };
    let event = sent(Some("TCP_ABORT_ON_MEMORY"), waiting.clone(), Timers::default());
    let expected = [("memory-pressure", Observed), ("memory-pressure", Observed)];
    assert_eq!(verdicts(&event, &["tcp_write_timeout"]), expected);
    let event = sent(None, waiting, Timers::default());
    assert_eq!(
        verdicts(&event, &["tcp_write_timeout"]),
        [("unknown", Unknown), ("memory-pressure", Observed)]
    );
}
