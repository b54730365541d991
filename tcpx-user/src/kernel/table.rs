//! The hook table: for each hook and backend the programs of the object, where each is attached, and which places of
//! the kernel's structures they cannot do without. Knowledge of kernels stands here, as data, and nowhere else.

use tcpx_common::abi::{Backend, Hook};

/// Where a program is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attach {
    /// Raw tracepoint.
    RawTracepoint(&'static str),
    /// The same, by a program to whose arguments the verifier gives their types.
    TypedTracepoint(&'static str),
    /// `syscalls:` tracepoint.
    Syscall(&'static str),
    /// Trampoline at a function's entry.
    Fentry(&'static str),
    /// Trampoline at a function's exit.
    Fexit(&'static str),
    /// kprobe at a function's entry.
    Kprobe(&'static str),
    /// kretprobe.
    Kretprobe(&'static str),
}

impl Attach {
    /// Function or tracepoint.
    #[must_use]
    pub const fn target(self) -> &'static str {
        match self {
            Self::RawTracepoint(name)
            | Self::TypedTracepoint(name)
            | Self::Syscall(name)
            | Self::Fentry(name)
            | Self::Fexit(name)
            | Self::Kprobe(name)
            | Self::Kretprobe(name) => name,
        }
    }
}

/// One way to get a hook's answer.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// Hook.
    pub hook: Hook,
    /// Backend.
    pub backend: Backend,
    /// Program in the object, and its place. All must attach.
    pub programs: &'static [(&'static str, Attach)],
    /// Fields of `Offsets` without which the hook would tell nothing or lie.
    pub needs: &'static [&'static str],
}

/// Sockets can be named: what nearly every hook reads.
const SOCK: &[&str] = &[
    "skc_daddr",
    "skc_rcv_saddr",
    "skc_dport",
    "skc_num",
    "skc_family",
    "skc_state",
    "skc_net",
    "skc_v6_daddr",
    "skc_v6_rcv_saddr",
    "sk_protocol",
    "net_inum",
];
/// Packets can be named.
const PACKET: &[&str] = &[
    "skb_head",
    "skb_transport_header",
    "skb_network_header",
    "skb_protocol",
    "skb_dev",
    "skb_refdst",
    "dst_dev",
    "dev_net",
    "net_inum",
];

macro_rules! ways {
    ($($hook:ident $backend:ident [$($program:literal => $attach:ident $target:literal),+] needs [$($need:literal),*];)+) => {
        &[$(Way {
            hook: Hook::$hook,
            backend: Backend::$backend,
            programs: &[$(($program, Attach::$attach($target))),+],
            needs: &[$($need),*],
        }),+]
    };
}

/// All ways, for each hook in the order of cost.
pub const WAYS: &[Way] = ways! {
    State Tracepoint ["state_btf" => TypedTracepoint "inet_sock_set_state"]
        needs ["arg_tp_state_sk", "arg_tp_state_old", "arg_tp_state_new", "sk_err", "sk_err_soft", "sk_socket"];
    State Tracepoint ["state_tp" => RawTracepoint "inet_sock_set_state"]
        needs ["arg_tp_state_sk", "arg_tp_state_old", "arg_tp_state_new", "sk_err", "sk_err_soft", "sk_socket"];
    State Fentry ["state_fentry" => Fentry "inet_sk_state_store", "state_set_fentry" => Fentry "inet_sk_set_state"]
        needs ["arg_state_sk", "arg_state_new", "sk_err", "sk_err_soft", "sk_socket"];
    State Kprobe ["state_kprobe" => Kprobe "inet_sk_state_store", "state_kprobe" => Kprobe "inet_sk_set_state"]
        needs ["arg_state_sk", "arg_state_new", "sk_err", "sk_err_soft", "sk_socket"];

    Connect Fentry ["connect_fentry" => Fentry "__inet_stream_connect", "connect_fexit" => Fexit "__inet_stream_connect"]
        needs ["arg_connect_socket", "arg_connect_addr", "ret_connect", "socket_sk", "socket_state"];
    Connect Kprobe ["connect_kprobe" => Kprobe "__inet_stream_connect", "connect_kretprobe" => Kretprobe "__inet_stream_connect"]
        needs ["arg_connect_socket", "arg_connect_addr", "socket_sk", "socket_state"];
    Connect Tracepoint ["connect_enter_tp" => Syscall "sys_enter_connect", "connect_exit_tp" => Syscall "sys_exit_connect"]
        needs ["task_files", "files_fdt", "fdt_fd", "fdt_max", "file_private", "socket_file", "socket_sk", "socket_state"];

    Bind Fentry ["bind_fentry" => Fentry "inet_bind", "bind_fexit" => Fexit "inet_bind",
                 "bind6_fentry" => Fentry "inet6_bind", "bind6_fexit" => Fexit "inet6_bind"]
        needs ["arg_bind_socket", "arg_bind_addr", "ret_bind", "socket_sk", "socket_inode", "inode_ino"];
    Bind Kprobe ["bind_kprobe" => Kprobe "inet_bind", "bind_kprobe" => Kprobe "inet6_bind",
                 "bind_kretprobe" => Kretprobe "inet_bind", "bind_kretprobe" => Kretprobe "inet6_bind"]
        needs ["arg_bind_socket", "arg_bind_addr", "socket_sk", "socket_inode", "inode_ino"];
    Bind Tracepoint ["bind_enter_tp" => Syscall "sys_enter_bind", "bind_exit_tp" => Syscall "sys_exit_bind"]
        needs ["task_files", "files_fdt", "fdt_fd", "fdt_max", "file_private", "socket_file", "socket_sk",
               "socket_inode", "inode_ino"];

    Listen Fentry ["listen_fentry" => Fentry "inet_listen", "listen_fexit" => Fexit "inet_listen"]
        needs ["arg_listen_socket", "ret_listen", "socket_sk", "socket_inode", "inode_ino"];
    Listen Kprobe ["listen_kprobe" => Kprobe "inet_listen", "listen_kretprobe" => Kretprobe "inet_listen"]
        needs ["arg_listen_socket", "socket_sk", "socket_inode", "inode_ino"];
    Listen Tracepoint ["listen_enter_tp" => Syscall "sys_enter_listen", "listen_exit_tp" => Syscall "sys_exit_listen"]
        needs ["task_files", "files_fdt", "fdt_fd", "fdt_max", "file_private", "socket_file", "socket_sk",
               "socket_inode", "inode_ino"];

    Denied Fentry ["may_connect_fentry" => Fentry "security_socket_connect", "may_connect_fexit" => Fexit "security_socket_connect",
                   "may_bind_fentry" => Fentry "security_socket_bind", "may_bind_fexit" => Fexit "security_socket_bind",
                   "may_listen_fentry" => Fentry "security_socket_listen", "may_listen_fexit" => Fexit "security_socket_listen",
                   "by_program_fexit" => Fexit "__cgroup_bpf_run_filter_sock_addr"]
        needs ["arg_may_connect_socket", "arg_may_connect_addr", "ret_may_connect", "arg_may_bind_socket", "arg_may_bind_addr",
               "ret_may_bind", "arg_may_listen_socket", "ret_may_listen", "ret_by_program", "socket_sk", "socket_state"];
    Denied Kprobe ["may_connect_kprobe" => Kprobe "security_socket_connect", "may_connect_kretprobe" => Kretprobe "security_socket_connect",
                   "may_bind_kprobe" => Kprobe "security_socket_bind", "may_bind_kretprobe" => Kretprobe "security_socket_bind",
                   "may_listen_kprobe" => Kprobe "security_socket_listen", "may_listen_kretprobe" => Kretprobe "security_socket_listen",
                   "by_program_kretprobe" => Kretprobe "__cgroup_bpf_run_filter_sock_addr"]
        needs ["arg_may_connect_socket", "arg_may_connect_addr", "arg_may_bind_socket", "arg_may_bind_addr",
               "arg_may_listen_socket", "socket_sk", "socket_state"];

    Receive Fentry ["receive_fentry" => Fentry "tcp_v4_rcv", "receive6_fentry" => Fentry "tcp_v6_rcv"]
        needs ["arg_rcv_skb", "skb_data", "skb_sk"];
    Receive Kprobe ["receive_kprobe" => Kprobe "tcp_v4_rcv", "receive_kprobe" => Kprobe "tcp_v6_rcv"]
        needs ["arg_rcv_skb", "skb_data", "skb_sk"];
    LookupEstablished Fentry ["established_fexit" => Fexit "__inet_lookup_established",
                              "established6_fexit" => Fexit "__inet6_lookup_established"]
        needs ["ret_established", "ret_established6"];
    LookupEstablished Kprobe ["established_kretprobe" => Kretprobe "__inet_lookup_established",
                              "established_kretprobe" => Kretprobe "__inet6_lookup_established"]
        needs [];
    LookupListener Fentry ["listener_fexit" => Fexit "__inet_lookup_listener", "listener6_fexit" => Fexit "inet6_lookup_listener"]
        needs ["ret_listener", "ret_listener6"];
    LookupListener Kprobe ["listener_kretprobe" => Kretprobe "__inet_lookup_listener",
                           "listener_kretprobe" => Kretprobe "inet6_lookup_listener"]
        needs [];

    SkLookup Fentry ["sk_lookup_fexit" => Fexit "inet_lookup_run_sk_lookup", "sk_lookup6_fexit" => Fexit "inet6_lookup_run_sk_lookup"]
        needs ["ret_sk_lookup", "ret_sk_lookup6", "arg_sk_lookup_skb"];
    SkLookup Kprobe ["sk_lookup_kretprobe" => Kretprobe "inet_lookup_run_sk_lookup",
                     "sk_lookup_kretprobe" => Kretprobe "inet6_lookup_run_sk_lookup"]
        needs ["ret_sk_lookup"];
    Reuseport Fentry ["reuseport_fexit" => Fexit "bpf_run_sk_reuseport"] needs ["ret_reuseport", "arg_reuseport_skb"];
    Reuseport Kprobe ["reuseport_kretprobe" => Kretprobe "bpf_run_sk_reuseport"] needs [];

    SendReset Tracepoint ["send_reset_btf" => TypedTracepoint "tcp_send_reset"]
        needs ["arg_tp_reset_sk", "arg_tp_reset_skb"];
    SendReset Tracepoint ["send_reset_tp" => RawTracepoint "tcp_send_reset"]
        needs ["arg_tp_reset_sk", "arg_tp_reset_skb"];
    SendReset Fentry ["send_reset_fentry" => Fentry "tcp_v4_send_reset", "send_reset6_fentry" => Fentry "tcp_v6_send_reset"]
        needs ["arg_reply_sk", "arg_reply_skb", "rtable_type", "rt6_flags"];
    SendReset Kprobe ["send_reset_kprobe" => Kprobe "tcp_v4_send_reset", "send_reset_kprobe" => Kprobe "tcp_v6_send_reset"]
        needs ["arg_reply_sk", "arg_reply_skb", "rtable_type", "rt6_flags"];

    ActiveReset Tracepoint ["send_reset_btf" => TypedTracepoint "tcp_send_reset"]
        needs ["arg_tp_reset_sk", "arg_tp_reset_skb", "sk_shutdown", "sk_lingertime", "skc_flags", "tp_rcv_nxt", "tp_copied_seq"];
    ActiveReset Tracepoint ["send_reset_tp" => RawTracepoint "tcp_send_reset"]
        needs ["arg_tp_reset_sk", "arg_tp_reset_skb", "sk_shutdown", "sk_lingertime", "skc_flags", "tp_rcv_nxt", "tp_copied_seq"];
    ActiveReset Fentry ["active_reset_fentry" => Fentry "tcp_send_active_reset"]
        needs ["arg_active_sk", "sk_shutdown", "sk_lingertime", "skc_flags", "tp_rcv_nxt", "tp_copied_seq"];
    ActiveReset Kprobe ["active_reset_kprobe" => Kprobe "tcp_send_active_reset"]
        needs ["arg_active_sk", "sk_shutdown", "sk_lingertime", "skc_flags", "tp_rcv_nxt", "tp_copied_seq"];

    ReceiveReset Tracepoint ["receive_reset_btf" => TypedTracepoint "tcp_receive_reset"] needs ["arg_tp_receive_sk"];
    ReceiveReset Tracepoint ["receive_reset_tp" => RawTracepoint "tcp_receive_reset"] needs ["arg_tp_receive_sk"];
    ReceiveReset Fentry ["receive_reset_fentry" => Fentry "tcp_reset"] needs ["arg_receive_sk"];
    ReceiveReset Kprobe ["receive_reset_kprobe" => Kprobe "tcp_reset"] needs ["arg_receive_sk"];

    Icmp Fentry ["icmp_fentry" => Fentry "tcp_v4_err", "icmp6_fentry" => Fentry "tcp_v6_err"]
        needs ["arg_icmp4_skb", "arg_icmp6_skb", "arg_icmp6_type", "arg_icmp6_code", "arg_icmp6_offset", "skb_data"];
    Icmp Kprobe ["icmp_kprobe" => Kprobe "tcp_v4_err", "icmp6_kprobe" => Kprobe "tcp_v6_err"]
        needs ["arg_icmp4_skb", "arg_icmp6_skb", "arg_icmp6_type", "arg_icmp6_code", "arg_icmp6_offset", "skb_data"];

    Icmp Tracepoint ["state_btf" => TypedTracepoint "inet_sock_set_state"]
        needs ["arg_tp_state_sk", "arg_tp_state_old", "arg_tp_state_new", "sk_error_queue", "skb_cb", "exterr_ee", "sk_protocol"];
    Icmp Tracepoint ["state_tp" => RawTracepoint "inet_sock_set_state"]
        needs ["arg_tp_state_sk", "arg_tp_state_old", "arg_tp_state_new", "sk_error_queue", "skb_cb", "exterr_ee", "sk_protocol"];

    IcmpSend Fentry ["icmp_send_fentry" => Fentry "__icmp_send", "icmp6_send_fentry" => Fentry "icmp6_send"]
        needs ["arg_icmp_send_skb", "arg_icmp_send_type", "arg_icmp_send_code", "arg_icmp6_send_skb",
               "arg_icmp6_send_type", "arg_icmp6_send_code"];
    IcmpSend Kprobe ["icmp_send_kprobe" => Kprobe "__icmp_send", "icmp6_send_kprobe" => Kprobe "icmp6_send"]
        needs ["arg_icmp_send_skb", "arg_icmp_send_type", "arg_icmp_send_code", "arg_icmp6_send_skb",
               "arg_icmp6_send_type", "arg_icmp6_send_code"];
    IcmpSend Tracepoint ["icmp_send_tp" => RawTracepoint "icmp_send"]
        needs ["arg_tp_icmp_send_skb", "arg_tp_icmp_send_type", "arg_tp_icmp_send_code"];

    Reject Fentry ["reject_fentry" => Fentry "nf_ct_attach"] needs ["arg_reject_new", "arg_reject_skb"];
    Reject Kprobe ["reject_kprobe" => Kprobe "nf_ct_attach"] needs ["arg_reject_new", "arg_reject_skb"];

    ConnRequest Fentry ["conn_request_fentry" => Fentry "tcp_conn_request"]
        needs ["arg_request_sk", "arg_request_skb", "sk_ack_backlog", "sk_max_ack_backlog", "icsk_qlen"];
    ConnRequest Kprobe ["conn_request_kprobe" => Kprobe "tcp_conn_request"]
        needs ["arg_request_sk", "arg_request_skb", "sk_ack_backlog", "sk_max_ack_backlog", "icsk_qlen"];

    SynRefused Fentry ["route_fexit" => Fexit "inet_csk_route_req", "route6_fexit" => Fexit "inet6_csk_route_req",
                       "security_fexit" => Fexit "security_inet_conn_request"]
        needs ["ret_route", "ret_route6", "ret_security"];
    SynRefused Kprobe ["route_kretprobe" => Kretprobe "inet_csk_route_req", "route_kretprobe" => Kretprobe "inet6_csk_route_req",
                       "security_kretprobe" => Kretprobe "security_inet_conn_request"]
        needs [];

    MiniSocket Fentry ["check_req_fexit" => Fexit "tcp_check_req", "time_wait_fexit" => Fexit "tcp_timewait_state_process"]
        needs ["arg_check_sk", "arg_check_skb", "arg_check_req", "ret_check", "arg_tw", "arg_tw_skb", "ret_tw",
               "ireq_acked", "ireq_acked_mask", "sk_ack_backlog", "sk_max_ack_backlog"];
    MiniSocket Kprobe ["check_req_kprobe" => Kprobe "tcp_check_req", "check_req_kretprobe" => Kretprobe "tcp_check_req",
                       "time_wait_kprobe" => Kprobe "tcp_timewait_state_process",
                       "time_wait_kretprobe" => Kretprobe "tcp_timewait_state_process"]
        needs ["arg_check_sk", "arg_check_skb", "arg_check_req", "arg_tw", "arg_tw_skb", "ireq_acked", "ireq_acked_mask",
               "sk_ack_backlog", "sk_max_ack_backlog"];

    QuietReset Tracepoint ["drop_tp" => RawTracepoint "kfree_skb"]
        needs ["arg_tp_drop_skb", "arg_tp_drop_location", "arg_tp_drop_sk", "tp_rcv_nxt", "tp_rcv_wup", "tp_rcv_wnd"];
    QuietReset Fentry ["drop_fentry" => Fentry "sk_skb_reason_drop"]
        needs ["arg_drop_skb", "arg_drop_sk", "tp_rcv_nxt", "tp_rcv_wup", "tp_rcv_wnd"];
    QuietReset Fentry ["validated_fentry" => Fentry "tcp_validate_incoming"]
        needs ["arg_validated_sk", "arg_validated_skb", "tp_rcv_nxt", "tp_rcv_wup", "tp_rcv_wnd"];
    QuietReset Kprobe ["drop_kprobe" => Kprobe "sk_skb_reason_drop"]
        needs ["arg_drop_skb", "arg_drop_sk", "tp_rcv_nxt", "tp_rcv_wup", "tp_rcv_wnd"];
    QuietReset Kprobe ["validated_kprobe" => Kprobe "tcp_validate_incoming"]
        needs ["arg_validated_sk", "arg_validated_skb", "tp_rcv_nxt", "tp_rcv_wup", "tp_rcv_wnd"];

    Drop Tracepoint ["drop_tp" => RawTracepoint "kfree_skb"] needs ["arg_tp_drop_skb", "arg_tp_drop_location"];
    Drop Fentry ["drop_fentry" => Fentry "sk_skb_reason_drop"] needs ["arg_drop_skb", "arg_drop_reason"];
    Drop Fentry ["drop_fentry" => Fentry "kfree_skb_reason"] needs ["arg_drop_skb", "arg_drop_reason"];
    Drop Fentry ["drop_fentry" => Fentry "kfree_skb"] needs ["arg_drop_skb"];
    Drop Kprobe ["drop_kprobe" => Kprobe "sk_skb_reason_drop"] needs ["arg_drop_skb", "arg_drop_reason"];
    Drop Kprobe ["drop_kprobe" => Kprobe "kfree_skb_reason"] needs ["arg_drop_skb", "arg_drop_reason"];
    Drop Kprobe ["drop_kprobe" => Kprobe "kfree_skb"] needs ["arg_drop_skb"];

    Retransmit Tracepoint ["retransmit_tp" => RawTracepoint "tcp_retransmit_skb"] needs ["arg_tp_retransmit_sk"];
    Retransmit Fentry ["retransmit_fentry" => Fentry "tcp_retransmit_skb"] needs ["arg_retransmit_sk"];
    Retransmit Kprobe ["retransmit_kprobe" => Kprobe "tcp_retransmit_skb"] needs ["arg_retransmit_sk"];

    Handshake Fentry ["finish_connect_fentry" => Fentry "tcp_finish_connect", "child_fentry" => Fentry "tcp_child_process"]
        needs ["arg_finish_sk", "arg_finish_skb", "arg_child_sk", "arg_child_skb", "dev_ifindex"];
    Handshake Kprobe ["finish_connect_kprobe" => Kprobe "tcp_finish_connect", "child_kprobe" => Kprobe "tcp_child_process"]
        needs ["arg_finish_sk", "arg_finish_skb", "arg_child_sk", "arg_child_skb", "dev_ifindex"];

    Nat Fentry ["nat_fentry" => Fentry "__nf_conntrack_confirm"] needs ["arg_confirm_skb"];
    Nat Fentry ["nat_queue_fentry" => Fentry "__dev_queue_xmit"] needs ["arg_queue_skb"];
    Nat Kprobe ["nat_kprobe" => Kprobe "__nf_conntrack_confirm"] needs ["arg_confirm_skb"];
    Nat Tracepoint ["nat_tp" => RawTracepoint "net_dev_queue"] needs ["arg_tp_queue_skb"];

    Fork Tracepoint ["fork_tp" => RawTracepoint "sched_process_fork"] needs ["arg_tp_fork_child", "task_tgid"];
};

/// Conntrack's entry of a packet can be read.
const CONNTRACK: &[&str] = &[
    "skb_head",
    "skb_transport_header",
    "skb_network_header",
    "skb_protocol",
    "skb_nfct",
    "ct_status",
    "ct_tuplehash",
    "ct_hash_stride",
    "ct_hash_tuple",
    "ct_source",
    "ct_source_port",
    "ct_family",
    "ct_destination",
    "ct_destination_port",
];

/// What the hook reads beyond its own arguments.
#[must_use]
pub const fn common_needs(hook: Hook) -> &'static [&'static str] {
    match hook {
        Hook::State
        | Hook::Connect
        | Hook::Bind
        | Hook::Listen
        | Hook::Denied
        | Hook::ActiveReset
        | Hook::ReceiveReset
        | Hook::Retransmit => SOCK,
        Hook::Icmp
        | Hook::IcmpSend
        | Hook::Reject
        | Hook::Drop
        | Hook::SendReset
        | Hook::ConnRequest
        | Hook::SynRefused
        | Hook::MiniSocket
        | Hook::QuietReset
        | Hook::Handshake
        | Hook::Receive
        | Hook::LookupEstablished
        | Hook::LookupListener => PACKET,
        Hook::Nat => CONNTRACK,
        Hook::Fork | Hook::SkLookup | Hook::Reuseport => &[],
    }
}

