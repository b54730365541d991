//! The report as text: the machine, the backends, then each hook with what it answers.

use std::fmt::Write as _;

use super::{Ability, CheckHook, CheckReport};
use crate::{
    cli::request::Detail,
    sink::text::{Look, Meaning},
    text::{
        escape::escape,
        width::{columns, wrap},
    },
};

/// Columns of backend names.
const BACKEND: usize = 14;

/// Lays the report out.
#[must_use]
pub fn text(report: &CheckReport, look: Look, detail: Detail) -> String {
    let mut page = Page { look, text: String::new() };
    let CheckReport { tcpx, kernel, arch, .. } = report;
    page.row(&[], Meaning::Cause, &format!("tcpx {tcpx} on Linux {kernel} {arch}"));
    page.ability("BTF", &report.btf);
    for backend in &report.backends {
        page.ability(&backend.backend, &backend.ability);
    }
    if let Some(service) = &report.service {
        page.ability("service", service);
    }
    page.text.push('\n');
    for fact in &report.sees {
        page.ability(&fact.what, &fact.ability);
    }
    let names = report.hooks.iter().map(|hook| columns(&hook.hook)).max().unwrap_or(0) + 2;
    page.text.push('\n');
    for hook in &report.hooks {
        page.hook(hook, names);
        page.others(report, hook, names, detail);
    }
    page.missing(report);
    page.text
}

struct Page {
    look: Look,
    text: String,
}

impl Page {
    fn ability(&mut self, name: &str, ability: &Ability) {
        let (meaning, word) = if ability.works { (Meaning::Good, "yes") } else { (Meaning::Bad, "no") };
        self.row(&[(name, BACKEND, Meaning::Plain), (word, 5, meaning)], Meaning::Plain, &ability.detail);
    }

    fn hook(&mut self, hook: &CheckHook, names: usize) {
        let name = (hook.hook.as_str(), names, Meaning::Cause);
        match (&hook.backend, &hook.target) {
            (Some(backend), target) => {
                let target = target.as_deref().unwrap_or_default().replace(',', ", ");
                self.row(&[name, (backend, BACKEND, Meaning::Good)], Meaning::Plain, &target);
            }
            (None, _) => self.row(&[name], Meaning::Bad, "missing"),
        }
        self.row(&[("", names, Meaning::Plain)], Meaning::Dim, &hook.answers);
    }

    /// The backends that are not used for a hook. What has been said of a backend as such is not said again.
    fn others(&mut self, report: &CheckReport, hook: &CheckHook, names: usize, detail: Detail) {
        let below = ("", names, Meaning::Plain);
        let said = |why: &str| report.backends.iter().any(|known| known.ability.detail == why);
        if detail == Detail::Verbose {
            for other in hook.others.iter().filter(|other| !said(&other.why)) {
                let meaning = if other.works { Meaning::Good } else { Meaning::Dim };
                self.row(&[below, (&other.backend, BACKEND, meaning)], Meaning::Dim, &other.why);
            }
        }
        let Some(missing) = report.missing.iter().find(|missing| missing.hook == hook.hook) else { return };
        if missing.why.split("; ").all(said) {
            let those = hook.others.iter().filter(|other| said(&other.why));
            let those: Vec<_> = those.map(|other| &*other.backend).collect();
            self.row(&[below], Meaning::Dim, &format!("it takes {}", those.join(" or ")));
        } else if detail != Detail::Verbose {
            self.row(&[below], Meaning::Dim, &missing.why);
        }
    }

    fn missing(&mut self, report: &CheckReport) {
        let (meaning, text) = match report.missing.len() {
            0 => (Meaning::Good, "Everything that tcpx knows to look at can be seen here.".to_owned()),
            1 => (Meaning::Silent, "1 hook is missing; the others work on without it.".to_owned()),
            n => (Meaning::Silent, format!("{n} hooks are missing; the others work on without them.")),
        };
        self.text.push('\n');
        self.row(&[], meaning, &text);
    }

