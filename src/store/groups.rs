//! A merge queue's groups, and which commits of a branch's line each brings (sem 7).

use super::{StoreError, Tx, on};

const PUT: &str = "insert into merge_group (repo, head, base, branch) values ($1, $2, $3, $4) on conflict (repo, head) do nothing";
const BY_HEAD: &str = "select head, base, branch from merge_group where repo = $1 and head = $2";
const UNLISTED: &str = "select head, base, branch from merge_group where repo = $1 \
     and not exists (select 1 from merge_group_commit where merge_group_commit.repo = merge_group.repo and merge_group_commit.head = merge_group.head) order by head";
const PUT_COMMIT: &str = "insert into merge_group_commit (repo, sha, head) values ($1, $2, $3) on conflict (repo, sha, head) do nothing";
const OF_COMMIT: &str = "select merge_group.head, merge_group.base, merge_group.branch from merge_group_commit \
     join merge_group on merge_group.repo = merge_group_commit.repo and merge_group.head = merge_group_commit.head \
     where merge_group_commit.repo = $1 and merge_group_commit.sha = $2 order by merge_group.head";

/// For the test that prepares every statement.
pub const STATEMENTS: &[&str] = &[PUT, BY_HEAD, UNLISTED, PUT_COMMIT, OF_COMMIT];

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRow {
    /// Its commit.
    pub head: String,
    /// What it is built on.
    pub base: String,
    /// The branch it is for, without `refs/heads/`.
    pub branch: String,
}

fn row((head, base, branch): (String, String, String)) -> GroupRow {
    GroupRow { head, base, branch }
}

/// Keeps a group; what was told of it first stays.
pub async fn put(tx: &mut Tx, repo: &str, group: &GroupRow) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(PUT)
        .bind(repo)
        .bind(&group.head)
        .bind(&group.base)
        .bind(&group.branch)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// The group of this commit.
pub async fn by_head(tx: &mut Tx, repo: &str, head: &str) -> Result<Option<GroupRow>, StoreError> {
    let flat =
        on!(tx, |conn| sqlx::query_as(BY_HEAD).bind(repo).bind(head).fetch_optional(conn).await)?;
    Ok(flat.map(row))
}

/// Groups whose commits are not known yet.
pub async fn unlisted(tx: &mut Tx, repo: &str) -> Result<Vec<GroupRow>, StoreError> {
    let flat: Vec<_> = on!(tx, |conn| sqlx::query_as(UNLISTED).bind(repo).fetch_all(conn).await)?;
    Ok(flat.into_iter().map(row).collect())
}

/// Keeps that a group brings a commit.
pub async fn put_commit(tx: &mut Tx, repo: &str, sha: &str, head: &str) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(PUT_COMMIT)
        .bind(repo)
        .bind(sha)
        .bind(head)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// The groups that bring a commit, by head.
pub async fn of_commit(tx: &mut Tx, repo: &str, sha: &str) -> Result<Vec<GroupRow>, StoreError> {
    let flat: Vec<_> =
        on!(tx, |conn| sqlx::query_as(OF_COMMIT).bind(repo).bind(sha).fetch_all(conn).await)?;
    Ok(flat.into_iter().map(row).collect())
}
