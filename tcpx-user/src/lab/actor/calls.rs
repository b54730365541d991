//! The actor's side: each command is the system call that it names, and nothing else.

use std::{
    collections::BTreeMap,
    io,
    net::{IpAddr, SocketAddr},
    os::fd::{AsFd, AsRawFd, OwnedFd},
    time::Duration,
};

use rustix::{
    event::PollFlags,
    fs::{Gid, Uid},
    io::Errno,
    net::{
        AddressFamily, RecvFlags, SendFlags, Shutdown, SocketFlags, SocketType, accept, bind, connect,
        connect_unspec, getpeername, getsockname, ipproto, listen, recv, send, sendto, shutdown, socket_with,
        sockopt,
    },
};

use super::protocol::{Call, Command, Reply};
use crate::lab::{
    Deadline, LabError,
    bpf::{self, ProgramType},
    destroy::destroy,
    script::monotonic_ns,
    sys, uring,
};
use crate::verdict::rules::words;

/// A user and group without any rights.
const NOBODY: u32 = 65_534;

/// The sockets that the actor holds, by descriptor.
#[derive(Default)]
pub(super) struct Sockets(BTreeMap<i32, OwnedFd>);

/// A call's value and, where it received any, data.
type Done = Result<(i64, String), Errno>;

impl Sockets {
    /// Makes the call and says what came of it.
    pub(super) fn perform(&mut self, command: &Command) -> Reply {
        let began_ns = monotonic_ns();
        let (fd, done) = match command {
            Command::Call { fd, call } => (*fd, self.call(*fd, *call)),
            Command::Send { fd, data } => (*fd, self.send(*fd, data.as_bytes())),
            Command::SendFirst { fd, data, to } => (*fd, self.send_first(*fd, data.as_bytes(), *to)),
        };
        let ended_ns = monotonic_ns();
        let fd = new_descriptor(command, &done).unwrap_or(fd);
        let name = |address: rustix::io::Result<_>| address.ok().and_then(|a| SocketAddr::try_from(a).ok());
        let held = self.0.get(&fd);
        let (value, data, errno) = match done {
            Ok((value, data)) => (value, data, None),
            Err(errno) => (-1, String::new(), Some(errno_name(errno))),
        };
        let result = result_text(value, errno.as_deref());
        let text = match command {
            Command::Call { call: Call::Ping(to), .. } if errno.is_none() => format!("ping {to}: answered"),
            _ => format!("{} = {result}", describe(command, &data)),
        };
        Reply {
            value,
            errno,
            data,
            text,
            began_ns,
            ended_ns,
            local: held.and_then(|fd| name(getsockname(fd))),
            remote: held.and_then(|fd| name(getpeername(fd).and_then(|a| a.ok_or(Errno::NOTCONN)))),
        }
    }

    fn get(&self, fd: i32) -> Result<&OwnedFd, Errno> {
        self.0.get(&fd).ok_or(Errno::BADF)
    }

    fn keep(&mut self, fd: OwnedFd) -> i64 {
        let number = fd.as_raw_fd();
        self.0.insert(number, fd);
        number.into()
    }

    fn call(&mut self, fd: i32, call: Call) -> Done {
        let value = match call {
            Call::Socket { ipv6, nonblocking } => {
                let family = if ipv6 { AddressFamily::INET6 } else { AddressFamily::INET };
                let flags = if nonblocking { SocketFlags::NONBLOCK } else { SocketFlags::empty() };
                self.keep(socket_with(family, SocketType::STREAM, flags, None)?)
            }
            Call::MptcpSocket { ipv6 } => {
                let family = if ipv6 { AddressFamily::INET6 } else { AddressFamily::INET };
                self.keep(socket_with(
                    family,
                    SocketType::STREAM,
                    SocketFlags::empty(),
                    Some(ipproto::MPTCP),
                )?)
            }
            Call::Accept => {
                wait(self.get(fd)?, PollFlags::IN)?;
                let accepted = accept(self.get(fd)?)?;
                self.keep(accepted)
            }
            Call::Close => {
                drop(self.0.remove(&fd).ok_or(Errno::BADF)?);
                0
            }
            Call::BecomeNobody => {
                let (uid, gid) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
                rustix::thread::set_thread_res_gid(gid, gid, gid)?;
                rustix::thread::set_thread_res_uid(uid, uid, uid)?;
                0
            }
            Call::ForbidTcp => {
                sys::forbid_tcp().map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
                0
            }
            Call::Receive => return receive(self.get(fd)?),
            Call::Ping(to) => return ping(to).map(|()| (0, String::new())),
            Call::Destroy(local, remote) => {
                destroy(local, remote).map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
                0
            }
            other => return simple(self.get(fd)?, other).map(|value| (value, String::new())),
        };
        Ok((value, String::new()))
    }

