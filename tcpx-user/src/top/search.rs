//! What is typed behind `/`: the filters of the command line, and words that stand in a process, a peer or a verdict.
//!
//! `--port 5432 --comm curl` and `port=5432 comm=curl` say the same; any other word is looked for.

use clap::Parser;

use super::{model::Item, view::names};
use crate::{
    cli::{args::FilterArgs, filter::Filter},
    line::Line,
    sink::text::{Group, Look, Main, brief},
};

/// Filters, and words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    typed: String,
    filter: Filter,
    words: Vec<String>,
}

#[derive(Parser)]
#[command(no_binary_name = true, disable_help_flag = true)]
struct Typed {
    #[command(flatten)]
    filters: FilterArgs,
    #[arg(value_name = "WORD")]
    words: Vec<String>,
}

impl Search {
    /// What was typed, understood; `None` if it asks for nothing.
    ///
    /// # Errors
    /// With what is wrong, in one line.
    pub fn parse(typed: &str) -> Result<Option<Self>, String> {
        if typed.trim().is_empty() {
            return Ok(None);
        }
        let words = typed.split_whitespace().map(as_option);
        let parsed = Typed::try_parse_from(words).map_err(|error| first_line(&error))?;
        let filter = Filter::parse(&parsed.filters).map_err(|wrong| wrong.to_string())?;
        let words = parsed.words.iter().map(|word| word.to_lowercase()).collect();
        Ok(Some(Self { typed: typed.trim().to_owned(), filter, words }))
    }

    /// What was typed.
    #[must_use]
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// Whether the result is wanted: its filters as the command line's, and every word.
    #[must_use]
    pub fn keeps(&self, item: &Item) -> bool {
        self.words.iter().all(|word| mentions(item, word)) && self.passes(&item.group)
    }

    fn passes(&self, group: &Group) -> bool {
        self.filter.is_empty()
            || self.filter.keeps(&line(&group.main))
            || group.resets.iter().any(|reset| self.filter.keeps(&Line::Reset(Box::new(reset.clone()))))
    }
}

/// `port=5432` is `--port=5432`.
fn as_option(word: &str) -> String {
    let name = word.split_once('=').map(|(name, _)| name);
    match name.filter(|name| OPTIONS.contains(name)) {
        Some(_) => format!("--{word}"),
        None => word.to_owned(),
    }
}

/// As [`FilterArgs`] has them.
const OPTIONS: [&str; 11] =
    ["pid", "comm", "uid", "addr", "port", "lport", "rport", "netns", "cgroup", "outcome", "verdict"];

fn first_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

fn mentions(item: &Item, word: &str) -> bool {
    let has = |text: &str| text.to_lowercase().contains(word);
    let process = item.process.as_ref().is_some_and(|process| has(&names::process(process)));
    let peer = item.peer.is_some_and(|peer| has(&names::peer(&peer)));
    process || peer || has(item.verdict().as_str()) || {
        let brief = brief(&item.group.main, Look::default());
        has(brief.label) || has(&brief.subject)
    }
}

fn line(main: &Main) -> Line {
    match main {
        Main::Attempt(attempt) => Line::Attempt(attempt.clone()),
        Main::Reset(reset) => Line::Reset(reset.clone()),
        Main::Drop(drop) => Line::Drop(drop.clone()),
        Main::Death(death) => Line::Death(death.clone()),
        Main::Call(call) => Line::Call(call.clone()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::top::testing::{item, refused, reset_by_peer};

    fn keeps(typed: &str) -> (bool, bool) {
        let search = Search::parse(typed).expect("valid").expect("something");
        (search.keeps(&item(refused(), 1)), search.keeps(&item(reset_by_peer(), 1)))
    }

    #[test]
    fn options_words_and_both() {
        for (typed, kept) in [
            ("--comm curl", (true, false)),
            ("comm=java", (false, true)),
            ("--port 5432,8080", (true, true)),
            ("port=5432 verdict=peer-reset", (false, true)),
            ("curl", (true, false)),
            ("JAVA[88]", (false, true)),
            ("::1", (true, false)),
            ("peer-res", (false, true)),
            ("refused 8080", (true, false)),
            ("curl --port 5432", (false, false)),
        ] {
            assert_eq!(keeps(typed), kept, "{typed}");
        }
    }

    #[test]
    fn what_means_nothing_is_said() {
        assert_eq!(Search::parse("  "), Ok(None));
        let wrong = |typed| Search::parse(typed).expect_err("wrong");
        assert!(wrong("port=70000").contains("0 to 65535"));
        assert!(wrong("--nonsense x").contains("--nonsense"));
        assert!(wrong("--verdict closed-prot").contains("nearest: closed-port"));
    }

    #[test]
    fn every_filter_of_the_command_line_is_known() {
        let command = Typed::command();
        let known: Vec<_> = command.get_arguments().filter_map(|arg| arg.get_long()).collect();
        assert_eq!(known, OPTIONS);
    }
}
