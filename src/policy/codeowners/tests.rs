//! An imported policy demands of every path the owners that the file demands.

use super::*;
use crate::domain::RepoPath;
use crate::policy::file::read_organisation;
use crate::policy::requirement::{AlsoRule, Demand as Asked};

const NAME: &str = "CODEOWNERS";

pub(super) fn imported(text: &str, dialect: Dialect) -> Imported {
    import(NAME, text, dialect, None)
}

/// What a policy demands of each path: the line of the file, the role, how many.
pub(super) fn all_demanded(policy: &str, paths: &[String]) -> Vec<Vec<(u64, String, u64)>> {
    let file = read_repository("p.yml", policy.as_bytes()).expect(policy);
    let demanded = |path: &String| {
        let path = RepoPath::from(path.as_str());
        let matching = file.policy.approval.also.iter().filter(|rule| {
            let when = &rule.when;
            when.files.iter().any(|glob| glob.matches(&path))
                && !when.except.iter().any(|glob| glob.matches(&path))
        });
        matching.map(demand).collect()
    };
    paths.iter().map(demanded).collect()
}

fn demand(rule: &AlsoRule) -> (u64, String, u64) {
    let name = rule.needs.name.as_deref().expect("a name");
    let line = name.trim_start_matches("CODEOWNERS, line ").split(':').next();
    let line = line.and_then(|digits| digits.parse().ok()).expect("a line");
    let Asked::Role { role, scope: None, count } = &rule.needs.what else { panic!("a role") };
    (line, role.clone(), *count)
}

fn demanded(policy: &str, path: &str) -> Vec<(u64, String, u64)> {
    all_demanded(policy, &[path.to_owned()]).remove(0)
}

fn owners(text: &str, dialect: Dialect, path: &str) -> Vec<String> {
    let imported = imported(text, dialect);
    demanded(&imported.policy, path).into_iter().map(|(_, role, _)| role).collect()
}

/// `line code message` of everything found.
fn found(text: &str, dialect: Dialect) -> Vec<String> {
    let found = imported(text, dialect).found;
    found.iter().map(|one| format!("{} {} {}", one.line, one.code, one.message)).collect()
}

#[test]
fn the_examples_of_githubs_documentation() {
    let text = "\
* @global-owner1 @global-owner2
*.js @js-owner #This is an inline comment.
*.go docs@example.com
*.txt @octo-org/octocats
/build/logs/ @doctocat
docs/* docs@example.com
apps/ @octocat
/docs/ @doctocat
/scripts/ @doctocat @octocat
**/logs @octocat
/apps/ @octocat
/apps/github
";
    let of = |path| owners(text, Dialect::Github, path);
    assert_eq!(of("README"), ["@global-owner1 @global-owner2"]);
    assert_eq!(of("a/b/c.js"), ["@js-owner"]);
    assert_eq!(of("main.go"), ["docs@example.com"]);
    assert_eq!(of("build/logs/a/b"), ["@octocat"]);
    assert_eq!(of("docs/x.md"), ["@doctocat"]);
    assert_eq!(of("lib/apps/x"), ["@octocat"]);
    assert_eq!(of("scripts/x.sh"), ["@doctocat @octocat"]);
    assert_eq!(of("deeply/nested/logs/x"), ["@octocat"]);
    assert_eq!(of("apps/other"), ["@octocat"]);
    assert_eq!(of("apps/github"), Vec::<String>::new());
    assert_eq!(of("apps/github/x"), Vec::<String>::new());
}

#[test]
fn case_80_a_star_in_a_folder_takes_no_nested_file() {
    for dialect in [Dialect::Github, Dialect::Gitlab] {
        let text = "/docs/* @a\n";
        assert_eq!(owners(text, dialect, "docs/a.md"), ["@a"]);
        assert_eq!(owners(text, dialect, "docs/a/b.md"), Vec::<String>::new());
    }
}

#[test]
fn what_github_forbids_is_reported_with_its_line_and_read_as_nothing() {
    let text = "* @a\n!docs/ @b\n[abc].rs @b\n\\#x @b\na#b @b\na***b @b\na//b @b\nx docs\n\\a @b\nc/**/ @b\n";
    assert_eq!(
        found(text, Dialect::Github),
        [
            "2 CS0141 GitHub knows no negation with `!`",
            "3 CS0141 GitHub knows no character ranges `[ ]`",
            "4 CS0141 GitHub cannot escape `#` at the beginning",
            "5 CS0141 what GitHub makes of `#` inside a pattern is not documented",
            "6 CS0141 three stars in a row",
            "7 CS0141 `a//b` has an empty part, and so matches nothing",
            "8 CS0140 `docs` names no owner",
            "9 CS0141 an escape of anything but a blank",
            "10 CS0141 `**/` at the end",
        ]
    );
    for path in ["docs/x", "a.rs", "#x", "a#b", "a/b", "x"] {
        assert_eq!(owners(text, Dialect::Github, path), ["@a"], "{path}");
    }
    let section = imported("[Docs]\n/docs/ @a\n", Dialect::Github).found;
    assert_eq!(section[0].help, "sections are GitLab's: `--dialect gitlab`");
}

