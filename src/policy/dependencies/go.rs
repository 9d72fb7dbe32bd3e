//! Go modules: `go.mod` and `go.sum`. Neither holds the graph, so no other module of `go.mod` may change with a bump,
//! not even an indirect one; `go.sum` may come to know more `go.mod` files, which build nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::RepoPath;
use crate::domain::dependency::VersionChange;

use super::{Found, direct};

/// Lines of a `go.mod` above which nothing is proven: each is kept until both sides are compared.
const MAX_LINES: usize = 10_000;

/// A `go.mod`.
#[derive(Debug, Default)]
struct Module {
    /// Required modules: version, and whether only others need it.
    required: BTreeMap<String, (String, bool)>,
    /// `module`, `go`, `toolchain`, `replace`, `exclude` and the rest: word by word, in order.
    others: Vec<Vec<String>>,
}

/// Two `go.mod`.
pub(super) fn manifest(_: &RepoPath, old: &str, new: &str) -> Found {
    Found::of((read(old), read(new)), compare)
}

fn read(text: &str) -> Result<Module, String> {
    let mut module = Module::default();
    let mut block: Option<String> = None;
    if text.lines().nth(MAX_LINES).is_some() {
        return Err(format!("it has more than {MAX_LINES} lines"));
    }
    for line in text.lines() {
        let (code, comment) = line.split_once("//").unwrap_or((line, ""));
        let mut words: Vec<String> = code.split_whitespace().map(str::to_owned).collect();
        match (words.last().map(String::as_str), &block) {
            (None, _) => continue,
            (Some(")"), Some(_)) if words.len() == 1 => {
                block = None;
                continue;
            }
            (Some("("), None) if words.len() == 2 => {
                block = words.into_iter().next();
                continue;
            }
            (_, Some(verb)) => words.insert(0, verb.clone()),
            (_, None) => {}
        }
        module.line(words, comment)?;
    }
    if block.is_some() {
        return Err("a bracket is not closed".to_owned());
    }
    Ok(module)
}

impl Module {
    fn line(&mut self, words: Vec<String>, comment: &str) -> Result<(), String> {
        let [verb, path, version] = words.as_slice() else {
            self.others.push(words);
            return Ok(());
        };
        if verb != "require" {
            self.others.push(words);
            return Ok(());
        }
        let marks = comment.trim();
        let indirect = marks == "indirect" || marks.starts_with("indirect;");
        let pin = (version.clone(), indirect);
        if self.required.insert(path.clone(), pin).is_some() {
            return Err(format!("`{path}` is required twice"));
        }
        Ok(())
    }
}

fn compare(old: &Module, new: &Module) -> Found {
    let mut found = Found::default();
    if old.others != new.others {
        found.doubts.push("something beside the required modules changed".to_owned());
    }
    for name in old.required.keys().filter(|name| !new.required.contains_key(*name)) {
        found.doubts.push(format!("`{name}` is no longer required"));
    }
    for (name, (to, indirect)) in &new.required {
        match old.required.get(name) {
            None => found.doubts.push(format!("`{name}` was not required before")),
            Some((from, before)) if from == to && before == indirect => {}
            Some((_, before)) if *before || *indirect => {
                let why = "only others need it, and go.mod does not tell which";
                found.doubts.push(format!("`{name}` changes: {why}"));
            }
            Some((from, _)) => found.changes.push(direct(name, from, to)),
        }
    }
    found
}

/// A `go.sum`: digests by module and version; of the module's code, and of its `go.mod` alone.
#[derive(Debug, Default)]
struct Sums {
    code: BTreeMap<(String, String), String>,
    files: BTreeMap<(String, String), String>,
}

/// Two `go.sum`.
pub(super) fn sums(_: &RepoPath, old: &str, new: &str) -> Found {
    Found::of((read_sums(old), read_sums(new)), compare_sums)
}

fn read_sums(text: &str) -> Result<Sums, String> {
    let mut sums = Sums::default();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [module, version, digest] = words.as_slice() else {
            return Err(format!("line {} is not of three words", at + 1));
        };
        if !digest.starts_with("h1:") {
            return Err(format!("line {}: `{digest}` is no digest that is known", at + 1));
        }
        let (all, version) = match version.strip_suffix("/go.mod") {
            Some(version) => (&mut sums.files, version),
            None => (&mut sums.code, *version),
        };
        let key = ((*module).to_owned(), version.to_owned());
        if all.insert(key, (*digest).to_owned()).is_some_and(|before| before != *digest) {
            return Err(format!("`{module}` {version} has two digests"));
        }
    }
    Ok(sums)
}

fn compare_sums(old: &Sums, new: &Sums) -> Found {
    let mut found = Found::default();
    for (before, after) in [(&old.code, &new.code), (&old.files, &new.files)] {
        for ((module, version), digest) in after {
            let known = before.get(&(module.clone(), version.clone()));
            if known.is_some_and(|known| known != digest) {
                let why = "its content has another digest, though its version is the same";
                found.doubts.push(format!("`{module}` {version}: {why}"));
            }
        }
    }
    let known: BTreeSet<&String> =
        old.code.keys().chain(old.files.keys()).map(|key| &key.0).collect();
    for (module, _) in new.files.keys().filter(|(module, _)| !known.contains(module)) {
        found.doubts.push(format!("it adds a module it did not hold: `{module}`"));
    }
    moved(old, new, &mut found);
    found
}

/// Code that is new or gone, by module. The digest of a version that is no longer used may stay.
fn moved(old: &Sums, new: &Sums, found: &mut Found) {
    let known: BTreeSet<&String> = old.code.keys().map(|key| &key.0).collect();
    let mut modules: BTreeMap<&str, (Vec<&str>, Vec<&str>)> = BTreeMap::new();
    for key in old.code.keys().filter(|key| !new.code.contains_key(key)) {
        modules.entry(&key.0).or_default().0.push(&key.1);
    }
    for key in new.code.keys().filter(|key| !old.code.contains_key(key)) {
        modules.entry(&key.0).or_default().1.push(&key.1);
        if !new.files.contains_key(key) {
            found.doubts.push(format!("`{}` {}: its go.mod has no digest", key.0, key.1));
        }
        if !known.contains(&key.0) {
            found.doubts.push(format!("it adds a module it did not hold: `{}`", key.0));
        }
    }
    for (module, (gone, came)) in modules {
        match (gone.as_slice(), came.as_slice()) {
            (gone, [to]) if gone.len() < 2 => found.changes.push(VersionChange {
                name: module.to_owned(),
                from: gone.first().map(|from| (*from).to_owned()),
                to: Some((*to).to_owned()),
                direct: true,
            }),
            _ => found.doubts.push(format!("several versions of `{module}` change, or one goes")),
        }
    }
}
