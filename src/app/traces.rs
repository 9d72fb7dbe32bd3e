//! What searches and charts read of a judged change, kept with it: who took part, and how long it waited for an architect.

use std::collections::BTreeSet;

use super::AppError;
use super::changes::ChangeBody;
use crate::domain::{Class, Person};
use crate::policy::approvals::held_at;
use crate::store::Tx;
use crate::store::changes::ChangeRow;
use crate::store::participants::{self, Part};
use crate::store::waits::{self, Wait};

/// The role whose decisions are waited for.
const ARCHITECT: &str = "architect";

/// Keeps both for a change as it is judged now.
pub(super) async fn keep(tx: &mut Tx, row: &ChangeRow, body: &ChangeBody) -> Result<(), AppError> {
    participants::put(tx, &row.id, row.sort_at, &parts(body)).await?;
    Ok(waits::put(tx, &row.id, &waited(row.opened_at, body)).await?)
}

/// Forgets both of a change that is no change any more.
pub(super) async fn forget(tx: &mut Tx, change: &str) -> Result<(), AppError> {
    participants::forget(tx, change).await?;
    Ok(waits::put(tx, change, &[]).await?)
}

/// Everybody known who opened, wrote, approved, vetoed or landed it, each part once.
fn parts(body: &ChangeBody) -> Vec<Part> {
    let part = |part: &'static str| move |person: &Person| Part { person: person.0.clone(), part };
    let facts = &body.facts;
    let mut parts = BTreeSet::new();
    parts.extend(facts.pull.iter().flat_map(|pull| &pull.opener).map(part("opened")));
    for commit in &facts.commits {
        let authors = [&commit.author, &commit.committer].into_iter().chain(&commit.co_authors);
        parts.extend(authors.filter_map(|author| author.person.as_ref()).map(part("wrote")));
    }
    for opinion in &body.decision.opinions {
        let verdict = match opinion.verdict.as_str() {
            "approve" => "approved",
            "veto" => "vetoed",
            _ => continue,
        };
        parts.insert(Part { person: opinion.by.clone(), part: verdict });
    }
    let landing = facts.landing.iter().flat_map(|landing| &landing.by);
    parts.extend(landing.map(part("landed")));
    parts.into_iter().collect()
}

/// For each scope that needed an architect the first decision of one who held it; none where nobody decided.
fn waited(opened_at: Option<i64>, body: &ChangeBody) -> Vec<Wait> {
    let Some(opened_at) = opened_at else { return Vec::new() };
    let first = |scope: &str| {
        let decided = body.decision.opinions.iter().filter(|opinion| {
            let decides = opinion.basis.is_some() || opinion.verdict == "veto";
            let person = Person(opinion.by.clone());
            decides && held_at(&body.facts.grants, &person, (ARCHITECT, scope), opinion.at)
        });
        decided.map(|opinion| opinion.at.micros()).filter(|at| *at >= opened_at).min()
    };
    let wait = |scope: String| {
        let decided_at = first(&scope)?;
        Some(Wait { scope, decided_at, waited: decided_at - opened_at })
    };
    scopes(body).into_iter().filter_map(wait).collect()
}

/// The scopes that its significant files raise; `*` for those that raise none by name.
fn scopes(body: &ChangeBody) -> BTreeSet<String> {
    let files = body.decision.classification.files.iter();
    let heavy = files.filter(|file| file.class >= Class::Significant);
    heavy.map(|file| file.scope.clone().unwrap_or_else(|| "*".to_owned())).collect()
}
