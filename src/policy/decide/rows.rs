//! The rows of the approvals table: every opinion, and whether and why it counts.

use super::needs::{Need, Of};
use super::tally::{Room, Worth, basis, worth};
use crate::domain::fact::Verdict;
use crate::policy::approvals::{self, Held, Standing, Weighed, comments, held};
use crate::policy::decision::Counted;

/// One row for each opinion, in order of `(at, id)`.
pub(super) fn of(needs: &[&Need], room: &Room<'_>) -> Vec<Counted> {
    room.weighed.iter().map(|vote| row(vote, needs, room)).collect()
}

fn row(vote: &Weighed<'_>, needs: &[&Need], room: &Room<'_>) -> Counted {
    let opinion = vote.opinion;
    let worths: Vec<(&Need, Worth)> =
        needs.iter().map(|need| (*need, worth(need, vote, room))).collect();
    let counts = worths.iter().any(|(_, worth)| matches!(worth, Worth::Counts(_)));
    let (roles, held) = roles(vote, needs, room);
    Counted {
        id: opinion.id.clone(),
        by: opinion.by.as_ref().map_or_else(|| opinion.name.clone(), ToString::to_string),
        role: (!roles.is_empty()).then(|| roles.join(", ")).or_else(|| no_role(&worths)),
        held: held.join("; "),
        verdict: verdict(opinion.verdict).to_owned(),
        by_comment: opinion.comment.is_some(),
        commit: opinion.commit,
        at: opinion.at,
        basis: basis(vote)
            .filter(|_| counts || matches!(vote.standing, Standing::Yes(_)))
            .map(str::to_owned),
        counts,
        why: match opinion.comment {
            Some(_) => format!("by comment: {}", why(vote, &worths)),
            None => why(vote, &worths),
        } + &disowned(vote, room),
    }
}

/// The needed roles that this person held when giving the opinion, and how.
fn roles(vote: &Weighed<'_>, needs: &[&Need], room: &Room<'_>) -> (Vec<String>, Vec<String>) {
    let (mut roles, mut how) = (Vec::new(), Vec::new());
    let Some(person) = &vote.opinion.by else { return (roles, how) };
    for need in needs {
        let Of::Role { role, scope } = &need.of else { continue };
        let at = vote.opinion.at;
        if let Held::Throughout(words) = held(&room.facts.grants, person, (role, scope), at, at) {
            if !roles.contains(role) {
                roles.push(role.clone());
            }
            if !how.contains(&words) {
                how.push(words);
            }
        }
    }
    (roles, how)
}

/// What somebody without a role counts as.
fn no_role(worths: &[(&Need, Worth)]) -> Option<String> {
    worths.iter().filter(|(_, worth)| matches!(worth, Worth::Counts(_))).find_map(|(need, _)| {
        match need.of {
            Of::Peers => Some("peer".to_owned()),
            Of::People(_) => Some("by name".to_owned()),
            Of::Role { .. } => None,
        }
    })
}

fn why(vote: &Weighed<'_>, worths: &[(&Need, Worth)]) -> String {
    match &vote.standing {
        Standing::Veto => {
            let gone = vote.opinion.comment.as_ref().and_then(comments::undone);
            let gone =
                gone.map_or_else(String::new, |gone| format!("; {gone}, which ends no veto"));
            return format!("a veto stands until its author approves{gone}");
        }
        Standing::VetoKept(why) => return format!("a veto stands: {why}"),
        Standing::Overridden(why) | Standing::Nothing(why) | Standing::Lapsed(why) => {
            return why.clone();
        }
        Standing::ByFiles(why) if worths.is_empty() => return why.clone(),
        Standing::Yes(_) if worths.is_empty() => {
            return "took no part in writing; no approval is needed".to_owned();
        }
        Standing::Yes(_) | Standing::ByFiles(_) => {}
    }
    if worths.iter().any(|(_, worth)| matches!(worth, Worth::Counts(_))) {
        let unchanged = match vote.standing {
            Standing::ByFiles(_) => "; the files it was needed for are unchanged since",
            _ => "",
        };
        return format!("took no part in writing{unchanged}");
    }
    let mut reasons: Vec<&str> = Vec::new();
    for (_, worth) in worths {
        if let Worth::Lapsed(why) | Worth::Nothing(why) = worth
            && !reasons.contains(&why.as_str())
        {
            reasons.push(why);
        }
    }
    reasons.join("; ")
}

/// The flag on what this person disowned; empty where they disowned nothing.
fn disowned(vote: &Weighed<'_>, room: &Room<'_>) -> String {
    let own =
        approvals::disowned(room.facts).filter(|said| vote.opinion.by.as_ref() == Some(&said.by));
    own.flat_map(|said| ["; ".to_owned(), approvals::disowned_words(said)]).collect()
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approve => "approve",
        Verdict::Veto => "veto",
        Verdict::Comment => "comment",
        Verdict::Dismissed => "dismissed",
    }
}
