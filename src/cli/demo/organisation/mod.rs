//! The sample organisation: six weeks of work in five repositories, told to the model of a forge and a tracker.
//!
//! Dates are fixed. What is shown where: `payments` has every ordinary state, `refunds` a direct push and a rollback,
//! `webhooks` a hotfix, `identity` security reviews, `notify` a policy that tries to weaken the organisation's.

mod november;
mod october;
mod policies;

pub use policies::ORGANISATION;

use self::policies::{WEAKENED, policy, values};
use super::forge::{Forge, ForgeError, Proposal, PullId, Secrets, Way};
use crate::domain::{Oid, Time};

/// The repositories.
pub const REPOSITORIES: [&str; 5] =
    ["acme/payments", "acme/refunds", "acme/webhooks", "acme/identity", "acme/notify"];

/// Who signs in to look.
pub const AUDITOR: &str = "helen.brandt";

/// The machine that deploys.
const CI: &str = "deploy-bot[bot]";

/// What is asked of the gate at the end, and what it must say.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The state that is to be seen.
    pub state: &'static str,
    /// One line about how it came about.
    pub what: &'static str,
    /// The repository.
    pub repo: String,
    /// The commit.
    pub sha: Oid,
    /// To merge this pull request, or…
    pub pull: Option<u64>,
    /// …to deploy there.
    pub environment: Option<&'static str>,
}

/// A part of the story.
pub type Chapter = fn(&mut Story) -> Result<(), ForgeError>;

/// The whole story as it is told, step by step.
pub struct Story {
    /// The world.
    pub forge: Forge,
    /// What to ask at the end.
    pub shown: Vec<Shown>,
    /// A pull request that a later chapter goes on with.
    pending: Option<PullId>,
    /// The first commit of the last repository.
    first_commit: Option<Oid>,
}

impl std::fmt::Debug for Story {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Story").field("shown", &self.shown.len()).finish_non_exhaustive()
    }
}

fn time(seconds: i64) -> Time {
    Time::from_seconds(seconds).unwrap_or_else(epoch)
}

fn epoch() -> Time {
    Time::from(chrono::DateTime::UNIX_EPOCH)
}

/// Monday, 5 October 2026, 08:00 UTC.
#[must_use]
pub fn start() -> Time {
    time(1_791_187_200)
}

/// Days after the start, at eight.
fn day(number: i64) -> Time {
    time(1_791_187_200 + number * 86_400)
}

impl Story {
    /// People, teams and repositories, before anybody works.
    pub fn begin(dir: &std::path::Path, secrets: Secrets) -> Result<Self, ForgeError> {
        let mut forge = Forge::new(dir, start(), secrets);
        for (login, name) in [
            ("dana.kim", "Dana Kim"),
            ("j.weber", "Jonas Weber"),
            ("m.ortiz", "Maria Ortiz"),
            ("h.sato", "Haruka Sato"),
            ("p.novak", "Petra Novak"),
            ("a.diallo", "Amadou Diallo"),
            ("s.lindqvist", "Sofia Lindqvist"),
            ("helen.brandt", "Helen Brandt"),
        ] {
            forge.person(login, name);
        }
        forge.bot(CI);
        let mut first_commit = None;
        for (repo, project) in REPOSITORIES.iter().zip(["PAY", "REF", "HOOK", "IAM", "NTF"]) {
            let service = repo.rsplit('/').next().unwrap_or_default();
            let also = if project == "IAM" {
                "  also:\n    - { when: { files: [\"src/auth/**\"] }, role: security, count: 1 }\n"
            } else {
                ""
            };
            let policy = if project == "NTF" { WEAKENED.to_owned() } else { policy(project, also) };
            let production = values(service, "v1.0.0", 4, "info");
            let code = format!("//! The service {service}.\n\npub fn main() {{}}\n");
            let files = [
                ("README.md", format!("# {service}\n")),
                (".countersign.yml", policy),
                ("deploy/production/values-production.yaml", production),
                ("src/main.rs", code),
            ];
            let files: Vec<(&str, &str)> =
                files.iter().map(|(path, text)| (*path, text.as_str())).collect();
            first_commit = Some(forge.found(repo, &files, "m.ortiz")?);
        }
        let mut story = Self { forge, shown: Vec::new(), pending: None, first_commit };
        for login in ["m.ortiz", "h.sato"] {
            story.forge.join("acme/platform-architects", login)?;
        }
        story.forge.join("acme/sre-oncall", "a.diallo")?;
        Ok(story)
    }

    /// The story, a chapter at a time. Between two chapters the service may fetch: what is pushed over in a later one
    /// was seen before.
    pub const CHAPTERS: [Chapter; 14] = [
        Self::first_releases,
        Self::payments_in_october,
        Self::refunds_in_october,
        Self::webhooks_hotfix,
        Self::identity_proposes,
        Self::identity_reviews,
        Self::payments_in_november,
        Self::refunds_direct_push,
        Self::identity_direct_push,
        Self::notify_weakens,
        Self::approved_before_a_rebase,
        Self::rebased,
        Self::open_questions,
        Self::lost,
    ];

    /// A ticket that is being worked on.
    fn ticket(&mut self, key: &str, kind: &str, title: &str, by: &str) -> Result<(), ForgeError> {
        self.forge.create_ticket(key, kind, title, "s.lindqvist")?;
        self.forge.later(30);
        self.forge.ticket(key)?.move_to("In Progress", by)
    }

    /// The usual way: opened, looked at by an architect, landed.
    fn land(
        &mut self,
        repo: &str,
        by: &str,
        reviewer: Option<&str>,
        way: Way,
        proposal: &Proposal,
    ) -> Result<(PullId, Oid), ForgeError> {
        let pull = self.forge.repo(repo)?.open_pull(by, proposal)?;
        self.forge.later(45);
        if let Some(reviewer) = reviewer {
            self.forge.pull(&pull)?.approve(reviewer)?;
            self.forge.later(10);
        }
        let landed = self.forge.pull(&pull)?.merge(by, way)?;
        self.forge.later(15);
        Ok((pull, landed))
    }

    /// To staging, then to production.
    fn release(&mut self, repo: &str, commit: Oid) -> Result<(), ForgeError> {
        let service = repo.rsplit('/').next().unwrap_or_default().to_owned();
        self.forge.repo(repo)?.deploy(&service, "staging", commit, CI)?;
        self.forge.later(30);
        self.forge.repo(repo)?.deploy(&service, "production", commit, CI)?;
        self.forge.later(20);
        Ok(())
    }

    fn show(
        &mut self,
        state: &'static str,
        what: &'static str,
        repo: &str,
        sha: Oid,
        place: Result<u64, &'static str>,
    ) {
        let (pull, environment) = (place.ok(), place.err());
        self.shown.push(Shown { state, what, repo: repo.to_owned(), sha, pull, environment });
    }

    /// The pull request that an earlier chapter left open.
    fn left_open(&mut self) -> Result<PullId, ForgeError> {
        let none =
            || ForgeError::Unknown("pull request left open by an earlier chapter".to_owned());
        self.pending.take().ok_or_else(none)
    }
}
