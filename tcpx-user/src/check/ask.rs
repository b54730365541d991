//! Asks the kernel: attaches each hook in each way, lets it go again, and says what that amounts to.

use tcpx_common::abi::Backend;

use super::{Ability, CheckBackend, CheckFact, CheckHook, CheckReport, OtherBackend, service};
use crate::{
    abilities::Abilities,
    audit,
    cli::{
        failure::Failure,
        request::{Flow, Hooks, ProbeSet},
    },
    kernel::{
        KernelFacts,
        survey::{HookSurvey, Survey, survey},
        table,
    },
    line::MissingHook,
    run::live,
};

/// Fields of the kernel's types without which the bind hash cannot be walked.
const BIND_HASH: [&str; 9] = [
    "net_hashinfo",
    "net_hash_mix",
    "hashinfo_bhash",
    "hashinfo_bhash_size",
    "bhash_chain",
    "bhash_stride",
    "tb_net",
    "tb_port",
    "tb_node",
];

/// The report for the running kernel.
///
/// # Errors
/// When the kernel shows no types or refuses tcpx's maps.
pub(super) fn report(backend: Option<Backend>) -> Result<CheckReport, Failure> {
    let asked =
        Hooks { backend, probes: ProbeSet::Lookup, stacks: false, bpf_log: false, flow: Flow::DEFAULT };
    let facts = live::facts()?;
    let survey = survey(&facts, live::in_kernel_words(&asked, true)).map_err(live::refused)?;
    let asked_for = |one: &&Backend| backend.is_none_or(|only| only == **one);
    let working: Vec<_> =
        survey.hooks.iter().filter(|hook| hook.chosen.is_some()).map(|hook| hook.hook.name()).collect();
    let uname = rustix::system::uname();
    Ok(CheckReport {
        tcpx: env!("CARGO_PKG_VERSION").to_owned(),
        kernel: uname.release().to_string_lossy().into_owned(),
        arch: uname.machine().to_string_lossy().into_owned(),
        btf: yes("/sys/kernel/btf/vmlinux"),
        backends: Backend::ALL.iter().filter(asked_for).map(|one| as_such(*one, &survey.hooks)).collect(),
        service: service::compare(backend, &working),
        sees: sees(&facts, &survey),
        hooks: survey.hooks.iter().map(hook).collect(),
        missing: survey.hooks.iter().filter_map(missing).collect(),
    })
}

fn yes(detail: impl Into<String>) -> Ability {
    Ability { works: true, detail: detail.into() }
}

fn no(detail: impl Into<String>) -> Ability {
    Ability { works: false, detail: detail.into() }
}

/// A backend works if any hook attaches by it; if none does, what most of them met says why.
fn as_such(backend: Backend, hooks: &[HookSurvey]) -> CheckBackend {
    let works = hooks.iter().filter(|hook| hook.uses(backend)).count();
    let ability = match works {
        0 => no(most_common(
            hooks
                .iter()
                .flat_map(|hook| &hook.others)
                .filter(|other| other.backend == backend)
                .map(|other| &*other.why),
        )),
        1 => yes("1 hook"),
        n => yes(format!("{n} hooks")),
    };
    CheckBackend { backend: backend.name().to_owned(), ability }
}

fn most_common<'a>(reasons: impl Iterator<Item = &'a str>) -> String {
    let mut counted: Vec<(&str, usize)> = Vec::new();
    for reason in reasons {
        match counted.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += 1,
            None => counted.push((reason, 1)),
        }
    }
    counted
        .iter()
        .max_by_key(|(_, count)| *count)
        .map_or_else(String::new, |(reason, _)| (*reason).to_owned())
}

fn sees(facts: &KernelFacts, survey: &Survey) -> Vec<CheckFact> {
    let Abilities { lookups, .. } = survey.abilities;
    let fact = |what: &str, ability| CheckFact { what: what.to_owned(), ability };
    let reasons = |names: &[(u32, String)], since| match names.len() {
        0 => no(format!("this kernel gives none (Linux {since} and later do)")),
        n => yes(format!("{n} reasons in the kernel's own words")),
    };
    vec![
        fact(
            "lookups",
            if lookups {
                yes("hit and miss of both socket lookups are observed")
            } else {
                no("hit and miss are derived from what came of them")
            },
        ),
        fact("port holder", port_holder(facts)),
        fact("RST reasons", reasons(&facts.reset_reasons, "6.10")),
        fact("drop reasons", reasons(&facts.drop_reasons, "5.17")),
        fact(
            "audit",
            audit::blind(&survey.abilities)
                .map_or_else(|| yes("every RST is compared with the kernel's own counters"), no),
        ),
    ]
}

fn port_holder(facts: &KernelFacts) -> Ability {
    let owners = facts.has("tb_owners") || (facts.has("tb_bhash2") && facts.has("tb2_owners"));
    match BIND_HASH.iter().find(|field| !facts.has(field)) {
        None if owners => yes("read from the kernel's bind hash at the moment of the refusal"),
        _ => no("the bind hash has a form that tcpx does not know: inet_diag is asked after the refusal"),
    }
}

fn hook(survey: &HookSurvey) -> CheckHook {
    let chosen = survey.chosen.as_ref();
    let other = |other: &crate::kernel::survey::Other| OtherBackend {
        backend: other.backend.name().to_owned(),
        works: other.works,
        why: other.why.clone(),
    };
    CheckHook {
        hook: survey.hook.name().to_owned(),
        answers: table::question(survey.hook).to_owned(),
        backend: chosen.map(|chosen| chosen.backend.name().to_owned()),
        target: chosen.map(|chosen| chosen.targets.join(",")),
        others: survey.others.iter().map(other).collect(),
    }
}

fn missing(survey: &HookSurvey) -> Option<MissingHook> {
    let why = survey.missing.clone()?;
    Some(MissingHook { hook: survey.hook.name().to_owned(), why })
}

#[cfg(test)]
mod tests {
    use super::most_common;

    #[test]
    fn a_backend_that_works_nowhere_says_what_most_hooks_met() {
        assert_eq!(most_common(["a", "b", "b"].into_iter()), "b");
        assert_eq!(most_common([].into_iter()), "");
    }
}
