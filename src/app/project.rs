//! Applying events: each goes into the fold of what it is about, and asks for the work that follows from it.
//!
//! Folds are commutative and idempotent, so duplicates, reordering and replays end in the same state. Nothing here
//! judges: decisions are made later, from what the folds and git say.

use super::changes::change_id;
use super::judge::Subject;
use super::{AppError, Unit, fields};
use crate::domain::event::{
    CheckEvent, CommentEvent, DeploymentEvent, DeploymentStatusEvent, Event, MembershipEvent,
    MergeGroupEvent, ProtectionEvent, PullRequestEvent, PushEvent, RepoRef, ReviewEvent,
    TicketEvent,
};
use crate::domain::{
    Account, Oid, Time, check, deployment, id, merge_group, pull_request, team, ticket,
};
use crate::store::repositories::Repository;
use crate::store::{self, aggregates, versions};

/// Applies what a delivery of a source says. `at` is when it was received: for facts without a clock of their own.
pub(crate) async fn apply(
    unit: &mut Unit,
    source: &str,
    events: &[Event],
    at: Time,
) -> Result<(), AppError> {
    for event in events {
        match event {
            Event::PullRequest(event) => pull_request(unit, source, event).await?,
            Event::Review(event) => review(unit, source, event).await?,
            Event::Comment(event) => comment(unit, source, event).await?,
            Event::Push(event) => push(unit, source, event).await?,
            Event::Ticket(event) => ticket(unit, source, event).await?,
            Event::Deployment(event) => deployment(unit, source, event).await?,
            Event::DeploymentStatus(event) => deployment_status(unit, source, event).await?,
            Event::Check(event) => check(unit, source, event).await?,
            Event::MergeGroup(event) => merge_group(unit, source, event).await?,
            Event::Membership(event) => membership(unit, source, event, at).await?,
            Event::Protection(event) => protection(unit, source, event).await?,
        }
    }
    Ok(())
}

/// The key of a pull request's fold.
pub(crate) fn pull_key(repo: &str, number: u64) -> String {
    format!("{repo}#{number}")
}

async fn pull_request(
    unit: &mut Unit,
    source: &str,
    event: &PullRequestEvent,
) -> Result<(), AppError> {
    let repo = repository(unit, source, &event.repo).await?;
    for account in [&event.opener, &event.sender, &event.merged_by].into_iter().flatten() {
        unit.note_account(source, account).await?;
    }
    let key = pull_key(&repo.id, event.number);
    let mut pull = aggregates::get(unit.tx(), "pull_request", &key)
        .await?
        .unwrap_or_else(|| pull_request::PullRequest::new(&event.repo.id, event.number));
    pull.apply(event);
    aggregates::put(unit.tx(), "pull_request", &key, &pull).await?;
    store::pulls::put_head(unit.tx(), &repo.id, &event.head.to_string(), event.number).await?;
    after_pull(unit, &repo, &key);
    Ok(())
}

async fn review(unit: &mut Unit, source: &str, event: &ReviewEvent) -> Result<(), AppError> {
    let repo = repository(unit, source, &event.repo).await?;
    note(unit, source, event.by.as_ref()).await?;
    let key = pull_key(&repo.id, event.number);
    let mut pull = aggregates::get(unit.tx(), "pull_request", &key)
        .await?
        .unwrap_or_else(|| pull_request::PullRequest::new(&event.repo.id, event.number));
    pull.apply_review(event);
    aggregates::put(unit.tx(), "pull_request", &key, &pull).await?;
    after_pull(unit, &repo, &key);
    Ok(())
}

async fn comment(unit: &mut Unit, source: &str, event: &CommentEvent) -> Result<(), AppError> {
    let repo = repository(unit, source, &event.repo).await?;
    note(unit, source, event.by.as_ref()).await?;
    note(unit, source, event.sender.as_ref()).await?;
    let key = pull_key(&repo.id, event.number);
    let mut pull = aggregates::get(unit.tx(), "pull_request", &key)
        .await?
        .unwrap_or_else(|| pull_request::PullRequest::new(&event.repo.id, event.number));
    pull.apply_comment(event);
    aggregates::put(unit.tx(), "pull_request", &key, &pull).await?;
    after_pull(unit, &repo, &key);
    Ok(())
}

