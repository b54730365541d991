//! For tests: a few rows that are hard to write, and somewhere to write them to.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use super::{Declared, Form, Heading, Value};

/// Bytes that were written.
#[derive(Clone, Default)]
pub(super) struct Bytes(Arc<Mutex<Vec<u8>>>);

impl Bytes {
    pub(super) fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().expect("one thread"))
    }
}

impl Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("one thread").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) fn headings() -> Vec<Heading> {
    let names = [
        ("id", Declared::Integer),
        ("complete", Declared::Boolean),
        ("comm", Declared::Text),
        ("evidence", Declared::Json),
        ("share", Declared::Open),
    ];
    names.map(|(name, declared)| Heading { name: name.to_owned(), declared }).into()
}

pub(super) fn sample() -> Vec<Vec<Value<'static>>> {
    vec![
        vec![
            Value::Integer(1),
            Value::Boolean(true),
            Value::Text("a,\x1b[2J\"b".into()),
            Value::Json("[\"seen\"]".into()),
            Value::Real(0.5),
        ],
        vec![Value::Integer(2), Value::Null, Value::Text("".into()), Value::Null, Value::Null],
        vec![
            Value::Integer(i64::MAX),
            Value::Boolean(false),
            Value::Text("数据库".into()),
            Value::Json("[]".into()),
            Value::Integer(3),
        ],
    ]
}

/// The bytes of the sample in some form.
pub(super) fn written(form: impl FnOnce(Bytes, &[Heading]) -> Box<dyn Form>) -> Vec<u8> {
    let bytes = Bytes::default();
    let mut form = form(bytes.clone(), &headings());
    for row in sample() {
        form.row(&row).expect("memory");
    }
    form.finish().expect("memory");
    bytes.take()
}

/// The same as text.
pub(super) fn rendered(form: impl FnOnce(Bytes, &[Heading]) -> Box<dyn Form>) -> String {
    String::from_utf8(written(form)).expect("text")
}
