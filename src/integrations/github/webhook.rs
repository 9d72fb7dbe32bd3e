//! GitHub's deliveries in our words. Which events are of interest stands in one `match`: [`normalise`].

use serde::Deserialize;

use super::super::normalised::{Normalised, Refusal, lacking, read};
use super::super::payload::{Text, link, real, scope};
use super::payload::{
    CheckRun, Commit, Deployment, DeploymentStatus, Happened, Issue, IssueChanges, MergeGroup,
    Organization, Pull, Repo, Review, ReviewedPull, Rule, Team, User, WorkflowRun, account,
    belongs,
};
use crate::domain::event::{
    CheckEvent, DeploymentEvent, DeploymentStatusEvent, Event, MembershipEvent, MergeGroupEvent,
    ProtectionEvent, PushEvent, PushedCommit, RepoRef, ReviewEvent, ReviewedBase, TicketEvent,
};
use crate::domain::{Account, Oid};

/// A delivery's own part, with what every delivery has around it. One flat struct, so that a refusal can name the
/// path of the field, and so that what nobody asked for is skipped and not buffered.
macro_rules! delivery {
    ($name:ident { $($(#[$meta:meta])* $field:ident: $type:ty),* $(,)? }) => {
        #[derive(Deserialize)]
        struct $name {
            #[serde(default)]
            action: Option<Text>,
            #[serde(default)]
            repository: Option<Repo>,
            #[serde(default)]
            organization: Option<Organization>,
            #[serde(default)]
            sender: Option<User>,
            $($(#[$meta])* $field: $type,)*
        }

        impl $name {
            fn read(body: &[u8]) -> Result<(Around, Self), Refusal> {
                let mut own: Self = read(body)?;
                let around = Around {
                    action: Text::or_empty(own.action.take()),
                    repo: own.repository.take().map(RepoRef::from),
                    organization: own.organization.take().map(|organization| organization.login.0),
                    sender: own.sender.take(),
                };
                Ok((around, own))
            }
        }
    };
}

mod comment;

/// What came with an event, beside its own part.
#[derive(Debug)]
struct Around {
    action: String,
    repo: Option<RepoRef>,
    organization: Option<String>,
    sender: Option<User>,
}

impl Around {
    fn repo(&self) -> Result<RepoRef, Refusal> {
        self.repo
            .clone()
            .ok_or_else(|| lacking("repository", "is missing, and this event needs it"))
    }

    fn done(self, event: Event) -> Normalised {
        Normalised::one(self.repo, some(self.action), event)
    }

    fn nothing(self, why: &str) -> Normalised {
        Normalised::nothing(self.repo, some(self.action), why.to_owned())
    }
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// Reads a delivery. `event` is the header `X-GitHub-Event`. An event that is not listed is of no interest, by name.
pub fn normalise(event: &str, body: &[u8]) -> Result<Normalised, Refusal> {
    match event {
        "pull_request" => pull_request(body),
        "pull_request_review" => review(body),
        "issue_comment" => comment::comment(body),
        "push" => push(body),
        "issues" => issue(body),
        "deployment" => deployment(body),
        "deployment_status" => deployment_status(body),
        "check_run" => check(body),
        "merge_group" => merge_group(body),
        "membership" => membership(body),
        "team" => team(body),
        "branch_protection_rule" => protection(body, event),
        "repository_ruleset" => ruleset(body, event),
        "" => Err(lacking("X-GitHub-Event", "the header is missing, or was sent more than once")),
        other => unknown(other, body),
    }
}

fn unknown(event: &str, body: &[u8]) -> Result<Normalised, Refusal> {
    let value: serde_json::Value = read(body)?;
    let part = |name: &str| value.get(name).cloned().unwrap_or_default();
    let repo: Option<Repo> = serde_json::from_value(part("repository")).unwrap_or_default();
    let action: Option<Text> = serde_json::from_value(part("action")).unwrap_or_default();
    let name: String = event.chars().filter(|c| !c.is_control()).take(80).collect();
    let why = format!("nothing follows from GitHub's event `{name}`: it is kept, and nothing more");
    Ok(Normalised::nothing(repo.map(RepoRef::from), action.map(|action| action.0), why))
}

fn pull_request(body: &[u8]) -> Result<Normalised, Refusal> {
    delivery!(Own {
        pull_request: Pull,
        #[serde(default)]
        assignee: Option<User>,
        #[serde(default)]
        before: Option<Oid>,
    });
    let (mut around, own) = Own::read(body)?;
    let repo = around.repo()?;
    let what = Happened {
        action: around.action.clone(),
        sender: account(around.sender.take()),
        assignee: account(own.assignee),
        before: own.before.and_then(real),
    };
    let event = own.pull_request.event(repo, what);
    Ok(around.done(Event::PullRequest(Box::new(event))))
}

fn review(body: &[u8]) -> Result<Normalised, Refusal> {
    delivery!(Own { review: Review, pull_request: ReviewedPull });
    let (around, own) = Own::read(body)?;
    let (review, pull) = (own.review, own.pull_request);
    let state = review.state.0.to_lowercase();
    if state == "pending" {
        return Ok(around.nothing("a pending review does not exist until it is submitted"));
    }
    // A dismissal keeps `submitted_at`; where the review has no clock of its own, the pull request's moved.
    let moment = if around.action == "dismissed" {
        review.updated_at.or(pull.updated_at).or(review.submitted_at)
    } else {
        review.updated_at.or(review.submitted_at).or(pull.updated_at)
    };
    let event = ReviewEvent {
        repo: around.repo()?,
        number: pull.number,
        action: around.action.clone(),
        review: review.id.0,
        by: account(review.user),
        member: belongs(review.author_association),
        state,
        commit: review.commit_id.and_then(real),
        base: pull.base.map(|base| ReviewedBase { branch: base.name.0, commit: base.sha }),
        submitted_at: review.submitted_at,
        moment: moment.ok_or_else(|| lacking("review.submitted_at", "no time is given"))?,
        body: Text::or_empty(review.body),
    };
    Ok(around.done(Event::Review(event)))
}

fn push(body: &[u8]) -> Result<Normalised, Refusal> {
    delivery!(Own {
        #[serde(rename = "ref")]
        reference: Text,
        before: Oid,
        after: Oid,
        #[serde(default)]
        forced: Option<bool>,
        #[serde(default)]
        commits: Option<Vec<Commit>>,
        #[serde(default)]
        head_commit: Option<Commit>,
    });
    let (mut around, own) = Own::read(body)?;
    let pushed = |commit: Commit| PushedCommit {
        id: commit.id,
        author_login: commit.author.and_then(|author| author.username).map(|name| name.0),
        committer_login: commit.committer.and_then(|author| author.username).map(|name| name.0),
    };
    let event = PushEvent {
        repo: around.repo()?,
        reference: own.reference.0,
        before: real(own.before),
        after: real(own.after),
        forced: own.forced.unwrap_or(false),
        by: account(around.sender.take()),
        commits: own.commits.unwrap_or_default().into_iter().map(pushed).collect(),
        moment: own.head_commit.and_then(|commit| commit.timestamp),
    };
    Ok(around.done(Event::Push(event)))
}

fn issue(body: &[u8]) -> Result<Normalised, Refusal> {
    delivery!(Own {
        issue: Issue,
        #[serde(default)]
        changes: Option<IssueChanges>,
    });
    let (mut around, Own { issue, changes, .. }) = Own::read(body)?;
    if issue.pull_request.is_some() {
        return Ok(around.nothing("this issue is a pull request, which tells of itself elsewhere"));
    }
    let project = around.repo()?.name;
    let by = account(around.sender.take());
    let event = ticket(&around.action, project, issue, former(changes), by);
    Ok(around.done(Event::Ticket(event)))
}

/// The key an issue had in the repository it was transferred from.
fn former(changes: Option<IssueChanges>) -> Vec<String> {
    let key = changes.and_then(|changes| {
        let repo = changes.old_repository?.full_name.0;
        Some(format!("{repo}#{}", changes.old_issue?.number))
    });
    key.into_iter().collect()
}

/// An issue as a ticket: open is `new`, closed is `done`. The one that was transferred away is gone from here;
/// the new one has an id of its own and names the old key.
fn ticket(
    action: &str,
    project: String,
    issue: Issue,
    former_keys: Vec<String>,
    by: Option<Account>,
) -> TicketEvent {
    let (word, deleted) = match action {
        "opened" if former_keys.is_empty() => ("created", false),
        "opened" => ("moved", false),
        "deleted" => ("deleted", true),
        "transferred" => ("moved", true),
        "closed" | "reopened" => ("status", false),
        _ => ("updated", false),
    };
    let status = issue.state.map(|state| state.0);
    let category = status.as_deref().map(|state| if state == "closed" { "done" } else { "new" });
    let text = Text::or_empty(issue.body);
    TicketEvent {
        id: issue.id.0,
        key: format!("{project}#{}", issue.number),
        project,
        action: word.to_owned(),
        moment: issue.updated_at,
        sequence: String::new(),
        kind: issue.kind.map(|kind| kind.name.0),
        scope: scope(&issue.title.0, &text),
        title: issue.title.0,
        category: category.map(str::to_owned),
        status,
        created_at: issue.created_at,
        former_keys,
        deleted,
        by,
        url: link(issue.html_url),
    }
}

fn asked(repo: RepoRef, deployment: Deployment, run: Option<WorkflowRun>) -> DeploymentEvent {
    let service = deployment.payload.get("service").and_then(|name| name.as_str());
    DeploymentEvent {
        repo,
        deployment: deployment.id.0,
        sha: deployment.sha,
        environment: deployment.environment.0,
        service: service.filter(|name| !name.is_empty()).map(|name| name.replace('\0', "\u{fffd}")),
        by: account(deployment.creator),
        moment: deployment.created_at,
        url: link(run.and_then(|run| run.html_url)),
    }
}

delivery!(Deployed {
    deployment: Deployment,
    #[serde(default)]
    workflow_run: Option<WorkflowRun>,
    #[serde(default)]
    deployment_status: Option<DeploymentStatus>,
});

fn deployment(body: &[u8]) -> Result<Normalised, Refusal> {
    let (around, own) = Deployed::read(body)?;
    let event = asked(around.repo()?, own.deployment, own.workflow_run);
    Ok(around.done(Event::Deployment(event)))
}

fn deployment_status(body: &[u8]) -> Result<Normalised, Refusal> {
    let (around, own) = Deployed::read(body)?;
    let status = own.deployment_status;
    let status = status.ok_or_else(|| lacking("deployment_status", "is missing"))?;
    let event = DeploymentStatusEvent {
        deployment: asked(around.repo()?, own.deployment, own.workflow_run),
        status: status.id.0,
        state: status.state.0.to_lowercase(),
        moment: status.created_at,
        by: account(status.creator),
    };
    Ok(around.done(Event::DeploymentStatus(event)))
}

fn check(body: &[u8]) -> Result<Normalised, Refusal> {
    delivery!(Own { check_run: CheckRun });
    let (around, Own { check_run: run, .. }) = Own::read(body)?;
    let event = CheckEvent {
        repo: around.repo()?,
        run: run.id.0,
        sha: run.head_sha,
        name: run.name.0,
        status: run.status.0.to_lowercase(),
        conclusion: run.conclusion.map(|conclusion| conclusion.0.to_lowercase()),
        app: run.app.and_then(|app| app.slug.or(app.name)).map(|name| name.0),
        action: around.action.clone(),
        moment: run.completed_at.or(run.started_at),
    };
    Ok(around.done(Event::Check(event)))
}

fn merge_group(body: &[u8]) -> Result<Normalised, Refusal> {
    delivery!(Own {
        merge_group: MergeGroup,
        #[serde(default)]
        reason: Option<Text>,
    });
    let (around, own) = Own::read(body)?;
    let event = MergeGroupEvent {
        repo: around.repo()?,
        action: around.action.clone(),
        reason: own.reason.map(|reason| reason.0),
        head: own.merge_group.head_sha,
        head_ref: own.merge_group.head_ref.0,
        base: own.merge_group.base_sha,
        base_ref: own.merge_group.base_ref.0,
    };
    Ok(around.done(Event::MergeGroup(event)))
}

/// `acme/architects`. A team that is being removed has lost its slug: its name stands in.
fn team_name(around: &Around, team: &Team) -> String {
    let name = &team.slug.as_ref().unwrap_or(&team.name).0;
    match &around.organization {
        Some(organization) => format!("{organization}/{name}"),
        None => name.clone(),
    }
}

fn membership(body: &[u8]) -> Result<Normalised, Refusal> {
    delivery!(Own {
        #[serde(default)]
        member: Option<User>,
        team: Team,
    });
    let (around, own) = Own::read(body)?;
    let Some(member) = account(own.member) else {
        return Ok(around.nothing("the membership names no account: nobody joined or left"));
    };
    let event = MembershipEvent {
        team_name: team_name(&around, &own.team),
        team: own.team.id.0,
        member: Some(member),
        action: around.action.clone(),
    };
    Ok(around.done(Event::Membership(event)))
}

fn team(body: &[u8]) -> Result<Normalised, Refusal> {
    delivery!(Own { team: Team });
    let (around, Own { team, .. }) = Own::read(body)?;
    if !matches!(around.action.as_str(), "created" | "edited" | "deleted") {
        return Ok(around.nothing("which repositories a team may use is not followed"));
    }
    let event = MembershipEvent {
        team_name: team_name(&around, &team),
        team: team.id.0,
        member: None,
        action: around.action.clone(),
    };
    Ok(around.done(Event::Membership(event)))
}

fn protection(body: &[u8], what: &str) -> Result<Normalised, Refusal> {
    delivery!(Own { rule: Rule });
    let (around, own) = Own::read(body)?;
    Ok(protected(around, own.rule, what))
}

fn ruleset(body: &[u8], what: &str) -> Result<Normalised, Refusal> {
    delivery!(Own { repository_ruleset: Rule });
    let (around, own) = Own::read(body)?;
    Ok(protected(around, own.repository_ruleset, what))
}

fn protected(mut around: Around, rule: Rule, what: &str) -> Normalised {
    let event = ProtectionEvent {
        repo: around.repo.clone(),
        what: what.to_owned(),
        rule: rule.id.0,
        name: rule.name.0,
        action: around.action.clone(),
        moment: rule.updated_at,
        by: account(around.sender.take()),
    };
    around.done(Event::Protection(event))
}

#[cfg(test)]
mod tests;
