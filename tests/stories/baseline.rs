//! What runs somewhere before any deploy was reported is an operator's word: recorded, shown, and only as much as it says.

use countersign::app::{AppError, BaselineRequest, Role};
use countersign::cli::demo::forge::{Proposal, Way, Work};
use countersign::domain::Oid;
use countersign::policy::State;
use countersign::policy::decision::RuleState;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::both;
use crate::harness::server::{Server, token};
use crate::harness::town::{REPO, Town, done, receive};
use crate::harness::{Kind, World, assert_same_state};

const REASON: &str = "it ran here before; see the release list";

fn request(sha: Oid) -> BaselineRequest {
    BaselineRequest {
        repo: Some(REPO.to_owned()),
        service: Some("payments".to_owned()),
        environment: Some("production".to_owned()),
        sha: Some(sha.to_string()),
        since: None,
        reason: Some(REASON.to_owned()),
    }
}

async fn declare(world: &World, request: &BaselineRequest) -> String {
    let id = world.app.declare_baseline(&world.operator(), request).await.expect("declared");
    world.app.work_until_idle().await;
    id
}

fn base(town: &mut Town) -> Oid {
    done(done(town.forge.repo(REPO)).tip("main"))
}

/// An approved change that landed.
fn landed(town: &mut Town, name: &str) -> Oid {
    let text = format!("fn refund() {{ {name:?} }}\n");
    let proposal = Proposal::new(name, name).file("src/payments/refund.rs", &text);
    let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
    done(done(town.forge.pull(&pull)).approve("arch1"));
    done(done(town.forge.pull(&pull)).merge("dev2", Way::Squash))
}

/// Kinds of the entries of the ledger, in order.
async fn entries(world: &World) -> Vec<String> {
    let mut kinds = Vec::new();
    while let Ok((_, bytes)) = world.app.entry(&world.operator(), kinds.len() as u64).await {
        let entry: Value = serde_json::from_slice(&bytes).expect("JSON");
        kinds.push(entry["kind"].as_str().unwrap_or_default().to_owned());
    }
    kinds
}

both!(a_first_deploy_is_judged_from_the_declared_baseline_on, |kind| async move {
    let mut town = Town::new(kind).await;
    let base = base(&mut town);
    let next = landed(&mut town, "One");
    let direct = Work::new("Quick").file("src/lib.rs", "// quick\n");
    let direct = done(done(town.forge.repo(REPO)).push_directly("dev1", "main", direct));
    town.arrive().await;
    let first = town.may_deploy(base).await;
    assert_eq!((first.state, first.pass), (State::Unmatched, false));
    let remedy = serde_json::to_string(&first.rules).expect("JSON");
    let command = format!(
        "countersign baseline --repo {REPO} --service payments --environment production --sha {base}"
    );
    assert!(remedy.contains(&command), "{remedy}");

    let id = declare(&town.world, &request(base)).await;
    let at = town.may_deploy(base).await;
    assert_eq!((at.state, at.pass), (State::Approved, true), "{at:#?}");
    assert!(at.summary.contains(&format!("operator declared {} the baseline", base.short())));
    let something = at.rules.iter().find(|rule| rule.id == "something").expect("a rule");
    assert_eq!(something.state, RuleState::Overridden, "a word is no evidence");
    let after = town.may_deploy(next).await;
    assert_eq!((after.state, after.changes.len()), (State::Approved, 1), "{after:#?}");
    assert!(after.summary.starts_with("1 change"), "{}", after.summary);
    let quick = town.may_deploy(direct).await;
    assert_eq!((quick.state, quick.pass), (State::Unaccounted, false), "{}", quick.summary);

    let before = entries(&town.world).await;
    assert_eq!(before.iter().filter(|kind| *kind == "baseline.declared").count(), 1);
    assert_eq!(declare(&town.world, &request(base)).await, id, "the same word again");
    assert_eq!(entries(&town.world).await, before, "it wrote a second entry");
});

