//! Makes the facts of a case. What the bytes of a file say is found by the caller, who knows how.

use std::collections::{BTreeMap, BTreeSet};

use super::read::oid;
use super::{Blob, Case, CaseCommit, CaseOpinion, CaseProof};
use crate::domain::fact::{
    Check, Commit, Elsewhere, Facts, Grant, Opinion, Override, Pull, Reviewed, Ticket,
};
use crate::domain::id;
use crate::domain::{AccountKind, FileChange, Oid, Person, RepoPath, Signature, Time};

/// Microseconds between two opinions of a case.
const STEP: i64 = 60_000_000;

/// The facts of a case as a pull request that has not landed, decided at `as_of`; its opinions were given in
/// the minutes before. `build_file` makes the change of one path of what stood there before and after; paths
/// that are equal on both sides are no change.
pub fn facts_of(
    case: &Case,
    as_of: Time,
    build_file: impl Fn(&RepoPath, Option<&Blob>, Option<&Blob>) -> FileChange,
) -> Facts {
    let between = |head: &BTreeMap<RepoPath, Blob>| changes(&case.base, head, &build_file);
    let files = between(&case.head);
    let head = oid(&[b"head"]);
    let fingerprint = fingerprint(&files);
    let (opinions, overrides) = opinions(case, head, &fingerprint, as_of);
    Facts {
        repo: "example/repository".to_owned(),
        branch: case.branch.clone(),
        head,
        pull: Some(pull(case)),
        reviewed: reviewed(case, &files, between),
        reverts: Vec::new(),
        overrides,
        disowned: Vec::new(),
        files,
        commits: commits(case, head),
        opinions,
        fingerprint,
        grants: grants(case),
        tickets: tickets(case),
        checks: checks(case),
        landing: None,
        errors: Vec::new(),
    }
}

fn changes(
    base: &BTreeMap<RepoPath, Blob>,
    head: &BTreeMap<RepoPath, Blob>,
    build_file: impl Fn(&RepoPath, Option<&Blob>, Option<&Blob>) -> FileChange,
) -> Vec<FileChange> {
    let paths: BTreeSet<&RepoPath> = base.keys().chain(head.keys()).collect();
    paths
        .into_iter()
        .map(|path| (path, base.get(path), head.get(path)))
        .filter(|(_, old, new)| old != new)
        .map(|(path, old, new)| build_file(path, old, new))
        .collect()
}

/// The change at each earlier commit of which the case says what stood there.
fn reviewed(
    case: &Case,
    files: &[FileChange],
    between: impl Fn(&BTreeMap<RepoPath, Blob>) -> Vec<FileChange>,
) -> Vec<Reviewed> {
    let mut found: BTreeMap<Oid, Reviewed> = BTreeMap::new();
    for said in case.approvals.iter().filter(|said| !said.files.is_empty()) {
        let Some(commit) = earlier(said) else { continue };
        let mut then = case.head.clone();
        for (path, blob) in &said.files {
            match blob {
                Some(blob) => then.insert(path.clone(), blob.clone()),
                None => then.remove(path),
            };
        }
        let mut then = between(&then);
        let differs: BTreeSet<RepoPath> = then
            .iter()
            .filter(|file| !files.contains(file))
            .chain(files.iter().filter(|file| !then.contains(file)))
            .map(|file| file.path.clone())
            .collect();
        then.retain(|file| differs.contains(&file.path));
        if !differs.is_empty() {
            found.insert(commit, Reviewed { commit, differs, files: then });
        }
    }
    found.into_values().collect()
}

/// The commit that an approval is about, if it is not the head.
fn earlier(said: &CaseOpinion) -> Option<Oid> {
    let word = said.at.as_deref().filter(|word| *word != "head")?;
    Some(oid(&[b"earlier ", word.as_bytes()]))
}

/// It stands for the one that git computes: it differs where the files differ, and no more is asked here.
fn fingerprint(files: &[FileChange]) -> String {
    use std::fmt::Write as _;
    let text = files.iter().fold(String::new(), |mut text, file| {
        let _ = writeln!(text, "{} {:?} {:?}", file.path, file.old, file.new);
        text
    });
    id::sha256(text.as_bytes())
}

fn is_bot(name: &str) -> bool {
    name.ends_with("[bot]")
}

/// The person of that name, or the bot; an address maps to nobody known.
fn person(name: &str) -> Option<Person> {
    (!name.contains('@')).then(|| Person(name.to_lowercase()))
}

fn signature(name: &str, bot: bool) -> Signature {
    let bot = bot || is_bot(name);
    let email = if name.contains('@') { name.to_owned() } else { format!("{name}@example.org") };
    Signature { name: name.to_owned(), email, person: person(name), bot }
}

