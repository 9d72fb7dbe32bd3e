//! Attestations of a decision: in-toto statements that other programs read, signed with the ledger's key.
//!
//! A verification summary (SLSA VSA v1) for whoever asks "was this verified?", and a change record for whoever asks how.
//! Both are made of what was recorded with the decision, and their time is the decision's: the same decision gives the
//! same bytes, whenever it is asked for. No SLSA source level is claimed: that the protection of a branch held without a
//! gap is not proven here.

use serde_json::{Value, json};

use super::gate::Kept;
use super::{Action, App, AppError, Caller};
use crate::domain::{Class, Time};
use crate::ledger::bundle::decided::{RECORD, STATEMENT, SUMMARY};
use crate::ledger::statement::{Envelope, IN_TOTO};
use crate::ledger::tree::leaf_hash;
use crate::policy::State;
use crate::policy::decision::{Counted, Rule, RuleState};
use crate::report::attestation::{
    ChangeRecord, RecordedApproval, RecordedChange, RecordedEntry, RecordedPolicy,
    RecordedRepository, RecordedRule,
};
use crate::store::decisions::DecisionRow;
use crate::store::{self, Tx};

/// A level of ours: an architect approved exactly this content, as policy asks for it.
const ARCHITECT_APPROVED: &str = "ORG_SOURCE_ARCHITECT_APPROVED";
/// A level of ours: the change is trivial, and every file was proven to be.
const TRIVIAL_PROVEN: &str = "ORG_SOURCE_TRIVIAL_PROVEN";

/// The attestations of one decision.
#[derive(Debug, Clone)]
pub struct Attested {
    /// The verification summary.
    pub summary: Envelope,
    /// The change record.
    pub record: Envelope,
}

impl App {
    /// The attestations of a decision.
    pub async fn attestations(&self, caller: &Caller, id: &str) -> Result<Attested, AppError> {
        caller.may(Action::Read, None)?;
        let (_, row) = self.decision(caller, id).await?;
        let mut tx = self.db().read().await?;
        self.attest(&mut tx, &row).await
    }

    /// Signs what a decision came to.
    pub(crate) async fn attest(
        &self,
        tx: &mut Tx,
        row: &DecisionRow,
    ) -> Result<Attested, AppError> {
        let kept: Kept = store::json("decision", "body", &row.id, &row.body)?;
        let entry = store::ledger::entry(tx, row.ledger_index).await?;
        let (_, entry, _) = entry.ok_or_else(|| {
            AppError::internal("a decision's entry is missing", &row.ledger_index)
        })?;
        let key = self.signer().key();
        let place = RecordedEntry {
            origin: key.name().to_owned(),
            index: row.ledger_index,
            leaf_hash: leaf_hash(&entry).to_string(),
        };
        let signed = |predicate_type: &str, predicate: &Value| {
            let statement = statement(&kept, predicate_type, predicate);
            let payload = serde_json_canonicalizer::to_vec(&statement)
                .map_err(|error| AppError::internal("a statement as JSON", &error))?;
            Ok::<_, AppError>(Envelope::sign(IN_TOTO, &payload, &key))
        };
        let summary = signed(SUMMARY, &summary(&kept, row, key.name()))?;
        let record = serde_json::to_value(record(&kept, row, place))
            .map_err(|error| AppError::internal("a change record as JSON", &error))?;
        Ok(Attested { summary, record: signed(RECORD, &record)? })
    }
}

/// The statement around a predicate: what it is about is the commit.
fn statement(kept: &Kept, predicate_type: &str, predicate: &Value) -> Value {
    json!({
        "_type": STATEMENT,
        "subject": [{ "name": resource(kept), "digest": { "gitCommit": kept.answer.sha } }],
        "predicateType": predicate_type,
        "predicate": predicate,
    })
}

/// Where the repository is; its id here, where that was not recorded.
fn resource(kept: &Kept) -> String {
    match &kept.resource {
        Some(uri) => uri.clone(),
        None => format!("urn:countersign:repository:{}", kept.answer.repo_id),
    }
}

/// The predicate of a verification summary (<https://slsa.dev/spec/v1.2/verification_summary>).
fn summary(kept: &Kept, row: &DecisionRow, origin: &str) -> Value {
    let told = &kept.answer;
    let input = |name: &str, digest: &str| json!({ "uri": format!("urn:countersign:{name}"), "digest": { "sha256": hex(digest) } });
    let mut inputs = vec![input("facts", &row.facts)];
    inputs.extend(told.policy.repository.iter().map(|digest| input("policy:repository", digest)));
    let passed = told.state.passes();
    json!({
        "verifier": { "id": format!("https://{origin}") },
        "timeVerified": time(row),
        "resourceUri": resource(kept),
        "policy": input("policy:organisation", &told.policy.organisation),
        "inputAttestations": inputs,
        "verificationResult": if passed { "PASSED" } else { "FAILED" },
        "verifiedLevels": if passed { levels(kept) } else { vec!["FAILED"] },
        "slsaVersion": "1.2",
    })
}

