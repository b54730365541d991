//! One JSON object a line (contract section 2).

use std::io::{self, BufWriter, Write};

use super::Sink;
use crate::{line::Line, text::json};

/// Writes lines as JSON. Names from outside need no escaping of their own: JSON escapes control characters, and what
/// is left reaches programs, not terminals.
pub struct Json<W: Write> {
    out: BufWriter<W>,
    /// The line in hand: it is made of a hundred pieces, which memory takes faster than a writer does.
    text: Vec<u8>,
    shown: u64,
}

impl<W: Write> Json<W> {
    /// Writes to `out`, when [`Sink::flush`] says so.
    pub fn new(out: W) -> Self {
        Self { out: BufWriter::with_capacity(64 * 1024, out), text: Vec::new(), shown: 0 }
    }
}

impl<W: Write> Sink for Json<W> {
    fn line(&mut self, line: &Line) -> io::Result<()> {
        self.text.clear();
        json::append(line, &mut self.text)?;
        self.text.push(b'\n');
        self.out.write_all(&self.text)?;
        self.shown += u64::from(matches!(
            line,
            Line::Attempt(_) | Line::Reset(_) | Line::Drop(_) | Line::Death(_) | Line::Call(_)
        ));
        Ok(())
    }

    fn push(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.push()
    }

    fn shown(&self) -> u64 {
        self.shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::samples;

    fn rendered(lines: &[Line]) -> Vec<serde_json::Value> {
        let mut bytes = Vec::new();
        let mut sink = Json::new(&mut bytes);
        for line in lines {
            sink.line(line).expect("writing to memory");
        }
        sink.flush().expect("writing to memory");
        drop(sink);
        let text = String::from_utf8(bytes).expect("JSON is UTF-8");
        text.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect()
    }

    #[test]
    fn one_object_a_line_with_type_and_data() {
        let lines = [
            samples::start(),
            samples::attempt(),
            samples::reset_of_attempt(),
            samples::drop_line(),
            samples::call_line(),
        ];
        let types: Vec<_> = rendered(&lines).iter().map(|line| line["type"].clone()).collect();
        assert_eq!(types, ["start", "attempt", "reset", "drop", "call"]);
    }

    #[test]
    fn absent_facts_are_null() {
        let line = &rendered(&[samples::peer_reset()])[0]["data"];
        for name in ["sender", "attempt", "lookup"] {
            assert!(line.get(name).is_some_and(serde_json::Value::is_null), "{name}");
        }
    }

    #[test]
    fn counts_results_only() {
        let mut sink = Json::new(Vec::new());
        for line in [samples::start(), samples::attempt(), samples::peer_reset(), samples::summary()] {
            sink.line(&line).expect("writing to memory");
        }
        assert_eq!(sink.shown(), 2);
    }

    #[test]
    fn control_characters_do_not_pass() {
        let mut bytes = Vec::new();
        let mut sink = Json::new(&mut bytes);
        sink.line(&samples::hostile()).and_then(|()| sink.flush()).expect("writing to memory");
        drop(sink);
        assert!(!bytes.contains(&0x1b));
    }
}
