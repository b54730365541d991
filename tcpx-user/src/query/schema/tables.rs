//! The tables.

/// An expression for the RFC 3339 text of a time in nanoseconds, with nine digits.
macro_rules! rfc3339 {
    ($ns:literal) => {
        concat!(
            "strftime('%Y-%m-%dT%H:%M:%S', ",
            $ns,
            " / 1000000000, 'unixepoch') || printf('.%09dZ', ",
            $ns,
            " % 1000000000)"
        )
    };
}

use super::{
    Column,
    Kind::{Boolean, Computed, Given, Integer, Json, Shared, Text},
    Table,
};

const fn column(name: &'static str, kind: super::Kind, meaning: &'static str) -> Column {
    Column { name, kind, meaning }
}

/// Every row of these has an id and a moment.
const WHAT_AND_WHEN: &[Column] = &[
    column("id", Integer, "number, unique in its recording among attempts, resets, drops, deaths and calls"),
    column("recording", Given, "which recording: its first file, as it was given"),
    column(
        "time",
        Computed(rfc3339!("t.time_ns")),
        "when it began, RFC 3339 in UTC; of a death, when it ended",
    ),
    column("time_ns", Integer, "the same in nanoseconds since 1970"),
];

const NETNS: &[Column] = &[
    column("netns", Integer, "network namespace: inode number"),
    column("netns_name", Shared, "its name, given by ip netns or the container's"),
    column(
        "netns_of",
        Json,
        "whose it is, by the processes in it: {container: ID}, {pod: UID} or {unit: NAME}",
    ),
];

const PROCESS: &[Column] = &[
    column("pid", Integer, "process id in the root namespace; NULL if no process is known"),
    column("tid", Integer, "thread id"),
    column("ns_pid", Integer, "process id in its own PID namespace, if that is not the root one"),
    column("comm", Text, "name of the process, as the kernel had it"),
    column("exe", Shared, "path of its program"),
    column("uid", Integer, "user id"),
    column("cgroup", Shared, "cgroup path"),
    column("container", Shared, "container id"),
];

const ENDS: &[Column] = &[
    column("family", Text, "ipv4 or ipv6"),
    column("local_addr", Text, "address of the local end"),
    column("local_port", Integer, "port of the local end"),
    column("remote_addr", Text, "address of the remote end"),
    column("remote_port", Integer, "port of the remote end"),
];

const NAT: &[Column] = &[
    column("nat_local_addr", Text, "what conntrack made of the local end; NULL if it did not translate"),
    column("nat_local_port", Integer, "and of its port"),
    column("nat_remote_addr", Text, "what conntrack made of the remote end"),
    column("nat_remote_port", Integer, "and of its port"),
];

const END: &[Column] = &[
    column(
        "outcome",
        Text,
        "how it ended: established, refused, reset, timed-out, unreachable, denied, failed, cancelled or pending",
    ),
    column("errno", Text, "what the application got, such as ECONNREFUSED"),
];

const VERDICT: &[Column] = &[
    column("verdict", Text, "why: id of docs/verdicts.md, such as closed-port"),
    column("title", Shared, "the verdict in words"),
    column("confidence", Text, "observed, derived or unknown"),
    column("evidence", Json, "list of sentences, the most important first"),
    column("path", Json, "the kernel's path, outermost last: list of {function, offset, note}"),
];

const FLOW: &[Column] = &[
    column("saddr", Text, "source address of the segment"),
    column("sport", Integer, "source port"),
    column("daddr", Text, "destination address"),
    column("dport", Integer, "destination port"),
];

const REASON: &[Column] = &[
    column("reason", Text, "why, in the kernel's word, such as NO_SOCKET"),
    column("reason_source", Shared, "kernel (it said so) or derived"),
];

const RESET_ID: &[Column] = &[column("reset", Integer, "id of the reset that ended it, if one did")];
const ATTEMPT_ID: &[Column] =
    &[column("attempt", Integer, "id of the attempt that it belongs to, if there is one here")];
const COMPLETE: &[Column] = &[column(
    "complete",
    Boolean,
    "false if events that could matter were lost; NULL if this kernel cannot count what probes miss",
)];

