//! Gathers the facts of a change and has the policy judge them. All input is read first, into one value that is hashed
//! and kept; judging is a pure function of it (P4).

mod reverts;
mod reviewed;
mod said;

use std::collections::BTreeMap;

use self::reviewed::{AimedElsewhere, AtHead, ProvedAt};
use super::people::People;
use super::{App, AppError, disowned, groups, links, mirrors::PolicyAt, overrides, project};
use crate::domain::check::Checks;
use crate::domain::fact::{Check, Commit, Driver, Drove, Elsewhere, Facts, Landing, Pull};
use crate::domain::file::Content;
use crate::domain::link::Links;
use crate::domain::pull_request::PullRequest;
use crate::domain::{Account, AccountKind, Class, Oid, Side, Signature, Time};
use crate::git::facts::{ChangeFacts, Readers, Sides};
use crate::git::landing::Landed;
use crate::git::landing::queue::{Group, find_queued};
use crate::git::{self, GitError};
use crate::policy::decision::Classification;
use crate::policy::glob::Glob;
use crate::policy::layers::{Layer, effective};
use crate::policy::model::Effective;
use crate::policy::{self, Decision};
use crate::store::repositories::Repository;
use crate::store::{self, Tx, aggregates, versions};

/// What is to be judged.
#[derive(Debug, Clone)]
pub(crate) enum Subject {
    /// A pull request at its head, landed or not.
    Pull(u64),
    /// A commit that landed without one.
    Direct(Oid),
}

/// A judged change with everything it was judged by.
#[derive(Debug, Clone)]
pub(crate) struct Judged {
    pub(crate) facts: Facts,
    pub(crate) decision: Decision,
    pub(crate) effective: Effective,
    pub(crate) policies: Vec<(String, Vec<u8>)>,
    pub(crate) tree: Option<Oid>,
    pub(crate) links: Option<Links>,
    pub(crate) landed: Option<Landed>,
    pub(crate) pull: Option<PullRequest>,
    pub(crate) seen: String,
    pub(crate) title: String,
    pub(crate) committed_at: Option<Time>,
}

/// What git says about it.
#[derive(Debug)]
struct FromGit {
    facts: ChangeFacts,
    /// The tip of the branch that it goes onto, as it was before it landed; `None`: it has no proposal.
    base_tip: Option<Oid>,
    policy: PolicyAt,
    opinions: BTreeMap<Oid, ProvedAt>,
    /// By the id of the opinion.
    elsewhere: BTreeMap<String, Elsewhere>,
    landed: Option<Landed>,
    tree: Oid,
    messages: Vec<String>,
    title: String,
    committed_at: Option<Time>,
}

/// What git is asked, in one go on one thread.
#[derive(Debug, Clone)]
struct Asked {
    branch: String,
    policy_branch: String,
    head: Oid,
    landed: Option<git::landing::Proposal>,
    /// Groups of a merge queue that bring the commit which the source names.
    groups: Vec<Group>,
    /// What stands for the tip of a branch that is gone, the first that is there; none where the branch is protected,
    /// which does not go.
    once: Vec<Oid>,
    direct: bool,
    reviewed: Vec<Oid>,
    aimed_elsewhere: Vec<AimedElsewhere>,
}

impl App {
    /// Judges a change as of an instant.
    pub(crate) async fn judge(
        &self,
        repo: &Repository,
        subject: &Subject,
        as_of: Time,
    ) -> Result<Judged, AppError> {
        let mut tx = self.db().read().await?;
        // Before the facts: an answer must not be remembered as newer than it is.
        let seen = versions::seen(&mut tx, &repo.id).await?;
        let pull = match subject {
            Subject::Pull(number) => Some(self.pull(&mut tx, repo, *number).await?),
            Subject::Direct(_) => None,
        };
        let groups = groups_of(&mut tx, repo, pull.as_ref()).await?;
        drop(tx);
        let asked = Asked { groups, ..self.asked(repo, subject, pull.as_ref())? };
        let for_git = asked.clone();
        let (from_git, errors) = match self.read_and_keep(repo, for_git).await {
            Ok(from_git) => (Some(from_git), Vec::new()),
            Err(AppError::Unavailable(why)) => (None, vec![why]),
            Err(other) => return Err(other),
        };
        let (effective, policies) = self.policies(&asked, from_git.as_ref());
        let mut judged = Judged {
            facts: no_facts(repo, &asked, errors),
            decision: undecided(),
            effective,
            policies,
            tree: None,
            links: None,
            landed: None,
            title: String::new(),
            committed_at: None,
            pull,
            seen,
        };
        let base_tip = from_git.as_ref().and_then(|from_git| from_git.base_tip);
        Box::pin(self.gather(repo, &mut judged, from_git)).await?;
        if let Some(base_tip) = base_tip {
            let (effective, facts) = (&judged.effective, &judged.facts);
            let found = Box::pin(self.reverted(repo, effective, facts, base_tip)).await?;
            judged.facts.reverts = found;
        }
        let classification = policy::classify_at(&judged.effective, &judged.facts, as_of);
        judged.decision = policy::decide(&judged.effective, &judged.facts, &classification, as_of);
        Ok(judged)
    }

