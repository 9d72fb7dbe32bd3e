//! Countersign: an auditable ledger of tickets, pull requests and production deploys, and a gate.
//!
//! ```text
//!             cli      web            doors: arguments, HTTP, pages
//!               \      /
//!                 app                 use cases; the only place that opens a transaction
//!         /    /   |   \     \
//!    store  git  integrations  report     all SQL · all git2 · the outside · what an auditor reads
//!         \    \   |   /     /
//!          policy   ledger                pure: rules and decisions · pure: entries, tree, notes, proofs
//!               \   /
//!               domain                    pure: the words of the product
//! ```
//! An arrow points down only; siblings do not know each other. `tests/architecture.rs` holds it.

pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod git;
pub mod integrations;
pub mod ledger;
pub mod policy;
pub mod report;
pub mod store;
pub mod telemetry;
pub mod web;
