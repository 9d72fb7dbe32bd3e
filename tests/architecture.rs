//! The rooms of the house and the arrows between them (the map is in `src/lib.rs`), checked on the text of
//! every source file: which room uses which, and which words may stand where.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// A room, and the rooms it may use. A file at the top of `src` is a room of its own.
const ARROWS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("policy", &["domain"]),
    ("ledger", &["domain"]),
    ("clock", &["domain"]),
    ("config", &["domain", "policy"]),
    ("telemetry", &["domain", "config"]),
    ("store", &["domain", "policy", "ledger", "clock"]),
    ("git", &["domain", "policy", "ledger", "clock"]),
    ("integrations", &["domain", "policy", "ledger", "clock"]),
    ("report", &["domain", "policy", "ledger", "clock"]),
    ("app", BELOW_APP),
    ("web", BELOW_DOORS),
    ("cli", BELOW_DOORS),
    ("main", &["cli"]),
    ("lib", &[]),
];

const BELOW_APP: &[&str] = &[
    "domain",
    "policy",
    "ledger",
    "clock",
    "config",
    "telemetry",
    "store",
    "git",
    "integrations",
    "report",
];

const BELOW_DOORS: &[&str] = &[
    "domain",
    "policy",
    "ledger",
    "clock",
    "config",
    "telemetry",
    "store",
    "git",
    "integrations",
    "report",
    "app",
];

/// An arrow that is allowed in some files only: the commands that start the server.
const DOOR_TO_DOOR: (&str, &str, &[&str]) =
    ("cli", "web", &["src/cli/serve", "src/cli/demo", "src/cli/witness"]);

/// Words, and the places where alone they may stand.
const WORDS: &[(&[&str], &[&str])] = &[
    (&["sqlx"], &["src/store/"]),
    (&["git2"], &["src/git/"]),
    (&["octocrab"], &["src/integrations/github/", "src/integrations/github.rs"]),
    (&["axum", "StatusCode"], &["src/web/"]),
    (&["clap"], &["src/cli/", "src/main.rs"]),
    (&[".begin()"], &["src/app/", "src/store/"]),
    // A git commit is another thing than a transaction's.
    (&[".commit()"], &["src/app/", "src/store/", "src/git/"]),
];

/// Words that the pure rooms do not know.
const IMPURE: (&[&str], &[&str]) =
    (&["async", "await", "tokio", "reqwest"], &["src/domain/", "src/policy/", "src/ledger/"]);

/// A piece of source text that matters here, with its line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Token {
    line: usize,
    text: String,
}

/// Everything in one file that breaks a rule, one sentence each: file, line, what, and the rule.
fn violations(file: &str, source: &str) -> Vec<String> {
    let tokens = tokens(source);
    let mut found = misplaced_words(file, &tokens);
    let Some(room) = room_of(file) else {
        found.push(format!("{file}:1: this room is not on the map in tests/architecture.rs"));
        return found;
    };
    for (line, used) in uses(file, &tokens) {
        if used != room && !may_use(file, room, &used) {
            let allowed = allowed(room).join(", ");
            let allowed = if allowed.is_empty() { "no other room".to_owned() } else { allowed };
            found.push(format!("{file}:{line}: {room} → {used}: {room} may use {allowed}"));
        }
    }
    if room == "lib" {
        let uses = tokens.iter().filter(|token| token.text == "use");
        found.extend(uses.map(|token| {
            format!(
                "{file}:{}: a `use` would give rooms a second name: `mod` lines only",
                token.line
            )
        }));
    }
    found
}

fn room_of(file: &str) -> Option<&'static str> {
    let below = file.strip_prefix("src/")?;
    let name = below.split('/').next()?;
    let name = name.strip_suffix(".rs").unwrap_or(name);
    ARROWS.iter().map(|(room, _)| *room).find(|room| *room == name)
}

fn allowed(room: &str) -> &'static [&'static str] {
    ARROWS.iter().find(|(from, _)| *from == room).map_or(&[], |(_, to)| to)
}

fn may_use(file: &str, room: &str, used: &str) -> bool {
    let (from, to, files) = DOOR_TO_DOOR;
    let door = room == from && used == to && files.iter().any(|start| file.starts_with(start));
    door || allowed(room).contains(&used)
}

