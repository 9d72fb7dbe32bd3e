//! GitHub: what it sends us ([`webhook`]) and what we ask it ([`client`]).

pub mod client;
mod payload;
mod rest;
pub mod webhook;
