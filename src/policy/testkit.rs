//! Builders for tests of decisions: a change told as a story.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::fact::{
    Check, Commit, Deleted, Edited, Facts, Grant, Integrity, Landing, LandingKind, Opinion,
    Override, Pull, Reviewed, Said, Ticket, Verdict,
};
use crate::domain::file::{Content, Lines};
use crate::domain::{AccountKind, Class, FileChange, Oid, Person, Side, Signature, Time};
use crate::policy::condition::When;
use crate::policy::decision::{Classification, Decision, FileClass, Rule, State};
use crate::policy::glob::Glob;
use crate::policy::model::{
    Approval, Effective, Organisation, PathRule, PeerRule, Policy, RoleRule, Staleness, TicketRule,
    Trivial,
};
use crate::policy::pattern::Pattern;
use crate::policy::requirement::{AlsoRule, Demand, Requirement};

/// A commit by one letter: `a` is 40 times `a`. The head of every story is `f`.
pub(crate) fn oid(digit: char) -> Oid {
    digit.to_string().repeat(40).parse().expect("a hexadecimal digit")
}

/// A minute of 2026-10-14 from noon on.
pub(crate) fn minute(number: i64) -> Time {
    let noon: Time = "2026-10-14T12:00:00Z".parse().expect("a time");
    Time::from_micros(noon.micros() + number * 60_000_000).expect("a time")
}

/// When stories are decided.
pub(crate) fn now() -> Time {
    minute(600)
}

pub(crate) fn glob(text: &str) -> Glob {
    Glob::parse(text).expect("a glob")
}

pub(crate) fn signature(name: &str) -> Signature {
    Signature {
        name: name.to_owned(),
        email: format!("{name}@acme.example"),
        person: Some(name.into()),
        bot: false,
    }
}

/// Nobody knows this address.
pub(crate) fn stranger() -> Signature {
    Signature { person: None, ..signature("stranger") }
}

pub(crate) fn commit(digit: char, author: Signature) -> Commit {
    Commit {
        id: oid(digit),
        parents: vec![oid('0')],
        committer: author.clone(),
        author,
        co_authors: Vec::new(),
        clean_update_merge: false,
        by_source: false,
    }
}

pub(crate) fn policy() -> Policy {
    Policy {
        trivial: Trivial::default(),
        routine: Vec::new(),
        significant: Vec::new(),
        always_critical: Vec::new(),
        deny_keys: Vec::new(),
        default: Class::Significant,
        approval: Approval {
            architects: RoleRule {
                role: "architect".to_owned(),
                count: 1,
                from_class: Class::Significant,
                from: "organisation: approval.architects".to_owned(),
            },
            peers: None,
            also: Vec::new(),
            ticket: None,
            staleness: Staleness::CleanRebase,
            comments: None,
        },
        reverts: None,
        tests: Vec::new(),
    }
}

pub(crate) fn effective() -> Effective {
    Effective {
        policy: policy(),
        organisation: Organisation {
            deny_unaccounted: true,
            roles: BTreeMap::new(),
            ..Organisation::default()
        },
        invalid: Vec::new(),
        organisation_digest: "sha256:0".to_owned(),
        repository_digest: None,
        base: "main@4be1c07a92".to_owned(),
    }
}

/// A new file of one line.
fn change(path: &str, blob: char) -> FileChange {
    let lines = Some(Lines { added: 1, deleted: 0 });
    FileChange {
        path: path.into(),
        old: None,
        new: Some(Side { mode: 0o100_644, oid: oid(blob) }),
        renamed: None,
        content: Content { lines, new_size: 10, ..Content::default() },
        keys: None,
        dependency: None,
    }
}

/// A change, its policy and its classification. `dev1` opened it and wrote its one commit; its head is `f`.
#[derive(Debug, Clone)]
pub(crate) struct Story {
    pub(crate) effective: Effective,
    pub(crate) facts: Facts,
    pub(crate) class: Classification,
    next: i64,
}

impl Story {
    /// Without files yet.
    pub(crate) fn empty(class: Class) -> Self {
        Self {
            effective: effective(),
            facts: Facts {
                fingerprint: "sha256:f".to_owned(),
                pull: Some(Pull {
                    opener: Some("dev1".into()),
                    pushers: vec!["dev1".into()],
                    ..Pull::bare(42, "Settle refunds")
                }),
                commits: vec![commit('f', signature("dev1"))],
                ..Facts::bare("acme/payments", "main", oid('f'))
            },
            class: Classification {
                class,
                why: "src/ledger.rs is code".to_owned(),
                files: Vec::new(),
                limits: Vec::new(),
                revert: None,
            },
            next: 1,
        }
    }

