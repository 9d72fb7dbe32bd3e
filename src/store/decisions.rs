//! Decisions, the facts they were made of, and the answers that are remembered.

use super::{StoreError, Tx, on, signed, unsigned};

const PUT_SNAPSHOT: &str =
    "insert into snapshot (digest, body) values ($1, $2) on conflict (digest) do nothing";
const SNAPSHOT: &str = "select body from snapshot where digest = $1";
const PUT: &str = "insert into decision (id, repo, sha, purpose, environment, service, pull, state, class, decided_at, facts, policy, body, ledger_index) \
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) on conflict (id) do nothing";
const GET: &str = "select id, repo, sha, purpose, environment, service, pull, state, class, decided_at, facts, policy, body, ledger_index from decision where id = $1";
const ABOUT: &str = "select id, repo, sha, purpose, environment, service, pull, state, class, decided_at, facts, policy, body, ledger_index from decision \
     where repo = $1 and sha = $2 order by decided_at, id";
const RECENT: &str = "select id, repo, sha, purpose, environment, service, pull, state, class, decided_at, facts, policy, body, ledger_index from decision order by ledger_index desc limit $1";
const PUT_MEMO: &str = "insert into gate_memo (question, decision, repo, seen, holds_until, state, pass, answer) values ($1, $2, $3, $4, $5, $6, $7, $8) \
     on conflict (question) do update set decision = excluded.decision, repo = excluded.repo, seen = excluded.seen, holds_until = excluded.holds_until, state = excluded.state, pass = excluded.pass, answer = excluded.answer";
/// One read answers a repeated question: the memo, if the counters it saw stand still.
const MEMO: &str = "select answer, holds_until, state, pass from gate_memo m where question = $1 and seen = \
     cast((select coalesce(max(n), 0) from version where scope = '*') as text) || '.' || cast((select coalesce(max(n), 0) from version where scope = m.repo) as text)";
/// One read answers a repeated question of the bearer of a token: the token, the one repository of the name, and its
/// memo. No row where anything is not as usual: then the long way tells what.
const TOLD: &str = "select t.id, t.name, t.role, t.repo, t.expires_at, r.id, m.answer, m.holds_until, m.state, m.pass from token t \
     join repository r on r.name = $2 join gate_memo m on m.question = r.id || ':' || $3 and m.seen = \
     cast((select coalesce(max(n), 0) from version where scope = '*') as text) || '.' || cast((select coalesce(max(n), 0) from version where scope = r.id) as text) \
     where t.hash = $1 and t.revoked_at is null \
     and not exists (select 1 from repository other where other.name = $2 and other.id <> r.id)";
const PUT_POLICY: &str =
    "insert into policy_text (digest, bytes) values ($1, $2) on conflict (digest) do nothing";
const POLICY: &str = "select bytes from policy_text where digest = $1";

/// For the test that prepares every statement.
pub const STATEMENTS: &[&str] =
    &[PUT_SNAPSHOT, SNAPSHOT, PUT, GET, ABOUT, RECENT, PUT_MEMO, MEMO, TOLD, PUT_POLICY, POLICY];

/// A decision as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionRow {
    /// Our id: derived from the question, the facts and the policies.
    pub id: String,
    /// The repository's id.
    pub repo: String,
    /// The commit.
    pub sha: String,
    /// `merge` or `deploy`.
    pub purpose: String,
    /// For deploys.
    pub environment: Option<String>,
    /// For deploys.
    pub service: Option<String>,
    /// The pull request, where one was named or found.
    pub pull: Option<u64>,
    /// The state.
    pub state: String,
    /// The class.
    pub class: Option<String>,
    /// When it was first made, microseconds.
    pub decided_at: i64,
    /// Digest of the facts.
    pub facts: String,
    /// Digests of the policies, JSON.
    pub policy: String,
    /// The answer, JSON.
    pub body: String,
    /// Its ledger entry.
    pub ledger_index: u64,
}

pub(super) type Flat = (
    String,
    String,
    String,
    String,
    Option<String>,
    Option<String>,
    Option<i64>,
    String,
    Option<String>,
    i64,
    String,
    String,
    String,
    i64,
);

pub(super) fn row(flat: Flat) -> DecisionRow {
    let (
        id,
        repo,
        sha,
        purpose,
        environment,
        service,
        pull,
        state,
        class,
        decided_at,
        facts,
        policy,
        body,
        index,
    ) = flat;
    DecisionRow {
        id,
        repo,
        sha,
        purpose,
        environment,
        service,
        pull: pull.map(unsigned),
        state,
        class,
        decided_at,
        facts,
        policy,
        body,
        ledger_index: unsigned(index),
    }
}

/// Keeps the facts of a decision, zstd, by digest.
pub async fn put_snapshot(tx: &mut Tx, digest: &str, body: &[u8]) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(PUT_SNAPSHOT)
        .bind(digest)
        .bind(body)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// The facts of a decision, zstd.
pub async fn snapshot(tx: &mut Tx, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let row: Option<(Vec<u8>,)> =
        on!(tx, |conn| sqlx::query_as(SNAPSHOT).bind(digest).fetch_optional(conn).await)?;
    Ok(row.map(|(body,)| body))
}

