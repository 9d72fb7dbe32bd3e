//! An effective policy line by line, each with the file and the line that says so.

use std::collections::BTreeMap;

use super::super::built_in;
use super::super::file::leaf::duration_text;
use super::super::file::{OrganisationFile, RepositoryFile};
use super::super::glob::Glob;
use super::super::model::{Allow, Commands, Effective, PathRule, Policy};
use crate::domain::Class;

/// What a line is about, in the order of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// What passes by itself, and its limits.
    ByItself,
    /// Which files have which class.
    Classes,
    /// Who has to say yes.
    Approval,
}

impl Part {
    /// For a heading.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::ByItself => "What passes by itself",
            Self::Classes => "Classes of files",
            Self::Approval => "Who has to say yes",
        }
    }

    /// What holds beside the lines, whatever the files say.
    #[must_use]
    pub fn always(self) -> &'static str {
        match self {
            Self::ByItself => {
                "Secrets, images, commands, roles, URLs and hosts never pass by themselves, whatever allows them."
            }
            Self::Classes => {
                "No file lowers these: CI, hooks, build scripts, containers, infrastructure, migrations, dependencies without a proof, binaries, links, modes, deceptive characters, odd paths."
            }
            Self::Approval => {
                "Nobody counts who took part in the change: opener, authors, committers, co-authors, pushers; nor bots. A veto stays."
            }
        }
    }
}

/// One line of an effective policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it is about.
    pub part: Part,
    /// The key, as in a file.
    pub field: String,
    /// What applies.
    pub value: String,
    /// Who says so: `organisation: approval.architects, line 7`.
    pub from: String,
}

/// Every line of an effective policy. The files are those it was made of; `None`: there is none, or it is refused.
#[must_use]
pub fn lines(
    effective: &Effective,
    organisation: Option<&OrganisationFile>,
    repository: Option<&RepositoryFile>,
) -> Vec<Line> {
    let mut lines =
        Lines { policy: &effective.policy, organisation, repository, found: Vec::new() };
    lines.by_itself();
    lines.classes();
    lines.approval();
    lines.found
}

struct Lines<'a> {
    policy: &'a Policy,
    organisation: Option<&'a OrganisationFile>,
    repository: Option<&'a RepositoryFile>,
    found: Vec<Line>,
}

