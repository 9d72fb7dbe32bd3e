//! What a CODEOWNERS file demands, as the text of a policy and of the organisation's roles.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::read::Problem;
use super::{Demand, Dialect, Owner};
use crate::policy::diagnostic::{Severity, code};
use crate::policy::file::OrganisationFile;

/// The policy: one entry of `approval.also` for each line that demands something.
pub(super) fn policy(demands: &[Demand<'_>]) -> String {
    let mut text = "version: 1\n".to_owned();
    if demands.is_empty() {
        return text;
    }
    text.push_str("approval:\n  also:\n");
    for demand in demands {
        let entry = demand.entry;
        let section = match demand.section {
            "" => String::new(),
            name => format!("[{name}] "),
        };
        let name = format!("CODEOWNERS, line {}: {section}{}", entry.line, entry.pattern);
        let files = list(entry.globs.iter().map(String::as_str));
        let except = match demand.except.as_slice() {
            [] => String::new(),
            globs => format!(", except: {}", list(globs.iter().copied())),
        };
        let role = quoted(&role(&entry.owners));
        let count = entry.count;
        let _ = writeln!(text, "    - name: {}", quoted(&name));
        let _ = writeln!(text, "      when: {{ files: {files}{except} }}");
        let _ = writeln!(text, "      role: {role}");
        if count > 1 {
            let _ = writeln!(text, "      count: {count}");
        }
    }
    text
}

/// The role of a set of owners: any of them is as good as another, so it is named after them all.
pub(super) fn role(owners: &[Owner]) -> String {
    owners.iter().map(Owner::text).collect::<Vec<_>>().join(" ")
}

/// The roles, each with its holders, without those that the organisation file has; and who could not be told.
pub(super) fn roles(
    demands: &[Demand<'_>],
    dialect: Dialect,
    organisation: Option<&OrganisationFile>,
) -> (String, Vec<Problem>) {
    let mut roles: BTreeMap<String, &[Owner]> = BTreeMap::new();
    let mut problems = Vec::new();
    for demand in demands {
        let owners = demand.entry.owners.as_slice();
        let name = role(owners);
        let told = roles.contains_key(&name);
        let there = organisation.is_some_and(|file| file.organisation.roles.contains_key(&name));
        if !told && !there {
            let unknown = owners.iter().filter_map(|owner| doubt(owner, dialect, organisation));
            problems.extend(unknown.map(|problem| Problem { line: demand.entry.line, ..problem }));
            roles.insert(name, owners);
        }
    }
    let mut text = "version: 1\n".to_owned();
    if !roles.is_empty() {
        text.push_str("roles:\n");
    }
    for (name, owners) in roles {
        let _ = writeln!(text, "  {}:", quoted(&name));
        for holder in owners.iter().flat_map(|owner| holders(owner, dialect, organisation)) {
            let _ = writeln!(text, "    - {{ {holder} }}");
        }
    }
    (text, problems)
}

fn holders(
    owner: &Owner,
    dialect: Dialect,
    organisation: Option<&OrganisationFile>,
) -> Vec<String> {
    let user = |name: &str| format!("user: {}", quoted(name));
    let team = |name: &str| format!("team: {}", quoted(name));
    match (owner, person(owner, organisation)) {
        (_, Some(known)) => vec![user(&known)],
        (Owner::Team(name), None) => vec![team(name)],
        // One of the two names nobody: at GitLab people and groups share their names.
        (Owner::Account(name), None) if dialect == Dialect::Gitlab => vec![user(name), team(name)],
        (Owner::Account(name), None) => vec![user(name)],
        (Owner::Role(_) | Owner::Email(_), None) => vec![user(&owner.text())],
    }
}

/// The person of the organisation file whom an owner means.
fn person(owner: &Owner, organisation: Option<&OrganisationFile>) -> Option<String> {
    let people = &organisation?.organisation.people;
    let found = match owner {
        Owner::Account(name) => people.iter().find(|person| person.user.to_lowercase() == *name),
        Owner::Email(address) => people
            .iter()
            .find(|person| person.emails.iter().any(|one| one.to_lowercase() == *address)),
        Owner::Team(_) | Owner::Role(_) => None,
    };
    found.map(|person| person.user.clone())
}

/// Why an owner holds nothing yet, or may be somebody else.
fn doubt(
    owner: &Owner,
    dialect: Dialect,
    organisation: Option<&OrganisationFile>,
) -> Option<Problem> {
    let text = owner.text();
    let (severity, message, help) = match owner {
        Owner::Email(_) if person(owner, organisation).is_none() => (
            Severity::Error,
            format!(
                "nobody is known by the address `{text}`, so nobody holds the role in its place"
            ),
            "list the address under `people` of the organisation file, and give it with `--org`",
        ),
        Owner::Role(_) => (
            Severity::Error,
            format!(
                "who has `{text}` is known to GitLab alone, so nobody holds the role in its place"
            ),
            "write the holders into the role that is printed",
        ),
        Owner::Account(_)
            if dialect == Dialect::Gitlab && person(owner, organisation).is_none() =>
        {
            (
                Severity::Warning,
                format!("`{text}` may be a person or a group: the role names both"),
                "remove the one that it is not",
            )
        }
        _ => return None,
    };
    let help = help.to_owned();
    Some(Problem { line: 0, code: code::OWNERS_UNKNOWN, severity, message, help })
}

/// Text in quotes that YAML and JSON read alike.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn list<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    format!("[{}]", texts.map(quoted).collect::<Vec<_>>().join(", "))
}
