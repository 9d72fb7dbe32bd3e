//! State is a fold over entries: done again in an empty database of either kind, the same comes of it, row by row.

use std::collections::BTreeSet;

use countersign::app::intake::Receipt;
use countersign::app::{
    App, BaselineRequest, Caller, DisownRequest, ErasureRequest, LinkRequest, OverrideRequest,
    Rebuilt, RecomputeRequest, Role, TokenRequest,
};
use countersign::cli::demo::forge::{Proposal, Way, Work};
use tempfile::TempDir;

use crate::both;
use crate::harness::rest::Rest;
use crate::harness::town::{ORGANISATION, POLICY, REPO, Town, VALUES, done, receive};
use crate::harness::{Kind, World, database};
use crate::replay::behind_its_back;

const REASON: &str = "said in person, and written down in OPS-1";

/// A town in which everything happened that is recorded.
pub async fn eventful(kind: Kind) -> Town {
    let rest = Rest::start().await;
    let organisation = ORGANISATION
        .replace("architect:\n", "architect:\n    - { team: acme/architects, scopes: [\"*\"] }\n");
    let mut town = Town::asking(kind, &organisation, POLICY, Some(rest.url.clone())).await;
    done(town.forge.join("acme/architects", "arch3"));
    rest.show(&town.forge);
    done(town.forge.create_ticket("PAY-7", "Story", "Refunds", "dev1"));
    let base = done(done(town.forge.repo(REPO)).tip("main"));
    done(done(town.forge.repo(REPO)).deploy("payments", "production", base, "ops1"));
    town.arrive().await;
    town.world.app.ask_for_rosters().await.expect("queued");
    town.world.app.work_until_idle().await;
    vetoed(&mut town).await;
    queued(&mut town).await;
    commits_of_nobody(&mut town).await;
    tried_again(&mut town).await;
    odd_deliveries(&town).await;
    town.world.app.work_until_idle().await;
    let request = ErasureRequest {
        person: "dev2".to_owned(),
        reason: REASON.to_owned(),
        ..ErasureRequest::default()
    };
    let helen = Caller::administrator("helen");
    let asked = town.world.app.request_erasure(&helen, request).await.expect("asked for");
    town.world.app.withdraw_erasure(&helen, &asked.erasure).await.expect("withdrawn");
    town
}

/// A proposal with a veto that is overridden, a trailer that is disowned, links that people make and retract.
async fn vetoed(town: &mut Town) {
    let work = Work::new("PAY-7 A").file("src/payments/refund.rs", "fn a() {}\n").with("arch1");
    let proposal = Proposal::new("PAY-7-a", "PAY-7 A").work(work);
    let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
    done(done(town.forge.pull(&pull)).request_changes("arch2", "smaller"));
    for person in ["dev2", "arch1"] {
        done(done(town.forge.pull(&pull)).comment(person, "let me see"));
    }
    town.arrive().await;
    let head = done(done(town.forge.pull(&pull)).head());
    town.may_merge(head).await;
    let (app, change) = (town.world.app.clone(), town.change(1).await);
    let id = change["id"].as_str().expect("an id").to_owned();
    let veto = change["approvals"][0]["id"].as_str().expect("an id").to_owned();
    let request = OverrideRequest { change: id.clone(), veto, reason: REASON.to_owned() };
    app.override_veto(&Caller::administrator("dev2"), request).await.expect("overridden");
    let request = DisownRequest { change: id, commit: head.to_string(), reason: REASON.to_owned() };
    app.disown(&Caller::administrator("arch1"), request).await.expect("disowned");
    let link = |ticket: &str| LinkRequest {
        repo: REPO.to_owned(),
        pull: 1,
        ticket: ticket.to_owned(),
        reason: "another ticket".to_owned(),
    };
    let operator = town.world.operator();
    app.unlink(&operator, link("PAY-7")).await.expect("unlinked");
    app.link(&operator, link("PAY-70")).await.expect("linked");
    let token = TokenRequest { name: "ci".to_owned(), role: Role::Ci, repo: None, lasts: None };
    app.create_token(&operator, token).await.expect("a token");
    done(done(town.forge.pull(&pull)).approve("arch1"));
    done(done(town.forge.pull(&pull)).approve("arch3"));
    done(done(town.forge.pull(&pull)).retitle("dev1", "PAY-7 A, at last"));
    town.arrive().await;
    town.may_merge(head).await;
    done(done(town.forge.pull(&pull)).merge("dev2", Way::Merge));
    town.arrive().await;
}

