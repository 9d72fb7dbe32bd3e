//! What if another policy were in force: a candidate is tried on one pull request, or on everything that landed. Nothing
//! of it is recorded.

mod edit;
mod replay;
mod simulate;

use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) use self::edit::PolicyEdit;
pub use self::replay::ReplayRequest;
pub use self::simulate::SimulateRequest;
use super::mirrors::PolicyAt;
use super::people::People;
use super::{App, AppError};
use crate::domain::id;
use crate::policy::diagnostic::{Diagnostic, render_all};
use crate::policy::file::{OrganisationFile, RepositoryFile, read_organisation, read_repository};
use crate::policy::layers::{Layer, effective};
use crate::policy::model::Effective;
use crate::policy::replay::InForce;
use crate::store::Tx;
use crate::store::repositories::Repository;

/// The name of a candidate organisation file, for its errors.
const ORGANISATION: &str = "organisation.yml";
/// The name of a candidate repository file.
const REPOSITORY: &str = ".countersign.yml";

/// Policy files that are not in force, as text; `None`: the one in force.
#[derive(Debug, Clone, Default)]
pub struct Candidate {
    /// The organisation file.
    pub organisation: Option<String>,
    /// The file of a repository.
    pub repository: Option<String>,
}

/// A candidate that was read without an error.
#[derive(Debug, Default)]
struct Read {
    organisation: Option<OrganisationFile>,
    repository: Own,
}

/// The file of a repository under a candidate.
#[derive(Debug, Default)]
enum Own {
    /// The one in force.
    #[default]
    InForce,
    /// Another.
    File(Box<RepositoryFile>),
    /// None any more.
    Gone,
}

impl Own {
    /// As a layer; `None`: the one in force.
    fn layer(&self) -> Option<Layer<'_, RepositoryFile>> {
        match self {
            Self::InForce => None,
            Self::File(file) => Some(Layer::Read(file)),
            Self::Gone => Some(Layer::Missing),
        }
    }
}

impl Candidate {
    /// Reads it strictly: a candidate with an error is refused whole, with everything that is wrong.
    fn read(&self) -> Result<Read, AppError> {
        if self.organisation.is_none() && self.repository.is_none() {
            let hint = "no candidate was given: `policy` is the text of a repository's file, `organisation` that of the organisation file";
            return Err(AppError::Invalid(hint.to_owned()));
        }
        let organisation = self.organisation.as_ref().map(|text| {
            read_organisation(ORGANISATION, text.as_bytes())
                .map_err(|errors| refused(&errors, text))
        });
        let repository = self.repository.as_ref().map(|text| {
            read_repository(REPOSITORY, text.as_bytes()).map_err(|errors| refused(&errors, text))
        });
        let repository =
            repository.transpose()?.map_or(Own::InForce, |file| Own::File(Box::new(file)));
        Ok(Read { organisation: organisation.transpose()?, repository })
    }
}

fn refused(diagnostics: &[Diagnostic], text: &str) -> AppError {
    AppError::Invalid(format!("the candidate is refused\n{}", render_all(diagnostics, text)))
}

/// Both sides of a comparison.
#[derive(Debug)]
struct Sides {
    before: InForce,
    after: InForce,
}

impl App {
    /// The policy in force for a branch and the candidate in its place, each with the people whom its roles name. A
    /// candidate for a repository's file is this repository's.
    async fn sides(
        &self,
        tx: &mut Tx,
        repo: &Repository,
        branch: &str,
        read: &Read,
    ) -> Result<Sides, AppError> {
        let at = self.policy_at_tip(repo, branch).await?;
        let organisation = self.organisation();
        let before = effective(organisation.layer(), at.layer(), &at.base);
        let upper = read.organisation.as_ref().map_or_else(|| organisation.layer(), Layer::Read);
        let lower = read.repository.layer().unwrap_or_else(|| at.layer());
        let after = effective(upper, lower, &format!("{}, with the candidate", at.base));
        Ok(Sides {
            before: in_force(tx, repo, before).await?,
            after: in_force(tx, repo, after).await?,
        })
    }

    /// The policy file at the tip of the branch whose policy holds for `branch` (sem 6.2).
    pub(crate) async fn policy_at_tip(
        &self,
        repo: &Repository,
        branch: &str,
    ) -> Result<PolicyAt, AppError> {
        let protected = self.is_protected(repo, branch);
        let branch = if protected { branch.to_owned() } else { self.default_branch(repo) };
        self.in_mirror(repo, move |mirror| {
            let tip = mirror.resolve_ref(&format!("refs/heads/{branch}"))?;
            PolicyAt::read(mirror, &branch, tip)
        })
        .await
    }
}

async fn in_force(
    tx: &mut Tx,
    repo: &Repository,
    effective: Effective,
) -> Result<InForce, AppError> {
    let organisation = &effective.organisation;
    let grants = People::load(tx, &repo.source, organisation).await?.grants(organisation);
    Ok(InForce { effective, grants })
}

/// Both sides for every branch that was asked for, each made once.
#[derive(Debug, Default)]
struct Known {
    repositories: BTreeMap<String, Repository>,
    sides: BTreeMap<(String, String), Arc<Sides>>,
}

/// The digest of a candidate's text, for an answer that says what was tried.
fn digest(text: Option<&String>) -> Option<String> {
    text.map(|text| id::sha256(text.as_bytes()))
}
