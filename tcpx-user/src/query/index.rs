//! A recording as tables: a database that is made once, from the lines of a replay, and asked many times.

use rusqlite::{Connection, params, types::ValueRef};

use super::{
    progress::Progress,
    row::{self, Cell, Row},
    schema::TABLES,
    shared::Shared,
};
use crate::line::{Line, Start, Summary};

/// Tables whose rows are counted by verdict, in the order in which `recordings` counts them.
const JUDGED: [&str; 5] = ["attempts", "resets", "drops", "deaths", "calls"];

/// Times of rows, in nanoseconds since 1970.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    pub(super) first: Option<i64>,
    pub(super) last: Option<i64>,
}

impl Span {
    fn add(&mut self, time: &Cell<'_>) {
        if let Cell::Integer(time) = *time {
            self.first = Some(self.first.map_or(time, |first| first.min(time)));
            self.last = Some(self.last.map_or(time, |last| last.max(time)));
        }
    }
}

/// A database that is being filled.
pub(super) struct Index {
    database: Connection,
    /// Under which name the database is attached.
    schema: String,
    inserts: Inserts,
    texts: Shared,
    jsons: Shared,
    span: Span,
    start: Option<Box<Start>>,
    summary: Summary,
    progress: Progress,
    rows: u64,
}

/// One statement for each table.
struct Inserts {
    attempts: String,
    resets: String,
    drops: String,
    deaths: String,
    calls: String,
    losses: String,
    recordings: String,
}

impl Inserts {
    fn new(schema: &str) -> Self {
        let insert = |name: &str| {
            let table = TABLES.iter().find(|table| table.name == name);
            let count = table.map_or(0, |table| table.stored().count());
            let places = vec!["?"; count].join(", ");
            // A line that is told again, with a better verdict, has the id of the one before.
            format!("INSERT OR REPLACE INTO {schema}.{name} VALUES ({places})")
        };
        Self {
            attempts: insert("attempts"),
            resets: insert("resets"),
            drops: insert("drops"),
            deaths: insert("deaths"),
            calls: insert("calls"),
            losses: insert("losses"),
            recordings: insert("recordings"),
        }
    }
}

impl Index {
    /// Makes the tables in an empty database that is attached under the name `schema`.
    ///
    /// # Errors
    /// Of the database.
    pub(super) fn create(database: Connection, schema: &str, progress: Progress) -> rusqlite::Result<Self> {
        // It is whole or thrown away: nothing needs to be undone.
        database.execute_batch(&format!(
            "PRAGMA {schema}.journal_mode = OFF; PRAGMA {schema}.synchronous = OFF; PRAGMA {schema}.cache_size = -65536; \
             BEGIN; \
             CREATE TABLE {schema}.texts (id INTEGER PRIMARY KEY, text TEXT); \
             CREATE TABLE {schema}.jsons (id INTEGER PRIMARY KEY, json JSON); \
             CREATE TABLE {schema}.made_of (fingerprint TEXT);"
        ))?;
        for table in TABLES {
            database.execute_batch(&table.create(schema))?;
        }
        database.set_prepared_statement_cache_capacity(16);
        Ok(Self {
            database,
            inserts: Inserts::new(schema),
            texts: Shared::new(format!("INSERT INTO {schema}.texts VALUES (?, ?)")),
            jsons: Shared::new(format!("INSERT INTO {schema}.jsons VALUES (?, ?)")),
            schema: schema.to_owned(),
            span: Span::default(),
            start: None,
            summary: Summary::default(),
            progress,
            rows: 0,
        })
    }

    /// Takes these lines as rows, and says how many there are.
    ///
    /// # Errors
    /// Of the database.
    pub(super) fn take(&mut self, lines: &[Line]) -> rusqlite::Result<()> {
        for line in lines {
            self.take_one(line)?;
        }
        let rows = self.rows;
        self.progress.say(|| format!("{rows} results"));
        Ok(())
    }

    fn take_one(&mut self, line: &Line) -> rusqlite::Result<()> {
        let Self { database, inserts, texts, jsons, span, .. } = self;
        let mut insert = |sql: &str, row: Row<'_>, is_moment: bool| {
            if let (true, [_, time, ..]) = (is_moment, row.cells()) {
                span.add(time);
            }
            store(database, sql, &row, texts, jsons)
        };
        self.rows += 1;
        match line {
            Line::Attempt(line) => insert(&inserts.attempts, row::attempt(line), true),
            Line::Reset(line) => insert(&inserts.resets, row::reset(line), true),
            Line::Drop(line) => insert(&inserts.drops, row::drop(line), true),
            Line::Death(line) => insert(&inserts.deaths, row::death(line), true),
            Line::Call(line) => insert(&inserts.calls, row::call(line), true),
            Line::Loss(line) => insert(&inserts.losses, row::loss(line), false),
            Line::Start(start) => {
                self.start = Some(start.clone());
                Ok(())
            }
            Line::Summary(summary) => {
                self.summary = (**summary).clone();
                Ok(())
            }
        }
    }

    /// What is asked for most is sorted, and what there is said of the recording as a whole.
    ///
    /// # Errors
    /// Of the database.
    pub(super) fn finish(mut self, broken: Option<&str>, fingerprint: &str) -> rusqlite::Result<Connection> {
        let schema = &self.schema;
        for table in JUDGED {
            self.progress.say(|| format!("sorting {table}"));
            let index = format!("CREATE INDEX {schema}.{table}_by_verdict ON {table} (verdict)");
            self.database.execute_batch(&index)?;
        }
        let mut counts = [0; JUDGED.len()];
        for (count, table) in counts.iter_mut().zip(JUDGED) {
            let sql = format!("SELECT count(*) FROM {schema}.{table}");
            *count = self.database.query_row(&sql, [], |row| row.get(0))?;
        }
        if let Some(start) = &self.start {
            let row = row::recording(start, &self.span, counts, &self.summary, broken);
            store(&self.database, &self.inserts.recordings, &row, &mut self.texts, &mut self.jsons)?;
        }
        self.database.execute(&format!("INSERT INTO {schema}.made_of VALUES (?)"), params![fingerprint])?;
        self.database.flush_prepared_statement_cache();
        self.database.execute_batch("COMMIT")?;
        self.progress.end();
        Ok(self.database)
    }
}

fn store(
    database: &Connection,
    sql: &str,
    row: &Row<'_>,
    texts: &mut Shared,
    jsons: &mut Shared,
) -> rusqlite::Result<()> {
    let mut insert = database.prepare_cached(sql)?;
    for (at, cell) in row.cells().iter().enumerate() {
        let value = match cell {
            Cell::Null => ValueRef::Null,
            Cell::Integer(number) => ValueRef::Integer(*number),
            Cell::Text(text) => ValueRef::Text(text.as_bytes()),
            Cell::Shared(text) => ValueRef::Integer(texts.id(database, text)?),
            Cell::Json(json) => ValueRef::Integer(jsons.id(database, json)?),
        };
        insert.raw_bind_parameter(at + 1, Value(value))?;
    }
    insert.raw_execute().map(|_| ())
}

/// rusqlite binds what is borrowed only in this dress.
struct Value<'a>(ValueRef<'a>);

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        Ok(rusqlite::types::ToSqlOutput::Borrowed(self.0))
    }
}
