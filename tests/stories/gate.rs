//! May this go out? Trivial is proven, approvals are of content, and everything else waits and says for what.

use countersign::app::AppError;
use countersign::cli::demo::forge::{Proposal, Way, Work};
use countersign::policy::State;

use crate::both;
use crate::harness::town::{REPO, Town, VALUES, done};

both!(a_trivial_change_passes_by_itself_with_the_proof, |kind| async move {
    let mut town = Town::new(kind).await;
    let scaled = VALUES.replace("replicas: 4", "replicas: 6");
    let proposal =
        Proposal::new("scale", "Scale the web").file("deploy/prod/values-web.yaml", &scaled);
    let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
    town.arrive().await;
    let head = done(done(town.forge.pull(&pull)).head());
    let answer = town.may_merge(head).await;
    assert_eq!((answer.state, answer.pass), (State::AutoApproved, true), "{answer:#?}");
    let change = town.change(1).await;
    let keys = &change["files"][0]["keys"][0];
    assert_eq!(keys["allowed"], true);
    assert_eq!(keys["change"]["old"]["value"], "4");
    assert_eq!(keys["change"]["new"]["value"], "6");
});

both!(one_key_too_far_and_an_architect_is_asked, |kind| async move {
    let mut town = Town::new(kind).await;
    for (number, (from, to)) in [
        ("replicas: 4", "replicas: 9"),
        ("repository: acme/payments", "repository: evil/payments"),
        ("tag: v1.4.2", "tag: latest"),
        ("replicas: 4", "replicas: \"6\""),
    ]
    .into_iter()
    .enumerate()
    {
        let text = VALUES.replace(from, to);
        let proposal =
            Proposal::new(&format!("b{number}"), to).file("deploy/prod/values-web.yaml", &text);
        let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
        town.arrive().await;
        let head = done(done(town.forge.pull(&pull)).head());
        let answer = town.may_merge(head).await;
        assert_eq!(
            (answer.state, answer.pass),
            (State::Pending, false),
            "{to}: {}",
            answer.summary
        );
        assert_eq!(answer.missing[0].who, ["arch1"], "{to}");
    }
});

both!(an_approval_is_of_content, |kind| async move {
    let mut town = Town::new(kind).await;
    let proposal =
        Proposal::new("refund", "Refunds").file("src/payments/refund.rs", "fn refund() { 1 }\n");
    let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
    town.arrive().await;
    let first = done(done(town.forge.pull(&pull)).head());
    let waiting = town.may_merge(first).await;
    assert_eq!(waiting.state, State::Pending);
    assert_eq!(waiting.missing[0].scope.as_deref(), Some("payments"));
    assert_eq!(waiting.missing[0].who, ["arch1", "arch2"]);

    town.forge.later(5);
    done(done(town.forge.pull(&pull)).approve("arch2"));
    town.arrive().await;
    let approved = town.may_merge(first).await;
    assert_eq!((approved.state, approved.pass), (State::Approved, true), "{}", approved.summary);

    let work = Work::new("One more line").file("src/payments/refund.rs", "fn refund() { 2 }\n");
    let second = done(done(town.forge.pull(&pull)).push("dev1", work));
    town.arrive().await;
    let stale = town.may_merge(second).await;
    assert_eq!((stale.state, stale.pass), (State::Stale, false), "{}", stale.summary);
    let asked = town.ask(first, "merge", None).await.expect_err("the head moved");
    assert_eq!(asked, AppError::StaleSha { asked: first, head: second });
});

both!(a_clean_rebase_keeps_the_approval_because_the_tree_proves_it, |kind| async move {
    let mut town = Town::new(kind).await;
    let proposal =
        Proposal::new("refund", "Refunds").file("src/payments/refund.rs", "fn refund() { 1 }\n");
    let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
    done(done(town.forge.pull(&pull)).approve("arch1"));
    town.arrive().await;
    let work = Work::new("Elsewhere").file("docs/other.md", "# Other\n");
    done(done(town.forge.repo(REPO)).push_directly("dev2", "main", work));
    let rebased = done(done(town.forge.pull(&pull)).rebase("dev1"));
    town.arrive().await;
    let answer = town.may_merge(rebased).await;
    assert_eq!(answer.state, State::Approved, "{}", answer.summary);
    let change = town.change(1).await;
    let basis = change["approvals"][0]["basis"].as_str();
    assert!(matches!(basis, Some("clean_rebase" | "same_delta")), "{basis:?}");

    let sneaked = Work::new("Sneaked").file("src/payments/refund.rs", "fn refund() { 1 }\n\n");
    let head = done(done(town.forge.pull(&pull)).push("dev1", sneaked));
    town.arrive().await;
    assert_eq!(town.may_merge(head).await.state, State::Stale);
});

