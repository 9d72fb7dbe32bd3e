//! Who somebody is in what is kept: names, logins, addresses and accounts, found from one name.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::json::Json;

/// What names a person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Who was asked for.
    pub person: String,
    /// Names, logins, addresses.
    pub texts: BTreeSet<String>,
    /// Accounts: the source and its immutable id.
    pub accounts: BTreeSet<(String, String)>,
}

/// What never names anybody, though git or a forge says it of many.
const NOBODY: [&str; 8] =
    ["", "root", "admin", "github", "git", "unknown", "ghost", "noreply@github.com"];

impl Terms {
    /// The ids of the accounts.
    pub(super) fn ids(&self) -> BTreeSet<String> {
        self.accounts.iter().map(|(_, id)| id.clone()).collect()
    }

    /// Adds a name, unless it is nobody's.
    pub(super) fn name(&mut self, text: &str) {
        let text = text.trim();
        if !NOBODY.contains(&text.to_lowercase().as_str()) {
            self.texts.insert(text.to_owned());
        }
    }

    /// Adds an account, with the texts that are made of its id and login.
    pub(super) fn account(&mut self, source: &str, id: &str, login: &str) {
        self.accounts.insert((source.to_owned(), id.to_owned()));
        self.name(login);
        for made in [format!("{login}#{id}"), format!("{id}+{login}")] {
            self.texts.insert(made);
        }
    }

    fn knows(&self, text: Option<&str>) -> bool {
        let text = text.map(str::to_lowercase);
        text.is_some_and(|text| self.texts.iter().any(|known| known.to_lowercase() == text))
    }

    /// Learns from a value what else the person is called: of accounts by their ids, of authors by person or login. Texts
    /// that are JSON are looked into.
    pub(super) fn learn(&mut self, value: &Json) {
        match value {
            Json::List(values) => {
                for value in values {
                    self.learn(value);
                }
            }
            Json::Object(fields) => {
                self.learn_of(value);
                for (_, value) in fields {
                    self.learn(value);
                }
            }
            Json::Text(text) if text.starts_with(['{', '[']) => {
                if let Ok(inner) = serde_json::from_str(text) {
                    self.learn(&inner);
                }
            }
            _ => {}
        }
    }

    fn learn_of(&mut self, value: &Json) {
        let account = value.id("id").filter(|id| self.accounts.iter().any(|(_, of)| of == id));
        if let (Some(id), Some(login)) = (account, value.text("login")) {
            let of = self.accounts.iter().find(|(_, of)| *of == id);
            if let Some((source, id)) = of.cloned() {
                self.account(&source, &id, login);
            }
        }
        let is_theirs =
            ["person", "username", "login"].iter().any(|name| self.knows(value.text(name)));
        if is_theirs {
            for name in ["name", "email", "displayName", "emailAddress"] {
                value.text(name).into_iter().for_each(|text| self.name(text));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned(text: &str) -> Terms {
        let mut terms = Terms::default();
        terms.account("gh", "4711", "marta");
        let json: Json = serde_json::from_str(text).expect("JSON");
        terms.learn(&json);
        terms
    }

    #[test]
    fn an_author_with_their_login_tells_name_and_address() {
        let terms = learned(
            r#"{"commits":[{"author":{"name":"Marta Ortiz","email":"m@x.example","username":"Marta"}}],
                "row":"{\"author\":{\"name\":\"M. O.\",\"email\":\"root\",\"person\":\"marta\"}}"}"#,
        );
        let texts: Vec<&str> = terms.texts.iter().map(String::as_str).collect();
        assert_eq!(
            texts,
            ["4711+marta", "M. O.", "Marta Ortiz", "m@x.example", "marta", "marta#4711"]
        );
    }

    #[test]
    fn an_account_tells_its_other_logins_and_nobody_elses() {
        let terms = learned(r#"[{"id":4711,"login":"m-ortiz"},{"id":4712,"login":"other"}]"#);
        assert!(terms.texts.contains("m-ortiz") && !terms.texts.contains("other"), "{terms:?}");
        assert_eq!(terms.accounts.len(), 1);
    }
}