    fn send(&self, fd: i32, data: &[u8]) -> Done {
        // The errno tells the story, not a signal.
        let sent = send(self.get(fd)?, data, SendFlags::NOSIGNAL)?;
        Ok((sent.try_into().unwrap_or(i64::MAX), String::new()))
    }

    fn send_first(&self, fd: i32, data: &[u8], to: SocketAddr) -> Done {
        let flags = SendFlags::NOSIGNAL | SendFlags::from_bits_retain(libc::MSG_FASTOPEN.cast_unsigned());
        let sent = sendto(self.get(fd)?, data, flags, &to)?;
        Ok((sent.try_into().unwrap_or(i64::MAX), String::new()))
    }
}

/// The calls that neither make nor end a descriptor.
fn simple(fd: &OwnedFd, call: Call) -> Result<i64, Errno> {
    match call {
        Call::Bind(to) => bind(fd, &to)?,
        Call::Listen(backlog) => listen(fd, backlog)?,
        Call::Connect(to) => connect(fd, &to)?,
        Call::ConnectByRing(to) => other_way(&uring::connect(fd, to))?,
        #[cfg(target_arch = "x86_64")]
        Call::ConnectBySocketcall(to) => other_way(&crate::lab::compat::connect(fd, to))?,
        #[cfg(not(target_arch = "x86_64"))]
        Call::ConnectBySocketcall(_) => return Err(Errno::OPNOTSUPP),
        Call::ShutdownWrite => shutdown(fd, Shutdown::Write)?,
        Call::ShutdownBoth => shutdown(fd, Shutdown::Both)?,
        Call::V6Only(on) => sockopt::set_ipv6_v6only(fd, on)?,
        Call::ReuseAddress => sockopt::set_socket_reuseaddr(fd, true)?,
        Call::ReusePort => sockopt::set_socket_reuseport(fd, true)?,
        Call::BindToDevice(index) => sys::bind_to_device(fd, index)?,
        Call::RefuseByProgram => refuse_by_program(fd)?,
        Call::DeferAccept(seconds) => sys::set_tcp(fd, libc::TCP_DEFER_ACCEPT, seconds)?,
        Call::Linger(seconds) => sockopt::set_socket_linger(fd, Some(Duration::from_secs(seconds)))?,
        Call::Option(option, value) => {
            let (level, name, _) = option.parts();
            sys::set(fd, level, name, value)?;
        }
        Call::Disconnect => connect_unspec(fd)?,
        Call::AwaitConnect => {
            wait(fd, PollFlags::OUT)?;
            sockopt::socket_error(fd)??;
        }
        Call::AwaitRetransmits(times) => await_retransmits(fd, times)?,
        Call::AwaitReadable => wait(fd, PollFlags::IN)?,
        Call::MinTtl { ipv6, ttl } => sys::set_min_ttl(fd, ipv6, ttl)?,
        Call::Md5Key { peer, key } => sys::set_md5_key(fd, peer, key)?,
        Call::RefuseAll => sys::refuse_all(fd)?,
        _ => return Err(Errno::INVAL),
    }
    Ok(0)
}

/// A connect() by another way than connect(2), which may not be there.
fn other_way(done: &io::Result<i32>) -> Result<(), Errno> {
    match done {
        Ok(0) => Ok(()),
        Ok(errno) => Err(Errno::from_raw_os_error(*errno)),
        // connect() gives no such errno.
        Err(_) => Err(Errno::OPNOTSUPP),
    }
}

fn wait(fd: impl AsFd, events: PollFlags) -> Result<(), Errno> {
    Deadline::default().poll(fd, events, "a socket").map(drop).map_err(as_errno)
}

