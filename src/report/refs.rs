//! Small references that many pages share: links, tickets, exceptions, results and kinds of deploys.

use std::fmt;
use std::str::FromStr;

/// A link inside the product, or to the source a thing came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What is read.
    pub text: String,
    /// Where it goes. Only `/…`, `#…`, `?…`, `http://` and `https://` become links; anything else is shown as text.
    pub href: String,
}

impl Link {
    /// A link.
    pub fn new(text: impl Into<String>, href: impl Into<String>) -> Self {
        Self { text: text.into(), href: href.into() }
    }

    /// Whether the address may stand in an `href`: a payload must not bring `javascript:` (security 1).
    #[must_use]
    pub fn is_safe(&self) -> bool {
        let href = self.href.as_str();
        !href.starts_with("//")
            && ["/", "#", "?", "https://", "http://"].iter().any(|start| href.starts_with(start))
    }
}

/// A ticket as its tracker writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketRef {
    /// `PAY-212`.
    pub key: String,
    /// Where it is read; `None`: nowhere we know.
    pub href: Option<String>,
    /// It exists in its tracker. If not, it is struck through and says so.
    pub exists: bool,
}

/// How bad an exception is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Must be answered.
    High,
    /// Should be answered.
    Medium,
    /// Worth knowing.
    Low,
}

impl Severity {
    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }

    /// The letter in the square.
    #[must_use]
    pub fn letter(self) -> &'static str {
        match self {
            Self::High => "H",
            Self::Medium => "M",
            Self::Low => "L",
        }
    }
}

/// An exception named in a cell or a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExceptionRef {
    /// `X35`.
    pub kind: String,
    /// How bad.
    pub severity: Severity,
    /// One line.
    pub title: String,
    /// Its page; `None` while there is none.
    pub href: Option<String>,
    /// When it was opened.
    pub opened_at: Option<crate::domain::Time>,
    /// `open`, `acknowledged`, …
    pub state: String,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal / $shown:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// All of them, in the order of the contract.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The machine's word.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The word on screen.
            #[must_use]
            pub fn words(self) -> &'static str {
                match self { $(Self::$variant => $shown),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.words())
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL
                    .iter()
                    .copied()
                    .find(|one| one.as_str() == text)
                    .ok_or_else(|| format!("`{text}` is none of the words of {}", stringify!($name)))
            }
        }
    };
}

words! {
    /// What became of a deploy (contract, `status`).
    DeployStatus {
        /// It runs.
        Started = "started" / "started",
        /// It arrived.
        Succeeded = "succeeded" / "succeeded",
        /// It did not arrive.
        Failed = "failed" / "failed",
        /// It was undone.
        RolledBack = "rolled_back" / "rolled back",
    }
}

words! {
    /// How a deploy relates to the one before it (sem 8, contract `kind`).
    DeployKind {
        /// The first of its service and environment.
        Baseline = "baseline" / "baseline",
        /// The previous commit is an ancestor.
        Forward = "forward" / "forward",
        /// The new commit is an ancestor of the previous.
        Rollback = "rollback" / "rollback",
        /// The same commit again.
        Redeploy = "redeploy" / "redeploy",
        /// Diverged, on purpose.
        Hotfix = "hotfix" / "hotfix",
        /// Diverged, because history was rewritten.
        HistoryRewritten = "history_rewritten" / "history rewritten",
        /// The commit is not in the mirror.
        Unresolved = "unresolved" / "unresolved",
    }
}

impl DeployKind {
    /// Anything but the ordinary step forward is set in semibold, so that the eye finds it.
    #[must_use]
    pub fn is_unusual(self) -> bool {
        !matches!(self, Self::Forward)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_lead_to_a_page_become_links() {
        for href in ["/changes/1", "#time", "?a=b", "https://forge.example/1"] {
            assert!(Link::new("x", href).is_safe(), "{href}");
        }
        for href in
            ["javascript:alert(1)", "//evil.example", "data:text/html,x", "JaVaScript:x", ""]
        {
            assert!(!Link::new("x", href).is_safe(), "{href}");
        }
    }

    #[test]
    fn every_word_of_the_contract_reads_back() {
        for kind in DeployKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
        }
        for status in DeployStatus::ALL {
            assert_eq!(status.as_str().parse(), Ok(*status));
        }
        assert!("done".parse::<DeployStatus>().is_err());
    }
}