const SENDER: &[Column] = &[
    column("sender_addr", Text, "the sender, if on this host: address"),
    column("sender_port", Integer, "port"),
    column("sender_netns", Integer, "network namespace"),
    column("sender_netns_name", Shared, "its name"),
    column("sender_netns_of", Json, "whose it is"),
    column("sender_socket", Text, "its socket: none, listener, time-wait or full"),
    column("sender_state", Text, "TCP state of that"),
    column("sender_age_ns", Integer, "since it was opened"),
    column("sender_idle_ns", Integer, "since data last moved"),
    column("sender_bytes_sent", Integer, "acknowledged by the peer"),
    column("sender_bytes_received", Integer, "received"),
    column("sender_pid", Integer, "process that owns it"),
    column("sender_comm", Text, "its name"),
    column("sender_owner", Shared, "how that is known: socket, bound or caller"),
];

const RECEIVER: &[Column] = &[
    column("receiver_addr", Text, "the receiver, if on this host: address"),
    column("receiver_port", Integer, "port"),
    column("receiver_netns", Integer, "network namespace"),
    column("receiver_netns_name", Shared, "its name"),
    column("receiver_netns_of", Json, "whose it is"),
    column("receiver_socket", Text, "its socket: none, listener, time-wait or full"),
    column("receiver_state", Text, "TCP state of that"),
    column("receiver_age_ns", Integer, "since it was opened"),
    column("receiver_idle_ns", Integer, "since data last moved"),
    column("receiver_bytes_sent", Integer, "acknowledged by the peer"),
    column("receiver_bytes_received", Integer, "received"),
    column("receiver_pid", Integer, "process that owns it"),
    column("receiver_comm", Text, "its name"),
    column("receiver_owner", Shared, "how that is known: socket, bound or caller"),
];

const SEGMENT: &[Column] = &[
    column(
        "segment_flags",
        Text,
        "what provoked it when replying, or the RST itself when received: flags as in tcpdump",
    ),
    column("segment_seq", Integer, "sequence number"),
    column("segment_ack", Integer, "acknowledgement number"),
    column("segment_len", Integer, "bytes of payload"),
    column("segment_ttl", Integer, "TTL or hop limit"),
    column("segment_device", Text, "device that it came in on"),
];

const LOOKUP: &[Column] = &[
    column("lookup_established", Text, "lookup among connections: hit, miss or not-run"),
    column("lookup_established_source", Shared, "observed or derived"),
    column("lookup_listener", Text, "lookup among listeners: hit, miss or not-run"),
    column("lookup_listener_source", Shared, "observed or derived"),
    column(
        "near",
        Json,
        "listeners and bound sockets that almost matched: list of {why, addr, port, netns, process, unit, age_ns}",
    ),
];