    /// Cells of fixed width, then text that wraps below itself.
    fn row(&mut self, cells: &[(&str, usize, Meaning)], meaning: Meaning, text: &str) {
        let mut painted = String::new();
        let mut indent = 0;
        for &(cell, width, meaning) in cells {
            let cell = escape(cell);
            let gap = width.saturating_sub(columns(&cell)).max(1);
            indent += columns(&cell) + gap;
            let _ = write!(painted, "{}{:gap$}", self.look.paint(meaning, &cell), "");
        }
        let rest = " ".repeat(indent);
        let text = self.look.clean(text);
        for (n, line) in wrap(&text, self.look.width, &rest, &rest).iter().enumerate() {
            let before = if n == 0 { painted.as_str() } else { rest.as_str() };
            let line = self.look.paint(meaning, line[indent.min(line.len())..].trim_end());
            self.text += format!("{before}{line}").trim_end();
            self.text.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        check::{CheckBackend, CheckFact, OtherBackend},
        line::MissingHook,
    };

    fn ability(works: bool, detail: &str) -> Ability {
        Ability { works, detail: detail.to_owned() }
    }

    fn report() -> CheckReport {
        let backend = |backend: &str, ability| CheckBackend { backend: backend.to_owned(), ability };
        let other = |backend: &str, why: &str| OtherBackend {
            backend: backend.to_owned(),
            works: why.starts_with("works"),
            why: why.to_owned(),
        };
        let hook = |hook: &str, answers: &str, works: Option<(&str, &str)>, others| CheckHook {
            hook: hook.to_owned(),
            answers: answers.to_owned(),
            backend: works.map(|(backend, _)| backend.to_owned()),
            target: works.map(|(_, target)| target.to_owned()),
            others,
        };
        let refused = || other("fentry", "the kernel refuses to load BPF trampolines (EPERM)");
        let no_way = || other("tracepoint", "no tracepoint tells this");
        CheckReport {
            tcpx: "0.1.0".to_owned(),
            kernel: "6.18.44".to_owned(),
            arch: "x86_64".to_owned(),
            btf: ability(true, "/sys/kernel/btf/vmlinux"),
            backends: vec![
                backend("tracepoint", ability(true, "1 hook")),
                backend("fentry", ability(false, &refused().why)),
                backend("kprobe", ability(true, "1 hook")),
            ],
            service: Some(ability(true, "with CAP_BPF alone, all 2 hooks work that work here")),
            sees: vec![CheckFact {
                what: "lookups".to_owned(),
                ability: ability(false, "derived from what came of them"),
            }],
            hooks: vec![
                hook(
                    "state",
                    "when an attempt begins and ends",
                    Some(("tracepoint", "inet_sock_set_state")),
                    vec![refused(), other("kprobe", "works, but costs more")],
                ),
                hook("icmp", "ICMP errors that reach TCP", None, vec![no_way(), refused()]),
                hook(
                    "reject",
                    "RSTs made by netfilter",
                    None,
                    vec![
                        no_way(),
                        refused(),
                        other("kprobe", "nf_send_reset is in a module that is not loaded"),
                    ],
                ),
            ],
            missing: vec![
                MissingHook { hook: "icmp".to_owned(), why: refused().why },
                MissingHook {
                    hook: "reject".to_owned(),
                    why: format!("{}; nf_send_reset is in a module that is not loaded", refused().why),
                },
            ],
        }
    }

    #[test]
    fn a_table_that_fits() {
        insta::assert_snapshot!(text(&report(), Look::default(), Detail::Normal), @"
    tcpx 0.1.0 on Linux 6.18.44 x86_64
    BTF           yes  /sys/kernel/btf/vmlinux
    tracepoint    yes  1 hook
    fentry        no   the kernel refuses to load BPF trampolines (EPERM)
    kprobe        yes  1 hook
    service       yes  with CAP_BPF alone, all 2 hooks work that work here

    lookups       no   derived from what came of them

    state   tracepoint    inet_sock_set_state
            when an attempt begins and ends
    icmp    missing
            ICMP errors that reach TCP
            it takes fentry
    reject  missing
            RSTs made by netfilter
            the kernel refuses to load BPF trampolines (EPERM); nf_send_reset is in
            a module that is not loaded

    2 hooks are missing; the others work on without them.
    ");
    }

    #[test]
    fn verbose_says_what_every_other_backend_would_do() {
        insta::assert_snapshot!(text(&report(), Look::default(), Detail::Verbose), @"
    tcpx 0.1.0 on Linux 6.18.44 x86_64
    BTF           yes  /sys/kernel/btf/vmlinux
    tracepoint    yes  1 hook
    fentry        no   the kernel refuses to load BPF trampolines (EPERM)
    kprobe        yes  1 hook
    service       yes  with CAP_BPF alone, all 2 hooks work that work here

    lookups       no   derived from what came of them

    state   tracepoint    inet_sock_set_state
            when an attempt begins and ends
            kprobe        works, but costs more
    icmp    missing
            ICMP errors that reach TCP
            tracepoint    no tracepoint tells this
            it takes fentry
    reject  missing
            RSTs made by netfilter
            tracepoint    no tracepoint tells this
            kprobe        nf_send_reset is in a module that is not loaded

    2 hooks are missing; the others work on without them.
    ");
    }

    #[test]
    fn nothing_raw_and_nothing_too_wide() {
        let mut report = report();
        report.kernel = "6.1\u{1b}[31m".to_owned();
        report.hooks[0].target =
            Some("tcp_v4_send_reset,tcp_v6_send_reset,nf_send_reset,nf_send_reset6,tcp_reset".to_owned());
        for width in [60, 80] {
            let page = text(&report, Look { width, ..Look::default() }, Detail::Verbose);
            assert!(!page.contains('\u{1b}'));
            assert!(page.lines().all(|line| columns(line) <= width), "{page}");
        }
    }

    #[test]
    fn colour_changes_no_text() {
        let coloured = text(&report(), Look { color: true, ..Look::default() }, Detail::Verbose);
        assert_eq!(
            anstream::adapter::strip_str(&coloured).to_string(),
            text(&report(), Look::default(), Detail::Verbose)
        );
    }
}
