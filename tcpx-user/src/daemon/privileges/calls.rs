//! seccomp: the system calls that are left. Any other fails with EPERM, so that one that was forgotten costs a function and not
//! the daemon.

use std::{collections::BTreeMap, io};

use libc as c;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Len, SeccompCmpOp as Op, SeccompCondition as Condition,
    SeccompFilter, SeccompRule as Rule,
};

/// A list of calls, and what some of them may be called with.
#[derive(Debug)]
pub struct Calls {
    any: &'static [&'static [i64]],
    families: &'static [i32],
    bpf: &'static [u64],
    /// Network namespaces, and no others.
    enters: bool,
}

/// Memory, threads, time, signals to oneself, and what the standard library does on its own.
const RUNTIME: &[i64] = &[
    c::SYS_brk,
    c::SYS_clock_getres,
    c::SYS_clock_gettime,
    c::SYS_clock_nanosleep,
    c::SYS_exit,
    c::SYS_exit_group,
    c::SYS_futex,
    c::SYS_getpid,
    c::SYS_getrandom,
    c::SYS_getrusage,
    c::SYS_gettid,
    c::SYS_geteuid,
    c::SYS_getuid,
    c::SYS_getegid,
    c::SYS_getgid,
    c::SYS_getcwd,
    c::SYS_madvise,
    c::SYS_membarrier,
    c::SYS_mmap,
    c::SYS_mprotect,
    c::SYS_mremap,
    c::SYS_munmap,
    c::SYS_nanosleep,
    c::SYS_prctl,
    c::SYS_prlimit64,
    c::SYS_restart_syscall,
    c::SYS_rseq,
    c::SYS_rt_sigaction,
    c::SYS_rt_sigprocmask,
    c::SYS_rt_sigreturn,
    c::SYS_sched_getaffinity,
    c::SYS_sched_yield,
    c::SYS_set_robust_list,
    c::SYS_sigaltstack,
    c::SYS_tgkill,
    c::SYS_uname,
];

/// Reading and writing what is open, opening what permissions and Landlock allow.
const FILES: &[i64] = &[
    c::SYS_close,
    c::SYS_dup,
    c::SYS_dup3,
    c::SYS_faccessat,
    c::SYS_faccessat2,
    c::SYS_fcntl,
    c::SYS_fstat,
    c::SYS_fstatfs,
    c::SYS_getdents64,
    c::SYS_ioctl,
    c::SYS_lseek,
    c::SYS_newfstatat,
    c::SYS_openat,
    c::SYS_ppoll,
    c::SYS_pread64,
    c::SYS_read,
    c::SYS_readlinkat,
    c::SYS_readv,
    c::SYS_statx,
    c::SYS_write,
    c::SYS_writev,
];

/// Sockets that are open.
const SOCKETS: &[i64] = &[
    c::SYS_bind,
    c::SYS_getpeername,
    c::SYS_getsockname,
    c::SYS_getsockopt,
    c::SYS_recvfrom,
    c::SYS_recvmsg,
    c::SYS_sendmmsg,
    c::SYS_sendmsg,
    c::SYS_sendto,
    c::SYS_setsockopt,
    c::SYS_shutdown,
    c::SYS_socketpair,
];

/// Of the daemon alone: many readers, the self-probe, files that rotate, a helper that ended.
const DAEMON: &[i64] = &[
    c::SYS_accept4,
    c::SYS_connect,
    c::SYS_epoll_create1,
    c::SYS_epoll_ctl,
    c::SYS_epoll_pwait,
    c::SYS_eventfd2,
    c::SYS_fchmod,
    c::SYS_fdatasync,
    c::SYS_flock,
    c::SYS_fsync,
    c::SYS_ftruncate,
    c::SYS_listen,
    c::SYS_mkdirat,
    c::SYS_pipe2,
    c::SYS_pwrite64,
    c::SYS_renameat,
    c::SYS_renameat2,
    c::SYS_timerfd_create,
    c::SYS_timerfd_settime,
    c::SYS_unlinkat,
    c::SYS_wait4,
    c::SYS_waitid,
];

/// Of the helper alone.
const HELPER: &[i64] = &[c::SYS_statfs];

