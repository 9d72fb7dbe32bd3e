use super::*;
use crate::git::testkit::{Kit, lines};

fn plain() -> Readers<'static> {
    Readers { scan: &|_| Content::default(), keys: &|_, _, _| None, dependencies: &|_, _, _| None }
}

#[test]
fn a_change_has_its_files_lines_and_people_over_the_whole_graph() {
    let kit = Kit::new();
    let base = kit.commit(&[], &[("a", "1\n2\n3\n"), ("old", "same")], "base");
    let side = kit.commit_as(
        "bob",
        &[base],
        kit.tree(&[("a", "1\n2\n3\n"), ("old", "same"), ("b", "x\n")]),
        "side",
    );
    let main = kit.commit_as(
        "cyd",
        &[base],
        kit.tree(&[("a", "1\nzwei\n3\n4\n"), ("new", "same")]),
        "work\n\nCo-authored-by: Dee <dee@x>",
    );
    let head = kit.commit_as(
        "ann",
        &[main, side],
        kit.tree(&[("a", "1\nzwei\n3\n4\n"), ("new", "same"), ("b", "x\n")]),
        "join",
    );
    let facts = change_facts(&kit.repo, base, head, plain()).expect("facts");
    let seen: Vec<_> = facts
        .files
        .iter()
        .map(|f| {
            (
                f.path.to_string(),
                f.content.lines.map(|l| (l.added, l.deleted)),
                f.renamed.as_ref().map(ToString::to_string),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("a".into(), Some((2, 1)), None),
            ("b".into(), Some((1, 0)), None),
            ("new".into(), Some((1, 0)), Some("old".into())),
            ("old".into(), Some((0, 1)), Some("new".into())),
        ]
    );
    let mut people: Vec<_> = facts.commits.iter().map(|c| c.author.name.as_str()).collect();
    people.sort_unstable();
    assert_eq!(people, ["ann", "bob", "cyd"]);
    assert_eq!(
        facts
            .commits
            .iter()
            .flat_map(|c| &c.co_authors)
            .map(|s| s.email.as_str())
            .collect::<Vec<_>>(),
        ["dee@x"]
    );
    assert_eq!(facts.merge_bases, [base]);
}

#[test]
fn the_fingerprint_follows_content_and_nothing_else() {
    let kit = Kit::new();
    let base = kit.commit(&[], &[("a", "1")], "base");
    let one = kit.commit_as("ann", &[base], kit.tree(&[("a", "2")]), "one");
    let amended = kit.commit_as("bob", &[base], kit.tree(&[("a", "2")]), "another message");
    let indented = kit.commit(&[base], &[("a", " 2")], "one");
    let moded = kit.commit_as("ann", &[base], kit.tree_of(&[(b"a", 0o100_755, b"2")]), "one");
    let print = |head| change_facts(&kit.repo, base, head, plain()).expect("facts").fingerprint;
    assert_eq!(print(one), print(amended));
    assert_ne!(print(one), print(indented));
    assert_ne!(print(one), print(moded));
    assert_eq!(
        fingerprint(&[]),
        crate::domain::id::sha256(b"countersign-fingerprint/v1\0\0\0\0\0\0\0\0\0")
    );
}

#[test]
fn case_82_after_a_criss_cross_the_union_over_both_bases_is_judged() {
    let kit = Kit::new();
    let root = kit.commit(&[], &[("a", "0"), ("b", "0")], "root");
    let x = kit.commit(&[root], &[("a", "x"), ("b", "0")], "x");
    let y = kit.commit(&[root], &[("a", "0"), ("b", "y")], "y");
    let base = kit.commit(&[x, y], &[("a", "x"), ("b", "y")], "xy");
    let head = kit.commit(&[y, x], &[("a", "x"), ("b", "y"), ("c", "new")], "yx");
    let facts = change_facts(&kit.repo, base, head, plain()).expect("facts");
    assert_eq!(facts.merge_bases.len(), 2);
    assert_eq!(facts.files.iter().map(|f| f.path.to_string()).collect::<Vec<_>>(), ["a", "b", "c"]);
}

#[test]
fn an_update_merge_is_marked_and_an_edited_one_is_not() {
    let kit = Kit::new();
    let base0 = kit.commit(&[], &[("a", &lines(&[]))], "base");
    let work = kit.commit(&[base0], &[("a", &lines(&[(2, "mine")]))], "work");
    let base1 = kit.commit(&[base0], &[("a", &lines(&[(30, "theirs")]))], "other");
    let text = lines(&[(2, "mine"), (30, "theirs")]);
    let clean = kit.commit(&[work, base1], &[("a", &text)], "Merge main");
    let dirty = kit.commit(&[work, base1], &[("a", &text), ("b", "extra")], "Merge main");
    let marked = |head| {
        change_facts(&kit.repo, base1, head, plain()).expect("facts").commits[0].clean_update_merge
    };
    assert!(marked(clean));
    assert!(!marked(dirty));
}

#[test]
fn an_empty_commit_has_no_files_and_unrelated_histories_have_no_base() {
    let kit = Kit::new();
    let base = kit.commit(&[], &[("a", "1")], "base");
    let empty = kit.commit(&[base], &[("a", "1")], "nothing");
    let facts = change_facts(&kit.repo, base, empty, plain()).expect("facts");
    assert!(facts.files.is_empty() && facts.commits.len() == 1);
    let island = kit.commit(&[], &[("z", "1")], "island");
    let facts = change_facts(&kit.repo, base, island, plain()).expect("facts");
    assert!(facts.merge_bases.is_empty() && facts.files.len() == 1);
}

#[test]
fn case_83_missing_objects_are_errors_and_a_missing_blob_is_marked() {
    let kit = Kit::new();
    let base = kit.commit(&[], &[("a", "1")], "base");
    let absent: Oid = "12".repeat(20).parse().expect("oid");
    assert!(matches!(change_facts(&kit.repo, base, absent, plain()), Err(GitError::Missing(_))));
    let sha256: Oid = "12".repeat(32).parse().expect("oid");
    assert!(change_facts(&kit.repo, base, sha256, plain()).is_err());
    let head = kit.commit(&[base], &[("a", "1"), ("gone", "soon gone")], "head");
    let id = kit.blob(b"soon gone").to_string();
    std::fs::remove_file(kit.path().join("objects").join(&id[..2]).join(&id[2..]))
        .expect("removed");
    let fresh = Repo::open(kit.path()).expect("open");
    let facts = change_facts(&fresh, base, head, plain()).expect("facts");
    assert!(facts.files[0].content.missing);
}

#[test]
fn links_submodules_and_binaries_have_no_lines_and_bytes_reach_the_readers() {
    let kit = Kit::new();
    let base = kit.commit(&[], &[("k.yml", "a: 1")], "base");
    let tree = kit.tree_of(&[
        (b"bin", 0o100_644, b"a\0b"),
        (b"k.yml", 0o100_644, b"a: 2"),
        (b"link", 0o120_000, b"../x"),
        (b"sub", 0o160_000, b"1111111111111111111111111111111111111111"),
    ]);
    let head = kit.commit_as("ann", &[base], tree, "x");
    let seen = std::cell::RefCell::new(Vec::new());
    let keys = |path: &RepoPath, old: Option<&[u8]>, new: Option<&[u8]>| {
        seen.borrow_mut().push((
            path.to_string(),
            old.map(<[u8]>::to_vec),
            new.map(<[u8]>::to_vec),
        ));
        None
    };
    let facts = change_facts(
        &kit.repo,
        base,
        head,
        Readers { scan: &|_| Content::default(), keys: &keys, dependencies: &|_, _, _| None },
    )
    .expect("facts");
    let counted: Vec<_> = facts
        .files
        .iter()
        .filter(|f| f.content.lines.is_some())
        .map(|f| f.path.to_string())
        .collect();
    assert_eq!(counted, ["k.yml"]);
    assert!(seen.borrow().contains(&(
        "k.yml".into(),
        Some(b"a: 1".to_vec()),
        Some(b"a: 2".to_vec())
    )));
    assert!(seen.borrow().iter().all(|(path, ..)| path != "link" && path != "sub"));
}

#[test]
fn a_reviewed_commit_is_told_by_what_it_does_otherwise_than_the_head() {
    let kit = Kit::new();
    let base = kit.commit(&[], &[("a", "0"), ("b", "0"), ("c", "0"), ("d", "0")], "base");
    let reviewed =
        kit.commit(&[base], &[("a", "1"), ("b", "1"), ("c", "1"), ("d", "0"), ("e", "1")], "one");
    let files: [(&[u8], u32, &[u8]); 5] = [
        (b"a", 0o100_644, b"1"),
        (b"b", 0o100_755, b"1"),
        (b"c", 0o100_644, b"0"),
        (b"d", 0o100_644, b"2"),
        (b"e", 0o100_644, b"2"),
    ];
    let head = kit.commit_as("ann", &[reviewed], kit.tree_of(&files), "two");
    let at_head = change_facts(&kit.repo, base, head, plain()).expect("facts");
    let found = reviewed_facts(&kit.repo, base, reviewed, &at_head, plain()).expect("facts");
    let other = found.other.expect("it differs");
    let differs: Vec<String> = other.differs.iter().map(ToString::to_string).collect();
    assert_eq!(differs, ["b", "c", "d", "e"], "mode, dropped, new, content; a is as it was");
    let files: Vec<String> = other.files.iter().map(|file| file.path.to_string()).collect();
    assert_eq!(files, ["b", "c", "e"], "as the change stood then");
    assert_eq!(other.files[0].new.map(|side| side.mode), Some(0o100_644));
    assert_eq!(other.files[0].content.lines, Some(Lines { added: 1, deleted: 1 }), "they are read");
    let same = reviewed_facts(&kit.repo, base, head, &at_head, plain()).expect("facts");
    assert_eq!((same.other, same.fingerprint), (None, at_head.fingerprint));
}

#[test]
fn a_file_that_base_changed_below_an_approval_is_not_as_it_was() {
    let kit = Kit::new();
    let base0 = kit.commit(&[], &[("a", "0")], "base");
    let reviewed = kit.commit(&[base0], &[("a", "mine")], "one");
    let base1 = kit.commit(&[base0], &[("a", "a fix on base")], "fix");
    let head = kit.commit(&[base1], &[("a", "mine")], "one, over the fix");
    let at_head = change_facts(&kit.repo, base1, head, plain()).expect("facts");
    let found = reviewed_facts(&kit.repo, base1, reviewed, &at_head, plain()).expect("facts");
    let other = found.other.expect("the same bytes now take a fix away");
    assert_eq!(other.differs.len(), 1);
}

#[test]
fn case_70_of_many_commits_all_people_are_found() {
    let kit = Kit::new();
    let base = kit.commit(&[], &[("a", "0\n")], "base");
    let head = (0..260).fold(base, |parent, number| {
        let who = format!("person{number}");
        kit.commit_as(&who, &[parent], kit.tree(&[("a", &format!("{number}\n"))]), "work")
    });
    let facts = change_facts(&kit.repo, base, head, plain()).expect("facts");
    let people: BTreeSet<&str> =
        facts.commits.iter().map(|commit| commit.author.name.as_str()).collect();
    assert_eq!((facts.commits.len(), people.len()), (260, 260));
}
