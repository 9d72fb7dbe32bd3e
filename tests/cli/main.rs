//! What the commands promise to whoever runs them: exit codes, exact sentences, and a gate client that no server can
//! talk into a pass.

#![expect(
    clippy::expect_used,
    unreachable_pub,
    reason = "a test that cannot go on ends here, and says at what"
)]

mod arguments;
mod bundle;
mod erasure;
mod gate;
mod gate_signed;
mod ledger;
mod misuse;
mod people;
mod policy;
mod rotation;
mod service;
mod witness;
mod world;
