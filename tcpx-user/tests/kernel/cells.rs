//! What each backend must see on each kernel: all there is, but for the cells listed here with the kernel's reason
//! (contract section 4; `tcpx explain --backends` has them in words). What follows for the records is in
//! `tcpx_user::run::lab::Expected`.

use tcpx_user::abilities::Abilities;

/// Major and minor number of a kernel.
pub(crate) type Release = (u32, u32);

/// One thing that is seen or not.
struct Ability {
    name: &'static str,
    has: fn(&Abilities) -> bool,
}

const ABILITIES: &[Ability] = &[
    Ability { name: "replies_without_socket", has: |can| can.replies_without_socket },
    Ability { name: "replies_from_time_wait", has: |can| can.replies_from_time_wait },
    Ability { name: "replies_from_socket", has: |can| can.replies_from_socket },
    Ability { name: "active_resets", has: |can| can.active_resets },
    Ability { name: "received_resets", has: |can| can.received_resets },
    Ability { name: "icmp", has: |can| can.icmp },
    Ability { name: "icmp_v4", has: |can| can.icmp_v4 },
    Ability { name: "icmp_send", has: |can| can.icmp_send },
    Ability { name: "quiet_resets", has: |can| can.quiet_resets },
    Ability { name: "ignored_resets", has: |can| can.ignored_resets },
    Ability { name: "handshakes", has: |can| can.handshakes },
    Ability { name: "rejects", has: |can| can.rejects },
    Ability { name: "conn_request", has: |can| can.conn_request },
    Ability { name: "syn_refused", has: |can| can.syn_refused },
    Ability { name: "mini_sockets", has: |can| can.mini_sockets },
    Ability { name: "drop_sockets", has: |can| can.drop_sockets },
    Ability { name: "drops", has: |can| can.drops },
    Ability { name: "calls", has: |can| can.calls },
    Ability { name: "denials", has: |can| can.denials },
    Ability { name: "received", has: |can| can.received },
    Ability { name: "nat", has: |can| can.nat },
    Ability { name: "lookups", has: |can| can.lookups },
    Ability { name: "sk_lookup", has: |can| can.sk_lookup },
    Ability { name: "reuseport", has: |can| can.reuseport },
];

/// Something that a backend cannot see.
struct Cell {
    backend: &'static str,
    /// Kernels before this one; `None` is all.
    before: Option<Release>,
    lacks: &'static [&'static str],
    because: &'static str,
}

const SK_LOOKUP_INLINE: &str = "bpf_sk_lookup_run_v4 is inlined into __inet_lookup_listener; later kernels have \
                                inet_lookup_run_sk_lookup";

const CELLS: &[Cell] = &[
    Cell {
        backend: "tracepoint",
        before: None,
        lacks: &[
            "icmp",
            "handshakes",
            "rejects",
            "conn_request",
            "syn_refused",
            "mini_sockets",
            "denials",
            "received",
            "lookups",
            "sk_lookup",
            "reuseport",
        ],
        because: "tcp_v4_err, tcp_finish_connect, nf_send_reset, tcp_conn_request, tcp_check_req, security_socket_connect, tcp_v4_rcv, the \
                  lookups and what these ask have no tracepoint",
    },
    Cell {
        backend: "tracepoint",
        before: Some((6, 9)),
        lacks: &["replies_without_socket", "replies_from_time_wait"],
        because: "tcp_send_reset fires for full sockets only",
    },
    Cell {
        backend: "tracepoint",
        before: Some((6, 11)),
        lacks: &["drop_sockets", "quiet_resets", "ignored_resets"],
        because: "kfree_skb does not say for which socket the packet was, and tcp_check_req, tcp_timewait_state_process and \
                  tcp_validate_incoming have no tracepoint",
    },
    Cell {
        backend: "tracepoint",
        before: Some((6, 1)),
        lacks: &["icmp_send"],
        because: "the tracepoint icmp_send came after 5.10",
    },
    Cell { backend: "auto", before: Some((6, 12)), lacks: &["sk_lookup"], because: SK_LOOKUP_INLINE },
    Cell { backend: "fentry", before: Some((6, 12)), lacks: &["sk_lookup"], because: SK_LOOKUP_INLINE },
    Cell { backend: "kprobe", before: Some((6, 12)), lacks: &["sk_lookup"], because: SK_LOOKUP_INLINE },
    Cell {
        backend: "fentry",
        before: Some((6, 12)),
        lacks: &["lookups"],
        because: "a trampoline takes six arguments, the lookups have eight and ten",
    },
];

/// What this backend should see here and does not.
pub(crate) fn missing(backend: &str, release: Release, can: &Abilities) -> Vec<&'static str> {
    // Without kprobes and trampolines, as on some hosts, auto is what the tracepoints are.
    let backend = if backend == "auto" && !has_kprobes() { "tracepoint" } else { backend };
    let absent = ABILITIES.iter().filter(|ability| !(ability.has)(can)).map(|ability| ability.name);
    let unmounted = |name: &str| name == "calls" && backend == "tracepoint" && !has_tracefs();
    absent.filter(|name| !is_allowed(backend, release, name) && !unmounted(name)).collect()
}

fn is_allowed(backend: &str, release: Release, ability: &str) -> bool {
    CELLS.iter().any(|cell| {
        let here = cell.backend == backend && cell.before.is_none_or(|before| release < before);
        here && cell.lacks.contains(&ability) && !cell.because.is_empty()
    })
}

/// System call tracepoints are found there. Some hosts have not mounted it.
fn has_tracefs() -> bool {
    std::path::Path::new("/sys/kernel/tracing/events").exists()
}

/// Debian's kernels have them; some hosts' do not.
fn has_kprobes() -> bool {
    std::path::Path::new("/sys/bus/event_source/devices/kprobe").exists()
}
