//! The roles and people that further requirements name, each with its field.

use crate::policy::condition::{Authors, When};
use crate::policy::requirement::{AlsoRule, Demand};

/// Names, each with the field where it stands: `approval.also[0].any[1].role`.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Roles.
    pub(super) roles: Vec<(String, String)>,
    /// People.
    pub(super) people: Vec<(String, String)>,
}

/// Everything that these entries name.
pub(super) fn of(also: &[AlsoRule]) -> Names {
    let mut names = Names::default();
    for (index, rule) in also.iter().enumerate() {
        let field = format!("approval.also[{index}]");
        for (path, part) in rule.needs.each() {
            let field = format!("{field}{path}");
            match &part.what {
                Demand::Role { role, .. } => {
                    names.roles.push((format!("{field}.role"), role.clone()));
                }
                Demand::People { people, .. } => {
                    let people = people.iter().map(|person| person.0.as_str());
                    listed(&format!("{field}.people"), people, &mut names.people);
                }
                Demand::Checks { .. } | Demand::All(_) | Demand::Any(_) => {}
            }
        }
        names.condition(&format!("{field}.when"), &rule.when);
    }
    names
}

impl Names {
    fn condition(&mut self, field: &str, when: &When) {
        for (key, authors) in [("authors", &when.authors), ("only_authors", &when.only_authors)] {
            if let Some(authors) = authors {
                self.authors(&format!("{field}.{key}"), authors);
            }
        }
        for (key, parts) in [("all", &when.all), ("any", &when.any)] {
            for (index, part) in parts.iter().enumerate() {
                self.condition(&format!("{field}.{key}[{index}]"), part);
            }
        }
        if let Some(part) = &when.not {
            self.condition(&format!("{field}.not"), part);
        }
    }

    fn authors(&mut self, field: &str, authors: &Authors) {
        let people = authors.people.iter().map(|person| person.0.as_str());
        listed(&format!("{field}.people"), people, &mut self.people);
        let roles = authors.roles.iter().map(String::as_str);
        listed(&format!("{field}.roles"), roles, &mut self.roles);
    }
}

fn listed<'n>(field: &str, names: impl Iterator<Item = &'n str>, to: &mut Vec<(String, String)>) {
    to.extend(names.enumerate().map(|(at, name)| (format!("{field}[{at}]"), name.to_owned())));
}