/// Proposals that a merge queue lands.
async fn queued(town: &mut Town) {
    let scaled = VALUES.replace("replicas: 4", "replicas: 5");
    let files =
        [("b", "deploy/prod/values-web.yaml", scaled.as_str()), ("c", "docs/guide.md", "# G\n")];
    let pulls = files.map(|(name, path, text)| {
        let proposal = Proposal::new(name, name).file(path, text);
        done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal))
    });
    town.arrive().await;
    let both: Vec<_> = pulls.iter().collect();
    let group = done(done(town.forge.repo(REPO)).queue("dev2", &both, Way::Squash));
    town.arrive().await;
    town.may_merge(group.head).await;
    done(done(town.forge.repo(REPO)).land(&group));
    town.arrive().await;
    town.may_deploy(group.head).await;
    done(done(town.forge.repo(REPO)).deploy("payments", "production", group.head, "ops1"));
    town.arrive().await;
}

/// Commits without a proposal, one of which is explained later; a deploy of them, and a baseline among the deploys.
async fn commits_of_nobody(town: &mut Town) {
    let proposal = Proposal::new("d", "D").file("src/d.rs", "fn d() {}\n");
    let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
    let direct = Work::new("Direct").file("src/lib.rs", "// direct\n");
    let tip = done(done(town.forge.repo(REPO)).push_directly("dev2", "main", direct));
    done(done(town.forge.repo(REPO)).deploy("payments", "production", tip, "ops1"));
    town.arrive().await;
    town.may_merge(tip).await;
    town.may_deploy(tip).await;
    town.forge.later(5);
    let request = BaselineRequest {
        repo: Some(REPO.to_owned()),
        service: Some("web".to_owned()),
        environment: Some("production".to_owned()),
        sha: Some(tip.to_string()),
        since: Some("now".to_owned()),
        reason: Some(REASON.to_owned()),
    };
    town.world.app.declare_baseline(&town.world.operator(), &request).await.expect("declared");
    let landed = done(done(town.forge.pull(&pull)).merge("dev2", Way::Rebase));
    let failed =
        done(done(town.forge.repo(REPO)).begin_deploy("payments", "production", landed, "ops1"));
    town.forge.later(4);
    done(town.forge.report(failed, "failure"));
    // The deploy is told before what it brings: what came in by a proposal is a direct commit until that arrives.
    let mut told = town.forge.take_deliveries();
    told.reverse();
    for delivery in &told {
        receive(&town.world, delivery).await.expect("kept");
        town.world.app.work_until_idle().await;
    }
    town.sent.extend(told);
    done(done(town.forge.pull(&pull)).retitle("dev1", "D, as it was called later"));
    town.arrive().await;
}

/// A delivery that could not be applied when it came, and could later.
async fn tried_again(town: &mut Town) {
    let proposal = Proposal::new("e", "E").file("src/e.rs", "fn e() {}\n");
    let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
    town.arrive().await;
    let spoilt = "update aggregate set body = '!' || body where kind = 'pull_request'";
    behind_its_back(town, spoilt.to_owned()).await;
    done(done(town.forge.pull(&pull)).label("dev1", "later"));
    town.receive_all().await;
    let put_right = "update aggregate set body = substr(body, 2) where kind = 'pull_request'";
    behind_its_back(town, put_right.to_owned()).await;
    town.world.app.work_until_idle().await;
}

