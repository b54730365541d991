//! Places in the running kernel's structures, found in its BTF before the programs are loaded.
//!
//! rustc emits no CO-RE relocations, so these take their place: the verifier sees them as constants and prunes
//! what is absent. No program has a number of its own to fall back to.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// The value of a place that this kernel does not have.
pub const ABSENT: u16 = u16::MAX;

macro_rules! offsets {
    ($($(#[$meta:meta])* $field:ident: $path:literal,)*) => {
        /// Byte offsets, sizes and argument positions. [`ABSENT`] where this kernel has no such thing.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
        #[repr(C)]
        pub struct Offsets { $($(#[$meta])* pub $field: u16,)* }

        impl Offsets {
            /// Nothing is known yet.
            pub const UNKNOWN: Self = Self { $($field: ABSENT,)* };

            /// Each field's name, and where it is found: `struct.member.member` for an offset,
            /// `sizeof struct` for a size, `mask struct.member` for a bit field's mask within its first byte,
            /// `enum name MEMBER` for an enum's number,
            /// `slot function type n` for the position of the n-th parameter of that type (functions are taken by
            /// type, as tracepoints have no parameter names in BTF), `result function` for the place behind all
            /// arguments, where trampolines put the result. `a|b` takes the first that exists, `f&g` asks that both
            /// functions agree, `module` looks into loaded modules too, `always n` is a number that BTF need not confirm.
            pub const PATHS: &'static [(&'static str, &'static str)] = &[$((stringify!($field), $path),)*];

            /// Sets the field with this place in [`Self::PATHS`].
            pub fn set(&mut self, index: usize, value: u16) {
                let mut at = 0;
                $(if at == index { self.$field = value; } at += 1;)*
                let _ = at;
            }

            /// The value of the field with this name.
            #[must_use]
            pub fn get(&self, name: &str) -> Option<u16> {
                match name { $(stringify!($field) => Some(self.$field),)* _ => None }
            }
        }
    };
}

offsets! {
    /// Start of the packet's buffer.
    skb_head: "sk_buff.head",
    /// Start of what the current layer sees.
    skb_data: "sk_buff.data",
    /// u16, from `head`; 0xffff is unset.
    skb_transport_header: "sk_buff.transport_header",
    /// u16, from `head`.
    skb_network_header: "sk_buff.network_header",
    /// be16 EtherType.
    skb_protocol: "sk_buff.protocol",
    /// Bytes in the packet from `data` on.
    skb_len: "sk_buff.len",
    /// Index of the device it came in on.
    skb_iif: "sk_buff.skb_iif",
    /// Its device; 0 when TCP has taken the packet for a socket.
    skb_dev: "sk_buff.dev",
    /// Its route, with a flag in bit 0.
    skb_refdst: "sk_buff._skb_refdst",
    /// The socket that early demux, TPROXY or BPF gave to the packet.
    skb_sk: "sk_buff.sk",
    /// Its conntrack entry, with what the packet is to it in the lowest three bits.
    skb_nfct: "sk_buff._nfct",
    /// IPS_SRC_NAT and so on. The structures of conntrack stand in the kernel's own BTF even where it is a module.
    ct_status: "nf_conn.status",
    /// The flow in both directions.
    ct_tuplehash: "nf_conn.tuplehash",
    /// Bytes from one direction to the other.
    ct_hash_stride: "sizeof nf_conntrack_tuple_hash",
    /// The tuple of a direction.
    ct_hash_tuple: "nf_conntrack_tuple_hash.tuple",
    /// Source address of a tuple.
    ct_source: "nf_conntrack_tuple.src.u3",
    /// be16 source port.
    ct_source_port: "nf_conntrack_tuple.src.u.all",
    /// AF_INET or AF_INET6.
    ct_family: "nf_conntrack_tuple.src.l3num",
    /// Destination address.
    ct_destination: "nf_conntrack_tuple.dst.u3",
    /// be16 destination port.
    ct_destination_port: "nf_conntrack_tuple.dst.u.all",
    /// Name of a device.
    dev_name: "net_device.name",
    /// Index of a device.
    dev_ifindex: "net_device.ifindex",
    /// Namespace of a device.
    dev_net: "net_device.nd_net",
    /// Set for the master of a VRF (and for an ipvlan device in mode l3s).
    dev_l3mdev_ops: "net_device.l3mdev_ops",
    /// Device of a route.
    dst_dev: "dst_entry.dev",
    /// RTN_LOCAL and so on.
    rtable_type: "rtable.rt_type",
    /// RTF_LOCAL and so on.
    rt6_flags: "rt6_info.rt6i_flags",

    /// Remote IPv4 address.
    skc_daddr: "sock_common.skc_daddr",
    /// Local IPv4 address.
    skc_rcv_saddr: "sock_common.skc_rcv_saddr",
    /// be16 remote port.
    skc_dport: "sock_common.skc_dport",
    /// Local port in host order.
    skc_num: "sock_common.skc_num",
    /// AF_INET or AF_INET6.
    skc_family: "sock_common.skc_family",
    /// TCP state.
    skc_state: "sock_common.skc_state",
    /// Byte with the IPV6_V6ONLY bit.
    skc_ipv6only: "sock_common.skc_ipv6only",
    /// That bit.
    skc_ipv6only_mask: "mask sock_common.skc_ipv6only",
    /// Byte with the SO_REUSEPORT bit.
    skc_reuseport: "sock_common.skc_reuseport",
    /// That bit.
    skc_reuseport_mask: "mask sock_common.skc_reuseport",
    /// Device that the socket is bound to.
    skc_bound_dev_if: "sock_common.skc_bound_dev_if",
    /// Place in a bind bucket's list of owners.
    skc_bind_node: "sock_common.skc_bind_node",
    /// Namespace.
    skc_net: "sock_common.skc_net",
    /// Remote IPv6 address.
    skc_v6_daddr: "sock_common.skc_v6_daddr",
    /// Local IPv6 address.
    skc_v6_rcv_saddr: "sock_common.skc_v6_rcv_saddr",
    /// SOCK_LINGER and so on, one bit each.
    skc_flags: "sock_common.skc_flags",

    /// What the application will get.
    sk_err: "sock.sk_err",
    /// What ICMP said while the socket was in use.
    sk_err_soft: "sock.sk_err_soft",
    /// Connections that wait for accept().
    sk_ack_backlog: "sock.sk_ack_backlog",
    /// How many may.
    sk_max_ack_backlog: "sock.sk_max_ack_backlog",
    /// IPPROTO_TCP.
    sk_protocol: "sock.sk_protocol",
    /// The file's half of the socket; 0 when no process holds it.
    sk_socket: "sock.sk_socket",
    /// Owner.
    sk_uid: "sock.sk_uid",
    /// RCV_SHUTDOWN and SEND_SHUTDOWN.
    sk_shutdown: "sock.sk_shutdown",
    /// In jiffies.
    sk_lingertime: "sock.sk_lingertime",
    /// The SO_REUSEPORT group.
    sk_reuseport_cb: "sock.sk_reuseport_cb",
    /// The BPF program that chooses in it.
    reuseport_prog: "sock_reuseport.prog",
    /// cgroup of the socket (a tagged word up to 5.14, then a pointer).
    sk_cgrp: "sock.sk_cgrp_data",
    /// A cgroup's directory.
    cgroup_kn: "cgroup.kn",
    /// Its number.
    kernfs_id: "kernfs_node.id",
    /// The socket of a file's half.
    socket_sk: "socket.sk",
    /// Its file: the way back, which tells a socket's file from any other.
    socket_file: "socket.file",
    /// SS_UNCONNECTED before the first connect().
    socket_state: "socket.state",
    /// The inode that stands behind a `struct socket`.
    socket_inode: "socket_alloc.vfs_inode",
    /// Its number.
    inode_ino: "inode.i_ino",

    /// Request sockets of a listener.
    icsk_qlen: "inet_connection_sock.icsk_accept_queue.qlen",
    /// TCP_DEFER_ACCEPT of a listener.
    icsk_defer_accept: "inet_connection_sock.icsk_accept_queue.rskq_defer_accept",
    /// Byte with the bit that a request socket's last ACK was passed over.
    ireq_acked: "inet_request_sock.acked",
    /// That bit.
    ireq_acked_mask: "mask inet_request_sock.acked",
    /// Byte with the bits that count how often a request socket's SYN-ACK has timed out.
    req_timeouts: "request_sock.num_timeout",
    /// The lowest of those bits.
    req_timeouts_mask: "mask request_sock.num_timeout",
    /// FIN_WAIT2 or TIME_WAIT.
    tw_substate: "inet_timewait_sock.tw_substate",
    /// The next byte that a connection in TIME_WAIT expected.
    tw_rcv_nxt: "sock_common.skc_tw_rcv_nxt",
    /// Its window.
    tw_rcv_wnd: "tcp_timewait_sock.tw_rcv_wnd",
    /// The next byte that a request socket expects.
    req_rcv_nxt: "tcp_request_sock.rcv_nxt",
    /// Its window.
    req_rcv_wnd: "sock_common.skc_rcv_wnd",
    /// Place of a small socket in the established hash; a null pointer once it has left.
    skc_node_pprev: "sock_common.skc_nulls_node.pprev",
    /// When data last came in, in jiffies.
    icsk_lrcvtime: "inet_connection_sock.icsk_ack.lrcvtime",
    /// Keepalive or window probes without an answer.
    icsk_probes_out: "inet_connection_sock.icsk_probes_out",
    /// Retransmissions of the same data.
    icsk_retransmits: "inet_connection_sock.icsk_retransmits",
    /// TCP_USER_TIMEOUT, in ms.
    icsk_user_timeout: "inet_connection_sock.icsk_user_timeout",
    /// TCP_LINGER2, in jiffies.
    tp_linger2: "tcp_sock.linger2",
    /// be16 local port, which stays when a closed socket has given its port back.
    inet_sport: "inet_sock.inet_sport",
    /// First unacknowledged byte.
    tp_snd_una: "tcp_sock.snd_una",
    /// Next byte to send.
    tp_snd_nxt: "tcp_sock.snd_nxt",
    /// Next byte expected.
    tp_rcv_nxt: "tcp_sock.rcv_nxt",
    /// What that was when the window was last told.
    tp_rcv_wup: "tcp_sock.rcv_wup",
    /// The window told then.
    tp_rcv_wnd: "tcp_sock.rcv_wnd",
    /// First byte that the application has not read.
    tp_copied_seq: "tcp_sock.copied_seq",
    /// Retransmissions in the connection's life.
    tp_total_retrans: "tcp_sock.total_retrans",
    /// When data last went out, in jiffies.
    tp_lsndtime: "tcp_sock.lsndtime",
    /// Bytes that the peer acknowledged (RFC 4898).
    tp_bytes_acked: "tcp_sock.bytes_acked",
    /// Bytes that came in (RFC 4898).
    tp_bytes_received: "tcp_sock.bytes_received",
    /// A subflow of MPTCP.
    tp_is_mptcp: "tcp_sock.is_mptcp",
    /// When a listener last sent a SYN cookie, in jiffies (`tcp_synq_overflow`).
    tp_synq_overflow: "tcp_sock.rx_opt.ts_recent_stamp",
    /// That time in a SO_REUSEPORT group, which keeps it for all of its sockets.
    group_synq_overflow: "sock_reuseport.synq_overflow_ts",
    /// Whether cookies are sent and taken: an int up to 5.x, then a u8.
    net_syncookies: "net.ipv4.sysctl_tcp_syncookies",

    /// Filter of a socket (SO_ATTACH_FILTER, SO_ATTACH_BPF).
    sk_filter: "sock.sk_filter",
    /// Programs of a cgroup, first those for packets that come in.
    cgroup_programs: "cgroup.bpf.effective",
    /// Those of one kind; a null pointer ends them.
    program_array: "bpf_prog_array.items",

    /// Inode number of a namespace.
    net_inum: "net.ns.inum",
    /// Number that no other namespace ever has (lazily given up to 5.11).
    net_cookie: "net.net_cookie",
    /// The largest backlog that listen() is given.
    net_somaxconn: "net.core.sysctl_somaxconn",
    /// Request sockets without syncookies.
    net_max_syn_backlog: "net.ipv4.sysctl_max_syn_backlog",
    /// Whether TIME_WAIT ignores RSTs.
    net_rfc1337: "net.ipv4.sysctl_tcp_rfc1337",
    /// Salt of the namespace in TCP's hashes.
    net_hash_mix: "net.hash_mix",
    /// BPF programs attached to the namespace, one list for each kind; NULL if there are none.
    net_bpf_run_array: "net.bpf.run_array",
    /// Which of the lists is that of sk_lookup programs.
    netns_bpf_sk_lookup: "enum netns_bpf_attach_type NETNS_BPF_SK_LOOKUP",
    /// TCP's hashes.
    net_hashinfo: "net.ipv4.tcp_death_row.hashinfo",
    /// Bind hash.
    hashinfo_bhash: "inet_hashinfo.bhash",
    /// Its length, a power of two.
    hashinfo_bhash_size: "inet_hashinfo.bhash_size",
    /// List of a bind hash bucket.
    bhash_chain: "inet_bind_hashbucket.chain",
    /// Bytes from one bucket to the next.
    bhash_stride: "sizeof inet_bind_hashbucket",
    /// Namespace of a bound port.
    tb_net: "inet_bind_bucket.ib_net",
    /// Port number.
    tb_port: "inet_bind_bucket.port",
    /// Place in the bind hash bucket's list.
    tb_node: "inet_bind_bucket.node",
    /// Sockets that hold the port, up to 6.x.
    tb_owners: "inet_bind_bucket.owners",
    /// Addresses under which the port is held, later.
    tb_bhash2: "inet_bind_bucket.bhash2",
    /// Place in that list.
    tb2_node: "inet_bind2_bucket.bhash_node",
    /// Sockets that hold address and port.
    tb2_owners: "inet_bind2_bucket.owners",

    /// Open files of a task.
    task_files: "task_struct.files",
    /// Their table.
    files_fdt: "files_struct.fdt",
    /// The table's array.
    fdt_fd: "fdtable.fd",
    /// The array's length.
    fdt_max: "fdtable.max_fds",
    /// What stands behind a file: a `struct socket`.
    file_private: "file.private_data",
    /// Process id of a task's group.
    task_tgid: "task_struct.tgid",

    /// Errors that the application may read: a list of packets.
    sk_error_queue: "sock.sk_error_queue",
    /// What a layer keeps with a packet.
    skb_cb: "sk_buff.cb",
    /// In an error queue: what the error is.
    exterr_ee: "sock_exterr_skb.ee",
    /// Arguments of the functions and tracepoints that hooks are attached to: see [`Offsets::PATHS`].
    arg_state_sk: "slot inet_sk_state_store&inet_sk_set_state sock",
    /// The new state.
    arg_state_new: "slot inet_sk_state_store&inet_sk_set_state int",
    /// The socket.
    arg_tp_state_sk: "slot btf_trace_inet_sock_set_state sock",
    /// The old state.
    arg_tp_state_old: "slot btf_trace_inet_sock_set_state int",
    /// The new state.
    arg_tp_state_new: "slot btf_trace_inet_sock_set_state int 1",
    /// The file's half of the socket.
    arg_connect_socket: "slot __inet_stream_connect socket",
    /// Where to.
    arg_connect_addr: "slot __inet_stream_connect sockaddr|slot __inet_stream_connect sockaddr_unsized",
    /// Result, for trampolines.
    ret_connect: "result __inet_stream_connect",
    /// The file's half of the socket.
    arg_bind_socket: "slot inet_bind&inet6_bind socket",
    /// Where.
    arg_bind_addr: "slot inet_bind&inet6_bind sockaddr|slot inet_bind&inet6_bind sockaddr_unsized",
    /// Result, for trampolines.
    ret_bind: "result inet_bind&inet6_bind",
    /// The file's half of the socket.
    arg_listen_socket: "slot inet_listen socket",
    /// Result, for trampolines.
    ret_listen: "result inet_listen",
    /// The file's half of the socket.
    arg_may_connect_socket: "slot security_socket_connect socket",
    /// Where to.
    arg_may_connect_addr: "slot security_socket_connect sockaddr|slot security_socket_connect sockaddr_unsized",
    /// Result, for trampolines.
    ret_may_connect: "result security_socket_connect",
    /// The file's half of the socket.
    arg_may_bind_socket: "slot security_socket_bind socket",
    /// Where.
    arg_may_bind_addr: "slot security_socket_bind sockaddr|slot security_socket_bind sockaddr_unsized",
    /// Result, for trampolines.
    ret_may_bind: "result security_socket_bind",
    /// The file's half of the socket.
    arg_may_listen_socket: "slot security_socket_listen socket",
    /// Result, for trampolines.
    ret_may_listen: "result security_socket_listen",
    /// Result, for trampolines.
    ret_by_program: "result __cgroup_bpf_run_filter_sock_addr",
    /// The segment.
    arg_rcv_skb: "slot tcp_v4_rcv&tcp_v6_rcv sk_buff",
    /// Result, for trampolines.
    ret_established: "result __inet_lookup_established",
    /// The same for IPv6.
    ret_established6: "result __inet6_lookup_established",
    /// Result, for trampolines.
    ret_listener: "result __inet_lookup_listener",
    /// The same for IPv6.
    ret_listener6: "result inet6_lookup_listener",
    /// Result, for trampolines.
    ret_sk_lookup: "result inet_lookup_run_sk_lookup",
    /// The same for IPv6.
    ret_sk_lookup6: "result inet6_lookup_run_sk_lookup",
    /// The segment.
    arg_sk_lookup_skb: "slot inet_lookup_run_sk_lookup&inet6_lookup_run_sk_lookup sk_buff",
    /// Result, for trampolines.
    ret_reuseport: "result bpf_run_sk_reuseport",
    /// The segment.
    arg_reuseport_skb: "slot bpf_run_sk_reuseport sk_buff",
    /// The socket that answers.
    arg_reply_sk: "slot tcp_v4_send_reset&tcp_v6_send_reset sock",
    /// What is answered.
    arg_reply_skb: "slot tcp_v4_send_reset&tcp_v6_send_reset sk_buff",
    /// Why (since Linux 6.10).
    arg_reply_reason: "slot tcp_v4_send_reset&tcp_v6_send_reset sk_rst_reason",
    /// The socket that sends.
    arg_active_sk: "slot tcp_send_active_reset sock",
    /// Why (since Linux 6.10).
    arg_active_reason: "slot tcp_send_active_reset sk_rst_reason",
    /// The socket.
    arg_tp_reset_sk: "slot btf_trace_tcp_send_reset sock",
    /// What is answered, or NULL.
    arg_tp_reset_skb: "slot btf_trace_tcp_send_reset sk_buff",
    /// Why (since Linux 6.10).
    arg_tp_reset_reason: "slot btf_trace_tcp_send_reset sk_rst_reason",
    /// The socket that was reset.
    arg_tp_receive_sk: "slot btf_trace_tcp_receive_reset sock",
    /// The socket that was reset.
    arg_receive_sk: "slot tcp_reset sock",
    /// The RST (since Linux 5.15).
    arg_receive_skb: "slot tcp_reset sk_buff",
    /// The ICMP packet, its data at the quoted header.
    arg_icmp4_skb: "slot tcp_v4_err sk_buff",
    /// The same for IPv6.
    arg_icmp6_skb: "slot tcp_v6_err sk_buff",
    /// ICMPv6 type.
    arg_icmp6_type: "slot tcp_v6_err u8",
    /// ICMPv6 code.
    arg_icmp6_code: "slot tcp_v6_err u8 1",
    /// Bytes from `data` to the quoted TCP header.
    arg_icmp6_offset: "slot tcp_v6_err int",
    /// The packet that the error is about.
    arg_tp_icmp_send_skb: "slot btf_trace_icmp_send sk_buff",
    /// Type.
    arg_tp_icmp_send_type: "slot btf_trace_icmp_send int",
    /// Code.
    arg_tp_icmp_send_code: "slot btf_trace_icmp_send int 1",
    /// The packet that the error is about.
    arg_icmp_send_skb: "slot __icmp_send sk_buff",
    /// Type.
    arg_icmp_send_type: "slot __icmp_send int",
    /// Code.
    arg_icmp_send_code: "slot __icmp_send int 1",
    /// The packet that the error is about.
    arg_icmp6_send_skb: "slot icmp6_send sk_buff",
    /// Type.
    arg_icmp6_send_type: "slot icmp6_send u8",
    /// Code.
    arg_icmp6_send_code: "slot icmp6_send u8 1",
    /// The packet that netfilter made.
    arg_reject_new: "slot nf_ct_attach sk_buff",
    /// The rejected packet.
    arg_reject_skb: "slot nf_ct_attach sk_buff 1",
    /// The listener.
    arg_request_sk: "slot tcp_conn_request sock",
    /// The SYN.
    arg_request_skb: "slot tcp_conn_request sk_buff",
    /// The listener.
    arg_check_sk: "slot tcp_check_req sock",
    /// The segment.
    arg_check_skb: "slot tcp_check_req sk_buff",
    /// The request socket.
    arg_check_req: "slot tcp_check_req request_sock",
    /// Result, for trampolines.
    ret_check: "result tcp_check_req",
    /// The TIME_WAIT record.
    arg_tw: "slot tcp_timewait_state_process inet_timewait_sock",
    /// The segment.
    arg_tw_skb: "slot tcp_timewait_state_process sk_buff",
    /// Result, for trampolines.
    ret_tw: "result tcp_timewait_state_process",
    /// Result, for trampolines.
    ret_route: "result inet_csk_route_req",
    /// The same for IPv6.
    ret_route6: "result inet6_csk_route_req",
    /// Result, for trampolines.
    ret_security: "result security_inet_conn_request",
    /// The packet.
    arg_tp_drop_skb: "slot btf_trace_kfree_skb sk_buff",
    /// Where it was dropped.
    arg_tp_drop_location: "slot btf_trace_kfree_skb void",
    /// Why (since Linux 5.17).
    arg_tp_drop_reason: "slot btf_trace_kfree_skb skb_drop_reason",
    /// For which socket (since Linux 6.11).
    arg_tp_drop_sk: "slot btf_trace_kfree_skb sock",
    /// The packet.
    arg_drop_skb: "slot sk_skb_reason_drop sk_buff|slot kfree_skb_reason sk_buff|slot kfree_skb sk_buff",
    /// Why.
    arg_drop_reason: "slot sk_skb_reason_drop skb_drop_reason|slot kfree_skb_reason skb_drop_reason",
    /// For which socket (since Linux 6.11).
    arg_drop_sk: "slot sk_skb_reason_drop sock",
    /// The socket.
    arg_validated_sk: "slot tcp_validate_incoming sock",
    /// What came to it.
    arg_validated_skb: "slot tcp_validate_incoming sk_buff",
    /// The socket.
    arg_tp_retransmit_sk: "slot btf_trace_tcp_retransmit_skb sock",
    /// The socket.
    arg_retransmit_sk: "slot tcp_retransmit_skb sock",
    /// Whose SYN is answered.
    arg_finish_sk: "slot tcp_finish_connect sock",
    /// The SYN-ACK.
    arg_finish_skb: "slot tcp_finish_connect sk_buff",
    /// A listener's child.
    arg_child_sk: "slot tcp_child_process sock 1",
    /// The handshake's last ACK.
    arg_child_skb: "slot tcp_child_process sk_buff",
    /// The first packet of a flow, translated. The function is in a module: those of 5.10 have no BTF, and one that is
    /// not loaded has none either. Then the prototype that all versions share stands.
    arg_confirm_skb: "module slot __nf_conntrack_confirm sk_buff|always 0",
    /// The packet.
    arg_queue_skb: "slot __dev_queue_xmit sk_buff",
    /// The packet.
    arg_tp_queue_skb: "slot btf_trace_net_dev_queue sk_buff",
    /// The new task.
    arg_tp_fork_child: "slot btf_trace_sched_process_fork task_struct 1",
}

/// Words of `struct sk_buff` that tell where a packet's headers are, from the one in which `protocol` stands.
pub const HEADERS_WORDS: usize = 4;

impl Offsets {
    /// Whether `protocol`, `transport_header`, `network_header` and `head` of a packet are all within [`HEADERS_WORDS`], so that one
    /// reading gets them all.
    #[must_use]
    pub const fn headers_are_together(&self) -> bool {
        let first = self.skb_protocol & !7;
        is_within(first, self.skb_protocol, 2)
            && is_within(first, self.skb_transport_header, 2)
            && is_within(first, self.skb_network_header, 2)
            && is_within(first, self.skb_head, 8)
    }
}

const fn is_within(first: u16, offset: u16, bytes: u16) -> bool {
    offset != ABSENT && offset >= first && offset - first + bytes <= (HEADERS_WORDS * 8) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_together_only_where_all_are_near() {
        let near = Offsets {
            skb_protocol: 180,
            skb_transport_header: 182,
            skb_network_header: 184,
            skb_head: 200,
            ..Offsets::UNKNOWN
        };
        assert!(near.headers_are_together());
        assert!(!Offsets { skb_head: 208, ..near }.headers_are_together());
        assert!(!Offsets { skb_network_header: 174, ..near }.headers_are_together());
        assert!(!Offsets { skb_transport_header: ABSENT, ..near }.headers_are_together());
        assert!(!Offsets::UNKNOWN.headers_are_together());
    }
}