/// No event tells of a retransmission, so TCP_INFO is looked at.
fn await_retransmits(fd: &OwnedFd, times: u32) -> Result<(), Errno> {
    Deadline::default()
        .until("a retransmission", || {
            let seen = sys::tcp_retransmits(fd).map_err(LabError::io("TCP_INFO"))?;
            Ok((seen >= times).then_some(()))
        })
        .map_err(as_errno)
}

/// SK_DROP is 0.
fn refuse_by_program(fd: &OwnedFd) -> Result<(), Errno> {
    let program = bpf::load(ProgramType::SkReuseport, &bpf::always(0), None).map_err(as_errno)?;
    sys::choose_by(fd, &program)
}

fn as_errno(error: LabError) -> Errno {
    match error {
        LabError::Io { source, .. } => Errno::from_io_error(&source).unwrap_or(Errno::IO),
        _ => Errno::TIME,
    }
}

fn receive(fd: &OwnedFd) -> Done {
    let mut buffer = [0; 4096];
    wait(fd, PollFlags::IN)?;
    let (length, _) = recv(fd, &mut buffer[..], RecvFlags::empty())?;
    Ok((length.try_into().unwrap_or(i64::MAX), String::from_utf8_lossy(&buffer[..length]).into_owned()))
}

/// An ICMP echo through a ping socket: the kernel makes the checksum and the identifier, and matches the answer.
/// `net.ipv4.ping_group_range` must include our group.
fn ping(to: IpAddr) -> Result<(), Errno> {
    let (family, protocol, kind) = match to {
        IpAddr::V4(_) => (AddressFamily::INET, ipproto::ICMP, 8),
        IpAddr::V6(_) => (AddressFamily::INET6, ipproto::ICMPV6, 128),
    };
    let fd = socket_with(family, SocketType::DGRAM, SocketFlags::empty(), Some(protocol))?;
    sendto(&fd, &[kind, 0, 0, 0, 0, 0, 0, 1], SendFlags::empty(), &SocketAddr::new(to, 0))?;
    receive(&fd).map(drop)
}

fn new_descriptor(command: &Command, done: &Done) -> Option<i32> {
    let makes = matches!(
        command,
        Command::Call { call: Call::Socket { .. } | Call::MptcpSocket { .. } | Call::Accept, .. }
    );
    let (value, _) = done.as_ref().ok().filter(|_| makes)?;
    i32::try_from(*value).ok()
}

fn result_text(value: i64, errno: Option<&str>) -> String {
    errno.map_or_else(|| value.to_string(), |errno| format!("-1 {errno}"))
}

