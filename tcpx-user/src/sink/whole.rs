//! A file that appears only when all of it is there.

use std::{
    env, fs,
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::cli::failure::Failure;

/// A file that is being written beside the one that it will become. Given up if it is dropped before [`keep`](Self::keep).
#[derive(Debug)]
pub struct WholeFile {
    file: File,
    /// Its name while it is not whole; `None` where what is written to is no regular file, such as /dev/stdout.
    beside: Option<PathBuf>,
    path: PathBuf,
}

impl WholeFile {
    /// Begins a file that will stand at `path`, in place of what stands there.
    ///
    /// # Errors
    /// When its folder does not let a file be made.
    pub fn create(path: &Path) -> Result<Self, Failure> {
        let creating = || Failure::io(format!("creating {}", path.display()));
        match fs::metadata(path) {
            Ok(there) if there.is_dir() => Err(creating()(io::ErrorKind::IsADirectory.into())),
            Ok(there) if !there.is_file() => {
                let file = File::options().write(true).open(path).map_err(creating())?;
                Ok(Self { file, beside: None, path: path.to_owned() })
            }
            found => {
                // A link stays one, and what it leads to is replaced.
                let path =
                    if found.is_ok() { fs::canonicalize(path).map_err(creating())? } else { path.to_owned() };
                let beside = beside(&path);
                let file = File::options().write(true).create_new(true).open(&beside).map_err(creating())?;
                Ok(Self { file, beside: Some(beside), path })
            }
        }
    }

    /// It is whole.
    ///
    /// # Errors
    /// When it cannot take its place.
    pub fn keep(mut self) -> Result<(), Failure> {
        let Some(beside) = self.beside.take() else { return Ok(()) };
        let placed = fs::rename(&beside, &self.path);
        if placed.is_err() {
            // The rename's error says more.
            let _ = fs::remove_file(&beside);
        }
        placed.map_err(Failure::io(format!("putting {} into its place", self.path.display())))
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        if let Some(beside) = &self.beside {
            // Nobody is left to be told.
            let _ = fs::remove_file(beside);
        }
    }
}

/// In the same folder, so that a rename is enough; hidden, and of this process.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = format!(".{name}.{}.part", std::process::id());
    let folder = path.parent().map_or_else(|| env::current_dir().unwrap_or_default(), Path::to_path_buf);
    folder.join(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = folder.read_dir().expect("a folder");
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn the_old_file_stands_until_the_new_one_is_whole() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("page.html");
        fs::write(&path, "old").expect("a file");
        let mut file = WholeFile::create(&path).expect("a file");
        file.write_all(b"new").expect("room");
        assert_eq!(fs::read(&path).expect("a file"), b"old");
        file.keep().expect("it takes its place");
        assert_eq!(fs::read(&path).expect("a file"), b"new");
        assert_eq!(names(dir.path()), ["page.html"]);
    }

    #[test]
    fn one_that_is_given_up_leaves_nothing() {
        let dir = tempfile::tempdir().expect("a folder");
        drop(WholeFile::create(&dir.path().join("page.html")).expect("a file"));
        assert!(names(dir.path()).is_empty());
    }

    #[test]
    fn a_link_stays_one_and_a_device_is_not_replaced() {
        let dir = tempfile::tempdir().expect("a folder");
        let (link, file) = (dir.path().join("link"), dir.path().join("file"));
        fs::write(&file, "old").expect("a file");
        std::os::unix::fs::symlink(&file, &link).expect("a link");
        WholeFile::create(&link).and_then(WholeFile::keep).expect("replaced");
        assert!(fs::symlink_metadata(&link).expect("it is there").is_symlink());
        assert_eq!(fs::read(&file).expect("a file"), b"");
        let null = WholeFile::create(Path::new("/dev/null")).expect("it can be written to");
        assert!(null.beside.is_none());
    }

    #[test]
    fn a_folder_is_refused_at_once() {
        let dir = tempfile::tempdir().expect("a folder");
        let wrong = WholeFile::create(dir.path()).expect_err("a folder is no file").to_string();
        assert!(wrong.starts_with("creating ") && wrong.contains("is a directory"), "{wrong}");
    }
}
