//! Generated and binary files (sem 2.1): what a rule may let pass, and what it takes to forge it.

use super::tests::{add, change, edit, example, facts, globs};
use super::*;
use crate::domain::FileChange;
use crate::domain::fact::Check;
use crate::policy::model::{BinaryRule, GeneratedRule};
use crate::policy::types::samples::png;

const FILE: u32 = 0o100_644;

fn policy() -> Effective {
    let mut effective = example();
    let trivial = &mut effective.policy.trivial;
    trivial.generated = vec![GeneratedRule {
        name: "clients".to_owned(),
        files: globs(&["gen/**/*.rs"]),
        inputs: globs(&["docs/api/**", "src/api/**"]),
        checks: vec!["ci/generated".to_owned()],
        from: "repository".to_owned(),
    }];
    trivial.binary = vec![BinaryRule {
        name: "pictures".to_owned(),
        files: globs(&["docs/images/**", "docs/**/*.png"]),
        from: "repository".to_owned(),
    }];
    effective
}

fn made(path: &str) -> FileChange {
    let mut file = edit(path, "a\n", "b\n");
    file.content.generated = true;
    file
}

fn input() -> FileChange {
    edit("docs/api/v1.md", "a\n", "b\n")
}

fn check(conclusion: Option<&str>) -> Check {
    Check { name: "ci/generated".to_owned(), conclusion: conclusion.map(str::to_owned) }
}

fn generated(files: Vec<FileChange>, checks: Vec<Check>) -> Classification {
    classify(&policy(), &Facts { checks, ..facts(files) })
}

fn green() -> Vec<Check> {
    vec![check(Some("success"))]
}

#[test]
fn what_is_made_from_trivial_inputs_is_trivial_once_its_check_has_passed() {
    let found = generated(vec![made("gen/a.rs"), input()], green());
    assert_eq!(found.class, Class::Trivial, "{}", found.why);
    let file = found.files.iter().find(|file| file.path == "gen/a.rs".into()).expect("it");
    assert_eq!((file.kind.as_str(), file.rule.as_str()), ("generated", "clients"));
    assert!(file.why.contains("ci/generated passed"), "{}", file.why);
}

#[test]
fn a_generated_file_needs_mark_input_and_check() {
    let refused = |files, checks, why: &str| {
        let found = generated(files, checks);
        assert_eq!(found.class, Class::Significant, "{why}");
        let file = found.files.iter().find(|file| file.path == "gen/a.rs".into()).expect("it");
        assert!(file.why.contains(why), "{}", file.why);
    };
    let unmarked = edit("gen/a.rs", "a\n", "b\n");
    refused(vec![unmarked, input()], green(), "does not mark it");
    refused(vec![made("gen/a.rs")], green(), "nothing that it is made from");
    let code = edit("src/api/mod.rs", "a\n", "b\n");
    refused(vec![made("gen/a.rs"), input(), code], green(), "its input src/api/mod.rs");
    for conclusion in [None, Some("failure"), Some("skipped"), Some("neutral")] {
        refused(vec![made("gen/a.rs"), input()], vec![check(conclusion)], "has not passed");
    }
    refused(vec![made("gen/a.rs"), input()], Vec::new(), "has not passed");
    let both = vec![check(Some("success")), check(Some("failure"))];
    refused(vec![made("gen/a.rs"), input()], both, "has not passed");
}

#[test]
fn a_mark_lowers_nothing_that_no_rule_names_nor_what_is_protected() {
    let other = generated(vec![made("src/a.rs"), input()], green());
    assert_eq!(other.class, Class::Significant);
    for path in ["gen/build.rs", "gen/.github/a.rs", "gen/migrations/a.rs"] {
        let found = generated(vec![made(path), input()], green());
        assert!(found.class >= Class::Significant, "{path}");
    }
    // Its own kind of file is no input: two generated files do not prove each other.
    let mut circle = policy();
    circle.policy.trivial.generated[0].inputs = globs(&["gen/**"]);
    let two = Facts { checks: green(), ..facts(vec![made("gen/a.rs"), made("gen/b.rs")]) };
    assert_eq!(classify(&circle, &two).class, Class::Significant);
}

#[test]
fn case_79_a_head_that_marks_its_own_files_gets_nothing() {
    let marks = edit(".gitattributes", "", "gen/** linguist-generated\n");
    let found = generated(vec![marks, edit("gen/a.rs", "a\n", "b\n"), input()], green());
    assert!(found.files.iter().filter(|file| file.class == Class::Significant).count() == 2);
}

fn binary(path: &str, old: Option<&[u8]>, new: Option<&[u8]>) -> FileClass {
    let side = |bytes| Some((FILE, bytes));
    let file = change(path.as_bytes(), old.and_then(side), new.and_then(side));
    classify(&policy(), &facts(vec![file])).files.remove(0)
}

#[test]
fn a_picture_that_is_one_on_both_sides_is_trivial() {
    let (one, two) = (png(1), png(2));
    for (old, new) in [(None, Some(&one)), (Some(&one), Some(&two)), (Some(&one), None)] {
        let found = binary("docs/images/a.png", old.map(Vec::as_slice), new.map(Vec::as_slice));
        assert_eq!(found.class, Class::Trivial, "{}", found.why);
        assert_eq!(found.why, "a PNG image by its name and by its bytes");
    }
}

#[test]
fn case_76_a_program_under_the_name_of_a_picture_is_significant() {
    let whole = png(1);
    let behind = [whole.as_slice(), b"PK\x03\x04\0"].concat();
    for bytes in [
        &b"\x7fELF\x02\0\0"[..],
        b"MZ\x90\0\x03",
        b"\xcf\xfa\xed\xfe\0",
        b"PK\x03\x04\0\0",
        b"\x89PNG\r\n\x1a\n\0",
        b"GIF89a\0",
        behind.as_slice(),
    ] {
        let found = binary("docs/images/a.png", Some(&whole), Some(bytes));
        assert_eq!((found.class, found.kind.as_str()), (Class::Significant, "binary"), "{bytes:?}");
        assert!(found.why.contains("its bytes after the change"), "{}", found.why);
        let found = binary("docs/images/a.png", Some(bytes), Some(&whole));
        assert!(found.why.contains("its bytes before the change"), "{}", found.why);
    }
}

#[test]
fn neither_another_extension_nor_text_is_let_pass_as_a_picture() {
    let whole = png(1);
    for path in ["docs/images/a.svg", "docs/images/a.pdf", "docs/images/a.jpg", "docs/images/a"] {
        assert_eq!(binary(path, None, Some(&whole)).class, Class::Significant, "{path}");
    }
    assert_eq!(binary("docs/images/a.png", None, Some(b"text\n")).class, Class::Significant);
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
    assert_eq!(binary("docs/images/a.png", None, Some(pointer)).class, Class::Significant);
    assert_eq!(binary("src/a.png", None, Some(&whole)).class, Class::Significant);
}

#[test]
fn the_organisation_says_which_kinds_of_proof_there_are() {
    let mut narrow = policy();
    narrow.policy.trivial.kinds = Some(vec!["docs".to_owned()]);
    let picture = change(b"docs/images/a.png", None, Some((FILE, &png(1))));
    assert_eq!(classify(&narrow, &facts(vec![picture])).class, Class::Significant);
    let both = Facts { checks: green(), ..facts(vec![made("gen/a.rs"), input()]) };
    assert_eq!(classify(&narrow, &both).class, Class::Significant);
    assert_eq!(classify(&narrow, &facts(vec![add("docs/a.md", "x\n")])).class, Class::Trivial);
}
