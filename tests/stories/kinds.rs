//! Files that pass by what they are: generated from trivial inputs, or a picture from its first byte to its last (sem 2.1).

use countersign::app::gate::Answer;
use countersign::cli::demo::forge::{Proposal, Work};
use countersign::domain::Oid;
use countersign::policy::State;

use crate::both;
use crate::harness::Kind;
use crate::harness::town::{ORGANISATION, POLICY, REPO, Town, done};

/// A GIF of one pixel without colours: all of its bytes are text to git's model.
const GIF: &str = "GIF89a\u{1}\0\u{1}\0\0\0\0,\0\0\0\0\u{1}\0\u{1}\0\0\u{2}\u{2}D\u{1}\0;";

async fn town(kind: Kind) -> Town {
    let organisation =
        ORGANISATION.replace("kinds: [config, docs]", "kinds: [config, docs, generated, binary]");
    let rules = "docs: { files: [\"docs/**/*.md\"] }\n  \
        generated: [{ files: [\"gen/**\"], inputs: [\"docs/**\", \"src/**\"], checks: [ci/generated] }]\n  \
        binary: [{ files: [\"docs/images/**\"] }]";
    let policy = POLICY.replace("docs: { files: [\"docs/**/*.md\"] }", rules);
    assert_ne!(policy, POLICY);
    let mut town = Town::with(kind, &organisation, &policy).await;
    let marks = Work::new("Marks")
        .file(".gitattributes", "gen/*.json linguist-generated\n")
        .file("gen/guide.json", "{}\n");
    done(done(town.forge.repo(REPO)).push_directly("ops1", "main", marks));
    town.arrive().await;
    town
}

async fn proposed(town: &mut Town, branch: &str, work: Work) -> (Oid, Answer) {
    town.forge.later(5);
    let proposal = Proposal::new(branch, branch).work(work);
    let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
    town.arrive().await;
    let head = done(done(town.forge.pull(&pull)).head());
    let answer = town.may_merge(head).await;
    (head, answer)
}

fn made(path: &str) -> Work {
    Work::new("Guide").file("docs/guide.md", "# A better guide\n").file(path, "{\"pages\": 1}\n")
}

both!(a_generated_file_passes_with_its_inputs_once_its_check_has_run, |kind| async move {
    let mut town = town(kind).await;
    let (head, answer) = proposed(&mut town, "guide", made("gen/guide.json")).await;
    assert_eq!((answer.state, answer.pass), (State::Pending, false), "{}", answer.summary);
    for (conclusion, passes) in [("failure", false), ("success", true)] {
        town.forge.later(1);
        done(done(town.forge.repo(REPO)).check("ci/generated", head, conclusion));
        town.arrive().await;
        let answer = town.may_merge(head).await;
        assert_eq!(answer.pass, passes, "{conclusion}: {}", answer.summary);
        assert_eq!(answer.state == State::AutoApproved, passes);
    }
});

both!(a_head_that_marks_its_own_files_gains_nothing, |kind| async move {
    let mut town = town(kind).await;
    let unmarked = made("gen/other.txt");
    let marks = made("gen/other.txt").file(".gitattributes", "gen/** linguist-generated\n");
    let by_hand = Work::new("By hand").file("gen/guide.json", "{\"pages\": 2}\n");
    let of_code = Work::new("Code")
        .file("src/lib.rs", "pub mod other;\n")
        .file("gen/guide.json", "{\"pages\": 3}\n");
    for (branch, work) in
        [("unmarked", unmarked), ("marks", marks), ("by-hand", by_hand), ("of-code", of_code)]
    {
        let (head, _) = proposed(&mut town, branch, work).await;
        done(done(town.forge.repo(REPO)).check("ci/generated", head, "success"));
        town.arrive().await;
        let answer = town.may_merge(head).await;
        assert_eq!((answer.state, answer.pass), (State::Pending, false), "{branch}");
    }
});

both!(a_picture_passes_and_a_program_under_its_name_does_not, |kind| async move {
    let mut town = town(kind).await;
    let (_, picture) =
        proposed(&mut town, "picture", Work::new("Picture").file("docs/images/a.gif", GIF)).await;
    assert_eq!(picture.state, State::AutoApproved, "{}", picture.summary);
    for (branch, bytes) in
        [("program", "\u{7f}ELF\u{2}\u{1}\u{1}\0"), ("behind", &format!("{GIF}PK\u{3}\u{4}"))]
    {
        let work = Work::new("Picture").file("docs/images/a.gif", bytes);
        let (_, answer) = proposed(&mut town, branch, work).await;
        assert_eq!((answer.state, answer.pass), (State::Pending, false), "{branch}");
    }
});
