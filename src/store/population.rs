//! The population as lists and totals: deploys as they were at a size of the ledger, in the orders that have an index, and
//! sums that are exact at any number of deploys, because they are kept with the rows they count.

use std::collections::BTreeMap;

use super::deploys::{DeployRow, Flat, Tally, row};
use super::list::{self, Counters, Place, Window};
use super::{StoreError, Tx, on, unsigned};
use crate::domain::DAY;

/// The filters of a list over the columns of a deploy.
macro_rules! matching {
    () => {
        "(cast($1 as text) is null or environment = $1) and (cast($2 as text) is null or service = $2) and (cast($3 as text) is null or status = $3) \
         and (cast($4 as text) is null or kind = $4) and (cast($5 as text) is null or class = $5) and (cast($6 as text) is null or state = $6)"
    };
}

macro_rules! listed {
    ($period:literal, $place:literal) => {
        concat!(
            "select id, repo, service, environment, sha, previous, status, kind, started_at, finished_at, deployer, class, state, decision, body, ledger_index from deploy_version where ",
            matching!(),
            " and coalesce(ledger_index, 0) < $9 and until >= $9 and ",
            $period,
            " and ",
            $place
        )
    };
}

const NEWEST: &str = listed!(
    "started_at >= $7 and started_at < $8",
    "(started_at, id) < ($11, $12) order by started_at desc, id desc limit $10"
);
const OLDEST: &str = listed!(
    "started_at >= $7 and started_at < $8",
    "(started_at, id) > ($11, $12) order by started_at, id limit $10"
);
// The plus keeps SQLite from taking the index by time and sorting all of the period.
const LAST_SERVICE: &str = listed!(
    "+started_at >= $7 and +started_at < $8",
    "(service, started_at, id) < ($13, $11, $12) order by service desc, started_at desc, id desc limit $10"
);
const FIRST_SERVICE: &str = listed!(
    "+started_at >= $7 and +started_at < $8",
    "(service, started_at, id) > ($13, $11, $12) order by service, started_at, id limit $10"
);
const MOST_SERVICE: &str = "select max(service) from (select max(service) as service from deploy union all select max(service) from deploy_past) as both_of";

/// Sums over rows that are counted once.
macro_rules! sums {
    () => {
        "cast(coalesce(sum(deploys), 0) as bigint), cast(coalesce(sum(commits), 0) as bigint), cast(coalesce(sum(changes), 0) as bigint), cast(coalesce(sum(landed), 0) as bigint), cast(coalesce(sum(direct), 0) as bigint), cast(coalesce(sum(exempt), 0) as bigint), cast(coalesce(sum(plumbing), 0) as bigint), cast(coalesce(sum(pre_ledger), 0) as bigint), cast(coalesce(sum(unresolved), 0) as bigint), cast(coalesce(sum(by_rule), 0) as bigint), cast(coalesce(sum(approved), 0) as bigint), cast(coalesce(sum(emergency), 0) as bigint)"
    };
}

macro_rules! summed {
    ($from:expr) => {
        concat!("select ", sums!(), " from ", $from)
    };
}

