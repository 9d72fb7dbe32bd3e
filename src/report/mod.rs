//! What people read: plain values that the pages are made of, and the pure functions that shape them.
//!
//! No SQL, no HTTP, no HTML: `app` fills these structs, `web::pages` prints them. Words, numbers and sums are
//! written here and nowhere else, so that page, print and export say the same.

pub mod attestation;
pub mod attribution;
pub mod change;
pub mod changes;
pub mod chart;
pub mod covered;
pub mod decision;
pub mod deploy;
pub mod entry;
pub mod excerpt;
pub mod keys;
pub mod lanes;
pub mod ledger;
pub mod list;
pub mod overview;
pub mod policy;
pub mod population;
pub mod problem;
pub mod prose;
pub mod refs;
pub mod rules;
#[doc(hidden)]
pub mod samples;
pub mod search;
pub mod sign_in;
pub mod strips;
pub mod waits;
pub mod words;