/// One id with two bodies, the same twice, and one that cannot be read.
async fn odd_deliveries(town: &Town) {
    let named = |header: &str, value: &str| {
        let mut delivery =
            town.sent.iter().find(|one| one.source == "github").expect("one").clone();
        let found = delivery.headers.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case(header));
        value.clone_into(&mut found.expect("the header").1);
        delivery
    };
    let last = town.sent.iter().rev().find(|one| one.source == "github").expect("one");
    let id = last.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("x-github-delivery"));
    let other = receive(&town.world, &named("x-github-delivery", &id.expect("an id").1)).await;
    assert!(matches!(other, Ok(Receipt::Conflict(_))), "{other:?}");
    assert!(matches!(receive(&town.world, last).await, Ok(Receipt::Duplicate(_))));
    let mut odd = named("x-github-event", "deployment_status");
    for (name, value) in &mut odd.headers {
        if name.eq_ignore_ascii_case("x-github-delivery") {
            "00000000-0000-4000-8000-00000000000f".clone_into(value);
        }
    }
    receive(&town.world, &odd).await.expect("kept and set aside");
}

pub async fn rebuild(app: &App, into: &str) -> Rebuilt {
    app.rebuild(&Caller::operator(), into, |_, _| {}).await.expect("rebuilt")
}

pub fn assert_same(found: &Rebuilt, when: &str) {
    let differ: Vec<String> = found.differences.iter().map(ToString::to_string).collect();
    assert_eq!((&found.stopped, differ.as_slice()), (&None, [].as_slice()), "{when}");
    assert!(found.holds(), "{when}: {found:#?}");
    assert_eq!(found.entries, found.size, "{when}");
}

/// What was recorded in the town: every kind of entry that a command leads with.
const KINDS: [&str; 24] = [
    "baseline.declared",
    "change.explained",
    "change.judged",
    "coauthor.disowned",
    "commits.mapped",
    "decision",
    "delivery",
    "delivery.applied",
    "delivery.conflict",
    "delivery.set_aside",
    "deploy.attributed",
    "deploy.revised",
    "erasure.requested",
    "erasure.withdrawn",
    "exception.opened",
    "group.listed",
    "link.said",
    "policy.organisation",
    "project.known",
    "repository.configured",
    "team.roster",
    "token.created",
    "unlink.said",
    "veto.overridden",
];

/// The rows and entries that a town has to have for its rebuilding to say something.
async fn assert_eventful(town: &Town, found: &Rebuilt) {
    let mut kinds = BTreeSet::new();
    for index in 0..found.size {
        let entry = town.world.app.entry(&town.world.operator(), index).await;
        kinds.insert(entry.expect("an entry").0);
    }
    let missing: Vec<&str> = KINDS.into_iter().filter(|kind| !kinds.contains(*kind)).collect();
    assert_eq!(missing, Vec::<&str>::new(), "of {kinds:?}");
    for (table, rows, _, _) in &found.tables {
        let none = ["checkpoint", "ledger_hash", "architect_wait"].contains(table);
        assert!(none || *rows > 0, "no row in {table}");
    }
}

both!(what_was_recorded_makes_the_same_database_of_either_kind, |kind| async move {
    let town = eventful(kind).await;
    town.world.app.checkpoint(&town.world.operator()).await.expect("signed");
    let other = if kind == Kind::Sqlite { Kind::Postgres } else { Kind::Sqlite };
    let folders = [TempDir::new().expect("a folder"), TempDir::new().expect("a folder")];
    let there = database(other, folders[0].path());
    let found = rebuild(&town.world.app, &there).await;
    assert_same(&found, "across");
    assert_eventful(&town, &found).await;

    // The rebuilt one is a ledger to go on with, and makes the first again.
    town.world.app.close().await;
    let mut config = town.world.config.clone();
    config.database_url.0.clone_from(&there);
    let app = App::open(config, town.world.clock.clone()).await.expect("opens");
    assert_eq!(app.ready().await, Ok(Vec::new()));
    let holds = app.verify_ledger(&Caller::operator(), |_, _| {}).await.expect("verified");
    assert_eq!((holds.faults, holds.checkpoints), (Vec::new(), 1));
    let again = app.recompute(&Caller::operator(), RecomputeRequest::default(), |_, _| {}).await;
    assert!(again.as_ref().is_ok_and(countersign::app::Recomputed::holds), "{again:#?}");
    assert_same(&rebuild(&app, &database(kind, folders[1].path())).await, "and back");
    app.work_until_idle().await;
    assert_eq!(app.wrong_totals(&Caller::operator()).await, Ok(0));
    app.close().await;
});

