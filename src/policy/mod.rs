//! The rule language and the decision. Pure: facts in, a decision that explains itself out.

pub mod approvals;
pub mod built_in;
pub mod classify;
pub mod content;
pub mod decide;
pub mod decision;
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
