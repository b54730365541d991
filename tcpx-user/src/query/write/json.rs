//! One JSON object a line. Columns of JSON stay JSON.

use std::io::Write;

use super::{Form, Heading, Value, distinct, hexadecimal};
use crate::cli::failure::Failure;

/// Writes them.
pub(super) struct Json<W> {
    out: W,
    name: String,
    /// `"name":` of each column.
    keys: Vec<String>,
    /// The line in hand.
    text: Vec<u8>,
}

impl<W: Write> Json<W> {
    pub(super) fn new(out: W, name: String, headings: &[Heading]) -> Self {
        let key = |name: String| format!("{}:", serde_json::Value::from(name));
        Self { out, name, keys: distinct(headings).into_iter().map(key).collect(), text: Vec::new() }
    }
}

impl<W: Write> Form for Json<W> {
    fn row(&mut self, values: &[Value<'_>]) -> Result<(), Failure> {
        let text = &mut self.text;
        text.clear();
        for (key, value) in self.keys.iter().zip(values) {
            text.push(if text.is_empty() { b'{' } else { b',' });
            text.extend(key.bytes());
            push(text, value);
        }
        text.extend(b"}\n");
        self.out.write_all(text).map_err(Failure::writing(self.name.as_str()))
    }

    fn finish(mut self: Box<Self>) -> Result<(), Failure> {
        self.out.flush().map_err(Failure::writing(self.name))
    }
}

fn push(text: &mut Vec<u8>, value: &Value<'_>) {
    let value = match value {
        Value::Json(json) => return text.extend(json.bytes()),
        Value::Null => serde_json::Value::Null,
        Value::Boolean(flag) => (*flag).into(),
        Value::Integer(number) => (*number).into(),
        // An infinite one is null, as JSON has none.
        Value::Real(number) => (*number).into(),
        Value::Text(words) => (**words).into(),
        Value::Bytes(bytes) => hexadecimal(bytes).into(),
    };
    text.extend(value.to_string().bytes());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::rendered;
    use super::*;

    #[test]
    fn values_keep_their_types() {
        let text = rendered(|out, headings| Box::new(Json::new(out, String::new(), headings)));
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect();
        let first =
            json!({"id": 1, "complete": true, "comm": "a,\u{1b}[2J\"b", "evidence": ["seen"], "share": 0.5});
        assert_eq!(lines[0], first);
        assert_eq!(lines[1], json!({"id": 2, "complete": null, "comm": "", "evidence": null, "share": null}));
        assert!(!text.contains('\x1b'));
    }
}
