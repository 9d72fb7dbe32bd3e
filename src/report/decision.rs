//! The gate's answer on a page: what it is, what is missing, what to do, then every rule.

use super::attribution::Attribution;
use super::entry::ReceiptView;
use super::prose::Prose;
use super::refs::Link;
use super::words::{count, plural};
use crate::domain::{Class, Oid, Time};
use crate::policy::decision::{Classification, Counted, Missing, Rule, RuleState, State};

/// What the gate was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// May it land?
    Merge,
    /// May it go out?
    Deploy,
}

/// One change that would go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateChange {
    /// `1211`, or the short commit of a change without a proposal.
    pub label: String,
    /// Its title; may be empty or hostile.
    pub title: String,
    /// Its page.
    pub href: String,
    /// Its class.
    pub class: Class,
    /// Its state.
    pub state: State,
    /// Why, in a sentence.
    pub why: String,
}

/// Which policies were read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyRefs {
    /// Digest of the organisation's file; `None`: there is none.
    pub organisation: Option<String>,
    /// Digest of the repository's file; `None`: there is none.
    pub repository: Option<String>,
    /// Where the repository's file was read: `main@4be1…`.
    pub base: Option<String>,
}

/// The page.
#[derive(Debug, Clone, PartialEq)]
pub struct DecisionPage {
    /// `dec_…`.
    pub id: String,
    /// Asked for what.
    pub purpose: Purpose,
    /// The environment, for deploys.
    pub environment: Option<String>,
    /// The service, for deploys.
    pub service: Option<String>,
    /// The repository.
    pub repo: String,
    /// The commit, in full.
    pub sha: Oid,
    /// The proposal, if asked about one.
    pub pull: Option<Link>,
    /// Who or what asked; `None`: not recorded.
    pub asked_by: Option<String>,
    /// When it was decided.
    pub decided_at: Time,
    /// Until when the answer may be used.
    pub expires_at: Option<Time>,
    /// The answer.
    pub state: State,
    /// `observe` or `warn`, where decisions do not bind yet.
    pub rollout: Option<String>,
    /// The state is a no that the rollout sets aside: a pipeline is told to go on.
    pub set_aside: bool,
    /// Until when the state itself lasts: end of an emergency or a freeze.
    pub until: Option<Time>,
    /// The class, where it could be told.
    pub class: Option<Class>,
    /// The sentence; [`answer`] makes the usual one.
    pub answer: Prose,
    /// What is missing.
    pub missing: Vec<Missing>,
    /// Every rule.
    pub rules: Vec<Rule>,
    /// Every opinion.
    pub opinions: Vec<Counted>,
    /// Why the content has its class; `None` where several changes are judged or none could be.
    pub classification: Option<Classification>,
    /// What would go out.
    pub changes: Vec<GateChange>,
    /// Where its commits come from, for deploys.
    pub attribution: Option<Attribution>,
    /// Policies read.
    pub policy: PolicyRefs,
    /// The same answer as `countersign gate` prints it, line by line.
    pub terminal: Vec<String>,
    /// The same answer as JSON.
    pub json_href: Option<String>,
    /// The signed attestations.
    pub attestations_href: Option<String>,
    /// Asks again (a GET); `None`: it cannot be asked again from a page.
    pub again_href: Option<String>,
    /// The decision's own entry and its proof.
    pub receipt: Option<ReceiptView>,
}

impl DecisionPage {
    /// The heading: the answer as a statement.
    #[must_use]
    pub fn heading(&self) -> String {
        let subject = match self.purpose {
            Purpose::Merge => "This change",
            Purpose::Deploy => "This commit",
        };
        let act = match (self.purpose, self.environment.as_deref()) {
            (Purpose::Merge, _) => "land".to_owned(),
            (Purpose::Deploy, Some(environment)) => format!("go to {environment}"),
            (Purpose::Deploy, None) => "go out".to_owned(),
        };
        match self.state {
            state if state.passes() => format!("{subject} may {act}"),
            State::Pending | State::Stale | State::Error | State::Frozen => {
                format!("{subject} may not {act} yet")
            }
            _ => format!("{subject} may not {act}"),
        }
    }