const SPANS: &str = summed!(
    "deploy_total where span = $1 and wide = $2 and environment = $3 and service = $4 and at >= $5 and at < $6 \
     and (cast($7 as text) is null or status = $7) and (cast($8 as text) is null or kind = $8) and (cast($9 as text) is null or class = $9) and (cast($10 as text) is null or state = $10)"
);
const EDGE: &str = summed!(concat!(
    "(select deploy.*, 1 as deploys from deploy) as rows_of where ",
    matching!(),
    " and started_at >= $7 and started_at < $8"
));
/// What was said differently at an earlier size: what came since, and what it took the place of.
const SINCE: &str = summed!(concat!(
    "(select 1 as deploys, environment, service, status, kind, class, state, started_at, commits, changes, landed, direct, exempt, plumbing, pre_ledger, unresolved, by_rule, approved, emergency from deploy where ledger_index >= $9) as rows_of where ",
    matching!(),
    " and started_at >= $7 and started_at < $8"
));
const BEFORE: &str = summed!(concat!(
    "(select 1 as deploys, environment, service, status, kind, class, state, started_at, commits, changes, landed, direct, exempt, plumbing, pre_ledger, unresolved, by_rule, approved, emergency from deploy_past where until >= $9 and ledger_index < $9) as rows_of where ",
    matching!(),
    " and started_at >= $7 and started_at < $8"
));
/// The same by service, over counters that any result made.
const SPANS_BY_SERVICE: &str = concat!(
    "select service, ",
    sums!(),
    " from deploy_total where span = $1 and wide = $2 and environment = $3 and at >= $4 and at < $5 and (cast($6 as text) is null or service = $6) \
     and service in (select service from deploy_total where span = 2 and wide = $2 and environment = $3) group by service"
);
const EDGE_BY_SERVICE: &str = concat!(
    "select service, ",
    sums!(),
    " from (select deploy.*, 1 as deploys from deploy) as rows_of where (cast($1 as text) is null or environment = $1) and (cast($2 as text) is null or service = $2) \
     and started_at >= $3 and started_at < $4 group by service"
);
const LAST_DAY: &str = "select max(at) from deploy_total where span = 0 and wide = $1 and environment = $2 and service = $3 and at >= $4 and at < $5";
const DAYS: &str = "select at, class, cast(sum(deploys) as bigint) from deploy_total where span = 0 and wide = $1 and environment = $2 and service = $3 and at >= $4 and at < $5 group by at, class order by at, class";
const RAISED: &str = "select count(*) from deploy d where (cast($1 as text) is null or d.environment = $1) and (cast($2 as text) is null or d.service = $2) and d.started_at >= $3 and d.started_at < $4 \
     and d.id in (select substr(e.subject, 8) from exception e where e.subject like 'deploy:%')";
const PLACES: &str = "select distinct environment, service from deploy_total where span = 2 and wide = 4 order by environment, service";

/// The counters that these deploys make.
macro_rules! counted {
    ($which:literal) => {
        concat!(
            "select span, wide, case when wide in (2, 3, 6, 7) then '' else environment end as environment, case when wide in (1, 3, 5, 7) then '' else service end as service, \
             case when length = 0 then 0 else (started_at - ((started_at % length) + length) % length) / length end as at, \
             case when wide > 3 then '' else status end as status, case when wide > 3 then '' else kind end as kind, case when wide > 3 then '' else coalesce(class, '') end as class, case when wide > 3 then '' else state end as state, \
             count(*) as deploys, cast(sum(commits) as bigint) as commits, cast(sum(changes) as bigint) as changes, cast(sum(landed) as bigint) as landed, cast(sum(direct) as bigint) as direct, cast(sum(exempt) as bigint) as exempt, \
             cast(sum(plumbing) as bigint) as plumbing, cast(sum(pre_ledger) as bigint) as pre_ledger, cast(sum(unresolved) as bigint) as unresolved, \
             cast(sum(by_rule) as bigint) as by_rule, cast(sum(approved) as bigint) as approved, cast(sum(emergency) as bigint) as emergency \
             from deploy cross join (select 0 as span, 86400000000 as length union all select 1, 2764800000000 union all select 2, 0) as spans \
             cross join (select 0 as wide union all select 1 union all select 2 union all select 3 union all select 4 union all select 5 union all select 6 union all select 7) as wides ",
            $which,
            " group by 1, 2, 3, 4, 5, 6, 7, 8, 9"
        )
    };
}

