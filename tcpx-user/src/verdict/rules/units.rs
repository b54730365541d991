//! Units of systemd, by cgroups: each unit with processes has a cgroup of its name.

use crate::{line::Process, who::Who};

/// The innermost unit in a cgroup path.
#[must_use]
pub fn of_cgroup(path: &str) -> Option<&str> {
    path.rsplit('/').find(|part| matches!(kind(part), Some("service" | "socket" | "scope")))
}

fn kind(unit: &str) -> Option<&str> {
    Some(unit.rsplit_once('.')?.1)
}

/// systemd itself, of the host, of a container or of a user: it holds the sockets of socket units, and its own unit is not
/// the one that they are for.
#[must_use]
pub fn is_systemd(process: &Process) -> bool {
    let own = process.cgroup.as_deref().and_then(of_cgroup);
    process.comm == "systemd" && (process.pid == 1 || own == Some("init.scope"))
}

/// A login session says no more than that somebody typed a command.
#[must_use]
pub fn is_session(unit: &str) -> bool {
    unit.starts_with("session-") && kind(unit) == Some("scope")
}

/// The unit behind a socket that `process` holds. systemd makes the sockets of a socket unit in the cgroup of that unit, where it
/// can (`socket_address_listen_in_cgroup`); elsewhere nothing tells which it is.
#[must_use]
pub fn of_socket(process: &Process, cgroup: Option<u64>, who: &dyn Who) -> Option<String> {
    if !is_systemd(process) {
        return process.cgroup.as_deref().and_then(of_cgroup).map(str::to_owned);
    }
    let path = cgroup.and_then(|id| who.cgroup(id))?;
    of_cgroup(&path).filter(|unit| kind(unit) == Some("socket")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_unit_counts() {
        for (path, unit) in [
            ("/system.slice/nginx.service", Some("nginx.service")),
            ("/system.slice/nginx.service/workers", Some("nginx.service")),
            ("/user.slice/user-1000.slice/user@1000.service/app.slice/web.service", Some("web.service")),
            ("/user.slice/user-1000.slice/session-3.scope", Some("session-3.scope")),
            ("/system.slice/sshd.socket", Some("sshd.socket")),
            ("/docker/4f3c", None),
            ("/", None),
        ] {
            assert_eq!(of_cgroup(path), unit, "{path}");
        }
        assert!(
            is_session("session-3.scope") && !is_session("session-3.service") && !is_session("init.scope")
        );
    }

    #[test]
    fn systemd_is_told_by_its_place() {
        let of = |pid, comm: &str, cgroup: &str| {
            let (comm, cgroup) = (comm.to_owned(), Some(cgroup.to_owned()));
            is_systemd(&Process { pid, comm, cgroup, ..Process::default() })
        };
        assert!(of(1, "systemd", "/init.scope"));
        assert!(of(812, "systemd", "/user.slice/user-1000.slice/user@1000.service/init.scope"));
        assert!(!of(813, "systemd", "/system.slice/x.service") && !of(1, "node", "/docker/4f3c"));
    }
}
