//! Cases of the conformance list by number, and properties.

mod disowned;
mod nested;
mod nested_properties;
mod people;
mod properties;
mod rules;
mod staleness;
