//! How often each verdict was told.

use std::collections::BTreeMap;

use super::VerdictId;

/// Counts by the names of verdicts.
pub type Counts = BTreeMap<String, u64>;

/// One more. Almost always the verdict has a count already, so that no name has to be made.
pub fn add(counts: &mut Counts, id: VerdictId) {
    match counts.get_mut(id.as_str()) {
        Some(count) => *count += 1,
        None => {
            counts.insert(id.to_string(), 1);
        }
    }
}

/// One less: a line with this verdict is told again with another.
pub fn remove(counts: &mut Counts, id: VerdictId) {
    if let Some(count) = counts.get_mut(id.as_str()) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(id.as_str());
        }
    }
}
