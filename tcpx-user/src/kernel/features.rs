//! What a kernel was built with, where BTF does not say it and a try would only say "no such file".

use std::path::Path;

/// Whole mechanisms that a kernel may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features {
    /// kprobes that BPF programs can stand at.
    pub kprobes: bool,
}

impl Features {
    /// Nothing is known to be absent.
    pub const ALL: Self = Self { kprobes: true };

    /// Looks at the running kernel.
    #[must_use]
    pub fn read() -> Self {
        Self { kprobes: kprobes(Path::new("/sys")) }
    }
}

/// The kernel registers an event source for kprobes whenever it has them (since Linux 4.17), and a file in tracefs. Only
/// when both could be looked for and neither is there is their absence certain.
fn kprobes(sys: &Path) -> bool {
    let sources = sys.join("bus/event_source/devices");
    let files = ["kernel/tracing/kprobe_events", "kernel/debug/tracing/kprobe_events"];
    !sources.exists() || sources.join("kprobe").exists() || files.iter().any(|file| sys.join(file).exists())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn kprobes_are_absent_only_if_they_could_have_been_seen() {
        let sys = tempfile::tempdir().expect("a folder");
        assert!(kprobes(sys.path()), "no /sys: nothing is known");
        let sources = sys.path().join("bus/event_source/devices");
        fs::create_dir_all(sources.join("tracepoint")).expect("made");
        assert!(!kprobes(sys.path()));
        fs::create_dir(sources.join("kprobe")).expect("made");
        assert!(kprobes(sys.path()));
    }
}
