//! Guests, some at a time, and what they tell.

use std::{
    collections::BTreeMap,
    io::{self, Write as _},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use tcpx_guest::kernels::Kernel;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::{
    cli::failure::Failure,
    guest::{self, File, Heard, Host, Job, Order},
    run::{session::runtime, stop::Signals},
    sink::text::Look,
};

/// For boot and set-up under emulation, on a machine that does other things too.
const FOR_BOOT: Duration = Duration::from_mins(4);
/// For each scenario.
const FOR_EACH: Duration = Duration::from_secs(30);

/// What the command is about.
pub struct Given {
    /// Files of the reader's.
    pub files: Vec<File>,
    /// How many scenarios are played.
    pub scenarios: u32,
}

/// The guests of one command.
pub(super) struct Guests<'a> {
    pub(super) host: Host,
    pub(super) kernels: Vec<Kernel>,
    pub(super) given: &'a Given,
    pub(super) arguments: Vec<String>,
    pub(super) look: Look,
    pub(super) shares: bool,
}

/// What comes of one.
pub(super) enum Told {
    Out(Vec<u8>),
    Err(Vec<u8>),
    Page(Vec<u8>),
    /// The last thing.
    End(Result<i32, String>),
}

type Hear<'a> = dyn FnMut(usize, Told) -> Result<(), Failure> + 'a;

impl Guests<'_> {
    /// Runs all, and ends them when a signal comes or what they tell cannot be taken.
    pub(super) fn run(&self, hear: &mut Hear<'_>) -> Result<(), Failure> {
        let (stop, next) = (AtomicBool::new(false), AtomicUsize::new(0));
        let (say, told) = channel(64);
        let job = self.job()?;
        let runtime = runtime()?;
        thread::scope(|scope| {
            for _ in 0..guest::at_once(self.host, self.kernels.len()) {
                let say = say.clone();
                let (stop, next, job) = (&stop, &next, &job);
                scope.spawn(move || {
                    while let Some(at) =
                        taken(next, self.kernels.len()).filter(|_| !stop.load(Ordering::Relaxed))
                    {
                        let end = self.one(at, job, stop, &say);
                        // Whoever listens may have gone.
                        let _ = say.blocking_send((at, Told::End(end)));
                    }
                });
            }
            drop(say);
            runtime.block_on(listen(told, &stop, hear))
        })
    }

    fn job(&self) -> Result<Job, Failure> {
        let directory = std::env::current_dir().map_err(Failure::io("asking for the current directory"))?;
        let taken = ["PATH", "HOME", "USER", "LOGNAME", "SUDO_USER", "SUDO_UID", "SUDO_GID", "PYTHONPATH"];
        let own = taken.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)));
        let mut environment: BTreeMap<_, _> = own.collect();
        if !self.shares {
            // What the lab calls lies there.
            environment.insert("PATH".to_owned(), "/usr/sbin:/usr/bin:/sbin:/bin".to_owned());
        }
        environment.insert("COLUMNS".to_owned(), self.look.width.to_string());
        let locale = if self.look.unicode { "C.UTF-8" } else { "C" };
        environment.insert("LC_ALL".to_owned(), locale.to_owned());
        environment.insert("TERM".to_owned(), "dumb".to_owned());
        let (arguments, shares) = (self.arguments.clone(), self.shares);
        Ok(Job { arguments, directory: directory.display().to_string(), environment, shares })
    }

    /// One guest from its start to its end, on the calling thread.
    fn one(
        &self,
        at: usize,
        job: &Job,
        stop: &AtomicBool,
        say: &Sender<(usize, Told)>,
    ) -> Result<i32, String> {
        let kernel = &self.kernels[at];
        let began = Instant::now();
        if kernel.load_order(false).is_ok_and(|order| order.is_empty()) {
            self.note(
                kernel,
                "no modules of it are beside it or in /lib/modules: labs have what is built in",
            );
        }
        let files = guest::files(kernel, job, &self.given.files).map_err(|error| format!("{error:#}"))?;
        let limit = FOR_BOOT + FOR_EACH * self.given.scenarios;
        let order = Order { kernel, files: &files, shares: self.shares, kvm: self.host.kvm, limit, stop };
        let code = guest::run(&order, &mut |heard| {
            let told = match heard {
                Heard::Out(bytes) => Told::Out(bytes),
                Heard::Err(bytes) => Told::Err(bytes),
                Heard::Page(bytes) => Told::Page(bytes),
                other => return self.note(kernel, &progress(&other, kernel)),
            };
            // Whoever listens may have gone: then `stop` is set.
            let _ = say.blocking_send((at, told));
        });
        let code = code.map_err(|error| error.to_string())?;
        self.note(kernel, &format!("done after {:.1} s", began.elapsed().as_secs_f64()));
        Ok(code)
    }

    /// How many labs have been played, now and then: where kernels are compared, nothing else comes before the end.
    pub(super) fn played(&self, at: usize, before: usize, now: usize) {
        if let Some(text) = played(before, now, self.given.scenarios) {
            self.note(&self.kernels[at], &text);
        }
    }

    /// Progress, for whoever watches.
    fn note(&self, kernel: &Kernel, text: &str) {
        let _ = writeln!(io::stderr(), "{}: {}", kernel.name, self.look.lang.kernels(text));
    }
}

fn taken(next: &AtomicUsize, all: usize) -> Option<usize> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    (at < all).then_some(at)
}

/// Said whenever so many more are played.
const EVERY: usize = 25;

fn played(before: usize, now: usize, all: u32) -> Option<String> {
    let last = usize::try_from(all).is_ok_and(|all| now >= all);
    (before / EVERY < now / EVERY && !last).then(|| format!("{now} of {all} labs played"))
}

fn progress(heard: &Heard, kernel: &Kernel) -> String {
    let release = &kernel.release;
    match heard {
        Heard::Booting(true) => format!("booting Linux {release}"),
        Heard::Booting(false) => {
            format!("booting Linux {release}, emulated: without /dev/kvm it takes some seconds longer")
        }
        Heard::NoKvm => "it does not boot with /dev/kvm".to_owned(),
        _ => "lab runs".to_owned(),
    }
}

/// Until all guests have ended.
async fn listen(
    mut told: Receiver<(usize, Told)>,
    stop: &AtomicBool,
    hear: &mut Hear<'_>,
) -> Result<(), Failure> {
    let mut signals = Signals::take().map_err(Failure::io("taking over signals"))?;
    let mut ended = Ok(());
    loop {
        tokio::select! {
            one = told.recv() => match one {
                // What comes after the end of interest is taken, so that no guest waits for it.
                Some((at, one)) if ended.is_ok() => ended = hear(at, one),
                Some(_) => {}
                None => return ended,
            },
            _ = signals.next() => {
                ended = ended.and(Err(Failure::Other(anyhow::anyhow!("stopped; the guests have ended"))));
            }
        }
        if ended.is_err() {
            stop.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_labs_are_counted_now_and_then_and_one_is_not() {
        assert_eq!(played(0, 1, 1), None);
        assert_eq!(played(24, 25, 25), None);
        assert_eq!(played(23, 24, 270), None);
        assert_eq!(played(24, 26, 270).as_deref(), Some("26 of 270 labs played"));
        assert_eq!(played(26, 27, 270), None);
    }
}
