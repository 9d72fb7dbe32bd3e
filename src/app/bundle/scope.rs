//! What a bundle speaks of: the changes and deploys in scope, and the ledger's entries about them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::Named;
use crate::app::deploys::body;
use crate::app::{App, AppError};
use crate::domain::Time;
use crate::ledger::bundle::decided::{Decided, KIND};
use crate::ledger::bundle::{MAX_ENTRIES, Scope};
use crate::ledger::tree::Hash;
use crate::store::changes::ChangeRow;
use crate::store::deploys::DeployRow;
use crate::store::list::Window;
use crate::store::{self, Tx, landed, population};

/// The fields that say what an entry is about, as they stand there: every entry of the ledger is looked at, few are cited.
#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct About<'a> {
    change: Option<&'a RawValue>,
    changes: Option<&'a RawValue>,
    deploy: Option<&'a RawValue>,
    decision: Option<&'a RawValue>,
    subject: Option<&'a RawValue>,
    repo: Option<&'a RawValue>,
    pull: Option<&'a RawValue>,
    at: Option<&'a RawValue>,
}

/// What a field holds; `None`: something else.
fn value<T: DeserializeOwned>(field: Option<&RawValue>) -> Option<T> {
    field.and_then(|field| serde_json::from_str(field.get()).ok())
}

fn text(field: Option<&RawValue>) -> Option<String> {
    value(field)
}

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
    /// By repository.
    pulls: BTreeMap<String, BTreeSet<u64>>,
    period: Option<(i64, i64)>,
}

/// What is cited.
#[derive(Debug, Default)]
pub(super) struct Cited {
    /// Entries, by their indexes in order.
    pub(super) entries: Vec<u64>,
    /// The decisions among them.
    pub(super) decisions: Vec<u64>,
    /// What these were decided by.
    pub(super) policies: BTreeSet<Hash>,
    /// What these were decided of.
    pub(super) facts: BTreeSet<Hash>,
    /// Erasures that touched either; they are among the entries.
    pub(super) erasures: Vec<u64>,
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
            Scope::Sample(ids) => {
                for id in ids {
                    scope.of_change(tx, id, size).await?;
                }
            }
            Scope::Period { .. } => scope.of_period(tx, size).await?,
        }
        for id in &scope.changes {
            if let Some(row) = change_at(tx, id, size).await? {
                if let Some(pull) = row.pull {
                    scope.pulls.entry(row.repo).or_default().insert(pull);
                }
                scope.known.insert(id.clone());
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
    ) -> Result<Cited, AppError> {
        let mut cited = Cited::default();
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
                    cited.add(index, kind, bytes)?;
                }
                next = index + 1;
            }
            if cited.entries.len() > MAX_ENTRIES {
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
        let Ok(about) = serde_json::from_slice::<About<'_>>(bytes) else { return false };
        let is = |field, ids: &BTreeSet<String>| text(field).is_some_and(|id| ids.contains(&id));
        let changes: Vec<String> = value(about.changes).unwrap_or_default();
        let subject = text(about.subject).unwrap_or_default();
        let subject = |kind: &str, ids: &BTreeSet<String>| {
            subject.strip_prefix(kind).is_some_and(|id| ids.contains(id))
        };
        let pulls = value::<u64>(about.pull).zip(text(about.repo));
        is(about.change, &self.changes)
            || is(about.deploy, &self.deploys)
            || is(about.decision, &self.decisions)
            || changes.iter().any(|id| self.changes.contains(id))
            || subject("change:", &self.changes)
            || subject("deploy:", &self.deploys)
            || pulls.is_some_and(|(pull, repo)| {
                self.pulls.get(&repo).is_some_and(|pulls| pulls.contains(&pull))
            })
            || kind == "policy.organisation"
                && text(about.at).is_some_and(|at| self.is_in_period(&at))
    }

    fn is_in_period(&self, at: &str) -> bool {
        let at = at.parse::<Time>().ok().map(Time::micros);
        self.period.is_some_and(|(from, until)| at.is_some_and(|at| from <= at && at < until))
    }
}

impl Cited {
    fn add(&mut self, index: u64, kind: &str, bytes: &[u8]) -> Result<(), AppError> {
        self.entries.push(index);
        if kind != KIND {
            return Ok(());
        }
        let decided = read_decision(index, bytes)?;
        self.decisions.push(index);
        self.policies.extend(decided.policies());
        self.facts.insert(decided.facts);
        Ok(())
    }
}

/// The decision that an entry speaks of.
pub(super) fn read_decision(index: u64, bytes: &[u8]) -> Result<Decided, AppError> {
    Decided::read(index, bytes)
        .ok_or_else(|| AppError::internal("a decision's entry cannot be read", &index))
}
