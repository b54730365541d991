//! The daemon's end: enrichment that asks the helper, and does not wait for it longer than it may.

use std::{
    cell::RefCell,
    io::{self, Read as _, Write as _},
    net::Shutdown,
    os::{
        fd::OwnedFd,
        unix::{net::UnixStream, process::CommandExt as _},
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    rc::Rc,
    time::{Duration, Instant},
};

use super::{
    ARGUMENT,
    kept::Kept,
    protocol::{Ask, Reply},
};
use crate::{
    audit::Counters,
    cli::failure::Failure,
    daemon::{
        frames::{put, take},
        health::{Health, Helper},
        log::say,
    },
    enrich::{Census, Informant, Known, Seen, WallClock, each_seen},
    event::{Event, What},
    record::{Answer, Answers, Question},
};

/// How long the first look at all processes and namespaces may take.
const START: Duration = Duration::from_secs(30);
/// How long an answer may take: the ring holds what a storm writes in less than that, at its worst.
const DEADLINE: Duration = Duration::from_millis(200);
/// The same where many files are read, at the start and at the end.
const LONG: Duration = Duration::from_millis(400);
/// Facts of events that wait for the next question.
const MOST_SEEN: usize = 256;
/// Bytes that may wait for the helper to read them; what comes then is not told to it.
const ROOM: usize = 1 << 20;

/// Enrichment by the helper.
pub struct Remote {
    clock: WallClock,
    link: RefCell<Link>,
}

/// Where the helper comes from.
enum Origin {
    /// The daemon started it, and cannot do so again.
    Child(Child),
    /// Whoever listens there starts another one.
    Socket(PathBuf),
}

struct Link {
    stream: UnixStream,
    origin: Origin,
    number: u64,
    /// Until its answer comes no other question is asked.
    late: Option<Late>,
    seen: Vec<Seen>,
    inbox: Vec<u8>,
    outbox: Vec<u8>,
    known: Kept,
    standing: Helper,
}

/// A question that was not answered in time.
struct Late {
    number: u64,
    /// What it was, if its answer is worth keeping.
    question: Option<Question>,
}

/// Starts the helper, with all rights that the daemon has at this time, or connects to one that systemd starts for each connection; waits
/// until it has looked around.
///
/// # Errors
/// It does not start.
pub fn start(socket: Option<&Path>, health: &Health) -> Result<Rc<Remote>, Failure> {
    let starting = || {
        let shown = socket.map(|socket| format!(" behind {}", socket.display()));
        Failure::io(format!("starting the helper{}", shown.unwrap_or_default()))
    };
    let (stream, origin) = match socket {
        Some(socket) => UnixStream::connect(socket).map(|stream| (stream, Origin::Socket(socket.to_owned()))),
        None => spawn().map(|(stream, child)| (stream, Origin::Child(child))),
    }
    .map_err(starting())?;
    let mut link = Link::new(stream, origin).map_err(starting())?;
    match link.wait(0, START) {
        Ok(Some(Reply::Ready(_))) => {}
        Ok(_) => return Err(starting()(io::ErrorKind::TimedOut.into())),
        Err(error) => return Err(starting()(error)),
    }
    health.state().helper = Some(link.standing.clone());
    Ok(Rc::new(Remote { clock: WallClock::sample(), link: RefCell::new(link) }))
}

fn spawn() -> io::Result<(UnixStream, Child)> {
    let (stream, theirs) = UnixStream::pair()?;
    // Also where the file has been replaced or is in no directory that this process sees.
    let mut helper = Command::new("/proc/self/exe");
    helper.arg(ARGUMENT).stdin(Stdio::from(OwnedFd::from(theirs))).stdout(Stdio::null());
    // Ctrl-C in a terminal is for the daemon: the helper ends after it.
    helper.process_group(0).env_clear();
    Ok((stream, helper.spawn()?))
}

impl Remote {
    /// How it stands; notices if the helper has ended although nothing is asked.
    #[must_use]
    pub fn standing(&self) -> Helper {
        let link = &mut *self.link.borrow_mut();
        if link.standing.alive {
            link.look();
        } else {
            link.connect_again();
        }
        link.standing.clone()
    }

    fn put(&self, ask: &Ask, within: Duration) -> Option<Reply> {
        self.link.borrow_mut().put(ask, within)
    }
}

impl Answers for Remote {
    fn ask(&self, question: Question) -> Answer {
        let known = self.link.borrow().known.get(&question);
        if let Some(answer) = known {
            return answer;
        }
        let Some(Reply::Answer(answer)) = self.put(&Ask::Question(question.clone()), DEADLINE) else {
            return Answer::Nothing;
        };
        self.link.borrow_mut().known.keep(question, &answer);
        answer
    }

    fn clock(&self, boot_ns: u64) -> String {
        self.clock.rfc3339(boot_ns)
    }
}

impl Informant for Remote {
    fn observe(&self, event: &Event) {
        let link = &mut *self.link.borrow_mut();
        if !link.standing.alive {
            return;
        }
        if !matches!(event.what, What::Tick) {
            each_seen(event, &mut |seen| link.see(seen));
        } else if !link.seen.is_empty() {
            // What an event named may be gone soon, also where no question follows.
            link.see(Seen::Time(event.time));
            link.tell();
        }
    }

    fn clock(&self) -> WallClock {
        self.clock
    }

    fn census(&self, look_again: bool) -> Census {
        match self.put(&Ask::Census(look_again), LONG) {
            Some(Reply::Census(census)) => census,
            // Nothing is known, and that of all of them.
            _ => Census { start_complete: false, ..Census::default() },
        }
    }

    fn counters(&self, of: &[Known]) -> Vec<io::Result<Counters>> {
        match self.put(&Ask::Counters(of.to_vec()), LONG) {
            Some(Reply::Counters(read)) if read.len() == of.len() => {
                read.into_iter().map(|counters| counters.map_err(io::Error::other)).collect()
            }
            _ => of.iter().map(|_| Err(io::Error::other("the helper does not answer"))).collect(),
        }
    }
}

impl Link {
    fn new(stream: UnixStream, origin: Origin) -> io::Result<Self> {
        stream.set_write_timeout(Some(DEADLINE))?;
        Ok(Self {
            stream,
            origin,
            number: 0,
            late: None,
            seen: Vec::new(),
            inbox: Vec::new(),
            outbox: Vec::new(),
            known: Kept::default(),
            standing: Helper { alive: true, ..Helper::default() },
        })
    }

    /// A new helper is asked when it has looked around: until it says so, its first word is late.
    fn connect_again(&mut self) {
        let Origin::Socket(socket) = &self.origin else { return };
        let fresh =
            UnixStream::connect(socket).and_then(|stream| Self::new(stream, Origin::Socket(socket.clone())));
        if let Ok(fresh) = fresh {
            say("helper: connected to a new one");
            let Helper { answered, unanswered, .. } = self.standing;
            let standing = Helper { answered, unanswered, ..fresh.standing };
            let late = Some(Late { number: 0, question: None });
            *self = Self { late, number: self.number, standing, ..fresh };
        }
    }

    /// Takes the next answer that has come; notes what it says of the helper.
    fn take(&mut self) -> io::Result<Option<(u64, Reply)>> {
        let taken = take::<Reply>(&mut self.inbox)?;
        if let Some((number, reply)) = &taken {
            if let Reply::Ready(pid) = reply {
                self.standing.pid = *pid;
            }
            let late = self.late.take_if(|late| late.number == *number);
            if let (Some(question), Reply::Answer(answer)) = (late.and_then(|late| late.question), reply) {
                // Too late for the event that asked, and in time for the next.
                self.known.keep(question, answer);
            }
        }
        Ok(taken)
    }

    /// Collects what the helper should look up before the next question.
    fn see(&mut self, seen: Seen) {
        // Time goes on, and storms tell of one namespace again and again.
        if let (Seen::Time(_), Some(last @ Seen::Time(_))) = (&seen, self.seen.last_mut()) {
            *last = seen;
        } else if !matches!(seen, Seen::Namespace(..)) || !self.seen.contains(&seen) {
            self.seen.push(seen);
        }
        if self.seen.len() >= MOST_SEEN {
            self.tell();
        }
    }

    /// Hands on what was seen, without waiting for anybody.
    fn tell(&mut self) {
        self.pack();
        let _ = self.stream.set_nonblocking(true);
        self.send();
        let _ = self.stream.set_nonblocking(false);
    }

    /// Puts what was seen into a frame.
    fn pack(&mut self) {
        let seen = std::mem::take(&mut self.seen);
        if self.outbox.len() >= ROOM {
            self.standing.unanswered += seen.len() as u64;
        } else if !seen.is_empty() {
            put(0, &Ask::Seen(seen), &mut self.outbox);
        }
    }

    fn put(&mut self, ask: &Ask, within: Duration) -> Option<Reply> {
        if self.standing.alive {
            self.look();
        }
        if let Ask::Question(question) = ask
            && let Some(answer) = self.known.get(question)
        {
            return Some(Reply::Answer(answer));
        }
        if !self.standing.alive || self.late.is_some() {
            self.standing.unanswered += 1;
            return None;
        }
        self.pack();
        self.number += 1;
        put(self.number, ask, &mut self.outbox);
        self.send();
        let answered = self.wait(self.number, within);
        let reply = answered.unwrap_or_else(|error| {
            self.died(&error);
            None
        });
        if reply.is_some() {
            self.standing.answered += 1;
        } else {
            self.standing.unanswered += 1;
            let question = if let Ask::Question(question) = ask { Some(question.clone()) } else { None };
            self.late = Some(Late { number: self.number, question });
        }
        reply
    }

    /// Writes what there is, as far as the helper reads it in time.
    fn send(&mut self) {
        while !self.outbox.is_empty() && self.standing.alive {
            match self.stream.write(&self.outbox) {
                Ok(written) => drop(self.outbox.drain(..written)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) => self.died(&error),
            }
        }
    }

    /// The answer with this number; `None` if it takes too long.
    fn wait(&mut self, number: u64, within: Duration) -> io::Result<Option<Reply>> {
        let until = Instant::now() + within;
        loop {
            while let Some((got, reply)) = self.take()? {
                if got == number {
                    return Ok(Some(reply));
                }
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || !self.standing.alive {
                return Ok(None);
            }
            self.stream.set_read_timeout(Some(left))?;
            self.read()?;
        }
    }

    /// Reads what is there, without waiting: a late answer, or the end.
    fn look(&mut self) {
        let looked = self.stream.set_nonblocking(true).and_then(|()| self.read());
        let back = self.stream.set_nonblocking(false);
        let taken = looked.and(back).and_then(|()| {
            while self.take()?.is_some() {}
            Ok(())
        });
        if let Err(error) = taken {
            self.died(&error);
        }
    }

    fn read(&mut self) -> io::Result<()> {
        let mut piece = [0; 16 << 10];
        match self.stream.read(&mut piece) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                self.inbox.extend_from_slice(&piece[..read]);
                Ok(())
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn died(&mut self, error: &io::Error) {
        if !self.standing.alive {
            return;
        }
        let how = match &mut self.origin {
            Origin::Child(child) => child.try_wait().ok().flatten().map(|status| status.to_string()),
            Origin::Socket(_) => None,
        };
        let then = match &self.origin {
            Origin::Child(_) => "until a restart of the daemon, as only a new one has the rights for it",
            Origin::Socket(_) => "until another one answers",
        };
        let what = format!(
            "it has ended ({}): programs, containers, owners of sockets and other namespaces are not looked up {then}",
            how.unwrap_or_else(|| error.to_string())
        );
        say(&format!("helper: {what}"));
        self.standing.alive = false;
        self.standing.trouble = Some(what);
        self.seen = Vec::new();
        self.outbox = Vec::new();
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

#[cfg(test)]
mod tests;
