//! A bot's bump of one dependency goes out by itself when its check has passed: not before, and not once a person had a
//! part in it.

use countersign::cli::demo::forge::{Proposal, PullId, Work};
use countersign::domain::Oid;
use countersign::policy::State;
use serde_json::json;

use crate::both;
use crate::harness::Kind;
use crate::harness::rest::Rest;
use crate::harness::town::{ORGANISATION, POLICY, REPO, Town, done};

const BOT: &str = "renovate[bot]";
const CHECK: &str = "ci/test";

const MANIFEST: &str =
    "[package]\nname = \"payments\"\nversion = \"0.1.0\"\n\n[dependencies]\nserde = \"1.0.200\"\n";
const LOCK: &str = r#"version = 4

[[package]]
name = "payments"
version = "0.1.0"
dependencies = [
 "serde",
]

[[package]]
name = "serde"
version = "1.0.200"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "ddc6f9cc94d67c0e21aaf7eda3a010fd3af78ebf6e096aa6e2e13c79749cce4f"
"#;
const CHECKSUM: &str = "780f1cebed1629e4753a1a38a3c72d30b97ec044f0aef68cb26650a3c5cf363c";

/// A town whose repository uses one crate, and a bot that may raise it by a patch.
async fn town(kind: Kind) -> Town {
    town_asking(kind, None).await
}

/// The same, whose REST API is asked.
async fn town_asking(kind: Kind, api: Option<String>) -> Town {
    let organisation =
        ORGANISATION.replace("kinds: [config, docs]", "kinds: [config, docs, dependencies]");
    let rule = format!("  dependencies: {{ bots: ['{BOT}'], step: patch, checks: ['{CHECK}'] }}\n");
    let policy = POLICY.replace("significant:\n", &format!("{rule}significant:\n"));
    let mut town = match api {
        Some(_) => Town::asking(kind, &organisation, &policy, api).await,
        None => Town::with(kind, &organisation, &policy).await,
    };
    town.forge.bot(BOT);
    let work = Work::new("Use serde").file("Cargo.toml", MANIFEST).file("Cargo.lock", LOCK);
    done(done(town.forge.repo(REPO)).push_directly("dev1", "main", work));
    town.arrive().await;
    town
}

/// The bump to a version, as the bot writes it.
fn bump(to: &str) -> Work {
    let lock = LOCK.replace("1.0.200", to);
    let checksum = LOCK.split('"').rev().nth(1).expect("the last text in quotes");
    Work::new(&format!("Update serde to {to}"))
        .file("Cargo.toml", &MANIFEST.replace("1.0.200", to))
        .file("Cargo.lock", &lock.replace(checksum, CHECKSUM))
}

fn propose(town: &mut Town, by: &str, work: Work) -> (PullId, Oid) {
    town.forge.later(5);
    let branch = format!("renovate/serde-{}", town.sent.len());
    let proposal = Proposal::new(&branch, "Update serde").work(work);
    let pull = done(done(town.forge.repo(REPO)).open_pull(by, &proposal));
    let head = done(done(town.forge.pull(&pull)).head());
    (pull, head)
}

fn check(town: &mut Town, head: Oid, conclusion: &str) {
    town.forge.later(5);
    done(done(town.forge.repo(REPO)).check(CHECK, head, conclusion));
}

/// What is said of a file of the first proposal.
async fn why(town: &Town) -> String {
    town.change(1).await["files"][0]["why"].as_str().unwrap_or_default().to_owned()
}

both!(
    case_100_a_bump_passes_by_itself_when_its_check_has_passed_and_not_before,
    |kind| async move {
        let mut town = town(kind).await;
        let (_, head) = propose(&mut town, BOT, bump("1.0.201"));
        town.arrive().await;
        let answer = town.may_merge(head).await;
        assert_eq!((answer.state, answer.pass), (State::Pending, false), "{}", answer.summary);
        let waits = why(&town).await;
        assert!(waits.contains("wait for the check ci/test"), "{waits}");

        check(&mut town, head, "skipped");
        town.arrive().await;
        assert!(!town.may_merge(head).await.pass);
        check(&mut town, head, "success");
        town.arrive().await;
        let answer = town.may_merge(head).await;
        assert_eq!((answer.state, answer.pass), (State::AutoApproved, true), "{answer:#?}");
        let says = "serde 1.0.200 → 1.0.201, patch, by renovate[bot], check ci/test passed";
        assert_eq!(why(&town).await, says);
        let stored = serde_json::to_string(&town.change(1).await).expect("JSON");
        assert!(stored.contains(says), "{stored}");
    }
);

