use super::*;
use crate::top::testing::{SECOND, press, refused, reset_by_peer, some, state, take, tried, worked};
use crate::{line::Outcome, verdict::VerdictId};

fn names(state: &State) -> Vec<(String, u64)> {
    let rows = state.table().0;
    rows.iter().map(|row| (crate::top::view::names::row(&row.pick), row.counts[3])).collect()
}

fn first(state: &State) -> String {
    names(state).into_iter().next().map(|(name, _)| name).expect("a row")
}

#[test]
fn tabs_go_round() {
    let mut state = some();
    for (keys, tab) in [
        ("<Tab>", Tab::Processes),
        ("<Tab><Tab>", Tab::Latest),
        ("<Tab>", Tab::Verdicts),
        ("<BackTab>", Tab::Latest),
        ("3", Tab::Peers),
    ] {
        press(&mut state, keys);
        assert_eq!(state.tab, tab, "{keys}");
    }
}

#[test]
fn pausing_keeps_what_is_shown_and_goes_on_counting() {
    let mut state = some();
    let before = names(&state);
    press(&mut state, "p");
    for n in 0..5 {
        take(&mut state, refused(), 10 + n);
    }
    assert_eq!((names(&state), state.paused()), (before, Some((SECOND + 7, 5))));
    press(&mut state, " ");
    assert_eq!(state.paused(), None);
    assert!(names(&state).contains(&("listener-v4only".to_owned(), 6)));
}

#[test]
fn sorting_goes_by_every_column_and_back() {
    let mut state = some();
    press(&mut state, "2");
    state.sort = Sort { column: Column::Total, reversed: false };
    assert_eq!(names(&state)[0], ("curl[100]".to_owned(), 2));
    press(&mut state, "s");
    assert_eq!(state.sort.column, Column::Name);
    assert_eq!(first(&state), "(process not known)");
    press(&mut state, "r");
    assert_eq!(first(&state), "nginx[12]");
    press(&mut state, "r<Left><Right><Right>");
    assert_eq!(state.sort, Sort { column: Column::Second, reversed: false });
}

#[test]
fn what_worked_is_shown_when_asked_for() {
    let mut state = state(vec![worked(1, "curl", "10.0.0.9:80")]);
    assert!(names(&state).is_empty() && state.latest().is_empty());
    press(&mut state, "a");
    assert_eq!((names(&state), state.latest().len()), (vec![("established".to_owned(), 1)], 1));
}

#[test]
fn processes_are_counted_by_name_when_asked_for() {
    let mut state = some();
    press(&mut state, "2g");
    assert!(names(&state).contains(&("curl".to_owned(), 3)));
}

#[test]
fn a_row_leads_to_its_results_and_a_result_to_all_of_it_and_back() {
    let mut state = some();
    press(&mut state, "2<Enter>");
    assert_eq!((state.tab, state.latest().len()), (Tab::Latest, 2), "curl[100] is first");
    press(&mut state, "<Enter>");
    assert_eq!(state.opened.as_ref().map(|opened| opened.item.seq), Some(7), "the newest");
    press(&mut state, "<Esc>");
    assert!(state.opened.is_none() && state.within.is_some());
    press(&mut state, "<Esc>");
    assert_eq!((state.tab, state.within.clone()), (Tab::Processes, None));
}

#[test]
fn a_picked_row_stays_picked_when_others_come() {
    let mut state = some();
    press(&mut state, "4<Down><Down>");
    take(&mut state, reset_by_peer(), 20);
    press(&mut state, "<Enter>");
    assert_eq!(state.opened.as_ref().map(|opened| opened.item.seq), Some(5));
}

#[test]
fn a_filter_counts_among_the_latest_and_from_then_on() {
    let mut state = some();
    press(&mut state, "/verdict=no-answer<Enter>");
    assert_eq!(names(&state), [("no-answer".to_owned(), 2)]);
    take(&mut state, tried(30, "wget", "192.0.2.9:443", Outcome::TimedOut, VerdictId::NoAnswer), 20);
    take(&mut state, refused(), 21);
    assert_eq!(names(&state), [("no-answer".to_owned(), 3)]);
    press(&mut state, "<Esc>");
    assert!(names(&state).len() > 4 && state.search().is_none());
}

#[test]
fn what_is_typed_wrong_can_be_mended() {
    let mut state = some();
    press(&mut state, "/port=x<Enter>");
    let wrong = state.typing.as_ref().and_then(|typing| typing.wrong.clone()).expect("said");
    assert!(wrong.contains("0 to 65535"), "{wrong}");
    press(&mut state, "<Backspace>5432<Enter>");
    assert_eq!(state.search().map(Search::typed), Some("port=5432"));
    press(&mut state, "/q<Esc>");
    assert_eq!((state.search().map(Search::typed), state.left), (Some("port=5432"), false));
}

#[test]
fn while_paused_a_filter_looks_among_what_is_shown() {
    let mut state = some();
    press(&mut state, "p");
    take(&mut state, refused(), 20);
    press(&mut state, "/::1<Enter>");
    assert_eq!(names(&state), [("listener-v4only".to_owned(), 1)]);
    press(&mut state, "p");
    assert_eq!(names(&state), [("listener-v4only".to_owned(), 2)]);
}

#[test]
fn nothing_is_drawn_when_nothing_changed() {
    let mut state = some();
    assert!(state.take_changed() && !state.take_changed());
    state.tick(SECOND + 8);
    assert!(state.take_changed(), "windows move");
    state.tick(SECOND + 8);
    assert!(!state.take_changed());
    for second in 9..200 {
        state.tick(SECOND + second);
    }
    assert!(state.take_changed(), "windows have become empty");
    state.tick(SECOND + 200);
    assert!(!state.take_changed(), "and stay so");
    state.miss(0);
    assert!(!state.take_changed());
    state.miss(3);
    assert!(state.take_changed());
}

#[test]
fn q_and_ctrl_c_leave() {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    let mut state = some();
    press(&mut state, "/q");
    assert!(!state.left, "it is typed");
    state.key(control_c);
    assert!(state.left);
    let mut state = some();
    press(&mut state, "q");
    assert!(state.left);
}

#[test]
fn esc_and_a_key_that_follows_at_once_are_both() {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    let mut state = some();
    press(&mut state, "4<Enter>");
    state.key(KeyEvent::new(KeyCode::Char('2'), KeyModifiers::ALT));
    assert_eq!((state.opened.is_none(), state.tab), (true, Tab::Processes));
}

#[test]
fn from_one_result_to_the_next_and_no_further() {
    let mut state = some();
    press(&mut state, "4<Enter>");
    let seq = |state: &State| state.opened.as_ref().map(|opened| opened.item.seq);
    for (keys, shown) in [
        ("<Right>", 6),
        ("<Right>", 5),
        ("<Left><Left><Left>", 7),
        ("<Right><Right><Right><Right><Right><Right><Right>", 1),
    ] {
        press(&mut state, keys);
        assert_eq!(seq(&state), Some(shown), "{keys}");
    }
}
