//! A policy is tried before it is switched on: on one pull request, and on everything that landed. Nothing is written.

use countersign::app::{Caller, Candidate, ReplayRequest, Role};
use countersign::cli::demo::forge::{Proposal, Way};
use countersign::domain::Class;
use countersign::policy::State;
use countersign::policy::replay::Effect;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::both;
use crate::harness::Kind;
use crate::harness::server::{Server, token};
use crate::harness::town::{ORGANISATION, POLICY, REPO, Town, done};

/// The policy of the town, with guides that pass by themselves.
fn with_guides() -> String {
    POLICY.replace(r#"["docs/**/*.md"]"#, r#"["docs/**/*.md", "guide/**/*.md"]"#)
}

/// A town where a guide and some code landed, each approved.
async fn landed(kind: Kind) -> Town {
    let mut town = Town::new(kind).await;
    for (branch, file, text) in
        [("guide", "guide/start.md", "# Start\n"), ("code", "src/lib.rs", "pub fn pay() {}\n")]
    {
        let proposal = Proposal::new(branch, branch).file(file, text);
        let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
        done(done(town.forge.pull(&pull)).approve("arch1"));
        done(done(town.forge.pull(&pull)).merge("dev1", Way::Squash));
    }
    town.arrive().await;
    town
}

async fn replay(town: &Town, candidate: Candidate, repo: Option<&str>) -> Effect {
    let repo = repo.map(str::to_owned);
    let request = ReplayRequest { candidate, repo, from: None, until: None, limit: None };
    town.world.app.replay(&Caller::operator(), request, |_| {}).await.expect("judged again")
}

async fn size_of(town: &Town) -> u64 {
    let found = town.world.app.verify_ledger(&Caller::operator(), |_, _| {}).await;
    found.expect("verified").size
}

both!(a_candidate_is_held_against_everything_that_landed, |kind| async move {
    let town = landed(kind).await;
    let size = size_of(&town).await;
    let same = Candidate { organisation: None, repository: Some(POLICY.to_owned()) };
    let effect = replay(&town, same, Some(REPO)).await;
    assert_eq!((effect.compared, effect.moved.len()), (2, 0), "{effect:#?}");

    let guides = Candidate { organisation: None, repository: Some(with_guides()) };
    let effect = replay(&town, guides, Some(REPO)).await;
    assert_eq!((effect.compared, effect.by_rule_before, effect.by_rule_after), (2, 0, 1));
    let [moved] = effect.moved.as_slice() else { panic!("{effect:#?}") };
    assert_eq!((moved.change.pull, moved.after.class), (Some(1), Class::Trivial));
    assert_eq!((moved.before.state, moved.after.state), (State::Approved, State::AutoApproved));

    let two = ORGANISATION
        .replace("version: 1\n", "version: 1\napproval: { architects: { count: 2 } }\n");
    let effect = replay(&town, Candidate { organisation: Some(two), repository: None }, None).await;
    assert_eq!(effect.moved.iter().filter(|moved| moved.tightened()).count(), 2, "{effect:#?}");
    assert_eq!(size_of(&town).await, size, "trying a policy wrote into the ledger");
});

both!(who_holds_a_role_is_the_candidates_word, |kind| async move {
    let town = landed(kind).await;
    let nobody = ORGANISATION.replace("arch1", "arch9");
    let effect =
        replay(&town, Candidate { organisation: Some(nobody), repository: None }, None).await;
    assert_eq!(effect.moved.len(), 2, "{effect:#?}");
    assert!(effect.moved.iter().all(countersign::policy::replay::Moved::tightened));
});

both!(a_pull_request_is_judged_by_a_candidate_with_voices_that_nobody_raised, |kind| async move {
    let mut town = Town::new(kind).await;
    let proposal = Proposal::new("guide", "A guide").file("guide/start.md", "# Start\n");
    let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
    done(done(town.forge.pull(&pull)).request_changes("arch2", "not like this"));
    town.arrive().await;
    let server = Server::start(&town.world).await;
    let engineer = token(&town.world, Role::Engineer).await;
    let ask = async |body: Value| {
        let request =
            server.request(Method::POST, "/api/v1/policy/simulate").bearer_auth(&engineer);
        let answer = request.json(&body).send().await.expect("an answer");
        (answer.status(), answer.json::<Value>().await.expect("JSON"))
    };
    let of = |more: Value| {
        let mut body = json!({ "repo": REPO, "pull": 1 });
        let (Some(body_map), Some(more)) = (body.as_object_mut(), more.as_object()) else {
            panic!()
        };
        body_map.extend(more.clone());
        body
    };
    let (status, said) = ask(of(json!({ "policy": with_guides() }))).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    assert_eq!(
        (&said["before"]["state"], &said["after"]["state"]),
        (&"rejected".into(), &"rejected".into())
    );
    assert_eq!(said["after"]["class"], "trivial");
    assert_eq!(said["changed"], true, "its class is another");
    let (_, said) = ask(of(json!({ "policy": with_guides(), "without": ["ARCH2"] }))).await;
    assert_eq!(said["after"]["state"], "auto_approved", "{said}");
    let (_, said) =
        ask(of(json!({ "without": ["arch2"], "approvals": [{ "by": "arch1" }] }))).await;
    assert_eq!(said["after"]["state"], "approved", "{said}");
    let (_, said) = ask(of(json!({ "without": ["arch2"], "approvals": [{ "by": "dev1" }] }))).await;
    assert_eq!(said["after"]["state"], "pending", "nobody approves what they wrote: {said}");

    let wrong = "version: 1\naproval: {}\n";
    for (body, words) in [
        (of(json!({ "policy": wrong })), "did you mean `approval`?"),
        (of(json!({})), "no candidate was given"),
        (of(json!({ "policy": POLICY, "approvals": [{ "by": "a", "state": "maybe" }] })), "maybe"),
    ] {
        let (status, said) = ask(body).await;
        assert!(status.is_client_error(), "{said}");
        assert!(said.to_string().contains(words), "{words}: {said}");
    }
    assert_eq!(town.change(1).await["state"], "rejected", "what is recorded stays");
});

both!(a_page_says_which_line_of_which_file_holds, |kind| async move {
    let town = landed(kind).await;
    let server = Server::start(&town.world).await;
    let browser = crate::pages::sign_in(&town, &server).await;
    let (status, _, list) = browser.open("/policy").await;
    assert_eq!(status, StatusCode::OK);
    let list = scraper::Html::parse_document(&list);
    assert_eq!(crate::pages::links(&list, "/policy/"), ["/policy/acme/payments"]);
    let (_, _, page) = browser.open("/policy/acme/payments").await;
    let page = scraper::Html::parse_document(&page);
    let rows = crate::pages::all(&page, "tbody tr");
    for words in [
        [
            "significant",
            "money: src/payments/**, scope payments",
            "repositorysignificant[0], line 11",
        ],
        ["trivial.max.files", "10", "organisationfloor.trivial_ceiling.files, line 12"],
        ["approval.architects", "1 architect, from significant on", "built-in"],
    ] {
        let found = rows.iter().any(|row| words.iter().all(|word| row.contains(word)));
        assert!(found, "{words:?} is in none of {rows:#?}");
    }
    let (status, _, text) = browser.open("/policy/acme/nobody").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(text.to_lowercase().contains("there is no repository"), "{text}");
});

/// Cases that the edited policy names: one holds, one does not.
const CASES: &str = "- name: a guide passes by itself
  base: {}
  head: { guide/a.md: \"# A\\n\" }
  expect: { state: auto_approved }
- name: so does code
  base: {}
  head: { src/a.rs: \"fn a() {}\\n\" }
  expect: { state: auto_approved }
";

both!(a_change_to_the_policy_shows_what_it_would_do, |kind| async move {
    let mut town = landed(kind).await;
    let policy = format!("{}tests: [\"checks/*.yml\"]\n", with_guides());
    let proposal = Proposal::new("policy", "Guides pass")
        .file(".countersign.yml", &policy)
        .file("checks/guides.yml", CASES);
    done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
    let broken = Proposal::new("broken", "A slip")
        .file(".countersign.yml", "version: 1\ndefalt: significant\n");
    done(done(town.forge.repo(REPO)).open_pull("dev1", &broken));
    town.arrive().await;
    let server = Server::start(&town.world).await;
    let browser = crate::pages::sign_in(&town, &server).await;
    let read = async |number: u64| {
        let id = town.change(number).await["id"].as_str().expect("an id").to_owned();
        let (status, _, text) = browser.open(&format!("/changes/{id}")).await;
        assert_eq!(status, StatusCode::OK);
        let page = scraper::Html::parse_document(&text);
        crate::pages::all(&page, "section[aria-labelledby=policy-edit]").concat()
    };
    let said = read(3).await;
    assert_eq!(town.change(3).await["class"], "critical", "judged by the policy of its base");
    for words in [
        "1 of 2 verdicts would change: 0 would pass that do not, 0 would not pass that do; 0 pass by themselves, 1 would",
        "Its own cases: 1 passed, 1 failed.",
        "checks/guides.yml, so does code: ",
        "trivial auto_approved",
    ] {
        assert!(said.contains(words), "{words} is not in {said}");
    }
    let said = read(4).await;
    assert!(
        said.contains("nothing would pass by itself") && said.contains("did you mean `default`?"),
        "{said}"
    );
    assert_eq!(read(1).await, "", "another change says nothing of it");
});
