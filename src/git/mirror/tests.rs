use super::*;
use crate::domain::RepoPath;
use crate::git::testkit::Kit;
use crate::policy::glob::Glob;

fn spec(kit: &Kit) -> FetchSpec {
    FetchSpec::new(format!("file://{}", kit.path().display()))
}

fn mirror(dir: &tempfile::TempDir) -> Mirror {
    Mirror::open_or_init(&dir.path().join("m.git")).expect("mirror")
}

#[test]
fn branches_and_proposal_heads_are_fetched_and_removed_branches_go() {
    let (kit, dir) = (Kit::new(), tempfile::tempdir().expect("dir"));
    let one = kit.commit(&[], &[("a", "1")], "one");
    let two = kit.commit(&[one], &[("a", "2")], "two");
    kit.branch("main", one);
    kit.branch("gone", one);
    let git = |oid| to_git(oid).expect("id");
    kit.repo.git.reference("refs/pull/7/head", git(two), true, "").expect("ref");
    let mirror = mirror(&dir);
    mirror.fetch(&spec(&kit)).expect("fetched");
    assert_eq!(mirror.resolve_branch("refs/heads/main"), Ok(one));
    assert_eq!(mirror.resolve_branch("refs/pull/7/head"), Ok(two));
    assert!(
        matches!(mirror.resolve_branch("main"), Err(GitError::NoSuchRef(_))),
        "short names could mean two things"
    );
    kit.repo.git.find_reference("refs/heads/gone").expect("ref").delete().expect("deleted");
    kit.branch("gone/deeper", two);
    mirror.fetch(&spec(&kit)).expect("fetched again");
    assert!(mirror.resolve_branch("refs/heads/gone").is_err());
    assert_eq!(mirror.resolve_branch("refs/heads/gone/deeper"), Ok(two));
    let globs = [Glob::parse("main").expect("glob")];
    assert_eq!(
        mirror.repo().is_reachable_from_protected(one, &globs),
        Ok(Some("refs/heads/main".into()))
    );
    assert_eq!(mirror.repo().is_reachable_from_protected(two, &globs), Ok(None));
}

#[test]
fn a_ref_that_a_power_cut_left_empty_comes_back_with_the_next_fetch() {
    let (kit, dir) = (Kit::new(), tempfile::tempdir().expect("dir"));
    let one = kit.commit(&[], &[("a", "1")], "one");
    kit.branch("main", one);
    kit.branch("other", one);
    let fetched = mirror(&dir);
    fetched.fetch(&spec(&kit)).expect("fetched");
    fetched.keep(one).expect("kept");
    drop(fetched);
    for name in ["heads/main", &format!("countersign/keep/{one}")] {
        let file = dir.path().join("m.git/refs").join(name);
        assert!(file.metadata().expect("a loose ref").len() > 0);
        std::fs::write(file, "").expect("torn");
    }
    let torn = mirror(&dir);
    torn.resolve_branch("refs/heads/main").expect_err("it cannot be read");
    torn.fetch(&spec(&kit)).expect("fetched again");
    assert_eq!(torn.resolve_branch("refs/heads/main"), Ok(one));
    torn.keep(one).expect("kept again");
}

#[test]
fn what_was_judged_survives_a_force_push_and_gc() {
    let (kit, dir) = (Kit::new(), tempfile::tempdir().expect("dir"));
    let base = kit.commit(&[], &[("a", "1")], "base");
    let judged = kit.commit(&[base], &[("a", "2")], "judged");
    kit.branch("main", judged);
    let mirror = mirror(&dir);
    mirror.fetch(&spec(&kit)).expect("fetched");
    mirror.keep(judged).expect("kept");
    kit.branch("main", kit.commit(&[base], &[("a", "3")], "forced"));
    mirror.fetch(&spec(&kit)).expect("fetched");
    let status = std::process::Command::new("git")
        .arg("--git-dir")
        .arg(dir.path().join("m.git"))
        .args(["gc", "--quiet", "--prune=now"])
        .status()
        .expect("git");
    assert!(status.success());
    let mirror = self::mirror(&dir);
    assert!(mirror.repo().contains(judged));
    assert!(
        !mirror
            .repo()
            .reaches(mirror.resolve_branch("refs/heads/main").expect("main"), judged)
            .expect("reaches")
    );
    assert!(matches!(
        mirror.keep("12".repeat(20).parse().expect("oid")),
        Err(GitError::Missing(_))
    ));
}

