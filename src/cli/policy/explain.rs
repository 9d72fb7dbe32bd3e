//! `countersign policy explain`: how a change in a local clone is judged, and why. What only the service knows
//! (approvals, tickets, checks, teams) counts as not there, and the output says so.

use std::path::PathBuf;

use clap::Args;
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use serde_json::json;

use super::{Format, layer, rendered};
use crate::app::{PolicyAt, readers};
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::out::{self, DIM, PLAIN, STRONG, foreign, row};
use crate::clock::Clock;
use crate::domain::fact::{Facts, Grant, Pull};
use crate::domain::{Oid, Person, Signature};
use crate::git::facts::change_facts;
use crate::git::{GitError, Repo};
use crate::policy::decision::Rule;
use crate::policy::file::{OrganisationFile, read_organisation};
use crate::policy::layers::{Layer, effective};
use crate::policy::model::{Effective, Holder, Organisation};
use crate::policy::{self, Decision};
use crate::report::keys::{KeyOutcome, KeyRow, table};

/// Arguments of `countersign policy explain`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
The repository's policy is read at BASE, as the service reads it: a change cannot approve itself.

Example:
  countersign policy explain --repo . --base origin/main --head HEAD")]
pub(in crate::cli) struct ExplainArgs {
    /// A local clone
    #[arg(long, value_name = "PATH")]
    repo: PathBuf,
    /// Where the change is to go: a branch, tag or commit
    #[arg(long, value_name = "REV")]
    base: String,
    /// The change: a branch, tag or commit
    #[arg(long, value_name = "REV")]
    head: String,
    /// The organisation's policy; by default the built-in one binds
    #[arg(long, value_name = "FILE")]
    org: Option<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// A change with its judgement.
struct Explained {
    base: Oid,
    head: Oid,
    effective: Effective,
    decision: Decision,
}

/// Judges and prints; the exit code does not depend on the judgement.
pub(super) fn run(args: &ExplainArgs) -> Outcome {
    let organisation = layer(args.org.as_deref())?;
    let organisation = organisation.map(|(name, bytes)| {
        let digest = crate::domain::id::sha256(&bytes);
        (read_organisation(&name, &bytes), bytes, digest)
    });
    if let Some((Err(diagnostics), bytes, _)) = &organisation {
        out::note(&rendered(diagnostics, bytes));
    }
    let upper =
        organisation.as_ref().map_or(Layer::Missing, |(read, _, digest)| Layer::of(read, digest));
    let explained = judge(args, upper).map_err(|error| match error {
        GitError::NoSuchRevision(_) => Failure::usage(foreign(&error.to_string())),
        other => Failure::undone(foreign(&other.to_string())),
    })?;
    match args.format {
        Format::Json => out::say(&explained.json())?,
        Format::Text => out::say(&explained.text())?,
    }
    Ok(Exit::Done)
}

fn judge(args: &ExplainArgs, upper: Layer<'_, OrganisationFile>) -> Result<Explained, GitError> {
    let repo = Repo::open(&args.repo)?;
    let (base, head) = (repo.revision(&args.base)?, repo.revision(&args.head)?);
    let branch = args.base.rsplit("origin/").next().unwrap_or(&args.base);
    let policy = PolicyAt::read(&repo, branch, base)?;
    let effective = effective(upper, policy.layer(), &policy.base);
    let found = change_facts(&repo, base, head, readers())?;
    let mut commits = found.commits;
    for commit in &mut commits {
        let people = &effective.organisation;
        for signature in [&mut commit.author, &mut commit.committer] {
            name(signature, people);
        }
        for signature in &mut commit.co_authors {
            name(signature, people);
        }
    }
    let last = repo.read_commit(head)?;
    let name = std::fs::canonicalize(&args.repo).unwrap_or_else(|_| args.repo.clone());
    let name = name.file_name().map(|name| name.to_string_lossy().into_owned());
    let facts = Facts {
        fingerprint: found.fingerprint,
        pull: Some(Pull {
            opener: commits.first().and_then(|commit| commit.author.person.clone()),
            opener_is_bot: commits.first().is_some_and(|commit| commit.author.bot),
            ..Pull::bare(0, last.title())
        }),
        files: found.files,
        commits,
        grants: grants(&effective.organisation),
        ..Facts::bare(&name.unwrap_or_default(), branch, head)
    };
    let classification = policy::classify(&effective, &facts);
    let decision = policy::decide(&effective, &facts, &classification, Clock::system().now());
    Ok(Explained { base, head, effective, decision })
}

/// Who an address is, by the organisation file alone.
fn name(signature: &mut Signature, organisation: &Organisation) {
    let known = organisation.people.iter().find(|person| {
        person.emails.iter().any(|email| email.eq_ignore_ascii_case(&signature.email))
    });
    if let Some(known) = known {
        signature.person = Some(Person(known.user.clone()));
    }
}

/// The roles that name people. Those of teams are known to the service only.
fn grants(organisation: &Organisation) -> Vec<Grant> {
    let roles = organisation.roles.iter();
    roles
        .flat_map(|(role, entries)| entries.iter().map(move |entry| (role, entry)))
        .filter_map(|(role, entry)| match &entry.holder {
            Holder::User(user) => Some(Grant {
                role: role.clone(),
                person: Person(user.clone()),
                scopes: entry.scopes.clone(),
                from: entry.from,
                until: entry.until,
                source: entry.place.clone(),
                doubt: None,
            }),
            Holder::Team(_) => None,
        })
        .collect()
}

impl Explained {
    fn json(&self) -> String {
        let policy = json!({
            "organisation": self.effective.organisation_digest,
            "repository": self.effective.repository_digest,
            "base": self.effective.base,
            "invalid": self.effective.invalid,
        });
        json!({ "base": self.base, "head": self.head, "policy": policy, "decision": self.decision })
            .to_string()
    }

