//! The configuration file: what it may say, what holds where it says nothing, and where it is wrong.
//!
//! Every type has the names of the file. A key that nothing knows is an error, as is a value that means nothing: a mistyped
//! `patience` must not pass for the default.

mod telemetry;
mod units;

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use toml::Spanned;

pub use telemetry::{Metrics, Otlp};
pub use units::{Name, Size, Time};

use crate::{
    cli::{
        failure::Failure,
        request::{Flow, Hooks as Attach, ProbeSet},
    },
    event::Backend,
    record::Rotation,
    text::wrong::Wrong,
};

/// Read where `--config` names no other.
pub const PATH: &str = "/etc/tcpx/daemon.toml";
/// All keys with their defaults, for `--print-config`.
pub const DEFAULT: &str = include_str!("config/default.toml");

/// The file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What is attached.
    pub hooks: Hooks,
    /// The unix socket.
    pub socket: Socket,
    /// The same over TCP.
    pub http: Http,
    /// What is kept for later questions.
    pub memory: Memory,
    /// Readers of all lines.
    pub stream: Stream,
    /// Lines as JSON.
    pub output: Output,
    /// Recordings.
    pub recording: Recording,
    /// What GET /metrics tells.
    pub metrics: Metrics,
    /// Lines and metrics to a collector.
    pub otlp: Otlp,
    /// What feeds the watchdog.
    pub self_probe: SelfProbe,
    /// How it makes room for the next daemon.
    pub takeover: Takeover,
    /// What is left of privileges.
    pub privileges: Privileges,
}

/// What is attached.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hooks {
    /// Which hooks.
    pub probes: Probes,
    /// How.
    pub backend: BackendName,
    /// Records of one hook on one CPU in a second.
    pub max_events_per_second: u64,
    /// The ring.
    pub buffer_size: Size,
}

impl Default for Hooks {
    fn default() -> Self {
        let Flow { most_per_second, ring_bytes } = Flow::DEFAULT;
        Self {
            probes: Probes::default(),
            backend: BackendName::default(),
            max_events_per_second: most_per_second,
            // The file has powers of ten, the ring powers of two.
            buffer_size: Size(u64::from(ring_bytes) / 1_048_576 * 1_000_000),
        }
    }
}

/// A set of hooks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Probes {
    /// What sends or receives a RST.
    Resets,
    /// What runs when something is refused, reset, dropped or changes state.
    #[default]
    Path,
    /// Also the receive path and both lookups.
    Lookup,
}

/// How hooks are attached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BackendName {
    /// For each hook the best that works.
    #[default]
    Auto,
    /// Tracepoints only.
    Tracepoint,
    /// BPF trampolines only.
    Fentry,
    /// Kprobes only.
    Kprobe,
}

impl Hooks {
    /// For [`crate::run::live::attach`].
    #[must_use]
    pub fn attach(&self) -> Attach {
        Attach {
            backend: match self.backend {
                BackendName::Auto => None,
                BackendName::Tracepoint => Some(Backend::Tracepoint),
                BackendName::Fentry => Some(Backend::Fentry),
                BackendName::Kprobe => Some(Backend::Kprobe),
            },
            probes: match self.probes {
                Probes::Resets => ProbeSet::Resets,
                Probes::Path => ProbeSet::Path,
                Probes::Lookup => ProbeSet::Lookup,
            },
            stacks: false,
            bpf_log: false,
            flow: Flow { most_per_second: self.max_events_per_second, ring_bytes: self.ring_bytes() },
        }
    }

    /// A power of two: checked to be in reach.
    fn ring_bytes(&self) -> u32 {
        u32::try_from(self.buffer_size.0).unwrap_or(u32::MAX / 4).next_power_of_two()
    }
}

/// The unix socket.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Socket {
    /// Where.
    pub path: PathBuf,
    /// Who may use it beside the daemon's user and root.
    pub group: Option<Name>,
    /// If not empty, only these users of them.
    pub users: Vec<Name>,
    /// Answered at the same time.
    pub connections: usize,
    /// For a reader that takes nothing.
    pub patience: Time,
}

impl Default for Socket {
    fn default() -> Self {
        Self {
            path: "/run/tcpx/tcpx.sock".into(),
            group: None,
            users: Vec::new(),
            connections: 32,
            patience: Time::seconds(10),
        }
    }
}

/// HTTP over TCP, and what browsers want.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// Where, if at all.
    pub listen: Option<Spanned<SocketAddr>>,
    /// Also on an address that others reach.
    pub allow_remote: bool,
    /// Names by which it may be asked, besides addresses and localhost.
    pub hosts: Vec<String>,
    /// The page for browsers.
    pub page: bool,
}

impl Http {
    /// The address of `listen`.
    #[must_use]
    pub fn addr(&self) -> Option<SocketAddr> {
        self.listen.as_ref().map(|addr| *addr.get_ref())
    }
}

/// What is kept for later questions.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Memory {
    /// How many attempts.
    pub attempts: usize,
    /// How many resets.
    pub resets: usize,
    /// How many bytes of both.
    pub size: Size,
}

impl Default for Memory {
    fn default() -> Self {
        Self { attempts: 1000, resets: 1000, size: Size(16_000_000) }
    }
}