    /// What the rollout makes of the state; `None`: decisions bind, or it passes by itself.
    #[must_use]
    pub fn not_binding(&self) -> Option<String> {
        let mode = self.rollout.as_ref()?;
        if self.set_aside {
            return Some(format!(
                "Not enforced: the organisation's rollout of this repository is {mode}, so a pipeline is told to go on. Enforced, it would be blocked."
            ));
        }
        (!self.state.passes()).then(|| {
            format!("The organisation's rollout of this repository is {mode}, but what could not be judged does not pass.")
        })
    }

    /// Rules set aside by somebody entitled: shown beside the state, never melted into it (P5).
    #[must_use]
    pub fn overridden(&self) -> u64 {
        super::rules::overridden(&self.rules)
    }

    /// What is missing, each with what to do.
    #[must_use]
    pub fn to_do(&self) -> Vec<MissingItem> {
        self.missing.iter().map(|missing| item(missing, &self.rules, self.pull.as_ref())).collect()
    }

    /// `3 changes: 2 pass, 1 does not.`
    #[must_use]
    pub fn changes_sum(&self) -> String {
        let total = self.changes.len() as u64;
        let pass = self.changes.iter().filter(|change| change.state.passes()).count() as u64;
        let rest = total - pass;
        format!(
            "{}: {} {}, {} {} not.",
            plural(total, "change", "changes"),
            count(pass),
            if pass == 1 { "passes" } else { "pass" },
            count(rest),
            if rest == 1 { "does" } else { "do" },
        )
    }
}

/// A missing thing in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingItem {
    /// `1 approval of an architect, scope payments: 0 of 1`.
    pub title: String,
    /// Why it is needed and what there was.
    pub because: Prose,
    /// What to do; begins with a verb.
    pub remedy: Prose,
    /// A command that does it.
    pub command: Option<String>,
}

/// The usual sentence under the heading.
#[must_use]
pub fn answer(state: State, missing: &[Missing]) -> Prose {
    let things = Missing::things(missing);
    match state {
        State::AutoApproved => "Trivial, and proven so. No person approved it; none was required.".into(),
        State::Approved => "What was required is there, for this exact content.".into(),
        State::EmergencyOpen => "Allowed ahead of approval for this commit and this environment.".into(),
        State::Pending if things == 1 => "1 thing is missing.".into(),
        State::Pending => format!("{} things are missing.", count(things)).into(),
        State::Stale => "There were enough approvals, for other content. Ask for them again.".into(),
        State::Rejected => "A veto stands until the person who gave it takes it back.".into(),
        State::Frozen => "A freeze is in force. Only an emergency passes.".into(),
        State::Unaccounted => "It would bring commits that belong to no change.".into(),
        State::Unmatched => {
            "No rule of the policy says anything about this change. Ask the owner of the policy to add one.".into()
        }
        State::Error => "It could not be decided, so it does not pass.".into(),
        State::UnknownCommit => {
            "No repository configured here has this commit. Push it, or check the repository.".into()
        }
        State::PolicyInvalid => "The policy file is at fault, not the change.".into(),
    }
}

fn item(missing: &Missing, rules: &[Rule], pull: Option<&Link>) -> MissingItem {
    let tally = format!("{} of {}", count(missing.have), count(missing.need));
    let title = match (missing.kind.as_str(), missing.role.as_deref()) {
        ("approval", None) => {
            format!("{} of people by name: {tally}", plural(missing.need, "approval", "approvals"))
        }
        ("approval", Some(role)) => {
            let scope = missing.scope.as_deref().map_or(String::new(), |scope| match scope {
                "*" => ", all scopes".to_owned(),
                scope => format!(", scope {scope}"),
            });
            let article = if role.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
            format!(
                "{} of {article} {role}{scope}: {tally}",
                plural(missing.need, "approval", "approvals")
            )
        }
        ("ticket", _) => "A ticket: none is linked that counts".to_owned(),
        ("check", _) => format!("A check on the head: {tally}"),
        ("objects", _) => "Git objects: some are not in the mirror".to_owned(),
        ("change", _) => "A change for every commit: some belong to none".to_owned(),
        (other, _) => format!("{other}: {tally}"),
    };
    let title = if missing.one_of.is_empty() { title } else { format!("One way: {title}") };
    let (remedy, command) = remedy(missing, rules, pull);
    MissingItem { title, because: Prose::marked(&missing.why), remedy, command }
}

