//! Comments on pull requests: written, edited and deleted, which others than their author may do too.

use super::pulls::PullHandle;
use super::{Account, ForgeError, payload};
use crate::domain::Time;

/// A comment of the model.
#[derive(Debug, Clone)]
pub(super) struct Comment {
    pub(super) id: u64,
    pub(super) by: Account,
    pub(super) body: String,
    pub(super) created_at: Time,
    pub(super) updated_at: Time,
}

impl PullHandle<'_> {
    /// Somebody writes a comment, which is no review.
    pub fn say(&mut self, by: &str, body: &str) -> Result<u64, ForgeError> {
        let by = self.forge.who(by)?;
        let (id, now) = (self.forge.next_id(), self.forge.now());
        let (created_at, updated_at, body) = (now, now, body.to_owned());
        let comment = Comment { id, by: by.clone(), body, created_at, updated_at };
        self.forge.pull_state_mut(&self.id)?.comments.insert(id, comment);
        self.tell_comment(id, "created", &by)?;
        Ok(id)
    }

    /// Somebody edits a comment, perhaps of somebody else.
    pub fn edit(&mut self, comment: u64, by: &str, body: &str) -> Result<(), ForgeError> {
        let (by, now) = (self.forge.who(by)?, self.forge.now());
        let comments = &mut self.forge.pull_state_mut(&self.id)?.comments;
        let state = comments.get_mut(&comment).ok_or_else(|| unknown(comment))?;
        body.clone_into(&mut state.body);
        state.updated_at = now;
        self.tell_comment(comment, "edited", &by)
    }

    /// Somebody deletes a comment, perhaps of somebody else.
    pub fn unsay(&mut self, comment: u64, by: &str) -> Result<(), ForgeError> {
        let by = self.forge.who(by)?;
        self.tell_comment(comment, "deleted", &by)?;
        self.forge.pull_state_mut(&self.id)?.comments.remove(&comment);
        Ok(())
    }

    fn tell_comment(&mut self, id: u64, action: &str, by: &Account) -> Result<(), ForgeError> {
        let repository = self.forge.repository(&self.id.repo)?;
        let pull = self.forge.pull_state(&self.id)?;
        let comment = pull.comments.get(&id).ok_or_else(|| unknown(id))?;
        let body = payload::comment(repository, pull, comment, action, by);
        self.forge.send_github("issue_comment", &body);
        Ok(())
    }
}

fn unknown(comment: u64) -> ForgeError {
    ForgeError::Unknown(format!("comment {comment}"))
}
