use std::{fs, time::SystemTime};

use rusqlite::Connection;

use super::*;
use crate::query::{
    ready, recordings,
    tests::{recorded, request, stories},
};
use crate::{
    cli::request::QueryForm,
    record::{Rotation, testing::live},
};

/// A recording in a folder of its own, and what is done with its index.
struct Case {
    dir: tempfile::TempDir,
    path: PathBuf,
    keep: Keep,
}

impl Case {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let (path, _) = recorded(dir.path(), "x.tcpx", 14);
        let keep = Keep { at_least: Some(0), caches: Some(dir.path().join("caches")) };
        Self { dir, path, keep }
    }

    fn try_ask(&self) -> Result<Option<PathBuf>, Failure> {
        let recordings = recordings::of(std::slice::from_ref(&self.path)).expect("a recording");
        let request = request(QueryForm::Csv, Path::new("/dev/null"));
        find_or_make(&recordings[0], &request, &self.keep, &Interrupt::default())
    }

    fn ask(&self) -> PathBuf {
        self.try_ask().expect("a recording").expect("it is kept")
    }

    fn beside(&self) -> PathBuf {
        self.dir.path().join("x.tcpx.tcpxdb")
    }
}

/// Which file it is: one that was made anew is another.
fn which(path: &Path) -> (u64, SystemTime) {
    let there = fs::metadata(path).expect("a file");
    (there.ino(), there.modified().expect("a time"))
}

fn attempts(path: &Path) -> i64 {
    let database = Connection::open(path).expect("a database");
    database.query_row("SELECT count(*) FROM attempts", [], |row| row.get(0)).expect("a table")
}

#[test]
fn is_made_once_and_used_again() {
    let case = Case::new();
    let first = case.ask();
    assert_eq!(first, case.beside());
    let made = which(&first);
    assert_eq!((case.ask(), which(&first)), (first.clone(), made));
    assert_eq!(attempts(&first), 12);
    assert_eq!(fs::read_dir(case.dir.path()).expect("the folder").count(), 2, "recording and index");
}

#[test]
fn is_made_anew_when_the_recording_is_another() {
    let case = Case::new();
    let before = which(&case.ask());
    live(&case.path, Rotation::default(), &stories(28), 5);
    let path = case.ask();
    assert_ne!(which(&path), before);
    assert_eq!(attempts(&path), 24);
}

#[test]
fn is_made_anew_when_only_the_time_of_the_recording_changed() {
    let case = Case::new();
    let before = which(&case.ask());
    let file = fs::File::options().write(true).open(&case.path).expect("a file");
    file.set_modified(SystemTime::UNIX_EPOCH).expect("a time");
    assert_ne!(which(&case.ask()), before);
}

#[test]
fn is_made_anew_when_another_tcpx_made_it_or_it_is_none() {
    let case = Case::new();
    let path = case.ask();
    let database = Connection::open(&path).expect("a database");
    let changed = database.execute("UPDATE made_of SET fingerprint = replace(fingerprint, '0.1', '0.0')", []);
    assert_eq!(changed.expect("one row"), 1);
    drop(database);
    let before = which(&path);
    assert_ne!(which(&case.ask()), before);
    for garbage in [&b""[..], b"GIF89a", b"SQLite format 3\0 and no more"] {
        fs::write(&path, garbage).expect("a file");
        assert_eq!(attempts(&case.ask()), 12);
    }
}

#[test]
fn goes_to_the_caches_when_there_is_no_place_beside() {
    let case = Case::new();
    fs::create_dir(case.beside()).expect("a folder in its place");
    let path = case.ask();
    assert!(path.starts_with(case.dir.path().join("caches/tcpx")), "{}", path.display());
    let made = which(&path);
    assert_eq!((case.ask(), which(&path)), (path.clone(), made));
}

#[test]
fn is_done_without_where_there_is_no_place_at_all() {
    let case = Case::new();
    fs::create_dir(case.beside()).expect("a folder in its place");
    fs::write(case.dir.path().join("caches"), "").expect("a file in its place");
    assert_eq!(case.try_ask().expect("a recording"), None);
}

#[test]
fn nothing_is_left_of_one_that_was_interrupted() {
    let case = Case::new();
    let interrupt = Interrupt::default();
    interrupt.stop();
    let recordings = recordings::of(std::slice::from_ref(&case.path)).expect("a recording");
    let request = request(QueryForm::Csv, Path::new("/dev/null"));
    let failure = find_or_make(&recordings[0], &request, &case.keep, &interrupt).expect_err("interrupted");
    assert!(failure.to_string().starts_with("interrupted"), "{failure}");
    assert_eq!(fs::read_dir(case.dir.path()).expect("the folder").count(), 1, "the recording");
}

#[test]
fn small_recordings_have_none() {
    let case = Case { keep: Keep::large(), ..Case::new() };
    assert_eq!(case.try_ask().expect("a recording"), None);
    let case = Case { keep: Keep::none(), ..Case::new() };
    assert_eq!(case.try_ask().expect("a recording"), None);
}

#[test]
fn the_first_query_takes_what_was_made_when_recording_ended() {
    let case = Case::new();
    ready::index(std::slice::from_ref(&case.path), &case.keep, &Interrupt::default()).expect("an index");
    let made = which(&case.beside());
    assert_eq!((case.ask(), which(&case.beside())), (case.beside(), made));
}

/// A link may lead to what somebody else wrote.
#[test]
fn a_link_in_its_place_is_not_followed() {
    let case = Case::new();
    let elsewhere = case.dir.path().join("elsewhere");
    fs::rename(case.ask(), &elsewhere).expect("renamed");
    std::os::unix::fs::symlink(&elsewhere, case.beside()).expect("a link");
    assert!(case.ask().starts_with(case.dir.path().join("caches")));
}

#[test]
fn only_some_may_say_what_is_in_a_recording() {
    assert!(may_say(7, 7, 8), "the recording's owner");
    assert!(may_say(8, 7, 8), "this user");
    assert!(may_say(0, 7, 8), "root");
    assert!(!may_say(9, 7, 8), "anybody else");
}

#[test]
fn is_as_private_as_the_recording() {
    use std::os::unix::fs::PermissionsExt as _;
    let case = Case::new();
    fs::set_permissions(&case.path, fs::Permissions::from_mode(0o600)).expect("own file");
    let mode = fs::metadata(case.ask()).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn any_path_can_be_told_to_the_database() {
    assert_eq!(uri(Path::new("/a b/100%?x#y.tcpx")), "file:///a%20b/100%25%3fx%23y.tcpx?mode=ro&immutable=1");
}
