//! What around tcpx may keep it from loading eBPF programs, and what to do about each.

use std::{fs, path::Path};

use super::failure::Failure;

/// Bits of `CapEff` (include/uapi/linux/capability.h).
mod cap {
    pub(super) const SYS_ADMIN: u64 = 1 << 21;
    pub(super) const PERFMON: u64 = 1 << 38;
    pub(super) const BPF: u64 = 1 << 39;
}

/// Facts about this process and this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Effective user id.
    pub euid: u32,
    /// Effective capabilities.
    pub caps: u64,
    /// A seccomp filter is on this process.
    pub seccomp: bool,
    /// What of `/sys/kernel/security/lockdown` is in brackets.
    pub lockdown: Option<String>,
    /// The kernel shows its BTF.
    pub btf: bool,
    /// Signs of a container.
    pub container: bool,
}

impl Surroundings {
    /// Reads them.
    #[must_use]
    pub fn read() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let lockdown = fs::read_to_string("/sys/kernel/security/lockdown").ok();
        Self {
            euid: rustix::process::geteuid().as_raw(),
            caps: field(&status, "CapEff:").and_then(|hex| u64::from_str_radix(hex, 16).ok()).unwrap_or(0),
            seccomp: field(&status, "Seccomp:").is_some_and(|mode| mode != "0"),
            lockdown: lockdown.as_deref().and_then(in_brackets),
            btf: Path::new("/sys/kernel/btf/vmlinux").exists(),
            container: in_container(),
        }
    }

    /// What is sure to keep tcpx from working, before anything is tried.
    ///
    /// # Errors
    /// The first obstacle, with what to do.
    pub fn check(&self) -> Result<(), Failure> {
        if !self.may_load() {
            return Err(self.no_privilege());
        }
        if !self.btf {
            let what = "this kernel shows no type information: /sys/kernel/btf/vmlinux is missing";
            let advice = "boot a kernel built with CONFIG_DEBUG_INFO_BTF (all current distributions), \
                          or in a container mount the host's /sys";
            return Err(machine(what, advice));
        }
        Ok(())
    }

    /// Whether the capabilities allow to load and attach.
    #[must_use]
    pub fn may_load(&self) -> bool {
        let has = |bit| self.caps & bit != 0;
        has(cap::SYS_ADMIN) || (has(cap::BPF) && has(cap::PERFMON))
    }

    /// Words for a refusal by the kernel (EPERM, EACCES) although the capabilities are there.
    #[must_use]
    pub fn refused(&self, what: &str) -> Failure {
        if !self.may_load() {
            return self.no_privilege();
        }
        if self.lockdown.as_deref() == Some("confidentiality") {
            let advice = "kernel lockdown is in confidentiality mode, which forbids eBPF to read kernel memory: \
                          boot with lockdown=integrity, or without Secure Boot";
            return machine(what, advice);
        }
        if self.seccomp {
            let advice = "a seccomp filter is on this process: run tcpx outside of the container, or start the \
                          container with --privileged or --security-opt seccomp=unconfined";
            return machine(what, advice);
        }
        if self.container {
            let advice =
                "this looks like a container: run tcpx on the host, or start the container with --privileged";
            return machine(what, advice);
        }
        machine(
            what,
            "run \"tcpx check -v\" for what works here; an LSM (dmesg may say which) may be what refuses",
        )
    }

    fn no_privilege(&self) -> Failure {
        let what = "loading eBPF programs is not allowed: no CAP_BPF and CAP_PERFMON";
        let advice = match (self.euid, self.container) {
            (0, true) => {
                "root in this container is not enough: run tcpx on the host, or start the container with --privileged"
            }
            (0, false) => "root without these capabilities is not enough: run tcpx outside of this sandbox",
            _ => "run it as root: sudo tcpx …",
        };
        machine(what, advice)
    }
}

fn machine(what: &str, advice: &str) -> Failure {
    Failure::Machine { what: what.to_owned(), advice: advice.to_owned() }
}

/// The word after a field's name.
fn field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim)
}

/// The chosen one of `none [integrity] confidentiality`.
fn in_brackets(modes: &str) -> Option<String> {
    let (_, rest) = modes.split_once('[')?;
    Some(rest.split_once(']')?.0.to_owned())
}

/// Signs that container runtimes leave; no sign proves nothing, so this only chooses words.
fn in_container() -> bool {
    let files = ["/.dockerenv", "/run/.containerenv", "/run/systemd/container"];
    files.iter().any(|file| Path::new(file).exists()) || std::env::var_os("container").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: u64 = cap::SYS_ADMIN | cap::BPF | cap::PERFMON;

    fn root() -> Surroundings {
        Surroundings { caps: ROOT, btf: true, ..Surroundings::default() }
    }

    fn words(failure: &Failure) -> String {
        failure.message().expect("failures say something")
    }

    #[test]
    fn root_and_the_two_capabilities_may() {
        assert!(root().check().is_ok());
        assert!(Surroundings { caps: cap::BPF | cap::PERFMON, ..root() }.check().is_ok());
        assert!(Surroundings { caps: cap::BPF, ..root() }.check().is_err());
    }

    #[test]
    fn each_obstacle_has_its_advice() {
        let user = Surroundings { euid: 1000, caps: 0, ..root() };
        assert!(words(&user.check().expect_err("no capability")).ends_with("run it as root: sudo tcpx …\n"));
        let boxed = Surroundings { caps: 0, container: true, ..root() };
        assert!(
            words(&boxed.check().expect_err("no capability"))
                .contains("start the container with --privileged")
        );
        let old = Surroundings { btf: false, ..root() };
        assert!(words(&old.check().expect_err("no BTF")).contains("CONFIG_DEBUG_INFO_BTF"));
        for (surroundings, expected) in [
            (Surroundings { lockdown: Some("confidentiality".into()), ..root() }, "lockdown=integrity"),
            (Surroundings { seccomp: true, ..root() }, "seccomp=unconfined"),
            (Surroundings { container: true, ..root() }, "--privileged"),
            (root(), "tcpx check -v"),
        ] {
            let said = words(&surroundings.refused("loading a program: EPERM"));
            assert!(
                said.starts_with("tcpx: loading a program: EPERM; ") && said.contains(expected),
                "{said}"
            );
        }
    }

    #[test]
    fn reads_the_kernels_forms() {
        assert_eq!(in_brackets("none [integrity] confidentiality\n").as_deref(), Some("integrity"));
        assert_eq!(in_brackets(""), None);
        assert_eq!(field("Name:\tx\nCapEff:\t000001ffffffffff\n", "CapEff:"), Some("000001ffffffffff"));
    }
}
