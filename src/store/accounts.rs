//! Accounts as the sources name them, and which account a source says wrote a commit.

use super::{StoreError, Tx, on};
use crate::domain::{Account, AccountKind};

const PUT: &str = "insert into account (source, id, login, folded, kind) values ($1, $2, $3, $4, $5) \
     on conflict (source, id) do update set login = excluded.login, folded = excluded.folded, kind = excluded.kind \
     where account.login <> excluded.login or account.kind <> excluded.kind";
const BY_LOGIN: &str =
    "select id, login, kind from account where source = $1 and folded = $2 order by id";
const OF_SOURCE: &str = "select id, login, kind from account where source = $1 order by id";
const ALL: &str = "select source, id, login, kind from account order by source, id";
const PUT_COMMIT: &str = "insert into commit_account (repo, sha, author, committer, by_source) values ($1, $2, $3, $4, $5) \
     on conflict (repo, sha) do update set \
     author = case when commit_account.author is null or excluded.author < commit_account.author then excluded.author else commit_account.author end, \
     committer = case when commit_account.committer is null or excluded.committer < commit_account.committer then excluded.committer else commit_account.committer end, \
     by_source = case when excluded.by_source > commit_account.by_source then excluded.by_source else commit_account.by_source end";
const COMMIT: &str =
    "select author, committer, by_source from commit_account where repo = $1 and sha = $2";

const PUT_PUSHER: &str = "insert into commit_pusher (repo, sha, reference, account) values ($1, $2, $3, $4) on conflict do nothing";
const PUSHERS: &str = "select reference, account from commit_pusher where repo = $1 and sha = $2 order by reference, account";

/// For the test that prepares every statement.
pub const STATEMENTS: &[&str] =
    &[PUT, BY_LOGIN, OF_SOURCE, ALL, PUT_COMMIT, COMMIT, PUT_PUSHER, PUSHERS];

fn row((id, login, kind): (String, String, String)) -> Account {
    let kind = if kind == "user" { AccountKind::User } else { AccountKind::Bot };
    Account { id, login, kind }
}

/// Keeps an account with the login it was last seen under.
pub async fn put(tx: &mut Tx, source: &str, account: &Account) -> Result<(), StoreError> {
    let kind = match account.kind {
        AccountKind::User => "user",
        AccountKind::Bot => "bot",
    };
    on!(tx, |conn| sqlx::query(PUT)
        .bind(source)
        .bind(&account.id)
        .bind(&account.login)
        .bind(account.login.to_lowercase())
        .bind(kind)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Accounts of a login, compared without case. More than one: the name was used again.
pub async fn by_login(tx: &mut Tx, source: &str, login: &str) -> Result<Vec<Account>, StoreError> {
    let rows: Vec<(String, String, String)> = on!(tx, |conn| sqlx::query_as(BY_LOGIN)
        .bind(source)
        .bind(login.to_lowercase())
        .fetch_all(conn)
        .await)?;
    Ok(rows.into_iter().map(row).collect())
}

/// All accounts of a source.
pub async fn of_source(tx: &mut Tx, source: &str) -> Result<Vec<Account>, StoreError> {
    let rows: Vec<(String, String, String)> =
        on!(tx, |conn| sqlx::query_as(OF_SOURCE).bind(source).fetch_all(conn).await)?;
    Ok(rows.into_iter().map(row).collect())
}

/// All accounts of all sources.
pub async fn all(tx: &mut Tx) -> Result<Vec<(String, Account)>, StoreError> {
    let rows: Vec<(String, String, String, String)> =
        on!(tx, |conn| sqlx::query_as(ALL).fetch_all(conn).await)?;
    let of = |(source, id, login, kind)| (source, row((id, login, kind)));
    Ok(rows.into_iter().map(of).collect())
}

/// What a source says of who made a commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommitAccounts {
    /// The author's account id.
    pub author: Option<String>,
    /// The committer's.
    pub committer: Option<String>,
    /// The source made it itself for its author, and its own signature on it holds.
    pub by_source: bool,
}

/// Keeps which accounts a source names for a commit: an id before a `@login`, the smaller of two, so that the order in
/// which they are told does not matter.
pub async fn put_commit(
    tx: &mut Tx,
    repo: &str,
    sha: &str,
    said: &CommitAccounts,
) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(PUT_COMMIT)
        .bind(repo)
        .bind(sha)
        .bind(&said.author)
        .bind(&said.committer)
        .bind(i64::from(said.by_source))
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Who made a commit, as far as the source named them.
pub async fn of_commit(tx: &mut Tx, repo: &str, sha: &str) -> Result<CommitAccounts, StoreError> {
    let row: Option<(Option<String>, Option<String>, i64)> =
        on!(tx, |conn| sqlx::query_as(COMMIT).bind(repo).bind(sha).fetch_optional(conn).await)?;
    let said = |(author, committer, by_source)| CommitAccounts {
        author,
        committer,
        by_source: by_source == 1,
    };
    Ok(row.map(said).unwrap_or_default())
}

/// Keeps which account brought a commit to a ref.
pub async fn put_pusher(
    tx: &mut Tx,
    repo: &str,
    sha: &str,
    reference: &str,
    account: &str,
) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(PUT_PUSHER)
        .bind(repo)
        .bind(sha)
        .bind(reference)
        .bind(account)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Which accounts brought a commit to which refs.
pub async fn pushers_of(
    tx: &mut Tx,
    repo: &str,
    sha: &str,
) -> Result<Vec<(String, String)>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(PUSHERS).bind(repo).bind(sha).fetch_all(conn).await)?)
}
