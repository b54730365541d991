//! The old one: hands over when it is asked to, and tells on what was open then.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    io::{self, IoSlice, Write as _},
    mem::MaybeUninit,
    net::SocketAddr,
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::net::{UnixListener, UnixStream as StdStream},
    },
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use rustix::{
    cmsg_space,
    net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixStream,
    sync::Notify,
    time::{sleep, timeout},
};

use super::{Ask, Inherited, Probing, Running, SOCKETS, Told, silence};
use crate::{
    daemon::{
        consumer::Consumer,
        frames::{put, take},
        log::say,
        notify,
    },
    line::{Line, Outcome},
    pipeline::Share,
    record::Recorder,
    run::{sharing::Sharing, stop::Stop, work::Work},
};

/// How long the first word may take.
const FIRST: Duration = Duration::from_secs(10);
/// How long the new one may take to attach: its helper looks at all processes.
const PREPARES: Duration = Duration::from_mins(2);
/// For so long lines are held back, and a silence is looked for.
const HELD_NS: u64 = 150_000_000;
/// How far behind the reader of events may be.
const BEHIND: Duration = Duration::from_secs(10);
/// Events of the last moments may not have been read.
const UNREAD_NS: u64 = 30_000_000;
/// RSTs wait so long for their other side (`Limits::under_way_ns`), and lines for what belongs to them.
const SETTLED_NS: u64 = 1_200_000_000;
const PAUSE: Duration = Duration::from_millis(10);
/// Lines that may wait for the new one to read them.
const MOST_LINES: usize = 1 << 16;
/// Bytes that are made of them at a time.
const BATCH: usize = 1 << 18;
/// How long the last of them may take.
const LEAVE: Duration = Duration::from_millis(500);
/// Ids of the new one begin at the next multiple of this but one: the old one goes on to number what is left.
const IDS: u64 = 1_000_000_000;

/// Closes files, queue and server, so that another may open them; lines go to this consumer from then on.
pub type Release = Box<dyn FnOnce(Box<dyn Consumer>)>;

/// All that is needed for it.
pub struct Giving {
    /// This one.
    pub running: Running,
    /// What is told.
    pub sharing: Sharing,
    /// What is recorded.
    pub recorder: Option<Recorder>,
    /// What it must not do any more.
    pub probing: Probing,
    /// What a daemon before may still tell by way of this one.
    pub inherited: Inherited,
    /// How long attempts that are open are waited for.
    pub grace: Duration,
    /// The TCP address on which it listens.
    pub listens: Option<SocketAddr>,
    /// The sockets on which it listens: first that on which it is asked to hand over.
    pub sockets: Vec<OwnedFd>,
    /// Called once.
    pub release: RefCell<Option<Release>>,
    /// Where lines go then.
    pub given: RefCell<Option<Given>>,
    /// The end of the session.
    pub over: Rc<Notify>,
}

/// To whom lines go.
pub struct Given {
    stream: StdStream,
    outbox: Vec<u8>,
    lines: Rc<Waiting>,
    pending: u64,
}

#[derive(Default)]
struct Waiting {
    lines: RefCell<VecDeque<Arc<Line>>>,
    dropped: Cell<u64>,
}

/// The consumer that takes the place of all others.
struct Forward(Rc<Waiting>);

impl Consumer for Forward {
    fn line(&mut self, line: &Arc<Line>) {
        let mut lines = self.0.lines.borrow_mut();
        if lines.len() < MOST_LINES {
            lines.push_back(Arc::clone(line));
        } else {
            self.0.dropped.set(self.0.dropped.get() + 1);
        }
    }
}

/// Ends the session when all is told that was open.
pub struct Ending(pub Rc<Notify>);

impl Work for Ending {
    async fn ended(&mut self) {
        self.0.notified().await;
    }

    fn stop(&mut self, _: Stop) {}

    fn is_running(&self) -> bool {
        false
    }

    fn status(&self) -> Option<u8> {
        None
    }
}