/// Readers of all lines.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Stream {
    /// How many.
    pub readers: usize,
    /// How many lines one may be behind.
    pub backlog: usize,
}

impl Default for Stream {
    fn default() -> Self {
        Self { readers: 16, backlog: 4096 }
    }
}

/// Lines as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Output {
    /// Appended to.
    pub file: Option<PathBuf>,
    /// The journal, under systemd.
    pub stdout: bool,
}

/// Recordings.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Recording {
    /// Pattern of their names, if any are made.
    pub path: Option<PathBuf>,
    /// Of one file.
    pub rotate_size: Spanned<Size>,
    /// Of one file.
    pub rotate_time: Option<Time>,
    /// Of all files.
    pub total_size: Spanned<Size>,
}

impl Default for Recording {
    fn default() -> Self {
        let unspanned = |size| Spanned::new(0..0, Size(size));
        Self {
            path: None,
            rotate_size: unspanned(64_000_000),
            rotate_time: None,
            total_size: unspanned(1_000_000_000),
        }
    }
}

impl Recording {
    /// When files begin and go.
    #[must_use]
    pub fn rotation(&self) -> Rotation {
        let (size, total) = (self.rotate_size.get_ref().0, self.total_size.get_ref().0);
        let keep = u32::try_from(total / size.max(1)).unwrap_or(u32::MAX).max(1);
        Rotation {
            size: Some(size),
            time: self.rotate_time.map(|time| time.0),
            keep: std::num::NonZeroU32::new(keep),
            ..Rotation::default()
        }
    }
}

/// What feeds the watchdog.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SelfProbe {
    /// Whether it is done.
    pub enabled: bool,
    /// How often.
    pub interval: Time,
}

impl Default for SelfProbe {
    fn default() -> Self {
        Self { enabled: true, interval: Time::seconds(10) }
    }
}

/// How it makes room for the next daemon.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Takeover {
    /// How long attempts that are open are waited for.
    pub grace: Time,
}

impl Default for Takeover {
    fn default() -> Self {
        Self { grace: Time::seconds(30) }
    }
}

/// What is left of privileges.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Privileges {
    /// Whom to become.
    pub user: Option<Name>,
}

impl Config {
    /// Reads the file, or takes the defaults if none is named and none stands where it usually does.
    ///
    /// # Errors
    /// It cannot be read, or is wrong: with file, line and column.
    pub fn read(named: Option<&Path>) -> Result<Self, Failure> {
        let path = named.unwrap_or(Path::new(PATH));
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&path.display().to_string(), &text).map_err(Failure::Config),
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                Ok(Self::default())
            }
            Err(error) => Err(Failure::io(format!("reading the configuration {}", path.display()))(error)),
        }
    }

    /// What a text says; `file` is its name, for messages.
    ///
    /// # Errors
    /// Where it is wrong first, and what is allowed there.
    pub fn parse(file: &str, text: &str) -> Result<Self, Wrong> {
        let config: Self = toml::from_str(text).map_err(|error| {
            // Its words may have several lines, as for a terminal of its own.
            let what = error.message().lines().collect::<Vec<_>>().join("; ");
            Wrong::new(file, text, error.span(), what)
        })?;
        config.check().map_err(|(span, what)| Wrong::new(file, text, span, what))?;
        Ok(config)
    }

    /// What no single value shows.
    fn check(&self) -> Result<(), (Option<std::ops::Range<usize>>, String)> {
        if let Some(listen) = &self.http.listen
            && !listen.get_ref().ip().is_loopback()
            && !self.http.allow_remote
        {
            let what = format!(
                "http.listen: {} is not a loopback address: whoever reaches it could read what connects where on this \
                 host, without a password; use 127.0.0.1 or [::1], or set http.allow_remote = true",
                listen.get_ref()
            );
            return Err((Some(listen.span()), what));
        }
        let (one, all) = (&self.recording.rotate_size, &self.recording.total_size);
        if one.get_ref().0 < SMALLEST {
            let what = "recording.rotate_size: a file has at least 64k".to_owned();
            return Err((Some(one.span()), what));
        }
        if all.get_ref().0 < one.get_ref().0 {
            let what = "recording.total_size: smaller than one file (recording.rotate_size)".to_owned();
            return Err((Some(if all.span().is_empty() { one.span() } else { all.span() }), what));
        }
        self.otlp.check()?;
        self.check_numbers().map_err(|what| (None, what))
    }

    fn check_numbers(&self) -> Result<(), String> {
        let least = [
            ("hooks.max_events_per_second", self.hooks.max_events_per_second),
            ("socket.connections", self.socket.connections as u64),
            ("stream.backlog", self.stream.backlog as u64),
        ];
        if let Some((key, _)) = least.iter().find(|(_, value)| *value == 0) {
            return Err(format!("{key}: must be a number from 1 on"));
        }
        if !(64_000..=1_000_000_000).contains(&self.hooks.buffer_size.0) {
            return Err("hooks.buffer_size: must be a size from 64k to 1G".to_owned());
        }
        Ok(())
    }
}

/// A file smaller than this holds little more than the facts with which each begins.
const SMALLEST: u64 = 64_000;

#[cfg(test)]
mod tests;
