//! The rule language and the decision. Pure: facts in, a decision that explains itself out.

pub mod built_in;
pub mod decision;
pub mod diagnostic;
pub mod file;
pub mod glob;
pub mod keypath;
pub mod keys;
pub mod layers;
pub mod model;
pub mod pattern;
pub mod schema;

pub use decision::{Decision, State};
pub use model::Effective;
