//! Tries every way of every hook on the running kernel, for `tcpx check`: only a real attach tells whether one works.

use tcpx_common::abi::{Backend, Hook};

use super::{
    KernelFacts,
    attach::{AttachError, AttachedHook, Attempt},
    plan::{self, Asked, HookPlan, Obstacle},
    sight::Sight,
};
use crate::abilities::Abilities;

/// All hooks, and what they would let tcpx see together.
pub struct Survey {
    /// In the order of the hook table.
    pub hooks: Vec<HookSurvey>,
    /// What tcpx would see.
    pub abilities: Abilities,
}

/// One hook.
pub struct HookSurvey {
    /// Which.
    pub hook: Hook,
    /// The way that would be taken.
    pub chosen: Option<AttachedHook>,
    /// The other backends.
    pub others: Vec<Other>,
    /// Why there is no way, in one sentence.
    pub missing: Option<String>,
}

/// A backend that would not be used for a hook.
pub struct Other {
    /// Which.
    pub backend: Backend,
    /// It works all the same.
    pub works: bool,
    /// Why it is not used.
    pub why: String,
}

/// Attaches everything way by way and lets it go again.
///
/// # Errors
/// When the kernel refuses tcpx's maps, so that nothing can be tried.
pub fn survey(facts: &KernelFacts, asked: Asked) -> Result<Survey, AttachError> {
    let mut attempt = Attempt::new(facts, asked)?;
    let mut hooks: Vec<_> =
        plan::plan(facts, asked).into_iter().map(|plan| hook(plan, facts, &mut attempt)).collect();
    hooks.sort_by_key(|survey| survey.hook);
    let chosen: Vec<_> = hooks.iter().filter_map(|survey| survey.chosen.clone()).collect();
    let abilities = Sight { facts, hooks: &chosen, counts_misses: attempt.counts_misses() }.abilities();
    Ok(Survey { hooks, abilities })
}

fn hook(plan: HookPlan, facts: &KernelFacts, attempt: &mut Attempt) -> HookSurvey {
    let mut survey = HookSurvey { hook: plan.hook, chosen: None, others: Vec::new(), missing: None };
    let mut obstacles = plan.ruled_out;
    for way in plan.ways {
        // A function with several names needs only one of them.
        if survey.uses(way.backend) {
            continue;
        }
        match attempt.try_out(way) {
            Ok(()) if survey.chosen.is_none() => survey.chosen = Some(AttachedHook::by(way)),
            Ok(()) => {
                let why = plan::second(way, facts);
                survey.others.push(Other { backend: way.backend, works: true, why });
            }
            Err(why) => {
                obstacles.retain(|(backend, _)| *backend != way.backend);
                obstacles.push((way.backend, Obstacle::Refused(why)));
            }
        }
    }
    obstacles.retain(|(backend, _)| !survey.uses(*backend));
    survey.missing = survey.chosen.is_none().then(|| plan::sentence(&obstacles));
    survey.others.extend(obstacles.into_iter().map(|(backend, obstacle)| Other {
        backend,
        works: false,
        why: obstacle.words().to_owned(),
    }));
    survey.others.sort_by_key(|other| other.backend);
    survey
}

impl HookSurvey {
    /// Whether a backend works for this hook.
    #[must_use]
    pub fn uses(&self, backend: Backend) -> bool {
        self.chosen.as_ref().is_some_and(|chosen| chosen.backend == backend)
            || self.others.iter().any(|other| other.backend == backend && other.works)
    }
}
