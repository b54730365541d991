//! What the engine of a live trace and whoever hands over or takes over tell each other. Both are on one thread.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use crate::{
    event::{Event, What},
    pipeline::{Pipeline, Share},
};

/// Times that are kept while it is decided: above this the host has no silence to be found.
const MOST_TIMES: usize = 1 << 18;

/// The handle of both.
#[derive(Clone, Debug, Default)]
pub struct Sharing(Rc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    share: Cell<Share>,
    first_id: Cell<u64>,
    times: RefCell<Vec<u64>>,
    /// Of the last event.
    now: Cell<u64>,
    /// Events so far.
    events: Cell<u64>,
    next_id: Cell<u64>,
    oldest: Cell<Option<u64>>,
}

impl Sharing {
    /// What is told from the next event on.
    pub fn set(&self, share: Share) {
        self.0.share.set(share);
    }

    /// What is told now.
    #[must_use]
    pub fn get(&self) -> Share {
        self.0.share.get()
    }

    /// Ids are not below this.
    pub fn number_from(&self, id: u64) {
        self.0.first_id.set(id);
    }

    /// Nothing is told until [`set`](Self::set) is called; times of events are noted.
    pub fn hold(&self) {
        self.0.times.borrow_mut().clear();
        self.set(Share { later: true, ..self.get() });
    }

    /// Times of all events since [`hold`](Self::hold).
    #[must_use]
    pub fn times(&self) -> Vec<u64> {
        self.0.times.take()
    }

    /// Time of the last event (boot clock, ns); one comes every few milliseconds.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.0.now.get()
    }

    /// How many events there were.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.0.events.get()
    }

    /// The id that comes next; known while it is handed over.
    #[must_use]
    pub fn next_id(&self) -> u64 {
        self.0.next_id.get()
    }

    /// Since when the oldest attempt that is not told yet is under way; known while it is handed over.
    #[must_use]
    pub fn oldest(&self) -> Option<u64> {
        self.0.oldest.get()
    }

    /// The engine has come to this event.
    pub(crate) fn before(&self, event: &Event, pipeline: &mut Pipeline) {
        let share = self.0.share.get();
        pipeline.share(share);
        pipeline.number_from(self.0.first_id.get());
        let mut times = self.0.times.borrow_mut();
        if share.later && !matches!(event.what, What::Tick) && times.len() < MOST_TIMES {
            times.push(event.time);
        }
    }

    /// It is done with it.
    pub(crate) fn after(&self, event: &Event, pipeline: &Pipeline) {
        self.0.now.set(self.0.now.get().max(event.time));
        self.0.events.set(self.0.events.get() + 1);
        if self.get().is_handed_over() {
            self.0.next_id.set(pipeline.correlator().next_id());
            self.0.oldest.set(pipeline.correlator().oldest_attempt());
        }
    }
}
