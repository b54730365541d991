//! A line as the page has it: what stands in the catalogue is left out, and absent facts too.

use serde_json::{Map, Value};

use super::embed;
use crate::line::Line;

/// The line as JSON that may stand in a page.
#[must_use]
pub fn detail(line: &Line) -> String {
    let mut value = serde_json::to_value(line).unwrap_or_default();
    if let Some(data) = value.get_mut("data").and_then(Value::as_object_mut) {
        shorten(data);
    }
    without_nulls(&mut value);
    embed::json(&value)
}

fn shorten(data: &mut Map<String, Value>) {
    if let Some(verdict) = data.get_mut("verdict").and_then(Value::as_object_mut) {
        // The catalogue has them, once for all.
        verdict.remove("title");
        verdict.remove("advice");
    }
}

fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::samples;

    fn value(line: &Line) -> Value {
        serde_json::from_str(&detail(line)).expect("JSON")
    }

    #[test]
    fn absent_facts_and_words_of_the_catalogue_are_left_out() {
        let attempt = value(&samples::attempt());
        let verdict = attempt["data"]["verdict"].as_object().expect("a verdict");
        assert_eq!(verdict.keys().collect::<Vec<_>>(), ["confidence", "evidence", "id"]);
        assert!(attempt["data"].get("nat").is_none());
    }
}
