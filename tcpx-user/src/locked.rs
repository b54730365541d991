//! Locks that a thread's panic does not close.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a thread that panicked has left is still a table, a count or a sentence: nobody leaves one half changed where it could panic.
pub(crate) fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
