use std::fs::File;

use parquet::{
    file::reader::{FileReader as _, SerializedFileReader},
    record::Field,
};

use super::super::{
    Declared,
    testing::{Bytes, written},
};
use super::*;

fn reader(bytes: &[u8]) -> SerializedFileReader<File> {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(bytes).expect("a disk");
    SerializedFileReader::new(file).expect("a Parquet file")
}

fn rows(reader: &SerializedFileReader<File>) -> Vec<Vec<(String, Field)>> {
    let rows = reader.get_row_iter(None).expect("rows");
    let row = |row: parquet::record::Row| {
        row.get_column_iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    rows.map(|found| row(found.expect("a row"))).collect()
}

/// A file of these columns and rows.
fn file(
    names: &[(&str, Declared)],
    rows: impl IntoIterator<Item = Vec<Value<'static>>>,
) -> Result<Vec<u8>, Failure> {
    let bytes = Bytes::default();
    let headings: Vec<_> = names
        .iter()
        .map(|(name, declared)| Heading { name: (*name).to_owned(), declared: *declared })
        .collect();
    let mut form = Box::new(Parquet::new(bytes.clone(), "rows".to_owned(), &headings));
    rows.into_iter().try_for_each(|row| form.row(&row))?;
    form.finish()?;
    Ok(bytes.take())
}

#[test]
fn values_are_read_back_as_they_were() {
    let reader = reader(&written(|out, headings| Box::new(Parquet::new(out, String::new(), headings))));
    let found = rows(&reader);
    let names: Vec<_> = found[0].iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["id", "complete", "comm", "evidence", "share"]);
    let values: Vec<Vec<Field>> =
        found.into_iter().map(|row| row.into_iter().map(|(_, value)| value).collect()).collect();
    let text = |text: &str| Field::Str(text.to_owned());
    assert_eq!(values[0][..3], [Field::Long(1), Field::Bool(true), text("a,\x1b[2J\"b")]);
    assert_eq!(values[0][4], Field::Double(0.5));
    assert_eq!(values[1], [Field::Long(2), Field::Null, text(""), Field::Null, Field::Null]);
    assert_eq!(values[2][..3], [Field::Long(i64::MAX), Field::Bool(false), text("数据库")]);
    assert_eq!(values[2][4], Field::Double(3.0), "a whole number in a column of real ones");
}

#[test]
fn the_schema_says_what_text_and_json_are() {
    let reader = reader(&written(|out, headings| Box::new(Parquet::new(out, String::new(), headings))));
    let schema = reader.metadata().file_metadata().schema_descr();
    let logical: Vec<_> = schema.columns().iter().map(|column| column.logical_type_ref().cloned()).collect();
    assert_eq!(logical, [None, None, Some(LogicalType::String), Some(LogicalType::Json), None]);
}

fn number(nth: usize) -> Vec<Value<'static>> {
    vec![Value::Integer(i64::try_from(nth).expect("few rows"))]
}

#[test]
fn many_rows_are_several_groups_and_all_there() {
    let count = 2 * ROWS + 7;
    let rows_of = (0..count).map(number);
    let reader = reader(&file(&[("n", Declared::Open)], rows_of).expect("memory"));
    assert_eq!(reader.num_row_groups(), 3);
    let found = rows(&reader);
    assert!(found.iter().zip(0..).all(|(row, nth)| row[0].1 == Field::Long(nth)));
    assert_eq!(found.len(), count);
}

#[test]
fn no_rows_are_a_file_too() {
    let reader = reader(&file(&[("n", Declared::Open)], []).expect("memory"));
    assert_eq!((reader.metadata().file_metadata().num_rows(), rows(&reader).len()), (0, 0));
}

#[test]
fn a_computed_column_has_the_type_that_fits() {
    let mixed = [Value::Integer(1), Value::Text("x".into()), Value::Real(0.5)].map(|value| vec![value]);
    let found = rows(&reader(&file(&[("n", Declared::Open)], mixed).expect("memory")));
    let texts: Vec<_> = found.into_iter().map(|row| row[0].1.clone()).collect();
    assert_eq!(texts, ["1", "x", "0.5"].map(|text| Field::Str(text.to_owned())));
}

#[test]
fn a_type_that_changes_later_is_an_error_with_its_place() {
    let numbers = (0..ROWS).map(number);
    let rows = numbers.chain([vec![Value::Null], vec![Value::Text("x".into())]]);
    let failure = file(&[("n", Declared::Open)], rows).expect_err("a text among numbers");
    let said = failure.to_string();
    assert!(said.contains("column n is integer in its first rows and text in row 100002"), "{said}");
}
