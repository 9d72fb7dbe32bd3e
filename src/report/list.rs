//! What every list has: filters that live in the address, columns that sort, a pager over one snapshot.

/// A value to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// As it stands in the address; empty: any.
    pub value: String,
    /// What is read.
    pub label: String,
    /// It is the one in force.
    pub chosen: bool,
}

impl Choice {
    /// A choice.
    pub fn new(value: impl Into<String>, label: impl Into<String>, chosen: bool) -> Self {
        Self { value: value.into(), label: label.into(), chosen }
    }
}

/// A filter: a field of the GET form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// The parameter's name.
    pub name: String,
    /// What is read: `Highest class`.
    pub label: String,
    /// The choices, `any` first. Exactly one is chosen.
    pub choices: Vec<Choice>,
    /// The list without this filter; `None` while it is not set.
    pub remove_href: Option<String>,
}

impl Filter {
    /// The label of the chosen value.
    #[must_use]
    pub fn shown(&self) -> &str {
        self.choices
            .iter()
            .find(|choice| choice.chosen)
            .map_or("any", |choice| choice.label.as_str())
    }
}

/// The filters of a list and what keeps its place in the address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filters {
    /// Path the form goes to.
    pub action: String,
    /// What the form carries on unseen: scope, order, size.
    pub hidden: Vec<(String, String)>,
    /// The fields.
    pub fields: Vec<Filter>,
    /// The list without any filter.
    pub clear_href: String,
}

impl Filters {
    /// How many are set: an active filter changes the title line.
    #[must_use]
    pub fn active(&self) -> usize {
        self.fields.iter().filter(|field| field.remove_href.is_some()).count()
    }
}

/// The order of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// A column that sorts (only those with an index do).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sort {
    /// Its order, if the list stands in it.
    pub order: Option<Order>,
    /// The list in this column's order, or turned round; `None`: it does not sort.
    pub href: Option<String>,
}

/// Where in the whole a page of rows stands (keyset paging: no page numbers).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pager {
    /// Number of the first row shown, from 1; 0 where there are none.
    pub first_row: u64,
    /// Number of the last row shown.
    pub last_row: u64,
    /// Rows that match, on all pages.
    pub of: u64,
    /// How many rows a page has.
    pub size: u64,
    /// `newest first`.
    pub order: String,
    /// Size of the ledger that all pages read, so that turning them neither skips nor repeats.
    pub ledger_size: u64,
    /// How large the ledger is now, and the list as of then; `None`: nothing came since.
    pub newer: Option<(u64, String)>,
    /// The first page; `None`: here already.
    pub first: Option<String>,
    /// The page before.
    pub previous: Option<String>,
    /// The page after.
    pub next: Option<String>,
    /// The last page.
    pub last: Option<String>,
    /// Other sizes.
    pub sizes: Vec<super::refs::Link>,
}

impl Pager {
    /// Rows that the next page will have.
    #[must_use]
    pub fn next_rows(&self) -> u64 {
        self.of.saturating_sub(self.last_row).min(self.size)
    }
}
