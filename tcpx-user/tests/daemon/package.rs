//! What `cargo xtask package` puts into the package for Debian.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

fn manifest() -> toml::Table {
    let text = fs::read_to_string(here().join("Cargo.toml")).expect("a manifest");
    let manifest: toml::Table = text.parse().expect("TOML");
    manifest["package"]["metadata"]["deb"].as_table().expect("a table").clone()
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn assets() -> Vec<(String, String)> {
    let manifest = manifest();
    let assets = manifest["assets"].as_array().expect("a list").iter();
    let word = |asset: &toml::Value, at: usize| asset[at].as_str().expect("a word").to_owned();
    assets.map(|asset| (word(asset, 0), word(asset, 1))).collect()
}

/// Files of a folder, as the manifest names them.
fn files(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(here().join(folder)).expect("a folder").flatten();
    let files = entries.filter(|entry| entry.path().is_file());
    files.map(|entry| format!("{folder}/{}", entry.file_name().display())).collect()
}

/// Every file is there, and no unit and no completion was forgotten.
pub(crate) fn contents() {
    let assets = assets();
    let sources: BTreeSet<_> = assets.iter().map(|(source, _)| source.clone()).collect();
    for source in sources.iter().filter(|source| !source.starts_with("target/")) {
        let path = here().join(source);
        let all = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('*'));
        assert!(if all { path.parent().is_some_and(Path::is_dir) } else { path.is_file() }, "{source}");
    }
    for folder in ["../deploy/systemd", "../docs/completions"] {
        for file in files(folder) {
            assert!(sources.contains(&file), "{file} is not in the package");
        }
    }
}

/// What dpkg runs is well-formed, and about units that the package has.
pub(crate) fn scripts() {
    let targets: BTreeSet<_> =
        assets().into_iter().map(|(source, target)| (PathBuf::from(source), target)).collect();
    let packed = |unit: &str| targets.iter().any(|(source, _)| source.ends_with(unit));
    for script in files("../deploy/debian") {
        let path = here().join(&script);
        let checked = Command::new("sh").arg("-n").arg(&path).output().expect("sh runs");
        assert!(checked.status.success(), "{script}: {}", String::from_utf8_lossy(&checked.stderr));
        let text = fs::read_to_string(&path).expect("a script");
        let words = text.split(|one: char| one.is_whitespace() || one == '"' || one == ';');
        let units: Vec<_> =
            words.filter(|word| word.ends_with(".service") || word.ends_with(".socket")).collect();
        assert!(!units.is_empty() && units.iter().all(|unit| packed(unit)), "{script}: {units:?}");
    }
    let mut user = Command::new("systemd-sysusers");
    user.arg("--dry-run")
        .arg(fs::canonicalize(here().join("../deploy/systemd/tcpx.sysusers.conf")).expect("a file"));
    let said = user.output().expect("systemd-sysusers runs: cargo xtask setup installs it");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
}
