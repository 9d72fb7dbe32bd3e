//! CODEOWNERS as a source of requirements: a file of GitHub or GitLab becomes entries of `approval.also` that demand of
//! every path the owners that the file demands, and nothing else.
//!
//! In CODEOWNERS the last match wins, here rules add up. So each line becomes a rule whose files are those of its
//! pattern `except` those of every later line of its section. What a dialect's pattern means is written out in our
//! globs (`pattern`); what cannot be said exactly is reported with its line and left out, never read as something else.
//! Sources: GitHub, "About code owners"; GitLab, "Syntax of CODEOWNERS file" and its `Gitlab::CodeOwners::File`.

mod owner;
mod pattern;
mod print;
#[cfg(test)]
mod property_tests;
mod read;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use super::diagnostic::Diagnostic;
use super::file::{MAX_BYTES, OrganisationFile, read_organisation, read_repository};

pub use owner::Owner;

/// Whose grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Patterns like those of gitignore; no sections.
    Github,
    /// Patterns of `fnmatch`; sections, counts, exclusions.
    Gitlab,
}

/// Lines of which the last that matches a path says who owns it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Section {
    /// Its name as first written; empty for the lines before the first heading.
    pub name: String,
    /// Its lines, in order.
    pub entries: Vec<Entry>,
    /// Globs of paths that nobody owns in this section, wherever the exclusion stands.
    pub excluded: Vec<String>,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// From 1.
    pub line: u64,
    /// As written.
    pub pattern: String,
    /// The same as our globs: a path matches the pattern if it matches one of these.
    pub globs: Vec<String>,
    /// Who owns it, each once; empty: nobody.
    pub owners: Vec<Owner>,
    /// How many of them have to approve; 0: none, the section is optional.
    pub count: u64,
}

/// What came of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// A policy for a repository.
    pub policy: String,
    /// The organisation's part: a role for each set of owners.
    pub roles: String,
    /// What could not be taken over (errors), and what somebody should look at (warnings), in the order of the file.
    pub found: Vec<Diagnostic>,
}

/// Reads a CODEOWNERS file and says the same as a policy. `name` is for diagnostics. An organisation file, if there is
/// one, says who the owners are by their addresses, and which roles are there already.
#[must_use]
pub fn import(
    name: &str,
    text: &str,
    dialect: Dialect,
    organisation: Option<&OrganisationFile>,
) -> Imported {
    let lines = read::Lines::of(text);
    let (sections, mut found) = read::read(name, &lines, dialect);
    let mut size = 0;
    // Beyond what a policy may hold nothing more is worked out: the reader refuses the text anyway.
    let fits = |demand: &Demand<'_>| {
        let before = size;
        size += demand.except.iter().map(|glob| glob.len()).sum::<usize>();
        before <= MAX_BYTES
    };
    let demands: Vec<Demand<'_>> = sections.iter().flat_map(demands).take_while(fits).collect();
    let policy = print::policy(&demands);
    let (roles, unknown) = print::roles(&demands, dialect, organisation);
    found.extend(unknown.into_iter().map(|problem| problem.at(name, &lines)));
    found.extend(refusals(&policy, &roles));
    found.sort_by_key(|one| (one.line, one.column, one.code));
    found.dedup();
    Imported { policy, roles, found }
}

/// What a line demands of the paths that no later line of its section takes.
#[derive(Debug)]
pub(in crate::policy) struct Demand<'a> {
    section: &'a str,
    entry: &'a Entry,
    except: Vec<&'a str>,
}

/// Every line that demands something, with the globs of all that take from it.
fn demands(section: &Section) -> impl Iterator<Item = Demand<'_>> {
    let demanding = |entry: &Entry| !entry.owners.is_empty() && entry.count > 0;
    let lines = section.entries.iter().enumerate();
    lines.filter(move |(_, entry)| demanding(entry)).map(|(place, entry)| {
        let later = section.entries.iter().skip(place + 1).flat_map(|entry| &entry.globs);
        let mut seen = BTreeSet::new();
        let except = later
            .chain(&section.excluded)
            .map(String::as_str)
            .filter(|glob| entry.globs.iter().any(|mine| !pattern::disjoint(mine, glob)))
            .filter(|glob| seen.insert(*glob))
            .collect();
        Demand { section: &section.name, entry, except }
    })
}

/// A file of thousands of lines may be more than a policy can hold; then it says so itself.
fn refusals(policy: &str, roles: &str) -> Vec<Diagnostic> {
    let repository = read_repository("the imported policy", policy.as_bytes()).err();
    let organisation = read_organisation("the imported roles", roles.as_bytes()).err();
    repository.into_iter().chain(organisation).flatten().filter(Diagnostic::is_error).collect()
}