/// The call with its arguments, as strace would write it.
fn describe(command: &Command, received: &str) -> String {
    let (fd, call) = match command {
        Command::Send { fd, data } => return format!("send({fd}, {data:?}, {}, MSG_NOSIGNAL)", data.len()),
        Command::SendFirst { fd, data, to } => {
            return format!("sendto({fd}, {data:?}, {}, MSG_FASTOPEN|MSG_NOSIGNAL, {to})", data.len());
        }
        Command::Call { fd, call } => (fd, call),
    };
    match call {
        Call::Socket { ipv6, nonblocking } => {
            let family = if *ipv6 { "AF_INET6" } else { "AF_INET" };
            format!("socket({family}, SOCK_STREAM{}, 0)", if *nonblocking { "|SOCK_NONBLOCK" } else { "" })
        }
        Call::MptcpSocket { ipv6 } => {
            let family = if *ipv6 { "AF_INET6" } else { "AF_INET" };
            format!("socket({family}, SOCK_STREAM, IPPROTO_MPTCP)")
        }
        Call::Bind(to) => format!("bind({fd}, {to})"),
        Call::Listen(backlog) => format!("listen({fd}, {backlog})"),
        Call::Connect(to) => format!("connect({fd}, {to})"),
        Call::ConnectByRing(to) => format!("io_uring_enter(IORING_OP_CONNECT, {fd}, {to})"),
        Call::ConnectBySocketcall(to) => format!("socketcall(SYS_CONNECT, {fd}, {to}) by int 0x80"),
        Call::Accept => format!("accept({fd})"),
        Call::Receive => format!("recv({fd}, {received:?}, 4096, 0)"),
        Call::ShutdownWrite => format!("shutdown({fd}, SHUT_WR)"),
        Call::ShutdownBoth => format!("shutdown({fd}, SHUT_RDWR)"),
        Call::V6Only(on) => format!("setsockopt({fd}, IPV6_V6ONLY, {})", i32::from(*on)),
        Call::ReuseAddress => format!("setsockopt({fd}, SO_REUSEADDR, 1)"),
        Call::ReusePort => format!("setsockopt({fd}, SO_REUSEPORT, 1)"),
        Call::BindToDevice(index) => format!("setsockopt({fd}, SO_BINDTOIFINDEX, {index})"),
        Call::RefuseByProgram => format!("setsockopt({fd}, SO_ATTACH_REUSEPORT_EBPF, return SK_DROP)"),
        Call::DeferAccept(seconds) => format!("setsockopt({fd}, TCP_DEFER_ACCEPT, {seconds})"),
        Call::Linger(seconds) => format!("setsockopt({fd}, SO_LINGER, {{1, {seconds}}})"),
        Call::Option(option, value) => format!("setsockopt({fd}, {}, {value})", option.parts().2),
        Call::Disconnect => format!("connect({fd}, AF_UNSPEC)"),
        Call::Destroy(local, remote) => format!("SOCK_DESTROY {local} -> {remote}"),
        Call::AwaitConnect => format!("poll({fd}, POLLOUT), getsockopt({fd}, SO_ERROR)"),
        Call::AwaitRetransmits(times) => format!("getsockopt({fd}, TCP_INFO) until retransmits >= {times}"),
        Call::AwaitReadable => format!("poll({fd}, POLLIN)"),
        Call::MinTtl { ipv6: false, ttl } => format!("setsockopt({fd}, IP_MINTTL, {ttl})"),
        Call::MinTtl { ipv6: true, ttl } => format!("setsockopt({fd}, IPV6_MINHOPCOUNT, {ttl})"),
        Call::Md5Key { peer, key } => format!("setsockopt({fd}, TCP_MD5SIG, {{{peer}, key {key}}})"),
        Call::RefuseAll => format!("setsockopt({fd}, SO_ATTACH_FILTER, {{ret #0}})"),
        Call::BecomeNobody => format!("setresuid({NOBODY}, {NOBODY}, {NOBODY})"),
        Call::ForbidTcp => "landlock_restrict_self() against bind and connect".to_owned(),
        Call::Close => format!("close({fd})"),
        Call::Ping(to) => format!("ping {to}"),
    }
}

/// The names of the errors that TCP sockets give; others by number.
fn errno_name(errno: Errno) -> String {
    let known = [
        (Errno::CONNREFUSED, "ECONNREFUSED"),
        (Errno::CONNRESET, "ECONNRESET"),
        (Errno::CONNABORTED, "ECONNABORTED"),
        (Errno::TIMEDOUT, "ETIMEDOUT"),
        (Errno::INPROGRESS, "EINPROGRESS"),
        (Errno::PIPE, "EPIPE"),
        (Errno::HOSTUNREACH, "EHOSTUNREACH"),
        (Errno::NETUNREACH, "ENETUNREACH"),
        (Errno::NOTCONN, "ENOTCONN"),
        (Errno::PROTONOSUPPORT, "EPROTONOSUPPORT"),
        (Errno::NOPROTOOPT, "ENOPROTOOPT"),
        (Errno::ADDRINUSE, "EADDRINUSE"),
        (Errno::ADDRNOTAVAIL, "EADDRNOTAVAIL"),
        (Errno::AFNOSUPPORT, "EAFNOSUPPORT"),
        (Errno::NOTCONN, "ENOTCONN"),
        (Errno::AGAIN, "EAGAIN"),
        (Errno::ACCESS, "EACCES"),
        (Errno::PERM, "EPERM"),
        (Errno::INVAL, "EINVAL"),
        (Errno::OPNOTSUPP, "EOPNOTSUPP"),
        (Errno::BADF, "EBADF"),
        (Errno::TIME, "ETIME"),
        (Errno::NOPROTOOPT, "ENOPROTOOPT"),
        (Errno::HOSTDOWN, "EHOSTDOWN"),
        (Errno::NONET, "ENONET"),
        (Errno::PROTO, "EPROTO"),
    ];
    let name = known.iter().find(|(known, _)| *known == errno).map(|(_, name)| (*name).to_owned());
    name.unwrap_or_else(|| words::errno(errno.raw_os_error()).into_owned())
}
