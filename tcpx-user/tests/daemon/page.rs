//! The page for browsers in a real one, which comes to the unix socket by a port, as `ssh -L` would lead it there.

use std::{
    io,
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    thread,
};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::{
    browser::Browser,
    daemon::{Place, until},
    provoke::Refusing,
};

/// A name as a process may have it: 15 bytes.
const HOSTILE: &str = "<img src=x:y/>";

/// Leads from a port to a unix socket, for as long as the trials run.
fn forward(socket: PathBuf) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let addr = listener.local_addr().expect("its name");
    thread::spawn(move || {
        for tcp in listener.incoming().flatten() {
            // Nobody is there while the daemon is not.
            drop(lead(tcp, &socket));
        }
    });
    addr
}

fn lead(tcp: TcpStream, socket: &Path) -> io::Result<()> {
    let unix = UnixStream::connect(socket)?;
    let (mut from_tcp, mut to_unix) = (tcp.try_clone()?, unix.try_clone()?);
    thread::spawn(move || {
        drop(io::copy(&mut from_tcp, &mut to_unix));
        drop(to_unix.shutdown(Shutdown::Write));
    });
    let (mut from_unix, mut to_tcp) = (unix, tcp);
    thread::spawn(move || {
        drop(io::copy(&mut from_unix, &mut to_tcp));
        drop(to_tcp.shutdown(Shutdown::Both));
    });
    Ok(())
}

/// A browser with the page, once that is live.
struct Page {
    browser: Browser,
    origin: String,
}

impl Page {
    fn open(place: &Place) -> Self {
        let origin = format!("http://{}", forward(place.socket()));
        let mut browser = Browser::start();
        browser.open(&format!("{origin}/ui"), "");
        let mut page = Self { browser, origin };
        page.until("#state", "live");
        page
    }

    /// Waits until the text of an element has this in it.
    fn until(&mut self, selector: &str, text: &str) {
        let what = format!("{text:?} in {selector}");
        until(&what, || self.browser.text(selector).contains(text).then_some(()));
    }

    /// How many rows have this in them.
    fn rows(&mut self, text: &str) -> u64 {
        let script = format!(
            "[...document.querySelectorAll('#list tbody tr[data-id]')].filter((row) => row.textContent.includes({})).length",
            json!(text)
        );
        self.browser.eval(&script).as_u64().expect("a number")
    }

    fn until_rows(&mut self, text: &str, count: u64) {
        until(&format!("{count} rows with {text}"), || (self.rows(text) == count).then_some(()));
    }

    /// Types what only lines of this port have.
    fn search(&mut self, port: &Refusing) {
        self.browser.press(&["Escape", "/"]);
        let digits: Vec<_> = format!(":{}", port.addr.port()).chars().map(String::from).collect();
        self.browser.press(&digits.iter().map(String::as_str).collect::<Vec<_>>());
        self.browser.press(&["Escape"]);
    }

    fn choose(&mut self, select: &str, value: &str) {
        self.browser.eval(&format!(
            "((select) => {{ select.value = {}; select.dispatchEvent(new Event('change')); }})(document.querySelector('select[name={select}]'))",
            json!(value)
        ));
    }
}

/// By a thread with this name.
fn refuse_as(name: &str, port: &Refusing, times: usize) {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name(name.to_owned());
        thread.spawn_scoped(scope, || port.refuse(times)).expect("a thread");
    });
}

