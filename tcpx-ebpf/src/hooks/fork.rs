//! Processes of the traced command.
//!
//! ```text
//! kernel_clone -> sched_process_fork(parent, child)
//! ```

use tcpx_common::{abi::Kind, event::Fork, event::NetnsKey};

use crate::{args::Env, emit, kernel};

/// A task was created; the running one is its parent.
#[inline(always)]
pub fn forked(env: Env, child: Option<u64>) {
    let Some(child) = child.and_then(kernel::task_tgid) else { return };
    let parent = (kernel::thread() >> 32) as u32;
    // A new thread of the same process is no new process.
    if child == parent || !emit::adopts(parent) {
        return;
    }
    emit::adopt(child);
    emit::emit(env, Kind::Fork, NetnsKey { cookie: 0, inum: 0, reserved: 0 }, |record: &mut Fork| {
        record.child = child;
    });
}
