//! Everything that names one person, out of a text: a pseudonym stands in its place. Pure.
//!
//! Names, logins and addresses go wherever they stand as words, in fields and in the middle of sentences. Ids of accounts
//! are numbers that may as well be of something else: they go where an account stands, and where they are a whole text.

use std::collections::BTreeSet;

use regex::{Regex, RegexBuilder};

use super::json::Json;
use super::terms::Terms;

/// Texts shorter than this go only where they are a whole text: as words they would be of anything.
const SHORT: usize = 3;

/// What erases one person.
#[derive(Debug)]
pub(super) struct Redactor {
    pseudonym: String,
    /// In place of an account's id.
    number: u64,
    names: BTreeSet<String>,
    ids: BTreeSet<String>,
    /// Names as words, the longest first.
    words: Option<Regex>,
    /// Names and ids, anywhere: what does not match holds nothing.
    any: Option<Regex>,
}

fn one_of<'a>(texts: impl Iterator<Item = &'a String>) -> Result<Option<Regex>, regex::Error> {
    let mut texts: Vec<&String> = texts.collect();
    texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
    let all: Vec<String> = texts.into_iter().map(|text| regex::escape(text)).collect();
    if all.is_empty() {
        return Ok(None);
    }
    RegexBuilder::new(&all.join("|")).case_insensitive(true).build().map(Some)
}

/// What a word is made of, as logins are: `dev1` does not stand in `dev1-team`.
fn of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

/// A text with other words in place of those that match.
fn replaced(words: &Regex, text: &str, with: &str) -> Option<String> {
    let mut new = String::new();
    let mut from = 0;
    for found in words.find_iter(text) {
        let (before, after) = text.split_at(found.start());
        let touches = before.ends_with(of_word)
            || after.get(found.len()..).is_some_and(|after| after.starts_with(of_word));
        if !touches {
            new.push_str(text.get(from..found.start()).unwrap_or_default());
            new.push_str(with);
            from = found.end();
        }
    }
    (from > 0).then(|| new + text.get(from..).unwrap_or_default())
}

/// A text as it stands within JSON, also within JSON that is a text of JSON, and with letters written as numbers.
fn written(text: &String) -> [String; 3] {
    let once = serde_json::to_string(text).unwrap_or_default();
    let once = once.trim_matches('"').to_owned();
    let ascii = once.encode_utf16().map(|unit| match u8::try_from(unit) {
        Ok(byte) if byte.is_ascii() => char::from(byte).to_string(),
        _ => format!("\\u{unit:04x}"),
    });
    [text.clone(), ascii.collect(), once]
}

impl Redactor {
    /// From what is known of the person.
    pub(super) fn new(terms: &Terms, pseudonym: &str, number: u64) -> Result<Self, regex::Error> {
        let ids: BTreeSet<String> = terms.ids();
        let names: BTreeSet<String> = terms.texts.iter().map(|text| text.to_lowercase()).collect();
        let words: Vec<String> =
            terms.texts.iter().filter(|text| text.chars().count() >= SHORT).cloned().collect();
        let seen: BTreeSet<String> = terms.texts.iter().chain(&ids).flat_map(written).collect();
        Ok(Self {
            pseudonym: pseudonym.to_owned(),
            number,
            names,
            words: one_of(words.iter())?,
            any: one_of(seen.iter())?,
            ids,
        })
    }

    /// Whether there can be anything of the person in it.
    pub(super) fn may_be_in(&self, text: &str) -> bool {
        self.any.as_ref().is_some_and(|any| any.is_match(text))
    }

    /// A text without the person; `None`: it holds nothing of them.
    pub(super) fn text(&self, text: &str) -> Option<String> {
        if !self.may_be_in(text) {
            return None;
        }
        if self.ids.contains(text) {
            return Some(self.number.to_string());
        }
        if self.names.contains(&text.to_lowercase()) {
            return Some(self.pseudonym.clone());
        }
        if text.starts_with(['{', '['])
            && let Ok(mut json) = serde_json::from_str::<Json>(text)
        {
            let changed = self.json(&mut json);
            return changed.then(|| serde_json::to_string(&json).unwrap_or_default());
        }
        replaced(self.words.as_ref()?, text, &self.pseudonym)
    }