both!(nobody_approves_what_they_wrote, |kind| async move {
    let mut town = Town::new(kind).await;
    let work = Work::new("Together").file("src/lib.rs", "// one\n").with("arch1");
    let proposal = Proposal::new("pair", "Written in a pair").work(work);
    let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
    done(done(town.forge.pull(&pull)).approve("arch1"));
    town.arrive().await;
    let head = done(done(town.forge.pull(&pull)).head());
    let answer = town.may_merge(head).await;
    assert!(!answer.pass, "{}", answer.summary);
    assert_eq!(answer.missing[0].why, "no_eligible_approver");
});

both!(a_peer_belongs_to_the_repository_and_a_passer_by_does_not, |kind| async move {
    let organisation = crate::harness::town::ORGANISATION
        .replace("default_class: significant", "default_class: routine");
    let organisation =
        format!("{organisation}people:\n  - {{ user: listed, emails: [listed@acme.example] }}\n");
    let policy = format!(
        "{}default: routine\napproval: {{ peers: {{ count: 1, for: routine }} }}\n",
        crate::harness::town::POLICY
    );
    let mut town = Town::with(kind, &organisation, &policy).await;
    for login in ["passer-by", "listed"] {
        town.forge.outsider(login, login);
    }
    for (by, counts) in [("passer-by", false), ("listed", true), ("dev2", true)] {
        let proposal =
            Proposal::new(by, &format!("For {by}")).file("src/lib.rs", &format!("// {by}\n"));
        let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
        done(done(town.forge.pull(&pull)).approve(by));
        town.arrive().await;
        let head = done(done(town.forge.pull(&pull)).head());
        let answer = town.may_merge(head).await;
        assert_eq!(answer.pass, counts, "{by}: {}", answer.summary);
        let approval = &town.change(pull.number).await["approvals"][0];
        assert_eq!(approval["counts"], counts, "{approval:#}");
        let why = approval["why"].to_string();
        assert_eq!(why.contains("counts them as an outsider"), !counts, "{why}");
    }
});

both!(a_veto_survives_a_push_and_only_its_author_ends_it, |kind| async move {
    let mut town = Town::new(kind).await;
    let proposal = Proposal::new("x", "X").file("src/payments/refund.rs", "fn refund() { 3 }\n");
    let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
    done(done(town.forge.pull(&pull)).request_changes("arch2", "not like this"));
    let work = Work::new("Again").file("src/payments/refund.rs", "fn refund() { 4 }\n");
    let head = done(done(town.forge.pull(&pull)).push("dev1", work));
    done(done(town.forge.pull(&pull)).approve("arch1"));
    town.arrive().await;
    assert_eq!(town.may_merge(head).await.state, State::Rejected);
    town.forge.later(1);
    done(done(town.forge.pull(&pull)).approve("arch2"));
    town.arrive().await;
    assert_eq!(town.may_merge(head).await.state, State::Approved);
});

both!(the_same_question_with_the_same_facts_is_the_same_decision, |kind| async move {
    let mut town = Town::new(kind).await;
    let proposal = Proposal::new("x", "X").file("src/lib.rs", "// x\n");
    let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
    town.arrive().await;
    let head = done(done(town.forge.pull(&pull)).head());
    let first = town.may_merge(head).await;
    let size = town
        .world
        .app
        .verify_ledger(&town.world.operator(), |_, _| {})
        .await
        .expect("verifies")
        .size;
    town.world.clock.set(town.forge.now());
    for _ in 0..3 {
        assert_eq!(town.may_merge(head).await, first);
    }
    let found =
        town.world.app.verify_ledger(&town.world.operator(), |_, _| {}).await.expect("verifies");
    assert_eq!(found.size, size, "a repeated question wrote an entry");
    assert_eq!(found.faults, Vec::<String>::new());
    done(done(town.forge.pull(&pull)).comment("arch1", "looks fine"));
    town.arrive().await;
    let again = town.may_merge(head).await;
    assert_eq!(again.state, first.state);
    assert_ne!(again.decision, first.decision, "the facts moved: another comment was seen");
});