/// A pull request moved: fetch its objects, then judge it anew.
fn after_pull(unit: &mut Unit, repo: &Repository, key: &str) {
    unit.moved(&repo.id);
    let now = unit.now().micros();
    if repo.configured {
        unit.enqueue("fetch", &repo.id, now);
        unit.enqueue("authors", key, now);
    }
    unit.enqueue("change", key, now);
}

async fn push(unit: &mut Unit, source: &str, event: &PushEvent) -> Result<(), AppError> {
    let repo = repository(unit, source, &event.repo).await?;
    note(unit, source, event.by.as_ref()).await?;
    for commit in &event.commits {
        let login = |login: &Option<String>| login.as_ref().map(|login| format!("@{login}"));
        let said = store::accounts::CommitAccounts {
            author: login(&commit.author_login),
            committer: login(&commit.committer_login),
            by_source: false,
        };
        let sha = commit.id.to_string();
        store::accounts::put_commit(unit.tx(), &repo.id, &sha, &said).await?;
    }
    if let Some(by) = &event.by {
        for commit in &event.commits {
            let sha = commit.id.to_string();
            store::accounts::put_pusher(unit.tx(), &repo.id, &sha, &event.reference, &by.id)
                .await?;
        }
    }
    let name = |oid: Option<crate::domain::Oid>| {
        oid.map_or_else(|| "none".to_owned(), |oid| oid.to_string())
    };
    let key =
        format!("{}:{}:{}:{}", repo.id, event.reference, name(event.before), name(event.after));
    // A push is told once; of two that differ in detail the greater text stays, whatever came first.
    let known: Option<PushEvent> = aggregates::get(unit.tx(), "push", &key).await?;
    let text = |push: &PushEvent| serde_json::to_string(push).unwrap_or_default();
    if known.is_none_or(|known| text(&known) < text(event)) {
        aggregates::put(unit.tx(), "push", &key, event).await?;
    }
    judge_again(unit, &repo, event).await?;
    unit.moved(&repo.id);
    let now = unit.now().micros();
    if repo.configured {
        unit.enqueue("fetch", &repo.id, now);
    }
    Ok(())
}

/// A push says who wrote its commits: what was judged without knowing that is judged again.
async fn judge_again(
    unit: &mut Unit,
    repo: &Repository,
    event: &PushEvent,
) -> Result<(), AppError> {
    let now = unit.now().micros();
    for commit in &event.commits {
        judge_heads(unit, repo, commit.id).await?;
        let direct = change_id(&repo.id, &Subject::Direct(commit.id));
        if store::changes::get(unit.tx(), &direct).await?.is_some() {
            let key = format!("{}@{}", repo.id, commit.id);
            unit.enqueue("direct", &key, now);
        }
    }
    Ok(())
}

async fn ticket(unit: &mut Unit, source: &str, event: &TicketEvent) -> Result<(), AppError> {
    note(unit, source, event.by.as_ref()).await?;
    let key = format!("{source}:{}", event.id);
    let mut ticket = aggregates::get(unit.tx(), "ticket", &key)
        .await?
        .unwrap_or_else(|| ticket::Ticket::new(&event.id));
    ticket.apply(event);
    aggregates::put(unit.tx(), "ticket", &key, &ticket).await?;
    let now = unit.now().micros();
    for name in &ticket.keys {
        store::tickets::put_key(unit.tx(), name, source, &event.id).await?;
        for link in store::links::by_ticket(unit.tx(), name).await? {
            let key = pull_key(&link.repo, link.pull);
            unit.enqueue("change", &key, now);
            unit.moved(&link.repo);
        }
    }
    if store::tickets::put_project(unit.tx(), &event.project).await? {
        // Keys of this project meant nothing until now: look for them again.
        unit.enqueue("relink", "all", now);
        unit.moved(versions::EVERYWHERE);
    }
    Ok(())
}

/// The key of a deployment's fold.
pub(crate) fn deployment_key(repo: &str, deployment: &str) -> String {
    format!("{repo}:{deployment}")
}

