//! Names for the numbers that both halves use.

/// A numbered set of names, with the numbers checked when they come from outside.
macro_rules! numbered {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $value:literal => $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum $name { $($(#[$vmeta])* $variant = $value,)* }

        impl $name {
            /// Every value, in the order of the numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The value with this number, if there is one.
            #[must_use]
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($value => Some(Self::$variant),)* _ => None }
            }

            /// The name that users see.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

numbered! {
    /// A question that tcpx asks the kernel. Each has one file in `tcpx-ebpf/src/hooks` and, where the kernel
    /// allows it, several backends.
    Hook {
        /// State changes that begin or end an attempt or a listener.
        State = 0 => "state",
        /// What connect() was given and what it returned.
        Connect = 1 => "connect",
        /// What bind() was given and what it returned.
        Bind = 2 => "bind",
        /// Segments that enter TCP: the frame around both lookups.
        Receive = 3 => "receive",
        /// The lookup in the established hash.
        LookupEstablished = 4 => "lookup-established",
        /// The lookup in the listener hash.
        LookupListener = 5 => "lookup-listener",
        /// A RST in answer to a segment.
        SendReset = 6 => "send-reset",
        /// A RST that a socket sends of its own accord.
        ActiveReset = 7 => "active-reset",
        /// A RST that reached a socket.
        ReceiveReset = 8 => "receive-reset",
        /// An ICMP error that reached TCP.
        Icmp = 9 => "icmp",
        /// An ICMP error that this host sends.
        IcmpSend = 10 => "icmp-send",
        /// A RST made by netfilter.
        Reject = 11 => "reject",
        /// A SYN at a listener whose queues are full.
        ConnRequest = 12 => "conn-request",
        /// A handshake segment that the kernel threw away.
        Drop = 13 => "drop",
        /// A SYN sent again.
        Retransmit = 14 => "retransmit",
        /// Processes started by the traced command.
        Fork = 15 => "fork",
        /// A BPF program on the network namespace (`sk_lookup`) that refused a segment.
        SkLookup = 16 => "sk-lookup",
        /// A BPF program on a SO_REUSEPORT group that refused a segment.
        Reuseport = 17 => "reuseport",
        /// A flow that conntrack translates.
        Nat = 30 => "nat",
        /// A listen() that failed.
        Listen = 28 => "listen",
        /// A system call that a security module or a cgroup's program refused.
        Denied = 29 => "denied",
        /// A SYN that a listener refuses: there is no route back, or a security module objects.
        SynRefused = 26 => "syn-refused",
        /// A handshake segment that a request socket or a TIME_WAIT record did not take.
        MiniSocket = 27 => "mini-socket",
        /// A RST of which `tcp_reset` does not know: a request socket or a TIME_WAIT record met it, or it was not obeyed.
        QuietReset = 22 => "quiet-reset",
        /// The segment that completes a handshake.
        Handshake = 23 => "handshake",
    }
}

numbered! {
    /// How a hook is attached.
    Backend {
        /// A raw tracepoint, or a system call tracepoint.
        Tracepoint = 0 => "tracepoint",
        /// A BPF trampoline at a function's entry or exit.
        Fentry = 1 => "fentry",
        /// A kprobe or kretprobe.
        Kprobe = 2 => "kprobe",
    }
}

numbered! {
    /// What a record is, in [`crate::event::Header::kind`].
    Kind {
        /// [`crate::event::State`]
        State = 1 => "state",
        /// [`crate::event::ConnectFailed`]
        ConnectFailed = 2 => "connect-failed",
        /// [`crate::event::Bind`]
        Bind = 3 => "bind",
        /// [`crate::event::Lookup`]
        Lookup = 4 => "lookup",
        /// [`crate::event::Reply`]
        Reply = 5 => "reply",
        /// [`crate::event::ReplySock`]
        ReplySock = 6 => "reply-sock",
        /// [`crate::event::ReplyHolders`]
        ReplyHolders = 7 => "reply-holders",
        /// [`crate::event::SockReset`]: a RST that a socket sends of its own accord.
        ActiveReset = 8 => "active-reset",
        /// [`crate::event::SockReset`]: a RST that reached a socket.
        ReceiveReset = 9 => "receive-reset",
        /// [`crate::event::Icmp`]: an ICMP error that reached TCP.
        Icmp = 10 => "icmp",
        /// [`crate::event::Icmp`]: an ICMP error that this host sends.
        IcmpSend = 11 => "icmp-send",
        /// [`crate::event::Reject`]
        Reject = 12 => "reject",
        /// [`crate::event::ConnRequest`]
        ConnRequest = 13 => "conn-request",
        /// [`crate::event::Drop`]
        Drop = 14 => "drop",
        /// [`crate::event::DropHolders`]
        DropHolders = 15 => "drop-holders",
        /// [`crate::event::Retransmit`]
        Retransmit = 16 => "retransmit",
        /// [`crate::event::Fork`]
        Fork = 17 => "fork",
        /// [`crate::event::Stack`]
        Stack = 18 => "stack",
        /// [`crate::event::SockReset`]: an open connection came to CLOSE because of an error, without a RST that was received.
        Death = 25 => "death",
        /// [`crate::event::Nat`]
        Nat = 40 => "nat",
        /// [`crate::event::NatHolders`]
        NatHolders = 41 => "nat-holders",
        /// [`crate::event::Untranslated`]
        Untranslated = 42 => "untranslated",
        /// [`crate::event::CallFailed`]: a bind().
        BindFailed = 37 => "bind-failed",
        /// [`crate::event::CallFailed`]: a listen().
        ListenFailed = 38 => "listen-failed",
        /// [`crate::event::MiniSocket`]
        MiniSocket = 34 => "mini-socket",
        /// [`crate::event::QuietReset`]
        QuietReset = 28 => "quiet-reset",
    }
}

/// TCP states as in the kernel's `enum` of include/net/tcp_states.h (the numbers are the same in all versions).
pub mod state {
    /// An open connection.
    pub const ESTABLISHED: u8 = 1;
    /// A SYN was sent.
    pub const SYN_SENT: u8 = 2;
    /// A SYN was received.
    pub const SYN_RECV: u8 = 3;
    /// Closed first, our FIN is on its way.
    pub const FIN_WAIT1: u8 = 4;
    /// Closed first, waiting for the peer's FIN.
    pub const FIN_WAIT2: u8 = 5;
    /// Kept as a small socket after the end.
    pub const TIME_WAIT: u8 = 6;
    /// No connection; with a port: bound and not listening.
    pub const CLOSE: u8 = 7;
    /// The peer closed first, we have not closed yet.
    pub const CLOSE_WAIT: u8 = 8;
    /// The peer closed first, our FIN is on its way.
    pub const LAST_ACK: u8 = 9;
    /// Listening.
    pub const LISTEN: u8 = 10;
    /// Both closed at once.
    pub const CLOSING: u8 = 11;
    /// A request socket in the established hash.
    pub const NEW_SYN_RECV: u8 = 12;
}

/// Bits of a TCP header's flag byte.
pub mod tcp_flag {
    /// FIN
    pub const FIN: u8 = 0x01;
    /// SYN
    pub const SYN: u8 = 0x02;
    /// RST
    pub const RST: u8 = 0x04;
    /// ACK
    pub const ACK: u8 = 0x10;
}

/// Bits of [`crate::event::Header::flags`].
pub mod header_flag {
    /// The running task belongs to the traced command.
    pub const IN_SCOPE: u8 = 0x01;
    /// A [`crate::event::Stack`] record with this record's time follows.
    pub const HAS_STACK: u8 = 0x02;
}

/// Bits of [`crate::event::SockFacts::flags`] and [`crate::event::Holder::flags`].
pub mod sock_flag {
    /// A process (or the kernel) still holds the socket: `sk_socket` is set.
    pub const HELD: u8 = 0x01;
    /// SO_LINGER is on.
    pub const LINGER: u8 = 0x02;
    /// IPV6_V6ONLY is on.
    pub const V6ONLY: u8 = 0x04;
    /// SO_REUSEPORT is on.
    pub const REUSEPORT: u8 = 0x08;
    /// A filter of the socket, or of its cgroup for what comes in. Only of who holds a port, and only where drops
    /// have no reasons.
    pub const FILTER: u8 = 0x40;
    /// The socket is a subflow of MPTCP, or the listener of one.
    pub const MPTCP: u8 = 0x20;
    /// A BPF program chooses among the sockets of its SO_REUSEPORT group.
    pub const REUSEPORT_PROGRAM: u8 = 0x10;
    /// A process had it and has closed it (`SOCK_DEAD`): without this one that is not held was never accepted.
    pub const DEAD: u8 = 0x80;
}

/// Bits of [`crate::event::Reply::place`] and [`crate::event::Drop::place`]: where a SYN found no socket.
pub mod place_flag {
    /// A BPF program of type sk_lookup is attached to the network namespace.
    pub const SK_LOOKUP: u8 = 0x01;
    /// The device that the SYN came in on is the master of a VRF.
    pub const VRF: u8 = 0x02;
}

/// Who refused a system call, in [`crate::event::ConnectFailed`] and [`crate::event::Bind`].
pub mod denied_by {
    /// Nobody was seen to.
    pub const NOBODY: u16 = 0;
    /// A security module (`security_socket_*`).
    pub const SECURITY_MODULE: u16 = 1;
    /// A BPF program of a cgroup (`__cgroup_bpf_run_filter_sock_addr`).
    pub const CGROUP_PROGRAM: u16 = 2;
}

/// Why a listener passed over a SYN, in [`crate::event::ConnRequest::refused`].
pub mod refused {
    /// One of its queues may be full.
    pub const QUEUES: u8 = 0;
    /// There is no route back to the client.
    pub const NO_ROUTE: u8 = 1;
    /// A security module said no.
    pub const SECURITY: u8 = 2;
}

/// What a lookup in one of TCP's hashes gave, in [`crate::event::LookupFacts`].
pub mod lookup {
    /// This backend did not see the lookup.
    pub const NOT_SEEN: u8 = 0;
    /// It returned a socket.
    pub const HIT: u8 = 1;
    /// It returned none.
    pub const MISS: u8 = 2;
}

/// Places in the map that counts what was not written.
pub mod untold {
    use super::Hook;

    /// Above the highest number of a hook.
    pub const HOOK_SLOTS: u32 = 32;
    /// Reasons that are told apart: more than `enum sk_rst_reason` has. The last stands for all above.
    pub const REASONS: u32 = 64;

    /// Place of a hook and the kernel's reason (0: none).
    #[must_use]
    #[inline]
    pub const fn slot(hook: Hook, reason: u32) -> u32 {
        let last = REASONS - 1;
        hook as u32 * REASONS + if reason < last { reason } else { last }
    }
}
