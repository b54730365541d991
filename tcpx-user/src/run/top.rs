//! `tcpx top`: a session whose sink is a view, and whose work is a user who looks at it.

use std::{
    cell::RefCell,
    io::{self, Write as _},
    path::PathBuf,
    rc::Rc,
    time::Duration,
};

use tokio::time::interval;

use super::{
    commands::{Shown, Tracing, audited, scope},
    live,
    replay::{self, Reading},
    select::Selection,
    session::{Session, runtime},
    stop::{Signals, Stop},
    work::Work,
};
use crate::{
    cli::{
        color::Environment,
        failure::Failure,
        request::{Limit, Output, ScopeRequest, Top},
        surroundings::Surroundings,
    },
    line::{Line, Summary},
    sink::{open::notes_look, text::losses},
    top::{
        display::Display,
        feed::{Clock, Feed, Missed},
        keys::Keys,
        screen::Screen,
        state::{Origin, Reading as Read, State},
        view::Theme,
    },
};

/// How often a view is drawn that only keys change.
const FRAME: Duration = Duration::from_millis(100);
/// What a view goes to, for messages.
const NAME: &str = "the terminal";

/// Carries out `tcpx top`.
///
/// # Errors
/// When it cannot be done; the terminal is as it was.
pub fn top(request: &Top) -> Result<u8, Failure> {
    let environment = Environment::of(&io::stdout());
    fits(environment)?;
    if request.files.is_empty() { live(request, environment) } else { recorded(request, environment) }
}

/// A view wants a terminal, in which a cursor can be moved.
fn fits(environment: Environment) -> Result<(), Failure> {
    let machine =
        |what: &str, advice: &str| Err(Failure::Machine { what: what.to_owned(), advice: advice.to_owned() });
    if !environment.terminal {
        return machine(
            "top: stdout is not a terminal, and a full-screen view needs one",
            "\"tcpx trace\" or \"tcpx replay FILE\" writes to files and pipes",
        );
    }
    if environment.dumb {
        return machine(
            "top: TERM is dumb or not set, so this terminal cannot show a full-screen view",
            "set TERM to what it is, such as xterm or linux, or use \"tcpx trace\"",
        );
    }
    Ok(())
}

fn live(request: &Top, environment: Environment) -> Result<u8, Failure> {
    Surroundings::read().check()?;
    let (audited, scope) = (audited(&request.scope)?, scope(&request.scope)?);
    let attached = live::attach(&request.hooks, false, None)?;
    let missed = since_now(Rc::clone(&attached.missed));
    let view = View::open(request, environment, Origin::Live, Clock::live(), Some(missed))?;
    let View { feed, display, summary } = view;
    let shown = Shown { sink: Box::new(feed), name: NAME.to_owned() };
    let tracing = Tracing { live: attached, shown, hooks: &request.hooks };
    let ended = tracing.run(Limit::default(), &request.filter, audited, |_| {
        let keys = Rc::new(Keys::new(Rc::clone(&display)));
        Ok((Watching { keys, display: Rc::clone(&display), reading: None }, scope))
    });
    display.leave();
    say_losses(&summary, &request.output)?;
    Ok(ended?.exit(false))
}

fn recorded(request: &Top, environment: Environment) -> Result<u8, Failure> {
    let (source, engine, end) = replay::open(&request.files)?;
    let first = Line::Start(source.facts().start().into());
    let scope = replay::scope(&source, request.everything);
    let origin = Origin::Recording(name(&request.files));
    let View { feed, display, summary } = View::open(request, environment, origin, Clock::Recorded(0), None)?;
    let ended = runtime()?.block_on(async {
        let keys = Rc::new(Keys::new(Rc::clone(&display)));
        let reading = Some(Reading(Rc::clone(&end)));
        let session = Session {
            source,
            engine,
            work: Watching { keys: Rc::clone(&keys), display: Rc::clone(&display), reading },
            selection: Selection::new(request.filter.clone(), scope),
            sink: Box::new(feed),
            limit: Limit::default(),
            name: NAME.to_owned(),
        };
        let signals = || Signals::take().map_err(Failure::io("taking over signals"));
        let mut later = signals()?;
        let ended = session.run(first, signals()?).await?;
        let broken = end.failure();
        if let Some(failure) = &broken {
            display.state().end(Read::Broken(failure.to_string()));
        }
        stand(&keys, &display, &mut later).await?;
        broken.map_or(Ok(ended), Err)
    });
    display.leave();
    say_losses(&summary, &request.output)?;
    Ok(ended?.exit(false))
}

