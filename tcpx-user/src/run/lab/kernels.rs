//! `tcpx lab NAME --kernel A,B`: the lab in guests, one for each kernel, and what is not the same on all of them.

mod account;
mod cells;
mod common;
mod guests;
mod json;
mod merge;
mod rows;
mod told;

use std::io::{self, Write as _};

pub use guests::Given;

use super::walk::{Walked, Walker};
use crate::{
    cli::{
        args::Format,
        failure::Failure,
        request::{Kernels, Lab, Output, Tasks},
    },
    guest::{self, PAGE},
    run::{session::runtime, stop::Signals},
    sink::{open::Results, text::Look, whole::Whole},
    text::lang::Lang,
};
use account::Account;
use guests::{Guests, Told};
use tcpx_guest::kernels::Kernel;

/// What came of one guest.
struct Ran {
    kernel: Kernel,
    account: Account,
    page: Vec<u8>,
    /// The exit status of tcpx there, or why there is none.
    end: Result<i32, String>,
}

/// Fetches kernels, and says where they are.
///
/// # Errors
/// When one cannot be had.
pub fn fetch(names: &[String], output: &Output) -> Result<u8, Failure> {
    let results = Results::open(output)?;
    let fetched = guest::fetch(&guest::cache()?, names)?;
    let text = fetched.iter().map(|kernel| match output.format {
        Format::Json => {
            let data = serde_json::json!({ "name": kernel.name, "release": kernel.release, "folder": kernel.folder() });
            serde_json::json!({ "type": "kernel", "data": data }).to_string() + "\n"
        }
        Format::Text => format!("{}  Linux {}  {}\n", kernel.name, kernel.release, kernel.folder().display()),
    });
    results.write(&text.collect::<String>())?;
    Ok(0)
}

/// Plays in guests.
///
/// # Errors
/// When no guest can be started, or results cannot be written.
pub fn run(asked: &Lab, kernels: &Kernels, given: &Given) -> Result<u8, Failure> {
    let cache = guest::cache()?;
    let host = guest::Host::look()?;
    let chosen: Result<Vec<_>, _> = kernels.names.iter().map(|word| guest::choose(&cache, word)).collect();
    let chosen = chosen?;
    let shares = !asked.programs.is_empty();
    if let Some(kernel) = chosen.iter().find(|kernel| shares && !can_share(kernel)) {
        return Err(Failure::Unavailable(format!(
            "lab: --client and --server need the host's files in the guest, and Linux {} has no module for that (9p), as \
             kernels for clouds have none; \"tcpx lab --fetch-kernel\" gets kernels that do",
            kernel.release
        )));
    }
    let results = Results::open(&asked.output)?;
    let through = chosen.len() == 1 && is_plain(asked);
    let form = if through { Form::Through } else { Form::of(given.scenarios, asked) };
    let arguments = arguments(asked, kernels, results.look, form);
    let guests = Guests { host, kernels: chosen, given, arguments, look: results.look, shares };
    if through { as_it_comes(&guests, asked, results) } else { compared(&guests, asked, results) }
}

/// Without any module list it may be built in.
fn can_share(kernel: &Kernel) -> bool {
    kernel.shares() || kernel.load_order(true).is_ok_and(|order| order.is_empty())
}

/// What tcpx in the guest writes is what is to be shown.
fn is_plain(asked: &Lab) -> bool {
    let view = &asked.view;
    let text = asked.output.format == Format::Text && !view.is_walked();
    text || matches!(asked.tasks, Tasks::Check(_))
}

/// What tcpx in a guest is to write.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// What is to be shown.
    Through,
    /// Lines.
    Lines,
    /// Lines, and all else that may be shown of each lab.
    All,
}

impl Form {
    const fn of(scenarios: u32, asked: &Lab) -> Self {
        if scenarios == 1 || asked.view.is_walked() { Self::All } else { Self::Lines }
    }
}

fn arguments(asked: &Lab, kernels: &Kernels, look: Look, form: Form) -> Vec<String> {
    let mut words = vec!["lab".to_owned()];
    words.extend(kernels.options.iter().cloned());
    words.push(format!("--color={}", if look.color { "always" } else { "never" }));
    // Lines are compared in English; JSON is the same in every language.
    let lang = if asked.output.format == Format::Json || kernels.names.len() > 1 {
        Lang::English
    } else {
        look.lang
    };
    words.push(format!("--lang={}", lang.name()));
    if form == Form::All {
        words.push("--for-host".to_owned());
    }
    if form != Form::Through || asked.output.format == Format::Json {
        words.extend(["-o".to_owned(), "json".to_owned()]);
    }
    if asked.view.page.is_some() {
        words.extend(["-w".to_owned(), PAGE.to_owned()]);
    }
    words.push("--".to_owned());
    words.extend(asked.play.iter().cloned());
    words
}

