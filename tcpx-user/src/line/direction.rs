//! Which way a RST went, as seen from this host.

use super::Reset;

/// Which ends of a RST are on this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Direction {
    Sent,
    Received,
    Local,
    Neither,
}

impl Direction {
    pub(crate) const fn of(reset: &Reset) -> Self {
        match (&reset.sender, &reset.receiver) {
            (Some(_), None) => Self::Sent,
            (None, Some(_)) => Self::Received,
            (Some(_), Some(_)) => Self::Local,
            (None, None) => Self::Neither,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Received => "received",
            Self::Local => "local",
            Self::Neither => "neither",
        }
    }
}
