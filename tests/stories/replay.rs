//! A recorded decision comes out the same for ever; what was changed behind the ledger's back is named.

use countersign::app::{Caller, RecomputeRequest, Recomputed};
use countersign::cli::demo::forge::{Proposal, Way, Work};
use countersign::store::Db;

use crate::both;
use crate::harness::Kind;
use crate::harness::town::{ORGANISATION, REPO, Town, VALUES, done};

/// A town in which everything was asked that the gate decides: about proposals, deploys and commits of nobody.
async fn asked(kind: Kind) -> Town {
    let mut town = Town::new(kind).await;
    let base = done(done(town.forge.repo(REPO)).tip("main"));
    done(town.forge.create_ticket("PAY-7", "Story", "Refunds", "dev1"));
    done(done(town.forge.repo(REPO)).deploy("payments", "production", base, "ops1"));
    let scale = Proposal::new("scale", "Scale")
        .file("deploy/prod/values-web.yaml", &VALUES.replace('4', "5"));
    let scale = done(done(town.forge.repo(REPO)).open_pull("dev1", &scale));
    let code =
        Proposal::new("PAY-7-code", "PAY-7 Code").file("src/payments/refund.rs", "fn a() {}\n");
    let code = done(done(town.forge.repo(REPO)).open_pull("dev1", &code));
    town.arrive().await;
    for pull in [&scale, &code] {
        let head = done(done(town.forge.pull(pull)).head());
        town.may_merge(head).await;
    }
    done(done(town.forge.pull(&code)).request_changes("arch2", "smaller"));
    done(done(town.forge.pull(&code)).push("dev1", Work::new("B").file("src/lib.rs", "// b\n")));
    let head = done(done(town.forge.pull(&code)).head());
    town.arrive().await;
    town.may_merge(head).await;
    done(done(town.forge.pull(&code)).approve("arch2"));
    done(done(town.forge.pull(&code)).approve("arch1"));
    town.arrive().await;
    town.may_merge(head).await;
    let landed = done(done(town.forge.pull(&code)).merge("dev2", Way::Merge));
    done(done(town.forge.pull(&scale)).merge("dev2", Way::Squash));
    let direct = Work::new("Direct").file("src/lib.rs", "// direct\n");
    let tip = done(done(town.forge.repo(REPO)).push_directly("dev2", "main", direct));
    town.arrive().await;
    for environment in ["production", "staging", "holidays", "elsewhere"] {
        for sha in [landed, tip, base] {
            town.ask(sha, "deploy", Some(environment)).await.expect("an answer");
        }
    }
    town.may_merge(tip).await;
    town.may_deploy("00000000000000000000000000000000000000aa".parse().expect("an id")).await;
    done(done(town.forge.repo(REPO)).deploy("payments", "production", landed, "ops1"));
    town.forge.later(30);
    done(done(town.forge.repo(REPO)).deploy("payments", "production", tip, "ops1"));
    town.arrive().await;
    town
}

async fn recompute(town: &Town, request: RecomputeRequest) -> Recomputed {
    town.world.app.recompute(&Caller::operator(), request, |_, _| {}).await.expect("recomputed")
}

/// Does something in the database behind the service's back.
pub async fn behind_its_back(town: &Town, sql: String) {
    match Db::open(&town.world.config.database_url.0).await.expect("opens") {
        Db::Sqlite { writer, .. } => {
            sqlx::query(sqlx::AssertSqlSafe(sql.clone())).execute(&writer).await.map(|_| ())
        }
        Db::Postgres(pool) => {
            sqlx::query(sqlx::AssertSqlSafe(sql.clone())).execute(&pool).await.map(|_| ())
        }
    }
    .unwrap_or_else(|error| panic!("{sql}: {error}"));
}

fn lines(found: &Recomputed) -> Vec<String> {
    found.differences.iter().map(ToString::to_string).collect()
}

both!(everything_that_was_decided_comes_out_the_same, |kind| async move {
    let mut town = asked(kind).await;
    let found = recompute(&town, RecomputeRequest::default()).await;
    assert_eq!(lines(&found), Vec::<String>::new());
    assert!(found.holds(), "{found:#?}");
    assert!(found.decisions >= 15, "only {} decisions", found.decisions);
    assert_eq!((found.changes, found.deploys), (3, 3));

    // A year later, under another policy, by another process: what was decided then comes out as then.
    let other = ORGANISATION.replace("arch1", "arch9").replace("2027-01-01", "2028-01-01");
    let file = town.world.folder.path().join("organisation.yml");
    std::fs::write(file, &other).expect("another organisation file");
    town.world.setup.organisation = Some(other);
    town.world.clock.set("2027-11-20T12:00:00Z".parse().expect("a time"));
    town.world = town.world.restarted().await;
    let found = recompute(&town, RecomputeRequest::default()).await;
    assert_eq!(lines(&found), Vec::<String>::new());
    assert!(found.holds(), "{found:#?}");

    let last = RecomputeRequest { last: Some(2), from: None };
    assert_eq!(recompute(&town, last).await.decisions, 2);
    let from = Some("2027-01-01T00:00:00Z".parse().expect("a time"));
    assert_eq!(recompute(&town, RecomputeRequest { last: None, from }).await.decisions, 0);
});

