//! Which policy holds for a repository, and where each line of it comes from.

use super::encoded;
use crate::app::{Action, App, AppError, Caller};
use crate::policy::file::RepositoryFile;
use crate::policy::layers::sources::{self, Line, Part};
use crate::policy::layers::{Layer, effective};
use crate::report::policy::{PoliciesPage, PolicyLine, PolicyPage, PolicyPart, PolicyRow};
use crate::report::words::short_digest;
use crate::store;

impl App {
    /// Every repository with the mode in which its decisions bind.
    pub async fn policies_page(&self, caller: &Caller) -> Result<PoliciesPage, AppError> {
        caller.may(Action::Read, None)?;
        let mut tx = self.db().read().await?;
        let layer = self.organisation();
        let rollout = layer.organisation().rollout;
        let mut rows: Vec<PolicyRow> = store::repositories::all(&mut tx)
            .await?
            .iter()
            .map(|repo| {
                let patterns =
                    self.repository_config(repo).map(|config| &config.protected_branches);
                PolicyRow {
                    href: format!("/policy/{}", encoded_path(&repo.name)),
                    mode: rollout.mode_of(&repo.name).as_str().to_owned(),
                    protected: patterns.map(|all| all.join(", ")).unwrap_or_default(),
                    default_branch: self.default_branch(repo),
                    name: repo.name.clone(),
                }
            })
            .collect();
        rows.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(PoliciesPage {
            organisation: short_digest(&layer.digest()),
            complaints: layer.complaints(),
            rows,
        })
    }

    /// The policy that holds for a branch of a repository; by default for its default branch.
    pub async fn policy_page(
        &self,
        caller: &Caller,
        name: &str,
        branch: Option<&str>,
    ) -> Result<PolicyPage, AppError> {
        caller.may(Action::Read, caller.repo.as_deref())?;
        let repo = self.repository(name).await?;
        caller.may(Action::Read, caller.repo.as_ref().map(|_| repo.id.as_str()))?;
        let branch = branch.map_or_else(|| self.default_branch(&repo), str::to_owned);
        let at = self.policy_at_tip(&repo, &branch).await?;
        let layer = self.organisation();
        let effective = effective(layer.layer(), at.layer(), &at.base);
        let upper = match layer.layer() {
            Layer::Read(file) => Some(file),
            _ => None,
        };
        let lower: Option<&RepositoryFile> = at.read.as_ref().and_then(|read| read.as_ref().ok());
        let lines = sources::lines(&effective, upper, lower);
        Ok(PolicyPage {
            mode: effective.organisation.rollout.mode_of(&repo.name).as_str().to_owned(),
            organisation: short_digest(&effective.organisation_digest),
            repository: effective.repository_digest.as_deref().map(short_digest),
            base: effective.base,
            invalid: effective.invalid,
            parts: parts(&lines),
            repo: repo.name,
        })
    }
}

/// A name with its slashes, for a path.
fn encoded_path(name: &str) -> String {
    name.split('/').map(encoded).collect::<Vec<_>>().join("/")
}

fn parts(lines: &[Line]) -> Vec<PolicyPart> {
    let part = |part: Part| PolicyPart {
        title: part.words().to_owned(),
        always: part.always().to_owned(),
        lines: lines.iter().filter(|line| line.part == part).map(line_of).collect(),
    };
    [Part::ByItself, Part::Classes, Part::Approval].map(part).into()
}

fn line_of(line: &Line) -> PolicyLine {
    let (layer, place) = line.from.split_once(": ").unwrap_or((&line.from, ""));
    PolicyLine {
        field: line.field.clone(),
        value: line.value.clone(),
        layer: layer.to_owned(),
        place: place.to_owned(),
    }
}
