//! BPF programs of a few instructions, loaded and attached with bpf(2): what a balancer, a container network or a
//! service manager would attach. All are attached by links, so that they go with the descriptor.
#![expect(unsafe_code, reason = "bpf(2) has no safe wrapper in rustix")]

use std::{
    ffi::CStr,
    io,
    os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd},
    sync::Arc,
};

use super::{LabError, Namespace, link};

/// `enum bpf_prog_type`, as far as scenarios use it (the numbers never change).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum ProgramType {
    /// `SO_ATTACH_BPF`: how many bytes of the packet to keep, 0 drops it.
    SocketFilter = 1,
    /// At a device, before IP.
    Xdp = 6,
    /// Packets of the sockets of a cgroup: 1 lets pass.
    CgroupSkb = 8,
    /// At a tracepoint, with its arguments as they are; the answer means nothing.
    RawTracepoint = 17,
    /// bind(), connect() of the tasks of a cgroup: 1 lets pass.
    CgroupSockAddr = 18,
    /// Which socket of a reuseport group: 1 lets the kernel choose, 0 refuses.
    SkReuseport = 21,
    /// A security hook: 0 allows, a negative errno refuses.
    Lsm = 29,
    /// Which socket gets a segment that no connection has: 1 lets the kernel look, 0 refuses.
    SkLookup = 30,
}

/// `enum bpf_attach_type`, as far as scenarios use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum AttachType {
    /// Packets to the sockets of a cgroup.
    CgroupIngress = 0,
    /// Packets from the sockets of a cgroup.
    CgroupEgress = 1,
    /// bind() to an IPv4 address.
    CgroupInet4Bind = 8,
    /// bind() to an IPv6 address.
    CgroupInet6Bind = 9,
    /// connect() to an IPv4 address.
    CgroupInet4Connect = 10,
    /// connect() to an IPv6 address.
    CgroupInet6Connect = 11,
    /// A security hook, beside those of other security modules.
    LsmMac = 27,
    /// Socket lookup in a network namespace.
    SkLookup = 36,
    /// XDP.
    Xdp = 37,
}

/// One instruction (`struct bpf_insn`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Insn {
    code: u8,
    registers: u8,
    offset: i16,
    immediate: i32,
}

impl Insn {
    /// Any instruction, by its parts.
    #[must_use]
    pub const fn new(code: u8, to: u8, from: u8, offset: i16, immediate: i32) -> Self {
        Self { code, registers: to | from << 4, offset, immediate }
    }

    /// `rTO = VALUE`
    #[must_use]
    pub const fn mov(to: u8, value: i32) -> Self {
        Self::new(0xb7, to, 0, 0, value)
    }

    /// `rTO = *(u32 *)(rFROM + OFFSET)`
    #[must_use]
    pub const fn load_word(to: u8, from: u8, offset: i16) -> Self {
        Self::new(0x61, to, from, offset, 0)
    }

    /// `rTO = *(u64 *)(rFROM + OFFSET)`
    #[must_use]
    pub const fn load_double_word(to: u8, from: u8, offset: i16) -> Self {
        Self::new(0x79, to, from, offset, 0)
    }

    /// `if (u32)rLEFT != VALUE goto +OFFSET`
    #[must_use]
    pub const fn jump_if_other_word(left: u8, value: u32, offset: i16) -> Self {
        Self::new(0x56, left, 0, offset, value.cast_signed())
    }

    /// `if rLEFT == VALUE goto +OFFSET`
    #[must_use]
    pub const fn jump_if_equal(left: u8, value: i32, offset: i16) -> Self {
        Self::new(0x15, left, 0, offset, value)
    }

    /// `rTO = rFROM`
    #[must_use]
    pub const fn copy(to: u8, from: u8) -> Self {
        Self::new(0xbf, to, from, 0, 0)
    }

    /// `rTO += VALUE`
    #[must_use]
    pub const fn add(to: u8, value: i32) -> Self {
        Self::new(0x07, to, 0, 0, value)
    }

    /// Calls a helper of the kernel (`enum bpf_func_id`).
    #[must_use]
    pub const fn call(helper: i32) -> Self {
        Self::new(0x85, 0, 0, 0, helper)
    }

    /// `return r0`
    #[must_use]
    pub const fn exit() -> Self {
        Self::new(0x95, 0, 0, 0, 0)
    }
}

/// A program that answers the same to all it is asked.
#[must_use]
pub const fn always(answer: i32) -> [Insn; 2] {
    [Insn::mov(0, answer), Insn::exit()]
}

