//! Scenarios that people write: a TOML file that says who binds, listens, connects, sends and closes, in which order, and what is
//! expected. docs/labs.md describes it; docs/labs has examples, which are in the program too.

mod check;
mod play;
mod program;
#[cfg(test)]
mod tests;
mod words;

use std::{collections::BTreeMap, net::SocketAddr};

use serde::Deserialize;
use toml::Spanned;

use super::{Family, Scenario};
use crate::{text::wrong::Wrong, verdict::VerdictId};

use program::Program;
pub use program::Role;

/// The examples, by the names of their files.
pub const EXAMPLES: &[(&str, &str)] = &[
    ("accept-queue-full.toml", include_str!("../../../docs/labs/accept-queue-full.toml")),
    ("bound-not-listening.toml", include_str!("../../../docs/labs/bound-not-listening.toml")),
    ("closed-port.toml", include_str!("../../../docs/labs/closed-port.toml")),
    ("firewall-reject.toml", include_str!("../../../docs/labs/firewall-reject.toml")),
    ("linger-zero.toml", include_str!("../../../docs/labs/linger-zero.toml")),
    ("listener-elsewhere.toml", include_str!("../../../docs/labs/listener-elsewhere.toml")),
    ("listener-v4only.toml", include_str!("../../../docs/labs/listener-v4only.toml")),
    ("self-connect.toml", include_str!("../../../docs/labs/self-connect.toml")),
    ("silent-drop.toml", include_str!("../../../docs/labs/silent-drop.toml")),
    ("simultaneous-open.toml", include_str!("../../../docs/labs/simultaneous-open.toml")),
    ("two-hosts-ipv6.toml", include_str!("../../../docs/labs/two-hosts-ipv6.toml")),
    ("two-hosts.toml", include_str!("../../../docs/labs/two-hosts.toml")),
];

/// One scenario.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// One line: what is shown.
    pub title: String,
    /// Why it is so.
    #[serde(default)]
    pub about: String,
    /// Namespaces that are joined by a cable: none, for one with its loopback, or two.
    #[serde(default)]
    hosts: BTreeMap<String, Host>,
    /// On which host each program runs; without hosts it is left out.
    #[serde(default)]
    programs: BTreeMap<String, Spanned<String>>,
    /// What is done before tracing begins.
    #[serde(default)]
    setup: Vec<Spanned<Action>>,
    /// What is traced.
    #[serde(default)]
    step: Vec<Spanned<Action>>,
    /// What must come of it.
    pub expect: Expect,
    /// Exercises: what a changed file must come to.
    #[serde(default)]
    pub task: Vec<Task>,
    /// Programs of the reader's, in the place of those that the file names.
    #[serde(skip)]
    replaced: Vec<Program>,
}

/// A namespace.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Host {
    /// Its address on the cable, with the length of the prefix: `10.7.0.1/24`.
    address: Spanned<String>,
}

/// What must be said of the run.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// A verdict of the catalogue, on any line.
    #[serde(deserialize_with = "words::verdict")]
    pub verdict: VerdictId,
    /// Whose last attempt outcome and errno are about; without: whoever's.
    pub who: Option<Spanned<String>>,
    /// How that ended.
    #[serde(default, deserialize_with = "words::outcome")]
    pub outcome: Option<String>,
    /// Which errno it got, or `none`.
    #[serde(default, deserialize_with = "words::errno_or_none")]
    pub errno: Option<String>,
}

/// An exercise.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// What is asked for.
    pub text: String,
    /// What must be said of a file that does it.
    pub expect: Expect,
}

/// One thing that is done.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Action {
    /// Which program does it.
    who: Option<String>,
    call: Call,
    /// Address and port.
    to: Option<SocketAddr>,
    /// Name of the program's socket.
    socket: Option<String>,
    /// How many connections may wait.
    backlog: Option<i32>,
    /// connect() waits until it is decided.
    wait: Option<bool>,
    data: Option<String>,
    /// `0` or an errno.
    #[serde(default, deserialize_with = "words::errno_or_zero")]
    returns: Option<String>,
    times: Option<u32>,
    /// A state that a socket at `to` must come to.
    #[serde(default, deserialize_with = "words::state")]
    state: Option<String>,
    /// A sysctl, as net.ipv4.tcp_syncookies.
    key: Option<String>,
    value: Option<Spanned<String>>,
    /// In nft's own language.
    rules: Option<String>,
    host: Option<String>,
    text: Option<String>,
}

