//! Policies: checked, tested, explained, imported and suggested offline.

use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;
use serde_json::json;

use crate::world::{folder, run};

#[test]
fn codeowners_become_a_policy_and_what_they_cannot_say_is_shown_with_its_line() {
    let folder = folder();
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("written");
    };
    write("CODEOWNERS", "/src/ @acme/core\n!/docs/ @acme/docs\n/docs/ lee@acme.example\n");
    write("org.yml", "version: 1\npeople: [{ user: lee, emails: [lee@acme.example] }]\n");
    let import = ["policy", "import", "CODEOWNERS", "--org", "org.yml"];
    let (code, out, err) = run(folder.path(), &import);
    assert_eq!(code, 1, "a line was left out");
    assert!(
        err.contains("error[CS0141]: GitHub knows no negation with `!`\n --> CODEOWNERS:2:1"),
        "{err}"
    );
    assert!(err.ends_with("error: 1 thing to look at; the rest was imported\n"), "{err}");
    assert!(
        out.contains("# organisation file: the roles that it needs\nversion: 1\nroles:\n"),
        "{out}"
    );

    write("CODEOWNERS", "/src/ @acme/core\n/docs/ lee@acme.example\n");
    let part = |only: &str| run(folder.path(), &[&import[..], &["--only", only]].concat());
    let (code, policy, err) = part("policy");
    assert_eq!((code, err.as_str()), (0, ""));
    write(".countersign.yml", &policy);
    let (code, out, _) = run(folder.path(), &["policy", "check", ".countersign.yml"]);
    assert_eq!(code, 0, "{out}");
    let (_, roles, _) = part("roles");
    assert!(roles.contains("  \"lee@acme.example\":\n    - { user: \"lee\" }\n"), "{roles}");

    write("org.yml", "version: 2\n");
    let (code, out, err) = run(folder.path(), &import);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("the organisation file is refused"), "{err}");
    std::fs::write(folder.path().join("CODEOWNERS"), b"\xff").expect("written");
    assert_eq!(run(folder.path(), &["policy", "import", "CODEOWNERS"]).0, 3);
}

#[test]
fn a_typo_in_a_policy_is_shown_with_its_place_and_the_word_that_was_meant() {
    let folder = folder();
    std::fs::write(folder.path().join(".countersign.yml"), "version: 1\naproval:\n  by: []\n")
        .expect("written");
    let (code, out, err) = run(folder.path(), &["policy", "check", ".countersign.yml"]);
    assert_eq!((code, err.as_str()), (1, ""));
    assert_eq!(
        out,
        "error[CS0110]: unknown key `aproval`\n \
         --> .countersign.yml:2:1\n  \
         |\n\
         2 | aproval:\n  \
         | ^^^^^^^ aproval\n  \
         |\n  \
         = help: did you mean `approval`?\n\n\
         .countersign.yml: a repository's policy; it is refused (1 error, 0 warnings)\n"
    );
    std::fs::write(folder.path().join("good.yml"), "version: 1\ndefault: significant\n")
        .expect("written");
    let (code, out, _) = run(folder.path(), &["policy", "check", "good.yml"]);
    assert_eq!(
        (code, out.as_str()),
        (0, "good.yml: a repository's policy; it holds (0 errors, 0 warnings)\n")
    );
    let (code, out, err) = run(folder.path(), &["policy", "check", "absent.yml", "good.yml"]);
    assert_eq!(code, 2);
    assert_eq!(err, "error: absent.yml: No such file or directory (os error 2)\n");
    assert!(out.starts_with("good.yml: "), "the others are still checked: {out}");
}

