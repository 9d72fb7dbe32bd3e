//! One sample, all evidence, one page.

use super::changes::{landing, landing_cell};
use super::{Listed, attribution, encoded, exception, moment};
use crate::app::changes::{ChangeBody, body};
use crate::app::{Action, App, AppError, Caller, deploys, links, read, whatif};
use crate::domain::ticket::Ticket;
use crate::domain::{RepoPath, Time};
use crate::policy::approvals;
use crate::policy::decision::Counted;
use crate::report::change::{
    ChangePage, FileRow, MovedRow, Place, PolicyEdit, TicketMoments, TicketState,
};
use crate::report::lanes::{Event, EventMark, Lane};
use crate::report::prose::Prose;
use crate::report::refs::{Link, TicketRef};
use crate::report::words::short_digest;
use crate::store::changes::ChangeRow;
use crate::store::deploys::DeployRow;
use crate::store::repositories::Repository;
use crate::store::{self, Tx};

/// Landings shown that an edit of the policy would judge otherwise.
const MOVED: usize = 20;
/// Tickets of one change whose moments are shown; the others are counted.
const TICKETS: usize = 20;

impl App {
    /// The page of a change.
    pub async fn change_page(
        &self,
        caller: &Caller,
        id: &str,
        scope: &Listed,
    ) -> Result<ChangePage, AppError> {
        caller.may(Action::Read, None)?;
        let mut tx = self.db().read().await?;
        let row = store::changes::get(&mut tx, id).await?;
        let row = row.ok_or_else(|| AppError::NotFound(format!("there is no change `{id}`")))?;
        let body = body(&row)?;
        let repository = store::repositories::by_id(&mut tx, &row.repo).await?;
        let repo = repository.as_ref().map_or_else(|| row.repo.clone(), |repo| repo.name.clone());
        let deploys = store::deploys::with_change(&mut tx, id).await?;
        let landed = landing(&row, &body)?;
        let tickets = self.ticket_moments(&mut tx, &row, &body, &deploys).await?;
        let decisions = store::decisions::about(&mut tx, &row.repo, &row.head).await?;
        let exceptions = store::exceptions::about(&mut tx, &format!("change:{id}")).await?;
        let events = events(&body, landed.as_ref().and_then(|l| l.at), &tickets.1, &deploys)?;
        drop(tx);
        let (excerpts, no_excerpt) = self.excerpts(repository.as_ref(), &body).await;
        let edit = self.open_edit(repository.as_ref(), &row, &body).await?;
        let entry = decisions.last().map(|decision| decision.ledger_index);
        let entry = entry.or_else(|| deploys.iter().find_map(|deploy| deploy.ledger_index));
        let receipt = match entry {
            Some(index) => Some(self.receipt_view(index).await?),
            None => None,
        };
        Ok(ChangePage {
            id: row.id.clone(),
            title: row.title.clone(),
            repo_href: format!("/changes?repo={}", encoded(&repo)),
            repo,
            pull: row
                .pull
                .map(|pull| Link::new(format!("pull request {pull}"), format!("/changes/{id}"))),
            branch: row.branch.clone(),
            authors: read::changes::authors(&body),
            tickets: tickets.0,
            more_tickets: body.facts.tickets.len().saturating_sub(TICKETS) as u64,
            head: body.facts.head,
            base: None,
            landing: landed.as_ref().map(landing_cell),
            landing_evidence: landed.map(|landing| landing.evidence).unwrap_or_default(),
            decision_link: decisions.last().map(|decision| {
                Link::new(decision.id.clone(), format!("/decisions/{}", decision.id))
            }),
            decided_for: if row.landed_sha.is_some() { "landing" } else { "merge" }.to_owned(),
            decided_at: body.judged_at,
            policy: policy(&body),
            files: files(&body),
            excerpts,
            no_excerpt,
            events,
            in_production: in_production(&deploys),
            places: places(&deploys)?,
            exceptions: exceptions.iter().map(|row| (exception(row), Prose::new())).collect(),
            receipt,
            policy_edit: edit,
            disowned: approvals::disowned(&body.facts).map(approvals::disowned_words).collect(),
            in_scope: scope.holds(moment("change", &row.id, row.sort_at)?, &reached(&deploys)),
            actions: vec![Link::new("JSON", format!("/api/v1/changes/{id}"))],
            decision: body.decision,
        })
    }