/// What can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Call {
    Bind,
    Listen,
    Connect,
    /// Waits until a connect() that did not wait is decided.
    Finish,
    Accept,
    Send,
    Receive,
    Shutdown,
    Close,
    /// SO_LINGER with so many seconds.
    Linger,
    /// Waits until the SYN was sent again.
    Retransmission,
    /// Waits for a state in the socket table.
    Await,
    Sysctl,
    Nft,
    Say,
}

impl File {
    /// Reads one; `name` is that of the file, for messages.
    ///
    /// # Errors
    /// What is wrong and where, with what is allowed.
    pub fn parse(name: &str, text: &str) -> Result<Self, Wrong> {
        let file: Self = toml::from_str(text).map_err(|error| {
            // What is missing is missing from the file's beginning on.
            let span = error.span().unwrap_or_default();
            Wrong::new(name, text, Some(span), error.message().replace('\n', " "))
        })?;
        file.check().map_err(|(span, what)| Wrong::new(name, text, Some(span), what))?;
        Ok(file)
    }

    /// All that is done, in order.
    fn actions(&self) -> impl Iterator<Item = &Spanned<Action>> {
        self.setup.iter().chain(&self.step)
    }

    /// As the lab plays it.
    #[must_use]
    pub fn scenario(&'static self, name: &'static str) -> &'static Scenario {
        Box::leak(Box::new(Scenario {
            name,
            aliases: &[],
            family: Family::Ipv4,
            title: &self.title,
            about: &self.about,
            machine_wide: false,
            timely: false,
            file: Some(self),
            run: |_| Ok(()),
        }))
    }
}

impl Call {
    /// The fields without which it means nothing, and those that it may have.
    const fn fields(self) -> (&'static [&'static str], &'static [&'static str]) {
        match self {
            Self::Bind => (&["who", "to"], &["socket", "returns"]),
            Self::Listen => (&["who"], &["socket", "backlog"]),
            Self::Connect => (&["who", "to"], &["socket", "wait", "returns"]),
            Self::Finish | Self::Receive => (&["who"], &["socket", "returns"]),
            Self::Accept | Self::Shutdown | Self::Close => (&["who"], &["socket"]),
            Self::Send => (&["who", "data"], &["socket", "returns"]),
            Self::Linger => (&["who", "value"], &["socket"]),
            Self::Retransmission => (&["who"], &["socket", "times"]),
            Self::Await => (&["to", "state"], &["host"]),
            Self::Sysctl => (&["key", "value"], &["host"]),
            Self::Nft => (&["rules"], &["host"]),
            Self::Say => (&["text"], &[]),
        }
    }

    fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

impl Action {
    fn value(&self) -> String {
        self.value.as_ref().map(|value| value.get_ref().clone()).unwrap_or_default()
    }

    /// The program and the name of its socket, if it is a call on a socket.
    fn on(&self) -> Option<(&str, &str)> {
        Some((self.who.as_deref()?, self.socket.as_deref().unwrap_or("socket")))
    }

    fn given(&self) -> Vec<&'static str> {
        let fields = [
            ("who", self.who.is_some()),
            ("to", self.to.is_some()),
            ("socket", self.socket.is_some()),
            ("backlog", self.backlog.is_some()),
            ("wait", self.wait.is_some()),
            ("data", self.data.is_some()),
            ("returns", self.returns.is_some()),
            ("times", self.times.is_some()),
            ("state", self.state.is_some()),
            ("key", self.key.is_some()),
            ("value", self.value.is_some()),
            ("rules", self.rules.is_some()),
            ("host", self.host.is_some()),
            ("text", self.text.is_some()),
        ];
        fields.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect()
    }
}
