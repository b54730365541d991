//! A path is made of the events of its own record: take one away, and its lines go with it.

use super::scene::*;
use crate::{abilities::Abilities, event::Event, line::Frame};

/// The functions of a path that were seen, as opposed to concluded.
fn seen(path: &[Frame]) -> Vec<&str> {
    let observed = |frame: &&Frame| frame.note.as_ref().is_some_and(|note| note.text().contains("observed"));
    path.iter().filter(observed).map(|frame| frame.function.as_ref()).collect()
}

/// Each event of a refusal, and the functions that only it shows.
fn refusal() -> Vec<(Event, &'static [&'static str])> {
    let call = call("127.0.0.1:40000", "127.0.0.1:8888");
    vec![
        (call.starts(S), &["tcp_v4_connect"]),
        (
            call.no_socket(S + 1, held_by(vec![])),
            &["tcp_v4_send_reset", "__inet_lookup_listener", "__inet_lookup_established", "tcp_v4_rcv"],
        ),
        (call.gets_reset(S + 2), &["tcp_reset"]),
        (call.fails(S + 3, 111), &[]),
    ]
}

/// Each event of a connection that stands, likewise.
fn handshake() -> Vec<(Event, &'static [&'static str])> {
    let call = call("127.0.0.1:40000", "127.0.0.1:8888");
    let lookups = finds_listener(crate::event::SockPtr(0x11));
    vec![
        (call.starts(S), &["tcp_v4_connect"]),
        (
            call.looked_up(S + 1, lookups),
            &["__inet_lookup_listener", "__inet_lookup_established", "tcp_v4_rcv"],
        ),
        (call.establishes(S + 2), &["tcp_finish_connect"]),
    ]
}

#[test]
fn no_line_outlives_its_event() {
    for scene in [refusal(), handshake()] {
        let events: Vec<Event> = scene.iter().map(|(event, _)| event.clone()).collect();
        let whole = run(Abilities::ALL, &events);
        let all: Vec<_> = scene.iter().flat_map(|(_, shows)| shows.iter().copied()).collect();
        assert!(all.iter().all(|function| seen(&whole.attempt().path).contains(function)), "{all:?}");
        for (at, (_, shows)) in scene.iter().enumerate() {
            let mut fewer = events.clone();
            fewer.remove(at);
            let told = run(Abilities::ALL, &fewer);
            let left: Vec<_> = told.attempts.iter().flat_map(|attempt| seen(&attempt.path)).collect();
            for function in *shows {
                assert!(!left.contains(function), "{function} without its event: {left:?}");
            }
        }
    }
}
