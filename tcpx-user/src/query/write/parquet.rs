//! Apache Parquet. A column's type is the declared one; of a computed column it is that which fits its first values.

use std::{io::Write, sync::Arc};

use parquet::{
    basic::{Compression, LogicalType, Repetition, Type as Physical, ZstdLevel},
    errors::ParquetError,
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::types::Type,
};

use super::{Form, Heading, Value, distinct};
use crate::cli::failure::Failure;

mod column;

use self::column::{Column, Kind};

/// Values that are held at most: a group of rows is written when it has so many, or so many bytes of text.
const VALUES: usize = 2_000_000;
const BYTES: usize = 64 << 20;
/// Even of a single column.
const ROWS: usize = 100_000;

/// Writes it.
pub(super) struct Parquet<W: Write + Send> {
    /// Until there is a first group of rows, which decides the types.
    out: Option<W>,
    file: Option<SerializedFileWriter<W>>,
    name: String,
    names: Vec<String>,
    columns: Vec<Column>,
    rows: usize,
    /// Rows that were written before.
    before: usize,
    bytes: usize,
}

impl<W: Write + Send> Parquet<W> {
    pub(super) fn new(out: W, name: String, headings: &[Heading]) -> Self {
        let columns = headings.iter().map(|heading| Column::new(heading.declared)).collect();
        let names = distinct(headings);
        Self { out: Some(out), file: None, name, names, columns, rows: 0, before: 0, bytes: 0 }
    }

    fn group(&mut self) -> Result<(), Failure> {
        self.begin()?;
        let Some(file) = &mut self.file else { return Ok(()) };
        let name = &self.name;
        let mut group = file.next_row_group().map_err(|error| failed(name, error))?;
        for (column, heading) in self.columns.iter_mut().zip(&self.names) {
            let values = column
                .take()
                .map_err(|(row, found)| mixed(heading, column.kind(), self.before + row, found))?;
            let writer = group.next_column().map_err(|error| failed(name, error))?;
            let Some(mut writer) = writer else { break };
            values
                .write(writer.untyped())
                .and_then(|()| writer.close())
                .map_err(|error| failed(name, error))?;
        }
        group.close().map_err(|error| failed(name, error))?;
        self.before += self.rows;
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }

    fn begin(&mut self) -> Result<(), Failure> {
        let Some(out) = self.out.take() else { return Ok(()) };
        self.columns.iter_mut().for_each(Column::decide);
        let fields = self.names.iter().zip(&self.columns).map(|(name, column)| column.kind().field(name));
        let begun = || {
            let fields = fields.collect::<Result<Vec<_>, _>>()?;
            let schema = Type::group_type_builder("row").with_fields(fields).build()?;
            let properties = WriterProperties::builder()
                .set_compression(Compression::ZSTD(ZstdLevel::default()))
                .set_created_by(concat!("tcpx ", env!("CARGO_PKG_VERSION")).to_owned());
            SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties.build()))
        };
        self.file = Some(begun().map_err(|error| failed(&self.name, error))?);
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.bytes >= BYTES || self.rows >= ROWS || self.rows * self.columns.len() >= VALUES
    }
}

impl<W: Write + Send> Form for Parquet<W> {
    fn row(&mut self, values: &[Value<'_>]) -> Result<(), Failure> {
        for (column, value) in self.columns.iter_mut().zip(values) {
            self.bytes += column.push(value);
        }
        self.rows += 1;
        if self.is_full() { self.group() } else { Ok(()) }
    }

    fn finish(mut self: Box<Self>) -> Result<(), Failure> {
        if self.rows > 0 {
            self.group()?;
        }
        self.begin()?;
        let Some(file) = self.file.take() else { return Ok(()) };
        let mut out = file.into_inner().map_err(|error| failed(&self.name, error))?;
        out.flush().map_err(Failure::writing(self.name))
    }
}

impl Kind {
    fn field(self, name: &str) -> Result<Arc<Type>, ParquetError> {
        let (physical, logical) = match self {
            Self::Boolean => (Physical::BOOLEAN, None),
            Self::Integer => (Physical::INT64, None),
            Self::Real => (Physical::DOUBLE, None),
            Self::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Self::Json => (Physical::BYTE_ARRAY, Some(LogicalType::Json)),
            Self::Bytes => (Physical::BYTE_ARRAY, None),
        };
        let field = Type::primitive_type_builder(name, physical);
        let field = field.with_repetition(Repetition::OPTIONAL).with_logical_type(logical);
        field.build().map(Arc::new)
    }
}

fn failed(name: &str, error: ParquetError) -> Failure {
    match error {
        ParquetError::External(source) => match source.downcast::<std::io::Error>() {
            Ok(source) => Failure::writing(name)(*source),
            Err(source) => Failure::Other(anyhow::anyhow!("writing {name}: {source}")),
        },
        error => Failure::Other(anyhow::anyhow!("writing {name}: {error}")),
    }
}

fn mixed(column: &str, kind: Kind, row: usize, found: Kind) -> Failure {
    let message = format!(
        "query: column {column} is {kind} in its first rows and {found} in row {}, and Parquet wants one type: \
         write CAST(... AS TEXT) or CAST(... AS REAL)",
        row + 1
    );
    Failure::Usage(message)
}

#[cfg(test)]
mod tests;
