//! A landing as facts for the policy, as far as git alone knows them.

use crate::domain::fact::{Facts, Integrity, Landing, LandingKind, Pull};
use crate::git::facts::bare_files;
use crate::git::history::HistoryLanding;

/// What classification asks for: files without their bytes, whether it was proposed, how it landed. People, opinions
/// and checks are not in a repository, and stay empty.
///
/// A landing whose message names a proposal came from one, as far as we can tell. One that names none, merge or not,
/// cannot be told from a direct push, and stands here as one: it is significant at least (sem 2.1).
pub(super) fn of(branch: &str, landing: &HistoryLanding) -> Facts {
    let pull = landing.hint.as_ref().map(|hint| proposal(landing, hint.number.unwrap_or_default()));
    Facts {
        landing: Some(Landing {
            commit: landing.commit,
            how: if pull.is_some() { landing.how } else { LandingKind::Direct },
            integrity: Integrity::Unknown,
            at: landing.at,
            by: None,
            evidence: vec![landing.how_we_know.clone()],
            altered: Vec::new(),
        }),
        pull,
        files: bare_files(&landing.files),
        ..Facts::bare("", branch.strip_prefix("refs/heads/").unwrap_or(branch), landing.commit)
    }
}

/// What a history knows of a proposal: its number, if the message names one.
fn proposal(landing: &HistoryLanding, number: u64) -> Pull {
    Pull::bare(number, &landing.title)
}

/// The same for a landing as though it had been proposed, whatever its message says; without its files.
pub(in crate::cli) fn proposed(landing: &HistoryLanding) -> Facts {
    let mut facts = of("", &HistoryLanding { files: Vec::new(), ..landing.clone() });
    facts.pull.get_or_insert_with(|| proposal(landing, 0));
    facts.landing = None;
    facts
}