/// The rule's own remedy where it has one; else the usual one of the kind.
fn remedy(missing: &Missing, rules: &[Rule], pull: Option<&Link>) -> (Prose, Option<String>) {
    if missing.kind == "approval" {
        return (approval_remedy(missing), None);
    }
    let of_rule = super::rules::leaves(rules)
        .into_iter()
        .filter(|rule| matches!(rule.state, RuleState::Unsatisfied | RuleState::Error))
        .find(|rule| rule.id.starts_with(&missing.kind) && !rule.remedy.is_empty());
    let command = (missing.kind == "ticket")
        .then(|| pull.map(|pull| format!("countersign link {} KEY", pull.text)))
        .flatten();
    let usual = match missing.kind.as_str() {
        "ticket" => "Put the ticket's key in the title of the pull request, or link it by command.",
        "check" => "Make the check pass on this exact commit, then ask again.",
        "objects" => "Ask again in 15 s: the mirror is fetched again by itself.",
        "change" => "Open a pull request with these commits, and have it decided.",
        _ => "Read the rules below: each says what it needs.",
    };
    (of_rule.map_or_else(|| usual.into(), |rule| Prose::marked(&rule.remedy)), command)
}

fn approval_remedy(missing: &Missing) -> Prose {
    if missing.who.is_empty() && missing.role.is_none() {
        return Prose::from(
            "Name somebody else in the policy: nobody of those named is free to approve this.",
        );
    }
    if missing.who.is_empty() {
        let role = missing.role.as_deref().unwrap_or("role");
        return Prose::from("Ask an administrator: nobody who holds the role ")
            .strong(role)
            .text(" is free to approve this, because all of them took part in writing it or none is listed.");
    }
    let mut prose = Prose::from(if missing.who.len() == 1 { "Ask " } else { "Ask one of: " });
    for (place, who) in missing.who.iter().enumerate() {
        prose = if place == 0 { prose } else { prose.text(", ") }.strong(who);
    }
    if missing.who_more > 0 {
        prose = prose.text(format!(" and {} more", count(missing.who_more)));
    }
    prose.text(". None of them took part in writing.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(kind: &str, who: &[&str]) -> Missing {
        Missing {
            kind: kind.into(),
            role: (kind == "approval").then(|| "architect".into()),
            scope: (kind == "approval").then(|| "payments".into()),
            have: 0,
            need: 1,
            who: who.iter().map(|name| (*name).to_owned()).collect(),
            why: "`src/period.rs` is money".into(),
            ..Missing::default()
        }
    }

    #[test]
    fn a_missing_approval_names_the_people_who_can_give_it() {
        let it = item(&missing("approval", &["m.ortiz", "k.mori"]), &[], None);
        assert_eq!(it.title, "1 approval of an architect, scope payments: 0 of 1");
        assert_eq!(
            it.remedy.plain(),
            "Ask one of: m.ortiz, k.mori. None of them took part in writing."
        );
    }

    #[test]
    fn where_nobody_can_approve_it_says_so() {
        assert!(
            item(&missing("approval", &[]), &[], None)
                .remedy
                .plain()
                .contains("nobody who holds the role")
        );
    }

    #[test]
    fn every_state_has_a_sentence_and_every_remedy_a_verb() {
        for state in State::ALL {
            assert!(answer(state, &[]).plain().ends_with('.'), "{state}");
        }
        for kind in ["ticket", "check", "objects", "change", "other"] {
            assert!(!item(&missing(kind, &[]), &[], None).remedy.is_empty(), "{kind}");
        }
    }
}
