//! The new one: asks the old one to hand over, and tells its last lines as its own.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    io::{self, IoSliceMut, Write as _},
    mem::MaybeUninit,
    net::SocketAddr,
    os::{fd::OwnedFd, unix::net::UnixStream},
    path::Path,
    rc::Rc,
    time::Duration,
};

use rustix::{
    cmsg_space,
    net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg},
};
use tokio::io::AsyncReadExt as _;

use super::{Ask, Running, SOCKETS, Told};
use crate::{
    cli::failure::Failure,
    daemon::{
        frames::{put, take},
        log::say,
        notify,
    },
    line::Line,
};

/// How long the old one may take for an answer: it writes its last lines, and its last request.
const PATIENCE: Duration = Duration::from_secs(30);

/// A daemon that is prepared to hand over.
#[derive(Debug)]
pub struct Taking {
    stream: UnixStream,
    inbox: Vec<u8>,
    sockets: Vec<OwnedFd>,
    /// The TCP address on which it listens.
    pub listens: Option<SocketAddr>,
}

/// What it handed over.
#[derive(Debug)]
pub struct Taken {
    /// What began at this time (boot clock, ns) or later is told by this process.
    pub at: u64,
    /// With ids from this one on.
    pub ids: u64,
    /// Its sockets, which listen.
    pub sockets: Vec<OwnedFd>,
    rest: UnixStream,
    inbox: Vec<u8>,
}

impl Taking {
    /// Asks the daemon behind this door; `None` if there is none.
    ///
    /// # Errors
    /// It refuses, or may not be asked.
    pub fn prepare(door: &Path) -> Result<Option<Self>, Failure> {
        let shown = door.display();
        let Some(mut taking) = Self::connect(door)? else {
            say(&format!("takeover: no daemon answers on {shown}: there is nothing to take over"));
            return Ok(None);
        };
        let asking = || Failure::io(format!("asking the daemon on {shown} to hand over"));
        let ask = Ask::Prepare {
            pid: std::process::id(),
            tcpx: env!("CARGO_PKG_VERSION").to_owned(),
            supervised: notify::is_supervised(),
        };
        match taking.ask(&ask).map_err(asking())? {
            Told::Ready { listens } => Ok(Some(Self { listens, ..taking })),
            Told::Refused(why) => Err(Failure::Machine {
                what: format!("the daemon on {shown} does not hand over"),
                advice: why,
            }),
            _ => Err(asking()(io::ErrorKind::InvalidData.into())),
        }
    }

    /// Asks the daemon behind this door who it is; `None` if there is none.
    ///
    /// # Errors
    /// It does not say, or may not be asked.
    pub fn who(door: &Path) -> Result<Option<Running>, Failure> {
        let Some(mut asking) = Self::connect(door)? else { return Ok(None) };
        let failed = || Failure::io(format!("asking the daemon on {} who it is", door.display()));
        match asking.ask(&Ask::Who).map_err(failed())? {
            Told::Is(running) => Ok(Some(running)),
            _ => Err(failed()(io::ErrorKind::InvalidData.into())),
        }
    }

    fn connect(door: &Path) -> Result<Option<Self>, Failure> {
        let asking = || Failure::io(format!("asking the daemon on {}", door.display()));
        let stream = match UnixStream::connect(door) {
            Ok(stream) => stream,
            Err(error)
                if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(asking()(error)),
        };
        stream.set_read_timeout(Some(PATIENCE)).map_err(asking())?;
        Ok(Some(Self { stream, inbox: Vec::new(), sockets: Vec::new(), listens: None }))
    }

    /// Takes over: this process sees all by now.
    ///
    /// # Errors
    /// It does not come to that; the other one goes on.
    pub fn take(mut self) -> Result<Taken, Failure> {
        let taking = || Failure::io("taking over from the daemon that runs");
        match self.ask(&Ask::Take).map_err(taking())? {
            Told::Handed { at, ids } => {
                let Self { stream: rest, inbox, sockets, .. } = self;
                Ok(Taken { at, ids, sockets, rest, inbox })
            }
            _ => Err(taking()(io::ErrorKind::InvalidData.into())),
        }
    }

    fn ask(&mut self, ask: &Ask) -> io::Result<Told> {
        let mut frame = Vec::new();
        put(0, ask, &mut frame);
        self.stream.write_all(&frame)?;
        loop {
            if let Some((_, told)) = take(&mut self.inbox)? {
                return Ok(told);
            }
            self.receive()?;
        }
    }

    fn receive(&mut self) -> io::Result<()> {
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(SOCKETS))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut piece = [0; 4096];
        let parts = &mut [IoSliceMut::new(&mut piece)];
        let read = recvmsg(&self.stream, parts, &mut control, RecvFlags::CMSG_CLOEXEC)?.bytes;
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(sockets) = message {
                self.sockets.extend(sockets);
            }
        }
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.inbox.extend_from_slice(&piece[..read]);
        Ok(())
    }
}

/// Lines of the old one, on their way to those to whom this one tells its own.
#[derive(Clone, Debug, Default)]
pub struct Inherited(Rc<Coming>);

#[derive(Debug, Default)]
struct Coming {
    lines: RefCell<VecDeque<Line>>,
    active: Cell<bool>,
}

impl Inherited {
    /// Moves what has come.
    pub fn drain(&self, to: &mut Vec<Line>) {
        to.extend(self.0.lines.borrow_mut().drain(..));
    }

    /// More may come.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.0.active.get() || !self.0.lines.borrow().is_empty()
    }

    /// Takes what the old one tells until it ends.
    pub async fn follow(&self, taken: Taken) {
        let Taken { rest, mut inbox, .. } = taken;
        self.0.active.set(true);
        if let Err(error) = self.read(rest, &mut inbox).await {
            say(&format!("takeover: the daemon before has ended without its last lines: {error}"));
        }
        self.0.active.set(false);
    }

    async fn read(&self, stream: UnixStream, inbox: &mut Vec<u8>) -> io::Result<()> {
        stream.set_nonblocking(true)?;
        let mut stream = tokio::net::UnixStream::from_std(stream)?;
        let mut lines = 0_u64;
        loop {
            while let Some((_, told)) = take(inbox)? {
                match told {
                    Told::Line(line) => {
                        lines += 1;
                        self.0.lines.borrow_mut().extend(std::sync::Arc::into_inner(line));
                    }
                    Told::End => {
                        say(&format!("takeover: done; {lines} lines of the daemon before were told on"));
                        return Ok(());
                    }
                    _ => return Err(io::ErrorKind::InvalidData.into()),
                }
            }
            if stream.read_buf(inbox).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}
