//! `countersign demo`.

pub mod forge;
