//! (room: web)

pub mod assets;
pub mod components;
pub mod pages;
