//! `tcpx lab`: which scenarios are meant, and their list.

use std::{fs, io, path::Path};

use super::{
    args::Format,
    failure::Failure,
    request::{Lab, Output, Tasks},
};
use crate::{
    guest::File,
    lab::{self, Role, Scenario},
    run::lab::kernels,
    sink::{
        open::Results,
        text::{Look, Meaning},
    },
    text::width::{columns, wrap},
};

/// Lists or plays.
///
/// # Errors
/// When a scenario is not known, or cannot be played.
pub fn run(asked: &Lab) -> Result<u8, Failure> {
    if !asked.fetch.is_empty() {
        return kernels::fetch(&asked.fetch, &asked.output);
    }
    if asked.play.is_empty() {
        list(&asked.output)?;
        return Ok(0);
    }
    if let Some(guests) = &asked.kernels {
        return kernels::run(asked, guests, &given(asked)?);
    }
    match &asked.tasks {
        Tasks::None => {}
        Tasks::Show => return tasks(&asked.play[0], &asked.output),
        Tasks::Check(answer) => return check(asked, &asked.play[0], answer),
    }
    let scenarios = match &asked.play[..] {
        [name] if !asked.programs.is_empty() => vec![with_programs(name, &asked.programs)?],
        names => named(names)?,
    };
    crate::run::lab::run(asked, &scenarios)
}

/// What guests need of this machine, checked here as it would be there.
fn given(asked: &Lab) -> Result<kernels::Given, Failure> {
    let names = &asked.play;
    let scenarios = match &names[..] {
        [name] if !asked.programs.is_empty() => vec![with_programs(name, &asked.programs)?],
        names => named(names)?,
    };
    let mut read: Vec<&str> = names.iter().map(String::as_str).filter(|name| is_file(name)).collect();
    if let Tasks::Check(answer) = &asked.tasks {
        with_tasks(&names[0])?;
        self::read(answer)?;
        read.push(answer);
    }
    // What is not there is an example, which is in the program there too.
    let files = read.into_iter().filter(|name| Path::new(name).exists()).map(|name| {
        let path = std::path::absolute(name).map_err(Failure::io(format!("finding {name}")))?;
        let content = fs::read(name).map_err(Failure::io(format!("reading {name}")))?;
        Ok(File { path: path.display().to_string(), content })
    });
    let files = files.collect::<Result<_, Failure>>()?;
    Ok(kernels::Given { files, scenarios: u32::try_from(scenarios.len()).unwrap_or(u32::MAX) })
}

/// The scenarios that are meant, each once, in the order in which they were named.
///
/// # Errors
/// When there is none of that name; says which are near.
pub fn named(names: &[String]) -> Result<Vec<&'static Scenario>, Failure> {
    let mut found: Vec<&Scenario> = Vec::new();
    for name in names {
        let meant = match name.as_str() {
            "all" => lab::scenarios().collect(),
            name if is_file(name) => {
                vec![played_from(name, read(name)?)]
            }
            name => vec![lab::find(name).ok_or_else(|| unknown(name))?],
        };
        for scenario in meant {
            if !found.iter().any(|known| known.name == scenario.name) {
                found.push(scenario);
            }
        }
    }
    Ok(found)
}

/// The file of a lab that has tasks.
fn with_tasks(name: &str) -> Result<(String, lab::File), Failure> {
    let path = path_of(name)?;
    let file = read(&path)?;
    if file.task.is_empty() {
        return Err(Failure::Usage(format!("lab: {path} has no [[task]] (docs/labs.md)")));
    }
    Ok((path, file))
}

fn tasks(name: &str, output: &Output) -> Result<u8, Failure> {
    let (path, file) = with_tasks(name)?;
    let results = Results::open(output)?;
    let look = results.look;
    let mut text = String::new();
    for (n, task) in file.task.iter().enumerate() {
        let number = n + 1;
        match output.format {
            Format::Json => {
                let data = serde_json::json!({ "lab": path, "number": number, "text": task.text });
                text += &(serde_json::json!({ "type": "task", "data": data }).to_string() + "\n");
            }
            Format::Text => {
                let said = look.clean(&look.lang.lab(&task.text));
                let head = look.lang.run(&format!("{path}, task {number}")).into_owned() + look.lang.colon();
                let lines = wrap(&said, look.width, &head, "  ");
                text += &(lines.join("\n") + "\n");
            }
        }
    }
    results.write(&text)?;
    Ok(0)
}

fn check(asked: &Lab, name: &str, answer: &str) -> Result<u8, Failure> {
    let (path, file) = with_tasks(name)?;
    let answer = played_from(answer, read(answer)?);
    crate::run::lab::check(asked, (&path, &file.task), answer)
}

/// A file, or a built-in scenario that is one, in which programs of the reader's take a place.
fn with_programs(name: &str, programs: &[(Role, String)]) -> Result<&'static Scenario, Failure> {
    let path = path_of(name)?;
    let mut file = read(&path)?;
    for (role, command) in programs {
        let wrong = |why| Failure::Usage(format!("lab: --{}: {why} ({path})", role.name()));
        file.replace(*role, command).map_err(wrong)?;
    }
    Ok(played_from(&path, file))
}