/// The older names of some of them, which x86_64 still has.
#[cfg(target_arch = "x86_64")]
const OLDER: &[i64] = &[
    c::SYS_access,
    c::SYS_arch_prctl,
    c::SYS_dup2,
    c::SYS_epoll_wait,
    c::SYS_getrlimit,
    c::SYS_lstat,
    c::SYS_open,
    c::SYS_poll,
    c::SYS_readlink,
    c::SYS_stat,
    c::SYS_time,
];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[i64] = &[];
/// The same for those that change files.
#[cfg(target_arch = "x86_64")]
const OLDER_DAEMON: &[i64] = &[c::SYS_mkdir, c::SYS_rename, c::SYS_unlink];
#[cfg(not(target_arch = "x86_64"))]
const OLDER_DAEMON: &[i64] = &[];

/// Commands of `bpf(2)`: uapi/linux/bpf.h.
mod bpf {
    pub(super) const MAP_LOOKUP_ELEM: u64 = 1;
    pub(super) const MAP_GET_NEXT_KEY: u64 = 4;
    pub(super) const PROG_QUERY: u64 = 16;
}

impl Calls {
    /// Of the daemon.
    pub const DAEMON: Self = Self {
        any: &[RUNTIME, FILES, SOCKETS, DAEMON, OLDER, OLDER_DAEMON],
        families: &[c::AF_UNIX, c::AF_INET, c::AF_INET6],
        bpf: &[bpf::MAP_LOOKUP_ELEM, bpf::MAP_GET_NEXT_KEY],
        enters: false,
    };
    /// Of the helper.
    pub const HELPER: Self = Self {
        any: &[RUNTIME, FILES, SOCKETS, HELPER, OLDER],
        families: &[c::AF_NETLINK, c::AF_INET, c::AF_INET6],
        bpf: &[bpf::PROG_QUERY],
        enters: true,
    };

    fn rules(&self) -> Result<BTreeMap<i64, Vec<Rule>>, seccompiler::BackendError> {
        let mut rules: BTreeMap<i64, Vec<Rule>> =
            self.any.iter().flat_map(|list| list.iter()).map(|call| (*call, Vec::new())).collect();
        let with =
            |argument, op, value: u64| Rule::new(vec![Condition::new(argument, Len::Dword, op, value)?]);
        let families = self.families.iter().map(|family| with(0, Op::Eq, family.unsigned_abs().into()));
        rules.insert(c::SYS_socket, families.collect::<Result<_, _>>()?);
        let commands = self.bpf.iter().map(|command| with(0, Op::Eq, *command));
        rules.insert(c::SYS_bpf, commands.collect::<Result<_, _>>()?);
        // Threads, and no processes or namespaces.
        let thread = u64::from(c::CLONE_THREAD.unsigned_abs());
        rules.insert(c::SYS_clone, vec![with(0, Op::MaskedEq(thread), thread)?]);
        if self.enters {
            rules.insert(c::SYS_setns, vec![with(1, Op::Eq, c::CLONE_NEWNET.unsigned_abs().into())?]);
        }
        // Of two filters that refuse, the later one's errno counts: the earlier one is to refuse this call.
        rules.insert(c::SYS_clone3, Vec::new());
        Ok(rules)
    }
}

/// Puts the list in force for all threads.
pub(super) fn restrict(calls: &Calls) -> io::Result<()> {
    // Its flags are behind a pointer, where no filter looks; the C library uses clone where there is none.
    let absent = [(c::SYS_clone3, Vec::new())].into();
    apply(absent, SeccompAction::Allow, SeccompAction::Errno(c::ENOSYS.unsigned_abs()))?;
    let all = calls.rules().map_err(io::Error::other)?;
    apply(all, SeccompAction::Errno(c::EPERM.unsigned_abs()), SeccompAction::Allow)
}

fn apply(
    rules: BTreeMap<i64, Vec<Rule>>,
    otherwise: SeccompAction,
    matched: SeccompAction,
) -> io::Result<()> {
    let arch = std::env::consts::ARCH.try_into().map_err(io::Error::other)?;
    let filter = SeccompFilter::new(rules, otherwise, matched, arch).map_err(io::Error::other)?;
    let program: BpfProgram = filter.try_into().map_err(io::Error::other)?;
    seccompiler::apply_filter_all_threads(&program).map_err(io::Error::other)
}
