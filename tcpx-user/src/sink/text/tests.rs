use std::{cell::RefCell, rc::Rc};

use super::*;
use crate::{
    line::{Attempt, Confidence, How, Lost, Outcome, Summary},
    sink::samples,
    text::width::columns,
    verdict::VerdictId,
};

/// A stream that the test can read afterwards.
#[derive(Clone, Default)]
struct Memory(Rc<RefCell<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Memory {
    fn text(&self) -> String {
        String::from_utf8(self.0.borrow().clone()).expect("text is UTF-8")
    }
}

/// Results and notes of these lines.
fn both(lines: &[Line], detail: Detail, all: bool, look: Look) -> (String, String) {
    let (out, notes) = (Memory::default(), Memory::default());
    let mut sink = Text::new(Box::new(out.clone()), (Box::new(notes.clone()), look), look, detail, all);
    for line in lines {
        sink.line(line).expect("writing to memory");
    }
    (0..10).for_each(|_| sink.flush().expect("writing to memory"));
    (out.text(), notes.text())
}

/// What is read comes in many pieces on a busy host: the attempt of a RST has as long to come as on a quiet one.
#[test]
fn what_waits_is_not_hurried_by_what_is_pushed() {
    let (out, look) = (Memory::default(), Look::default());
    let notes = (Box::new(Memory::default()) as Box<dyn Write>, look);
    let mut sink = Text::new(Box::new(out.clone()), notes, look, Detail::Normal, false);
    sink.line(&samples::reset_of_attempt()).expect("writing to memory");
    (0..100).for_each(|_| sink.push().expect("writing to memory"));
    assert_eq!(out.text(), "", "its attempt may come");
    (0..10).for_each(|_| sink.flush().expect("writing to memory"));
    assert!(out.text().contains("RESET") || out.text().contains("REFUSED"), "{}", out.text());
}

fn results(lines: &[Line]) -> String {
    both(lines, Detail::Normal, false, Look::default()).0
}

fn notes(line: Line) -> String {
    both(&[line], Detail::Normal, false, Look::default()).1.trim().to_owned()
}

fn attempt(change: impl FnOnce(&mut Attempt)) -> Line {
    let mut attempt = samples::plain_attempt();
    change(&mut attempt);
    Line::Attempt(Box::new(attempt))
}

#[test]
fn an_attempt_and_its_reset_are_one_block() {
    let named = attempt(|attempt| attempt.reset = Some(2));
    let text = results(&[samples::reset_of_attempt(), named.clone()]);
    insta::assert_snapshot!(text, @"
    REFUSED  curl[41] → [::1]:8080            listener-v4only
             node[9] listens on 0.0.0.0:8080 only; localhost gave ::1 first.
             in netns web
             path  tcp_v6_rcv (took the segment) → __inet6_lookup_established (miss)
                   → __inet6_lookup_listener (miss)
                   → tcp_v6_send_reset (sent the RST)  [observed]
             next: Listen on [::]:8080 too, or connect to 127.0.0.1.
    ");
    assert_eq!(results(&[named, samples::reset_of_attempt()]), text, "in either order");
}

#[test]
fn resets_without_attempt() {
    insta::assert_snapshot!(results(&[samples::peer_reset(), samples::passive_refusal(), samples::local_reset()]), @"
    RESET    java[88] ↔ 10.2.0.5:5432         peer-reset
             open 912 s, idle 351 s. An idle timeout in between is likely.
             path  tcp_v4_rcv [derived]
                   → tcp_reset (took the RST in ESTABLISHED)  [rest observed]
             next: Set TCP keepalive below the idle timeout.
    REFUSED  10.0.0.7:51000 → 10.0.0.1:8888   closed-port
             Nothing holds port 8888 on this host.
             path  tcp_v6_rcv (took the segment) → __inet6_lookup_established (miss)
                   → __inet6_lookup_listener (miss)
                   → tcp_v6_send_reset (sent the RST)  [observed]
    RESET    curl[41] ↔ node[9] 127.0.0.1:8080  close-unread-data (derived)
             node[9] closed with 512 bytes unread.
             path  __tcp_close [derived] → tcp_send_active_reset  [rest observed]
    ");
}

#[test]
fn a_drop() {
    insta::assert_snapshot!(results(&[samples::drop_line()]), @"
    DROPPED  10.0.0.7:51000 → 10.0.0.1:443 ×3  accept-queue-full
             nginx[12] has 129 connections waiting for accept(), 128 may.
             path  tcp_v4_rcv [derived] → tcp_conn_request  [rest observed]
             next: See why nginx[12] does not call accept().
    ");
}

#[test]
fn quiet_hides_the_path() {
    let (text, notes) = both(&[samples::start(), samples::attempt()], Detail::Quiet, false, Look::default());
    insta::assert_snapshot!(text, @"
    REFUSED  curl[41] → [::1]:8080            listener-v4only
             node[9] listens on 0.0.0.0:8080 only; localhost gave ::1 first.
             in netns web
             next: Listen on [::]:8080 too, or connect to 127.0.0.1.
    ");
    assert_eq!(notes, "");
}

#[test]
fn verbose_has_all() {
    let named = attempt(|attempt| attempt.reset = Some(2));
    let (text, _) = both(
        &[samples::reset_of_attempt(), named, samples::drop_line()],
        Detail::Verbose,
        false,
        Look::default(),
    );
    insta::assert_snapshot!(text, @"
    REFUSED  curl[41] → [::1]:8080            listener-v4only
             node[9] listens on 0.0.0.0:8080 only; localhost gave ::1 first.
             in netns web
             at 2026-01-02T03:04:05.000000006Z, took 71 us, ECONNREFUSED, from
             [::1]:51000, netns web (4026531840)
             /usr/bin/curl, pid 7 in its namespace, uid 1000, cgroup
             /user.slice/session-1.scope
             RST [::1]:8080 → [::1]:51000, origin reply, reason NO_SOCKET, segment
             [S] seq 1 ack 0 len 0 TTL 64 on lo, ends joined by tuple
             sender in netns 4026531840
             receiver in netns 4026531840, curl[41], SYN_SENT
             near: 0.0.0.0:8080 of node[9] (pid 1 in its namespace, unit
             session-1.scope, there for 912 s) in netns 4026531840: it listens on
             IPv4 only
             path  tcp_v6_send_reset: sent the RST; observed (tracepoint
                     tcp_send_reset)
                   __inet6_lookup_listener: miss; observed
                   __inet6_lookup_established: miss; observed
                   tcp_v6_rcv: took the segment; observed
             next: Listen on [::]:8080 too, or connect to 127.0.0.1.
    DROPPED  10.0.0.7:51000 → 10.0.0.1:443 ×3  accept-queue-full
             nginx[12] has 129 connections waiting for accept(), 128 may.
             at 2026-01-02T03:04:05.000000006Z, netns 4026531840, socket of
             nginx[12], queue 129 of 128
             path  tcp_conn_request: observed
                   tcp_v4_rcv: derived
             next: See why nginx[12] does not call accept().
    ");
}

#[test]
fn without_utf8_all_signs_are_ascii() {
    let look = Look { unicode: false, ..Look::default() };
    let (text, _) =
        both(&[samples::attempt(), samples::peer_reset(), samples::drop_line()], Detail::Normal, false, look);
    assert!(text.is_ascii(), "{text}");
    insta::assert_snapshot!(text.lines().next().unwrap_or_default(), @"REFUSED  curl[41] -> [::1]:8080           listener-v4only");
}

#[test]
fn what_worked_is_shown_on_request_only() {
    let worked = |how, id| {
        attempt(|attempt| {
            attempt.outcome = Outcome::Established;
            attempt.how = how;
            attempt.verdict = samples::verdict(id, &[], "");
            attempt.path.clear();
        })
    };
    let plain = worked(How::ActiveOpen, VerdictId::Established);
    assert_eq!(results(std::slice::from_ref(&plain)), "");
    insta::assert_snapshot!(both(&[plain], Detail::Normal, true, Look::default()).0, @"
    OPEN     curl[41] ↔ [::1]:8080            established
             in netns web
    ");
    insta::assert_snapshot!(results(&[worked(How::SelfConnect, VerdictId::SelfConnect)]), @"
    OPEN     curl[41] ↔ [::1]:8080            self-connect
             in netns web
    ");
    assert_ne!(results(&[worked(How::SimultaneousOpen, VerdictId::SimultaneousOpen)]), "");
}

#[test]
fn long_addresses_push_the_verdict_to_its_own_line() {
    let far = samples::at("[2001:db8:1234:5678:9abc:def0:1234:5678]:65535");
    let line = attempt(|attempt| {
        attempt.requested = Some(far);
        attempt.remote = Some(samples::at("10.0.0.9:80"));
        attempt.outcome = Outcome::TimedOut;
        attempt.verdict.confidence = Confidence::Derived;
        attempt.complete = Some(false);
    });
    insta::assert_snapshot!(results(&[line]), @"
    TIMEOUT  curl[41] → [2001:db8:1234:5678:9abc:def0:1234:5678]:65535
             listener-v4only (derived)
             node[9] listens on 0.0.0.0:8080 only; localhost gave ::1 first.
             [2001:db8:1234:5678:9abc:def0:1234:5678]:65535 was rewritten to
             10.0.0.9:80 before the first SYN.
             Events were lost around this one: what is said here may not be all.
             in netns web
             path  tcp_v6_rcv (took the segment) → __inet6_lookup_established (miss)
                   → __inet6_lookup_listener (miss)
                   → tcp_v6_send_reset (sent the RST)  [observed]
             next: Listen on [::]:8080 too, or connect to 127.0.0.1.
    ");
}

#[test]
fn nothing_known_is_said_so() {
    let line = attempt(|attempt| {
        attempt.process = None;
        attempt.local = None;
        attempt.remote = None;
        attempt.requested = None;
        attempt.verdict = samples::verdict(VerdictId::Unknown, &[], "");
        attempt.path.clear();
        attempt.netns.name = None;
    });
    insta::assert_snapshot!(results(&[line]), @"REFUSED  ? → ?                            unknown");
}

#[test]
fn start_loss_and_summary_are_notes() {
    insta::assert_snapshot!(notes(samples::start()), @"
    tcpx: tracing Linux 6.12.1 with 2 hooks by fentry, tracepoint; 1 hook is missing
          (tcpx check says why)
    ");
    insta::assert_snapshot!(notes(samples::loss()), @"
    tcpx: LOST 12 records of send-reset in the kernel: connections around this time
          may be missing or unexplained
    ");
    insta::assert_snapshot!(notes(samples::summary()), @"
    12 attempts: 10 established, 2 closed-port
    3 resets: 2 closed-port, 1 peer-reset
    RSTs: 2 sent, 3 received
    kernel's counters agree: no RST is unaccounted for
    ");
}

#[test]
fn a_summary_says_what_is_wrong() {
    let bad = Summary {
        unaccounted: Some(2),
        unexplained: 1,
        lost: Lost { kernel: 12, user: 1 },
        untold: [("send-reset NO_SOCKET".to_owned(), 10), ("state".to_owned(), 2)].into(),
        ..samples::plain_summary()
    };
    insta::assert_snapshot!(notes(Line::Summary(bad.into())), @"
    12 attempts: 10 established, 2 closed-port
    3 resets: 2 closed-port, 1 peer-reset
    RSTs: 2 sent, 3 received
    kernel's counters differ: 2 RSTs more or fewer than tcpx saw (unaccounted 2)
    unexplained resets: 1; please report them, with what tcpx trace -o json says
    LOST: 12 records in the kernel (10 send-reset NO_SOCKET, 2 state), 1 in tcpx:
          something above may be missing or say less than it could; a larger
          --buffer-size or fewer hooks (--probes path) lose less
    ");
    let shed = Summary { lost: Lost { kernel: 12, user: 0 }, shed: 12, ..samples::plain_summary() };
    insta::assert_snapshot!(notes(Line::Summary(shed.into())).lines().skip(4).collect::<Vec<_>>().join("\n"), @"
    LOST: 12 records in the kernel, 0 in tcpx: something above may be missing or say
          less than it could; 12 of them were above --max-events-per-second
    ");
    let unsure = Summary {
        unaccounted: None,
        unaccounted_why: Some("the namespace has gone".into()),
        ..Summary::default()
    };
    insta::assert_snapshot!(notes(Line::Summary(unsure.into())), @"
    tcpx: nothing to tell: no attempt, no reset, no drop
    kernel's counters not compared: the namespace has gone
    ");
}

#[test]
fn nothing_from_outside_reaches_the_terminal_raw() {
    for detail in [Detail::Quiet, Detail::Normal, Detail::Verbose] {
        let (text, _) = both(&[samples::hostile()], detail, true, Look::default());
        assert!(!text.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'), "{text:?}");
        if detail == Detail::Normal {
            insta::assert_snapshot!(text, @r"
    REFUSED  \x1b[31mx\x07\u{9b}2J\r\n\u{202e}y[41] → [::1]:8080  listener-v4only
             \x1b[31mx\x07\u{9b}2J\r\n\u{202e}y[9] listens elsewhere.
             in container \x1b[31mx\x07\u{9b}2J\r\n\u{202e}y, netns
             \x1b[31mx\x07\u{9b}2J\r\n\u{202e}y
             path  \x1b[31mx\x07\u{9b}2J\r\n\u{202e}y
                     (\x1b[31mx\x07\u{9b}2J\r\n\u{202e}y)
             next: Ask \x1b[31mx\x07\u{9b}2J\r\n\u{202e}y.
    ");
        }
    }
}

#[test]
fn colour_says_what_it_means_and_changes_no_text() {
    let lines = [samples::attempt(), samples::drop_line()];
    let (plain, _) = both(&lines, Detail::Normal, false, Look::default());
    let (coloured, _) = both(&lines, Detail::Normal, false, Look { color: true, ..Look::default() });
    assert!(coloured.starts_with("\u{1b}[1m\u{1b}[31mREFUSED\u{1b}[0m  curl[41]"), "{coloured:?}");
    assert!(coloured.contains("\u{1b}[1m\u{1b}[33mDROPPED\u{1b}[0m"));
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain);
}

#[test]
fn no_line_is_wider_than_asked_but_for_long_words() {
    let lines = [
        samples::start(),
        samples::attempt(),
        samples::peer_reset(),
        samples::passive_refusal(),
        samples::local_reset(),
        samples::drop_line(),
        samples::loss(),
        samples::summary(),
    ];
    for width in [40, 60, 80, 100] {
        for detail in [Detail::Normal, Detail::Verbose] {
            let (text, notes) = both(&lines, detail, true, Look { width, ..Look::default() });
            for line in text.lines().chain(notes.lines()) {
                let words = line.split_whitespace().filter(|word| columns(word) > 1).count();
                assert!(columns(line) <= width || words == 1, "{width}: {line:?}");
            }
        }
    }
}

#[test]
fn a_call_that_failed() {
    insta::assert_snapshot!(results(&[samples::call_line()]), @"
    FAILED   nginx[7] bind 0.0.0.0:80         address-in-use
             apache2[5] listens on 0.0.0.0:80.
             path  inet_bind → inet_csk_get_port [derived]  [rest observed]
             next: Stop the holder or choose another port.
    ");
}
