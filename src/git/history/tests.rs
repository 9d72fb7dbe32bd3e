use super::*;
use crate::git::testkit::Kit;

fn list(repo: &Repo, tip: Oid, since: Since) -> (Vec<HistoryLanding>, bool) {
    let history = History::read(repo, tip, since, &|_| ()).expect("history");
    let mut all = Vec::new();
    history
        .for_each(&mut |landing| {
            all.push(landing);
            Ok(true)
        })
        .expect("landings");
    assert_eq!(all.len(), history.len());
    (all, history.is_cut())
}

fn titles(landings: &[HistoryLanding]) -> Vec<&str> {
    landings.iter().map(|landing| landing.title.as_str()).collect()
}

/// root, a squash, a merge of two people's work, a direct commit.
fn kit() -> (Kit, [Oid; 4]) {
    let kit = Kit::new();
    let tree = |n: usize| kit.tree(&[("a", &n.to_string())]);
    let root = kit.commit_as("ann", &[], tree(0), "root PAY-1 UTF-8");
    let squash = kit.commit_as("bob", &[root], tree(1), "PAY-2: squash (#4)\n\n* one\n\nCo-authored-by: Eve <EVE@example.org>\nFixes #3, fixes #4\n\nCo-authored-by: Eve <eve@example.org>");
    let work = kit.commit_as("cyd", &[root], kit.tree(&[("a", "0"), ("w", "1")]), "PAY-3 work");
    let more =
        kit.commit_as("dee", &[work], kit.tree(&[("a", "0"), ("w", "2")]), "more UTF-16 UTF-32");
    let merge = kit.commit_as(
        "ann",
        &[squash, more],
        kit.tree(&[("a", "1"), ("w", "2")]),
        "Merge pull request #5 from x/y\n\nAdd w\n\nCo-authored-by: Fay <fay@example.org>",
    );
    let direct = kit.commit_as("mal", &[merge], kit.tree(&[("a", "9"), ("w", "2")]), "hurry");
    (kit, [root, squash, merge, direct])
}

#[test]
fn every_landing_says_how_it_came_and_who_wrote_it() {
    let (kit, [.., direct]) = kit();
    let (all, cut) = list(&kit.repo, direct, Since::Beginning);
    assert!(!cut);
    assert_eq!(titles(&all), ["hurry", "Add w", "PAY-2: squash (#4)", "root PAY-1 UTF-8"]);
    let [hurry, merge, squash, root] = all.as_slice() else { panic!("four") };
    assert_eq!((hurry.how, hurry.hint.is_some()), (LandingKind::Direct, false));
    assert_eq!((merge.how, merge.commits), (LandingKind::Merge, 3));
    let people = ["dee <dee@example.org>", "cyd <cyd@example.org>", "Fay <fay@example.org>"];
    assert_eq!(merge.authors, people, "ann merged it, and wrote nothing of it");
    assert_eq!(merge.tickets, ["PAY-3"]);
    assert_eq!(squash.tickets, ["PAY-2", "#3"], "#4 is the proposal itself");
    assert_eq!(squash.authors, ["bob <bob@example.org>", "Eve <EVE@example.org>"]);
    assert_eq!(squash.hint.as_ref().and_then(|hint| hint.number), Some(4));
    assert_eq!(root.tickets, ["PAY-1"], "UTF-8 is a standard");
    assert_eq!(merge.files.iter().map(|file| file.path.as_slice()).collect::<Vec<_>>(), [b"w"]);
    assert_eq!(root.files.len(), 1);
}

#[test]
fn a_history_begins_after_a_revision_or_at_a_time() {
    let (kit, [_, squash, merge, direct]) = kit();
    assert_eq!(titles(&list(&kit.repo, direct, Since::Commit(squash)).0), ["hurry", "Add w"]);
    let at = kit.repo.read_commit(merge).expect("commit").committer.time().expect("time");
    let (all, _) = list(&kit.repo, direct, Since::Time(at));
    assert_eq!(titles(&all), ["hurry", "Add w"]);
    assert_eq!(all[1].files.len(), 1, "compared with the landing below, which is not listed");
    assert!(list(&kit.repo, direct, Since::Commit(direct)).0.is_empty());
}

#[test]
fn the_cut_of_a_shallow_clone_is_met_and_said() {
    let (kit, [_, _, merge, direct]) = kit();
    std::fs::write(kit.path().join("shallow"), format!("{merge}\n")).expect("written");
    let repo = Repo::open(kit.path()).expect("open");
    let (all, cut) = list(&repo, direct, Since::Beginning);
    assert!(cut && repo.is_shallow());
    assert_eq!(titles(&all), ["hurry"]);
}

#[test]
fn messages_that_are_no_text_are_listed() {
    let kit = Kit::new();
    let tree = kit.tree(&[("a", "1")]);
    let raw = format!("tree {tree}\nauthor \u{1} <> nonsense\ncommitter x\n\n");
    let bytes = [raw.as_bytes(), b"caf\xe9 \xff\n"].concat();
    let id =
        kit.repo.git.odb().expect("odb").write(git2::ObjectType::Commit, &bytes).expect("written");
    let (all, _) = list(&kit.repo, from_git(id).expect("id"), Since::Beginning);
    assert_eq!(all[0].title, "caf\u{fffd} \u{fffd}");
    assert_eq!(all[0].at.map(Time::micros), Some(0));
}
