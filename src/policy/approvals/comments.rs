//! Comments as opinions (sem 4): the whole first line is the exact command, and the policy says which. Facts hold the
//! lines, not what they mean, so that the same facts can be judged under another policy.
//!
//! What is doubtful lets nothing out. An edited comment is no approval, whoever edited it; a deleted one was withdrawn,
//! and what it replaced does not come back. A veto that was written stands: editing or deleting it, which others than
//! its author may do, is no word of its author.

use std::borrow::Cow;

use crate::domain::Person;
use crate::domain::fact::{Facts, Opinion, Said, Verdict};
use crate::policy::model::Commands;

/// The facts with each comment taken as what it says under these commands. Comments that hold none are no opinions.
#[must_use]
pub fn understood<'a>(commands: Option<&Commands>, facts: &'a Facts) -> Cow<'a, Facts> {
    if facts.opinions.iter().all(|opinion| opinion.comment.is_none()) {
        return Cow::Borrowed(facts);
    }
    let mut facts = facts.clone();
    let read = |opinion: Opinion| match (&opinion.comment, commands) {
        (None, _) => Some(opinion),
        (Some(_), None) => None,
        (Some(said), Some(commands)) => {
            let verdict = verdict(said, commands)?;
            Some(Opinion { verdict, ..opinion })
        }
    };
    facts.opinions = std::mem::take(&mut facts.opinions).into_iter().filter_map(read).collect();
    Cow::Owned(facts)
}

/// What a comment says; `None`: it never held a command.
fn verdict(said: &Said, commands: &Commands) -> Option<Verdict> {
    let holds = |line: Option<&String>, command: &Option<String>| {
        line.is_some_and(|line| command.as_ref() == Some(line))
    };
    let written = said.written.as_ref();
    if holds(written, &commands.veto) {
        return Some(Verdict::Veto);
    }
    let approves = holds(written, &commands.approve);
    if approves && said.deleted.is_some() {
        return Some(Verdict::Dismissed);
    }
    let Some(edit) = &said.edited else { return approves.then_some(Verdict::Approve) };
    let became = edit.line.as_ref();
    let held = approves || holds(became, &commands.approve) || holds(became, &commands.veto);
    held.then_some(Verdict::Comment)
}

/// Why a comment that held a command is neither a yes nor a no.
pub(super) fn why_not(said: &Said) -> String {
    let undone = undone(said).unwrap_or_else(|| "it holds no command".to_owned());
    match &said.deleted {
        Some(_) => format!("{undone}; an approval that was withdrawn revives no older one"),
        None => format!("{undone}; an edited comment does not count"),
    }
}

/// That it was deleted or edited, and by whom.
pub(in crate::policy) fn undone(said: &Said) -> Option<String> {
    let name =
        |by: &Option<Person>| by.as_ref().map_or("nobody known".to_owned(), Person::to_string);
    if let Some(deleted) = &said.deleted {
        return Some(format!("deleted by {}", name(&deleted.by)));
    }
    let edit = said.edited.as_ref()?;
    Some(format!("edited by {} on {}", name(&edit.by), edit.at.to_seconds_text()))
}
