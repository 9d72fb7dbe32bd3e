//! Landed changes as lists and totals: as they were at a size of the ledger, with sums that are exact at any number of them.

use super::changes::ChangeRow;
use super::list::{self, Counters, Place, Window};
use super::{StoreError, Tx, on};

macro_rules! matching {
    () => {
        "(cast($1 as text) is null or class = $1) and (cast($2 as text) is null or state = $2) and sort_at >= $3 and sort_at < $4 and (cast($5 as text) is null or repo = $5)"
    };
}

macro_rules! listed {
    ($place:literal) => {
        concat!(
            "select id, repo, pull, title, branch, head, landed_sha, landed_how, landed_at, landed_by, integrity, class, state, opened_at, sort_at, body, ledger_index from change_version where ",
            matching!(),
            " and coalesce(ledger_index, 0) < $6 and until >= $6 and ",
            $place
        )
    };
}

const NEWEST: &str = listed!("(sort_at, id) < ($8, $9) order by sort_at desc, id desc limit $7");
const OLDEST: &str = listed!("(sort_at, id) > ($8, $9) order by sort_at, id limit $7");
const SPANS: &str = "select state, cast(sum(changes) as bigint) from change_total where (cast($1 as text) is null or class = $1) and (cast($2 as text) is null or state = $2) and span = $6 and repo = coalesce(cast($5 as text), '') and at >= $3 and at < $4 group by state";
const EDGE: &str = concat!(
    "select state, count(*) from change where landed_sha is not null and ",
    matching!(),
    " group by state"
);
/// What was said differently at an earlier size: what came since, and what it took the place of.
const SINCE: &str = concat!(
    "select state, count(*) from change where landed_sha is not null and ledger_index >= $6 and ",
    matching!(),
    " group by state"
);
const BEFORE: &str = concat!(
    "select state, count(*) from change_past where until >= $6 and ledger_index < $6 and ",
    matching!(),
    " group by state"
);

/// The counters that these changes make.
macro_rules! counted {
    ($which:literal) => {
        concat!(
            "select span, case when wide = 1 then '' else repo end as repo, case when length = 0 then 0 else (sort_at - ((sort_at % length) + length) % length) / length end as at, class, state, count(*) as changes \
             from change cross join (select 0 as span, 86400000000 as length union all select 1, 2764800000000) as spans \
             cross join (select 0 as wide union all select 1) as wides where landed_sha is not null",
            $which,
            " group by 1, 2, 3, 4, 5"
        )
    };
}

const COUNT: &str = concat!(
    "insert into change_total (span, repo, at, class, state, changes) select span, repo, at, class, state, cast($2 as bigint) * changes from (",
    counted!(" and id = $1"),
    ") as counted where true on conflict (span, repo, at, class, state) do update set changes = change_total.changes + excluded.changes"
);
const TIDY: &str = "delete from change_total where changes = 0";
const WRONG: &str = concat!(
    "select count(*) from (select * from (select * from change_total except ",
    counted!(""),
    ") as only_kept union all select * from (",
    counted!(""),
    " except select * from change_total) as only_counted) as differences"
);
const CLEAR: &str = "delete from change_total";
const RECOUNT: &str = concat!("insert into change_total ", counted!(""));

/// The counters over changes that landed.
pub(super) const COUNTERS: Counters =
    Counters { count: COUNT, tidy: TIDY, wrong: WRONG, clear: CLEAR, recount: RECOUNT };

/// For the test that prepares every statement.
pub const STATEMENTS: &[&str] =
    &[NEWEST, OLDEST, SPANS, EDGE, SINCE, BEFORE, COUNT, TIDY, WRONG, CLEAR, RECOUNT];

/// Which changes a list shows. Times in microseconds, `until` excluded.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of one repository.
    pub repo: Option<String>,
    /// Of one class.
    pub class: Option<String>,
    /// In one state.
    pub state: Option<String>,
    /// From.
    pub from: i64,
    /// Until.
    pub until: i64,
}

/// Landed changes of a list, by when they landed.
pub async fn list(
    tx: &mut Tx,
    filter: &Filter,
    window: &Window,
) -> Result<Vec<ChangeRow>, StoreError> {
    let sql = if window.descending { NEWEST } else { OLDEST };
    let (at, id) = window.from();
    let (from, until) = window.narrowed((filter.from, filter.until));
    Ok(on!(tx, |conn| sqlx::query_as(sql)
        .bind(&filter.class)
        .bind(&filter.state)
        .bind(from)
        .bind(until)
        .bind(&filter.repo)
        .bind(window.size)
        .bind(window.limit)
        .bind(at)
        .bind(id)
        .fetch_all(conn)
        .await)?)
}

/// The place of a row.
#[must_use]
pub fn place(row: &ChangeRow) -> Place {
    Place { at: row.sort_at, id: row.id.clone(), service: String::new() }
}

/// How many landed changes match, by state, as they were at a size of the ledger.
pub async fn states(
    tx: &mut Tx,
    filter: &Filter,
    size: i64,
) -> Result<Vec<(String, i64)>, StoreError> {
    let cut = list::cut((filter.from, filter.until));
    let mut all = Vec::new();
    for (span, from, until) in cut.spans {
        let part = Filter { from, until, ..filter.clone() };
        all.extend(of(tx, SPANS, &part, Some(span)).await?);
    }
    for (from, until) in cut.edges {
        let part = Filter { from, until, ..filter.clone() };
        all.extend(of(tx, EDGE, &part, None).await?);
    }
    if size < list::NOW {
        let since = of(tx, SINCE, filter, Some(size)).await?;
        all.extend(since.into_iter().map(|(state, count)| (state, -count)));
        all.extend(of(tx, BEFORE, filter, Some(size)).await?);
    }
    Ok(all)
}

async fn of(
    tx: &mut Tx,
    sql: &'static str,
    filter: &Filter,
    sixth: Option<i64>,
) -> Result<Vec<(String, i64)>, StoreError> {
    Ok(on!(tx, |conn| {
        let query = sqlx::query_as(sql)
            .bind(&filter.class)
            .bind(&filter.state)
            .bind(filter.from)
            .bind(filter.until)
            .bind(&filter.repo);
        let query = if let Some(sixth) = sixth { query.bind(sixth) } else { query };
        query.fetch_all(conn).await
    })?)
}
