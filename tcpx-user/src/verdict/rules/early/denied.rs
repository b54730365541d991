//! Policy of this host.

use super::before_syn_sent;
use crate::{
    correlate::facts::AttemptFacts,
    verdict::{
        VerdictId,
        rules::{Context, Finding, words},
    },
    who::CgroupHook,
};

const EPERM: i32 = 1;
const EACCES: i32 = 13;

/// A security module or a cgroup's program refused connect(). Where that is not seen as such, the errno tells that it
/// was one of them, and the cgroup which.
pub(in super::super) fn connect_denied(facts: &AttemptFacts, context: &Context<'_>) -> Option<Finding> {
    let failed = before_syn_sent(facts)?;
    let (what, task) = (&failed.what, failed.task);
    let process = context.who.process(task, &what.comm, Some(what.uid), what.cgroup);
    let call = format!("connect() of {} to {}", words::process(&process), what.requested);
    let hook = if what.requested.is_ipv4() { CgroupHook::Connect4 } else { CgroupHook::Connect6 };
    let cgroup = words::cgroup(process.cgroup.as_deref());
    let Some(by) = what.denied_by else {
        let policy = matches!(what.errno, EPERM | EACCES) && !context.abilities.denials;
        let programs = what.cgroup.and_then(|cgroup| context.who.cgroup_programs(cgroup, hook));
        return policy.then(|| {
            Finding::derived_from(VerdictId::ConnectDenied, words::refused(&call, &cgroup, programs))
        });
    };
    Some(Finding::observed(VerdictId::ConnectDenied, words::denied(by, &call, &cgroup)))
}
