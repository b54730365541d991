//! The records that the programs write into the ring, one `repr(C)` struct each, without hidden padding.
//!
//! All numbers are in the machine's order unless a field says otherwise. A record says what was seen, never why it
//! happened. Zero means zero; where a fact may be absent, a flag or a second field says so.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::assert_layout;

macro_rules! record {
    ($($(#[$meta:meta])* struct $name:ident { $($(#[$fmeta:meta])* $field:ident: $ty:ty,)* })+) => {
        $(
            $(#[$meta])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
            #[repr(C)]
            pub struct $name { $($(#[$fmeta])* pub $field: $ty,)* }
        )+
    };
}

/// At most so many sockets are named in one record; more are counted.
pub const MAX_HOLDERS: usize = 4;
/// Frames of a stack.
pub const MAX_FRAMES: usize = 16;

record! {
    /// In front of every record.
    struct Header {
        /// `bpf_ktime_get_boot_ns`.
        time_ns: u64,
        /// `net.net_cookie`, or 0 where the kernel had not given one.
        netns_cookie: u64,
        /// Inode number of the namespace; 0 where it was not known.
        netns: u32,
        /// Running process (root namespace). The subject only where the hook runs in its own system call.
        tgid: u32,
        /// Running thread.
        tid: u32,
        /// [`crate::abi::Hook`] that wrote the record.
        hook: u8,
        /// [`crate::abi::Backend`] that it was attached with.
        backend: u8,
        /// [`crate::abi::Kind`].
        kind: u8,
        /// [`crate::abi::header_flag`].
        flags: u8,
    }

    /// Two addresses and ports. For a socket `a` is local and `b` remote, for a packet `a` is the source.
    struct Tuple {
        /// IPv4 in the first four bytes, or IPv6; in network order.
        a: [u8; 16],
        /// The other address.
        b: [u8; 16],
        /// Port of `a`.
        a_port: u16,
        /// Port of `b`.
        b_port: u16,
        /// 4, 6, or 0 if nothing is known.
        family: u16,
        /// Zero.
        reserved: u16,
    }

    /// A TCP segment, from its headers.
    struct Segment {
        /// Source and destination.
        tuple: Tuple,
        /// Sequence number.
        seq: u32,
        /// Acknowledgement number (meaningful with ACK).
        ack: u32,
        /// Bytes of payload.
        payload: u32,
        /// Receive window, unscaled.
        window: u16,
        /// IPv4 identification; 0 for IPv6.
        ip_id: u16,
        /// [`crate::abi::tcp_flag`].
        flags: u8,
        /// Time to live or hop limit.
        ttl: u8,
        /// 1 if the fields of this segment were read, 0 if no segment was at hand.
        present: u8,
        /// Zero.
        reserved: u8,
        /// Device that it came in on; 0 if unknown.
        ifindex: u32,
        /// Its name, NUL-padded; empty if unknown.
        device: [u8; 16],
    }

    /// What the two lookups of a segment gave, where this backend sees them.
    struct LookupFacts {
        /// Socket found in the established hash, or 0.
        established_sk: u64,
        /// Socket found in the listener hash, or 0.
        listener_sk: u64,
        /// [`crate::abi::lookup`].
        established: u8,
        /// [`crate::abi::lookup`].
        listener: u8,
        /// TCP state of `established_sk`.
        established_state: u8,
        /// 1 if `tcp_v4_rcv` or `tcp_v6_rcv` was seen to take the segment.
        received: u8,
        /// 1 if a BPF program that the listener lookup asked was seen to refuse the segment.
        denied: u8,
        /// 1 if the segment brought `established_sk` to `tcp_v4_rcv` or `tcp_v6_rcv` (`skb->sk`).
        brought: u8,
        /// Zero.
        reserved: [u8; 2],
    }

    /// A full socket (neither TIME_WAIT nor a request socket).
    struct SockFacts {
        /// Address of the `struct sock`: its name while it lives.
        sk: u64,
        /// Inode number of its file; 0 if no process holds it.
        inode: u64,
        /// Its cgroup; 0 if unknown.
        cgroup: u64,
        /// `tcp_sock.bytes_acked`.
        bytes_acked: u64,
        /// `tcp_sock.bytes_received`.
        bytes_received: u64,
        /// Owner.
        uid: u32,
        /// Device that it is bound to, or 0.
        bound_dev: u32,
        /// First unacknowledged byte; for a SYN_SENT socket the initial sequence number.
        snd_una: u32,
        /// Next byte to send.
        snd_nxt: u32,
        /// Next byte expected.
        rcv_nxt: u32,
        /// First byte that the application has not read.
        copied_seq: u32,
        /// Retransmissions in the connection's life.
        total_retrans: u32,
        /// Jiffies since data last went out or came in, the smaller.
        idle_ticks: u32,
        /// SO_LINGER's time in jiffies.
        linger_ticks: u32,
        /// Connections that wait for accept().
        ack_backlog: u32,
        /// How many may.
        max_ack_backlog: u32,
        /// `sk_err`.
        err: u16,
        /// `sk_err_soft`.
        err_soft: u16,
        /// TCP state.
        state: u8,
        /// RCV_SHUTDOWN 1, SEND_SHUTDOWN 2.
        shutdown: u8,
        /// [`crate::abi::sock_flag`].
        flags: u8,
        /// 1 if these fields were read.
        present: u8,
        /// For a listener that takes SYN cookies: jiffies since it last sent one, at least 1. Else 0.
        cookie_ticks: u32,
    }

    /// A socket that holds a port, found in the kernel's bind hash.
    struct Holder {
        /// Address of the `struct sock`.
        sk: u64,
        /// Inode number of its file; 0 if no process holds it.
        inode: u64,
        /// Its cgroup; 0 if unknown.
        cgroup: u64,
        /// Local address as in [`Tuple::a`].
        addr: [u8; 16],
        /// Owner.
        uid: u32,
        /// Device that it is bound to, or 0.
        bound_dev: u32,
        /// Connections that wait for accept().
        ack_backlog: u32,
        /// How many may.
        max_ack_backlog: u32,
        /// 4 or 6.
        family: u8,
        /// TCP state: LISTEN or CLOSE.
        state: u8,
        /// [`crate::abi::sock_flag`].
        flags: u8,
        /// TCP_DEFER_ACCEPT, in retransmissions of the SYN-ACK; 0 if it is off.
        defer_accept: u8,
        /// Local port.
        port: u16,
        /// Request sockets that wait for their handshake's last ACK, at most 65535.
        syn_backlog: u16,
    }

    /// What a namespace allows listeners.
    struct ListenLimits {
        /// `net.core.somaxconn`.
        somaxconn: u32,
        /// `net.ipv4.tcp_max_syn_backlog`.
        max_syn_backlog: u32,
        /// `net.ipv4.tcp_syncookies`.
        syncookies: u8,
        /// Zero.
        reserved: [u8; 7],
    }

    /// The walk through the bind hash for one port in one namespace.
    struct Holders {
        /// Sockets found, bound or listening; may exceed what `list` can hold.
        found: u32,
        /// 1 if the walk came to its end, so that what is not here was not there.
        complete: u32,
        /// What listeners are allowed.
        limits: ListenLimits,
        /// The first of them.
        list: [Holder; MAX_HOLDERS],
    }

    /// A state change (`inet_sock_set_state`, or the functions that fire it).
    struct State {
        /// Common part.
        header: Header,
        /// Local and remote; at CLOSE to SYN_SENT the local port may still be 0.
        tuple: Tuple,
        /// What connect() was given; family 0 if that was not seen. Only at CLOSE to SYN_SENT.
        requested: Tuple,
        /// Address of the `struct sock`.
        sk: u64,
        /// Inode number of its file; 0 if no process holds it.
        inode: u64,
        /// cgroup of the socket; 0 if unknown.
        cgroup: u64,
        /// State before.
        old: u8,
        /// State after.
        new: u8,
        /// [`crate::abi::sock_flag`].
        sock_flags: u8,
        /// 1 if the running task is the caller (CLOSE to SYN_SENT, CLOSE to LISTEN, LISTEN to CLOSE).
        caller: u8,
        /// Owner of the socket.
        uid: u32,
        /// `sk_err`.
        err: u16,
        /// `sk_err_soft`.
        err_soft: u16,
        /// `tcp_sock.snd_una`: while no byte is acknowledged, the initial sequence number.
        snd_una: u32,
        /// `tcp_sock.snd_nxt`.
        snd_nxt: u32,
        /// `tcp_sock.rcv_nxt`.
        rcv_nxt: u32,
        /// `tcp_sock.total_retrans`: for an attempt, SYNs sent again.
        total_retrans: u32,
        /// Device that the socket is bound to, or 0.
        bound_dev: u32,
        /// Name of the running task.
        comm: [u8; 16],
    }

    /// A connect() that failed before a SYN was sent.
    struct ConnectFailed {
        /// Common part; the running task is the caller.
        header: Header,
        /// What it was given (remote address and port in `b`).
        requested: Tuple,
        /// Address of the `struct sock`, or 0.
        sk: u64,
        /// cgroup of the task.
        cgroup: u64,
        /// Result: a negative errno.
        result: i32,
        /// User of the task.
        uid: u32,
        /// Name of the task.
        comm: [u8; 16],
        /// [`crate::abi::denied_by`].
        denied_by: u16,
        /// Zero.
        reserved: [u16; 3],
    }

    /// A bind() that ended.
    struct Bind {
        /// Common part; the running task is the caller.
        header: Header,
        /// What it was given (local address and port in `a`).
        requested: Tuple,
        /// Address of the `struct sock`, or 0.
        sk: u64,
        /// Inode number of its file, or 0.
        inode: u64,
        /// cgroup of the task.
        cgroup: u64,
        /// Result: 0 or a negative errno.
        result: i32,
        /// User of the task.
        uid: u32,
        /// Port that the socket has now, 0 if none.
        port: u16,
        /// [`crate::abi::denied_by`].
        denied_by: u16,
        /// Zero.
        reserved: [u16; 2],
        /// Name of the task.
        comm: [u8; 16],
    }

    /// A bind() or listen() that failed.
    struct CallFailed {
        /// The call. For listen(), `requested` is the address that the socket is bound to.
        call: Bind,
        /// Who holds the port, if it is taken; else no walk was made.
        holders: Holders,
    }

    /// The lookups of a SYN or SYN-ACK (`--probes lookup`).
    struct Lookup {
        /// Common part.
        header: Header,
        /// The segment.
        segment: Segment,
        /// What was found.
        lookup: LookupFacts,
        /// The listener that gets the SYN; family 0 if none is known.
        listener: Holder,
    }

    /// A RST in answer to a segment, from no socket or from one that is not full.
    struct Reply {
        /// Common part.
        header: Header,
        /// The segment that is answered.
        segment: Segment,
        /// Its lookups.
        lookup: LookupFacts,
        /// Number in `enum sk_rst_reason`; meaningful if `has_reason`.
        reason: u32,
        /// State of the socket that answers; 0 for none.
        sk_state: u8,
        /// 1 if this kernel gives a reason.
        has_reason: u8,
        /// 1 if the bind hash was walked to its end and nobody holds the port.
        port_free: u8,
        /// [`crate::abi::place_flag`]; only for a SYN that found no socket.
        place: u8,
    }

    /// [`Reply`] from a full socket.
    struct ReplySock {
        /// The reply.
        reply: Reply,
        /// The socket.
        sock: SockFacts,
        /// When its connection was opened (`bpf_ktime_get_boot_ns`); 0 if that was not seen.
        opened_ns: u64,
    }

    /// [`Reply`] to a SYN that found no socket while some hold its port.
    struct ReplyHolders {
        /// The reply.
        reply: Reply,
        /// Who holds the port.
        holders: Holders,
    }

    /// A RST that a socket sends of its own accord, or that reached a socket; or the death of a connection without one.
    struct SockReset {
        /// Common part.
        header: Header,
        /// Local and remote.
        tuple: Tuple,
        /// The socket, before the reset changed it.
        sock: SockFacts,
        /// The RST that came in, where this backend sees it.
        segment: Segment,
        /// Number in `enum sk_rst_reason`; meaningful if `has_reason`.
        reason: u32,
        /// 1 if this kernel gives a reason.
        has_reason: u8,
        /// Keepalive or window probes without an answer.
        probes_out: u8,
        /// Retransmissions of the same data without an answer.
        retransmits: u8,
        /// 1 if this RST ends an attempt (SYN_SENT to CLOSE with ECONNREFUSED) and no [`State`] tells that.
        refuses: u8,
        /// TCP_USER_TIMEOUT in ms; 0 if unset.
        user_timeout: u32,
        /// TCP_LINGER2 in jiffies; 0 if unset, negative for no FIN_WAIT2 at all.
        linger2: i32,
        /// When the connection was opened (`bpf_ktime_get_boot_ns`); 0 if that was not seen.
        opened_ns: u64,
        /// Name of the running task.
        comm: [u8; 16],
        /// How the segment that completed the handshake came.
        handshake: Arrival,
    }

    /// How a segment came to this host.
    struct Arrival {
        /// Index of the device.
        ifindex: u32,
        /// IPv4 identification.
        ip_id: u16,
        /// Time to live or hop limit.
        ttl: u8,
        /// 1 if it was seen.
        present: u8,
    }

    /// A RST of which `tcp_reset` does not know: a request socket or a TIME_WAIT record met it, or it was not obeyed.
    struct QuietReset {
        /// Common part.
        header: Header,
        /// The RST.
        segment: Segment,
        /// What it reached: of a request socket its listener; of TIME_WAIT only `sk` and `state`.
        sock: SockFacts,
        /// Next byte expected.
        rcv_nxt: u32,
        /// End of the window, inclusive.
        until: u32,
        /// 1 if `rcv_nxt` and `until` are known, and `ended` of a small socket.
        numbers: u8,
        /// 1 if a request socket was reached.
        handshake: u8,
        /// 1 if it ended the request socket or the TIME_WAIT record.
        ended: u8,
        /// In TIME_WAIT, the state that it stands for: FIN_WAIT2 or TIME_WAIT.
        substate: u8,
        /// net.ipv4.tcp_rfc1337
        rfc1337: u8,
        /// 1 if it was seen as it was freed.
        freed: u8,
        /// Zero.
        reserved: [u8; 2],
    }

    /// An ICMP error about a TCP segment.
    struct Icmp {
        /// Common part.
        header: Header,
        /// The quoted segment: source and destination as it was sent.
        tuple: Tuple,
        /// Its sequence number.
        seq: u32,
        /// ICMP type.
        icmp_type: u8,
        /// ICMP code.
        icmp_code: u8,
        /// TTL of the ICMP packet; 0 when sending.
        ttl: u8,
        /// Zero.
        reserved: u8,
        /// Who sent it; zero when sending.
        from: [u8; 16],
        /// Device that it came in on.
        ifindex: u32,
        /// Zero.
        reserved2: u32,
        /// Its name.
        device: [u8; 16],
    }

    /// A RST made by netfilter.
    struct Reject {
        /// Common part.
        header: Header,
        /// The segment that was rejected.
        segment: Segment,
        /// NF_INET_* number of the hook.
        hook: u32,
        /// Zero.
        reserved: u32,
    }

    /// A SYN at a listener one of whose queues is full.
    struct ConnRequest {
        /// Common part.
        header: Header,
        /// The SYN.
        segment: Segment,
        /// The listener.
        sock: SockFacts,
        /// What listeners are allowed.
        limits: ListenLimits,
        /// Request sockets that wait for their handshake's last ACK.
        syn_backlog: u32,
        /// [`crate::abi::refused`].
        refused: u8,
        /// Zero.
        reserved: [u8; 3],
    }

    /// A handshake segment that a request socket or a TIME_WAIT record did not take.
    struct MiniSocket {
        /// Common part.
        header: Header,
        /// The segment.
        segment: Segment,
        /// The listener of the request socket; not present for TIME_WAIT.
        sock: SockFacts,
        /// What listeners are allowed.
        limits: ListenLimits,
        /// Other request sockets of that listener.
        syn_backlog: u32,
        /// TIME_WAIT: the next byte that the old connection expected.
        rcv_nxt: u32,
        /// State of the small socket: NEW_SYN_RECV or TIME_WAIT.
        state: u8,
        /// What `tcp_timewait_state_process` returned (`enum tcp_tw_status`).
        result: u8,
        /// `inet_request_sock.acked`: the handshake's last ACK has come and was passed over.
        acked: u8,
        /// TCP_DEFER_ACCEPT of the listener, in retransmissions of the SYN-ACK.
        defer_accept: u8,
        /// How often the SYN-ACK has timed out.
        timeouts: u8,
        /// TIME_WAIT: its substate, FIN_WAIT2 or TIME_WAIT.
        substate: u8,
        /// Zero.
        reserved: [u8; 2],
    }

    /// A SYN, SYN-ACK or handshake ACK that was thrown away.
    struct Drop {
        /// Common part.
        header: Header,
        /// The segment.
        segment: Segment,
        /// Its lookups.
        lookup: LookupFacts,
        /// Where in the kernel; 0 if unknown.
        location: u64,
        /// Number in `enum skb_drop_reason`; meaningful if `has_reason`.
        reason: u32,
        /// 1 if this kernel gives a reason.
        has_reason: u8,
        /// 1 if this is how a SYN without a socket shows on this backend: a RST is its answer.
        no_socket: u8,
        /// 1 if the bind hash was walked to its end and nobody holds the port.
        port_free: u8,
        /// [`crate::abi::place_flag`]; only for a SYN that found no socket.
        place: u8,
        /// TCP state of the socket that the kernel names with the drop (since Linux 6.11); 0 if it names none.
        for_state: u8,
        /// Zero.
        reserved: [u8; 7],
    }

    /// [`Drop`] for want of a socket while some hold the port, or of the last ACK of a handshake with one of them.
    struct DropHolders {
        /// The drop.
        drop: Drop,
        /// Who holds the port.
        holders: Holders,
    }

    /// A SYN that was sent again.
    struct Retransmit {
        /// Common part.
        header: Header,
        /// Local and remote.
        tuple: Tuple,
        /// Address of the `struct sock`.
        sk: u64,
        /// Retransmissions so far.
        total_retrans: u32,
        /// Initial sequence number.
        isn: u32,
        /// Listeners in the same namespace that hold the port that was called.
        holders: Holders,
    }

    /// A process of the traced command started another.
    struct Fork {
        /// Common part; the running task is the parent.
        header: Header,
        /// Process id of the child.
        child: u32,
        /// Zero.
        reserved: u32,
    }

    /// The stack of the record with the same time.
    struct Stack {
        /// Common part.
        header: Header,
        /// Return addresses, innermost first; 0 ends the list.
        frames: [u64; MAX_FRAMES],
    }

    /// What conntrack makes of the flow of a segment, told beside the record that the segment led to and only where it
    /// translates: most flows of most hosts cost nothing.
    struct Nat {
        /// Common part; the hook is that which had the segment in hand.
        header: Header,
        /// The flow as its first segment named it: who called, and whom.
        original: Tuple,
        /// The flow as answers name it: who answers, and whom.
        reply: Tuple,
        /// Sequence number of the caller's SYN, if that or the SYN-ACK was in hand.
        isn: u32,
        /// The [`crate::abi::tcp_flag`] of the segment in hand.
        flags: u8,
        /// Zero.
        reserved: [u8; 3],
    }

    /// [`Nat`] of a SYN that goes to the namespace that translates it, with who holds the port that it is sent to there.
    struct NatHolders {
        /// The translation.
        nat: Nat,
        /// Who holds the port.
        holders: Holders,
    }

    /// An open socket whose sequence numbers a segment fits that found no socket: it has the segment's local port and
    /// another remote end. Told beside the record of the segment's RST.
    struct Untranslated {
        /// Common part.
        header: Header,
        /// The segment.
        segment: Tuple,
        /// Local and remote end of the socket.
        tuple: Tuple,
        /// The socket.
        sock: SockFacts,
        /// Sequence number of the segment.
        seq: u32,
        /// Zero.
        reserved: u32,
    }

    /// What became of what one hook had to tell on one CPU: `hits` is the sum of the next three.
    struct HookCounters {
        /// Records that were to be written.
        hits: u64,
        /// Records written.
        written: u64,
        /// Records for which the ring had no room.
        lost: u64,
        /// Records above the limit for a second.
        shed: u64,
        /// `bpf_ktime_get_boot_ns` at the start of the second that `used` is of.
        second_ns: u64,
        /// Records of this second so far.
        used: u64,
    }

    /// A namespace in the audit.
    struct NetnsKey {
        /// `net.net_cookie`, or 0.
        cookie: u64,
        /// Inode number.
        inum: u32,
        /// Zero.
        reserved: u32,
    }

    /// RSTs that TCP sent in one namespace since tcpx was attached, counted before any filter.
    struct NetnsResets {
        /// Answers to segments.
        replies: u64,
        /// From sockets of their own accord.
        active: u64,
    }
}

assert_layout!(
    Header = 32,
    LookupFacts = 24,
    SockFacts = 96,
    Holder = 64,
    Holders = 280,
    State = 184,
    ConnectFailed = 120,
    Bind = 128,
    CallFailed = 408,
    Lookup = 200,
    Reply = 144,
    ReplySock = 248,
    ReplyHolders = 424,
    SockReset = 296,
    QuietReset = 224,
    Icmp = 120,
    Reject = 120,
    ConnRequest = 232,
    MiniSocket = 240,
    Drop = 160,
    DropHolders = 440,
    Retransmit = 368,
    Fork = 40,
    Stack = 160,
    Nat = 120,
    NatHolders = 400,
    Untranslated = 216,
    HookCounters = 48,
    NetnsKey = 16,
    NetnsResets = 16,
);
