//! What one deploy brought in or took out.

use super::population::deploy_row;
use super::{attribution, gate_change, moment};
use crate::app::deploys::body;
use crate::app::{Action, App, AppError, Caller};
use crate::domain::Oid;
use crate::domain::baseline::Declared;
use crate::report::deploy::{AttributedCommit, DeployPage, EntryRow};
use crate::report::prose::Prose;
use crate::report::refs::Link;
use crate::store;

impl App {
    /// The page of a deploy.
    pub async fn deploy_page(&self, caller: &Caller, id: &str) -> Result<DeployPage, AppError> {
        caller.may(Action::Read, None)?;
        let mut tx = self.db().read().await?;
        let row = store::deploys::get(&mut tx, id).await?;
        let row = row.ok_or_else(|| AppError::NotFound(format!("there is no deploy `{id}`")))?;
        let body = body(&row)?;
        let repo = store::repositories::by_id(&mut tx, &row.repo).await?;
        let place = (row.started_at, row.id.as_str());
        let of_key =
            store::deploys::of_key(&mut tx, &row.repo, &row.service, &row.environment).await?;
        let before = of_key.iter().rev().find(|other| {
            (other.started_at, other.id.as_str()) < place && other.status == "succeeded"
        });
        let facts = &body.facts;
        let direct = facts.buckets.direct_commits.iter().map(|commit| (commit, "direct"));
        let unresolved =
            facts.buckets.unresolved_commits.iter().map(|commit| (commit, "unresolved"));
        let mut commits: Vec<AttributedCommit> = direct
            .chain(unresolved)
            .map(|(commit, bucket)| attributed(*commit, bucket, String::new(), String::new()))
            .collect();
        commits.extend(facts.buckets.exempted.iter().map(|it| {
            let what = format!("{} ({})", it.files.join(", "), it.rule);
            attributed(it.commit, "exempt", what, it.bot.login.clone())
        }));
        let entries = match row.ledger_index {
            Some(index) => vec![EntryRow {
                index,
                kind: "deploy.attributed".to_owned(),
                occurred: moment("deploy", &row.id, row.started_at)?,
                received: None,
                what: Prose::new().text("Attributed: ").text(facts.buckets.sum()),
            }],
            None => Vec::new(),
        };
        Ok(DeployPage {
            repo: repo.map_or_else(|| row.repo.clone(), |repo| repo.name),
            finished: row.finished_at.map(|at| moment("deploy", &row.id, at)).transpose()?,
            artifact: None,
            declared: facts.declared.as_ref().map(declared),
            previous: before
                .filter(|_| facts.declared.is_none())
                .map(|other| Link::new(other.id.clone(), format!("/deploys/{}", other.id))),
            source: body.url.clone().map(|url| Link::new("at its source", url)),
            verdict: Prose::new().text(body.decision.summary.clone()),
            attribution: attribution(&facts.buckets),
            commits_shown_of: commits.len() as u64,
            commits,
            changes: facts.changes.iter().map(gate_change).collect(),
            withdrawn: facts.withdrawn.iter().map(gate_change).collect(),
            decision: None,
            entries,
            row: deploy_row(&mut tx, &row).await?,
        })
    }
}

fn attributed(commit: Oid, bucket: &str, subject: String, author: String) -> AttributedCommit {
    AttributedCommit { commit, subject, author, bucket: bucket.to_owned(), change: None }
}

/// An operator's word about what ran there before.
fn declared(said: &Declared) -> Prose {
    let since = said.since.map(|since| format!(", since {}", since.to_seconds_text()));
    Prose::from("Baseline declared by ")
        .strong(&said.by)
        .text(format!(" on {}", said.at.to_seconds_text()))
        .text(since.unwrap_or_default())
        .text(": ")
        .text(said.reason.clone())
}