async fn deployment(
    unit: &mut Unit,
    source: &str,
    event: &DeploymentEvent,
) -> Result<(), AppError> {
    let repo = repository(unit, source, &event.repo).await?;
    note(unit, source, event.by.as_ref()).await?;
    let key = deployment_key(&repo.id, &event.deployment);
    let mut fold = aggregates::get(unit.tx(), "deployment", &key)
        .await?
        .unwrap_or_else(|| deployment::Deployment::new(&event.deployment));
    fold.apply(event);
    aggregates::put(unit.tx(), "deployment", &key, &fold).await?;
    after_deployment(unit, &repo);
    Ok(())
}

async fn deployment_status(
    unit: &mut Unit,
    source: &str,
    event: &DeploymentStatusEvent,
) -> Result<(), AppError> {
    let repo = repository(unit, source, &event.deployment.repo).await?;
    note(unit, source, event.by.as_ref()).await?;
    note(unit, source, event.deployment.by.as_ref()).await?;
    let key = deployment_key(&repo.id, &event.deployment.deployment);
    let mut fold = aggregates::get(unit.tx(), "deployment", &key)
        .await?
        .unwrap_or_else(|| deployment::Deployment::new(&event.deployment.deployment));
    fold.apply_status(event);
    aggregates::put(unit.tx(), "deployment", &key, &fold).await?;
    after_deployment(unit, &repo);
    Ok(())
}

fn after_deployment(unit: &mut Unit, repo: &Repository) {
    unit.moved(&repo.id);
    let now = unit.now().micros();
    let work = if repo.configured { "fetch" } else { "deploys" };
    unit.enqueue(work, &repo.id, now);
}

async fn check(unit: &mut Unit, source: &str, event: &CheckEvent) -> Result<(), AppError> {
    let repo = repository(unit, source, &event.repo).await?;
    let key = format!("{}@{}", repo.id, event.sha);
    let mut fold = aggregates::get(unit.tx(), "checks", &key)
        .await?
        .unwrap_or_else(|| check::Checks::new(&event.repo.id, event.sha));
    fold.apply(event);
    aggregates::put(unit.tx(), "checks", &key, &fold).await?;
    unit.moved(&repo.id);
    judge_heads(unit, &repo, event.sha).await
}

/// Asks for the proposals that have or had a commit as their head to be judged anew.
async fn judge_heads(unit: &mut Unit, repo: &Repository, commit: Oid) -> Result<(), AppError> {
    let now = unit.now().micros();
    for number in store::pulls::by_head(unit.tx(), &repo.id, &commit.to_string()).await? {
        unit.enqueue("change", &pull_key(&repo.id, number), now);
    }
    Ok(())
}

async fn merge_group(
    unit: &mut Unit,
    source: &str,
    event: &MergeGroupEvent,
) -> Result<(), AppError> {
    let repo = repository(unit, source, &event.repo).await?;
    let key = format!("{}@{}", repo.id, event.head);
    let mut fold = aggregates::get(unit.tx(), "merge_group", &key)
        .await?
        .unwrap_or_else(|| merge_group::MergeGroup::new(event));
    fold.apply(event);
    aggregates::put(unit.tx(), "merge_group", &key, &fold).await?;
    let name = |oid: Oid| oid.to_string();
    let branch = fold.base_ref.strip_prefix("refs/heads/").unwrap_or(&fold.base_ref).to_owned();
    let row = store::groups::GroupRow { head: name(fold.head), base: name(fold.base), branch };
    store::groups::put(unit.tx(), &repo.id, &row).await?;
    unit.moved(&repo.id);
    let now = unit.now().micros();
    if repo.configured {
        unit.enqueue("fetch", &repo.id, now);
    }
    Ok(())
}

async fn membership(
    unit: &mut Unit,
    source: &str,
    event: &MembershipEvent,
    at: Time,
) -> Result<(), AppError> {
    note(unit, source, event.member.as_ref()).await?;
    let key = format!("{source}:{}", event.team);
    let mut fold = aggregates::get(unit.tx(), "team", &key)
        .await?
        .unwrap_or_else(|| team::Team::new(&event.team));
    fold.apply(event, at);
    aggregates::put(unit.tx(), "team", &key, &fold).await?;
    unit.moved(versions::EVERYWHERE);
    // A hint: whether it is so is read from the source.
    let now = unit.now().micros();
    let name = fold.name.as_ref().map(|name| name.value.as_str()).unwrap_or_default();
    unit.enqueue("roster", &format!("{source}:{name}"), now);
    Ok(())
}

