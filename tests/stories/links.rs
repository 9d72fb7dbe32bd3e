//! Ticket keys become links only where their project is known; what a person says stands.

use countersign::app::{AppError, LinkRequest};
use countersign::cli::demo::forge::{Proposal, Work};

use crate::both;
use crate::harness::town::{REPO, Town, done};

fn request(ticket: &str, reason: &str) -> LinkRequest {
    LinkRequest {
        repo: REPO.to_owned(),
        pull: 1,
        ticket: ticket.to_owned(),
        reason: reason.to_owned(),
    }
}

both!(only_keys_of_known_projects_count, |kind| async move {
    let mut town = Town::new(kind).await;
    let work = Work::new("UTF-8 and SHA-256, fixes CVE-2024-3094\n\nRefs: MY_PROJ-7\n")
        .file("src/lib.rs", "// x\n");
    let proposal = Proposal::new("PAY-7-refund", "ISO-8601 dates for PAY-8")
        .saying("see GPT-4 and PAY-9")
        .work(work);
    done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
    town.arrive().await;
    assert_eq!(town.change(1).await["tickets"], serde_json::json!(["PAY-7", "PAY-8", "PAY-9"]));
});

both!(a_project_that_becomes_known_later_is_found_too, |kind| async move {
    let mut town = Town::new(kind).await;
    let proposal = Proposal::new("x", "OPS-3: rotate").file("src/lib.rs", "// x\n");
    done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
    town.arrive().await;
    assert_eq!(town.change(1).await["tickets"], serde_json::json!([]));
    done(town.forge.create_ticket("OPS-3", "Task", "Rotate", "dev1"));
    town.arrive().await;
    assert_eq!(town.change(1).await["tickets"], serde_json::json!(["OPS-3"]));
});

both!(a_retracted_link_stays_retracted_until_a_person_links_again, |kind| async move {
    let mut town = Town::new(kind).await;
    let proposal = Proposal::new("x", "PAY-7: refund").file("src/lib.rs", "// x\n");
    let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
    town.arrive().await;
    let operator = town.world.operator();
    let app = town.world.app.clone();
    let silent = app.unlink(&operator, request("PAY-7", " ")).await.expect_err("refused");
    assert_eq!(silent, AppError::Invalid("reason: say why the link is retracted".to_owned()));
    app.unlink(&operator, request("PAY-7", "wrong ticket")).await.expect("unlinked");
    done(done(town.forge.pull(&pull)).retitle("dev1", "PAY-7: refund again"));
    town.arrive().await;
    assert_eq!(town.change(1).await["tickets"], serde_json::json!([]));
    app.link(&operator, request("PAY-7", "")).await.expect("linked");
    app.link(&operator, request("PAY-70", "")).await.expect("linked");
    app.work_until_idle().await;
    assert_eq!(town.change(1).await["tickets"], serde_json::json!(["PAY-7", "PAY-70"]));
    let odd = app.link(&operator, request("not a key", "")).await.expect_err("refused");
    assert_eq!(
        odd,
        AppError::Invalid(
            "ticket: `not a key` is no key such as PAY-7 or acme/payments#12".to_owned()
        )
    );
});
