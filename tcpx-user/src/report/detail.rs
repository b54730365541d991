//! A line as the page has it: what stands in the catalogue is left out, absent facts too, and each frame of a path says
//! whether it was seen.

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
    let frames = data.get_mut("path").and_then(Value::as_array_mut);
    for frame in frames.into_iter().flatten().filter_map(Value::as_object_mut) {
        let note = frame.get("note").and_then(Value::as_str);
        let how = how(note, frame.get("offset").is_some_and(Value::is_number));
        frame.insert("how".to_owned(), how.into());
    }
}

/// Whether a frame was `observed` or `derived`: its note ends so; what a stack alone shows was seen.
fn how(note: Option<&str>, in_stack: bool) -> Option<&'static str> {
    let last = note.and_then(|note| note.rsplit("; ").next()).unwrap_or_default();
    match last {
        last if last.starts_with("observed") => Some("observed"),
        last if last.starts_with("derived") => Some("derived"),
        _ if in_stack => Some("observed"),
        _ => None,
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
    fn frames_say_how_they_are_known() {
        let observed = Some("observed");
        for (note, in_stack, said) in [
            (Some("miss; observed"), false, observed),
            (Some("sent the RST; observed (tracepoint tcp_send_reset)"), false, observed),
            (Some("derived"), false, Some("derived")),
            (Some("sent the RST; derived from the drop of the segment"), false, Some("derived")),
            (Some("derived"), true, Some("derived")),
            (None, true, observed),
            (None, false, None),
            (Some("observed things; nothing told"), false, None),
        ] {
            assert_eq!(how(note, in_stack), said, "{note:?}");
        }
    }

    #[test]
    fn every_frame_of_the_samples_says_it() {
        for line in
            [samples::attempt(), samples::reset_of_attempt(), samples::peer_reset(), samples::call_line()]
        {
            let frames = value(&line)["data"]["path"].clone();
            assert!(frames.as_array().is_some_and(|all| all.iter().all(|frame| frame["how"].is_string())));
        }
    }

    #[test]
    fn absent_facts_and_words_of_the_catalogue_are_left_out() {
        let attempt = value(&samples::attempt());
        let verdict = attempt["data"]["verdict"].as_object().expect("a verdict");
        assert_eq!(verdict.keys().collect::<Vec<_>>(), ["confidence", "evidence", "id"]);
        assert!(attempt["data"].get("nat").is_none());
    }
}
