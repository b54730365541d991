//! For tests: results, and states that have seen some.

use std::{rc::Rc, sync::Arc};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{
    model::Item,
    state::{Origin, State},
};
use crate::{
    line::{Attempt, Line, Outcome, Process},
    sink::{
        samples::{at, passive_refusal, peer_reset, plain_attempt, plain_drop, plain_reset, start},
        text::{Group, Main},
    },
    verdict::VerdictId,
};

/// A second that samples were made in: 2026-01-02T03:04:05Z.
pub(crate) const SECOND: u64 = 1_767_323_045;

pub(crate) fn item(group: Group, seq: u64) -> Item {
    Item::new(group, seq, SECOND)
}

/// `curl[41]` is refused at `[::1]:8080`; the RST is told with it.
pub(crate) fn refused() -> Group {
    Group { main: Main::Attempt(Box::new(plain_attempt())), resets: vec![plain_reset()], drops: Vec::new() }
}

/// `java[88]` is reset by `10.2.0.5:5432`.
pub(crate) fn reset_by_peer() -> Group {
    reset(peer_reset())
}

/// Another host is refused by this one.
pub(crate) fn refused_another() -> Group {
    reset(passive_refusal())
}

fn reset(line: Line) -> Group {
    let Line::Reset(reset) = line else { panic!("a reset") };
    Group::alone(Main::Reset(reset))
}

/// `nginx[12]` lost SYNs of `10.0.0.7`.
pub(crate) fn dropped() -> Group {
    Group::alone(Main::Drop(Box::new(plain_drop())))
}

/// What `comm` tried; `outcome` and `verdict` go together.
pub(crate) fn tried(id: u64, comm: &str, to: &str, outcome: Outcome, verdict: VerdictId) -> Group {
    let mut attempt = Attempt { id, outcome, requested: Some(at(to)), ..plain_attempt() };
    let process = Process { comm: comm.to_owned(), pid: 100, ..Process::default() };
    (attempt.process, attempt.verdict.id, attempt.reset) = (Some(process.into()), verdict, None);
    Group::alone(Main::Attempt(Box::new(attempt)))
}

/// It worked.
pub(crate) fn worked(id: u64, comm: &str, to: &str) -> Group {
    tried(id, comm, to, Outcome::Established, VerdictId::Established)
}

/// Names that try to colour, to move, to reverse, and to be wider than they look.
pub(crate) fn hostile(id: u64) -> Group {
    let evil = "\u{1b}[31mx\u{7}\u{9b}2J\r\n\u{202e}数据库שלום";
    let mut group = tried(
        id,
        evil,
        "[2001:db8:1111:2222:3333:4444:5555:6666]:65535",
        Outcome::Refused,
        VerdictId::ClosedPort,
    );
    if let Main::Attempt(attempt) = &mut group.main {
        attempt.verdict.evidence = Arc::new(vec![format!("{evil} holds it.")]);
        attempt.netns.name = Some(evil.to_owned());
    }
    group
}

/// These results, one a second from [`SECOND`] on.
pub(crate) fn state(groups: Vec<Group>) -> State {
    let mut state = State::new(Origin::Live, false, true);
    let Line::Start(begun) = start() else { panic!("a start") };
    state.begin(&begun);
    for (n, group) in groups.into_iter().enumerate() {
        take(&mut state, group, n as u64);
    }
    state
}

/// One more, `after` so many seconds.
pub(crate) fn take(state: &mut State, group: Group, after: u64) {
    state.take(&Rc::new(Item::new(group, after + 1, SECOND + after)));
    state.tick(SECOND + after + 1);
}

pub(crate) fn some() -> State {
    state(vec![
        refused(),
        worked(20, "nginx", "10.0.0.9:80"),
        reset_by_peer(),
        refused_another(),
        dropped(),
        tried(21, "curl", "192.0.2.9:443", Outcome::TimedOut, VerdictId::NoAnswer),
        tried(22, "curl", "192.0.2.9:443", Outcome::TimedOut, VerdictId::NoAnswer),
    ])
}

/// Keys as they are typed: a character each, `<Enter>` and so on by name.
pub(crate) fn press(state: &mut State, keys: &str) {
    let mut rest = keys;
    while let Some(c) = rest.chars().next() {
        let named = rest.strip_prefix('<').and_then(|rest| rest.split_once('>'));
        let (code, after) = match named {
            Some((name, after)) => (self::named(name), after),
            None => (KeyCode::Char(c), &rest[c.len_utf8()..]),
        };
        state.key(KeyEvent::new(code, KeyModifiers::NONE));
        rest = after;
    }
}

fn named(name: &str) -> KeyCode {
    match name {
        "Enter" => KeyCode::Enter,
        "Esc" => KeyCode::Esc,
        "Tab" => KeyCode::Tab,
        "BackTab" => KeyCode::BackTab,
        "Backspace" => KeyCode::Backspace,
        "Up" => KeyCode::Up,
        "Down" => KeyCode::Down,
        "Left" => KeyCode::Left,
        "Right" => KeyCode::Right,
        "End" => KeyCode::End,
        "Home" => KeyCode::Home,
        "PgDn" => KeyCode::PageDown,
        other => panic!("no key {other}"),
    }
}
