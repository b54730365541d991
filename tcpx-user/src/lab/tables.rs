//! The TCP sockets of a namespace at one moment, by the table in which the kernel would find them: what a lab shows before
//! and after a system call.

use std::{
    collections::BTreeMap,
    fmt,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
};

use tcpx_common::abi::state::{CLOSE, LISTEN};

use super::{LabError, Namespace, Process, Script, What, script::monotonic_ns};
use crate::{
    enrich::{diag, proc},
    locked::locked,
    text::state::state_name,
    who::Connection,
};

/// Where the kernel keeps a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// The hash of what has two ends, from SYN_SENT to TIME_WAIT: `__inet_lookup_established` looks there.
    Established,
    /// The hash of listeners: `__inet_lookup_listener` looks there.
    Listener,
    /// It holds a port and is in neither: no segment can find it.
    Bound,
}

/// One socket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// Where it is.
    pub table: Table,
    /// Its state as the kernel names it.
    pub state: &'static str,
    /// Its own end.
    pub local: SocketAddr,
    /// The other end; unspecified unless it is connected.
    pub remote: SocketAddr,
    /// Who holds it; `None` if no process of the lab does.
    pub owner: Option<Process>,
}

/// All sockets of one namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tables {
    /// The lab's name for the namespace.
    pub namespace: String,
    /// In the order of tables, then addresses.
    pub rows: Vec<Row>,
    /// This kernel lists sockets that are bound only (from Linux 6.8 on).
    pub shows_bound: bool,
}

impl Tables {
    /// Those of one table.
    pub fn of(&self, table: Table) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.table == table)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.table {
            Table::Established => write!(f, "{} {} → {}", self.state, self.local, self.remote)?,
            Table::Listener | Table::Bound => write!(f, "{}", self.local)?,
        }
        match &self.owner {
            Some(owner) => write!(f, " {}[{}]", owner.comm, owner.pid),
            None => f.write_str(" (no process)"),
        }
    }
}

/// Looks at the tables of all namespaces around each system call, where that is wanted: a lab that nobody watches so does
/// without.
#[derive(Debug, Clone, Default)]
pub(super) struct Watch(Arc<Mutex<Watched>>);

#[derive(Debug, Default)]
struct Watched {
    wanted: bool,
    namespaces: Vec<Arc<Namespace>>,
    processes: Vec<Process>,
}

impl Watch {
    pub(super) fn want(&self) {
        self.inner().wanted = true;
    }

    pub(super) fn namespace(&self, namespace: &Arc<Namespace>) {
        self.inner().namespaces.push(Arc::clone(namespace));
    }

    pub(super) fn process(&self, process: Process) {
        self.inner().processes.push(process);
    }

    /// Writes down what is there now. A table that cannot be read is left out: there is nothing true to say of it.
    pub(super) fn look(&self, script: &Script) {
        let watched = self.inner();
        if !watched.wanted {
            return;
        }
        let owners = owners(&watched.processes);
        for namespace in &watched.namespaces {
            let at_ns = monotonic_ns();
            if let Ok(list) = diag::connections(namespace.fd()) {
                script.note_at(at_ns, What::Tables(Arc::new(tables(namespace.name(), &list, &owners))));
            }
        }
    }

    fn inner(&self) -> MutexGuard<'_, Watched> {
        locked(&self.0)
    }
}

/// Whether a socket in this namespace listens on the port or, if that is `enough`, only holds it.
pub(super) fn has_server(namespace: &Namespace, port: u16, enough: Table) -> Result<bool, LabError> {
    let list = diag::connections(namespace.fd()).map_err(LabError::io("list the sockets of a namespace"))?;
    let mut rows = list.iter().filter_map(|one| row(one, &BTreeMap::new()));
    Ok(rows.any(|row| row.local.port() == port && (row.table == Table::Listener || row.table == enough)))
}

fn tables(namespace: &str, list: &[Connection], owners: &BTreeMap<u64, Process>) -> Tables {
    let mut rows: Vec<Row> = list.iter().filter_map(|one| row(one, owners)).collect();
    rows.sort();
    let shows_bound = diag::this_kernel_shows_bound() || rows.iter().any(|row| row.table == Table::Bound);
    Tables { namespace: namespace.to_owned(), rows, shows_bound }
}

fn row(one: &Connection, owners: &BTreeMap<u64, Process>) -> Option<Row> {
    let table = match one.state {
        LISTEN => Table::Listener,
        CLOSE => Table::Bound,
        _ => Table::Established,
    };
    let owner = one.inode.and_then(|inode| owners.get(&inode).cloned());
    Some(Row { table, state: state_name(one.state)?, local: one.local, remote: one.remote, owner })
}

/// Sockets by inode, from the descriptors of the lab's own processes.
fn owners(processes: &[Process]) -> BTreeMap<u64, Process> {
    let mut owners = BTreeMap::new();
    for process in processes {
        let folder = format!("/proc/{}/fd", process.pid);
        let sockets =
            proc::numbers(&folder).filter_map(|fd| proc::link_number(format!("{folder}/{fd}"), "socket"));
        owners.extend(sockets.map(|inode| (inode, process.clone())));
    }
    owners
}

#[cfg(test)]
mod tests {
    use super::*;
    use tcpx_common::abi::state::{ESTABLISHED, SYN_SENT};

    fn connection(local: &str, remote: &str, state: u8, inode: u64) -> Connection {
        let at = |text: &str| text.parse().expect("an address");
        Connection { local: at(local), remote: at(remote), state, inode: Some(inode) }
    }

    #[test]
    fn each_socket_is_in_the_table_in_which_a_segment_would_find_it() {
        let list = [
            connection("0.0.0.0:8888", "0.0.0.0:0", CLOSE, 1),
            connection("0.0.0.0:80", "0.0.0.0:0", LISTEN, 2),
            connection("127.0.0.1:5", "127.0.0.1:80", SYN_SENT, 3),
            connection("127.0.0.1:80", "127.0.0.1:6", ESTABLISHED, 4),
        ];
        let owners = BTreeMap::from([(1, Process { pid: 7, comm: "python3".to_owned() })]);
        let tables = tables("lab", &list, &owners);
        let shown = |table| tables.of(table).map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(shown(Table::Bound), ["0.0.0.0:8888 python3[7]"]);
        assert_eq!(shown(Table::Listener), ["0.0.0.0:80 (no process)"]);
        assert_eq!(
            shown(Table::Established),
            [
                "ESTABLISHED 127.0.0.1:80 → 127.0.0.1:6 (no process)",
                "SYN_SENT 127.0.0.1:5 → 127.0.0.1:80 (no process)"
            ]
        );
        assert!(tables.shows_bound, "one was listed");
    }
}