#[test]
fn cases_pass_and_fail_each_on_its_line() {
    let folder = folder();
    let cases = "- name: code is significant\n  head: { src/a.rs: \"fn main() {}\\n\" }\n  expect: { class: significant, pass: false }\n\
                 - name: code is trivial\n  head: { src/a.rs: \"fn main() {}\\n\" }\n  expect: { class: trivial }\n";
    std::fs::write(folder.path().join("cases.yml"), cases).expect("written");
    let (code, out, err) = run(folder.path(), &["policy", "test", "cases.yml"]);
    assert_eq!((code, err.as_str()), (1, ""));
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines[0], "passed  code is significant");
    assert!(
        lines[1].starts_with(
            "FAILED  code is trivial (cases.yml:4): class is significant, not trivial: "
        ),
        "{out}"
    );
    assert_eq!(lines[2..], ["1 passed, 1 failed"]);

    std::fs::write(folder.path().join("cases.yml"), "- name: x\n  head: { a: b }\n  expct: {}\n")
        .expect("written");
    let (code, out, err) = run(folder.path(), &["policy", "test", "cases.yml"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.starts_with("error: cases.yml:3:"), "{err}");

    std::fs::write(folder.path().join("bad.yml"), "aproval: {}\n").expect("written");
    std::fs::write(folder.path().join("cases.yml"), cases).expect("written");
    let (code, out, err) =
        run(folder.path(), &["policy", "test", "cases.yml", "--policy", "bad.yml"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.ends_with("error: the policy is refused; no case was run\n"), "{err}");
}

#[test]
fn a_repository_tests_its_own_policy_by_the_cases_it_names() {
    let folder = folder();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    };
    write(".countersign.yml", "version: 1\ndefault: significant\n");
    let (code, out, err) = run(folder.path(), &["policy", "test", "--repo", "."]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("it names no cases; add them as `tests:"), "{err}");

    write(".countersign.yml", "version: 1\ntests: [\"checks/**/*.yml\"]\n");
    let (code, _, err) = run(folder.path(), &["policy", "test", "--repo", "."]);
    assert_eq!(code, 2);
    assert!(err.contains("no file matches `tests` (checks/**/*.yml)"), "{err}");

    let case = |class: &str| {
        format!("- name: code is {class}\n  head: {{ a.rs: x }}\n  expect: {{ class: {class} }}\n")
    };
    write("checks/a/code.yml", &case("significant"));
    write("checks/b.yml", &case("trivial"));
    write("other.yml", "not a case");
    let (code, out, err) = run(folder.path(), &["policy", "test", "--repo", "."]);
    assert_eq!((code, err.as_str()), (1, ""));
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(
        (lines.len(), lines[0], lines[2]),
        (3, "passed  code is significant", "1 passed, 1 failed")
    );
    assert!(lines[1].starts_with("FAILED  code is trivial (./checks/b.yml:1): "), "{out}");
}

#[test]
fn both_schemas_are_json() {
    for kind in ["repository", "organisation"] {
        let (code, out, _) = run(folder().path(), &["policy", "schema", kind]);
        let schema: Value = serde_json::from_str(&out).expect("JSON");
        assert_eq!((code, &schema["additionalProperties"]), (0, &json!(false)));
    }
}

/// A repository with a change on top of `base`, made by the git program: the new head's id.
pub fn clone_with_a_change(folder: &Path) -> String {
    let git = |arguments: &[&str]| {
        let output = std::process::Command::new("git")
            .args([
                "-c",
                "user.name=Dev",
                "-c",
                "user.email=dev1@example.org",
                "-c",
                "commit.gpgsign=false",
            ])
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .current_dir(folder)
            .output()
            .expect("git runs");
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    };
    git(&["init", "-q", "-b", "main"]);
    std::fs::write(folder.join("values.yaml"), "replicas: 2\n").expect("written");
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "First"]);
    git(&["tag", "base"]);
    std::fs::write(folder.join("values.yaml"), "replicas: 3\n").expect("written");
    // A policy on the head has no say about the head.
    std::fs::write(folder.join(".countersign.yml"), "version: 1\n").expect("written");
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "More replicas"]);
    git(&["rev-parse", "HEAD"])
}

