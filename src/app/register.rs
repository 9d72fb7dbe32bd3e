//! What the configuration names is made known to the database: repositories, and the projects whose keys count. Each that
//! is news is an entry: what a delivery means depends on it.

use super::rebuild::Fields;
use super::{App, AppError, Command, Unit, fields, project};
use crate::store::repositories::Repository;
use crate::store::{self, versions};

/// Configured repositories and the projects whose keys count.
#[derive(Debug, Default)]
pub(super) struct Register {
    repositories: Vec<Repository>,
    projects: Vec<String>,
}

impl Register {
    /// As its entry tells it.
    pub(super) fn of_entry(entry: &Fields<'_>) -> Result<Self, AppError> {
        if entry.kind() == "project.known" {
            return Ok(Self { projects: vec![entry.get("project")?], ..Self::default() });
        }
        let repository = Repository {
            id: entry.get("repository")?,
            source: entry.get("source")?,
            external_id: entry.get("external_id")?,
            name: entry.get("name")?,
            default_branch: entry.get("default_branch")?,
            configured: true,
            fetched_at: None,
            fetch_error: None,
        };
        Ok(Self { repositories: vec![repository], ..Self::default() })
    }
}

impl Command for Register {
    type Out = ();

    async fn run(&mut self, unit: &mut Unit) -> Result<(), AppError> {
        for repository in &self.repositories {
            let known = store::repositories::by_id(unit.tx(), &repository.id).await?;
            if known.as_ref().is_none_or(|known| {
                !known.configured || known.default_branch != repository.default_branch
            }) {
                let body = serde_json::json!({
                    "repository": repository.id, "source": repository.source, "name": repository.name,
                    "external_id": repository.external_id, "default_branch": repository.default_branch,
                });
                unit.record("repository.configured", fields(body))?;
                store::repositories::put(unit.tx(), repository).await?;
            }
            if known.is_none() {
                let now = unit.now().micros();
                unit.enqueue("fetch", &repository.id, now);
            }
        }
        for project in &self.projects {
            if store::tickets::put_project(unit.tx(), project).await? {
                unit.record("project.known", fields(serde_json::json!({ "project": project })))?;
                let now = unit.now().micros();
                unit.enqueue("relink", "all", now);
                unit.moved(versions::EVERYWHERE);
            }
        }
        Ok(())
    }
}

impl App {
    /// Makes what the configuration names known.
    pub(super) async fn register(&self) -> Result<(), AppError> {
        let config = self.config();
        let repositories = config.repositories.iter().map(|one| Repository {
            id: project::repository_id(&one.source, &one.name),
            source: one.source.clone(),
            external_id: one.id.clone(),
            name: one.name.clone(),
            default_branch: Some(one.default_branch.clone()),
            configured: true,
            fetched_at: None,
            fetch_error: None,
        });
        let of_sources = config.sources.iter().flat_map(|source| &source.projects);
        let of_repositories = config.repositories.iter().flat_map(|one| &one.projects);
        let register = Register {
            repositories: repositories.collect(),
            projects: of_sources.chain(of_repositories).cloned().collect(),
        };
        self.writer().submit(register).await
    }
}