impl Lines<'_> {
    fn add(&mut self, part: Part, field: &str, value: String, from: String) {
        self.found.push(Line { part, field: field.to_owned(), value, from });
    }

    /// A value that one of the layers states: the repository's where it is what applies and the organisation says
    /// another, or nothing.
    fn value<T: PartialEq>(
        &mut self,
        part: Part,
        fields: &[&str],
        of: impl Fn(&Policy) -> Option<T>,
        text: impl Fn(&T) -> String,
    ) {
        let Some(applies) = of(self.policy) else { return };
        let says = |policy: &Policy| of(policy).as_ref() == Some(&applies);
        let field = fields.first().copied().unwrap_or_default();
        let theirs = self.repository.filter(|file| says(&file.policy));
        let theirs = theirs.and_then(|file| place("repository", &file.stated, fields));
        let ours = self.organisation.filter(|file| says(&file.policy));
        let ours = ours.and_then(|file| place("organisation", &file.stated, fields));
        let from = ours.or(theirs).unwrap_or_else(|| built_in::FROM.to_owned());
        self.add(part, field, text(&applies), from);
    }

    /// The members of a list, each with the layers that name it.
    fn members<T: PartialEq>(
        &mut self,
        part: Part,
        fields: &[&str],
        of: impl Fn(&Policy) -> Vec<T>,
        text: impl Fn(&T) -> String,
    ) {
        let field = fields.first().copied().unwrap_or_default();
        let always = of(&built_in::floor());
        let mut told: Vec<T> = Vec::new();
        for member in of(self.policy) {
            if told.contains(&member) {
                continue;
            }
            let ours = self.organisation.filter(|file| of(&file.policy).contains(&member));
            let ours = ours.and_then(|file| place("organisation", &file.stated, fields));
            let theirs = self.repository.filter(|file| of(&file.policy).contains(&member));
            let theirs = theirs.and_then(|file| place("repository", &file.stated, fields));
            let said = ours.or(theirs).filter(|_| !always.contains(&member));
            let from = said.unwrap_or_else(|| built_in::FROM.to_owned());
            self.add(part, field, text(&member), from);
            told.push(member);
        }
    }

    fn by_itself(&mut self) {
        let part = Part::ByItself;
        for rule in &self.policy.trivial.config {
            let allow: Vec<String> = rule.allow.iter().map(allowed).collect();
            let value = format!("{}: {}: {}", rule.name, globs(&rule.files), allow.join("; "));
            self.add(part, "trivial.config", value, rule.from.clone());
        }
        self.made_and_shown();
        let glob = |glob: &Glob| glob.as_str().to_owned();
        self.members(part, &["trivial.docs"], |policy| policy.trivial.docs.clone(), glob);
        self.value(
            part,
            &["trivial.dependencies"],
            |policy| policy.trivial.dependencies.clone(),
            |of| {
                let (step, checks) = (word(&of.step), of.checks.join(", "));
                format!("{}: {step}, after {checks}", of.bots.join(", "))
            },
        );
        let kinds = ["floor.trivial_ceiling.kinds", "floor.trivial_ceiling"];
        self.value(part, &kinds, |policy| policy.trivial.kinds.clone(), |kinds| kinds.join(", "));
        self.limit("files", |policy| policy.trivial.max.files);
        self.limit("changed_keys", |policy| policy.trivial.max.changed_keys);
        self.limit("lines", |policy| policy.trivial.max.lines);
        self.limit("bytes", |policy| policy.trivial.max.bytes);
        let window = |window: &std::time::Duration| duration_text(*window);
        self.value(part, &["reverts.window", "reverts"], |policy| policy.reverts, window);
    }

    fn made_and_shown(&mut self) {
        for rule in &self.policy.trivial.generated {
            let (files, inputs) = (globs(&rule.files), globs(&rule.inputs));
            let value = format!(
                "{}: {files}, made from {inputs}, after {}",
                rule.name,
                rule.checks.join(", ")
            );
            self.add(Part::ByItself, "trivial.generated", value, rule.from.clone());
        }
        for rule in &self.policy.trivial.binary {
            let value = format!("{}: {}", rule.name, globs(&rule.files));
            self.add(Part::ByItself, "trivial.binary", value, rule.from.clone());
        }
    }

    fn limit(&mut self, name: &str, of: impl Fn(&Policy) -> Option<u64>) {
        let own = format!("trivial.max.{name}");
        let ceiling = format!("floor.trivial_ceiling.{name}");
        self.value(Part::ByItself, &[&own, &ceiling], of, u64::to_string);
    }

    fn classes(&mut self) {
        let part = Part::Classes;
        self.rules("routine", &self.policy.routine);
        self.rules("significant", &self.policy.significant);
        let glob = |glob: &Glob| glob.as_str().to_owned();
        let critical = ["floor.always_critical"];
        self.members(part, &critical, |policy| policy.always_critical.clone(), glob);
        let keys = |policy: &Policy| policy.deny_keys.clone();
        self.members(part, &["floor.deny_keys"], keys, |key| key.as_str().to_owned());
        let default = ["default", "floor.default_class"];
        self.value(part, &default, |policy| Some(policy.default), Class::to_string);
    }

    fn rules(&mut self, field: &str, rules: &[PathRule]) {
        for rule in rules {
            let scope = rule.scope.as_ref().map(|scope| format!(", scope {scope}"));
            let count = rule.count.map(|count| format!(", {count} approvals"));
            let further = [scope, count].map(Option::unwrap_or_default).concat();
            let value = format!("{}: {}{further}", rule.name, globs(&rule.files));
            self.add(Part::Classes, field, value, rule.from.clone());
        }
    }

    fn approval(&mut self) {
        let (part, approval) = (Part::Approval, &self.policy.approval);
        let roles = &approval.architects;
        let value = format!("{} {}, from {} on", roles.count, roles.role, roles.from_class);
        self.add(part, "approval.architects", value, roles.from.clone());
        if let Some(peers) = &approval.peers {
            let value = format!("{}, from {} on", peers.count, peers.from_class);
            self.add(part, "approval.peers", value, peers.from.clone());
        }
        for rule in &approval.also {
            let value = format!("{}, when {}", rule.needs.words(), rule.when.words());
            self.add(part, "approval.also", value, rule.needs.from.clone());
        }
        if let Some(ticket) = &approval.ticket {
            let required = if ticket.required { "required" } else { "not required" };
            let pattern = ticket.pattern.as_ref().map(|of| format!(", like {}", of.as_str()));
            let open = Some(ticket.statuses.join(", ")).filter(|open| !open.is_empty());
            let open = open.map(|open| format!(", in {open}"));
            let further = [pattern, open].map(Option::unwrap_or_default).concat();
            self.add(part, "approval.ticket", format!("{required}{further}"), ticket.from.clone());
        }
        let reach = ["approval.staleness", "floor.staleness_at_most"];
        let text = |reach: &super::super::model::Staleness| reach.as_str().to_owned();
        self.value(part, &reach, |policy| Some(policy.approval.staleness), text);
        let comments = |policy: &Policy| policy.approval.comments.clone();
        self.value(part, &["approval.comments"], comments, Commands::words);
    }
}

