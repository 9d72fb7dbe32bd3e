//! From a checked tree to requirements and conditions.

use super::build::{Build, Place, child, count, flag, items, text, texts, whole};
use crate::domain::Person;
use crate::policy::condition::{Authors, Size, When};
use crate::policy::requirement::{AlsoRule, Demand, Requirement};

impl Build<'_> {
    /// An entry of `approval.also`.
    pub(super) fn also(&mut self, place: &Place<'_>) -> AlsoRule {
        let when = child(place, "when").map(|when| self.when(&when));
        AlsoRule { when: when.unwrap_or_default(), needs: self.requirement(place) }
    }

    fn requirement(&mut self, place: &Place<'_>) -> Requirement {
        Requirement {
            name: text(place, "name"),
            description: text(place, "description"),
            what: self.demand(place),
            from: self.from(place),
        }
    }

    /// The tree has passed its table, so exactly one demand is there.
    fn demand(&mut self, place: &Place<'_>) -> Demand {
        let parts = |this: &mut Self, key: &str| {
            items(place, key).iter().map(|part| this.requirement(part)).collect()
        };
        let number = count(place, "count").unwrap_or(1);
        if place.0.get("any").is_some() {
            Demand::Any(parts(self, "any"))
        } else if place.0.get("all").is_some() {
            Demand::All(parts(self, "all"))
        } else if place.0.get("people").is_some() {
            Demand::People { people: people(place), count: number }
        } else if place.0.get("checks").is_some() {
            let listed = texts(place, "conclusions");
            let conclusions = if listed.is_empty() { vec!["success".to_owned()] } else { listed };
            Demand::Checks { checks: texts(place, "checks"), conclusions }
        } else {
            let role = text(place, "role").unwrap_or_default();
            Demand::Role { role, scope: text(place, "scope"), count: number }
        }
    }

    fn when(&mut self, place: &Place<'_>) -> When {
        let parts = |this: &mut Self, key: &str| {
            items(place, key).iter().map(|part| this.when(part)).collect()
        };
        let (all, any) = (parts(self, "all"), parts(self, "any"));
        When {
            files: self.globs(place, "files"),
            except: self.globs(place, "except"),
            only_files: self.globs(place, "only_files"),
            labels: texts(place, "labels"),
            branches: self.globs(place, "branches"),
            class: self.word(place, "class"),
            authors: child(place, "authors").map(|place| authors(&place)),
            only_authors: child(place, "only_authors").map(|place| authors(&place)),
            size: child(place, "size").map(|place| size(&place)),
            not_passed: texts(place, "not_passed"),
            draft: flag(place.0.get("draft")).unwrap_or(false),
            all,
            any,
            not: child(place, "not").map(|part| Box::new(self.when(&part))),
        }
    }
}

fn people(place: &Place<'_>) -> Vec<Person> {
    texts(place, "people").into_iter().map(Person).collect()
}

fn authors(place: &Place<'_>) -> Authors {
    Authors {
        people: people(place),
        roles: texts(place, "roles"),
        bots: flag(place.0.get("bots")).unwrap_or(false),
    }
}

fn size(place: &Place<'_>) -> Size {
    let limit = |key: &str| place.0.get(key).and_then(whole);
    Size {
        files_over: limit("files_over"),
        lines_over: limit("lines_over"),
        keys_over: limit("keys_over"),
    }
}
