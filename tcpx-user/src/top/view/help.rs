//! All keys, and what the numbers are.

use super::fit;
use crate::{text::width::columns, top::state::State};

const KEYS: [(&str, &str); 15] = [
    ("Tab, 1-4", "the lists: by verdict, by process, by peer, the latest results"),
    ("Up, Down, k, j", "pick a row; PgUp, PgDn, Home, End go faster"),
    ("Enter", "a row leads to its latest results, a result to all that is known"),
    ("Esc, Backspace", "back; in a list it ends the filter"),
    ("p, Space", "pause, or go on: what is shown stands still, counting goes on"),
    ("s, Left, Right", "sort by another column; in a result: the newer or older one"),
    ("r", "the other way round"),
    (
        "/",
        "filter: words (in process, peer, verdict, headline) and the command's filters, as port=5432; all must fit",
    ),
    ("a", "show also what worked, or only what failed"),
    ("g", "count processes by name, or each by itself"),
    ("Ctrl-L", "draw all anew"),
    ("?", "this page"),
    ("q, Ctrl-C", "quit"),
    ("", ""),
    ("1 s, 10 s, 60 s", "how many in the last whole seconds (of a recording: its last)"),
];

const NOTES: &str = "An attempt and the RST or drop that ended it count as one result. A ? behind a verdict: records were \
lost around it. Times are UTC.";

pub(super) fn lines(state: &State) -> Vec<String> {
    let width = usize::from(state.size.0);
    let indent = 18;
    let mut lines = vec![" tcpx top: keys".to_owned()];
    for (key, what) in KEYS {
        let first = format!(" {}", fit::left(key, indent - 1, true));
        let more = fit::wrapped(what, width.saturating_sub(columns(&first)).max(10));
        for (n, line) in more.iter().enumerate() {
            let before = if n == 0 { first.clone() } else { " ".repeat(indent) };
            lines.push(format!("{before}{line}").trim_end().to_owned());
        }
    }
    lines.extend(fit::wrapped(NOTES, width.saturating_sub(2)).into_iter().map(|line| format!(" {line}")));
    lines
}
