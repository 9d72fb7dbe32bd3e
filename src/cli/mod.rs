//! Doors of the command line: arguments in, text and exit codes out.

pub mod demo;
