//! Sends requests, one after the other, and again where it must.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use super::{
    Config, Shared,
    backoff::Backoff,
    queue::Request,
    send::{Client, Sent},
};

pub(super) struct Sender {
    client: Client,
    backoff: Backoff,
    shared: Arc<Shared>,
}

/// What is to be sent.
enum Next {
    Logs(Request),
    Metrics(Vec<u8>),
    /// Nothing, and nothing will be.
    End,
}

impl Sender {
    pub(super) fn new(config: &Config, shared: Arc<Shared>) -> Self {
        let client = Client::new(&config.endpoint, config.headers.clone(), config.timeout);
        Self { client, backoff: Backoff::new(config.pause), shared }
    }

    pub(super) fn run(mut self) {
        loop {
            match self.next() {
                Next::Logs(request) => self.logs(request),
                Next::Metrics(body) => self.metrics(&body),
                Next::End => break,
            }
        }
        self.shared.state().gone = true;
        self.shared.changed.notify_all();
    }

    fn next(&self) -> Next {
        let mut state = self.shared.state();
        loop {
            if state.stop {
                return Next::End;
            }
            if let Some(body) = state.metrics.take() {
                return Next::Metrics(body);
            }
            if let Some(request) = state.queue.take() {
                return Next::Logs(request);
            }
            if state.complete {
                return Next::End;
            }
            state = self.shared.changed.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
    }

    /// A request of which the answer did not come may have been taken: it is sent again, as OTLP asks, so that a record
    /// may arrive twice but none is lost.
    fn logs(&mut self, request: Request) {
        let counts = Arc::clone(&self.shared.counts);
        let trouble = match self.client.send("v1/logs", &request.body) {
            Sent::Taken { rejected, why } => {
                let rejected = rejected.min(request.records);
                counts.sent.fetch_add(request.records - rejected, Relaxed);
                counts.rejected.fetch_add(rejected, Relaxed);
                self.backoff.reset();
                (rejected > 0).then_some(why)
            }
            Sent::Refused(why) => {
                counts.refused.fetch_add(request.records, Relaxed);
                Some(why)
            }
            Sent::Later { after, why } => {
                counts.retries.fetch_add(1, Relaxed);
                self.shared.state().queue.put_back(request);
                return self.pause(after, why);
            }
        };
        let mut state = self.shared.state();
        state.trouble = trouble;
        state.queue.done(request.number);
        let (evicted, bytes) = (state.queue.evicted(), state.queue.bytes());
        drop(state);
        self.count(evicted, bytes);
    }

    fn metrics(&mut self, body: &[u8]) {
        if let Sent::Later { after, why } = self.client.send("v1/metrics", body) {
            self.pause(after, why);
        }
    }

    fn count(&self, evicted: u64, bytes: u64) {
        self.shared.counts.evicted.fetch_add(evicted, Relaxed);
        self.shared.counts.waiting_bytes.store(bytes, Relaxed);
    }

    /// When tcpx ends it does not wait for a collector that is away.
    fn pause(&mut self, after: Option<Duration>, why: String) {
        let end = Instant::now() + self.backoff.pause(after);
        let mut state = self.shared.state();
        state.trouble = Some(why);
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if state.complete {
                state.stop = true;
                return;
            }
            if left.is_zero() {
                return;
            }
            let woken = self.shared.changed.wait_timeout(state, left);
            state = woken.unwrap_or_else(std::sync::PoisonError::into_inner).0;
        }
    }
}
