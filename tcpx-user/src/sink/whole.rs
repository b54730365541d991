//! A file that appears only whole: until then it has another name beside it.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::cli::failure::Failure;

/// The stream.
pub struct Whole {
    out: Box<dyn Write + Send>,
    place: Place,
}

/// Where it is written to, and where it will be.
pub struct Place {
    name: String,
    /// What it is called so far, and what at the end. Without: stdout, a pipe, a device.
    rename: Option<(PathBuf, PathBuf)>,
}

impl Whole {
    /// Stdout: what is written there is there at once.
    #[must_use]
    pub fn stdout() -> Self {
        Self { out: Box::new(io::stdout()), place: Place { name: "stdout".to_owned(), rename: None } }
    }

    /// A file; what was there before stays until [`Self::finish`].
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn file(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let creating = Failure::io(format!("creating {name}"));
        Self::create(path, name).map_err(creating)
    }

    fn create(path: &Path, name: String) -> io::Result<Self> {
        // A link stays one: its target is replaced.
        let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        match fs::metadata(path) {
            Ok(there) if there.is_dir() => Err(io::Error::other("it is a directory")),
            Ok(there) if !there.is_file() => {
                let out = Box::new(File::options().write(true).open(path)?);
                Ok(Self { out, place: Place { name, rename: None } })
            }
            _ => {
                let part = part_of(path);
                let out = Box::new(File::create(&part)?);
                Ok(Self { out, place: Place { name, rename: Some((part, path.clone())) } })
            }
        }
    }

    /// What it is, for messages.
    #[must_use]
    pub fn name(&self) -> &str {
        self.place.name()
    }

    /// For writers that want the stream for themselves: when all is written, [`Place::appear`].
    #[must_use]
    pub fn apart(self) -> (Box<dyn Write + Send>, Place) {
        (self.out, self.place)
    }

    /// All is written: the file is there from now on.
    ///
    /// # Errors
    /// When it cannot be.
    pub fn finish(mut self) -> io::Result<()> {
        self.out.flush()?;
        self.place.appear()
    }
}

/// What a file is called until it is whole: beside it, and by no other process.
#[must_use]
pub fn part_of(path: &Path) -> PathBuf {
    let mut part = path.as_os_str().to_owned();
    part.push(format!(".{}.part", std::process::id()));
    part.into()
}

impl Place {
    /// Of a file that somebody else writes at `part`, and that will be at `path`.
    #[must_use]
    pub fn of(part: PathBuf, path: &Path) -> Self {
        Self { name: path.display().to_string(), rename: Some((part, path.to_owned())) }
    }

    /// What it is, for messages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// All is written and flushed: the file is there from now on.
    ///
    /// # Errors
    /// When it cannot be.
    pub fn appear(mut self) -> io::Result<()> {
        if let Some((part, path)) = &self.rename {
            fs::rename(part, path)?;
            self.rename = None;
        }
        Ok(())
    }
}

impl Write for Whole {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some((part, _)) = &self.rename {
            // What is left of it is of no use, and harms nobody.
            let _ = fs::remove_file(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder").flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn it_appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x");
        fs::write(&path, "before").expect("writable");
        for (finish, after) in [(false, "before"), (true, "after")] {
            let mut whole = Whole::file(&path).expect("writable");
            whole.write_all(b"after").expect("writable");
            assert_eq!(fs::read_to_string(&path).expect("readable"), "before");
            if finish {
                whole.finish().expect("writable");
            } else {
                drop(whole);
            }
            assert_eq!(fs::read_to_string(&path).expect("readable"), after);
            assert_eq!(names(folder.path()), ["x"]);
        }
    }

    #[test]
    fn a_link_stays_a_link_and_a_device_a_device() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, link) = (folder.path().join("x"), folder.path().join("link"));
        fs::write(&path, "").expect("writable");
        std::os::unix::fs::symlink(&path, &link).expect("writable");
        let mut whole = Whole::file(&link).expect("writable");
        whole.write_all(b"after").expect("writable");
        whole.finish().expect("writable");
        assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
        assert_eq!(fs::read_to_string(&path).expect("readable"), "after");
        let null = Whole::file(Path::new("/dev/null")).expect("writable");
        assert!(null.finish().is_ok() && !fs::metadata("/dev/null").expect("there").is_file());
    }

    #[test]
    fn errors_name_it() {
        let error = Whole::file(Path::new("/no/such/x")).map(|_| ()).expect_err("no folder");
        assert!(error.to_string().starts_with("creating /no/such/x: "), "{error}");
        let error = Whole::file(Path::new("/")).map(|_| ()).expect_err("a folder");
        assert!(error.to_string().contains("it is a directory"), "{error}");
    }
}
