//! Which requests are answered: not those that a page of another site has made a browser send.
//!
//! Whoever opens such a page runs its code beside a daemon on loopback, or beside a unix socket that ssh forwards to a port of loopback. A
//! name of that site may lead to that port (DNS rebinding), and then the page is of the same origin: the name that it asks for gives it away.

use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

const FROM: HeaderName = HeaderName::from_static("sec-fetch-site");
const HOW: HeaderName = HeaderName::from_static("sec-fetch-mode");
const ONLY_OWN: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Names by which a listener may be asked.
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub(super) given: Arc<BTreeSet<String>>,
    /// Clients of a unix socket have to name something: `curl --unix-socket PATH http://tcpx/`.
    pub(super) unix: bool,
}

impl Names {
    /// Nobody's DNS answers for an address, nor for localhost; no site has a name without a dot.
    fn admit(&self, host: &str) -> bool {
        let name = name(host).trim_end_matches('.').to_ascii_lowercase();
        name.parse::<IpAddr>().is_ok()
            || name == "localhost"
            || name.ends_with(".localhost")
            || self.given.contains(&name)
            || self.unix && !name.contains('.')
    }
}

/// Without port, and without the brackets of an IPv6 address.
fn name(host: &str) -> &str {
    if let Some(inside) = host.strip_prefix('[') {
        return inside.split(']').next().unwrap_or_default();
    }
    host.split(':').next().unwrap_or_default()
}

/// Answers, or says why not.
pub(super) async fn check(State(names): State<Names>, request: Request, next: Next) -> Response {
    let mut response = match refusal(&names, request.headers()) {
        Some((status, why)) => (status, why).into_response(),
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(ONLY_OWN, HeaderValue::from_static("same-origin"));
    response
}

/// Who sends neither header is no browser.
fn refusal(names: &Names, headers: &HeaderMap) -> Option<(StatusCode, String)> {
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if let Some(host) = text(&header::HOST).filter(|host| !names.admit(host)) {
        let why = format!(
            "asked for as {:?}, which is no name of this daemon: use its address or localhost, or add the name to http.hosts\n",
            name(host)
        );
        return Some((StatusCode::MISDIRECTED_REQUEST, why));
    }
    // A link on another page may lead here; its code may not ask.
    let foreign = text(&FROM).is_some_and(|from| !matches!(from, "same-origin" | "none"));
    let link = text(&HOW) == Some("navigate");
    let why = "asked for by a page of another site\n".to_owned();
    (foreign && !link).then_some((StatusCode::FORBIDDEN, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(unix: bool) -> Names {
        Names { given: Arc::new(["node7.example.net".to_owned()].into()), unix }
    }

    #[test]
    fn names_of_other_sites_are_refused() {
        for host in
            ["127.0.0.1", "127.0.0.1:9321", "[::1]:9321", "localhost:8080", "LOCALHOST", "a.localhost"]
        {
            assert!(names(false).admit(host) && names(true).admit(host), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:9321",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "[evil]x.y",
        ] {
            assert!(!names(false).admit(host), "{host}");
        }
        assert!(!names(true).admit("evil.example:8080"), "ssh leads from a port to the socket");
        assert!(names(true).admit("tcpx") && !names(false).admit("tcpx"));
        assert!(names(false).admit("Node7.Example.net:9321"));
    }

    #[test]
    fn pages_of_other_sites_may_only_link() {
        let refused = |headers: &[(&HeaderName, &'static str)]| {
            let map = headers
                .iter()
                .map(|&(name, value)| (name.clone(), HeaderValue::from_static(value)))
                .collect();
            refusal(&names(false), &map).map(|(status, _)| status.as_u16())
        };
        assert_eq!(refused(&[]), None);
        assert_eq!(refused(&[(&FROM, "same-origin"), (&HOW, "cors")]), None);
        assert_eq!(refused(&[(&FROM, "cross-site"), (&HOW, "navigate")]), None);
        assert_eq!(
            refused(&[(&FROM, "same-site"), (&HOW, "no-cors")]),
            Some(403),
            "another port of this host"
        );
        assert_eq!(refused(&[(&header::HOST, "evil.example"), (&FROM, "same-origin")]), Some(421));
    }
}
