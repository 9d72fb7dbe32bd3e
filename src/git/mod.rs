//! Everything that reads git: mirrors, facts of a change, proofs by tree, landings, attribution, history.
//!
//! All of git2 lives here and none of its types leave this room. Every function is synchronous: callers put
//! them on a blocking thread. Repositories are hostile input (sem 11.12): bare, no checkout, no submodules, no
//! hooks; bytes, files and time are capped; paths and messages are bytes.
//!
//! How to read the room: [`repo`] opens and asks simple questions · [`mirror`] fetches · [`diff`] compares trees ·
//! [`facts`] makes the facts of a change (sem 1), `attributes` says what base marks as generated · [`trees`] proves by automatic merge (sem 4) · [`landing`]
//! says how a proposal reached its branch (sem 7) · [`reverts`] whether it takes a landing back (sem 2.3) · [`range`] and [`buckets`] attribute a deploy (sem 8) ·
//! [`excerpt`] tells changed lines to people · [`history`] lists the landings of any local clone, for `countersign audit`.

mod attributes;
pub mod buckets;
pub mod build;
pub mod commit;
pub mod diff;
pub mod error;
pub mod excerpt;
pub mod facts;
pub mod fetch;
pub mod hints;
pub mod history;
pub mod landing;
pub mod mirror;
pub mod range;
pub mod repo;
pub mod reverts;
pub mod tickets;
pub mod trees;

#[cfg(test)]
mod testkit;

pub use error::GitError;
pub use mirror::Mirror;
pub use repo::Repo;
