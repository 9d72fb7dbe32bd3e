//! Links between pull requests and tickets: found in texts, asserted and retracted by people.
//!
//! What is found is worked out anew from the texts as they stand now; what people say is kept. So the links are the same
//! whatever order the texts and the projects became known in.

use std::collections::BTreeSet;

use super::rebuild::Fields;
use super::{Action, App, AppError, Caller, Command, Unit, fields, project};
use crate::domain::fact::Ticket;
use crate::domain::fold::Latest;
use crate::domain::link::{Assert, Assertion, Finding, Links, Statement};
use crate::domain::ticket_key::{self, Place};
use crate::domain::{Time, id, ticket};
use crate::store::links::LinkRow;
use crate::store::{self, Tx, aggregates};

/// The texts of a proposal in which keys are looked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Texts {
    /// Its title.
    pub(crate) title: String,
    /// Its branch.
    pub(crate) branch: String,
    /// Its description.
    pub(crate) body: String,
    /// The messages of its commits.
    pub(crate) messages: Vec<String>,
    /// The repository's name: `#12` means a ticket of it where its issues are tickets.
    pub(crate) repo: String,
}

/// The links that the texts give, with what people said about them.
pub(crate) fn found(
    texts: &Texts,
    known: &BTreeSet<String>,
    said: Links,
    moment: Option<Time>,
) -> Links {
    let mut candidates = ticket_key::find(&texts.title, Place::Title);
    candidates.extend(ticket_key::find(&texts.branch, Place::Branch));
    candidates.extend(ticket_key::find(&texts.body, Place::Body));
    for message in &texts.messages {
        candidates.extend(ticket_key::find_in_message(message));
    }
    let mut links = said;
    for found in ticket_key::links(&candidates, known, Some(&texts.repo)) {
        let link = links.tickets.entry(found.key).or_default();
        let strong = found.strong.into_iter().map(|place| (place, Finding::Strong));
        let weak = found.weak.into_iter().map(|place| (place, Finding::Weak));
        for (place, finding) in weak.chain(strong) {
            let value = Latest { at: moment, rank: finding as u8, value: finding };
            link.found.insert(place, value);
        }
    }
    links
}

/// What people said about the tickets of a pull request.
pub(crate) async fn said(tx: &mut Tx, repo: &str, number: u64) -> Result<Links, AppError> {
    let key = project::pull_key(repo, number);
    Ok(aggregates::get(tx, "links", &key).await?.unwrap_or_else(|| Links::new(repo, number)))
}

/// The linked tickets as facts; `at`: as they were then.
pub(crate) async fn tickets(
    tx: &mut Tx,
    links: &Links,
    at: Option<Time>,
) -> Result<Vec<Ticket>, AppError> {
    let mut tickets = Vec::new();
    for (key, found_in) in links.linked() {
        let fold = ticket_of(tx, key).await?;
        let status = fold.as_ref().and_then(|fold| match at {
            Some(at) => fold.status_at(at),
            None => fold.status(),
        });
        let exists = fold.as_ref().is_some_and(|fold| match at {
            Some(at) => fold.exists_at(at),
            None => fold.deleted_at.is_none(),
        });
        tickets.push(Ticket {
            key: key.to_owned(),
            exists,
            status: status.map(|status| status.status.clone()),
            category: status.and_then(|status| status.category.clone()),
            found_in: found_in.into_iter().map(str::to_owned).collect(),
        });
    }
    Ok(tickets)
}

/// The ticket that a key names now or named once.
pub(crate) async fn ticket_of(tx: &mut Tx, key: &str) -> Result<Option<ticket::Ticket>, AppError> {
    for (source, ticket) in store::tickets::by_key(tx, key).await? {
        let fold = aggregates::get(tx, "ticket", &format!("{source}:{ticket}")).await?;
        if fold.is_some() {
            return Ok(fold);
        }
    }
    Ok(None)
}

/// The id of a link.
pub(crate) fn link_id(repo: &str, pull: u64, ticket: &str) -> String {
    id::derived("lnk", &[repo, &pull.to_string(), ticket])
}

/// A link row that is not as the texts and people have it.
struct News {
    row: LinkRow,
    /// It begins or ends to stand.
    turned: bool,
    /// What an entry says of it.
    entry: serde_json::Value,
    /// Who asserted or retracted it, and why, if somebody did.
    said: Option<serde_json::Value>,
}

/// The rows of a pull request that are not up to date.
async fn news(tx: &mut Tx, repo: &str, links: &Links) -> Result<Vec<News>, AppError> {
    let number = links.number;
    let before = store::links::by_pull(tx, repo, number).await?;
    let mut names: BTreeSet<&str> = links.tickets.keys().map(String::as_str).collect();
    names.extend(before.iter().map(|row| row.ticket.as_str()));
    let mut news = Vec::new();
    for ticket in names {
        let link = links.tickets.get(ticket);
        let live = link.is_some_and(crate::domain::link::Link::holds);
        let found_in = link.map(crate::domain::link::Link::found_in).unwrap_or_default();
        let said = link.and_then(|link| link.said.as_ref()).map(|said| &said.value);
        let row = LinkRow {
            id: link_id(repo, number, ticket),
            repo: repo.to_owned(),
            pull: number,
            ticket: ticket.to_owned(),
            live,
            body: serde_json::json!({ "found_in": found_in, "said": said }).to_string(),
        };
        let old = before.iter().find(|old| old.ticket == ticket);
        if old == Some(&row) {
            continue;
        }
        let entry = serde_json::json!({
            "link": row.id, "repo": repo, "pull": number, "ticket": ticket, "found_in": found_in,
        });
        let said = said.map(|said| serde_json::json!({ "by": said.by, "why": said.why }));
        let turned = old.is_some_and(|old| old.live) != live;
        news.push(News { row, turned, entry, said });
    }
    Ok(news)
}

