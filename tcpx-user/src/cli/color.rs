//! Whether results are coloured, and whether arrows may be Unicode.

use std::{env, ffi::OsStr, io::IsTerminal};

use super::args::When;

/// What the environment says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent fact about the environment")]
pub struct Environment {
    /// NO_COLOR is set, to whatever.
    pub no_color: bool,
    /// TERM is unset or `dumb`.
    pub dumb: bool,
    /// Results go to a terminal.
    pub terminal: bool,
    /// The locale is UTF-8.
    pub utf8: bool,
}

impl Environment {
    /// What it says now, for results that go to `out`.
    #[must_use]
    pub fn of(out: &impl IsTerminal) -> Self {
        let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
        Self {
            no_color: env::var_os("NO_COLOR").is_some(),
            dumb: set("TERM").is_none_or(|term| term == "dumb"),
            terminal: out.is_terminal(),
            utf8: is_utf8(set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG")).as_deref()),
        }
    }

    /// Whether to colour: `always` and `never` are obeyed, as in ripgrep.
    #[must_use]
    pub const fn coloured(self, when: When) -> bool {
        match when {
            When::Always => true,
            When::Never => false,
            When::Auto => self.terminal && !self.no_color && !self.dumb,
        }
    }
}

/// Whether a locale's name says UTF-8. (A static binary has no `setlocale` to ask.)
fn is_utf8(locale: Option<&OsStr>) -> bool {
    let Some(name) = locale.and_then(OsStr::to_str) else { return false };
    let charset = name.split_once('.').map_or("", |(_, charset)| charset);
    let charset = charset.split('@').next().unwrap_or_default();
    charset.eq_ignore_ascii_case("UTF-8") || charset.eq_ignore_ascii_case("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMINAL: Environment = Environment { no_color: false, dumb: false, terminal: true, utf8: true };

    #[test]
    fn auto_asks_the_environment() {
        assert!(TERMINAL.coloured(When::Auto));
        assert!(!Environment { no_color: true, ..TERMINAL }.coloured(When::Auto));
        assert!(!Environment { dumb: true, ..TERMINAL }.coloured(When::Auto));
        assert!(!Environment { terminal: false, ..TERMINAL }.coloured(When::Auto));
    }

    #[test]
    fn always_and_never_are_obeyed() {
        assert!(
            Environment { no_color: true, dumb: true, terminal: false, utf8: false }.coloured(When::Always)
        );
        assert!(!TERMINAL.coloured(When::Never));
    }

    #[test]
    fn utf8_by_name() {
        for name in ["en_US.UTF-8", "C.utf8", "C.UTF-8", "de_DE.UTF-8@euro"] {
            assert!(is_utf8(Some(OsStr::new(name))), "{name}");
        }
        for name in ["C", "POSIX", "en_US.ISO-8859-1", ""] {
            assert!(!is_utf8(Some(OsStr::new(name))), "{name}");
        }
        assert!(!is_utf8(None));
    }
}
