//! The traps of `reference/integrations.md` 3.4, one row each.

use super::*;

fn known() -> BTreeSet<String> {
    ["JRA", "MY_PROJ", "PAY", "acme/payments"].map(str::to_owned).into()
}

/// Firm and weak keys of known projects.
fn keys(text: &str, place: Place) -> (Vec<String>, Vec<String>) {
    let found = links(&find(text, place), &known(), Some("acme/payments"));
    let (strong, weak): (Vec<_>, Vec<_>) = found.into_iter().partition(|f| !f.strong.is_empty());
    let names = |list: Vec<Found>| list.into_iter().map(|found| found.key).collect();
    (names(strong), names(weak))
}

#[test]
fn keys_of_known_projects_are_found_and_the_traps_are_not() {
    use Place::{Body, Branch, Commit, Title};
    let table: [(&str, Place, &[&str]); 38] = [
        ("feature/jra-123-x", Branch, &["JRA-123"]),
        ("feature-PAY-7", Branch, &["PAY-7"]),
        ("PAY_7", Branch, &[]),
        ("UTF-8, SHA-256, ISO-8601, RFC-7231, AES-256-GCM", Title, &[]),
        ("GPT-4, COVID-19, PR-12", Title, &[]),
        ("CVE-2024-3094", Title, &[]),
        ("PAY-2024-3094", Title, &[]),
        ("MY_PROJ-7", Title, &["MY_PROJ-7"]),
        ("PROJ-7", Title, &[]),
        ("release-2 node-18 v1-2 log4j-2", Branch, &[]),
        ("JRA-0", Title, &[]),
        ("JRA-007", Title, &[]),
        ("X-509", Title, &[]),
        ("JRA-123abc", Title, &[]),
        ("ID-10T", Title, &[]),
        ("2PAY-1", Title, &[]),
        ("[JRA-1]JRA-2", Title, &["JRA-1", "JRA-2"]),
        ("US-ASCII-1", Title, &[]),
        ("US-PAY-1", Title, &[]),
        ("PAY-7", Title, &["PAY-7"]),
        ("PAY-7.", Title, &["PAY-7"]),
        ("PAY-7.2", Title, &[]),
        ("PAY-7: fix (PAY-8), JRA-9/PAY-10", Title, &["JRA-9", "PAY-10", "PAY-7", "PAY-8"]),
        ("PAY-12345678901", Title, &[]),
        ("éPAY-7 PAY-7é", Title, &[]),
        ("PAY--7 PAY -7 PAY- 7", Title, &[]),
        ("PAY-7-and-more", Branch, &["PAY-7"]),
        ("Fixes #12", Body, &["acme/payments#12"]),
        ("resolved: #12", Commit, &["acme/payments#12"]),
        ("see #12", Title, &["acme/payments#12"]),
        ("Acme/Payments#12", Body, &["acme/payments#12"]),
        ("other/repo#12", Body, &[]),
        ("a/b/c#12 x#12 ##12 #012 #12a", Title, &[]),
        ("PAY-7 #time 1w #comment 12", Commit, &["PAY-7"]),
        ("", Title, &[]),
        ("-", Title, &[]),
        ("#", Title, &[]),
        ("日本PAY-7 と PAY-8。", Title, &["PAY-8"]),
    ];
    for (text, place, expected) in table {
        assert_eq!(keys(text, place).0, expected, "{text}");
    }
}

#[test]
fn code_addresses_quoted_reverts_and_lower_case_give_weak_links_only() {
    let table = [
        ("Revert \"PAY-7: round half even\"", "PAY-7"),
        ("```\nPAY-7\n```\n", "PAY-7"),
        ("~~~ rust\nlet x = PAY-7;", "PAY-7"),
        ("call `PAY-7` there", "PAY-7"),
        ("https://jira.example.com/browse/PAY-7", "PAY-7"),
        ("pay-7", "PAY-7"),
        ("Merge pull request (#12)", "acme/payments#12"),
    ];
    for (text, key) in table {
        assert_eq!(keys(text, Place::Commit), (Vec::new(), vec![key.to_owned()]), "{text}");
    }
}

#[test]
fn what_stands_beside_code_and_addresses_is_firm() {
    for text in [
        "`x` PAY-7 `y`",
        "a ` PAY-7",
        "```\nx\n```\nPAY-7",
        "https://example.com PAY-7",
        "(https://example.com/x)PAY-7",
        "PAY-7 reverts it, Revert \"x\"",
        "Revert \"x\" for PAY-7",
    ] {
        assert_eq!(keys(text, Place::Body).0, ["PAY-7"], "{text}");
    }
}

#[test]
fn a_key_found_firmly_and_weakly_in_one_place_is_firm_there() {
    let found = links(&find("PAY-7 `PAY-7`", Place::Body), &known(), None);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].strong.len(), found[0].weak.len()), (1, 0));
}

#[test]
fn trailers_of_a_message_are_told_from_its_text() {
    let message =
        "Round half even\n\nSee JRA-1.\n\nRefs: PAY-7\nSigned-off-by: A <a@example.com>\n";
    let found = find_in_message(message);
    let places: Vec<_> = found.iter().map(|c| (c.key.as_str(), c.place)).collect();
    assert_eq!(places, [("JRA-1", Place::Commit), ("PAY-7", Place::Trailer)]);
    let found = find_in_message(&message.replace('\n', "\r\n"));
    assert_eq!(found.iter().map(|c| c.place).collect::<Vec<_>>(), [Place::Commit, Place::Trailer]);
    let found = find_in_message("Refs: PAY-7");
    assert_eq!(found[0].place, Place::Commit, "a message of one paragraph is its subject");
    let found = find_in_message("Fix\n\nNote PAY-7 is not a trailer");
    assert_eq!(found[0].place, Place::Commit);
}

#[test]
fn a_number_sign_needs_a_repository_whose_issues_are_tickets() {
    let found = find("#12", Place::Title);
    assert_eq!(links(&found, &known(), None), []);
    assert_eq!(links(&found, &known(), Some("acme/web")), []);
    assert_eq!(links(&found, &known(), Some("ACME/payments"))[0].key, "acme/payments#12");
}

#[test]
fn long_texts_made_to_be_slow_are_read_in_one_pass() {
    for piece in ["A-", "PAY-7", "`", "Revert \"", "https://", "a/", "#1", "h", "```\n", "\"", "-"]
    {
        let text = piece.repeat(400_000 / piece.len());
        // Quadratic time would be minutes here; the suite's own patience is the limit.
        let found = find(&text, Place::Body);
        assert!(found.len() <= text.len());
    }
}

mod any_text {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn never_breaks_the_scanner(text in "[A-Za-z0-9_#/`\"\n .-é]{0,60}|(PAY-[0-9]{1,3}|Revert \"|`|http://| |#7){0,20}") {
            for place in [Place::Title, Place::Branch, Place::Body] {
                for candidate in find(&text, place) {
                    prop_assert!(text.to_uppercase().contains(&candidate.key.to_uppercase()));
                }
            }
        }
    }
}
