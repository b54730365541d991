//! Rows of a query's result, for people and for programs.

use std::borrow::Cow;

use rusqlite::{Column, Row, types::ValueRef};

use crate::{cli::failure::Failure, sink::whole::Place};

mod csv;
mod json;
mod out;
mod parquet;
mod table;
#[cfg(test)]
mod testing;

pub(super) use self::out::{Output, text};

/// A column of the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Heading {
    /// As SQL names it.
    pub(super) name: String,
    /// What SQL says its values are; it says so where they come from a column as it is.
    pub(super) declared: Declared,
}

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Declared {
    Integer,
    Boolean,
    Text,
    Json,
    /// It is computed.
    Open,
}

impl Heading {
    pub(super) fn of(column: &Column<'_>) -> Self {
        let declared = match column.decl_type() {
            Some("INTEGER") => Declared::Integer,
            Some("BOOLEAN") => Declared::Boolean,
            Some("TEXT") => Declared::Text,
            Some("JSON") => Declared::Json,
            _ => Declared::Open,
        };
        Self { name: column.name().to_owned(), declared }
    }
}

/// A value of the result.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Null,
    Boolean(bool),
    Integer(i64),
    Real(f64),
    Text(Cow<'a, str>),
    /// One that stood in a column of this type, so that it is JSON.
    Json(Cow<'a, str>),
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    pub(super) fn of(value: ValueRef<'a>, declared: Declared) -> Self {
        match (value, declared) {
            (ValueRef::Null, _) => Self::Null,
            (ValueRef::Integer(flag @ (0 | 1)), Declared::Boolean) => Self::Boolean(flag == 1),
            (ValueRef::Integer(number), _) => Self::Integer(number),
            (ValueRef::Real(number), _) => Self::Real(number),
            (ValueRef::Text(text), Declared::Json) => Self::Json(String::from_utf8_lossy(text)),
            (ValueRef::Text(text), _) => Self::Text(String::from_utf8_lossy(text)),
            (ValueRef::Blob(bytes), _) => Self::Bytes(bytes),
        }
    }

    /// As text without quotes; `None` is NULL.
    pub(super) fn plain(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Null => return None,
            Self::Boolean(flag) => flag.to_string().into(),
            Self::Integer(number) => number.to_string().into(),
            // A whole number with a point, so that it is seen to be none.
            Self::Real(number) => format!("{number:?}").into(),
            Self::Text(text) | Self::Json(text) => Cow::Borrowed(text),
            Self::Bytes(bytes) => hexadecimal(bytes).into(),
        })
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, byte| {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// A form of results.
pub(super) trait Form {
    /// Takes a row.
    ///
    /// # Errors
    /// When it cannot be written.
    fn row(&mut self, values: &[Value<'_>]) -> Result<(), Failure>;

    /// There are no more.
    ///
    /// # Errors
    /// When they cannot be written.
    fn finish(self: Box<Self>) -> Result<(), Failure>;
}

/// Rows on their way to where they go.
pub(super) struct Writer {
    form: Box<dyn Form>,
    declared: Vec<Declared>,
    /// What makes the file appear.
    place: Place,
}

impl Writer {
    /// Takes a row.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn row(&mut self, row: &Row<'_>) -> Result<(), Failure> {
        let value =
            |(at, declared): (usize, &Declared)| row.get_ref(at).map(|value| Value::of(value, *declared));
        let values = self.declared.iter().enumerate().map(value).collect::<rusqlite::Result<Vec<_>>>();
        self.form.row(&values.map_err(super::database::failed)?)
    }

    /// There are no more.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(super) fn finish(self) -> Result<(), Failure> {
        self.form.finish()?;
        let name = self.place.name().to_owned();
        self.place.appear().map_err(Failure::io(format!("naming {name}")))
    }
}

/// Names of columns, of which no two are the same: the second `id` becomes `id_2`.
fn distinct(headings: &[Heading]) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(headings.len());
    for Heading { name, .. } in headings {
        let mut other = name.clone();
        let mut number = 1;
        while names.contains(&other) {
            number += 1;
            other = format!("{name}_{number}");
        }
        names.push(other);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_distinct() {
        let heading = |name: &str| Heading { name: name.to_owned(), declared: Declared::Open };
        let names = distinct(&["id", "id", "id_2", "id"].map(heading));
        assert_eq!(names, ["id", "id_2", "id_2_2", "id_3"]);
    }

    #[test]
    fn numbers_read_as_what_they_are() {
        let plain = |value: Value<'_>| value.plain().map(Cow::into_owned);
        assert_eq!(plain(Value::Real(2.0)).as_deref(), Some("2.0"));
        assert_eq!(plain(Value::Integer(-2)).as_deref(), Some("-2"));
        assert_eq!(plain(Value::Boolean(true)).as_deref(), Some("true"));
        assert_eq!(plain(Value::Bytes(&[0, 255])).as_deref(), Some("00ff"));
        assert_eq!(plain(Value::Null), None);
    }
}
