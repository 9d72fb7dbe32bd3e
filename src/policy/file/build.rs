//! From a checked tree to the plain data of `model`. The tree has passed its table, so what is missing here is
//! missing in the file; a value that cannot be read after all still refuses the file, never drops a rule.

use std::time::Duration;

use super::leaf;
use super::node::{Node, Path, Problem, Report, Value};
use crate::domain::{Class, KeyOp};
use crate::policy::built_in;
use crate::policy::diagnostic::code;
use crate::policy::glob::Glob;
use crate::policy::model::{
    Allow, Approval, BinaryRule, Commands, ConfigRule, Dependencies, GeneratedRule, Max, PathRule,
    PeerRule, Policy, RoleRule, SemverStep, Staleness, TicketRule, Trivial,
};

/// What is being built: for which layer, and where its problems go.
pub(super) struct Build<'r> {
    /// `repository` or `organisation`, for `from`.
    pub(super) layer: &'static str,
    /// Problems.
    pub(super) report: &'r mut Report,
}

/// Key of the map, path included.
pub(super) type Place<'n> = (&'n Node, Path);

impl Build<'_> {
    /// Where something stands: `repository: trivial.config[0], line 5`.
    pub(super) fn from(&self, (node, path): &Place<'_>) -> String {
        format!("{}: {path}, line {}", self.layer, node.at.line)
    }

    /// A text read by its reader.
    pub(super) fn read<T>(
        &mut self,
        (node, path): &Place<'_>,
        read: impl Fn(&str) -> Result<T, Problem>,
    ) -> Option<T> {
        read(&node.text).map_err(|problem| self.report.add(node.at, path, problem)).ok()
    }

    /// A text read by its reader, where there is one.
    pub(super) fn maybe<T>(
        &mut self,
        place: &Place<'_>,
        key: &str,
        read: impl Fn(&str) -> Result<T, Problem>,
    ) -> Option<T> {
        child(place, key).and_then(|child| self.read(&child, read))
    }

    /// Every item read by its reader.
    pub(super) fn list<T>(
        &mut self,
        place: &Place<'_>,
        key: &str,
        read: impl Fn(&str) -> Result<T, Problem>,
    ) -> Vec<T> {
        items(place, key).iter().filter_map(|item| self.read(item, &read)).collect()
    }

    /// The globs at a key.
    pub(super) fn globs(&mut self, place: &Place<'_>, key: &str) -> Vec<Glob> {
        self.list(place, key, leaf::glob)
    }

    /// One of the words of a type that serde knows.
    pub(super) fn word<T: serde::de::DeserializeOwned>(
        &mut self,
        place: &Place<'_>,
        key: &str,
    ) -> Option<T> {
        self.maybe(place, key, word)
    }

    /// Everything that both files may say, over what is built in.
    pub(super) fn policy(&mut self, file: &Node) -> Policy {
        let root = (file, Path::root());
        let base = built_in::floor();
        Policy {
            trivial: self.trivial(&root),
            routine: self.path_rules(&root, "routine"),
            significant: self.path_rules(&root, "significant"),
            default: self.word(&root, "default").unwrap_or(base.default),
            approval: self.approval(&root, base.approval),
            reverts: self.reverts(&root),
            tests: self.globs(&root, "tests"),
            always_critical: base.always_critical,
            deny_keys: base.deny_keys,
        }
    }

    fn reverts(&mut self, root: &Place<'_>) -> Option<Duration> {
        child(root, "reverts").and_then(|reverts| self.maybe(&reverts, "window", leaf::duration))
    }

    fn trivial(&mut self, root: &Place<'_>) -> Trivial {
        let Some(trivial) = child(root, "trivial") else { return Trivial::default() };
        let docs = child(&trivial, "docs");
        Trivial {
            max: child(&trivial, "max").map(|max| limits(max.0)).unwrap_or_default(),
            config: items(&trivial, "config").iter().map(|rule| self.config(rule)).collect(),
            docs: docs.map(|docs| self.list(&docs, "files", leaf::narrow_glob)).unwrap_or_default(),
            generated: items(&trivial, "generated").iter().map(|r| self.generated(r)).collect(),
            binary: items(&trivial, "binary").iter().map(|rule| self.binary(rule)).collect(),
            dependencies: child(&trivial, "dependencies").map(|bots| self.dependencies(&bots)),
            kinds: None,
        }
    }

    fn config(&mut self, rule: &Place<'_>) -> ConfigRule {
        ConfigRule {
            name: name(rule),
            files: self.globs(rule, "files"),
            allow: items(rule, "allow").iter().filter_map(|entry| self.allow(entry)).collect(),
            from: self.from(rule),
        }
    }

    fn generated(&mut self, rule: &Place<'_>) -> GeneratedRule {
        GeneratedRule {
            name: name(rule),
            files: self.list(rule, "files", leaf::narrow_glob),
            inputs: self.globs(rule, "inputs"),
            checks: texts(rule, "checks"),
            from: self.from(rule),
        }
    }

    fn binary(&mut self, rule: &Place<'_>) -> BinaryRule {
        let files = self.list(rule, "files", leaf::narrow_glob);
        BinaryRule { name: name(rule), files, from: self.from(rule) }
    }

    fn allow(&mut self, entry: &Place<'_>) -> Option<Allow> {
        let number = |key: &str| entry.0.get(key).and_then(leaf::number);
        let flag = |key: &str| flag(entry.0.get(key)).unwrap_or(false);
        let ops: Vec<KeyOp> = self.list(entry, "ops", word);
        let one_of = child(entry, "enum")
            .map(|list| list.0.items().iter().map(|item| item.text.clone()).collect());
        Some(Allow {
            key: self.maybe(entry, "key", leaf::key_pattern)?,
            ops: if ops.is_empty() { vec![KeyOp::Replace] } else { ops },
            value_type: text(entry, "type"),
            one_of,
            regex: self.maybe(entry, "regex", leaf::regex),
            min: number("min"),
            max: number("max"),
            max_delta: number("max_delta"),
            max_delta_pct: number("max_delta_pct"),
            semver: self.word(entry, "semver"),
            digest_pinned: flag("digest_pinned"),
            templated: flag("templated"),
        })
    }

    fn dependencies(&mut self, place: &Place<'_>) -> Dependencies {
        Dependencies {
            bots: texts(place, "bots"),
            step: self.word(place, "step").unwrap_or(SemverStep::Patch),
            checks: texts(place, "checks"),
        }
    }

    fn path_rules(&mut self, root: &Place<'_>, key: &str) -> Vec<PathRule> {
        let rule = |this: &mut Self, place: &Place<'_>| PathRule {
            name: name(place),
            files: this.globs(place, "files"),
            scope: text(place, "scope"),
            count: count(place, "count"),
            from: this.from(place),
        };
        items(root, key).iter().map(|place| rule(self, place)).collect()
    }

    fn approval(&mut self, root: &Place<'_>, base: Approval) -> Approval {
        let Some(approval) = child(root, "approval") else { return base };
        Approval {
            architects: match child(&approval, "architects") {
                Some(place) => self.architects(&place, base.architects),
                None => base.architects,
            },
            peers: child(&approval, "peers").map(|place| PeerRule {
                count: count(&place, "count").unwrap_or(1),
                from_class: self.word(&place, "for").unwrap_or(Class::Routine),
                from: self.from(&place),
            }),
            also: items(&approval, "also").iter().map(|place| self.also(place)).collect(),
            ticket: child(&approval, "ticket").map(|place| self.ticket(&place)),
            staleness: self.word::<Staleness>(&approval, "staleness").unwrap_or(base.staleness),
            comments: child(&approval, "comments").map(|place| Commands {
                approve: text(&place, "approve"),
                veto: text(&place, "veto"),
            }),
        }
    }

    fn architects(&mut self, place: &Place<'_>, base: RoleRule) -> RoleRule {
        RoleRule {
            role: text(place, "role").unwrap_or(base.role),
            count: count(place, "count").unwrap_or(base.count),
            from_class: self.word(place, "for").unwrap_or(base.from_class),
            from: self.from(place),
        }
    }

    fn ticket(&mut self, place: &Place<'_>) -> TicketRule {
        TicketRule {
            required: flag(place.0.get("required")).unwrap_or(true),
            pattern: self.maybe(place, "pattern", leaf::regex),
            statuses: texts(place, "statuses"),
            from: self.from(place),
        }
    }
}

