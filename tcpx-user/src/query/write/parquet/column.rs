//! Values of one column, until a group of rows is written.

use std::fmt;

use parquet::{column::writer::ColumnWriter, data_type::ByteArray, errors::ParquetError};

use super::super::{Declared, Value};

/// What a Parquet column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Boolean,
    Integer,
    Real,
    Text,
    Json,
    Bytes,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Real => "real",
            Self::Text => "text",
            Self::Json => "JSON",
            Self::Bytes => "bytes",
        })
    }
}

/// A value that is kept.
#[derive(Debug)]
enum Held {
    Null,
    Boolean(bool),
    Integer(i64),
    Real(f64),
    /// Text, JSON or bytes.
    Bytes(Kind, Vec<u8>),
}

/// Values, and what they are to be.
#[derive(Debug)]
pub(super) struct Column {
    /// `None` until the first values have decided.
    kind: Option<Kind>,
    held: Vec<Held>,
}

/// Values of one type, and for each row whether it has one.
pub(super) struct Typed {
    values: Values,
    is_there: Vec<i16>,
}

enum Values {
    Boolean(Vec<bool>),
    Integer(Vec<i64>),
    Real(Vec<f64>),
    Bytes(Vec<ByteArray>),
}

impl Column {
    pub(super) fn new(declared: Declared) -> Self {
        let kind = match declared {
            Declared::Integer => Some(Kind::Integer),
            Declared::Boolean => Some(Kind::Boolean),
            Declared::Text => Some(Kind::Text),
            Declared::Json => Some(Kind::Json),
            Declared::Open => None,
        };
        Self { kind, held: Vec::new() }
    }

    /// Takes a value; says how much room it takes beside the others.
    pub(super) fn push(&mut self, value: &Value<'_>) -> usize {
        let bytes = |kind, bytes: &[u8]| (Held::Bytes(kind, bytes.to_vec()), bytes.len());
        let (held, len) = match value {
            Value::Null => (Held::Null, 0),
            Value::Boolean(flag) => (Held::Boolean(*flag), 0),
            Value::Integer(number) => (Held::Integer(*number), 0),
            Value::Real(number) => (Held::Real(*number), 0),
            Value::Text(text) => bytes(Kind::Text, text.as_bytes()),
            Value::Json(text) => bytes(Kind::Json, text.as_bytes()),
            Value::Bytes(raw) => bytes(Kind::Bytes, raw),
        };
        self.held.push(held);
        len
    }

    /// Settles what the column holds: what all its values can be. Text, if there are none.
    pub(super) fn decide(&mut self) {
        let both = |one: Option<Kind>, other: Kind| match (one, other) {
            (None, other) => Some(other),
            (Some(one), other) if one == other => Some(one),
            (Some(Kind::Integer | Kind::Real), Kind::Integer | Kind::Real) => Some(Kind::Real),
            _ => Some(Kind::Text),
        };
        let found = || self.held.iter().filter_map(Held::kind).fold(None, both).unwrap_or(Kind::Text);
        self.kind = Some(self.kind.unwrap_or_else(found));
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind.unwrap_or(Kind::Text)
    }

    /// All values, which are forgotten here.
    ///
    /// # Errors
    /// With the row of the first that is of another type, and that type.
    pub(super) fn take(&mut self) -> Result<Typed, (usize, Kind)> {
        let kind = self.kind();
        let held = std::mem::take(&mut self.held);
        let is_there = held.iter().map(|held| i16::from(held.kind().is_some())).collect();
        let values = match kind {
            Kind::Boolean => Values::Boolean(all(held, Held::boolean)?),
            Kind::Integer => Values::Integer(all(held, Held::integer)?),
            Kind::Real => Values::Real(all(held, Held::real)?),
            Kind::Text | Kind::Json => Values::Bytes(all(held, Held::text)?),
            Kind::Bytes => Values::Bytes(all(held, Held::bytes)?),
        };
        Ok(Typed { values, is_there })
    }
}

fn all<T>(held: Vec<Held>, as_type: impl Fn(Held) -> Option<T>) -> Result<Vec<T>, (usize, Kind)> {
    let there =
        held.into_iter().enumerate().filter_map(|(row, held)| held.kind().map(|kind| (row, kind, held)));
    there.map(|(row, kind, held)| as_type(held).ok_or((row, kind))).collect()
}

impl Held {
    const fn kind(&self) -> Option<Kind> {
        match self {
            Self::Null => None,
            Self::Boolean(_) => Some(Kind::Boolean),
            Self::Integer(_) => Some(Kind::Integer),
            Self::Real(_) => Some(Kind::Real),
            Self::Bytes(kind, _) => Some(*kind),
        }
    }

    fn boolean(self) -> Option<bool> {
        if let Self::Boolean(flag) = self { Some(flag) } else { None }
    }

    fn integer(self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(number),
            Self::Boolean(flag) => Some(flag.into()),
            _ => None,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "SQL compares them so too")]
    fn real(self) -> Option<f64> {
        match self {
            Self::Real(number) => Some(number),
            Self::Integer(number) => Some(number as f64),
            _ => None,
        }
    }

    /// Everything can be text, but for bytes that are none.
    fn text(self) -> Option<ByteArray> {
        Some(match self {
            Self::Bytes(Kind::Bytes, _) | Self::Null => return None,
            Self::Bytes(_, text) => text.into(),
            Self::Boolean(flag) => flag.to_string().into_bytes().into(),
            Self::Integer(number) => number.to_string().into_bytes().into(),
            Self::Real(number) => format!("{number:?}").into_bytes().into(),
        })
    }

    fn bytes(self) -> Option<ByteArray> {
        if let Self::Bytes(_, bytes) = self { Some(bytes.into()) } else { None }
    }
}

impl Typed {
    /// Writes them into a column of their type.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(super) fn write(&self, writer: &mut ColumnWriter<'_>) -> Result<(), ParquetError> {
        let there = Some(self.is_there.as_slice());
        let written = match (&self.values, writer) {
            (Values::Boolean(values), ColumnWriter::BoolColumnWriter(writer)) => {
                writer.write_batch(values, there, None)
            }
            (Values::Integer(values), ColumnWriter::Int64ColumnWriter(writer)) => {
                writer.write_batch(values, there, None)
            }
            (Values::Real(values), ColumnWriter::DoubleColumnWriter(writer)) => {
                writer.write_batch(values, there, None)
            }
            (Values::Bytes(values), ColumnWriter::ByteArrayColumnWriter(writer)) => {
                writer.write_batch(values, there, None)
            }
            _ => Err(ParquetError::General("a column of another type".to_owned())),
        };
        written.map(|_| ())
    }
}
