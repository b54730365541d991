//! Every trial there is.

use std::fs;

use anyhow::{Context, Result, bail, ensure};
use libtest_mimic::Trial;
use tcpx_user::{
    lab::{self, Scenario},
    run::lab::Played,
};

use crate::{
    cells::{self, Release},
    check, data, losses, mixed, recording,
    report::{Outcome, trial},
    segments,
    stand::{self, BACKENDS},
    thousand,
};

/// The kernel release that `cargo xtask vm` booted; absent outside a guest.
pub(crate) const EXPECTED_RELEASE: &str = "TCPX_GUEST_RELEASE";

/// All trials, the same on every kernel: what a kernel cannot do is skipped by the trial itself, with a reason.
pub(crate) fn all() -> Vec<Trial> {
    let first = [
        trial("auto/kernel-facts", kernel_facts),
        trial("auto/check", || stand::alone(check::tells_what_attaches)),
        trial("auto/typed-programs", || stand::alone(check::takes_typed_programs)),
        trial("auto/thousand-connections", || stand::alone(|| thousand::trace("auto"))),
        trial("auto/recording", || stand::alone(recording::is_replayed_to_the_same_lines)),
        trial("auto/two-hundred-segments", || segments::ipv4()),
        trial("auto/two-hundred-segments/ipv6", || segments::ipv6()),
        trial("auto/mixed-traffic", || stand::alone(mixed::run)),
    ];
    let solved = trial("auto/docs-labs/task", a_task_is_solved_by_what_the_kernel_did);
    let played = BACKENDS.iter().flat_map(|&(backend, _)| {
        let one = move |scenario: &'static Scenario| {
            trial(format!("{backend}/{}", scenario.name), move || perform(backend, scenario))
        };
        lab::scenarios().map(one)
    });
    let counted = BACKENDS.iter().flat_map(|&(backend, _)| {
        [
            trial(format!("{backend}/losses-in-a-tiny-ring"), move || {
                stand::alone(|| losses::tiny_ring(backend))
            }),
            trial(format!("{backend}/losses-above-the-limit"), move || {
                stand::alone(|| losses::above_the_limit(backend))
            }),
            trial(format!("{backend}/losses-by-default"), move || stand::alone(|| losses::nothing(backend))),
            trial(format!("{backend}/start-under-load"), move || {
                stand::alone(|| losses::start_under_load(backend))
            }),
            trial(format!("{backend}/data-segments"), move || stand::alone(|| data::segments(backend))),
        ]
    });
    first.into_iter().chain(counted).chain(played).chain(examples()).chain([solved]).collect()
}

/// The files of docs/labs come to the verdict that they expect, which is that of the built-in scenario.
fn examples() -> impl Iterator<Item = Trial> {
    let all = BACKENDS.iter().flat_map(|&(backend, _)| lab::EXAMPLES.iter().map(move |&one| (backend, one)));
    all.map(|(backend, (name, text))| {
        trial(format!("{backend}/docs-labs/{name}"), move || {
            let file = lab::File::parse(name, text).context("reading an example")?;
            perform(backend, Box::leak(Box::new(file)).scenario(name))
        })
    })
}

/// The file that asks for it does not do it; with the missing call it does.
fn a_task_is_solved_by_what_the_kernel_did() -> Result<Outcome> {
    let name = "bound-not-listening.toml";
    let text = lab::EXAMPLES.iter().find(|(known, _)| *known == name).context("an example")?.1;
    let task = &lab::File::parse(name, text)?.task[0];
    let listen = "[[setup]]\nwho = \"python3\"\ncall = \"listen\"\n\n[[step]]";
    let solution = text.replace("[[step]]", listen).replace("returns = \"ECONNREFUSED\"", "");
    for (text, said) in [(text, Some("got bound-not-listening")), (&solution, None)] {
        let scenario = Box::leak(Box::new(lab::File::parse(name, text)?)).scenario(name);
        let played = match stand::play("auto", scenario)? {
            Ok(played) => played,
            Err(why) => return Ok(Outcome::Skipped(why)),
        };
        let found = played.unsolved(task);
        let as_it_should = said.map_or(found.is_empty(), |said| found.iter().any(|text| text.contains(said)));
        ensure!(as_it_should, "{found:?}\n{}", record(&played));
    }
    Ok(Outcome::Passed)
}

/// The guest runs the kernel that was asked for, and its BTF, on which everything else stands, can be read.
fn kernel_facts() -> Result<Outcome> {
    let release = release();
    if let Ok(expected) = std::env::var(EXPECTED_RELEASE) {
        ensure!(release == expected, "this kernel is {release}, expected {expected}");
    }
    let btf = fs::read("/sys/kernel/btf/vmlinux").context("reading the kernel's BTF")?;
    ensure!(btf.starts_with(&[0x9f, 0xeb]), "the kernel's BTF starts with {:x?}", &btf[..2]);
    Ok(Outcome::Passed)
}

/// One scenario on one backend: the whole record must be as it was provoked.
fn perform(backend: &'static str, scenario: &'static Scenario) -> Result<Outcome> {
    let begun = tcpx_user::enrich::boot_now();
    let played = match stand::play(backend, scenario)? {
        Ok(played) => played,
        Err(why) => return Ok(Outcome::Skipped(why)),
    };
    match &played.ending {
        Err(error) if error.is_unavailable() => return Ok(Outcome::Skipped(error.to_string())),
        Err(error) => bail!("the scenario failed: {error}\n{}", record(&played)),
        Ok(()) => {}
    }
    let release = numbers(&release()).context("the kernel's release has no numbers")?;
    let missing = cells::missing(backend, release, &played.abilities);
    ensure!(missing.is_empty(), "{backend} should see {} here", missing.join(", "));
    let found = played.mismatches();
    if let Some(why) = played.hidden().filter(|_| scenario.file.is_some() && found.is_empty()) {
        return Ok(Outcome::Skipped(why.to_owned()));
    }
    if found.is_empty() {
        return Ok(Outcome::Passed);
    }
    let wrong = found.join("\n");
    let seen = played.events.iter().any(|event| event.task.tgid == 1);
    Outcome::passed_over(played.summary.missed, begun, seen, &wrong)
        .with_context(|| format!("{wrong}\n{}", record(&played)))
}

/// All that was said and done, for whoever has to find out why.
fn record(played: &Played) -> String {
    let lines = played.lines.iter().map(|line| serde_json::to_string(line).unwrap_or_default());
    let script = played.script.iter().map(ToString::to_string);
    let missed = played.summary.missed.map(|missed| format!("{missed} firings of programs were passed over"));
    let events = played.events.iter().map(|event| format!("{event:?}"));
    script.chain(lines).chain(events).chain(missed).collect::<Vec<_>>().join("\n")
}

fn release() -> String {
    rustix::system::uname().release().to_string_lossy().into_owned()
}

fn numbers(release: &str) -> Option<Release> {
    let mut numbers = release.split(['.', '-', '+']).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}
