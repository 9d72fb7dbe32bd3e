//! Who held a role for a scope, and when. Scopes are names; a grant covers a scope it names, or every one by
//! `*`; a requirement without a scope is asked as `*` and only a grant with `*` covers it (sem 3).

use std::collections::BTreeSet;

use crate::domain::fact::Grant;
use crate::domain::{Person, Time};

/// Whether a person held a role over a span of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::policy) enum Held {
    /// From the first instant to the last, in words: `architect for payments since 2026-01-01`.
    Throughout(String),
    /// At the first instant, but no longer at this later one.
    Lost(Time),
    /// Not at the first instant.
    Never,
}

/// Whether `person` held `role` for `scope` at `from` and through to `to`; several grants may take turns.
pub(in crate::policy) fn held(
    grants: &[Grant],
    person: &Person,
    (role, scope): (&str, &str),
    from: Time,
    to: Time,
) -> Held {
    let mine: Vec<&Grant> = grants
        .iter()
        .filter(|grant| grant.person == *person && grant.role == role && covers(grant, scope))
        .collect();
    let Some(words) = mine.iter().filter(|grant| at(grant, from)).map(|grant| words(grant)).min()
    else {
        return Held::Never;
    };
    let mut instants: Vec<Time> = mine
        .iter()
        .filter_map(|grant| grant.until)
        .filter(|end| *end > from && *end <= to)
        .collect();
    instants.push(to);
    instants.sort_unstable();
    match instants.into_iter().find(|instant| !mine.iter().any(|grant| at(grant, *instant))) {
        Some(lost) => Held::Lost(lost),
        None => Held::Throughout(words),
    }
}

/// Everybody who holds the role for the scope at an instant.
pub(in crate::policy) fn holders<'a>(
    grants: &'a [Grant],
    role: &str,
    scope: &str,
    instant: Time,
) -> BTreeSet<&'a Person> {
    grants
        .iter()
        .filter(|grant| grant.role == role && covers(grant, scope) && at(grant, instant))
        .map(|grant| &grant.person)
        .collect()
}

/// Whether a person holds any role at an instant.
pub(in crate::policy) fn holds_any(grants: &[Grant], person: &Person, instant: Time) -> bool {
    grants.iter().any(|grant| grant.person == *person && at(grant, instant))
}

/// Whether a person held a role at an instant, for whatever scope.
pub(in crate::policy) fn held_role_at(
    grants: &[Grant],
    person: &Person,
    role: &str,
    instant: Time,
) -> bool {
    let mut mine = grants.iter().filter(|grant| grant.person == *person && grant.role == role);
    mine.any(|grant| grant.doubt.is_none() && !grant.scopes.is_empty() && at(grant, instant))
}

/// Whether `person` held `role` for `scope` at an instant.
#[must_use]
pub fn held_at(
    grants: &[Grant],
    person: &Person,
    (role, scope): (&str, &str),
    instant: Time,
) -> bool {
    holders(grants, role, scope, instant).contains(person)
}

fn covers(grant: &Grant, scope: &str) -> bool {
    grant.doubt.is_none() && grant.scopes.iter().any(|name| name == "*" || name == scope)
}

/// A grant holds from its first instant up to, and not at, its last.
fn at(grant: &Grant, instant: Time) -> bool {
    grant.from.is_none_or(|from| from <= instant) && grant.until.is_none_or(|until| instant < until)
}

fn words(grant: &Grant) -> String {
    let scopes = if grant.scopes.iter().any(|name| name == "*") {
        "all scopes".to_owned()
    } else {
        grant.scopes.join(", ")
    };
    let dates = match (grant.from, grant.until) {
        (None, None) => String::new(),
        (Some(from), None) => format!(" since {}", from.to_date_text()),
        (None, Some(until)) => format!(" until {}", until.to_date_text()),
        (Some(from), Some(until)) => {
            format!(" {} to {}", from.to_date_text(), until.to_date_text())
        }
    };
    format!("{}, {scopes}{dates} ({})", grant.role, grant.source)
}
