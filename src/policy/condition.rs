//! When a further requirement is needed: conditions, as plain data.
//!
//! A condition only ever adds a requirement, and nothing that an author may do makes it go away: another file, a
//! label, one more author, a red check. So each of its words *grows* with what the change brings (`files`, `labels`,
//! `authors`, `size`, …) or *shrinks* with it (`only_files`, `only_authors`); those that grow stand under an even number
//! of `not`, those that shrink under an odd one, and the reader refuses anything else (case 65). Where a fact is not
//! known the condition holds: unknown never means "not needed" (P2).

use super::glob::Glob;
use crate::domain::{Class, Person};

/// A condition; all that is given must hold. What is empty says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct When {
    /// Some file matches one of these and none of `except`.
    pub files: Vec<Glob>,
    /// Files that `files` does not mean.
    pub except: Vec<Glob>,
    /// Every file matches; of no files, none does (case 71).
    pub only_files: Vec<Glob>,
    /// Some label is there.
    pub labels: Vec<String>,
    /// The branch matches. It neither grows nor shrinks: a change that goes elsewhere is judged anew.
    pub branches: Vec<Glob>,
    /// The class is at least this.
    pub class: Option<Class>,
    /// Somebody who took part is one of these.
    pub authors: Option<Authors>,
    /// Everybody who took part is one of these.
    pub only_authors: Option<Authors>,
    /// One of these limits is passed.
    pub size: Option<Size>,
    /// One of these checks has not passed on the head: it failed, runs, was skipped, or has not reported.
    pub not_passed: Vec<String>,
    /// The proposal is still a draft.
    pub draft: bool,
    /// Each of them holds.
    pub all: Vec<When>,
    /// One of them holds.
    pub any: Vec<When>,
    /// It does not hold.
    pub not: Option<Box<When>>,
}

/// A set of people who may have taken part: whoever is in any of its lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Authors {
    /// By name, as the organisation file has them.
    pub people: Vec<Person>,
    /// Holders of a role, whatever its scope.
    pub roles: Vec<String>,
    /// Every bot.
    pub bots: bool,
}

/// Limits of a change as a whole; a rename counts once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Size {
    /// More files than this.
    pub files_over: Option<u64>,
    /// More lines added and deleted than this.
    pub lines_over: Option<u64>,
    /// More key changes than this.
    pub keys_over: Option<u64>,
}

impl When {
    /// The condition as one would say it: `a file of src/** and significant or higher`.
    #[must_use]
    pub fn words(&self) -> String {
        let globs = |of: &[Glob]| of.iter().map(Glob::as_str).collect::<Vec<_>>().join(" or ");
        let each = |of: &[Self], word: &str| {
            let parts: Vec<String> = of.iter().map(Self::words).collect();
            (!parts.is_empty()).then(|| format!("({})", parts.join(word)))
        };
        let except = if self.except.is_empty() {
            String::new()
        } else {
            format!(" but {}", globs(&self.except))
        };
        let parts = [
            (!self.files.is_empty()).then(|| format!("a file of {}{except}", globs(&self.files))),
            (!self.only_files.is_empty())
                .then(|| format!("only files of {}", globs(&self.only_files))),
            (!self.labels.is_empty()).then(|| format!("a label {}", self.labels.join(" or "))),
            (!self.branches.is_empty()).then(|| format!("a branch {}", globs(&self.branches))),
            self.class.map(|class| format!("{class} or higher")),
            self.authors.as_ref().map(|of| format!("written by {}", of.words())),
            self.only_authors.as_ref().map(|of| format!("written by nobody but {}", of.words())),
            self.size.as_ref().map(Size::words),
            (!self.not_passed.is_empty())
                .then(|| format!("{} not passed", self.not_passed.join(" or "))),
            self.draft.then(|| "a draft".to_owned()),
            each(&self.all, " and "),
            each(&self.any, " or "),
            self.not.as_ref().map(|part| format!("not ({})", part.words())),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" and ")
    }
}

impl Authors {
    /// Who it is: `lee, role contractor or bots`.
    #[must_use]
    pub fn words(&self) -> String {
        let people = self.people.iter().map(|person| person.0.clone());
        let roles = self.roles.iter().map(|role| format!("role {role}"));
        let bots = self.bots.then(|| "bots".to_owned());
        people.chain(roles).chain(bots).collect::<Vec<_>>().join(" or ")
    }
}

impl Size {
    fn words(&self) -> String {
        let limits =
            [("files", self.files_over), ("lines", self.lines_over), ("keys", self.keys_over)];
        let given = limits.into_iter().filter_map(|(noun, limit)| Some((noun, limit?)));
        given.map(|(noun, limit)| format!("over {limit} {noun}")).collect::<Vec<_>>().join(" or ")
    }
}
