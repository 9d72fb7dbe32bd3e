//! Promises of the pages that can be read from their HTML and their style sheet alone (interface 6).

#![expect(clippy::expect_used, unreachable_pub, reason = "a helper of a test fails by panicking")]

mod browser;
mod colours;
mod html;
mod samples;
mod style;
mod sums;
mod words;
