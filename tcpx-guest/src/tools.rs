//! Programs of this machine that scenarios call, with the libraries that they load, for a guest's first file system.

use std::{path::Path, process::Command};

use anyhow::Result;

use crate::{command, cpio::Archive, files};

/// What scenarios call: `nft` for firewalls, the others for what takes more than one netlink message.
pub const CALLED: &[&str] = &["ip", "nft", "tc"];

/// Adds those of these programs that are here; which are not.
pub fn add(archive: &mut Archive, names: &[&str]) -> Result<Vec<String>> {
    let (mut libraries, mut missing) = (Vec::new(), Vec::new());
    for name in names {
        let Some(file) = command::find(name) else {
            missing.push((*name).to_owned());
            continue;
        };
        archive.file(&format!("usr/bin/{name}"), &files::read(&file)?);
        libraries.extend(libraries_of(&file)?);
    }
    libraries.sort();
    libraries.dedup();
    for library in libraries {
        archive.file(library.trim_start_matches('/'), &files::read(Path::new(&library))?);
    }
    Ok(missing)
}

/// The loader and the libraries, as the loader itself names them; a static program has none.
fn libraries_of(program: &Path) -> Result<Vec<String>> {
    let output = Command::new("ldd").arg(program).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let words = text.lines().filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')));
    Ok(words.map(str::to_owned).collect())
}
