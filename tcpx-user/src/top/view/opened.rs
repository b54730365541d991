//! One result whole, in the words of the text output.

use super::fit;
use crate::{
    cli::request::Detail,
    sink::text::{Look, whole},
    top::state::State,
};

/// Wider text is hard to read.
const WIDEST: usize = 120;

pub(super) fn lines(state: &State) -> Vec<String> {
    let Some(opened) = &state.opened else { return Vec::new() };
    let columns = usize::from(state.size.0);
    let look = Look { color: false, unicode: state.unicode, width: columns.min(WIDEST), ..Look::default() };
    let text = whole(&opened.item.group, look, Detail::Verbose);
    text.lines().flat_map(|line| fit::broken(line, columns)).collect()
}