/// What may be claimed of a decision that passes. A deploy's decision holds no approvals: it claims what holds for all of
/// its changes by their states alone.
fn levels(kept: &Kept) -> Vec<&'static str> {
    let told = &kept.answer;
    let trivial =
        |class: Option<Class>, state| class == Some(Class::Trivial) && state == State::AutoApproved;
    if let Some(decision) = &kept.decision {
        let architects =
            |rule: &Rule| rule.id == "architects" && rule.state == RuleState::Satisfied;
        let approved = |one: &Counted| {
            one.counts && one.verdict == "approve" && one.role.as_deref() == Some("architect")
        };
        if trivial(told.class, told.state) {
            return vec![TRIVIAL_PROVEN];
        }
        if told.state == State::Approved
            && decision.rules.iter().any(architects)
            && decision.opinions.iter().any(approved)
        {
            return vec![ARCHITECT_APPROVED];
        }
    }
    if let (Some(deploy), Some(facts)) = (&kept.deploy, &kept.deploy_facts) {
        let all = deploy.changes.iter().all(|one| trivial(Some(one.class), one.state));
        let nothing_else = facts.buckets.total == facts.buckets.landed + facts.buckets.plumbing;
        if told.state == State::AutoApproved && !deploy.changes.is_empty() && all && nothing_else {
            return vec![TRIVIAL_PROVEN];
        }
    }
    Vec::new()
}

fn record(kept: &Kept, row: &DecisionRow, ledger: RecordedEntry) -> ChangeRecord {
    let told = &kept.answer;
    let opinions = kept.decision.iter().flat_map(|decision| &decision.opinions);
    ChangeRecord {
        decision: row.id.clone(),
        decided_at: time(row),
        purpose: told.purpose.clone(),
        environment: told.environment.clone(),
        service: told.service.clone(),
        repository: RecordedRepository {
            id: told.repo_id.clone(),
            name: told.repo.clone(),
            uri: kept.resource.clone(),
        },
        commit: told.sha.to_string(),
        tree: told.tree.map(|tree| tree.to_string()),
        pull: told.pull,
        state: told.state.as_str().to_owned(),
        passes: told.state.passes(),
        enforced: told.enforced,
        class: told.class,
        summary: told.summary.clone(),
        policy: RecordedPolicy {
            organisation: told.policy.organisation.clone(),
            repository: told.policy.repository.clone(),
            base: told.policy.base.clone(),
        },
        facts: row.facts.clone(),
        rules: told.rules.iter().map(rule).collect(),
        approvals: opinions.map(approval).collect(),
        changes: told.changes.iter().map(change).collect(),
        ledger,
    }
}

fn rule(rule: &Rule) -> RecordedRule {
    RecordedRule {
        id: rule.id.clone(),
        from: rule.from.clone(),
        state: rule.state.as_str().to_owned(),
        why: rule.why.clone(),
        seen: rule.seen.clone(),
        rules: rule.rules.iter().map(self::rule).collect(),
    }
}

fn approval(counted: &Counted) -> RecordedApproval {
    RecordedApproval {
        id: counted.id.clone(),
        by: counted.by.clone(),
        role: counted.role.clone(),
        verdict: counted.verdict.clone(),
        commit: counted.commit.map(|commit| commit.to_string()),
        at: counted.at.to_string(),
        basis: counted.basis.clone(),
        counts: counted.counts,
        why: counted.why.clone(),
    }
}

fn change(change: &super::gate::ChangeView) -> RecordedChange {
    RecordedChange {
        id: change.id.clone(),
        pull: change.pull,
        class: change.class,
        state: change.state.as_str().to_owned(),
    }
}

/// The decision's time, as it stands in the ledger.
fn time(row: &DecisionRow) -> String {
    Time::from_micros(row.decided_at).map(|at| at.to_string()).unwrap_or_default()
}

fn hex(digest: &str) -> &str {
    digest.strip_prefix("sha256:").unwrap_or(digest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::bundle::decided::PASSING;

    #[test]
    fn the_states_that_pass_are_the_same_for_whoever_checks() {
        let passing: Vec<_> =
            State::ALL.into_iter().filter(|state| state.passes()).map(State::as_str).collect();
        assert_eq!(passing, PASSING);
    }
}
