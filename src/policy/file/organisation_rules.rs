//! What must hold between the keys of the organisation file. A name that refers to nothing is an error, because a
//! misspelt role or environment would otherwise switch a rule off without a word (sem 11.2).

use std::collections::BTreeMap;
use std::time::Duration;

use super::leaf;
use super::node::{Node, Path, Problem, Report};
use super::rules;
use super::tables::BUILT_IN_ROLES;
use crate::policy::diagnostic::{code, suggestion};

/// The longest emergency (sem 9).
const LONGEST_EMERGENCY: Duration = Duration::from_hours(4);

/// Names refer to something, and nobody is two people.
pub(super) fn whole_file(node: &Node, path: &Path, report: &mut Report) {
    rules::version(node, path, report);
    roles(node, path, report);
    people_named(node, path, report);
    environments(node, path, report);
    people(node, path, report);
}

/// The roles that the file declares, and the built-in ones.
pub(super) fn known_roles(file: &Node) -> Vec<&str> {
    let declared = file.get("roles").map(Node::entries).unwrap_or_default();
    let mut known: Vec<&str> = declared.iter().map(|entry| entry.key.as_str()).collect();
    known
        .extend(BUILT_IN_ROLES.iter().filter(|role| !declared.iter().any(|one| one.key == **role)));
    known
}

fn roles(file: &Node, path: &Path, report: &mut Report) {
    let known = known_roles(file);
    let approval = path.key("approval");
    let mut refer = |node: Option<&Node>, path: Path| {
        let Some(node) = node.filter(|node| !node.text.is_empty()) else { return };
        if !known.contains(&node.text.as_str()) {
            let problem =
                Problem::new(code::UNKNOWN_NAME, format!("no role is called `{}`", node.text))
                    .help(suggestion(&node.text, &known));
            report.add(node.at, &path, problem);
        }
    };
    refer(
        file.at_path(&["approval", "architects", "role"]),
        approval.key("architects").key("role"),
    );
    let also = file.at_path(&["approval", "also"]).map(Node::items).unwrap_or_default();
    for (index, rule) in also.iter().enumerate() {
        let path = approval.key("also").index(index);
        named(rule, &path, &["role", "roles"], &mut refer);
    }
    let review = path.key("emergency").key("review_role");
    refer(file.at_path(&["emergency", "review_role"]), review);
}

/// Everybody whom a requirement or a condition names is listed under `people`: a name that nobody has would never be
/// met by an author, and the condition would be off without a word.
fn people_named(file: &Node, path: &Path, report: &mut Report) {
    let listed = file.get("people").map(Node::items).unwrap_or_default();
    let known: Vec<&str> =
        listed.iter().filter_map(|person| person.get("user")).map(|user| &*user.text).collect();
    let mut refer = |node: Option<&Node>, path: Path| {
        let Some(node) = node.filter(|node| !known.contains(&node.text.as_str())) else { return };
        let message = format!("nobody under `people` is called `{}`", node.text);
        let problem = Problem::new(code::UNKNOWN_NAME, message);
        report.add(node.at, &path, problem.help(suggestion(&node.text, &known)));
    };
    let also = file.at_path(&["approval", "also"]).map(Node::items).unwrap_or_default();
    for (index, rule) in also.iter().enumerate() {
        let path = path.key("approval").key("also").index(index);
        named(rule, &path, &["people"], &mut refer);
    }
}

/// Every name that stands, alone or in a list, at one of these keys anywhere below a node.
fn named(node: &Node, path: &Path, keys: &[&str], refer: &mut impl FnMut(Option<&Node>, Path)) {
    for entry in node.entries() {
        let path = path.key(&entry.key);
        if keys.contains(&entry.key.as_str()) {
            match entry.node.items() {
                [] => refer(Some(&entry.node), path),
                items => (0..).zip(items).for_each(|(at, one)| refer(Some(one), path.index(at))),
            }
        } else {
            named(&entry.node, &path, keys, refer);
        }
    }
    for (index, item) in node.items().iter().enumerate() {
        named(item, &path.index(index), keys, refer);
    }
}

