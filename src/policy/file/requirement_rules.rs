//! What must hold between the keys of a requirement and of its condition, among it the two promises that are kept here
//! and nowhere else: nothing nests without end (case 59), and no condition can be made to go away (case 65).

use super::node::{Node, Path, Problem, Report, Value};
use crate::policy::diagnostic::code;
use crate::policy::requirement::MAX_DEPTH;

/// What a requirement may ask; it asks exactly one.
const DEMANDS: [&str; 5] = ["role", "people", "checks", "any", "all"];
/// Keys that say more about a demand, and the demands they can stand beside.
const BESIDE: [(&str, &[&str]); 3] =
    [("scope", &["role"]), ("count", &["role", "people"]), ("conclusions", &["checks"])];
/// Words of a condition that a larger change can only make true.
const GROWING: [&str; 7] = ["files", "labels", "class", "authors", "size", "not_passed", "draft"];
/// Words of a condition that a larger change can only make false.
const SHRINKING: [&str; 2] = ["only_files", "only_authors"];

/// A whole entry: a requirement, how deep it goes, and a condition that nobody can make go away.
pub(super) fn also(node: &Node, path: &Path, report: &mut Report) {
    requirement(node, path, report);
    depth(node, path, &["any", "all"], 0, report);
    if let Some(when) = node.get("when") {
        let path = path.key("when");
        depth(when, &path, &["any", "all", "not"], 0, report);
        steady(when, &path, false, report);
    }
}

/// A requirement asks one thing, and what stands beside it fits.
pub(super) fn requirement(node: &Node, path: &Path, report: &mut Report) {
    let asked: Vec<&str> =
        DEMANDS.into_iter().filter(|demand| node.get(demand).is_some()).collect();
    match asked.as_slice() {
        [] => {
            let message = "the key `role`, `people`, `checks`, `any` or `all` is missing";
            let help = "say what is needed: `role: security`, or `any: [{ role: security }, …]`";
            report.add(node.at, path, Problem::new(code::MISSING_KEY, message).help(help));
        }
        [_] => {}
        [first, second, ..] => {
            let message = format!("`{first}` and `{second}` in one requirement");
            let help = "write two under `all: […]` if both are needed, under `any: […]` if one is";
            let at = node.get(second).map_or(node.at, |node| node.at);
            let problem = Problem::new(code::CONTRADICTION, message).help(help);
            report.add(at, &path.key(second), problem);
        }
    }
    for (key, demands) in BESIDE {
        let Some(value) = node.get(key) else { continue };
        if !asked.is_empty() && !asked.iter().any(|demand| demands.contains(demand)) {
            let message = format!("`{key}` says nothing here");
            let help = format!("it stands beside `{}`", demands.join("` or `"));
            let problem = Problem::new(code::CONTRADICTION, message).help(help);
            report.add(value.at, &path.key(key), problem);
        }
    }
    enough_people(node, path, report);
}

