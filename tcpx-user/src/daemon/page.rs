//! The page for browsers: what the daemon keeps and what comes, live, with the drawings of a report.
//!
//! It is one text with its own style and code. Its Content-Security-Policy lets these act, by digest, and lets it ask the daemon that it
//! came from; nothing else can be fetched, run or framed.

use std::{collections::BTreeMap, sync::LazyLock};

use crate::{
    report::{
        embed,
        page::{About, Inlined},
    },
    text::lang::Lang,
    verdict::VerdictId,
};

const TEMPLATE: &str = include_str!("page/template.html");
const STYLE: &str = include_str!("page/live.css");
const SCRIPT: &str = concat!(
    include_str!("page/kept.js"),
    include_str!("page/rates.js"),
    include_str!("page/list.js"),
    include_str!("page/feed.js"),
    include_str!("page/main.js"),
);

/// Made when it is first asked for.
static PAGE: LazyLock<Page> = LazyLock::new(Page::new);

/// The page and its policy.
#[derive(Debug)]
pub struct Page {
    /// HTML.
    pub text: bytes::Bytes,
    /// Content-Security-Policy, as a header: a page cannot forbid by itself to be framed.
    pub policy: String,
}

impl Page {
    /// The one that there is.
    #[must_use]
    pub fn get() -> &'static Self {
        &PAGE
    }

    fn new() -> Self {
        let inlined = Inlined::new(STYLE, SCRIPT);
        let policy = format!(
            "{}; connect-src 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'",
            inlined.policy()
        );
        let verdicts: BTreeMap<_, _> =
            VerdictId::ALL.iter().map(|&id| (id, About::of(id, Lang::English))).collect();
        let text = inlined.fill(TEMPLATE, &[("data", &embed::json(&verdicts))]);
        Self { text: text.into(), policy }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_every_verdict_and_names_no_place_on_any_network() {
        let page = str::from_utf8(&Page::get().text).expect("text");
        let (before, rest) = page.split_once(" id=\"data\">").expect("data");
        let (data, after) = rest.split_once("</script>").expect("its end");
        let data: serde_json::Value = serde_json::from_str(data).expect("JSON");
        assert_eq!(data.as_object().map(serde_json::Map::len), Some(VerdictId::ALL.len()));
        assert_eq!(data["established"]["group"], "it worked");
        // A namespace's name, and a place in the page itself.
        let code =
            format!("{before}{after}").replace("http://www.w3.org/2000/svg", "").replace("url(#head-", "");
        for word in ["http:", "https:", "url(", "@import", "innerHTML", "insertAdjacentHTML", "eval("] {
            assert!(!code.contains(word), "{word}");
        }
    }

    #[test]
    fn nothing_but_itself_may_act_or_be_asked() {
        let policy = &Page::get().policy;
        assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    }
}
