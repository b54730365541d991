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
    /// Files that an earlier run left: the first of this one has the next number.
    pub earlier: u32,
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

    /// The same, going on behind the files that an earlier run left.
    #[must_use]
    pub fn after(self, path: &Path) -> Self {
        let earlier = self.numbers(path).max().unwrap_or(0);
        Self { earlier, ..self }
    }

    /// Files of earlier runs that go when this one begins: fewer may be kept than were.
    #[must_use]
    pub fn all_gone(&self, path: &Path) -> Vec<PathBuf> {
        let gone = self.gone(self.earlier + 1).unwrap_or(0);
        self.numbers(path).filter(|number| *number <= gone).map(|number| self.path(path, number)).collect()
    }

    /// Numbers of the files that are there.
    fn numbers(&self, path: &Path) -> impl Iterator<Item = u32> {
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let entries = std::fs::read_dir(directory.unwrap_or(Path::new("."))).into_iter().flatten().flatten();
        let (rotation, path) = (*self, path.to_owned());
        entries.filter_map(move |entry| {
            let name = entry.file_name();
            let mut digits = name.to_str()?.rsplit('.').filter_map(|part| part.parse().ok());
            digits.find(|&number| rotation.path(&path, number).file_name() == Some(&name))
        })
    }

    /// Those files of this run that are there when the last has this number, in their order.
    #[must_use]
    pub fn written(&self, path: &Path, last: u32) -> Vec<PathBuf> {
        let gone = self.gone(last).unwrap_or(0).max(self.earlier);
        (gone + 1..=last).map(|number| self.path(path, number)).collect()
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
    fn a_later_run_goes_on_behind_an_earlier_one() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("x.tcpx");
        let rotation = Rotation { size: Some(1), keep: NonZeroU32::new(2), ..Rotation::default() };
        assert_eq!(rotation.after(&path), rotation);
        for name in
            ["x.000003.tcpx", "x.000004.tcpx", "x.1000000.tcpx", "x.000009.tcp", "xx.000011.tcpx", "x.7.tcpx"]
        {
            std::fs::write(dir.path().join(name), "").expect("writable");
        }
        let later = rotation.after(&path);
        assert_eq!(later.earlier, 1_000_000);
        let mut gone = later.all_gone(&path);
        gone.sort();
        assert_eq!(gone, ["x.000003.tcpx", "x.000004.tcpx"].map(|name| dir.path().join(name)));
    }

    #[test]
    fn those_that_are_kept_and_of_this_run_are_there() {
        let path = Path::new("x.tcpx");
        let keep = Rotation { size: Some(1), keep: NonZeroU32::new(2), earlier: 3, ..Rotation::default() };
        assert_eq!(keep.written(path, 4), [keep.path(path, 4)]);
        assert_eq!(keep.written(path, 6), [5, 6].map(|number| keep.path(path, number)));
        assert_eq!(Rotation::default().written(path, 1), [path]);
    }

    #[test]
    fn due_by_size_or_time() {
        let both = Rotation {
            size: Some(100),
            time: Some(Duration::from_secs(9)),
            keep: None,
            ..Rotation::default()
        };
        assert!(!both.is_due(99, Duration::from_secs(8)));
        assert!(both.is_due(100, Duration::ZERO) && both.is_due(0, Duration::from_secs(9)));
    }
}
