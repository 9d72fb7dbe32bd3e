//! Searches that found several things, and none.

use super::{HOSTILE, time};
use crate::domain::Class;
use crate::policy::decision::State;
use crate::report::refs::Link;
use crate::report::search::{Group, Hit, SearchPage};

fn hit(text: &str, href: &str, what: &str, why: &str) -> Hit {
    Hit {
        link: Link::new(text, href),
        what: what.into(),
        why: why.into(),
        at: Some(time("2026-10-14 09:41:07")),
        class: Some(Class::Significant),
        state: Some(State::Approved),
    }
}

fn looked() -> Vec<String> {
    [
        "commits of 3 repositories, in full or by their first 7 digits or more",
        "ticket keys: `PAY-212`",
    ]
    .map(str::to_owned)
    .into()
}

/// A person's changes and deploys, and a hostile title.
#[must_use]
pub fn search() -> SearchPage {
    let changes = vec![
        hit(
            "acme/payments 1184",
            "/changes/chg_01ja9x7q4m",
            "Settle refunds in the ledger’s own currency",
            "wrote",
        ),
        hit("acme/payments 1190", "/changes/chg_01jaq0t7vb", HOSTILE, "approved, wrote"),
    ];
    let deploys = vec![hit("dep_7407", "/deploys/dep_7407", "payments to production", "deployed")];
    let entry = Hit {
        at: None,
        class: None,
        state: None,
        ..hit("45,880", "/ledger/45880", "entry, landing", "")
    };
    SearchPage {
        query: "m.ortiz".into(),
        groups: vec![
            Group { kind: "Changes", hits: changes, more: true },
            Group { kind: "Deploys", hits: deploys, more: false },
            Group { kind: "Entries, deliveries and exceptions", hits: vec![entry], more: false },
        ],
        notes: Vec::new(),
        looked: looked(),
    }
}

/// Nothing, for a hostile question.
#[must_use]
pub fn search_nothing() -> SearchPage {
    SearchPage {
        query: crate::report::words::visible(HOSTILE),
        groups: Vec::new(),
        notes: vec!["The ticket `PAY-9` is known, and no change is linked to it.".into()],
        looked: looked(),
    }
}
