//! All that was seen of one bind() or listen().

use std::sync::Arc;

use crate::correlate::key::Seen;
use crate::event::CallFailed;

/// All that was seen of a bind() or listen() that failed.
#[derive(Clone, Debug)]
pub struct CallFacts {
    /// Unique in this run.
    pub id: u64,
    /// The call.
    pub seen: Seen<Arc<CallFailed>>,
}