fn pull(case: &Case) -> Pull {
    let mut labels = case.labels.clone();
    labels.sort();
    Pull {
        number: 1,
        title: case.name.clone(),
        opener: person(&case.author),
        opener_is_bot: is_bot(&case.author),
        pushers: case.pushers.iter().filter_map(|name| person(name)).collect(),
        pushed_by_unknown: case.pushers.iter().any(|name| person(name).is_none()),
        drivers: Vec::new(),
        labels,
        draft: case.draft,
    }
}

fn commits(case: &Case, head: Oid) -> Vec<Commit> {
    let one = [CaseCommit::default()];
    let listed = if case.commits.is_empty() { &one[..] } else { case.commits.as_slice() };
    let ids: Vec<Oid> = (1..listed.len())
        .map(|place| oid(&[b"commit ", place.to_string().as_bytes()]))
        .chain([head])
        .collect();
    let mut parent = oid(&[b"base"]);
    let mut commits = Vec::with_capacity(listed.len());
    for (commit, id) in listed.iter().zip(ids) {
        let author = commit.author.as_deref().unwrap_or(&case.author);
        let committer = commit.committer.as_deref().unwrap_or(author);
        commits.push(Commit {
            id,
            parents: vec![parent],
            author: signature(author, commit.bot),
            committer: signature(committer, commit.bot),
            co_authors: commit.co_authors.iter().map(|name| signature(name, false)).collect(),
            clean_update_merge: commit.update_merge,
            by_source: false,
        });
        parent = id;
    }
    commits
}

fn opinions(
    case: &Case,
    head: Oid,
    fingerprint: &str,
    as_of: Time,
) -> (Vec<Opinion>, Vec<Override>) {
    let number = i64::try_from(case.approvals.len()).unwrap_or(0);
    let (mut opinions, mut overrides) = (Vec::new(), Vec::new());
    for (place, said) in (0_i64..).zip(&case.approvals) {
        let at = as_of.micros().saturating_sub((number - place).saturating_mul(STEP));
        let at = Time::from_micros(at).unwrap_or(as_of);
        let id = format!("review-{:04}", place + 1);
        if let Some(by) = &said.overridden_by {
            let (by, why) = (Person(by.to_lowercase()), format!("case `{}`", case.name));
            overrides.push(Override { veto: id.clone(), by, at: as_of, why });
        }
        opinions.push(opinion(said, id, at, head, fingerprint));
    }
    (opinions, overrides)
}

fn opinion(said: &CaseOpinion, id: String, at: Time, head: Oid, fingerprint: &str) -> Opinion {
    let earlier = earlier(said);
    let same = said.proof == Some(CaseProof::SameDelta);
    let proven = |at_head: bool| (same || at_head).then(|| fingerprint.to_owned());
    Opinion {
        id,
        by: person(&said.by),
        name: said.by.clone(),
        kind: if is_bot(&said.by) { AccountKind::Bot } else { AccountKind::User },
        member: Some(said.member),
        verdict: said.state,
        commit: Some(earlier.unwrap_or(head)),
        fingerprint: proven(earlier.is_none()),
        proofs: tree_proof(said).into_iter().collect(),
        overtaken_by: earlier.map(|_| head),
        elsewhere: said
            .branch
            .clone()
            .map(|branch| Elsewhere { branch: Some(branch), fingerprint: proven(false) }),
        at,
        dismissed_at: said.dismissed.then_some(at),
        comment: None,
    }
}

/// The word by which git's facts tell of it.
fn tree_proof(said: &CaseOpinion) -> Option<String> {
    match said.proof? {
        CaseProof::SameDelta => None,
        CaseProof::CleanRebase => Some("clean_rebase".to_owned()),
        CaseProof::CleanUpdateMerge => Some("clean_update_merge".to_owned()),
    }
}

fn grants(case: &Case) -> Vec<Grant> {
    case.roles
        .iter()
        .flat_map(|(role, holders)| holders.iter().map(move |holder| (role, holder)))
        .map(|(role, holder)| Grant {
            role: role.clone(),
            person: Person(holder.user.to_lowercase()),
            scopes: holder.scopes.clone(),
            from: holder.from,
            until: holder.until,
            source: format!("case `{}`", case.name),
            doubt: None,
        })
        .collect()
}

fn checks(case: &Case) -> Vec<Check> {
    let check = |(name, conclusion): (&String, &String)| {
        let conclusion = (conclusion != "pending").then(|| conclusion.clone());
        Check { name: name.clone(), conclusion }
    };
    case.checks.iter().map(check).collect()
}

fn tickets(case: &Case) -> Vec<Ticket> {
    case.ticket
        .iter()
        .map(|ticket| Ticket {
            key: ticket.key.clone(),
            exists: true,
            status: ticket.status.clone(),
            category: None,
            found_in: vec!["title".to_owned()],
        })
        .collect()
}
