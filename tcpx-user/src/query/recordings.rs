//! Which of the files that were given are of one recording.

use std::path::{Path, PathBuf};

use crate::{cli::failure::Failure, record};

/// A recording, or what was given of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Recording {
    /// Its files, in their order. There is at least one.
    pub(super) files: Vec<PathBuf>,
    /// As it was recorded: the same in all its files.
    number: u64,
    /// Whether not all that is recorded is shown unless it is asked for.
    pub(super) is_narrow: bool,
}

impl Recording {
    /// Its first file.
    pub(super) fn first(&self) -> &Path {
        self.files.first().map_or(Path::new(""), PathBuf::as_path)
    }

    /// As it was given.
    pub(super) fn name(&self) -> String {
        self.first().display().to_string()
    }

    pub(super) const fn number(&self) -> u64 {
        self.number
    }
}

/// The recordings in these files, in the order in which they were given.
///
/// # Errors
/// When a file is no recording, or was given twice.
pub(super) fn of(files: &[PathBuf]) -> Result<Vec<Recording>, Failure> {
    let mut recordings: Vec<(Recording, Vec<(u32, PathBuf)>)> = Vec::new();
    for path in files {
        let reader = record::open(path)?;
        let facts = reader.facts();
        let file = (facts.file, path.clone());
        if let Some((_, files)) = recordings.iter_mut().find(|(known, _)| known.number == facts.recording) {
            if let Some((_, same)) = files.iter().find(|(number, _)| *number == facts.file) {
                let (path, same) = (path.display(), same.display());
                let message = format!("query: {path} is the same file of the same recording as {same}");
                return Err(Failure::Usage(message));
            }
            files.push(file);
        } else {
            let is_narrow = facts.scope != record::facts::ScopeSaid::Host;
            recordings
                .push((Recording { files: Vec::new(), number: facts.recording, is_narrow }, vec![file]));
        }
    }
    let in_order = |(recording, mut files): (Recording, Vec<(u32, PathBuf)>)| {
        files.sort();
        Recording { files: files.into_iter().map(|(_, path)| path).collect(), ..recording }
    };
    Ok(recordings.into_iter().map(in_order).collect())
}
