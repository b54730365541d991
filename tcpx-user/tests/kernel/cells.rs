//! Where a backend may see less than the scenario provoked (contract section 4), as changes of what is expected.
//! `tcpx_user::explain::backends::CELLS` is the same in words.

use tcpx_user::{lab::DropFact, run::lab::Expected};

/// One cell.
struct Cell {
    backend: &'static str,
    kernels: fn(Release) -> bool,
    /// The scenario, or all whose name begins so if it ends with `*`.
    scenario: &'static str,
    shows: fn(&mut Expected),
}

/// Major and minor number of a kernel.
pub(crate) type Release = (u32, u32);

const OLDER_THAN_6_9: fn(Release) -> bool = |release| release < (6, 9);
const EVERY: fn(Release) -> bool = |_| true;
const NO_MODULE_BTF: fn(Release) -> bool = |release| release < (5, 11);

/// All of them. That R1 is derived and lookups are not observed follows from the abilities that tcpx states, which
/// [`must_observe_lookups`] holds it to.
const CELLS: &[Cell] = &[
    // Up to 6.8 tcp_send_reset does not fire for a TIME_WAIT record.
    Cell { backend: "tracepoint", kernels: OLDER_THAN_6_9, scenario: "time-wait-reset*", shows: unseen_sender },
    // Netfilter has no tracepoint: what is left is the drop.
    Cell { backend: "tracepoint", kernels: EVERY, scenario: "netfilter-reject-reset/peer*", shows: plain_drop },
    // nf_send_reset is in a module, whose types aya cannot attach by.
    Cell { backend: "fentry", kernels: EVERY, scenario: "netfilter-reject-reset/peer*", shows: plain_drop },
    Cell { backend: "fentry", kernels: NO_MODULE_BTF, scenario: "netfilter-reject-reset/peer*", shows: plain_drop },
];

/// What may be expected of a backend.
pub(crate) fn amend(expected: &mut Expected, backend: &str, release: Release, scenario: &str) {
    let here = |cell: &&Cell| {
        let named = match cell.scenario.strip_suffix('*') {
            Some(start) => scenario.starts_with(start),
            None => scenario == cell.scenario,
        };
        cell.backend == backend && (cell.kernels)(release) && named
    };
    if let Some(cell) = CELLS.iter().find(here) {
        (cell.shows)(expected);
    }
}

/// Whether both lookups must have been observed, with kprobes in this kernel or without.
pub(crate) fn must_observe_lookups(backend: &str, release: Release, has_kprobes: bool) -> bool {
    match backend {
        "kprobe" => true,
        "fentry" => release >= (6, 12),
        "auto" => has_kprobes,
        _ => false,
    }
}

/// The RST comes out of nowhere.
fn unseen_sender(expected: &mut Expected) {
    for reset in &mut expected.facts.resets {
        (reset.origin, reset.sender, reset.verdict) = ("elsewhere", None, "unknown");
        expected.unexplained += 1;
    }
}

/// The SYN vanished, that is all.
fn plain_drop(expected: &mut Expected) {
    for reset in std::mem::take(&mut expected.facts.resets) {
        let Some(sender) = reset.sender else { continue };
        let to = std::net::SocketAddr::new(reset.from.ip, reset.from.port.unwrap_or(0));
        let dropped =
            DropFact { netns: sender.netns, from: reset.to, to, count: 1, verdict: "netfilter-drop" };
        expected.facts.drops.push(dropped);
    }
}
