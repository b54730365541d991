//! Colour by meaning, arrows by locale, width by terminal.

use std::borrow::Cow;

use anstyle::{AnsiColor, Style};

use crate::text::{escape::escape, lang::Lang};

/// How text looks on one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// With colour.
    pub color: bool,
    /// With arrows that are no ASCII.
    pub unicode: bool,
    /// Columns.
    pub width: usize,
    /// The language of what is said around results.
    pub lang: Lang,
}

impl Default for Look {
    /// 80 columns, no colour, Unicode, English.
    fn default() -> Self {
        Self { color: false, unicode: true, width: 80, lang: Lang::English }
    }
}

/// What a piece of text means; each meaning has one colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Refused, reset, denied: somebody said no.
    Bad,
    /// Nobody said anything: timeouts, drops, losses, what was given up.
    Silent,
    /// It stands.
    Good,
    /// The reason.
    Cause,
    /// Detail.
    Dim,
    /// Neither.
    Plain,
}

impl Meaning {
    const fn style(self) -> Style {
        use AnsiColor::{Green, Red, Yellow};
        match self {
            Self::Bad => Red.on_default().bold(),
            Self::Silent => Yellow.on_default().bold(),
            Self::Good => Green.on_default().bold(),
            Self::Cause => Style::new().bold(),
            Self::Dim => Style::new().dimmed(),
            Self::Plain => Style::new(),
        }
    }
}

impl Look {
    /// `text` in the colour of `meaning`, if there is colour.
    #[must_use]
    pub fn paint(self, meaning: Meaning, text: &str) -> String {
        if !self.color || meaning == Meaning::Plain || text.is_empty() {
            return text.to_owned();
        }
        let style = meaning.style();
        format!("{style}{text}{style:#}")
    }

    /// From here to there.
    #[must_use]
    pub const fn to(self) -> &'static str {
        if self.unicode { "→" } else { "->" }
    }

    /// Between both.
    #[must_use]
    pub const fn between(self) -> &'static str {
        if self.unicode { "↔" } else { "<->" }
    }

    /// So many times.
    #[must_use]
    pub const fn times(self) -> &'static str {
        if self.unicode { "×" } else { "x" }
    }

    /// Text from elsewhere, or a sentence that has some of it, fit for this terminal.
    #[must_use]
    pub fn clean(self, text: &str) -> String {
        self.signs(&escape(text)).into_owned()
    }

    /// tcpx's own signs in a sentence, as this locale can show them.
    #[must_use]
    pub fn signs(self, text: &str) -> Cow<'_, str> {
        let signs = [("→", "->"), ("←", "<-"), ("↔", "<->"), ("…", "..."), ("×", "x"), ("–", "-")];
        if self.unicode || !signs.iter().any(|(sign, _)| text.contains(sign)) {
            return Cow::Borrowed(text);
        }
        Cow::Owned(signs.iter().fold(text.to_owned(), |text, (sign, ascii)| text.replace(sign, ascii)))
    }
}
