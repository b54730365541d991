//! Indexes that are kept: beside the recording, or where the user's caches are if nothing can be written there.

use std::{
    env,
    ffi::OsString,
    fmt::Write as _,
    fs,
    os::unix::{ffi::OsStrExt as _, fs::MetadataExt as _},
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags};
use sha2::{Digest as _, Sha256};

use super::{
    database::failed, fill::fill, index::Index, interrupt::Interrupt, progress::Progress,
    recordings::Recording, say,
};
use crate::{
    cli::{failure::Failure, request},
    sink::whole::Place,
};

mod fingerprint;
mod part;

use self::fingerprint::fingerprint;

/// Ending of the file's name, behind that of the recording's.
const ENDING: &str = ".tcpxdb";
/// A smaller recording is read in less than a fifth of a second, and no file needs to lie beside it.
const LARGE: u64 = 1_000_000;

/// Which indexes are kept, and where.
#[derive(Clone, Debug)]
pub(super) struct Keep {
    /// Those of recordings of so many bytes; `None` keeps none, and uses none.
    at_least: Option<u64>,
    /// Where, if not beside the recording.
    caches: Option<PathBuf>,
}

impl Keep {
    /// Those of recordings that take time.
    pub(super) fn large() -> Self {
        let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let caches = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")));
        Self { at_least: Some(LARGE), caches: caches.filter(|caches| caches.is_absolute()) }
    }

    /// None.
    pub(super) const fn none() -> Self {
        Self { at_least: None, caches: None }
    }
}

/// The kept index of a recording as it is now; made if there is none. `None` is that there shall be none, or can be none.
///
/// # Errors
/// When the recording cannot be read, or it was interrupted.
pub(super) fn find_or_make(
    recording: &Recording,
    request: &request::Query,
    keep: &Keep,
    interrupt: &Interrupt,
) -> Result<Option<PathBuf>, Failure> {
    if !is_worth_it(recording, keep) {
        return Ok(None);
    }
    let Some(fingerprint) = fingerprint(&recording.files) else { return Ok(None) };
    let places = places(recording, keep.caches.as_deref());
    if let Some(path) = places.iter().find(|path| fits(path, recording, &fingerprint)) {
        return Ok(Some(path.clone()));
    }
    let mut why = None;
    for path in places {
        match part::create(&path, recording) {
            Ok(part) => return make(part, path, recording, request, &fingerprint, interrupt).map(Some),
            Err(error) => why = why.or(Some(format!("{}: {error}", path.display()))),
        }
    }
    let why = why.unwrap_or_default();
    say(&format!("no index can be kept ({why}): the next query reads {} again", recording.name()));
    Ok(None)
}

/// Whether reading the recording takes so long that an index is kept.
pub(super) fn is_worth_it(recording: &Recording, keep: &Keep) -> bool {
    let size = |path: &PathBuf| fs::metadata(path).map_or(0, |there| there.len());
    keep.at_least.is_some_and(|least| recording.files.iter().map(size).sum::<u64>() >= least)
}

/// Where it may be, the best place first.
fn places(recording: &Recording, caches: Option<&Path>) -> Vec<PathBuf> {
    let mut beside: OsString = recording.first().as_os_str().to_owned();
    beside.push(ENDING);
    let elsewhere = caches.and_then(|caches| cached(recording, caches));
    [Some(PathBuf::from(beside)), elsewhere].into_iter().flatten().collect()
}

/// Among the user's caches, under a name that no other recording has.
fn cached(recording: &Recording, caches: &Path) -> Option<PathBuf> {
    let path = fs::canonicalize(recording.first()).ok()?;
    let mut name = format!("{:016x}-", recording.number());
    for byte in &Sha256::digest(path.as_os_str().as_bytes())[..8] {
        // Writing to a String cannot fail.
        let _ = write!(name, "{byte:02x}");
    }
    Some(caches.join("tcpx").join(name + ENDING))
}

/// Whether what lies there was made of these very files, by somebody who may say what is in them.
fn fits(path: &Path, recording: &Recording, fingerprint: &str) -> bool {
    let kept = || {
        is_trusted(path, recording)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        let database = Connection::open_with_flags(uri(path), flags).ok()?;
        database.query_row("SELECT fingerprint FROM made_of", [], |row| row.get::<_, String>(0)).ok()
    };
    kept().is_some_and(|kept| kept == fingerprint)
}

/// It is a file, of somebody whose word is taken for what the recording says.
fn is_trusted(path: &Path, recording: &Recording) -> Option<()> {
    let there = fs::symlink_metadata(path).ok()?;
    let of_recording = fs::metadata(recording.first()).ok()?.uid();
    let own = rustix::process::geteuid().as_raw();
    (there.is_file() && may_say(there.uid(), of_recording, own)).then_some(())
}

/// Those are the recording's owner, who could have recorded something else, this user, and root.
fn may_say(owner: u32, of_recording: u32, own: u32) -> bool {
    [of_recording, own, 0].contains(&owner)
}

fn make(
    (part, place): (PathBuf, Place),
    path: PathBuf,
    recording: &Recording,
    request: &request::Query,
    fingerprint: &str,
    interrupt: &Interrupt,
) -> Result<PathBuf, Failure> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut database = Connection::open_with_flags(part, flags).map_err(failed)?;
    interrupt.reach(&mut database).map_err(failed)?;
    let index = Index::create(database, "main", Progress::new(&recording.name())).map_err(failed)?;
    let (index, broken) = fill(index, recording, request, interrupt)?;
    let database = index.finish(broken.as_deref(), fingerprint).map_err(failed)?;
    database.close().map_err(|(_, error)| failed(error))?;
    place.appear().map_err(Failure::io(format!("naming {}", path.display())))?;
    let size = fs::metadata(&path).map_or(0, |there| there.len());
    #[expect(clippy::cast_precision_loss, reason = "one place behind the point is shown")]
    let megabytes = size as f64 / 1e6;
    say(&format!("kept an index for the next query: {} ({megabytes:.1} MB)", path.display()));
    Ok(path)
}

/// How SQLite is told to open it: as a file that nobody changes, as a newer index is another file of that name.
pub(super) fn uri(path: &Path) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut uri = "file://".to_owned();
    for &byte in path.as_os_str().as_bytes() {
        // Writing to a String cannot fail.
        let _ = match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                uri.write_char(byte.into())
            }
            _ => write!(uri, "%{byte:02x}"),
        };
    }
    uri + "?mode=ro&immutable=1"
}

#[cfg(test)]
mod tests;
