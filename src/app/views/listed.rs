//! What a list page is asked for: scope, filters, order and place, all of it in the address, and the addresses of the pages
//! around it. An address with the size of the ledger shows the same rows for ever.

use std::collections::BTreeMap;

use crate::app::AppError;
use crate::domain::Time;
use crate::report::list::{Order, Pager, Sort};
use crate::report::refs::Link;
use crate::store::list::{NOW, Place, Window};
use crate::store::signed;

/// Rows on a page unless asked otherwise.
pub const USUAL_SIZE: i64 = 24;
/// Rows on a page that are offered (interface 3.2).
const SIZES: [i64; 4] = [24, 50, 100, 500];

/// The columns of a list that sort, each with whether it is usually largest first. The first is the usual order.
pub type Columns = [(&'static str, bool)];

/// Which page of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Turn {
    /// The first.
    #[default]
    First,
    /// The one below a row.
    Below(Place),
    /// The one above a row.
    Above(Place),
    /// The last.
    Last,
}

/// What a list page is asked for.
#[derive(Debug, Clone, Default)]
pub struct Listed {
    /// From, microseconds.
    pub from: i64,
    /// Until, microseconds, excluded.
    pub until: i64,
    /// Environment of the scope.
    pub environment: Option<String>,
    /// Service of the scope.
    pub service: Option<String>,
    /// Filters by name.
    pub filters: BTreeMap<String, String>,
    /// Rows on a page.
    pub size: i64,
    /// The column that orders, `-` before it: largest first; `None`: the usual order.
    pub sort: Option<String>,
    /// Which page.
    pub turn: Turn,
    /// The number of its first row, from 1.
    pub row: u64,
    /// The size of the ledger that is read; `None`: as it is now.
    pub ledger: Option<u64>,
    /// The scope as a query string, to be carried on.
    pub scope: String,
    /// The same with the period written out, also where it was assumed.
    pub whole_scope: String,
}

/// The order in force: the column's place, its name, and whether it is largest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ordered {
    pub(super) column: usize,
    name: &'static str,
    descending: bool,
}

impl Listed {
    pub(super) fn filter(&self, name: &str) -> Option<String> {
        self.filters.get(name).filter(|value| !value.is_empty()).cloned()
    }

