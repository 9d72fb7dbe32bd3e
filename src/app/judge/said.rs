//! What people said about a pull request, as opinions: reviews, and comments that could hold a command.

use std::collections::BTreeMap;

use super::reviewed::ProvedAt;
use crate::app::people::People;
use crate::domain::comment::Comment;
use crate::domain::fact::{Deleted, Edited, Opinion, Said, Verdict};
use crate::domain::pull_request::{PullRequest, Review};
use crate::domain::{AccountKind, Oid};

/// The opinion's id of a comment: no review has it.
pub(super) fn comment_id(id: &str) -> String {
    format!("comment:{id}")
}

/// The comments that could hold a command, by the id of the opinion.
pub(super) fn comments(pull: &PullRequest) -> impl Iterator<Item = (String, &Comment)> {
    let speaking = pull.comments.iter().filter(|(_, comment)| comment.says_something());
    speaking.map(|(id, comment)| (comment_id(id), comment))
}

/// The commit that a comment is about: it names none, so it is the head at its moment.
pub(super) fn about(pull: &PullRequest, comment: &Comment) -> Option<Oid> {
    comment.at.and_then(|at| pull.head_at(at))
}

/// Everything that is or may be an opinion, in order of `(at, id)`.
pub(super) fn opinions(
    pull: &PullRequest,
    people: &People,
    proved: &BTreeMap<Oid, ProvedAt>,
) -> Vec<Opinion> {
    let reviews = pull.votes().into_iter().filter_map(|(id, said)| review(id, said, people));
    let comments = comments(pull).filter_map(|(id, said)| comment(id, said, pull, people));
    let mut all: Vec<Opinion> = reviews.chain(comments).map(|said| with(said, proved)).collect();
    all.sort_by_key(|opinion| opinion.at);
    all
}

fn with(opinion: Opinion, proved: &BTreeMap<Oid, ProvedAt>) -> Opinion {
    let at = opinion.commit.and_then(|commit| proved.get(&commit)).cloned().unwrap_or_default();
    let (fingerprint, proofs, overtaken_by) = (at.fingerprint, at.proofs, at.overtaken_by);
    Opinion { fingerprint, proofs, overtaken_by, ..opinion }
}

fn review(id: &str, review: &Review, people: &People) -> Option<Opinion> {
    let said = &review.said.as_ref()?.value;
    let at = review.submitted_at()?;
    let by = said.by.as_ref();
    Some(Opinion {
        id: id.to_owned(),
        by: by.map(|account| people.of_account(account)),
        name: by.map_or_else(|| "a deleted account".to_owned(), |account| account.login.clone()),
        kind: by.map_or(AccountKind::Bot, |account| account.kind),
        member: review.membership.map(|told| told.member),
        verdict: review.verdict(),
        commit: said.commit,
        fingerprint: None,
        proofs: Vec::new(),
        overtaken_by: None,
        elsewhere: None,
        at,
        dismissed_at: review.dismissed(),
        comment: None,
    })
}

/// What it says is left to the policy: as a fact it is a comment.
fn comment(id: String, comment: &Comment, pull: &PullRequest, people: &People) -> Option<Opinion> {
    let at = comment.at?;
    let by = comment.by.as_ref().map(|by| &by.value);
    let person = by.filter(|_| !comment.by_app).map(|account| account.kind);
    Some(Opinion {
        id,
        by: by.map(|account| people.of_account(account)),
        name: by.map_or_else(|| "a deleted account".to_owned(), |account| account.login.clone()),
        kind: person.unwrap_or(AccountKind::Bot),
        member: comment.membership.map(|told| told.member),
        verdict: Verdict::Comment,
        commit: about(pull, comment),
        fingerprint: None,
        proofs: Vec::new(),
        overtaken_by: None,
        elsewhere: None,
        at,
        dismissed_at: None,
        comment: Some(said(comment, people)),
    })
}

fn said(comment: &Comment, people: &People) -> Said {
    let edited = comment.edited.as_ref().and_then(|edit| {
        let by = edit.value.by.as_ref().map(|account| people.of_account(account));
        Some(Edited { by, at: edit.at?, line: edit.value.line.clone() })
    });
    let deleted = comment
        .deleted
        .as_ref()
        .map(|gone| Deleted { by: gone.value.as_ref().map(|account| people.of_account(account)) });
    Said { written: comment.line().map(str::to_owned), edited, deleted }
}
