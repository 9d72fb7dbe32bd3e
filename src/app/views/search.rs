//! What somebody typed, looked up by every index it could belong to.

use super::{about, gate_label, moment, state};
use crate::app::{Action, App, AppError, Caller};
use crate::domain::Class;
use crate::domain::ticket_key::{self, Place};
use crate::report::refs::Link;
use crate::report::search::{Group, Hit, SearchPage};
use crate::report::words::visible;
use crate::store::{self, Tx, search};

/// Hits of a kind on a page.
const SHOWN: usize = 20;
/// The same and one, to know whether there are more.
const ASKED: i64 = 21;
/// Digits with which a commit may begin (interface 3.5: short commits have ten).
const LEAST_DIGITS: usize = 7;
/// Characters that are looked at.
const LONGEST: usize = 200;

impl App {
    /// Everything that a commit, ticket key, pull request, person, id or index finds.
    pub async fn search_page(&self, caller: &Caller, query: &str) -> Result<SearchPage, AppError> {
        caller.may(Action::Read, None)?;
        let query: String = query.trim().chars().take(LONGEST).collect();
        let mut tx = self.db().read().await?;
        let mut found = Found::default();
        if !query.is_empty() {
            found.ids(&mut tx, &query).await?;
            found.commits(&mut tx, &query).await?;
            found.pulls(&mut tx, &query).await?;
            found.tickets(&mut tx, &query).await?;
            found.person(&mut tx, &query).await?;
        }
        let size = crate::app::ledger::stored_head(&mut tx).await?.size();
        if let Ok(index) = query.parse::<u64>()
            && index < size
        {
            found.entry(&mut tx, index).await?;
        }
        let groups = found.groups(&mut tx).await?;
        Ok(SearchPage {
            groups,
            notes: found.notes,
            looked: looked(&mut tx, size).await?,
            query: visible(&query),
        })
    }
}

/// Where a search looks.
async fn looked(tx: &mut Tx, size: u64) -> Result<Vec<String>, AppError> {
    use crate::report::words::{count, plural};
    let repositories = store::repositories::all(tx).await?.len() as u64;
    let entries = match size {
        0 => "the ledger, which has no entries yet".to_owned(),
        size => format!("entries of the ledger, 0 to {}", count(size - 1)),
    };
    Ok(vec![
        format!(
            "commits of {}, in full or by their first {LEAST_DIGITS} digits or more",
            plural(repositories, "repository", "repositories")
        ),
        "pull requests: `acme/payments#42`, or `#42` in every repository".to_owned(),
        "ticket keys: `PAY-212`".to_owned(),
        "people who opened, wrote, approved, vetoed, landed or deployed, by their short name"
            .to_owned(),
        "ids of changes, deploys, decisions, deliveries, links and exceptions".to_owned(),
        entries,
    ])
}

/// Ids with the reason why each was found, each once, in the order they were found.
#[derive(Default)]
struct Ids(Vec<(String, String)>);

impl Ids {
    fn add(&mut self, id: String, why: &str) {
        match self.0.iter_mut().find(|(known, _)| *known == id) {
            Some((_, known)) if known.is_empty() || why.is_empty() => {}
            Some((_, known)) if known.split(", ").any(|part| part == why) => {}
            Some((_, known)) => *known = format!("{known}, {why}"),
            None => self.0.push((id, why.to_owned())),
        }
    }

    fn extend(&mut self, ids: Vec<String>, why: &str) {
        for id in ids {
            self.add(id, why);
        }
    }

    fn shown(&self) -> impl Iterator<Item = &(String, String)> {
        self.0.iter().take(SHOWN)
    }
}

#[derive(Default)]
struct Found {
    changes: Ids,
    deploys: Ids,
    decisions: Ids,
    others: Vec<Hit>,
    notes: Vec<String>,
}

