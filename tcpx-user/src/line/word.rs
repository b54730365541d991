//! Values of enums by their published names, outside of JSON.

use std::fmt;

use serde::Serialize;

/// Shows a value of an enum as serde names it.
pub(crate) struct Word<T>(pub(crate) T);

impl<T: Serialize> fmt::Display for Word<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.serialize(f)
    }
}