both!(a_head_cannot_weaken_the_rules_it_is_judged_by, |kind| async move {
    let mut town = Town::new(kind).await;
    let weaker = "version: 1\ntrivial:\n  docs: { files: [\"src/**/*.md\", \"docs/**/*.md\"] }\n";
    let work =
        Work::new("Weaker").file(".countersign.yml", weaker).file("src/notes.md", "# notes\n");
    let pull = done(
        done(town.forge.repo(REPO)).open_pull("dev1", &Proposal::new("w", "Weaker").work(work)),
    );
    town.arrive().await;
    let head = done(done(town.forge.pull(&pull)).head());
    let answer = town.may_merge(head).await;
    assert!(!answer.pass);
    assert_eq!(answer.class, Some(countersign::domain::Class::Critical), "{}", answer.summary);
});

both!(
    a_policy_that_weakens_the_organisation_is_named_and_lets_nothing_pass_by_itself,
    |kind| async move {
        let policy =
            crate::harness::town::POLICY.replace("trivial:\n", "trivial:\n  max: { files: 50 }\n");
        let mut town = Town::with(kind, crate::harness::town::ORGANISATION, &policy).await;
        let scaled = VALUES.replace("replicas: 4", "replicas: 6");
        let proposal = Proposal::new("scale", "Scale").file("deploy/prod/values-web.yaml", &scaled);
        let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
        town.arrive().await;
        let head = done(done(town.forge.pull(&pull)).head());
        let answer = town.may_merge(head).await;
        assert_eq!(answer.state, State::PolicyInvalid, "{}", answer.summary);
        let text = serde_json::to_string(&answer.rules).expect("JSON");
        assert!(text.contains("trivial.max.files"), "{text}");
    }
);

both!(an_unknown_commit_and_an_unknown_repository_never_pass, |kind| async move {
    let mut town = Town::new(kind).await;
    town.arrive().await;
    let nowhere = "9f2c41e7d081d3f6e05b4be1c07a92aaaaaaaaaa".parse().expect("a commit");
    assert_eq!(town.may_merge(nowhere).await.state, State::UnknownCommit);
    assert!(!town.may_deploy(nowhere).await.pass);
    let asked = countersign::app::gate::Asked {
        repo: Some("acme/other".to_owned()),
        sha: Some(nowhere.to_string()),
        environment: Some("production".to_owned()),
        ..Default::default()
    };
    let refused = town.world.app.gate(&town.world.operator(), &asked).await.expect_err("refused");
    assert!(matches!(refused, AppError::NotFound(_)), "{refused}");
});

both!(a_sha_256_id_is_an_error_that_says_so, |kind| async move {
    let mut town = Town::new(kind).await;
    let base = done(done(town.forge.repo(REPO)).tip("main"));
    done(done(town.forge.repo(REPO)).deploy("payments", "production", base, "ops1"));
    town.arrive().await;
    let other = "9f".repeat(32).parse().expect("a commit");
    for answer in [town.may_merge(other).await, town.may_deploy(other).await] {
        assert_eq!((answer.state, answer.pass), (State::Error, false), "{}", answer.summary);
        assert!(
            answer.summary.contains("SHA-256, which this version does not read"),
            "{answer:#?}"
        );
    }
});

both!(an_author_whom_nobody_knows_raises_the_bar, |kind| async move {
    let mut town = Town::new(kind).await;
    let scaled = VALUES.replace("replicas: 4", "replicas: 5");
    let work = Work::new("Scale")
        .file("deploy/prod/values-web.yaml", &scaled)
        .written_by_stranger("Somebody", "somebody@nowhere.example");
    let pull = done(
        done(town.forge.repo(REPO)).open_pull("dev1", &Proposal::new("s", "Scale").work(work)),
    );
    town.arrive().await;
    let head = done(done(town.forge.pull(&pull)).head());
    let answer = town.may_merge(head).await;
    assert!(!answer.pass, "{}", answer.summary);
});