const COUNT: &str = concat!(
    "insert into deploy_total (span, wide, environment, service, at, status, kind, class, state, deploys, commits, changes, landed, direct, exempt, plumbing, pre_ledger, unresolved, by_rule, approved, emergency) \
     select span, wide, environment, service, at, status, kind, class, state, cast($2 as bigint) * deploys, cast($2 as bigint) * commits, cast($2 as bigint) * changes, cast($2 as bigint) * landed, cast($2 as bigint) * direct, cast($2 as bigint) * exempt, \
     cast($2 as bigint) * plumbing, cast($2 as bigint) * pre_ledger, cast($2 as bigint) * unresolved, cast($2 as bigint) * by_rule, cast($2 as bigint) * approved, cast($2 as bigint) * emergency from (",
    counted!("where id = $1"),
    ") as counted where true on conflict (span, wide, environment, service, at, status, kind, class, state) do update set \
     deploys = deploy_total.deploys + excluded.deploys, commits = deploy_total.commits + excluded.commits, changes = deploy_total.changes + excluded.changes, landed = deploy_total.landed + excluded.landed, \
     direct = deploy_total.direct + excluded.direct, exempt = deploy_total.exempt + excluded.exempt, plumbing = deploy_total.plumbing + excluded.plumbing, pre_ledger = deploy_total.pre_ledger + excluded.pre_ledger, \
     unresolved = deploy_total.unresolved + excluded.unresolved, by_rule = deploy_total.by_rule + excluded.by_rule, approved = deploy_total.approved + excluded.approved, emergency = deploy_total.emergency + excluded.emergency"
);
const TIDY: &str = "delete from deploy_total where deploys = 0";
const WRONG: &str = concat!(
    "select count(*) from (select * from (select * from deploy_total except ",
    counted!(""),
    ") as only_kept union all select * from (",
    counted!(""),
    " except select * from deploy_total) as only_counted) as differences"
);
const CLEAR: &str = "delete from deploy_total";
const RECOUNT: &str = concat!("insert into deploy_total ", counted!(""));

/// The counters over deploys.
pub(super) const COUNTERS: Counters =
    Counters { count: COUNT, tidy: TIDY, wrong: WRONG, clear: CLEAR, recount: RECOUNT };

/// For the test that prepares every statement.
pub const STATEMENTS: &[&str] = &[
    NEWEST,
    OLDEST,
    LAST_SERVICE,
    FIRST_SERVICE,
    MOST_SERVICE,
    SPANS,
    EDGE,
    SINCE,
    BEFORE,
    SPANS_BY_SERVICE,
    EDGE_BY_SERVICE,
    LAST_DAY,
    DAYS,
    RAISED,
    PLACES,
    COUNT,
    TIDY,
    WRONG,
    CLEAR,
    RECOUNT,
];

/// Which deploys a list shows. Times in microseconds, `until` excluded.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// To one environment.
    pub environment: Option<String>,
    /// Of one service.
    pub service: Option<String>,
    /// With one result.
    pub status: Option<String>,
    /// Of one kind.
    pub kind: Option<String>,
    /// Of one highest class.
    pub class: Option<String>,
    /// In one state.
    pub state: Option<String>,
    /// From.
    pub from: i64,
    /// Until.
    pub until: i64,
}

/// The columns that order a population.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// When it began.
    Started,
    /// The service, then when it began.
    Service,
}

/// Deploys of a list in an order.
pub async fn list(
    tx: &mut Tx,
    filter: &Filter,
    column: Column,
    window: &Window,
) -> Result<Vec<DeployRow>, StoreError> {
    let sql = match (column, window.descending) {
        (Column::Started, true) => NEWEST,
        (Column::Started, false) => OLDEST,
        (Column::Service, true) => LAST_SERVICE,
        (Column::Service, false) => FIRST_SERVICE,
    };
    let service = match (column, &window.after) {
        (Column::Started, _) => None,
        (Column::Service, Some(place)) => Some(place.service.clone()),
        (Column::Service, None) if window.descending => Some(most_service(tx).await?),
        (Column::Service, None) => Some(String::new()),
    };
    let (at, id) = window.from();
    let (from, until) = match column {
        Column::Started => window.narrowed((filter.from, filter.until)),
        Column::Service => (filter.from, filter.until),
    };
    let rows: Vec<Flat> = on!(tx, |conn| {
        let query = sqlx::query_as(sql)
            .bind(&filter.environment)
            .bind(&filter.service)
            .bind(&filter.status)
            .bind(&filter.kind)
            .bind(&filter.class)
            .bind(&filter.state)
            .bind(from)
            .bind(until)
            .bind(window.size)
            .bind(window.limit)
            .bind(at)
            .bind(id);
        let query = if let Some(service) = service { query.bind(service) } else { query };
        query.fetch_all(conn).await
    })?;
    Ok(rows.into_iter().map(row).collect())
}