#[test]
fn blanks_are_escaped_and_braces_are_themselves() {
    let text = "/my\\ docs/ @a\n/{x}/ @b\n";
    for dialect in [Dialect::Github, Dialect::Gitlab] {
        assert_eq!(owners(text, dialect, "my docs/x"), ["@a"]);
        assert_eq!(owners(text, dialect, "{x}/y"), ["@b"]);
        assert_eq!(owners(text, dialect, "x/y"), Vec::<String>::new());
    }
}

const GITLAB: &str = "\
* @admin
!package-lock.json

[Documentation][2] @docs-team
docs/
README.md
/docs/api/ @api @lee # not @sam

^[Optional]
*.rb @ruby

[documentation]
*.txt @text
";

#[test]
fn gitlabs_sections_each_demand_and_their_last_line_wins() {
    let of = |path| demanded(&imported(GITLAB, Dialect::Gitlab).policy, path);
    let told = |line: u64, role: &str, count| (line, role.to_owned(), count);
    assert_eq!(of("x.rb"), [told(1, "@admin", 1)]);
    assert_eq!(of("package-lock.json"), []);
    assert_eq!(of("a/docs/b"), [told(1, "@admin", 1), told(5, "@docs-team", 2)]);
    assert_eq!(of("docs"), [told(1, "@admin", 1)]);
    assert_eq!(of("docs/api/x"), [told(1, "@admin", 1), told(7, "@api @lee @sam", 2)]);
    assert_eq!(of("docs/x.txt"), [told(1, "@admin", 1), told(13, "@text", 1)]);
}

#[test]
fn what_gitlab_reads_in_another_way_than_people_think_is_reported() {
    let errors = |text| {
        let found = imported(text, Dialect::Gitlab).found;
        let errors = found.into_iter().filter(Diagnostic::is_error);
        errors.map(|one| format!("{} {} {}", one.line, one.code, one.message)).collect::<Vec<_>>()
    };
    assert_eq!(errors(GITLAB), ["7 CS0140 `@sam` stands in a comment"]);
    assert_eq!(
        errors(
            "[Name\n[]\n[A][0] @a\nx @a\nx @b\ny\n[B] @b\n!z @c\n[ab] @b\nq[ab] @b\nz @@maintainers\nz2 @@guest\nz3 a@b.example\n"
        ),
        [
            "1 CS0140 a heading without a name or its `]`",
            "2 CS0140 a heading without a name or its `]`",
            "3 CS0140 `[0]` is no number of approvals from 1 to 100",
            "5 CS0140 the same pattern stands on line 4 of this section",
            "8 CS0140 owners after an exclusion",
            "10 CS0141 a set of characters `[ ]` has no exact counterpart here",
            "11 CS0142 who has `@@maintainer` is known to GitLab alone, so nobody holds the role in its place",
            "12 CS0140 `@@guest` names no owner",
            "12 CS0140 a line that no owner stands on",
            "13 CS0142 nobody is known by the address `a@b.example`, so nobody holds the role in its place",
        ]
    );
    assert_eq!(errors("/docs\n").len(), 1, "nobody owns it");
}

#[test]
fn the_roles_name_teams_and_people_as_the_organisation_knows_them() {
    let text = "/a @acme/Pay @M.Ortiz lee@acme.example\n/b @acme/pay @lee\n";
    let organisation = b"version: 1\npeople:\n  - { user: M.Ortiz }\n  - { user: lee, emails: [Lee@acme.example] }\n\
                         roles: { \"@lee @acme/pay\": [{ user: lee }] }\n";
    let organisation = read_organisation("o.yml", organisation).expect("a file");
    let imported = import(NAME, text, Dialect::Github, Some(&organisation));
    assert_eq!(imported.found, []);
    assert_eq!(
        imported.roles,
        "version: 1\nroles:\n  \"@m.ortiz @acme/pay lee@acme.example\":\n    - { user: \"M.Ortiz\" }\n    \
         - { team: \"acme/pay\" }\n    - { user: \"lee\" }\n"
    );
}

#[test]
fn a_file_that_demands_nothing_is_a_policy_that_adds_nothing() {
    let imported = imported("# nobody\n/docs/\n", Dialect::Github);
    assert_eq!(
        (imported.policy.as_str(), imported.roles.as_str()),
        ("version: 1\n", "version: 1\n")
    );
    assert_eq!(imported.found, []);
}

#[test]
fn more_than_a_policy_can_hold_is_said() {
    let lines: Vec<String> = (0..9000).map(|n| format!("*a{n}*/x @a")).collect();
    let text = lines.join("\n");
    let found = imported(&text, Dialect::Github).found;
    assert!(found.iter().any(|one| one.is_error() && one.file == "the imported policy"));
}

#[test]
fn lines_beyond_what_a_policy_holds_are_counted_and_not_forgotten() {
    use std::fmt::Write as _;
    let mut text = String::new();
    for number in 0..2_503 {
        let _ = writeln!(text, "/d{number}/ @acme/a");
    }
    let imported = import("CODEOWNERS", &text, Dialect::Github, None);
    let first = imported.found.first().expect("an error");
    assert_eq!(first.message, "3 lines after the first 2500 were not taken over");
    let bad = import("CODEOWNERS", &"a nobody\n".repeat(1_200), Dialect::Github, None);
    let said: Vec<&str> = bad.found.iter().map(|one| one.message.as_str()).collect();
    assert!(said.contains(&"200 more things are wrong, which are not named one by one"));
    assert!(bad.found.iter().any(|one| one.line == 1_000), "each has its own line");
}
