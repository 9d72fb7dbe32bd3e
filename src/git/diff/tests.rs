use proptest::prelude::*;

use super::*;
use crate::git::testkit::Kit;

fn by_git2(kit: &Kit, old: GitOid, new: GitOid) -> Vec<RawChange> {
    let git = &kit.repo.git;
    let (old, new) = (git.find_tree(old).expect("tree"), git.find_tree(new).expect("tree"));
    let mut options = git2::DiffOptions::new();
    options.include_typechange(false);
    let diff = git.diff_tree_to_tree(Some(&old), Some(&new), Some(&mut options)).expect("diff");
    let side = |file: git2::DiffFile<'_>| {
        (!file.id().is_zero()).then(|| Side {
            mode: u32::from(file.mode()),
            oid: Oid::from_bytes(file.id().as_bytes()).expect("oid"),
        })
    };
    let path = |file: &git2::DiffFile<'_>| file.path_bytes().expect("path").to_vec();
    // git2 reports a change of kind (file to link) as deleted and added; we report one path with two sides.
    let mut both: std::collections::BTreeMap<Vec<u8>, (Option<Side>, Option<Side>)> =
        std::collections::BTreeMap::default();
    for delta in diff.deltas() {
        let entry = both.entry(path(&delta.old_file())).or_default();
        entry.0 = entry.0.or(side(delta.old_file()));
        entry.1 = entry.1.or(side(delta.new_file()));
    }
    both.into_iter().map(|(path, (old, new))| RawChange { path, old, new }).collect()
}

type Files = Vec<(Vec<String>, u32, u8)>;

fn files() -> impl Strategy<Value = Files> {
    let name = prop::sample::select(vec!["a", "a.c", "a-b", "a0", "b", "lib", "lib.rs", "\u{e9}"]);
    let path = prop::collection::vec(name.prop_map(str::to_owned), 1..4);
    let mode = prop::sample::select(vec![0o100_644, 0o100_755, 0o120_000, 0o160_000]);
    prop::collection::vec((path, mode, 0_u8..3), 0..14)
}

/// A tree of these files; a path below another file is left out.
fn build(kit: &Kit, files: &Files) -> GitOid {
    let mut kept: Vec<(Vec<u8>, u32, Vec<u8>)> = Vec::new();
    for (path, mode, content) in files {
        let path = path.join("/").into_bytes();
        let under = |one: &[u8], two: &[u8]| {
            one == two || (one.starts_with(two) && one.get(two.len()) == Some(&b'/'))
        };
        if kept.iter().any(|(other, ..)| under(&path, other) || under(other, &path)) {
            continue;
        }
        let bytes = if *mode == 0o160_000 {
            format!("{content:040x}1").split_off(1)
        } else {
            content.to_string()
        };
        kept.push((path, *mode, bytes.into_bytes()));
    }
    let entries: Vec<_> =
        kept.iter().map(|(path, mode, bytes)| (path.as_slice(), *mode, bytes.as_slice())).collect();
    kit.tree_of(&entries)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn the_merge_join_finds_what_git2_finds(old in files(), new in files()) {
        let kit = Kit::new();
        let (old, new) = (build(&kit, &old), build(&kit, &new));
        let mut differ = Differ::new(&kit.repo).expect("differ");
        let ours = differ.trees(Some(old), Some(new)).expect("diff");
        prop_assert_eq!(&ours, &by_git2(&kit, old, new));
        let back: Vec<_> = ours.iter().map(|c| RawChange { path: c.path.clone(), old: c.new, new: c.old }).collect();
        prop_assert_eq!(differ.trees(Some(new), Some(old)).expect("diff"), back);
    }
}

#[test]
fn a_file_that_becomes_a_directory_is_a_deletion_and_additions() {
    let kit = Kit::new();
    let old = kit.tree(&[("a", "1"), ("a.c", "2")]);
    let new = kit.tree(&[("a/b", "1"), ("a.c", "2")]);
    let found = Differ::new(&kit.repo)
        .and_then(|mut differ| differ.trees(Some(old), Some(new)))
        .expect("diff");
    let seen: Vec<_> =
        found.iter().map(|c| (c.path.as_slice(), c.old.is_some(), c.new.is_some())).collect();
    assert_eq!(seen, [(&b"a"[..], true, false), (&b"a/b"[..], false, true)]);
    assert_eq!(exact_renames(&found), [(0, 1)]);
}

#[test]
fn paths_that_are_no_text_are_kept_as_bytes() {
    let kit = Kit::new();
    let new = kit.tree_of(&[(b"caf\xe9/\xff", 0o100_644, b"x")]);
    let found =
        Differ::new(&kit.repo).and_then(|mut differ| differ.trees(None, Some(new))).expect("diff");
    assert_eq!(found[0].path, b"caf\xe9/\xff");
}

#[test]
fn a_missing_tree_is_an_error_and_a_tree_bomb_meets_its_limit() {
    let kit = Kit::new();
    let absent: GitOid = "1234567890123456789012345678901234567890".parse().expect("oid");
    let mut differ = Differ::new(&kit.repo).expect("differ");
    let error = differ.trees(None, Some(absent)).expect_err("missing");
    assert_eq!(error.missing(), Some("1234567890123456789012345678901234567890"));
    let blob = kit.blob(b"x");
    let mut level = {
        let mut builder = kit.repo.git.treebuilder(None).expect("builder");
        (0..32).for_each(|at| drop(builder.insert(format!("f{at}"), blob, 0o100_644).map(|_| ())));
        builder.write().expect("tree")
    };
    for _ in 0..8 {
        let mut builder = kit.repo.git.treebuilder(None).expect("builder");
        (0..32).for_each(|at| drop(builder.insert(format!("d{at}"), level, 0o040_000).map(|_| ())));
        level = builder.write().expect("tree");
    }
    assert!(matches!(differ.trees(None, Some(level)), Err(GitError::OverLimit { .. })));
}

#[test]
fn two_empty_files_are_no_rename() {
    let kit = Kit::new();
    let (old, new) = (kit.tree(&[("x", "")]), kit.tree(&[("y", "")]));
    let found = Differ::new(&kit.repo)
        .and_then(|mut differ| differ.trees(Some(old), Some(new)))
        .expect("diff");
    assert!(exact_renames(&found).is_empty());
}
