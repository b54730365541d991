//! Why a run ended without doing what was asked: one type, one place that words it, one exit status each.

use std::io;

use crate::text::escape::escape;

/// Why tcpx stops. Reads as "tcpx: what happened: to what; do this".
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command line asks for something that makes no sense.
    #[error("{0}")]
    Usage(String),
    /// clap says so, in its own words.
    #[error(transparent)]
    Clap(#[from] clap::Error),
    /// A configuration file is wrong, with the place.
    #[error("{0}")]
    Config(crate::text::wrong::Wrong),
    /// This machine does not allow it, and that can be changed.
    #[error("{what}; {advice}")]
    Machine {
        /// What happened, and to what.
        what: String,
        /// What to do.
        advice: String,
    },
    /// The command did not start.
    #[error(transparent)]
    Command(#[from] crate::command::CommandError),
    /// The lab cannot play here.
    #[error("{0}")]
    Unavailable(String),
    /// A file or stream.
    #[error("{doing}: {source}")]
    Io {
        /// What was done, and to what.
        doing: String,
        /// The error.
        source: io::Error,
    },
    /// Whoever read the results has closed the pipe: not an error, the rest is not wanted.
    #[error("the reader has gone")]
    Closed,
    /// Anything else, with its causes.
    #[error("{0:#}")]
    Other(anyhow::Error),
}

impl Failure {
    /// An error of the results' own stream; a closed pipe is no failure.
    pub fn writing(to: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let to = to.into();
        move |source| match source.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Io { doing: format!("writing {to}"), source },
        }
    }

    /// An error of a file.
    pub fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }

    /// Exit status, as contract section 1 has it.
    #[must_use]
    pub fn status(&self) -> u8 {
        match self {
            Self::Closed => 0,
            Self::Clap(error) => u8::try_from(error.exit_code()).unwrap_or(2),
            Self::Usage(_) | Self::Config(_) => 2,
            Self::Command(error) => error.exit_code(),
            Self::Unavailable(_) => 77,
            Self::Machine { .. } | Self::Io { .. } | Self::Other(_) => 1,
        }
    }

    /// Says it on stderr; clap's own words (help goes to stdout) with clap's own colours.
    ///
    /// # Errors
    /// Of stderr.
    pub fn say(&self, stderr: &mut dyn io::Write) -> io::Result<()> {
        if let Self::Clap(words) = self {
            return words.print();
        }
        self.message().map_or(Ok(()), |message| stderr.write_all(message.as_bytes()))
    }

    /// What to write to stderr; `None` if nothing is to be said.
    #[must_use]
    pub fn message(&self) -> Option<String> {
        match self {
            Self::Closed => None,
            Self::Usage(what) => Some(format!("tcpx: {}\ntcpx --help shows the right use\n", escape(what))),
            other => Some(format!("tcpx: {}\n", escape(&other.to_string()))),
        }
    }
}

impl From<anyhow::Error> for Failure {
    /// A closed pipe stays one, however deep it is wrapped, and so does a failure.
    fn from(error: anyhow::Error) -> Self {
        let broken = |cause: &(dyn std::error::Error + 'static)| {
            cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
        };
        if error.chain().any(broken) {
            return Self::Closed;
        }
        error.downcast().unwrap_or_else(Self::Other)
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn a_closed_pipe_is_quiet_however_deep() {
        let error: anyhow::Result<()> =
            Err(io::Error::from(io::ErrorKind::BrokenPipe)).context("a").context("b");
        let failure = Failure::from(error.expect_err("made so"));
        assert_eq!((failure.status(), failure.message()), (0, None));
        let direct = Failure::writing("results")(io::ErrorKind::BrokenPipe.into());
        assert_eq!((direct.status(), direct.message()), (0, None));
    }

    #[test]
    fn a_failure_keeps_its_status_through_anyhow() {
        let failure = Failure::from(anyhow::Error::from(Failure::Usage("no".into())));
        assert_eq!(failure.status(), 2);
    }

    #[test]
    fn messages_name_the_operation_and_are_harmless() {
        let failure = Failure::io("opening \x1b[31mout")(io::ErrorKind::NotFound.into());
        assert_eq!(failure.message().as_deref(), Some("tcpx: opening \\x1b[31mout: entity not found\n"));
        assert_eq!(failure.status(), 1);
    }
}
