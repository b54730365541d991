//! `tcpx daemon --takeover`: a daemon takes the place of the one that runs, and nothing is missed or told twice.
//!
//! ```text
//!  old                                        new
//!   |                     <- Prepare           |  connects to SOCKET.takeover
//!   | (its recording begins no further file)   |
//!   | Ready ->                                 |
//!   |                                          |  opens, attaches, gives privileges away: both see all from here on
//!   |                     <- Take              |
//!   | makes no self-probe any more, holds lines back for a moment, and finds a time T in a silence
//!   | tells what began before T; closes its files, its queue and its server
//!   | Handed: T, ids, listening sockets ->     |
//!   |                                          |  opens queue and server; tells what began at T or later
//!   | Line: attempts that were open at T ->    |  tells them too
//!   | End ->                                   |
//! ```
//!
//! Programs of both see the same events at times that differ by as much as lies between two programs at one hook: so T lies where nothing happened
//! (`silence`). Until `Handed` the old one goes on as before if the connection ends.

mod door;
mod giving;
mod probing;
mod silence;
mod taking;
mod who;

use std::{net::SocketAddr, sync::Arc};

use serde::{Deserialize, Serialize};

pub use door::{door, path};
pub use giving::{Ending, Given, Giving, Release};
pub use probing::Probing;
pub use taking::{Inherited, Taken, Taking};
pub use who::{Program, Running};

use crate::line::Line;

/// Sockets that are handed over at most: the door, the unix socket, that of `http.listen`.
const SOCKETS: usize = 3;

/// What the new one says.
#[derive(Debug, Serialize, Deserialize)]
enum Ask {
    /// Whoever answers is to say who it is.
    Who,
    /// It will come.
    Prepare {
        pid: u32,
        tcpx: String,
        /// It runs within the service of a service manager.
        supervised: bool,
    },
    /// It sees all.
    Take,
}

/// What the old one says.
#[derive(Debug, Serialize, Deserialize)]
enum Told {
    /// This one.
    Is(Running),
    /// It is prepared.
    Ready {
        /// Where it listens.
        listens: Option<SocketAddr>,
    },
    /// It will not, and why.
    Refused(String),
    /// The new one tells what began at this time (boot clock, ns) or later, with ids from this one on. Listening sockets come along.
    Handed { at: u64, ids: u64 },
    /// What began before, and ended later.
    Line(Arc<Line>),
    /// No line follows.
    End,
}
