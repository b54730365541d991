//! A file that is not whole yet: it has another name until it is, and goes if it never is.

use std::{
    ffi::OsString,
    fs::{self, OpenOptions},
    io,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process,
};

use crate::{cli::failure::Failure, query::recordings::Recording};

/// The file.
pub(super) struct Part {
    path: PathBuf,
    is_whole: bool,
}

impl Part {
    /// An empty file for what will be at `path`. Whoever may not read the recording may not read this either.
    ///
    /// # Errors
    /// When there can be none.
    pub(super) fn create(path: &Path, recording: &Recording) -> io::Result<Self> {
        let of_recording = fs::metadata(recording.first())?;
        if fs::symlink_metadata(path).is_ok_and(|there| !there.is_file()) {
            return Err(io::Error::other("something that is no file is in its place"));
        }
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            create_cache(folder)?;
        }
        let mut name: OsString = path.as_os_str().to_owned();
        name.push(format!(".{}.part", process::id()));
        let path = PathBuf::from(name);
        // Left by a process of that number that was killed.
        let _ = fs::remove_file(&path);
        let own = of_recording.uid() == rustix::process::geteuid().as_raw();
        let mode = if own { of_recording.permissions().mode() & 0o666 | 0o600 } else { 0o600 };
        OpenOptions::new().write(true).create_new(true).mode(mode).open(&path)?;
        Ok(Self { path, is_whole: false })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// It is whole now.
    ///
    /// # Errors
    /// When it cannot be named so.
    pub(super) fn rename(mut self, path: &Path) -> Result<(), Failure> {
        fs::rename(&self.path, path).map_err(Failure::io(format!("naming {}", path.display())))?;
        self.is_whole = true;
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.is_whole {
            // There is nobody to be told.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The folder of caches may not be there yet; that of a recording is.
fn create_cache(folder: &Path) -> io::Result<()> {
    if folder.is_dir() { Ok(()) } else { fs::create_dir_all(folder) }
}
