//! The latest landings of a branch, for who asks whether one of them is taken back.

use std::collections::BTreeSet;

use super::{StoreError, Tx, on, signed, unsigned};

const LATEST: &str = "select id, pull, title, landed_sha, landed_how, landed_at, \
     (select count(*) from deploy where state = 'emergency_open' and id in (select deploy from deploy_change where change = change.id)) \
     from change where repo = $1 and branch = $2 and id <> $3 and pull is not null and landed_sha is not null and landed_how is not null order by sort_at desc, id desc limit $4";
const BROUGHT: &str = "select sha from change_commit where change = $1";

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
    let mut found = Vec::with_capacity(rows.len());
    for (id, pull, title, sha, how, at, emergencies) in rows {
        let brought: Vec<(String,)> =
            on!(tx, |conn| sqlx::query_as(BROUGHT).bind(&id).fetch_all(conn).await)?;
        found.push(LandedRow {
            pull: unsigned(pull),
            title,
            sha,
            how,
            at,
            emergency: emergencies > 0,
            brought: brought.into_iter().map(|(sha,)| sha).collect(),
        });
    }
    Ok(found)
}