async fn most_service(tx: &mut Tx) -> Result<String, StoreError> {
    let row: (Option<String>,) =
        on!(tx, |conn| sqlx::query_as(MOST_SERVICE).fetch_one(conn).await)?;
    Ok(row.0.unwrap_or_default())
}

/// The place of a row.
#[must_use]
pub fn place(row: &DeployRow) -> Place {
    Place { at: row.started_at, id: row.id.clone(), service: row.service.clone() }
}

type Sums = (i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64);

/// Sums over every deploy that matches, as they were at a size of the ledger.
pub async fn totals(tx: &mut Tx, filter: &Filter, size: i64) -> Result<Tally, StoreError> {
    let cut = list::cut((filter.from, filter.until));
    let mut total = [0_i64; 12];
    for part in &cut.spans {
        add(&mut total, 1, of_spans(tx, filter, *part).await?);
    }
    for (from, until) in cut.edges {
        let edge = Filter { from, until, ..filter.clone() };
        add(&mut total, 1, of_rows(tx, EDGE, &edge, None).await?);
    }
    if size < list::NOW {
        add(&mut total, -1, of_rows(tx, SINCE, filter, Some(size)).await?);
        add(&mut total, 1, of_rows(tx, BEFORE, filter, Some(size)).await?);
    }
    Ok(tally(total))
}

/// The same over every deploy of a filter's environment, service and period as of now, by service in alphabetical order.
pub async fn by_service(tx: &mut Tx, filter: &Filter) -> Result<Vec<(String, Tally)>, StoreError> {
    let cut = list::cut((filter.from, filter.until));
    let mut all: BTreeMap<String, [i64; 12]> = BTreeMap::new();
    let wide = ANY_RESULT + i64::from(filter.environment.is_none()) * ANY_ENVIRONMENT;
    for (span, first, until) in cut.spans {
        let rows: Vec<ByService> = on!(tx, |conn| sqlx::query_as(SPANS_BY_SERVICE)
            .bind(span)
            .bind(wide)
            .bind(filter.environment.as_deref().unwrap_or_default())
            .bind(first)
            .bind(until)
            .bind(&filter.service)
            .fetch_all(conn)
            .await)?;
        add_each(&mut all, rows);
    }
    for (from, until) in cut.edges {
        let rows: Vec<ByService> = on!(tx, |conn| sqlx::query_as(EDGE_BY_SERVICE)
            .bind(&filter.environment)
            .bind(&filter.service)
            .bind(from)
            .bind(until)
            .fetch_all(conn)
            .await)?;
        add_each(&mut all, rows);
    }
    Ok(all.into_iter().map(|(service, total)| (service, tally(total))).collect())
}

type ByService = (String, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64);

fn add_each(all: &mut BTreeMap<String, [i64; 12]>, rows: Vec<ByService>) {
    for (service, a, b, c, d, e, f, g, h, i, j, k, l) in rows {
        add(all.entry(service).or_default(), 1, (a, b, c, d, e, f, g, h, i, j, k, l));
    }
}

/// Counters are kept of each environment, service and result, and of any of them together; the number of a counter's
/// kind is the sum of these.
const ANY_SERVICE: i64 = 1;
const ANY_ENVIRONMENT: i64 = 2;
const ANY_RESULT: i64 = 4;

/// Which counters hold what a filter's environment and service ask for, by result.
fn wide(filter: &Filter) -> i64 {
    i64::from(filter.service.is_none()) * ANY_SERVICE
        + i64::from(filter.environment.is_none()) * ANY_ENVIRONMENT
}

/// The fewest counters that hold what a filter asks for.
fn widest(filter: &Filter) -> i64 {
    let result = [&filter.status, &filter.kind, &filter.class, &filter.state];
    let any = result.iter().all(|of| of.is_none());
    wide(filter) + i64::from(any) * ANY_RESULT
}

