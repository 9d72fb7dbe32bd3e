//! Which policy binds, and that the same deliveries are judged alike wherever they are kept (sem 6; P4).

use countersign::app::gate::{Answer, Asked};
use countersign::app::{Caller, Role};
use countersign::cli::demo::forge::{Proposal, Work};
use countersign::domain::{Class, Oid};
use countersign::policy::State;
use countersign::store::{Db, erasures};
use git2::{FileMode, Repository, Signature};
use serde_json::Value;

use crate::both;
use crate::harness::town::{REPO, Town, VALUES, done, receive};
use crate::harness::{Kind, World};

/// A policy that lets everything through that a policy can let through.
const WEAK: &str =
    "version: 1\ntrivial:\n  docs: { files: [\"**/*.md\", \"docs/**\", \"src/**\"] }\n";

/// What every head does beside its attempt: a change that waits for an architect.
const CODE: (&str, &str) = ("src/payments/refund.rs", "fn refund() { 1 }\n");

/// Heads that try to bring a policy of their own, as text.
fn attempts() -> Vec<(&'static str, Work)> {
    let work = |what: &str| Work::new(what).file(CODE.0, CODE.1);
    vec![
        ("weaker", work("w").file(".countersign.yml", WEAK)),
        ("gone", work("g").without(".countersign.yml")),
        ("broken", work("b").file(".countersign.yml", "version: [\n")),
        ("too-large", work("l").file(".countersign.yml", &"#\n".repeat(200_000))),
        ("a-folder", work("f").without(".countersign.yml").file(".countersign.yml/a", WEAK)),
        (
            "another-name",
            work("n").file(".countersign.yaml", WEAK).file("src/.countersign.yml", WEAK),
        ),
        ("a-twin", work("t").file(".Countersign.yml", WEAK)),
        (
            "owners",
            work("o").file("CODEOWNERS", "* @dev1\n").file(".github/CODEOWNERS", "* @dev1\n"),
        ),
        (
            "attributes",
            work("a").file(".gitattributes", "** linguist-generated\n.countersign.yml -text\n"),
        ),
        (
            "modules",
            work("m").file(
                ".gitmodules",
                "[submodule \"x\"]\n\tpath = .countersign.yml\n\turl = ../x\n",
            ),
        ),
    ]
}

/// A commit on `main` whose policy is no file: a link, or a submodule.
fn odd(town: &mut Town, mode: FileMode) -> Oid {
    let url = done(done(town.forge.repo(REPO)).url());
    let git = Repository::open_bare(url.trim_start_matches("file://")).expect("the repository");
    let main =
        git.find_reference("refs/heads/main").expect("main").peel_to_commit().expect("a commit");
    let id = if mode == FileMode::Commit {
        main.id()
    } else {
        git.blob(b"docs/guide.md").expect("a blob")
    };
    let code = git.blob(CODE.1.as_bytes()).expect("a blob");
    let mut update = git2::build::TreeUpdateBuilder::new();
    update.upsert(CODE.0, code, FileMode::Blob);
    let with_code = update.create_updated(&git, &main.tree().expect("a tree")).expect("a tree");
    let with_code = git.find_tree(with_code).expect("a tree");
    let mut root = git.treebuilder(Some(&with_code)).expect("a tree");
    root.insert(".countersign.yml", id, i32::from(mode)).expect("an entry");
    let tree = git.find_tree(root.write().expect("a tree")).expect("a tree");
    let at = git2::Time::new(main.time().seconds() + 60, 0);
    let who =
        Signature::new("dev1", main.author().email().expect("an address"), &at).expect("a person");
    let commit = git.commit(None, &who, &who, "odd", &tree, &[&main]).expect("a commit");
    commit.to_string().parse().expect("an id")
}

/// What was decided of a head, and what is said of the file that all of them change.
async fn judged(town: &mut Town, proposal: &Proposal) -> (Answer, Value) {
    let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", proposal));
    town.arrive().await;
    let head = done(done(town.forge.pull(&pull)).head());
    let answer = town.may_merge(head).await;
    let change = town.change(pull.number).await;
    let files = change["files"].as_array().expect("files");
    let code = files.iter().find(|file| file["path"] == CODE.0).expect("the code");
    (answer, code.clone())
}

both!(a_head_never_influences_which_policy_bytes_are_loaded, |kind| async move {
    let mut town = Town::new(kind).await;
    let plain = Proposal::new("plain", "Plain").file(CODE.0, CODE.1);
    let (wanted, code) = judged(&mut town, &plain).await;
    assert!(!wanted.pass && wanted.policy.repository.is_some(), "{}", wanted.summary);
    let mut proposals: Vec<Proposal> =
        attempts().into_iter().map(|(name, work)| Proposal::new(name, name).work(work)).collect();
    for (name, mode) in [("link", FileMode::Link), ("submodule", FileMode::Commit)] {
        let commit = odd(&mut town, mode);
        done(done(town.forge.repo(REPO)).branch("dev1", &format!("odd-{name}"), commit));
        proposals.push(Proposal::new(name, name).grown_from(&format!("odd-{name}")));
    }
    assert_eq!(proposals.len(), 12);
    for proposal in &proposals {
        let (answer, same) = judged(&mut town, proposal).await;
        assert_eq!(answer.policy, wanted.policy, "{proposal:?}");
        assert_eq!(same, code, "{proposal:?}");
        assert!(!answer.pass && answer.class >= wanted.class, "{}", answer.summary);
        assert_eq!(answer.state, State::Pending, "{}", answer.summary);
    }
});