fn misplaced_words(file: &str, tokens: &[Token]) -> Vec<String> {
    let mut found = Vec::new();
    let inside = |places: &[&str]| places.iter().any(|place| file.starts_with(place));
    for (words, places) in WORDS {
        if !inside(places) {
            found.extend(sightings(tokens, words).map(|(line, word)| {
                format!("{file}:{line}: `{word}` may stand in {} alone", places.join(" and "))
            }));
        }
    }
    if inside(IMPURE.1) {
        found.extend(sightings(tokens, IMPURE.0).map(|(line, word)| {
            format!("{file}:{line}: `{word}`: domain, policy and ledger do no I/O and do not wait")
        }));
    }
    found
}

fn sightings<'a>(
    tokens: &'a [Token],
    words: &'a [&'a str],
) -> impl Iterator<Item = (usize, &'a str)> {
    words.iter().flat_map(move |word| {
        let parts = parts(word);
        tokens
            .windows(parts.len())
            .filter(move |window| {
                window.iter().zip(&parts).all(|(token, part)| token.text == *part)
            })
            .filter_map(|window| window.first())
            .map(move |token| (token.line, *word))
    })
}

/// `.begin(` is three tokens, a word is one.
fn parts(word: &str) -> Vec<String> {
    tokens(word).into_iter().map(|token| token.text).collect()
}

/// Every room named by a path from the crate's root, with its line: `crate::room`, `crate::{room, …}`,
/// `countersign::room`, and as many `super::` as lead to the root.
fn uses(file: &str, tokens: &[Token]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut modules = Modules::of(file);
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        modules.see(tokens, at);
        let starts = starts_a_path(tokens, at);
        let supers = supers(tokens, at);
        let root = match token.text.as_str() {
            "crate" | "countersign" if starts => Some(at + 1),
            "super" if starts && supers == modules.depth() => Some(at + supers * 2 - 1),
            _ => None,
        };
        if let Some(root) = root.filter(|root| text(tokens, *root) == "::") {
            found.extend(named(tokens, root + 1));
        }
        at += 1;
    }
    found
}

/// Whether no name stands before this one in its path; a leading `::` is none.
fn starts_a_path(tokens: &[Token], at: usize) -> bool {
    let before = |back| at.checked_sub(back).map_or("", |before| text(tokens, before));
    let name = |text: &str| text.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    before(1) != "::" || !name(before(2)) || before(2) == "use"
}

/// How many `super::` stand in a row.
fn supers(tokens: &[Token], from: usize) -> usize {
    (0..tokens.len())
        .take_while(|n| {
            text(tokens, from + 2 * n) == "super" && text(tokens, from + 2 * n + 1) == "::"
        })
        .count()
}

