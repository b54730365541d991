//! One statement that reads, and what to say of one that does not, or is wrong.

use rusqlite::{Connection, Error, ErrorCode, Statement};

use super::{
    database::{Database, failed},
    interrupt::Interrupt,
    schema::TABLES,
    write::{Heading, Output},
};
use crate::cli::{failure::Failure, request};

/// Whether the statement is one that reads what there is.
///
/// # Errors
/// With what is wrong, and where.
pub(super) fn check(sql: &str, interrupt: &Interrupt) -> Result<(), Failure> {
    let database = Database::empty(interrupt)?;
    prepare(database.connection(), sql).map(|_| ())
}

/// Writes what the statement gives.
///
/// # Errors
/// When it fails, or the rows cannot be written.
pub(super) fn answer(
    database: &Database,
    sql: &str,
    request: &request::Query,
    output: Output,
) -> Result<(), Failure> {
    let mut statement = prepare(database.connection(), sql)?;
    let headings: Vec<_> = statement.columns().map(|column| Heading::of(&column)).collect();
    let mut rows = statement.query([]).map_err(failed)?;
    let mut writer = output.begin(&headings)?;
    let most = request.most();
    let mut count = 0_u64;
    let mut cut = false;
    while let Some(row) = rows.next().map_err(running)? {
        if most.is_some_and(|most| count >= most) {
            cut = true;
            break;
        }
        count += 1;
        writer.row(row)?;
    }
    writer.finish()?;
    if cut {
        super::say(&format!(
            "only the first {count} rows are shown: --limit N shows more, --format csv or json all"
        ));
    }
    Ok(())
}

fn prepare<'c>(connection: &'c Connection, sql: &str) -> Result<Statement<'c>, Failure> {
    let statement = connection.prepare(sql).map_err(|error| wrong(sql, error))?;
    if statement.column_count() == 0 || !statement.readonly() {
        return Err(refused());
    }
    if statement.parameter_count() > 0 {
        let message = "query: the SQL has a parameter (?, :name, @name or $name), for which there is no value: write it out";
        return Err(Failure::Usage(message.to_owned()));
    }
    Ok(statement)
}

fn refused() -> Failure {
    let message = "query: recordings can only be read: one SELECT, WITH ... SELECT, VALUES or EXPLAIN of one";
    Failure::Usage(message.to_owned())
}

/// A statement that failed when it had begun.
fn running(error: Error) -> Failure {
    match error {
        Error::SqliteFailure(code, Some(what)) if code.code == ErrorCode::Unknown => {
            Failure::Usage(format!("query: {what}"))
        }
        Error::SqliteFailure(code, _) if code.code == ErrorCode::TooBig => {
            Failure::Usage("query: it makes a text of more than 64 MiB".to_owned())
        }
        // A function that is a table asks only when it is read.
        error if error.sqlite_error_code() == Some(ErrorCode::AuthorizationForStatementDenied) => refused(),
        error => failed(error),
    }
}

fn wrong(sql: &str, error: Error) -> Failure {
    let said = match error {
        Error::MultipleStatement => "one statement only: what follows the first ; is another".to_owned(),
        Error::Empty => "the SQL is empty; tcpx query --schema shows the tables".to_owned(),
        Error::SqlInputError { error, .. } if error.code == ErrorCode::AuthorizationForStatementDenied => {
            return refused();
        }
        Error::SqlInputError { msg, offset, .. } => explained(sql, &msg, usize::try_from(offset).ok()),
        Error::SqliteFailure(code, _) if code.code == ErrorCode::AuthorizationForStatementDenied => {
            return refused();
        }
        Error::SqliteFailure(_, Some(msg)) => explained(sql, &msg, None),
        error => return failed(error),
    };
    Failure::Usage(format!("query: {said}"))
}

/// SQLite's words, where it found the mistake, and what may have been meant.
fn explained(sql: &str, msg: &str, offset: Option<usize>) -> String {
    let place = offset.and_then(|offset| sql.get(..offset).zip(sql.get(offset..)));
    let place = place.filter(|(_, rest)| !rest.is_empty()).map(|(before, rest)| {
        let shown: String = rest.chars().take(20).collect();
        let dots = if shown.len() < rest.len() { "..." } else { "" };
        format!(", at character {}: {shown}{dots}", before.chars().count() + 1)
    });
    let meant = meant(msg).map(|name| format!("; did you mean {name}?"));
    let is_of_schema = msg.starts_with("no such table") || msg.starts_with("no such column");
    let meant =
        meant.or_else(|| is_of_schema.then(|| "; tcpx query --schema shows tables and columns".to_owned()));
    format!("{msg}{}{}", place.unwrap_or_default(), meant.unwrap_or_default())
}

/// The table or column whose name is nearest to one that does not exist.
fn meant(msg: &str) -> Option<&'static str> {
    let tables = || TABLES.iter().map(|table| table.name);
    if let Some(name) = msg.strip_prefix("no such table: ") {
        return nearest(name, tables());
    }
    let name = msg.strip_prefix("no such column: ")?;
    let (table, name) = name.rsplit_once('.').unwrap_or(("", name));
    // SQLite adds what it makes of quotes.
    let name = name.split(" - ").next().unwrap_or(name).trim_matches('"');
    let columns = |all: bool| {
        let of = TABLES.iter().filter(move |one| all || one.name == table);
        of.flat_map(|table| table.columns().map(|column| column.name))
    };
    nearest(name, columns(false)).or_else(|| nearest(name, columns(true)))
}

fn nearest(name: &str, names: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let name = name.to_lowercase();
    let allowed = (name.chars().count() / 3).max(1);
    let near = names.map(|known| (strsim::damerau_levenshtein(&name, known), known));
    near.filter(|(distance, _)| *distance <= allowed).min().map(|(_, known)| known)
}
