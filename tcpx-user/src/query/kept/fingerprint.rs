//! What an index was made of: it is of use as long as nothing of this has changed.

use std::{
    env,
    fs::{self, File},
    io::{self, Read as _, Seek as _, SeekFrom},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use serde::Serialize;

use crate::query::schema::TABLES;

/// Bytes at both ends of a file that are looked at. The facts are at one end, with a number that no other recording has, and
/// the sum over all of it is at the other.
const ENDS: u64 = 64 << 10;

#[derive(Serialize)]
struct Fingerprint {
    /// Of the tables.
    layout: u32,
    tcpx: &'static str,
    /// Size and time of the program: one that was built anew may judge otherwise under the same version.
    program: Option<(u64, i128)>,
    files: Vec<OfFile>,
}

#[derive(Serialize)]
struct OfFile {
    size: u64,
    modified_ns: i128,
    first: u32,
    last: u32,
}

/// Of an index that would be made of these files now. `None` if one cannot be read.
pub(super) fn fingerprint(files: &[PathBuf]) -> Option<String> {
    let program = env::current_exe().and_then(fs::metadata).ok();
    let files = files.iter().map(|path| of_file(path)).collect::<io::Result<_>>().ok()?;
    let fingerprint = Fingerprint {
        layout: layout(),
        tcpx: env!("CARGO_PKG_VERSION"),
        program: program.map(|there| (there.len(), modified(&there))),
        files,
    };
    serde_json::to_string(&fingerprint).ok()
}

/// Changes with every column.
fn layout() -> u32 {
    let tables: String = TABLES.iter().map(|table| table.create("main")).collect();
    crc32fast::hash(tables.as_bytes())
}

fn of_file(path: &Path) -> io::Result<OfFile> {
    let mut file = File::open(path)?;
    let there = file.metadata()?;
    let first = checksum(&mut file, 0)?;
    let last = checksum(&mut file, there.len().saturating_sub(ENDS))?;
    Ok(OfFile { size: there.len(), modified_ns: modified(&there), first, last })
}

fn modified(there: &fs::Metadata) -> i128 {
    i128::from(there.mtime()) * 1_000_000_000 + i128::from(there.mtime_nsec())
}

fn checksum(file: &mut File, from: u64) -> io::Result<u32> {
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(ENDS).read_to_end(&mut bytes)?;
    Ok(crc32fast::hash(&bytes))
}
