//! Jira Cloud and Data Center: what they send us ([`webhook`]).

pub mod webhook;