/// All was read: the view stands until its user leaves or a signal comes.
async fn stand(keys: &Keys, display: &Display, signals: &mut Signals) -> Result<(), Failure> {
    let mut frames = interval(FRAME);
    while !display.is_left() {
        tokio::select! {
            () = keys.until_left() => {}
            _ = signals.next() => display.leave(),
            _ = frames.tick() => display.refresh().map_err(Failure::writing(NAME))?,
        }
    }
    Ok(())
}

/// The parts of a view that is on the terminal.
struct View {
    feed: Feed,
    display: Rc<Display>,
    summary: Rc<RefCell<Option<Summary>>>,
}

impl View {
    /// Takes over the terminal.
    fn open(
        request: &Top,
        environment: Environment,
        origin: Origin,
        clock: Clock,
        missed: Option<Missed>,
    ) -> Result<Self, Failure> {
        let mut state = State::new(origin, request.output.all, environment.utf8);
        state.only = only(request);
        let theme = Theme { color: environment.coloured(request.output.color) };
        let screen = Screen::enter(theme).map_err(Failure::io("taking over the terminal"))?;
        let display = Rc::new(Display::new(state, Some(screen)));
        let feed = Feed::new(Rc::clone(&display), clock, missed);
        let summary = feed.summary();
        Ok(Self { feed, display, summary })
    }
}

/// A user who looks at a view: the work ends when the user leaves it, or when all of the recording was read.
struct Watching {
    keys: Rc<Keys>,
    display: Rc<Display>,
    reading: Option<Reading>,
}

impl Work for Watching {
    async fn ended(&mut self) {
        tokio::select! {
            () = self.keys.until_left() => {}
            () = self.reading.ended() => {}
        }
    }

    /// A signal came: the terminal is given back at once, what is still on its way is counted after that.
    fn stop(&mut self, _: Stop) {
        self.display.leave();
    }

    fn is_running(&self) -> bool {
        false
    }

    fn status(&self) -> Option<u8> {
        None
    }
}

/// What the command line lets through, if not all.
fn only(request: &Top) -> Option<String> {
    let inside = match &request.scope {
        ScopeRequest::NamespaceOf(pid) => Some(format!("the network namespace of process {pid}")),
        ScopeRequest::Host | ScopeRequest::Command(_) => None,
    };
    let filtered = (!request.filter.is_empty()).then(|| "what the command's filters let through".to_owned());
    let parts: Vec<_> = inside.into_iter().chain(filtered).collect();
    (!parts.is_empty()).then(|| parts.join(", and of it "))
}

/// The file, or the first of several.
fn name(files: &[PathBuf]) -> String {
    let first = files.first().and_then(|file| file.file_name());
    let first = first.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    match files.len() {
        0 | 1 => first,
        many => format!("{first} and {} more", many - 1),
    }
}

fn since_now(missed: live::Missed) -> Missed {
    let before = missed();
    Box::new(move || missed().zip(before).map(|(now, before)| now.saturating_sub(before)))
}

/// What was lost stays on the terminal when the view has gone.
fn say_losses(summary: &RefCell<Option<Summary>>, output: &Output) -> Result<(), Failure> {
    let text = summary.borrow().as_ref().map(|summary| losses(summary, notes_look(output)));
    let text = text.unwrap_or_default();
    io::stderr().write_all(text.as_bytes()).map_err(Failure::writing("what was lost"))
}
