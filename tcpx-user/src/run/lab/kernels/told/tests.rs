use tcpx_guest::kernels::from_folder;

use super::*;
use crate::run::lab::kernels::{
    account::{Account, Judged},
    rows::tests::account,
};

fn ran(name: &str, account: Account, end: Result<i32, String>) -> Ran {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join(name);
    std::fs::create_dir(&place).expect("a folder");
    std::fs::write(place.join("release"), format!("{name}.9-amd64")).expect("a file");
    std::fs::write(place.join("modules.wanted"), tcpx_guest::modules::wanted_text()).expect("a file");
    Ran { kernel: from_folder(&place).expect("it is one"), account, page: Vec::new(), end }
}

#[test]
fn what_is_the_same_stands_once_and_what_differs_by_kernel() {
    let all = [
        ran("5.10", account(None, 77_000_001, None), Ok(0)),
        ran("6.1", account(Some("no-socket"), 3_000_000_123, Some("new_function: looked first")), Ok(0)),
        ran("7.2", account(Some("no-socket"), 123_456_789, Some("new_function: looked first")), Ok(0)),
    ];
    let text = text(&all, Look::default());
    assert!(text.lines().all(|line| columns(line) <= 80), "{text}");
    insta::assert_snapshot!(text);
}

/// What stands around facts in English.
const LABELS: [&str; 18] = [
    "kernel",
    "verdict",
    "as expected",
    "outcome",
    "yes",
    "The same on",
    "Calls",
    "path",
    "Packets",
    "Socket",
    "Counters",
    "observed",
    "derived",
    "reason",
    "refused",
    "sent",
    "took",
    "sequence",
];

#[test]
fn in_another_language_no_label_is_english() {
    let chinese = Look { lang: Lang::Chinese, ..Look::default() };
    let all = [
        ran("5.10", account(None, 77_000_001, None), Ok(0)),
        ran("6.1", account(Some("no-socket"), 3_000_000_123, Some("new_function: freed the segment")), Ok(0)),
    ];
    let (english, text) = (text(&all, Look::default()), text(&all, chinese));
    for label in LABELS {
        assert!(english.contains(label), "{label} is no label: {english}");
        assert!(!text.contains(label), "{label}: {text}");
    }
    assert!(text.lines().all(|line| columns(line) <= 80), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn what_differs_and_what_failed_is_told_in_the_language() {
    let look = Look { lang: Lang::Chinese, ..Look::default() };
    let judged = |name: &str, unavailable: Option<&str>, mismatch: Option<&str>| Judged {
        name: name.to_owned(),
        verdict_expected: "closed-port".to_owned(),
        unavailable: unavailable.map(str::to_owned),
        mismatches: mismatch.into_iter().map(str::to_owned).collect(),
        ..Judged::default()
    };
    let labs = vec![
        judged("one", Some("no hook here sees a RST that a TIME_WAIT record sends"), None),
        judged("two", None, Some("expected the verdict closed-port, got none")),
        judged("three", None, None),
    ];
    let mut account = Account::default();
    account.labs = labs;
    let text = text(&[ran("5.10", account, Ok(1)), ran("6.1", Account::default(), Ok(0))], look);
    for part in [
        "做不到",
        "失败",
        "one（5.10）：无法显示：这里没有挂钩能看到",
        "预期的判定是 closed-port",
        "预期为 closed-port",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(text.ends_with("2 个内核中有 1 个符合预期\n"), "{text}");
}

#[test]
fn many_kernels_stand_below_one_another() {
    let names = ["5.10", "6.1", "6.12", "7.2", "7.3"];
    let all = names.map(|name| ran(name, account(Some("no-socket"), 9, None), Ok(0)));
    let text = text(&all, Look { width: 60, ..Look::default() });
    assert!(text.contains("kernel\n  5.10       5.10.9-amd64\n"), "{text}");
}

#[test]
fn a_guest_that_came_to_no_end_is_told_and_no_kernel_is_compared_with_it() {
    let all = [
        ran("5.10", account(Some("no-socket"), 9, None), Ok(0)),
        ran("6.1", Account::default(), Err("its kernel died while it booted".to_owned())),
    ];
    let text = text(&all, Look::default());
    assert!(text.contains("6.1: its kernel died while it booted\n"), "{text}");
    assert!(text.ends_with("as expected on 1 of 2 kernels\n"), "{text}");
}
