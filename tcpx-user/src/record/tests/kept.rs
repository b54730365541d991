//! Recordings of every version that was ever released: they stay readable, and say the same.
//!
//! Where one of this version is missing, it is made and the test fails once, so that somebody looks at it before it is kept
//! for ever. A change of a record's layout that makes these fail needs a new number (`format::RECORDS`) and code that reads
//! the old one.

use std::{
    fmt::Write as _,
    fs,
    mem::size_of,
    path::{Path, PathBuf},
    slice,
};

use tcpx_common::{abi::Kind, event as raw};

use super::{
    super::{
        Rotation,
        format::VERSION,
        testing::{Step, events, live, replayed},
    },
    everything,
};

/// The kept recordings whose names have this in them, oldest first. That of this version is among them.
fn kept(what: &str, steps: &[Step]) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/recordings");
    let newest = folder.join(format!("v{VERSION}-{what}.tcpx"));
    if !newest.exists() {
        live(&newest, Rotation::default(), steps, 5);
        panic!("{} was missing and has been made: look at it and keep it", newest.display());
    }
    let files = fs::read_dir(&folder).expect("the folder").filter_map(|file| Some(file.ok()?.path()));
    let is_of = |path: &PathBuf| path.to_string_lossy().ends_with(&format!("-{what}.tcpx"));
    let mut files: Vec<_> = files.filter(is_of).collect();
    files.sort();
    files
}

fn name(path: &Path) -> String {
    path.file_stem().expect("a name").to_string_lossy().into_owned()
}

#[test]
fn lines_stay_the_same() {
    for file in kept("lines", &everything()) {
        let (lines, failure) = replayed(slice::from_ref(&file)).expect("a recording");
        assert!(failure.is_none(), "{failure:?}");
        insta::assert_snapshot!(name(&file), lines.join("\n"));
    }
}

/// One record of each kind, every byte of which is something else.
#[test]
fn records_are_decoded_as_they_were() {
    let steps: Vec<_> = Kind::ALL.iter().map(|kind| Step::Record(record(*kind))).collect();
    for file in kept("records", &steps) {
        let mut text = String::new();
        for event in events(slice::from_ref(&file)) {
            writeln!(text, "{event:#?}").expect("memory");
        }
        insta::assert_snapshot!(name(&file), text);
    }
}

fn record(kind: Kind) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..size(kind)).map(|at| (at % 251) as u8 + 1).collect();
    bytes[30] = kind as u8;
    // The families of addresses, and what decides whether the rest is there.
    for at in (36..bytes.len() - 1).step_by(8) {
        (bytes[at], bytes[at + 1]) = (4, 0);
    }
    bytes
}

const fn size(kind: Kind) -> usize {
    match kind {
        Kind::State => size_of::<raw::State>(),
        Kind::ConnectFailed => size_of::<raw::ConnectFailed>(),
        Kind::Bind => size_of::<raw::Bind>(),
        Kind::BindFailed | Kind::ListenFailed => size_of::<raw::CallFailed>(),
        Kind::Lookup => size_of::<raw::Lookup>(),
        Kind::Reply => size_of::<raw::Reply>(),
        Kind::ReplySock => size_of::<raw::ReplySock>(),
        Kind::ReplyHolders => size_of::<raw::ReplyHolders>(),
        Kind::ActiveReset | Kind::ReceiveReset | Kind::Death => size_of::<raw::SockReset>(),
        Kind::Icmp | Kind::IcmpSend => size_of::<raw::Icmp>(),
        Kind::QuietReset => size_of::<raw::QuietReset>(),
        Kind::Reject => size_of::<raw::Reject>(),
        Kind::ConnRequest => size_of::<raw::ConnRequest>(),
        Kind::MiniSocket => size_of::<raw::MiniSocket>(),
        Kind::Drop => size_of::<raw::Drop>(),
        Kind::DropHolders => size_of::<raw::DropHolders>(),
        Kind::Retransmit => size_of::<raw::Retransmit>(),
        Kind::Nat => size_of::<raw::Nat>(),
        Kind::NatHolders => size_of::<raw::NatHolders>(),
        Kind::Untranslated => size_of::<raw::Untranslated>(),
        Kind::Fork => size_of::<raw::Fork>(),
        Kind::Stack => size_of::<raw::Stack>(),
    }
}
