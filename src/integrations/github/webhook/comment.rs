//! `issue_comment`: comments on pull requests, of which only the first line is kept.

use serde::Deserialize;

use super::super::payload::{IssueComment, Organization, Repo, User, account, belongs};
use super::{Around, Normalised, Refusal, Text, read};
use crate::domain::comment::first_line;
use crate::domain::event::{CommentEvent, Event, RepoRef};

/// GitHub's word for an issue; one with the key `pull_request` is a pull request.
#[derive(Deserialize)]
struct On {
    number: u64,
    #[serde(default)]
    pull_request: Option<serde::de::IgnoredAny>,
}

delivery!(Own { issue: On, comment: IssueComment });

pub(super) fn comment(body: &[u8]) -> Result<Normalised, Refusal> {
    let (mut around, Own { issue, comment, .. }) = Own::read(body)?;
    if issue.pull_request.is_none() {
        return Ok(around.nothing("a comment on an issue says nothing about a change"));
    }
    if !matches!(around.action.as_str(), "created" | "edited" | "deleted") {
        return Ok(around.nothing("nothing follows from what was done to this comment"));
    }
    let moment = comment.updated_at.unwrap_or(comment.created_at);
    let event = CommentEvent {
        repo: around.repo()?,
        number: issue.number,
        action: around.action.clone(),
        comment: comment.id.0,
        by: account(comment.user),
        by_app: comment.performed_via_github_app.is_some(),
        member: belongs(comment.author_association),
        line: first_line(&Text::or_empty(comment.body)),
        edited: around.action == "edited" || moment != comment.created_at,
        created_at: comment.created_at,
        moment,
        sender: account(around.sender.take()),
    };
    Ok(around.done(Event::Comment(event)))
}
