//! Names of things, as evidence has them.

use std::{
    borrow::Cow,
    net::{IpAddr, SocketAddr},
};

use tcpx_common::abi::tcp_flag::{ACK, FIN, RST, SYN};

use super::{Context, units};
use crate::{
    decode::Symbols,
    event::{DeniedBy, Holder, Netns, SockFacts},
    line::Process,
    text::state::state_name,
};

/// PSH, which no rule asks for.
const PSH: u8 = 0x08;

/// An address with its port, as its own `Display` writes it, which takes ten times as long for IPv4: for sentences that are made
/// for each refused connection.
#[must_use]
pub fn end(end: SocketAddr) -> String {
    const LONGEST: usize = "255.255.255.255:65535".len();
    let SocketAddr::V4(end) = end else { return end.to_string() };
    let mut text = String::with_capacity(LONGEST + 1);
    for octet in end.ip().octets() {
        text.push_str(itoa::Buffer::new().format(octet));
        text.push('.');
    }
    text.pop();
    text.push(':');
    text.push_str(itoa::Buffer::new().format(end.port()));
    text
}

/// Flags as tcpdump writes them.
#[must_use]
pub fn flags(flags: u8) -> Cow<'static, str> {
    if flags & (SYN | FIN | RST | PSH | ACK) == SYN {
        return Cow::Borrowed("S");
    }
    let letters = [(SYN, 'S'), (FIN, 'F'), (RST, 'R'), (PSH, 'P'), (ACK, '.')];
    let text: String =
        letters.iter().filter(|(bit, _)| flags & bit != 0).map(|&(_, letter)| letter).collect();
    if text.is_empty() { Cow::Borrowed("none") } else { Cow::Owned(text) }
}

/// A TCP state as the kernel and `ss` name it.
#[must_use]
pub fn state(state: u8) -> Cow<'static, str> {
    state_name(state).map_or_else(|| Cow::Owned(format!("state {state}")), Cow::Borrowed)
}

/// Names of the errnos that connect() and a socket's end can give.
const ERRNOS: &[(i32, &str)] = &[
    (1, "EPERM"),
    (4, "EINTR"),
    (11, "EAGAIN"),
    (12, "ENOMEM"),
    (13, "EACCES"),
    (22, "EINVAL"),
    (32, "EPIPE"),
    (64, "ENONET"),
    (71, "EPROTO"),
    (90, "EMSGSIZE"),
    (92, "ENOPROTOOPT"),
    (95, "EOPNOTSUPP"),
    (97, "EAFNOSUPPORT"),
    (98, "EADDRINUSE"),
    (99, "EADDRNOTAVAIL"),
    (100, "ENETDOWN"),
    (101, "ENETUNREACH"),
    (103, "ECONNABORTED"),
    (104, "ECONNRESET"),
    (105, "ENOBUFS"),
    (106, "EISCONN"),
    (107, "ENOTCONN"),
    (110, "ETIMEDOUT"),
    (111, "ECONNREFUSED"),
    (112, "EHOSTDOWN"),
    (113, "EHOSTUNREACH"),
    (114, "EALREADY"),
    (115, "EINPROGRESS"),
    (129, "EKEYREJECTED"),
];

/// All names of errnos that there are here.
pub fn errnos() -> impl Iterator<Item = &'static str> {
    ERRNOS.iter().map(|entry| entry.1)
}

/// The name of an errno; its number if it has none here.
#[must_use]
pub fn errno(number: i32) -> Cow<'static, str> {
    let known = ERRNOS.iter().find(|entry| entry.0 == number);
    known.map_or_else(|| Cow::Owned(number.to_string()), |entry| Cow::Borrowed(entry.1))
}

/// `curl[41]`.
#[must_use]
pub fn process(process: &Process) -> String {
    format!("{}[{}]", process.comm, process.pid)
}

/// A cgroup by its path.
#[must_use]
pub fn cgroup(path: Option<&str>) -> String {
    path.map_or_else(|| "the cgroup of the process".to_owned(), |path| format!("the cgroup {path}"))
}

/// Who was seen to refuse a call.
#[must_use]
pub fn denied(by: DeniedBy, call: &str, cgroup: &str) -> String {
    match by {
        DeniedBy::SecurityModule => format!("A security module of this host refused {call}."),
        DeniedBy::CgroupProgram => format!("A BPF program at {cgroup}, or at one above it, refused {call}."),
    }
}

/// Who must have refused a call, and the programs that have a say.
#[must_use]
pub fn refused(call: &str, cgroup: &str, programs: Option<usize>) -> [Option<String>; 2] {
    let first = format!("A security module, or a BPF program at {cgroup}, refused {call}.");
    let has = |many: usize| match many {
        0 => "no BPF program has".to_owned(),
        1 => "1 BPF program has".to_owned(),
        _ => format!("{many} BPF programs have"),
    };
    [Some(first), programs.map(|many| format!("Asked afterwards, {} a say there.", has(many)))]
}

