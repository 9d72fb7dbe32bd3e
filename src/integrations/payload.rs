//! Tolerant building blocks of payloads: unknown fields are ignored, ids may be numbers or text, and text that
//! no database can hold is made holdable. A known field that is sent twice is refused (T-037), by serde's rule.

use serde::{Deserialize, Deserializer};

use crate::domain::{Oid, Time, id};

/// Text from outside. NUL cannot be kept by every database; it is shown as U+FFFD.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Text(pub(super) String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(Self(if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }))
    }
}

impl Text {
    /// The text itself; empty if there is none.
    pub(super) fn or_empty(text: Option<Self>) -> String {
        text.map(|text| text.0).unwrap_or_default()
    }
}

/// An immutable id: a whole number or text, never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Id(pub(super) String);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Id;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an id: a whole number or a text that is not empty")
            }

            fn visit_u64<E: serde::de::Error>(self, id: u64) -> Result<Id, E> {
                Ok(Id(id.to_string()))
            }

            fn visit_i64<E: serde::de::Error>(self, id: i64) -> Result<Id, E> {
                Ok(Id(id.to_string()))
            }

            fn visit_str<E: serde::de::Error>(self, id: &str) -> Result<Id, E> {
                let good = (1..=200).contains(&id.len()) && !id.contains(char::is_control);
                let unexpected = serde::de::Unexpected::Str(id);
                good.then(|| Id(id.to_owned())).ok_or_else(|| E::invalid_value(unexpected, &self))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// The commit, or `None` where all zeros stand for "none".
pub(super) fn real(oid: Oid) -> Option<Oid> {
    (!oid.is_zero()).then_some(oid)
}

/// An address that a page may show as a link: `http` or `https` only. It is never fetched.
pub(super) fn link(url: Option<Text>) -> Option<String> {
    let good = |url: &String| url.starts_with("https://") || url.starts_with("http://");
    url.map(|url| url.0).filter(good)
}

/// A time in any of the forms that sources send, or `None` for null, missing and empty.
pub(super) fn time_or_none<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Time>, D::Error> {
    let text = Option::<Text>::deserialize(from)?.filter(|text| !text.0.is_empty());
    text.map(|text| text.0.parse().map_err(serde::de::Error::custom)).transpose()
}

/// The digest over a ticket's title and description. The length keeps the border between them.
pub(super) fn scope(title: &str, text: &str) -> String {
    id::sha256(format!("{}:{title}{text}", title.len()).as_bytes())
}
