//! Times: whole microseconds in UTC, because PostgreSQL keeps no more and a hash over more would not verify.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, SubsecRound as _, Utc};
use serde::{Deserialize, Serialize};

/// An instant in UTC with microseconds. Its one text form is RFC 3339 with six digits and `Z`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Time(DateTime<Utc>);

/// A day in microseconds.
pub const DAY: i64 = 24 * 3600 * 1_000_000;

impl Time {
    /// Microseconds since 1970-01-01; `None` outside the years that can be written.
    #[must_use]
    pub fn from_micros(micros: i64) -> Option<Self> {
        DateTime::from_timestamp_micros(micros).map(Self)
    }

    /// Seconds since 1970-01-01, as git writes them.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        DateTime::from_timestamp(seconds, 0).map(Self)
    }

    /// Microseconds since 1970-01-01.
    #[must_use]
    pub fn micros(self) -> i64 {
        self.0.timestamp_micros()
    }

    /// The same instant as chrono's type.
    #[must_use]
    pub fn utc(self) -> DateTime<Utc> {
        self.0
    }

    /// `2026-10-14 09:41:07 UTC`, as detail pages write it (interface 1.2).
    #[must_use]
    pub fn to_seconds_text(self) -> String {
        self.0.format("%Y-%m-%d %H:%M:%S UTC").to_string()
    }

    /// `2026-10-14 09:41`, as lists write it below a head that says UTC.
    #[must_use]
    pub fn to_minutes_text(self) -> String {
        self.0.format("%Y-%m-%d %H:%M").to_string()
    }

    /// `2026-10-14`.
    #[must_use]
    pub fn to_date_text(self) -> String {
        self.0.format("%Y-%m-%d").to_string()
    }
}

impl From<DateTime<Utc>> for Time {
    fn from(at: DateTime<Utc>) -> Self {
        Self(at.trunc_subsecs(6))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time such as 2026-11-20T14:00:00Z")]
pub struct BadTime(pub String);

impl FromStr for Time {
    type Err = BadTime;

    /// RFC 3339, and the form without a colon in the offset that Jira sends (`+0100`).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        DateTime::parse_from_rfc3339(text)
            .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"))
            .map(|at| Self::from(at.with_timezone(&Utc)))
            .map_err(|_| BadTime(text.chars().take(80).collect()))
    }
}

impl Serialize for Time {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_six_digits_and_z() {
        for text in [
            "2017-01-30T18:32:14.716+0100",
            "2017-01-30T17:32:14.716Z",
            "2017-01-30T18:32:14.716+01:00",
        ] {
            assert_eq!(
                text.parse::<Time>().map(|at| at.to_string()),
                Ok("2017-01-30T17:32:14.716000Z".to_owned())
            );
        }
        assert!("yesterday".parse::<Time>().is_err());
    }

    #[test]
    fn nanoseconds_are_cut_not_kept() {
        let at: Time = "2026-11-20T14:00:00.123456789Z".parse().expect("a time");
        assert_eq!(at.to_string(), "2026-11-20T14:00:00.123456Z");
        assert_eq!(Time::from_micros(at.micros()), Some(at));
    }
}
