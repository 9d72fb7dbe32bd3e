//! A question whose answer is known to be no. If it ever passes, the gate closes and readiness is false (sem 11.11).

use std::sync::atomic::Ordering;

use super::{App, AppError};
use crate::domain::fact::{Facts, Pull};
use crate::domain::file::Content;
use crate::domain::{FileChange, Oid, Person, RepoPath, Side};
use crate::policy;
use crate::policy::layers::{Layer, effective};

/// A proposal that nobody looked at and that changes code: no policy may let it pass.
fn canary() -> Option<Facts> {
    let head = Oid::from_bytes(&[0xca; 20])?;
    let side = Side { mode: 0o100_644, oid: head };
    Some(Facts {
        fingerprint: "sha256:canary".to_owned(),
        pull: Some(Pull {
            opener: Some(Person::from("canary")),
            pushers: vec![Person::from("canary")],
            ..Pull::bare(1, "A change that nobody approved")
        }),
        files: vec![FileChange {
            path: RepoPath::from("src/canary.rs"),
            old: None,
            new: Some(side),
            renamed: None,
            content: Content::default(),
            keys: None,
            dependency: None,
        }],
        ..Facts::bare("countersign/canary", "main", head)
    })
}

impl App {
    /// Asks the canary; remembers for good if it passed.
    pub(crate) fn ask_canary(&self) {
        let Some(facts) = canary() else { return };
        let organisation = self.organisation();
        let effective = effective(organisation.layer(), Layer::Missing, "canary");
        let classification = policy::classify(&effective, &facts);
        let decision = policy::decide(&effective, &facts, &classification, self.clock().now());
        if decision.passes() {
            tracing::error!(
                "the canary passed: the gate is closed until the service is started anew"
            );
            self.canary_flag().store(true, Ordering::SeqCst);
        }
    }

    /// Refuses while the canary is dead.
    pub(crate) fn canary_holds(&self) -> Result<(), AppError> {
        if self.canary_flag().load(Ordering::SeqCst) {
            return Err(AppError::Unavailable(
                "the gate is closed: a question that must be refused was let pass; an administrator has to look"
                    .to_owned(),
            ));
        }
        Ok(())
    }
}
