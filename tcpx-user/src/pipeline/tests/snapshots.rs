//! Whole records, as users see them.

use super::scene::*;
use crate::{abilities::Abilities, event::*};

fn pretty(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).expect("lines serialise")
}

#[test]
fn bound_not_listening() {
    let holders = held_by(vec![holder(0xb, PYTHON, "0.0.0.0:8888", false)]);
    let told = run(Abilities::ALL, &call("127.0.0.1:40000", "127.0.0.1:8888").refused(S, holders));
    insta::assert_snapshot!("bound-not-listening.attempt", pretty(told.attempt()));
    insta::assert_snapshot!("bound-not-listening.reset", pretty(told.reset()));
}

#[test]
fn closed_port_over_ipv6_where_only_the_drop_is_seen() {
    let call = call("[::1]:40000", "[::1]:8888");
    let dropped = call.no_socket_drop(S + 1, Some("NO_SOCKET"), None);
    let told =
        run(TRACEPOINT_6_1, &[call.starts(S), dropped, call.gets_reset(S + 2), call.fails(S + 3, 111)]);
    insta::assert_snapshot!("closed-port.drop-only.reset", pretty(told.reset()));
}

#[test]
fn accept_queue_full() {
    let call = call("10.0.0.1:40000", "10.0.0.2:80");
    let events = [
        call.starts(S),
        call.queue_full(S + 1, 3, 2),
        call.again(2 * S, 1, None),
        call.gives_up(3 * S, 0, 1),
    ];
    let told = run(Abilities::ALL, &events);
    insta::assert_snapshot!("accept-queue-full.attempt", pretty(told.attempt()));
    insta::assert_snapshot!("accept-queue-full.drop", pretty(told.drop()));
}

#[test]
fn linger_zero_reaching_a_client_of_this_host() {
    let client = call("127.0.0.1:5000", "127.0.0.1:80");
    let server = Call { sk: SockPtr(0x99), ends: client.ends.flipped(), ..client.clone() };
    let closing =
        SockFacts { shutdown: 3, linger: Some(0), snd_nxt: 900, bytes_acked: 10, ..sock(server.sk, 7) };
    let open = SockFacts { rcv_nxt: 900, inode: Some(CURL), ..sock(client.sk, 1) };
    let told = run(FENTRY_6_1, &[client.gets(S, open, None), server.sends_reset(S + 1, None, closing)]);
    insta::assert_snapshot!("linger-zero.reset", pretty(told.reset()));
}
