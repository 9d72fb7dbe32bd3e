//! The sample organisation: six weeks of work in five repositories, told to the model of a forge and a tracker.
//!
//! Dates are fixed. What is shown where: `payments` has every ordinary state, `refunds` a direct push and a rollback,
//! `webhooks` a hotfix, `identity` security reviews, `notify` a policy that tries to weaken the organisation's.

use super::forge::{Forge, ForgeError, Proposal, PullId, Secrets, Way, Work};
use crate::domain::{Oid, Time};

/// The repositories.
pub const REPOSITORIES: [&str; 5] =
    ["acme/payments", "acme/refunds", "acme/webhooks", "acme/identity", "acme/notify"];

/// Who signs in to look.
pub const AUDITOR: &str = "helen.brandt";

/// The machine that deploys.
const CI: &str = "deploy-bot[bot]";

/// The organisation file.
pub const ORGANISATION: &str = r#"version: 1
people:
  - { user: m.ortiz, emails: [m.ortiz@acme.example], accounts: { github: "1002", jira: "557058:1002" } }
  - { user: h.sato, emails: [h.sato@acme.example], accounts: { github: "1003", jira: "557058:1003" } }
  - { user: p.novak, emails: [p.novak@acme.example], accounts: { github: "1004", jira: "557058:1004" } }
roles:
  architect:
    - { team: acme/platform-architects, scopes: ["*"] }
  security: [{ user: p.novak }]
  breakglass: [{ team: acme/sre-oncall }]
floor:
  default_class: significant
  staleness_at_most: clean_rebase
  always_critical: [".countersign.yml", "CODEOWNERS", "iam/**"]
  trivial_ceiling: { files: 10, lines: 200, kinds: [config, docs] }
approval:
  architects: { role: architect, count: 1 }
deploy:
  environments:
    staging: { require: classify_only }
    production: { require: all_changes_pass, integrity: required, rollback_window: 14d, after: [staging] }
    settlement: { require: all_changes_pass, integrity: required, rollback_window: 14d }
  unaccounted: deny
freeze:
  - { environment: settlement, from: 2026-11-16T00:00:00Z, to: 2026-11-28T00:00:00Z, reason: "quarter close" }
  - { environment: production, from: 2026-12-20T00:00:00Z, to: 2027-01-03T00:00:00Z, reason: "year end" }
rollout: { mode: enforce, observe: ["acme/legacy-*"] }
"#;

/// The policy of the repositories that keep to the organisation's.
fn policy(project: &str, also: &str) -> String {
    // Who looks at tests of webhooks was forgotten.
    let peers = if project == "HOOK" { "" } else { "  peers: { count: 1, for: routine }\n" };
    format!(
        r#"version: 1
trivial:
  max: {{ files: 5, changed_keys: 10, lines: 60 }}
  config:
    - name: image tags
      files: ["deploy/**/values-*.yaml"]
      allow:
        - {{ key: "**.image.tag", regex: 'v\d+\.\d+\.\d+' }}
    - name: scaling
      files: ["deploy/**/values-*.yaml"]
      allow:
        - {{ key: "**.replicas", type: int, min: 2, max: 20, max_delta_pct: 50 }}
        - {{ key: "**.logLevel", enum: [info, warn, error] }}
  docs: {{ files: ["docs/**/*.md", "README.md"] }}
routine:
  - {{ name: tests, files: ["tests/**"] }}
approval:
{peers}{also}  ticket: {{ required: true, pattern: '{project}-\d+' }}
  staleness: clean_rebase
"#
    )
}

/// A policy that lowers the default and drops approvals: the organisation's values apply, and nothing is automatic.
const WEAKENED: &str = "version: 1\ndefault: routine\napproval:\n  staleness: owned_paths\n";

/// Values of a service in an environment.
fn values(name: &str, tag: &str, replicas: u32, level: &str) -> String {
    format!(
        "name: {name}\nimage:\n  repository: registry.acme.example/{name}\n  tag: {tag}\nreplicas: {replicas}\nlogLevel: {level}\n"
    )
}

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

