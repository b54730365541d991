//! Colours by meaning, as in text output; without colour, bold and reverse say what must be seen.

use ratatui::style::{Color, Modifier, Style};

use crate::sink::text::Meaning;

/// How a view looks on one terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    /// With colour.
    pub color: bool,
}

pub(super) const PLAIN: Style = Style::new();
pub(super) const HEADING: Style = Style::new().add_modifier(Modifier::BOLD);
pub(super) const BAR: Style = Style::new().add_modifier(Modifier::REVERSED);
pub(super) const PICKED: Style = Style::new().add_modifier(Modifier::REVERSED);
pub(super) const DIM: Style = Style::new().add_modifier(Modifier::DIM);

impl Theme {
    pub(super) const fn of(self, meaning: Meaning) -> Style {
        match (meaning, self.color) {
            (Meaning::Bad, true) => HEADING.fg(Color::Red),
            (Meaning::Silent, true) => HEADING.fg(Color::Yellow),
            (Meaning::Good, true) => HEADING.fg(Color::Green),
            (Meaning::Bad | Meaning::Silent | Meaning::Good, false) | (Meaning::Cause, _) => HEADING,
            (Meaning::Dim, _) => DIM,
            (Meaning::Plain, _) => PLAIN,
        }
    }
}
