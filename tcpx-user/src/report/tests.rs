use serde_json::Value;

use super::{
    page::{Origin, page},
    *,
};
use crate::{
    line::{Attempt, Outcome, Process, Reset},
    sink::samples,
};

fn attempt(id: u64) -> Attempt {
    Attempt { id, ..samples::plain_attempt() }
}

fn by(comm: &str, attempt: Attempt) -> Line {
    let process =
        Process { comm: comm.to_owned(), ..attempt.process.as_deref().cloned().expect("a sample has one") };
    Line::Attempt(Box::new(Attempt { process: Some(process.into()), ..attempt }))
}

fn of(lines: impl IntoIterator<Item = Line>) -> Report {
    let mut report = Report::default();
    lines.into_iter().for_each(|line| report.take(&line));
    report
}

/// What a script element of the page holds.
fn script(page: &str, id: &str) -> Value {
    let (_, rest) = page.split_once(&format!(" id=\"{id}\">")).expect("it is there");
    serde_json::from_str(rest.split_once("</script>").expect("it ends").0).expect("JSON")
}

fn whole(report: &Report) -> (Value, Vec<Value>) {
    let page = page(report, &Origin::default());
    let Value::Array(records) = script(&page, "records") else { panic!("a list") };
    (script(&page, "data"), records)
}

/// Exact counts by kind and verdict.
fn counts(data: &Value) -> Vec<(String, String, u64)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let groups = data["groups"].as_array().expect("a list");
    groups
        .iter()
        .map(|row| (text(&row["kind"]), text(&row["verdict"]), row["count"].as_u64().unwrap_or(0)))
        .collect()
}

#[test]
fn lines_are_counted_by_kind_and_verdict() {
    let lines = [
        samples::start(),
        samples::attempt(),
        samples::reset_of_attempt(),
        samples::peer_reset(),
        samples::drop_line(),
        samples::call_line(),
        samples::summary(),
    ];
    let (data, records) = whole(&of(lines));
    let wanted = [
        ("attempt", "listener-v4only", 1),
        ("reset", "listener-v4only", 1),
        ("reset", "peer-reset", 1),
        ("drop", "accept-queue-full", 1),
        ("call", "address-in-use", 1),
    ];
    assert_eq!(counts(&data), wanted.map(|(kind, id, count)| (kind.to_owned(), id.to_owned(), count)));
    assert_eq!(records.len(), 5);
    assert_eq!(data["start"]["kernel"], "6.12.1");
    assert_eq!(data["losses"]["complete"], true);
    assert!(data["verdicts"]["peer-reset"]["advice"].is_string(), "with the catalogue's words");
    assert!(data["verdicts"]["closed-port"].is_null(), "of what occurs only");
}

#[test]
fn a_line_that_is_told_again_counts_once_as_what_it_was_told_last() {
    let first = attempt(7);
    let again =
        Attempt { was: Some(first.verdict.id), verdict: later(), outcome: Outcome::Refused, ..first.clone() };
    let mut report = of([by("curl", first), by("curl", attempt(8)), by("curl", again)]);
    let (data, records) = whole(&report);
    let wanted = [("attempt", "listener-v4only", 1), ("attempt", "listener-not-yet", 1)];
    assert_eq!(counts(&data), wanted.map(|(kind, id, count)| (kind.to_owned(), id.to_owned(), count)));
    assert_eq!(records.len(), 2);
    assert_eq!(data["timeline"]["steps"][0][1][1], 2, "refused twice, not three times");

    // With a filter the first telling is not seen.
    report.take(&by("wget", Attempt { was: Some(VerdictId::ClosedPort), verdict: later(), ..attempt(9) }));
    assert_eq!(whole(&report).0["timeline"]["steps"][0][1][1], 3);
}

fn later() -> crate::line::Verdict {
    samples::verdict(VerdictId::ListenerNotYet, &["It came later."], "Retry.")
}

