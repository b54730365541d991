//! The kernel half of tcpx: a table of hooks and backends. Each program finds its arguments in its context and hands
//! them to the hook, which does not know how it was attached.
#![no_std]
#![no_main]
#![feature(asm_experimental_arch)]
#![expect(
    clippy::inline_always,
    reason = "a call costs the verifier a frame of 512 bytes; what is called is chosen by hand"
)]
#![expect(unreachable_pub, reason = "in a binary, pub says what the other modules use")]
#![expect(unsafe_code, reason = "section and symbol names are how the loader finds programs")]

mod args;
mod calls;
mod emit;
mod hooks;
mod in_hand;
mod kernel;
mod maps;
mod walk;

use core::ffi::c_void;

use args::Env;
use calls::End;
use hooks::{
    active_reset, bind, conn_request, connect, denied, drop, fork, handshake, icmp, listen, mini_socket, nat,
    quiet_reset, receive, receive_reset, reject, retransmit, send_reset, state,
};
use kernel::Typed;
use maps::offset;
use tcpx_common::abi::{Backend, Hook};

/// One program: its section says how it is attached, its name is how the reader finds it.
macro_rules! programs {
    ($($section:literal $name:ident ($hook:ident, $backend:ident) |$env:ident| $body:expr;)+) => {
        $(
            #[unsafe(no_mangle)]
            #[unsafe(link_section = $section)]
            extern "C" fn $name(ctx: *mut c_void) -> i32 {
                let $env = Env::new(ctx, Hook::$hook, Backend::$backend);
                $body;
                0
            }
        )+
    };
}

/// An argument, by the name of its slot.
macro_rules! arg {
    ($env:ident, $slot:ident) => {
        $env.arg(offset!($slot))
    };
}

/// An argument that not every kernel's function has.
macro_rules! maybe {
    ($env:ident, $slot:ident) => {
        $env.maybe(offset!($slot))
    };
}

