//! The repository that the filled databases are about.

use countersign::store::repositories::Repository;

/// `acme/payments` of the source `github`, under an id of ours.
pub(crate) fn repository(id: &str) -> Repository {
    Repository {
        id: id.to_owned(),
        source: "github".to_owned(),
        external_id: Some("7".to_owned()),
        name: "acme/payments".to_owned(),
        default_branch: Some("main".to_owned()),
        configured: false,
        fetched_at: None,
        fetch_error: None,
    }
}
