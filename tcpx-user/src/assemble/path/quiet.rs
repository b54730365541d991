//! The path of a RST that `tcp_reset` never got.

use std::sync::Arc;

use tcpx_common::abi::state::{NEW_SYN_RECV, TIME_WAIT};

use super::{by, frame, functions};
use crate::{
    correlate::key::Seen,
    event::{Quiet, Reached, SockReset},
    line::Frame,
    verdict::rules::words,
};

/// From where it was freed or judged to where it came in.
pub(super) fn met(seen: &Seen<Arc<SockReset>>, quiet: Quiet) -> Vec<Frame> {
    let names = functions(seen.what.ends);
    let how = if quiet.freed { "derived" } else { by(seen.backend, "") };
    let hit = |state| frame(names.established, ["hit: ".into(), words::state(state), "; derived".into()]);
    let freed = ["freed the RST; ", by(seen.backend, at_tracepoint!("kfree_skb"))];
    let mut frames = Vec::from_iter(quiet.freed.then(|| frame("sk_skb_reason_drop", freed)));
    match quiet.met {
        Reached::Request { .. } => {
            frames.extend([frame("tcp_check_req", ["took the RST; ", how]), hit(NEW_SYN_RECV)]);
        }
        Reached::TimeWait { .. } => {
            let took = frame("tcp_timewait_state_process", ["took the RST; ", how]);
            frames.extend([took, hit(TIME_WAIT)]);
        }
        Reached::Full => {
            let judged = frame("tcp_validate_incoming", ["did not obey the RST; ", how]);
            frames.extend([judged, frame(names.do_receive, "derived"), hit(seen.what.sock.state)]);
        }
    }
    frames.push(frame(names.receive, "took the segment; derived"));
    frames
}
