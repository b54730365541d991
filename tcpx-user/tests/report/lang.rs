//! The page in another language: whatever it shows is in that language, but for what is the same in all.

use std::sync::Arc;

use serde_json::{Value, json};
use tcpx_user::{
    line::{Line, LookupLine, LookupResult, LookupStep, Verdict},
    text::lang::Lang,
};

use super::{
    browser::Browser,
    quiet,
    scenes::{self, Page},
};

/// Labels of the English page, each of which the Chinese one must not have anywhere.
const LABELS: &[&str] = &[
    "Skip to",
    "Kernel",
    "Time (UTC)",
    "Backend",
    "Recorded by",
    "Complete?",
    "What was watched",
    "Theme",
    "Keys",
    "Timeline",
    "peak",
    "Verdict",
    "How sure",
    "Connections and events",
    "Process",
    "From →",
    "Why",
    "any kind",
    "Clear",
    "What passed, in time",
    "Way through",
    "All that tcpx says",
    "observed",
    "derived",
    "not drawn",
    "order in time",
    "A segment arrives",
    "is looked up",
    "Without a segment",
    "TCP takes the segment",
    "established lookup",
    "label in",
    "RST in answer",
    "hit",
    "miss",
    "not-run",
    "client",
    "server",
    "kernel",
    "this host",
    "Evidence",
    "What to do",
    "Facts",
    "network namespace",
    "Confirm it",
    "All lines",
    "Previous",
    "Next",
    "refused",
    "dropped",
    "sent",
    "took",
];

/// Every text that the page shows or says aloud, but for code and the names of programs, files and addresses.
const SHOWN: &str = "(() => {
  const own = 'code, .function, .verdict-id, script, style, noscript, .files, .lane-title, .who, .route, .name, .hooks td';
  const texts = [];
  const walk = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
  while (walk.nextNode())
    if (walk.currentNode.data.trim() && !walk.currentNode.parentElement.closest(own)) texts.push(walk.currentNode.data);
  for (const name of ['aria-label', 'title', 'placeholder'])
    for (const node of document.querySelectorAll(`[${name}]`)) texts.push(node.getAttribute(name));
  return texts;
})()";

/// Words that are the same in every language; so are those with a capital in them, a digit or a sign.
const NAMES: &[&str] = &[
    "tcpx",
    "curl",
    "blue",
    "lo",
    "lab",
    "cgroup",
    "errno",
    "netns",
    "seq",
    "ack",
    "pid",
    "ms",
    "ns",
    "min",
    "auto",
    "lookup",
    "netfilter",
    "bind",
    "accept",
    "backlog",
    "ping",
    "do",
    "on",
    "ss",
    "backoff",
    "cookie",
    "closed-port",
    "accept-queue-full",
    "retransmit-timeout",
    "address-in-use",
    "tuple",
    "socket",
    "unit",
];

/// What a lab in Chinese tells of itself.
fn told() -> Value {
    let tables =
        json!({ "namespace": "lab", "shows_bound": true, "established": [], "listener": [], "bound": [] });
    let call = json!({ "who": "curl[41]", "code": "connect(3, [::1]:8080)", "begun": "connect(3, [::1]:8080)",
                       "result": "-1 ECONNREFUSED" });
    let step = json!({
        "said": ["curl 发起连接"], "then": [], "traced": true, "calls": [call], "question": "curl 会得到什么？",
        "path": [{ "who": "peer", "what": "tcp_v4_rcv: 收下了报文段", "known": "derived" }],
        "packets": [], "states": ["curl: SYN_SENT → CLOSE"], "changed": true, "before": [tables], "after": [tables],
    });
    let words = json!({ "setup": "准备", "question": "问题", "kernel": "内核做了什么", "packets": "报文", "states": "状态",
        "before": "之前", "after": "之后", "established": "已建立", "listener": "监听", "bound": "仅绑定", "empty": "空",
        "unknown": "未知", "why": "为什么" });
    json!({ "name": "closed-port", "title": "没有人监听", "verdict": "closed-port", "why": "原因", "words": words, "steps": [step] })
}

