//! What shells complete: options, and values where they are words of tcpx.

use std::path::Path;

use clap::{Arg, Command, CommandFactory as _, builder::PossibleValuesParser};
use clap_complete::{Shell, generate};

use super::Files;
use crate::{
    cli::{args::Args, filter::OUTCOMES},
    lab,
    verdict::VerdictId,
};

pub(super) const FOLDER: &str = "completions";

/// With the names under which they look for a program's completions.
pub(super) const SHELLS: [(Shell, &str); 3] =
    [(Shell::Bash, "tcpx.bash"), (Shell::Zsh, "_tcpx"), (Shell::Fish, "tcpx.fish")];

pub(super) fn files() -> Files {
    SHELLS.into_iter().map(|(shell, name)| (Path::new(FOLDER).join(name), completion(shell))).collect()
}

fn completion(shell: Shell) -> String {
    let mut bytes = Vec::new();
    generate(shell, &mut with_values(Args::command()), "tcpx", &mut bytes);
    let text = String::from_utf8(bytes).expect("UTF-8");
    // Some lines of clap's end in blanks.
    text.lines().flat_map(|line| [line.trim_end(), "\n"]).collect()
}

/// The program takes these as text and says what is near to a wrong one; a shell wants the list.
fn with_values(command: Command) -> Command {
    command.mut_subcommands(|sub| {
        let verdicts = || VerdictId::ALL.iter().map(|id| id.as_str()).collect::<Vec<_>>();
        let outcomes = || OUTCOMES.iter().map(|outcome| outcome.0).collect();
        let scenarios = || lab::scenarios().map(|scenario| scenario.name).chain(["all"]).collect();
        let name = sub.get_name().to_owned();
        sub.mut_args(|arg| match (name.as_str(), arg.get_id().as_str()) {
            (_, "verdict") | ("explain", "query") => of(arg, verdicts()),
            (_, "outcome") => of(arg, outcomes()),
            ("lab", "names") => of(arg, scenarios()),
            _ => arg,
        })
    })
}

fn of(arg: Arg, values: Vec<&'static str>) -> Arg {
    arg.value_parser(PossibleValuesParser::new(values))
}
