//! What is compared: short facts, one value each, and lists in the order in which things happened.

use serde_json::Value;

use super::{
    account::{Account, Fact, Judged},
    common::{Names, Seen},
};
use crate::text::lang::Lang;

/// The facts, in the order in which they are shown.
pub(super) const FACTS: [&str; 5] = ["verdict", "as expected", "outcome", "RST", "drop"];
/// There is no such thing.
pub(super) const NONE: &str = "none";
/// The lists likewise.
pub(super) const LISTS: [&str; 5] =
    ["Calls", "The kernel's path", "Packets", "Socket states", "Counters that rose"];

/// One thing in a list. How it is known is no difference between kernels, only one in what could be seen.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) text: String,
    pub(super) known: Option<String>,
}

impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// All that is compared of one kernel.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    pub(super) facts: [String; 5],
    pub(super) lists: [Vec<Row>; 5],
}

/// Of all kernels, with names for what differs from run to run; how many ports and sequence numbers have got one at most.
pub(super) fn rows(accounts: &[&Account], lang: Lang) -> (Vec<Rows>, (usize, usize)) {
    let mut all: Vec<Rows> = accounts.iter().map(|account| of(account, lang)).collect();
    let seen = all.iter().map(|rows| {
        let mut seen = Seen::default();
        rows.lists.iter().flatten().for_each(|row| seen.take(&row.text));
        seen
    });
    let same = seen.reduce(|one, other| one.both(&other)).unwrap_or_default();
    let mut most = (0, 0);
    for rows in &mut all {
        let mut names = Names::new(&same);
        let texts = rows.lists.iter_mut().flatten().map(|row| &mut row.text);
        texts.for_each(|text| *text = names.name(text));
        let (ports, numbers) = names.named();
        most = (most.0.max(ports), most.1.max(numbers));
    }
    (all, most)
}

fn of(account: &Account, lang: Lang) -> Rows {
    Rows { facts: facts(account, lang), lists: lists(account, lang) }
}

fn facts(account: &Account, lang: Lang) -> [String; 5] {
    let lab = account.labs.first();
    let verdict = lab.and_then(|lab| lab.verdict_seen.clone()).unwrap_or_else(|| NONE.to_owned());
    let held = lab.map_or_else(
        || "it did not come to its end".to_owned(),
        |lab| match &lab.unavailable {
            _ if lab.ok => "yes".to_owned(),
            Some(why) if lab.mismatches.is_empty() => format!("cannot be shown: {}", lang.run(why)),
            _ if lab.mismatches.is_empty() => format!("no: expected {}", lab.verdict_expected),
            _ => format!("no: {}", mismatches(lab, lang)),
        },
    );
    let reasons = |kind: &str| joined(account.of(kind).map(reason));
    let outcomes = joined(account.of("attempt").map(outcome));
    [verdict, held, outcomes, reasons("reset"), reasons("drop")].map(|text| each(&text, lang))
}

/// Each of several facts in the language.
fn each(text: &str, lang: Lang) -> String {
    text.split("; ").map(|one| lang.kernels(one)).collect::<Vec<_>>().join("; ")
}

/// What was not as it should have been.
pub(super) fn mismatches(lab: &Judged, lang: Lang) -> String {
    lab.mismatches.iter().map(|text| lang.run(text)).collect::<Vec<_>>().join("; ")
}

/// Each once, in order.
fn joined(texts: impl Iterator<Item = String>) -> String {
    let mut each: Vec<String> = Vec::new();
    for text in texts {
        if !each.contains(&text) {
            each.push(text);
        }
    }
    if each.is_empty() { NONE.to_owned() } else { each.join("; ") }
}

fn outcome(attempt: &Value) -> String {
    let word = |value: &Value| value.as_str().map(str::to_owned);
    let mut text = word(&attempt["outcome"]).unwrap_or_default();
    if let Some(errno) = word(&attempt["errno"]) {
        text = format!("{text} ({errno})");
    }
    if let Some(how) = word(&attempt["how"]).filter(|how| how != "active-open") {
        text = format!("{text} by {how}");
    }
    match word(&attempt["process"]["comm"]) {
        Some(comm) => format!("{comm}: {text}"),
        None => text,
    }
}

/// The kernel's word for why, or what tcpx concludes where the kernel has none.
fn reason(line: &Value) -> String {
    match line["reason"]["name"].as_str() {
        Some(name) if line["reason"]["source"] == "kernel" => format!("reason {name}"),
        Some(name) => format!("this kernel names no reason ({name} by tcpx)"),
        None => "this kernel names no reason".to_owned(),
    }
}

