use super::*;
use crate::text::width::columns;

fn text(answer: &Answer, width: usize) -> String {
    in_lang(answer, width, Lang::English)
}

fn in_lang(answer: &Answer, width: usize, lang: Lang) -> String {
    answer.lines(width, lang).into_iter().map(|line| line.text + "\n").collect()
}

fn ids(query: &str) -> Vec<VerdictId> {
    match explain(Some(query)) {
        Ok(Answer::Errors { errors, .. }) => errors.iter().flat_map(|e| &e.verdicts).map(|b| b.id).collect(),
        Ok(Answer::Verdict { id, .. }) => vec![id],
        other => panic!("{query}: {other:?}"),
    }
}

fn unknown(query: &str) -> Vec<&'static str> {
    match explain(Some(query)) {
        Err(ExplainError::Unknown { near, .. }) => near,
        other => panic!("{query}: {other:?}"),
    }
}

#[test]
fn the_textbook_case_reads_well() {
    let answer = explain(Some("no-listen")).expect("a lab alias");
    insta::assert_snapshot!(text(&answer, 80));
}

#[test]
fn the_textbook_case_reads_well_in_chinese() {
    let answer = explain(Some("no-listen")).expect("a lab alias");
    insta::assert_snapshot!(in_lang(&answer, 80, Lang::Chinese));
}

#[test]
fn an_error_message_reads_well_in_chinese() {
    let answer = explain(Some("connect: /run/foo.sock: Connection refused")).expect("a known error");
    insta::assert_snapshot!(in_lang(&answer, 80, Lang::Chinese));
}

#[test]
fn a_title_is_understood_in_every_language() {
    for &id in VerdictId::ALL {
        assert!(Lang::ALL.iter().all(|lang| ids(&lang.entry(id).title) == [id]), "{id}");
    }
}

#[test]
fn json_is_the_same_in_every_language() {
    let json = || serde_json::to_string(&explain(Some("closed-port")).expect("an id")).expect("JSON");
    assert!(json().is_ascii());
}

#[test]
fn an_error_message_reads_well() {
    let answer = explain(Some("connect: /run/foo.sock: Connection refused")).expect("a known error");
    insta::assert_snapshot!(text(&answer, 80));
}

#[test]
fn the_cells_of_the_backends_read_well() {
    insta::assert_snapshot!(text(&backends(), 80));
}

#[test]
fn every_verdict_can_be_asked_for() {
    for &id in VerdictId::ALL {
        assert_eq!(ids(id.as_str()), [id]);
        assert_eq!(ids(&id.as_str().to_uppercase().replace('-', " ")), [id]);
        assert_eq!(ids(&format!("{id}/ipv6")), [id]);
    }
}

#[test]
fn an_errno_is_known_by_name_number_and_words() {
    let by_name = ids("ECONNREFUSED");
    assert!(by_name.contains(&VerdictId::ClosedPort) && by_name.contains(&VerdictId::IcmpRefused));
    assert!(!by_name.contains(&VerdictId::NoAnswer));
    for query in ["econnrefused", "111", "-111", "Connection refused", "  connection refused\n"] {
        assert_eq!(ids(query), by_name, "{query}");
    }
    assert!(ids("ssh: connect to host db port 22: No route to host").contains(&VerdictId::NeighborFailed));
}

#[test]
fn what_is_not_tcp_is_said_to_be_so() {
    let answer = explain(Some("ping: db: Name or service not known")).expect("an answer");
    assert!(matches!(&answer, Answer::Errors { errors, .. } if errors.is_empty()));
    assert!(text(&answer, 80).starts_with("This is not TCP but name resolution"));
}

#[test]
fn an_unknown_word_is_answered_with_the_nearest() {
    assert_eq!(unknown("close-port")[0], "closed-port");
    assert_eq!(unknown("ECONREFUSED"), ["ECONNREFUSED"]);
    assert_eq!(unknown("queue full"), ["accept-queue-full", "syn-queue-full"]);
    assert!(unknown("listner").iter().all(|name| name.starts_with("listener-")));
    assert_eq!(unknown("kubernetes"), [""; 0]);
}

#[test]
fn the_error_is_harmless_and_says_what_to_do() {
    let error = explain(Some("closed\x1b[31m-prot")).expect_err("no such verdict").to_string();
    assert!(!error.contains('\x1b'), "{error}");
    let error = explain(Some("closed-prot")).expect_err("no such verdict").to_string();
    assert_eq!(
        error,
        "\"closed-prot\" is no verdict and names no error of TCP; nearest: closed-port; \"tcpx explain\" lists all verdicts"
    );
}

#[test]
fn without_a_question_every_verdict_is_listed_under_its_heading() {
    for query in [None, Some(""), Some("  ")] {
        let list = text(&explain(query).expect("the list"), 80);
        assert!(VerdictId::ALL.iter().all(|id| list.contains(&format!("\n  {id} "))));
        assert!(Group::ALL.iter().all(|group| list.to_lowercase().contains(&group.heading().to_lowercase())));
    }
}

#[test]
fn verdicts_of_later_versions_are_marked() {
    let page = |id: VerdictId| text(&explain(Some(id.as_str())).expect("an id"), 80);
    for &id in VerdictId::ALL {
        let marked = page(id).contains("does not yet report this verdict");
        assert_eq!(marked, !entry(id).implemented, "{id}");
    }
    let list = text(&explain(None).expect("the list"), 80);
    for &id in VerdictId::ALL {
        let marked = list.contains(&format!("\n  {:<27}* ", id.as_str()));
        assert_eq!(marked, !entry(id).implemented, "{id}");
    }
}

#[test]
fn every_answer_fits_its_width_and_has_no_loose_ends() {
    let queries = VerdictId::ALL.iter().map(|id| Some(id.as_str()));
    let errors = errno::ALL.iter().map(|errno| Some(errno.name));
    for query in queries.chain(errors).chain([None]) {
        for (width, lang) in [60, 80, 120].into_iter().flat_map(|width| Lang::ALL.map(|lang| (width, lang))) {
            for line in explain(query).expect("known").lines(width, lang) {
                assert_eq!(line.text, line.text.trim_end());
                // Commands stay whole, and are short enough for 80 columns.
                let width = if line.kind == Kind::Command { 80 } else { width };
                assert!(columns(&line.text) <= width, "{query:?} at {width}: {}", line.text);
            }
        }
    }
}

#[test]
fn answers_are_json_objects_that_name_their_kind() {
    let json = |query| serde_json::to_value(explain(query).expect("known")).expect("JSON");
    assert_eq!(json(Some("closed-port"))["answer"], "verdict");
    assert_eq!(json(Some("closed-port"))["id"], "closed-port");
    assert_eq!(json(Some("111"))["errors"][0]["name"], "ECONNREFUSED");
    assert_eq!(json(None)["groups"][0]["verdicts"][0]["id"], "lookup-denied");
    let cells = serde_json::to_value(backends()).expect("JSON");
    assert_eq!(cells["cells"][0]["backend"], "tracepoint");
}
