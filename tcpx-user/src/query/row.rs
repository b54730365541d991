//! A line of output as a row: its facts in the order of the table's columns.

use std::{borrow::Cow, net::IpAddr};

use serde::Serialize;

use crate::line::Word;

mod lines;

pub(super) use lines::{attempt, call, death, drop, loss, recording, reset};

/// One fact.
#[derive(Debug, PartialEq)]
pub(super) enum Cell<'a> {
    /// Not known.
    Null,
    /// A number, or yes or no.
    Integer(i64),
    /// Text.
    Text(Cow<'a, str>),
    /// Text that is kept once.
    Shared(Cow<'a, str>),
    /// JSON that is kept once.
    Json(String),
}

/// The facts so far.
#[derive(Debug)]
pub(super) struct Row<'a>(Vec<Cell<'a>>);

/// Columns of the widest table, and some.
const COLUMNS: usize = 64;

impl<'a> Row<'a> {
    fn new() -> Self {
        Self(Vec::with_capacity(COLUMNS))
    }

    /// All of them.
    pub(super) fn cells(&self) -> &[Cell<'a>] {
        &self.0
    }

    fn cell<T>(&mut self, fact: Option<T>, cell: impl FnOnce(T) -> Cell<'a>) {
        self.0.push(fact.map_or(Cell::Null, cell));
    }

    /// SQLite has no numbers above 2^63: none of these comes near it.
    fn integer<T: TryInto<i64>>(&mut self, number: Option<T>) {
        self.cell(number, |number| Cell::Integer(number.try_into().unwrap_or(i64::MAX)));
    }

    fn boolean(&mut self, flag: Option<bool>) {
        self.cell(flag, |flag| Cell::Integer(flag.into()));
    }

    fn text(&mut self, text: Option<&'a str>) {
        self.cell(text, |text| Cell::Text(text.into()));
    }

    fn address(&mut self, addr: Option<IpAddr>) {
        self.cell(addr, |addr| Cell::Text(addr.to_string().into()));
    }

    fn shared(&mut self, text: Option<&'a str>) {
        self.cell(text, |text| Cell::Shared(text.into()));
    }

    /// A value of an enum, by its published name.
    fn word<T: Serialize>(&mut self, value: Option<T>) {
        self.cell(value, |value| Cell::Text(Word(value).to_string().into()));
    }

    /// The same, kept once: for words that are told, and hardly ever asked for.
    fn shared_word<T: Serialize>(&mut self, value: Option<T>) {
        self.cell(value, |value| Cell::Shared(Word(value).to_string().into()));
    }

    /// As JSON, or nothing.
    fn known<T: Serialize + ?Sized>(&mut self, value: Option<&T>) {
        // These types have string keys and no floats, and so can be JSON.
        self.cell(value.and_then(|value| serde_json::to_string(value).ok()), Cell::Json);
    }

    fn json<T: Serialize + ?Sized>(&mut self, value: &T) {
        self.known(Some(value));
    }
}
