//! Recordings and lines as tables. What a column holds is compared with the line of JSON that says the same.

mod columns;
mod counts;
mod output;
mod refusals;

use std::path::{Path, PathBuf};

use super::{
    database::Database, filling, index::Index, interrupt::Interrupt, kept::Keep, progress::Progress,
    recordings,
};
use crate::{
    cli::{
        filter::Filter,
        request::{Asked, Query, QueryForm},
    },
    line::Line,
    record::{
        Rotation,
        testing::{Attempt, Step, live},
    },
    sink::Sink as _,
};

/// As it is asked by default, with results in a file.
pub(super) fn request(form: QueryForm, to: &Path) -> Query {
    Query {
        asked: Asked::Schema,
        form,
        to: Some(to.to_owned()),
        limit: None,
        cache: true,
        everything: false,
        filter: Filter::default(),
    }
}

/// What becomes of so many attempts, in all ways.
pub(super) fn stories(count: u16) -> Vec<Step> {
    let attempt = |number| Attempt { number, at: 1_000_000_000 * (1 + u64::from(number)) };
    (0..count).flat_map(|number| attempt(number).story((number % 7) as u8)).collect()
}

/// A recording in that folder, and its lines as they were shown.
pub(super) fn recorded(dir: &Path, name: &str, count: u16) -> (PathBuf, Vec<String>) {
    let path = dir.join(name);
    let lines = live(&path, Rotation::default(), &stories(count), 5);
    (path, lines)
}

/// These recordings, without keeping anything.
fn read(files: &[PathBuf]) -> Database {
    let request = request(QueryForm::Csv, Path::new("/dev/null"));
    let mut database = Database::open(&Interrupt::default()).expect("memory");
    for recording in &recordings::of(files).expect("recordings") {
        database = database.add(recording, &request, &Keep::none()).expect("a recording");
    }
    database.seal().expect("tables");
    database
}

/// These lines, as if they had been replayed.
fn told(lines: &[Line]) -> Database {
    let made = Database::of(&Interrupt::default(), "some.tcpx", |database, schema| {
        let index = Index::create(database, schema, Progress::new("some.tcpx")).expect("tables");
        let (mut filling, filler) = filling::begin(index).expect("a thread");
        for line in lines {
            filling.line(line).expect("the thread takes it");
        }
        filling.flush().expect("the thread takes the last");
        drop(filling);
        let index = filler.end().expect("rows");
        Ok(index.finish(None, "").expect("tables"))
    });
    made.expect("memory")
}

/// All rows, each value as JSON.
fn rows(database: &Database, sql: &str) -> Vec<Vec<serde_json::Value>> {
    use rusqlite::types::ValueRef;
    let mut statement = database.connection().prepare(sql).expect("SQL");
    let count = statement.column_count();
    let value = |value: ValueRef<'_>| match value {
        ValueRef::Null => serde_json::Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
        ValueRef::Blob(_) => panic!("no table has bytes"),
    };
    let row = |row: &rusqlite::Row<'_>| (0..count).map(|at| Ok(value(row.get_ref(at)?))).collect();
    let rows = statement.query_map([], row).expect("rows");
    rows.collect::<rusqlite::Result<_>>().expect("rows")
}
