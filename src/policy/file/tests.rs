//! What is read, what is refused, and in which words.
use super::*;
use crate::domain::KeyOp;
use crate::policy::diagnostic::render_all;
use crate::policy::model::{Holder, SemverStep};
use crate::policy::requirement::Demand;

fn errors(text: &str) -> Vec<String> {
    let found = read_repository(".countersign.yml", text.as_bytes()).expect_err("refused");
    found
        .iter()
        .map(|one| format!("{}:{} {} {}", one.line, one.column, one.code, one.message))
        .collect()
}

fn organisation_errors(text: &str) -> Vec<String> {
    let found = read_organisation("organisation.yml", text.as_bytes()).expect_err("refused");
    found.iter().map(ToString::to_string).collect()
}

#[test]
fn the_repository_file_of_the_contract_is_read_whole() {
    let text = include_str!("testdata/repository.yml");
    let file = read_repository(".countersign.yml", text.as_bytes()).expect("the example");
    let policy = &file.policy;
    assert_eq!(file.warnings, []);
    assert_eq!(policy.trivial.max.changed_keys, Some(10));
    assert_eq!(policy.trivial.config[0].name, "image tags");
    assert_eq!(policy.trivial.config[0].from, "repository: trivial.config[0], line 5");
    let replicas = &policy.trivial.config[1].allow[0];
    assert_eq!(replicas.ops, [KeyOp::Replace]);
    assert_eq!(
        (replicas.min, replicas.max, replicas.max_delta_pct),
        (Some(2.0), Some(20.0), Some(50.0))
    );
    assert_eq!(replicas.value_type.as_deref(), Some("int"));
    let levels = policy.trivial.config[1].allow[1].one_of.clone();
    assert_eq!(levels, Some(["info", "warn", "error"].map(str::to_owned).to_vec()));
    assert_eq!(policy.trivial.dependencies.as_ref().map(|one| one.step), Some(SemverStep::Patch));
    assert_eq!(policy.significant[1].count, Some(2));
    assert_eq!(policy.significant[0].scope.as_deref(), Some("payments"));
    assert_eq!(policy.approval.peers.as_ref().map(|one| one.from_class), Some(Class::Routine));
    let security = Demand::Role { role: "security".to_owned(), scope: None, count: 1 };
    assert_eq!(policy.approval.also[0].needs.what, security);
    let ticket = policy.approval.ticket.as_ref().expect("a ticket rule");
    assert!(ticket.required && ticket.pattern.as_ref().is_some_and(|one| one.matches("PAY-7")));
    assert_eq!(ticket.statuses, ["In Progress", "In Review"]);
    assert_eq!(policy.reverts, Some(std::time::Duration::from_hours(7 * 24)));
    assert_eq!(policy.tests[0].as_str(), ".countersign/tests/*.yml");
    assert_eq!(file.stated.get("approval.ticket.required"), Some(&27));
    assert_eq!(file.digest, sha256(text.as_bytes()));
}

#[test]
fn the_organisation_file_of_the_contract_is_read_whole() {
    let text = include_str!("testdata/organisation.yml");
    let file = read_organisation("organisation.yml", text.as_bytes()).expect("the example");
    let organisation = &file.organisation;
    assert_eq!(organisation.people[0].accounts["jira"], "557058:9c…");
    let architects = &organisation.roles["architect"];
    assert_eq!(architects[0].holder, Holder::Team("acme/platform-architects".to_owned()));
    assert_eq!(
        architects[1].until.map(crate::domain::Time::to_date_text).as_deref(),
        Some("2027-01-01")
    );
    assert_eq!(architects[1].place, "organisation: roles.architect[1], line 7");
    assert_eq!(organisation.roles["breakglass"][0].scopes, ["*"]);
    assert!(organisation.emergency.as_ref().is_some_and(|one| one.second_person));
    let names: Vec<_> = organisation.environments.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["production", "staging"]);
    assert!(organisation.environments[0].integrity && !organisation.environments[1].integrity);
    assert!(organisation.deny_unaccounted);
    assert_eq!(organisation.freeze[0].reason, "year end");
    assert!(organisation.rollout.observe[0].matches_text("acme/legacy-billing"));
    assert_eq!(file.policy.trivial.kinds.as_ref().map(Vec::len), Some(3));
    assert_eq!(file.policy.trivial.max.lines, Some(200));
    assert!(file.policy.always_critical.iter().any(|glob| glob.as_str() == "iam/**"));
    assert_eq!(file.policy.deny_keys.len(), 1);
}