both!(a_baseline_declared_late_revises_the_first_deploy_alone, |kind| async move {
    let mut town = Town::new(kind).await;
    let base = base(&mut town);
    landed(&mut town, "One");
    let second = landed(&mut town, "Two");
    done(done(town.forge.repo(REPO)).deploy("payments", "production", second, "ops1"));
    let third = landed(&mut town, "Three");
    done(done(town.forge.repo(REPO)).deploy("payments", "production", third, "ops1"));
    town.arrive().await;
    let told = |deploy: &Value| {
        (deploy["kind"].clone(), deploy["previous"].clone(), deploy["commits"]["landed"].clone())
    };
    let deploys = town.deploys().await;
    assert_eq!(told(&deploys[0]), (json!("baseline"), Value::Null, json!(1)));
    let later = told(&deploys[1]);

    declare(&town.world, &request(base)).await;
    let deploys = town.deploys().await;
    assert_eq!(told(&deploys[0]), (json!("forward"), json!(base), json!(2)), "{:#}", deploys[0]);
    assert_eq!(deploys[0]["commits"]["pre_ledger"], 0);
    assert_eq!(deploys[0]["declared"]["by"], "operator");
    assert_eq!(told(&deploys[1]), later, "the deploys after it follow a deploy");
    assert_eq!(deploys[1]["declared"], Value::Null);
    let kinds = entries(&town.world).await;
    let after = kinds.iter().skip_while(|kind| *kind != "baseline.declared").skip(1);
    assert_eq!(after.collect::<Vec<_>>(), ["deploy.revised"]);

    let server = Server::start(&town.world).await;
    let browser = crate::pages::sign_in(&town, &server).await;
    let id = deploys[0]["id"].as_str().expect("an id");
    let (_, _, page) = browser.open(&format!("/deploys/{id}")).await;
    let page = scraper::Html::parse_document(&page).root_element().text().collect::<String>();
    assert!(page.contains("Baseline declared by operator") && page.contains(REASON), "{page}");
});

both!(whenever_it_is_declared_the_attribution_ends_alike, |kind| async move {
    let mut town = Town::new(kind).await;
    let base = base(&mut town);
    landed(&mut town, "One");
    let second = landed(&mut town, "Two");
    done(done(town.forge.repo(REPO)).deploy("payments", "production", second, "ops1"));
    let third = landed(&mut town, "Three");
    town.forge.later(30);
    let between = town.forge.now();
    town.forge.later(30);
    done(done(town.forge.repo(REPO)).deploy("payments", "production", third, "ops1"));
    town.arrive().await;
    let now = town.forge.now();
    // Wrong at first, put right, and another one between the deploys.
    let mut words = vec![request(second), request(base)];
    words.push(BaselineRequest { since: Some(between.to_string()), ..request(second) });
    town.world.clock.set(now);
    for (minute, word) in words.iter().enumerate() {
        town.world.clock.set(later(now, minute));
        declare(&town.world, word).await;
    }
    let rounds = if kind == Kind::Sqlite { 6 } else { 2 };
    for seed in 0..rounds {
        let other = World::with(kind, town.world.setup.clone()).await;
        let mut deliveries = town.sent.clone();
        let turn = deliveries.len() * seed / 6;
        deliveries.rotate_left(turn);
        if seed % 2 == 1 {
            deliveries.reverse();
        }
        let mut told = 0;
        for (number, delivery) in deliveries.iter().enumerate() {
            // A declaration falls in after each third of what arrives, in either order.
            if number % (deliveries.len() / 3) == 0 && told < words.len() {
                let which = if seed % 2 == 0 { told } else { words.len() - 1 - told };
                other.clock.set(later(now, which));
                declare(&other, &words[which]).await;
                told += 1;
            }
            other.clock.set(now);
            receive(&other, delivery).await.expect("kept");
        }
        for which in told..words.len() {
            let which = if seed % 2 == 0 { which } else { words.len() - 1 - which };
            other.clock.set(later(now, which));
            declare(&other, &words[which]).await;
        }
        other.app.work_until_idle().await;
        assert_same_state(&town.world.app, &other.app, &format!("seed {seed}")).await;
    }
});

/// Some minutes after an instant.
fn later(at: countersign::domain::Time, minutes: usize) -> countersign::domain::Time {
    let micros = at.micros() + 60_000_000 * i64::try_from(minutes).expect("small");
    countersign::domain::Time::from_micros(micros).expect("a time")
}

both!(after_a_rewritten_history_a_baseline_among_the_deploys_is_an_exception, |kind| async move {
    let mut town = Town::new(kind).await;
    let base = base(&mut town);
    done(done(town.forge.repo(REPO)).deploy("payments", "production", base, "ops1"));
    town.arrive().await;
    let root = another_root(&mut town, base);
    done(done(town.forge.repo(REPO)).force_push("dev1", "main", root));
    let next = landed(&mut town, "One");
    town.arrive().await;
    let rewritten = town.may_deploy(next).await;
    assert_eq!((rewritten.state, rewritten.pass), (State::Unaccounted, false));
    let text = serde_json::to_string(&rewritten.rules).expect("JSON");
    assert!(text.contains("countersign baseline --since now"), "{text}");

    let now = BaselineRequest { since: Some("now".to_owned()), ..request(root) };
    let id = declare(&town.world, &now).await;
    let answer = town.may_deploy(next).await;
    assert_eq!((answer.state, answer.changes.len()), (State::Approved, 1), "{}", answer.summary);
    let db = countersign::store::Db::open(&town.world.config.database_url.0).await.expect("it");
    let mut tx = db.read().await.expect("a read");
    let about = format!("baseline:{id}");
    let open = countersign::store::exceptions::about(&mut tx, &about).await.expect("a list");
    assert_eq!(open.iter().map(|one| one.kind.as_str()).collect::<Vec<_>>(), ["X48"]);
});

