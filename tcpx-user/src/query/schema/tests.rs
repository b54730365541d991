use std::{collections::BTreeSet, env, fs, path::Path};

use super::*;
use crate::query::{ask, interrupt::Interrupt};

#[test]
fn the_page_says_what_the_tables_are() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/query.md");
    if env::var_os("TCPX_WRITE_DOCS").is_some() {
        fs::write(&file, page()).expect("docs/query.md can be written");
    }
    let there = fs::read_to_string(&file).unwrap_or_default();
    assert!(there == page(), "docs/query.md is out of date: `cargo xtask docs` writes it");
}

#[test]
fn each_column_has_a_name_of_its_own_and_a_meaning() {
    for table in TABLES {
        let names: BTreeSet<_> = table.columns().map(|column| column.name).collect();
        assert_eq!(names.len(), table.columns().count(), "{}", table.name);
        for Column { name, meaning, .. } in table.columns() {
            assert!(meaning.len() > 3 && !meaning.ends_with('.') && !meaning.contains('|'), "{name}");
        }
    }
}

#[test]
fn the_text_names_each_table_and_column() {
    let text = text();
    for table in TABLES {
        assert!(text.contains(&format!("{}: {}", table.name, table.meaning)));
        for column in table.columns() {
            assert!(text.contains(&format!("\n  {} ", column.name)), "{}", column.name);
        }
    }
}

#[test]
fn the_examples_of_the_page_are_right() {
    let page = page();
    let examples = page.split("```sql\n").skip(1).filter_map(|rest| rest.split_once("```"));
    let checked = examples.map(|(sql, _)| ask::check(sql, &Interrupt::default()).expect(sql)).count();
    assert!(checked >= 6, "{checked} examples");
}
