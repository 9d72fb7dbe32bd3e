//! Direct commits of a bot that the organisation exempts: a release bot that writes a version and a changelog (sem 8).
//!
//! Exempt is only what leaves no doubt; all else stays `direct`. An address in a commit proves nothing, since anybody
//! may write it: so who pushed counts, which the source knows by signing in, and the source's own mapping of author and
//! committer beside it.

use serde::{Deserialize, Serialize};

use crate::domain::{Account, AccountKind, Oid, RepoPath};
use crate::policy::classify;
use crate::policy::glob::Glob;
use crate::policy::model::Effective;

/// One line of `deploy.exempt`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExemptRule {
    /// The bot's login at its source.
    pub bot: String,
    /// Every file of the commit is one of these.
    pub files: Vec<Glob>,
    /// In these repositories; empty: in all.
    pub repositories: Vec<Glob>,
    /// Where it stands.
    pub from: String,
}

/// A commit that is in no pull request, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectCommit {
    /// Its id.
    pub id: Oid,
    /// How many parents it has.
    pub parents: usize,
    /// Its author by the source's own mapping; `None`: the source named nobody.
    pub author: Option<Account>,
    /// Its committer, likewise.
    pub committer: Option<Account>,
    /// Who pushed it to the branch that is deployed from, signed in at the source.
    pub pushed_by: Vec<Account>,
    /// Its files; the flag says that it is a plain file, before (if it was there) and after.
    pub files: Vec<(RepoPath, bool)>,
}

/// A commit that is exempt, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Exemption {
    /// The commit.
    pub commit: Oid,
    /// The bot that wrote and pushed it.
    pub bot: Account,
    /// Its files.
    pub files: Vec<String>,
    /// The line of the organisation file: `organisation: deploy.exempt[0], line 9`.
    pub rule: String,
}

/// By which line a commit is exempt; `None`: it is a direct commit like any other.
#[must_use]
pub fn exemption(effective: &Effective, repo: &str, commit: &DirectCommit) -> Option<Exemption> {
    let (author, committer) = (commit.author.as_ref()?, commit.committer.as_ref()?);
    let one_bot = author.kind == AccountKind::Bot
        && author.id == committer.id
        && commit.pushed_by.iter().any(|by| by.id == author.id && by.kind == AccountKind::Bot);
    if !one_bot || commit.parents != 1 || commit.files.is_empty() {
        return None;
    }
    let harmless =
        |(path, plain): &(RepoPath, bool)| *plain && !classify::protects(&effective.policy, path);
    if !commit.files.iter().all(harmless) {
        return None;
    }
    let rule = effective.organisation.exempt.iter().find(|rule| {
        let here = rule.repositories.is_empty()
            || rule.repositories.iter().any(|glob| glob.matches_text(repo));
        let listed = |path: &RepoPath| rule.files.iter().any(|glob| glob.matches(path));
        here && rule.bot.eq_ignore_ascii_case(&author.login)
            && commit.files.iter().all(|(path, _)| listed(path))
    })?;
    Some(Exemption {
        commit: commit.id,
        bot: author.clone(),
        files: commit.files.iter().map(|(path, _)| path.to_string()).collect(),
        rule: rule.from.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::file::read_organisation;
    use crate::policy::layers::{Layer, effective};

    const TEXT: &str = "\
version: 1
floor: { always_critical: [secret.txt] }
deploy:
  exempt:
    - { bot: 'release-bot[bot]', files: [CHANGELOG.md, version.txt, secret.txt, '.github/*.md'], repositories: ['acme/*'] }
";

    fn account(id: &str, login: &str, kind: AccountKind) -> Account {
        Account { id: id.to_owned(), login: login.to_owned(), kind }
    }

    fn bot() -> Account {
        account("7", "release-bot[bot]", AccountKind::Bot)
    }

    fn commit() -> DirectCommit {
        DirectCommit {
            id: "ab".repeat(20).parse().expect("an id"),
            parents: 1,
            author: Some(bot()),
            committer: Some(bot()),
            pushed_by: vec![bot()],
            files: ["CHANGELOG.md", "version.txt"]
                .map(|path| (RepoPath::from(path), true))
                .to_vec(),
        }
    }

    fn judged(repo: &str, commit: &DirectCommit) -> Option<Exemption> {
        let read = read_organisation("organisation.yml", TEXT.as_bytes());
        let layer = Layer::of(&read, "sha256:1");
        exemption(&effective(layer, Layer::Missing, "main"), repo, commit)
    }

    #[test]
    fn a_commit_of_the_bot_in_its_files_is_exempt_and_says_by_which_line() {
        let found = judged("acme/payments", &commit()).expect("exempt");
        assert_eq!(found.rule, "organisation: deploy.exempt[0], line 5");
        assert_eq!(found.files, ["CHANGELOG.md", "version.txt"]);
        assert_eq!(judged("other/payments", &commit()), None);
    }

    #[test]
    fn anything_doubtful_stays_direct() {
        let dev = || account("8", "dev1", AccountKind::User);
        let named_alike = || account("9", "release-bot[bot]", AccountKind::Bot);
        let posing = || account("7", "release-bot[bot]", AccountKind::User);
        let with = |change: &dyn Fn(&mut DirectCommit)| {
            let mut commit = commit();
            change(&mut commit);
            commit
        };
        let files = |paths: &[(&str, bool)]| {
            paths.iter().map(|(path, plain)| (RepoPath::from(*path), *plain)).collect::<Vec<_>>()
        };
        let doubtful = [
            with(&|it| it.author = None),
            with(&|it| it.committer = None),
            with(&|it| it.author = Some(dev())),
            with(&|it| it.committer = Some(dev())),
            with(&|it| it.committer = Some(named_alike())),
            with(&|it| it.pushed_by = vec![]),
            with(&|it| it.pushed_by = vec![dev()]),
            with(&|it| it.pushed_by = vec![named_alike()]),
            with(&|it| {
                (it.author, it.committer, it.pushed_by) =
                    (Some(posing()), Some(posing()), vec![posing()]);
            }),
            with(&|it| {
                (it.author, it.committer, it.pushed_by) = (Some(dev()), Some(dev()), vec![dev()]);
            }),
            with(&|it| it.parents = 0),
            with(&|it| it.parents = 2),
            with(&|it| it.files = vec![]),
            with(&|it| it.files = files(&[("CHANGELOG.md", true), ("src/lib.rs", true)])),
            with(&|it| it.files = files(&[("CHANGELOG.md", false)])),
            with(&|it| it.files = files(&[("docs/CHANGELOG.md", true)])),
            with(&|it| it.files = files(&[("changelog.md", true)])),
            with(&|it| it.files = files(&[("secret.txt", true)])),
            with(&|it| it.files = files(&[(".github/notes.md", true)])),
        ];
        for commit in doubtful {
            assert_eq!(judged("acme/payments", &commit), None, "{commit:?}");
        }
    }
}