/// What `after` and `freeze` name is an environment. With no list every one is treated as production, and a name that is
/// mistyped would freeze nothing: then production alone can be named.
fn environments(file: &Node, path: &Path, report: &mut Report) {
    let listed = file.at_path(&["deploy", "environments"]).map(Node::entries).unwrap_or_default();
    let mut names: Vec<&str> = listed.iter().map(|entry| entry.key.as_str()).collect();
    if listed.is_empty() {
        names.push("production");
    }
    let mut refer = |node: &Node, path: Path, itself: &str| {
        let name = node.text.as_str();
        if name == itself {
            let message = format!("`{name}` cannot come after itself");
            report.add(node.at, &path, Problem::new(code::CONTRADICTION, message));
        } else if !names.contains(&name) {
            let message = format!("no environment is called `{name}`");
            let help = if listed.is_empty() {
                "list it in `deploy.environments`; with no list `production` alone is known"
                    .to_owned()
            } else {
                suggestion(name, &names)
            };
            report.add(node.at, &path, Problem::new(code::UNKNOWN_NAME, message).help(help));
        }
    };
    for entry in listed {
        let after = entry.node.get("after").map(Node::items).unwrap_or_default();
        for (index, node) in after.iter().enumerate() {
            let path = path.key("deploy").key("environments").key(&entry.key).key("after");
            refer(node, path.index(index), &entry.key);
        }
    }
    for (index, freeze) in
        file.get("freeze").map(Node::items).unwrap_or_default().iter().enumerate()
    {
        if let Some(node) = freeze.get("environment") {
            refer(node, path.key("freeze").index(index).key("environment"), "");
        }
    }
}

/// One name, one address, one account: one person. Two of them would let somebody approve their own change.
fn people(file: &Node, path: &Path, report: &mut Report) {
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    let mut once = |what: String, node: &Node, path: Path| {
        if let Some(line) = seen.get(&what) {
            let problem = Problem::new(code::CONTRADICTION, format!("{what} stands here twice"))
                .help(format!("the first is on line {line}; one of them belongs to one person"));
            report.add(node.at, &path, problem);
        } else {
            seen.insert(what, node.at.line);
        }
    };
    for (index, person) in
        file.get("people").map(Node::items).unwrap_or_default().iter().enumerate()
    {
        let path = path.key("people").index(index);
        if let Some(user) = person.get("user") {
            once(format!("the person `{}`", user.text), user, path.key("user"));
        }
        for (nth, email) in
            person.get("emails").map(Node::items).unwrap_or_default().iter().enumerate()
        {
            let what = format!("the address `{}`", email.text.to_lowercase());
            once(what, email, path.key("emails").index(nth));
        }
        for account in person.get("accounts").map(Node::entries).unwrap_or_default() {
            let what = format!("the account `{}` of `{}`", account.node.text, account.key);
            once(what, &account.node, path.key("accounts").key(&account.key));
        }
    }
}

/// Either a team or a person, and dates in order.
pub(super) fn holder(node: &Node, path: &Path, report: &mut Report) {
    match (node.get("team"), node.get("user")) {
        (Some(_), Some(user)) => {
            let problem = Problem::new(code::CONTRADICTION, "`team` and `user` in one entry")
                .help("write two entries");
            report.add(user.at, &path.key("user"), problem);
        }
        (None, None) => {
            let problem = Problem::new(code::MISSING_KEY, "the key `team` or `user` is missing")
                .help("such as `{ team: acme/platform-architects, scopes: [\"*\"] }`");
            report.add(node.at, path, problem);
        }
        _ => {}
    }
    in_order(node, ("from", "until"), path, report);
}

/// A window ends after it begins.
pub(super) fn freeze(node: &Node, path: &Path, report: &mut Report) {
    in_order(node, ("from", "to"), path, report);
}

fn in_order(node: &Node, (from, to): (&str, &str), path: &Path, report: &mut Report) {
    let Some(end) = node.get(to) else { return };
    let times = node.get(from).map(|start| (leaf::time(&start.text), leaf::time(&end.text)));
    if let Some((Ok(start), Ok(stop))) = times
        && start >= stop
    {
        let message = format!("`{to}` is not after `{from}`");
        report.add(end.at, &path.key(to), Problem::new(code::CONTRADICTION, message));
    }
}

/// No emergency is longer than four hours (sem 9).
pub(super) fn emergency(node: &Node, path: &Path, report: &mut Report) {
    let Some(ttl) = node.get("ttl") else { return };
    if leaf::duration(&ttl.text).is_ok_and(|ttl| ttl > LONGEST_EMERGENCY) {
        let message = format!("`{}` is longer than 4h, the longest an emergency may be", ttl.text);
        report.add(ttl.at, &path.key("ttl"), Problem::new(code::OUT_OF_RANGE, message));
    }
}