async fn of_spans(
    tx: &mut Tx,
    filter: &Filter,
    (span, first, until): (i64, i64, i64),
) -> Result<Sums, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(SPANS)
        .bind(span)
        .bind(widest(filter))
        .bind(filter.environment.as_deref().unwrap_or_default())
        .bind(filter.service.as_deref().unwrap_or_default())
        .bind(first)
        .bind(until)
        .bind(&filter.status)
        .bind(&filter.kind)
        .bind(&filter.class)
        .bind(&filter.state)
        .fetch_one(conn)
        .await)?)
}

async fn of_rows(
    tx: &mut Tx,
    sql: &'static str,
    filter: &Filter,
    size: Option<i64>,
) -> Result<Sums, StoreError> {
    Ok(on!(tx, |conn| {
        let query = sqlx::query_as(sql)
            .bind(&filter.environment)
            .bind(&filter.service)
            .bind(&filter.status)
            .bind(&filter.kind)
            .bind(&filter.class)
            .bind(&filter.state)
            .bind(filter.from)
            .bind(filter.until);
        let query = if let Some(size) = size { query.bind(size) } else { query };
        query.fetch_one(conn).await
    })?)
}

fn add(total: &mut [i64; 12], sign: i64, sums: Sums) {
    for (total, sum) in total.iter_mut().zip(<[i64; 12]>::from(sums)) {
        *total += sign * sum;
    }
}

fn tally(total: [i64; 12]) -> Tally {
    let [
        deploys,
        commits,
        changes,
        landed,
        direct,
        exempt,
        plumbing,
        pre_ledger,
        unresolved,
        by_rule,
        approved,
        emergency,
    ] = total.map(unsigned);
    Tally {
        deploys,
        commits,
        changes,
        landed,
        direct,
        exempt,
        plumbing,
        pre_ledger,
        unresolved,
        by_rule,
        approved,
        emergency,
    }
}

/// Counts by day (days since 1970-01-01) and class, of a filter's environment and service, over the last days with a
/// deploy of those that begin in its period.
pub async fn days(
    tx: &mut Tx,
    filter: &Filter,
    most: i64,
) -> Result<Vec<(i64, Option<String>, i64)>, StoreError> {
    let (first, until) = (filter.from.div_euclid(DAY), filter.until.div_euclid(DAY));
    let (environment, service) = (&filter.environment, &filter.service);
    let of = |name: &Option<String>| name.clone().unwrap_or_default();
    let (last,): (Option<i64>,) = on!(tx, |conn| sqlx::query_as(LAST_DAY)
        .bind(wide(filter))
        .bind(of(environment))
        .bind(of(service))
        .bind(first)
        .bind(until)
        .fetch_one(conn)
        .await)?;
    let Some(last) = last else { return Ok(Vec::new()) };
    let rows: Vec<(i64, String, i64)> = on!(tx, |conn| sqlx::query_as(DAYS)
        .bind(wide(filter))
        .bind(of(environment))
        .bind(of(service))
        .bind(first.max(last - most + 1))
        .bind(last + 1)
        .fetch_all(conn)
        .await)?;
    let class = |class: String| (!class.is_empty()).then_some(class);
    Ok(rows.into_iter().map(|(day, of, count)| (day, class(of), count)).collect())
}

/// How many deploys of a filter's environment, service and period have an exception, in whatever state.
pub async fn raised(tx: &mut Tx, filter: &Filter) -> Result<u64, StoreError> {
    let (count,): (i64,) = on!(tx, |conn| sqlx::query_as(RAISED)
        .bind(&filter.environment)
        .bind(&filter.service)
        .bind(filter.from)
        .bind(filter.until)
        .fetch_one(conn)
        .await)?;
    Ok(unsigned(count))
}

/// Every environment and service that something was deployed to.
pub async fn places(tx: &mut Tx) -> Result<Vec<(String, String)>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(PLACES).fetch_all(conn).await)?)
}
