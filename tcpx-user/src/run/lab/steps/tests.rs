//! Steps of runs that are written down by hand: a script, and the events from which the pipeline makes its lines.

use std::sync::Arc;

use tcpx_common::abi::{Hook, state};

use super::{Step, steps};
use crate::{
    abilities::Abilities,
    correlate::Limits,
    event::{Event, StateChange, What as Told},
    lab::{Facts, Line, Process, Row, Table, Tables, What, find},
    line::Summary,
    pipeline::tests::scene::{self, PYTHON, S, addr, held_by, holder},
    run::lab::{course::Course, diagram::diagram, tell::Teller, tracer::Played},
    sink::text::Look,
    text::{lang::Lang, width::columns},
};

const CLIENT: &str = "127.0.0.1:40000";
const SERVER: &str = "127.0.0.1:8888";

fn curl() -> Process {
    Process { pid: 41, comm: "curl".to_owned() }
}

fn python() -> Process {
    Process { pid: 3999, comm: "python3".to_owned() }
}

fn line(at_ns: u64, what: What) -> Line {
    Line { at_ns, what }
}

fn call(who: &Process, (from, until): (u64, u64), text: &str) -> Line {
    let Process { comm, pid } = who.clone();
    line(from, What::Call { comm, pid, text: text.to_owned(), ended_ns: until })
}

fn tables(at_ns: u64, rows: Vec<Row>) -> Line {
    let tables = Tables { namespace: "lab".to_owned(), rows, shows_bound: true };
    line(at_ns, What::Tables(Arc::new(tables)))
}

fn bound() -> Row {
    let (local, remote) = (addr("0.0.0.0:8888"), addr("0.0.0.0:0"));
    Row { table: Table::Bound, state: "CLOSE", local, remote, owner: Some(python()) }
}

/// bind() without listen(), and a client.
fn script() -> Vec<Line> {
    vec![
        line(10, What::Step("python3 binds a socket, but never listens".to_owned())),
        tables(15, Vec::new()),
        call(&python(), (20, 25), "socket(AF_INET, SOCK_STREAM, 0) = 3"),
        tables(26, Vec::new()),
        call(&python(), (30, 35), "bind(3, 0.0.0.0:8888) = 0"),
        tables(40, vec![bound()]),
        line(50, What::Ready),
        call(&curl(), (60, 65), "socket(AF_INET, SOCK_STREAM, 0) = 3"),
        tables(70, vec![bound()]),
        call(&curl(), (S, S + 71_000), "connect(3, 127.0.0.1:8888) = -1 ECONNREFUSED"),
        tables(S + 90_000, vec![bound()]),
    ]
}

fn events() -> Vec<Event> {
    let holders = held_by(vec![holder(0xb, PYTHON, "0.0.0.0:8888", false)]);
    scene::call(CLIENT, SERVER).refused(S + 1_000, holders)
}

fn played(script: Vec<Line>, events: Vec<Event>) -> Played {
    let (lines, _) = scene::lines(Abilities::ALL, Limits::DEFAULT, &events);
    Played {
        counters: Vec::new(),
        scenario: find("bound-not-listening").expect("a lab"),
        ending: Ok(()),
        events,
        lines,
        summary: Summary::default(),
        script,
        facts: Facts::default(),
        suspended: 0,
        abilities: Abilities::ALL,
    }
}

fn text(steps: &[Step]) -> String {
    in_lang(steps, Lang::English)
}

fn in_lang(steps: &[Step], lang: Lang) -> String {
    let teller = Teller { course: Course::of(lang), look: Look { lang, ..Look::default() } };
    let pages = steps.iter().enumerate().map(|(n, step)| teller.page(step, n + 1, steps.len()));
    pages.map(|page| page.before + if page.asks { "  [the question]\n" } else { "" } + &page.after).collect()
}

fn of(events: Vec<Event>) -> Vec<Step> {
    steps(&played(script(), events), Course::of(Lang::English))
}

#[test]
fn the_textbook_case_reads_well() {
    insta::assert_snapshot!(text(&of(events())));
}

