//! A BPF program of type `sk_lookup` that gives every segment without a connection to one listener, as a proxy for many
//! ports attaches it.

use std::os::fd::{AsRawFd, OwnedFd};

use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

use super::{
    Actor, Fd, LabError, Namespace,
    bpf::{self, AttachType, Insn, ProgramType},
};

const MAP_LOOKUP_ELEM: i32 = 1;
const SK_RELEASE: i32 = 86;
const SK_ASSIGN: i32 = 124;
const SK_PASS: i32 = 1;

/// `rTO = rFROM`
const fn copy(to: u8, from: u8) -> Insn {
    Insn::new(0xbf, to, from, 0, 0)
}

const fn call(helper: i32) -> Insn {
    Insn::new(0x85, 0, 0, 0, helper)
}

/// The socket at place 0 of the map gets it; without one the kernel looks as ever.
fn program(map: &OwnedFd) -> [Insn; 17] {
    const MAP_BY_FD: u8 = 1;
    [
        copy(6, 1),
        Insn::new(0x18, 1, MAP_BY_FD, 0, map.as_raw_fd()),
        Insn::new(0, 0, 0, 0, 0),
        // *(u32 *)(r10 - 4) = 0
        Insn::new(0x62, 10, 0, -4, 0),
        copy(2, 10),
        Insn::new(0x07, 2, 0, 0, -4),
        call(MAP_LOOKUP_ELEM),
        Insn::jump_if_equal(0, 0, 7),
        copy(7, 0),
        copy(1, 6),
        copy(2, 7),
        Insn::mov(3, 0),
        call(SK_ASSIGN),
        copy(1, 7),
        call(SK_RELEASE),
        Insn::mov(0, SK_PASS),
        Insn::exit(),
    ]
}

/// From now on the listener gets all SYNs of the namespace, as long as the descriptor is open.
pub(super) fn to_listener(namespace: &Namespace, actor: &Actor, listener: Fd) -> Result<OwnedFd, LabError> {
    let map = bpf::socket_map()?;
    bpf::put_socket(&map, &borrow(actor, listener)?)?;
    let program = bpf::load(ProgramType::SkLookup, &program(&map), Some(AttachType::SkLookup))?;
    bpf::attach(&program, namespace.fd(), AttachType::SkLookup)
}

/// A descriptor of the actor's as one of ours.
fn borrow(actor: &Actor, fd: Fd) -> Result<OwnedFd, LabError> {
    let pid = i32::try_from(actor.process().pid).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| LabError::Gone { who: actor.process().comm })?;
    let process = pidfd_open(pid, PidfdFlags::empty()).map_err(LabError::io("pidfd_open"))?;
    pidfd_getfd(&process, fd.0, PidfdGetfdFlags::empty()).map_err(LabError::io("pidfd_getfd"))
}
