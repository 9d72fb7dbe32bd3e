//! Stories about promises, through public doors, each on SQLite and on PostgreSQL.

#[path = "../harness/mod.rs"]
mod harness;

mod access;
mod intake;
mod ledger;
mod store;
