//! The policy engine against its list of cases: each case is data, and a result of its own under its number.
//!
//! A folder holds a policy (`policy.yml`, `organisation.yml`; either may be missing) and files of cases
//! `NNN_words.yml` in the format of `countersign policy test`. In `refused/` every file is a policy, and its first line
//! says how it is refused: `# CS0111 3:1`. What needs git, a database or a door is shown by other tests; `README.md` says
//! by which, and [`table`] holds it to that.

#![expect(clippy::expect_used, reason = "tests say what they expect, and stop where it is not so")]

mod refused;
mod table;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign::domain::Time;
use countersign::policy::model::Effective;
use countersign::policy::{layers, testcase};
use libtest_mimic::{Arguments, Trial};

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance");
    let mut trials = table::trials(&root);
    for folder in entries(&root).into_iter().filter(|path| path.is_dir()) {
        match name(&folder).as_str() {
            "refused" => trials.extend(refused::trials(&folder)),
            _ => trials.extend(judged(&folder)),
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// What is in a folder, by name.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let read = std::fs::read_dir(folder).expect("a folder");
    let mut found: Vec<PathBuf> = read.map(|entry| entry.expect("an entry").path()).collect();
    found.sort();
    found
}

fn name(path: &Path) -> String {
    path.file_stem().expect("a name").to_string_lossy().into_owned()
}

/// The files of a folder whose names begin with a case's number.
fn numbered(folder: &Path) -> Vec<PathBuf> {
    let is_numbered = |path: &PathBuf| number_of(path).is_some();
    entries(folder).into_iter().filter(is_numbered).collect()
}

/// The number of a case, from the name of its file.
fn number_of(path: &Path) -> Option<u32> {
    name(path).split_once('_').and_then(|(number, _)| number.parse().ok())
}

/// One trial for each case of a folder, judged by the folder's policy.
fn judged(folder: &Path) -> Vec<Trial> {
    let (mut trials, policy) = (Vec::new(), Arc::new(effective(folder)));
    for file in numbered(folder) {
        let title = format!("{}/{}", name(folder), name(&file));
        let text = std::fs::read_to_string(&file).expect("text");
        match testcase::parse(&text) {
            Ok(cases) => trials.extend(cases.into_iter().map(|case| trial(&title, &policy, case))),
            Err(error) => {
                trials.push(Trial::test(title, move || Err(error.to_string().into())));
            }
        }
    }
    trials
}

fn trial(title: &str, policy: &Arc<Effective>, case: testcase::Case) -> Trial {
    let (named, policy) = (format!("{title}: {}", case.name), Arc::clone(policy));
    Trial::test(named, move || testcase::run(&case, &policy, as_of()).map_err(Into::into))
}

/// Both layers of a folder, as they would be found at the base of a change.
fn effective(folder: &Path) -> Effective {
    let read = |name: &str| std::fs::read(folder.join(name)).ok();
    let (upper, lower) = (read("organisation.yml"), read("policy.yml"));
    layers::from_bytes(
        upper.as_deref().map(|bytes| ("organisation.yml", bytes)),
        lower.as_deref().map(|bytes| (".countersign.yml", bytes)),
        "main@4be1c07a92",
    )
}

/// When every case is judged.
fn as_of() -> Time {
    "2026-11-20T12:00:00Z".parse().expect("a time")
}
