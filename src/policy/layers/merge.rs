//! The stricter of two layers, one function a field. Each takes the upper value first, gives what applies, and names
//! the field in `invalid` if the lower one would have been weaker.

use std::time::Duration;

use super::names;
use super::{Upper, least};
use crate::domain::Class;
use crate::policy::condition::When;
use crate::policy::diagnostic::suggestion;
use crate::policy::file::{RepositoryFile, leaf};
use crate::policy::model::{
    Approval, Commands, Dependencies, Max, PathRule, PeerRule, Policy, RoleRule, TicketRule,
    Trivial,
};
use crate::policy::requirement::{AlsoRule, Demand, Requirement};

/// A merge under way.
pub(super) struct Merge<'a> {
    /// The layer that binds.
    pub(super) upper: Upper,
    /// The repository's file, if it was read.
    pub(super) lower: Option<&'a RepositoryFile>,
    /// What it tried to weaken.
    pub(super) invalid: Vec<String>,
}

impl Merge<'_> {
    /// Both as one; `without_organisation`: there is no organisation file.
    pub(super) fn policy(&mut self, without_organisation: bool) -> Policy {
        match self.lower {
            None if without_organisation => Policy::built_in(),
            None => self.upper.policy.clone(),
            Some(lower) => self.both(&lower.policy),
        }
    }

    /// The line of a field, where the repository states it.
    fn stated(&self, field: &str) -> Option<u64> {
        self.lower.and_then(|file| file.stated.get(field).copied())
    }

    /// Names a field that was to be weakened, with both values.
    fn weakened(&mut self, field: &str, theirs: &str, applies: &str) {
        let line = self.stated(field).map_or_else(String::new, |line| format!(", line {line}"));
        self.invalid.push(format!(
            "repository: `{field}`{line}: {theirs} is weaker than the {} allows; {applies} applies",
            self.upper.name
        ));
    }

    fn both(&mut self, lower: &Policy) -> Policy {
        let upper = self.upper.policy.clone();
        let (approval, further) = self.approval(&upper.approval, &lower.approval);
        let mut also = [upper.approval.also.clone(), lower.approval.also.clone()].concat();
        also.extend(further);
        Policy {
            trivial: self.trivial(&upper.trivial, &lower.trivial),
            routine: self.routine(&upper.routine, &lower.routine),
            significant: self.significant(&upper.significant, &lower.significant),
            always_critical: union(&upper.always_critical, &lower.always_critical),
            deny_keys: union(&upper.deny_keys, &lower.deny_keys),
            default: self.default(upper.default, lower.default),
            approval: Approval { also, ..approval },
            reverts: self.reverts(upper.reverts, lower.reverts),
            tests: union(&upper.tests, &lower.tests),
        }
    }

    fn default(&mut self, upper: Class, lower: Class) -> Class {
        if self.stated("default").is_none() {
            return upper;
        }
        let limit = self.upper.limits.default;
        if lower < limit {
            self.weakened("default", &format!("`{lower}`"), &format!("`{limit}`"));
        }
        lower.max(limit)
    }

    /// The rules of both; one of the repository that takes in every file is a `default` by another name.
    fn routine(&mut self, upper: &[PathRule], lower: &[PathRule]) -> Vec<PathRule> {
        let limit = self.upper.limits.default;
        let mut rules = upper.to_vec();
        for (index, rule) in lower.iter().enumerate() {
            let wide = rule.files.iter().any(leaf::takes_in_everything);
            if wide && limit > Class::Routine {
                let field = format!("routine[{index}].files");
                self.weakened(&field, "`routine` for every file", &format!("`{limit}`"));
            } else {
                rules.push(rule.clone());
            }
        }
        rules
    }

    /// The rules of both; a rule's own count does not lie below what architects need anyway.
    fn significant(&mut self, upper: &[PathRule], lower: &[PathRule]) -> Vec<PathRule> {
        let least = self.upper.policy.approval.architects.count;
        let mut rules = upper.to_vec();
        for (index, rule) in lower.iter().enumerate() {
            let mut rule = rule.clone();
            if let Some(count) = rule.count.filter(|count| *count < least) {
                let field = format!("significant[{index}].count");
                self.weakened(&field, &count.to_string(), &least.to_string());
                rule.count = Some(least);
            }
            rules.push(rule);
        }
        rules
    }

    fn trivial(&mut self, upper: &Trivial, lower: &Trivial) -> Trivial {
        let mut merged = Trivial {
            max: self.max(&upper.max, &lower.max),
            config: [upper.config.clone(), lower.config.clone()].concat(),
            docs: union(&upper.docs, &lower.docs),
            generated: [upper.generated.clone(), lower.generated.clone()].concat(),
            binary: [upper.binary.clone(), lower.binary.clone()].concat(),
            dependencies: self
                .dependencies(upper.dependencies.as_ref(), lower.dependencies.as_ref()),
            kinds: upper.kinds.clone(),
        };
        if !self.may("config", !lower.config.is_empty()) {
            merged.config.clone_from(&upper.config);
        }
        if !self.may("docs", !lower.docs.is_empty()) {
            merged.docs.clone_from(&upper.docs);
        }
        if !self.may("generated", !lower.generated.is_empty()) {
            merged.generated.clone_from(&upper.generated);
        }
        if !self.may("binary", !lower.binary.is_empty()) {
            merged.binary.clone_from(&upper.binary);
        }
        if !self.may("dependencies", lower.dependencies.is_some()) {
            merged.dependencies.clone_from(&upper.dependencies);
        }
        merged
    }

    /// Whether the ceiling lets a repository use this kind of proof.
    fn may(&mut self, kind: &str, wanted: bool) -> bool {
        let Some(kinds) = self.upper.policy.trivial.kinds.clone() else { return true };
        if wanted && !kinds.iter().any(|one| one == kind) {
            let listed = format!("`floor.trivial_ceiling.kinds: [{}]`", kinds.join(", "));
            self.weakened(&format!("trivial.{kind}"), &format!("a rule of kind `{kind}`"), &listed);
        }
        kinds.iter().any(|one| one == kind)
    }

    fn max(&mut self, upper: &Max, lower: &Max) -> Max {
        let fields = [
            ("files", upper.files, lower.files),
            ("changed_keys", upper.changed_keys, lower.changed_keys),
            ("lines", upper.lines, lower.lines),
            ("bytes", upper.bytes, lower.bytes),
        ];
        for (name, upper, lower) in fields {
            if let (Some(limit), Some(wanted)) = (upper, lower)
                && wanted > limit
            {
                let field = format!("trivial.max.{name}");
                self.weakened(&field, &wanted.to_string(), &limit.to_string());
            }
        }
        least(upper, lower)
    }

    fn dependencies(
        &mut self,
        upper: Option<&Dependencies>,
        lower: Option<&Dependencies>,
    ) -> Option<Dependencies> {
        let (Some(upper), Some(lower)) = (upper, lower) else { return upper.or(lower).cloned() };
        let field = "trivial.dependencies";
        let bots = self.within(&format!("{field}.bots"), &upper.bots, &lower.bots);
        if lower.step > upper.step && self.stated(&format!("{field}.step")).is_some() {
            self.weakened(&format!("{field}.step"), "`minor`", "`patch`");
        }
        Some(Dependencies {
            bots,
            step: lower.step.min(upper.step),
            checks: union(&upper.checks, &lower.checks),
        })
    }

    /// Both name what is allowed: what both allow. Nothing in common leaves the upper list.
    fn within(&mut self, field: &str, upper: &[String], lower: &[String]) -> Vec<String> {
        let (both, beyond): (Vec<_>, Vec<_>) =
            lower.iter().cloned().partition(|one| upper.contains(one));
        if !beyond.is_empty() {
            let theirs = format!("`{}`", beyond.join("`, `"));
            self.weakened(field, &theirs, &format!("`{}`", upper.join("`, `")));
        }
        if both.is_empty() { upper.to_vec() } else { both }
    }

    fn reverts(&mut self, upper: Option<Duration>, lower: Option<Duration>) -> Option<Duration> {
        let (Some(limit), Some(wanted)) = (upper, lower) else { return lower.or(upper) };
        if wanted > limit {
            let text = |one| format!("`{}`", leaf::duration_text(one));
            self.weakened("reverts.window", &text(wanted), &text(limit));
        }
        Some(wanted.min(limit))
    }

    fn approval(&mut self, upper: &Approval, lower: &Approval) -> (Approval, Option<AlsoRule>) {
        self.known(lower);
        let (architects, further) = self.architects(&upper.architects, &lower.architects);
        let limit = self.upper.limits.staleness;
        let mut staleness = upper.staleness;
        if self.stated("approval.staleness").is_some() {
            staleness = lower.staleness.min(limit);
            if lower.staleness > limit {
                let theirs = format!("`{}`", lower.staleness.as_str());
                self.weakened("approval.staleness", &theirs, &format!("`{}`", limit.as_str()));
            }
        }
        let approval = Approval {
            architects,
            peers: self.peers(upper.peers.as_ref(), lower.peers.as_ref()),
            also: Vec::new(),
            ticket: self.ticket(upper.ticket.as_ref(), lower.ticket.as_ref()),
            staleness,
            comments: self.comments(upper.comments.as_ref(), lower.comments.as_ref()),
        };
        (approval, further)
    }

    /// Who counts by a comment is the organisation's to say: a repository repeats it or is silent.
    fn comments(&mut self, upper: Option<&Commands>, lower: Option<&Commands>) -> Option<Commands> {
        if lower.is_some_and(|lower| upper != Some(lower)) {
            let text = |one: Option<&Commands>| {
                one.map_or_else(|| "no approval by comment".to_owned(), Commands::words)
            };
            self.weakened("approval.comments", &text(lower), &text(upper));
        }
        upper.cloned()
    }

    /// Another role than the organisation's does not replace it: both are needed.
    fn architects(&mut self, upper: &RoleRule, lower: &RoleRule) -> (RoleRule, Option<AlsoRule>) {
        let field = "approval.architects";
        if self.stated(field).is_none() {
            return (upper.clone(), None);
        }
        let same_role =
            lower.role == upper.role || self.stated("approval.architects.role").is_none();
        if !same_role {
            let further = AlsoRule {
                when: When { class: Some(lower.from_class), ..When::default() },
                needs: Requirement {
                    name: None,
                    description: None,
                    what: Demand::Role {
                        role: lower.role.clone(),
                        scope: None,
                        count: lower.count,
                    },
                    from: lower.from.clone(),
                },
            };
            return (upper.clone(), Some(further));
        }
        let count = self.count(field, upper.count, lower.count);
        let from_class = self.lowest_class(field, upper.from_class, lower.from_class);
        let raised = count > upper.count || from_class < upper.from_class;
        let from = if raised { lower.from.clone() } else { upper.from.clone() };
        (RoleRule { role: upper.role.clone(), count, from_class, from }, None)
    }

    fn count(&mut self, field: &str, upper: u64, lower: u64) -> u64 {
        let field = format!("{field}.count");
        if self.stated(&field).is_none() {
            return upper;
        }
        if lower < upper {
            self.weakened(&field, &lower.to_string(), &upper.to_string());
        }
        lower.max(upper)
    }

    fn lowest_class(&mut self, field: &str, upper: Class, lower: Class) -> Class {
        let field = format!("{field}.for");
        if self.stated(&field).is_none() {
            return upper;
        }
        if lower > upper {
            self.weakened(&field, &format!("`{lower}`"), &format!("`{upper}`"));
        }
        lower.min(upper)
    }

    fn peers(&mut self, upper: Option<&PeerRule>, lower: Option<&PeerRule>) -> Option<PeerRule> {
        let (Some(upper), Some(lower)) = (upper, lower) else { return upper.or(lower).cloned() };
        let field = "approval.peers";
        let count = self.count(field, upper.count, lower.count);
        let from_class = self.lowest_class(field, upper.from_class, lower.from_class);
        let raised = count > upper.count || from_class < upper.from_class;
        let from = if raised { lower.from.clone() } else { upper.from.clone() };
        Some(PeerRule { count, from_class, from })
    }

    fn ticket(
        &mut self,
        upper: Option<&TicketRule>,
        lower: Option<&TicketRule>,
    ) -> Option<TicketRule> {
        let (Some(upper), Some(lower)) = (upper, lower) else { return upper.or(lower).cloned() };
        let field = "approval.ticket";
        if upper.required && !lower.required {
            self.weakened(&format!("{field}.required"), "`false`", "`true`");
        }
        if let (Some(ours), Some(theirs)) = (&upper.pattern, &lower.pattern)
            && ours != theirs
        {
            // Which of two expressions is the narrower cannot be told from looking at them.
            let field = format!("{field}.pattern");
            let line = self.stated(&field).unwrap_or_default();
            let (ours, theirs) = (ours.as_str(), theirs.as_str());
            self.invalid.push(format!(
                "repository: `{field}`, line {line}: `{theirs}` is not the `{ours}` of the {}; `{ours}` applies",
                self.upper.name
            ));
        }
        let statuses = if upper.statuses.is_empty() || lower.statuses.is_empty() {
            union(&upper.statuses, &lower.statuses)
        } else {
            self.within(&format!("{field}.statuses"), &upper.statuses, &lower.statuses)
        };
        Some(TicketRule {
            required: upper.required || lower.required,
            pattern: upper.pattern.clone().or_else(|| lower.pattern.clone()),
            statuses,
            from: lower.from.clone(),
        })
    }

    /// Every role and person that the repository names is one that the organisation knows (case 58).
    fn known(&mut self, lower: &Approval) {
        let people: Vec<String> =
            self.upper.organisation.people.iter().map(|person| person.user.clone()).collect();
        let named = names::of(&lower.also);
        if let Some(roles) = self.upper.roles.clone() {
            let architects = self
                .stated("approval.architects.role")
                .map(|_| ("approval.architects.role".to_owned(), lower.architects.role.clone()));
            let named: Vec<_> = named.roles.into_iter().chain(architects).collect();
            self.refer(&named, "role", &roles);
        }
        self.refer(&named.people, "person", &people);
    }

    fn refer(&mut self, named: &[(String, String)], noun: &str, known: &[String]) {
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        for (field, name) in named.iter().filter(|(_, name)| !known.contains(&name.as_str())) {
            let line = self.stated(field).unwrap_or_default();
            let help = match known.as_slice() {
                [] => format!("the {} lists none under `people`", self.upper.name),
                known => suggestion(name, known),
            };
            self.invalid.push(format!(
                "repository: `{field}`, line {line}: no {noun} is called `{name}`; {help}"
            ));
        }
    }
}

fn union<T: Clone + PartialEq>(one: &[T], other: &[T]) -> Vec<T> {
    let mut all = one.to_vec();
    for item in other {
        if !all.contains(item) {
            all.push(item.clone());
        }
    }
    all
}
