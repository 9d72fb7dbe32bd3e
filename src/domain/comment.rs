//! A comment on a pull request as the sum of all that was said about it (sem 4: approval by comment).
//!
//! Which lines are commands is the policy's to say; here is kept only what could be one, what the line was when it was
//! written, and that it was edited or deleted since. What was edited stays edited: nobody can take that back.

use serde::{Deserialize, Serialize};

use super::event::CommentEvent;
use super::fold::{Latest, earliest};
use super::pull_request::Membership;
use super::{Account, Time};

/// Characters of the longest command.
pub const COMMAND_MOST: usize = 50;

/// The first line of a comment as it stands there, if it could be a command at all; without the line's end alone.
#[must_use]
pub fn first_line(body: &str) -> Option<String> {
    let line = body.split('\n').next().unwrap_or_default();
    let line = line.strip_suffix('\r').unwrap_or(line);
    could_be_command(line).then(|| line.to_owned())
}

/// Whether a text has the form of a command: it starts with a letter or `/`, does not end with a space, has no control
/// characters and not more than [`COMMAND_MOST`] characters.
#[must_use]
pub fn could_be_command(text: &str) -> bool {
    text.starts_with(|first: char| first == '/' || first.is_alphabetic())
        && !text.ends_with(char::is_whitespace)
        && !text.contains(char::is_control)
        && text.chars().count() <= COMMAND_MOST
}

/// A comment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// Who wrote it; `None`: the account is gone or unknown.
    pub by: Option<Latest<Account>>,
    /// A program wrote it in somebody's name.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_app: bool,
    /// Whether its author belonged to the repository, as it was told first.
    pub membership: Option<Membership>,
    /// When it was written.
    pub at: Option<Time>,
    /// Its first line as it was written, if that could be a command; told only by a delivery from before any edit.
    pub written: Option<Latest<Option<String>>>,
    /// The newest edit.
    pub edited: Option<Latest<Edit>>,
    /// The deletion.
    pub deleted: Option<Latest<Option<Account>>>,
}

/// An edit of a comment, by whomever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// Who; `None`: nobody said.
    pub by: Option<Account>,
    /// What its first line became, if that could be a command.
    pub line: Option<String>,
}

impl Comment {
    /// Takes in what a delivery says.
    pub fn apply(&mut self, event: &CommentEvent) {
        let at = Some(event.moment);
        if let Some(by) = &event.by {
            Latest::keep(&mut self.by, Latest { at, rank: 0, value: by.clone() });
        }
        self.by_app |= event.by_app;
        if let Some(told) = event.member.map(|member| Membership { at: event.moment, member }) {
            self.membership = Some(self.membership.map_or(told, |first| first.min(told)));
        }
        earliest(&mut self.at, Some(event.created_at));
        let line = event.line.clone();
        if event.edited {
            // Of two tellings of one moment the edit itself knows who did it.
            let by = event.sender.clone().filter(|_| event.action == "edited");
            let rank = u8::from(event.action == "edited");
            Latest::keep(&mut self.edited, Latest { at, rank, value: Edit { by, line } });
        } else if event.action == "created" {
            Latest::keep(&mut self.written, Latest { at, rank: 0, value: line });
        }
        if event.action == "deleted" {
            let value = event.sender.clone();
            Latest::keep(&mut self.deleted, Latest { at, rank: 0, value });
        }
    }

    /// Its first line as it was written, if that is known and could be a command.
    #[must_use]
    pub fn line(&self) -> Option<&str> {
        self.written.as_ref().and_then(|written| written.value.as_deref())
    }

    /// Whether it could ever have been a command.
    #[must_use]
    pub fn says_something(&self) -> bool {
        self.line().is_some() || self.edited.as_ref().is_some_and(|edit| edit.value.line.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fold::testing::{at, every_order_and_duplication_ends_alike, person, repo};

    fn said(action: &str, minute: u32, line: &str) -> CommentEvent {
        CommentEvent {
            repo: repo(),
            number: 7,
            action: action.to_owned(),
            comment: "31".to_owned(),
            by: Some(person("2", "grace")),
            by_app: false,
            member: Some(true),
            line: first_line(line),
            edited: action == "edited" || minute != 20,
            created_at: at(20),
            moment: at(minute),
            sender: Some(person("3", "eve")),
        }
    }

    fn fold(events: &[CommentEvent]) -> Comment {
        let mut comment = Comment::default();
        for event in events {
            comment.apply(event);
        }
        comment
    }

    #[test]
    fn the_whole_first_line_is_kept_and_nothing_like_it() {
        assert_eq!(first_line("/approve").as_deref(), Some("/approve"));
        assert_eq!(first_line("/approve\r\n\r\nthanks").as_deref(), Some("/approve"));
        assert_eq!(first_line("not /approve yet").as_deref(), Some("not /approve yet"));
        let none =
            ["", "\n/approve", " /approve", "/approve ", "/approve\u{0}", "> /approve", "👍"];
        for body in none {
            assert_eq!(first_line(body), None, "{body:?}");
        }
        assert_eq!(first_line(&"a".repeat(50)).map(|line| line.len()), Some(50));
        assert_eq!(first_line(&"a".repeat(51)), None);
    }

    #[test]
    fn a_comment_that_was_ever_edited_stays_edited_in_every_order() {
        let events = [
            said("created", 20, "/veto"),
            said("edited", 22, "/approve"),
            said("edited", 24, "never mind"),
            said("deleted", 24, "never mind"),
        ];
        every_order_and_duplication_ends_alike(&events, fold);
        let comment = fold(&events);
        assert_eq!(comment.line(), Some("/veto"));
        let edit = comment.edited.expect("an edit");
        assert_eq!((edit.at, edit.value.by.map(|by| by.login)), (Some(at(24)), Some("eve".into())));
        assert!(comment.deleted.is_some());
    }

    #[test]
    fn what_was_written_is_not_told_by_what_was_told_after_an_edit() {
        let comment = fold(&[said("created", 21, "/approve")]);
        assert_eq!(comment.line(), None);
        assert!(comment.edited.is_some() && comment.says_something());
    }
}
