//! A bind() or listen() that failed.

use std::{borrow::Cow, net::IpAddr, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{Endpoint, Frame, Netns, Process, Verdict};

/// A socket that holds the port that a bind() or listen() wanted.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct PortHolder {
    /// Its local address.
    pub addr: IpAddr,
    /// Its port.
    pub port: u16,
    /// TCP state; `CLOSE` is a socket that is bound and does not listen.
    pub state: Cow<'static, str>,
    /// Whose.
    pub process: Option<Arc<Process>>,
}

/// A bind() or listen() that failed.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct CallLine {
    /// Unique in this run.
    pub id: u64,
    /// RFC 3339.
    pub time: String,
    /// Where.
    pub netns: Netns,
    /// `bind` or `listen`.
    pub call: String,
    /// `EADDRINUSE` and so on.
    pub errno: String,
    /// What bind() was given; for listen() what the socket is bound to.
    pub requested: Endpoint,
    /// Who.
    pub process: Option<Arc<Process>>,
    /// Who holds the port.
    pub holders: Vec<PortHolder>,
    /// The kernel's path, outermost last.
    pub path: Vec<Frame>,
    /// Why.
    pub verdict: Verdict,
    /// Whether something that matters was lost.
    pub complete: Option<bool>,
}
