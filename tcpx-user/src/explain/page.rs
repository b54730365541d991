//! Lays an [`Answer`] out as lines, without colour: each line says what it is, and a sink may colour by that.

use super::backends::Cell;
use super::{Answer, Brief, ErrorAnswer, GroupAnswer, errno::Errno};
use crate::text::{lang::Lang, width::wrap};
use crate::verdict::catalogue::KernelPath;
use crate::verdict::{Entry, VerdictId};

/// Narrower than this, text is not readable any more.
const NARROWEST: usize = 40;
const NOT_YET: &str = "This version of tcpx does not yet report this verdict.";
const NOT_YET_MARK: &str = "* this version of tcpx does not yet report it";

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The name of what is explained.
    Title,
    /// The heading of a section.
    Heading,
    /// Text; also an empty line.
    Text,
    /// A verdict and its title.
    Verdict,
    /// A command to run.
    Command,
}

/// One line of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it is.
    pub kind: Kind,
    /// Its text, without a line end.
    pub text: String,
}

/// Lays out `answer` in `width` columns.
pub(super) fn lay_out(answer: &Answer, width: usize, lang: Lang) -> Vec<Line> {
    let mut page = Page { width: width.max(NARROWEST), lang, lines: Vec::new() };
    match answer {
        Answer::Verdict { id, .. } => page.verdict(*id, lang.entry(*id)),
        Answer::Errors { errors, asides } => page.errors(errors, asides),
        Answer::Catalogue { groups } => page.catalogue(groups),
        Answer::Backends { cells } => page.backends(cells),
    }
    page.lines
}

struct Page {
    width: usize,
    lang: Lang,
    lines: Vec<Line>,
}

impl Page {
    fn verdict(&mut self, id: VerdictId, entry: &Entry) {
        self.wrapped(Kind::Title, &format!("{id}: {}", entry.title), "", "  ");
        self.text(&entry.meaning);
        if !entry.implemented {
            self.blank();
            self.text(self.lang.say(NOT_YET));
        }
        self.list("Applications see", &entry.errno.iter().map(|name| error_name(name)).collect::<Vec<_>>());
        self.list("It takes", &entry.conditions);
        self.kernel(&entry.kernel);
        self.paragraph(
            "The kernel's reason (enum sk_rst_reason, since Linux 6.10)",
            &entry.reset_reasons.join(" "),
        );
        self.list("Settings", &entry.sysctls);
        self.paragraph("Counters that rise", &entry.counters.join(" "));
        self.confirm(entry);
        self.paragraph("What to do", &entry.advice);
    }

    fn kernel(&mut self, paths: &[KernelPath]) {
        self.heading(self.lang.say("What the kernel does"));
        let mut before = "";
        for path in paths {
            if path.versions == before {
                self.text(self.lang.say("or"));
            } else if path.versions != "all" {
                self.text(&self.lang.fill("Linux {a}:", &[&path.versions]));
            }
            before = &path.versions;
            for function in &path.functions {
                self.wrapped(Kind::Text, function, "    ", "      ");
            }
        }
        let twins = twins(paths);
        if !twins.is_empty() {
            self.text(&self.lang.fill("For IPv6: {a}.", &[&twins.join(", ")]));
        }
    }

    fn confirm(&mut self, entry: &Entry) {
        self.heading(self.lang.say("How to confirm"));
        for check in &entry.confirm {
            // Never broken, so that it can be copied.
            self.lines.push(Line { kind: Kind::Command, text: format!("  $ {}", check.run) });
            self.wrapped(Kind::Text, &check.look, "      ", "      ");
        }
    }

    fn errors(&mut self, errors: &[ErrorAnswer], asides: &[&'static str]) {
        for aside in asides {
            self.gap();
            self.wrapped(Kind::Text, self.lang.say(aside), "", "");
        }
        for error in errors {
            self.gap();
            self.wrapped(Kind::Title, &error_name(error.errno.name), "", "  ");
            self.text(error.errno.note.map(|note| self.lang.say(note)).unwrap_or_default());
            self.heading(self.lang.say("Verdicts that lead to it"));
            self.briefs(&error.verdicts);
        }
        if !errors.is_empty() {
            let all = errors.iter().flat_map(|error| &error.verdicts);
            self.legend(all);
            self.text(self.lang.say("To learn which one it is: tcpx trace -- COMMAND"));
        }
    }

    fn catalogue(&mut self, groups: &[GroupAnswer]) {
        for group in groups {
            self.heading(&sentence(self.lang.say(group.group.heading())));
            self.briefs(&group.verdicts);
        }
        self.legend(groups.iter().flat_map(|group| &group.verdicts));
        self.text(
            self.lang.say("More about one: tcpx explain VERDICT, or ERRNO, or \"what a program printed\""),
        );
    }

    fn backends(&mut self, cells: &[Cell]) {
        let lang = self.lang;
        self.wrapped(Kind::Title, lang.say("Where a backend sees less"), "", "");
        self.text(lang.say("Everywhere else every backend gives the same verdict. --backend auto avoids what another backend can see."));
        for cell in cells {
            let (backend, kernels) = cell.place(lang);
            self.heading(&lang.fill("{a}, Linux {b}", &[backend, kernels]));
            let verdicts: Vec<_> = cell.verdicts.iter().map(|id| id.as_str()).collect();
            self.text(&lang.fill("{a}: {b}.", &[&verdicts.join(", "), lang.say(cell.shows)]));
            self.text(lang.say(cell.because));
        }
    }

    fn briefs(&mut self, briefs: &[Brief]) {
        for brief in briefs {
            let mark = if brief.implemented { ' ' } else { '*' };
            let first = format!("  {:<27}{mark} ", brief.id);
            let rest = " ".repeat(first.len());
            self.wrapped(Kind::Verdict, &self.lang.entry(brief.id).title, &first, &rest);
        }
    }

    /// Says what the star means where there is one.
    fn legend<'a>(&mut self, briefs: impl IntoIterator<Item = &'a Brief>) {
        self.blank();
        if briefs.into_iter().any(|brief| !brief.implemented) {
            self.text(self.lang.say(NOT_YET_MARK));
        }
    }

