//! The daemon's own connections: seen by the pipeline as all others, and told to nobody.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    net::SocketAddr,
    rc::Rc,
    time::Duration,
};

use tokio::sync::Notify;

use super::{health::Health, log::say, takeover::Inherited};
use crate::{
    cli::failure::Failure,
    event::Event,
    line::{Endpoint, FlowLine, Line, Netns, Outcome},
    run::Engine,
};

/// A line about a flow may come long after it: a RST is told again for half a minute.
const REMEMBERED: usize = 64;

/// The flows of self-probes, by their exact ends.
#[derive(Clone, Debug)]
pub struct Own(Rc<Flows>);

#[derive(Debug)]
struct Flows {
    /// Namespace of this process.
    inum: u32,
    /// Local and remote end of each connection, the latest last.
    list: RefCell<VecDeque<(SocketAddr, SocketAddr)>>,
    refused: Cell<Option<SocketAddr>>,
    came: Notify,
}

impl Own {
    /// None yet; this process is in the namespace of that number.
    #[must_use]
    pub fn new(inum: u32) -> Self {
        let (list, refused, came) = (RefCell::default(), Cell::default(), Notify::new());
        Self(Rc::new(Flows { inum, list, refused, came }))
    }

    /// A connection that is about to be tried.
    pub fn add(&self, local: SocketAddr, remote: SocketAddr) {
        let list = &mut *self.0.list.borrow_mut();
        if list.len() == REMEMBERED {
            list.pop_front();
        }
        list.push_back((local, remote));
    }

    /// Ends when the attempt from this address was told as refused.
    pub async fn refused(&self, local: SocketAddr) {
        while self.0.refused.get() != Some(local) {
            self.0.came.notified().await;
        }
    }

    /// Whether a line is about one of them; notes that it was seen.
    #[must_use]
    pub fn is(&self, line: &Line) -> bool {
        match line {
            Line::Attempt(attempt) => {
                let ends = attempt.local.zip(attempt.remote.or(attempt.requested));
                let own = ends.filter(|(local, remote)| self.has(&attempt.netns, *local, *remote));
                if let (Some((local, _)), Outcome::Refused) = (own, attempt.outcome) {
                    self.0.refused.set(Some(socket(local)));
                    self.0.came.notify_waiters();
                }
                own.is_some()
            }
            Line::Reset(reset) => {
                let ends = [&reset.sender, &reset.receiver];
                let mut places = ends.into_iter().flatten().map(|end| &end.netns);
                places.any(|netns| self.has_flow(netns, &reset.flow))
            }
            Line::Drop(drop) => self.has_flow(&drop.netns, &drop.flow),
            Line::Death(death) => death
                .local
                .zip(death.remote)
                .is_some_and(|(local, remote)| self.has(&death.netns, local, remote)),
            Line::Call(_) | Line::Start(_) | Line::Loss(_) | Line::Summary(_) => false,
        }
    }

    fn has_flow(&self, netns: &Netns, flow: &FlowLine) -> bool {
        let source = Endpoint { addr: flow.saddr, port: flow.sport };
        let destination = Endpoint { addr: flow.daddr, port: flow.dport };
        self.has(netns, source, destination) || self.has(netns, destination, source)
    }

    fn has(&self, netns: &Netns, local: Endpoint, remote: Endpoint) -> bool {
        let ends = (socket(local), socket(remote));
        netns.inum == self.0.inum && self.0.list.borrow().contains(&ends)
    }
}

fn socket(end: Endpoint) -> SocketAddr {
    SocketAddr::new(end.addr, end.port)
}

/// An engine whose own connections go no further, and which a full disk does not end.
pub struct Watched<E> {
    /// What it watches.
    pub engine: E,
    /// Which are its own.
    pub own: Own,
    /// Where trouble is told.
    pub health: Health,
    /// Lines of a daemon before, to be told as its own.
    pub inherited: Inherited,
}

impl<E: Engine> Engine for Watched<E> {
    fn push(&mut self, event: &Event, lines: &mut Vec<Line>) {
        self.inherited.drain(lines);
        let before = lines.len();
        self.engine.push(event, lines);
        // Most events make no line.
        if lines.len() > before {
            lines.retain(|line| !self.own.is(line));
        }
    }

    /// A recording that cannot go on is told of, and all else goes on.
    fn failure(&mut self) -> Option<Failure> {
        if let Some(failure) = self.engine.failure() {
            let what = format!("{failure}; nothing is recorded from here on until a restart");
            say(&what);
            self.health.state().recording.get_or_insert_default().trouble = Some(what);
        }
        None
    }

    fn grace(&self) -> Duration {
        self.engine.grace()
    }

    fn finish(&mut self, lines: &mut Vec<Line>) {
        self.inherited.drain(lines);
        self.engine.finish(lines);
        lines.retain(|line| !self.own.is(line));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        line::{Attempt, Reset},
        sink::samples::{attempt, peer_reset, plain_attempt, plain_reset, start, summary},
    };

    const INUM: u32 = 4_026_531_840;

    fn ends() -> (SocketAddr, SocketAddr) {
        ("127.0.0.1:40001".parse().expect("an address"), "127.0.0.1:9".parse().expect("an address"))
    }

    fn own_attempt(inum: u32) -> Line {
        let (local, remote) = ends();
        let mut attempt = Attempt {
            local: Some(local.into()),
            remote: Some(remote.into()),
            outcome: Outcome::Refused,
            ..plain_attempt()
        };
        attempt.netns.inum = inum;
        Line::Attempt(Box::new(attempt))
    }

    #[test]
    fn only_the_exact_flow_in_the_own_namespace_is_own() {
        let own = Own::new(INUM);
        assert!(!own.is(&own_attempt(INUM)), "not before it is known");
        let (local, remote) = ends();
        own.add(local, remote);
        assert!(own.is(&own_attempt(INUM)));
        assert_eq!(own.0.refused.get(), Some(local));
        assert!(!own.is(&own_attempt(INUM + 1)), "somebody else's loopback");
        for line in [start(), attempt(), peer_reset(), summary()] {
            assert!(!own.is(&line));
        }
    }

    #[test]
    fn its_reset_is_own_too() {
        let own = Own::new(INUM);
        let (local, remote) = ends();
        own.add(local, remote);
        let flow = FlowLine { saddr: remote.ip(), sport: 9, daddr: local.ip(), dport: 40001 };
        let mut reset = Reset { flow, ..plain_reset() };
        for end in [&mut reset.sender, &mut reset.receiver].into_iter().flatten() {
            end.netns.inum = INUM;
        }
        assert!(own.is(&Line::Reset(Box::new(reset))));
    }

    #[test]
    fn only_so_many_are_remembered() {
        let own = Own::new(INUM);
        let (local, remote) = ends();
        own.add(local, remote);
        for port in 1..=64 {
            own.add(SocketAddr::new(local.ip(), port), remote);
        }
        assert_eq!(own.0.list.borrow().len(), REMEMBERED);
        assert!(!own.is(&own_attempt(INUM)));
    }
}