/// A program for a raw tracepoint that reads eight bytes so many times at the address which an argument is, counted from 0, writes a
/// record of so many bytes into a ring of [`ring`], wakes nobody, and says nothing in it.
#[must_use]
pub fn writes(ring: &OwnedFd, bytes: u32, reads: usize, argument: i16) -> Vec<Insn> {
    const PROBE_READ_KERNEL: i32 = 113;
    const RINGBUF_RESERVE: i32 = 131;
    const RINGBUF_SUBMIT: i32 = 132;
    const NO_WAKEUP: i32 = 1;
    const STACK: u8 = 10;
    let read = [
        Insn::copy(1, STACK),
        Insn::add(1, -8),
        Insn::mov(2, 8),
        Insn::copy(3, 6),
        Insn::call(PROBE_READ_KERNEL),
    ];
    let reads = std::iter::repeat_n(read, reads).flatten();
    // An instruction of two: the kernel puts the map's address in the place of its descriptor (BPF_PSEUDO_MAP_FD).
    let map = [Insn::new(0x18, 1, 1, 0, ring.as_raw_fd()), Insn::new(0, 0, 0, 0, 0)];
    let writes = [
        Insn::mov(2, bytes.cast_signed()),
        Insn::mov(3, 0),
        Insn::call(RINGBUF_RESERVE),
        Insn::jump_if_equal(0, 0, 3),
        Insn::copy(1, 0),
        Insn::mov(2, NO_WAKEUP),
        Insn::call(RINGBUF_SUBMIT),
        Insn::mov(0, 0),
        Insn::exit(),
    ];
    std::iter::once(Insn::load_double_word(6, 1, 8 * argument))
        .chain(reads)
        .chain(map)
        .chain(writes)
        .collect()
}

/// The part of `union bpf_attr` for `BPF_PROG_LOAD` up to `attach_btf_id`.
#[derive(Default)]
#[repr(C)]
struct LoadAttr {
    program_type: u32,
    count: u32,
    instructions: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log: u64,
    kernel_version: u32,
    flags: u32,
    name: [u8; 16],
    ifindex: u32,
    expected_attach_type: u32,
    btf: u32,
    function_info_size: u32,
    function_info: u64,
    function_info_count: u32,
    line_info_size: u32,
    line_info: u64,
    line_info_count: u32,
    attach_function: u32,
}

/// The same for `BPF_LINK_CREATE`.
#[repr(C)]
struct LinkAttr {
    program: u32,
    target: u32,
    attach_type: u32,
    flags: u32,
}

/// The same for `BPF_RAW_TRACEPOINT_OPEN`, which also attaches what knows its place since it was loaded.
#[repr(C)]
struct OpenAttr {
    name: u64,
    program: u32,
    reserved: u32,
}

/// Loads a program. `attach` is where it is meant for, which some types must say when they are loaded.
pub fn load(
    program: ProgramType,
    instructions: &[Insn],
    attach: Option<AttachType>,
) -> Result<OwnedFd, LabError> {
    load_for(program, instructions, attach, 0)
}

/// Loads and attaches a program at a security hook, `bpf_lsm_NAME`, whose id in the kernel's BTF is given.
pub fn attach_lsm(instructions: &[Insn], function: u32) -> Result<OwnedFd, LabError> {
    let program = load_for(ProgramType::Lsm, instructions, Some(AttachType::LsmMac), function)?;
    let mut attr = OpenAttr { name: 0, program: program.as_raw_fd().cast_unsigned(), reserved: 0 };
    bpf(BPF_RAW_TRACEPOINT_OPEN, &mut attr)
        .map_err(|error| unavailable(format!("attach at a security hook: {error}")))
}

const BPF_RAW_TRACEPOINT_OPEN: libc::c_long = 17;

/// Loads and attaches a program at a tracepoint.
pub fn attach_raw_tracepoint(instructions: &[Insn], name: &CStr) -> Result<OwnedFd, LabError> {
    let program = load(ProgramType::RawTracepoint, instructions, None)?;
    let program = program.as_raw_fd().cast_unsigned();
    let mut attr = OpenAttr { name: name.as_ptr() as u64, program, reserved: 0 };
    bpf(BPF_RAW_TRACEPOINT_OPEN, &mut attr)
        .map_err(|error| unavailable(format!("attach at the tracepoint {}: {error}", name.to_string_lossy())))
}

fn load_for(
    program: ProgramType,
    instructions: &[Insn],
    attach: Option<AttachType>,
    function: u32,
) -> Result<OwnedFd, LabError> {
    const BPF_PROG_LOAD: libc::c_long = 5;
    let mut attr = LoadAttr {
        program_type: program as u32,
        count: instructions.len() as u32,
        instructions: instructions.as_ptr() as u64,
        license: c"GPL".as_ptr() as u64,
        expected_attach_type: attach.map_or(0, |attach| attach as u32),
        attach_function: function,
        ..LoadAttr::default()
    };
    attr.name[..8].copy_from_slice(b"tcpx_lab");
    bpf(BPF_PROG_LOAD, &mut attr).map_err(|error| unavailable(format!("load a {program:?} program: {error}")))
}

