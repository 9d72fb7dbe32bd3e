//! What a bundle speaks of: the changes and deploys in scope, and the ledger's entries about them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Named;
use crate::app::deploys::body;
use crate::app::{App, AppError};
use crate::domain::Time;
use crate::ledger::bundle::decided::{Decided, KIND};
use crate::ledger::bundle::{MAX_ENTRIES, Scope};
use crate::store::changes::ChangeRow;
use crate::store::deploys::DeployRow;
use crate::store::list::Window;
use crate::store::{self, Tx, landed, population};

/// Rows and entries read at once.
const PAGE: i64 = 1000;

/// Ids of everything in scope.
#[derive(Debug, Default)]
pub(super) struct InScope {
    pub(super) changes: BTreeSet<String>,
    /// Those of the changes that are known as such: what a deploy brought may be a commit alone.
    pub(super) known: BTreeSet<String>,
    pub(super) deploys: BTreeSet<String>,
    decisions: BTreeSet<String>,
    pulls: BTreeSet<(String, u64)>,
    period: Option<(i64, i64)>,
}

/// An entry that is cited.
#[derive(Debug)]
pub(super) struct Cited {
    pub(super) index: u64,
    pub(super) decided: Option<Decided>,
    /// Of an erasure: the digest of the list of what it left.
    pub(super) erasure: Option<String>,
}

/// A change as it was at a size of the ledger. One that has not landed is kept as it is now only.
pub(super) async fn change_at(
    tx: &mut Tx,
    id: &str,
    size: u64,
) -> Result<Option<ChangeRow>, AppError> {
    let past = store::changes::at(tx, id, sized(size)).await?;
    if past.is_some() {
        return Ok(past);
    }
    let row = store::changes::get(tx, id).await?;
    Ok(row.filter(|row| row.ledger_index.is_none_or(|index| index < size)))
}

pub(super) fn sized(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

impl App {
    /// Everything that a scope takes in, as it was at the checkpoint's size.
    pub(super) async fn in_scope(
        &self,
        tx: &mut Tx,
        named: &Named,
        size: u64,
    ) -> Result<InScope, AppError> {
        let mut scope = InScope { period: named.period, ..InScope::default() };
        match &named.scope {
            Scope::Change(id) => scope.of_change(tx, id, size).await?,
            Scope::Period { .. } => scope.of_period(tx, size).await?,
        }
        for id in scope.changes.clone() {
            if let Some(row) = change_at(tx, &id, size).await? {
                scope.pulls.extend(row.pull.map(|pull| (row.repo, pull)));
                scope.known.insert(id);
            }
        }
        Ok(scope)
    }
}

impl InScope {
    async fn of_change(&mut self, tx: &mut Tx, id: &str, size: u64) -> Result<(), AppError> {
        if change_at(tx, id, size).await?.is_none() {
            return Err(match store::changes::get(tx, id).await? {
                None => AppError::NotFound(format!("there is no change `{id}`")),
                Some(_) => AppError::Unavailable(format!(
                    "change {id} was judged after the latest checkpoint; try again when the service has signed the next one \
                     (ledger.checkpoint_interval)"
                )),
            });
        }
        self.changes.insert(id.to_owned());
        for deploy in store::deploys::with_change(tx, id).await? {
            if let Some(row) = store::deploys::at(tx, &deploy.id, sized(size)).await? {
                self.decisions.extend(row.decision);
                self.deploys.insert(row.id);
            }
        }
        Ok(())
    }

    async fn of_period(&mut self, tx: &mut Tx, size: u64) -> Result<(), AppError> {
        let (from, until) = self.period.unwrap_or_default();
        let window = Window { descending: false, after: None, limit: PAGE, size: sized(size) };
        let filter = landed::Filter { from, until, ..landed::Filter::default() };
        let mut page = window.clone();
        loop {
            let rows = landed::list(tx, &filter, &page).await?;
            let Some(last) = rows.last() else { break };
            page.after = Some(landed::place(last));
            self.changes.extend(rows.into_iter().map(|row| row.id));
        }
        let filter = population::Filter { from, until, ..population::Filter::default() };
        let mut page = window;
        loop {
            let rows = population::list(tx, &filter, population::Column::Started, &page).await?;
            let Some(last) = rows.last() else { break };
            page.after = Some(population::place(last));
            for row in rows {
                self.add_deploy(row)?;
            }
        }
        Ok(())
    }

    fn add_deploy(&mut self, row: DeployRow) -> Result<(), AppError> {
        let brought = body(&row)?.facts.changes;
        self.changes.extend(brought.into_iter().map(|change| change.id));
        self.decisions.extend(row.decision);
        self.deploys.insert(row.id);
        Ok(())
    }

    /// The entries about the scope, of the ledger's first `size`.
    pub(super) async fn cited(
        &self,
        tx: &mut Tx,
        size: u64,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<Vec<Cited>, AppError> {
        let mut cited = Vec::new();
        let mut next = 0;
        while next < size {
            let rows = store::ledger::entries(tx, next, PAGE).await?;
            if rows.is_empty() {
                let why = "the ledger has a gap; run `countersign verify`";
                return Err(AppError::ReadOnly(why.to_owned()));
            }
            for (index, kind, bytes, _) in &rows {
                let index = store::unsigned(*index);
                if index < size && self.speaks_of(kind, bytes) {
                    cited.push(cite(index, kind, bytes)?);
                }
                next = index + 1;
            }
            if cited.len() > MAX_ENTRIES {
                return Err(AppError::Invalid(format!(
                    "more than {MAX_ENTRIES} entries are about this period; take a shorter one"
                )));
            }
            progress(next.min(size), size);
        }
        Ok(cited)
    }

    /// Whether an entry is about something in scope. In a period, what changed the rules is in scope too.
    fn speaks_of(&self, kind: &str, bytes: &[u8]) -> bool {
        let Ok(entry) = serde_json::from_slice::<Value>(bytes) else { return false };
        let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
        let many = entry.get("changes").and_then(Value::as_array);
        let mut changes = many.into_iter().flatten().filter_map(Value::as_str);
        let subject = text("subject");
        let about = |kind: &str, ids: &BTreeSet<String>| {
            subject.strip_prefix(kind).is_some_and(|id| ids.contains(id))
        };
        let pull = entry.get("pull").and_then(Value::as_u64);
        let pull = pull.map(|number| (text("repo").to_owned(), number));
        self.changes.contains(text("change"))
            || self.deploys.contains(text("deploy"))
            || self.decisions.contains(text("decision"))
            || changes.any(|id| self.changes.contains(id))
            || about("change:", &self.changes)
            || about("deploy:", &self.deploys)
            || pull.is_some_and(|pull| self.pulls.contains(&pull))
            || kind == "policy.organisation" && self.is_in_period(text("at"))
    }

    fn is_in_period(&self, at: &str) -> bool {
        let at = at.parse::<Time>().ok().map(Time::micros);
        self.period.is_some_and(|(from, until)| at.is_some_and(|at| from <= at && at < until))
    }
}

fn cite(index: u64, kind: &str, bytes: &[u8]) -> Result<Cited, AppError> {
    if kind != KIND {
        return Ok(Cited { index, decided: None, erasure: None });
    }
    let decided = Decided::read(index, bytes)
        .ok_or_else(|| AppError::internal("a decision's entry cannot be read", &index))?;
    Ok(Cited { index, decided: Some(decided), erasure: None })
}
