//! What a statement may not do, and what is said of a wrong one.

use rusqlite::Connection;

use super::{super::ask, *};

fn refused(sql: &str) -> String {
    ask::check(sql, &Interrupt::default()).expect_err(sql).to_string()
}

#[test]
fn nothing_but_reading_is_carried_out() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("made");
    let file = file.display();
    let statements = [
        format!("ATTACH '{file}' AS x"),
        format!("ATTACH 'file:{file}?mode=rwc' AS x"),
        format!("VACUUM INTO '{file}'"),
        format!("SELECT load_extension('{file}')"),
        format!("SELECT writefile('{file}', 'x')"),
        "SELECT readfile('/etc/passwd')".to_owned(),
        "DETACH r0".to_owned(),
        "PRAGMA query_only = 0".to_owned(),
        "PRAGMA temp_store_directory = '/tmp'".to_owned(),
        "PRAGMA user_version".to_owned(),
        "DELETE FROM attempts".to_owned(),
        "DELETE FROM r0.attempts".to_owned(),
        "DELETE FROM r0.attempts RETURNING id".to_owned(),
        "INSERT INTO r0.losses VALUES ('a', 'b', 1) RETURNING hook".to_owned(),
        "UPDATE r0.attempts SET verdict = 'x'".to_owned(),
        "DROP TABLE r0.attempts".to_owned(),
        "DROP VIEW attempts".to_owned(),
        "CREATE TEMP TABLE x AS SELECT 1".to_owned(),
        "CREATE TABLE main.x (a)".to_owned(),
        "CREATE VIRTUAL TABLE x USING fts5(a)".to_owned(),
        "CREATE TRIGGER x AFTER DELETE ON r0.losses BEGIN SELECT 1; END".to_owned(),
        "REINDEX".to_owned(),
        "ANALYZE".to_owned(),
        "BEGIN".to_owned(),
        "SAVEPOINT x".to_owned(),
        "SELECT 1; DROP TABLE r0.attempts".to_owned(),
        format!("SELECT 1; ATTACH '{file}' AS x"),
        "EXPLAIN DELETE FROM r0.attempts".to_owned(),
        "WITH x AS (SELECT 1) DELETE FROM r0.attempts".to_owned(),
    ];
    for sql in &statements {
        let said = refused(sql);
        assert!(said.starts_with("query: "), "{sql}: {said}");
    }
    assert_eq!(std::fs::read_dir(dir.path()).expect("the folder").count(), 0);
}

/// A function that is a table is stopped when it is read, not before.
#[test]
fn settings_cannot_be_read_through_tables() {
    let database = told(&[]);
    let sql = "SELECT * FROM pragma_database_list";
    if let Ok(mut statement) = database.connection().prepare(sql) {
        let mut rows = statement.query([]).expect("nothing is read yet");
        assert!(rows.next().is_err(), "paths of files");
    }
}

#[test]
fn what_reads_is_carried_out() {
    for sql in [
        "SELECT 1",
        " select verdict from attempts ; -- all\n",
        "WITH x AS (SELECT 1 AS a) SELECT a FROM x",
        "VALUES (1), (2)",
        "EXPLAIN QUERY PLAN SELECT * FROM resets",
        "SELECT e.value FROM attempts a, json_each(a.evidence) e",
        "SELECT a.comm, r.reason FROM attempts a JOIN resets r ON r.id = a.reset AND r.recording = a.recording",
        "SELECT time, strftime('%H', time), row_number() OVER (ORDER BY time_ns) FROM drops",
        "SELECT * FROM attempts UNION ALL SELECT * FROM attempts",
    ] {
        ask::check(sql, &Interrupt::default()).expect(sql);
    }
}

#[test]
fn a_mistake_is_shown_with_its_place_and_what_was_meant() {
    for (sql, said) in [
        (
            "SELECT verdit FROM attempts",
            "no such column: verdit, at character 8: verdit FROM attempts; did you mean verdict?",
        ),
        ("SELECT a.exec FROM attempts a", "did you mean exe?"),
        ("SELECT * FROM attempt", "no such table: attempt; did you mean attempts?"),
        ("SELECT \"comn\" FROM calls", "did you mean comm?"),
        ("SELECT xyzzy FROM attempts", "tcpx query --schema shows tables and columns"),
        ("SELEC 1", "near \"SELEC\": syntax error, at character 1: SELEC 1"),
        ("SELECT 'é', verdit FROM attempts", "at character 13: verdit"),
        ("SELECT (1", "incomplete input"),
        ("SELECT id FROM attempts a, resets r", "ambiguous column name: id"),
        ("SELECT nosuch(1)", "no such function: nosuch"),
        ("", "the SQL is empty"),
        ("-- nothing", "the SQL is empty"),
        ("SELECT ?1", "has a parameter"),
    ] {
        let found = refused(sql);
        assert!(found.contains(said), "{sql}: {found}");
    }
}

#[test]
fn a_query_that_would_never_end_can_be_interrupted() {
    let interrupt = Interrupt::default();
    let mut database = Connection::open_in_memory().expect("memory");
    interrupt.reach(&mut database).expect("a handler");
    let endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    interrupt.stop();
    let error = database.query_row(endless, [], |row| row.get::<_, i64>(0)).expect_err("it has no end");
    assert!(super::super::database::failed(error).to_string().starts_with("interrupted"));
    assert!(interrupt.check().is_err());
}