    /// Reads what git says and keeps the head, so that no force push takes away what was judged (sem 8).
    async fn read_and_keep(&self, repo: &Repository, asked: Asked) -> Result<FromGit, AppError> {
        self.with_mirror(repo, move |mirror| {
            let found = asked.read(mirror.repo())?;
            mirror.keep(asked.head)?;
            Ok(found)
        })
        .await
    }

    /// The policy in force, and its layers' bytes to be kept with the decision.
    fn policies(
        &self,
        asked: &Asked,
        from_git: Option<&FromGit>,
    ) -> (Effective, Vec<(String, Vec<u8>)>) {
        let organisation = self.organisation();
        let policy = from_git.map(|from_git| &from_git.policy);
        let layer = policy.map_or(Layer::Missing, PolicyAt::layer);
        let base = policy.map_or(&asked.policy_branch, |policy| &policy.base);
        let effective = effective(organisation.layer(), layer, base);
        let mut policies = organisation.bytes();
        policies.extend(policy.and_then(|p| Some((p.digest.clone(), p.bytes.clone()?))));
        (effective, policies)
    }

    /// Fills the facts in: people first, since everything else names them.
    async fn gather(
        &self,
        repo: &Repository,
        judged: &mut Judged,
        from_git: Option<FromGit>,
    ) -> Result<(), AppError> {
        let mut tx = self.db().read().await?;
        let organisation = &judged.effective.organisation;
        let people = People::load(&mut tx, &repo.source, organisation).await?;
        let facts = &mut judged.facts;
        facts.grants = people.grants(organisation);
        facts.pull = judged.pull.as_ref().map(|pull| pull_facts(pull, &people));
        facts.checks = checks(&mut tx, repo, facts.head).await?;
        if let Some(pull) = &judged.pull {
            facts.overrides = overrides::of_pull(&mut tx, &repo.id, pull.number).await?;
            facts.disowned = disowned::of_pull(&mut tx, &repo.id, pull.number).await?;
        }
        if let Some(now) = judged.pull.as_ref().and_then(|pull| pull.now.as_ref()) {
            judged.title.clone_from(&now.value.title);
        }
        let Some(from_git) = from_git else { return Ok(()) };
        facts.landing = from_git.landed.as_ref().map(|landed| landed.landing.clone());
        name_landing(facts, judged.pull.as_ref(), &people);
        facts.fingerprint = from_git.facts.fingerprint;
        facts.files = from_git.facts.files;
        facts.commits = name_commits(&mut tx, repo, &people, from_git.facts.commits).await?;
        if judged.pull.is_none() {
            judged.title = from_git.title;
        }
        judged.tree = Some(from_git.tree);
        judged.committed_at = from_git.committed_at;
        judged.landed = from_git.landed;
        let Some(pull) = &judged.pull else { return Ok(()) };
        facts.opinions = said::opinions(pull, &people, &from_git.opinions);
        for opinion in &mut facts.opinions {
            opinion.elsewhere = from_git.elsewhere.get(&opinion.id).cloned();
        }
        facts.reviewed = from_git.opinions.into_values().filter_map(|at| at.other).collect();
        judged.links = self.links_of(&mut tx, repo, pull, from_git.messages).await?;
        if let Some(links) = &judged.links {
            let at = facts.landing.as_ref().and_then(|landing| landing.at);
            facts.tickets = links::tickets(&mut tx, links, at).await?;
        }
        Ok(())
    }

    async fn pull(
        &self,
        tx: &mut Tx,
        repo: &Repository,
        number: u64,
    ) -> Result<PullRequest, AppError> {
        let key = project::pull_key(&repo.id, number);
        let pull = aggregates::get(tx, "pull_request", &key).await?;
        pull.ok_or_else(|| {
            AppError::NotFound(format!("there is no pull request {}#{number} here", repo.name))
        })
    }

