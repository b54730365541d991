//! The scenarios: for each verdict of the catalogue, a script that makes the kernel do it.

mod below;
mod beside;
mod challenged;
mod closing;
mod conntrack;
mod early;
mod established;
mod fast_open;
mod firewall;
mod given_up;
mod handshake;
mod icmp;
mod listener;
mod local_resets;
mod mptcp;
mod nat;
mod near;

mod own_accord;
mod quiet;
mod remote;
mod reuseport;
mod silent;
mod to_peer;
mod tproxy;
mod unmatched;

use std::path::Path;

use super::{Family, File, LabError, Stage};

/// The folder that only a test guest has (`xtask/src/vm/initramfs.rs`).
const GUEST: &str = "/guest";

/// A script that provokes what one verdict stands for.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// The verdict's id, or `id/variant`; IPv4 unless the name says otherwise.
    pub name: &'static str,
    /// Other names that find it.
    pub aliases: &'static [&'static str],
    /// Which addresses it uses.
    pub family: Family,
    /// One line: what is shown.
    pub title: &'static str,
    /// What happens, and which kernel facts make it so.
    pub about: &'static str,
    /// It changes what the whole machine shares (a sysctl without a namespace, memory, the clock): only a test guest,
    /// which is nobody else's, plays it.
    pub machine_wide: bool,
    /// It must be told before the kernel sends something again, within a second: it is played alone.
    pub timely: bool,
    /// The file that it is written in, if it is none of tcpx's own; `run` is not called then.
    pub file: Option<&'static File>,
    /// The script. It returns when all it started is done, or in flight where that is the point.
    pub run: fn(&mut Stage) -> Result<(), LabError>,
}

impl Scenario {
    /// The verdict that it exists to show.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        let built_in = || self.name.split_once('/').map_or(self.name, |(id, _)| id);
        self.file.map_or_else(built_in, |file| file.expect.verdict.as_str())
    }

    /// Plays it on this stage.
    ///
    /// # Errors
    /// When the kernel does something else, or this machine is not one to play it on.
    pub fn play(&self, stage: &mut Stage) -> Result<(), LabError> {
        if self.machine_wide && !Path::new(GUEST).exists() {
            return Err(LabError::Unavailable {
                what: self.name.to_owned(),
                why: "it would disturb the whole machine, not only a namespace".to_owned(),
                advice: "it is played in test guests only (cargo xtask vm run -- auto/NAME)",
            });
        }
        match self.file {
            Some(file) => file.play(stage),
            None => (self.run)(stage),
        }
    }

    /// The same, for a script that touches more than its namespaces.
    const fn machine_wide(self) -> Self {
        Self { machine_wide: true, ..self }
    }

    /// The same, for a script that leaves something in flight.
    const fn timely(self) -> Self {
        Self { timely: true, ..self }
    }

    /// An empty stage for it.
    #[must_use]
    pub fn stage(&self) -> Stage {
        Stage::new(self.family, self.verdict())
    }
}

/// All scenarios, by what they are about.
pub fn scenarios() -> impl Iterator<Item = &'static Scenario> {
    [
        early::TABLE,
        early::PORTS,
        early::DENIED,
        unmatched::TABLE,
        near::TABLE,
        local_resets::TABLE,
        own_accord::TABLE,
        given_up::TABLE,
        handshake::TABLE,
        mptcp::TABLE,
        closing::TABLE,
        firewall::TABLE,
        icmp::TABLE,
        nat::TABLE,
        remote::TABLE,
        quiet::TABLE,
        silent::TABLE,
        listener::TABLE,
        established::TABLE,
        fast_open::TABLE,
        reuseport::TABLE,
        challenged::TABLE,
        tproxy::TABLE,
        below::TABLE,
        beside::TABLE,
        conntrack::TABLE,
    ]
    .into_iter()
    .flatten()
}

/// The scenario of that name or alias.
#[must_use]
pub fn find(name: &str) -> Option<&'static Scenario> {
    scenarios().find(|scenario| scenario.name == name || scenario.aliases.contains(&name))
}

/// One script for both families: the rows `name` and `name/ipv6` of a table.
const fn scenario(
    name: &'static str,
    family: Family,
    title: &'static str,
    about: &'static str,
    run: fn(&mut Stage) -> Result<(), LabError>,
) -> Scenario {
    Scenario { name, aliases: &[], family, title, about, machine_wide: false, timely: false, file: None, run }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Family, find, scenarios};

    #[test]
    fn names_and_aliases_are_unique() {
        let mut seen = BTreeSet::new();
        for name in scenarios().flat_map(|s| s.aliases.iter().copied().chain([s.name])) {
            assert!(seen.insert(name), "{name} twice");
        }
    }

    #[test]
    fn a_name_that_says_ipv6_is_ipv6() {
        for scenario in scenarios() {
            let says = scenario.name.ends_with("ipv6") || scenario.name == "listener-v4only";
            assert_eq!(says, scenario.family == Family::Ipv6, "{}", scenario.name);
        }
    }

    #[test]
    fn the_textbook_case_is_found_by_its_alias() {
        assert_eq!(find("no-listen").map(super::Scenario::verdict), Some("bound-not-listening"));
    }
}