/// There are as many people as are asked for, each of them once.
fn enough_people(node: &Node, path: &Path, report: &mut Report) {
    let Some(people) = node.get("people") else { return };
    let mut names: Vec<&str> = people.items().iter().map(|one| one.text.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    if names.len() < people.items().len() {
        let problem = Problem::new(code::CONTRADICTION, "somebody stands here twice");
        let problem = problem.help("one person counts once");
        report.add(people.at, &path.key("people"), problem);
    }
    let count = node.get("count").filter(|count| {
        matches!(count.value, Value::Int(number) if usize::try_from(number).is_ok_and(|number| number > names.len()))
    });
    if let Some(count) = count {
        let message = format!("{} of {} people cannot approve", count.text, names.len());
        let problem = Problem::new(code::OUT_OF_RANGE, message);
        report.add(count.at, &path.key("count"), problem);
    }
}

/// Says where it goes deeper than the limit, once on each way down.
fn depth(node: &Node, path: &Path, words: &[&str], level: usize, report: &mut Report) {
    for entry in node.entries().iter().filter(|entry| words.contains(&entry.key.as_str())) {
        let path = path.key(&entry.key);
        if level == MAX_DEPTH {
            let message = format!("`{}` stands {} levels deep", entry.key, level + 1);
            let help = format!("{MAX_DEPTH} is the most; split it into several entries of `also`");
            report.add(entry.at, &path, Problem::new(code::TOO_DEEP, message).help(help));
            continue;
        }
        for (index, item) in entry.node.items().iter().enumerate() {
            depth(item, &path.index(index), words, level + 1, report);
        }
        depth_of_one(&entry.node, &path, words, level + 1, report);
    }
}

/// `not` has one condition and no list.
fn depth_of_one(node: &Node, path: &Path, words: &[&str], level: usize, report: &mut Report) {
    if matches!(node.value, Value::Map(_)) {
        depth(node, path, words, level, report);
    }
}

/// No word stands where more files, labels or authors would make the condition false: the requirement would go with
/// it. `negated`: under an odd number of `not`.
fn steady(node: &Node, path: &Path, negated: bool, report: &mut Report) {
    for entry in node.entries() {
        let (key, path) = (entry.key.as_str(), path.key(&entry.key));
        if let Some((message, help)) = evades(key, &entry.node, negated) {
            report.add(entry.at, &path, Problem::new(code::EVADABLE, message).help(help));
        }
        match key {
            "not" => steady(&entry.node, &path, !negated, report),
            "any" | "all" => {
                for (index, item) in entry.node.items().iter().enumerate() {
                    steady(item, &path.index(index), negated, report);
                }
            }
            _ => {}
        }
    }
}

/// Why a word would let somebody switch the requirement off, and what to write.
fn evades(key: &str, node: &Node, negated: bool) -> Option<(String, String)> {
    if GROWING.contains(&key) && negated {
        let message = format!("`{key}` under `not`: whoever adds to the change switches this off");
        let help = "a condition only adds requirements: say what needs more, not what needs less";
        return Some((message, help.to_owned()));
    }
    if SHRINKING.contains(&key) && !negated {
        let message =
            format!("`{key}` without `not`: whoever adds to the change switches this off");
        let plain = key.trim_start_matches("only_");
        let help = format!("write `{plain}`, or `not: {{ {key}: … }}` for what lies beyond");
        return Some((message, help));
    }
    if key == "draft" && matches!(node.value, Value::Bool(false)) {
        let message = "`draft: false`: marking it as a draft switches this off".to_owned();
        return Some((message, "leave it out: a draft needs the same".to_owned()));
    }
    None
}

/// A condition says something (sem 0, P6: vacuous truth is false), and `except` has something to take from.
pub(super) fn condition(node: &Node, path: &Path, report: &mut Report) {
    let help = "name at least one of `files`, `labels`, `branches`, `class`, `authors`, `size`";
    not_empty(node, path, ("the condition is empty", help), report);
    if let (Some(except), None) = (node.get("except"), node.get("files")) {
        let problem = Problem::new(code::CONTRADICTION, "`except` without `files`")
            .help("it takes files from those of `files`, in the same condition");
        report.add(except.at, &path.key("except"), problem);
    }
}

/// A set of authors names somebody.
pub(super) fn authors(node: &Node, path: &Path, report: &mut Report) {
    let help = "name at least one of `people`, `roles`, `bots: true`";
    let bots = node.get("bots").is_some_and(|bots| matches!(bots.value, Value::Bool(false)));
    if bots && node.entries().len() == 1 {
        report.add(node.at, path, Problem::new(code::EMPTY, "nobody is named").help(help));
    }
    not_empty(node, path, ("nobody is named", help), report);
}

/// A size has a limit.
pub(super) fn limits(node: &Node, path: &Path, report: &mut Report) {
    let help = "name at least one of `files_over`, `lines_over`, `keys_over`";
    not_empty(node, path, ("no limit is given", help), report);
}

fn not_empty(node: &Node, path: &Path, (message, help): (&str, &str), report: &mut Report) {
    if node.entries().is_empty() {
        report.add(node.at, path, Problem::new(code::EMPTY, message).help(help));
    }
}
