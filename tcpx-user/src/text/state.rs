//! TCP states as the kernel and `ss` name them.

/// Name of a state (include/net/tcp_states.h); `None` for a number that is none.
#[must_use]
pub fn state_name(number: u8) -> Option<&'static str> {
    const NAMES: [&str; 13] = [
        "ESTABLISHED",
        "SYN_SENT",
        "SYN_RECV",
        "FIN_WAIT1",
        "FIN_WAIT2",
        "TIME_WAIT",
        "CLOSE",
        "CLOSE_WAIT",
        "LAST_ACK",
        "LISTEN",
        "CLOSING",
        "NEW_SYN_RECV",
        "BOUND_INACTIVE",
    ];
    usize::from(number).checked_sub(1).and_then(|place| NAMES.get(place)).copied()
}

#[cfg(test)]
mod tests {
    use tcpx_common::abi::state;

    use super::state_name;

    #[test]
    fn numbers_are_the_kernels() {
        assert_eq!(state_name(state::ESTABLISHED), Some("ESTABLISHED"));
        assert_eq!(state_name(state::TIME_WAIT), Some("TIME_WAIT"));
        assert_eq!(state_name(state::LISTEN), Some("LISTEN"));
        assert_eq!(state_name(state::NEW_SYN_RECV), Some("NEW_SYN_RECV"));
        assert_eq!((state_name(0), state_name(14)), (None, None));
    }
}
