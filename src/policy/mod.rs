//! The rule language and the decision. Pure: facts in, a decision that explains itself out.

pub mod classify;
pub mod content;
pub mod decision;
pub mod glob;
pub mod keypath;
pub mod keys;
pub mod model;
pub mod pattern;

pub use decision::{Decision, State};
pub use model::Effective;
