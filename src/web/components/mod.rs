//! Components of the pages, with the names of interface 5: each is a typed value with one template and one block of CSS.
//!
//! In a template: `{{ c::state(row.state) }}`. Everything escapes; nothing here builds HTML by hand.

pub mod blocks;
pub mod charts;
pub mod filters;
pub mod frame;
pub mod marks;
pub mod print;
pub mod text;

pub use blocks::*;
pub use charts::*;
pub use frame::{Area, Frame, Scope, Seal};
pub use marks::*;
pub use text::*;

/// A value, however often it is borrowed: templates pass fields by reference, loops pass references to references.
pub trait Given<T> {
    /// The value itself.
    fn given(&self) -> &T;
}

impl<T> Given<T> for T {
    fn given(&self) -> &T {
        self
    }
}

impl<T> Given<T> for &T {
    fn given(&self) -> &T {
        self
    }
}

impl<T> Given<T> for &&T {
    fn given(&self) -> &T {
        self
    }
}