programs! {
    "raw_tp" state_tp(State, Tracepoint) |e|
        state::changed::<u64>(e, arg!(e, arg_tp_state_sk), arg!(e, arg_tp_state_old), arg!(e, arg_tp_state_new));
    "tp_btf" state_btf(State, Tracepoint) |e|
        state::changed::<Typed>(e, arg!(e, arg_tp_state_sk), arg!(e, arg_tp_state_old), arg!(e, arg_tp_state_new));
    "fentry" state_fentry(State, Fentry) |e| state::stored(e, arg!(e, arg_state_sk), arg!(e, arg_state_new));
    "fentry" state_set_fentry(State, Fentry) |e| state::stored(e, arg!(e, arg_state_sk), arg!(e, arg_state_new));
    "kprobe" state_kprobe(State, Kprobe) |e| state::stored(e, arg!(e, arg_state_sk), arg!(e, arg_state_new));

    "tracepoint" connect_enter_tp(Connect, Tracepoint) |e| calls::called(e.syscall_word(0), e.syscall_word(1), End::Remote);
    "tracepoint" connect_exit_tp(Connect, Tracepoint) |e| connect::returned(e, e.syscall_word(0) as i32);
    "fentry" connect_fentry(Connect, Fentry) |e|
        calls::entered(arg!(e, arg_connect_socket), arg!(e, arg_connect_addr), End::Remote);
    "fexit" connect_fexit(Connect, Fentry) |e| connect::returned(e, arg!(e, ret_connect).unwrap_or(0) as i32);
    "kprobe" connect_kprobe(Connect, Kprobe) |e|
        calls::entered(arg!(e, arg_connect_socket), arg!(e, arg_connect_addr), End::Remote);
    "kretprobe" connect_kretprobe(Connect, Kprobe) |e| connect::returned(e, e.returned() as i32);

    "tracepoint" bind_enter_tp(Bind, Tracepoint) |e| calls::called(e.syscall_word(0), e.syscall_word(1), End::Local);
    "tracepoint" bind_exit_tp(Bind, Tracepoint) |e| bind::returned(e, e.syscall_word(0) as i32);
    "fentry" bind_fentry(Bind, Fentry) |e| calls::entered(arg!(e, arg_bind_socket), arg!(e, arg_bind_addr), End::Local);
    "fexit" bind_fexit(Bind, Fentry) |e| bind::returned(e, arg!(e, ret_bind).unwrap_or(0) as i32);
    "fentry" bind6_fentry(Bind, Fentry) |e| calls::entered(arg!(e, arg_bind_socket), arg!(e, arg_bind_addr), End::Local);
    "fexit" bind6_fexit(Bind, Fentry) |e| bind::returned(e, arg!(e, ret_bind).unwrap_or(0) as i32);
    "kprobe" bind_kprobe(Bind, Kprobe) |e| calls::entered(arg!(e, arg_bind_socket), arg!(e, arg_bind_addr), End::Local);
    "kretprobe" bind_kretprobe(Bind, Kprobe) |e| bind::returned(e, e.returned() as i32);

    "tracepoint" listen_enter_tp(Listen, Tracepoint) |e| listen::called(e.syscall_word(0));
    "tracepoint" listen_exit_tp(Listen, Tracepoint) |e| listen::returned(e, e.syscall_word(0) as i32);
    "fentry" listen_fentry(Listen, Fentry) |e| listen::entered(arg!(e, arg_listen_socket));
    "fexit" listen_fexit(Listen, Fentry) |e| listen::returned(e, arg!(e, ret_listen).unwrap_or(0) as i32);
    "kprobe" listen_kprobe(Listen, Kprobe) |e| listen::entered(arg!(e, arg_listen_socket));
    "kretprobe" listen_kretprobe(Listen, Kprobe) |e| listen::returned(e, e.returned() as i32);

    "fentry" may_connect_fentry(Denied, Fentry) |e|
        calls::entered(arg!(e, arg_may_connect_socket), arg!(e, arg_may_connect_addr), End::Remote);
    "fexit" may_connect_fexit(Denied, Fentry) |e|
        denied::connect(e, arg!(e, ret_may_connect).unwrap_or(0) as i32);
    "fentry" may_bind_fentry(Denied, Fentry) |e|
        calls::entered(arg!(e, arg_may_bind_socket), arg!(e, arg_may_bind_addr), End::Local);
    "fexit" may_bind_fexit(Denied, Fentry) |e| denied::bind(e, arg!(e, ret_may_bind).unwrap_or(0) as i32);
    "fentry" may_listen_fentry(Denied, Fentry) |e| listen::entered(arg!(e, arg_may_listen_socket));
    "fexit" may_listen_fexit(Denied, Fentry) |e| denied::listen(e, arg!(e, ret_may_listen).unwrap_or(0) as i32);
    "fexit" by_program_fexit(Denied, Fentry) |e| denied::by_program(arg!(e, ret_by_program).unwrap_or(0) as i32);
    "kprobe" may_connect_kprobe(Denied, Kprobe) |e|
        calls::entered(arg!(e, arg_may_connect_socket), arg!(e, arg_may_connect_addr), End::Remote);
    "kretprobe" may_connect_kretprobe(Denied, Kprobe) |e| denied::connect(e, e.returned() as i32);
    "kprobe" may_bind_kprobe(Denied, Kprobe) |e|
        calls::entered(arg!(e, arg_may_bind_socket), arg!(e, arg_may_bind_addr), End::Local);
    "kretprobe" may_bind_kretprobe(Denied, Kprobe) |e| denied::bind(e, e.returned() as i32);
    "kprobe" may_listen_kprobe(Denied, Kprobe) |e| listen::entered(arg!(e, arg_may_listen_socket));
    "kretprobe" may_listen_kretprobe(Denied, Kprobe) |e| denied::listen(e, e.returned() as i32);
    "kretprobe" by_program_kretprobe(Denied, Kprobe) |e| denied::by_program(e.returned() as i32);

    "fentry" receive_fentry(Receive, Fentry) |e| receive::received(e, arg!(e, arg_rcv_skb));
    "fentry" receive6_fentry(Receive, Fentry) |e| receive::received(e, arg!(e, arg_rcv_skb));
    "kprobe" receive_kprobe(Receive, Kprobe) |e| receive::received(e, arg!(e, arg_rcv_skb));

    "fexit" established_fexit(LookupEstablished, Fentry) |e|
        receive::looked_up_established(e, arg!(e, ret_established));
    "fexit" established6_fexit(LookupEstablished, Fentry) |e|
        receive::looked_up_established(e, arg!(e, ret_established6));
    "kretprobe" established_kretprobe(LookupEstablished, Kprobe) |e|
        receive::looked_up_established(e, Some(e.returned()));
    "fexit" listener_fexit(LookupListener, Fentry) |e| receive::looked_up_listener(e, arg!(e, ret_listener));
    "fexit" listener6_fexit(LookupListener, Fentry) |e| receive::looked_up_listener(e, arg!(e, ret_listener6));
    "kretprobe" listener_kretprobe(LookupListener, Kprobe) |e| receive::looked_up_listener(e, Some(e.returned()));

    "fexit" sk_lookup_fexit(SkLookup, Fentry) |e|
        receive::program_chose(arg!(e, ret_sk_lookup), maybe!(e, arg_sk_lookup_skb));
    "fexit" sk_lookup6_fexit(SkLookup, Fentry) |e|
        receive::program_chose(arg!(e, ret_sk_lookup6), maybe!(e, arg_sk_lookup_skb));
    "kretprobe" sk_lookup_kretprobe(SkLookup, Kprobe) |e|
        receive::program_chose(Some(e.returned()), args::Arg::ABSENT);
    "fexit" reuseport_fexit(Reuseport, Fentry) |e|
        receive::program_chose(arg!(e, ret_reuseport), maybe!(e, arg_reuseport_skb));
    "kretprobe" reuseport_kretprobe(Reuseport, Kprobe) |e|
        receive::program_chose(Some(e.returned()), args::Arg::ABSENT);

    "raw_tp" send_reset_tp(SendReset, Tracepoint) |e| send_reset::traced::<u64>(
        e, arg!(e, arg_tp_reset_sk), arg!(e, arg_tp_reset_skb), maybe!(e, arg_tp_reset_reason));
    "tp_btf" send_reset_btf(SendReset, Tracepoint) |e| send_reset::traced::<Typed>(
        e, arg!(e, arg_tp_reset_sk), arg!(e, arg_tp_reset_skb), maybe!(e, arg_tp_reset_reason));
    "fentry" send_reset_fentry(SendReset, Fentry) |e| send_reset::called::<Typed>(
        e, arg!(e, arg_reply_sk), arg!(e, arg_reply_skb), maybe!(e, arg_reply_reason));
    "fentry" send_reset6_fentry(SendReset, Fentry) |e| send_reset::called::<Typed>(
        e, arg!(e, arg_reply_sk), arg!(e, arg_reply_skb), maybe!(e, arg_reply_reason));
    "kprobe" send_reset_kprobe(SendReset, Kprobe) |e| send_reset::called::<u64>(
        e, arg!(e, arg_reply_sk), arg!(e, arg_reply_skb), maybe!(e, arg_reply_reason));

    "fentry" active_reset_fentry(ActiveReset, Fentry) |e|
        active_reset::sent(e, arg!(e, arg_active_sk), maybe!(e, arg_active_reason));
    "kprobe" active_reset_kprobe(ActiveReset, Kprobe) |e|
        active_reset::sent(e, arg!(e, arg_active_sk), maybe!(e, arg_active_reason));

    "raw_tp" receive_reset_tp(ReceiveReset, Tracepoint) |e|
        receive_reset::received::<u64>(e, arg!(e, arg_tp_receive_sk), args::Arg::ABSENT);
    "tp_btf" receive_reset_btf(ReceiveReset, Tracepoint) |e|
        receive_reset::received::<Typed>(e, arg!(e, arg_tp_receive_sk), args::Arg::ABSENT);
    "fentry" receive_reset_fentry(ReceiveReset, Fentry) |e|
        receive_reset::received::<Typed>(e, arg!(e, arg_receive_sk), maybe!(e, arg_receive_skb));
    "kprobe" receive_reset_kprobe(ReceiveReset, Kprobe) |e|
        receive_reset::received::<u64>(e, arg!(e, arg_receive_sk), maybe!(e, arg_receive_skb));

    "fentry" icmp_fentry(Icmp, Fentry) |e| icmp::received4(e, arg!(e, arg_icmp4_skb));
    "fentry" icmp6_fentry(Icmp, Fentry) |e| icmp::received6(
        e, arg!(e, arg_icmp6_skb), arg!(e, arg_icmp6_type), arg!(e, arg_icmp6_code), arg!(e, arg_icmp6_offset));
    "kprobe" icmp_kprobe(Icmp, Kprobe) |e| icmp::received4(e, arg!(e, arg_icmp4_skb));
    "kprobe" icmp6_kprobe(Icmp, Kprobe) |e| icmp::received6(
        e, arg!(e, arg_icmp6_skb), arg!(e, arg_icmp6_type), arg!(e, arg_icmp6_code), arg!(e, arg_icmp6_offset));

    "raw_tp" icmp_send_tp(IcmpSend, Tracepoint) |e| icmp::sent(
        e, arg!(e, arg_tp_icmp_send_skb), arg!(e, arg_tp_icmp_send_type), arg!(e, arg_tp_icmp_send_code));
    "fentry" icmp_send_fentry(IcmpSend, Fentry) |e| icmp::sent(
        e, arg!(e, arg_icmp_send_skb), arg!(e, arg_icmp_send_type), arg!(e, arg_icmp_send_code));
    "fentry" icmp6_send_fentry(IcmpSend, Fentry) |e| icmp::sent(
        e, arg!(e, arg_icmp6_send_skb), arg!(e, arg_icmp6_send_type), arg!(e, arg_icmp6_send_code));
    "kprobe" icmp_send_kprobe(IcmpSend, Kprobe) |e| icmp::sent(
        e, arg!(e, arg_icmp_send_skb), arg!(e, arg_icmp_send_type), arg!(e, arg_icmp_send_code));
    "kprobe" icmp6_send_kprobe(IcmpSend, Kprobe) |e| icmp::sent(
        e, arg!(e, arg_icmp6_send_skb), arg!(e, arg_icmp6_send_type), arg!(e, arg_icmp6_send_code));

    "fentry" reject_fentry(Reject, Fentry) |e| reject::sent(e, arg!(e, arg_reject_new), arg!(e, arg_reject_skb));
    "kprobe" reject_kprobe(Reject, Kprobe) |e| reject::sent(e, arg!(e, arg_reject_new), arg!(e, arg_reject_skb));

    "fentry" conn_request_fentry(ConnRequest, Fentry) |e|
        conn_request::entered(e, arg!(e, arg_request_sk), arg!(e, arg_request_skb));
    "kprobe" conn_request_kprobe(ConnRequest, Kprobe) |e|
        conn_request::entered(e, arg!(e, arg_request_sk), arg!(e, arg_request_skb));

    "fexit" route_fexit(SynRefused, Fentry) |e| conn_request::routed(e, arg!(e, ret_route));
    "fexit" route6_fexit(SynRefused, Fentry) |e| conn_request::routed(e, arg!(e, ret_route6));
    "kretprobe" route_kretprobe(SynRefused, Kprobe) |e| conn_request::routed(e, Some(e.returned()));
    "fexit" security_fexit(SynRefused, Fentry) |e| conn_request::judged(e, arg!(e, ret_security));
    "kretprobe" security_kretprobe(SynRefused, Kprobe) |e| conn_request::judged(e, Some(e.returned()));

    "fexit" check_req_fexit(MiniSocket, Fentry) |e| mini_socket::request_decided(
        e, arg!(e, arg_check_sk), arg!(e, arg_check_skb), arg!(e, arg_check_req), arg!(e, ret_check));
    "fexit" time_wait_fexit(MiniSocket, Fentry) |e| mini_socket::time_wait_decided(
        e, arg!(e, arg_tw), arg!(e, arg_tw_skb), arg!(e, ret_tw));
    "kprobe" check_req_kprobe(MiniSocket, Kprobe) |e| mini_socket::meets_request(
        arg!(e, arg_check_sk), arg!(e, arg_check_skb), arg!(e, arg_check_req));
    "kretprobe" check_req_kretprobe(MiniSocket, Kprobe) |e| mini_socket::request_returned(e, e.returned());
    "kprobe" time_wait_kprobe(MiniSocket, Kprobe) |e| mini_socket::meets_time_wait(
        arg!(e, arg_tw), arg!(e, arg_tw_skb));
    "kretprobe" time_wait_kretprobe(MiniSocket, Kprobe) |e| mini_socket::time_wait_returned(e, e.returned());

    "raw_tp" drop_tp(Drop, Tracepoint) |e| drop::dropped(e, arg!(e, arg_tp_drop_skb), drop::Facts {
        location: arg!(e, arg_tp_drop_location).unwrap_or(0), reason: maybe!(e, arg_tp_drop_reason),
        sk: maybe!(e, arg_tp_drop_sk) });
    "fentry" drop_fentry(Drop, Fentry) |e| drop::dropped(e, arg!(e, arg_drop_skb), drop::Facts {
        location: drop::caller_from_stack(e), reason: maybe!(e, arg_drop_reason), sk: maybe!(e, arg_drop_sk) });
    "kprobe" drop_kprobe(Drop, Kprobe) |e| drop::dropped(e, arg!(e, arg_drop_skb), drop::Facts {
        location: drop::caller(e), reason: maybe!(e, arg_drop_reason), sk: maybe!(e, arg_drop_sk) });

    "fentry" validated_fentry(QuietReset, Fentry) |e|
        quiet_reset::validated(e, arg!(e, arg_validated_sk), arg!(e, arg_validated_skb));
    "kprobe" validated_kprobe(QuietReset, Kprobe) |e|
        quiet_reset::validated(e, arg!(e, arg_validated_sk), arg!(e, arg_validated_skb));

    "raw_tp" retransmit_tp(Retransmit, Tracepoint) |e| retransmit::sent(e, arg!(e, arg_tp_retransmit_sk));
    "fentry" retransmit_fentry(Retransmit, Fentry) |e| retransmit::sent(e, arg!(e, arg_retransmit_sk));
    "kprobe" retransmit_kprobe(Retransmit, Kprobe) |e| retransmit::sent(e, arg!(e, arg_retransmit_sk));

    "fentry" finish_connect_fentry(Handshake, Fentry) |e|
        handshake::completes(arg!(e, arg_finish_sk), arg!(e, arg_finish_skb));
    "fentry" child_fentry(Handshake, Fentry) |e| handshake::completes(arg!(e, arg_child_sk), arg!(e, arg_child_skb));
    "kprobe" finish_connect_kprobe(Handshake, Kprobe) |e|
        handshake::completes(arg!(e, arg_finish_sk), arg!(e, arg_finish_skb));
    "kprobe" child_kprobe(Handshake, Kprobe) |e| handshake::completes(arg!(e, arg_child_sk), arg!(e, arg_child_skb));

    "raw_tp" nat_tp(Nat, Tracepoint) |e| nat::queued(e, arg!(e, arg_tp_queue_skb));
    "fentry" nat_queue_fentry(Nat, Fentry) |e| nat::queued(e, arg!(e, arg_queue_skb));
    "fentry" nat_fentry(Nat, Fentry) |e| nat::confirmed(e, arg!(e, arg_confirm_skb));
    "kprobe" nat_kprobe(Nat, Kprobe) |e| nat::confirmed(e, arg!(e, arg_confirm_skb));

    "raw_tp" fork_tp(Fork, Tracepoint) |e| fork::forked(e, arg!(e, arg_tp_fork_child));
}

/// Some helpers need a GPL-compatible licence.
#[unsafe(no_mangle)]
#[unsafe(link_section = "license")]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
