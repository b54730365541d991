//! What a daemon says of itself, on stderr: the journal, under systemd.

use std::io::Write as _;

use crate::text::escape::escape;

/// Says a sentence. Nothing can be done about a stderr that takes nothing.
pub fn say(what: &str) {
    let _ = std::io::stderr().write_all(format!("tcpx: {}\n", escape(what)).as_bytes());
}