#[test]
fn a_typo_names_line_column_and_the_nearest_known_key() {
    let text = "version: 1\ndefault: significant\naproval:\n  staleness: same_commit\n";
    let found = read_repository(".countersign.yml", text.as_bytes()).expect_err("refused");
    assert_eq!(
        found[0].to_string(),
        ".countersign.yml:3:1: unknown key `aproval` (CS0110); did you mean `approval`?"
    );
    assert_eq!(
        render_all(&found, text),
        "\
error[CS0110]: unknown key `aproval`
 --> .countersign.yml:3:1
  |
3 | aproval:
  | ^^^^^^^ aproval
  |
  = help: did you mean `approval`?"
    );
}

#[test]
fn every_mistake_of_a_file_is_named_in_one_go() {
    let text = "\
version: 1
trival: {}
trivial:
  max: { files: 0, lins: 3 }
  config:
    - files: deploy/*.yaml
      allow:
        - { key: a.b, regex: '(' , max: 1, min: 2 }
  docs: { files: [] }
default: trivial
approval:
  architects: { count: 0 }
  ticket: { required: yes }
  staleness: cleanrebase
reverts: { window: 1 month }
tests: ['[!a]']
";
    assert_eq!(
        errors(text),
        [
            "2:1 CS0110 unknown key `trival`",
            "4:17 CS0121 `0` is no whole number from 1 to 1000000000",
            "4:20 CS0110 unknown key `lins`",
            "6:14 CS0113 expected a list, found text",
            "8:30 CS0117 `(` is no regular expression that can be used: unclosed group",
            "8:41 CS0122 `max` (1) is below `min` (2): no value fits",
            "9:18 CS0114 the list is empty",
            "10:10 CS0115 `trivial` is not one of the words known here",
            "12:24 CS0121 `0` is no whole number from 1 to 100",
            "13:23 CS0113 expected true or false, found text",
            "14:14 CS0115 `cleanrebase` is not one of the words known here",
            "15:20 CS0119 `1 month` is no duration",
            "16:9 CS0116 `[!a]` is no glob: negated classes are refused; list what is meant",
        ]
    );
}

#[test]
fn a_text_where_a_list_belongs_is_told_how_to_write_the_list() {
    let found = read_repository("p.yml", b"version: 1\ntests: x.yml\n").expect_err("refused");
    assert_eq!(found[0].help, "write a list: `[\"x.yml\"]`");
    assert_eq!(found[0].field, "tests");
}

#[test]
fn case_59_keys_that_are_unknown_or_twice_and_what_is_too_deep_or_empty() {
    assert_eq!(
        errors("version: 1\ndefault: critical\ndefault: routine\n"),
        ["3:1 CS0111 `default` stands here twice"]
    );
    let deep = format!("version: 1\ntests: {}x{}\n", "[".repeat(40), "]".repeat(40));
    assert_eq!(errors(&deep), ["2:39 CS0103 nested more than 32 deep"]);
    let also = "version: 1\napproval:\n  also:\n    - { when: {}, role: security }\n";
    assert_eq!(errors(also), ["4:15 CS0114 the condition is empty"]);
    assert_eq!(errors(""), ["1:1 CS0104 the file is empty"]);
    assert_eq!(errors("version: 2\n"), ["1:10 CS0124 version 2 of the language is not known"]);
    assert_eq!(errors("default: routine\n"), ["1:1 CS0112 the key `version` is missing"]);
    assert_eq!(errors("- version: 1\n"), ["1:1 CS0113 expected a map, found a list"]);
}

#[test]
fn case_61_expressions_and_globs_that_explode_are_refused_when_read() {
    let regex = "version: 1\napproval: { ticket: { required: true, pattern: '(((a{99}){99}){99}){99}' } }\n";
    assert!(errors(regex)[0].contains("CS0117"), "{:?}", errors(regex));
    let escape = "version: 1\napproval: { ticket: { required: true, pattern: 'a)|(b' } }\n";
    assert!(errors(escape)[0].contains("CS0117"), "{:?}", errors(escape));
    let glob = format!("version: 1\ntests: ['{}']\n", "{a,b}".repeat(5000));
    assert_eq!(errors(&glob), ["2:9 CS0116 a glob may have 1024 characters at most"]);
}

#[test]
fn case_113_a_link_five_megabytes_and_an_alias_bomb_are_no_policy() {
    assert_eq!(
        no_regular_file(".countersign.yml", "a symbolic link")[0].message,
        "the policy is a symbolic link, not a regular file"
    );
    let large = "#".repeat(5_000_000);
    assert_eq!(errors(&large), ["1:1 CS0101 the file has 5000000 bytes; 262144 is the most"]);
    let line =
        |(name, last): (char, char)| format!("{name}: &{name} [*{last}, *{last}, *{last}]\n");
    let lines: String = "bcdefghi".chars().zip("abcdefgh".chars()).map(line).collect();
    let bomb = format!("a: &a [x, x]\n{lines}");
    let found = errors(&bomb);
    assert!(found.iter().any(|one| one == "1:7 CS0103 a value with an anchor"), "{found:?}");
    assert!(found.iter().any(|one| one == "2:8 CS0103 an alias"), "{found:?}");
    let many = format!("version: 1\ntests: [{}]\n", "a,".repeat(20_001));
    assert!(errors(&many)[0].contains("CS0103 more than 20000 nodes"), "{:?}", errors(&many));
}

#[test]
fn grammar_by_which_two_readers_could_differ_is_refused_with_its_place() {
    for (text, message) in [
        ("version: 1\n---\nversion: 1\n", "2:1 CS0103 a second document"),
        ("version: !foo 1\n", "1:15 CS0103 a value with a tag"),
        ("version: 1\n<<: {default: routine}\n", "2:1 CS0103 a merge key"),
        ("version: 1\ndefault: *x\n", "2:10 CS0103 an alias"),
        ("version: 1\n? [a]\n: b\n", "2:3 CS0103 a list as a key"),
    ] {
        assert_eq!(errors(text)[0], message, "{text}");
    }
    assert!(errors("version: 1\n\tdefault: routine\n")[0].contains("CS0102"));
    assert!(errors("%YAML 1.1\n---\nversion: 1\n")[0].contains("CS0102"));
    let bytes = read_repository("p.yml", b"version: 1\n# \xff\n").expect_err("refused");
    assert_eq!((bytes[0].line, bytes[0].column, bytes[0].code), (2, 3, "CS0101"));
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_no_matter() {
    let text = "\u{feff}version: 1\r\ndefault: routine\r\naproval: 1\r\n";
    assert_eq!(errors(text), ["3:1 CS0110 unknown key `aproval`"]);
    let found = read_repository("p.yml", text.as_bytes()).expect_err("refused");
    assert!(found[0].render(text).contains("3 | aproval: 1"), "{}", found[0].render(text));
}

#[test]
fn numbers_and_words_that_yaml_could_read_otherwise_need_quotes() {
    let text = "version: 1\nsignificant: [{ files: [a], scope: 123 }]\n";
    let found = read_repository("p.yml", text.as_bytes()).expect_err("refused");
    assert_eq!(found[0].message, "expected a scope, found a number");
    assert_eq!(found[0].help, "put it in quotes: `\"123\"`");
}

#[test]
fn documentation_that_takes_in_every_file_is_refused() {
    let text = "version: 1\ntrivial: { docs: { files: ['**'] } }\n";
    assert_eq!(errors(text), ["2:28 CS0126 `**` takes in every file"]);
}

#[test]
fn a_key_that_may_become_anything_is_a_warning() {
    let text =
        "version: 1\ntrivial:\n  config:\n    - { files: [a.yaml], allow: [{ key: a.b }] }\n";
    let file = read_repository("p.yml", text.as_bytes()).expect("read");
    assert_eq!(file.warnings.len(), 1);
    assert_eq!(file.warnings[0].code, "CS0130");
    assert!(check_file("p.yml", text.as_bytes()).passes());
}

#[test]
fn a_diagnostic_is_json_for_machines() {
    let report = check_file("p.yml", b"version: 1\naproval: 1\n");
    assert_eq!(
        serde_json::to_value(&report).expect("json"),
        serde_json::json!({ "kind": "repository", "diagnostics": [{
            "code": "CS0110", "severity": "error", "message": "unknown key `aproval`", "file": "p.yml",
            "field": "aproval", "line": 2, "column": 1, "span": { "start": 11, "end": 18 },
            "help": "did you mean `approval`?"
        }] })
    );
}

#[test]
fn a_hostile_file_is_answered_with_a_hundred_mistakes_and_no_more() {
    let lines: Vec<String> = (0..5000).map(|index| format!("k{index}: 1")).collect();
    let text = lines.join("\n");
    assert_eq!(errors(&text).len(), 100);
}

#[test]
fn names_in_the_organisation_file_refer_to_something() {
    let text = "\
version: 1
people:
  - { user: ann, emails: [a@x.example] }
  - { user: bob, emails: [A@x.example] }
roles:
  lead:
    - { team: acme/leads, user: ann }
    - { user: ann, from: 2027-01-01, until: 2026-01-01 }
approval: { architects: { role: lead }, also: [{ when: { class: critical }, role: secruity }] }
emergency: { ttl: 5h, review_role: leed }
deploy:
  environments:
    production: { after: [stagin] }
    staging: { after: [staging] }
freeze:
  - { environment: prodution, from: 2026-12-20, to: 2026-12-20, reason: year end }
";
    assert_eq!(
        organisation_errors(text),
        [
            "organisation.yml:4:27: the address `a@x.example` stands here twice (CS0122); the first is on line 3; one of them belongs to one person",
            "organisation.yml:7:33: `team` and `user` in one entry (CS0122); write two entries",
            "organisation.yml:8:45: `until` is not after `from` (CS0122)",
            "organisation.yml:9:83: no role is called `secruity` (CS0123); did you mean `security`?",
            "organisation.yml:10:19: `5h` is longer than 4h, the longest an emergency may be (CS0121)",
            "organisation.yml:10:36: no role is called `leed` (CS0123); did you mean `lead`?",
            "organisation.yml:13:27: no environment is called `stagin` (CS0123); did you mean `staging`?",
            "organisation.yml:14:24: `staging` cannot come after itself (CS0122)",
            "organisation.yml:16:20: no environment is called `prodution` (CS0123); did you mean `production`?",
            "organisation.yml:16:53: `to` is not after `from` (CS0122)",
        ]
    );
}

#[test]
fn a_freeze_of_an_environment_that_nobody_listed_freezes_nothing_and_is_refused() {
    let file = |name: &str| {
        let when = "from: 2026-12-20, to: 2027-01-03, reason: x";
        format!("version: 1\nfreeze: [{{ environment: {name}, {when} }}]\n")
    };
    assert!(read_organisation("organisation.yml", file("production").as_bytes()).is_ok());
    assert_eq!(
        organisation_errors(&file("prodution")),
        [
            "organisation.yml:2:25: no environment is called `prodution` (CS0123); list it in `deploy.environments`; with no list `production` alone is known"
        ]
    );
}

#[test]
fn the_two_files_are_told_apart_by_their_keys() {
    let kind = |name, text: &str| check_file(name, text.as_bytes()).kind;
    assert_eq!(kind("x.yml", "version: 1\nfloor: {}\n"), FileKind::Organisation);
    assert_eq!(kind("x.yml", "version: 1\n"), FileKind::Repository);
    assert_eq!(kind("a/.countersign.yml", "version: 1\nroles: {}\n"), FileKind::Repository);
    let moved = check_file(".countersign.yml", b"version: 1\nroles: { x: [{ user: a }] }\n");
    assert_eq!(moved.diagnostics[0].help, "`roles` belongs in the organisation file");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_the_bytes_nothing_panics_and_places_lie_in_the_text(
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200),
        cut in 0_usize..1200,
    ) {
        let whole = include_str!("testdata/organisation.yml").as_bytes();
        let spliced = [whole.get(..cut).unwrap_or(whole), &bytes].concat();
        for bytes in [bytes, spliced] {
            let report = check_file("p.yml", &bytes);
            let text = String::from_utf8_lossy(&bytes);
            for one in &report.diagnostics {
                proptest::prop_assert!(one.line >= 1 && one.column >= 1);
                let _ = one.render(&text);
            }
        }
    }
}

#[test]
fn commands_of_comments_are_one_exact_line_each_and_differ() {
    let said = |text: &str| errors(&format!("version: 1\napproval:\n  comments: {text}\n"));
    let good = |text: &str| {
        let text = format!("version: 1\napproval:\n  comments: {text}\n");
        read_repository("x.yml", text.as_bytes()).is_ok()
    };
    for text in ["{ approve: /approve, veto: /veto }", "{ approve: LGTM }", "{ veto: \"/no way\" }"]
    {
        assert!(good(text), "{text}");
    }
    for bad in ["\"+1\"", "\" /approve\"", "\"/approve \"", "\"/a\\nb\"", "\"\"", "\"👍\""] {
        let found = said(&format!("{{ approve: {bad} }}"));
        assert_eq!(found, ["3:24 CS0125 this can be no command"], "{bad}");
    }
    assert!(good(&format!("{{ approve: {} }}", "a".repeat(50))));
    assert_eq!(said(&format!("{{ approve: {} }}", "a".repeat(51))).len(), 1);
    assert_eq!(said("{}"), ["3:13 CS0114 no command is named"]);
    assert_eq!(said("{ approve: /x, veto: /x }"), ["3:34 CS0122 `/x` would be a yes and a no"]);
    assert_eq!(said("{ aprove: /x, veto: /y }"), ["3:15 CS0110 unknown key `aprove`"]);
    assert_eq!(said("true"), ["3:13 CS0113 expected a map, found true or false"]);
}