    /// A value without the person; whether anything was there.
    pub(super) fn json(&self, value: &mut Json) -> bool {
        let account = self.is_account(value);
        match value {
            Json::Text(text) => match self.text(text) {
                Some(new) => {
                    *text = new;
                    true
                }
                None => false,
            },
            Json::List(values) => {
                let mut changed = false;
                for value in values {
                    changed |= self.json(value);
                }
                changed
            }
            Json::Object(fields) => {
                let mut changed = false;
                for (name, value) in fields {
                    changed |= account && self.of_account(name, value);
                    changed |= self.json(value);
                }
                changed
            }
            Json::Null | Json::Flag(_) | Json::Number(_) => false,
        }
    }

    /// Whether it is the account of the person, as a source or our records write one.
    fn is_account(&self, value: &Json) -> bool {
        let of = |name: &str| value.text(name).map(str::to_lowercase);
        let named = |name: &str| of(name).is_some_and(|text| self.names.contains(&text));
        let beside = ["login", "kind", "node_id", "displayName", "username", "folded"];
        let id = value.id("id").is_some_and(|id| self.ids.contains(&id));
        named("login")
            || value.id("accountId").is_some_and(|id| self.ids.contains(&id))
            || id && beside.iter().any(|name| value.get(name).is_some())
    }

    /// What names an account within it beside its login: its id as a number, and in addresses of pictures.
    fn of_account(&self, name: &str, value: &mut Json) -> bool {
        let new = match value {
            Json::Number(number) if name == "id" && self.ids.contains(&number.to_string()) => {
                Json::Number(self.number.into())
            }
            Json::Text(_) if name == "node_id" || name.ends_with("avatar_url") => {
                Json::Text(String::new())
            }
            _ => return false,
        };
        let changed = *value != new;
        *value = new;
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn redactor() -> Redactor {
        let texts = ["marta", "Marta Ortiz", "marta.ortiz@acme.example", "mø", "Zoë \"Z\" Ø"];
        let terms = Terms {
            person: "marta".to_owned(),
            texts: texts.map(str::to_owned).into(),
            accounts: [("gh".to_owned(), "4711".to_owned())].into(),
        };
        Redactor::new(&terms, "person-1a2b3c4d", 9_000_000_000_000_001).expect("a redactor")
    }

    fn out(text: &str) -> String {
        redactor().text(text).unwrap_or_else(|| text.to_owned())
    }

    #[test]
    fn names_go_as_words_and_in_sentences() {
        let p = "person-1a2b3c4d";
        assert_eq!(out("Approved by @Marta (architect)"), format!("Approved by @{p} (architect)"));
        assert_eq!(out("Marta Ortiz <marta.ortiz@acme.example>"), format!("{p} <{p}>"));
        assert_eq!(out("marta"), p);
        assert_eq!(out("mø"), p);
        for kept in ["martaban", "team-marta", "marta-team", "mø is short", "4711 files"] {
            assert_eq!(out(kept), kept);
        }
    }

    #[test]
    fn ids_go_where_an_account_stands_and_nowhere_else() {
        let text = r#"{"number":4711,"user":{"login":"Marta","id":4711,"node_id":"MDQ","url":"https://x/users/Marta"},"list":["4711","47110"],"nested":"{\"by\":{\"id\":\"4711\",\"login\":\"m\",\"kind\":\"user\"}}"}"#;
        assert_eq!(
            out(text),
            r#"{"number":4711,"user":{"login":"person-1a2b3c4d","id":9000000000000001,"node_id":"","url":"https://x/users/person-1a2b3c4d"},"list":["9000000000000001","47110"],"nested":"{\"by\":{\"id\":\"9000000000000001\",\"login\":\"m\",\"kind\":\"user\"}}"}"#
        );
    }

    #[test]
    fn letters_written_as_numbers_are_found() {
        assert_eq!(out(r#"{"name":"Zo\u00eb \"Z\" \u00d8"}"#), r#"{"name":"person-1a2b3c4d"}"#);
    }

    proptest! {
        /// Erasing twice is erasing once, and afterwards nothing is found.
        #[test]
        fn nothing_is_left(text in "(marta|Marta Ortiz|[a-c ,.@\"-]|4711|\\{|\\}|:){0,12}") {
            let once = out(&text);
            prop_assert_eq!(out(&once), once.clone());
            prop_assert!(redactor().text(&once).is_none());
        }
    }
}