impl Giving {
    /// For a daemon that listens nowhere yet.
    #[must_use]
    pub fn new(
        running: Running,
        sharing: Sharing,
        recorder: Option<Recorder>,
        grace: Duration,
        release: Release,
    ) -> Self {
        Self {
            running,
            sharing,
            recorder,
            probing: Probing::default(),
            inherited: Inherited::default(),
            grace,
            listens: None,
            sockets: Vec::new(),
            release: RefCell::new(Some(release)),
            given: RefCell::default(),
            over: Rc::default(),
        }
    }

    /// Waits for somebody who takes over, for as long as it takes.
    pub async fn run(&self, door: UnixListener) {
        let ready = door.set_nonblocking(true).and_then(|()| tokio::net::UnixListener::from_std(door));
        let listener = match ready {
            Ok(listener) => listener,
            Err(error) => return say(&format!("takeover: nobody can take over from this daemon: {error}")),
        };
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                sleep(Duration::from_secs(1)).await;
                continue;
            };
            match self.serve(stream).await {
                Ok(Some(at)) => return self.tell_the_rest(at).await,
                Ok(None) => {}
                Err(error) => say(&format!("takeover: {error}")),
            }
            if self.release.borrow().is_none() {
                say("takeover: it failed when this daemon had let go already: it ends");
                return self.over.notify_one();
            }
            self.go_on();
        }
    }

    /// As before.
    fn go_on(&self) {
        self.sharing.set(Share { before: u64::MAX, later: false, ..self.sharing.get() });
        self.probing.go_on();
        if let Some(recorder) = &self.recorder {
            recorder.hold(false);
        }
    }

    /// Since when the other one tells; `None` if it does not come to that.
    async fn serve(&self, mut stream: UnixStream) -> io::Result<Option<u64>> {
        let uid = stream.peer_cred()?.uid();
        if uid != 0 && uid != rustix::process::geteuid().as_raw() {
            say(&format!("takeover: user {uid} may not take over: refused"));
            return Ok(None);
        }
        let mut inbox = Vec::new();
        let first = timeout(FIRST, ask(&mut stream, &mut inbox)).await??;
        let (pid, tcpx, supervised) = match first {
            Some(Ask::Prepare { pid, tcpx, supervised }) => (pid, tcpx, supervised),
            Some(Ask::Who) => {
                stream.write_all(&frame(&Told::Is(self.running))).await?;
                return Ok(None);
            }
            Some(Ask::Take) | None => return Ok(None),
        };
        if notify::is_supervised() && !supervised {
            let why =
                "it is run by a service manager, which would not know the new one; use systemctl reload tcpx";
            say(&format!("takeover: process {pid} (tcpx {tcpx}) is refused: {why}"));
            stream.write_all(&frame(&Told::Refused(why.to_owned()))).await?;
            return Ok(None);
        }
        say(&format!("takeover: process {pid} (tcpx {tcpx}) prepares to take over"));
        if let Some(recorder) = &self.recorder {
            recorder.hold(true);
        }
        stream.write_all(&frame(&Told::Ready { listens: self.listens })).await?;
        let second = timeout(PREPARES, ask(&mut stream, &mut inbox)).await??;
        if !matches!(second, Some(Ask::Take)) {
            say(&format!("takeover: process {pid} has given up"));
            return Ok(None);
        }
        let found = timeout(BEHIND, self.find_a_silence()).await;
        let at = found
            .map_err(|_| io::Error::other("this daemon is too far behind to hand over: try again later"))?;
        notify::main_is(pid);
        self.hand_over(stream, at)?;
        say(&format!("takeover: handed over to process {pid}"));
        Ok(Some(at))
    }

    /// Both see all by now. Tells what began before the time that is returned, and nothing else from then on.
    async fn find_a_silence(&self) -> u64 {
        self.probing.stop().await;
        let from = crate::enrich::boot_now();
        self.sharing.hold();
        while self.sharing.now() < from + HELD_NS {
            sleep(PAUSE).await;
        }
        let until = self.sharing.now().saturating_sub(UNREAD_NS);
        let at = silence::longest(self.sharing.times(), from, until);
        self.sharing.set(Share { before: at, later: false, ..self.sharing.get() });
        // With the next event, or tick, what was held back goes to those who wait for it.
        let before = self.sharing.events();
        while self.sharing.events() == before {
            sleep(PAUSE).await;
        }
        at
    }

    fn hand_over(&self, stream: UnixStream, at: u64) -> io::Result<()> {
        let ids = (self.sharing.next_id() / IDS + 2) * IDS;
        let lines = Rc::<Waiting>::default();
        if let Some(release) = self.release.take() {
            release(Box::new(Forward(Rc::clone(&lines))));
        }
        let stream = stream.into_std()?;
        stream.set_nonblocking(false)?;
        stream.set_write_timeout(Some(LEAVE))?;
        send(&stream, &frame(&Told::Handed { at, ids }), &self.sockets)?;
        stream.set_nonblocking(true)?;
        *self.given.borrow_mut() = Some(Given { stream, outbox: Vec::new(), lines, pending: 0 });
        Ok(())
    }

    /// Until all attempts are told that were open at that time, or it takes too long.
    async fn tell_the_rest(&self, at: u64) {
        let grace = u64::try_from(self.grace.as_nanos()).unwrap_or(u64::MAX);
        loop {
            let now = self.sharing.now();
            let open = self.sharing.oldest().is_some_and(|since| since < at);
            let told = self.given.borrow_mut().as_mut().map_or(Ok(()), Given::tell);
            let settled = !open && now >= at.saturating_add(SETTLED_NS);
            let over = (settled || now >= at.saturating_add(grace)) && !self.inherited.is_active();
            if over || told.is_err() {
                return self.over.notify_one();
            }
            sleep(PAUSE).await;
        }
    }

    /// The session has ended: tells the last lines to whom it handed over; false if it did not.
    #[must_use]
    pub fn finish(&self) -> bool {
        let Some(mut given) = self.given.take() else { return self.release.borrow().is_none() };
        if let Err(error) = given.finish() {
            say(&format!("takeover: the new daemon has not got all of the last lines: {error}"));
        }
        let (pending, dropped) = (given.pending, given.lines.dropped.get());
        if pending > 0 {
            say(&format!(
                "takeover: {pending} attempts were still open after {:?}: told as pending",
                self.grace
            ));
        }
        if dropped > 0 {
            say(&format!("takeover: {dropped} lines are lost, as the new daemon did not read them"));
        }
        true
    }
}

