//! The languages in which tcpx explains and teaches. English stands where it is used; another language is a folder of files
//! beside this one, in which a text is found by its English (short ones) or by its verdict.
//!
//! What other programs read (JSON, ids, names of fields) and what a kernel says is the same in every language.

mod phrases;
#[cfg(test)]
mod tests;
mod verdicts;

use std::{borrow::Cow, env, sync::OnceLock};

use phrases::Phrases;
pub use verdicts::is_name;

use crate::verdict::{Entry, VerdictId};

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// English.
    #[default]
    English,
    /// Simplified Chinese (简体中文).
    Chinese,
}

/// All that there is in a language that is not English.
struct Catalogue {
    /// Around the verdicts, and short phrases of them.
    explain: Phrases,
    /// Titles, reasons and tasks of labs, and what their stories say.
    lab: Phrases,
    /// What a run showed.
    run: Phrases,
    /// From what verdicts follow, and what to do.
    evidence: Phrases,
    /// Headings, legends and words of the page of a lab.
    page: Phrases,
    /// Kernels side by side; words of lines are those of a page.
    kernels: Phrases,
    /// By place in [`VerdictId::ALL`].
    verdicts: Vec<Entry>,
}

const EXPLAIN: &[&str] = &[include_str!("lang/zh-CN/explain.toml"), include_str!("lang/zh-CN/phrases.toml")];
const LAB: &[&str] = &[include_str!("lang/zh-CN/lab.toml")];
const RUN: &[&str] = &[include_str!("lang/zh-CN/run.toml")];
const EVIDENCE: &[&str] = &[include_str!("lang/zh-CN/evidence.toml")];
const PAGE: &[&str] = &[include_str!("lang/zh-CN/page.toml")];
const KERNELS: &[&str] = &[include_str!("lang/zh-CN/page.toml"), include_str!("lang/zh-CN/kernels.toml")];
const VERDICTS: &str = include_str!("lang/zh-CN/verdicts.toml");

impl Lang {
    /// Every language, English first.
    pub const ALL: [Self; 2] = [Self::English, Self::Chinese];

    /// Its name, as `--lang` takes it (BCP 47).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-CN",
        }
    }

    /// What comes between a label and what it is about.
    #[must_use]
    pub const fn colon(self) -> &'static str {
        match self {
            Self::English => ": ",
            Self::Chinese => "：",
        }
    }

    /// What comes between two sentences.
    #[must_use]
    pub const fn space(self) -> &'static str {
        match self {
            Self::English => " ",
            Self::Chinese => "",
        }
    }

    /// What the environment asks for, in gettext's order: LANGUAGE where there is a locale, LC_ALL, LC_MESSAGES, LANG.
    #[must_use]
    pub fn of_environment() -> Self {
        let set = |name| env::var(name).ok().filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set).unwrap_or_default();
        Self::of(&locale, &set("LANGUAGE").unwrap_or_default())
    }

    /// The language of a locale such as `zh_CN.UTF-8`, and of a list of languages that are preferred to its own. Texts are UTF-8: a
    /// locale of another charset gets English, which is ASCII.
    fn of(locale: &str, preferred: &str) -> Self {
        let locale = locale.split('@').next().unwrap_or_default();
        let (name, charset) = locale.split_once('.').unwrap_or((locale, "UTF-8"));
        if !charset.replace('-', "").eq_ignore_ascii_case("utf8") || matches!(name, "" | "C" | "POSIX") {
            return Self::English;
        }
        let known = preferred.split(':').find_map(Self::called);
        known.or_else(|| Self::called(name)).unwrap_or_default()
    }

    /// `zh_CN`, `zh-Hans` and the like.
    fn called(name: &str) -> Option<Self> {
        let name = name.replace('_', "-").to_ascii_lowercase();
        let simplified = ["zh-cn", "zh-sg", "zh-hans"].iter().any(|start| name.starts_with(start));
        if simplified || name == "zh" {
            return Some(Self::Chinese);
        }
        (name == "en" || name.starts_with("en-")).then_some(Self::English)
    }

    /// All that is known about a verdict, in this language.
    #[must_use]
    pub fn entry(self, id: VerdictId) -> &'static Entry {
        match self.catalogue() {
            None => crate::verdict::entry(id),
            Some(catalogue) => &catalogue.verdicts[id as usize],
        }
    }

    /// A text of `tcpx explain`.
    #[must_use]
    pub fn say(self, english: &'static str) -> &'static str {
        self.catalogue().map_or(english, |catalogue| catalogue.explain.must(english))
    }

    /// A text of `tcpx explain` with what is the same in every language: {a} is the first of `values`.
    #[must_use]
    pub fn fill(self, english: &'static str, values: &[&str]) -> String {
        phrases::fill(self.say(english), values)
    }

    /// What a lab says. One that a reader wrote stays as it is.
    #[must_use]
    pub fn lab(self, text: &str) -> Cow<'_, str> {
        self.catalogue().and_then(|catalogue| catalogue.lab.find(text)).unwrap_or(Cow::Borrowed(text))
    }

    /// What a run showed: a phrase, or `function: phrase; phrase`. Names stay as they are.
    #[must_use]
    pub fn run(self, text: &str) -> Cow<'_, str> {
        self.catalogue().map_or(Cow::Borrowed(text), |catalogue| catalogue.run.pieces(text))
    }

    /// A sentence of a verdict: what it follows from, or what to do.
    #[must_use]
    pub fn sentence(self, text: &str) -> Cow<'_, str> {
        let found = |catalogue: &'static Catalogue| {
            catalogue.evidence.find(text).or_else(|| catalogue.run.find(text))
        };
        self.catalogue().and_then(found).unwrap_or(Cow::Borrowed(text))
    }

    /// What a page says: a text of its own, or what a line of it brings.
    #[must_use]
    pub fn page(self, text: &str) -> Cow<'_, str> {
        self.catalogue().and_then(|catalogue| catalogue.page.find(text)).unwrap_or(Cow::Borrowed(text))
    }

    /// Every text of a page by its English; none in English.
    pub(crate) fn page_texts(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let all = self.catalogue().map(|catalogue| catalogue.page.all());
        all.into_iter().flatten().map(|(english, other)| (english.as_str(), other.as_str()))
    }

    /// What is said where kernels stand side by side.
    #[must_use]
    pub fn kernels(self, text: &str) -> Cow<'_, str> {
        self.catalogue().map_or(Cow::Borrowed(text), |catalogue| {
            catalogue.kernels.find(text).unwrap_or_else(|| catalogue.run.pieces(text))
        })
    }

    fn catalogue(self) -> Option<&'static Catalogue> {
        static CHINESE: OnceLock<Catalogue> = OnceLock::new();
        match self {
            Self::English => None,
            Self::Chinese => {
                Some(CHINESE.get_or_init(|| Catalogue::chinese().expect("a test reads the embedded files")))
            }
        }
    }
}

impl Catalogue {
    fn chinese() -> Result<Self, toml::de::Error> {
        let explain = Phrases::parse(EXPLAIN)?;
        let verdicts = verdicts::parse(VERDICTS, &explain)?;
        let mut evidence = Phrases::parse(EVIDENCE)?;
        for (id, entry) in VerdictId::ALL.iter().zip(&verdicts) {
            evidence.add(&crate::verdict::entry(*id).advice, &entry.advice);
        }
        Ok(Self {
            verdicts,
            explain,
            lab: Phrases::parse(LAB)?,
            run: Phrases::parse(RUN)?,
            evidence,
            page: Phrases::parse(PAGE)?,
            kernels: Phrases::parse(KERNELS)?,
        })
    }
}
