//! What happened at a frame of the kernel's path. Almost all of it is known beforehand, so that a path is made of words that
//! stand in the program and not of new text for each record.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// So many words say what most frames have to say: `SYN_SENT`, ` to `, `CLOSE`, `; `, `observed (fentry)`.
const WORDS: usize = 5;

/// A note, published as text.
#[derive(Clone, Debug)]
pub struct Note(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Words([&'static str; WORDS]),
    Text(String),
}

impl Note {
    /// As one text.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match &self.0 {
            Kind::Words([only, "", ..]) => Cow::Borrowed(only),
            Kind::Words(words) => Cow::Owned(words.concat()),
            Kind::Text(text) => Cow::Borrowed(text),
        }
    }
}

impl From<String> for Note {
    fn from(text: String) -> Self {
        Self(Kind::Text(text))
    }
}

impl From<&'static str> for Note {
    fn from(word: &'static str) -> Self {
        [word].into()
    }
}

impl<const N: usize> From<[&'static str; N]> for Note {
    /// The words one after the other, as they are.
    fn from(words: [&'static str; N]) -> Self {
        const { assert!(N <= WORDS, "a note has room for fewer words") };
        let mut all = [""; WORDS];
        all[..N].copy_from_slice(&words);
        Self(Kind::Words(all))
    }
}

impl<const N: usize> From<[Cow<'static, str>; N]> for Note {
    /// The same, where one of them may not be known beforehand.
    fn from(words: [Cow<'static, str>; N]) -> Self {
        let mut known = [""; N];
        for (known, word) in known.iter_mut().zip(&words) {
            match word {
                Cow::Borrowed(word) => *known = word,
                Cow::Owned(_) => return words.concat().into(),
            }
        }
        known.into()
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Words(words) => {
                words.iter().filter(|word| !word.is_empty()).try_for_each(|word| f.write_str(word))
            }
            Kind::Text(text) => f.write_str(text),
        }
    }
}

impl Serialize for Note {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Kind::Words([only, "", ..]) => serializer.serialize_str(only),
            Kind::Words(_) => serializer.collect_str(self),
            Kind::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for Note {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(Self::from)
    }
}

impl PartialEq for Note {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Note {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_text_are_the_same_note() {
        let (words, text) =
            (Note::from(["hit: ", "LISTEN", "; ", "derived"]), "hit: LISTEN; derived".to_owned());
        assert_eq!((words.text().as_ref(), words.to_string()), (text.as_str(), text.clone()));
        assert_eq!(words, Note::from(text.clone()));
        let published = |note: &Note| serde_json::to_value(note).expect("a text");
        assert_eq!((published(&words), published(&Note::from("miss"))), (text.into(), "miss".into()));
    }
}
