//! Somebody whom a `Co-authored-by` names disowns it, in person (sem 3): anybody can write anybody's name into a
//! message, and that must not be a way to disqualify every architect. The trailer stays in the record, flagged.

use super::judge::Subject;
use super::overrides::{readable, reason};
use super::rebuild::Fields;
use super::{Action, App, AppError, Caller, Command, Unit, fields, project};
use crate::domain::fact::{Disowned, Facts};
use crate::domain::{Oid, Person};
use crate::policy::approvals::named_as_co_author;
use crate::store::{Tx, aggregates};

/// What the disowned trailers are kept under, by pull request.
const KIND: &str = "disowned";

/// A trailer to disown.
#[derive(Debug, Clone)]
pub struct DisownRequest {
    /// The change's id.
    pub change: String,
    /// The commit with the trailer, by its whole id.
    pub commit: String,
    /// Why.
    pub reason: String,
}

/// The trailers of a pull request that were disowned, in order of commit and person.
pub(crate) async fn of_pull(
    tx: &mut Tx,
    repo: &str,
    number: u64,
) -> Result<Vec<Disowned>, AppError> {
    let key = project::pull_key(repo, number);
    Ok(aggregates::get(tx, KIND, &key).await?.unwrap_or_default())
}

pub(super) struct Disown {
    repo: String,
    number: u64,
    change: String,
    head: Oid,
    commit: Oid,
    by: Person,
    why: String,
}

impl Disown {
    /// As its entry tells it.
    pub(super) fn of_entry(entry: &Fields<'_>) -> Result<Self, AppError> {
        Ok(Self {
            repo: entry.get("repo")?,
            number: entry.get("pull")?,
            change: entry.get("change")?,
            head: entry.get("head")?,
            commit: entry.get("commit")?,
            by: entry.get("by")?,
            why: entry.get("why")?,
        })
    }
}

impl Command for Disown {
    type Out = Disowned;

    /// Saying it again is the same: the first word stands, and there is one entry.
    async fn run(&mut self, unit: &mut Unit) -> Result<Disowned, AppError> {
        let mut known = of_pull(unit.tx(), &self.repo, self.number).await?;
        if let Some(first) =
            known.iter().find(|said| said.commit == self.commit && said.by == self.by)
        {
            return Ok(first.clone());
        }
        let (by, why) = (self.by.clone(), self.why.clone());
        let said = Disowned { commit: self.commit, by, at: unit.now(), why };
        known.push(said.clone());
        known.sort_by(|a, b| (a.commit, &a.by).cmp(&(b.commit, &b.by)));
        let key = project::pull_key(&self.repo, self.number);
        aggregates::put(unit.tx(), KIND, &key, &known).await?;
        let body = serde_json::json!({
            "change": self.change, "repo": self.repo, "pull": self.number, "head": self.head,
            "commit": self.commit,
        });
        let words = serde_json::json!({ "by": self.by, "why": self.why });
        unit.record_said("coauthor.disowned", fields(body), Some(words)).await?;
        unit.moved(&self.repo);
        let now = unit.now().micros();
        unit.enqueue("change", &key, now);
        Ok(said)
    }
}

impl App {
    /// Disowns a co-author trailer of one commit. Only the person whom it names may, signed in; what else they did there
    /// is not undone by it, and nobody else's part is.
    pub async fn disown(
        &self,
        caller: &Caller,
        request: DisownRequest,
    ) -> Result<Disowned, AppError> {
        caller.may_in_person(Action::Disown)?;
        let why = reason(&request.reason, "the trailer is disowned")?;
        let commit: Oid = request.commit.trim().parse().map_err(|_| {
            AppError::Invalid("commit: the whole id of the commit with the trailer".to_owned())
        })?;
        let (repo, number) =
            self.proposed(&request.change, "it asks nobody for an approval").await?;
        let by = self.person_of(caller, &repo, "whom a trailer names").await?;
        let judged = self.judge(&repo, &Subject::Pull(number), self.clock().now()).await?;
        readable(&judged.facts)?;
        names(&judged.facts, commit, &by)?;
        let head = judged.facts.head;
        let change = request.change;
        self.writer().submit(Disown { repo: repo.id, number, change, head, commit, by, why }).await
    }
}

/// Whether a co-author trailer of that commit names that person; if not, which do.
fn names(facts: &Facts, commit: Oid, by: &Person) -> Result<(), AppError> {
    const SHOWN: usize = 20;
    let named = named_as_co_author(facts, by);
    if named.contains(&commit) {
        return Ok(());
    }
    let shown: Vec<String> = named.iter().take(SHOWN).map(ToString::to_string).collect();
    let shown = if shown.is_empty() { "none".to_owned() } else { shown.join(", ") };
    Err(AppError::NotFound(format!(
        "no co-author trailer of {commit} in this change names {by}; commits whose trailers do: {shown}"
    )))
}
