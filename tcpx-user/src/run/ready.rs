//! `--ready-file`: tells a script that all hooks are attached.

use std::{fs, path::Path};

use crate::cli::failure::Failure;

/// Writes the file; it appears with its contents.
///
/// # Errors
/// When it cannot be written.
pub fn announce(path: &Path) -> Result<(), Failure> {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    let doing = || format!("writing the ready file {}", path.display());
    fs::write(&name, b"ready\n").map_err(Failure::io(doing()))?;
    fs::rename(&name, path).map_err(Failure::io(doing()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn appears_whole_and_errors_name_it() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("ready");
        announce(&file).expect("a writable directory");
        assert_eq!(fs::read(&file).expect("the file"), b"ready\n");
        assert_eq!(fs::read_dir(dir.path()).expect("the directory").count(), 1);
        let error = announce(&dir.path().join("no/ready")).expect_err("no such directory");
        assert!(error.to_string().starts_with("writing the ready file "), "{error}");
    }
}
