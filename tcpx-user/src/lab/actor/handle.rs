//! The stage's side: a handle whose methods read like the system calls they cause.

use std::{
    io::Write,
    net::{IpAddr, SocketAddr},
    os::fd::AsFd,
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command as Process, Stdio},
    sync::{Arc, Mutex, MutexGuard},
};

use rustix::event::PollFlags;

use super::{
    ARGUMENT,
    protocol::{Call, Command, Reply, TcpOption},
};
use crate::{
    lab::{Deadline, LabError, Namespace, Script, What, facts, tables::Watch},
    locked::locked,
};

/// A descriptor number in an actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fd(pub i32);

/// A child process that makes system calls when told. Clones are handles of the same process, which is killed
/// with the last of them.
#[derive(Debug, Clone)]
pub struct Actor {
    process: facts::Process,
    netns: u64,
    script: Script,
    watch: Watch,
    line: Arc<Mutex<Line>>,
}

/// The connection to the child.
#[derive(Debug)]
struct Line {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    unread: Vec<u8>,
}

impl Drop for Line {
    fn drop(&mut self) {
        // It may be gone already; either way it must not stay a zombie.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A call that blocks in the actor: the scenario goes on meanwhile.
#[derive(Debug)]
#[must_use = "the actor does nothing else before the call is finished"]
pub struct Pending(Actor);

impl Pending {
    /// Waits for the call's return.
    pub fn finish(self) -> Result<Reply, LabError> {
        self.0.answer()
    }
}

impl Actor {
    /// Starts `exe __lab-actor comm` on the namespace's thread, so that it is born in the namespace.
    pub(in crate::lab) fn spawn(
        exe: PathBuf,
        comm: &str,
        namespace: &Namespace,
        (script, watch): (Script, Watch),
    ) -> Result<Self, LabError> {
        let name = comm.to_owned();
        let mut child = namespace
            .run(move || {
                Process::new(exe).arg(ARGUMENT).arg(name).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()
            })?
            .map_err(LabError::io(format!("start the actor {comm}")))?;
        let gone = || LabError::Gone { who: comm.to_owned() };
        let stdin = child.stdin.take().ok_or_else(gone)?;
        let stdout = child.stdout.take().ok_or_else(gone)?;
        let process = facts::Process { pid: child.id(), comm: comm.to_owned() };
        watch.process(process.clone());
        let line = Line { child, stdin, stdout, unread: Vec::new() };
        Ok(Self { process, netns: namespace.inum(), script, watch, line: Arc::new(Mutex::new(line)) })
    }

    /// Process id and command name.
    #[must_use]
    pub fn process(&self) -> facts::Process {
        self.process.clone()
    }

    /// Inode number of the actor's network namespace.
    #[must_use]
    pub fn netns(&self) -> u64 {
        self.netns
    }

    /// `socket(2)`, blocking, of the family of `at`.
    pub fn socket(&self, at: SocketAddr) -> Result<Fd, LabError> {
        self.open(Call::Socket { ipv6: at.is_ipv6(), nonblocking: false })
    }

    /// `socket(2)`, non-blocking, of the family of `at`.
    pub fn socket_nonblocking(&self, at: SocketAddr) -> Result<Fd, LabError> {
        self.open(Call::Socket { ipv6: at.is_ipv6(), nonblocking: true })
    }

    /// `socket(2)`, blocking, of Multipath TCP, where the kernel has that.
    pub fn socket_mptcp(&self, at: SocketAddr) -> Result<Fd, LabError> {
        let call = Call::MptcpSocket { ipv6: at.is_ipv6() };
        let reply = self.ask(&Command::Call { fd: -1, call })?;
        if matches!(reply.errno.as_deref(), Some("EPROTONOSUPPORT" | "ENOPROTOOPT")) {
            return Err(LabError::Unavailable {
                what: "a socket of Multipath TCP".to_owned(),
                why: reply.text,
                advice: "it takes CONFIG_MPTCP and net.mptcp.enabled=1",
            });
        }
        reply.ok().map(|value| Fd(value as i32))
    }

    fn open(&self, call: Call) -> Result<Fd, LabError> {
        self.must(Fd(-1), call).map(|value| Fd(value as i32))
    }

    /// `bind(2)`, which must succeed.
    pub fn bind(&self, fd: Fd, at: SocketAddr) -> Result<(), LabError> {
        self.must(fd, Call::Bind(at)).map(drop)
    }

    /// `bind(2)`, whatever it returns.
    pub fn try_bind(&self, fd: Fd, at: SocketAddr) -> Result<Reply, LabError> {
        self.ask(&Command::Call { fd: fd.0, call: Call::Bind(at) })
    }

    /// `listen(2)`, whatever it returns.
    pub fn try_listen(&self, fd: Fd) -> Result<Reply, LabError> {
        self.ask(&Command::Call { fd: fd.0, call: Call::Listen(16) })
    }

    /// Forbids itself TCP's bind() and connect() by Landlock.
    pub fn forbid_tcp(&self) -> Result<(), LabError> {
        let reply = self.ask(&Command::Call { fd: -1, call: Call::ForbidTcp })?;
        match reply.errno {
            None => Ok(()),
            Some(errno) => Err(LabError::Unavailable {
                what: "Landlock's control of TCP".to_owned(),
                why: format!("landlock_create_ruleset: {errno}"),
                advice: "a kernel from Linux 6.7 on with landlock in its list of security modules has it",
            }),
        }
    }

    /// Gives up all privileges: another user, and so no capabilities.
    pub fn become_nobody(&self) -> Result<(), LabError> {
        self.must(Fd(-1), Call::BecomeNobody).map(drop)
    }

    /// `listen(2)`, which must succeed.
    pub fn listen(&self, fd: Fd, backlog: i32) -> Result<(), LabError> {
        self.must(fd, Call::Listen(backlog)).map(drop)
    }

    /// socket, bind and listen.
    pub fn serve(&self, at: SocketAddr) -> Result<Fd, LabError> {
        let fd = self.socket(at)?;
        self.bind(fd, at)?;
        self.listen(fd, 16)?;
        Ok(fd)
    }

    /// `accept(2)`, which must succeed.
    pub fn accept(&self, fd: Fd) -> Result<Fd, LabError> {
        self.must(fd, Call::Accept).map(|value| Fd(value as i32))
    }

    /// `connect(2)`, whatever it returns.
    pub fn connect(&self, fd: Fd, to: SocketAddr) -> Result<Reply, LabError> {
        self.ask(&Command::Call { fd: fd.0, call: Call::Connect(to) })
    }

    /// connect() by io_uring, whatever it returns.
    pub fn connect_by_ring(&self, fd: Fd, to: SocketAddr) -> Result<Reply, LabError> {
        self.if_there(fd, Call::ConnectByRing(to), || LabError::Unavailable {
            what: "io_uring".to_owned(),
            why: "io_uring_setup failed".to_owned(),
            advice: "a kernel with io_uring, and kernel.io_uring_disabled 0",
        })
    }

    /// connect() as a 32-bit program makes it, whatever it returns.
    pub fn connect_by_socketcall(&self, fd: Fd, to: SocketAddr) -> Result<Reply, LabError> {
        self.if_there(fd, Call::ConnectBySocketcall(to), || LabError::Unavailable {
            what: "system calls of 32-bit programs".to_owned(),
            why: "int 0x80 ends a process".to_owned(),
            advice: "a kernel for x86-64 with CONFIG_IA32_EMULATION, and without ia32_emulation=0",
        })
    }

    /// A call by a way that this kernel may not have: the actor says so by an errno that connect() does not give.
    fn if_there(&self, fd: Fd, call: Call, lacking: impl FnOnce() -> LabError) -> Result<Reply, LabError> {
        let reply = self.ask(&Command::Call { fd: fd.0, call })?;
        if reply.errno.as_deref() == Some("EOPNOTSUPP") { Err(lacking()) } else { Ok(reply) }
    }

    /// `connect(2)` on a blocking socket, left in flight.
    pub fn begin_connect(&self, fd: Fd, to: SocketAddr) -> Result<Pending, LabError> {
        self.tell(&Command::Call { fd: fd.0, call: Call::Connect(to) })?;
        Ok(Pending(self.clone()))
    }

    /// Waits until a non-blocking connect() is decided: poll, then SO_ERROR, whatever it says.
    pub fn finish_connect(&self, fd: Fd) -> Result<Reply, LabError> {
        self.ask(&Command::Call { fd: fd.0, call: Call::AwaitConnect })
    }

    /// Waits until the kernel has sent the SYN that often again.
    pub fn await_retransmits(&self, fd: Fd, times: u32) -> Result<(), LabError> {
        self.must(fd, Call::AwaitRetransmits(times)).map(drop)
    }

    /// Waits until there is something to read (data, end of stream, error) without reading it.
    pub fn await_readable(&self, fd: Fd) -> Result<(), LabError> {
        self.must(fd, Call::AwaitReadable).map(drop)
    }

    /// `send(2)`, whatever it returns.
    pub fn send(&self, fd: Fd, data: &str) -> Result<Reply, LabError> {
        self.ask(&Command::Send { fd: fd.0, data: data.to_owned() })
    }

    /// `sendto(2)` with MSG_FASTOPEN, whatever it returns: connect() and send() in one.
    pub fn send_first(&self, fd: Fd, data: &str, to: SocketAddr) -> Result<Reply, LabError> {
        self.ask(&Command::SendFirst { fd: fd.0, data: data.to_owned(), to })
    }

    /// The same on a blocking socket, left in flight.
    pub fn begin_send_first(&self, fd: Fd, data: &str, to: SocketAddr) -> Result<Pending, LabError> {
        self.tell(&Command::SendFirst { fd: fd.0, data: data.to_owned(), to })?;
        Ok(Pending(self.clone()))
    }

    /// Waits for data, end of stream or an error, and receives it, whatever it is.
    pub fn receive(&self, fd: Fd) -> Result<Reply, LabError> {
        self.ask(&Command::Call { fd: fd.0, call: Call::Receive })
    }

    /// `shutdown(2)` of the sending side.
    pub fn shutdown_write(&self, fd: Fd) -> Result<(), LabError> {
        self.must(fd, Call::ShutdownWrite).map(drop)
    }

    /// `shutdown(2)` of both sides, whatever it returns.
    pub fn shutdown_both(&self, fd: Fd) -> Result<Reply, LabError> {
        self.ask(&Command::Call { fd: fd.0, call: Call::ShutdownBoth })
    }

    /// Sets IPV6_V6ONLY.
    pub fn set_v6only(&self, fd: Fd, on: bool) -> Result<(), LabError> {
        self.must(fd, Call::V6Only(on)).map(drop)
    }

    /// Sets SO_REUSEADDR.
    pub fn reuse_address(&self, fd: Fd) -> Result<(), LabError> {
        self.must(fd, Call::ReuseAddress).map(drop)
    }

    /// Sets SO_REUSEPORT.
    pub fn reuse_port(&self, fd: Fd) -> Result<(), LabError> {
        self.must(fd, Call::ReusePort).map(drop)
    }

    /// Binds the socket to the device with this index.
    pub fn bind_to_device(&self, fd: Fd, index: u32) -> Result<(), LabError> {
        self.must(fd, Call::BindToDevice(index)).map(drop)
    }

    /// Gives the SO_REUSEPORT group of the socket an eBPF program that answers SK_DROP to all.
    pub fn refuse_by_program(&self, fd: Fd) -> Result<(), LabError> {
        self.must(fd, Call::RefuseByProgram).map(drop)
    }

    /// Sets TCP_DEFER_ACCEPT.
    pub fn defer_accept(&self, fd: Fd, seconds: i32) -> Result<(), LabError> {
        self.must(fd, Call::DeferAccept(seconds)).map(drop)
    }

    /// Sets SO_LINGER to on, with that many seconds.
    pub fn set_linger(&self, fd: Fd, seconds: u64) -> Result<(), LabError> {
        self.must(fd, Call::Linger(seconds)).map(drop)
    }

    /// The smallest TTL or hop limit of what the socket takes.
    pub fn set_min_ttl(&self, fd: Fd, at: SocketAddr, ttl: u8) -> Result<(), LabError> {
        self.must(fd, Call::MinTtl { ipv6: at.is_ipv6(), ttl }).map(drop)
    }

    /// Segments to and from `peer` must be signed with this key.
    ///
    /// # Errors
    /// [`LabError::Unavailable`] where the kernel has no TCP MD5 signatures.
    pub fn set_md5_key(&self, fd: Fd, peer: IpAddr, key: u8) -> Result<(), LabError> {
        let reply = self.ask(&Command::Call { fd: fd.0, call: Call::Md5Key { peer, key } })?;
        match reply.errno.as_deref() {
            Some("ENOPROTOOPT") => Err(LabError::Unavailable {
                what: "TCP_MD5SIG".to_owned(),
                why: reply.text,
                advice: "use a kernel with CONFIG_TCP_MD5SIG",
            }),
            _ => reply.ok().map(drop),
        }
    }

    /// Attaches a filter that refuses every segment.
    pub fn refuse_all(&self, fd: Fd) -> Result<(), LabError> {
        self.must(fd, Call::RefuseAll).map(drop)
    }

    /// Sets an option of TCP's.
    pub fn set_option(&self, fd: Fd, option: TcpOption, value: i32) -> Result<(), LabError> {
        self.must(fd, Call::Option(option, value)).map(drop)
    }

    /// `connect(2)` with AF_UNSPEC: dissolves the connection.
    pub fn disconnect(&self, fd: Fd) -> Result<(), LabError> {
        self.must(fd, Call::Disconnect).map(drop)
    }

    /// Destroys another process's connection, as `ss -K` does, whatever comes of it.
    pub fn destroy(&self, local: SocketAddr, remote: SocketAddr) -> Result<Reply, LabError> {
        self.ask(&Command::Call { fd: -1, call: Call::Destroy(local, remote) })
    }

    /// `close(2)`.
    pub fn close(&self, fd: Fd) -> Result<(), LabError> {
        self.must(fd, Call::Close).map(drop)
    }

    /// One ICMP echo, which must be answered.
    pub fn ping(&self, to: IpAddr) -> Result<(), LabError> {
        self.must(Fd(-1), Call::Ping(to)).map(drop)
    }

    fn must(&self, fd: Fd, call: Call) -> Result<i64, LabError> {
        self.ask(&Command::Call { fd: fd.0, call })?.ok()
    }

    fn ask(&self, command: &Command) -> Result<Reply, LabError> {
        self.tell(command)?;
        self.answer()
    }

    fn tell(&self, command: &Command) -> Result<(), LabError> {
        self.watch.look(&self.script);
        let text = serde_json::to_string(command).map_err(LabError::io("encode a command"))?;
        let sent = writeln!(self.line().stdin, "{text}");
        sent.map_err(|_| self.gone())
    }

    fn answer(&self) -> Result<Reply, LabError> {
        let text = self.line().next(&self.process.comm)?;
        let reply: Reply = serde_json::from_slice(&text).map_err(LabError::io("decode an actor's answer"))?;
        let facts::Process { pid, comm } = self.process();
        let (text, ended_ns) = (reply.text.clone(), reply.ended_ns);
        self.script.note_at(reply.began_ns, What::Call { comm, pid, text, ended_ns });
        self.watch.look(&self.script);
        Ok(reply)
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        locked(&self.line)
    }

    fn gone(&self) -> LabError {
        LabError::Gone { who: format!("the actor {}", self.process.comm) }
    }
}

impl Line {
    /// The next line that the actor writes.
    fn next(&mut self, comm: &str) -> Result<Vec<u8>, LabError> {
        let deadline = Deadline::default();
        loop {
            if let Some(end) = self.unread.iter().position(|&byte| byte == b'\n') {
                return Ok(self.unread.drain(..=end).collect());
            }
            deadline.poll(self.stdout.as_fd(), PollFlags::IN, &format!("an answer of {comm}"))?;
            let mut chunk = [0; 4096];
            let length =
                rustix::io::read(&self.stdout, &mut chunk).map_err(LabError::io("read from an actor"))?;
            if length == 0 {
                return Err(LabError::Gone { who: format!("the actor {comm}") });
            }
            self.unread.extend(&chunk[..length]);
        }
    }
}