    /// What to ask git: which head, which branch, which policy, which reviewed commits.
    fn asked(
        &self,
        repo: &Repository,
        subject: &Subject,
        pull: Option<&PullRequest>,
    ) -> Result<Asked, AppError> {
        let default = self.default_branch(repo);
        let Some(pull) = pull else {
            let Subject::Direct(commit) = subject else {
                return Err(AppError::internal("a pull request without its fold", &repo.name));
            };
            return Ok(Asked {
                branch: default.clone(),
                policy_branch: default,
                head: *commit,
                landed: None,
                groups: Vec::new(),
                once: Vec::new(),
                direct: true,
                reviewed: Vec::new(),
                aimed_elsewhere: Vec::new(),
            });
        };
        let head = pull.head().ok_or_else(|| {
            AppError::NotFound(format!("{}#{}: its head is not known yet", repo.name, pull.number))
        })?;
        let branch =
            pull.now.as_ref().map_or_else(|| default.clone(), |now| now.value.base_branch.clone());
        let protected = self.is_protected(repo, &branch);
        let policy_branch = if protected { branch.clone() } else { default };
        let landed = pull.landed.as_ref().map(|landed| git::landing::Proposal {
            head,
            claimed: landed.value.commit,
            before: pull.now.as_ref().map(|now| now.value.base),
        });
        let reviewed: std::collections::BTreeSet<Oid> = pull
            .reviews
            .values()
            .filter_map(|review| review.said.as_ref().and_then(|said| said.value.commit))
            .chain(said::comments(pull).filter_map(|(_, comment)| said::about(pull, comment)))
            .filter(|commit| *commit != head)
            .collect();
        let reviewed = reviewed.into_iter().collect();
        let groups = Vec::new();
        let claimed = landed.and_then(|landed| landed.claimed);
        let base = pull.now.as_ref().map(|now| now.value.base);
        let once = claimed.into_iter().chain(base).filter(|_| !protected).collect();
        let aimed_elsewhere = reviewed::aimed_elsewhere(pull, &branch);
        Ok(Asked {
            branch,
            policy_branch,
            head,
            landed,
            groups,
            once,
            direct: false,
            reviewed,
            aimed_elsewhere,
        })
    }

    /// The default branch of a repository.
    pub(crate) fn default_branch(&self, repo: &Repository) -> String {
        self.repository_config(repo)
            .map(|config| config.default_branch.clone())
            .or_else(|| repo.default_branch.clone())
            .unwrap_or_else(|| "main".to_owned())
    }

    /// Whether a branch is protected here.
    pub(crate) fn is_protected(&self, repo: &Repository, branch: &str) -> bool {
        let patterns = self.repository_config(repo).map(|config| &config.protected_branches);
        patterns
            .into_iter()
            .flatten()
            .any(|pattern| Glob::parse(pattern).is_ok_and(|glob| glob.matches_text(branch)))
    }

    async fn links_of(
        &self,
        tx: &mut Tx,
        repo: &Repository,
        pull: &PullRequest,
        messages: Vec<String>,
    ) -> Result<Option<Links>, AppError> {
        let Some(now) = &pull.now else { return Ok(None) };
        let texts = links::Texts {
            title: now.value.title.clone(),
            branch: now.value.head_branch.clone(),
            body: now.value.body.clone(),
            messages,
            repo: repo.name.clone(),
        };
        let known = store::tickets::projects(tx).await?;
        let said = links::said(tx, &repo.id, pull.number).await?;
        Ok(Some(links::found(&texts, &known, said, now.at)))
    }
}

/// Facts before anything is known but what is judged.
fn no_facts(repo: &Repository, asked: &Asked, errors: Vec<String>) -> Facts {
    Facts {
        repo: repo.name.clone(),
        branch: asked.branch.clone(),
        head: asked.head,
        fingerprint: String::new(),
        pull: None,
        files: Vec::new(),
        commits: Vec::new(),
        opinions: Vec::new(),
        reviewed: Vec::new(),
        reverts: Vec::new(),
        overrides: Vec::new(),
        disowned: Vec::new(),
        grants: Vec::new(),
        tickets: Vec::new(),
        checks: Vec::new(),
        landing: None,
        errors,
    }
}

/// What stands before anything is decided: not a pass.
fn undecided() -> Decision {
    Decision {
        state: policy::State::Error,
        classification: Classification {
            class: Class::Critical,
            why: "nothing is decided yet".to_owned(),
            files: Vec::new(),
            limits: Vec::new(),
            revert: None,
        },
        rules: Vec::new(),
        missing: Vec::new(),
        opinions: Vec::new(),
        summary: String::new(),
        holds_until: None,
    }
}

