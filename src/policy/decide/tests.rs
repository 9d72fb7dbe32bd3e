//! Cases of the conformance list by number, and properties.

mod comments;
mod disowned;
mod nested;
mod nested_properties;
mod people;
mod properties;
mod rules;
mod staleness;
