//! What people and administrators do: tokens, links, overrides, baselines.

use serde_json::json;

use crate::world::{SHA, fixed, folder, run, send, serve};

#[test]
fn a_token_is_listed_without_its_secret_and_revoked_once() {
    let folder = folder();
    let (_, secret, _) = run(folder.path(), &["token", "create", "--role", "reader", "audit"]);
    let (code, out, _) = run(folder.path(), &["token", "list"]);
    assert_eq!(code, 0);
    assert!(out.contains("audit") && out.contains("reader") && out.contains("valid"), "{out}");
    assert!(!out.contains(secret.trim()));
    let id =
        out.split_whitespace().find(|word| word.starts_with("tok_")).expect("an id").to_owned();
    let (code, out, _) = run(folder.path(), &["token", "revoke", &id]);
    assert_eq!((code, out), (0, format!("{id} is revoked\n")));
    let (code, _, err) = run(folder.path(), &["token", "revoke", &id]);
    assert_eq!((code, err), (3, format!("error: there is no token `{id}` that is not revoked\n")));
}

#[test]
fn a_sign_in_link_is_printed_alone() {
    let folder = folder();
    let (code, out, err) = run(folder.path(), &["sign-in", "h.brandt"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.starts_with("http://127.0.0.1:8480/sign-in/"), "{out}");
    assert_eq!(out.lines().count(), 1);
    assert!(err.contains("signs h.brandt in once, as auditor, within the next hour:"), "{err}");
}

#[test]
fn a_link_needs_a_repository_that_is_known() {
    let folder = folder();
    run(folder.path(), &["token", "create", "--role", "ci", "x"]);
    let (code, _, err) = run(folder.path(), &["link", "acme/payments#42", "PAY-7"]);
    assert_eq!(code, 3);
    assert_eq!(
        err,
        "error: there is no repository `acme/payments` here; add it to the configuration as [[repository]]\n"
    );
}

#[test]
fn a_baseline_goes_to_a_server_that_is_named_with_its_reason() {
    let folder = folder();
    let server = serve(|asked, stream| {
        let good = asked["line"] == "POST /api/v1/baselines HTTP/1.1"
            && asked["token"] == "Bearer cs_1"
            && asked["body"]
                == json!({ "repo": "acme/payments", "service": "payments", "environment": "production",
                           "sha": SHA, "reason": "it ran before" });
        let (status, body) = if good {
            ("201 Created", "{\"id\":\"bas_1\"}")
        } else {
            ("422 Unprocessable Content", "{\"detail\":\"reason: say why\"}")
        };
        send(stream, status, "application/json", body);
    });
    let base = ["baseline", "--repo", "acme/payments", "--service", "payments"];
    let rest = ["--environment", "production", "--sha", SHA];
    let at = ["--server", &server, "--token", "cs_1"];
    let with = |reason: &'static str| [&base[..], &rest, &at, &["--reason", reason]].concat();
    let (code, out, err) = run(folder.path(), &with("it ran before"));
    assert_eq!(
        (code, out.as_str(), err.as_str()),
        (0, "payments in production: 5d80fe21b7 is the baseline\n", "")
    );
    let (code, out, err) = run(folder.path(), &with("otherwise"));
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    assert!(err.contains("reason: say why"), "{err}");
    let (code, _, err) = run(folder.path(), &with(" "));
    assert_eq!(
        (code, err.as_str()),
        (2, "error: --reason: say how you know that this commit runs there\n")
    );
    run(folder.path(), &["token", "create", "--role", "ci", "x"]);
    let local = [&base[..], &rest, &["--reason", "it ran before"]].concat();
    let (code, _, err) = run(folder.path(), &local);
    assert_eq!(
        (code, err.as_str()),
        (
            3,
            "error: there is no repository `acme/payments` here; add it to the configuration as [[repository]]\n"
        )
    );
}

#[test]
fn an_override_says_who_and_needs_a_repository_that_is_known() {
    let folder = folder();
    run(folder.path(), &["token", "create", "--role", "ci", "x"]);
    let with = |by: &'static str| {
        let reason = "the scanner took a test key for a real one";
        ["veto", "override", "acme/payments#42", "90", "--by", by, "--reason", reason]
    };
    let (code, out, err) = run(folder.path(), &with(" "));
    assert_eq!((code, out.as_str()), (2, ""));
    assert_eq!(err, "error: --by: say who overrides the veto\n");
    let (code, _, err) = run(folder.path(), &with("helen"));
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("acme/payments"), "{err}");
}

#[test]
fn a_disowned_trailer_says_who_and_needs_a_repository_that_is_known() {
    let folder = folder();
    run(folder.path(), &["token", "create", "--role", "ci", "x"]);
    let with = |by: &'static str| {
        let reason = "I never saw this branch before";
        ["authors", "disown", "acme/payments#42", SHA, "--by", by, "--reason", reason]
    };
    let (code, out, err) = run(folder.path(), &with(" "));
    assert_eq!((code, out.as_str()), (2, ""));
    assert_eq!(err, "error: --by: say who disowns the trailer\n");
    let (code, _, err) = run(folder.path(), &with("helen"));
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("acme/payments"), "{err}");
}

#[test]
fn links_go_to_a_server_that_is_named() {
    let folder = folder();
    let server = serve(|asked, stream| {
        let good = match asked["line"].as_str().expect("a line") {
            "POST /api/v1/links HTTP/1.1" => {
                asked["body"]
                    == json!({ "repo": "acme/payments", "pull": 42, "ticket": "PAY-7", "reason": "" })
            }
            line => {
                line == "DELETE /api/v1/links?repo=acme%2Fpayments&pull=42&ticket=PAY-7&reason=by+mistake HTTP/1.1"
            }
        };
        let status = if good { "200 OK" } else { "422 Unprocessable Content" };
        send(stream, status, "application/json", "{\"id\":\"lnk_1\"}");
    });
    let (code, out, err) =
        run(folder.path(), &["link", "acme/payments#42", "PAY-7", "--server", &server]);
    assert_eq!((code, out.as_str()), (0, "acme/payments#42 is linked to PAY-7\n"), "{err}");
    let unlink =
        ["unlink", "acme/payments#42", "PAY-7", "--reason", "by mistake", "--server", &server];
    let (code, out, err) = run(folder.path(), &unlink);
    assert_eq!(
        (code, out.as_str()),
        (0, "acme/payments#42 is no longer linked to PAY-7\n"),
        "{err}"
    );
    let html = fixed("200 OK", "text/html", "<p>signed in</p>");
    let (code, _, err) =
        run(folder.path(), &["link", "acme/payments#42", "PAY-7", "--server", &html]);
    assert_eq!(
        (code, err.as_str()),
        (3, "error: what the server sent is no answer of Countersign\n")
    );
}