    /// What an edit of the policy file would do, while it is open.
    async fn open_edit(
        &self,
        repo: Option<&Repository>,
        row: &ChangeRow,
        body: &ChangeBody,
    ) -> Result<Option<PolicyEdit>, AppError> {
        let Some(repo) = repo.filter(|_| row.landed_sha.is_none()) else { return Ok(None) };
        Ok(self.policy_edit(repo, body).await?.map(policy_edit))
    }

    async fn ticket_moments(
        &self,
        tx: &mut Tx,
        row: &ChangeRow,
        body: &ChangeBody,
        deploys: &[DeployRow],
    ) -> Result<(Vec<TicketMoments>, Vec<(String, Ticket)>), AppError> {
        let (mut moments, mut folds) = (Vec::new(), Vec::new());
        let start = row.opened_at.and_then(Time::from_micros);
        let landed = row.landed_at.and_then(Time::from_micros);
        let deployed = deploys.first().and_then(|deploy| Time::from_micros(deploy.started_at));
        for ticket in body.facts.tickets.iter().take(TICKETS) {
            let fold = links::ticket_of(tx, &ticket.key).await?;
            let at = |when: Option<Time>| {
                let (fold, when) = (fold.as_ref()?, when?);
                let now = fold.now.as_ref().map(|now| &now.value);
                Some(TicketState {
                    status: fold.status_at(when).map(|status| status.status.clone()),
                    kind: now.and_then(|now| now.kind.clone()),
                    scope: fold.scope_at(when).map(str::to_owned),
                })
            };
            let now = fold.as_ref().and_then(|fold| fold.now.as_ref()).map(|now| &now.value);
            moments.push(TicketMoments {
                ticket: TicketRef {
                    key: ticket.key.clone(),
                    href: now.and_then(|now| now.url.clone()),
                    exists: ticket.exists,
                },
                title: now.map(|now| now.title.clone()).unwrap_or_default(),
                found_in: ticket.found_in.clone(),
                moments: [at(start), at(landed), at(deployed)],
                note: Prose::new(),
            });
            folds.extend(fold.map(|fold| (ticket.key.clone(), fold)));
        }
        Ok((moments, folds))
    }
}

/// When it first arrived in production.
fn in_production(deploys: &[DeployRow]) -> Option<Time> {
    let arrived = deploys
        .iter()
        .filter(|deploy| deploy.status == "succeeded" && deploy.environment == "production");
    arrived
        .map(|deploy| deploy.finished_at.unwrap_or(deploy.started_at))
        .find_map(Time::from_micros)
}

/// Where the change was deployed to.
fn reached(deploys: &[DeployRow]) -> Vec<(Option<&str>, Option<&str>)> {
    deploys.iter().map(|row| (Some(row.environment.as_str()), Some(row.service.as_str()))).collect()
}

fn policy(body: &ChangeBody) -> Prose {
    let prose = Prose::new().text("Policy: organisation ").code(short_digest(&body.organisation));
    match &body.repository {
        Some(digest) => prose
            .text(", repository ")
            .code(short_digest(digest))
            .text(" read at ")
            .code(body.policy_base.clone())
            .text("."),
        None => prose.text("; the repository has none."),
    }
}

fn files(body: &ChangeBody) -> Vec<FileRow> {
    let lines = |path: &RepoPath| {
        let file = body.facts.files.iter().find(|file| file.path == *path)?;
        file.content.lines
    };
    let classes = &body.decision.classification.files;
    classes
        .iter()
        .map(|class| FileRow { lines: lines(&class.path), class: class.clone() })
        .collect()
}

fn places(rows: &[DeployRow]) -> Result<Vec<Place>, AppError> {
    let mut places: Vec<Place> = Vec::new();
    for row in rows.iter().filter(|row| row.status == "succeeded") {
        if places.iter().any(|place| place.environment == row.environment) {
            continue;
        }
        places.push(Place {
            environment: row.environment.clone(),
            since: moment("deploy", &row.id, row.finished_at.unwrap_or(row.started_at))?,
            deploy: Link::new(row.id.clone(), format!("/deploys/{}", row.id)),
            attribution: Some(attribution(&deploys::body(row)?.facts.buckets)),
            withdrawn: None,
        });
    }
    Ok(places)
}

fn event(occurred: Time, lane: Lane, who: &str, what: &str, label: &str, mark: EventMark) -> Event {
    Event {
        occurred,
        received: None,
        lane,
        who: who.to_owned(),
        what: Prose::new().text(what),
        label: label.to_owned(),
        mark,
        index: None,
    }
}

