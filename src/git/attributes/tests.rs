use super::*;
use crate::git::error::to_git;
use crate::git::testkit::Kit;

/// Which of these paths are marked by these files.
fn marked(files: &[(&str, &str)], paths: &[&str]) -> Vec<bool> {
    let kit = Kit::new();
    let commit = kit.commit(&[], files, "base");
    let tree = kit.repo.read_commit(commit).and_then(|read| to_git(read.tree()?)).expect("a tree");
    let mut marks = Marks::of(&kit.repo, tree);
    paths.iter().map(|path| marks.is_generated(&RepoPath::from(*path)).expect("read")).collect()
}

fn root(text: &str, path: &str) -> bool {
    marked(&[(FILE, text)], &[path]) == [true]
}

#[test]
fn plain_marks_are_read_as_git_reads_them() {
    for (text, path) in [
        ("*.pb.go linguist-generated", "api/v1/a.pb.go"),
        ("*.pb.go linguist-generated=true\r\n", "a.pb.go"),
        ("# note\n\n  gen/** -diff gitlab-generated merge=ours\n", "gen/a/b.rs"),
        ("/gen/*.rs\tlinguist-generated", "gen/a.rs"),
        ("**/gen/** linguist-generated", "x/gen/a.rs"),
        ("*.rs -linguist-generated\ngen/*.rs linguist-generated", "gen/a.rs"),
        ("\u{feff}*.rs linguist-generated", "a.rs"),
        ("gen/?.rs linguist-generated gitlab-generated", "gen/a.rs"),
    ] {
        assert!(root(text, path), "{text:?} {path}");
    }
}

#[test]
fn what_git_does_not_mark_is_not_marked() {
    for (text, path) in [
        ("gen/*.rs linguist-generated", "gen/a/b.rs"),
        ("gen linguist-generated", "gen/a.rs"),
        ("/a.rs linguist-generated", "x/a.rs"),
        ("*.rs linguist-generated=false", "a.rs"),
        ("*.rs -linguist-generated", "a.rs"),
        ("*.rs !linguist-generated", "a.rs"),
        ("*.rs linguist-generated=maybe", "a.rs"),
        ("*.rs linguist-generated\na.rs -linguist-generated", "a.rs"),
        ("*.rs linguist-generated -gitlab-generated", "a.rs"),
        ("*.rs -gitlab-generated linguist-generated", "a.rs"),
        ("*.rs -gitlab-generated\na.rs linguist-generated", "a.rs"),
        (
            "*.rs linguist-generated\n\u{feff}a.rs linguist-vendored\na.rs -linguist-generated",
            "a.rs",
        ),
        ("*.rs linguist-vendored", "a.rs"),
        ("# *.rs linguist-generated", "a.rs"),
    ] {
        assert!(!root(text, path), "{text:?} {path}");
    }
}

#[test]
fn what_cannot_be_read_without_a_doubt_marks_nothing() {
    for odd in [
        "\"a b.rs\" linguist-generated",
        "[ab].rs linguist-generated",
        "[attr]made linguist-generated",
        "!b.rs linguist-generated",
        "b\\*.rs linguist-generated",
        "{a,b}.rs -linguist-generated",
        "src/ -linguist-generated",
        "b.rs --linguist-generated=x",
        "b.rs xlinguist-generated",
    ] {
        assert!(!root(&format!("a.rs linguist-generated\n{odd}\n"), "a.rs"), "{odd}");
    }
    assert!(root("a.rs linguist-generated\n[attr]other diff\n\"a b\" text\n", "a.rs"));
    let nothing = marked(
        &[(FILE, "[x] linguist-generated"), ("gen/.gitattributes", "* linguist-generated")],
        &["gen/a.rs"],
    );
    assert_eq!(nothing, [false]);
}

#[test]
fn the_nearest_folder_has_the_last_word() {
    let files = [
        (FILE, "*.rs linguist-generated\n"),
        ("src/.gitattributes", "*.rs -linguist-generated\n/deep/made.rs linguist-generated\n"),
        ("src/deep/.gitattributes", "note.rs linguist-generated\n"),
    ];
    let paths =
        ["a.rs", "src/a.rs", "src/deep/made.rs", "src/deep/note.rs", "src/deep/x.rs", "src/a.md"];
    assert_eq!(marked(&files, &paths), [true, false, true, true, false, false]);
}

#[test]
fn a_link_in_its_place_marks_nothing() {
    let kit = Kit::new();
    let tree = kit.tree_of(&[
        (b".gitattributes", 0o120_000, b"other"),
        (b"other", 0o100_644, b"*.rs linguist-generated\n"),
    ]);
    let mut marks = Marks::of(&kit.repo, tree);
    assert!(!marks.is_generated(&RepoPath::from("a.rs")).expect("read"));
}