/// What a query can ask about.
pub const TABLES: &[Table] = &[
    Table {
        name: "attempts",
        meaning: "connection attempts that local processes made",
        groups: &[
            WHAT_AND_WHEN,
            &[column("duration_ns", Integer, "from connect() to its end")],
            NETNS,
            ENDS,
            &[
                column("requested_addr", Text, "what connect() was given, before any rewriting: address"),
                column("requested_port", Integer, "and port"),
            ],
            NAT,
            PROCESS,
            END,
            &[
                column("how", Text, "active-open, self-connect or simultaneous-open"),
                column("syn_retransmits", Integer, "SYNs that were sent again"),
            ],
            VERDICT,
            RESET_ID,
            COMPLETE,
        ],
    },
    Table {
        name: "resets",
        meaning: "RSTs that left a local socket or netfilter, or reached a local socket; one that was seen at both ends is one row",
        groups: &[
            WHAT_AND_WHEN,
            &[column("origin", Text, "reply, active, netfilter, or elsewhere (no traced namespace sent it)")],
            FLOW,
            SENDER,
            RECEIVER,
            SEGMENT,
            REASON,
            LOOKUP,
            VERDICT,
            ATTEMPT_ID,
            &[column("joined_by", Shared, "how the two ends were joined: tuple, conntrack and so on")],
            COMPLETE,
        ],
    },
    Table {
        name: "drops",
        meaning: "handshake segments that the kernel dropped without a word, one row for each attempt or flow",
        groups: &[
            WHAT_AND_WHEN,
            &[column("count", Integer, "how many segments")],
            NETNS,
            FLOW,
            PROCESS,
            &[
                column("backlog", Integer, "the listener's queue: connections that wait for accept()"),
                column("max_backlog", Integer, "how many may"),
            ],
            REASON,
            VERDICT,
            ATTEMPT_ID,
            COMPLETE,
        ],
    },
    Table {
        name: "deaths",
        meaning: "connections that ended because of an error, without any RST",
        groups: &[
            WHAT_AND_WHEN,
            &[column("duration_ns", Integer, "from its opening to its end, if the opening was seen")],
            NETNS,
            ENDS,
            NAT,
            PROCESS,
            END,
            &[
                column("state", Text, "TCP state before the end"),
                column("age_ns", Integer, "since it was opened"),
                column("idle_ns", Integer, "since data last moved"),
                column("bytes_sent", Integer, "acknowledged by the peer"),
                column("bytes_received", Integer, "received"),
                column("retransmits", Integer, "how often the same data was sent again in vain"),
                column("probes", Integer, "keepalive or window probes without an answer"),
            ],
            VERDICT,
            ATTEMPT_ID,
            COMPLETE,
        ],
    },
    Table {
        name: "calls",
        meaning: "bind() and listen() calls that failed",
        groups: &[
            WHAT_AND_WHEN,
            NETNS,
            &[
                column("call", Text, "bind or listen"),
                column("errno", Text, "such as EADDRINUSE"),
                column(
                    "requested_addr",
                    Text,
                    "what bind() was given, or what listen()'s socket is bound to: address",
                ),
                column("requested_port", Integer, "and port"),
            ],
            PROCESS,
            &[column("holders", Json, "sockets that hold the port: list of {addr, port, state, process}")],
            VERDICT,
            COMPLETE,
        ],
    },
    Table {
        name: "losses",
        meaning: "events that were lost when it was recorded",
        groups: &[&[
            column("recording", Given, "which recording: its first file, as it was given"),
            column("hook", Text, "of which hook"),
            column(
                "stage",
                Text,
                "kernel (no room in the ring, or above --max-events-per-second) or user (in tcpx itself)",
            ),
            column("count", Integer, "how many"),
        ]],
    },
    Table {
        name: "recordings",
        meaning: "the recordings that were given, each with the kernel that it was made on and what it holds",
        groups: &[&[
            column("recording", Given, "its first file, as it was given"),
            column("files", Given, "how many files of it were given"),
            column("kernel", Text, "release of the kernel"),
            column("arch", Text, "machine"),
            column("tcpx", Text, "version of tcpx that made it"),
            column("backend", Text, "what was asked for: auto or a backend"),
            column("probes", Text, "resets, path or lookup"),
            column("hooks", Json, "what was attached: list of {hook, backend, target}"),
            column("missing", Json, "what was not: list of {hook, why}"),
            column("first", Computed(rfc3339!("t.first_ns")), "time of the earliest row, RFC 3339 in UTC"),
            column("first_ns", Integer, "the same in nanoseconds since 1970"),
            column("last", Computed(rfc3339!("t.last_ns")), "time of the latest row"),
            column("last_ns", Integer, "the same in nanoseconds since 1970"),
            column("attempts", Integer, "rows in attempts"),
            column("resets", Integer, "rows in resets"),
            column("drops", Integer, "rows in drops"),
            column("deaths", Integer, "rows in deaths"),
            column("calls", Integer, "rows in calls"),
            column("lost_kernel", Integer, "events lost in the kernel"),
            column("lost_user", Integer, "events lost in tcpx"),
            column("shed", Integer, "those lost in the kernel that were above --max-events-per-second"),
            column(
                "missed",
                Integer,
                "firings of hooks at which the kernel ran no program; NULL before Linux 5.12",
            ),
            column(
                "unaccounted",
                Integer,
                "difference between the kernel's OutRsts and the RSTs that tcpx saw",
            ),
            column("unaccounted_why", Text, "why that is not known, if it is not"),
            column("counters", Json, "how far the kernel's own counters rose: {name: number}"),
            column(
                "complete",
                Boolean,
                "true if it could be read to its end and nothing was lost or missed; NULL if this kernel cannot count what it missed",
            ),
            column("broken", Text, "where and why it could not be read to its end; NULL if it could"),
        ]],
    },
];