fn other(text: &str, href: String, what: String) -> Hit {
    let link = Link::new(text, href);
    Hit { link, what, why: String::new(), at: None, class: None, state: None }
}

impl Found {
    /// Ids of our own things.
    async fn ids(&mut self, tx: &mut Tx, query: &str) -> Result<(), AppError> {
        let id = query.to_lowercase();
        match id.split_once('_').map(|(kind, _)| kind) {
            Some("chg") if store::changes::get(tx, &id).await?.is_some() => {
                self.changes.add(id, "")
            }
            Some("dep") if store::deploys::get(tx, &id).await?.is_some() => {
                self.deploys.add(id, "")
            }
            Some("dec") if store::decisions::get(tx, &id).await?.is_some() => {
                self.decisions.add(id, "");
            }
            Some("dlv") => {
                if let Some(row) = store::deliveries::get(tx, &id).await? {
                    let what = format!("delivery of {}: {}", row.source, row.event);
                    self.others.push(other(&id, format!("/ledger/{}", row.ledger_index), what));
                }
            }
            Some("lnk") => {
                if let Some(row) = store::links::get(tx, &id).await? {
                    let change = store::changes::by_pull(tx, &row.repo, row.pull).await?;
                    self.changes.extend(change.into_iter().map(|row| row.id).collect(), "linked");
                }
            }
            Some("exc") => {
                if let Some(row) = store::exceptions::get(tx, &id).await? {
                    let what = format!("exception {}, {}", row.kind, row.state);
                    self.others.push(other(&id, about(&row.subject).href, what));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Commits in full or by their beginning.
    async fn commits(&mut self, tx: &mut Tx, query: &str) -> Result<(), AppError> {
        let start = query.to_lowercase();
        if !(LEAST_DIGITS..=64).contains(&start.len())
            || !start.bytes().all(|b| b.is_ascii_hexdigit())
        {
            return Ok(());
        }
        self.changes.extend(search::changes_by_commit(tx, &start, ASKED).await?, "");
        self.deploys.extend(search::deploys_by_commit(tx, &start, ASKED).await?, "");
        self.decisions.extend(search::decisions_by_commit(tx, &start, ASKED).await?, "");
        Ok(())
    }

    /// `acme/payments#42`, `#42`, `42`.
    async fn pulls(&mut self, tx: &mut Tx, query: &str) -> Result<(), AppError> {
        let (repo, number) = query.rsplit_once('#').unwrap_or(("", query));
        let Ok(number) = number.parse::<u64>() else { return Ok(()) };
        if repo.is_empty() {
            self.changes.extend(search::changes_by_pull(tx, number, ASKED).await?, "");
            return Ok(());
        }
        for repo in store::repositories::by_name(tx, repo).await? {
            let change = store::changes::by_pull(tx, &repo.id, number).await?;
            self.changes.extend(change.into_iter().map(|row| row.id).collect(), "");
        }
        Ok(())
    }

    /// Changes that a ticket's key is linked to; a key without one is a note.
    async fn tickets(&mut self, tx: &mut Tx, query: &str) -> Result<(), AppError> {
        let upper = query.to_uppercase();
        let candidates = ticket_key::find(&upper, Place::Title).into_iter();
        let typed = ticket_key::find(query, Place::Title);
        let mut keys: Vec<String> = candidates.chain(typed).map(|found| found.key).collect();
        keys.retain(|key| key.eq_ignore_ascii_case(query));
        keys.dedup();
        for key in keys {
            let mut linked = false;
            for link in store::links::by_ticket(tx, &key).await? {
                let change = store::changes::by_pull(tx, &link.repo, link.pull).await?;
                let why = if link.live { "linked" } else { "was linked" };
                linked |= change.is_some();
                self.changes.extend(change.into_iter().map(|row| row.id).collect(), why);
            }
            if !linked && !store::tickets::by_key(tx, &key).await?.is_empty() {
                self.notes
                    .push(format!("The ticket `{key}` is known, and no change is linked to it."));
            }
        }
        Ok(())
    }

    /// What a person took part in.
    async fn person(&mut self, tx: &mut Tx, query: &str) -> Result<(), AppError> {
        let name = query.trim_start_matches('@');
        for (change, part) in store::participants::of(tx, name, ASKED).await? {
            self.changes.add(change, &part);
        }
        self.deploys.extend(search::deploys_by_deployer(tx, name, ASKED).await?, "deployed");
        Ok(())
    }

    async fn entry(&mut self, tx: &mut Tx, index: u64) -> Result<(), AppError> {
        if let Some((kind, _, _)) = store::ledger::entry(tx, index).await? {
            let text = crate::report::words::count(index);
            self.others.push(other(&text, format!("/ledger/{index}"), format!("entry, {kind}")));
        }
        Ok(())
    }

    /// The hits with what their pages say of them.
    async fn groups(&mut self, tx: &mut Tx) -> Result<Vec<Group>, AppError> {
        let mut groups = Vec::new();
        let more = |ids: &Ids| ids.0.len() > SHOWN;
        let others = std::mem::take(&mut self.others);
        for (kind, hits, more) in [
            ("Changes", changes(tx, &self.changes).await?, more(&self.changes)),
            ("Deploys", deploys(tx, &self.deploys).await?, more(&self.deploys)),
            ("Decisions", decisions(tx, &self.decisions).await?, more(&self.decisions)),
            ("Entries, deliveries and exceptions", others, false),
        ] {
            if !hits.is_empty() {
                groups.push(Group { kind, hits, more });
            }
        }
        Ok(groups)
    }
}

fn class(text: &str) -> Option<Class> {
    Class::ALL.into_iter().find(|class| class.as_str() == text)
}

async fn changes(tx: &mut Tx, ids: &Ids) -> Result<Vec<Hit>, AppError> {
    let mut hits = Vec::new();
    for (id, why) in ids.shown() {
        let Some(row) = store::changes::get(tx, id).await? else { continue };
        let repo = store::repositories::by_id(tx, &row.repo).await?.map(|repo| repo.name);
        let label = gate_label(&row.id, row.pull, row.landed_sha.as_deref());
        hits.push(Hit {
            link: Link::new(
                format!("{} {label}", repo.unwrap_or_default()),
                format!("/changes/{id}"),
            ),
            what: row.title.clone(),
            why: why.clone(),
            at: Some(moment("change", id, row.sort_at)?),
            class: class(&row.class),
            state: Some(state(&row.state)),
        });
    }
    Ok(hits)
}

async fn deploys(tx: &mut Tx, ids: &Ids) -> Result<Vec<Hit>, AppError> {
    let mut hits = Vec::new();
    for (id, why) in ids.shown() {
        let Some(row) = store::deploys::get(tx, id).await? else { continue };
        hits.push(Hit {
            link: Link::new(id, format!("/deploys/{id}")),
            what: format!("{} to {}", row.service, row.environment),
            why: why.clone(),
            at: Some(moment("deploy", id, row.started_at)?),
            class: row.class.as_deref().and_then(class),
            state: Some(state(&row.state)),
        });
    }
    Ok(hits)
}

async fn decisions(tx: &mut Tx, ids: &Ids) -> Result<Vec<Hit>, AppError> {
    let mut hits = Vec::new();
    for (id, why) in ids.shown() {
        let Some(row) = store::decisions::get(tx, id).await? else { continue };
        let to = row.environment.map(|to| format!(" to {to}")).unwrap_or_default();
        hits.push(Hit {
            link: Link::new(id, format!("/decisions/{id}")),
            what: format!("{}{to}", row.purpose),
            why: why.clone(),
            at: Some(moment("decision", id, row.decided_at)?),
            class: row.class.as_deref().and_then(class),
            state: Some(state(&row.state)),
        });
    }
    Ok(hits)
}
