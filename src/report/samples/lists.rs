//! The population and the changes of a month.

use super::{HOSTILE, compared, exception, october, october_outcomes, oid, pick, ticket, time};
use crate::domain::Class;
use crate::domain::fact::{Integrity, LandingKind};
use crate::policy::decision::State;
use crate::report::changes::{
    ApprovalCell, ChangeRow, ChangeSorts, ChangesPage, DeployCell, LandingCell,
};
use crate::report::list::{Choice, Filter, Filters, Order, Pager, Sort};
use crate::report::population::{DeployRow, DeploySorts, DeployTotals, PopulationPage};
use crate::report::refs::{DeployKind, DeployStatus, Link, Severity, TicketRef};

pub(super) fn deploy_rows() -> Vec<DeployRow> {
    let kinds = [
        DeployKind::Forward,
        DeployKind::Forward,
        DeployKind::Rollback,
        DeployKind::Hotfix,
        DeployKind::Redeploy,
    ];
    let services =
        ["customer-web", "sms-router", "payments", "refunds", "fraud-scoring", "webhooks"];
    let states = [
        State::AutoApproved,
        State::Approved,
        State::AutoApproved,
        State::EmergencyOpen,
        State::Approved,
        State::Unaccounted,
        State::Approved,
        State::Rejected,
    ];
    (0_u64..24)
        .map(|place| {
            deploy_row(place, pick(&kinds, place), pick(&services, place), pick(&states, place))
        })
        .collect()
}

pub(super) fn deploy_row(place: u64, kind: DeployKind, service: &str, state: State) -> DeployRow {
    let nothing = matches!(kind, DeployKind::Rollback | DeployKind::Redeploy);
    let number = 7_412 - place;
    let exceptions = match state {
        State::EmergencyOpen => vec![exception("X35", Severity::High, "Emergency review overdue")],
        State::Unaccounted => vec![exception("X01", Severity::High, "Commit in no pull request")],
        State::Approved if place.is_multiple_of(3) => {
            vec![exception("X07", Severity::Low, "Scope edited after the deploy")]
        }
        _ => Vec::new(),
    };
    DeployRow {
        id: format!("dep_{number}"),
        href: format!("/deploys/dep_{number}"),
        service: if place == 9 { HOSTILE.into() } else { service.into() },
        environment: "production".into(),
        started: time(&format!(
            "2026-10-{:02} {:02}:{:02}:07",
            31 - place / 8,
            21 - place % 8 * 2,
            place * 7 % 60
        )),
        status: if place == 8 { DeployStatus::Failed } else { DeployStatus::Succeeded },
        kind,
        from: (place != 23).then(|| oid(&format!("{:010x}", 0x006d_0840_1647 + place * 7_919_131))),
        to: oid(&format!("{:010x}", 0x0087_ff4a_dfa3_u64 - place * 1_299_709_771)),
        commits: if nothing { 0 } else { place % 9 + 1 },
        changes: if nothing { 0 } else { place % 3 + 1 },
        class: (!nothing).then(|| pick(&Class::ALL, place)),
        state: Some(state),
        decision_href: Some(format!("/decisions/dec_{number}")),
        tickets: if nothing {
            Vec::new()
        } else {
            vec![ticket(&format!("PAY-{}", 700 + place)), ticket("SMS-481")]
        },
        deployer: (place != 5)
            .then(|| pick(&["J. Pinto", "pipeline-eu", "R. Castellanos"], place).into()),
        exceptions,
        index: Some(48_190 - place * 23),
    }
}

pub(super) fn choices(any: &str, values: &[&str], chosen: &str) -> Vec<Choice> {
    std::iter::once(Choice::new("", any, chosen.is_empty()))
        .chain(values.iter().map(|value| Choice::new(*value, *value, *value == chosen)))
        .collect()
}

pub(super) fn filters(action: &str) -> Filters {
    let field = |name: &str, label: &str, values: &[&str]| Filter {
        name: name.into(),
        label: label.into(),
        choices: choices("any", values, ""),
        remove_href: None,
    };
    Filters {
        action: action.into(),
        hidden: vec![("from".into(), "2026-10-01".into()), ("to".into(), "2026-10-31".into())],
        fields: vec![
            field("status", "Result", &["started", "succeeded", "failed", "rolled_back"]),
            field("kind", "Kind", &["forward", "rollback", "redeploy", "hotfix"]),
            field("class", "Highest class", &["trivial", "routine", "significant", "critical"]),
            field(
                "state",
                "Decision",
                &["auto_approved", "approved", "emergency_open", "unaccounted"],
            ),
            field("exceptions", "Exceptions", &["none", "any severity", "high"]),
        ],
        clear_href: action.into(),
    }
}

