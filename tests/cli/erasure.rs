//! Erasing a person's data at the machine: two people, what is found is shown, every check holds afterwards.

use std::path::Path;

use crate::world::{folder, run};

const REASON: &str = "asked for it by letter of 2026-11-02";

fn ends(town: &Path, arguments: &[&str], code: i32) -> String {
    let (ended, out, err) = run(town, arguments);
    assert_eq!(ended, code, "{arguments:?}: {out}{err}");
    for word in ["panicked", "backtrace", "select ", "update ", "sqlx"] {
        assert!(!err.contains(word), "{arguments:?}: `{word}` is in:\n{err}");
    }
    format!("{out}{err}")
}

fn request(person: &str) -> [&str; 7] {
    ["erasure", "request", person, "--by", "a.lind", "--reason", REASON]
}

#[test]
fn two_people_erase_a_person_of_the_demonstration_and_everything_holds() {
    let folder = folder();
    ends(folder.path(), &["demo", "--once", "--dir", "town"], 0);
    let town = folder.path().join("town");
    let found = ends(&town, &request("s.lindqvist"), 0);
    assert!(found.contains("s.lindqvist@acme.example") && found.contains("account "), "{found}");
    let id = found.split(':').next().expect("an id").to_owned();
    let refused = ends(&town, &["erasure", "agree", &id, "--by", "A.Lind"], 3);
    assert!(refused.contains("another administrator has to agree"), "{refused}");
    let done = ends(&town, &["erasure", "agree", &id, "--by", "h.brandt"], 0);
    assert!(done.contains("was erased on") && done.contains(" documents, "), "{done}");
    ends(&town, &["erasure", "agree", &id, "--by", "h.brandt"], 3);
    let listed = ends(&town, &["erasure", "list"], 0);
    assert!(listed.contains("person-") && !listed.contains("s.lindqvist"), "{listed}");
    ends(&town, &["verify"], 0);
    let replayed = ends(&town, &["verify", "--replay"], 0);
    assert!(replayed.contains("what an erasure left, and bound by its entry"), "{replayed}");
    let gone = ends(&town, &request("s.lindqvist"), 3);
    assert!(gone.contains("nothing that is kept names s.lindqvist"), "{gone}");
}

#[test]
fn an_erasure_that_was_asked_for_wrongly_helps() {
    let folder = folder();
    ends(folder.path(), &["demo", "--once", "--dir", "town"], 0);
    let town = folder.path().join("town");
    let mut short = request("s.lindqvist");
    short[6] = "because";
    let said = ends(&town, &short, 2);
    assert!(said.contains("at least 20 characters"), "{said}");
    let said = ends(&town, &["erasure", "agree", "era_nothing", "--by", "x"], 3);
    assert!(said.contains("there is no erasure era_nothing"), "{said}");
    ends(&town, &["erasure", "agree"], 2);
    ends(&town, &["erasure", "request", "s.lindqvist", "--by", " ", "--reason", REASON], 2);
    let found = ends(&town, &request("s.lindqvist"), 0);
    let id = found.split(':').next().expect("an id").to_owned();
    let said = ends(&town, &["erasure", "withdraw", &id, "--by", "a.lind"], 0);
    assert!(said.contains("withdrawn by a.lind"), "{said}");
}
