//! The page of `tcpx report` in a real browser. `cargo xtask test` installs one; elsewhere these trials say that there is none.

mod browser;
mod lang;
mod scenes;

use std::{path::Path, process::Command};

use assert_cmd::cargo::CommandCargoExt as _;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use serde_json::{Value, json};
use tcpx_user::line::{Family, Line};

use browser::Browser;
use scenes::{HOSTILE, Page};

const TRIALS: &[(&str, fn())] = &[
    ("an attempt shows its way through the kernel", way),
    ("what is not in the path is not drawn as seen", unseen),
    ("a lookup that hit leads elsewhere", hit),
    ("a frame says how it is known", known),
    ("lines of every kind open without a complaint", every_kind),
    ("a hostile name is text everywhere", hostile),
    ("the keyboard is enough", keyboard),
    ("nothing is fetched, and nothing may be", nothing_fetched),
    ("light and dark can both be read", themes),
    ("a lab's page asks before it answers", lab),
    ("a lab's page in Chinese has no English label", lang::no_english_label),
    ("a recording's page has the numbers of its replay", recording),
];

fn main() {
    let trial = |&(name, body): &(&'static str, fn())| {
        Trial::ignorable_test(name, move || {
            if browser::find().is_none() {
                return Ok(Completion::ignored_with("no Chromium here; cargo xtask setup installs it"));
            }
            body();
            Ok::<_, Failed>(Completion::Completed)
        })
    };
    let mut arguments = Arguments::from_args();
    // Each has a browser of its own, which is several processes.
    arguments.test_threads = arguments.test_threads.or(Some(2));
    libtest_mimic::run(&arguments, TRIALS.iter().map(trial).collect()).exit();
}

/// State and lookup result of each function of the map that is on the page.
fn map(browser: &mut Browser) -> Value {
    browser.eval(
        "Object.fromEntries([...document.querySelectorAll('.map .node')].map((node) => \
         [node.dataset.function, [node.dataset.state, node.dataset.result ?? null]]))",
    )
}

fn edges(browser: &mut Browser, state: &str) -> Value {
    let selector = json!(format!(".map .edge.{state}"));
    browser
        .eval(&format!("[...document.querySelectorAll({selector})].map((edge) => edge.dataset.edge).sort()"))
}

