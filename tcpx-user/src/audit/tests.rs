//! Against real counters of a namespace of the test's own; the programs' count is played by a cell.

use std::{
    cell::Cell,
    io::ErrorKind,
    net::{SocketAddr, TcpStream},
};

use super::*;
use crate::{
    enrich::{
        Enrich, Limits,
        testing::{Fresh, root_pids},
    },
    event::{Backend, Event, Netns, Task, What},
};

fn refused(fresh: &Fresh, times: usize) {
    fresh.run(move || {
        for _ in 0..times {
            let error =
                TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], 1))).expect_err("nobody listens");
            assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        }
    });
}

fn count(netns: Netns, replies: u64) -> Vec<(NetnsKey, NetnsResets)> {
    let key = NetnsKey { cookie: netns.cookie, inum: netns.inum, reserved: 0 };
    vec![(key, NetnsResets { replies, active: 0 })]
}

fn only(netns: Netns) -> Scope {
    Scope::Only([netns.inum].into())
}

fn seen(netns: Netns, tid: u32) -> Event {
    let task = Task { tgid: tid, tid };
    let (backend, what) = (Backend::Tracepoint, What::Tick);
    Event { time: 1, netns, task, hook: None, backend, in_scope: false, has_stack: false, what }
}

#[test]
fn each_reset_is_accounted_for_and_each_missing_one_shows() {
    let Some(fresh) = Fresh::new() else { return };
    refused(&fresh, 2);
    let enrich = Enrich::new(Limits::default());
    let counted = Cell::new(0);
    let read = || count(fresh.netns, counted.get());
    let audit = Audit::begin(&enrich, &read);
    refused(&fresh, 3);
    for (told, unaccounted) in [(3, 0), (2, 1), (5, 2)] {
        counted.set(told);
        let outcome = audit.finish(&enrich, &read, &only(fresh.netns), &Abilities::ALL);
        assert_eq!((outcome.unaccounted, &outcome.why), (Some(unaccounted), &None), "{told} counted");
        assert_eq!(outcome.kernel.get("OutRsts"), Some(&3));
        assert_eq!(outcome.kernel.get("ActiveOpens"), Some(&3));
        assert_eq!(outcome.kernel.get("AttemptFails"), Some(&3));
    }
    fresh.end();
}

#[test]
fn a_namespace_that_came_and_went_is_read_if_it_was_held() {
    if !root_pids() {
        return;
    }
    let enrich = Enrich::new(Limits::default());
    let counted = Cell::new(Vec::new());
    let read = || {
        let now = counted.take();
        counted.set(now.clone());
        now
    };
    let audit = Audit::begin(&enrich, &read);
    let Some(fresh) = Fresh::new() else { return };
    let netns = fresh.netns;
    refused(&fresh, 1);
    enrich.observe(&seen(netns, fresh.tid));
    fresh.end();
    counted.set(count(netns, 1));
    let outcome = audit.finish(&enrich, &read, &only(netns), &Abilities::ALL);
    assert_eq!((outcome.unaccounted, &outcome.why), (Some(0), &None));
    assert_eq!(outcome.kernel.get("OutRsts"), Some(&1));
}

#[test]
fn a_namespace_that_went_unheld_leaves_a_reason_instead_of_a_number() {
    let enrich = Enrich::new(Limits::default());
    let gone = Netns { inum: 1, cookie: 1 };
    let audit = Audit::begin(&enrich, &|| count(gone, 1));
    let outcome = audit.finish(&enrich, &|| count(gone, 2), &only(gone), &Abilities::ALL);
    assert_eq!(outcome.unaccounted, None);
    assert_eq!(outcome.why.as_deref(), Some("network namespace 1 ended before tcpx could read its counters"));
}

#[test]
fn a_namespace_that_ended_before_is_no_reason_although_its_number_is_in_use_again() {
    let Some(fresh) = Fresh::new() else { return };
    let enrich = Enrich::new(Limits::default());
    let gone = Netns { cookie: fresh.netns.cookie + 1_000_000, ..fresh.netns };
    let audit = Audit::begin(&enrich, &|| count(gone, 1));
    refused(&fresh, 1);
    let read = || [count(gone, 1), count(fresh.netns, 1)].concat();
    let outcome = audit.finish(&enrich, &read, &only(fresh.netns), &Abilities::ALL);
    assert_eq!((outcome.unaccounted, &outcome.why), (Some(0), &None));
    fresh.end();
}

#[test]
fn a_blind_backend_gives_the_reason_and_still_the_kernels_numbers() {
    let Some(fresh) = Fresh::new() else { return };
    let enrich = Enrich::new(Limits::default());
    let read = || count(fresh.netns, 0);
    let audit = Audit::begin(&enrich, &read);
    refused(&fresh, 1);
    let abilities = Abilities { replies_from_time_wait: false, ..Abilities::ALL };
    let outcome = audit.finish(&enrich, &read, &only(fresh.netns), &abilities);
    assert_eq!(outcome.unaccounted, None);
    assert_eq!(outcome.why.as_deref(), Some("this backend does not see answers from TIME_WAIT"));
    assert_eq!(outcome.kernel.get("OutRsts"), Some(&1));
    fresh.end();
}
