//! What somebody proposes: commits to make, and the pull request around them.

use crate::git::build::Files;

/// One commit to make.
#[derive(Debug, Clone, Default)]
pub struct Work {
    pub(super) message: String,
    pub(super) files: Vec<(String, Option<String>)>,
    pub(super) author: Option<String>,
    pub(super) unknown_author: Option<(String, String)>,
    pub(super) co_authors: Vec<String>,
    pub(super) by_forge: bool,
}

impl Work {
    /// With this message.
    #[must_use]
    pub fn new(message: &str) -> Self {
        Self { message: message.to_owned(), ..Self::default() }
    }

    /// A file gets this text.
    #[must_use]
    pub fn file(mut self, path: &str, text: &str) -> Self {
        self.files.push((path.to_owned(), Some(text.to_owned())));
        self
    }

    /// A file goes.
    #[must_use]
    pub fn without(mut self, path: &str) -> Self {
        self.files.push((path.to_owned(), None));
        self
    }

    /// Somebody else wrote it.
    #[must_use]
    pub fn written_by(mut self, login: &str) -> Self {
        self.author = Some(login.to_owned());
        self
    }

    /// Somebody without an account wrote it.
    #[must_use]
    pub fn written_by_stranger(mut self, name: &str, email: &str) -> Self {
        self.unknown_author = Some((name.to_owned(), email.to_owned()));
        self
    }

    /// The forge makes the commit itself, as it does for what is done in its pages or by an app over its API.
    #[must_use]
    pub fn made_by_the_forge(mut self) -> Self {
        self.by_forge = true;
        self
    }

    /// Somebody else had a part in it.
    #[must_use]
    pub fn with(mut self, login: &str) -> Self {
        self.co_authors.push(login.to_owned());
        self
    }

    pub(super) fn apply(&self, files: &mut Files) {
        for (path, text) in &self.files {
            match text {
                Some(text) => files.insert(path.clone(), text.as_bytes().to_vec()),
                None => files.remove(path),
            };
        }
    }
}

/// What is proposed.
#[derive(Debug, Clone)]
pub struct Proposal {
    pub(super) branch: String,
    pub(super) base: String,
    pub(super) from: Option<String>,
    pub(super) title: String,
    pub(super) body: String,
    pub(super) work: Vec<Work>,
    pub(super) draft: bool,
    pub(super) assignees: Vec<String>,
    pub(super) sender: Option<String>,
}

impl Proposal {
    /// From a new branch, with this title, to `main`.
    #[must_use]
    pub fn new(branch: &str, title: &str) -> Self {
        Self {
            branch: branch.to_owned(),
            base: "main".to_owned(),
            from: None,
            title: title.to_owned(),
            body: String::new(),
            work: Vec::new(),
            draft: false,
            assignees: Vec::new(),
            sender: None,
        }
    }

    /// Opened with this assignee.
    #[must_use]
    pub fn assigned(mut self, login: &str) -> Self {
        self.assignees.push(login.to_owned());
        self
    }

    /// Opened by the act of somebody else than its opener.
    #[must_use]
    pub fn sent_by(mut self, login: &str) -> Self {
        self.sender = Some(login.to_owned());
        self
    }

    /// To another branch.
    #[must_use]
    pub fn onto(mut self, base: &str) -> Self {
        base.clone_into(&mut self.base);
        self
    }

    /// Grown from another branch than the one it goes to: it carries that one's commits along.
    #[must_use]
    pub fn grown_from(mut self, branch: &str) -> Self {
        self.from = Some(branch.to_owned());
        self
    }

    /// With this description.
    #[must_use]
    pub fn saying(mut self, body: &str) -> Self {
        body.clone_into(&mut self.body);
        self
    }

    /// One more commit.
    #[must_use]
    pub fn work(mut self, work: Work) -> Self {
        self.work.push(work);
        self
    }

    /// One more commit that gives one file this text, under the proposal's title.
    #[must_use]
    pub fn file(self, path: &str, text: &str) -> Self {
        let work = Work::new(&self.title).file(path, text);
        self.work(work)
    }

    /// Not ready yet.
    #[must_use]
    pub fn as_draft(mut self) -> Self {
        self.draft = true;
        self
    }
}
