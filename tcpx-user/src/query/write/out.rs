//! Where rows go: stdout, or a file that appears when it is whole.

use std::io::{self, BufWriter, Write};

use super::{Heading, Writer, csv::Csv, json::Json, parquet::Parquet, table::Table};
use crate::{
    cli::{
        failure::Failure,
        request::{self, QueryForm},
    },
    query::is_seen,
    sink::whole::{Place, Whole},
};

/// An open place for rows.
pub(in crate::query) struct Output {
    out: Box<dyn Write + Send>,
    place: Place,
    form: QueryForm,
    is_seen: bool,
}

impl Output {
    /// Opens it.
    ///
    /// # Errors
    /// When the file cannot be created.
    pub(in crate::query) fn open(request: &request::Query) -> Result<Self, Failure> {
        let whole = request.to.as_deref().map_or_else(|| Ok(Whole::stdout()), Whole::file)?;
        let (out, place) = whole.apart();
        Ok(Self { out, place, form: request.form, is_seen: is_seen(request.to.as_ref()) })
    }

    /// Writes what comes before the rows.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(in crate::query) fn begin(self, headings: &[Heading]) -> Result<Writer, Failure> {
        let Self { out, place, form, is_seen } = self;
        let name = place.name().to_owned();
        let out = BufWriter::with_capacity(64 << 10, out);
        let form: Box<dyn super::Form> = match form {
            QueryForm::Table => Box::new(Table::new(out, name, headings, is_seen)),
            QueryForm::Csv => Box::new(Csv::begin(out, name, headings, is_seen)?),
            QueryForm::Json => Box::new(Json::new(out, name, headings)),
            QueryForm::Parquet => Box::new(Parquet::new(out, name, headings)),
        };
        let declared = headings.iter().map(|heading| heading.declared).collect();
        Ok(Writer { form, declared, place })
    }
}

/// Writes text that is no rows to stdout.
///
/// # Errors
/// Of stdout.
pub(in crate::query) fn text(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Failure::writing("the schema"))
}