    /// Refuses a filter that a list does not have: it would show everything under an address that says otherwise.
    pub(super) fn has_only(&self, known: &[&str]) -> Result<(), AppError> {
        match self.filters.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => Err(AppError::Invalid(format!(
                "`{name}` is no filter of this list; its filters are {}",
                known.join(", ")
            ))),
        }
    }

    /// The same list without any filter.
    pub(super) fn without_filters(&self) -> Self {
        Self { filters: BTreeMap::new(), ..self.clone() }
    }

    /// The order that is asked for.
    pub(super) fn ordered(&self, columns: &'static Columns) -> Result<Ordered, AppError> {
        let usual = columns.first().copied().unwrap_or_default();
        let Some(sort) = &self.sort else {
            return Ok(Ordered { column: 0, name: usual.0, descending: usual.1 });
        };
        let wanted = sort.strip_prefix('-').unwrap_or(sort);
        let place = columns.iter().position(|(name, _)| *name == wanted);
        let (column, (name, _)) =
            place.and_then(|place| Some((place, columns.get(place)?))).ok_or_else(|| {
                let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
                AppError::Invalid(format!(
                    "sort: no list is sorted by `{sort}`; there is {}",
                    names.join(", ")
                ))
            })?;
        Ok(Ordered { column, name, descending: sort.starts_with('-') })
    }

    /// The size of the ledger that this page reads, of so many entries that there are.
    pub(super) fn read_at(&self, entries: u64) -> Result<u64, AppError> {
        let size = self.ledger.unwrap_or(entries);
        if size > entries {
            return Err(AppError::Invalid(format!(
                "ledger: there are {entries} entries, not {size}; leave it out to read all of them"
            )));
        }
        Ok(size)
    }

    /// The rows to read of so many that match, at a size of the ledger that has so many entries. Of a page that is read
    /// from its end they come in the other order: see [`Self::in_order`].
    pub(super) fn window(&self, order: Ordered, of: u64, (size, entries): (u64, u64)) -> Window {
        let (turned, after, limit) = match &self.turn {
            Turn::First => (false, None, self.size),
            Turn::Below(place) => (false, Some(place.clone()), self.size),
            Turn::Above(place) => (true, Some(place.clone()), self.size),
            Turn::Last => (true, None, self.on_last_page(of)),
        };
        let size = if size == entries { NOW } else { signed(size) };
        Window { descending: order.descending != turned, after, limit, size }
    }

    fn on_last_page(&self, of: u64) -> i64 {
        (signed(of) - 1).rem_euclid(self.size.max(1)) + 1
    }

    /// Rows as they stand on the page.
    pub(super) fn in_order<T>(&self, mut rows: Vec<T>) -> Vec<T> {
        if matches!(self.turn, Turn::Above(_) | Turn::Last) {
            rows.reverse();
        }
        rows
    }

    /// The head of a column.
    pub(super) fn sort(
        &self,
        path: &str,
        columns: &'static Columns,
        order: Ordered,
        column: usize,
    ) -> Sort {
        let Some((name, usual)) = columns.get(column) else { return Sort::default() };
        let here = order.column == column;
        let descending = if here { !order.descending } else { *usual };
        let shown = if order.descending { Order::Descending } else { Order::Ascending };
        let sort = Some(sorting(name, descending));
        let other = Self { sort, turn: Turn::First, ..self.clone() };
        Sort { order: here.then_some(shown), href: Some(other.canonical(path, columns)) }
    }

    /// Where a page of rows stands in the whole.
    pub(super) fn pager(
        &self,
        path: &str,
        order: Ordered,
        (shown, of): (usize, u64),
        ends: Option<(Place, Place)>,
        (size, entries): (u64, u64),
    ) -> Pager {
        let shown = shown as u64;
        let asked = match self.turn {
            Turn::First => 1,
            Turn::Last => of,
            _ => self.row.max(1),
        };
        let first_row =
            if shown == 0 { 0 } else { asked.min((of + 1).saturating_sub(shown)).max(1) };
        let last_row = first_row + shown.saturating_sub(1);
        let fixed = Self { ledger: Some(size), ..self.clone() };
        let to = |turn: Turn, row: u64| Self { turn, row, ..fixed.clone() }.address(path);
        let rows = u64::try_from(self.size).unwrap_or(1);
        let first = to(Turn::First, 1);
        let previous = ends.as_ref().filter(|_| first_row > 1).map(|(top, _)| {
            if first_row <= rows + 1 {
                first.clone()
            } else {
                to(Turn::Above(top.clone()), first_row - rows)
            }
        });
        let next = ends.filter(|_| last_row < of);
        let next = next.map(|(_, bottom)| to(Turn::Below(bottom), last_row + 1));
        Pager {
            first_row,
            last_row: if shown == 0 { 0 } else { last_row },
            of,
            size: rows,
            order: order.words().to_owned(),
            ledger_size: size,
            newer: (size < entries).then(|| {
                (entries, Self { ledger: None, turn: Turn::First, ..self.clone() }.address(path))
            }),
            first: (self.turn != Turn::First).then_some(first),
            previous,
            last: next.is_some().then(|| to(Turn::Last, 1)),
            next,
            sizes: SIZES
                .into_iter()
                .filter(|size| *size != self.size)
                .map(|size| {
                    let other = Self { size, turn: Turn::First, ..self.clone() };
                    Link::new(size.to_string(), other.address(path))
                })
                .collect(),
        }
    }

    /// The same list, from its first page, with one more parameter or another value of it; empty: without it.
    pub(super) fn href(&self, path: &str, change: &[(&str, &str)]) -> String {
        let mut other = Self { turn: Turn::First, ..self.clone() };
        for (name, value) in change {
            other.filters.insert((*name).to_owned(), (*value).to_owned());
        }
        other.address(path)
    }

    /// Whether something of this time, in one of these places (environment, service), lies in the scope. A place that
    /// says no environment or no service is in all of them.
    #[must_use]
    pub fn holds(&self, at: Time, places: &[(Option<&str>, Option<&str>)]) -> bool {
        let fits = |wanted: &Option<String>, said: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| said.is_none_or(|said| said == wanted))
        };
        let anywhere = self.environment.is_none() && self.service.is_none();
        let here = |place: &(Option<&str>, Option<&str>)| {
            fits(&self.environment, place.0) && fits(&self.service, place.1)
        };
        (self.from..self.until).contains(&at.micros()) && (anywhere || places.iter().any(here))
    }

    /// The whole scope as every link of a page carries it on: period, environment, service, and the size of the ledger
    /// where one was chosen.
    #[must_use]
    pub fn carried_on(&self) -> String {
        match self.ledger {
            Some(size) => format!("{}&ledger={size}", self.whole_scope),
            None => self.scope.clone(),
        }
    }

    /// What a form of this list carries on unseen, beside the scope and the filters.
    #[must_use]
    pub fn carried(&self) -> Vec<(String, String)> {
        let pair = |name: &str, value: String| (name.to_owned(), value);
        let ledger = self.ledger.map(|size| pair("ledger", size.to_string()));
        let size = (self.size != USUAL_SIZE).then(|| pair("size", self.size.to_string()));
        let sort = self.sort.clone().map(|sort| pair("sort", sort));
        [ledger, size, sort].into_iter().flatten().collect()
    }

    /// The canonical address of this page: the scope, then every other parameter by name, what is usual left out.
    #[must_use]
    pub fn address(&self, path: &str) -> String {
        let mut query: BTreeMap<String, String> = self.filters.clone();
        query.extend(self.carried());
        match &self.turn {
            Turn::First => {}
            Turn::Last => _ = query.insert("page".to_owned(), "last".to_owned()),
            Turn::Below(place) | Turn::Above(place) => {
                let name = if matches!(self.turn, Turn::Below(_)) { "below" } else { "above" };
                query.insert(name.to_owned(), cursor(place));
                query.insert("row".to_owned(), self.row.to_string());
            }
        }
        let query = query.iter().filter(|(_, value)| !value.is_empty());
        let query = query.map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
        let scope = if self.ledger.is_some() { &self.whole_scope } else { &self.scope };
        let parts: Vec<String> =
            std::iter::once(scope.clone()).filter(|scope| !scope.is_empty()).chain(query).collect();
        if parts.is_empty() { path.to_owned() } else { format!("{path}?{}", parts.join("&")) }
    }

    /// The one address of what is asked for: the usual order is left out too.
    #[must_use]
    pub fn canonical(&self, path: &str, columns: &'static Columns) -> String {
        let usual = columns.first().map(|(name, descending)| sorting(name, *descending));
        let sort = self.sort.clone().filter(|sort| Some(sort) != usual.as_ref());
        Self { sort, ..self.clone() }.address(path)
    }

    /// The address at which this page will be the same later.
    #[must_use]
    pub fn lasting_address(&self, path: &str, size: u64) -> String {
        Self { ledger: Some(size), ..self.clone() }.address(path)
    }
}

