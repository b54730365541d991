//! The same numbers as `tcpx replay -o json`.

use std::{collections::BTreeMap, fs, slice};

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::record::{
    Facts,
    testing::{facts, live_on, replayed},
};

const JUDGED: [&str; 5] = ["attempts", "resets", "drops", "deaths", "calls"];

fn counted(database: &Database) -> BTreeMap<String, BTreeMap<String, u64>> {
    let of = |table: &str| {
        let sql = format!("SELECT verdict, count(*) FROM {table} GROUP BY verdict");
        let count = |row: Vec<Value>| {
            (row[0].as_str().expect("an id").to_owned(), row[1].as_u64().expect("a number"))
        };
        rows(database, &sql).into_iter().map(count).collect()
    };
    JUDGED.iter().map(|table| ((*table).to_owned(), of(table))).collect()
}

/// Those of the summary, which is the last line.
fn summed(lines: &[String]) -> BTreeMap<String, BTreeMap<String, u64>> {
    let last: Value = serde_json::from_str(lines.last().expect("a summary")).expect("JSON");
    let of = |table: &str| serde_json::from_value(last["data"][table].clone()).expect("numbers by verdict");
    JUDGED.iter().map(|table| ((*table).to_owned(), of(table))).collect()
}

#[test]
fn kept_recordings_are_counted_as_replay_counts_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/recordings");
    let files = fs::read_dir(&folder).expect("the folder").map(|file| file.expect("a file").path());
    let files: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|ending| ending == "tcpx")).collect();
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        let (lines, failure) = replayed(slice::from_ref(&file)).expect("a recording");
        assert!(failure.is_none(), "{failure:?}");
        assert_eq!(counted(&read(slice::from_ref(&file))), summed(&lines), "{}", file.display());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn any_recording_is_counted_as_replay_counts_it(
        stories in prop::collection::vec((0..40_u16, 0..7_u8, 0..50_u64), 0..30),
    ) {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("x.tcpx");
        let mut at = 1_000_000_000;
        let story = |(number, kind, gap): (u16, u8, u64)| {
            at += gap * 100_000_000;
            Attempt { number, at }.story(kind)
        };
        let steps: Vec<_> = stories.into_iter().flat_map(story).collect();
        let lines = live(&path, Rotation::default(), &steps, 5);
        prop_assert_eq!(counted(&read(&[path])), summed(&lines));
    }
}

#[test]
fn many_recordings_are_one_set_of_tables() {
    let dir = tempfile::tempdir().expect("a folder");
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/recordings/v1-lines.tcpx");
    let other = dir.path().join("it's \"other\".tcpx");
    let facts = Facts { recording: 2, ..facts() };
    let lines = live_on(facts, &other, Rotation::default(), &stories(7), 5);
    let database = read(&[kept.clone(), other.clone()]);
    let all: u64 = summed(&lines)["attempts"].values().sum();
    let names = rows(&database, "SELECT recording, count(*) FROM attempts GROUP BY recording ORDER BY 2");
    let other_row = vec![Value::from(other.display().to_string()), all.into()];
    assert_eq!(names[0], other_row);
    assert_eq!(names[1], vec![Value::from(kept.display().to_string()), 12.into()]);
    assert_eq!(rows(&database, "SELECT count(*), sum(attempts) FROM recordings"), [[2, 12 + all]]);
}

#[test]
fn files_of_one_recording_are_one_whatever_their_order() {
    let dir = tempfile::tempdir().expect("a folder");
    let rotation = Rotation { size: Some(1), ..Rotation::default() };
    let pattern = dir.path().join("x.tcpx");
    let lines = live(&pattern, rotation, &stories(400), 5);
    let mut files: Vec<_> =
        fs::read_dir(dir.path()).expect("files").map(|file| file.expect("one").path()).collect();
    files.sort();
    files.reverse();
    assert!(files.len() > 1, "{files:?}");
    let database = read(&files);
    assert_eq!(counted(&database), summed(&lines));
    let found = rows(&database, "SELECT recording, files FROM recordings");
    let first = files.last().expect("a file").display().to_string();
    assert_eq!(found, [[Value::from(first), files.len().into()]]);
    let twice = [files[0].clone(), files[0].clone()];
    let wrong = recordings::of(&twice).expect_err("one file twice");
    assert!(wrong.to_string().contains("is the same file of the same recording as"), "{wrong}");
}
