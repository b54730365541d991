//! How processes, ends and spans of time are called in a line.

use std::time::Duration;

use crate::{
    enrich::container,
    line::{End, Endpoint, FlowLine, Netns, Owner, Process},
    who::Whose,
};

/// `curl[41]`
pub(super) fn process(process: &Process) -> String {
    who(&process.comm, process.pid)
}

/// Where the process has another number than the one that is shown.
pub(super) fn inner_pid(process: &Process) -> Option<String> {
    process.ns_pid.map(|pid| format!("pid {pid} in its namespace"))
}

/// `curl[41]`
pub(super) fn owner(owner: &Owner) -> String {
    who(&owner.comm, owner.pid)
}

fn who(comm: &str, pid: u32) -> String {
    let comm = if comm.is_empty() { "?" } else { comm };
    format!("{comm}[{pid}]")
}

/// The owner of an end, or its address.
pub(super) fn end(end: &End) -> String {
    end.owner.as_ref().map_or_else(|| Endpoint { addr: end.addr, port: end.port }.to_string(), owner)
}

/// Where a RST came from.
pub(super) fn source(flow: FlowLine) -> Endpoint {
    Endpoint { addr: flow.saddr, port: flow.sport }
}

/// Where it went.
pub(super) fn destination(flow: FlowLine) -> Endpoint {
    Endpoint { addr: flow.daddr, port: flow.dport }
}

/// `netns web (4026531840)`, `netns 4026532281 of pod 0f2f1f3a-9d5c-4a43-8d5e-bd3cc3f1b5a1`
pub(super) fn netns(netns: &Netns) -> String {
    let place = match (&netns.name, netns.inum) {
        (Some(name), inum) => format!("netns {name} ({inum})"),
        (None, 0) => "netns unknown".to_owned(),
        (None, inum) => format!("netns {inum}"),
    };
    match &netns.of {
        // It has its container's name for want of another.
        Some(Whose::Container(id)) if netns.name.as_deref() == Some(container::short(id)) => place,
        Some(Whose::Container(id)) => format!("{place} of container {}", container::short(id)),
        Some(Whose::Pod(uid)) => format!("{place} of pod {uid}"),
        Some(Whose::Unit(unit)) => format!("{place} of {unit}"),
        None => place,
    }
}

/// With three digits at most, as `71 us`, `1.2 ms`, `912 s`.
pub(crate) fn span(ns: u64) -> String {
    let span = Duration::from_nanos(ns);
    match ns {
        0..1_000_000 => format!("{} us", span.as_micros()),
        1_000_000..10_000_000 => format!("{}.{} ms", ns / 1_000_000, ns / 100_000 % 10),
        10_000_000..1_000_000_000 => format!("{} ms", span.as_millis()),
        1_000_000_000..10_000_000_000 => format!("{}.{} s", span.as_secs(), span.subsec_millis() / 100),
        _ => format!("{} s", span.as_secs()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_says_whose_it_is() {
        let id = "4f3c9b2d8e1a7065c4b39d2e8f1a706534c9b2d8e1a7065c4b39d2e8f1a70653";
        let said = |name: Option<&str>, of| netns(&Netns { inum: 7, name: name.map(str::to_owned), of });
        assert_eq!(said(Some("web"), None), "netns web (7)");
        assert_eq!(said(None, Some(Whose::Pod("0f2f".to_owned()))), "netns 7 of pod 0f2f");
        assert_eq!(said(None, Some(Whose::Unit("a.service".to_owned()))), "netns 7 of a.service");
        let container = || Some(Whose::Container(id.to_owned()));
        assert_eq!(said(Some("web"), container()), "netns web (7) of container 4f3c9b2d8e1a");
        assert_eq!(said(Some("4f3c9b2d8e1a"), container()), "netns 4f3c9b2d8e1a (7)");
    }

    #[test]
    fn spans_are_short() {
        let cases = [
            (71_999, "71 us"),
            (1_250_000, "1.2 ms"),
            (45_000_000, "45 ms"),
            (3_090_000_000, "3.0 s"),
            (912_000_000_000, "912 s"),
        ];
        for (ns, text) in cases {
            assert_eq!(span(ns), text);
        }
    }

    #[test]
    fn nobody_has_no_empty_name() {
        assert_eq!(process(&Process { pid: 7, ..Process::default() }), "?[7]");
    }
}