both!(a_policy_that_is_no_readable_file_comes_out_the_same_too, |kind| async move {
    let mut town = Town::new(kind).await;
    let large = format!("version: 1\n# {}\n", "x".repeat(300 * 1024));
    for text in [large.as_str(), "\0version: 1\n", "", "version: 1\naproval: {}\n"] {
        let work = Work::new("Policy").file(".countersign.yml", text);
        done(done(town.forge.repo(REPO)).push_directly("dev2", "main", work));
        let name = format!("of-{}", text.len());
        let proposal = Proposal::new(&name, &name).file("src/lib.rs", &format!("// {name}\n"));
        let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
        town.arrive().await;
        let head = done(done(town.forge.pull(&pull)).head());
        let answer = town.may_merge(head).await;
        assert!(!answer.pass, "{}", answer.summary);
    }
    let found = recompute(&town, RecomputeRequest::default()).await;
    assert_eq!(lines(&found), Vec::<String>::new());
    assert_eq!(found.decisions, 4);
});

/// Tables that are tampered with.
const TABLES: [&str; 6] =
    ["decision", "snapshot", "policy_text", "change", "change_commit", "deploy"];

both!(what_was_changed_behind_the_ledgers_back_is_named, |kind| async move {
    let town = asked(kind).await;
    for table in TABLES {
        behind_its_back(&town, format!("create table old_{table} as select * from {table}")).await;
    }
    for (sql, says) in TAMPERED {
        behind_its_back(&town, (*sql).to_owned()).await;
        let found = recompute(&town, RecomputeRequest::default()).await;
        let lines = lines(&found);
        assert!(lines.iter().any(|line| line.contains(says)), "{sql}\n{lines:#?}");
        for table in TABLES {
            behind_its_back(&town, format!("delete from {table}")).await;
            behind_its_back(&town, format!("insert into {table} select * from old_{table}")).await;
        }
    }
    let found = recompute(&town, RecomputeRequest::default()).await;
    assert_eq!(lines(&found), Vec::<String>::new());
});

/// What is done, and what has to be said of it.
const TAMPERED: &[(&str, &str)] = &[
    (
        "update decision set state = 'approved' where state = 'rejected'",
        "row.state: kept is \"approved\", recomputed is \"rejected\"",
    ),
    (
        "update decision set body = replace(body, '\"state\":\"rejected\"', '\"state\":\"approved\"') where state = 'rejected'",
        "decision.answer.state: kept is \"approved\", recomputed is \"rejected\"",
    ),
    (
        "update decision set body = replace(body, '\"asked_by\":\"ci\"', '\"asked_by\":\"cd\"')",
        "entry.kept: kept is \"sha256:",
    ),
    (
        "insert into decision select 'dec_forged', repo, sha, purpose, environment, service, pull, state, class, decided_at, facts, policy, body, -1 from decision where ledger_index = (select max(ledger_index) from decision)",
        "decision dec_forged: entry: kept is a row, recomputed is no entry of the ledger",
    ),
    (
        "delete from decision where ledger_index = (select max(ledger_index) from decision)",
        "row: kept is no row, recomputed is a row",
    ),
    ("delete from snapshot", "facts: kept is not kept"),
    (
        "update snapshot set body = (select body from snapshot order by digest limit 1)",
        "facts: kept is \"sha256:",
    ),
    ("delete from policy_text", "policy: kept is no text of sha256:"),
    (
        "update policy_text set bytes = (select bytes from policy_text order by digest limit 1)",
        "policy: kept is other bytes than those of sha256:",
    ),
    (
        "update change set state = 'pending' where state = 'approved'",
        "row.state: kept is \"pending\", recomputed is \"approved\"",
    ),
    (
        "update change set body = replace(body, '\"state\":\"approved\"', '\"state\":\"rejected\"')",
        "decision.state: kept is \"rejected\", recomputed is \"approved\"",
    ),
    ("delete from change where pull is null", "row: kept is no row, recomputed is a row"),
    (
        "update deploy set body = replace(body, '\"direct\":1', '\"direct\":0')",
        "attribution.buckets.direct: kept is 0, recomputed is 1",
    ),
    ("delete from change_commit", "attribution.buckets.landed"),
    ("update deploy set previous = sha where previous is not null", "row.previous: kept is Some("),
];