/// Attaches a program to a cgroup (the descriptor of its folder) or a network namespace, as long as the link is open.
pub fn attach(program: &OwnedFd, target: impl AsFd, attach: AttachType) -> Result<OwnedFd, LabError> {
    link_to(program, target.as_fd().as_raw_fd().cast_unsigned(), attach, 0)
}

/// Attaches an XDP program to a device of the namespace as generic XDP, after the driver has made an skb of the packet.
pub fn attach_generic_xdp(
    program: OwnedFd,
    namespace: &Arc<Namespace>,
    device: &'static str,
) -> Result<OwnedFd, LabError> {
    const XDP_FLAGS_SKB_MODE: u32 = 2;
    // The kernel looks for the device in the namespace of the calling thread.
    namespace.run(move || link_to(&program, link::index(device)?, AttachType::Xdp, XDP_FLAGS_SKB_MODE))?
}

fn link_to(program: &OwnedFd, target: u32, attach: AttachType, flags: u32) -> Result<OwnedFd, LabError> {
    const BPF_LINK_CREATE: libc::c_long = 28;
    let mut attr =
        LinkAttr { program: program.as_raw_fd().cast_unsigned(), target, attach_type: attach as u32, flags };
    bpf(BPF_LINK_CREATE, &mut attr).map_err(|error| unavailable(format!("attach at {attach:?}: {error}")))
}

/// The part of `union bpf_attr` for `BPF_MAP_CREATE` that every map has.
#[repr(C)]
struct MapAttr {
    kind: u32,
    key_size: u32,
    value_size: u32,
    entries: u32,
    flags: u32,
}

/// The same for `BPF_MAP_UPDATE_ELEM`.
#[repr(C)]
struct UpdateAttr {
    map: u32,
    reserved: u32,
    key: u64,
    value: u64,
    flags: u64,
}

/// A map for one socket, by which programs know it.
pub(super) fn socket_map() -> Result<OwnedFd, LabError> {
    const SOCKMAP: u32 = 15;
    let attr = MapAttr { kind: SOCKMAP, key_size: 4, value_size: 4, entries: 1, flags: 0 };
    map(attr, "make a map of sockets")
}

/// A ring for records, of so many bytes: a power of two of pages.
pub fn ring(bytes: u32) -> Result<OwnedFd, LabError> {
    const RINGBUF: u32 = 27;
    let attr = MapAttr { kind: RINGBUF, key_size: 0, value_size: 0, entries: bytes, flags: 0 };
    map(attr, "make a ring for records")
}

fn map(mut attr: MapAttr, what: &str) -> Result<OwnedFd, LabError> {
    const BPF_MAP_CREATE: libc::c_long = 0;
    bpf(BPF_MAP_CREATE, &mut attr).map_err(|error| unavailable(format!("{what}: {error}")))
}

/// Puts a socket into it.
pub(super) fn put_socket(map: &OwnedFd, socket: &OwnedFd) -> Result<(), LabError> {
    const BPF_MAP_UPDATE_ELEM: libc::c_long = 2;
    let (key, value) = (0_u32, socket.as_raw_fd());
    let mut attr = UpdateAttr {
        map: map.as_raw_fd().cast_unsigned(),
        reserved: 0,
        key: (&raw const key) as u64,
        value: (&raw const value) as u64,
        flags: 0,
    };
    let done = command(BPF_MAP_UPDATE_ELEM, &mut attr);
    done.map(drop).map_err(|error| unavailable(format!("put a socket into a map: {error}")))
}

/// A bpf(2) command that makes a descriptor.
fn bpf<T>(number: libc::c_long, attr: &mut T) -> io::Result<OwnedFd> {
    // SAFETY: the descriptor was made by this very call, so nobody else owns it.
    command(number, attr).map(|fd| unsafe { OwnedFd::from_raw_fd(fd) })
}

fn command<T>(number: libc::c_long, attr: &mut T) -> io::Result<i32> {
    // SAFETY: the kernel reads `size_of::<T>()` bytes, and what they point to lives in the caller across the call.
    let result = unsafe { libc::syscall(libc::SYS_bpf, number, std::ptr::from_mut(attr), size_of::<T>()) };
    i32::try_from(result).ok().filter(|&result| result >= 0).ok_or_else(io::Error::last_os_error)
}

fn unavailable(why: String) -> LabError {
    LabError::Unavailable {
        what: "a BPF program".to_owned(),
        why,
        advice: "run as root, where BPF is allowed",
    }
}