impl Given {
    /// As far as they are read.
    fn tell(&mut self) -> io::Result<()> {
        loop {
            while self.outbox.len() < BATCH {
                let Some(line) = self.lines.lines.borrow_mut().pop_front() else { break };
                let is_pending = |attempt: &crate::line::Attempt| attempt.outcome == Outcome::Pending;
                self.pending += u64::from(matches!(&*line, Line::Attempt(attempt) if is_pending(attempt)));
                put(0, &Told::Line(line), &mut self.outbox);
            }
            if self.outbox.is_empty() {
                return Ok(());
            }
            match self.stream.write(&self.outbox) {
                Ok(written) => drop(self.outbox.drain(..written)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        self.stream.set_nonblocking(false)?;
        self.tell()?;
        if !self.outbox.is_empty() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.stream.write_all(&frame(&Told::End))
    }
}

fn frame(told: &Told) -> Vec<u8> {
    let mut frame = Vec::new();
    put(0, told, &mut frame);
    frame
}

/// The next word; `None` at the end.
async fn ask(stream: &mut UnixStream, inbox: &mut Vec<u8>) -> io::Result<Option<Ask>> {
    loop {
        if let Some((_, ask)) = take(inbox)? {
            return Ok(Some(ask));
        }
        if stream.read_buf(inbox).await? == 0 {
            return Ok(None);
        }
    }
}

/// Descriptors go with the first bytes.
fn send(stream: &StdStream, frame: &[u8], sockets: &[OwnedFd]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(SOCKETS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let sockets: Vec<_> = sockets.iter().map(|socket| socket.as_fd()).collect();
    control.push(SendAncillaryMessage::ScmRights(&sockets));
    let sent = sendmsg(stream, &[IoSlice::new(frame)], &mut control, SendFlags::NOSIGNAL)?;
    (&*stream).write_all(&frame[sent..])
}