#[test]
fn counts_stay_exact_and_the_page_small_however_many_lines_there_are() {
    const MANY: u64 = 30_000;
    let rare = by("rare", attempt(MANY + 1));
    let many = (0..MANY).map(|id| by(&format!("many{}", id % 3), attempt(id)));
    let report = of(many.chain([rare]));
    let text = page(&report, &Origin::default());
    assert!(text.len() < 5_000_000, "{} bytes", text.len());
    let (data, records) = whole(&report);
    assert_eq!(counts(&data), [("attempt".to_owned(), "listener-v4only".to_owned(), MANY + 1)]);
    let processes = &data["groups"][0]["processes"]["names"];
    assert_eq!(processes[0], serde_json::json!(["many0", 10_000]));
    assert_eq!(processes[3], serde_json::json!(["rare", 1]));
    assert!((1_000..=3_000).contains(&records.len()), "{}", records.len());
    let of_rare = records.iter().filter(|record| record["data"]["process"]["comm"] == "rare");
    assert_eq!(of_rare.count(), 1, "the one beside thirty thousand is there");
}

#[test]
fn an_attempt_and_its_rst_are_both_shown_or_neither() {
    let pair = |id: u64| {
        let reset = Reset { id: id + 1, attempt: Some(id), ..samples::plain_reset() };
        [Line::Reset(Box::new(reset)), by("curl", Attempt { reset: Some(id + 1), ..attempt(id) })]
    };
    let mut report = Report::new(Bounds { texts: 200, ..DETAILS });
    (0..5_000).flat_map(|number| pair(number * 2)).for_each(|line| report.take(&line));
    let (_, records) = whole(&report);
    let of = |kind: &str, name: &str| -> std::collections::BTreeSet<u64> {
        let lines = records.iter().filter(|record| record["type"] == kind);
        lines.filter_map(|record| record["data"][name].as_u64()).collect()
    };
    let (attempts, resets) = (of("attempt", "id"), of("reset", "attempt"));
    let alone = attempts.symmetric_difference(&resets).count();
    assert!(attempts.len() > 60 && alone * 20 < attempts.len(), "{alone} of {}", attempts.len());
}

#[test]
fn losses_and_what_they_may_have_touched_are_in_the_page() {
    let incomplete = Attempt { complete: Some(false), ..attempt(1) };
    let unknown = Attempt { complete: None, ..attempt(2) };
    let lost = Summary { lost: crate::line::Lost { kernel: 12, user: 0 }, ..samples::plain_summary() };
    let lines = [samples::loss(), by("curl", incomplete), by("curl", unknown), Line::Summary(Box::new(lost))];
    let (data, _) = whole(&of(lines));
    assert_eq!(data["touched"], serde_json::json!([1, 1]));
    assert_eq!(
        data["losses"]["missing"][0],
        "12 records were lost in the kernel (12 send-reset), 0 in tcpx."
    );
}

#[test]
fn nothing_that_a_recording_names_is_markup() {
    let evil = "</script><img src=x onerror=alert(1)><!--";
    let report = of([by(evil, attempt(1))]);
    let origin = Origin { files: vec![evil.to_owned()], ..Origin::default() };
    let page = page(&report, &origin);
    assert!(!page.contains("<img") && !page.contains("<!--"));
    assert_eq!(script(&page, "data")["files"][0], evil);
    assert_eq!(script(&page, "records")[0]["data"]["process"]["comm"], evil);
}

#[test]
fn a_page_names_no_place_on_any_network() {
    let page = page(&of([samples::attempt()]), &Origin::default());
    // A namespace's name, and a place in the page itself.
    let code = page.replace("http://www.w3.org/2000/svg", "").replace("url(#head-", "");
    // The catalogue has commands such as curl http://[::1]:PORT/, which nobody fetches.
    let code = code.split(" id=\"data\">").next().unwrap_or_default().to_owned()
        + code.rsplit("<script>").next().unwrap_or_default();
    for word in
        ["http:", "https:", "url(", "@import", "fetch(", "XMLHttpRequest", "WebSocket", "innerHTML", "eval("]
    {
        assert!(!code.contains(word), "{word}");
    }
    let policy = "content=\"default-src 'none'; script-src 'sha256-";
    assert!(page.contains(policy));
}
