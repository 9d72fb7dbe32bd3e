//! Keys that no rule may allow (sem 2.2.6).

use crate::domain::{KeyChange, Segment};
use crate::policy::model::Policy;

/// Anywhere in a key.
const PARTS: [&str; 6] = ["secret", "passw", "token", "private", "credential", "cert"];
/// Whole keys, without `-` and `_`. (`serviceAccount*` and `image.repository` are told apart below.)
const WHOLE: [&str; 17] = [
    "command",
    "args",
    "entrypoint",
    "securitycontext",
    "hostpath",
    "privileged",
    "role",
    "roles",
    "permissions",
    "iam",
    "acl",
    "cors",
    "url",
    "host",
    "endpoint",
    "webhook",
    "registry",
];

/// The built-in deny that a key path meets, by name, wherever in the path it stands. Letter case is ignored, and so
/// are `-` and `_` in whole keys; a key with dots is looked at as a whole and in its pieces, and the last word of a
/// name in capitals is looked at too, because in an environment `DATABASE_URL` is what `database.url` is elsewhere.
#[must_use]
pub fn denied_segment(path: &[Segment]) -> Option<String> {
    let keys: Vec<String> = path
        .iter()
        .filter_map(|segment| match segment {
            Segment::Key(key) => Some(key.to_lowercase()),
            Segment::Index(_) | Segment::Document(_) => None,
        })
        .collect();
    let pieces: Vec<&str> = keys.iter().flat_map(|key| key.split('.')).map(str::trim).collect();
    if pieces.windows(2).any(|pair| pair == ["image", "repository"]) {
        return Some("image.repository".to_owned());
    }
    let nouns = path.iter().filter_map(last_word_in_capitals);
    keys.iter()
        .map(String::as_str)
        .chain(pieces.iter().copied())
        .find_map(denied_key)
        .or_else(|| nouns.map(|noun| noun.to_lowercase()).find_map(|noun| denied_key(&noun)))
}

/// `URL` of `DATABASE_URL`.
fn last_word_in_capitals(segment: &Segment) -> Option<&str> {
    let Segment::Key(key) = segment else { return None };
    let capitals = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let (_, last) = key.rsplit_once('_').filter(|_| key.chars().all(capitals))?;
    Some(last)
}

fn denied_key(key: &str) -> Option<String> {
    if let Some(part) = PARTS.iter().find(|part| key.contains(*part)) {
        return Some((*part).to_owned());
    }
    if ["apikey", "api-key", "api_key"].iter().any(|part| key.contains(part)) {
        return Some("api key".to_owned());
    }
    let joined = key.replace(['-', '_'], "");
    if joined.starts_with("serviceaccount") {
        return Some("serviceAccount*".to_owned());
    }
    WHOLE.iter().find(|word| **word == joined).map(|word| (*word).to_owned())
}

/// What denies a change: a built-in key, or one the organisation denies. `Some` is the rule's name.
pub(super) fn denies(policy: &Policy, change: &KeyChange) -> Option<String> {
    if let Some(name) = denied_segment(&change.path) {
        return Some(format!("built-in deny: {name}"));
    }
    let pattern = policy.deny_keys.iter().find(|pattern| pattern.covers(&change.path))?;
    Some(format!("deny_keys: {}", pattern.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied(path: &[&str]) -> bool {
        let path: Vec<Segment> = path.iter().map(|key| Segment::Key((*key).to_owned())).collect();
        denied_segment(&path).is_some()
    }

    #[test]
    fn denied_names_are_denied_at_any_depth_and_in_any_case() {
        for path in [
            &["image", "repository"][..],
            &["a", "Image", "Repository"],
            &["a", "args"],
            &["db", "PASSWORD_FILE"],
            &["myApiKey"],
            &["api-key"],
            &["tls", "certificate"],
            &["spec", "serviceAccountName"],
            &["a", "Roles", "b"],
            &["pod", "securityContext", "runAsUser"],
            &["security_context"],
            &["image.repository"],
            &["server.url"],
            &["x", "URL"],
            &["authToken", "ttl"],
            &["DATABASE_URL"],
            &["env", "REDIS_HOST"],
        ] {
            assert!(denied(path), "{path:?}");
        }
        for path in [
            &["image", "tag"][..],
            &["repository"],
            &["replicas"],
            &["hostname"],
            &["baseUrl"],
            &["arguments"],
            &["controller"],
            &["HOST_COUNT"],
            &["database_url"],
        ] {
            assert!(!denied(path), "{path:?}");
        }
    }
}
