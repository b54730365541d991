//! What keys do.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::{Opened, Pick, State, Tab, Typing};
use crate::top::{search::Search, view};

/// Bytes that may be typed.
const LONGEST: usize = 1000;
/// Far beyond any list.
const FAR: isize = isize::MAX / 2;

impl State {
    /// A key was pressed.
    pub fn key(&mut self, key: KeyEvent) {
        if key.kind == KeyEventKind::Release {
            return;
        }
        self.changed = true;
        if key.modifiers.contains(KeyModifiers::ALT) {
            // Terminals send Esc and a key that follows at once as they send Alt and that key.
            self.key(KeyCode::Esc.into());
            return self.key(KeyEvent { modifiers: key.modifiers - KeyModifiers::ALT, ..key });
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match (key.code, control) {
            (KeyCode::Char('c'), true) => self.left = true,
            (code, _) if self.typing.is_some() => self.typed(code, control),
            (KeyCode::Char('u'), true) => self.scroll(-self.page()),
            (KeyCode::Char('d'), true) => self.scroll(self.page()),
            (_, true) => {}
            (code, false) => self.pressed(code),
        }
    }

    /// Keys that mean the same everywhere, then those of lists.
    fn pressed(&mut self, code: KeyCode) {
        match code {
            KeyCode::Char('q') => self.left = true,
            KeyCode::Char('?' | 'h') | KeyCode::F(1) => self.help = self.help.is_none().then_some(0),
            KeyCode::Esc => self.back(),
            KeyCode::Up | KeyCode::Char('k') => self.scroll(-1),
            KeyCode::Down | KeyCode::Char('j') => self.scroll(1),
            KeyCode::PageUp => self.scroll(-self.page()),
            KeyCode::PageDown => self.scroll(self.page()),
            KeyCode::Home => self.scroll(-FAR),
            KeyCode::End => self.scroll(FAR),
            KeyCode::Char('p' | ' ') => self.pause(),
            _ if self.help.is_some() => self.help = None,
            KeyCode::Backspace => self.back(),
            code => self.in_lists(code),
        }
    }

    fn in_lists(&mut self, code: KeyCode) {
        match code {
            KeyCode::Char(digit @ '1'..='4') => self.go_to(Tab::ALL[digit as usize - '1' as usize]),
            KeyCode::Tab => self.go_to(Tab::ALL[(self.tab as usize + 1) % Tab::ALL.len()]),
            KeyCode::BackTab => self.go_to(Tab::ALL[(self.tab as usize + 3) % Tab::ALL.len()]),
            KeyCode::Char('/') => self.begin_typing(),
            KeyCode::Left if self.opened.is_some() => self.turn(-1),
            KeyCode::Right if self.opened.is_some() => self.turn(1),
            _ if self.opened.is_some() => {}
            KeyCode::Enter => self.open(),
            KeyCode::Char('s') | KeyCode::Right => self.sort.column = self.sort.column.step(1),
            KeyCode::Left => self.sort.column = self.sort.column.step(-1),
            KeyCode::Char('r') => self.sort.reversed = !self.sort.reversed,
            KeyCode::Char('a') => self.all = !self.all,
            KeyCode::Char('g') => self.by_name = !self.by_name,
            _ => {}
        }
    }

    fn go_to(&mut self, tab: Tab) {
        (self.opened, self.within) = (None, None);
        self.tab = tab;
    }

    /// A result is shown whole; any other row leads to its latest results.
    fn open(&mut self) {
        let picks = self.picks();
        let Some(pick) = picks.get(self.at(&picks)) else { return };
        match pick {
            Pick::Item(_) => {
                let item = self.latest().into_iter().find(|item| pick.holds(item));
                self.opened = item.map(|item| Opened { item, scroll: 0 });
            }
            row => {
                self.within = Some(row.clone());
                self.tab = Tab::Latest;
                self.picked[Tab::Latest as usize] = None;
            }
        }
    }

    /// On to the result that is so many below the opened one in its list.
    fn turn(&mut self, by: isize) {
        let Some(seq) = self.opened.as_ref().map(|opened| opened.item.seq) else { return };
        self.picked[self.tab as usize] = Some(Pick::Item(seq));
        self.step(by);
        self.open();
    }

    /// Out of what was entered last.
    fn back(&mut self) {
        if self.help.take().is_some() || self.opened.take().is_some() {
            return;
        }
        if let Some(within) = self.within.take() {
            self.tab = match within {
                Pick::Verdict(_) => Tab::Verdicts,
                Pick::Process(_) | Pick::Name(_) => Tab::Processes,
                Pick::Peer(_) => Tab::Peers,
                Pick::Item(_) => Tab::Latest,
            };
        } else {
            self.look_for(None);
        }
    }

    fn page(&self) -> isize {
        isize::try_from(view::rows(self)).unwrap_or(1).max(1)
    }

    fn scroll(&mut self, by: isize) {
        let last = view::last_scroll(self);
        let text = self.help.as_mut().or(self.opened.as_mut().map(|opened| &mut opened.scroll));
        match text {
            Some(scroll) => *scroll = (*scroll).min(last).saturating_add_signed(by).min(last),
            None => self.step(by),
        }
    }

    fn begin_typing(&mut self) {
        let text = self.search().map(|search| search.typed().to_owned()).unwrap_or_default();
        self.typing = Some(Typing { text, wrong: None });
    }

    fn typed(&mut self, code: KeyCode, control: bool) {
        let Some(typing) = &mut self.typing else { return };
        match (code, control) {
            (KeyCode::Esc, _) => self.typing = None,
            (KeyCode::Enter, _) => self.finish_typing(),
            (KeyCode::Char('u'), true) => typing.text.clear(),
            (KeyCode::Backspace, _) | (KeyCode::Char('h'), true) => drop(typing.text.pop()),
            (KeyCode::Char(c), false) if !c.is_control() && typing.text.len() < LONGEST => {
                typing.text.push(c);
            }
            _ => {}
        }
    }

    fn finish_typing(&mut self) {
        let Some(typing) = &mut self.typing else { return };
        match Search::parse(&typing.text) {
            Ok(search) => {
                (self.typing, self.opened) = (None, None);
                self.look_for(search.as_ref());
            }
            Err(wrong) => typing.wrong = Some(wrong),
        }
    }
}