fn quiet(browser: &mut Browser) {
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

fn way() {
    let page = Page::of(&scenes::all("curl"), "x.tcpx");
    let mut browser = Browser::start();
    for (family, id) in [(Family::Ipv4, 1), (Family::Ipv6, 11)] {
        browser.open(&page.address, &format!("#attempt={id}"));
        assert_eq!(browser.eval("document.querySelector('#detail').dataset.id"), json!(id.to_string()));
        assert!(browser.text("#detail h1").starts_with("curl[41] → "));
        assert!(browser.text(".evidence").contains("Nothing listens, says curl."));
        let advice = &tcpx_user::verdict::entry(tcpx_user::verdict::VerdictId::ClosedPort).advice;
        assert!(browser.text(".answer").contains(advice.as_str()), "the catalogue's words");

        let [answer, listener, established, entry] = scenes::refusal(family);
        let map = map(&mut browser);
        assert_eq!(map[established], json!(["observed", "miss"]));
        assert_eq!(map[listener], json!(["observed", "miss"]));
        assert_eq!(map[entry], json!(["derived", null]));
        assert_eq!(map["no_tcp_socket"], json!(["derived", null]), "a label is never seen");
        assert_eq!(map[answer], json!(["observed", null]));
        assert_eq!(edges(&mut browser, "observed"), json!(["established listener"]));
        let derived = json!(["listener none", "none answer", "receive established", "synsent reset"]);
        assert_eq!(edges(&mut browser, "derived"), derived);

        let steps = browser
            .eval("[...document.querySelectorAll('.sequence .function')].map((step) => step.textContent)");
        let functions = [entry, established, listener, answer, "tcp_rcv_synsent_state_process", "tcp_reset"];
        assert_eq!(steps, json!(functions), "in the order of time");
        assert!(browser.text(".sequence").contains("ECONNREFUSED"));
        quiet(&mut browser);
    }
}

fn unseen() {
    let mut attempt = scenes::attempt(1, Family::Ipv4, "curl");
    (attempt.process, attempt.path, attempt.reset) = (None, Vec::new(), None);
    let page = Page::of(&[Line::Attempt(Box::new(attempt))], "x.tcpx");
    let mut browser = Browser::start();
    browser.open(&page.address, "#attempt=1");
    let drawn =
        browser.eval("document.querySelectorAll('.map .node:not(.unseen), .map .edge:not(.unseen)').length");
    assert_eq!(drawn, json!(0));
    assert!(browser.text(".map-legend").contains("not observed"));
    assert!(browser.text(".sequence .lane").contains("process not observed"));
    assert_eq!(browser.text(".path .unseen"), "not observed");
    let process = "[...document.querySelectorAll('.facts dt')].find((name) => name.textContent === 'process').nextSibling.textContent";
    assert_eq!(browser.eval(process), json!("not observed"));
    quiet(&mut browser);
}

/// The page of a RST with this path, and its map.
fn reset_with(path: &[(&str, &str)]) -> (Browser, Value) {
    let mut reset = scenes::reset(&scenes::attempt(1, Family::Ipv4, "curl"));
    reset.path = path.iter().map(|(function, note)| scenes::frame(function, note)).collect();
    reset.lookup = None;
    let page = Page::of(&[Line::Reset(Box::new(reset))], "x.tcpx");
    let mut browser = Browser::start();
    browser.open(&page.address, "#reset=2");
    let map = map(&mut browser);
    (browser, map)
}

fn hit() {
    let (mut browser, map) = reset_with(&[
        ("tcp_v4_send_reset", "sent the RST; observed (fentry)"),
        ("tcp_timewait_state_process", "returned TCP_TW_RST; derived"),
        ("__inet_lookup_established", "hit: TIME_WAIT; observed"),
        ("tcp_v4_rcv", "took the segment; observed"),
    ]);
    assert_eq!(map["__inet_lookup_established"], json!(["observed", "hit"]));
    assert_eq!(map["__inet_lookup_listener"], json!(["unseen", null]), "it was not run");
    assert_eq!(edges(&mut browser, "observed"), json!(["receive established"]));
    assert_eq!(edges(&mut browser, "derived"), json!(["established timewait", "timewait answer"]));
    quiet(&mut browser);

    let (mut browser, _) = reset_with(&[
        ("tcp_v4_send_reset", "sent the RST; observed (fentry)"),
        ("tcp_rcv_state_process", "LISTEN and ACK; derived"),
        ("tcp_v4_do_rcv", "label reset; derived"),
        ("__inet_lookup_listener", "hit; observed"),
        ("__inet_lookup_established", "miss; observed"),
        ("tcp_v4_rcv", "took the segment; observed"),
    ]);
    assert_eq!(edges(&mut browser, "observed"), json!(["established listener", "receive established"]));
    let derived = json!(["listener socket", "socket answer", "socket states"]);
    assert_eq!(edges(&mut browser, "derived"), derived, "not from the established lookup, which missed");
    quiet(&mut browser);
}

fn known() {
    let cases = [
        ("miss; observed", "observed"),
        ("sent the RST; observed (tracepoint tcp_send_reset)", "observed"),
        ("derived", "derived"),
        ("sent the RST; derived from the drop of the segment", "derived"),
        ("observed things; nothing told", "not told"),
    ];
    let path = cases.map(|(note, _)| ("tcp_v4_rcv", note));
    let (mut browser, _) = reset_with(&path);
    let said = browser.eval("[...document.querySelectorAll('.frames .how')].map((how) => how.textContent)");
    let wanted: Vec<_> = cases.iter().rev().map(|(_, how)| *how).collect();
    assert_eq!(said, json!(wanted), "first what ran first");
    quiet(&mut browser);
}

fn every_kind() {
    let page = Page::of(&scenes::all("curl"), "x.tcpx");
    let mut browser = Browser::start();
    browser.open(&page.address, "");
    let links = browser
        .eval("[...document.querySelectorAll('#list tbody a')].map((link) => link.getAttribute('href'))");
    let links: Vec<String> = serde_json::from_value(links).expect("a list");
    assert_eq!(links.len(), 7);
    for link in links {
        browser.open(&page.address, &link);
        let headings = browser
            .eval("[...document.querySelectorAll('#detail h3')].map((heading) => heading.textContent)");
        for wanted in ["Evidence", "What to do", "What passed, in time", "Facts"] {
            assert!(
                headings.as_array().is_some_and(|all| all.contains(&json!(wanted))),
                "{link}: {headings}"
            );
        }
        quiet(&mut browser);
    }
}

fn hostile() {
    let page = Page::of(&scenes::all(HOSTILE), HOSTILE);
    let mut browser = Browser::start();
    for fragment in
        ["", "#attempt=1", "#reset=2", "#drop=21", "#death=31", "#call=41", "#verdict=closed-port"]
    {
        browser.open(&page.address, fragment);
        browser.eval("document.querySelectorAll('.opener').forEach((open) => open.click())");
        assert_eq!(
            browser.eval("document.querySelectorAll('img, [onerror]').length"),
            json!(0),
            "{fragment}"
        );
        assert_eq!(browser.eval("document.scripts.length"), json!(4), "{fragment}: only the page's own");
        assert!(browser.text("body").contains(HOSTILE), "{fragment}: it is shown as it is");
        quiet(&mut browser);
    }
}

fn keyboard() {
    let page = Page::of(&scenes::all("curl"), "x.tcpx");
    let mut browser = Browser::start();
    browser.open(&page.address, "");
    let focused = "document.activeElement.id || document.activeElement.getAttribute('href')";
    browser.press(&["/"]);
    assert_eq!(browser.eval(focused), json!("search"));
    browser.press(&["6", "_", "l", "o", "o", "k", "u", "p"]);
    assert_eq!(browser.eval("document.querySelectorAll('#list tbody a').length"), json!(2), "the IPv6 ones");
    // Past the five selects and the button.
    browser.press(&["Tab"; 7]);
    assert_eq!(browser.eval(focused), json!("#attempt=11"));
    browser.press(&["ArrowDown"]);
    assert_eq!(browser.eval(focused), json!("#reset=12"));
    browser.press(&["k", "Enter"]);
    assert_eq!(browser.eval("location.hash"), json!("#attempt=11"));
    browser.press(&["n"]);
    assert_eq!(browser.eval("document.querySelector('#detail').dataset.id"), json!("12"));
    browser.press(&["Escape"]);
    assert_eq!(browser.eval("document.querySelector('#detail')"), Value::Null);
    assert_eq!(browser.eval(focused), json!("#reset=12"), "where one was");
    browser.press(&["t"]);
    assert_eq!(browser.eval("document.documentElement.dataset.theme"), json!("light"));
    browser.press(&["?"]);
    assert_eq!(browser.eval("document.querySelector('#keys').open"), json!(true));
    browser.press(&["Escape"]);
    assert_eq!(browser.eval("document.querySelector('#keys').open"), json!(false));
    browser.eval("document.querySelector('.opener').focus()");
    browser.press(&["Enter"]);
    assert!(browser.text(".about:not([hidden])").contains("What to do"));
    browser.eval("document.querySelector('.chart').focus()");
    browser.press(&["ArrowRight", "Enter"]);
    assert_eq!(browser.eval("document.querySelectorAll('.chip').length"), json!(1), "a moment is listed");
    quiet(&mut browser);
}

fn nothing_fetched() {
    let page = Page::of(&scenes::all("curl"), "x.tcpx");
    let mut browser = Browser::start();
    browser.open(&page.address, "#attempt=1");
    let own = format!("{}?", page.address);
    let requests = browser.requests();
    assert!(requests.len() == 1 && requests[0].starts_with(&own), "itself and no other: {requests:?}");
    quiet(&mut browser);
    let refused = browser.eval(
        "new Promise((done) => { addEventListener('securitypolicyviolation', (event) => done(event.effectiveDirective)); \
         fetch('http://127.0.0.1:9/').catch(() => 0); })",
    );
    assert_eq!(refused, json!("connect-src"));
    let written = browser.eval(
        "new Promise((done) => { addEventListener('securitypolicyviolation', (event) => done(event.effectiveDirective)); \
         document.body.insertAdjacentHTML('beforeend', '<b onclick=\"alert(1)\"></b>'); document.body.lastChild.click(); })",
    );
    assert_eq!(written, json!("script-src-attr"), "code that is not the page's own does not run");
}

/// The contrast of what a selector finds with the page behind it, as WCAG has it.
fn contrast(browser: &mut Browser, selector: &str) -> f64 {
    let script = r"((node) => {
        const parts = (color) => color.match(/[\d.]+/g).map(Number);
        const light = (color) => parts(color).slice(0, 3).map((part) => part / 255)
            .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
            .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
        let behind = node;
        while (parts(getComputedStyle(behind).backgroundColor)[3] === 0) behind = behind.parentElement;
        const style = getComputedStyle(node);
        const [a, b] = [light(node instanceof SVGElement ? style.fill : style.color), light(getComputedStyle(behind).backgroundColor)];
        return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    })";
    let found = browser.eval(&format!("{script}(document.querySelector({}))", json!(selector)));
    found.as_f64().unwrap_or_else(|| panic!("nothing is {selector}"))
}

