//! A model of a forge and a tracker. Stories change the model; the service under test sees what it would see of the
//! real ones: git repositories that it can fetch, and signed webhook deliveries.
//!
//! ```no_run
//! # use countersign::cli::demo::forge::{Forge, ForgeError, Proposal, Secrets, Way};
//! # fn story(dir: &std::path::Path, start: countersign::domain::Time) -> Result<(), ForgeError> {
//! let mut forge = Forge::new(dir, start, Secrets { github: "s1".into(), jira: "s2".into() });
//! forge.person("dana.kim", "Dana Kim");
//! forge.person("m.ortiz", "Maria Ortiz");
//! forge.found("acme/payments", &[("README.md", "# Payments\n")], "dana.kim")?;
//! let proposal = Proposal::new("PAY-7-settle", "PAY-7 Settle refunds").file("src/settle.rs", "fn settle() {}\n");
//! let pull = forge.repo("acme/payments")?.open_pull("dana.kim", &proposal)?;
//! forge.later(20);
//! forge.pull(&pull)?.approve("m.ortiz")?;
//! let landed = forge.pull(&pull)?.merge("dana.kim", Way::Squash)?;
//! forge.repo("acme/payments")?.deploy("payments", "staging", landed, "deploy-bot")?;
//! let deliveries = forge.take_deliveries();
//! # Ok(()) }
//! ```
//! The model's time moves by explicit steps: every action takes one second, and everything longer is said
//! ([`Forge::later`]). The same story gives the same bytes: ids are counted, commits carry the model's times.

mod comments;
mod delivery;
mod deploys;
mod payload;
mod proposal;
mod pulls;
mod queue;
mod repos;
mod tracker;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use delivery::{Delivery, Secrets, signature};
pub use deploys::DeploymentId;
pub use proposal::{Proposal, Work};
pub use pulls::{PullHandle, PullId, Way};
pub use queue::Group;
pub use repos::RepoHandle;
pub use tracker::TicketHandle;

use crate::domain::{Oid, Time};
use crate::git::GitError;
use crate::git::build::Stamp;

/// The id under which the model's forge is configured as a source.
pub const GITHUB: &str = "github";
/// The id under which the model's tracker is configured as a source.
pub const JIRA: &str = "jira";

/// Why something cannot be done in the model.
#[derive(Debug, thiserror::Error)]
pub enum ForgeError {
    /// The story names something that is not there.
    #[error("the model knows no {0}")]
    Unknown(String),
    /// The story asks for what the real forge would refuse.
    #[error("the model refuses this: {0}")]
    Refused(String),
    /// git says no.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// Somebody with an account at the forge; the same name stands for them at the tracker.
#[derive(Debug, Clone)]
pub struct Account {
    /// The immutable id.
    pub id: u64,
    /// The login.
    pub login: String,
    /// The name in commits.
    pub name: String,
    /// The address in commits.
    pub email: String,
    /// A machine.
    pub bot: bool,
    /// Belongs to the repositories, by the word of the forge.
    pub member: bool,
}

/// A team with those who are in it now.
#[derive(Debug, Default)]
struct Team {
    id: u64,
    members: BTreeMap<String, Account>,
}

/// The world outside.
#[derive(Debug)]
pub struct Forge {
    dir: PathBuf,
    secrets: Secrets,
    now: Time,
    counter: u64,
    accounts: BTreeMap<String, Account>,
    teams: BTreeMap<String, Team>,
    repositories: BTreeMap<String, repos::Repository>,
    deployments: BTreeMap<u64, deploys::Deployment>,
    tickets: BTreeMap<String, tracker::Ticket>,
    outbox: Vec<Delivery>,
}

impl Forge {
    /// An empty world whose repositories will lie in a folder, at an instant (whole seconds).
    #[must_use]
    pub fn new(dir: &Path, start: Time, secrets: Secrets) -> Self {
        Self {
            dir: dir.to_owned(),
            secrets,
            now: start,
            counter: 0,
            accounts: BTreeMap::new(),
            teams: BTreeMap::new(),
            repositories: BTreeMap::new(),
            deployments: BTreeMap::new(),
            tickets: BTreeMap::new(),
            outbox: Vec::new(),
        }
    }

    /// The model's time.
    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }

    /// Lets minutes pass.
    pub fn later(&mut self, minutes: i64) {
        self.pass(minutes * 60);
    }

    /// Lets time pass until an instant; one that has passed already changes nothing.
    pub fn until(&mut self, at: Time) {
        self.now = self.now.max(at);
    }

    fn pass(&mut self, seconds: i64) {
        let micros = self.now.micros().saturating_add(seconds.saturating_mul(1_000_000));
        self.now = Time::from_micros(micros).unwrap_or(self.now);
    }

    /// Everything that was sent since the last call, in order.
    pub fn take_deliveries(&mut self) -> Vec<Delivery> {
        std::mem::take(&mut self.outbox)
    }

