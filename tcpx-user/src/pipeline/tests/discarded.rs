//! Silent drops below and beside TCP.

use std::sync::Arc;

use super::scene::*;
use crate::{
    abilities::Abilities,
    event::*,
    line::Confidence::{self, *},
};

/// A SYN from another host that was freed there for that reason, and the verdict on it.
fn dropped(from: &str, reason: Option<&str>, function: &str) -> (&'static str, Confidence, String) {
    let call = call(from, "10.0.0.1:80");
    let mut events = vec![call.drops(S, reason, function), call.drops(2 * S, reason, function)];
    for event in &mut events {
        let What::Drop(drop) = &mut event.what else { unreachable!() };
        Arc::make_mut(drop).segment.device = Some("eth0".into());
    }
    let told = run(Abilities::ALL, &events);
    let (id, confidence, first) = gist(&told.drop().verdict);
    (id, confidence, first.to_owned())
}

fn verdict(reason: Option<&str>, function: &str) -> (&'static str, Confidence) {
    let (id, confidence, _) = dropped("192.0.2.1:4", reason, function);
    (id, confidence)
}

#[test]
fn the_kernels_reason_says_all() {
    for (reason, id) in [
        ("IP_RPFILTER", "rp-filter"),
        ("IP_LOCAL_SOURCE", "martian"),
        ("TCP_CSUM", "bad-checksum"),
        ("TCP_MINTTL", "min-ttl"),
        ("TCP_MD5NOTFOUND", "auth-failed"),
        ("TCP_AOFAILURE", "auth-failed"),
        ("XFRM_POLICY", "xfrm-policy"),
        ("SOCKET_FILTER", "socket-filter-drop"),
        ("TC_INGRESS", "tc-xdp-drop"),
        ("BPF_CGROUP_EGRESS", "egress-drop"),
        ("NETFILTER_DROP", "netfilter-drop"),
    ] {
        assert_eq!(verdict(Some(reason), "anywhere"), (id, Observed), "{reason}");
    }
    assert_eq!(verdict(Some("SOCKET_BACKLOG"), "tcp_v4_rcv"), ("unknown", Unknown));
}

#[test]
fn the_attempt_takes_the_verdict_and_the_sentence_says_where() {
    let call = call("10.0.0.1:40000", "10.0.0.2:80");
    let drop = |time| call.drops(time, Some("BPF_CGROUP_EGRESS"), "ip_finish_output");
    let events = [
        call.starts(S),
        drop(S + 1),
        call.again(2 * S, 1, None),
        drop(2 * S + 1),
        call.gives_up(3 * S, 0, 1),
    ];
    let told = run(Abilities::ALL, &events);
    let (id, confidence, first) = gist(&told.attempt().verdict);
    assert_eq!((id, confidence), ("egress-drop", Observed));
    assert!(first.starts_with("The kernel dropped the SYN from 10.0.0.1:40000 to 10.0.0.2:80"), "{first}");
    assert!(first.ends_with("does not let it out (ip_finish_output)."), "{first}");
}

#[test]
fn the_place_is_enough_where_nothing_else_frees() {
    assert_eq!(verdict(Some("NOT_SPECIFIED"), "do_xdp_generic"), ("tc-xdp-drop", Observed));
    assert_eq!(verdict(None, "do_xdp_generic"), ("tc-xdp-drop", Derived));
    assert_eq!(verdict(None, "__netif_receive_skb_core.constprop.0"), ("tc-xdp-drop", Derived));
    assert_eq!(verdict(None, "ip_finish_output"), ("egress-drop", Derived));
    // Kernels that have reasons give one there.
    assert_eq!(verdict(Some("NOT_SPECIFIED"), "__netif_receive_skb_core"), ("unknown", Unknown));
}

#[test]
fn an_address_that_cannot_be_is_a_martian() {
    for from in ["127.0.0.5:4", "224.0.0.1:4", "0.0.0.0:4"] {
        let (id, confidence, _) = dropped(from, None, "ip_rcv_finish_core.isra.0");
        assert_eq!((id, confidence), ("martian", Derived), "{from}");
    }
    // Reverse path filtering has a reason of its own since 5.17; before, its counter tells.
    assert_eq!(verdict(Some("NOT_SPECIFIED"), "ip_rcv_finish_core"), ("martian", Derived));
    assert_eq!(verdict(None, "ip_rcv_finish_core"), ("unknown", Unknown));
    counters_say(&[("IPReversePathFilter", 2)], None);
    assert_eq!(verdict(None, "ip_rcv_finish_core"), ("rp-filter", Derived));
    counters_say(&[("IPReversePathFilter", 0)], None);
    assert_eq!(verdict(None, "ip_rcv_finish_core"), ("martian", Derived));
}

#[test]
fn in_tcp_the_counter_that_moved_tells_unless_two_did() {
    assert_eq!(verdict(None, "tcp_v4_rcv"), ("unknown", Unknown));
    for (counter, id) in [
        ("InCsumErrors", "bad-checksum"),
        ("TCPMinTTLDrop", "min-ttl"),
        ("TCPMD5Failure", "auth-failed"),
        ("XfrmInPolBlock", "xfrm-policy"),
    ] {
        counters_say(&[(counter, 2)], None);
        assert_eq!(verdict(None, "tcp_v4_rcv"), (id, Derived));
        counters_say(&[(counter, 2), ("TCPMD5NotFound", 1), ("XfrmInNoPols", 1)], None);
        assert_eq!(verdict(None, "tcp_v4_rcv"), ("unknown", Unknown), "{counter}");
    }
    // Kernels with reasons leave only this one open, up to 6.1.
    counters_say(&[("TCPMinTTLDrop", 2), ("InCsumErrors", 7)], None);
    assert_eq!(verdict(Some("NOT_SPECIFIED"), "tcp_v4_rcv"), ("min-ttl", Derived));
    counters_say(&[("InCsumErrors", 7)], None);
    assert_eq!(verdict(Some("NOT_SPECIFIED"), "tcp_v4_rcv"), ("unknown", Unknown));
}

#[test]
fn what_conntrack_drops_for_want_of_room_is_no_rule() {
    let full = ("nf_conntrack drop", 2);
    for (counters, room, function, id) in [
        (&[full][..], Some((8, 8)), "nf_hook_slow", "conntrack-full"),
        (&[full], Some((7, 8)), "nf_hook_slow", "netfilter-drop"),
        (&[("nf_conntrack drop", 0)], Some((8, 8)), "nf_hook_slow", "netfilter-drop"),
        (&[full], Some((8, 8)), "nft_do_chain", "netfilter-drop"),
        (&[("nf_conntrack insert_failed", 2)], Some((2, 8)), "nf_hook_slow", "conntrack-insert-failed"),
        (&[("nf_conntrack insert_failed", 1)], Some((2, 8)), "nf_hook_slow", "netfilter-drop"),
        (&[full, ("nf_conntrack insert_failed", 2)], Some((8, 8)), "nf_hook_slow", "netfilter-drop"),
    ] {
        counters_say(counters, room);
        let got = verdict(Some("NETFILTER_DROP"), function);
        let confidence = if id == "netfilter-drop" { Observed } else { Derived };
        assert_eq!(got, (id, confidence), "{counters:?} {room:?} {function}");
    }
}
