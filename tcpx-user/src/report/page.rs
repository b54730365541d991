//! The page: a template, its own style and code, and the data that the code shows.
//!
//! The page fetches nothing: its Content-Security-Policy forbids it, and lets only this style and these scripts act, by their digest. So a
//! name from the recording that looked like markup would be no more than text even if something failed to escape it.

mod texts;

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{
    Report, embed,
    group::Row,
    losses::{Ended, Losses, losses},
    timeline::Steps,
};
use crate::{
    line::{Start, Summary},
    text::lang::Lang,
    verdict::{Entry, VerdictId},
};

const TEMPLATE: &str = include_str!("page/template.html");
/// What the template says itself.
const TITLE: &str = "tcpx report";
const SKIP: &str = "Skip to the content";
const NO_SCRIPT: &str =
    "This page shows its data with JavaScript of its own; it loads nothing from anywhere.";
const STYLE: &str = include_str!("page/style.css");
/// What the daemon's page has too: how lines read, how one of them is drawn, how one gets about.
const SHARED: &str = concat!(
    include_str!("page/dom.js"),
    include_str!("page/lang.js"),
    include_str!("page/words.js"),
    include_str!("page/records.js"),
    include_str!("page/timeline.js"),
    include_str!("page/rows.js"),
    include_str!("page/map-data.js"),
    include_str!("page/map.js"),
    include_str!("page/sequence.js"),
    include_str!("page/sequence-drawing.js"),
    include_str!("page/facts.js"),
    include_str!("page/detail.js"),
    include_str!("page/watched.js"),
    include_str!("page/view.js"),
);
/// What only a report has.
const OWN: &str = concat!(
    include_str!("page/data.js"),
    include_str!("page/verdicts.js"),
    include_str!("page/table.js"),
    include_str!("page/lab.js"),
    include_str!("page/main.js"),
);

/// Style and code of a page, and the policy that lets them act and nothing else.
#[derive(Debug)]
pub(crate) struct Inlined {
    style: String,
    script: String,
}

impl Inlined {
    /// What all pages share, and then what one has of its own, in the order in which its parts need each other. All is one script with a
    /// scope of its own: names such as `top` and `status` are the browser's outside of it.
    pub(crate) fn new(style: &str, script: &str) -> Self {
        let script = format!("(() => {{\n\"use strict\";\n{SHARED}{script}}})();\n");
        Self { style: format!("{STYLE}{style}"), script }
    }

    /// For a Content-Security-Policy; all else that it should say goes behind it.
    pub(crate) fn policy(&self) -> String {
        let (script, style) = (digest(&self.script), digest(&self.style));
        format!(
            "default-src 'none'; script-src '{script}'; style-src '{style}'; base-uri 'none'; form-action 'none'"
        )
    }

    /// The template with these, and with other parts.
    pub(crate) fn fill(&self, template: &str, parts: &[(&str, &str)]) -> String {
        let inlined = [("style", self.style.as_str()), ("script", self.script.as_str())];
        fill(template, &[&inlined, parts].concat())
    }
}

/// Where the lines came from.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// Names of the files of the recording.
    pub files: Vec<String>,
    /// Filters as they were typed: option and values.
    pub filters: Vec<(String, String)>,
    /// How the reading ended.
    pub ended: Ended,
    /// The lab that the page is about, for `page/lab.js`.
    pub lab: Option<serde_json::Value>,
    /// In which language the page speaks.
    pub lang: Lang,
}

/// What stands in the page as JSON.
#[derive(Serialize)]
struct Data<'a> {
    tcpx: &'static str,
    files: &'a [String],
    filters: &'a [(String, String)],
    start: Option<&'a Start>,
    summary: Option<&'a Summary>,
    losses: Losses,
    /// Lines that may say less than they could, and lines that cannot tell.
    touched: (u64, u64),
    span: Option<&'a (String, String)>,
    timeline: Steps<'a>,
    groups: Vec<Row<'a>>,
    verdicts: BTreeMap<VerdictId, About>,
    lab: Option<&'a serde_json::Value>,
}

/// What the catalogue says about a verdict that occurs.
#[derive(Serialize)]
pub(crate) struct About {
    group: &'static str,
    #[serde(flatten)]
    entry: &'static Entry,
}

impl About {
    pub(crate) fn of(id: VerdictId, lang: Lang) -> Self {
        Self { group: id.group().heading(), entry: lang.entry(id) }
    }
}

/// The whole page.
#[must_use]
pub fn page(report: &Report, origin: &Origin) -> String {
    let inlined = Inlined::new("", OWN);
    let (data, lang) = (data(report, origin), origin.lang);
    let texts = texts::texts(report, &data.losses, lang);
    let parts = [
        ("policy", inlined.policy()),
        ("lang", lang.name().to_owned()),
        ("title", lang.page(TITLE).into_owned()),
        ("skip", lang.page(SKIP).into_owned()),
        ("noscript", lang.page(NO_SCRIPT).into_owned()),
        ("texts", embed::json(&texts)),
        ("data", embed::json(&data)),
        ("records", records(report)),
    ];
    inlined.fill(TEMPLATE, &parts.each_ref().map(|(name, text)| (*name, text.as_str())))
}

/// How many lines the page tells of in full.
#[must_use]
pub fn shown(report: &Report) -> usize {
    report.sample.texts().len()
}

fn data<'a>(report: &'a Report, origin: &'a Origin) -> Data<'a> {
    Data {
        tcpx: env!("CARGO_PKG_VERSION"),
        files: &origin.files,
        filters: &origin.filters,
        start: report.start.as_ref(),
        summary: report.summary.as_ref(),
        losses: losses(report.summary.as_ref(), &report.lost, &origin.ended),
        touched: report.touched,
        span: report.span.as_ref(),
        timeline: report.timeline.steps(),
        groups: report.groups.iter().map(|(&(kind, id), group)| group.row(kind, id)).collect(),
        verdicts: report.groups.keys().map(|&(_, id)| (id, About::of(id, origin.lang))).collect(),
        lab: origin.lab.as_ref(),
    }
}

fn records(report: &Report) -> String {
    format!("[{}]", report.sample.texts().join(",\n"))
}

fn digest(text: &str) -> String {
    format!("sha256-{}", embed::base64(&Sha256::digest(text)))
}

/// Puts each part where the template names it, as `{{name}}`. What a part holds is not looked at.
fn fill(template: &str, parts: &[(&str, &str)]) -> String {
    let size = parts.iter().map(|(_, text)| text.len()).sum::<usize>() + template.len();
    let mut page = String::with_capacity(size);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        page.push_str(before);
        let part = parts.iter().find(|(part, _)| *part == name);
        page.push_str(part.map_or("", |(_, text)| text));
        rest = after;
    }
    page.push_str(rest);
    page
}
