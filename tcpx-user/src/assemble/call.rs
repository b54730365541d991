//! The `call` line.

use tcpx_common::abi::state::{CLOSE, LISTEN};

use super::{Names, path, verdict};
use crate::{
    correlate::facts::CallFacts,
    event::{Holder, ServerCall},
    line::{self, PortHolder},
    verdict::rules::{Finding, words},
};

/// The line of a bind() or listen() that failed.
#[must_use]
pub fn call(facts: &CallFacts, finding: Finding, names: &Names<'_>) -> line::CallLine {
    let (seen, bind) = (&facts.seen, &facts.seen.what.bind);
    let own = |holder: &&Holder| Some(holder.sk) == bind.sk;
    let holders = seen.what.holders.iter().flat_map(|holders| &holders.list).filter(|holder| !own(holder));
    line::CallLine {
        id: facts.id,
        time: names.who.time(seen.time),
        netns: names.who.netns(seen.netns),
        call: name(seen.what.call).to_owned(),
        errno: words::errno(bind.errno).into_owned(),
        requested: bind.requested.into(),
        process: Some(names.who.process(seen.task, &bind.comm, Some(bind.uid), bind.cgroup)),
        holders: holders.map(|holder| port_holder(holder, names)).collect(),
        path: path::call(facts, finding.id),
        verdict: verdict(finding),
        complete: names.complete(true),
    }
}

/// As the manual calls it.
pub(super) const fn name(call: ServerCall) -> &'static str {
    match call {
        ServerCall::Bind => "bind",
        ServerCall::Listen => "listen",
    }
}

fn port_holder(holder: &Holder, names: &Names<'_>) -> PortHolder {
    PortHolder {
        addr: holder.addr.ip(),
        port: holder.addr.port(),
        state: words::state(if holder.listening { LISTEN } else { CLOSE }),
        process: holder.inode.and_then(|inode| names.who.holder(inode)),
    }
}