/// Whether the link rows are not up to date.
pub(crate) async fn moved(tx: &mut Tx, repo: &str, links: &Links) -> Result<bool, AppError> {
    Ok(!news(tx, repo, links).await?.is_empty())
}

/// Brings the link rows up to date; every link that begins or ends to stand is an entry.
pub(crate) async fn keep(unit: &mut Unit, repo: &str, links: &Links) -> Result<(), AppError> {
    for News { row, turned, entry, said } in news(unit.tx(), repo, links).await? {
        store::links::put(unit.tx(), &row).await?;
        if turned {
            let kind = if row.live { "link.asserted" } else { "link.retracted" };
            unit.record_said(kind, fields(entry), said).await?;
        }
    }
    Ok(())
}

/// A person's word about a link.
#[derive(Debug, Clone)]
pub struct LinkRequest {
    /// The repository's name or id.
    pub repo: String,
    /// The pull request.
    pub pull: u64,
    /// The ticket's key.
    pub ticket: String,
    /// Why; needed to retract.
    pub reason: String,
}

pub(super) struct Say {
    repo: String,
    pull: u64,
    ticket: String,
    statement: Statement,
}

impl Say {
    /// As its entry tells it.
    pub(super) fn of_entry(entry: &Fields<'_>) -> Result<Self, AppError> {
        let linked = entry.kind() == "link.said";
        let statement = Statement { linked, by: entry.get("by")?, why: entry.get("why")? };
        let (repo, pull) = (entry.get("repo")?, entry.get("pull")?);
        Ok(Self { repo, pull, ticket: entry.get("ticket")?, statement })
    }
}

impl Command for Say {
    type Out = String;

    async fn run(&mut self, unit: &mut Unit) -> Result<String, AppError> {
        let key = project::pull_key(&self.repo, self.pull);
        let mut links = said(unit.tx(), &self.repo, self.pull).await?;
        let before = links.clone();
        links.apply(&Assertion {
            ticket: self.ticket.clone(),
            at: unit.now(),
            what: Assert::Said(self.statement.clone()),
        });
        let same = |links: &Links| {
            links
                .tickets
                .get(&self.ticket)
                .and_then(|link| link.said.as_ref())
                .map(|said| said.value.linked)
        };
        if same(&before) != same(&links) {
            aggregates::put(unit.tx(), "links", &key, &links).await?;
            let body = serde_json::json!({
                "repo": self.repo, "pull": self.pull, "ticket": self.ticket,
            });
            let words = serde_json::json!({ "by": self.statement.by, "why": self.statement.why });
            let kind = if self.statement.linked { "link.said" } else { "unlink.said" };
            unit.record_said(kind, fields(body), Some(words)).await?;
            unit.moved(&self.repo);
        }
        let now = unit.now().micros();
        unit.enqueue("change", &key, now);
        Ok(link_id(&self.repo, self.pull, &self.ticket))
    }
}

impl App {
    /// Links a pull request to a ticket: the link's id.
    pub async fn link(&self, caller: &Caller, request: LinkRequest) -> Result<String, AppError> {
        self.say(caller, request, true).await
    }

    /// Retracts a link; it stays retracted however often the key is found again.
    pub async fn unlink(&self, caller: &Caller, request: LinkRequest) -> Result<String, AppError> {
        if request.reason.trim().is_empty() {
            return Err(AppError::Invalid("reason: say why the link is retracted".to_owned()));
        }
        self.say(caller, request, false).await
    }

    /// Retracts a link by its id.
    pub async fn unlink_by_id(
        &self,
        caller: &Caller,
        link: &str,
        reason: &str,
    ) -> Result<(), AppError> {
        let mut tx = self.db().read().await?;
        let row = store::links::get(&mut tx, link).await?;
        let row = row.ok_or_else(|| AppError::NotFound(format!("there is no link `{link}`")))?;
        drop(tx);
        let request = LinkRequest {
            repo: row.repo,
            pull: row.pull,
            ticket: row.ticket,
            reason: reason.to_owned(),
        };
        self.unlink(caller, request).await.map(|_| ())
    }

    async fn say(
        &self,
        caller: &Caller,
        request: LinkRequest,
        linked: bool,
    ) -> Result<String, AppError> {
        let repo = self.repository(&request.repo).await?;
        caller.may(Action::Link, Some(&repo.id))?;
        let ticket = request.ticket.trim().to_owned();
        if !is_key(&ticket) {
            return Err(AppError::Invalid(format!(
                "ticket: `{ticket}` is no key such as PAY-7 or acme/payments#12"
            )));
        }
        let mut tx = self.db().read().await?;
        let key = project::pull_key(&repo.id, request.pull);
        let pull: Option<serde_json::Value> =
            aggregates::get(&mut tx, "pull_request", &key).await?;
        drop(tx);
        if pull.is_none() {
            return Err(AppError::NotFound(format!(
                "there is no pull request {}#{} here",
                repo.name, request.pull
            )));
        }
        let statement = Statement { linked, by: caller.name.clone(), why: request.reason };
        let say = Say { repo: repo.id, pull: request.pull, ticket, statement };
        self.writer().submit(say).await
    }
}

/// Whether a text is one whole ticket key.
fn is_key(text: &str) -> bool {
    let found = ticket_key::find(text, Place::Title);
    matches!(found.as_slice(), [one] if one.key.eq_ignore_ascii_case(text))
}