/// Where a layer states the first of these fields that it states.
fn place(layer: &str, stated: &BTreeMap<String, u64>, fields: &[&str]) -> Option<String> {
    fields
        .iter()
        .find_map(|field| stated.get(*field).map(|line| format!("{layer}: {field}, line {line}")))
}

fn globs(globs: &[Glob]) -> String {
    globs.iter().map(Glob::as_str).collect::<Vec<_>>().join(", ")
}

/// The word of a value that has one in files.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|word| word.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// An allow entry as one would say it: `**.replicas int, 2 to 20, by at most 50 %`.
fn allowed(allow: &Allow) -> String {
    let number = |label: &str, number: Option<f64>| number.map(|n| format!("{label} {n}"));
    let parts = [
        allow.value_type.clone(),
        allow.one_of.as_ref().map(|of| format!("one of {}", of.join(", "))),
        allow.regex.as_ref().map(|of| format!("like {}", of.as_str())),
        number("at least", allow.min),
        number("at most", allow.max),
        number("by at most", allow.max_delta),
        allow.max_delta_pct.map(|of| format!("by at most {of} %")),
        allow.semver.as_ref().map(|step| format!("a {} rise", word(step))),
        allow.digest_pinned.then(|| "pinned by digest".to_owned()),
        allow.templated.then(|| "templated".to_owned()),
    ];
    let ops: Vec<String> = allow.ops.iter().map(word).collect();
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let free = if parts.is_empty() { "anything".to_owned() } else { parts.join(", ") };
    format!("{} {free} ({})", allow.key, ops.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::{Layer, effective};
    use super::*;
    use crate::policy::file::{read_organisation, read_repository};

    const ORGANISATION: &str = "version: 1
default: significant
floor:
  always_critical: [\"iam/**\"]
  trivial_ceiling: { files: 10 }
approval:
  architects: { count: 1 }
  staleness: same_delta
";
    const REPOSITORY: &str = "version: 1
trivial:
  max: { files: 4 }
  config:
    - name: scaling
      files: [\"deploy/*.yaml\"]
      allow: [{ key: \"**.replicas\", type: int, min: 2, max: 20 }]
significant:
  - { name: money, files: [\"src/payments/**\"], scope: payments }
default: critical
approval:
  architects: { count: 2 }
";

    fn found() -> Vec<String> {
        let upper = read_organisation("organisation.yml", ORGANISATION.as_bytes()).expect("read");
        let lower = read_repository(".countersign.yml", REPOSITORY.as_bytes()).expect("read");
        let both = effective(Layer::Read(&upper), Layer::Read(&lower), "main");
        assert_eq!(both.invalid, Vec::<String>::new());
        let line = |line: Line| format!("{} = {} ({})", line.field, line.value, line.from);
        lines(&both, Some(&upper), Some(&lower)).into_iter().map(line).collect()
    }

    #[test]
    fn each_line_names_the_file_that_says_so() {
        let found = found();
        for said in [
            "trivial.config = scaling: deploy/*.yaml: **.replicas int, at least 2, at most 20 (replace) (repository: trivial.config[0], line 5)",
            "trivial.max.files = 4 (repository: trivial.max.files, line 3)",
            "significant = money: src/payments/**, scope payments (repository: significant[0], line 9)",
            "floor.always_critical = iam/** (organisation: floor.always_critical, line 4)",
            "default = critical (repository: default, line 10)",
            "approval.architects = 2 architect, from significant on (repository: approval.architects, line 12)",
            "approval.staleness = same_delta (organisation: approval.staleness, line 8)",
        ] {
            assert!(found.iter().any(|line| line == said), "{said} is not in {found:#?}");
        }
        assert!(
            found.iter().any(|line| line.ends_with(".countersign.yml (built-in)")),
            "{found:#?}"
        );
    }

    #[test]
    fn without_files_everything_is_built_in() {
        let both = effective(Layer::Missing, Layer::Missing, "main");
        let found = lines(&both, None, None);
        assert!(
            found.len() > 4 && found.iter().all(|line| line.from == built_in::FROM),
            "{found:#?}"
        );
    }
}
