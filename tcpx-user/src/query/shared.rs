//! Values that many rows share, kept once each: what a verdict says and the path that led to it are longer than all else of a
//! row together, and often a few hundred of them do for ten million rows.

use foldhash::{HashMap, HashMapExt as _};
use rusqlite::{Connection, params};

/// Bytes of values that are remembered. When there are more, all are forgotten, and come to be kept once more.
const MOST: usize = 16 << 20;

/// Gives each value a number.
pub(super) struct Shared {
    insert: String,
    /// What the number of each is.
    known: HashMap<Box<str>, i64>,
    bytes: usize,
    last: i64,
}

impl Shared {
    /// Kept by that statement, which takes number and value.
    pub(super) fn new(insert: String) -> Self {
        Self { insert, known: HashMap::new(), bytes: 0, last: 0 }
    }

    /// Its number, under which it is kept.
    ///
    /// # Errors
    /// Of the database.
    pub(super) fn id(&mut self, database: &Connection, value: &str) -> rusqlite::Result<i64> {
        if let Some(&id) = self.known.get(value) {
            return Ok(id);
        }
        self.last += 1;
        database.prepare_cached(&self.insert)?.execute(params![self.last, value])?;
        if self.bytes > MOST {
            self.known.clear();
            self.bytes = 0;
        }
        // The map's own share of an entry is about that of a short value.
        self.bytes += value.len() + 64;
        self.known.insert(value.into(), self.last);
        Ok(self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database() -> Connection {
        let database = Connection::open_in_memory().expect("memory");
        database.execute_batch("CREATE TABLE texts (id INTEGER PRIMARY KEY, text TEXT)").expect("a table");
        database
    }

    #[test]
    fn a_value_is_kept_once() {
        let (database, mut texts) = (database(), Shared::new("INSERT INTO texts VALUES (?, ?)".to_owned()));
        let ids: Vec<_> =
            ["a", "b", "a", "b"].iter().map(|text| texts.id(&database, text).expect("kept")).collect();
        assert_eq!(ids, [1, 2, 1, 2]);
        let count: i64 =
            database.query_row("SELECT count(*) FROM texts", [], |row| row.get(0)).expect("a number");
        assert_eq!(count, 2);
    }

    #[test]
    fn memory_is_bounded_when_each_is_another() {
        let (database, mut texts) = (database(), Shared::new("INSERT INTO texts VALUES (?, ?)".to_owned()));
        let long = "x".repeat(MOST / 4);
        let text = |nth: u32| format!("{nth} {long}");
        for nth in 0..20 {
            texts.id(&database, &text(nth)).expect("kept");
        }
        assert!(texts.known.len() < 8, "{}", texts.known.len());
        let id = texts.id(&database, &text(0)).expect("kept again");
        let kept: String = database
            .query_row("SELECT text FROM texts WHERE id = ?", [id], |row| row.get(0))
            .expect("a text");
        assert!(kept.starts_with("0 "));
    }
}
