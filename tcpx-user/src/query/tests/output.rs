//! From SQL to files.

use std::fs;

use super::{super::answer, *};
use crate::{cli::failure::Failure, sink::samples};

/// Asks a recording of fourteen attempts; what is in the file afterwards.
fn ask(sql: &str, form: QueryForm, before: &str) -> (Result<u8, Failure>, String) {
    let dir = tempfile::tempdir().expect("a folder");
    let (path, _) = recorded(dir.path(), "x.tcpx", 14);
    let to = dir.path().join("rows");
    fs::write(&to, before).expect("a file");
    let done = answer(&[path], sql, &request(form, &to), &Keep::none());
    assert_eq!(fs::read_dir(dir.path()).expect("the folder").count(), 2, "nothing else is left");
    (done, fs::read_to_string(&to).expect("a file"))
}

#[test]
fn rows_replace_a_file_when_they_are_whole() {
    let sql = "SELECT verdict, count(*) AS n FROM attempts GROUP BY verdict ORDER BY n, verdict LIMIT 2";
    let (done, file) = ask(sql, QueryForm::Csv, "before");
    assert_eq!(done.expect("done"), 3, "events were lost when it was recorded");
    assert_eq!(file, "verdict,n\ncancelled,2\nclosed-port,2\n");
}

#[test]
fn a_query_that_fails_leaves_the_file_as_it_was() {
    let sql = "SELECT id, abs(-9223372036854775807 - (id > 3)) FROM attempts ORDER BY id";
    let (done, file) = ask(sql, QueryForm::Csv, "before");
    assert_eq!(done.expect_err("it fails after some rows").to_string(), "query: integer overflow");
    assert_eq!(file, "before");
    let (done, file) = ask("SELECT verdit FROM attempts", QueryForm::Json, "before");
    assert_eq!((done.expect_err("no such column").status(), file.as_str()), (2, "before"));
}

#[test]
fn json_has_the_types_of_the_columns() {
    let sql = "SELECT id, complete, evidence, id FROM attempts ORDER BY id LIMIT 1";
    let (_, file) = ask(sql, QueryForm::Json, "");
    let line: serde_json::Value = serde_json::from_str(&file).expect("one object");
    assert_eq!(line["complete"], true);
    assert!(line["evidence"][0].as_str().is_some_and(|text| text.starts_with("Nothing listens on")));
    assert_eq!(line["id_2"], line["id"]);
}

#[test]
fn names_of_processes_do_no_harm() {
    let database = told(&[samples::hostile()]);
    let comm = rows(&database, "SELECT sender_comm FROM resets UNION ALL SELECT comm FROM attempts");
    assert!(comm.iter().any(|row| row[0].as_str().is_some_and(|comm| comm.contains('\x1b'))), "{comm:?}");
}

#[test]
fn the_table_says_that_it_was_cut() {
    let dir = tempfile::tempdir().expect("a folder");
    let (path, _) = recorded(dir.path(), "x.tcpx", 7);
    let to = dir.path().join("rows");
    let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
    answer(&[path], sql, &request(QueryForm::Table, &to), &Keep::none()).expect("it ends");
    assert_eq!(fs::read_to_string(&to).expect("a file").lines().count(), 2 + 1000);
}

#[test]
fn a_broken_recording_is_asked_up_to_where_it_breaks() {
    let dir = tempfile::tempdir().expect("a folder");
    let (path, _) = recorded(dir.path(), "x.tcpx", 14);
    let bytes = fs::read(&path).expect("a recording");
    fs::write(&path, &bytes[..bytes.len() - 3]).expect("a file");
    let to = dir.path().join("rows");
    let sql = "SELECT attempts, complete, broken IS NOT NULL FROM recordings";
    let failure =
        answer(&[path], sql, &request(QueryForm::Csv, &to), &Keep::none()).expect_err("it is broken");
    assert_eq!(failure.status(), 1);
    assert!(failure.to_string().contains("cannot be read from byte "), "{failure}");
    let rows = fs::read_to_string(&to).expect("the rows are written");
    assert!(rows.ends_with(",false,1\n") && !rows.contains("\n0,"), "{rows}");
}

#[test]
fn parquet_is_not_for_stdout() {
    let request = Query { to: None, ..request(QueryForm::Parquet, Path::new("")) };
    let failure = answer(&[], "SELECT 1", &request, &Keep::none()).expect_err("no file");
    assert!(failure.to_string().contains("--output"), "{failure}");
}