#[test]
fn the_textbook_case_is_drawn() {
    let steps = of(events());
    let words = &Course::of(Lang::English).words;
    insta::assert_snapshot!(diagram(&steps, words, Look::default()));
    let plain = diagram(&steps, words, Look { unicode: false, ..Look::default() });
    assert!(plain.is_ascii(), "{plain}");
    assert!(plain.lines().all(|line| line.len() <= 80), "{plain}");
}

#[test]
fn the_textbook_case_reads_well_in_chinese() {
    let steps = steps(&played(script(), events()), Course::of(Lang::Chinese));
    insta::assert_snapshot!(in_lang(&steps, Lang::Chinese));
}

#[test]
fn the_textbook_case_is_drawn_in_chinese() {
    let (steps, lang) = (of(events()), Lang::Chinese);
    let drawing = diagram(&steps, &Course::of(lang).words, Look { lang, ..Look::default() });
    assert!(drawing.lines().all(|line| columns(line) <= 80), "{drawing}");
    insta::assert_snapshot!(drawing);
}

#[test]
fn what_no_event_tells_is_not_told() {
    let all = text(&of(events()));
    let state = "curl 127.0.0.1:40000 ↔ 127.0.0.1:8888: CLOSE → SYN_SENT → CLOSE";
    for (dropped, lost) in [
        (0, "tcp_v4_connect: CLOSE to SYN_SENT"),
        (2, "tcp_v4_send_reset: sent the RST"),
        (3, "tcp_reset: took the RST in SYN_SENT"),
        (3, state),
    ] {
        let mut left = events();
        left.remove(dropped);
        let told = text(&of(left));
        assert!(all.contains(lost), "{lost}: {all}");
        assert!(!told.contains(lost), "{lost}: {told}");
    }
}

/// The kernel gives a socket the memory of one that has just been closed.
#[test]
fn a_socket_is_not_named_after_the_next_one_at_its_address() {
    let client = scene::call(CLIENT, SERVER);
    let listener = StateChange {
        caller: true,
        ..scene::change(client.sk, scene::ends("0.0.0.0:8888", "0.0.0.0:0"), state::LISTEN, state::CLOSE)
    };
    let closed = scene::event(S - 1_000, scene::HOST, Hook::State, Told::State(listener.into()));
    let told = text(&of([vec![closed], events()].concat()));
    assert!(told.contains("    0.0.0.0:8888: LISTEN → CLOSE\n"), "{told}");
    assert!(told.contains("    curl 127.0.0.1:40000 ↔ 127.0.0.1:8888: CLOSE → SYN_SENT → CLOSE\n"), "{told}");
}

/// What a peer that is no kernel sends first is no part of the set-up.
#[test]
fn what_the_peer_sends_when_all_is_made_is_a_step_of_its_own() {
    let sends = What::Packet { sent: true, text: "10.0.0.9:4 > 10.0.0.1:80 [SYN] seq 1".to_owned() };
    let script = vec![call(&python(), (20, 25), "listen(3, 16) = 0"), line(50, What::Ready), line(60, sends)];
    let steps = steps(&played(script, Vec::new()), Course::of(Lang::English));
    let [set_up, peer] = &steps[..] else { panic!("{} steps", steps.len()) };
    assert!(!set_up.traced && set_up.path.is_empty());
    assert!(peer.traced && peer.path.len() == 1, "{:?}", peer.path);
}

#[test]
fn without_a_look_at_the_tables_nothing_is_said_of_them() {
    let script: Vec<_> = script().into_iter().filter(|line| !matches!(line.what, What::Tables(_))).collect();
    let told = text(&steps(&played(script, events()), Course::of(Lang::English)));
    assert!(!told.contains("ocket tables") && !told.contains("empty"), "{told}");
}

#[test]
fn what_recv_will_give_is_not_shown_with_its_question() {
    let receives = call(&curl(), (10, 20), "recv(3, \"Hello\", 4096, 0) = 5");
    let steps = steps(&played(vec![line(5, What::Ready), receives], Vec::new()), Course::of(Lang::English));
    let teller = Teller { course: Course::of(Lang::English), look: Look::default() };
    let page = teller.page(&steps[0], 1, 1);
    assert!(page.asks && !page.before.contains("Hello"), "{}", page.before);
    assert!(page.after.contains("recv(3, \"Hello\", 4096, 0) returns 5"), "{}", page.after);
}