pub(super) fn pager(of: u64) -> Pager {
    Pager {
        newer: None,
        first_row: 1,
        last_row: 24.min(of),
        of,
        size: 24,
        order: "newest first".into(),
        ledger_size: 48_213,
        first: None,
        previous: None,
        next: (of > 24).then(|| "?after=dep_7389&at=48213".into()),
        last: (of > 24).then(|| "?before=end&at=48213".into()),
        sizes: [50, 100, 500]
            .map(|size| Link::new(size.to_string(), format!("?limit={size}")))
            .into(),
    }
}

/// The population of a month.
#[must_use]
pub fn population() -> PopulationPage {
    PopulationPage {
        environment: "production".into(),
        here: 412,
        compared: Some(compared()),
        filters: filters("/population"),
        sorts: DeploySorts {
            service: Sort { order: None, href: Some("?sort=service".into()) },
            started: Sort { order: Some(Order::Descending), href: Some("?sort=started".into()) },
        },
        rows: deploy_rows(),
        totals: DeployTotals { commits: october(), outcomes: october_outcomes() },
        pager: pager(412),
        exports: vec![Link::new("Export all 412 rows", "/api/v1/reports/population?format=csv")],
    }
}

/// The same with a filter set and nothing that matches.
#[must_use]
pub fn population_empty() -> PopulationPage {
    let mut page = population();
    page.rows = Vec::new();
    page.pager = pager(0);
    page.pager.first_row = 0;
    page.totals = DeployTotals::default();
    if let Some(field) = page.filters.fields.first_mut() {
        field.choices = choices("any", &["failed"], "failed");
        field.remove_href = Some("/population".into());
    }
    page
}

/// The changes of a month.
#[must_use]
pub fn changes() -> ChangesPage {
    let titles = [
        "Settle refunds in the ledger’s own currency",
        "Move sms-router to 4.18.3",
        "Rotate the settlement database",
        HOSTILE,
        "",
    ];
    let rows = (0_u64..12).map(|place| change_row(place, pick(&titles, place))).collect();
    ChangesPage {
        here: 1_038,
        outcomes: october_outcomes(),
        filters: filters("/changes"),
        sorts: ChangeSorts {
            landed: Sort { order: Some(Order::Descending), href: Some("?sort=landed".into()) },
        },
        rows,
        pager: pager(1_038),
        exports: Vec::new(),
    }
}

pub(super) fn landing(place: u64) -> LandingCell {
    LandingCell {
        commit: oid(&format!("c07e52b1{place:02x}")),
        how: LandingKind::Squash,
        integrity: if place == 2 { Integrity::Altered } else { Integrity::Intact },
        at: Some(time("2026-10-14 09:41:07")),
        by: Some("J. Pinto".into()),
    }
}

pub(super) fn change_row(place: u64, title: &str) -> ChangeRow {
    let state = pick(&State::ALL, place);
    let class = pick(&Class::ALL, place);
    ChangeRow {
        id: format!("chg_01ja9x7q4{place:02}"),
        href: format!("/changes/chg_01ja9x7q4{place:02}"),
        title: title.into(),
        repo: "acme/payments".into(),
        pull: (place % 5 != 4).then_some(1_184 + place),
        class,
        rule: pick(&["scaling", "tests", "money", "built-in: ci"], place).into(),
        tickets: match place % 3 {
            0 => vec![ticket("PAY-212")],
            1 => vec![TicketRef { key: "PAY-9999".into(), href: None, exists: false }],
            _ => Vec::new(),
        },
        authors: vec!["T. Lindqvist".into(), "P. Raman".into()],
        state,
        overridden: u64::from(place == 1),
        approval: matches!(state, State::Approved | State::Stale).then(|| ApprovalCell {
            by: "M. Ortiz".into(),
            role: Some("architect".into()),
            at: time("2026-10-13 16:48:09"),
            commit: Some(oid("81d3f6e05b")),
            more: 1,
        }),
        landing: state.passes().then(|| landing(place)),
        deploy: state.passes().then(|| DeployCell {
            environment: "production".into(),
            at: time("2026-10-14 14:31:12"),
            href: "/deploys/dep_7091".into(),
        }),
        exceptions: if place == 2 {
            vec![exception("X10", Severity::High, "Approved after landing")]
        } else {
            Vec::new()
        },
        index: Some(45_880 + place),
    }
}
