//! Observe, warn, enforce: the decision is the same in each, and a no that does not block yet is set aside by name.

use countersign::app::gate::Answer;
use countersign::app::{AppError, Caller, Role};
use countersign::cli::demo::forge::{Proposal, Work};
use countersign::domain::Oid;
use countersign::ledger::key::VerifierKey;
use countersign::ledger::statement::{Envelope, IN_TOTO};
use countersign::policy::State;
use countersign::policy::decision::RuleState;
use reqwest::StatusCode;
use serde_json::Value;

use crate::both;
use crate::harness::server::{Server, token};
use crate::harness::town::{ORGANISATION, POLICY, REPO, Town, done};

/// An organisation with this rollout.
fn organisation(rollout: &str) -> String {
    format!("{ORGANISATION}rollout: {rollout}\n")
}

/// A town under a rollout with a head that waits for an architect.
async fn waiting(kind: crate::harness::Kind, rollout: &str) -> (Town, Oid) {
    let mut town = Town::with(kind, &organisation(rollout), POLICY).await;
    let proposal =
        Proposal::new("refund", "Refunds").file("src/payments/refund.rs", "fn refund() { 1 }\n");
    let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
    town.arrive().await;
    let head = done(done(town.forge.pull(&pull)).head());
    (town, head)
}

/// State of the row of the rollout; `None`: there is none.
fn row(answer: &Answer) -> Option<RuleState> {
    answer.rules.iter().find(|rule| rule.id == "rollout").map(|rule| rule.state)
}

/// The same organisation file with another rollout, in force after a restart.
async fn switched(town: Town, text: &str) -> Town {
    let file = town.world.config.organisation.clone().expect("a file");
    std::fs::write(file, text).expect("written");
    Town { world: town.world.restarted().await, ..town }
}