both!(case_109_a_weak_policy_on_an_unprotected_branch_counts_nowhere, |kind| async move {
    let mut town = Town::new(kind).await;
    let main = done(done(town.forge.repo(REPO)).tip("main"));
    done(done(town.forge.repo(REPO)).branch("dev1", "feature", main));
    let weak = Work::new("weak").file(".countersign.yml", WEAK);
    done(done(town.forge.repo(REPO)).push_directly("dev1", "feature", weak));
    let proposal =
        Proposal::new("work", "Work").onto("feature").file("src/payments/notes.md", "# A\n");
    let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
    town.arrive().await;
    let head = done(done(town.forge.pull(&pull)).head());
    let there = town.may_merge(head).await;
    assert!(!there.pass && there.policy.base.starts_with("main@"), "{}", there.policy.base);
    done(done(town.forge.pull(&pull)).retarget("dev1", "main"));
    town.arrive().await;
    let here = town.may_merge(head).await;
    assert!(!here.pass, "{}", here.summary);
    assert_eq!(here.policy.repository, there.policy.repository);
    assert_eq!(here.class, Some(Class::Critical), "it brings the weak policy along");
});

/// A change that passes by itself, one that waits, one that is vetoed and one by somebody nobody knows.
fn history(town: &mut Town) -> Vec<Oid> {
    let scaled = VALUES.replace("replicas: 4", "replicas: 6");
    let strange =
        Work::new("s").file("docs/guide.md", "# C\n").written_by_stranger("who", "who@x.example");
    let proposals = [
        Proposal::new("scale", "Scale").file("deploy/prod/values-web.yaml", &scaled),
        Proposal::new("code", "Code").file(CODE.0, CODE.1),
        Proposal::new("docs", "Docs").file("docs/guide.md", "# B\n"),
        Proposal::new("strange", "Strange").work(strange),
    ];
    let pulls: Vec<_> = proposals
        .iter()
        .map(|proposal| done(done(town.forge.repo(REPO)).open_pull("dev1", proposal)))
        .collect();
    done(done(town.forge.pull(&pulls[1])).approve("arch2"));
    done(done(town.forge.pull(&pulls[2])).request_changes("arch1", "no"));
    pulls.iter().map(|pull| done(done(town.forge.pull(pull)).head())).collect()
}

/// The bytes of what is answered about these heads, less where it stands in the ledger and until when it may be used.
async fn decided(world: &World, heads: &[Oid]) -> Vec<String> {
    let ci = Caller { name: "ci".to_owned(), role: Role::Ci, repo: None, person: false };
    let mut all = Vec::new();
    for head in heads {
        let asked = Asked {
            repo: Some(REPO.to_owned()),
            sha: Some(head.to_string()),
            purpose: Some("merge".to_owned()),
            ..Asked::default()
        };
        let told = world.app.gate(&ci, &asked).await.expect("an answer");
        let mut answer: Value = serde_json::from_str(&told.json).expect("JSON");
        let answer = answer.as_object_mut().expect("an object");
        answer.retain(|key, _| !["ledger", "expires_at"].contains(&key.as_str()));
        all.push(serde_json::to_string(answer).expect("JSON"));
    }
    all
}

/// Documents are salted by a secret of each ledger; here all have the same, so that their digests can be compared.
async fn one_secret(world: &World) {
    let db = Db::open(&world.config.database_url.0).await.expect("opens");
    let mut tx = db.begin().await.expect("a transaction");
    erasures::set_secret(&mut tx, &[7; 32]).await.expect("set");
    tx.commit().await.expect("kept");
    db.close().await;
}

/// The same deliveries into a service of this kind: what it decided before and after a restart.
async fn elsewhere(town: &Town, kind: Kind, heads: &[Oid]) -> [Vec<String>; 2] {
    let world = World::with(kind, town.world.setup.clone()).await;
    one_secret(&world).await;
    for delivery in &town.sent {
        world.clock.set(delivery.at);
        receive(&world, delivery).await.expect("kept");
    }
    world.clock.set(town.forge.now());
    world.app.work_until_idle().await;
    let before = decided(&world, heads).await;
    let world = world.restarted().await;
    [before, decided(&world, heads).await]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_facts_give_the_same_bytes_on_both_databases_and_after_a_restart() {
    let mut town = Town::new(Kind::Sqlite).await;
    one_secret(&town.world).await;
    let heads = history(&mut town);
    town.arrive().await;
    let wanted = decided(&town.world, &heads).await;
    for (text, state) in wanted.iter().zip(["auto_approved", "approved", "rejected", "pending"]) {
        assert!(text.contains(&format!("\"state\":\"{state}\"")), "{state}: {text}");
    }
    for kind in [Kind::Sqlite, Kind::Postgres] {
        for (when, said) in
            ["at once", "after a restart"].iter().zip(elsewhere(&town, kind, &heads).await)
        {
            assert_eq!(said, wanted, "{kind:?}, {when}");
        }
    }
}
