//! The tables that a query sees, column by column. What they are made of, what `--schema` prints and what docs/query.md says
//! all follow from this.

use std::fmt::Write as _;

mod tables;

pub use tables::TABLES;

/// A table that a query can name.
#[derive(Debug)]
pub struct Table {
    /// As in SQL.
    pub name: &'static str,
    /// One row is what.
    pub meaning: &'static str,
    /// Its columns in order, in groups that several tables have.
    pub groups: &'static [&'static [Column]],
}

/// A column of it.
#[derive(Debug)]
pub struct Column {
    /// As in SQL.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// What that says; NULL is "not known" unless it says otherwise.
    pub meaning: &'static str,
}

/// What a column holds, and how that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number.
    Integer,
    /// Yes or no.
    Boolean,
    /// Text that is short, or is grouped by often.
    Text,
    /// Text that many rows share: kept once.
    Shared,
    /// JSON that many rows share: kept once.
    Json,
    /// Text that is not kept but follows from other columns, as this expression says.
    Computed(&'static str),
    /// Text that is known when a query is asked, not when the index is made.
    Given,
}

impl Kind {
    /// Type as SQL has it: that of the column which keeps it.
    const fn stored(self) -> Option<&'static str> {
        match self {
            Self::Integer | Self::Shared | Self::Json => Some("INTEGER"),
            Self::Boolean => Some("BOOLEAN"),
            Self::Text => Some("TEXT"),
            Self::Computed(_) | Self::Given => None,
        }
    }

    /// Type as whoever asks sees it.
    const fn seen(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::Text | Self::Shared | Self::Computed(_) | Self::Given => "text",
            Self::Json => "json",
        }
    }
}

impl Table {
    /// All columns in order.
    pub fn columns(&self) -> impl Iterator<Item = &'static Column> {
        self.groups.iter().copied().flatten()
    }

    /// Those that are kept, in order.
    pub(super) fn stored(&self) -> impl Iterator<Item = &'static Column> {
        self.columns().filter(|column| column.kind.stored().is_some())
    }

    /// Makes it in a database that is attached under that name.
    pub(super) fn create(&self, schema: &str) -> String {
        let column = |column: &Column| {
            let key = if column.name == "id" { " PRIMARY KEY" } else { "" };
            column.kind.stored().map(|kind| format!("{} {kind}{key}", column.name))
        };
        let columns: Vec<_> = self.columns().filter_map(column).collect();
        format!("CREATE TABLE {schema}.{} ({})", self.name, columns.join(", "))
    }

    /// One SELECT of what a query sees of it. `given` are expressions for what is not in the database.
    pub(super) fn select(&self, schema: &str, given: impl Fn(&str) -> String) -> String {
        let expression = |column: &Column| {
            let name = column.name;
            match column.kind {
                Kind::Integer | Kind::Boolean | Kind::Text => format!("t.{name}"),
                Kind::Shared => format!("(SELECT text FROM {schema}.texts WHERE id = t.{name}) AS {name}"),
                Kind::Json => format!("(SELECT json FROM {schema}.jsons WHERE id = t.{name}) AS {name}"),
                Kind::Computed(sql) => format!("{sql} AS {name}"),
                Kind::Given => format!("{} AS {name}", given(name)),
            }
        };
        let columns: Vec<_> = self.columns().map(expression).collect();
        format!("SELECT {} FROM {schema}.{} AS t", columns.join(", "), self.name)
    }
}

/// All tables as text: what `tcpx query --schema` prints.
#[must_use]
pub fn text() -> String {
    let mut out = String::new();
    for table in TABLES {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{}: {}", table.name, table.meaning);
        let wide = table.columns().map(|column| column.name.len()).max().unwrap_or_default();
        for Column { name, kind, meaning } in table.columns() {
            let _ = writeln!(out, "  {name:wide$}  {:7}  {meaning}", kind.seen());
        }
        out.push('\n');
    }
    out.push_str("NULL is what is not known. docs/formats.md and docs/verdicts.md say more of the values.\n");
    out
}

/// `docs/query.md`.
#[cfg(test)]
fn page() -> String {
    let mut out = include_str!("schema/page.md").to_owned();
    for table in TABLES {
        let _ = write!(
            out,
            "### {}\n\n{}.\n\n| column | type | what |\n|---|---|---|\n",
            table.name, table.meaning
        );
        for Column { name, kind, meaning } in table.columns() {
            let _ = writeln!(out, "| `{name}` | {} | {meaning} |", kind.seen());
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out + "\n"
}

#[cfg(test)]
mod tests;
