//! Whether the rights that the service has (deploy/systemd/tcpx.service) are enough here: another tcpx gets them, as systemd would give
//! them, and is asked the same. Kernels and distributions differ in what they want beyond them, so nothing is concluded from versions.

use std::{
    io,
    process::{Command, Output, Stdio},
    thread,
};

use serde::Deserialize;
use tcpx_common::abi::Backend;

use super::{Ability, CheckReport};
use crate::daemon::privileges;

/// The line that the other one writes.
#[derive(Deserialize)]
struct Said {
    data: CheckReport,
}

/// Compares it with `own`, the names of the hooks that work for this process. `None` if this process has no more rights itself.
pub(super) fn compare(backend: Option<Backend>, own: &[&str]) -> Option<Ability> {
    if !privileges::exceed_service() {
        return None;
    }
    let found = match ask(backend) {
        Ok(output) if output.status.success() => judge(&output.stdout, own),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(said.lines().next().unwrap_or("it said nothing").trim_start_matches("tcpx: ").to_owned())
        }
        Err(error) => Err(format!("this could not be tried: {error}")),
    };
    let (works, said) = found.unwrap_or_else(|why| (false, why));
    Some(Ability { works, detail: format!("with {} alone, {said}", privileges::service_names()) })
}

/// A user is a property of a thread, and what it starts inherits that.
fn ask(backend: Option<Backend>) -> io::Result<Output> {
    let mut tcpx = Command::new("/proc/self/exe");
    tcpx.args(["check", "-o", "json"]).stdin(Stdio::null());
    if let Some(backend) = backend {
        tcpx.args(["--backend", backend.name()]);
    }
    let start = || {
        privileges::like_service()?;
        tcpx.output()
    };
    thread::scope(|scope| {
        let panicked = |_| Err(io::Error::other("the thread panicked"));
        scope.spawn(start).join().unwrap_or_else(panicked)
    })
}

/// Whether all of `own` work, and the sentence about it.
fn judge(json: &[u8], own: &[&str]) -> Result<(bool, String), String> {
    let said: Said =
        serde_json::from_slice(json).map_err(|error| format!("what it said is no report: {error}"))?;
    let CheckReport { hooks, missing, .. } = said.data;
    let works = |name: &&&str| hooks.iter().any(|hook| hook.hook == **name && hook.backend.is_some());
    let lacking: Vec<&str> = own.iter().filter(|name| !works(name)).copied().collect();
    let Some(first) = lacking.first() else {
        return Ok((true, format!("all {} hooks work that work here", own.len())));
    };
    let why = missing.iter().find(|one| one.hook == *first).map_or("no reason was given", |one| &one.why);
    let names = lacking.join(", ");
    Ok((false, format!("{} of {} hooks are missing: {names} ({why})", lacking.len(), own.len())))
}

#[cfg(test)]
mod tests {
    use super::judge;

    fn said() -> Vec<u8> {
        let hook = |hook: &str, backend: Option<&str>| serde_json::json!({ "hook": hook, "answers": "", "backend": backend, "target": null, "others": [] });
        let yes = serde_json::json!({ "works": true, "detail": "" });
        let data = serde_json::json!({
            "tcpx": "0.1.0", "kernel": "6.18.44", "arch": "x86_64", "btf": yes, "backends": [], "service": null, "sees": [],
            "hooks": [hook("state", Some("tracepoint")), hook("listen", None)],
            "missing": [{ "hook": "listen", "why": "tracefs not found" }],
        });
        serde_json::json!({ "type": "check", "data": data }).to_string().into_bytes()
    }

    #[test]
    fn hooks_that_the_service_would_lack_are_named_with_the_reason() {
        let all = judge(&said(), &["state"]).expect("a report");
        assert_eq!(all, (true, "all 1 hooks work that work here".to_owned()));
        let some = judge(&said(), &["state", "listen"]).expect("a report");
        assert_eq!(some, (false, "1 of 2 hooks are missing: listen (tracefs not found)".to_owned()));
        assert!(judge(b"{}", &[]).is_err());
    }
}
