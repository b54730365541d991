//! Who: a process, and how it is known that it owns an end.

use serde::{Deserialize, Serialize};

/// A process.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq, Default)]
pub struct Process {
    /// Process id (root namespace).
    pub pid: u32,
    /// Thread id, if known.
    pub tid: Option<u32>,
    /// Process id in its own PID namespace, if that is not the root one.
    pub ns_pid: Option<u32>,
    /// Name, as the kernel had it. Not escaped: renderers escape.
    pub comm: String,
    /// Path of its program.
    pub exe: Option<String>,
    /// User.
    pub uid: Option<u32>,
    /// cgroup path.
    pub cgroup: Option<String>,
    /// Container id.
    pub container: Option<String>,
}

/// Who owns an end.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Owner {
    /// Process id.
    pub pid: u32,
    /// Name.
    pub comm: String,
    /// `socket`: holds the socket; `bound`: holds the port; `caller`: made the call.
    pub how: OwnerHow,
}

/// How the owner is known.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum OwnerHow {
    /// It holds the socket.
    Socket,
    /// It holds the port.
    Bound,
    /// It made the system call.
    Caller,
}
