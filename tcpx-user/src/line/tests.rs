//! The published form is documented: docs/formats.md names every field and every value of these types.

use std::{fs, path::Path};

const CHECK: &str = include_str!("../check.rs");
const DOCUMENT: &str = include_str!("../../../docs/formats.md");

/// The source of this module and those below it, but for what has no published form of its own.
pub(crate) fn source() -> String {
    const NOT_PUBLISHED: [&str; 4] = ["direction.rs", "note.rs", "word.rs", "tests.rs"];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/line");
    let below = fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("a file").path());
    let published = below.filter(|path| !NOT_PUBLISHED.iter().any(|name| path.ends_with(name)));
    let all = published.chain([folder.with_extension("rs")]);
    all.map(|path| fs::read_to_string(path).expect("a source")).collect()
}

fn is_documented(name: &str) -> bool {
    DOCUMENT.contains(&format!("`{name}`"))
}

/// Public fields of the structures in a source file, as far as they are published under their names.
fn fields(source: &str) -> Vec<&str> {
    let mut lines = source.lines().map(str::trim);
    let mut fields = Vec::new();
    while let Some(line) = lines.next() {
        if ["#[serde(skip)]", "#[serde(flatten)]"].contains(&line) {
            lines.next();
        }
        let field = line.strip_prefix("pub ").and_then(|rest| rest.split_once(": "));
        fields.extend(field.map(|(name, _)| name).filter(|name| !name.contains(' ')));
    }
    fields
}

/// `TimedOut` as serde writes it.
fn published(variant: &str) -> String {
    let mut name = String::new();
    for (at, letter) in variant.char_indices() {
        if letter.is_uppercase() && at > 0 {
            name.push('-');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

/// Values of the enums in a source file.
fn values(source: &str) -> Vec<String> {
    let enums = source.split("pub enum ").skip(1).filter_map(|rest| rest.split_once('}'));
    let lines = enums.flat_map(|(body, _)| body.lines().skip(1)).map(str::trim);
    let variants = lines.filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()));
    variants.map(|line| published(line.split([',', '(']).next().unwrap_or_default())).collect()
}

#[test]
fn every_field_and_value_is_in_the_document() {
    let source = source();
    let (fields, values) = ([fields(&source), fields(CHECK)].concat(), values(&source));
    assert!(fields.len() > 100 && values.len() > 30, "{} fields, {} values", fields.len(), values.len());
    let missing: Vec<_> = fields.into_iter().filter(|name| !is_documented(name)).collect();
    assert_eq!(missing, Vec::<&str>::new(), "fields that docs/formats.md does not name");
    let lines = ["start", "attempt", "reset", "drop", "death", "call", "loss", "summary"];
    let headings = lines.iter().all(|line| DOCUMENT.contains(&format!("\n## {line}\n")));
    assert!(headings, "each line has its section");
    let missing: Vec<_> =
        values.iter().filter(|name| !lines.contains(&name.as_str()) && !is_documented(name)).collect();
    assert_eq!(missing, Vec::<&String>::new(), "values that docs/formats.md does not name");
}
