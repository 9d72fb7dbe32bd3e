//! Configuration (`countersign.toml`).