/// What each hook answers, for `tcpx check`.
#[must_use]
pub const fn question(hook: Hook) -> &'static str {
    match hook {
        Hook::State => "when an attempt or a listener begins and ends",
        Hook::Connect => "what connect() was given, and failures before any packet",
        Hook::Bind => "which process binds which port",
        Hook::Listen => "which listen() failed, and who was there first",
        Hook::Denied => "which calls a security module or a cgroup's program refused",
        Hook::Receive => "segments that enter TCP",
        Hook::LookupEstablished => "hit or miss in the established hash",
        Hook::LookupListener => "hit or miss in the listener hash",
        Hook::SkLookup => "a BPF program of the namespace that refuses a segment",
        Hook::Reuseport => "a BPF program of a SO_REUSEPORT group that refuses a segment",
        Hook::SendReset => "RSTs in answer to a segment",
        Hook::ActiveReset => "RSTs that sockets send of their own accord",
        Hook::ReceiveReset => "RSTs that reach a socket",
        Hook::Icmp => "ICMP errors that reach TCP",
        Hook::IcmpSend => "ICMP errors that this host sends",
        Hook::Reject => "RSTs made by netfilter",
        Hook::ConnRequest => "SYNs at a listener whose queues are full",
        Hook::SynRefused => "SYNs that a listener cannot or may not answer",
        Hook::MiniSocket => "what a request socket or a TIME_WAIT record makes of a segment",
        Hook::QuietReset => "RSTs that are not obeyed",
        Hook::Handshake => "how the segment came that completed a handshake",
        Hook::Drop => "SYNs that the kernel throws away",
        Hook::Retransmit => "SYNs sent again",
        Hook::Nat => "flows that conntrack translates",
        Hook::Fork => "processes of the traced command",
    }
}

