//! What a daemon gives away once all is attached, so that whoever takes it over has little.
//!
//! In this order: capabilities of what it could become (ambient and bounding set), its user if another is asked for, its own
//! capabilities, the right to gain any (`no_new_privs`), files and ports (Landlock, where the kernel has it), system calls (seccomp). Threads that are
//! started later inherit all of it, so this happens while there is one.
//!
//! The programs stay attached: they belong to descriptors that are open. Reading their counters is `bpf(2)` on a descriptor, which
//! kernels before 5.19 want CAP_BPF for where unprivileged BPF is off; there it is kept, and the filter lets `bpf` do no more than that.

mod calls;
mod files;

use std::io;

pub use calls::Calls;
pub use files::Files;
use rustix::thread::{
    CapabilitySet, CapabilitySets, clear_ambient_capability_set, configure_capability_in_ambient_set,
    remove_capability_from_bounding_set, set_capabilities, set_keep_capabilities, set_no_new_privs,
};

use super::health::Privileges;
use crate::{
    cli::failure::Failure,
    command::{User, stranger},
};

/// What the helper keeps: /proc of others (a process is read with the rights of a tracer, its directories with those of their
/// owner), entering network namespaces (and `bpf` queries of cgroups), listing rules.
const OF_HELPER: CapabilitySet = CapabilitySet::SYS_PTRACE
    .union(CapabilitySet::DAC_READ_SEARCH)
    .union(CapabilitySet::SYS_ADMIN)
    .union(CapabilitySet::NET_ADMIN);

/// What the service starts with (deploy/systemd/tcpx.service).
const OF_SERVICE: CapabilitySet =
    CapabilitySet::BPF.union(CapabilitySet::PERFMON).union(CapabilitySet::SYSLOG);
/// `nobody`.
const NOBODY: u32 = 65_534;

/// Whether this thread has rights that the service has not.
#[must_use]
pub fn exceed_service() -> bool {
    rustix::thread::capabilities(None).is_ok_and(|own| !OF_SERVICE.contains(own.effective))
}

/// Their names, for a sentence.
#[must_use]
pub fn service_names() -> String {
    let names = names(OF_SERVICE);
    let (last, others) = names.split_last().map_or(("", names.as_slice()), |(last, others)| (last, others));
    format!("{} and {last}", others.join(", "))
}

/// Makes the calling thread, and what it starts from then on, what the unit makes of the service: nobody in particular, with ambient
/// capabilities. It cannot go back.
///
/// # Errors
/// The thread lacks one of them, or may not become another user.
pub fn like_service() -> io::Result<()> {
    set_keep_capabilities(true)?;
    stranger(NOBODY).become_on_this_thread().map_err(io::Error::other)?;
    let sets = CapabilitySets { effective: OF_SERVICE, permitted: OF_SERVICE, inheritable: OF_SERVICE };
    set_capabilities(None, sets)?;
    for one in OF_SERVICE.iter() {
        configure_capability_in_ambient_set(one, true)?;
    }
    Ok(())
}

/// Gives away all that a daemon can do without. `can_read` says whether the programs' counters can be read.
///
/// # Errors
/// Something could not be given away.
pub fn of_daemon(
    user: Option<&User>,
    files: &Files,
    can_read: &dyn Fn() -> bool,
) -> Result<Privileges, Failure> {
    let giving = |what: &str| Failure::io(format!("giving privileges away: {what}"));
    narrow().map_err(giving("the sets of what could be gained"))?;
    if let Some(user) = user {
        set_keep_capabilities(true)
            .map_err(io::Error::from)
            .map_err(giving("keeping them over the change of user"))?;
        user.become_on_this_thread()?;
    }
    let permitted =
        rustix::thread::capabilities(None).map_err(io::Error::from).map_err(giving("capabilities"))?;
    hold(CapabilitySet::empty(), permitted.permitted).map_err(giving("capabilities"))?;
    let mut kept = CapabilitySet::empty();
    if !can_read() {
        let reads = [CapabilitySet::BPF, CapabilitySet::SYS_ADMIN];
        let reads = reads.into_iter().filter(|one| permitted.permitted.contains(*one));
        let found = reads.into_iter().find(|one| hold(*one, permitted.permitted).is_ok() && can_read());
        kept = found.unwrap_or(kept);
    }
    hold(kept, kept).map_err(giving("capabilities"))?;
    set_no_new_privs(true).map_err(io::Error::from).map_err(giving("gaining any"))?;
    let landlock = files.restrict();
    calls::restrict(&Calls::DAEMON).map_err(giving("system calls"))?;
    Ok(Privileges {
        uid: rustix::process::geteuid().as_raw(),
        capabilities: names(kept),
        why: (!kept.is_empty()).then(|| "this kernel wants it for reading the programs' counters".to_owned()),
        no_new_privileges: true,
        seccomp: true,
        landlock,
    })
}

/// Gives away all but what the helper needs.
///
/// # Errors
/// Something could not be given away.
pub fn of_helper() -> io::Result<()> {
    narrow()?;
    let permitted = rustix::thread::capabilities(None)?.permitted;
    let kept = permitted.intersection(OF_HELPER);
    hold(kept, kept)?;
    set_no_new_privs(true)?;
    calls::restrict(&Calls::HELPER)
}

/// What a program that is started could get.
fn narrow() -> io::Result<()> {
    // A kernel without ambient capabilities (before 4.3) has none to clear.
    let _ = clear_ambient_capability_set();
    if !rustix::thread::capabilities(None)?.effective.contains(CapabilitySet::SETPCAP) {
        // no_new_privs keeps programs from gaining what is left in the set.
        return Ok(());
    }
    for one in CapabilitySet::all().iter() {
        match remove_capability_from_bounding_set(one) {
            // This kernel does not know it.
            Ok(()) | Err(rustix::io::Errno::INVAL) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn hold(effective: CapabilitySet, permitted: CapabilitySet) -> io::Result<()> {
    let sets = CapabilitySets { effective, permitted, inheritable: CapabilitySet::empty() };
    Ok(set_capabilities(None, sets)?)
}

fn names(set: CapabilitySet) -> Vec<String> {
    set.iter_names().map(|(name, _)| format!("CAP_{name}")).collect()
}
