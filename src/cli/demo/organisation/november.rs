//! November: direct pushes, a weakened policy, and what stands open at the end.

use super::policies::values;
use super::{CI, Story, day};
use crate::cli::demo::forge::{ForgeError, Proposal, Way, Work};

impl Story {
    pub(super) fn payments_in_november(&mut self) -> Result<(), ForgeError> {
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

    pub(super) fn refunds_direct_push(&mut self) -> Result<(), ForgeError> {
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
        // It went out all the same. The next one brings only what was approved.
        self.forge.until(day(42));
        self.ticket("REF-7", "Story", "Refund receipts", "dana.kim")?;
        let receipts = Proposal::new("REF-7-receipts", "REF-7 Refund receipts")
            .file("src/receipts.rs", "pub fn receipt() {}\n");
        let (_, landed) = self.land(REPO, "dana.kim", Some("m.ortiz"), Way::Squash, &receipts)?;
        self.forge.repo(REPO)?.deploy("refunds", "staging", landed, CI)?;
        let what = "an architect approved exactly this commit";
        self.show("approved", what, REPO, landed, Err("production"));
        Ok(())
    }

    /// Pushed past everybody, and on its way: only staging has it.
    pub(super) fn identity_direct_push(&mut self) -> Result<(), ForgeError> {
        const REPO: &str = "acme/identity";
        let work =
            Work::new("Longer sessions").file("src/session.rs", "pub const HOURS: u32 = 72;\n");
        let pushed = self.forge.repo(REPO)?.push_directly("s.lindqvist", "main", work)?;
        self.forge.later(10);
        self.forge.repo(REPO)?.deploy("identity", "staging", pushed, CI)?;
        self.show("unaccounted", "a commit nobody proposed", REPO, pushed, Err("production"));
        Ok(())
    }

    pub(super) fn notify_weakens(&mut self) -> Result<(), ForgeError> {
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
    pub(super) fn open_questions(&mut self) -> Result<(), ForgeError> {
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
        self.show(
            "pending",
            "routine: a colleague is enough",
            "acme/webhooks",
            head,
            Ok(pull.number),
        );
        let what = "the first deploy somewhere, of a commit where no change landed";
        let first = self.first_commit;
        let first = first.ok_or_else(|| ForgeError::Unknown("first commit".to_owned()))?;
        self.show("unmatched", what, "acme/notify", first, Err("canary"));
        Ok(())
    }

    /// Approved on a base that moves…
    pub(super) fn approved_before_a_rebase(&mut self) -> Result<(), ForgeError> {
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
    pub(super) fn rebased(&mut self) -> Result<(), ForgeError> {
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
    pub(super) fn lost(&mut self) -> Result<(), ForgeError> {
        const REPO: &str = "acme/identity";
        let lost =
            Proposal::new("passkeys", "Passkeys").file("src/passkeys.rs", "pub fn passkeys() {}\n");
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
