//! What there is to get.

use std::collections::BTreeSet;

use axum::{
    body::Body,
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Redirect, Response},
};

use super::Site;
use crate::{
    daemon::{
        page::Page,
        published::{Kind, Text},
    },
    metrics::CONTENT_TYPE,
    verdict::VerdictId,
};

/// How many lines are shown if nothing is said.
const MOST: usize = 100;
const INDEX: &str = "\
tcpx daemon
  /health      how it is (JSON)
  /attempts    the last connection attempts, one JSON object a line, oldest first
  /resets      the last RSTs
  /lines       all lines as they come (server-sent events)
  /metrics     counts, for Prometheus (OpenMetrics)
  /ui          a page for browsers, if http.page is true
Parameters: n=100 (attempts, resets), verdict=closed-port,peer-refused (attempts, resets, lines)
";

/// Browsers go on to the page, if there is one.
pub(super) async fn index(State(site): State<Site>, headers: HeaderMap) -> Response {
    let wanted = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if site.page && wanted.contains("text/html") {
        return Redirect::to("ui").into_response();
    }
    INDEX.into_response()
}

pub(super) async fn ui(State(site): State<Site>) -> Response {
    if !site.page {
        let what = "there is no page for browsers: http.page is not true\n";
        return (StatusCode::NOT_FOUND, what).into_response();
    }
    let page = Page::get();
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, page.policy.as_str()),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, page.text.clone()).into_response()
}

pub(super) async fn unknown(uri: Uri) -> Response {
    let what = format!("there is no {}\n\n{INDEX}", uri.path());
    (StatusCode::NOT_FOUND, what).into_response()
}

/// 503 while something is wrong, so that a probe need not read the body.
pub(super) async fn health(State(site): State<Site>) -> Response {
    let report = site.health.report(site.memory.filled(), site.stream.standing());
    let status = if report.healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    match serde_json::to_string(&report) {
        Ok(text) => (status, [(header::CONTENT_TYPE, "application/json")], text + "\n").into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

pub(super) async fn attempts(site: State<Site>, query: RawQuery) -> Response {
    last(&site, query, Kind::Attempt)
}

pub(super) async fn resets(site: State<Site>, query: RawQuery) -> Response {
    last(&site, query, Kind::Reset)
}

fn last(site: &Site, RawQuery(query): RawQuery, kind: Kind) -> Response {
    match Wanted::parse(query.as_deref().unwrap_or_default(), true) {
        Ok(Wanted { most, verdicts }) => {
            let texts = site.memory.last(kind, most, &verdicts);
            let body = Body::from_stream(Texts(texts.into_iter()));
            ([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response()
        }
        Err(wrong) => (StatusCode::BAD_REQUEST, wrong + "\n").into_response(),
    }
}

pub(super) async fn lines(State(site): State<Site>, RawQuery(query): RawQuery) -> Response {
    let wanted = match Wanted::parse(query.as_deref().unwrap_or_default(), false) {
        Ok(wanted) => wanted,
        Err(wrong) => return (StatusCode::BAD_REQUEST, wrong + "\n").into_response(),
    };
    let Some(subscription) = site.stream.subscribe(wanted.verdicts) else {
        let what = "as many readers as stream.readers allows are there\n";
        return (StatusCode::SERVICE_UNAVAILABLE, what).into_response();
    };
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    (headers, Body::from_stream(subscription)).into_response()
}

pub(super) async fn metrics(State(site): State<Site>) -> Response {
    let text = site.counted.metrics().expose();
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response()
}

/// What a query asks for.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    most: usize,
    verdicts: BTreeSet<VerdictId>,
}

impl Wanted {
    /// Nothing of what is asked for needs percent-encoding but the comma, which some clients encode.
    fn parse(query: &str, counted: bool) -> Result<Self, String> {
        let mut wanted = Self { most: MOST, verdicts: BTreeSet::new() };
        let allowed = if counted { "n and verdict" } else { "verdict" };
        for part in query.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            match name {
                "n" if counted => {
                    wanted.most = value.parse().map_err(|_| format!("n={value}: it must be a number"))?;
                }
                "verdict" => {
                    for id in value.replace("%2C", ",").replace("%2c", ",").split(',') {
                        wanted.verdicts.insert(id.parse().map_err(|error| format!("verdict={id}: {error}"))?);
                    }
                }
                _ => return Err(format!("{name}: not a parameter here; there are: {allowed}")),
            }
        }
        Ok(wanted)
    }
}

/// Texts as a body, one after the other, so that memory holds each once.
struct Texts(std::vec::IntoIter<Text>);

impl futures_core::Stream for Texts {
    type Item = Result<bytes::Bytes, std::convert::Infallible>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.next().map(|text| Ok(text.line())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_say_how_many_and_which() {
        let wanted = Wanted::parse("n=7&verdict=closed-port%2Cpeer-refused", true).expect("valid");
        assert_eq!((wanted.most, wanted.verdicts.len()), (7, 2));
        assert_eq!(Wanted::parse("", true), Ok(Wanted { most: MOST, verdicts: BTreeSet::new() }));
        for (query, counted, expected) in [
            ("n=x", true, "n=x: it must be a number"),
            ("n=7", false, "n: not a parameter here; there are: verdict"),
            ("verdict=closed", true, "verdict=closed: "),
            ("port=80", true, "port: not a parameter here; there are: n and verdict"),
        ] {
            let wrong = Wanted::parse(query, counted).expect_err(query);
            assert!(wrong.starts_with(expected), "{wrong}");
        }
    }
}