/// Keeps a decision; `false`: it is there already.
pub async fn put(tx: &mut Tx, decision: &DecisionRow) -> Result<bool, StoreError> {
    let rows = on!(tx, |conn| sqlx::query(PUT)
        .bind(&decision.id)
        .bind(&decision.repo)
        .bind(&decision.sha)
        .bind(&decision.purpose)
        .bind(&decision.environment)
        .bind(&decision.service)
        .bind(decision.pull.map(signed))
        .bind(&decision.state)
        .bind(&decision.class)
        .bind(decision.decided_at)
        .bind(&decision.facts)
        .bind(&decision.policy)
        .bind(&decision.body)
        .bind(signed(decision.ledger_index))
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// One decision.
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<DecisionRow>, StoreError> {
    let flat: Option<Flat> =
        on!(tx, |conn| sqlx::query_as(GET).bind(id).fetch_optional(conn).await)?;
    Ok(flat.map(row))
}

/// Decisions about a commit, in order.
pub async fn about(tx: &mut Tx, repo: &str, sha: &str) -> Result<Vec<DecisionRow>, StoreError> {
    let rows: Vec<Flat> =
        on!(tx, |conn| sqlx::query_as(ABOUT).bind(repo).bind(sha).fetch_all(conn).await)?;
    Ok(rows.into_iter().map(row).collect())
}

/// The latest decisions.
pub async fn recent(tx: &mut Tx, limit: i64) -> Result<Vec<DecisionRow>, StoreError> {
    let rows: Vec<Flat> = on!(tx, |conn| sqlx::query_as(RECENT).bind(limit).fetch_all(conn).await)?;
    Ok(rows.into_iter().map(row).collect())
}

/// An answer to remember.
#[derive(Debug, Clone)]
pub struct Memo<'a> {
    /// The question, as one text.
    pub question: &'a str,
    /// The decision it led to.
    pub decision: &'a str,
    /// The repository's id.
    pub repo: &'a str,
    /// The versions it saw.
    pub seen: &'a str,
    /// Until when it holds whatever the versions say, microseconds.
    pub holds_until: Option<i64>,
    /// Its state.
    pub state: &'a str,
    /// Whether it passes: by its state, or by the rollout.
    pub pass: bool,
    /// The answer, JSON.
    pub answer: &'a str,
}

/// Remembers an answer.
pub async fn remember(tx: &mut Tx, memo: &Memo<'_>) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(PUT_MEMO)
        .bind(memo.question)
        .bind(memo.decision)
        .bind(memo.repo)
        .bind(memo.seen)
        .bind(memo.holds_until)
        .bind(memo.state)
        .bind(i64::from(memo.pass))
        .bind(memo.answer)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// A remembered answer: its JSON, until when it holds in microseconds, its state, whether it passes.
pub type Recalled = (String, Option<i64>, String, i64);

/// The remembered answer to a question, if nothing moved since: one statement, one round trip.
pub async fn recall(db: &super::Db, question: &str) -> Result<Option<Recalled>, StoreError> {
    Ok(match db {
        super::Db::Sqlite { readers, .. } => {
            sqlx::query_as(MEMO).bind(question).fetch_optional(readers).await?
        }
        super::Db::Postgres(pool) => {
            sqlx::query_as(MEMO).bind(question).fetch_optional(pool).await?
        }
    })
}

/// The token that was presented, the repository's id and the remembered answer.
#[derive(Debug, Clone)]
pub struct TokenTold {
    /// The token.
    pub token: super::tokens::Presented,
    /// The repository's id.
    pub repo: String,
    /// The answer.
    pub recalled: Recalled,
}

type FlatTold =
    (String, String, String, Option<String>, Option<i64>, String, String, Option<i64>, String, i64);

/// The remembered answer for the bearer of a token who asks by a repository's name, in one round trip. `hash` is the
/// token's, `rest` is the question without the repository. `None`: anything is not as usual.
pub async fn told(
    db: &super::Db,
    hash: &str,
    repo_name: &str,
    rest: &str,
) -> Result<Option<TokenTold>, StoreError> {
    let row: Option<FlatTold> = match db {
        super::Db::Sqlite { readers, .. } => {
            sqlx::query_as(TOLD)
                .bind(hash)
                .bind(repo_name)
                .bind(rest)
                .fetch_optional(readers)
                .await?
        }
        super::Db::Postgres(pool) => {
            sqlx::query_as(TOLD).bind(hash).bind(repo_name).bind(rest).fetch_optional(pool).await?
        }
    };
    Ok(row.map(|(id, name, role, bound, expires_at, repo, answer, until, state, pass)| TokenTold {
        token: (id, name, role, bound, expires_at),
        repo,
        recalled: (answer, until, state, pass),
    }))
}

/// Keeps a policy's bytes by digest.
pub async fn put_policy(tx: &mut Tx, digest: &str, bytes: &[u8]) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(PUT_POLICY)
        .bind(digest)
        .bind(bytes)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// A policy's bytes.
pub async fn policy(tx: &mut Tx, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let row: Option<(Vec<u8>,)> =
        on!(tx, |conn| sqlx::query_as(POLICY).bind(digest).fetch_optional(conn).await)?;
    Ok(row.map(|(bytes,)| bytes))
}