/// Everything that happened, in order of time.
fn events(
    body: &ChangeBody,
    landed: Option<Time>,
    tickets: &[(String, Ticket)],
    rows: &[DeployRow],
) -> Result<Vec<Event>, AppError> {
    let mut events = Vec::new();
    for (key, ticket) in tickets {
        if let Some(at) = ticket.created_at {
            events.push(event(at, Lane::Ticket, key, "created", "created", EventMark::Plain));
        }
        for status in &ticket.statuses {
            let label = status.status.to_lowercase();
            events.push(event(status.at, Lane::Ticket, key, &label, &label, EventMark::Plain));
        }
    }
    for opinion in &body.decision.opinions {
        events.push(reviewed(opinion));
    }
    for over in &body.facts.overrides {
        let what = "overrode a veto";
        events.push(event(over.at, Lane::Review, &over.by.0, what, what, EventMark::Attention));
    }
    for said in approvals::disowned(&body.facts) {
        let what = "disowned a co-author trailer";
        events.push(event(said.at, Lane::Review, &said.by.0, what, what, EventMark::Attention));
    }
    if let Some(at) = landed {
        let how = body.facts.landing.as_ref().map_or("direct", |landing| landing.how.as_str());
        let by = body.facts.landing.as_ref().and_then(|landing| landing.by.as_ref());
        let who = by.map(|by| by.0.clone()).unwrap_or_default();
        let what = format!("landed ({})", how.replace('_', " "));
        events.push(event(at, Lane::Commits, &who, &what, "landed", EventMark::Good));
    }
    let mark = if body.decision.passes() { EventMark::Good } else { EventMark::Attention };
    let words = body.decision.state.words();
    let label = words.to_lowercase();
    events.push(event(body.judged_at, Lane::Decision, "policy", words, &label, mark));
    for row in rows {
        let at = moment("deploy", &row.id, row.started_at)?;
        let mark = match row.status.as_str() {
            "succeeded" => EventMark::Good,
            "failed" => EventMark::Bad,
            _ => EventMark::Plain,
        };
        let who = row.deployer.clone().unwrap_or_default();
        let what = format!("{} to {}", row.status, row.environment);
        let mut deployed = event(at, Lane::Deploy, &who, &what, &row.environment, mark);
        deployed.index = row.ledger_index;
        events.push(deployed);
    }
    events.sort_by_key(|event| event.occurred);
    Ok(events)
}

fn reviewed(opinion: &Counted) -> Event {
    let (what, mark) = match (opinion.verdict.as_str(), opinion.counts) {
        ("approve", true) => ("approved", EventMark::Good),
        ("approve", false) if opinion.basis.is_none() => {
            ("approved other content", EventMark::Stale)
        }
        ("approve", false) => ("approved, does not count", EventMark::Stale),
        ("veto", _) => ("vetoed", EventMark::Bad),
        ("dismissed", _) => ("was dismissed", EventMark::Plain),
        _ => ("commented", EventMark::Plain),
    };
    let by_comment = format!("{what} by comment");
    let what = if opinion.by_comment && what != "commented" { &by_comment } else { what };
    event(opinion.at, Lane::Review, &opinion.by, what, &opinion.by, mark)
}

/// What an edit of the policy file would do, in sentences.
fn policy_edit(edit: whatif::PolicyEdit) -> PolicyEdit {
    let failed = edit.failed.len() as u64;
    let cases = match (edit.passed, failed) {
        (0, 0) => "It names no cases under `tests`.".to_owned(),
        (passed, failed) => format!("Its own cases: {passed} passed, {failed} failed."),
    };
    let more = edit.effect.moved.len().saturating_sub(MOVED) as u64;
    let moved = edit.effect.moved.iter().take(MOVED).map(|moved| MovedRow {
        change: Link::new(moved.change.title.clone(), format!("/changes/{}", moved.change.id)),
        before: moved.before.to_string(),
        after: moved.after.to_string(),
        why: moved.why.clone(),
    });
    PolicyEdit {
        effect: format!("Of the last landings of this repository: {}.", edit.effect.sentence()),
        moved: moved.collect(),
        more,
        cases,
        refused: edit.refused,
        invalid: edit.invalid,
        failed: edit.failed,
    }
}
