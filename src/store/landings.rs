//! The latest landings of a branch, for who asks whether one of them is taken back.

use std::collections::{BTreeMap, BTreeSet};

use super::{StoreError, Tx, on, signed, unsigned};

macro_rules! of_branch {
    () => {
        " from change where repo = $1 and branch = $2 and id <> $3 and pull is not null and landed_sha is not null and landed_how is not null order by sort_at desc, id desc limit $4"
    };
}

const LATEST: &str = concat!(
    "select id, pull, title, landed_sha, landed_how, landed_at, \
     (select count(*) from deploy where state = 'emergency_open' and id in (select deploy from deploy_change where deploy_change.change = change.id))",
    of_branch!()
);
const BROUGHT: &str =
    concat!("select change, sha from change_commit where change in (select id", of_branch!(), ")");

/// For the test that prepares every statement.
pub const STATEMENTS: &[&str] = &[LATEST, BROUGHT];

/// A change that landed through a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LandedRow {
    /// Its pull request.
    pub pull: u64,
    /// Its title.
    pub title: String,
    /// The commit on the branch.
    pub sha: String,
    /// In which way.
    pub how: String,
    /// When, in microseconds.
    pub at: Option<i64>,
    /// Some deploy took it out under an emergency.
    pub emergency: bool,
    /// Every commit that it says it brought.
    pub brought: BTreeSet<String>,
}

type Flat = (String, i64, String, String, String, Option<i64>, i64);

/// The latest landings on a branch, newest first, `limit` at most, without the change `but`.
pub async fn latest(
    tx: &mut Tx,
    (repo, branch): (&str, &str),
    but: &str,
    limit: u64,
) -> Result<Vec<LandedRow>, StoreError> {
    let rows: Vec<Flat> = on!(tx, |conn| sqlx::query_as(LATEST)
        .bind(repo)
        .bind(branch)
        .bind(but)
        .bind(signed(limit))
        .fetch_all(conn)
        .await)?;
    let commits: Vec<(String, String)> = on!(tx, |conn| sqlx::query_as(BROUGHT)
        .bind(repo)
        .bind(branch)
        .bind(but)
        .bind(signed(limit))
        .fetch_all(conn)
        .await)?;
    let mut brought: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (change, sha) in commits {
        brought.entry(change).or_default().insert(sha);
    }
    let rows = rows.into_iter().map(|(id, pull, title, sha, how, at, emergencies)| LandedRow {
        pull: unsigned(pull),
        title,
        sha,
        how,
        at,
        emergency: emergencies > 0,
        brought: brought.remove(&id).unwrap_or_default(),
    });
    Ok(rows.collect())
}
