//! What each page looks like, at the size of a terminal over ssh and at a larger one.

use ratatui::{Terminal, backend::TestBackend, style::Color};
use unicode_width::UnicodeWidthStr as _;

use super::*;
use crate::{
    line::{Loss, Outcome},
    top::{
        state::{Origin, Reading},
        testing::{hostile, press, refused, some, state, take, tried},
    },
    verdict::VerdictId,
};

/// The screen as text, without the spaces at the ends of lines.
fn screen(state: &mut State, columns: u16, rows: u16) -> String {
    let buffer = drawn(state, columns, rows, false);
    let mut text = String::new();
    for y in 0..rows {
        let (mut line, mut x) = (String::new(), 0);
        while x < columns {
            let symbol = buffer[(x, y)].symbol();
            line += symbol;
            x += u16::try_from(symbol.width().max(1)).expect("a small number");
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

fn drawn(state: &mut State, columns: u16, rows: u16, color: bool) -> ratatui::buffer::Buffer {
    state.resize(columns, rows);
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).expect("memory");
    terminal.draw(|frame| draw(frame, state, Theme { color })).expect("memory");
    terminal.backend().buffer().clone()
}

/// The page that `keys` lead to, at both sizes.
fn pages(name: &str, mut state: State, keys: &str) {
    press(&mut state, keys);
    for (columns, rows) in [(80, 24), (120, 40)] {
        insta::assert_snapshot!(format!("{name}_{columns}x{rows}"), screen(&mut state, columns, rows));
    }
}

#[test]
fn lists() {
    pages("verdicts", some(), "");
    pages("verdicts_all", some(), "a");
    pages("processes", some(), "2");
    pages("processes_by_name", some(), "2gs");
    pages("peers", some(), "3");
    pages("latest", some(), "4<Down>");
}

#[test]
fn a_result_is_shown_whole() {
    pages("opened", some(), "4<End><Enter>");
}

#[test]
fn a_row_leads_to_its_results() {
    pages("within", some(), "2<Enter>");
}

#[test]
fn help() {
    pages("help", some(), "?");
}

#[test]
fn paused() {
    let mut state = some();
    press(&mut state, "p");
    for n in 0..1_234 {
        take(&mut state, refused(), n);
    }
    pages("paused", state, "");
}

#[test]
fn what_the_command_line_leaves_out_is_said() {
    let mut state = some();
    state.only = Some(
        "the network namespace of process 4711, and of it what the command's filters let through".to_owned(),
    );
    pages("only", state, "/curl<Enter>");
}

#[test]
fn looking_for_something() {
    pages("typing", some(), "/port=70000");
    pages("typed_wrong", some(), "/port=70000<Enter>");
    pages("filtered", some(), "/port=443<Enter>");
}

fn losing() -> State {
    let mut state = some();
    for (hook, stage, count) in [("send-reset", "kernel", 1_200), ("drop", "user", 3)] {
        state.lose(&Loss { hook: hook.to_owned(), stage: stage.to_owned(), count });
    }
    state.miss(17);
    state
}

#[test]
fn losses_are_said() {
    pages("losses", losing(), "");
}

#[test]
fn names_that_would_do_harm_are_shown() {
    let evil = || state(vec![refused(), hostile(7)]);
    pages("hostile_processes", evil(), "2");
    pages("hostile_peers", evil(), "3");
    pages("hostile_latest", evil(), "4");
    pages("hostile_opened", evil(), "4<Enter>");
    pages("hostile_filter", evil(), "/\u{202e}数据库<Enter>");
}

#[test]
fn many_rows_are_scrolled_and_others_are_said() {
    let mut many = state(Vec::new());
    for n in 0..3_000 {
        let to = format!("10.0.{}.{}:80", n / 250, n % 250);
        take(&mut many, tried(n, "worker", &to, Outcome::Refused, VerdictId::ClosedPort), n / 100);
    }
    pages("many_peers", many, "3<PgDn><Down>");
}

#[test]
fn a_recording_says_how_far_it_was_read() {
    let recording = || State::new(Origin::Recording("host\u{1b}[2J.tcpx".to_owned()), false, true);
    pages("nothing_yet", recording(), "");
    let mut broken = recording();
    broken.end(Reading::Broken("host.tcpx cannot be read from byte 1234: it is cut short".to_owned()));
    pages("broken", broken, "");
}

#[test]
fn without_utf8_all_is_ascii() {
    let mut plain = losing();
    plain.unicode = false;
    for keys in ["", "2", "3", "4", "<Enter>", "<Esc>?", "<Esc>/x"] {
        press(&mut plain, keys);
        let shown = screen(&mut plain, 80, 24);
        assert!(shown.is_ascii(), "{shown}");
    }
}

#[test]
fn without_colour_there_is_none_and_with_colour_there_is() {
    let mut state = losing();
    press(&mut state, "4");
    let coloured = |buffer: &ratatui::buffer::Buffer| {
        buffer.content().iter().any(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset)
    };
    assert!(!coloured(&drawn(&mut state, 80, 24, false)));
    assert!(coloured(&drawn(&mut state, 80, 24, true)));
}

#[test]
fn every_size_is_survived() {
    let mut lost = losing();
    for keys in ["", "2", "4", "<Enter>", "<Esc>/some words that are longer than that", "<Esc>?"] {
        press(&mut lost, keys);
        for columns in [0, 1, 2, 49, 50, 51, 80, 200] {
            for rows in [0, 1, 11, 12, 13, 24, 60] {
                drawn(&mut lost, columns, rows, true);
                press(&mut lost, "<PgDn><Up>");
            }
        }
    }
}

#[test]
fn a_terminal_that_is_too_small_says_what_is_needed() {
    let shown = screen(&mut some(), 40, 10);
    insta::assert_snapshot!(shown.trim_end(), @r"
    tcpx top needs 50x12, this terminal has
    40x10: enlarge it, or q to quit;
    counting goes on
    ");
}

#[test]
fn all_of_a_long_text_can_be_reached() {
    let mut state = losing();
    press(&mut state, "4<End><Enter>");
    state.resize(60, 14);
    let top = screen(&mut state, 60, 14);
    press(&mut state, "<End>");
    let end = screen(&mut state, 60, 14);
    assert!(top.contains("REFUSED") && end.contains("next:"), "{top}\n{end}");
}
