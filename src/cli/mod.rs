//! (room: cli)

pub mod audit;