/// Whoever holds the socket with this inode number.
fn owner(inode: Option<u64>, uid: u32, context: &Context<'_>) -> String {
    let known = inode.and_then(|inode| context.who.holder(inode));
    match (known, inode) {
        (Some(known), _) => process(&known),
        (None, Some(inode)) => format!("A process of uid {uid} (socket inode {inode})"),
        (None, None) => "A socket without a process".to_owned(),
    }
}

/// Whoever holds a port.
#[must_use]
pub fn holder(holder: &Holder, context: &Context<'_>) -> String {
    owner(holder.inode, holder.uid, context)
}

/// Where a holder's process belongs, if that says more than its name.
#[must_use]
pub fn home(holder: &Holder, context: &Context<'_>) -> Option<String> {
    let known = context.who.holder(holder.inode?)?;
    let made_for = Some(&known).filter(|known| units::is_systemd(known));
    let unit = made_for.and_then(|known| units::of_socket(known, holder.cgroup, context.who));
    let named = unit.map(|unit| format!("{} holds the socket for the unit {unit}.", process(&known)));
    named.or_else(|| home_of(&known))
}

/// A process's container, or its unit of systemd. systemd itself holds the sockets of socket units.
#[must_use]
pub fn home_of(known: &Process) -> Option<String> {
    let name = process(known);
    if units::is_systemd(known) {
        return Some(format!("{name} holds the socket for a socket unit: see systemctl list-sockets."));
    }
    if let Some(container) = &known.container {
        let short = container.get(..12).filter(|_| container.len() == 64).unwrap_or(container);
        return Some(format!("{name} runs in the container {short}."));
    }
    let unit = known.cgroup.as_deref().and_then(units::of_cgroup)?;
    (!units::is_session(unit)).then(|| format!("{name} belongs to the unit {unit}."))
}

/// Whoever holds a socket.
#[must_use]
pub fn socket(sock: &SockFacts, context: &Context<'_>) -> String {
    owner(sock.inode, sock.uid, context)
}

/// Whoever holds a socket, within a sentence: its process, or its own address if none is known.
#[must_use]
pub fn holder_or_address(sock: &SockFacts, addr: SocketAddr, context: &Context<'_>) -> String {
    let known = sock.inode.and_then(|inode| context.who.holder(inode));
    known.map_or_else(|| addr.to_string(), |known| process(&known))
}

/// A namespace by its name or its number.
#[must_use]
pub fn netns(netns: Netns, context: &Context<'_>) -> String {
    let known = context.who.netns(netns);
    known.name.map_or_else(
        || format!("network namespace {}", known.inum),
        |name| format!("network namespace {name}"),
    )
}

/// `IPv4` or `IPv6`.
#[must_use]
pub const fn family(addr: SocketAddr) -> &'static str {
    match addr.ip() {
        IpAddr::V4(_) => "IPv4",
        IpAddr::V6(_) => "IPv6",
    }
}

/// Where a walk that has come through begins: in what the program is attached to, or what calls that.
const WALKED: &[&str] = &["tcp_send_active_reset", "tcp_done", "tcp_done_with_error", "tcp_set_state"];

/// Whether one of these functions is on a walked stack; `None` if there is no stack, or no names for it. What a compiler
/// has split off a function carries its name with a suffix.
#[must_use]
pub fn called_by(stack: &[u64], functions: &[&str], context: &Context<'_>) -> Option<bool> {
    calls(stack, functions, context.symbols)
}

/// The same, with names of functions alone.
#[must_use]
pub fn calls(stack: &[u64], functions: &[&str], symbols: &dyn Symbols) -> Option<bool> {
    let names: Vec<_> = stack.iter().filter_map(|&address| symbols.symbol(address)).collect();
    let has = |wanted: &[&str]| {
        let plain = names.iter().filter_map(|(name, _)| name.split('.').next());
        plain.into_iter().any(|name| wanted.contains(&name))
    };
    has(WALKED).then(|| has(functions))
}

/// A duration for people.
#[must_use]
pub fn duration(ns: u64) -> String {
    match ns {
        0..1_000_000 => format!("{} us", ns / 1_000),
        1_000_000..1_000_000_000 => format!("{} ms", ns / 1_000_000),
        _ => format!("{} s", ns / 1_000_000_000),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_end_is_written_as_display_writes_it(ip: IpAddr, port: u16) {
            let written = SocketAddr::new(ip, port);
            assert_eq!(end(written), written.to_string());
        }
    }
}
