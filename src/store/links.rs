//! Links between pull requests and tickets.

use super::{StoreError, Tx, on, signed, unsigned};

const PUT: &str = "insert into link (id, repo, pull, ticket, live, body) values ($1, $2, $3, $4, $5, $6) \
     on conflict (id) do update set live = excluded.live, body = excluded.body";
const GET: &str = "select id, repo, pull, ticket, live, body from link where id = $1";
const BY_PULL: &str = "select id, repo, pull, ticket, live, body from link where repo = $1 and pull = $2 order by ticket";
const BY_TICKET: &str =
    "select id, repo, pull, ticket, live, body from link where ticket = $1 order by repo, pull";
const OF_DEPLOY: &str = "select distinct link.ticket, case when exists (select 1 from ticket_key where ticket_key.key = link.ticket) then 1 else 0 end \
     from deploy_change join change on change.id = deploy_change.change join link on link.repo = change.repo and link.pull = change.pull \
     where deploy_change.deploy = $1 and link.live = 1 order by link.ticket";
const ALL: &str =
    "select id, repo, pull, ticket, live, body from link where id > $1 order by id limit $2";

/// For the test that prepares every statement.
pub const STATEMENTS: &[&str] = &[PUT, GET, BY_PULL, BY_TICKET, OF_DEPLOY, ALL];

/// A link as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRow {
    /// Our id.
    pub id: String,
    /// The repository's id.
    pub repo: String,
    /// The pull request.
    pub pull: u64,
    /// The ticket's key.
    pub ticket: String,
    /// It stands.
    pub live: bool,
    /// The fold over assertions and retractions, JSON.
    pub body: String,
}

type Flat = (String, String, i64, String, i64, String);

fn row((id, repo, pull, ticket, live, body): Flat) -> LinkRow {
    LinkRow { id, repo, pull: unsigned(pull), ticket, live: live != 0, body }
}

/// Keeps a link.
pub async fn put(tx: &mut Tx, link: &LinkRow) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(PUT)
        .bind(&link.id)
        .bind(&link.repo)
        .bind(signed(link.pull))
        .bind(&link.ticket)
        .bind(i64::from(link.live))
        .bind(&link.body)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// One link.
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<LinkRow>, StoreError> {
    let flat: Option<Flat> =
        on!(tx, |conn| sqlx::query_as(GET).bind(id).fetch_optional(conn).await)?;
    Ok(flat.map(row))
}

/// Links of a pull request, also those that were retracted.
pub async fn by_pull(tx: &mut Tx, repo: &str, pull: u64) -> Result<Vec<LinkRow>, StoreError> {
    let rows: Vec<Flat> = on!(tx, |conn| sqlx::query_as(BY_PULL)
        .bind(repo)
        .bind(signed(pull))
        .fetch_all(conn)
        .await)?;
    Ok(rows.into_iter().map(row).collect())
}

/// Links of a ticket, also those that were retracted.
pub async fn by_ticket(tx: &mut Tx, ticket: &str) -> Result<Vec<LinkRow>, StoreError> {
    let rows: Vec<Flat> =
        on!(tx, |conn| sqlx::query_as(BY_TICKET).bind(ticket).fetch_all(conn).await)?;
    Ok(rows.into_iter().map(row).collect())
}

/// Keys of the tickets that the changes of a deploy are linked to, and whether a tracker knows each.
pub async fn of_deploy(tx: &mut Tx, deploy: &str) -> Result<Vec<(String, bool)>, StoreError> {
    let rows: Vec<(String, i32)> =
        on!(tx, |conn| sqlx::query_as(OF_DEPLOY).bind(deploy).fetch_all(conn).await)?;
    Ok(rows.into_iter().map(|(ticket, known)| (ticket, known == 1)).collect())
}

/// Links by id after one, for the digest of the whole state.
pub async fn page(tx: &mut Tx, after: &str, limit: i64) -> Result<Vec<LinkRow>, StoreError> {
    let rows: Vec<Flat> =
        on!(tx, |conn| sqlx::query_as(ALL).bind(after).bind(limit).fetch_all(conn).await)?;
    Ok(rows.into_iter().map(row).collect())
}
