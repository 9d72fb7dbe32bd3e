//! A change to a policy file shows what it would do: whether it can be read, whether its own cases pass, and which of
//! the last landings it would have judged otherwise (sem 6.4). It is judged by the policy of its base all the same.

use super::super::changes::ChangeBody;
use super::super::mirrors::{POLICY_FILE, PolicyAt};
use super::super::{App, AppError};
use super::{Own, Read};
use crate::domain::{RepoPath, Time};
use crate::git::{self, GitError};
use crate::policy::diagnostic::render_all;
use crate::policy::file::RepositoryFile;
use crate::policy::layers::{Layer, effective};
use crate::policy::model::Effective;
use crate::policy::replay::Effect;
use crate::policy::testcase;
use crate::store::repositories::Repository;

/// Landings that are judged again for a page.
const LANDINGS: u64 = 100;
/// Files of cases that are read.
const FILES: usize = 20;
/// Bytes of one of them at the most.
const CAP: u64 = 256 * 1024;

/// What an edit of a policy file would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PolicyEdit {
    /// What is wrong with the file, rendered; empty: nothing. Then nothing else is known.
    pub(crate) refused: String,
    /// Cases of the repository that pass under it.
    pub(crate) passed: u64,
    /// Cases that fail, and files of cases that cannot be read, each in a sentence.
    pub(crate) failed: Vec<String>,
    /// Where it tries to weaken the organisation's.
    pub(crate) invalid: Vec<String>,
    /// Which of the last landings it would judge otherwise.
    pub(crate) effect: Effect,
}

/// The file at the head, and the files of cases that it names there.
struct AtHead {
    policy: PolicyAt,
    cases: Vec<(RepoPath, Result<Vec<u8>, String>)>,
}

impl App {
    /// What an edit of the policy file would do; `None`: the change does not touch it.
    pub(crate) async fn policy_edit(
        &self,
        repo: &Repository,
        body: &ChangeBody,
    ) -> Result<Option<PolicyEdit>, AppError> {
        let touches = |path: &RepoPath| path.as_str() == Some(POLICY_FILE);
        if !body.facts.files.iter().any(|file| touches(&file.path)) {
            return Ok(None);
        }
        let head = body.facts.head;
        let at_head = self.in_mirror(repo, move |mirror| read(mirror, head)).await?;
        let own = match at_head.policy.read {
            Some(Err(diagnostics)) => {
                let bytes = at_head.policy.bytes.unwrap_or_default();
                let refused = render_all(&diagnostics, &String::from_utf8_lossy(&bytes));
                return Ok(Some(PolicyEdit { refused, ..PolicyEdit::default() }));
            }
            Some(Ok(file)) => Own::File(Box::new(file)),
            None => Own::Gone,
        };
        let organisation = self.organisation();
        let lower = own.layer().unwrap_or(Layer::Missing);
        let candidate = effective(organisation.layer(), lower, &at_head.policy.base);
        let (passed, failed) = run_cases(&at_head.cases, &candidate, self.now());
        let read = Read { organisation: None, repository: own };
        let effect = self.replay_read(&read, Some(repo), (None, None), Some(LANDINGS), |_| {});
        let effect = Box::pin(effect).await?;
        let invalid = candidate.invalid;
        Ok(Some(PolicyEdit { refused: String::new(), passed, failed, invalid, effect }))
    }
}

fn read(mirror: &git::Repo, head: crate::domain::Oid) -> Result<AtHead, GitError> {
    let policy = PolicyAt::read(mirror, "head", head)?;
    let named: Option<&RepositoryFile> = policy.read.as_ref().and_then(|read| read.as_ref().ok());
    let mut cases = Vec::new();
    if let Some(globs) = named.map(|file| &file.policy.tests).filter(|globs| !globs.is_empty()) {
        let wanted = |path: &RepoPath| globs.iter().any(|glob| glob.matches(path));
        for path in mirror.files_at(head, FILES, wanted)? {
            let bytes = match mirror.read_file_at(head, &path, CAP) {
                Ok(Some(bytes)) => Ok(bytes),
                Ok(None) => continue,
                Err(GitError::Refused { why, .. }) => Err(why),
                Err(GitError::OverLimit { what, .. }) => Err(format!("{what} is too large")),
                Err(error) => return Err(error),
            };
            cases.push((path, bytes));
        }
    }
    Ok(AtHead { policy, cases })
}

fn run_cases(
    files: &[(RepoPath, Result<Vec<u8>, String>)],
    effective: &Effective,
    now: Time,
) -> (u64, Vec<String>) {
    let (mut passed, mut failed) = (0, Vec::new());
    for (path, bytes) in files {
        let text = match bytes.as_ref().map(|bytes| std::str::from_utf8(bytes)) {
            Ok(Ok(text)) => text,
            Ok(Err(_)) => {
                failed.push(format!("{path}: it is no UTF-8"));
                continue;
            }
            Err(why) => {
                failed.push(format!("{path}: {why}"));
                continue;
            }
        };
        match testcase::parse(text) {
            Err(error) => failed.push(format!("{path}: {error}")),
            Ok(cases) => {
                for case in cases {
                    match testcase::run(&case, effective, now) {
                        Ok(()) => passed += 1,
                        Err(why) => failed.push(format!("{path}, {}: {why}", case.name)),
                    }
                }
            }
        }
    }
    (passed, failed)
}