impl Ordered {
    fn words(self) -> &'static str {
        match (self.name, self.descending) {
            ("service", true) => "services from Z to A",
            ("service", false) => "services from A to Z",
            (_, true) => "newest first",
            (_, false) => "oldest first",
        }
    }
}

/// An order as it stands in an address.
fn sorting(name: &str, descending: bool) -> String {
    if descending { format!("-{name}") } else { name.to_owned() }
}

/// A place as it stands in an address.
fn cursor(place: &Place) -> String {
    let Place { at, id, service } = place;
    if service.is_empty() { format!("{at}.{id}") } else { format!("{at}.{id}.{service}") }
}

impl Turn {
    /// From the parameters of an address.
    pub fn read(
        below: Option<&str>,
        above: Option<&str>,
        page: Option<&str>,
    ) -> Result<Self, AppError> {
        match (below, above, page) {
            (None, None, None) => Ok(Self::First),
            (Some(below), None, None) => Ok(Self::Below(place("below", below)?)),
            (None, Some(above), None) => Ok(Self::Above(place("above", above)?)),
            (None, None, Some("last")) => Ok(Self::Last),
            _ => Err(AppError::Invalid(
                "one of `below`, `above` and `page=last` says which page; follow the links of the list"
                    .to_owned(),
            )),
        }
    }
}

fn place(name: &str, text: &str) -> Result<Place, AppError> {
    let read = |mut parts: std::str::SplitN<'_, char>| {
        let at = parts.next()?.parse().ok()?;
        let id = parts.next().filter(|id| !id.is_empty())?.to_owned();
        Some(Place { at, id, service: parts.next().unwrap_or_default().to_owned() })
    };
    read(text.splitn(3, '.')).ok_or_else(|| {
        AppError::Invalid(format!("{name}: `{text}` is no place in a list; follow its links"))
    })
}

/// A value in a query string.
#[must_use]
pub fn encoded(value: &str) -> String {
    use std::fmt::Write as _;
    value.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}

/// A name or a value of a query string, as browsers write it.
#[must_use]
pub fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let pair: Vec<u8> = rest.by_ref().take(2).collect();
                let digits = std::str::from_utf8(&pair).unwrap_or_default();
                bytes.extend(u8::from_str_radix(digits, 16).ok());
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
