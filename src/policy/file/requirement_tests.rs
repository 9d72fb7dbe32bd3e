//! How requirements and conditions are read, and what is refused of them.
use super::*;
use crate::policy::requirement::Demand;

fn read(also: &str) -> Result<RepositoryFile, Vec<String>> {
    let text = format!("version: 1\napproval:\n  also:\n    - {also}\n");
    read_repository(".countersign.yml", text.as_bytes()).map_err(|found| {
        found.iter().map(|one| format!("{} {} {}", one.code, one.field, one.message)).collect()
    })
}

fn errors(also: &str) -> Vec<String> {
    read(also).expect_err(also)
}

const WHEN: &str = "when: { class: critical }";

#[test]
fn a_requirement_asks_exactly_one_thing() {
    assert_eq!(
        errors(&format!("{{ {WHEN} }}")),
        ["CS0112 approval.also[0] the key `role`, `people`, `checks`, `any` or `all` is missing"]
    );
    assert_eq!(
        errors(&format!("{{ {WHEN}, role: a, any: [{{ role: b }}] }}")),
        ["CS0122 approval.also[0].any `role` and `any` in one requirement"]
    );
    assert_eq!(
        errors(&format!("{{ {WHEN}, checks: [ci], count: 2, scope: x }}")),
        [
            "CS0122 approval.also[0].count `count` says nothing here",
            "CS0122 approval.also[0].scope `scope` says nothing here",
        ]
    );
    assert_eq!(
        errors(&format!("{{ {WHEN}, people: [a, a], count: 2 }}")),
        [
            "CS0122 approval.also[0].people somebody stands here twice",
            "CS0121 approval.also[0].count 2 of 1 people cannot approve",
        ]
    );
    assert_eq!(
        errors(&format!("{{ {WHEN}, checks: [ci], conclusions: [failure] }}")),
        ["CS0115 approval.also[0].conclusions[0] `failure` is not one of the words known here"]
    );
}

#[test]
fn what_a_check_may_have_ended_as_is_success_where_nothing_is_said() {
    let file = read(&format!("{{ {WHEN}, checks: [ci] }}")).expect("a file");
    let success = vec!["success".to_owned()];
    let expected = Demand::Checks { checks: vec!["ci".to_owned()], conclusions: success };
    assert_eq!(file.policy.approval.also[0].needs.what, expected);
}

fn nested(levels: usize) -> String {
    (0..levels).fold("role: a".to_owned(), |inner, _| format!("any: [{{ {inner} }}]"))
}

fn nested_condition(levels: usize) -> String {
    (0..levels).fold("class: critical".to_owned(), |inner, _| format!("all: [{{ {inner} }}]"))
}

#[test]
fn case_59_nothing_nests_deeper_than_ten_levels_and_nothing_is_empty() {
    assert!(read(&format!("{{ {WHEN}, {} }}", nested(10))).is_ok());
    let deep = errors(&format!("{{ {WHEN}, {} }}", nested(11)));
    assert_eq!(deep.len(), 1);
    assert!(deep[0].starts_with("CS0127 approval.also[0].any[0].any[0]"), "{deep:?}");
    assert!(deep[0].ends_with("`any` stands 11 levels deep"), "{deep:?}");
    assert!(read(&format!("{{ when: {{ {} }}, role: a }}", nested_condition(10))).is_ok());
    let deep = errors(&format!("{{ when: {{ {} }}, role: a }}", nested_condition(11)));
    assert!(deep[0].ends_with("`all` stands 11 levels deep"), "{deep:?}");
    let nots =
        (0..11).fold("branches: [main]".to_owned(), |inner, _| format!("not: {{ {inner} }}"));
    assert!(errors(&format!("{{ when: {{ {nots} }}, role: a }}"))[0].starts_with("CS0127"));
    for word in ["any", "all"] {
        assert_eq!(
            errors(&format!("{{ {WHEN}, {word}: [] }}")),
            [format!("CS0114 approval.also[0].{word} the list is empty")]
        );
        assert_eq!(
            errors(&format!("{{ when: {{ {word}: [] }}, role: a }}")),
            [format!("CS0114 approval.also[0].when.{word} the list is empty")]
        );
    }
    for empty in ["not: {}", "authors: {}", "authors: { bots: false }", "size: {}", "any: [{}]"] {
        let found = errors(&format!("{{ when: {{ {empty} }}, role: a }}"));
        assert!(found[0].starts_with("CS0114"), "{empty}: {found:?}");
    }
}

#[test]
fn case_65_no_condition_can_be_made_to_go_away() {
    for (when, field) in [
        ("not: { labels: [hotfix] }", "not.labels"),
        ("not: { files: [a] }", "not.files"),
        ("not: { not: { not: { size: { files_over: 3 } } } }", "not.not.not.size"),
        ("any: [{ not: { authors: { bots: true } } }]", "any[0].not.authors"),
        ("not: { not_passed: [ci] }", "not.not_passed"),
        ("only_files: [docs/**]", "only_files"),
        ("not: { not: { only_authors: { bots: true } } }", "not.not.only_authors"),
        ("draft: false", "draft"),
    ] {
        let found = errors(&format!("{{ when: {{ {when} }}, role: a }}"));
        let expected = format!("CS0128 approval.also[0].when.{field} ");
        assert!(found.len() == 1 && found[0].starts_with(&expected), "{when}: {found:?}");
    }
    for when in [
        "not: { only_files: [docs/**] }",
        "not: { branches: [main] }",
        "not: { not: { labels: [risky] } }",
        "any: [{ draft: true }, { not: { only_authors: { roles: [security] } } }]",
    ] {
        assert!(read(&format!("{{ when: {{ {when} }}, role: security }}")).is_ok(), "{when}");
    }
}

#[test]
fn a_condition_inside_a_requirement_is_refused_with_the_place_where_it_belongs() {
    let text = format!(
        "version: 1\napproval:\n  also:\n    - {{ {WHEN}, any: [{{ {WHEN}, role: a }}] }}\n"
    );
    let found = read_repository("x.yml", text.as_bytes()).expect_err("refused");
    assert_eq!(found[0].code, code::UNKNOWN_KEY);
    assert!(found[0].help.starts_with("`when` belongs in the whole entry"), "{}", found[0].help);
}

#[test]
fn except_takes_from_files() {
    let found = errors("{ when: { except: [a] }, role: a }");
    assert_eq!(found, ["CS0122 approval.also[0].when.except `except` without `files`"]);
}

#[test]
fn the_organisation_knows_every_name_that_it_uses() {
    let text = "version: 1\npeople: [{ user: lee }]\napproval:\n  also:\n    - when: { authors: { people: [lea] } }\n      \
                all: [{ people: [lee] }, { any: [{ role: secruity }] }]\n";
    let found = read_organisation("o.yml", text.as_bytes()).expect_err("refused");
    let found: Vec<String> =
        found.iter().map(|one| format!("{} {}", one.field, one.help)).collect();
    assert_eq!(
        found,
        [
            "approval.also[0].when.authors.people[0] did you mean `lee`?",
            "approval.also[0].all[1].any[0].role did you mean `security`?",
        ]
    );
}
