//! Reading records for the API: the contract's JSON, page by page. What pages show is in `views`.

pub(crate) mod changes;
mod deliveries;
mod deploys;

use serde::Deserialize;
use serde_json::Value;

use super::AppError;
use crate::domain::{DAY, Time};
use crate::store::list::{Place, Window};

/// Items on a page unless asked otherwise, and at the most.
const USUAL: i64 = 50;
const MOST: i64 = 500;

/// What a list is asked for. Times are RFC 3339 or dates; `to` is included where it is a date.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Items on a page, 1 to 500.
    pub limit: Option<i64>,
    /// Where the last page ended.
    pub cursor: Option<String>,
    /// From.
    pub from: Option<String>,
    /// To.
    pub to: Option<String>,
    /// Of one repository.
    pub repo: Option<String>,
    /// To one environment.
    pub environment: Option<String>,
    /// Of one service.
    pub service: Option<String>,
    /// Of one class.
    pub class: Option<String>,
    /// In one state.
    pub state: Option<String>,
    /// With one result.
    pub status: Option<String>,
    /// Of one kind.
    pub kind: Option<String>,
}

/// A page of a list.
#[derive(Debug, Clone)]
pub struct Page {
    /// The items.
    pub items: Vec<Value>,
    /// Where the next page begins; `None`: this is the last.
    pub next: Option<String>,
}

impl Wanted {
    pub(crate) fn limit(&self) -> Result<i64, AppError> {
        match self.limit {
            None => Ok(USUAL),
            Some(limit @ 1..=MOST) => Ok(limit),
            Some(_) => Err(AppError::Invalid(format!("limit: 1 to {MOST}"))),
        }
    }

    /// From and until in microseconds, until excluded.
    pub(crate) fn period(&self) -> Result<(i64, i64), AppError> {
        let from = self.from.as_deref().map(|text| instant("from", text)).transpose()?;
        let to = self.to.as_deref().map(|text| instant("to", text)).transpose()?;
        Ok((from.map_or(0, |(from, _)| from), to.map_or(i64::MAX, |(_, until)| until)))
    }

    /// The page that is asked for, newest first.
    pub(crate) fn window(&self) -> Result<Window, AppError> {
        let after = self.cursor.as_ref().map(|cursor| {
            cursor
                .split_once('.')
                .and_then(|(at, id)| {
                    let (at, id) = (at.parse().ok()?, id.to_owned());
                    Some(Place { at, id, service: String::new() })
                })
                .ok_or_else(|| {
                    AppError::Invalid("cursor: take it from `next` of the last page".to_owned())
                })
        });
        Ok(Window::newest(after.transpose()?, self.limit()?))
    }
}

/// The cursor of a place.
pub(crate) fn cursor(at: i64, id: &str) -> String {
    format!("{at}.{id}")
}

/// A time or a date in microseconds: when it begins, and when it is over.
pub(crate) fn instant(field: &str, text: &str) -> Result<(i64, i64), AppError> {
    let time = |text: &str| text.parse::<Time>().ok().map(Time::micros);
    if let Some(at) = time(text) {
        return Ok((at, at));
    }
    time(&format!("{text}T00:00:00Z")).map(|at| (at, at + DAY)).ok_or_else(|| {
        AppError::Invalid(format!(
            "{field}: `{text}` is neither a date such as 2026-10-31 nor a time"
        ))
    })
}

/// Whether a page is full, so that another may follow.
pub(crate) fn is_full(rows: usize, limit: i64) -> bool {
    i64::try_from(rows).is_ok_and(|rows| rows == limit)
}
