//! Everything that landed in a period, judged again under a candidate.

use std::sync::Arc;

use super::super::changes::ChangeBody;
use super::super::{Action, App, AppError, Caller};
use super::{Candidate, Known, Read, Sides};
use crate::domain::Time;
use crate::policy::replay::{Effect, Subject};
use crate::store::changes::ChangeRow;
use crate::store::landed::{self, Filter};
use crate::store::list::Window;
use crate::store::repositories::{self, Repository};
use crate::store::{self, Tx};

/// Changes that are read and judged at a time.
const PAGE: i64 = 250;

/// Which landings are judged again, and by what.
#[derive(Debug, Clone)]
pub struct ReplayRequest {
    /// What is tried.
    pub candidate: Candidate,
    /// Of this repository alone. A candidate for a repository's file needs it.
    pub repo: Option<String>,
    /// Landed from this instant on.
    pub from: Option<Time>,
    /// Landed before this instant.
    pub until: Option<Time>,
    /// So many at the most, the newest; `None`: all.
    pub limit: Option<u64>,
}

impl App {
    /// What a candidate would change about the landings of a period; the newest first. `progress` is told how many were
    /// judged.
    pub async fn replay(
        &self,
        caller: &Caller,
        request: ReplayRequest,
        progress: impl FnMut(u64),
    ) -> Result<Effect, AppError> {
        let repo = match &request.repo {
            Some(name) => Some(self.repository(name).await?),
            None => None,
        };
        caller.may(Action::TryPolicy, repo.as_ref().map(|repo| repo.id.as_str()))?;
        let read = request.candidate.read()?;
        if request.candidate.repository.is_some() && repo.is_none() {
            let hint = "a repository's file is tried on one repository: say which";
            return Err(AppError::Invalid(hint.to_owned()));
        }
        let period = (request.from, request.until);
        self.replay_read(&read, repo.as_ref(), period, request.limit, progress).await
    }

    /// The same of a candidate that was read.
    pub(super) async fn replay_read(
        &self,
        read: &Read,
        repo: Option<&Repository>,
        (from, until): (Option<Time>, Option<Time>),
        limit: Option<u64>,
        mut progress: impl FnMut(u64),
    ) -> Result<Effect, AppError> {
        let filter = Filter {
            repo: repo.map(|repo| repo.id.clone()),
            from: from.map_or(i64::MIN, Time::micros),
            until: until.map_or(i64::MAX, Time::micros),
            ..Filter::default()
        };
        let (mut effect, mut known) = (Effect::default(), Known::default());
        let mut after = None;
        loop {
            let left = limit.map_or(PAGE, |limit| {
                store::signed(limit.saturating_sub(effect.compared)).min(PAGE)
            });
            let mut tx = self.db().read().await?;
            let rows = landed::list(&mut tx, &filter, &Window::newest(after, left)).await?;
            let Some(last) = rows.last() else { return Ok(effect) };
            after = Some(landed::place(last));
            let mut work = Vec::with_capacity(rows.len());
            for row in rows {
                let sides = self.known_sides(&mut tx, &mut known, read, &row).await?;
                let repo = known.repositories.get(&row.repo).map(|repo| repo.name.clone());
                work.push((row, repo.unwrap_or_default(), sides));
            }
            drop(tx);
            let judged = tokio::task::spawn_blocking(move || judge(work)).await;
            effect.extend(judged.map_err(|panic| AppError::internal("a replay failed", &panic))??);
            progress(effect.compared);
        }
    }

    /// Both sides for the branch of a change, made once for each branch.
    async fn known_sides(
        &self,
        tx: &mut Tx,
        known: &mut Known,
        read: &Read,
        row: &ChangeRow,
    ) -> Result<Arc<Sides>, AppError> {
        let key = (row.repo.clone(), row.branch.clone());
        if let Some(sides) = known.sides.get(&key) {
            return Ok(Arc::clone(sides));
        }
        if !known.repositories.contains_key(&row.repo) {
            let found = repositories::by_id(tx, &row.repo).await?;
            let found = found.ok_or_else(|| {
                AppError::internal("a change of a repository that is not here", &row.id)
            })?;
            known.repositories.insert(row.repo.clone(), found);
        }
        let Some(repo) = known.repositories.get(&row.repo) else {
            return Err(AppError::internal("a repository that was just read", &row.repo));
        };
        let sides = Arc::new(self.sides(tx, repo, &row.branch, read).await?);
        known.sides.insert(key, Arc::clone(&sides));
        Ok(sides)
    }
}

type Work = (ChangeRow, String, Arc<Sides>);

fn judge(work: Vec<Work>) -> Result<Effect, AppError> {
    let mut effect = Effect::default();
    for (row, repo, sides) in work {
        let body: ChangeBody = serde_json::from_str(&row.body)
            .map_err(|error| AppError::internal("a change that cannot be read", &error))?;
        let mut facts = body.facts;
        let before = sides.before.judge(&mut facts, body.judged_at);
        let after = sides.after.judge(&mut facts, body.judged_at);
        let landed_at = row.landed_at.and_then(Time::from_micros);
        let change = Subject { id: row.id, repo, pull: row.pull, title: row.title, landed_at };
        effect.add(change, &before, &after);
    }
    Ok(effect)
}
