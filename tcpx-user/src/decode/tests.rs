use std::net::SocketAddr;

use proptest::prelude::*;
use tcpx_common::{abi::Kind, event as raw};
use zerocopy::{FromZeros, IntoBytes};

use super::*;
use crate::event::Arrival;

fn decoder() -> Decoder {
    Decoder::new(
        Names::new([(1, "SK_RST_REASON_NO_SOCKET")], [(7, "NETFILTER_DROP")]),
        Box::new(NoSymbols),
        4_000_000,
    )
}

fn mapped(last: u8) -> [u8; 16] {
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, last]
}

fn tuple(family: u16, a: [u8; 16], b: [u8; 16]) -> raw::Tuple {
    raw::Tuple { a, b, a_port: 40_000, b_port: 8888, family, reserved: 0 }
}

fn addr(text: &str) -> SocketAddr {
    text.parse().expect("a literal")
}

fn state_record() -> raw::State {
    let mut record = raw::State::new_zeroed();
    record.header.kind = Kind::State as u8;
    record.header.time_ns = 7;
    record.header.flags = abi::header_flag::HAS_STACK;
    record.tuple = tuple(6, mapped(2), mapped(1));
    record.comm[..4].copy_from_slice(b"curl");
    record
}

fn reply_record() -> raw::Reply {
    let mut reply = raw::Reply::new_zeroed();
    reply.header.kind = Kind::Reply as u8;
    reply.segment.present = 1;
    reply.segment.tuple = tuple(4, mapped(1), mapped(1));
    reply
}

#[test]
fn mapped_addresses_are_ipv4() {
    let event = decoder().decode(state_record().as_bytes()).expect("well formed");
    assert!(event.has_stack && !event.in_scope);
    let What::State(state) = event.what else { panic!("{event:?}") };
    assert_eq!((state.ends.a, state.ends.b), (addr("127.0.0.2:40000"), addr("127.0.0.1:8888")));
    assert_eq!((state.requested, state.comm.as_slice()), (None, &b"curl"[..]));
}

#[test]
fn an_unbound_dual_stack_socket_takes_the_family_of_its_peer() {
    let mut record = state_record();
    record.tuple.a = [0; 16];
    let event = decoder().decode(record.as_bytes()).expect("well formed");
    let What::State(state) = event.what else { panic!("{event:?}") };
    assert_eq!(state.ends.a, addr("0.0.0.0:40000"));
}

#[test]
fn reasons_are_names_and_a_number_without_one_stays_visible() {
    let mut reply = reply_record();
    reply.has_reason = 1;
    for (number, name) in [(1, "NO_SOCKET"), (4711, "4711")] {
        reply.reason = number;
        let event = decoder().decode(reply.as_bytes()).expect("well formed");
        let What::Reply(reply) = event.what else { panic!("{event:?}") };
        assert_eq!(reply.reason.as_deref(), Some(name));
    }
}

#[test]
fn not_walked_and_nobody_there_differ() {
    let mut reply = reply_record();
    for free in [0, 1] {
        reply.port_free = free;
        let event = decoder().decode(reply.as_bytes()).expect("well formed");
        let What::Reply(reply) = event.what else { panic!("{event:?}") };
        assert_eq!(reply.holders.as_ref().map(|walk| walk.complete), (free == 1).then_some(true));
    }
}

#[test]
fn more_holders_than_a_record_names_is_not_complete() {
    let mut walk = raw::Holders::new_zeroed();
    walk.complete = 1;
    walk.found = 5;
    walk.list.iter_mut().for_each(|holder| holder.family = 4);
    let walk = parts::holders(&walk);
    assert_eq!((walk.list.len(), walk.complete), (4, false));
}

#[test]
fn an_unknown_kind_is_kept_and_a_short_record_is_counted() {
    let mut decoder = decoder();
    let mut header = raw::Header::new_zeroed();
    header.kind = 200;
    let event = decoder.decode(header.as_bytes()).expect("a header is enough");
    assert_eq!(event.what, What::Unknown { kind: 200 });
    header.kind = Kind::State as u8;
    assert_eq!(decoder.decode(header.as_bytes()), None);
    assert_eq!(decoder.decode(&[1, 2, 3]), None);
    assert_eq!(decoder.malformed(), 2);
}

/// The records of RSTs did not always end with how the handshake had come.
#[test]
fn a_record_from_before_it_grew_lacks_only_what_was_added() {
    let mut record = raw::SockReset::new_zeroed();
    record.header.kind = Kind::ReceiveReset as u8;
    (record.tuple.family, record.sock.present, record.user_timeout) = (4, 1, 77);
    record.handshake = raw::Arrival { ifindex: 2, ip_id: 9, ttl: 61, present: 1 };
    let whole = record.as_bytes();
    let before = &whole[..whole.len() - size_of::<raw::Arrival>()];
    let told = |bytes| match decoder().decode(bytes).map(|event| event.what) {
        Some(What::ReceiveReset(reset)) => (reset.timers.user_timeout, reset.handshake),
        other => panic!("{other:?}"),
    };
    assert_eq!(told(whole), (77, Some(Arrival { ttl: 61, ip_id: 9, ifindex: Some(2) })));
    assert_eq!(told(before), (77, None));
    assert_eq!(decoder().decode(&before[..before.len() - 1]), None);
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
        let _ = decoder().decode(&bytes);
    }

    /// The same, past the header's door: every kind with arbitrary contents.
    #[test]
    fn arbitrary_contents_never_panic(
        kind in 0..=20_u8,
        family in prop::sample::select(vec![0_u8, 4, 6]),
        mut bytes in prop::collection::vec(any::<u8>(), 420),
    ) {
        bytes[30] = kind;
        for place in (32..bytes.len() - 8).step_by(4) {
            if bytes[place].is_multiple_of(4) { bytes[place] = family; }
        }
        let mut decoder = decoder();
        let decoded = decoder.decode(&bytes);
        prop_assert_eq!(decoder.malformed(), u64::from(decoded.is_none()));
    }
}

#[test]
fn a_call_that_failed_has_who_denied_it_and_who_holds_the_port() {
    let mut record = raw::CallFailed::new_zeroed();
    record.call.header.kind = Kind::ListenFailed as u8;
    record.call.requested = tuple(
        4,
        mapped(1)[12..].iter().chain(&[0; 12]).copied().collect::<Vec<_>>().try_into().expect("16 bytes"),
        [0; 16],
    );
    record.call.result = -98;
    record.call.denied_by = abi::denied_by::SECURITY_MODULE;
    let Some(What::CallFailed(failed)) = decoder().decode(record.as_bytes()).map(|event| event.what) else {
        panic!("no call")
    };
    assert_eq!((failed.call, failed.bind.errno), (ServerCall::Listen, 98));
    assert_eq!(failed.bind.requested, addr("127.0.0.1:40000"));
    assert_eq!(failed.denied_by, Some(crate::event::DeniedBy::SecurityModule));
    assert_eq!(failed.holders, None, "no walk was made");
}