/// Limits of a change.
pub(super) fn limits(node: &Node) -> Max {
    let limit = |key: &str| node.get(key).and_then(whole);
    Max {
        files: limit("files"),
        changed_keys: limit("changed_keys"),
        lines: limit("lines"),
        bytes: limit("bytes"),
    }
}

/// The value of a key, with its path.
pub(super) fn child<'n>((node, path): &Place<'n>, key: &str) -> Option<Place<'n>> {
    node.get(key).map(|node| (node, path.key(key)))
}

/// The items of the list at a key, with their paths.
pub(super) fn items<'n>(place: &Place<'n>, key: &str) -> Vec<Place<'n>> {
    let Some((list, path)) = child(place, key) else { return Vec::new() };
    list.items().iter().enumerate().map(|(index, item)| (item, path.index(index))).collect()
}

/// The text at a key.
pub(super) fn text(place: &Place<'_>, key: &str) -> Option<String> {
    place.0.get(key).map(|node| node.text.clone())
}

/// The texts in the list at a key.
pub(super) fn texts(place: &Place<'_>, key: &str) -> Vec<String> {
    items(place, key).into_iter().map(|(node, _)| node.text.clone()).collect()
}

/// true or false, where it is said.
pub(super) fn flag(node: Option<&Node>) -> Option<bool> {
    match node?.value {
        Value::Bool(flag) => Some(flag),
        _ => None,
    }
}

/// A whole number.
pub(super) fn whole(node: &Node) -> Option<u64> {
    match node.value {
        Value::Int(number) => u64::try_from(number).ok(),
        _ => None,
    }
}

/// The whole number at a key.
pub(super) fn count(place: &Place<'_>, key: &str) -> Option<u64> {
    place.0.get(key).and_then(whole)
}

/// The rule's name, or its place where it has none.
fn name(place: &Place<'_>) -> String {
    text(place, "name").unwrap_or_else(|| place.1.to_string())
}

/// A word of a type that serde knows.
pub(super) fn word<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Problem> {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).map_err(|_| {
        let message = format!("`{text}` is not one of the words known here");
        Problem::new(code::UNKNOWN_WORD, message)
    })
}
