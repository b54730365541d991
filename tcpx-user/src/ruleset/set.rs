//! Sets and maps of verdicts: whether they have a value, and what it leads to.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// `struct nft_set`, with all that it has. One whose elements come and go by themselves is not among those of a
/// [`Ruleset`](super::Ruleset).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Set {
    /// `NFPROTO_*`.
    pub family: u8,
    /// Its table.
    pub table: String,
    /// Name within the table.
    pub name: String,
    /// Bytes of a key.
    pub key_length: u32,
    /// Elements are the ends of intervals.
    pub intervals: bool,
    /// Bytes of each value of a concatenation, of which each can have a range; else none. In a key each is filled up to four.
    pub fields: Vec<u32>,
    /// In any order.
    pub elements: Vec<Element>,
}

/// `struct nft_set_elem`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Element {
    /// The value, or the first of a range.
    pub key: Vec<u8>,
    /// The last of a range.
    pub last: Option<Vec<u8>>,
    /// Where it stands.
    pub role: Role,
    /// Of a map of verdicts.
    pub verdict: Option<Verdict>,
}

/// What an element says of its key (`NFT_SET_ELEM_*`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// The set has it; with intervals, it and all behind it up to the next end.
    #[default]
    Key,
    /// The first that is no longer in an interval.
    End,
    /// For all that is not there otherwise.
    CatchAll,
}

/// What a rule or an element decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// `enum nf_hook verdicts` and `enum nft_verdicts`.
    pub code: i32,
    /// Where to, for a jump.
    pub chain: Option<String>,
}

/// Those of one table, by name.
#[derive(Clone, Debug, Default)]
pub struct Known<'a>(HashMap<&'a str, &'a Set>);

impl<'a> Known<'a> {
    /// Those of a table.
    #[must_use]
    pub fn of(sets: &'a [Set], family: u8, table: &str) -> Self {
        let same = |set: &&Set| set.family == family && set.table == table;
        Self(sets.iter().filter(same).map(|set| (set.name.as_str(), set)).collect())
    }

    /// `None`: it may have any value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a Set> {
        self.0.get(name).copied()
    }
}

impl Set {
    /// The element that speaks for a value (`nft_set_do_lookup`).
    pub(super) fn look_up(&self, value: &[u8]) -> Option<&Element> {
        let found = if self.intervals && self.fields.is_empty() {
            self.interval(value)
        } else {
            self.elements.iter().find(|element| element.role == Role::Key && self.covers(element, value))
        };
        found.or_else(|| self.elements.iter().find(|element| element.role == Role::CatchAll))
    }

    /// The last end of an interval at or before the value; where one begins as another ends, the one that begins
    /// (`__nft_rbtree_lookup`).
    fn interval(&self, value: &[u8]) -> Option<&Element> {
        let ends = self.elements.iter().filter(|element| element.role != Role::CatchAll);
        let before = ends.filter(|element| element.key.as_slice() <= value);
        let last = before.max_by_key(|element| (&element.key, element.role == Role::Key))?;
        (last.role == Role::Key).then_some(last)
    }

    /// Each value of a concatenation is compared on its own (`nft_pipapo_lookup`).
    fn covers(&self, element: &Element, value: &[u8]) -> bool {
        let last = element.last.as_ref().unwrap_or(&element.key);
        let whole = [self.key_length];
        let fields = if self.fields.is_empty() { &whole[..] } else { &self.fields };
        let mut at = 0;
        fields.iter().all(|&length| {
            let place = at..at + length as usize;
            at += length.next_multiple_of(4) as usize;
            let part = |key: &[u8]| key.get(place.clone()).map(<[u8]>::to_vec);
            let (low, this, high) = (part(&element.key), part(value), part(last));
            low.is_some() && low <= this && this <= high
        })
    }

    /// Its values, if there are few and each stands alone.
    pub(super) fn values(&self) -> Option<impl Iterator<Item = &[u8]>> {
        const FEW: usize = 8;
        let alone = |element: &Element| {
            element.role == Role::Key && element.last.is_none() && element.verdict.is_none()
        };
        let simple = !self.intervals && self.elements.len() <= FEW && self.elements.iter().all(alone);
        simple.then(|| self.elements.iter().map(|element| element.key.as_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(key: &[u8], role: Role) -> Element {
        Element { key: key.to_vec(), role, ..Element::default() }
    }

    fn set(elements: Vec<Element>) -> Set {
        let key_length = elements.first().map_or(0, |element| element.key.len() as u32);
        Set { key_length, elements, ..Set::default() }
    }

    fn has(set: &Set, value: &[u8]) -> bool {
        set.look_up(value).is_some()
    }

    #[test]
    fn values_are_compared_whole() {
        let set = set(vec![element(&[0, 22], Role::Key), element(&[0, 80], Role::Key)]);
        assert!(has(&set, &[0, 22]) && has(&set, &[0, 80]));
        assert!(!has(&set, &[0, 23]) && !has(&set, &[80, 0]) && !has(&set, &[0]));
    }

    /// As nft writes 1000-1999, 2000-2999: where one ends, the next begins.
    #[test]
    fn an_interval_ends_before_its_end() {
        let port = |port: u16, role| element(&port.to_be_bytes(), role);
        let ends = [
            port(0, Role::End),
            port(3000, Role::End),
            port(2000, Role::End),
            port(2000, Role::Key),
            port(1000, Role::Key),
            port(60_000, Role::Key),
        ];
        let set = Set { intervals: true, ..set(ends.to_vec()) };
        for (value, expected) in
            [(0, false), (999, false), (1000, true), (1999, true), (2000, true), (2999, true), (3000, false)]
        {
            assert_eq!(has(&set, &u16::to_be_bytes(value)), expected, "{value}");
        }
        // The last has no end.
        assert!(has(&set, &u16::MAX.to_be_bytes()));
    }

    #[test]
    fn each_value_of_a_concatenation_has_its_range() {
        let range = Element {
            key: vec![10, 0, 0, 0, 0, 80, 0, 0],
            last: Some(vec![10, 0, 0, 255, 0, 90, 0, 0]),
            ..Element::default()
        };
        let set = Set { intervals: true, fields: vec![4, 2], ..set(vec![range]) };
        assert!(has(&set, &[10, 0, 0, 7, 0, 85, 0, 0]));
        assert!(!has(&set, &[10, 0, 0, 7, 0, 91, 0, 0]));
        assert!(!has(&set, &[10, 0, 1, 7, 0, 85, 0, 0]));
        assert!(!has(&set, &[10, 0, 0]));
    }

    #[test]
    fn what_is_nowhere_else_is_caught() {
        let verdict = |code| Some(Verdict { code, chain: None });
        let ssh = Element { verdict: verdict(1), ..element(&[0, 22], Role::Key) };
        let rest = Element { verdict: verdict(0), ..element(&[], Role::CatchAll) };
        let set = set(vec![ssh, rest]);
        let code = |value: &[u8]| set.look_up(value)?.verdict.as_ref().map(|verdict| verdict.code);
        assert_eq!((code(&[0, 22]), code(&[0, 23])), (Some(1), Some(0)));
    }
}