    /// A person gets an account; the address in their commits is `LOGIN@acme.example`.
    pub fn person(&mut self, login: &str, name: &str) {
        self.account(login, name, false);
    }

    /// Somebody who does not belong to any repository gets an account.
    pub fn outsider(&mut self, login: &str, name: &str) {
        self.account(login, name, false);
        if let Some(account) = self.accounts.get_mut(login) {
            account.member = false;
        }
    }

    /// A machine gets an account; its login should end in `[bot]`.
    pub fn bot(&mut self, login: &str) {
        self.account(login, login, true);
    }

    fn account(&mut self, login: &str, name: &str, bot: bool) {
        let id = 1_000 + self.accounts.len() as u64;
        let email = if bot {
            format!("{id}+{login}@users.noreply.github.com")
        } else {
            format!("{login}@acme.example")
        };
        let account = Account {
            id,
            login: login.to_owned(),
            name: name.to_owned(),
            email,
            bot,
            member: true,
        };
        self.accounts.insert(login.to_owned(), account);
    }

    /// An account by its login.
    pub fn who(&self, login: &str) -> Result<Account, ForgeError> {
        let known = self.accounts.get(login).cloned();
        known.ok_or_else(|| ForgeError::Unknown(format!("account `{login}`")))
    }

    /// Somebody joins a team (`acme/architects`), which is made if it is not there.
    pub fn join(&mut self, team: &str, login: &str) -> Result<(), ForgeError> {
        self.membership(team, login, "added")
    }

    /// Somebody leaves a team.
    pub fn leave(&mut self, team: &str, login: &str) -> Result<(), ForgeError> {
        self.membership(team, login, "removed")
    }

    fn membership(&mut self, team: &str, login: &str, action: &str) -> Result<(), ForgeError> {
        let member = self.who(login)?;
        let id = 7_000 + self.teams.len() as u64;
        let known = self.teams.entry(team.to_owned()).or_insert(Team { id, ..Team::default() });
        if action == "added" {
            known.members.insert(login.to_owned(), member.clone());
        } else {
            known.members.remove(login);
        }
        let body = payload::membership(team, known.id, action, &member);
        self.send_github("membership", &body);
        Ok(())
    }

    /// What the forge's REST API answers about its teams now, by path.
    #[must_use]
    pub fn team_answers(&self) -> BTreeMap<String, serde_json::Value> {
        let answers = self
            .teams
            .iter()
            .flat_map(|(name, team)| payload::team_answers(name, team.id, team.members.values()));
        answers.collect()
    }

    /// A repository by its name.
    pub fn repo(&mut self, name: &str) -> Result<RepoHandle<'_>, ForgeError> {
        self.repository(name)?;
        Ok(RepoHandle { forge: self, name: name.to_owned() })
    }

    /// A pull request.
    pub fn pull(&mut self, pull: &PullId) -> Result<PullHandle<'_>, ForgeError> {
        self.pull_state(pull)?;
        Ok(PullHandle { forge: self, id: pull.clone() })
    }

    /// A ticket by its key now.
    pub fn ticket(&mut self, key: &str) -> Result<TicketHandle<'_>, ForgeError> {
        if !self.tickets.contains_key(key) {
            return Err(ForgeError::Unknown(format!("ticket `{key}`")));
        }
        Ok(TicketHandle { forge: self, key: key.to_owned() })
    }

    fn repository(&self, name: &str) -> Result<&repos::Repository, ForgeError> {
        let unknown = || ForgeError::Unknown(format!("repository `{name}`"));
        self.repositories.get(name).ok_or_else(unknown)
    }

    fn repository_mut(&mut self, name: &str) -> Result<&mut repos::Repository, ForgeError> {
        let unknown = || ForgeError::Unknown(format!("repository `{name}`"));
        self.repositories.get_mut(name).ok_or_else(unknown)
    }

    fn next_id(&mut self) -> u64 {
        self.counter += 1;
        5_000_000 + self.counter
    }

    fn stamp(&self, account: &Account) -> Stamp {
        Stamp { name: account.name.clone(), email: account.email.clone(), at: self.now }
    }

    /// Sends, and lets the second pass that an action takes.
    fn send_github(&mut self, event: &str, body: &serde_json::Value) {
        let number = self.next_id();
        let delivery = Delivery::github(&self.secrets, self.now, number, event, body);
        self.outbox.push(delivery);
        self.pass(1);
    }

    fn send_jira(&mut self, body: &serde_json::Value) {
        let number = self.next_id();
        let delivery = Delivery::jira(&self.secrets, self.now, number, body);
        self.outbox.push(delivery);
        self.pass(1);
    }
}

/// A commit's id as payloads write it, all zeros for none.
fn sha(oid: Option<Oid>) -> String {
    oid.map_or_else(|| "0".repeat(40), |oid| oid.to_string())
}
