//! SIGHUP: the configuration is read again. What can change does, between two lines; for the rest it is said that it wants a
//! restart. A configuration that is wrong changes nothing.

use std::path::PathBuf;

use crate::{
    cli::failure::Failure,
    daemon::{config::Config, http::Site, log::say, writer::Control},
};

/// What a reload can change.
pub(super) struct Reload {
    path: Option<PathBuf>,
    now: Config,
    file: Control,
    site: Site,
}

impl Reload {
    pub(super) const fn new(path: Option<PathBuf>, now: Config, file: Control, site: Site) -> Self {
        Self { path, now, file, site }
    }

    /// What holds.
    pub(super) const fn config(&self) -> &Config {
        &self.now
    }

    /// Reads it again.
    pub(super) fn reload(&mut self) {
        match Config::read(self.path.as_deref()) {
            Ok(config) => self.apply(config),
            Err(failure) => self.refuse(&failure),
        }
    }

    fn refuse(&self, failure: &Failure) {
        let what = format!("{failure}; what was loaded before goes on to hold");
        say(&format!("reload: {what}"));
        self.site.health.state().reload = Some(what);
    }

    fn apply(&mut self, config: Config) {
        let fixed = fixed(&self.now, &config);
        self.site.memory.limit(config.memory.clone());
        self.site.stream.limit(config.stream.clone());
        // Also the same file: log rotation has renamed it.
        self.file.open(config.output.file.clone());
        let note = if fixed.is_empty() {
            String::new()
        } else {
            format!("; changes of {} want a restart", fixed.join(", "))
        };
        say(&format!("reload: done{note}"));
        self.site.health.state().reload = None;
        self.now = config;
    }
}

/// Keys that differ and are only read at the start.
fn fixed(before: &Config, after: &Config) -> Vec<&'static str> {
    let differ = [
        ("hooks", before.hooks != after.hooks),
        ("socket", before.socket != after.socket),
        ("http", before.http != after.http),
        ("output.stdout", before.output.stdout != after.output.stdout),
        ("recording", !same_recording(before, after)),
        ("metrics", before.metrics != after.metrics),
        ("otlp", !same_otlp(before, after)),
        ("self_probe.enabled", before.self_probe.enabled != after.self_probe.enabled),
        ("takeover", before.takeover != after.takeover),
        ("privileges", before.privileges != after.privileges),
    ];
    differ.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key).collect()
}

/// Where in the file it stands does not matter.
fn same_recording(before: &Config, after: &Config) -> bool {
    let (before, after) = (&before.recording, &after.recording);
    before.path == after.path && before.rotation() == after.rotation()
}

/// The same.
fn same_otlp(before: &Config, after: &Config) -> bool {
    let (mut before, mut after) = (before.otlp.clone(), after.otlp.clone());
    let endpoint =
        |otlp: &mut crate::daemon::config::Otlp| otlp.endpoint.take().map(toml::Spanned::into_inner);
    endpoint(&mut before) == endpoint(&mut after) && before == after
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        Config::parse("x.toml", text).expect("valid")
    }

    #[test]
    fn what_wants_a_restart_is_named() {
        let before = config("");
        assert!(fixed(&before, &config("\n[recording]\nrotate_size = \"64M\"\n")).is_empty());
        assert!(
            fixed(&before, &config("[memory]\nattempts = 7\n[self_probe]\ninterval = \"1s\"\n")).is_empty()
        );
        let after = "[hooks]\nprobes = \"lookup\"\n[recording]\npath = \"/x\"\n[output]\nstdout = true\n";
        assert_eq!(fixed(&before, &config(after)), ["hooks", "output.stdout", "recording"]);
    }
}