pub(crate) fn live() {
    let place = Place::new("http.page = true\n");
    let _daemon = place.start();
    let (before, port) = (Refusing::new(), Refusing::new());
    before.refuse(1);
    let mut page = Page::open(&place);
    let address = port.addr.to_string();
    // What the daemon remembers is there, an attempt and its RST.
    page.search(&before);
    page.until_rows(&before.addr.to_string(), 2);
    page.browser.eval("document.querySelector('#list .controls button:last-of-type').click()");

    page.search(&port);
    refuse_as(HOSTILE, &port, 1);
    page.until_rows(&address, 2);
    // The RST's may be that of the whole process.
    assert!(page.rows(HOSTILE) >= 1, "a name is text");
    assert_eq!(page.browser.eval("document.images.length"), json!(0));
    page.until(".rates .chart", "bound-not-listening");

    page.browser.press(&["s"]);
    port.refuse(3);
    page.until(".pause", ": 6 came");
    assert_eq!(page.rows(&address), 2, "they wait");
    page.browser.press(&["s"]);
    page.until_rows(&address, 8);

    page.choose("kind", "attempt");
    page.until_rows(&address, 4);
    page.choose("verdict", "bound-not-listening");
    assert_eq!(page.rows(&address), 4);
    page.choose("verdict", "");

    page.browser.eval("document.querySelector('#list tbody a').focus()");
    page.browser.press(&["End", "Enter"]);
    assert!(page.browser.text("#detail h1").starts_with(HOSTILE), "the oldest");
    drawn(&mut page.browser);
    page.browser.press(&["p"]);
    drawn(&mut page.browser);
    page.browser.press(&["Escape"]);
    page.until_rows(&address, 4);

    let origin = page.origin.clone();
    let requests = page.browser.requests();
    assert!(requests.iter().all(|url| url.starts_with(&origin)), "{requests:?}");
    dark(&mut page.browser);
    assert_eq!(page.browser.complaints(), Vec::<String>::new());
}

/// The way through the kernel, as in a report.
fn drawn(browser: &mut Browser) {
    let seen = browser
        .eval("document.querySelectorAll('#detail .map .node.observed, #detail .map .node.derived').length");
    assert!(seen.as_u64() > Some(0), "{seen}");
    assert!(browser.text("#detail .sequence").contains("ECONNREFUSED"));
    let advice = &tcpx_user::verdict::entry(tcpx_user::verdict::VerdictId::BoundNotListening).advice;
    assert!(browser.text("#detail .answer").contains(advice.as_str()), "the catalogue's words");
    assert!(!browser.text("#detail .evidence").is_empty());
}

/// The system's wish is followed, and a key overrules it.
fn dark(browser: &mut Browser) {
    let mut ground = |scheme: &str| {
        browser.prefer(scheme);
        (browser.eval("getComputedStyle(document.body).backgroundColor"), browser.screenshot())
    };
    let ((light, in_light), (dark, in_dark)) = (ground("light"), ground("dark"));
    assert!(light != dark && in_light != in_dark);
    browser.press(&["t"]);
    assert_eq!(browser.eval("getComputedStyle(document.body).backgroundColor"), light);
    let wide = browser.eval("document.documentElement.scrollWidth <= innerWidth");
    assert_eq!(wide, Value::Bool(true), "it fits a laptop's screen");
}

pub(crate) fn let_go() {
    let place = Place::new("http.page = true\nstream.backlog = 2\n");
    let _daemon = place.start();
    let mut page = Page::open(&place);
    let port = Refusing::new();
    until("the page to be let go", || {
        port.refuse(50);
        page.browser.text("#notices").contains("let this page go").then_some(())
    });
    page.until("#notices", "came while the page was not connected");
    // What the stream does not bring, the memory does.
    let last = Refusing::new();
    page.search(&last);
    last.refuse(1);
    page.until_rows(&last.addr.to_string(), 2);
}

pub(crate) fn next_daemon() {
    let place = Place::new("http.page = true\n");
    let daemon = place.start();
    let mut page = Page::open(&place);
    let first = Refusing::new();
    page.search(&first);
    first.refuse(1);
    page.until_rows(&first.addr.to_string(), 2);
    daemon.end(Signal::TERM);
    page.until("#notices", "the daemon has ended");
    let daemon = place.start();
    page.until("#notices", "another daemon answers now");
    page.until("#state", "live");
    assert_eq!(page.rows(&first.addr.to_string()), 0, "its numbers mean other lines");
    first.refuse(1);
    page.until_rows(&first.addr.to_string(), 2);
    daemon.end(Signal::TERM);
}