    fn text(&self) -> String {
        let class = &self.decision.classification;
        let mut lines = vec![
            row(
                DIM,
                "change",
                &format!("{} on {}", self.head.short(), foreign(&self.effective.base)),
            ),
            row(DIM, "class", &format!("{STRONG}{}{PLAIN}", class.class)),
            row(DIM, "", &foreign(&class.why)),
            row(
                DIM,
                "state",
                &format!("{} ({})", self.decision.state, self.decision.state.words()),
            ),
            row(DIM, "", &foreign(&self.decision.summary)),
            row(DIM, "policy", &self.policies()),
        ];
        lines.extend(self.effective.invalid.iter().map(|one| row(DIM, "invalid", &foreign(one))));
        lines.extend(class.limits.iter().map(|limit| row(DIM, "limit", &foreign(limit))));
        lines.push(format!("\n{STRONG}Files{PLAIN}"));
        lines.extend(self.files());
        lines.extend(self.keys());
        lines.push(format!("\n{STRONG}Rules{PLAIN}"));
        rules(&self.decision.rules, 0, &mut lines);
        lines.push(format!(
            "\n{DIM}Approvals, tickets, checks and teams are not in a clone: they count as not there.{PLAIN}"
        ));
        lines.join("\n")
    }

    fn policies(&self) -> String {
        let repository = self.effective.repository_digest.as_deref();
        format!(
            "organisation {}, repository {}",
            self.effective.organisation_digest,
            repository.unwrap_or("none")
        )
    }

    fn files(&self) -> Vec<String> {
        let files = &self.decision.classification.files;
        let line = |file: &policy::decision::FileClass| {
            format!(
                "  {:<12} {}  [{}, rule {}]\n               {}",
                file.class.to_string(),
                foreign(&file.path.to_string()),
                foreign(&file.kind),
                foreign(&file.rule),
                foreign(&file.why)
            )
        };
        files.iter().map(line).collect()
    }

    fn keys(&self) -> Vec<String> {
        let keys = table(&self.decision.classification);
        let mut lines = Vec::new();
        for group in &keys.groups {
            lines.push(format!("\n{STRONG}Keys of {}{PLAIN}", foreign(&group.path)));
            let mut table = Table::new();
            table.load_style(NOTHING);
            table.set_header(["key", "what", "before", "after", "verdict", "by"]);
            for row in &group.rows {
                table.add_row(cells(row));
            }
            lines.push(table.trim_fmt());
        }
        if !keys.groups.is_empty() {
            lines.push(keys.sum());
        }
        lines
    }
}

fn cells(row: &KeyRow) -> [String; 6] {
    let value = |value: &Option<String>| foreign(value.as_deref().unwrap_or("none"));
    let verdict = match row.verdict {
        KeyOutcome::Allowed => "allowed",
        KeyOutcome::Denied => "denied",
        KeyOutcome::NoRule => "no rule",
    };
    let by = [row.by.as_str(), row.because.as_str()].into_iter().filter(|text| !text.is_empty());
    [
        foreign(&format!("{}{}", row.stem, row.leaf)),
        row.op.to_owned(),
        value(&row.before),
        value(&row.after),
        verdict.to_owned(),
        foreign(&by.collect::<Vec<_>>().join(": ")),
    ]
}

fn rules(tree: &[Rule], depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth + 1);
    for rule in tree {
        lines.push(format!(
            "{indent}{:<14} {}  [{}]",
            rule.state.words(),
            foreign(&rule.title),
            foreign(&rule.from)
        ));
        let said = [&rule.why].into_iter().chain(&rule.seen).filter(|text| !text.is_empty());
        lines.extend(said.map(|text| format!("{indent}               {}", foreign(text))));
        if !rule.remedy.is_empty() {
            lines.push(format!("{indent}               do: {}", foreign(&rule.remedy)));
        }
        rules(&rule.rules, depth + 1, lines);
    }
}
