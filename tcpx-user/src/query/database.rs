//! The databases of all recordings behind one set of tables, which can only be read.

use std::path::Path;

use rusqlite::{
    Connection, OpenFlags,
    config::DbConfig,
    hooks::{AuthAction, AuthContext, Authorization},
    limits::Limit,
};

use super::{
    fill::fill,
    index::Index,
    interrupt::Interrupt,
    kept::{self, Keep},
    progress::Progress,
    recordings::Recording,
    schema::{TABLES, Table},
};
use crate::cli::{failure::Failure, filter::Filter, request};

/// No text or JSON of an index comes near it, and a query that makes longer ones is mistaken.
const LONGEST: i32 = 64 << 20;

/// What is asked.
pub(super) struct Database {
    connection: Connection,
    interrupt: Interrupt,
    /// What is attached: name and number of files.
    recordings: Vec<(String, usize)>,
}

impl Database {
    /// With no recording yet.
    ///
    /// # Errors
    /// Of the database.
    pub(super) fn open(interrupt: &Interrupt) -> Result<Self, Failure> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_in_memory_with_flags(flags).map_err(failed)?;
        Ok(Self { connection, interrupt: interrupt.clone(), recordings: Vec::new() })
    }

    /// With what tables there are, and no rows.
    ///
    /// # Errors
    /// Of the database.
    pub(super) fn empty(interrupt: &Interrupt) -> Result<Self, Failure> {
        Self::of(interrupt, "", |database, schema| {
            let index = Index::create(database, schema, Progress::new("")).map_err(failed)?;
            index.finish(None, "").map_err(failed)
        })
    }

    /// With one recording of that name, whose tables are made in the database that is attached under the name that `make` is given.
    ///
    /// # Errors
    /// Of the database, and of `make`.
    pub(super) fn of(
        interrupt: &Interrupt,
        name: &str,
        make: impl FnOnce(Connection, &str) -> Result<Connection, Failure>,
    ) -> Result<Self, Failure> {
        let mut database = Self::open(interrupt)?.add_passing(make)?;
        database.recordings.push((name.to_owned(), 1));
        database.seal()?;
        Ok(database)
    }

    /// And one more recording.
    ///
    /// # Errors
    /// When it cannot be read, or there are too many.
    pub(super) fn add(
        self,
        recording: &Recording,
        request: &request::Query,
        keep: &Keep,
    ) -> Result<Self, Failure> {
        self.interrupt.check()?;
        let most = self.connection.limit(Limit::SQLITE_LIMIT_ATTACHED).map_err(failed)?;
        if usize::try_from(most).is_ok_and(|most| self.recordings.len() >= most) {
            let message =
                format!("query: one query takes {most} recordings at most: ask for some after the others");
            return Err(Failure::Usage(message));
        }
        // Filters are those of a replay, which knows what belongs together: their result is of use to nobody else.
        let is_all = request.filter == Filter::default() && !(request.everything && recording.is_narrow);
        let kept = if is_all { kept::find_or_make(recording, request, keep, &self.interrupt)? } else { None };
        let mut database = if let Some(path) = kept {
            self.add_kept(&path)?
        } else {
            let interrupt = self.interrupt.clone();
            self.add_passing(|database, schema| replayed(database, schema, recording, request, &interrupt))?
        };
        database.recordings.push((recording.name(), recording.files.len()));
        Ok(database)
    }

    fn add_kept(self, path: &Path) -> Result<Self, Failure> {
        self.attach(&kept::uri(path)).map_err(failed)?;
        Ok(self)
    }

    /// In a file without a name that goes with this process.
    fn add_passing(
        mut self,
        make: impl FnOnce(Connection, &str) -> Result<Connection, Failure>,
    ) -> Result<Self, Failure> {
        let schema = self.attach("").map_err(failed)?;
        self.interrupt.reach(&mut self.connection).map_err(failed)?;
        self.connection = make(self.connection, &schema)?;
        Ok(self)
    }

    fn attach(&self, what: &str) -> rusqlite::Result<String> {
        let schema = format!("r{}", self.recordings.len());
        self.connection.execute(&format!("ATTACH ? AS {schema}"), [what])?;
        Ok(schema)
    }

    /// Names the tables; from then on they can only be read.
    ///
    /// # Errors
    /// Of the database.
    pub(super) fn seal(&mut self) -> Result<(), Failure> {
        self.guard().map_err(failed)
    }

    fn guard(&mut self) -> rusqlite::Result<()> {
        for table in TABLES {
            self.connection.execute_batch(&self.view(table))?;
        }
        let connection = &mut self.connection;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        // "x" is a name: one that is misspelt is no text.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, LONGEST)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        // What is sorted may take that much memory, in KiB, before it goes to a file.
        connection.pragma_update(Some("main"), "cache_size", -65_536)?;
        connection.pragma_update(None, "query_only", true)?;
        self.interrupt.reach(connection)?;
        connection.authorizer(Some(may))
    }

    fn view(&self, table: &Table) -> String {
        let of = |(nth, (name, files)): (usize, &(String, usize))| {
            table.select(&format!("r{nth}"), |given| match given {
                "files" => files.to_string(),
                _ => format!("'{}'", name.replace('\0', "").replace('\'', "''")),
            })
        };
        let selects: Vec<_> = self.recordings.iter().enumerate().map(of).collect();
        format!("CREATE TEMP VIEW {} AS {}", table.name, selects.join(" UNION ALL "))
    }

    /// For a statement.
    pub(super) const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Why which recordings could not be read to their ends, and how many events were lost in all.
    ///
    /// # Errors
    /// Of the database.
    pub(super) fn shortcomings(&self) -> Result<(Vec<String>, i64), Failure> {
        let ask = || -> rusqlite::Result<_> {
            let connection = &self.connection;
            let mut broken = connection.prepare("SELECT broken FROM recordings WHERE broken IS NOT NULL")?;
            let broken =
                broken.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
            let lost = "SELECT coalesce(sum(lost_kernel + lost_user), 0) FROM recordings";
            Ok((broken, connection.query_row(lost, [], |row| row.get(0))?))
        };
        ask().map_err(failed)
    }
}

fn replayed(
    database: Connection,
    schema: &str,
    recording: &Recording,
    request: &request::Query,
    interrupt: &Interrupt,
) -> Result<Connection, Failure> {
    let index = Index::create(database, schema, Progress::new(&recording.name())).map_err(failed)?;
    let (index, broken) = fill(index, recording, request, interrupt)?;
    index.finish(broken.as_deref(), "").map_err(failed)
}

/// What a statement may do: read, and compute.
fn may(what: AuthContext<'_>) -> Authorization {
    match what.action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => Authorization::Allow,
        AuthAction::Function { function_name } if function_name != "load_extension" => Authorization::Allow,
        _ => Authorization::Deny,
    }
}

/// A database that does not do what it should; its disk may be full.
pub(super) fn failed(error: rusqlite::Error) -> Failure {
    if error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted) {
        return super::interrupt::interrupted();
    }
    let full = error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull);
    let error = anyhow::Error::from(error).context("the database of a query");
    if full {
        let advice = "make room, or set SQLITE_TMPDIR to a directory that has some".to_owned();
        return Failure::Machine { what: format!("{error:#}"), advice };
    }
    Failure::Other(error)
}
