//! When a recording goes on in a new file, how files are named, and which of them go.

use std::{
    ffi::OsString,
    num::NonZeroU32,
    path::{Path, PathBuf},
    time::Duration,
};

/// What was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotation {
    /// A new file at so many bytes.
    pub size: Option<u64>,
    /// A new file after so long.
    pub time: Option<Duration>,
    /// So many files are kept.
    pub keep: Option<NonZeroU32>,
}

impl Rotation {
    /// There is more than one file.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.size.is_some() || self.time.is_some()
    }

    /// A file of this size and age is done.
    #[must_use]
    pub fn is_due(&self, size: u64, age: Duration) -> bool {
        self.size.is_some_and(|most| size >= most) || self.time.is_some_and(|most| age >= most)
    }

    /// Name of a file. The number stands before the ending, with zeros, so that `x.*.tcpx` lists files in order.
    #[must_use]
    pub fn path(&self, path: &Path, number: u32) -> PathBuf {
        if !self.is_on() {
            return path.to_owned();
        }
        let mut name = path.file_stem().map_or_else(OsString::new, OsString::from);
        name.push(format!(".{number:06}"));
        if let Some(ending) = path.extension() {
            name.push(".");
            name.push(ending);
        }
        path.with_file_name(name)
    }

    /// The file that goes when this one comes.
    #[must_use]
    pub fn gone(&self, number: u32) -> Option<u32> {
        number.checked_sub(self.keep?.get()).filter(|&gone| gone > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_and_only_rotated_files_have_numbers() {
        let path = Path::new("/var/log/x.tcpx");
        assert_eq!(Rotation::default().path(path, 1), path);
        let rotation = Rotation { size: Some(1), ..Rotation::default() };
        assert_eq!(rotation.path(path, 12), Path::new("/var/log/x.000012.tcpx"));
        assert_eq!(rotation.path(Path::new("x"), 1), Path::new("x.000001"));
    }

    #[test]
    fn so_many_are_kept() {
        let keep = Rotation { keep: NonZeroU32::new(2), ..Rotation::default() };
        assert_eq!([1, 2, 3, 4].map(|number| keep.gone(number)), [None, None, Some(1), Some(2)]);
        assert_eq!(Rotation::default().gone(9), None);
    }

    #[test]
    fn due_by_size_or_time() {
        let both = Rotation { size: Some(100), time: Some(Duration::from_secs(9)), keep: None };
        assert!(!both.is_due(99, Duration::from_secs(8)));
        assert!(both.is_due(100, Duration::ZERO) && both.is_due(0, Duration::from_secs(9)));
    }
}
