//! October: first releases, ordinary work, a rollback, a hotfix, security reviews.

use super::policies::values;
use super::{CI, REPOSITORIES, Story, day};
use crate::cli::demo::forge::{ForgeError, Proposal, Way, Work};

impl Story {
    /// Each service gets its first change and its baseline; a first deploy has nothing before it.
    pub(super) fn first_releases(&mut self) -> Result<(), ForgeError> {
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

    pub(super) fn payments_in_october(&mut self) -> Result<(), ForgeError> {
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
            .file("src/settle.rs", "pub fn settle() -> u32 {\n    2\n}\n")
            .work(Work::new("PAY-9 Test it").file("tests/round.rs", "#[test]\nfn rounds() {}\n"));
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

    pub(super) fn refunds_in_october(&mut self) -> Result<(), ForgeError> {
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

    pub(super) fn webhooks_hotfix(&mut self) -> Result<(), ForgeError> {
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

    pub(super) fn identity_proposes(&mut self) -> Result<(), ForgeError> {
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

    pub(super) fn identity_reviews(&mut self) -> Result<(), ForgeError> {
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
}
