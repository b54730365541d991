//! `tcpx daemon` on this kernel. These trials load eBPF programs, so they need a user who may; elsewhere they say why not.
//!
//! Each has a daemon of its own, with its own socket and directory, and asks it as users do. Daemons see the whole host: a trial looks only for what
//! it provoked itself, by a port of its own.

#[path = "../report/browser.rs"]
mod browser;
mod collector;
mod contained;
mod daemon;
mod http;
#[path = "../soak/ledger.rs"]
#[allow(dead_code, reason = "the soak uses the rest")]
mod ledger;
mod lines;
#[path = "../soak/load.rs"]
#[allow(dead_code, reason = "the soak uses the rest")]
mod load;
mod package;
mod page;
mod privileges;
mod provoke;
mod service;
#[path = "../soak/tail.rs"]
mod tail;
mod takeover;
mod units;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use tcpx_user::cli::surroundings::Surroundings;

const TRIALS: &[(&str, fn())] = &[
    ("a refused connection is told on the socket with its verdict", lines::refused),
    ("a reload under load loses nothing, and file and memory follow it", lines::reload),
    ("a configuration that is wrong changes nothing when it is loaded again", lines::wrong_reload),
    ("SIGTERM ends it within a second with the last lines and the summary", lines::terminated),
    ("after SIGKILL nothing stays, and the next one starts", lines::killed),
    ("a full disk is told, and all else goes on", lines::full_disk),
    ("a storm does not hold up its end", lines::ended_in_a_storm),
    ("recordings rotate, go on after a restart and stay below their size", lines::recordings),
    ("a slow reader is let go and counted while another gets all", http::slow_reader),
    ("a stalled reader does not make memory grow", http::stalled_reader),
    ("pages say what they do not know", http::pages),
    ("what another site's page asks for is refused", http::door),
    ("no capability is left, and the helper has four", privileges::dropped),
    ("as another user it looks up what it could not read itself", privileges::unprivileged_user),
    ("files elsewhere cannot be opened any more", privileges::files),
    ("a helper that is killed is told, and the daemon goes on", privileges::helper_killed),
    ("a helper that hangs holds nothing up", privileges::helper_stopped),
    ("a collector is found by name without privileges", collector::found_by_name),
    ("another namespace has its name", privileges::other_namespace),
    ("a helper that systemd starts is followed by another", privileges::helper_of_systemd),
    ("systemd gives the unit a score of 2.0 or better", units::security),
    ("systemd finds nothing wrong with the units", units::verify),
    ("the units start what there is", units::started),
    ("it runs where there is no other file", contained::alone),
    ("as a container it is healthy with the capabilities that the pod has", contained::confined),
    ("a namespace is its container's", contained::namespace),
    ("units, pod and page name the same capabilities", contained::rights),
    ("the package for Debian has all units and completions", package::contents),
    ("what dpkg and systemd-sysusers run for the package is right", package::scripts),
    ("daemons that take over from each other under load tell each connection once", takeover::once),
    ("a daemon that takes over from nobody just starts", takeover::nobody),
    ("who is run by a service manager hands over to none but it", takeover::supervised),
    ("a reload after an upgrade is a takeover, and otherwise a reload", takeover::reload),
    ("systemd is told what it wants to know", service::notify),
    ("a daemon on the same socket is not started twice", service::twice),
    ("status says in words how it is, and that nobody is there", service::status),
];

/// Those that want a browser, too.
const PAGES: &[(&str, fn())] = &[
    ("the page shows what comes, and its way through the kernel", page::live),
    ("a page that was let go comes back and says what it missed", page::let_go),
    ("a page goes on with the next daemon", page::next_daemon),
];

fn main() {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some(contained::ARGUMENT) {
        contained::main(arguments);
    }
    let obstacle = Surroundings::read().check().err().map(|failure| failure.to_string());
    let no_browser =
        || browser::find().is_none().then(|| "no Chromium here; cargo xtask setup installs it".to_owned());
    let no_browser = obstacle.clone().or_else(no_browser);
    let trial = |&(name, body): &(&'static str, fn()), obstacle: &Option<String>| {
        let obstacle = obstacle.clone();
        Trial::ignorable_test(name, move || {
            if let Some(why) = obstacle {
                return Ok(Completion::ignored_with(why));
            }
            body();
            Ok::<_, Failed>(Completion::Completed)
        })
    };
    let plain = TRIALS.iter().map(|one| trial(one, &obstacle));
    let trials = plain.chain(PAGES.iter().map(|one| trial(one, &no_browser)));
    let mut arguments = Arguments::from_args();
    arguments.test_threads = arguments.test_threads.or(Some(1));
    libtest_mimic::run(&arguments, trials.collect()).exit();
}
