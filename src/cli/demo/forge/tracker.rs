//! The tracker: tickets that are made, change status, are edited, moved and deleted.

use super::{Account, Forge, ForgeError, payload};
use crate::domain::Time;

/// A ticket of the model.
#[derive(Debug, Clone)]
pub(super) struct Ticket {
    pub(super) id: u64,
    pub(super) key: String,
    pub(super) title: String,
    pub(super) text: String,
    pub(super) kind: String,
    pub(super) status: String,
    pub(super) reporter: Account,
    pub(super) created_at: Time,
}

/// A ticket, to do something with it.
#[derive(Debug)]
pub struct TicketHandle<'f> {
    pub(super) forge: &'f mut Forge,
    pub(super) key: String,
}

/// One line of a change's history: field, from, to.
pub(super) type Item<'a> = (&'a str, String, String);

impl Forge {
    /// Makes a ticket in status `To Do`.
    pub fn create_ticket(
        &mut self,
        key: &str,
        kind: &str,
        title: &str,
        by: &str,
    ) -> Result<(), ForgeError> {
        let reporter = self.who(by)?;
        let ticket = Ticket {
            id: 10_000 + self.next_id() % 5_000_000,
            key: key.to_owned(),
            title: title.to_owned(),
            text: format!("{title}, as agreed."),
            kind: kind.to_owned(),
            status: "To Do".to_owned(),
            reporter: reporter.clone(),
            created_at: self.now,
        };
        self.tickets.insert(key.to_owned(), ticket);
        self.tell_ticket(key, "jira:issue_created", &reporter, &[])
    }

    fn tell_ticket(
        &mut self,
        key: &str,
        event: &str,
        by: &Account,
        items: &[Item<'_>],
    ) -> Result<(), ForgeError> {
        let history = self.next_id();
        let unknown = || ForgeError::Unknown(format!("ticket `{key}`"));
        let ticket = self.tickets.get(key).ok_or_else(unknown)?;
        let body = payload::jira(ticket, event, by, (history, items), self.now);
        self.send_jira(&body);
        Ok(())
    }
}

impl TicketHandle<'_> {
    fn change(
        &mut self,
        by: &str,
        change: impl FnOnce(&mut Ticket) -> (&'static str, String, String),
    ) -> Result<(), ForgeError> {
        let by = self.forge.who(by)?;
        let unknown = || ForgeError::Unknown(format!("ticket `{}`", self.key));
        let ticket = self.forge.tickets.get_mut(&self.key).ok_or_else(unknown)?;
        let item = change(ticket);
        self.forge.tell_ticket(&self.key, "jira:issue_updated", &by, &[item])
    }

    /// Moves it to a status: `To Do`, `In Progress`, `In Review`, `Done`.
    pub fn move_to(&mut self, status: &str, by: &str) -> Result<(), ForgeError> {
        self.change(by, |ticket| {
            let from = std::mem::replace(&mut ticket.status, status.to_owned());
            ("status", from, status.to_owned())
        })
    }

    /// Gives it another title.
    pub fn retitle(&mut self, title: &str, by: &str) -> Result<(), ForgeError> {
        self.change(by, |ticket| {
            let from = std::mem::replace(&mut ticket.title, title.to_owned());
            ("summary", from, title.to_owned())
        })
    }

    /// Gives it another description.
    pub fn describe(&mut self, text: &str, by: &str) -> Result<(), ForgeError> {
        self.change(by, |ticket| {
            let from = std::mem::replace(&mut ticket.text, text.to_owned());
            ("description", from, text.to_owned())
        })
    }

    /// Moves it to another project, where it has another key.
    pub fn move_project(&mut self, key: &str, by: &str) -> Result<(), ForgeError> {
        let by = self.forge.who(by)?;
        let unknown = || ForgeError::Unknown(format!("ticket `{}`", self.key));
        let mut ticket = self.forge.tickets.remove(&self.key).ok_or_else(unknown)?;
        let former = std::mem::replace(&mut ticket.key, key.to_owned());
        self.forge.tickets.insert(key.to_owned(), ticket);
        let project = |key: &str| key.split('-').next().unwrap_or_default().to_owned();
        let items =
            [("project", project(&former), project(key)), ("Key", former.clone(), key.to_owned())];
        self.forge.tell_ticket(key, "jira:issue_updated", &by, &items)
    }

    /// Deletes it.
    pub fn delete(self, by: &str) -> Result<(), ForgeError> {
        let by = self.forge.who(by)?;
        self.forge.tell_ticket(&self.key, "jira:issue_deleted", &by, &[])?;
        self.forge.tickets.remove(&self.key);
        Ok(())
    }
}
