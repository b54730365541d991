//! The file of an index that is not whole yet.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use crate::{
    query::recordings::Recording,
    sink::whole::{Place, part_of},
};

/// An empty file for what will be at `path`, with the name that it has until then. Whoever may not read the recording may not
/// read this either.
///
/// # Errors
/// When there can be none.
pub(super) fn create(path: &Path, recording: &Recording) -> io::Result<(PathBuf, Place)> {
    let of_recording = fs::metadata(recording.first())?;
    if fs::symlink_metadata(path).is_ok_and(|there| !there.is_file()) {
        return Err(io::Error::other("something that is no file is in its place"));
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        create_cache(folder)?;
    }
    let part = part_of(path);
    // Left by a process of that number that was killed.
    let _ = fs::remove_file(&part);
    let own = of_recording.uid() == rustix::process::geteuid().as_raw();
    let mode = if own { of_recording.permissions().mode() & 0o666 | 0o600 } else { 0o600 };
    OpenOptions::new().write(true).create_new(true).mode(mode).open(&part)?;
    Ok((part.clone(), Place::of(part, path)))
}

/// The folder of caches may not be there yet; that of a recording is.
fn create_cache(folder: &Path) -> io::Result<()> {
    if folder.is_dir() { Ok(()) } else { fs::create_dir_all(folder) }
}
