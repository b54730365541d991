//! The first block: what the recording kernel is like, and what was traced on it. Enough to decode and judge what follows.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::format::RECORDS;
use crate::{
    abilities::Abilities,
    decode::Names,
    enrich::WallClock,
    line,
    run::scope::{Processes, Scope},
};

/// Longer than any tick of the kernel, in ns: HZ is at least 100.
const TICK_MOST: u64 = 10_000_000;

/// What is known from the start on. Each file of a recording has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The same in all files of a recording, and in no other.
    pub recording: u64,
    /// Which file of it this is, from 1 on.
    pub file: u32,
    /// Layout of records ([`RECORDS`]).
    pub records: u32,
    /// Version of tcpx.
    pub tcpx: String,
    /// Release of the kernel.
    pub kernel: String,
    /// Machine.
    pub arch: String,
    /// What was asked for: `auto` or a backend.
    pub backend: String,
    /// `path` or `lookup`.
    pub probes: String,
    /// What is attached: hook, backend, target.
    pub hooks: Vec<(String, String, String)>,
    /// What is not: hook, why.
    pub missing: Vec<(String, String)>,
    /// What that lets tcpx see.
    pub abilities: Abilities,
    /// What the kernel calls its numbers.
    pub names: KernelNames,
    /// Boot clock and wall clock at the same moment, ns.
    pub clock: (u64, i64),
    /// What was shown of all that is recorded.
    pub scope: ScopeSaid,
}

/// What decoding needs to know of a kernel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelNames {
    /// `enum sk_rst_reason`.
    pub reset_reasons: Vec<(u32, String)>,
    /// `enum skb_drop_reason`.
    pub drop_reasons: Vec<(u32, String)>,
    /// Length of a jiffy.
    pub tick_ns: u64,
}

impl KernelNames {
    /// For a decoder.
    #[must_use]
    pub fn names(&self) -> Names {
        let reset = self.reset_reasons.iter().map(|(number, name)| (*number, name.as_str()));
        let drop = self.drop_reasons.iter().map(|(number, name)| (*number, name.as_str()));
        Names::new(reset, drop)
    }
}

/// [`Scope`] before the first event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScopeSaid {
    /// The whole host.
    #[default]
    Host,
    /// These network namespaces.
    Namespaces(BTreeSet<u32>),
    /// These processes and their descendants, and namespaces other than `foreign` that are theirs.
    Processes {
        /// At the start.
        pids: BTreeSet<u32>,
        /// Namespaces that were there before.
        foreign: BTreeSet<u32>,
    },
}

impl From<&Scope> for ScopeSaid {
    fn from(scope: &Scope) -> Self {
        match scope {
            Scope::Host => Self::Host,
            Scope::Namespaces(inums) => Self::Namespaces(inums.clone()),
            Scope::Processes(Processes { pids, foreign, .. }) => {
                Self::Processes { pids: pids.clone(), foreign: foreign.clone() }
            }
        }
    }
}

impl From<&ScopeSaid> for Scope {
    fn from(said: &ScopeSaid) -> Self {
        match said {
            ScopeSaid::Host => Self::Host,
            ScopeSaid::Namespaces(inums) => Self::Namespaces(inums.clone()),
            ScopeSaid::Processes { pids, foreign } => {
                Self::Processes(Processes::new(pids.clone(), foreign.clone()))
            }
        }
    }
}

impl Facts {
    /// The first file of a recording that begins now, on the kernel that `start` tells of.
    #[must_use]
    pub fn new(
        start: &line::Start,
        abilities: Abilities,
        names: KernelNames,
        clock: WallClock,
        scope: &Scope,
    ) -> Self {
        let clock = clock.pair();
        let hooks = start.hooks.iter().map(|hook| {
            let line::AttachedHook { hook, backend, target } = hook.clone();
            (hook, backend, target)
        });
        Self {
            recording: clock.1.unsigned_abs() ^ u64::from(std::process::id()).rotate_right(16),
            file: 1,
            records: RECORDS,
            tcpx: start.tcpx.clone(),
            kernel: start.kernel.clone(),
            arch: start.arch.clone(),
            backend: start.backend.clone(),
            probes: start.probes.clone(),
            hooks: hooks.collect(),
            missing: start.missing.iter().map(|none| (none.hook.clone(), none.why.clone())).collect(),
            abilities,
            names,
            clock,
            scope: scope.into(),
        }
    }

    /// The line with which a trace begins.
    #[must_use]
    pub fn start(&self) -> line::Start {
        let hook = |(hook, backend, target): &(String, String, String)| line::AttachedHook {
            hook: hook.clone(),
            backend: backend.clone(),
            target: target.clone(),
        };
        let missing =
            |(hook, why): &(String, String)| line::MissingHook { hook: hook.clone(), why: why.clone() };
        line::Start {
            schema: line::SCHEMA,
            tcpx: self.tcpx.clone(),
            kernel: self.kernel.clone(),
            arch: self.arch.clone(),
            backend: self.backend.clone(),
            probes: self.probes.clone(),
            hooks: self.hooks.iter().map(hook).collect(),
            missing: self.missing.iter().map(missing).collect(),
        }
    }

    /// Its clock.
    #[must_use]
    pub fn clock(&self) -> WallClock {
        WallClock::of_pair(self.clock.0, self.clock.1)
    }

    /// What makes them unusable, if something does.
    #[must_use]
    pub fn wrong(&self) -> Option<String> {
        if self.records == 0 || self.records > RECORDS {
            return Some(format!(
                "its records have layout {}, and this tcpx reads up to {RECORDS}: a newer tcpx reads it",
                self.records
            ));
        }
        (self.names.tick_ns == 0 || self.names.tick_ns > TICK_MOST)
            .then(|| format!("no kernel has a tick of {} ns", self.names.tick_ns))
    }
}