#[test]
fn a_change_is_explained_by_the_policy_of_its_base() {
    let folder = folder();
    let head = clone_with_a_change(folder.path());
    let explain = ["policy", "explain", "--repo", ".", "--base", "base", "--head", "main"];
    let (code, out, err) = run(folder.path(), &explain);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.starts_with(&format!("change   {} on base@", &head[..10])), "{out}");
    assert!(out.contains("\nFiles\n") && out.contains("values.yaml"), "{out}");
    assert!(out.contains("repository none"), "the head's policy has no say: {out}");
    assert!(out.contains("\nRules\n"), "{out}");
    assert!(out.contains("\nKeys of values.yaml\n") && out.contains("replicas"), "{out}");
    let (code, out, _) = run(folder.path(), &[&explain[..], &["--format", "json"]].concat());
    let told: Value = serde_json::from_str(&out).expect("JSON and nothing else");
    assert_eq!((code, &told["head"]), (0, &json!(head)));
    assert_eq!(told["decision"]["classification"]["class"], "critical", "it touches the policy");
    let (code, _, err) = run(
        folder.path(),
        &["policy", "explain", "--repo", ".", "--base", "nowhere", "--head", "main"],
    );
    assert_eq!((code, err.as_str()), (2, "error: `nowhere` names no commit here\n"));
    let git = |arguments: &[&str]| {
        let mut git = std::process::Command::new("git");
        let done = git.args(arguments).current_dir(folder.path()).status();
        assert!(done.expect("git runs").success());
    };
    git(&["init", "-q", "--object-format=sha256", "other"]);
    let other = ["policy", "explain", "--repo", "other", "--base", "main", "--head", "main"];
    let (code, out, err) = run(folder.path(), &other);
    assert_eq!((code, out.as_str()), (3, ""));
    assert!(err.contains("its object ids are SHA-256, which this version does not read"), "{err}");
}

#[test]
fn a_starter_policy_comes_from_a_repositorys_own_history() {
    let folder = folder();
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=Ann", "-c", "user.email=ann@acme.example"];
        let output = Command::new("git")
            .current_dir(folder.path())
            .args(identity)
            .args(arguments)
            .output()
            .expect("git runs");
        assert!(output.status.success(), "git {arguments:?}");
    };
    let commit = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("written");
        git(&["add", "-A"]);
        git(&["commit", "-q", "-m", "x"]);
    };
    git(&["init", "-q", "-b", "main"]);
    let (code, _, err) = run(folder.path(), &["policy", "suggest", "."]);
    assert_eq!(code, 3);
    assert!(err.contains("the repository has no commit yet"), "{err}");

    std::fs::create_dir(folder.path().join("deploy")).expect("made");
    for replicas in 1..=5 {
        commit("deploy/web.yaml", &format!("replicas: {replicas}\n"));
        commit("main.rs", &format!("fn main() {{ {replicas} }}\n"));
    }
    let (code, out, err) = run(folder.path(), &["policy", "suggest", "."]);
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("allow: [{ key: 'replicas', type: int, min: 1, max: 5, max_delta_pct: 100 }]"),
        "{out}"
    );
    assert!(
        err.contains("1 rule from 10 landings")
            && err.contains("4 of them, 40.0 %, would have passed"),
        "{err}"
    );
    std::fs::write(folder.path().join("own.yml"), &out).expect("written");
    let (code, _, err) = run(folder.path(), &["policy", "check", "own.yml"]);
    assert_eq!((code, err.as_str()), (0, ""), "what is proposed is a policy");

    let (code, out, err) = run(folder.path(), &["policy", "suggest", ".", "--least", "9"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("nothing is proposed"), "{err}");
    let (code, _, err) = run(folder.path(), &["policy", "suggest", ".", "--branch", "nope"]);
    assert_eq!(code, 2);
    assert!(err.contains("there is no branch `nope`"), "{err}");
}
