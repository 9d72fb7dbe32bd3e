//! `docs/policy.md` says what is true: each of its blocks is read here.
use super::*;
use crate::policy::diagnostic::render_all;

const TEXT: &str = include_str!("../../../docs/policy.md");

/// The fenced blocks: info string and text.
fn blocks() -> Vec<(&'static str, &'static str)> {
    let parts: Vec<&str> = TEXT.split("```").collect();
    let fenced = parts.iter().skip(1).step_by(2);
    fenced.filter_map(|block| block.split_once('\n')).collect()
}

fn refusal(kind: FileKind, text: &str) -> Option<String> {
    let errors = match kind {
        FileKind::Repository => read_repository(".countersign.yml", text.as_bytes()).err(),
        FileKind::Organisation => read_organisation("organisation.yml", text.as_bytes()).err(),
    };
    errors.map(|errors| render_all(&errors, text))
}

/// The cases that do not hold under a repository's policy, each with why.
fn failures(policy: &str, cases: &str) -> Vec<String> {
    use crate::policy::{layers, testcase};
    let file = Some((".countersign.yml", policy.as_bytes()));
    let effective = layers::from_bytes(None, file, "main@case");
    assert_eq!(effective.invalid, Vec::<String>::new());
    let now = crate::policy::testkit::now();
    let cases = testcase::parse(cases).expect("cases");
    let judged = cases.iter().map(|case| {
        testcase::run(case, &effective, now).map_err(|why| format!("{}: {why}", case.name))
    });
    judged.filter_map(Result::err).collect()
}

#[test]
fn every_block_is_read_or_refused_as_it_says() {
    let blocks = blocks();
    let mut seen = [0; 4];
    let mut policy = "";
    for (index, (info, text)) in blocks.iter().enumerate() {
        let said = blocks.get(index + 1).map(|(_, text)| text.trim_end().to_owned());
        match *info {
            "yaml policy" => {
                assert_eq!(refusal(FileKind::Repository, text), None, "{text}");
                policy = text;
            }
            "yaml organisation" => {
                assert_eq!(refusal(FileKind::Organisation, text), None, "{text}");
            }
            "yaml policy-error" => assert_eq!(refusal(FileKind::Repository, text), said),
            "yaml organisation-error" => assert_eq!(refusal(FileKind::Organisation, text), said),
            "yaml cases" => {
                let cases = crate::policy::testcase::parse(text).expect("cases");
                assert_eq!(cases.len(), 4);
                continue;
            }
            "yaml run-cases" => {
                assert_eq!(failures(policy, text), Vec::<String>::new());
                continue;
            }
            "codeowners" | "yaml policy imported" | "yaml organisation imported" | "text" => {
                continue;
            }
            other => panic!("a block of no known kind: {other}"),
        }
        let kinds =
            ["yaml policy", "yaml organisation", "yaml policy-error", "yaml organisation-error"];
        seen[kinds.iter().position(|kind| kind == info).expect("a kind")] += 1;
    }
    assert_eq!(seen, [8, 5, 3, 2]);
}

#[test]
fn the_imported_files_are_what_the_import_prints() {
    use crate::policy::codeowners::{Dialect, import};
    let text = |kind: &str| blocks().into_iter().find(|(info, _)| *info == kind).expect(kind).1;
    let imported = import("CODEOWNERS", text("codeowners"), Dialect::Github, None);
    assert_eq!(imported.policy, text("yaml policy imported"));
    assert_eq!(imported.roles, text("yaml organisation imported"));
    assert_eq!(imported.found, []);
}

#[test]
fn every_code_is_in_the_table() {
    let source = include_str!("../diagnostic.rs");
    let codes = source.split("&str = \"").skip(1).filter_map(|rest| rest.split('"').next());
    let codes: Vec<&str> = codes.filter(|code| code.starts_with("CS")).collect();
    assert!(codes.len() > 15);
    for code in codes {
        assert!(TEXT.contains(&format!("| {code} |")), "{code}");
    }
}

#[test]
fn every_key_of_both_files_occurs() {
    fn walk(record: &Record) {
        for key in record.keys() {
            let written = [format!("{}:", key.name), format!("`{}`", key.name)];
            let there = written.iter().any(|form| TEXT.contains(form));
            assert!(there, "{} is not in docs/policy.md", key.name);
            if let Some(below) = key.shape.record() {
                walk(below);
            }
        }
    }
    walk(FileKind::Organisation.record());
}
