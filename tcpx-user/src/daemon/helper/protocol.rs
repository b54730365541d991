//! What goes over the socket pair, in frames.

use serde::{Deserialize, Serialize};

use crate::{
    audit::Counters,
    enrich::{Census, Known, Seen},
    record::{Answer, Question},
};

/// What the daemon asks. Questions have a number above 0, which their answer repeats.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Ask {
    /// No question.
    Seen(Vec<Seen>),
    Question(Question),
    Census(bool),
    Counters(Vec<Known>),
}

/// What the helper answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Reply {
    /// It has looked at all there is, and this is its process; with the number 0.
    Ready(u32),
    Answer(Answer),
    Census(Census),
    Counters(Vec<Result<Counters, String>>),
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::daemon::frames::{put, take};

    #[test]
    fn frames_come_one_by_one_and_whole() {
        let mut bytes = Vec::new();
        put(0, &Ask::Seen(vec![Seen::Child(7)]), &mut bytes);
        put(9, &Ask::Question(Question::Holder(3)), &mut bytes);
        let mut got: Vec<u8> = Vec::new();
        let mut frames = Vec::new();
        for byte in bytes {
            got.push(byte);
            frames.extend(take::<Ask>(&mut got).expect("a frame"));
        }
        let expected = [(0, Ask::Seen(vec![Seen::Child(7)])), (9, Ask::Question(Question::Holder(3)))];
        assert_eq!((frames.as_slice(), got.len()), (expected.as_slice(), 0));
    }

    proptest! {
        #[test]
        fn garbage_is_an_error_or_waits_for_more(mut bytes: Vec<u8>) {
            let _ = take::<Ask>(&mut bytes);
        }
    }
}