/// One kernel: as if tcpx ran here.
fn as_it_comes(guests: &Guests<'_>, asked: &Lab, mut results: Results) -> Result<u8, Failure> {
    let (mut page, mut end) = (Vec::new(), Err("it was never started".to_owned()));
    guests.run(&mut |_, told| {
        match told {
            Told::Out(bytes) => {
                let written = results.out.write_all(&bytes).and_then(|()| results.out.flush());
                written.map_err(Failure::writing(results.name.as_str()))?;
            }
            // There is nobody to tell of a stderr that takes nothing.
            Told::Err(bytes) => drop(io::stderr().write_all(&bytes)),
            Told::Page(bytes) => page.extend(bytes),
            Told::End(code) => end = code,
        }
        Ok(())
    })?;
    write_page(asked, &page)?;
    match end {
        Ok(code) => Ok(u8::try_from(code).unwrap_or(1)),
        Err(why) => {
            Err(Failure::Other(anyhow::anyhow!("lab: the guest with {}: {why}", guests.kernels[0].name)))
        }
    }
}

/// What each tells is taken apart, and put together again.
fn compared(guests: &Guests<'_>, asked: &Lab, mut results: Results) -> Result<u8, Failure> {
    let never = || Err("it was never started".to_owned());
    let begin = |kernel: &Kernel| Ran {
        kernel: kernel.clone(),
        account: Account::default(),
        page: Vec::new(),
        end: never(),
    };
    let mut ran: Vec<Ran> = guests.kernels.iter().map(begin).collect();
    guests.run(&mut |at, told| {
        let one = &mut ran[at];
        match told {
            Told::Out(bytes) => {
                let before = one.account.labs.len();
                one.account.take(&bytes);
                guests.played(at, before, one.account.labs.len());
            }
            Told::Err(bytes) => say(&one.kernel.name, &bytes),
            Told::Page(bytes) => one.page.extend(bytes),
            Told::End(code) => one.end = code,
        }
        Ok(())
    })?;
    for one in &mut ran {
        one.account.finish();
    }
    if let [one] = &ran[..] {
        write_page(asked, &one.page)?;
    }
    match (asked.output.format, &ran[..]) {
        (Format::Json, _) => results.write(&json::lines(&ran))?,
        (Format::Text, [one]) => walk(one, asked, &mut results)?,
        (Format::Text, _) => {
            let text = told::text(&ran, results.look);
            results.write(&text)?;
        }
    }
    Ok(status(&ran))
}

fn write_page(asked: &Lab, page: &[u8]) -> Result<(), Failure> {
    let Some(path) = asked.view.page.as_deref().filter(|_| !page.is_empty()) else { return Ok(()) };
    let mut out = Whole::file(path)?;
    let name = out.name().to_owned();
    out.write_all(page).and_then(|()| out.finish()).map_err(Failure::writing(name))
}

/// What a guest's tcpx says beside its results, with the guest's name before each line.
fn say(name: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines().map(|line| format!("{name}: {}\n", crate::text::escape::escape(line)));
    drop(io::stderr().write_all(lines.collect::<String>().as_bytes()));
}

/// Steps and drawings of one kernel, at the reader's pace.
fn walk(one: &Ran, asked: &Lab, results: &mut Results) -> Result<(), Failure> {
    if one.account.courses.is_empty() {
        return broken(one);
    }
    let mut walker = Walker::new(&asked.view, results.look, asked.output.path.is_none())?;
    runtime()?.block_on(async {
        let mut signals = Signals::take().map_err(Failure::io("taking over signals"))?;
        for course in &one.account.courses {
            if walker.show(&course.shown, &mut *results.out, &mut signals).await? == Walked::Left {
                break;
            }
        }
        Ok::<_, Failure>(())
    })?;
    // It may have ended before the last of them.
    if one.end.is_err() { broken(one) } else { Ok(()) }
}

fn broken(one: &Ran) -> Result<(), Failure> {
    let why = match &one.end {
        Err(why) => why.clone(),
        Ok(code) => format!("tcpx there ended with {code} before it told of the lab"),
    };
    if one.end == Ok(77) {
        return Err(Failure::Unavailable(format!("lab: it cannot be shown on {}", one.kernel.name)));
    }
    Err(Failure::Other(anyhow::anyhow!("lab: the guest with {}: {why}", one.kernel.name)))
}

/// 1 if one failed, 77 if one could not, 0 if the expectation held on all.
fn status(ran: &[Ran]) -> u8 {
    let codes = || ran.iter().map(|one| one.end.clone().unwrap_or(1));
    if codes().any(|code| code != 0 && code != 77) {
        return 1;
    }
    if codes().any(|code| code == 77) { 77 } else { 0 }
}