fn themes() {
    let page = Page::of(&scenes::all("curl"), "x.tcpx");
    let mut browser = Browser::start();
    let mut pictures = Vec::new();
    for scheme in ["light", "dark"] {
        browser.prefer(scheme);
        for (fragment, selectors) in [
            (
                "",
                &["h2", ".aside", ".verdict-title", ".list .status", ".recording dt", ".chart .row-label"][..],
            ),
            (
                "#attempt=1",
                &[
                    "h1",
                    ".kicker",
                    "ul.evidence li",
                    ".map .observed .what",
                    ".sequence .lane-sub",
                    ".legend",
                ],
            ),
        ] {
            browser.open(&page.address, fragment);
            for selector in selectors {
                let contrast = contrast(&mut browser, selector);
                assert!(contrast >= 4.5, "{scheme} {fragment} {selector}: {contrast:.1}");
            }
            let unseen =
                contrast(&mut browser, if fragment.is_empty() { "h2" } else { ".map .unseen .function" });
            assert!(unseen >= 3.0, "{scheme}: what was not observed can be read too: {unseen:.1}");
            let wide = browser.eval("document.documentElement.scrollWidth <= innerWidth");
            assert_eq!(wide, json!(true), "it fits a laptop's screen");
            pictures.push(browser.screenshot());
        }
    }
    pictures.sort();
    pictures.dedup();
    assert_eq!(pictures.len(), 4, "each looks different");
}

