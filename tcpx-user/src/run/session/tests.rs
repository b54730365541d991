use std::{cell::RefCell, collections::VecDeque, num::NonZeroU64, rc::Rc};

use super::*;
use crate::{
    cli::filter::Filter,
    event::{Backend, Netns, Task, What},
    line::{Lost, Summary},
    run::scope::Scope,
    sink::samples::{attempt, peer_reset, plain_summary, start},
};

/// Batches of events, then silence.
struct Batches(VecDeque<usize>, Option<Event>);

fn tick() -> Event {
    let (netns, task) = (Netns::default(), Task::default());
    let what = What::Tick;
    Event {
        time: 1,
        netns,
        task,
        hook: None,
        backend: Backend::Tracepoint,
        in_scope: false,
        has_stack: false,
        what,
    }
}

impl Source for Batches {
    async fn next(&mut self, events: &mut Vec<Event>) -> io::Result<()> {
        if let Some(count) = self.0.pop_front() {
            events.extend((0..count).map(|_| tick()));
        } else {
            // A read that is broken off after it got something.
            events.extend(self.1.take());
            std::future::pending::<()>().await;
        }
        Ok(())
    }

    fn drain(&mut self, events: &mut Vec<Event>) -> io::Result<()> {
        let all: usize = self.0.drain(..).sum();
        events.extend((0..all).map(|_| tick()));
        Ok(())
    }
}

/// A line for each event, and one more at the end.
#[derive(Default)]
struct Echo {
    lost: u64,
    grace: Duration,
}

impl Engine for Echo {
    fn push(&mut self, _: &Event, lines: &mut Vec<Line>) {
        lines.push(peer_reset());
    }

    fn grace(&self) -> Duration {
        self.grace
    }

    fn finish(&mut self, lines: &mut Vec<Line>) {
        lines.push(attempt());
        lines.push(Line::Summary(Box::new(Summary {
            lost: Lost { kernel: self.lost, user: 0 },
            ..plain_summary()
        })));
    }
}

/// Ends at once, with a status.
struct Done(Option<u8>);

impl Work for Done {
    async fn ended(&mut self) {}
    fn stop(&mut self, _: Stop) {}
    fn is_running(&self) -> bool {
        false
    }
    fn status(&self) -> Option<u8> {
        self.0
    }
}

/// What the sink was given.
#[derive(Clone, Default)]
struct Seen(Rc<RefCell<Vec<&'static str>>>, Option<io::ErrorKind>);

impl Sink for Seen {
    fn line(&mut self, line: &Line) -> io::Result<()> {
        self.0.borrow_mut().push(match line {
            Line::Start(_) => "start",
            Line::Attempt(_) => "attempt",
            Line::Reset(_) => "reset",
            Line::Summary(_) => "summary",
            _ => "other",
        });
        self.1.map_or(Ok(()), |kind| Err(kind.into()))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn shown(&self) -> u64 {
        self.0.borrow().iter().filter(|kind| ["attempt", "reset"].contains(kind)).count() as u64
    }
}

fn session<W: Work>(
    batches: &[usize],
    engine: Echo,
    work: W,
    limit: Limit,
    seen: Seen,
) -> Session<Batches, Echo, W> {
    Session {
        source: Batches(batches.iter().copied().collect(), None),
        engine,
        work,
        selection: Selection::new(Filter::default(), Scope::Host),
        sink: Box::new(seen),
        limit,
        name: "results".to_owned(),
    }
}

fn run<W: Work>(session: Session<Batches, Echo, W>) -> Result<Ended, Failure> {
    runtime()?.block_on(async {
        let signals = Signals::take().map_err(Failure::io("signals"))?;
        session.run(start(), signals).await
    })
}

fn limit(count: Option<u64>, millis: Option<u64>) -> Limit {
    Limit { count: count.and_then(NonZeroU64::new), duration: millis.map(Duration::from_millis) }
}

#[test]
fn all_is_shown_and_the_summary_is_last() {
    let seen = Seen::default();
    let ended = run(session(&[1, 2], Echo::default(), Done(Some(7)), limit(None, None), seen.clone()));
    assert_eq!(ended.expect("no failure"), Ended { lost: 0, status: Some(7) });
    assert_eq!(*seen.0.borrow(), ["start", "reset", "reset", "reset", "attempt", "summary"]);
}

#[test]
fn a_read_that_is_broken_off_loses_nothing() {
    let seen = Seen::default();
    let mut session = session(&[], Echo::default(), None::<Done>, limit(None, Some(20)), seen.clone());
    session.source.1 = Some(tick());
    run(session).expect("no failure");
    assert_eq!(*seen.0.borrow(), ["start", "reset", "attempt", "summary"]);
}

#[test]
fn a_count_is_kept_exactly() {
    let seen = Seen::default();
    let host: Option<Done> = None;
    run(session(&[1, 5, 5], Echo::default(), host, limit(Some(3), None), seen.clone())).expect("no failure");
    assert_eq!(*seen.0.borrow(), ["start", "reset", "reset", "reset", "summary"]);
}

#[test]
fn a_duration_ends_what_does_not_end_of_itself() {
    let seen = Seen::default();
    let host: Option<Done> = None;
    let ended =
        run(session(&[1], Echo::default(), host, limit(None, Some(20)), seen.clone())).expect("no failure");
    assert_eq!((ended.status, ended.exit(false)), (None, 0));
    assert_eq!(*seen.0.borrow(), ["start", "reset", "attempt", "summary"]);
}

#[test]
fn what_comes_late_is_waited_for() {
    let engine = Echo { grace: Duration::from_millis(30), lost: 5 };
    let begun = Instant::now();
    let ended =
        run(session(&[], engine, Done(None), limit(None, None), Seen::default())).expect("no failure");
    assert!(begun.elapsed() >= GRACES * Duration::from_millis(30));
    assert_eq!((ended.lost, ended.exit(false)), (5, 3));
}

#[test]
fn a_closed_pipe_ends_it_quietly() {
    let seen = Seen(Rc::default(), Some(io::ErrorKind::BrokenPipe));
    let failure =
        run(session(&[1], Echo::default(), Done(None), limit(None, None), seen)).expect_err("a closed pipe");
    assert_eq!((failure.status(), failure.message()), (0, None));
}

#[test]
fn exit_statuses_of_the_contract() {
    let ended = |lost, status| Ended { lost, status };
    for (lost, status, loss_status, exit) in [
        (0, None, false, 0),
        (5, None, false, 3),
        (0, Some(7), false, 7),
        (5, Some(7), false, 7),
        (5, Some(7), true, 3),
        (0, Some(137), true, 137),
        (5, Some(0), false, 0),
    ] {
        assert_eq!(ended(lost, status).exit(loss_status), exit, "{lost} {status:?} {loss_status}");
    }
}
