//! Programs of the reader's, in the place of the client or the server of a file.

use std::net::SocketAddr;

use super::{Action, Call, File};

/// Whose place a program takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Of the one that connects.
    Client,
    /// Of the one that listens, or only binds.
    Server,
}

impl Role {
    /// As the option is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

/// A program of the reader's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Program {
    /// In whose place, by the name in the file.
    pub(super) who: String,
    pub(super) role: Role,
    /// For `sh -c`.
    pub(super) command: String,
    /// Where the file connects or binds.
    pub(super) at: SocketAddr,
}

impl Program {
    /// As the story names it.
    pub(super) fn title(&self) -> String {
        format!("the program `{}`", self.command)
    }
}

impl File {
    /// Lets `command` run in the place of the client or the server; the steps of that one are not played.
    ///
    /// # Errors
    /// When the file has no such program, in words.
    pub fn replace(&mut self, role: Role, command: &str) -> Result<(), String> {
        let found = match role {
            Role::Client => self.client(),
            Role::Server => self.server(),
        };
        let Some((who, at)) = found else {
            return Err(match role {
                Role::Client => "no program of this lab connects".to_owned(),
                Role::Server => "no program of this lab only listens or binds".to_owned(),
            });
        };
        let (who, command) = (who.to_owned(), command.to_owned());
        self.replaced.push(Program { who, role, command, at });
        Ok(())
    }

    /// Whether a program of the reader's acts for this one.
    #[must_use]
    pub fn is_replaced(&self, who: &str) -> bool {
        self.program(who).is_some()
    }

    pub(super) fn program(&self, who: &str) -> Option<&Program> {
        self.replaced.iter().find(|program| program.who == who)
    }

    pub(super) fn listens(&self, who: &str) -> bool {
        let listens = |action: &Action| action.call == Call::Listen && action.who.as_deref() == Some(who);
        self.actions().any(|action| listens(action.get_ref()))
    }

    /// The first that connects while it is traced; else in the set-up.
    fn client(&self) -> Option<(&str, SocketAddr)> {
        let connects = |action: &&Action| action.call == Call::Connect;
        let all = self.step.iter().chain(&self.setup).map(toml::Spanned::get_ref);
        all.into_iter().find(connects).and_then(Action::who_and_to)
    }

    /// The first that listens, else the first that binds, and never connects.
    fn server(&self) -> Option<(&str, SocketAddr)> {
        let all = || self.actions().map(toml::Spanned::get_ref);
        let does =
            |who: &str, call| all().any(|action| action.call == call && action.who.as_deref() == Some(who));
        let binds = all().filter(|action| action.call == Call::Bind).filter_map(Action::who_and_to);
        let servers: Vec<_> = binds.filter(|(who, _)| !does(who, Call::Connect)).collect();
        servers.iter().find(|(who, _)| does(who, Call::Listen)).or(servers.first()).copied()
    }
}

impl Action {
    fn who_and_to(&self) -> Option<(&str, SocketAddr)> {
        Some((self.who.as_deref()?, self.to?))
    }
}
