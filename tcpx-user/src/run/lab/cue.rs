//! A scenario on a thread of its own, and what it says to the tracer.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
};

use tokio::sync::mpsc::UnboundedSender;

use crate::{
    cli::failure::Failure,
    lab::{LabError, Namespace, Scenario, Stage},
};

/// What a scenario's thread says.
pub(super) enum Cue {
    /// Its set-up is made, in these namespaces; it waits for an answer.
    Ready(BTreeSet<u32>, mpsc::Sender<()>),
    /// It has come to its end. The stage is still up, unless the script panicked.
    Done(Option<Box<Stage>>, Result<(), LabError>),
}

/// Which of the running scenarios says it.
pub(super) struct Cued {
    pub(super) id: u64,
    pub(super) cue: Cue,
}

/// Says [`Cue::Done`] in any case.
struct Voice {
    id: u64,
    name: &'static str,
    say: UnboundedSender<Cued>,
    over: bool,
}

impl Voice {
    /// If nobody listens any more, tracing has failed or was stopped, and dropping the stage is all that is left.
    fn done(mut self, stage: Stage, ending: Result<(), LabError>) {
        self.over = true;
        let _ = self.say.send(Cued { id: self.id, cue: Cue::Done(Some(Box::new(stage)), ending) });
    }
}

impl Drop for Voice {
    fn drop(&mut self) {
        if !self.over {
            let gone = LabError::Gone { who: format!("the scenario {}", self.name) };
            let _ = self.say.send(Cued { id: self.id, cue: Cue::Done(None, Err(gone)) });
        }
    }
}

/// Starts a scenario, whose script tells of the socket tables if that is wanted; gives the number under which it speaks.
pub(super) fn perform(
    scenario: &'static Scenario,
    tables: bool,
    say: UnboundedSender<Cued>,
) -> Result<u64, Failure> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    let ready = say.clone();
    let voice = Voice { id, name: scenario.name, say, over: false };
    let stage = if tables { scenario.stage().watching_tables() } else { scenario.stage() };
    let mut stage = stage.on_ready(move |namespaces| await_tracer(id, namespaces, &ready));
    let thread = thread::Builder::new().name("scenario".to_owned());
    let spawned = thread.spawn(move || {
        let ending = scenario.play(&mut stage);
        voice.done(stage, ending);
    });
    spawned.map_err(Failure::io("starting a thread for the scenario"))?;
    Ok(id)
}

fn await_tracer(id: u64, namespaces: &[Arc<Namespace>], say: &UnboundedSender<Cued>) -> Result<(), LabError> {
    // Numbers of namespaces have 32 bits (struct ns_common).
    let inums = namespaces.iter().map(|namespace| namespace.inum() as u32).collect();
    let (go, gone) = mpsc::channel();
    let stopped = || LabError::Gone { who: "the tracer".to_owned() };
    say.send(Cued { id, cue: Cue::Ready(inums, go) }).map_err(|_| stopped())?;
    gone.recv().map_err(|_| stopped())
}
