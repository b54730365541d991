//! What systemd and operators see.

use std::time::Duration;

use rustix::process::Signal;

use crate::daemon::Place;

pub(crate) fn notify() {
    let place = Place::new("self_probe.interval = \"10m\"\n");
    // As WatchdogSec=1s has it: an interval of ten minutes is too long then.
    let daemon = place.start_with(|tcpx| {
        tcpx.env("WATCHDOG_USEC", "1000000").env_remove("WATCHDOG_PID");
    });
    daemon.until_told("WATCHDOG=1");
    daemon.until_told("WATCHDOG=1");
    daemon.signal(Signal::HUP);
    let reloading = daemon.until_told("RELOADING=1");
    let time = reloading.lines().find_map(|line| line.strip_prefix("MONOTONIC_USEC="));
    assert!(time.is_some_and(|time| time.parse::<u64>().is_ok()), "{reloading}");
    let ready = daemon.until_told("READY=1");
    assert!(ready.contains("hooks attached"), "{ready}");
    daemon.signal(Signal::TERM);
    daemon.until_told("STOPPING=1");
    let place = Place::new("self_probe.enabled = false\n");
    let output = place.tcpx().env("WATCHDOG_USEC", "1000000").output().expect("tcpx runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("nothing would feed it; enable self-probes"), "{said}");
}

pub(crate) fn twice() {
    let place = Place::new("");
    let daemon = place.start();
    let output = place.tcpx().output().expect("tcpx runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("a daemon answers on"), "{said}");
    assert_eq!(daemon.health()["healthy"], true, "the first is not disturbed");
}

pub(crate) fn status() {
    let place = Place::new("");
    let ask = || place.tcpx().arg("--status").output().expect("tcpx runs");
    let nobody = ask();
    let said = String::from_utf8_lossy(&nobody.stderr);
    assert!(nobody.status.code() == Some(1) && said.contains("no daemon answers on"), "{said}");
    let daemon = place.start();
    let health = ask();
    let said = String::from_utf8_lossy(&health.stdout);
    assert!(health.status.success() && said.contains(": healthy, up "), "{said}");
    assert!(said.contains("  self-probe 1 of 1 seen"), "{said}");
    let (status, took) = daemon.end(Signal::INT);
    assert!(status.success() && took < Duration::from_secs(1), "{status} after {took:?}");
}