fn recording() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("report.html");
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/recordings/v1-lines.tcpx");
    let tcpx = || Command::cargo_bin("tcpx").expect("built");
    let written = tcpx().arg("report").arg(&kept).arg("-w").arg(&file).output().expect("it runs");
    assert_eq!(written.status.code(), Some(3), "its records were lost, as replay says");
    let shown = tcpx().arg("replay").arg(&kept).args(["-o", "json"]).output().expect("it runs");
    let text = String::from_utf8(shown.stdout).expect("JSON");
    let summary: Value =
        text.lines().last().map(|line| serde_json::from_str(line).expect("JSON")).expect("a summary");
    let mut browser = Browser::start();
    browser.open(&format!("file://{}", file.display()), "");
    for (kind, name) in [("attempts", "attempt"), ("resets", "reset"), ("drops", "drop")] {
        let counts = summary["data"][kind].as_object().expect("counts by verdict");
        let sum: u64 = counts.values().filter_map(Value::as_u64).sum();
        let linked = format!("document.querySelectorAll('#list a[href^=\"#{name}=\"]').length");
        assert!(sum > 0, "{kind}");
        assert_eq!(browser.eval(&linked), json!(sum), "{kind}");
    }
    let said = browser.text(".state");
    assert!(said.starts_with("incomplete: ") && said.contains("lost"), "{said}");
    quiet(&mut browser);
}

/// A lab's page: its steps, their questions closed, and the way of what it showed. Nothing of it is markup.
fn lab() {
    let tables = json!({ "namespace": "lab", "shows_bound": true, "established": [], "listener": [], "bound": [HOSTILE] });
    let call = json!({ "who": "curl[41]", "code": "connect(3, [::1]:8080)", "begun": "connect(3, [::1]:8080)",
                       "result": "-1 ECONNREFUSED" });
    let step = json!({
        "said": ["curl connects"], "then": [], "traced": true, "calls": [call], "question": "What will curl get?",
        "path": [{ "who": "kernel", "what": "tcp_v4_rcv: took the segment", "known": "derived" }],
        "packets": [], "states": [HOSTILE], "changed": false, "before": [tables], "after": [tables],
    });
    let words = json!({ "setup": "set-up", "question": "Question", "kernel": "What the kernel did", "packets": "Packets",
        "states": "States", "before": "Before", "after": "After", "established": "established hash",
        "listener": "listener hash", "bound": "only bound", "empty": "empty", "unknown": "?", "why": "Why" });
    let told = json!({ "name": "closed-port", "title": HOSTILE, "verdict": "closed-port", "why": null,
                       "words": words, "steps": [step] });
    let page = Page::of_lab(&scenes::all("curl"), told);
    let mut browser = Browser::start();
    browser.open(&page.address, "");
    assert!(browser.text("#lab-title").contains(HOSTILE));
    assert!(browser.text("#lab table").contains(HOSTILE), "the tables before");
    assert_eq!(
        browser.eval("document.querySelector('#lab details').open"),
        json!(false),
        "the answer is not shown"
    );
    browser.eval("document.querySelector('#lab summary').click()");
    assert!(browser.text("#lab details").contains("tcp_v4_rcv: took the segment derived"));
    assert!(browser.text("#lab details").contains("-1 ECONNREFUSED"));
    let drawn = browser.eval("document.querySelectorAll('#lab svg.map, #lab svg.sequence').length");
    assert_eq!(drawn, json!(2));
    quiet(&mut browser);
}
