//! The words of the product, as types. Pure: no I/O, no async, no database, no HTTP, no git.

pub mod baseline;
pub mod check;
pub mod class;
pub mod comment;
pub mod dependency;
pub mod deployment;
pub mod event;
pub mod fact;
pub mod file;
pub mod fold;
pub mod id;
pub mod link;
pub mod merge_group;
pub mod oid;
pub mod path;
pub mod person;
pub mod pull_request;
pub mod revert;
pub mod team;
pub mod ticket;
pub mod ticket_key;
pub mod time;

pub use class::Class;
pub use dependency::DependencyDiff;
pub use file::{FileChange, KeyChange, KeyDiff, KeyOp, Segment, Side, Value};
pub use oid::{BadOid, Oid};
pub use path::RepoPath;
pub use person::{Account, AccountKind, Person, Signature};
pub use time::{DAY, Time};
