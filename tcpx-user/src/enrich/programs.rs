//! BPF programs at a cgroup.
#![expect(
    unsafe_code,
    reason = "bpf(2) has no safe wrapper in rustix, and aya asks for programs of its own only"
)]

use std::{fs::File, io, os::fd::AsRawFd as _, path::Path};

use crate::who::CgroupHook;

const BPF_PROG_QUERY: libc::c_long = 16;
/// Those of the cgroups above too.
const BPF_F_QUERY_EFFECTIVE: u32 = 1;

/// The part of `union bpf_attr` for `BPF_PROG_QUERY`.
#[derive(Default)]
#[repr(C)]
struct QueryAttr {
    target: u32,
    attach_type: u32,
    query_flags: u32,
    attach_flags: u32,
    program_ids: u64,
    program_count: u32,
    padding: u32,
}

/// How many programs are run for a process in the cgroup whose folder is `path`.
///
/// # Errors
/// The cgroup is gone, or tcpx may not ask.
pub(crate) fn count(path: &Path, hook: CgroupHook) -> io::Result<usize> {
    let folder = File::open(path)?;
    let mut attr = QueryAttr {
        target: folder.as_raw_fd().cast_unsigned(),
        attach_type: attach_type(hook),
        query_flags: BPF_F_QUERY_EFFECTIVE,
        ..QueryAttr::default()
    };
    // SAFETY: the kernel reads and writes `size_of::<QueryAttr>()` bytes; there is no array of ids to be filled.
    let result =
        unsafe { libc::syscall(libc::SYS_bpf, BPF_PROG_QUERY, &raw mut attr, size_of::<QueryAttr>()) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(attr.program_count as usize) }
}

/// `enum bpf_attach_type`.
const fn attach_type(hook: CgroupHook) -> u32 {
    match hook {
        CgroupHook::Bind4 => 8,
        CgroupHook::Bind6 => 9,
        CgroupHook::Connect4 => 10,
        CgroupHook::Connect6 => 11,
    }
}
