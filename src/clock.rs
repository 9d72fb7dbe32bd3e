//! The only place that looks at a clock. Everything else is given the time, so that tests and hashes hold.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::domain::Time;

/// A source of the time, in whole microseconds.
#[derive(Debug, Clone)]
pub struct Clock(Kind);

#[derive(Debug, Clone)]
enum Kind {
    System,
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Kind::System)
    }

    /// A clock that stands still until it is moved: for tests and the demo.
    #[must_use]
    pub fn fixed(at: Time) -> Self {
        Self(Kind::Fixed(Arc::new(AtomicI64::new(at.micros()))))
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Time {
        match &self.0 {
            Kind::System => system_now(),
            Kind::Fixed(micros) => {
                Time::from_micros(micros.load(Ordering::SeqCst)).unwrap_or_else(system_now)
            }
        }
    }

    /// Moves a fixed clock; the machine's stays as it is.
    pub fn set(&self, at: Time) {
        if let Kind::Fixed(micros) = &self.0 {
            micros.store(at.micros(), Ordering::SeqCst);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that may")]
fn system_now() -> Time {
    Time::from(chrono::Utc::now())
}