/// Where the file of that name is: the reader's, or in the program.
fn path_of(name: &str) -> Result<String, Failure> {
    if is_file(name) {
        return Ok(name.to_owned());
    }
    let scenario = lab::find(name);
    let path = format!("{}.toml", scenario.map_or(name, |scenario| scenario.name));
    match scenario {
        _ if example(&path).is_some() => Ok(path),
        Some(_) => Err(no_place(name)),
        None => Err(unknown(name)),
    }
}

fn no_place(name: &str) -> Failure {
    let known: Vec<_> = lab::EXAMPLES.iter().map(|(name, _)| *name).collect();
    Failure::Usage(format!(
        "lab: programs and tasks are for files, and {name} is none; files: yours, {}",
        known.join(", ")
    ))
}

fn is_file(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|ending| ending == "toml")
}

/// A scenario that somebody has written; it lives as long as the command.
fn played_from(name: &str, file: lab::File) -> &'static Scenario {
    Box::leak(Box::new(file)).scenario(Box::leak(name.to_owned().into_boxed_str()))
}

fn read(name: &str) -> Result<lab::File, Failure> {
    let text = match fs::read_to_string(name) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            example(name).ok_or_else(|| no_file(name))?.to_owned()
        }
        Err(error) => return Err(Failure::io(format!("reading {name}"))(error)),
    };
    lab::File::parse(name, &text).map_err(|wrong| Failure::Usage(format!("lab: {wrong}")))
}

fn example(name: &str) -> Option<&'static str> {
    lab::EXAMPLES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

fn no_file(name: &str) -> Failure {
    let known: Vec<_> = lab::EXAMPLES.iter().map(|(name, _)| *name).collect();
    let known = known.join(", ");
    Failure::Usage(format!("lab: there is no file {name}, and no example of that name: {known}"))
}

fn unknown(name: &str) -> Failure {
    let names = lab::scenarios().flat_map(|scenario| scenario.aliases.iter().copied().chain([scenario.name]));
    let mut near: Vec<_> = names.map(|known| (strsim::damerau_levenshtein(name, known), known)).collect();
    near.sort_unstable();
    let near: Vec<_> = near.into_iter().take(3).map(|(_, known)| known).collect();
    let near = near.join(", ");
    Failure::Usage(format!(
        "lab: there is no scenario \"{name}\"; nearest: {near} (tcpx lab --list shows all)"
    ))
}

fn list(output: &Output) -> Result<(), Failure> {
    let results = Results::open(output)?;
    let text = match output.format {
        Format::Text => as_text(results.look),
        Format::Json => as_json(),
    };
    results.write(&text)
}

fn as_text(look: Look) -> String {
    let width = lab::scenarios().map(|scenario| columns(scenario.name)).max().unwrap_or(0) + 2;
    let rest = " ".repeat(width);
    let mut text = String::new();
    for scenario in lab::scenarios() {
        let aliases = match scenario.aliases {
            [] => String::new(),
            aliases => format!(" (also: {})", aliases.join(", ")),
        };
        let (title, aliases) = (look.lang.lab(scenario.title), look.lang.run(&aliases));
        let title = look.signs(&format!("{title}{aliases}")).into_owned();
        let name = look.paint(Meaning::Cause, scenario.name) + &rest[scenario.name.len()..];
        for (n, line) in wrap(&title, look.width, &rest, &rest).iter().enumerate() {
            let before = if n == 0 { &name } else { &rest };
            text.extend([before, &line[width..], "\n"]);
        }
    }
    text
}

fn as_json() -> String {
    let line = |scenario: &Scenario| {
        let data = serde_json::json!({
            "name": scenario.name,
            "aliases": scenario.aliases,
            "verdict": scenario.verdict(),
            "title": scenario.title,
            "about": scenario.about,
        });
        serde_json::json!({ "type": "scenario", "data": data }).to_string() + "\n"
    };
    lab::scenarios().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(words: &[&str]) -> Result<Vec<&'static str>, String> {
        let words: Vec<_> = words.iter().map(|&word| word.to_owned()).collect();
        let found = named(&words).map_err(|failure| failure.to_string())?;
        Ok(found.iter().map(|scenario| scenario.name).collect())
    }

    #[test]
    fn aliases_and_all_are_understood_and_nothing_is_played_twice() {
        assert_eq!(names(&["no-listen", "bound-not-listening"]), Ok(vec!["bound-not-listening"]));
        let all = names(&["closed-port", "all"]).expect("known");
        assert_eq!((all[0], all.len()), ("closed-port", lab::scenarios().count()));
    }

    #[test]
    fn an_unknown_name_says_which_are_near() {
        assert!(names(&["no-lisen"]).expect_err("unknown").contains("nearest: no-listen, "));
    }

    #[test]
    fn the_list_fits() {
        let list = as_text(Look::default());
        assert!(list.lines().all(|line| columns(line) <= 80), "{list}");
        assert!(list.contains("(also: no-listen)"));
        assert!(as_json().lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
    }
}