async fn protection(
    unit: &mut Unit,
    source: &str,
    event: &ProtectionEvent,
) -> Result<(), AppError> {
    note(unit, source, event.by.as_ref()).await?;
    if let Some(repo) = &event.repo {
        let repo = repository(unit, source, repo).await?;
        unit.moved(&repo.id);
    }
    let key = crate::integrations::natural_key(&Event::Protection(event.clone()), source);
    Ok(aggregates::put(unit.tx(), "protection", &key, event).await?)
}

async fn note(unit: &mut Unit, source: &str, account: Option<&Account>) -> Result<(), AppError> {
    match account {
        Some(account) => unit.note_account(source, account).await,
        None => Ok(()),
    }
}

/// Our id of a repository: of a configured one by its name there, of any other by the forge's id.
pub(crate) fn repository_id(source: &str, name: &str) -> String {
    id::derived("rep", &[source, "name", name])
}

/// The repository that a payload names. The forge's id decides; a configured name takes the first id that comes
/// under it, and another id under the same name is another repository, and an alarm (sem 11.1).
async fn repository(
    unit: &mut Unit,
    source: &str,
    named: &RepoRef,
) -> Result<Repository, AppError> {
    if let Some(known) = unit.known_repository(source, &named.id)
        && !tells_more(named, known)
    {
        return Ok(known.clone());
    }
    if let Some(mut known) = store::repositories::by_external(unit.tx(), source, &named.id).await? {
        if tells_more(named, &known) {
            known.default_branch = named.default_branch.clone().or(known.default_branch);
            known.name = if known.configured { known.name } else { named.name.clone() };
            store::repositories::put(unit.tx(), &known).await?;
        }
        unit.know_repository(&named.id, &known);
        return Ok(known);
    }
    let mut repository = Repository {
        id: id::derived("rep", &[source, "id", &named.id]),
        source: source.to_owned(),
        external_id: Some(named.id.clone()),
        name: named.name.clone(),
        default_branch: named.default_branch.clone(),
        configured: false,
        fetched_at: None,
        fetch_error: None,
    };
    let configured =
        store::repositories::by_id(unit.tx(), &repository_id(source, &named.name)).await?;
    match configured {
        Some(known) if known.external_id.is_none() => {
            repository.id = known.id;
            repository.configured = true;
            let body = serde_json::json!({
                "repository": repository.id, "source": source, "external_id": named.id, "name": named.name,
            });
            unit.record("repository.bound", fields(body))?;
        }
        Some(_) => name_came_again(unit, &repository).await?,
        None => {}
    }
    store::repositories::put(unit.tx(), &repository).await?;
    Ok(repository)
}

/// Whether a payload names a repository otherwise than it is known.
fn tells_more(named: &RepoRef, known: &Repository) -> bool {
    let renamed = known.name != named.name && !known.configured;
    renamed || known.default_branch.is_none() && named.default_branch.is_some()
}

/// A configured name now belongs to another id at the forge: nothing of the old history applies to it.
async fn name_came_again(unit: &mut Unit, repository: &Repository) -> Result<(), AppError> {
    let external = repository.external_id.as_deref().unwrap_or_default();
    let exception = store::exceptions::ExceptionRow {
        id: id::derived("exc", &["repository_name", "1", &repository.id]),
        kind: "X44".to_owned(),
        severity: "high".to_owned(),
        subject: format!("repository:{}", repository.id),
        opened_at: unit.now().micros(),
        state: "open".to_owned(),
        body: serde_json::json!({
            "title": "A repository's name was taken by another repository",
            "why": format!("{} now has the id {external} at {}; it is treated as a new repository", repository.name, repository.source),
            "rule_version": 1,
            "evidence": [external],
        })
        .to_string(),
    };
    store::exceptions::open(unit.tx(), &exception).await?;
    Ok(())
}

/// What the keys of a repository's pull requests begin with.
pub(crate) fn pull_key_prefix(repo: &str) -> String {
    format!("{repo}#")
}
