//! Where rows go: stdout, or a file that appears when it is whole.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    process,
};

use super::{Heading, Writer, csv::Csv, json::Json, parquet::Parquet, table::Table};
use crate::{
    cli::{
        failure::Failure,
        request::{self, QueryForm},
    },
    query::is_seen,
};

/// An open place for rows.
pub(in crate::query) struct Output {
    out: Box<dyn Write + Send>,
    whole: Whole,
    form: QueryForm,
    is_seen: bool,
}

/// What is left to do for a file when all is written.
pub(super) struct Whole {
    /// What messages call it.
    pub(super) name: String,
    /// Under which name it is written, and which it gets.
    rename: Option<(PathBuf, PathBuf)>,
}

impl Output {
    /// Opens it.
    ///
    /// # Errors
    /// When the file cannot be created.
    pub(in crate::query) fn open(request: &request::Query) -> Result<Self, Failure> {
        let form = request.form;
        let is_seen = is_seen(request.to.as_ref());
        let Some(path) = &request.to else {
            let whole = Whole { name: "rows".to_owned(), rename: None };
            return Ok(Self { out: Box::new(io::stdout()), whole, form, is_seen });
        };
        let name = path.display().to_string();
        let part = part(path);
        let to = part.as_deref().unwrap_or(path);
        let file = File::create(to).map_err(Failure::io(format!("creating {name}")))?;
        let whole = Whole { name, rename: part.map(|part| (part, path.clone())) };
        Ok(Self { out: Box::new(file), whole, form, is_seen })
    }

    /// Writes what comes before the rows.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(in crate::query) fn begin(self, headings: &[Heading]) -> Result<Writer, Failure> {
        let Self { out, whole, form, is_seen } = self;
        let name = whole.name.clone();
        let out = BufWriter::with_capacity(64 << 10, out);
        let form: Box<dyn super::Form> = match form {
            QueryForm::Table => Box::new(Table::new(out, name, headings, is_seen)),
            QueryForm::Csv => Box::new(Csv::begin(out, name, headings, is_seen)?),
            QueryForm::Json => Box::new(Json::new(out, name, headings)),
            QueryForm::Parquet => Box::new(Parquet::new(out, name, headings)),
        };
        let declared = headings.iter().map(|heading| heading.declared).collect();
        Ok(Writer { form, declared, whole })
    }
}

impl Whole {
    /// The file gets its name.
    pub(super) fn appear(mut self) -> Result<(), Failure> {
        let Some((part, path)) = self.rename.take() else { return Ok(()) };
        fs::rename(&part, &path).map_err(Failure::io(format!("naming {}", path.display())))
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        if let Some((part, _)) = &self.rename {
            // There is nobody to be told.
            let _ = fs::remove_file(part);
        }
    }
}

/// Under which name a file is written; `None` for a device or a pipe, which is whole by itself.
fn part(path: &Path) -> Option<PathBuf> {
    let is_other = fs::metadata(path).is_ok_and(|there| !there.is_file());
    // What a link stands for is written anew, not the link.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut name: OsString = path.into_os_string();
    name.push(format!(".{}.part", process::id()));
    (!is_other).then(|| name.into())
}

/// Writes text that is no rows to stdout.
///
/// # Errors
/// Of stdout.
pub(in crate::query) fn text(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Failure::writing("the schema"))
}
