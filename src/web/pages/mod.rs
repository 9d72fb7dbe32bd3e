//! The pages: each takes the frame and its values, and gives HTML. No routes, no queries.

pub mod change;
pub mod changes;
pub mod decision;
pub mod deploy;
pub mod entry;
pub mod gallery;
pub mod ledger;
pub mod overview;
pub mod population;
pub mod problem;
pub mod sign_in;