fn lists(account: &Account, lang: Lang) -> [Vec<Row>; 5] {
    let steps = account.course().into_iter().flat_map(|course| &course.lab.steps).filter(|step| step.traced);
    let mut lists: [Vec<Row>; 5] = Default::default();
    let mut packets = Vec::new();
    for step in steps {
        lists[0].extend(step.calls.iter().map(|call| {
            let result = call.result.as_ref().map(|result| format!(" = {result}")).unwrap_or_default();
            Row { text: format!("{} {}{result}", call.who, call.code), known: None }
        }));
        lists[1].extend(step.path.iter().map(|fact| told(fact, lang)));
        step.packets.iter().for_each(|fact| add_packet(&mut packets, fact));
        lists[3].extend(step.states.iter().map(|text| Row { text: text.clone(), known: None }));
    }
    lists[2].extend(packets.iter().map(|fact| told(fact, lang)));
    let counters = account.course().into_iter().flat_map(|course| &course.counters);
    lists[4].extend(
        counters.map(|(name, by)| Row { text: format!("{name}{}{by}", lang.kernels(" by ")), known: None }),
    );
    lists
}

fn told(fact: &Fact, lang: Lang) -> Row {
    let who = if fact.who == "kernel" { String::new() } else { format!("{} ", lang.run(&fact.who)) };
    Row { text: format!("{who}{}", lang.run(&fact.what)), known: fact.known.clone() }
}

/// Of a segment that is told twice, that it arrived says nothing: whether that is told too depends on which line came first.
fn add_packet(packets: &mut Vec<Fact>, fact: &Fact) {
    const ARRIVED: &str = "; as it arrived";
    let segment = |text: &str| text.split("; ").next().unwrap_or_default().to_owned();
    let same = packets.iter_mut().find(|known| segment(&known.what) == segment(&fact.what));
    match same {
        Some(_) if fact.what.ends_with(ARRIVED) => {}
        Some(known) if known.what.ends_with(ARRIVED) => *known = fact.clone(),
        _ => packets.push(fact.clone()),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A lab that was refused, as tcpx in a guest tells it.
    pub(in crate::run::lab::kernels) fn account(
        reason: Option<&str>,
        isn: u32,
        extra: Option<&str>,
    ) -> Account {
        let mut path = vec![
            serde_json::json!({ "who": "kernel", "what": "tcp_v4_rcv: took the segment", "known": "observed" }),
        ];
        path.extend(
            extra.map(|what| serde_json::json!({ "who": "kernel", "what": what, "known": "observed" })),
        );
        let packet = format!("SYN 127.0.0.1:{} → 127.0.0.1:8888 seq {isn} len 0; sent", 40_000 + isn % 7);
        let packets = [serde_json::json!({ "who": "kernel", "what": packet, "known": "derived" })];
        let call = serde_json::json!({ "who": format!("curl[{}]", isn % 99), "code": "connect(3, 127.0.0.1:8888)", "result": "-1 ECONNREFUSED" });
        let step = serde_json::json!({ "traced": true, "said": [], "calls": [call], "path": path, "packets": packets,
            "states": ["curl: SYN_SENT → CLOSE"] });
        let shown = serde_json::json!({ "title": "", "pages": [], "diagram": "", "ending": "" });
        let source = if reason.is_some() { "kernel" } else { "derived" };
        let lines = [
            serde_json::json!({ "type": "attempt", "data": { "outcome": "refused", "errno": "ECONNREFUSED", "how": "active-open",
                "process": { "comm": "curl" } } }),
            serde_json::json!({ "type": "reset", "data": { "reason": { "name": reason.unwrap_or("no-socket"), "source": source } } }),
            serde_json::json!({ "type": "lab", "data": { "name": "closed-port", "verdict_expected": "closed-port",
                "verdict_seen": "closed-port", "ok": true, "mismatches": [], "unavailable": null } }),
            serde_json::json!({ "type": "course", "data": { "lab": { "title": "Nobody listens", "steps": [step] }, "counters": [["OutRsts", 1]], "shown": shown } }),
        ];
        let mut account = Account::default();
        for line in lines {
            account.take(format!("{line}\n").as_bytes());
        }
        account
    }

    #[test]
    fn kernels_that_did_the_same_have_the_same_rows() {
        let (one, other) =
            (account(Some("no-socket"), 1_000_001, None), account(Some("no-socket"), 2_000_003, None));
        let (rows, named) = rows(&[&one, &other], Lang::English);
        assert_eq!(named, (1, 1));
        assert_eq!(rows[0].facts, rows[1].facts);
        assert_eq!(rows[0].lists, rows[1].lists);
        assert_eq!(rows[0].facts[2], "curl: refused (ECONNREFUSED)");
        assert_eq!(rows[0].lists[2][0].text, "SYN 127.0.0.1:p1 → 127.0.0.1:8888 seq A len 0; sent");
    }

    #[test]
    fn a_segment_that_is_told_twice_is_one() {
        let fact = |what: &str| Fact { what: what.to_owned(), ..Fact::default() };
        let mut packets = Vec::new();
        for text in [
            "SYN a; as it arrived",
            "SYN a; arrived, and was dropped",
            "SYN a; as it arrived",
            "RST b; as it arrived",
        ] {
            add_packet(&mut packets, &fact(text));
        }
        let what: Vec<_> = packets.iter().map(|fact| fact.what.as_str()).collect();
        assert_eq!(what, ["SYN a; arrived, and was dropped", "RST b; as it arrived"]);
        add_packet(&mut packets, &fact("SYN a; sent again, as its socket says"));
        assert_eq!(packets.len(), 3);
    }
}
