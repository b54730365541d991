//! A table for people. It is held until it is whole, as its columns are as wide as their widest value.

use std::io::{self, Write};

use super::{Form, Heading, Value};
use crate::{
    cli::failure::Failure,
    text::{escape::escape, width::columns},
};

/// Stands for NULL.
const NULL: &str = "NULL";
const GAP: &str = "  ";

/// Holds it. How many rows at most, whoever hands them in decides.
pub(super) struct Table<W> {
    out: W,
    name: String,
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
    /// A table that is wider is shown value by value; `None` never is.
    widest: Option<usize>,
}

struct Column {
    name: String,
    width: usize,
    /// Numbers are, and so are columns in which there is nothing else.
    is_number: bool,
}

impl<W: Write> Table<W> {
    pub(super) fn new(out: W, name: String, headings: &[Heading], is_seen: bool) -> Self {
        let size = is_seen.then(|| rustix::termios::tcgetwinsize(io::stdout()).ok()).flatten();
        let widest = size.filter(|size| size.ws_col > 0).map(|size| size.ws_col.into());
        Self::with_width(out, name, headings, widest)
    }

    fn with_width(out: W, name: String, headings: &[Heading], widest: Option<usize>) -> Self {
        let column = |heading: &Heading| {
            let name = escape(&heading.name).into_owned();
            Column { width: columns(&name), name, is_number: true }
        };
        Self { out, name, columns: headings.iter().map(column).collect(), rows: Vec::new(), widest }
    }

    fn show(&mut self) -> io::Result<()> {
        let gaps = GAP.len() * self.columns.len().saturating_sub(1);
        let wide = self.columns.iter().map(|column| column.width).sum::<usize>() + gaps;
        if self.widest.is_some_and(|widest| wide > widest) {
            self.one_by_one()?;
        } else {
            self.as_table()?;
        }
        self.out.flush()
    }

    fn as_table(&mut self) -> io::Result<()> {
        let Self { out, columns, rows, .. } = self;
        let names: Vec<_> = columns.iter().map(|column| column.name.clone()).collect();
        let rules: Vec<_> = columns.iter().map(|column| "-".repeat(column.width)).collect();
        for row in [&names, &rules].into_iter().chain(rows.iter()) {
            line(out, columns, row)?;
        }
        Ok(())
    }

    /// Each value in a line of its own, beside the name of its column.
    fn one_by_one(&mut self) -> io::Result<()> {
        let Self { out, columns: all, rows, .. } = self;
        let wide = all.iter().map(|column| columns(&column.name)).max().unwrap_or_default();
        for (number, row) in rows.iter().enumerate() {
            writeln!(out, "{}-- row {}", if number > 0 { "\n" } else { "" }, number + 1)?;
            for (Column { name, .. }, value) in all.iter().zip(row) {
                writeln!(out, "{name}{}{GAP}{value}", " ".repeat(wide - columns(name)))?;
            }
        }
        Ok(())
    }
}

fn line(out: &mut impl Write, all: &[Column], row: &[String]) -> io::Result<()> {
    let mut text = String::new();
    for (at, (column, value)) in all.iter().zip(row).enumerate() {
        let room = " ".repeat(column.width.saturating_sub(columns(value)));
        let gap = if at > 0 { GAP } else { "" };
        let parts = if column.is_number { [gap, &room, value] } else { [gap, value, &room] };
        text.extend(parts);
    }
    writeln!(out, "{}", text.trim_end())
}

impl<W: Write> Form for Table<W> {
    fn row(&mut self, values: &[Value<'_>]) -> Result<(), Failure> {
        let mut row = Vec::with_capacity(values.len());
        for (column, value) in self.columns.iter_mut().zip(values) {
            let text = value.plain().map_or_else(|| NULL.to_owned(), |text| escape(&text).into_owned());
            column.width = column.width.max(columns(&text));
            column.is_number &= matches!(value, Value::Null | Value::Integer(_) | Value::Real(_));
            row.push(text);
        }
        self.rows.push(row);
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), Failure> {
        self.show().map_err(Failure::writing(self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::rendered;
    use super::*;

    fn shown(widest: Option<usize>) -> String {
        rendered(|out, headings| Box::new(Table::with_width(out, String::new(), headings, widest)))
    }

    #[test]
    fn columns_are_aligned_and_harmless() {
        let right = [
            "                 id  complete  comm         evidence  share",
            "-------------------  --------  -----------  --------  -----",
            r#"                  1  true      a,\x1b[2J"b  ["seen"]    0.5"#,
            "                  2  NULL                   NULL       NULL",
            "9223372036854775807  false     数据库       []            3",
            "",
        ]
        .join("\n");
        assert_eq!(shown(None), right);
        assert_eq!(shown(Some(59)), right, "it is as wide as that");
    }

    #[test]
    fn what_is_too_wide_for_the_terminal_is_shown_value_by_value() {
        let text = shown(Some(58));
        assert!(
            text.starts_with("-- row 1\nid        1\ncomplete  true\ncomm      a,\\x1b[2J\"b\n"),
            "{text}"
        );
        let last = "-- row 3\nid        9223372036854775807\ncomplete  false\ncomm      数据库\nevidence  []\nshare     3\n";
        assert!(text.ends_with(&format!("\n\n{last}")), "{text}");
    }
}
