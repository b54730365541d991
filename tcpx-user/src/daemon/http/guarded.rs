//! A connection that ends when its other end does nothing: a reader that takes nothing holds what was sent to it in memory.

use std::{
    future::Future as _,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, UnixStream},
    sync::OwnedSemaphorePermit,
    time::{Instant, Sleep, sleep},
};

/// No byte either way: streams say every 15 s that they live.
const IDLE: Duration = Duration::from_mins(1);

/// Of either kind.
pub(super) enum Connection {
    Unix(UnixStream),
    Tcp(TcpStream),
}

/// A connection with two clocks.
pub(super) struct Guarded {
    io: Connection,
    patience: Duration,
    /// Runs while a write waits.
    stalled: Option<Pin<Box<Sleep>>>,
    idle: Pin<Box<Sleep>>,
    _permit: OwnedSemaphorePermit,
}

impl Guarded {
    pub(super) fn new(io: Connection, patience: Duration, permit: OwnedSemaphorePermit) -> Self {
        Self { io, patience, stalled: None, idle: Box::pin(sleep(IDLE)), _permit: permit }
    }

    fn moved(&mut self) {
        self.stalled = None;
        self.idle.as_mut().reset(Instant::now() + IDLE);
    }

    /// A write that made no progress waits only so long.
    fn guard<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.moved();
            return written;
        }
        let patience = self.patience;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(patience)));
        stalled.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

macro_rules! either {
    ($self:expr, $io:ident => $call:expr) => {
        match &mut $self.io {
            Connection::Unix($io) => $call,
            Connection::Tcp($io) => $call,
        }
    };
}

impl AsyncRead for Guarded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let read = either!(this, io => Pin::new(io).poll_read(context, buffer));
        if read.is_ready() {
            this.moved();
            return read;
        }
        this.idle.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let written = either!(this, io => Pin::new(io).poll_write(context, bytes));
        this.guard(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let written = either!(this, io => Pin::new(io).poll_write_vectored(context, parts));
        this.guard(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, io => Pin::new(io).poll_flush(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, io => Pin::new(io).poll_shutdown(context))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        sync::Semaphore,
    };

    use super::*;

    fn pair() -> (Guarded, UnixStream, Arc<Semaphore>) {
        let (ours, theirs) = UnixStream::pair().expect("a pair");
        let room = Arc::new(Semaphore::new(1));
        let permit = Arc::clone(&room).try_acquire_owned().expect("room");
        (Guarded::new(Connection::Unix(ours), Duration::from_millis(20), permit), theirs, room)
    }

    #[tokio::test]
    async fn who_reads_nothing_is_left() {
        let (mut guarded, mut theirs, room) = pair();
        let much = vec![0; 1 << 22];
        let error = guarded.write_all(&much).await.expect_err("nobody reads");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(guarded);
        assert_eq!(room.available_permits(), 1, "and makes room");
        let mut got = Vec::new();
        theirs.read_to_end(&mut got).await.expect("what was sent");
        assert!(!got.is_empty() && got.len() < much.len());
    }

    #[tokio::test]
    async fn who_reads_slowly_gets_all() {
        let (mut guarded, mut theirs, _room) = pair();
        let much = vec![7; 1 << 20];
        let reading = tokio::spawn(async move {
            let mut got = Vec::new();
            theirs.read_to_end(&mut got).await.map(|_| got.len())
        });
        guarded.write_all(&much).await.expect("somebody reads");
        drop(guarded);
        assert_eq!(reading.await.expect("no panic").expect("all"), much.len());
    }
}