both!(an_observed_repository_goes_on_and_its_state_stays_what_it_is, |kind| async move {
    let (town, head) = waiting(kind, r#"{ observe: ["acme/pay*"] }"#).await;
    let answer = town.may_merge(head).await;
    assert_eq!((answer.state, answer.pass, answer.would_pass), (State::Pending, true, false));
    assert_eq!((answer.enforced, answer.rollout.as_deref()), (false, Some("observe")));
    assert_eq!(row(&answer), Some(RuleState::Overridden));
    assert_eq!(answer.missing[0].who, ["arch1", "arch2"], "what is missing is still named");
    assert_eq!(answer.retry_after, None, "it goes on: there is nothing to wait for");

    let entry = town.world.app.entry(&Caller::operator(), answer.ledger.index).await.expect("it");
    let entry: Value = serde_json::from_slice(&entry.1).expect("JSON");
    let text = entry.to_string();
    for said in
        [r#""state":"pending""#, r#""pass":true"#, r#""enforced":false"#, r#""rollout":"observe""#]
    {
        assert!(text.contains(said), "{said} is not in {text}");
    }
    let change = town.change(1).await;
    assert_eq!((&change["state"], &change["pass"]), (&"pending".into(), &false.into()));
});

both!(every_door_tells_the_same_override, |kind| async move {
    let (town, head) = waiting(kind, "{ mode: warn }").await;
    let server = Server::start(&town.world).await;
    let ci = token(&town.world, Role::Ci).await;
    let path = format!(
        "/api/v1/gate?repo={REPO}&sha={head}&purpose=merge&strict=true&wait=30&nonce=0123456789abcdef"
    );
    let began = std::time::Instant::now();
    let mut decisions = std::collections::BTreeSet::new();
    for _ in 0..2 {
        let response = server.get(&path, &ci).await;
        assert_eq!(response.status(), StatusCode::OK, "strict looks at `pass`");
        assert!(response.headers().get("retry-after").is_none());
        let told: Value = response.json().await.expect("JSON");
        assert_eq!(told["pass"], true);
        assert_eq!(told["state"], "pending");
        assert_eq!(told["enforced"], false);
        assert_eq!(told["rollout"], "warn");
        let envelope = Envelope::parse(told["statement"].to_string().as_bytes()).expect("one");
        let key: VerifierKey = town.world.app.verifier_key().parse().expect("a key");
        let signed = envelope.open(IN_TOTO, &key).expect("it is signed");
        let signed: Value = serde_json::from_slice(&signed).expect("JSON");
        for field in ["pass", "state", "enforced", "would_pass", "rollout"] {
            assert_eq!(signed["predicate"][field], told[field], "{field}");
        }
        decisions.insert(told["decision"].to_string());
    }
    assert!(began.elapsed().as_secs() < 20, "an answer that goes on was held");
    assert_eq!(decisions.len(), 1, "a remembered answer is the same one");

    let id = decisions.first().expect("one").trim_matches('"').to_owned();
    let browser = crate::pages::sign_in(&town, &server).await;
    let (status, _, text) = browser.open(&format!("/decisions/{id}")).await;
    assert_eq!(status, StatusCode::OK);
    let page = scraper::Html::parse_document(&text);
    let head = scraper::Selector::parse(".answer-head > p").expect("a selector");
    let said: Vec<String> = page.select(&head).map(|p| p.text().collect()).collect();
    assert!(said[0].contains("Waiting") && said[0].contains("Overridden"), "{said:?}");
    assert!(
        said.iter().any(
            |p| p.contains("rollout of this repository is warn") && p.contains("told to go on")
        ),
        "{said:?}"
    );
});

both!(what_could_not_be_judged_passes_in_no_mode, |kind| async move {
    let (mut town, head) = waiting(kind, "{ mode: observe }").await;
    let nowhere: Oid = "9f2c41e7d081d3f6e05b4be1c07a92aaaaaaaaaa".parse().expect("a commit");
    for answer in [town.may_merge(nowhere).await, town.may_deploy(nowhere).await] {
        assert_eq!((answer.state, answer.pass), (State::UnknownCommit, false), "{answer:#?}");
        assert_eq!(row(&answer), Some(RuleState::NotApplicable));
        assert_eq!(answer.rollout.as_deref(), Some("observe"));
    }
    let direct = Work::new("Quick").file("src/lib.rs", "// quick\n");
    let direct = done(done(town.forge.repo(REPO)).push_directly("dev1", "main", direct));
    town.arrive().await;
    let answer = town.may_deploy(direct).await;
    assert!(answer.pass && !answer.would_pass, "what is known and judged is observed: {answer:#?}");

    // The mirror is gone, and so is what it was fetched from: nobody can look.
    let mirrors = town.world.config.git.mirror_dir.clone();
    std::fs::remove_dir_all(&mirrors).expect("removed");
    std::fs::write(&mirrors, "no folder").expect("written");
    let proposal = Proposal::new("late", "Late").file("src/lib.rs", "// late\n");
    done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
    for delivery in town.forge.take_deliveries() {
        crate::harness::town::receive(&town.world, &delivery).await.expect("kept");
    }
    match town.ask(head, "merge", None).await {
        Ok(answer) => {
            assert_eq!((answer.state, answer.pass), (State::Error, false), "{answer:#?}");
        }
        Err(error) => assert!(matches!(error, AppError::Unavailable(_)), "{error}"),
    }
});

both!(each_step_of_a_rollout_is_a_decision_of_its_own, |kind| async move {
    let (mut town, head) = waiting(kind, "{ mode: observe }").await;
    let mut decisions = std::collections::BTreeSet::new();
    for (rollout, pass, told) in [
        ("{ mode: observe }", true, Some("observe")),
        ("{ mode: warn }", true, Some("warn")),
        (r#"{ mode: observe, warn: ["acme/*"] }"#, true, Some("warn")),
        (r#"{ mode: observe, warn: ["acme/*"], enforce: ["acme/payments"] }"#, false, None),
        (r#"{ mode: enforce, observe: ["acme/legacy-*"] }"#, false, None),
    ] {
        town = switched(town, &organisation(rollout)).await;
        let answer = town.may_merge(head).await;
        assert_eq!((answer.state, answer.pass), (State::Pending, pass), "{rollout}");
        assert_eq!(
            (answer.rollout.as_deref(), answer.enforced),
            (told, told.is_none()),
            "{rollout}"
        );
        assert_eq!(row(&answer).is_some(), told.is_some(), "{rollout}");
        assert!(decisions.insert(answer.decision), "{rollout}: decided under another file");
    }
    let broken = organisation("{ mode: observe, mode: observe }");
    town = switched(town, &broken).await;
    let answer = town.may_merge(head).await;
    assert!(
        !answer.pass && answer.enforced,
        "a file that cannot be read rolls nothing out: {answer:#?}"
    );
});

both!(a_repository_cannot_roll_itself_out, |kind| async move {
    let policy = format!("{POLICY}rollout: {{ mode: observe }}\n");
    let mut town = Town::with(kind, ORGANISATION, &policy).await;
    let proposal = Proposal::new("refund", "Refunds").file("src/lib.rs", "// other\n");
    let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
    town.arrive().await;
    let head = done(done(town.forge.pull(&pull)).head());
    let answer = town.may_merge(head).await;
    assert!(!answer.pass && answer.enforced, "{answer:#?}");
    assert_eq!(answer.rollout, None);
    let text = serde_json::to_string(&answer.rules).expect("JSON");
    assert!(text.contains("rollout"), "the file is refused for that key: {text}");
});

both!(a_veto_and_an_invalid_policy_are_observed_too_and_say_so, |kind| async move {
    let observed = organisation("{ mode: observe }");
    let (mut vetoed, head) = waiting(kind, "{ mode: observe }").await;
    let pull = countersign::cli::demo::forge::PullId { repo: REPO.to_owned(), number: 1 };
    done(done(vetoed.forge.pull(&pull)).request_changes("arch1", "not like this"));
    vetoed.arrive().await;

    let weaker = POLICY.replace("trivial:\n", "trivial:\n  max: { files: 50 }\n");
    let mut invalid = Town::with(kind, &observed, &weaker).await;
    let scaled = crate::harness::town::VALUES.replace("replicas: 4", "replicas: 6");
    let scale = Proposal::new("scale", "Scale").file("deploy/prod/values-web.yaml", &scaled);
    let scale = done(done(invalid.forge.repo(REPO)).open_pull("dev1", &scale));
    invalid.arrive().await;
    let scaled = done(done(invalid.forge.pull(&scale)).head());

    for (town, head, state) in
        [(&vetoed, head, State::Rejected), (&invalid, scaled, State::PolicyInvalid)]
    {
        let answer = town.may_merge(head).await;
        assert_eq!((answer.state, answer.pass), (state, true), "{answer:#?}");
        assert_eq!((answer.would_pass, row(&answer)), (false, Some(RuleState::Overridden)));
    }
});