/// The first names of a path or of each path in a group; only those of rooms.
fn named(tokens: &[Token], from: usize) -> Vec<(usize, String)> {
    let mut names = Vec::new();
    let mut depth = 0_usize;
    let mut first = true;
    for token in tokens.get(from..).unwrap_or_default() {
        match token.text.as_str() {
            "{" => depth += 1,
            "}" => depth = depth.saturating_sub(1),
            "," if depth == 1 => first = true,
            name if first => {
                names.push((token.line, name.to_owned()));
                first = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names.retain(|(_, name)| ARROWS.iter().any(|(room, _)| room == name));
    names
}

/// How deep in the tree of modules a token stands: the file's own depth and the inline `mod x { … }`.
struct Modules {
    file: usize,
    braces: usize,
    inline: Vec<usize>,
}

impl Modules {
    fn of(file: &str) -> Self {
        let parts = file.trim_start_matches("src/").split('/').collect::<Vec<_>>();
        let own =
            parts.last().is_some_and(|name| !matches!(*name, "mod.rs" | "lib.rs" | "main.rs"));
        Self { file: parts.len() - 1 + usize::from(own), braces: 0, inline: Vec::new() }
    }

    fn depth(&self) -> usize {
        self.file + self.inline.len()
    }

    fn see(&mut self, tokens: &[Token], at: usize) {
        match text(tokens, at) {
            "{" => {
                self.braces += 1;
                if at >= 2 && text(tokens, at - 2) == "mod" {
                    self.inline.push(self.braces);
                }
            }
            "}" => {
                if self.inline.last() == Some(&self.braces) {
                    self.inline.pop();
                }
                self.braces = self.braces.saturating_sub(1);
            }
            _ => {}
        }
    }
}

fn text(tokens: &[Token], at: usize) -> &str {
    tokens.get(at).map_or("", |token| token.text.as_str())
}

/// Names, `::` and single other characters; comments, strings and characters in quotes are left out.
fn tokens(source: &str) -> Vec<Token> {
    let (mut tokens, mut rest, mut line) = (Vec::new(), source, 1);
    while let Some(first) = rest.chars().next() {
        let (length, kept) = step(rest, first);
        let (piece, after) = rest.split_at(length.min(rest.len()));
        if kept {
            tokens.push(Token { line, text: piece.to_owned() });
        }
        line += piece.matches('\n').count();
        rest = after;
    }
    tokens
}

/// The length of the piece at the start of the text, and whether it is a token.
fn step(rest: &str, first: char) -> (usize, bool) {
    if let Some(length) = comment(rest).or_else(|| string(rest)).or_else(|| quoted(rest)) {
        return (length, false);
    }
    let name = |c: char| c.is_alphanumeric() || c == '_';
    if name(first) {
        return (rest.find(|c| !name(c)).unwrap_or(rest.len()), true);
    }
    if rest.starts_with("::") { (2, true) } else { (first.len_utf8(), !first.is_whitespace()) }
}

fn comment(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    let mut depth = usize::from(rest.starts_with("/*"));
    let mut at = 2 * depth;
    while depth > 0 {
        let below = rest.get(at..)?;
        let mark = below.find("*/").into_iter().chain(below.find("/*")).min();
        let Some(mark) = mark else { return Some(rest.len()) };
        depth = if below.get(mark..)?.starts_with("*/") { depth - 1 } else { depth + 1 };
        at += mark + 2;
    }
    (at > 0).then_some(at)
}

/// A string of any kind, its prefix and hashes included.
fn string(rest: &str) -> Option<usize> {
    let prefix = ["br", "cr", "r", "b", "c", ""].into_iter().find(|prefix| {
        let after = rest.strip_prefix(prefix).unwrap_or("!");
        let after = if prefix.ends_with('r') { after.trim_start_matches('#') } else { after };
        after.starts_with('"')
    })?;
    let after = rest.get(prefix.len()..)?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let open = prefix.len() + hashes + 1;
    let body = rest.get(open..)?;
    let close = format!("\"{}", "#".repeat(hashes));
    if prefix.ends_with('r') {
        return Some(body.find(&close).map_or(rest.len(), |end| open + end + close.len()));
    }
    let mut escaped = false;
    for (at, c) in body.char_indices() {
        match c {
            '"' if !escaped => return Some(open + at + 1),
            _ => escaped = c == '\\' && !escaped,
        }
    }
    Some(rest.len())
}

/// A character in quotes; a lifetime is none.
fn quoted(rest: &str) -> Option<usize> {
    let body = rest.strip_prefix('\'')?;
    let mut characters = body.char_indices();
    let (_, first) = characters.next()?;
    if first == '\\' {
        let end = body.get(2..)?.find('\'')?;
        return Some(1 + 2 + end + 1);
    }
    let (end, second) = characters.next()?;
    (second == '\'').then_some(end + 2)
}

fn sources(folder: &Path, files: &mut BTreeSet<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            sources(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.insert(path);
        }
    }
    Ok(())
}

#[test]
fn arrows_between_rooms_point_down_and_words_stay_in_their_rooms() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = BTreeSet::new();
    sources(&root.join("src"), &mut files).expect("the sources");
    let (mut found, mut arrows) = (String::new(), 0);
    for path in &files {
        let file = path.strip_prefix(root).expect("below the root").to_string_lossy();
        let source = std::fs::read_to_string(path).expect("UTF-8");
        arrows += uses(&file, &tokens(&source)).len();
        for violation in violations(&file, &source) {
            writeln!(found, "{violation}").expect("memory");
        }
    }
    assert!(files.len() > 20 && arrows > 10, "{} files, {arrows} arrows: too few", files.len());
    assert!(found.is_empty(), "\n{found}");
}

#[test]
fn every_form_of_a_forbidden_arrow_is_caught_with_its_place() {
    for source in [
        "use crate::store::Db;",
        "use crate::{domain::Time, store::Db};",
        "use crate::{\n    domain::{Oid, Time},\n    store,\n};",
        "use crate :: store as other;",
        "pub(crate) use crate::store;",
        "fn f() { let db = crate::store::open(); }",
        "fn f<'a>(x: &'a str) { crate::store::open(x) }",
        "const Q: char = '\"'; type A = crate::store::Db;",
        "const Q: &str = \"\\\"\"; type A = crate::store::Db;",
        "const Q: &str = r#\"\"\"#; type A = crate::store::Db;",
        "/* /* */ */ use crate::store;",
        "#[cfg(test)]\nmod tests {\n    use crate::store;\n}",
        "use super::super::store;",
        "use super::super::{domain::Time, store::Db};",
        "mod tests { use super::super::super::store; }",
        "use countersign::store;",
        "use ::countersign::{domain, store};",
    ] {
        let found = violations("src/policy/deep.rs", source);
        let line = 1 + source[..source.rfind("store").expect("named")].matches('\n').count();
        let sentence = format!("src/policy/deep.rs:{line}: policy → store: policy may use domain");
        assert_eq!(found, [sentence], "{source}");
    }
}

#[test]
fn what_is_allowed_or_only_mentioned_is_let_through() {
    for (file, source) in [
        ("src/policy/deep.rs", "use crate::{domain::{Oid, Time}, policy::store};"),
        ("src/policy/deep.rs", "// crate::store\n/// crate::store\n//! sqlx\n/* crate::store */"),
        (
            "src/policy/deep.rs",
            "const A: &str = \"crate::store sqlx\"; const B: &str = r\"crate::web\";",
        ),
        ("src/policy/deep.rs", "use super::store; use self::store; use other::crate_store;"),
        ("src/policy/keys/mod.rs", "use super::store;"),
        ("src/policy/keys/mod.rs", "mod tests { use super::super::store; }"),
        (
            "src/policy/mod.rs",
            "mod a { use super::git; } mod b { mod c { use super::super::git; } }",
        ),
        ("src/app/gate.rs", "use crate::{config, clock::Clock, store, git, integrations, report};"),
        ("src/app/gate.rs", "tx.commit(); db.begin();"),
        ("src/git/mirror.rs", "use git2::Repository; repo.commit(a);"),
        ("src/cli/serve.rs", "use crate::web;"),
        ("src/cli/demo/mod.rs", "use crate::web;"),
        ("src/integrations/github/client.rs", "use octocrab::Octocrab;"),
        ("src/main.rs", "use clap::Parser; use countersign::cli;"),
        ("src/store/db.rs", "use sqlx::Row; tx.begin(); tx.commit();"),
    ] {
        assert_eq!(violations(file, source), Vec::<String>::new(), "{file}: {source}");
    }
}

#[test]
fn doors_do_not_know_each_other_and_siblings_neither() {
    for (file, source) in [
        ("src/web/pages.rs", "use crate::cli;"),
        ("src/cli/gate.rs", "use crate::web::Answer;"),
        ("src/git/mirror.rs", "use crate::store;"),
        ("src/store/db.rs", "use crate::config;"),
        ("src/report/a.rs", "use crate::app;"),
        ("src/ledger/a.rs", "use crate::policy;"),
        ("src/domain/a.rs", "use crate::clock;"),
        ("src/app/gate.rs", "use crate::web;"),
        ("src/app/mod.rs", "mod a { use super::super::web; }"),
        ("src/lib.rs", "pub use domain::Time;"),
        ("src/attic/a.rs", ""),
    ] {
        assert_eq!(violations(file, source).len(), 1, "{file}: {source}");
    }
}

#[test]
fn words_out_of_place_are_caught() {
    for (file, source) in [
        ("src/app/gate.rs", "sqlx::query(q)"),
        ("src/app/gate.rs", "use axum::Router;"),
        ("src/report/a.rs", "fn f() -> StatusCode {}"),
        ("src/app/gate.rs", "git2::Repository::open(p)"),
        ("src/integrations/jira/client.rs", "use octocrab::models;"),
        ("src/web/mod.rs", "let tx = db . begin ( ) ;"),
        ("src/report/a.rs", "tx.commit().ok();"),
        ("src/web/mod.rs", "#[derive(clap::Args)]"),
        ("src/policy/a.rs", "pub async fn f() {}"),
        ("src/ledger/a.rs", "tokio::spawn(f)"),
    ] {
        let found = violations(file, source);
        assert_eq!(found.len(), 1, "{file}: {source}: {found:?}");
        assert!(found[0].starts_with(&format!("{file}:1: `")), "{found:?}");
    }
}