#[test]
fn a_repository_that_cannot_be_reached_is_an_error_with_its_address() {
    let dir = tempfile::tempdir().expect("dir");
    let error = mirror(&dir)
        .fetch(&FetchSpec::new("file:///nowhere/at/all.git"))
        .expect_err("unreachable")
        .to_string();
    assert!(error.starts_with("`file:///nowhere/at/all.git` could not be fetched: "), "{error}");
    let kit = Kit::new();
    kit.branch("main", kit.commit(&[], &[("a", "1")], "a"));
    let few = FetchSpec { max_refs: 0, ..spec(&kit) };
    assert!(matches!(mirror(&dir).fetch(&few), Err(GitError::OverLimit { .. })));
}

#[test]
fn a_mirror_that_borrows_objects_is_refused() {
    let dir = tempfile::tempdir().expect("dir");
    drop(mirror(&dir));
    std::fs::write(dir.path().join("m.git/objects/info/alternates"), "/elsewhere\n")
        .expect("written");
    let error =
        Mirror::open_or_init(&dir.path().join("m.git")).expect_err("alternates").to_string();
    assert!(error.contains("borrows objects"), "{error}");
    std::fs::write(dir.path().join("file"), "x").expect("written");
    assert!(Mirror::open_or_init(&dir.path().join("file/x")).is_err());
}

#[test]
fn case_113_a_policy_file_is_plain_and_small_or_refused() {
    let kit = Kit::new();
    let tree = kit.tree_of(&[
        (b"big", 0o100_644, &[b'x'; 300]),
        (b"d/plain.yml", 0o100_644, b"ok"),
        (b"link", 0o120_000, b"d/plain.yml"),
        (b"sub", 0o160_000, b"1111111111111111111111111111111111111111"),
    ]);
    let at = kit.commit_as("ann", &[], tree, "x");
    let read = |path: &str| kit.repo.read_file_at(at, &RepoPath::from(path), 256);
    assert_eq!(read("d/plain.yml"), Ok(Some(b"ok".to_vec())));
    for absent in ["nope", "d/nope", "d/plain.yml/x", ""] {
        assert_eq!(read(absent), Ok(None), "{absent}");
    }
    assert!(read("link").expect_err("link").to_string().contains("symbolic link"));
    assert!(read("link/x").expect_err("link").to_string().contains("symbolic link"));
    assert!(read("sub").expect_err("sub").to_string().contains("submodule"));
    assert!(read("d").expect_err("dir").to_string().contains("directory"));
    assert!(matches!(read("big"), Err(GitError::OverLimit { limit: 256, .. })));
}

#[test]
fn a_repository_with_sha_256_ids_is_refused_by_name_and_says_what_to_do() {
    let dir = tempfile::tempdir().expect("dir");
    let at = dir.path().join("s256.git");
    let made = std::process::Command::new("git")
        .args(["init", "-q", "--bare", "--object-format=sha256", "-b", "main"])
        .arg(&at)
        .status()
        .expect("git");
    assert!(made.success());
    let said = |error: GitError| {
        let text = error.to_string();
        assert!(matches!(error, GitError::ObjectFormat { .. }), "{text}");
        assert!(text.contains("s256.git") && text.contains("--object-format=sha1"), "{text}");
    };
    said(Mirror::open_or_init(&at).expect_err("as a mirror"));
    said(Repo::open(&at).expect_err("as a repository"));
    said(Repo::discover(&at).expect_err("around a folder"));
    let spec = FetchSpec::new(format!("file://{}", at.display()));
    said(mirror(&dir).fetch(&spec).expect_err("fetched"));
    let sha_256 = "ab".repeat(32).parse().expect("an id");
    let mirror = mirror(&dir);
    assert!(!mirror.repo().contains(sha_256));
    assert_eq!(mirror.keep(sha_256), Err(GitError::sha_256(sha_256)));
}