both!(
    a_bump_that_the_source_committed_for_the_bot_passes_if_its_signature_holds,
    |kind| async move {
        let rest = Rest::start().await;
        let mut town = town_asking(kind, Some(rest.url.clone())).await;
        let bot = done(town.forge.who(BOT));
        let told = |head: Oid, verified: bool| {
            json!({
                "sha": head, "commit": { "verification": { "verified": verified } },
                "author": { "id": bot.id, "login": BOT, "type": "Bot" },
                "committer": { "id": 19_864_447, "login": "web-flow", "type": "User" },
            })
        };
        let (pull, head) = propose(&mut town, BOT, bump("1.0.201").made_by_the_forge());
        check(&mut town, head, "success");
        rest.commits(vec![told(head, false)]);
        town.arrive().await;
        assert!(!town.may_merge(head).await.pass, "anybody may write GitHub's name");
        let says = why(&town).await;
        assert!(says.contains("GitHub took part in"), "{says}");

        rest.commits(vec![told(head, true)]);
        check(&mut town, head, "success");
        done(done(town.forge.pull(&pull)).label(BOT, "dependencies"));
        town.arrive().await;
        let answer = town.may_merge(head).await;
        assert_eq!((answer.state, answer.pass), (State::AutoApproved, true), "{answer:#?}");
    }
);

both!(case_103_a_person_on_top_of_the_bot_ends_it, |kind| async move {
    let mut town = town(kind).await;
    let (pull, head) = propose(&mut town, BOT, bump("1.0.201"));
    check(&mut town, head, "success");
    town.arrive().await;
    assert!(town.may_merge(head).await.pass);

    let bot = done(town.forge.who(BOT));
    let posing = bump("1.0.203").written_by_stranger(&bot.name, &bot.email);
    for (work, who) in [(bump("1.0.202"), "dev1"), (posing, "dev1"), (bump("1.0.204"), BOT)] {
        town.forge.later(5);
        let head = done(done(town.forge.pull(&pull)).push(who, work));
        check(&mut town, head, "success");
        town.arrive().await;
        let answer = town.may_merge(head).await;
        assert_eq!((answer.state, answer.pass), (State::Pending, false), "{}", answer.summary);
        let says = why(&town).await;
        assert!(says.contains("dev1 pushed to it, and is no listed bot"), "{says}");
    }
});

both!(what_only_looks_like_the_bots_bump_waits_for_an_architect, |kind| async move {
    let mut town = town(kind).await;
    town.forge.bot("other[bot]");
    let bot = done(town.forge.who(BOT));
    let evil = bump("1.0.201").file(
        "Cargo.lock",
        &LOCK.replace("1.0.200", "1.0.201").replace("github.com/rust-lang", "evil.example/x"),
    );
    for (by, work, what) in [
        ("dev1", bump("1.0.201"), "a person"),
        (
            "dev1",
            bump("1.0.201").written_by_stranger(&bot.name, &bot.email),
            "who poses as the bot",
        ),
        ("other[bot]", bump("1.0.201"), "another bot"),
        (BOT, bump("1.0.201").written_by("dev1"), "a person's commit in the bot's proposal"),
        (BOT, bump("1.0.201").with("dev1"), "a person beside the bot"),
        (BOT, bump("1.1.0"), "a minor step"),
        (BOT, evil, "another registry"),
        (BOT, bump("1.0.201").file("src/lib.rs", "// more\n"), "code"),
        (
            BOT,
            bump("1.0.201").file("docs/guide.md", "# More\n"),
            "documents, trivial by themselves",
        ),
        (BOT, Work::new("Pin").file("Cargo.toml", &MANIFEST.replace("200", "201")), "no lock"),
    ] {
        let (_, head) = propose(&mut town, by, work);
        check(&mut town, head, "success");
        town.arrive().await;
        let answer = town.may_merge(head).await;
        assert_eq!(
            (answer.state, answer.pass),
            (State::Pending, false),
            "{what}: {}",
            answer.summary
        );
        assert_eq!(answer.missing[0].kind, "approval", "{what}");
    }
});
