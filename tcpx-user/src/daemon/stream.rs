//! Readers of all lines as they come. Each has a queue of its own; one whose queue is full is let go and counted.

use std::{
    collections::BTreeSet,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_core::Stream as Futures;
use tokio::{
    sync::mpsc::{Receiver, Sender, channel, error::TrySendError},
    time::{Interval, MissedTickBehavior, interval},
};

use super::{
    config,
    published::{Number, Reader, Text},
};
use crate::{locked::locked, verdict::VerdictId};

/// How often an idle stream says that it lives, so that both ends notice when the other has gone.
const ALIVE: Duration = Duration::from_secs(15);

/// Shared by the session, which hands out, and HTTP, which adds readers.
#[derive(Clone, Debug)]
pub struct Stream(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    readers: Mutex<Readers>,
    slow: AtomicU64,
    refused: AtomicU64,
}

#[derive(Debug)]
struct Readers {
    limits: config::Stream,
    /// The `start` line, with which every stream begins, and the number of the line that was told last.
    first: Option<(Text, Number)>,
    list: Vec<Subscribed>,
    ended: bool,
}

#[derive(Debug)]
struct Subscribed {
    queue: Sender<Bytes>,
    verdicts: BTreeSet<VerdictId>,
    slow: Arc<AtomicBool>,
}

/// How it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Standing {
    /// Now.
    pub readers: usize,
    /// Let go because they were too far behind.
    pub slow: u64,
    /// Not taken because there were too many.
    pub refused: u64,
}

impl Stream {
    /// Nobody reads.
    #[must_use]
    pub fn new(limits: config::Stream) -> Self {
        let readers = Readers { limits, first: None, list: Vec::new(), ended: false };
        let (slow, refused) = (AtomicU64::new(0), AtomicU64::new(0));
        Self(Arc::new(Shared { readers: Mutex::new(readers), slow, refused }))
    }

    /// A new reader of lines with one of these verdicts, or of all; `None` if there are too many.
    #[must_use]
    pub fn subscribe(&self, verdicts: BTreeSet<VerdictId>) -> Option<Subscription> {
        let readers = &mut *self.lock();
        readers.list.retain(|reader| !reader.queue.is_closed());
        if readers.list.len() >= readers.limits.readers || readers.ended {
            self.0.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        let (queue, lines) = channel(readers.limits.backlog);
        if let Some((first, last)) = &readers.first {
            // A new queue has room. The number says where the stream begins.
            let _ = queue.try_send(first.event_at(*last));
        }
        let slow = Arc::new(AtomicBool::new(false));
        readers.list.push(Subscribed { queue, verdicts, slow: Arc::clone(&slow) });
        Some(Subscription { lines, slow, alive: None, told: false })
    }

    /// Others limits hold for readers that come from now on.
    pub fn limit(&self, limits: config::Stream) {
        self.lock().limits = limits;
    }

    /// No line follows: the streams end when their readers have all.
    pub fn end(&self) {
        let readers = &mut *self.lock();
        readers.ended = true;
        readers.list.clear();
    }

    /// How it stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let readers = self.lock().list.iter().filter(|reader| !reader.queue.is_closed()).count();
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Standing { readers, slow: load(&self.0.slow), refused: load(&self.0.refused) }
    }

    fn lock(&self) -> MutexGuard<'_, Readers> {
        locked(&self.0.readers)
    }
}

impl Reader for Stream {
    fn text(&mut self, text: &Text) {
        let readers = &mut *self.lock();
        readers.first.get_or_insert_with(|| (text.clone(), text.number)).1 = text.number;
        readers.list.retain(|reader| {
            let unwanted = text.verdict.is_some_and(|verdict| !reader.verdicts.contains(&verdict));
            if unwanted && !reader.verdicts.is_empty() {
                return true;
            }
            match reader.queue.try_send(text.event()) {
                Ok(()) => true,
                Err(TrySendError::Closed(_)) => false,
                Err(TrySendError::Full(_)) => {
                    reader.slow.store(true, Ordering::Relaxed);
                    self.0.slow.fetch_add(1, Ordering::Relaxed);
                    false
                }
            }
        });
    }
}

/// What one reader gets.
#[derive(Debug)]
pub struct Subscription {
    lines: Receiver<Bytes>,
    slow: Arc<AtomicBool>,
    alive: Option<Interval>,
    told: bool,
}

impl Subscription {
    /// The end: a reader that was let go is told so.
    fn last(&mut self) -> Option<Bytes> {
        let tell = self.slow.load(Ordering::Relaxed) && !self.told;
        self.told = true;
        tell.then(|| {
            Bytes::from_static(
                b"event: dropped\ndata: {\"type\":\"dropped\",\"data\":{\"why\":\"too far behind\"}}\n\n",
            )
        })
    }
}

impl Futures for Subscription {
    type Item = Result<Bytes, std::convert::Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.lines.poll_recv(context) {
            Poll::Ready(Some(line)) => return Poll::Ready(Some(Ok(line))),
            Poll::Ready(None) => return Poll::Ready(self.last().map(Ok)),
            Poll::Pending => {}
        }
        let alive = self.alive.get_or_insert_with(|| {
            let mut alive = interval(ALIVE);
            alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
            alive
        });
        alive.poll_tick(context).map(|_| Some(Ok(Bytes::from_static(b": alive\n\n"))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::samples::{attempt, peer_reset, start};

    fn stream(readers: usize, backlog: usize) -> Stream {
        Stream::new(config::Stream { readers, backlog })
    }

    fn received(subscription: &mut Subscription) -> Vec<Bytes> {
        std::iter::from_fn(|| subscription.lines.try_recv().ok()).collect()
    }

    #[test]
    fn a_slow_reader_is_let_go_and_others_get_all() {
        let mut stream = stream(2, 3);
        let [first, text] = [start(), attempt()].map(|line| Text::of(&line, Number::SOME));
        stream.text(&first);
        let mut quick = stream.subscribe(BTreeSet::new()).expect("room");
        let mut slow = stream.subscribe(BTreeSet::new()).expect("room");
        let mut got = Vec::new();
        for _ in 0..5 {
            stream.text(&text);
            got.extend(received(&mut quick));
        }
        assert_eq!(got.len(), 6, "the start and all five");
        assert_eq!(received(&mut slow).len(), 3);
        assert_eq!(stream.standing(), Standing { readers: 1, slow: 1, refused: 0 });
        assert!(slow.last().is_some_and(|line| line.starts_with(b"event: dropped")));
        assert!(slow.last().is_none() && quick.last().is_none());
    }

    #[test]
    fn there_are_only_so_many_and_none_after_the_end() {
        let stream = stream(1, 3);
        let reader = stream.subscribe(BTreeSet::new()).expect("room");
        assert!(stream.subscribe(BTreeSet::new()).is_none());
        drop(reader);
        assert!(stream.subscribe(BTreeSet::new()).is_some(), "who has gone makes room");
        stream.end();
        assert!(stream.subscribe(BTreeSet::new()).is_none());
        assert_eq!(stream.standing().refused, 2);
    }

    #[test]
    fn lines_without_a_verdict_reach_everybody() {
        let mut stream = stream(1, 9);
        let mut reader = stream.subscribe([VerdictId::PeerReset].into()).expect("room");
        for line in [start(), attempt(), peer_reset()] {
            stream.text(&Text::of(&line, Number::SOME));
        }
        assert_eq!(received(&mut reader).len(), 2);
    }
}