/// Lines whose sentences are those of a rule.
fn lines() -> Vec<Line> {
    let sentence = "Nothing listens on 127.0.0.1:8080, and no socket holds port 8080.";
    let mut lines = scenes::all("curl");
    let told = |verdict: &mut Verdict| verdict.evidence = Arc::new(vec![sentence.to_owned()]);
    for line in &mut lines {
        match line {
            Line::Attempt(attempt) => told(&mut attempt.verdict),
            Line::Reset(reset) => told(&mut reset.verdict),
            Line::Drop(drop) => {
                let note = "accept queue 129 of 128, SYN queue 0 of 128; observed (fentry)";
                drop.path = vec![scenes::frame("tcp_conn_request", note)];
            }
            _ => {}
        }
    }
    let Line::Reset(mut reset) = lines[1].clone() else { panic!("the RST of the first attempt") };
    (reset.id, reset.attempt) = (51, None);
    reset.lookup = reset.lookup.map(|lookup| {
        let established = LookupStep { result: LookupResult::Hit, ..lookup.established };
        let listener = LookupStep { result: LookupResult::NotRun, ..lookup.listener };
        LookupLine { established, listener }
    });
    lines.push(Line::Reset(reset));
    lines
}

/// What stands on the page, on the page of each of its lines, and in its list of keys.
fn shown(browser: &mut Browser, address: &str) -> Vec<String> {
    let mut texts = Vec::new();
    for fragment in
        ["", "#attempt=1", "#reset=2", "#attempt=11", "#drop=21", "#death=31", "#call=41", "#reset=51"]
    {
        browser.open(address, fragment);
        browser.eval("document.querySelectorAll('.opener').forEach((button) => button.click())");
        browser.press(&["?"]);
        let found = browser.eval(SHOWN);
        texts.extend(
            found.as_array().expect("texts").iter().map(|text| unquoted(text.as_str().expect("a text"))),
        );
        quiet(browser);
    }
    texts
}

/// Without what programs print, which stands in quotation marks.
fn unquoted(text: &str) -> String {
    let pieces = text.split('“').enumerate();
    let outside = |(n, piece): (usize, &str)| match piece.split_once('”') {
        Some((_, after)) if n > 0 => after.to_owned(),
        _ => piece.to_owned(),
    };
    pieces.map(outside).collect()
}

/// Whether a text has a label: one that is a single word as a word, as names of functions have many in them.
fn has(text: &str, label: &str) -> bool {
    let is_name = |sign: char| sign.is_ascii_alphanumeric() || sign == '_' || sign == '-';
    if label.contains(' ') {
        return text.contains(label);
    }
    text.split(|sign: char| !is_name(sign)).any(|word| word == label.trim_end_matches('?'))
}

/// Words of small letters in a text that are no names.
fn english(text: &str) -> Vec<&str> {
    let words = text.split(|sign: char| sign.is_whitespace() || "，。：；、（）“”？·".contains(sign));
    let plain =
        |word: &&str| word.len() > 1 && word.chars().all(|sign| sign.is_ascii_lowercase() || sign == '-');
    words.filter(plain).filter(|word| !NAMES.contains(word) && word.trim_matches('-').len() > 1).collect()
}

pub(super) fn no_english_label() {
    let mut browser = Browser::start();
    let english_page = Page::of_lab(&lines(), told());
    let before = shown(&mut browser, &english_page.address);
    let chinese_page = Page::of_lab_in(&lines(), told(), Lang::Chinese);
    let after = shown(&mut browser, &chinese_page.address);
    assert_eq!(browser.eval("document.documentElement.lang"), json!("zh-CN"));
    for label in LABELS {
        assert!(before.iter().any(|text| has(text, label)), "{label:?} is no label of the English page");
        let left: Vec<_> = after.iter().filter(|text| has(text, label)).collect();
        assert!(left.is_empty(), "{label:?} is left: {left:?}");
    }
    let left: Vec<_> = after.iter().filter(|text| !english(text).is_empty()).collect();
    assert!(left.is_empty(), "English: {left:#?}");
    let drawn = "[...document.querySelectorAll('.map .badge text')].map((text) => text.textContent)";
    browser.open(&chinese_page.address, "#attempt=1");
    assert_eq!(browser.eval(drawn), json!(["未命中", "未命中"]));
    assert!(browser.text(".evidence").contains("没有人监听 127.0.0.1:8080"));
    assert!(browser.text(".sequence").contains("未命中"));
    fits(&mut browser);
}

/// No text of the drawing is wider than the box that it stands in.
fn fits(browser: &mut Browser) {
    let wide = browser.eval(
        "[...document.querySelectorAll('.map .node, .sequence .note')].flatMap((node) => {
           const edge = node.querySelector('.box').getBoundingClientRect().right;
           return [...node.querySelectorAll('.function, .what')]
             .filter((text) => text.getBoundingClientRect().right > edge + 1)
             .map((text) => text.textContent);
         })",
    );
    assert_eq!(wide, json!([]), "wider than its box");
}