    fn list(&mut self, heading: &'static str, items: &[String]) {
        if items.is_empty() {
            return;
        }
        self.heading(self.lang.say(heading));
        for item in items {
            self.wrapped(Kind::Text, item, "  - ", "    ");
        }
    }

    fn paragraph(&mut self, heading: &'static str, text: &str) {
        if !text.is_empty() {
            self.heading(self.lang.say(heading));
            self.text(text);
        }
    }

    fn heading(&mut self, text: &str) {
        self.gap();
        self.wrapped(Kind::Heading, text, "", "  ");
    }

    fn text(&mut self, text: &str) {
        if !text.is_empty() {
            self.wrapped(Kind::Text, text, "  ", "  ");
        }
    }

    /// An empty line, but not at the top.
    fn gap(&mut self) {
        if !self.lines.is_empty() {
            self.blank();
        }
    }

    fn blank(&mut self) {
        self.lines.push(Line { kind: Kind::Text, text: String::new() });
    }

    fn wrapped(&mut self, kind: Kind, text: &str, first: &str, rest: &str) {
        let lines = wrap(text, self.width, first, rest);
        self.lines.extend(lines.into_iter().map(|text| Line { kind, text }));
    }
}

/// `ECONNREFUSED (111) "Connection refused"`.
fn error_name(name: &str) -> String {
    Errno::by_name(name)
        .map_or_else(|| name.to_owned(), |errno| format!("{name} ({}) \"{}\"", errno.number, errno.text))
}

/// A heading of the contract, with a capital.
pub(super) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}

/// The functions of IPv6 that take the place of those named, where the entry does not name them itself.
fn twins(paths: &[KernelPath]) -> Vec<&'static str> {
    let functions: Vec<_> = paths.iter().flat_map(|path| &path.functions).map(|text| name(text)).collect();
    if functions.iter().any(|name| name.contains('6')) {
        return Vec::new();
    }
    TWINS.iter().filter(|(v4, _)| functions.contains(v4)).map(|&(_, v6)| v6).collect()
}

/// The function's name alone, without its result.
fn name(text: &str) -> &str {
    text.split(|c: char| c != '_' && !c.is_ascii_alphanumeric()).next().unwrap_or_default()
}

/// Functions that IPv6 has apart.
const TWINS: &[(&str, &str)] = &[
    ("tcp_v4_connect", "tcp_v6_connect"),
    ("tcp_v4_pre_connect", "tcp_v6_pre_connect"),
    ("inet_hash_connect", "inet6_hash_connect"),
    ("__inet_check_established", "__inet6_check_established"),
    ("inet_bind", "inet6_bind"),
    ("__inet_bind", "__inet6_bind"),
    ("ip_finish_output", "ip6_finish_output"),
    ("tcp_v4_rcv", "tcp_v6_rcv"),
    ("__inet_lookup_established", "__inet6_lookup_established"),
    ("__inet_lookup_listener", "inet6_lookup_listener"),
    ("tcp_v4_do_rcv", "tcp_v6_do_rcv"),
    ("cookie_v4_check", "cookie_v6_check"),
    ("tcp_v4_conn_request", "tcp_v6_conn_request"),
    ("tcp_v4_syn_recv_sock", "tcp_v6_syn_recv_sock"),
    ("subflow_v4_route_req", "subflow_v6_route_req"),
    ("tcp_v4_inbound_md5_hash", "tcp_v6_inbound_md5_hash"),
    ("tcp_v4_send_reset", "tcp_v6_send_reset"),
    ("nf_send_reset", "nf_send_reset6"),
    ("nf_reject_skb_v4_tcp_reset", "nf_reject_skb_v6_tcp_reset"),
    ("nf_send_unreach", "nf_send_unreach6"),
    ("icmp_rcv", "icmpv6_rcv"),
    ("tcp_v4_err", "tcp_v6_err"),
];
