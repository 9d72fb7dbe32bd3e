//! The rule language and the decision. Pure: facts in, a decision that explains itself out.

pub mod approvals;
#[cfg(test)]
mod arbitrary;
pub mod built_in;
mod checks;
pub mod classify;
pub mod codeowners;
pub mod condition;
pub mod content;
pub mod decide;
pub mod decision;
pub mod dependencies;
pub mod deploy;
pub mod diagnostic;
pub mod exempt;
pub mod file;
pub mod glob;
pub mod keypath;
pub mod keys;
pub mod layers;
pub mod model;
pub mod pattern;
pub mod replay;
pub mod requirement;
pub mod rollout;
pub mod schema;
pub mod suggest;
pub mod testcase;
#[cfg(test)]
mod testkit;
pub mod types;
mod words;

pub use classify::{classify, classify_at};
pub use decide::decide;
pub use decision::{Decision, State};
pub use deploy::{DeployDecision, DeployFacts, decide_deploy};
pub use model::Effective;
pub use rollout::Binding;