/// Functions that the table names for trampolines.
pub fn functions() -> impl Iterator<Item = &'static str> {
    WAYS.iter().flat_map(|way| way.programs).filter_map(|(_, attach)| match attach {
        Attach::Fentry(name) | Attach::Fexit(name) => Some(*name),
        _ => None,
    })
}

/// All functions that the table names, for trampolines or kprobes.
pub fn probed() -> impl Iterator<Item = &'static str> {
    WAYS.iter().flat_map(|way| way.programs).filter_map(|(_, attach)| match attach {
        Attach::RawTracepoint(_) | Attach::TypedTracepoint(_) | Attach::Syscall(_) => None,
        _ => Some(attach.target()),
    })
}

/// Raw tracepoints that the table names.
pub fn tracepoints() -> impl Iterator<Item = &'static str> {
    WAYS.iter().flat_map(|way| way.programs).filter_map(|(_, attach)| match attach {
        Attach::RawTracepoint(name) => Some(*name),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Hook, WAYS, common_needs};
    use tcpx_common::offsets::Offsets;

    #[test]
    fn every_need_is_a_field_that_can_be_asked_for() {
        for way in WAYS {
            for need in way.needs.iter().chain(common_needs(way.hook)) {
                assert!(Offsets::UNKNOWN.get(need).is_some(), "{need} of {:?}", way.hook);
            }
        }
    }

    #[test]
    fn every_hook_has_a_way() {
        for hook in Hook::ALL {
            assert!(WAYS.iter().any(|way| way.hook == *hook), "{hook:?}");
        }
    }
}
