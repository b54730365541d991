//! Values with units, and names that may be numbers.

use std::{fmt, time::Duration};

use serde::{Deserialize, Deserializer, de};

use crate::cli::request::{bytes, time};

/// Bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let wrong =
            || de::Error::custom(format!("\"{text}\" is not a size, such as \"64k\", \"16M\" or \"1G\""));
        bytes(&text).map(Self).ok_or_else(wrong)
    }
}

/// A time above 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time(pub Duration);

impl Time {
    pub(super) const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let wrong = || {
            de::Error::custom(format!(
                "\"{text}\" is not a time, such as \"500ms\", \"10s\", \"5m\" or \"1h\""
            ))
        };
        time(&text).map(Self).ok_or_else(wrong)
    }
}

/// Name or number of a user or group.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "must be a name or a number")]
pub enum Name {
    /// A number.
    Number(u32),
    /// A name.
    Text(String),
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}