/// What is done to the original, and what has to be said of it.
const CHANGED: &[(&str, &str)] = &[
    ("update account set login = 'nobody' where login = 'arch1'", "account github "),
    ("update deploy set state = 'approved_'", ": another state"),
    ("update change_total set changes = changes + 1", "change_total "),
    ("delete from link where ticket = 'PAY-70'", "link lnk_"),
    (
        "insert into change_commit (repo, sha, change) values ('rep_x', 'abc', 'chg_x')",
        "change_commit rep_x abc chg_x: follows from nothing that was recorded",
    ),
    ("delete from exception where kind = 'X50'", "exception exc_"),
    ("update aggregate set body = '{}' where kind = 'overrides'", "aggregate overrides rep_"),
    (
        "update delivery set body = (select body from delivery order by seq limit 1)",
        "the body of its delivery is not the one that was received",
    ),
    (
        "update snapshot set body = (select body from snapshot order by digest limit 1)",
        "has another digest",
    ),
    ("delete from policy_text", " is not kept"),
];

both!(a_row_that_was_changed_behind_the_ledgers_back_is_named_with_its_table, |kind| async move {
    const TABLES: [&str; 11] = [
        "account",
        "deploy",
        "change_total",
        "link",
        "change_commit",
        "exception",
        "aggregate",
        "delivery",
        "snapshot",
        "policy_text",
        "deploy_total",
    ];
    let town = eventful(kind).await;
    for table in TABLES {
        behind_its_back(&town, format!("create table old_{table} as select * from {table}")).await;
    }
    for (sql, says) in CHANGED {
        behind_its_back(&town, (*sql).to_owned()).await;
        let folder = TempDir::new().expect("a folder");
        let found = rebuild(&town.world.app, &database(Kind::Sqlite, folder.path())).await;
        assert!(!found.holds(), "{sql}");
        let mut said: Vec<String> = found.differences.iter().map(ToString::to_string).collect();
        said.extend(found.stopped);
        assert!(said.iter().any(|line| line.contains(says)), "{sql}\n{said:#?}");
        for table in TABLES {
            behind_its_back(&town, format!("delete from {table}")).await;
            let all = if table == "delivery" && kind == Kind::Postgres {
                "overriding system value "
            } else {
                ""
            };
            let sql = format!("insert into {table} {all}select * from old_{table}");
            behind_its_back(&town, sql).await;
        }
    }
    let folder = TempDir::new().expect("a folder");
    assert_same(&rebuild(&town.world.app, &database(kind, folder.path())).await, "put back");
});

both!(a_database_that_is_not_empty_is_left_alone, |kind| async move {
    let (world, other) = (World::new(kind).await, World::new(kind).await);
    for into in [&world.config.database_url.0, &other.config.database_url.0] {
        let refused = world.app.rebuild(&world.operator(), into, |_, _| {}).await;
        let error = refused.expect_err("refused");
        assert!(error.to_string().contains("the database is not empty"), "{error}");
    }
    let refused = world.app.rebuild(&world.operator(), "mysql:x", |_, _| {}).await;
    assert!(refused.expect_err("refused").to_string().starts_with("--into: "), "by its name");
    let reader = Caller { name: "r".to_owned(), role: Role::Reader, repo: None, person: false };
    assert!(world.app.rebuild(&reader, "sqlite:x", |_, _| {}).await.is_err());
});
