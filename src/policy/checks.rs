//! How the checks on a head ended.

use crate::domain::fact::Check;

/// Of all checks of that name, one that did not end as `listed` if there is one: two apps may use one name. `None`: none
/// has reported, which is no success (sem 11.2).
pub(super) fn conclusion(name: &str, checks: &[Check], listed: &[&str]) -> Option<String> {
    let mut found: Vec<String> = checks
        .iter()
        .filter(|check| check.name == name)
        .map(|check| check.conclusion.clone().unwrap_or_else(|| "not completed".to_owned()))
        .collect();
    found.sort();
    let worst = found.iter().position(|word| !listed.contains(&word.as_str())).unwrap_or(0);
    found.into_iter().nth(worst)
}
