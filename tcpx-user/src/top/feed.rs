//! Lines become results, as the text output would tell them, and are counted.

use std::{
    cell::RefCell,
    io,
    rc::Rc,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use jiff::Timestamp;

use super::{
    display::Display,
    model::Item,
    state::{Reading, State},
};
use crate::{
    line::{Line, Summary},
    sink::{
        Sink,
        text::{Fold, Group, Main},
    },
};

/// Which second a result is counted in.
#[derive(Debug)]
pub enum Clock {
    /// That in which it comes; the wall clock of the start, so that no change of it moves results.
    Live {
        /// Seconds since 1970 at the start.
        wall: u64,
        /// The start.
        start: Instant,
    },
    /// That in which it happened: the latest so far.
    Recorded(u64),
}

impl Clock {
    /// Counts from now.
    #[must_use]
    pub fn live() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self::Live { wall, start: Instant::now() }
    }

    /// The second of a result.
    fn second(&mut self, main: &Main) -> u64 {
        match self {
            Self::Live { .. } => self.now(),
            Self::Recorded(latest) => {
                let second = ended(main).unwrap_or(*latest);
                *latest = second.max(*latest);
                second
            }
        }
    }

    /// The running second. In a recording that of the latest result is over, so that windows end with it.
    fn now(&self) -> u64 {
        match self {
            Self::Live { wall, start } => wall + start.elapsed().as_secs(),
            Self::Recorded(latest) => latest + 1,
        }
    }
}

/// When it was over, in seconds since 1970.
fn ended(main: &Main) -> Option<u64> {
    let (time, took) = match main {
        Main::Attempt(attempt) => (&attempt.time, attempt.duration_ns),
        Main::Reset(reset) => (&reset.time, 0),
        Main::Drop(drop) => (&drop.time, 0),
        Main::Death(death) => (&death.time, 0),
        Main::Call(call) => (&call.time, 0),
    };
    let begun = u128::try_from(time.parse::<Timestamp>().ok()?.as_nanosecond()).ok()?;
    u64::try_from((begun + u128::from(took)) / 1_000_000_000).ok()
}

/// Asks how many firings were passed over so far.
pub type Missed = Box<dyn Fn() -> Option<u64>>;

/// The sink of a view.
pub struct Feed {
    display: Rc<Display>,
    clock: Clock,
    missed: Option<Missed>,
    asked: u64,
    fold: Fold,
    seq: u64,
    summary: Rc<RefCell<Option<Summary>>>,
}

impl Feed {
    /// Counts for this display. `missed` is asked once a second.
    #[must_use]
    pub fn new(display: Rc<Display>, clock: Clock, missed: Option<Missed>) -> Self {
        let (fold, summary) = (Fold::default(), Rc::default());
        Self { display, clock, missed, asked: 0, fold, seq: 0, summary }
    }

    /// Where the summary will be.
    #[must_use]
    pub fn summary(&self) -> Rc<RefCell<Option<Summary>>> {
        Rc::clone(&self.summary)
    }

    fn take(&mut self, state: &mut State, groups: Vec<Group>) {
        for group in groups {
            let second = self.clock.second(&group.main);
            self.seq += 1;
            state.take(&Rc::new(Item::new(group, self.seq, second)));
        }
    }

    fn line_to(&mut self, state: &mut State, line: &Line) {
        match line {
            Line::Start(start) => state.begin(start),
            Line::Loss(loss) => state.lose(loss),
            Line::Attempt(attempt) => {
                let groups = self.fold.attempt(attempt, true);
                self.take(state, groups);
            }
            Line::Reset(reset) => {
                let groups = self.fold.reset(reset);
                self.take(state, groups);
            }
            Line::Drop(drop) => {
                let groups = self.fold.drop(drop);
                self.take(state, groups);
            }
            Line::Death(death) => self.take(state, vec![Group::alone(Main::Death(death.clone()))]),
            Line::Call(call) => self.take(state, vec![Group::alone(Main::Call(call.clone()))]),
            Line::Summary(summary) => {
                let groups = self.fold.finish();
                self.take(state, groups);
                state.miss(summary.missed.unwrap_or(0));
                state.end(Reading::Done);
                self.summary.replace(Some((**summary).clone()));
            }
        }
    }

    fn ask(&mut self, state: &mut State, now: u64) {
        if let Some(missed) = &self.missed
            && self.asked != now
        {
            self.asked = now;
            state.miss(missed().unwrap_or(0));
        }
    }
}

impl Sink for Feed {
    fn line(&mut self, line: &Line) -> io::Result<()> {
        let display = Rc::clone(&self.display);
        self.line_to(&mut display.state(), line);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        let display = Rc::clone(&self.display);
        let mut state = display.state();
        let groups = self.fold.pause();
        self.take(&mut state, groups);
        let now = self.clock.now();
        state.tick(now);
        self.ask(&mut state, now);
        drop(state);
        display.refresh()
    }

    fn shown(&self) -> u64 {
        self.seq
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::{
        sink::samples::{attempt, loss, peer_reset, reset_of_attempt, start, summary},
        top::{model::Tally, state::Origin, testing::SECOND},
    };

    fn feed(clock: Clock, missed: Option<Missed>) -> (Rc<Display>, Feed) {
        let state = State::new(Origin::Live, false, true);
        let display = Rc::new(Display::new(state, None));
        (Rc::clone(&display), Feed::new(display, clock, missed))
    }

    fn give(feed: &mut Feed, lines: &[Line]) {
        lines.iter().try_for_each(|line| feed.line(line)).expect("memory");
    }

    #[test]
    fn an_attempt_and_its_reset_are_one_result() {
        let (display, mut feed) = feed(Clock::Recorded(0), None);
        give(&mut feed, &[start(), reset_of_attempt(), attempt(), peer_reset(), loss(), summary()]);
        feed.flush().expect("memory");
        let state = display.state();
        assert_eq!(state.shown().0.total(), Tally { failed: 2, worked: 0 });
        assert_eq!((state.losses.kernel, &state.reading), (12, &Reading::Done));
        assert!(state.start.is_some() && feed.summary().borrow().is_some());
    }

    #[test]
    fn a_recording_ends_with_the_second_of_its_latest_result() {
        let (display, mut feed) = feed(Clock::Recorded(0), None);
        give(&mut feed, &[peer_reset()]);
        feed.flush().expect("memory");
        let state = display.state();
        let (model, now) = state.shown();
        assert_eq!((now, model.failed.last(1, now)), (SECOND + 1, 1));
    }

    #[test]
    fn missed_firings_are_asked_for_once_a_second() {
        let asked = Rc::new(Cell::new(0));
        let counted = Rc::clone(&asked);
        let missed: Missed = Box::new(move || {
            counted.set(counted.get() + 1);
            Some(counted.get())
        });
        let (display, mut feed) = feed(Clock::Recorded(SECOND), Some(missed));
        feed.flush().and_then(|()| feed.flush()).expect("memory");
        assert_eq!((asked.get(), display.state().losses.missed), (1, 1));
    }
}
