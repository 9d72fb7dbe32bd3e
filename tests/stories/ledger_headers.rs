//! What may be kept by a cache and what may not: entries and tiles never change, checkpoints do (C2SP tlog-tiles).

use countersign::app::{Role, TokenRequest};
use reqwest::StatusCode;
use reqwest::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::harness::server::{Server, token};
use crate::harness::{Kind, World};

#[tokio::test(flavor = "multi_thread")]
async fn what_never_changes_may_be_kept_for_ever_and_nothing_else() {
    let world = World::new(Kind::Sqlite).await;
    let server = Server::start(&world).await;
    let secret = token(&world, Role::Reader).await;
    for number in 0..299 {
        let request =
            TokenRequest { name: format!("t{number}"), role: Role::Ci, repo: None, lasts: None };
        world.app.create_token(&world.operator(), request).await.expect("a token");
    }
    let note = world.app.checkpoint(&world.operator()).await.expect("signed");
    let size: u64 = note.lines().nth(1).expect("a size").parse().expect("a number");
    let of_size = format!("/api/v1/ledger/checkpoints/{size}");
    let (bytes, text) = ("application/octet-stream", "text/plain; charset=utf-8");
    for (path, kind, kept) in [
        ("/ledger/checkpoint", text, false),
        ("/ledger/tile/0/000", bytes, true),
        ("/ledger/tile/0/001.p/44", bytes, true),
        ("/ledger/tile/1/000.p/1", bytes, true),
        ("/ledger/tile/entries/000", bytes, true),
        ("/ledger/tile/entries/001.p/44", bytes, true),
        ("/api/v1/ledger/entries/299", "application/json", true),
        ("/api/v1/ledger/receipts/299", text, false),
        ("/api/v1/ledger/key", text, false),
        ("/api/v1/ledger/keys", "application/json", false),
        ("/api/v1/ledger/checkpoints", "application/json", false),
        (&of_size, text, false),
    ] {
        let answer = server.get(path, &secret).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let header = |name| answer.headers()[&name].to_str().expect("text").to_owned();
        // Whoever may not read the ledger must not get it from a cache on the way: `private`.
        let expected = if kept { "private, max-age=31536000, immutable" } else { "no-store" };
        assert_eq!(
            (header(CACHE_CONTROL), header(CONTENT_TYPE)),
            (expected.to_owned(), kind.to_owned()),
            "{path}"
        );
    }
    // What is not there yet will be: that it is not must not be kept.
    for path in [
        "/ledger/tile/0/001",
        "/ledger/tile/1/000",
        "/ledger/tile/0/001.p/200",
        "/ledger/tile/0/002.p/1",
        "/api/v1/ledger/entries/900",
        "/api/v1/ledger/checkpoints/900",
    ] {
        let answer = server.get(path, &secret).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        let cache = answer.headers().get(CACHE_CONTROL).map(|value| value.to_str().expect("text"));
        assert_eq!(cache, Some("no-store"), "{path}");
    }
}
