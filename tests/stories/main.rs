//! Stories about promises, through public doors, each on SQLite and on PostgreSQL.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "tests say what they expect, and stop where it is not so"
)]

#[path = "../harness/mod.rs"]
mod harness;

mod access;
mod bad_input;
mod baseline;
mod bots;
mod bundle;
mod bundle_outside;
mod bundle_witnesses;
mod coauthors;
mod comments;
mod dependencies;
mod erasure;
mod examples;
mod exempt;
mod flips;
mod gate;
mod hammer;
mod https;
mod intake;
mod kept;
mod key_epochs;
mod kinds;
mod ledger;
mod ledger_headers;
mod ledger_outside;
mod links;
mod lists;
mod mutations;
mod nested;
mod oracle;
mod order;
mod owned_paths;
mod pages;
mod policy_source;
mod queue;
mod rebuild;
mod replay;
mod restored;
mod reverts;
mod rollout;
mod scheduled;
mod schemas;
mod stacked;
mod store;
mod tampering;
mod teams;
mod vetoes;
mod whatif;
mod witness_server;
mod witnesses;
