//! Deployments and their statuses.

use super::{Account, Forge, ForgeError, RepoHandle, payload};
use crate::domain::{Oid, Time};

/// Which deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeploymentId(pub u64);

/// A deployment of the model.
#[derive(Debug, Clone)]
pub(super) struct Deployment {
    pub(super) id: u64,
    pub(super) repo: String,
    pub(super) service: String,
    pub(super) environment: String,
    pub(super) commit: Oid,
    pub(super) by: Account,
    pub(super) created_at: Time,
}

impl RepoHandle<'_> {
    /// A deploy begins: requested and in progress.
    pub fn begin_deploy(
        &mut self,
        service: &str,
        environment: &str,
        commit: Oid,
        by: &str,
    ) -> Result<DeploymentId, ForgeError> {
        let (by, id) = (self.forge.who(by)?, self.forge.next_id());
        let deployment = Deployment {
            id,
            repo: self.name.clone(),
            service: service.to_owned(),
            environment: environment.to_owned(),
            commit,
            by,
            created_at: self.forge.now(),
        };
        let repository = self.forge.repository(&self.name)?;
        let body = payload::deployment(repository, &deployment, self.forge.now());
        self.forge.deployments.insert(id, deployment);
        self.forge.send_github("deployment", &body);
        self.forge.report(DeploymentId(id), "in_progress")?;
        Ok(DeploymentId(id))
    }

    /// A deploy that succeeds after two minutes.
    pub fn deploy(
        &mut self,
        service: &str,
        environment: &str,
        commit: Oid,
        by: &str,
    ) -> Result<DeploymentId, ForgeError> {
        let id = self.begin_deploy(service, environment, commit, by)?;
        self.forge.later(2);
        self.forge.report(id, "success")?;
        Ok(id)
    }
}

impl Forge {
    /// A new status of a deployment: `success`, `failure`, `error`, `inactive`, …
    pub fn report(&mut self, deployment: DeploymentId, state: &str) -> Result<(), ForgeError> {
        let status = self.next_id();
        let unknown = || ForgeError::Unknown(format!("deployment {}", deployment.0));
        let told = self.deployments.get(&deployment.0).ok_or_else(unknown)?;
        let repository = self.repository(&told.repo)?;
        let body = payload::deployment_status(repository, told, status, state, self.now);
        self.send_github("deployment_status", &body);
        Ok(())
    }
}