    /// With one file of that class.
    pub(crate) fn of(class: Class) -> Self {
        Self::empty(class).file("src/ledger.rs", class, None)
    }

    /// A significant change: what most stories are about.
    pub(crate) fn significant() -> Self {
        Self::of(Class::Significant)
    }

    pub(crate) fn file(mut self, path: &str, class: Class, scope: Option<&str>) -> Self {
        self.facts.files.push(change(path, '9'));
        self.class.files.push(FileClass {
            path: path.into(),
            class,
            kind: "code".to_owned(),
            rule: "default".to_owned(),
            scope: scope.map(str::to_owned),
            why: format!("{path} is code ({class} by default)"),
            keys: Vec::new(),
        });
        self.facts.files.sort_by(|a, b| a.path.cmp(&b.path));
        self.class.files.sort_by(|a, b| a.path.cmp(&b.path));
        self
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// A path rule of significant class.
    pub(crate) fn rule(self, files: &str, scope: Option<&str>, count: Option<u64>) -> Self {
        self.with(|story| {
            story.effective.policy.significant.push(PathRule {
                name: files.to_owned(),
                files: vec![glob(files)],
                scope: scope.map(str::to_owned),
                count,
                from: "repository: significant[0]".to_owned(),
            });
        })
    }

    pub(crate) fn peers(self, count: u64, from_class: Class) -> Self {
        self.with(|story| {
            story.effective.policy.approval.peers =
                Some(PeerRule { count, from_class, from: "repository: approval.peers".to_owned() });
        })
    }

    pub(crate) fn also(self, when: When, role: &str) -> Self {
        self.needs(when, needs_role(role))
    }

    /// A further requirement.
    pub(crate) fn needs(self, when: When, needs: Requirement) -> Self {
        self.with(|story| {
            story.effective.policy.approval.also.push(AlsoRule { when, needs });
        })
    }

    pub(crate) fn needs_ticket(self) -> Self {
        self.with(|story| {
            story.effective.policy.approval.ticket = Some(TicketRule {
                required: true,
                pattern: Some(Pattern::parse(r"PAY-\d+").expect("a pattern")),
                statuses: vec!["In Progress".to_owned(), "In Review".to_owned()],
                from: "repository: approval.ticket".to_owned(),
            });
        })
    }

    pub(crate) fn ticket(self, key: &str, exists: bool, status: Option<&str>) -> Self {
        self.with(|story| {
            story.facts.tickets.push(Ticket {
                key: key.to_owned(),
                exists,
                status: status.map(str::to_owned),
                category: None,
                found_in: vec!["title".to_owned()],
            });
        })
    }

    pub(crate) fn staleness(self, staleness: Staleness) -> Self {
        self.with(|story| story.effective.policy.approval.staleness = staleness)
    }

    pub(crate) fn grant(self, person: &str, role: &str, scopes: &[&str]) -> Self {
        self.with(|story| {
            story.facts.grants.push(Grant {
                role: role.to_owned(),
                person: person.into(),
                scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
                from: None,
                until: None,
                source: "organisation file, line 7".to_owned(),
                doubt: None,
            });
        })
    }

    /// For all scopes.
    pub(crate) fn architect(self, person: &str) -> Self {
        self.grant(person, "architect", &["*"])
    }

    /// The last grant ends then.
    pub(crate) fn until(self, at: Time) -> Self {
        self.with(|story| {
            if let Some(grant) = story.facts.grants.last_mut() {
                grant.until = Some(at);
            }
        })
    }

    fn opinion(mut self, person: &str, verdict: Verdict, commit: char) -> Self {
        let same = commit == 'f';
        self.facts.opinions.push(Opinion {
            id: format!("review-{}", self.next),
            by: Some(person.into()),
            name: person.to_owned(),
            kind: AccountKind::User,
            member: Some(true),
            verdict,
            commit: Some(oid(commit)),
            fingerprint: Some(format!("sha256:{commit}")),
            proofs: Vec::new(),
            overtaken_by: (!same).then(|| oid('f')),
            elsewhere: None,
            at: minute(self.next),
            dismissed_at: None,
            comment: None,
        });
        self.next += 1;
        self
    }

    pub(crate) fn approves(self, person: &str) -> Self {
        self.opinion(person, Verdict::Approve, 'f')
    }

    /// Another commit than the head.
    pub(crate) fn approves_at(self, person: &str, commit: char) -> Self {
        self.opinion(person, Verdict::Approve, commit)
    }

    pub(crate) fn vetoes(self, person: &str) -> Self {
        self.opinion(person, Verdict::Veto, 'f')
    }

    pub(crate) fn comments(self, person: &str) -> Self {
        self.opinion(person, Verdict::Comment, 'f')
    }

    /// A comment about the head, written so.
    pub(crate) fn says(self, person: &str, line: &str) -> Self {
        let written = Some(line.to_owned());
        self.comments(person).which(|opinion| {
            opinion.id = format!("comment:{}", opinion.id);
            opinion.comment = Some(Said { written, ..Said::default() });
        })
    }

    /// The last comment was edited by somebody into this.
    pub(crate) fn edited(self, by: &str, line: &str) -> Self {
        self.which(|opinion| {
            let said = opinion.comment.as_mut().expect("a comment");
            let (by, line) = (Some(by.into()), Some(line.to_owned()));
            said.edited = Some(Edited { by, at: minute(400), line });
        })
    }

    /// The last comment was deleted by somebody.
    pub(crate) fn deleted(self, by: &str) -> Self {
        self.which(|opinion| {
            let said = opinion.comment.as_mut().expect("a comment");
            said.deleted = Some(Deleted { by: Some(by.into()) });
        })
    }

    /// An administrator set the last opinion aside.
    pub(crate) fn overridden_by(self, person: &str) -> Self {
        self.with(|story| {
            let veto = story.facts.opinions.last().map(|said| said.id.clone()).unwrap_or_default();
            let why = "the finding was a false alarm".to_owned();
            let over = Override { veto, by: person.into(), at: minute(300), why };
            story.facts.overrides.push(over);
        })
    }

    /// Changes the last opinion.
    pub(crate) fn which(self, change: impl FnOnce(&mut Opinion)) -> Self {
        self.with(|story| {
            if let Some(opinion) = story.facts.opinions.last_mut() {
                change(opinion);
            }
        })
    }

    /// At that commit the change held this blob under the path; `None`: it did not touch it.
    pub(crate) fn was(self, commit: char, path: &str, blob: Option<char>) -> Self {
        self.with(|story| {
            let all = &mut story.facts.reviewed;
            let at = all.iter().position(|then| then.commit == oid(commit)).unwrap_or_else(|| {
                all.push(Reviewed {
                    commit: oid(commit),
                    differs: BTreeSet::new(),
                    files: Vec::new(),
                });
                all.len() - 1
            });
            all[at].differs.insert(path.into());
            all[at].files.extend(blob.map(|blob| change(path, blob)));
        })
    }

    /// Git found this tree proof for the last opinion.
    pub(crate) fn proven(self, proof: &str) -> Self {
        self.which(|opinion| opinion.proofs.push(proof.to_owned()))
    }

    pub(crate) fn dismissed(self) -> Self {
        self.which(|opinion| opinion.dismissed_at = Some(minute(500)))
    }

    pub(crate) fn commit(self, commit: Commit) -> Self {
        self.with(|story| story.facts.commits.push(commit))
    }

    pub(crate) fn check(self, name: &str, conclusion: Option<&str>) -> Self {
        self.with(|story| {
            story
                .facts
                .checks
                .push(Check { name: name.to_owned(), conclusion: conclusion.map(str::to_owned) });
        })
    }

    /// At minute 100.
    pub(crate) fn landed(self, integrity: Integrity) -> Self {
        self.with(|story| {
            story.facts.landing = Some(Landing {
                commit: oid('1'),
                how: LandingKind::Squash,
                integrity,
                at: Some(minute(100)),
                by: Some("dev2".into()),
                evidence: Vec::new(),
                altered: Vec::new(),
            });
        })
    }

    pub(crate) fn decide(&self) -> Decision {
        crate::policy::decide(&self.effective, &self.facts, &self.class, now())
    }

    pub(crate) fn state(&self) -> State {
        self.decide().state
    }
}

/// A rule anywhere in the tree.
pub(crate) fn rule<'a>(rules: &'a [Rule], id: &str) -> &'a Rule {
    fn find<'a>(rules: &'a [Rule], id: &str) -> Option<&'a Rule> {
        rules.iter().find_map(|rule| if rule.id == id { Some(rule) } else { find(&rule.rules, id) })
    }
    find(rules, id).unwrap_or_else(|| panic!("no rule {id}"))
}

/// Why the last opinion of a person counts or not.
pub(crate) fn why(decision: &Decision, person: &str) -> String {
    let row = decision.opinions.iter().rfind(|row| row.by == person);
    row.map(|row| row.why.clone()).unwrap_or_default()
}

/// A requirement without a name.
pub(crate) fn requirement(what: Demand) -> Requirement {
    let from = "repository: approval.also[0]".to_owned();
    Requirement { name: None, description: None, what, from }
}

/// One holder of a role, for all scopes.
pub(crate) fn needs_role(role: &str) -> Requirement {
    requirement(Demand::Role { role: role.to_owned(), scope: None, count: 1 })
}

/// Names a person.
pub(crate) fn person(name: &str) -> Person {
    name.into()
}
