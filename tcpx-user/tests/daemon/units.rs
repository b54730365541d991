//! The units of systemd, by systemd's own tools. No systemd runs here: what a unit starts is tried by the other trials.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/systemd")
}

fn analyze(arguments: &[&str], file: &Path) -> Output {
    let analyze =
        Command::new("systemd-analyze").args(arguments).arg(file).env("SYSTEMD_COLORS", "0").output();
    analyze.expect("systemd-analyze runs: cargo xtask setup installs it")
}

/// 0 is best, 10 worst.
fn exposure(unit: &Path) -> f64 {
    let output = analyze(&["security", "--offline=true", "--no-pager"], unit);
    let said = String::from_utf8_lossy(&output.stdout);
    let level = said.lines().find_map(|line| line.split("Overall exposure level for ").nth(1));
    let number = level.and_then(|level| level.split(": ").nth(1)?.split(' ').next()?.parse().ok());
    number.unwrap_or_else(|| panic!("no level in {said}{}", String::from_utf8_lossy(&output.stderr)))
}

pub(crate) fn security() {
    let level = exposure(&folder().join("tcpx.service"));
    assert!(level <= 2.0, "tcpx.service: {level}");
    // With a collector elsewhere.
    let unit = fs::read_to_string(folder().join("tcpx.service")).expect("a unit");
    let more =
        fs::read_to_string(folder().join("tcpx.service.d/otlp.conf.example")).expect("a part of a unit");
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("tcpx.service");
    fs::write(&file, unit + &more).expect("a copy");
    let level = exposure(&file);
    assert!(level <= 2.1, "tcpx.service with a collector: {level}");
    // It has the rights that the daemon does without.
    let level = exposure(&folder().join("tcpx-helper@.service"));
    assert!(level <= 3.0, "tcpx-helper@.service: {level}");
}

/// Checked as copies whose programs are there.
pub(crate) fn verify() {
    let dir = tempfile::tempdir().expect("a directory");
    let units = ["tcpx.service", "tcpx-helper.socket", "tcpx-helper@.service"];
    for unit in units {
        let text = fs::read_to_string(folder().join(unit)).expect("a unit");
        assert!(!text.contains("ExecStart=") || text.contains("ExecStart=/usr/bin/tcpx "), "{unit}");
        let pages = text.lines().filter(|line| !line.starts_with("Documentation="));
        let text = pages.collect::<Vec<_>>().join("\n").replace("/usr/bin/tcpx ", "/bin/true ");
        fs::write(dir.path().join(unit), text).expect("a copy");
    }
    for unit in units {
        let output = analyze(&["verify", "--man=no"], &dir.path().join(unit.replace("@.", "@1.")));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{unit}: {said}");
    }
}

/// The options with which the unit starts it are those that it knows.
pub(crate) fn started() {
    let unit = fs::read_to_string(folder().join("tcpx.service")).expect("a unit");
    let start =
        unit.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/bin/tcpx daemon ")).expect("a start");
    assert_eq!(start, "--helper /run/tcpx-helper.sock");
    let socket = fs::read_to_string(folder().join("tcpx-helper.socket")).expect("a unit");
    assert!(socket.contains("ListenStream=/run/tcpx-helper.sock\n") && socket.contains("\nAccept=yes\n"));
    let helper = fs::read_to_string(folder().join("tcpx-helper@.service")).expect("a unit");
    let argument = tcpx_user::daemon::helper::ARGUMENT;
    assert!(
        helper.contains(&format!("ExecStart=/usr/bin/tcpx {argument}\n"))
            && helper.contains("\nStandardInput=socket\n")
    );
}
