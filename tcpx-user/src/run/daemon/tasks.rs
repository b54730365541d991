//! What a daemon does beside its session, on the same thread, now and then: self-probes, reloads, what it tells systemd.

use std::{cell::RefCell, io, os::unix::net::UnixListener, rc::Rc, time::Duration};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};

use super::{recording, reload::Reload};
use crate::{
    cli::failure::Failure,
    daemon::{
        health::Health,
        helper::Remote,
        log::say,
        notify,
        own::Own,
        self_probe::SelfProbe,
        takeover::{Giving, Probing, Taken},
    },
    record::Recorder,
    run::live::Missed,
};

/// How often what is not told by lines is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// All that they need.
pub(super) struct Tasks {
    pub(super) hangups: Signal,
    pub(super) helper: Rc<Remote>,
    /// None once another daemon has taken over.
    pub(super) reload: Rc<RefCell<Option<Reload>>>,
    pub(super) self_probe: Option<SelfProbe>,
    pub(super) recorder: Option<Recorder>,
    pub(super) health: Health,
    pub(super) own: Own,
    pub(super) missed: Missed,
    /// From whom this one has taken over.
    pub(super) taken: Option<Taken>,
    /// Where another one may ask to take over.
    pub(super) door: Option<UnixListener>,
    pub(super) giving: Rc<Giving>,
}

impl Tasks {
    /// Until it is dropped; or why that cannot be.
    pub(super) async fn run(self) -> Failure {
        let Self { mut hangups, helper, reload, self_probe, recorder, health, own, missed, .. } = self;
        let every = std::cell::Cell::new(reload.borrow().as_ref().map_or(LOOK, every));
        let probing = probe(self_probe.as_ref(), &own, &health, &every, &self.giving.probing);
        let looking = look(&helper, recorder.as_ref(), &health, &missed);
        let reloading = async {
            while hangups.recv().await.is_some() {
                let Some(reload) = &mut *reload.borrow_mut() else { continue };
                notify::reloading();
                reload.reload();
                every.set(self::every(reload));
                notify::ready(&standing(&health));
            }
        };
        let taking = async {
            if let Some(taken) = self.taken {
                self.giving.inherited.follow(taken).await;
            }
            std::future::pending::<()>().await;
        };
        let giving = async {
            if let Some(door) = self.door {
                self.giving.run(door).await;
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = reloading => Failure::Unavailable("signals ended".to_owned()),
            result = ending() => Failure::io("taking over signals")(result),
            () = probing => Failure::Unavailable("self-probes ended".to_owned()),
            () = taking => Failure::Unavailable("taking over ended".to_owned()),
            () = giving => Failure::Unavailable("handing over ended".to_owned()),
            () = looking => Failure::Unavailable("looking ended".to_owned()),
        }
    }
}

/// As often as the configuration says, and as the watchdog needs.
fn every(reload: &Reload) -> Duration {
    let asked = reload.config().self_probe.interval.0;
    notify::watchdog().map_or(asked, |watchdog| asked.min(watchdog / 3))
}

/// READY is told when the first has gone the whole way, or could not: then the status says why.
async fn probe(
    probe: Option<&SelfProbe>,
    own: &Own,
    health: &Health,
    every: &std::cell::Cell<Duration>,
    probing: &Probing,
) {
    let Some(probe) = probe else {
        notify::ready(&standing(health));
        return std::future::pending().await;
    };
    let mut ready = false;
    let mut before = None;
    loop {
        let begun = Instant::now();
        let Some(busy) = probing.begin() else {
            sleep_until(begun + LOOK).await;
            continue;
        };
        if probe.once(own, health).await {
            notify::alive();
        }
        drop(busy);
        let trouble = health.state().self_probe.trouble.clone();
        if let Some(what) = trouble.as_ref().filter(|_| trouble != before) {
            say(&format!("self-probe: {what}"));
        }
        if !ready {
            notify::ready(&standing(health));
            ready = true;
        } else if trouble != before {
            notify::status(&standing(health));
        }
        before = trouble;
        sleep_until(begun + every.get()).await;
    }
}

async fn look(helper: &Remote, recorder: Option<&Recorder>, health: &Health, missed: &Missed) {
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let before = missed();
    loop {
        looks.tick().await;
        let standing = helper.standing();
        let state = &mut *health.state();
        state.helper = Some(standing);
        state.missed = missed().zip(before).map(|(now, before)| now.saturating_sub(before));
        if let Some(recorder) = recorder {
            let trouble = state.recording.take().and_then(|recording| recording.trouble);
            state.recording = Some(recording(recorder, trouble));
        }
    }
}

/// Tells systemd when the session begins to end.
async fn ending() -> io::Error {
    let signals = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    let (Ok(mut terminate), Ok(mut interrupt)) = signals else {
        return io::Error::other("the kernel refuses");
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    notify::stopping();
    std::future::pending().await
}

fn standing(health: &Health) -> String {
    let state = health.state();
    let hooks = state.start.as_ref().map_or(0, |start| start.hooks.len());
    let trouble = state.self_probe.trouble.as_ref();
    trouble.map_or_else(|| format!("{hooks} hooks attached"), |trouble| format!("self-probe: {trouble}"))
}
