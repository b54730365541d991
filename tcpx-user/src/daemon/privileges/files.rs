//! Landlock: which files and ports are left.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, NetPort, PathBeneath, PathFd, PathFdError, Ruleset,
    RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _, RulesetError, RulesetStatus,
};

/// What is needed after the start. All else cannot be opened any more.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// Directories and files to read.
    pub read: Vec<PathBuf>,
    /// Directories in which files are made, written, renamed and removed.
    pub write: Vec<PathBuf>,
    /// TCP ports to connect to.
    pub connect: Vec<u16>,
    /// TCP connections anywhere: an exporter's other end is known by name only.
    pub connect_anywhere: bool,
}

impl Files {
    /// Restricts this thread and those that it starts; says what came of it.
    pub(super) fn restrict(&self) -> String {
        let rules = self.rules().and_then(|rules| Ok(rules.restrict_self()?.ruleset));
        match rules {
            Ok(RulesetStatus::FullyEnforced) => "in force".to_owned(),
            Ok(RulesetStatus::PartiallyEnforced) => "in force, as far as this kernel knows it".to_owned(),
            Ok(RulesetStatus::NotEnforced) => {
                "not in force: this kernel has none (CONFIG_SECURITY_LANDLOCK, lsm=landlock)".to_owned()
            }
            Err(error) => format!("not in force: {error}"),
        }
    }

    /// Best effort: what an older kernel does not know it does not restrict.
    fn rules(&self) -> Result<RulesetCreated, RulesetError> {
        let abi = ABI::V5;
        let mut rules = Ruleset::default().handle_access(AccessFs::from_all(abi))?;
        rules = rules.handle_access(AccessNet::BindTcp)?;
        if !self.connect_anywhere {
            rules = rules.handle_access(AccessNet::ConnectTcp)?;
        }
        // The self-probe's own end has any port.
        let mut rules = rules.create()?.add_rule(NetPort::new(0, AccessNet::BindTcp))?;
        if !self.connect_anywhere {
            for port in &self.connect {
                rules = rules.add_rule(NetPort::new(*port, AccessNet::ConnectTcp))?;
            }
        }
        rules = allow(rules, &self.read, AccessFs::from_read(abi))?;
        allow(rules, &self.write, AccessFs::from_all(abi) & !AccessFs::Execute)
    }
}

/// A path that is not there needs no rule.
fn allow(
    mut rules: RulesetCreated,
    paths: &[PathBuf],
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    for path in paths {
        let Ok(open) = open(path) else { continue };
        let access = if path.is_dir() { access } else { access & AccessFs::from_file(ABI::V5) };
        rules = rules.add_rule(PathBeneath::new(open, access))?;
    }
    Ok(rules)
}

fn open(path: &Path) -> Result<PathFd, PathFdError> {
    PathFd::new(path)
}