/// When and by whom it landed, as the source says.
fn name_landing(facts: &mut Facts, pull: Option<&PullRequest>, people: &People) {
    let said = pull.and_then(|pull| pull.landed.as_ref()).map(|landed| &landed.value);
    if let (Some(landing), Some(said)) = (facts.landing.as_mut(), said) {
        landing.at = said.at.or(landing.at);
        landing.by = said.by.as_ref().map(|account| people.of_account(account));
    }
}

/// The proposal as a fact.
fn pull_facts(pull: &PullRequest, people: &People) -> Pull {
    let now = pull.now.as_ref().map(|now| &now.value);
    let opener = pull.opener.as_ref().map(|opener| &opener.value);
    let mut pushers: Vec<_> =
        pull.pushers().iter().map(|account| people.of_account(account)).collect();
    pushers.sort();
    pushers.dedup();
    let driver = |(how, account): &(Drove, Account)| Driver {
        person: people.of_account(account),
        how: *how,
    };
    let mut drivers: Vec<Driver> = pull.drivers.iter().map(driver).collect();
    drivers.sort();
    drivers.dedup();
    Pull {
        number: pull.number,
        title: now.map(|now| now.title.clone()).unwrap_or_default(),
        opener: opener.map(|account| people.of_account(account)),
        opener_is_bot: opener.is_some_and(|account| account.kind == AccountKind::Bot),
        pushers,
        pushed_by_unknown: pull.pushed_by_unknown(),
        drivers,
        labels: now.map(|now| now.labels.clone()).unwrap_or_default(),
        draft: now.is_some_and(|now| now.draft),
    }
}

/// The latest checks on a commit.
async fn checks(tx: &mut Tx, repo: &Repository, head: Oid) -> Result<Vec<Check>, AppError> {
    let fold: Option<Checks> =
        aggregates::get(tx, "checks", &format!("{}@{head}", repo.id)).await?;
    let mut checks: Vec<Check> = fold
        .iter()
        .flat_map(Checks::outcomes)
        .map(|(name, _, conclusion)| Check {
            name: name.to_owned(),
            conclusion: conclusion.map(str::to_owned),
        })
        .collect();
    checks.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(checks)
}

/// Says who wrote the commits: the source's own mapping first, then the organisation's (contract).
async fn name_commits(
    tx: &mut Tx,
    repo: &Repository,
    people: &People,
    mut commits: Vec<Commit>,
) -> Result<Vec<Commit>, AppError> {
    for commit in &mut commits {
        let (author, committer) =
            store::accounts::of_commit(tx, &repo.id, &commit.id.to_string()).await?;
        let named = |signature: &Signature, said: Option<&str>| {
            people.signature(&signature.name, &signature.email, said)
        };
        let same = commit.author.email == commit.committer.email;
        let committer = committer.or_else(|| author.clone().filter(|_| same));
        commit.author = named(&commit.author, author.as_deref());
        commit.committer = named(&commit.committer, committer.as_deref());
        for co_author in &mut commit.co_authors {
            *co_author = people.co_author(&co_author.name, &co_author.email);
        }
    }
    Ok(commits)
}

/// What a file's bytes say, and how its keys differ.
pub(crate) fn readers() -> Readers<'static> {
    Readers { scan: &scan, keys: &policy::keys::diff, dependencies: &policy::dependencies::diff }
}

fn scan(sides: &Sides<'_>) -> Content {
    let mode = |side: Option<(Side, Option<&[u8]>)>| side.map(|(side, _)| side.mode);
    policy::content::scan(
        sides.old.and_then(|(_, bytes)| bytes),
        sides.new.and_then(|(_, bytes)| bytes),
        mode(sides.old),
        mode(sides.new),
    )
}

impl Asked {
    fn read(&self, repo: &git::Repo) -> Result<FromGit, GitError> {
        let commit = repo.read_commit(self.head)?;
        if self.direct {
            return self.read_direct(repo, &commit);
        }
        let tip = self.tip(repo)?;
        let landed = match &self.landed {
            Some(proposal) => find_landing(repo, tip, proposal, &self.groups)?,
            None => None,
        };
        let base_tip = match &landed {
            Some(landed) => before_landing(repo, landed)?.unwrap_or(tip),
            None => tip,
        };
        let policy = self.policy(repo, landed.is_some().then_some(base_tip))?;
        let facts = git::facts::change_facts(repo, base_tip, self.head, readers())?;
        let at_head = AtHead { repo, head: self.head, base_tip, facts: &facts };
        let opinions = at_head.prove(&self.reviewed)?;
        let elsewhere = reviewed::elsewhere(repo, &self.aimed_elsewhere)?;
        let messages = facts
            .commits
            .iter()
            .map(|commit| repo.read_commit(commit.id).map(|commit| commit.message))
            .collect::<Result<_, _>>()?;
        Ok(FromGit {
            facts,
            base_tip: Some(base_tip),
            policy,
            opinions,
            elsewhere,
            landed,
            tree: commit.tree()?,
            messages,
            title: commit.title().to_owned(),
            committed_at: commit.committer.time(),
        })
    }

