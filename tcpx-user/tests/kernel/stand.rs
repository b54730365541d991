//! The backends under test. Each is attached once, on a thread of its own, and stays attached while its trials run,
//! several at a time: most of a scenario is waiting.

use std::{
    sync::{LazyLock, RwLock},
    thread,
};

use anyhow::{Context as _, Result};
use tcpx_user::{
    cli::{
        failure::Failure,
        request::{Flow, Hooks, ProbeSet},
    },
    event::Backend,
    kernel::{self, Asked, AttachError, BackendChoice, KernelFacts},
    lab::Scenario,
    run::{
        lab::{Played, Request, Tracer},
        live, session,
    },
};
use tokio::{
    runtime::Runtime,
    sync::{
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
        oneshot,
    },
};

/// Names of the backends, as `--backend` has them, in the order of the trials.
pub(crate) const BACKENDS: [(&str, Option<Backend>); 4] = [
    ("auto", None),
    ("tracepoint", Some(Backend::Tracepoint)),
    ("fentry", Some(Backend::Fentry)),
    ("kprobe", Some(Backend::Kprobe)),
];

/// Attaches what `asked` asks for, by this backend or by whichever works, for a trial of its own; or says why this kernel has
/// nothing of the backend.
pub(crate) fn attach_alone(
    facts: &KernelFacts,
    backend: &str,
    asked: Asked,
) -> Result<Result<kernel::attach::Attached, String>> {
    let only = BACKENDS.iter().find(|(name, _)| *name == backend).and_then(|(_, backend)| *backend);
    let backend = only.map_or(BackendChoice::Auto, BackendChoice::Only);
    match kernel::attach(facts, Asked { backend, command: false, ..asked }) {
        Err(AttachError::Nothing(why)) if only.is_some() => Ok(Err(why)),
        attached => Ok(Ok(attached?)),
    }
}

/// What came of attaching: something to play on, or why this kernel has none of that backend's hooks.
type Attached = Result<Tracer<kernel::Live>, String>;

/// Where a scenario that is played will be found, or why there is nothing to play it on.
type Playing = Result<oneshot::Receiver<Played>, String>;

/// What a trial asks of the stand.
enum Ask {
    Play {
        backend: &'static str,
        scenario: &'static Scenario,
        answer: oneshot::Sender<Playing>,
    },
    /// To detach everything.
    Rest(oneshot::Sender<()>),
}

/// A trial that needs the machine for itself holds it for writing, the others for reading.
static MACHINE: RwLock<()> = RwLock::new(());

static STAND: LazyLock<UnboundedSender<Ask>> = LazyLock::new(|| {
    let (ask, asked) = unbounded_channel();
    thread::spawn(move || Stand::run(asked));
    ask
});

/// Plays a scenario on a backend; `Err` inside says why this kernel has nothing of it.
pub(crate) fn play(backend: &'static str, scenario: &'static Scenario) -> Result<Result<Played, String>> {
    if scenario.machine_wide || scenario.timely {
        let _alone = MACHINE.write();
        return ask_for(backend, scenario);
    }
    let _beside_others = MACHINE.read();
    ask_for(backend, scenario)
}

/// Runs a trial with nothing else attached and nothing else going on.
pub(crate) fn alone<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    let _alone = MACHINE.write();
    let (done, rests) = oneshot::channel();
    STAND.send(Ask::Rest(done)).ok().context("the stand is gone")?;
    rests.blocking_recv().context("the stand is gone")?;
    body()
}

fn ask_for(backend: &'static str, scenario: &'static Scenario) -> Result<Result<Played, String>> {
    let (answer, playing) = oneshot::channel();
    STAND.send(Ask::Play { backend, scenario, answer }).ok().context("the stand is gone")?;
    match playing.blocking_recv().context("nothing could be attached")? {
        Ok(played) => Ok(Ok(played.blocking_recv().context("the trace broke off")?)),
        Err(why) => Ok(Err(why)),
    }
}

/// What is shared by all trials.
struct Stand {
    runtime: Runtime,
    facts: KernelFacts,
    asked: UnboundedReceiver<Ask>,
}

impl Stand {
    /// Until the process ends. What goes wrong ends the thread, and each trial that asks says that the stand is gone.
    fn run(asked: UnboundedReceiver<Ask>) {
        let stand = session::runtime().and_then(|runtime| Ok((runtime, live::facts()?)));
        match stand {
            Ok((runtime, facts)) => Self { runtime, facts, asked }.serve(),
            Err(failure) => eprintln!("stand: {failure}"),
        }
    }

    fn serve(mut self) {
        let mut next = self.asked.blocking_recv();
        while let Some(ask) = next {
            next = match ask {
                Ask::Rest(done) => {
                    // Whoever asked may be gone.
                    let _ = done.send(());
                    self.asked.blocking_recv()
                }
                Ask::Play { backend, .. } => match attach(&self.facts, backend) {
                    Ok(mut attached) => self.serve_on(&mut attached, backend, ask),
                    Err(error) => return eprintln!("stand: attaching {backend}: {error:#}"),
                },
            };
        }
    }

    /// Serves one backend until another is asked for, or none.
    fn serve_on(&mut self, attached: &mut Attached, backend: &'static str, first: Ask) -> Option<Ask> {
        let (give, mut requests) = unbounded_channel();
        let why = attached.as_ref().err().cloned();
        let asked = &mut self.asked;
        let feed = async move {
            let mut next = Some(first);
            while let Some(Ask::Play { backend: wanted, scenario, answer }) = next {
                if wanted != backend {
                    return Some(Ask::Play { backend: wanted, scenario, answer });
                }
                let playing = why.clone().map_or_else(|| Ok(request(&give, scenario)), Err);
                // A trial that is gone waits for nothing.
                let _ = answer.send(playing);
                next = asked.recv().await;
            }
            next
        };
        self.runtime.block_on(async {
            let Ok(tracer) = attached else { return feed.await };
            let (next, served) = tokio::join!(feed, tracer.serve(&mut requests));
            if let Err(failure) = served {
                eprintln!("stand: {failure}");
            }
            next
        })
    }
}

fn request(give: &UnboundedSender<Request>, scenario: &'static Scenario) -> oneshot::Receiver<Played> {
    let (answer, played) = oneshot::channel();
    // If the tracer is gone, so is the sender of the answer, which is how the trial learns of it.
    let _ = give.send(Request { scenario, answer });
    played
}

fn attach(facts: &KernelFacts, name: &str) -> Result<Attached> {
    let backend = BACKENDS.iter().find(|(known, _)| *known == name).and_then(|(_, backend)| *backend);
    let hooks =
        Hooks { backend, probes: ProbeSet::Lookup, stacks: false, bpf_log: false, flow: Flow::DEFAULT };
    match live::attach_to(facts, &hooks, false, None) {
        Ok(live) => Ok(Ok(Tracer::new(live, &hooks))),
        Err(Failure::Machine { what, .. }) if backend.is_some() => Ok(Err(what)),
        Err(failure) => Err(failure.into()),
    }
}
