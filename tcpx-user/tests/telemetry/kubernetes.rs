//! The pod of deploy/kubernetes, against the schemas of Kubernetes' own API.

use std::process::Command;

use assert_cmd::cargo::CommandCargoExt as _;
use libtest_mimic::{Completion, Failed};

use crate::{tools, without};

const MANIFEST: &str = "deploy/kubernetes/daemonset.yaml";
/// The oldest that has all fields, and the newest that is known here.
const VERSIONS: [&str; 2] = ["1.30", "1.37"];

pub(crate) fn schema() -> Result<Completion, Failed> {
    let Some(python) = tools::fetched("python/bin/python") else { return Ok(without("kubernetes-validate")) };
    for version in VERSIONS {
        let mut validate = Command::new(&python);
        validate.args(["-m", "kubernetes_validate", "--strict", "-k", version]);
        let output = validate.arg(tools::repository().join(MANIFEST)).output()?;
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success() && said.contains("daemonset/tcpx"), "{version}: {said}");
    }
    Ok(Completion::Completed)
}

/// The configuration in it is right, also with what it offers in comments.
pub(crate) fn configuration() -> Result<Completion, Failed> {
    let manifest = std::fs::read_to_string(tools::repository().join(MANIFEST))?;
    let (_, text) = manifest.split_once("  daemon.toml: |\n").ok_or("no configuration")?;
    let lines = text.lines().take_while(|line| line.is_empty() || line.starts_with("    "));
    let plain = lines.map(|line| line.trim().to_owned() + "\n").collect::<String>();
    assert!(plain.contains("#endpoint = "), "{plain}");
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("daemon.toml");
    // A comment has a blank behind its sign, a key that is left out has none.
    let offered = plain.lines().map(|line| match line.strip_prefix('#') {
        Some(key) if !key.starts_with(' ') => format!("{key}\n"),
        _ => format!("{line}\n"),
    });
    for text in [plain.clone(), offered.collect()] {
        std::fs::write(&file, &text)?;
        let mut check = Command::cargo_bin("tcpx")?;
        let output = check.args(["daemon", "--check-config", "--config"]).arg(&file).output()?;
        assert!(output.status.success(), "{}{text}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(Completion::Completed)
}