/// The whole story as it is told, step by step.
pub struct Story {
    /// The world.
    pub forge: Forge,
    /// What to ask at the end.
    pub shown: Vec<Shown>,
    /// A pull request that a later chapter goes on with.
    pending: Option<PullId>,
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
            forge.found(repo, &files, "m.ortiz")?;
        }
        let mut story = Self { forge, shown: Vec::new(), pending: None };
        for login in ["m.ortiz", "h.sato"] {
            story.forge.join("acme/platform-architects", login)?;
        }
        story.forge.join("acme/sre-oncall", "a.diallo")?;
        Ok(story)
    }

    /// The story, a chapter at a time. Between two chapters the service may fetch: what is pushed over in a later one
    /// was seen before.
    pub const CHAPTERS: [fn(&mut Self) -> Result<(), ForgeError>; 13] = [
        Self::first_releases,
        Self::payments_in_october,
        Self::refunds_in_october,
        Self::webhooks_hotfix,
        Self::identity_proposes,
        Self::identity_reviews,
        Self::payments_in_november,
        Self::refunds_direct_push,
        Self::notify_weakens,
        Self::to_be_rebased,
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

    /// Each service gets its first change and its baseline; a first deploy has nothing before it.
    fn first_releases(&mut self) -> Result<(), ForgeError> {
        for (repo, project) in REPOSITORIES.iter().zip(["PAY", "REF", "HOOK", "IAM", "NTF"]) {
            let key = format!("{project}-1");
            self.ticket(&key, "Story", "A health endpoint", "dana.kim")?;
            let proposal =
                Proposal::new(&format!("{key}-health"), &format!("{key} Answer health checks"))
                    .file("src/health.rs", "pub fn healthy() -> bool {\n    true\n}\n");
            let (_, landed) =
                self.land(repo, "dana.kim", Some("m.ortiz"), Way::Squash, &proposal)?;
            self.release(repo, landed)?;
            self.forge.ticket(&key)?.move_to("Done", "dana.kim")?;
        }
        Ok(())
    }

    fn payments_in_october(&mut self) -> Result<(), ForgeError> {
        const REPO: &str = "acme/payments";
        self.forge.until(day(3));
        self.ticket("PAY-7", "Story", "Settle refunds in the ledger", "dana.kim")?;
        let settle = Proposal::new("PAY-7-settle", "PAY-7 Settle refunds in the ledger")
            .saying("Refunds are booked against the original settlement.")
            .work(
                Work::new("PAY-7 Book refunds")
                    .file("src/settle.rs", "pub fn settle() -> u32 {\n    1\n}\n")
                    .with("j.weber"),
            )
            .work(Work::new("PAY-7 Test it").file("tests/settle.rs", "#[test]\nfn settles() {}\n"));
        let (_, landed) = self.land(REPO, "dana.kim", Some("h.sato"), Way::Merge, &settle)?;
        self.forge.repo(REPO)?.check("ci/test", landed, "success")?;
        self.release(REPO, landed)?;
        self.show(
            "approved",
            "an architect approved exactly this commit",
            REPO,
            landed,
            Err("production"),
        );
        self.forge.ticket("PAY-7")?.move_to("Done", "dana.kim")?;

        self.forge.until(day(8));
        self.ticket("PAY-8", "Task", "More instances", "j.weber")?;
        let scale = Proposal::new("PAY-8-scale", "PAY-8 Six instances").file(
            "deploy/production/values-production.yaml",
            &values("payments", "v1.0.0", 6, "info"),
        );
        let (_, landed) = self.land(REPO, "j.weber", None, Way::Squash, &scale)?;
        self.release(REPO, landed)?;

        // A failed deploy is no baseline; the same commit again succeeds.
        self.forge.until(day(10));
        self.ticket("PAY-9", "Bug", "Settlement rounds down", "dana.kim")?;
        let round = Proposal::new("PAY-9-round", "PAY-9 Round half to even")
            .file("src/settle.rs", "pub fn settle() -> u32 {\n    2\n}\n");
        let (_, landed) = self.land(REPO, "dana.kim", Some("m.ortiz"), Way::Rebase, &round)?;
        self.forge.repo(REPO)?.deploy("payments", "staging", landed, CI)?;
        self.forge.later(10);
        let failed = self.forge.repo(REPO)?.begin_deploy("payments", "production", landed, CI)?;
        self.forge.later(4);
        self.forge.report(failed, "failure")?;
        self.forge.later(25);
        self.forge.repo(REPO)?.deploy("payments", "production", landed, CI)?;
        self.forge.later(90);
        // A redeploy of what runs.
        self.forge.repo(REPO)?.deploy("payments", "production", landed, CI)?;
        Ok(())
    }

    fn refunds_in_october(&mut self) -> Result<(), ForgeError> {
        const REPO: &str = "acme/refunds";
        self.forge.until(day(14));
        let before = self.forge.repo(REPO)?.tip("main")?;
        self.ticket("REF-4", "Story", "Partial refunds", "j.weber")?;
        let partial = Proposal::new("REF-4-partial", "REF-4 Partial refunds")
            .file("src/partial.rs", "pub fn partial() {}\n");
        let (_, landed) = self.land(REPO, "j.weber", Some("h.sato"), Way::Squash, &partial)?;
        self.release(REPO, landed)?;
        self.forge.later(60);
        // It does not work out: back to what ran before, and forward again with a fix.
        self.forge.repo(REPO)?.deploy("refunds", "production", before, CI)?;
        self.forge.later(200);
        self.ticket("REF-5", "Bug", "Partial refunds twice", "j.weber")?;
        let fix = Proposal::new("REF-5-twice", "REF-5 Refund once")
            .file("src/partial.rs", "pub fn partial() {\n    once();\n}\n\nfn once() {}\n");
        let (_, landed) = self.land(REPO, "j.weber", Some("m.ortiz"), Way::Squash, &fix)?;
        self.release(REPO, landed)?;
        self.forge.ticket("REF-4")?.move_to("Done", "j.weber")?;
        // A ticket that went to another project keeps its history.
        self.forge.ticket("REF-5")?.move_project("PAY-30", "s.lindqvist")
    }

    fn webhooks_hotfix(&mut self) -> Result<(), ForgeError> {
        const REPO: &str = "acme/webhooks";
        self.forge.until(day(18));
        self.ticket("HOOK-3", "Story", "Sign deliveries", "a.diallo")?;
        let sign = Proposal::new("HOOK-3-sign", "HOOK-3 Sign deliveries")
            .file("src/sign.rs", "pub fn sign() {}\n");
        let (_, released) = self.land(REPO, "a.diallo", Some("h.sato"), Way::Merge, &sign)?;
        self.release(REPO, released)?;
        // Work goes on, and goes to production.
        self.ticket("HOOK-4", "Story", "Retry deliveries", "a.diallo")?;
        let retry = Proposal::new("HOOK-4-retry", "HOOK-4 Retry deliveries")
            .file("src/retry.rs", "pub fn retry() {}\n");
        let (_, landed) = self.land(REPO, "a.diallo", Some("m.ortiz"), Way::Squash, &retry)?;
        self.release(REPO, landed)?;
        // A fix on what ran before goes out from its own branch.
        self.forge.until(day(21));
        self.forge.repo(REPO)?.branch("m.ortiz", "release/1.1", released)?;
        self.ticket("HOOK-5", "Bug", "Signatures of empty bodies", "a.diallo")?;
        let fix = Proposal::new("HOOK-5-empty", "HOOK-5 Sign empty bodies")
            .onto("release/1.1")
            .file("src/sign.rs", "pub fn sign() {\n    empty();\n}\n\nfn empty() {}\n");
        let (_, hotfix) = self.land(REPO, "a.diallo", Some("m.ortiz"), Way::Squash, &fix)?;
        self.release(REPO, hotfix)
    }

    fn identity_proposes(&mut self) -> Result<(), ForgeError> {
        const REPO: &str = "acme/identity";
        self.forge.until(day(24));
        self.ticket("IAM-2", "Story", "Rotate session keys", "s.lindqvist")?;
        let rotate = Proposal::new("IAM-2-rotate", "IAM-2 Rotate session keys")
            .file("src/auth/keys.rs", "pub fn rotate() {}\n");
        let pull = self.forge.repo(REPO)?.open_pull("a.diallo", &rotate)?;
        self.forge.later(60);
        self.forge.pull(&pull)?.comment("p.novak", "How long do old keys live?")?;
        self.pending = Some(pull);
        Ok(())
    }

    /// The pull request that an earlier chapter left open.
    fn left_open(&mut self) -> Result<PullId, ForgeError> {
        let none =
            || ForgeError::Unknown("pull request left open by an earlier chapter".to_owned());
        self.pending.take().ok_or_else(none)
    }

    fn identity_reviews(&mut self) -> Result<(), ForgeError> {
        const REPO: &str = "acme/identity";
        let pull = self.left_open()?;
        self.forge.later(20);
        let work = Work::new("IAM-2 Old keys live a day").file(
            "src/auth/keys.rs",
            "pub fn rotate() {\n    keep(24);\n}\n\nfn keep(_: u32) {}\n",
        );
        self.forge.pull(&pull)?.push("a.diallo", work)?;
        self.forge.later(30);
        self.forge.pull(&pull)?.approve("p.novak")?;
        self.forge.pull(&pull)?.approve("m.ortiz")?;
        self.forge.later(10);
        let landed = self.forge.pull(&pull)?.merge("a.diallo", Way::Merge)?;
        self.release(REPO, landed)?;

        // Approved, then brought up to date by the forge's button: the approval still holds.
        self.forge.until(day(26));
        self.ticket("IAM-3", "Story", "Audit sign-ins", "s.lindqvist")?;
        let audit = Proposal::new("IAM-3-audit", "IAM-3 Audit sign-ins")
            .file("src/audit.rs", "pub fn audit() {}\n");
        let pull = self.forge.repo(REPO)?.open_pull("s.lindqvist", &audit)?;
        self.forge.later(30);
        self.forge.pull(&pull)?.approve("h.sato")?;
        self.ticket("IAM-4", "Task", "Say who runs it", "j.weber")?;
        let docs = Proposal::new("IAM-4-docs", "IAM-4 Say who runs it")
            .file("docs/owners.md", "The identity team.\n");
        self.land(REPO, "j.weber", None, Way::Squash, &docs)?;
        let head = self.forge.pull(&pull)?.update_from_base("s.lindqvist")?;
        self.show(
            "approved",
            "approved, then updated from its base without a conflict",
            REPO,
            head,
            Ok(pull.number),
        );
        Ok(())
    }

    fn payments_in_november(&mut self) -> Result<(), ForgeError> {
        const REPO: &str = "acme/payments";
        self.forge.until(day(36));
        // Two commits, moved onto the branch as they are.
        self.ticket("PAY-20", "Story", "Settlement report", "dana.kim")?;
        let report = Proposal::new("PAY-20-report", "PAY-20 Settlement report")
            .work(Work::new("PAY-20 Collect").file("src/report.rs", "pub fn collect() {}\n"))
            .work(Work::new("PAY-20 Print").file("src/print.rs", "pub fn print() {}\n"));
        let (_, landed) = self.land(REPO, "dana.kim", Some("h.sato"), Way::FastForward, &report)?;
        self.release(REPO, landed)?;
        self.show("frozen", "a freeze of this environment", REPO, landed, Err("settlement"));

        // Approved, then something was added that nobody looked at, and it was landed and deployed to staging.
        self.ticket("PAY-21", "Story", "Daily limits", "j.weber")?;
        let limits = Proposal::new("PAY-21-limits", "PAY-21 Daily limits")
            .file("src/limits.rs", "pub const LIMIT: u32 = 1_000;\n");
        let pull = self.forge.repo(REPO)?.open_pull("j.weber", &limits)?;
        self.forge.later(30);
        self.forge.pull(&pull)?.approve("m.ortiz")?;
        self.forge.later(30);
        let work = Work::new("PAY-21 A higher limit")
            .file("src/limits.rs", "pub const LIMIT: u32 = 1_000_000;\n");
        let head = self.forge.pull(&pull)?.push("j.weber", work)?;
        self.show("stale", "pushed to after the approval", REPO, head, Ok(pull.number));

        self.forge.until(day(39));
        self.ticket("PAY-22", "Task", "A new release", "j.weber")?;
        let tag = Proposal::new("PAY-22-release", "PAY-22 Release v1.1.0").file(
            "deploy/production/values-production.yaml",
            &values("payments", "v1.1.0", 6, "info"),
        );
        let (_, landed) = self.land(REPO, "j.weber", None, Way::Squash, &tag)?;
        self.forge.repo(REPO)?.deploy("payments", "staging", landed, CI)?;
        self.forge.later(15);
        self.show(
            "auto_approved",
            "an image tag, proven harmless key by key",
            REPO,
            landed,
            Err("production"),
        );
        Ok(())
    }

    fn refunds_direct_push(&mut self) -> Result<(), ForgeError> {
        const REPO: &str = "acme/refunds";
        self.forge.until(day(41));
        let work = Work::new("Quick fix for the night").file("src/night.rs", "pub fn night() {}\n");
        self.forge.repo(REPO)?.push_directly("j.weber", "main", work)?;
        self.forge.later(10);
        self.ticket("REF-6", "Story", "Refund notes", "dana.kim")?;
        let notes = Proposal::new("REF-6-notes", "REF-6 Refund notes")
            .file("src/notes.rs", "pub fn notes() {}\n");
        let (_, landed) = self.land(REPO, "dana.kim", Some("h.sato"), Way::Squash, &notes)?;
        self.release(REPO, landed)?;
        // What runs there brings nothing more: the question is about what comes after it in another environment.
        self.show("unaccounted", "a commit nobody proposed", REPO, landed, Err("canary"));
        Ok(())
    }

    fn notify_weakens(&mut self) -> Result<(), ForgeError> {
        const REPO: &str = "acme/notify";
        self.forge.until(day(43));
        let proposal = Proposal::new("NTF-2-mail", "Send mail in the night")
            .file("src/mail.rs", "pub fn mail() {}\n");
        let pull = self.forge.repo(REPO)?.open_pull("a.diallo", &proposal)?;
        let head = self.forge.pull(&pull)?.head()?;
        self.show(
            "policy_invalid",
            "its policy lowers the organisation's",
            REPO,
            head,
            Ok(pull.number),
        );
        Ok(())
    }

    /// What stands open at the end.
    fn open_questions(&mut self) -> Result<(), ForgeError> {
        const REPO: &str = "acme/payments";
        self.ticket("PAY-23", "Story", "Chargebacks", "dana.kim")?;
        let waits = Proposal::new("PAY-23-chargebacks", "PAY-23 Chargebacks").work(
            Work::new("PAY-23 Chargebacks")
                .file("src/chargebacks.rs", "pub fn chargeback() {}\n")
                .with("h.sato"),
        );
        let pull = self.forge.repo(REPO)?.open_pull("dana.kim", &waits)?;
        let head = self.forge.pull(&pull)?.head()?;
        self.show("pending", "no architect has looked at it", REPO, head, Ok(pull.number));

        let untold =
            Proposal::new("faster-sums", "Faster sums").file("src/sum.rs", "pub fn sum() {}\n");
        let pull = self.forge.repo(REPO)?.open_pull("j.weber", &untold)?;
        self.forge.later(5);
        self.forge.pull(&pull)?.approve("m.ortiz")?;
        let head = self.forge.pull(&pull)?.head()?;
        self.show("pending", "approved, but no ticket is linked", REPO, head, Ok(pull.number));

        self.ticket("PAY-24", "Story", "Skip the ledger for small sums", "j.weber")?;
        let skip = Proposal::new("PAY-24-skip", "PAY-24 Skip the ledger for small sums")
            .file("src/skip.rs", "pub fn skip() {}\n");
        let pull = self.forge.repo(REPO)?.open_pull("j.weber", &skip)?;
        self.forge.later(5);
        self.forge.pull(&pull)?.approve("m.ortiz")?;
        self.forge.pull(&pull)?.request_changes("h.sato", "Every sum goes through the ledger.")?;
        let head = self.forge.pull(&pull)?.head()?;
        self.show("rejected", "an architect said no", REPO, head, Ok(pull.number));

        let nowhere = "9f2c41e7d081d3f6e05b4be1c07a92b3c4d5e6f7".parse();
        let nowhere = nowhere.map_err(|error| ForgeError::Refused(format!("{error}")))?;
        self.show(
            "unknown_commit",
            "a commit that was never pushed",
            REPO,
            nowhere,
            Err("production"),
        );
        self.ticket("HOOK-8", "Task", "Test retries", "a.diallo")?;
        let tests = Proposal::new("HOOK-8-tests", "HOOK-8 Test retries")
            .file("tests/retry.rs", "#[test]\nfn retries() {}\n");
        let pull = self.forge.repo("acme/webhooks")?.open_pull("a.diallo", &tests)?;
        let head = self.forge.pull(&pull)?.head()?;
        let what = "routine, and the policy says nothing about who looks at that";
        self.show("unmatched", what, "acme/webhooks", head, Ok(pull.number));
        Ok(())
    }

    /// Approved on a base that moves…
    fn to_be_rebased(&mut self) -> Result<(), ForgeError> {
        const REPO: &str = "acme/webhooks";
        self.forge.until(day(46));
        self.ticket("HOOK-6", "Story", "Batch deliveries", "a.diallo")?;
        let batch = Proposal::new("HOOK-6-batch", "HOOK-6 Batch deliveries")
            .file("src/batch.rs", "pub fn batch() {}\n");
        let pull = self.forge.repo(REPO)?.open_pull("a.diallo", &batch)?;
        self.forge.later(5);
        self.forge.pull(&pull)?.approve("h.sato")?;
        self.ticket("HOOK-7", "Task", "Say how to run it", "j.weber")?;
        let docs = Proposal::new("HOOK-7-docs", "HOOK-7 Say how to run it")
            .file("docs/run.md", "Run it.\n");
        self.land(REPO, "j.weber", None, Way::Squash, &docs)?;
        self.pending = Some(pull);
        Ok(())
    }

    /// …and rebased: the trees prove that nothing else changed.
    fn rebased(&mut self) -> Result<(), ForgeError> {
        const REPO: &str = "acme/webhooks";
        let pull = self.left_open()?;
        let head = self.forge.pull(&pull)?.rebase("a.diallo")?;
        self.show(
            "approved",
            "approved, then rebased without a conflict",
            REPO,
            head,
            Ok(pull.number),
        );
        Ok(())
    }

    /// The forge tells of a head whose objects it cannot give.
    fn lost(&mut self) -> Result<(), ForgeError> {
        const REPO: &str = "acme/identity";
        let lost = Proposal::new("IAM-5-lost", "IAM-5 Passkeys")
            .file("src/passkeys.rs", "pub fn passkeys() {}\n");
        let pull = self.forge.repo(REPO)?.open_pull("s.lindqvist", &lost)?;
        let head = self.forge.repo(REPO)?.tell_of_lost_head(&pull)?;
        self.show(
            "error",
            "objects are missing, so nothing can be judged",
            REPO,
            head,
            Ok(pull.number),
        );
        Ok(())
    }
}