    fn read_direct(
        &self,
        repo: &git::Repo,
        commit: &git::commit::RawCommit,
    ) -> Result<FromGit, GitError> {
        let parent = commit.parents()?.first().copied();
        Ok(FromGit {
            facts: git::facts::direct_facts(repo, self.head, readers())?,
            base_tip: None,
            policy: self.policy(repo, parent)?,
            opinions: BTreeMap::new(),
            elsewhere: BTreeMap::new(),
            landed: None,
            tree: commit.tree()?,
            messages: vec![commit.message.clone()],
            title: commit.title().to_owned(),
            committed_at: commit.committer.time(),
        })
    }

    /// The tip of the branch it goes to. A branch of another proposal goes with that one; then the landing that the
    /// source names, or the base it last told of, stands for it.
    fn tip(&self, repo: &git::Repo) -> Result<Oid, GitError> {
        match repo.resolve_ref(&format!("refs/heads/{}", self.branch)) {
            Err(GitError::NoSuchRef(name)) => {
                let once = self.once.iter().copied().find(|commit| repo.contains(*commit));
                once.ok_or(GitError::NoSuchRef(name))
            }
            found => found,
        }
    }

    /// The policy at the base: of what has landed on a protected branch, as it was before it landed; else at the tip of
    /// the branch whose policy holds (sem 6.2).
    fn policy(&self, repo: &git::Repo, before: Option<Oid>) -> Result<PolicyAt, GitError> {
        let at = match before.filter(|_| self.branch == self.policy_branch) {
            Some(before) => before,
            None => repo.resolve_ref(&format!("refs/heads/{}", self.policy_branch))?,
        };
        PolicyAt::read(repo, &self.policy_branch, at)
    }
}

/// The groups of a merge queue that bring the commit which the source names as a landing.
async fn groups_of(
    tx: &mut Tx,
    repo: &Repository,
    pull: Option<&PullRequest>,
) -> Result<Vec<Group>, AppError> {
    let landed = pull.and_then(|pull| pull.landed.as_ref()).and_then(|landed| landed.value.commit);
    let Some(landed) = landed else { return Ok(Vec::new()) };
    let rows = store::groups::of_commit(tx, &repo.id, &landed.to_string()).await?;
    Ok(rows.iter().filter_map(groups::group).collect())
}

/// How a proposal landed: with a group of a merge queue, or by itself. The base that its source last named tells a fast-forward's beginning; a base that came after
/// the landing, or is not in the mirror, tells nothing, and the search goes on without it.
fn find_landing(
    repo: &git::Repo,
    tip: Oid,
    proposal: &git::landing::Proposal,
    groups: &[Group],
) -> Result<Option<Landed>, GitError> {
    for group in groups {
        if let Some(landed) = find_queued(repo, tip, proposal, group)? {
            return Ok(Some(landed));
        }
    }
    if proposal.before.is_some_and(|before| repo.contains(before))
        && let Some(landed) = git::landing::find(repo, tip, proposal)?
    {
        return Ok(Some(landed));
    }
    git::landing::find(repo, tip, &git::landing::Proposal { before: None, ..*proposal })
}

/// The branch's tip before a landing: the first commit down the first parents that did not come in with it.
fn before_landing(repo: &git::Repo, landed: &Landed) -> Result<Option<Oid>, GitError> {
    let brought: std::collections::BTreeSet<Oid> = landed.commits.iter().copied().collect();
    let mut at = landed.landing.commit;
    loop {
        let Some(parent) = repo.read_commit(at)?.parents()?.first().copied() else {
            return Ok(None);
        };
        if !brought.contains(&parent) {
            return Ok(Some(parent));
        }
        at = parent;
    }
}

/// Says that a landing is of this change's own commit: for changes that landed without a pull request.
pub(crate) fn direct_landing(commit: Oid, at: Option<Time>) -> Landing {
    Landing {
        commit,
        how: crate::domain::fact::LandingKind::Direct,
        integrity: crate::domain::fact::Integrity::Unknown,
        at,
        by: None,
        evidence: vec!["it is part of no pull request".to_owned()],
        altered: Vec::new(),
    }
}