both!(landed_changes_go_out_and_a_direct_push_does_not, |kind| async move {
    let mut town = Town::new(kind).await;
    let base = done(done(town.forge.repo(REPO)).tip("main"));
    done(done(town.forge.repo(REPO)).deploy("payments", "production", base, "ops1"));
    let mut tip = base;
    for (number, way) in
        [Way::Merge, Way::Squash, Way::Rebase, Way::FastForward].into_iter().enumerate()
    {
        let text = format!("fn refund() {{ {number} }}\n");
        let proposal = Proposal::new(&format!("b{number}"), &format!("Step {number}"))
            .work(Work::new("One").file("src/payments/refund.rs", &text))
            .work(Work::new("Two").file("src/lib.rs", &text));
        let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
        done(done(town.forge.pull(&pull)).approve("arch1"));
        town.forge.later(10);
        tip = done(done(town.forge.pull(&pull)).merge("dev2", way));
        town.arrive().await;
        let change = town.change(u64::try_from(number).expect("small") + 1).await;
        let how = ["merge", "squash", "rebase", "fast_forward"][number];
        assert_eq!(change["landed"]["how"], how, "{change:#}");
        assert_eq!(change["landed"]["integrity"], "intact", "{how}");
        assert_eq!(change["state"], "approved", "{how}");
    }
    let answer = town.may_deploy(tip).await;
    assert_eq!((answer.state, answer.pass), (State::Approved, true), "{}", answer.summary);
    assert_eq!(answer.changes.len(), 4);

    let work = Work::new("Quick fix").file("src/lib.rs", "// quick\n");
    let direct = done(done(town.forge.repo(REPO)).push_directly("dev1", "main", work));
    town.arrive().await;
    let answer = town.may_deploy(direct).await;
    assert_eq!((answer.state, answer.pass), (State::Unaccounted, false), "{}", answer.summary);
    assert!(town.may_deploy(tip).await.pass, "the commit before it still passes");
});

both!(every_commit_of_a_deploy_falls_in_one_bucket, |kind| async move {
    let mut town = Town::new(kind).await;
    let base = done(done(town.forge.repo(REPO)).tip("main"));
    done(done(town.forge.repo(REPO)).deploy("payments", "production", base, "ops1"));
    let proposal = Proposal::new("a", "A").file("src/payments/refund.rs", "fn a() {}\n");
    let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
    done(done(town.forge.pull(&pull)).approve("arch1"));
    let landed = done(done(town.forge.pull(&pull)).merge("dev2", Way::Merge));
    done(done(town.forge.repo(REPO)).deploy("payments", "production", landed, "ops1"));
    town.forge.later(60);
    done(done(town.forge.repo(REPO)).deploy("payments", "production", base, "ops1"));
    town.forge.later(60);
    done(done(town.forge.repo(REPO)).deploy("payments", "production", base, "ops1"));
    for _ in 0..2 {
        town.forge.later(60);
        done(done(town.forge.repo(REPO)).deploy("payments", "production", landed, "ops1"));
    }
    town.arrive().await;
    let deploys = town.deploys().await;
    let kinds: Vec<_> =
        deploys.iter().map(|deploy| deploy["kind"].as_str().unwrap_or_default()).collect();
    assert_eq!(kinds, ["baseline", "forward", "rollback", "redeploy", "forward", "redeploy"]);
    for deploy in &deploys {
        let commits = &deploy["commits"];
        let sum: u64 = ["landed", "direct", "exempt", "plumbing", "pre_ledger", "unresolved"]
            .iter()
            .map(|bucket| commits[bucket].as_u64().expect("a number"))
            .sum();
        assert_eq!(Some(sum), commits["total"].as_u64(), "{deploy:#}");
    }
    assert_eq!(deploys[1]["changes"][0]["pull"], 1);
    assert_eq!(deploys[1]["state"], "approved", "{:#}", deploys[1]);
    assert_eq!(deploys[2]["withdrawn"][0]["pull"], 1);
    assert_eq!(
        deploys[3]["state"], "pending",
        "what never passed here does not pass by coming back"
    );
    assert_eq!(deploys[5]["state"], "approved", "coming back rests on how it passed before");
});
