//! A release bot may write what the organisation lets it write, and nobody can pose as it.

use countersign::app::Caller;
use countersign::cli::demo::forge::Work;
use countersign::domain::{Oid, id};
use countersign::policy::State;

use crate::both;
use crate::harness::town::{ORGANISATION, POLICY, REPO, Town, done, receive};
use crate::harness::{Kind, World, assert_same_state};

const BOT: &str = "release-bot[bot]";

/// A town with a release bot that may write two files, and something deployed.
async fn town(kind: Kind) -> Town {
    let organisation = ORGANISATION.replace(
        "deploy:\n",
        "deploy:\n  exempt:\n    - { bot: 'release-bot[bot]', files: [CHANGELOG.md, version.txt] }\n",
    );
    let mut town = Town::with(kind, &organisation, POLICY).await;
    town.forge.bot(BOT);
    let base = done(done(town.forge.repo(REPO)).tip("main"));
    done(done(town.forge.repo(REPO)).deploy("payments", "production", base, "ops1"));
    town.arrive().await;
    town
}

fn release(version: &str) -> Work {
    Work::new(&format!("Release {version}"))
        .file("version.txt", version)
        .file("CHANGELOG.md", &format!("# {version}\n"))
}

fn push(town: &mut Town, by: &str, work: Work) -> Oid {
    town.forge.later(5);
    done(done(town.forge.repo(REPO)).push_directly(by, "main", work))
}

both!(a_release_goes_out_in_a_bucket_of_its_own_with_the_rule_that_let_it, |kind| async move {
    let mut town = town(kind).await;
    let tip = push(&mut town, BOT, release("1.2.0"));
    town.arrive().await;
    let answer = town.may_deploy(tip).await;
    assert!(answer.pass, "{answer:#?}");
    assert!(answer.summary.contains("0 direct + 1 exempt"), "{}", answer.summary);
    let rules = serde_json::to_string(&answer.rules).expect("JSON");
    assert!(
        rules.contains("release-bot[bot] wrote and pushed CHANGELOG.md and version.txt"),
        "{rules}"
    );
    assert!(rules.contains("organisation: deploy.exempt[0], line"), "{rules}");
    done(done(town.forge.repo(REPO)).deploy("payments", "production", tip, "ops1"));
    town.arrive().await;
    let deploy = &town.deploys().await[1];
    assert_eq!((&deploy["commits"]["total"], &deploy["commits"]["exempt"]), (&1.into(), &1.into()));
    assert_eq!(deploy["exempted"][0]["bot"]["login"], BOT, "{deploy:#}");
    assert_eq!(deploy["exempted"][0]["commit"], tip.to_string());
    let id = deploy["id"].as_str().expect("an id");
    let page = town.world.app.deploy_page(&Caller::operator(), id).await.expect("a page");
    assert_eq!(page.commits[0].bucket, "exempt");
    assert_eq!(page.attribution.exempt, 1);
});

both!(what_is_doubtful_stays_direct, |kind| async move {
    let mut town = town(kind).await;
    let bot = done(town.forge.who(BOT));
    let posing = |work: Work| work.written_by_stranger(&bot.name, &bot.email);
    for (by, work, why) in [
        (BOT, release("1.2.0").file("src/lib.rs", "// more\n"), "another file"),
        (BOT, release("1.2.1").written_by("dev1"), "another author"),
        ("dev1", release("1.2.2").written_by(BOT), "another committer"),
        ("dev1", posing(release("1.2.3")), "the bot's name and address, pushed by a person"),
        (BOT, Work::new("Gone").without("version.txt"), "a file goes"),
        (BOT, Work::new("Nothing"), "nothing changes"),
        ("dev1", release("1.2.4"), "a person in the bot's files"),
    ] {
        let tip = push(&mut town, by, work);
        town.arrive().await;
        let answer = town.may_deploy(tip).await;
        assert_eq!((answer.state, answer.pass), (State::Unaccounted, false), "{why}");
        done(done(town.forge.repo(REPO)).deploy("payments", "production", tip, "ops1"));
        town.arrive().await;
        let deploys = town.deploys().await;
        let commits = &deploys.last().expect("a deploy")["commits"];
        assert_eq!((&commits["direct"], &commits["exempt"]), (&1.into(), &0.into()), "{why}");
    }
});

both!(nobody_is_exempt_by_saying_so_in_a_repository, |kind| async move {
    let policy =
        format!("{POLICY}deploy: {{ exempt: [{{ bot: 'dev1', files: [src/lib.rs] }}] }}\n");
    let mut town = Town::with(kind, ORGANISATION, &policy).await;
    let base = done(done(town.forge.repo(REPO)).tip("main"));
    done(done(town.forge.repo(REPO)).deploy("payments", "production", base, "ops1"));
    let tip = push(&mut town, "dev1", Work::new("Mine").file("src/lib.rs", "// mine\n"));
    town.arrive().await;
    let answer = town.may_deploy(tip).await;
    assert_eq!((answer.state, answer.pass), (State::PolicyInvalid, false), "{}", answer.summary);
});

both!(a_release_in_any_order_leaves_the_same_record, |kind| async move {
    let mut town = town(kind).await;
    let first = push(&mut town, BOT, release("1.2.0"));
    done(done(town.forge.repo(REPO)).deploy("payments", "production", first, "ops1"));
    let second = push(&mut town, "dev1", release("1.2.1"));
    done(done(town.forge.repo(REPO)).deploy("payments", "production", second, "ops1"));
    let third = push(&mut town, BOT, release("1.3.0"));
    done(done(town.forge.repo(REPO)).deploy("payments", "production", third, "ops1"));
    town.arrive().await;
    let exempt: Vec<_> =
        town.deploys().await.iter().map(|deploy| deploy["commits"]["exempt"].clone()).collect();
    assert_eq!(exempt, [0, 1, 0, 1]);
    let rounds = if kind == Kind::Sqlite { 8 } else { 3 };
    for seed in 0..rounds {
        let other = World::with(kind, town.world.setup.clone()).await;
        other.clock.set(town.forge.now());
        let mut sent = town.sent.clone();
        sent.sort_by_key(|one| id::sha256(format!("{seed}{}", id::sha256(&one.body)).as_bytes()));
        for delivery in &sent {
            receive(&other, delivery).await.expect("kept");
            other.app.work_until_idle().await;
        }
        assert_same_state(&town.world.app, &other.app, &format!("seed {seed}")).await;
    }
});
