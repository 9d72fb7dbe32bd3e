//! Tokens, one-time sign-in links and sessions. Secrets are never kept: only their SHA-256.

use super::{Db, StoreError, Tx, on};

const CREATE: &str = "insert into token (id, name, hash, role, repo, created_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7)";
const BY_HASH: &str =
    "select id, name, role, repo, expires_at from token where hash = $1 and revoked_at is null";
const LIST: &str = "select id, name, role, repo, created_at, expires_at, revoked_at, used_at from token order by created_at, id";
const REVOKE: &str = "update token set revoked_at = $2 where id = $1 and revoked_at is null";
const TOUCH: &str = "update token set used_at = $2 where id = $1";
const ADD_LINK: &str =
    "insert into sign_in_link (hash, person, role, expires_at) values ($1, $2, $3, $4)";
const USE_LINK: &str = "update sign_in_link set used_at = $2 where hash = $1 and used_at is null and expires_at > $2 returning person, role";
const LINK: &str =
    "select person, role from sign_in_link where hash = $1 and used_at is null and expires_at > $2";
const ADD_SESSION: &str = "insert into session (hash, person, role, created_at, seen_at, expires_at) values ($1, $2, $3, $4, $4, $5)";
const SESSION: &str = "select person, role from session where hash = $1 and expires_at > $2";
const END_SESSION: &str = "delete from session where hash = $1";

/// For the test that prepares every statement.
pub const STATEMENTS: &[&str] = &[
    CREATE,
    BY_HASH,
    LIST,
    REVOKE,
    TOUCH,
    ADD_LINK,
    USE_LINK,
    LINK,
    ADD_SESSION,
    SESSION,
    END_SESSION,
];

/// A token to make. Times in microseconds.
#[derive(Debug, Clone)]
pub struct NewToken<'a> {
    /// Our id.
    pub id: &'a str,
    /// What people call it.
    pub name: &'a str,
    /// SHA-256 of the secret.
    pub hash: &'a str,
    /// What it may do.
    pub role: &'a str,
    /// Only for this repository's id.
    pub repo: Option<&'a str>,
    /// When it was made.
    pub created_at: i64,
    /// When it ends.
    pub expires_at: Option<i64>,
}

/// Keeps a token.
pub async fn create(tx: &mut Tx, token: &NewToken<'_>) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(CREATE)
        .bind(token.id)
        .bind(token.name)
        .bind(token.hash)
        .bind(token.role)
        .bind(token.repo)
        .bind(token.created_at)
        .bind(token.expires_at)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// A token that was presented: id, name, role, repository's id, when it ends.
pub type Presented = (String, String, String, Option<String>, Option<i64>);

/// The token of a secret's hash, unless revoked. One statement outside a transaction: it stands before every request.
pub async fn by_hash(db: &Db, hash: &str) -> Result<Option<Presented>, StoreError> {
    Ok(match db {
        Db::Sqlite { readers, .. } => {
            sqlx::query_as(BY_HASH).bind(hash).fetch_optional(readers).await?
        }
        Db::Postgres(pool) => sqlx::query_as(BY_HASH).bind(hash).fetch_optional(pool).await?,
    })
}

/// A token in a list: id, name, role, repository, made, ends, revoked, last used.
pub type Listed =
    (String, String, String, Option<String>, i64, Option<i64>, Option<i64>, Option<i64>);

/// All tokens.
pub async fn list(tx: &mut Tx) -> Result<Vec<Listed>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(LIST).fetch_all(conn).await)?)
}

/// Revokes a token; `false`: there is none of this id that is not revoked.
pub async fn revoke(tx: &mut Tx, id: &str, at: i64) -> Result<bool, StoreError> {
    let rows = on!(tx, |conn| sqlx::query(REVOKE)
        .bind(id)
        .bind(at)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Records that a token was used.
pub async fn touch(tx: &mut Tx, id: &str, at: i64) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(TOUCH).bind(id).bind(at).execute(conn).await.map(|_| ()))?;
    Ok(())
}

/// Keeps a one-time sign-in link.
pub async fn add_link(
    tx: &mut Tx,
    hash: &str,
    person: &str,
    role: &str,
    expires_at: i64,
) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(ADD_LINK)
        .bind(hash)
        .bind(person)
        .bind(role)
        .bind(expires_at)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Uses a link up: who signs in, in which role. `None`: used, expired or never made.
pub async fn use_link(
    tx: &mut Tx,
    hash: &str,
    now: i64,
) -> Result<Option<(String, String)>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(USE_LINK).bind(hash).bind(now).fetch_optional(conn).await)?)
}

/// Person and role of a link that can still be used.
pub async fn link(db: &Db, hash: &str, now: i64) -> Result<Option<(String, String)>, StoreError> {
    let mut tx = db.read().await?;
    Ok(on!(&mut tx, |conn| sqlx::query_as(LINK).bind(hash).bind(now).fetch_optional(conn).await)?)
}

/// Begins a session.
pub async fn add_session(
    tx: &mut Tx,
    hash: &str,
    person: &str,
    role: &str,
    now: i64,
    expires_at: i64,
) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(ADD_SESSION)
        .bind(hash)
        .bind(person)
        .bind(role)
        .bind(now)
        .bind(expires_at)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Whose session it is: person and role.
pub async fn session(
    db: &Db,
    hash: &str,
    now: i64,
) -> Result<Option<(String, String)>, StoreError> {
    Ok(match db {
        Db::Sqlite { readers, .. } => {
            sqlx::query_as(SESSION).bind(hash).bind(now).fetch_optional(readers).await?
        }
        Db::Postgres(pool) => {
            sqlx::query_as(SESSION).bind(hash).bind(now).fetch_optional(pool).await?
        }
    })
}

/// Ends a session.
pub async fn end_session(tx: &mut Tx, hash: &str) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(END_SESSION).bind(hash).execute(conn).await.map(|_| ()))?;
    Ok(())
}