/// A commit of the same tree with nothing before it, in the forge's repository.
fn another_root(town: &mut Town, of: Oid) -> Oid {
    let url = done(done(town.forge.repo(REPO)).url());
    let folder = url.strip_prefix("file://").expect("a folder");
    let made = std::process::Command::new("git")
        .args(["--git-dir", folder, "commit-tree", "-m", "Begin anew", &format!("{of}^{{tree}}")])
        .env_clear()
        .env("PATH", std::env::var("PATH").expect("a path"))
        .envs([("GIT_AUTHOR_NAME", "dev1"), ("GIT_AUTHOR_EMAIL", "dev1@acme.example")])
        .envs([("GIT_COMMITTER_NAME", "dev1"), ("GIT_COMMITTER_EMAIL", "dev1@acme.example")])
        .output()
        .expect("git runs");
    String::from_utf8(made.stdout).expect("text").trim().parse().expect("a commit")
}

both!(a_baseline_that_makes_no_sense_is_refused_by_field, |kind| async move {
    let mut town = Town::new(kind).await;
    let base = base(&mut town);
    town.arrive().await;
    let server = Server::start(&town.world).await;
    let admin = token(&town.world, Role::Admin).await;
    let nowhere = "9f2c41e7d081d3f6e05b4be1c07a92aaaaaaaaaa";
    let good = json!({ "repo": REPO, "environment": "production", "sha": base, "reason": REASON });
    let long = "x".repeat(2001);
    let table: [(&str, Value, u16, &str); 11] = [
        ("repo", Value::Null, 422, "repo: which repository is meant?"),
        (
            "repo",
            json!("acme/other"),
            404,
            "there is no repository `acme/other` here; add it to the configuration as [[repository]]",
        ),
        (
            "environment",
            Value::Null,
            422,
            "environment: where does it run? For example `production`",
        ),
        ("environment", json!(""), 422, "environment: 1 to 200 bytes without control characters"),
        ("service", json!("a\nb"), 422, "service: 1 to 200 bytes without control characters"),
        ("sha", Value::Null, 422, "sha: which commit runs there?"),
        (
            "sha",
            json!("9f2c"),
            422,
            "sha: `9f2c` is not a full commit id: 40 or 64 hexadecimal digits are needed",
        ),
        (
            "sha",
            json!(nowhere),
            422,
            "sha: 9f2c41e7d0 is not in acme/payments; push it, or check the commit",
        ),
        (
            "reason",
            json!(" "),
            422,
            "reason: say in at most 2000 bytes how you know that this commit runs there",
        ),
        (
            "reason",
            json!(long),
            422,
            "reason: say in at most 2000 bytes how you know that this commit runs there",
        ),
        (
            "since",
            json!("yesterday"),
            422,
            "since: `yesterday` is not a time such as 2026-11-20T14:00:00Z, nor `now`",
        ),
    ];
    let before = entries(&town.world).await;
    let post = |body: &Value| {
        let request = server.request(Method::POST, "/api/v1/baselines").bearer_auth(&admin);
        request.body(body.to_string()).send()
    };
    for (field, value, status, says) in table {
        let mut body = good.clone();
        body[field] = value;
        let answer = post(&body).await.expect("an answer");
        assert_eq!(answer.status().as_u16(), status, "{field}");
        let problem: Value = answer.json().await.expect("a problem");
        assert_eq!(problem["detail"], says, "{field}");
    }
    let mut odd = good.clone();
    odd["sha256"] = json!("x");
    assert_eq!(post(&odd).await.expect("an answer").status(), StatusCode::UNPROCESSABLE_ENTITY);
    let ahead = BaselineRequest { since: Some("2036-01-01T00:00:00Z".to_owned()), ..request(base) };
    let refused = town.world.app.declare_baseline(&town.world.operator(), &ahead).await;
    let says = "since: 2036-01-01 00:00:00 UTC is yet to come".to_owned();
    assert_eq!(refused, Err(AppError::Invalid(says)));
    assert_eq!(entries(&town.world).await, before, "a refused declaration left an entry");
    assert_eq!(post(&good).await.expect("an answer").status(), StatusCode::CREATED);
});
