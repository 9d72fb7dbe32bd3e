//! `README.md` names for every number of the list the test that shows it, and that test is there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use libtest_mimic::{Failed, Trial};

use super::{entries, number_of, numbered};

/// The numbers of the list; it has gaps.
const NUMBERS: [u32; 90] = [
    1, 2, 4, 5, 7, 8, 10, 11, 13, 14, 16, 17, 19, 20, 22, 23, 25, 26, 28, 29, 31, 32, 34, 35, 37,
    38, 40, 41, 43, 44, 46, 47, 49, 50, 52, 53, 55, 56, 58, 59, 61, 62, 64, 65, 67, 68, 70, 71, 73,
    74, 76, 77, 79, 80, 82, 83, 85, 86, 88, 89, 91, 92, 94, 95, 97, 98, 100, 101, 103, 104, 106,
    107, 109, 110, 112, 113, 115, 116, 118, 119, 121, 122, 124, 125, 127, 128, 130, 131, 133, 134,
];

/// What stands where there is nothing yet that could be tested.
const NOT_BUILT: &str = "not built";

/// Case number and what is said to show it.
type Rows = BTreeMap<u32, Vec<String>>;

pub(crate) fn trials(root: &Path) -> Vec<Trial> {
    let of = |title: &str, check: fn(&Path) -> Result<(), Failed>| {
        let root = root.to_owned();
        Trial::test(title, move || check(&root))
    };
    vec![
        of("table/every number of the list is in the table", every_number),
        of("table/every test that the table names is there", every_test),
        of("table/every file of cases is named in its row", every_file),
    ]
}

/// The rows of the table; the last cell names tests in backticks. `not built` stands there for a part that is not.
fn rows(root: &Path) -> Result<Rows, Failed> {
    let text = std::fs::read_to_string(root.join("README.md"))?;
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
        Some((cells.first()?.trim().parse().ok()?, quoted(cells.last()?)))
    };
    Ok(text.lines().filter_map(row).collect())
}

/// What stands in backticks.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn every_number(root: &Path) -> Result<(), Failed> {
    let rows = rows(root)?;
    let missing: Vec<_> = NUMBERS.iter().filter(|number| !rows.contains_key(number)).collect();
    let empty: Vec<_> = rows.iter().filter(|(_, shown)| shown.is_empty()).collect();
    if missing.is_empty() && empty.is_empty() {
        return Ok(());
    }
    Err(format!("not in the table: {missing:?}; no test is named for: {empty:?}").into())
}

fn every_test(root: &Path) -> Result<(), Failed> {
    let known = tests(root)?;
    let gone: Vec<String> = rows(root)?
        .into_iter()
        .flat_map(|(number, named)| named.into_iter().map(move |test| (number, test)))
        .filter(|(_, test)| test != NOT_BUILT && !known.contains(test))
        .map(|(number, test)| format!("{number}: {test}"))
        .collect();
    if gone.is_empty() { Ok(()) } else { Err(gone.join("\n").into()) }
}

/// The names of all tests in the sources: functions, stories, and files of cases as `folder/NNN_words`.
fn tests(root: &Path) -> Result<BTreeSet<String>, Failed> {
    let house = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeSet::new();
    for file in sources(&[house.join("src"), house.join("tests")]) {
        let text = std::fs::read_to_string(&file)?;
        found.extend(functions(&text));
        found.extend(text.split("both!(").skip(1).filter_map(first_name));
    }
    for folder in entries(root).into_iter().filter(|path| path.is_dir()) {
        found.extend(numbered(&folder).iter().map(|file| title(&folder, file)));
    }
    Ok(found)
}

/// The functions under `#[test]`.
fn functions(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let named = |pair: &[&str]| {
        let [attribute, line] = pair else { return None };
        let is_test = attribute.contains("test]") || attribute.contains("test(");
        let function = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ")?;
        first_name(function).filter(|_| is_test)
    };
    lines.windows(2).filter_map(named).collect()
}

fn first_name(text: &str) -> Option<String> {
    text.trim_start().split(['(', ',']).next().map(str::to_owned)
}

fn title(folder: &Path, file: &Path) -> String {
    format!("{}/{}", super::name(folder), super::name(file))
}

fn sources(roots: &[PathBuf]) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), roots.to_vec());
    while let Some(folder) = folders.pop() {
        for path in entries(&folder) {
            if path.is_dir() && !path.ends_with("node_modules") {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                found.push(path);
            }
        }
    }
    found
}

fn every_file(root: &Path) -> Result<(), Failed> {
    let rows = rows(root)?;
    let mut unnamed = Vec::new();
    for folder in entries(root).into_iter().filter(|path| path.is_dir()) {
        for file in numbered(&folder) {
            let (title, number) = (title(&folder, &file), number_of(&file).unwrap_or_default());
            if !rows.get(&number).is_some_and(|tests| tests.contains(&title)) {
                unnamed.push(title);
            }
        }
    }
    if unnamed.is_empty() { Ok(()) } else { Err(unnamed.join("\n").into()) }
}
