//! The frame around every page: who, in which scope, and the seal by which a printed page can be cited.

use crate::domain::Time;
use crate::report::list::Choice;

/// An area of the navigation. Only areas that exist are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Area {
    /// Its name.
    pub label: String,
    /// Its page, with the scope.
    pub href: String,
    /// This page belongs to it.
    pub current: bool,
    /// What waits there; `None`: nothing is counted.
    pub count: Option<u64>,
}

/// What the pages look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// First day, `2026-10-01`; empty: from the beginning.
    pub from: String,
    /// Last day; empty: until now.
    pub to: String,
    /// Nothing was set, and the current quarter was taken.
    pub assumed: bool,
    /// Environments, `all environments` (empty value) first. One is chosen.
    pub environments: Vec<Choice>,
    /// Services, `all 14` (empty value) first. One is chosen.
    pub services: Vec<Choice>,
    /// Where the form of the scope goes: this page's path.
    pub action: String,
    /// What it carries on unseen: filters.
    pub hidden: Vec<(String, String)>,
    /// On a detail page whether its object lies in the scope: `This change is in scope`. Empty elsewhere.
    pub note: String,
}

impl Scope {
    /// `2026-10-01 to 2026-10-31`.
    #[must_use]
    pub fn period(&self) -> String {
        match (self.from.as_str(), self.to.as_str()) {
            ("", "") => "everything".into(),
            ("", to) => format!("until {to}"),
            (from, "") => format!("since {from}"),
            (from, to) => format!("{from} to {to}"),
        }
    }

    /// The chosen environment.
    #[must_use]
    pub fn environment(&self) -> &str {
        chosen(&self.environments)
    }

    /// The chosen service.
    #[must_use]
    pub fn service(&self) -> &str {
        chosen(&self.services)
    }
}

fn chosen(choices: &[Choice]) -> &str {
    choices.iter().find(|choice| choice.chosen).map_or("all", |choice| choice.label.as_str())
}

/// From which record a page was read, and how that record stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// Size of the ledger that was read.
    pub ledger_size: u64,
    /// The last checkpoint; `None`: none yet.
    pub checkpoint: Option<crate::report::entry::CheckpointRef>,
    /// Digest of the organisation's policy; `None`: there is none.
    pub policy: Option<String>,
    /// When the whole ledger was last verified, and whether it held; `None`: never.
    pub verified: Option<(Time, bool)>,
    /// SHA-256 over the data shown, for print; `None`: not made for this page.
    pub data: Option<String>,
}

/// Everything around a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Version of the product.
    pub version: String,
    /// Scheme and host as the outside knows them: `https://countersign.acme.example`.
    pub base_url: String,
    /// Path and canonical query: sorted, defaults left out.
    pub path: String,
    /// The scope as a query string, which every link to a page carries on; empty: none was set.
    pub carried: String,
    /// Areas, in order.
    pub areas: Vec<Area>,
    /// Where the search goes; `None`: there is none yet.
    pub search: Option<String>,
    /// The scope; `None` on pages without one (sign-in, errors).
    pub scope: Option<Scope>,
    /// Who looks: the short name `h.brandt`; `None`: nobody is signed in.
    pub login: Option<String>,
    /// `Helen Brandt · auditor`.
    pub person: String,
    /// Path that signs out by POST; `None`: there is none.
    pub sign_out: Option<String>,
    /// The nonce of this answer, for the one `style` of the page.
    pub nonce: String,
    /// When the page was made.
    pub shown_at: Time,
    /// The record; `None` where nothing was read (the database is away).
    pub seal: Option<Seal>,
    /// `light` or `dark` where the person fixed it; empty: as the system says.
    pub theme: &'static str,
    /// Address of the style sheet: [`crate::web::assets::url`].
    pub css: String,
    /// Address of the script.
    pub js: String,
}

/// What the templates of a page are given beside their fields: the scope, see [`super::filters::carried`].
impl askama::Values for Frame {
    fn get_value<'a>(&'a self, key: &str) -> Option<&'a dyn std::any::Any> {
        (key == super::filters::SCOPE).then_some(&self.carried as &dyn std::any::Any)
    }
}

impl Frame {
    /// The whole address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}{}", self.base_url, self.path)
    }

    /// The scope as hidden fields of a form that leads to another page.
    #[must_use]
    pub fn carried_fields(&self) -> Vec<(String, String)> {
        let pairs = self.carried.split('&').filter_map(|pair| pair.split_once('='));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// The lines of the page's margins in print, as the text of its `style`.
    #[must_use]
    pub fn margins(&self, title: impl AsRef<str>) -> super::print::Margins {
        super::print::margins(self, title.as_ref())
    }

    /// Invented, for the component page and tests.
    #[doc(hidden)]
    #[must_use]
    pub fn sample(path: &str, area: &str) -> Self {
        use crate::report::samples;
        let areas = [
            ("Overview", "/"),
            ("Population", "/population"),
            ("Changes", "/changes"),
            ("Policy", "/policy"),
            ("Ledger", "/ledger"),
        ];
        let choice = |value: &str, label: &str, chosen| Choice::new(value, label, chosen);
        Self {
            version: "1.0.0".into(),
            base_url: "https://countersign.acme.example".into(),
            path: path.into(),
            carried: path.split_once('?').map(|(_, query)| query.to_owned()).unwrap_or_default(),
            areas: areas
                .map(|(label, href)| Area {
                    label: label.into(),
                    href: href.into(),
                    current: label == area,
                    count: None,
                })
                .into(),
            search: Some("/search".into()),
            scope: Some(Scope {
                from: "2026-10-01".into(),
                to: "2026-10-31".into(),
                assumed: false,
                environments: vec![
                    choice("", "all environments", false),
                    choice("production", "production", true),
                ],
                services: vec![choice("", "all 14", true), choice("payments", "payments", false)],
                action: path.split('?').next().unwrap_or("/").into(),
                hidden: Vec::new(),
                note: String::new(),
            }),
            login: Some("h.brandt".into()),
            person: "Helen Brandt · auditor".into(),
            sign_out: None,
            nonce: "c2FtcGxl".into(),
            shown_at: samples::time("2026-11-20 14:06:22"),
            seal: Some(Seal {
                ledger_size: 48_213,
                checkpoint: Some(samples::checkpoint()),
                policy: Some(
                    "sha256:3b8e00000000000000000000000000000000000000000000000000000000041c0"
                        .into(),
                ),
                verified: Some((samples::time("2026-11-20 03:00:00"), true)),
                data: None,
            }),
            theme: "",
            css: crate::web::assets::url("countersign.css"),
            js: crate::web::assets::url("countersign.js"),
        }
    }
}
