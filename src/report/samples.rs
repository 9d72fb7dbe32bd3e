//! Invented data for the component page and the tests of the pages: one organisation, one October, and hostile text.

#![expect(
    clippy::too_many_lines,
    clippy::too_many_arguments,
    reason = "tables of invented data, one row a line"
)]

use super::attribution::Attribution;
use super::change::{ChangePage, FileRow, Place, TicketMoments, TicketState};
use super::changes::{ApprovalCell, ChangeRow, ChangeSorts, ChangesPage, DeployCell, LandingCell};
use super::chart::Day;
use super::decision::{DecisionPage, GateChange, PolicyRefs, Purpose, answer};
use super::deploy::{AttributedCommit, DeployPage, EntryRow};
use super::entry::{CheckpointRef, EntryPage, Field, ProofState, ReceiptView};
use super::lanes::{Event, EventMark, Lane};
use super::ledger::{LedgerPage, LedgerRow, Verification};
use super::list::{Choice, Filter, Filters, Order, Pager, Sort};
use super::overview::{
    Before, Emergencies, OpenKind, OverviewPage, ServiceRow, SourceRow, finding,
};
use super::population::{Compared, DeployRow, DeploySorts, DeployTotals, Outcomes, PopulationPage};
use super::prose::Prose;
use super::refs::{DeployKind, DeployStatus, ExceptionRef, Link, Severity, TicketRef};
use super::sign_in::{SignInForm, SignInPage};
use crate::domain::fact::{Integrity, LandingKind};
use crate::domain::file::{Lines, Segment, Value};
use crate::domain::{Class, KeyChange, KeyOp, Oid, Time};
use crate::policy::decision::{
    Classification, Counted, Decision, FileClass, KeyVerdict, Missing, Rule, RuleState, State,
};

/// Text that tries to leave its place: markup, a quote, a direction override, no spaces, combining marks.
pub const HOSTILE: &str = "<script>alert(1)</script>\"' onload=x \u{202e}gnp.exe\u{202c} Z\u{351}\u{36b}\u{343} \
    averyveryverylongwordwithoutanyspaceatallthatgoesonandonandonandonandonandonandonandonandonandonandonandon";

/// A time such as `2026-10-14 09:41:07`.
#[must_use]
pub fn time(text: &str) -> Time {
    let text = format!("{}Z", text.replace(' ', "T"));
    text.parse()
        .ok()
        .or_else(|| Time::from_seconds(0))
        .unwrap_or_else(|| chrono::DateTime::UNIX_EPOCH.into())
}

/// A commit id that begins with these ten digits.
#[must_use]
pub fn oid(start: &str) -> Oid {
    let digest = crate::domain::id::sha256(start.as_bytes());
    let rest: String = digest.chars().skip(7).collect();
    let text: String = format!("{start}{rest}").chars().take(40).collect();
    text.parse()
        .ok()
        .or_else(|| Oid::from_bytes(&[0; 20]))
        .unwrap_or_else(|| unreachable!("twenty bytes are an id"))
}

fn ticket(key: &str) -> TicketRef {
    TicketRef {
        key: key.into(),
        href: Some(format!("https://tracker.acme.example/browse/{key}")),
        exists: true,
    }
}

fn exception(kind: &str, severity: Severity, title: &str) -> ExceptionRef {
    ExceptionRef {
        kind: kind.into(),
        severity,
        title: title.into(),
        href: None,
        opened_at: Some(time("2026-10-27 14:03:11")),
        state: "open".into(),
    }
}

/// The checkpoint of every sample.
#[must_use]
pub fn checkpoint() -> CheckpointRef {
    CheckpointRef {
        origin: "localhost/countersign".into(),
        size: 48_213,
        root: "Tq2m0wYxVZk7hC4n8dJr1sLpA3uE6oBfG5iQyRtWh9E=".into(),
        at: time("2026-11-20 14:05:00"),
    }
}

/// A receipt whose proof holds.
#[must_use]
pub fn receipt() -> ReceiptView {
    ReceiptView {
        index: 45_880,
        kind: "landing".into(),
        href: "/ledger/45880".into(),
        ledger_size: 48_213,
        leaf_hash: "b1f03a779c2e45d108fa6e13d27b90c45518e3aa7f062bd9c4e1817d33a0f96c".into(),
        checkpoint: Some(checkpoint()),
        proof: ProofState::Holds(16),
        downloads: vec![Link::new("Receipt", "/api/v1/ledger/receipts/45880")],
        command: vec![
            "countersign verify receipt-45880 \\".into(),
            "  --key localhost/countersign+5d1e…".into(),
        ],
    }
}

fn deploy_rows() -> Vec<DeployRow> {
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

fn pick<T: Copy>(from: &[T], place: u64) -> T {
    let index = usize::try_from(place).unwrap_or(0) % from.len().max(1);
    from.get(index).copied().unwrap_or_else(|| unreachable!("samples are never empty"))
}

fn deploy_row(place: u64, kind: DeployKind, service: &str, state: State) -> DeployRow {
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

fn choices(any: &str, values: &[&str], chosen: &str) -> Vec<Choice> {
    std::iter::once(Choice::new("", any, chosen.is_empty()))
        .chain(values.iter().map(|value| Choice::new(*value, *value, *value == chosen)))
        .collect()
}

fn filters(action: &str) -> Filters {
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

fn pager(of: u64) -> Pager {
    Pager {
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

/// October's commits: a sum that closes.
#[must_use]
pub fn october() -> Attribution {
    Attribution {
        total: 2_946,
        landed: 2_614,
        direct: 4,
        exempt: 38,
        plumbing: 290,
        pre_ledger: 0,
        unresolved: 0,
    }
}

fn october_outcomes() -> Outcomes {
    Outcomes { by_rule: 603, approved: 429, emergency: 3, not_passing: 3 }
}

fn compared() -> Compared {
    Compared {
        reported: 412,
        at: time("2026-11-20 13:58:00"),
        how: "824 deliveries, started and finished".into(),
        href: None,
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

fn landing(place: u64) -> LandingCell {
    LandingCell {
        commit: oid(&format!("c07e52b1{place:02x}")),
        how: LandingKind::Squash,
        integrity: if place == 2 { Integrity::Altered } else { Integrity::Intact },
        at: Some(time("2026-10-14 09:41:07")),
        by: Some("J. Pinto".into()),
    }
}

fn change_row(place: u64, title: &str) -> ChangeRow {
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

/// The overview of a month.
#[must_use]
pub fn overview() -> OverviewPage {
    let days = (1_u64..=31).map(day).collect();
    let (commits, outcomes) = (october(), october_outcomes());
    OverviewPage {
        scope: "production, October 2026".into(),
        finding: finding(412, 14, &commits, &outcomes),
        deploys: 412,
        clean_deploys: 400,
        compared: Some(compared()),
        commits,
        outcomes,
        before: Some(Before { name: "September".into(), deploys: 388, changes: 973 }),
        emergencies: Emergencies { total: 3, reviewed: 2, overdue: 1 },
        policy: Prose::from("organisation ")
            .code("sha256:3b8e…41c0")
            .text(" all month; repository policies: 14"),
        days,
        services: services(),
        open: open_kinds(),
        first: vec![
            (
                Link::new("chg_01jaq0t7vb fraud-scoring", "/changes/chg_01jaq0t7vb"),
                exception(
                    "X09",
                    Severity::High,
                    "No valid approval at landing: the only one was of other content",
                ),
            ),
            (
                Link::new("dep_7396 webhooks", "/deploys/dep_7396"),
                exception("X01", Severity::High, "4 deployed commits are in no pull request"),
            ),
        ],
        sources: vec![
            SourceRow {
                id: "github".into(),
                deliveries: 2_118,
                last: Some(time("2026-11-20 14:05:51")),
                set_aside: 0,
                refused: 0,
            },
            SourceRow {
                id: "jira".into(),
                deliveries: 9_377,
                last: Some(time("2026-11-20 14:06:02")),
                set_aside: 1,
                refused: 2,
            },
            SourceRow { id: HOSTILE.into(), deliveries: 0, last: None, set_aside: 0, refused: 0 },
        ],
        population_href: "/population?from=2026-10-01&to=2026-10-31".into(),
        changes_href: "/changes?from=2026-10-01&to=2026-10-31".into(),
        first_run: Vec::new(),
    }
}

fn day(number: u64) -> Day {
    let weekend = matches!(number % 7, 3 | 4);
    let base = if weekend { 1 } else { 4 + number * 7 % 5 };
    Day {
        date: format!("2026-10-{number:02}"),
        weekend,
        by_class: [
            base * 2,
            base / 2,
            base * u64::from(!weekend) * 3 / 4,
            u64::from(number % 4 == 2),
        ],
    }
}

fn services() -> Vec<ServiceRow> {
    let rows = [
        ("payments", 61, [71, 76, 1, 0]),
        ("sms-router", 47, [97, 34, 0, 0]),
        ("customer-web", 43, [71, 47, 0, 0]),
        ("refunds", 38, [40, 51, 1, 0]),
        ("ledger-api", 29, [38, 46, 0, 0]),
        ("otp-gateway", 34, [52, 29, 0, 0]),
        ("webhooks", 31, [42, 34, 0, 3]),
        ("config-store", 22, [44, 7, 0, 0]),
        ("number-lookup", 22, [33, 15, 0, 0]),
        ("pricing", 19, [27, 20, 0, 0]),
        ("identity", 18, [21, 23, 0, 0]),
        ("payout-scheduler", 17, [22, 18, 0, 0]),
        ("fraud-scoring", 16, [17, 20, 1, 0]),
        ("reporting", 15, [28, 9, 0, 0]),
    ];
    rows.into_iter()
        .map(|(name, deploys, [by_rule, approved, emergency, not_passing])| ServiceRow {
            name: name.into(),
            href: format!("/population?service={name}"),
            deploys,
            outcomes: Outcomes { by_rule, approved, emergency, not_passing },
        })
        .collect()
}

fn open_kinds() -> Vec<OpenKind> {
    let rows = [
        ("X01", Severity::High, "commit in no pull request", [0, 0, 1]),
        ("X35", Severity::High, "emergency review overdue", [0, 0, 1]),
        ("X09", Severity::High, "no valid approval at landing", [0, 0, 1]),
        ("X03", Severity::Medium, "ticket does not exist", [2, 2, 0]),
        ("X06", Severity::Medium, "ticket not in a permitted status", [1, 1, 1]),
        ("X17", Severity::Medium, "role granted within 24 h", [1, 0, 0]),
        ("X07", Severity::Low, "scope edited after the deploy", [1, 1, 1]),
    ];
    rows.into_iter()
        .map(|(kind, severity, title, ages)| OpenKind {
            kind: kind.into(),
            severity,
            title: title.into(),
            ages,
        })
        .collect()
}

/// Nothing has arrived yet.
#[must_use]
pub fn first_run() -> OverviewPage {
    OverviewPage {
        scope: "all environments".into(),
        finding: "Nothing has arrived yet. Three commands fill this page.".into(),
        deploys: 0,
        clean_deploys: 0,
        compared: None,
        commits: Attribution::default(),
        outcomes: Outcomes::default(),
        before: None,
        emergencies: Emergencies::default(),
        days: Vec::new(),
        services: Vec::new(),
        open: Vec::new(),
        first: Vec::new(),
        sources: Vec::new(),
        first_run: vec![
            "countersign doctor".into(),
            "countersign deploy --repo acme/payments --sha 9f2c41e7d0 \\".into(),
            "  --service payments --environment production --status succeeded".into(),
            "countersign gate --repo acme/payments --sha 9f2c41e7d0 --environment production"
                .into(),
        ],
        ..overview()
    }
}

fn leaf(id: &str, title: &str, from: &str, state: RuleState, seen: &str) -> Rule {
    Rule {
        id: id.into(),
        title: title.into(),
        from: from.into(),
        state,
        why: if state == RuleState::NotApplicable {
            "says nothing about this change".into()
        } else {
            String::new()
        },
        seen: vec![seen.into()],
        remedy: if state == RuleState::Unsatisfied {
            "Link a ticket of project PAY in status `In progress`.".into()
        } else {
            String::new()
        },
        of: String::new(),
        rules: Vec::new(),
    }
}

fn parent(id: &str, title: &str, state: RuleState, seen: &str, rules: Vec<Rule>) -> Rule {
    Rule { of: "all".into(), rules, ..leaf(id, title, "organisation: floor", state, seen) }
}

fn rules_passing() -> Vec<Rule> {
    use RuleState::{NotApplicable, Overridden, Satisfied};
    vec![
        leaf(
            "ticket",
            "Ticket",
            "repository: approval.ticket",
            Satisfied,
            "PAY-212 exists, was `In review` when this landed",
        ),
        parent(
            "approvals",
            "Approvals",
            Satisfied,
            "every required scope is covered by somebody who took no part in writing",
            vec![
                leaf(
                    "architects",
                    "1 architect, scope payments",
                    "repository: significant[0] “money”",
                    Satisfied,
                    "M. Ortiz, architect since 2026-01-01. Counts by `clean_update_merge`: `9f2c41e7d0` is the automatic merge of main into the approved commit",
                ),
                leaf(
                    "also[0]",
                    "1 security",
                    "repository: approval.also[0], because src/auth/** is touched",
                    Satisfied,
                    "D. Whitfield, security since 2025-06-02. Counts by `clean_update_merge`",
                ),
                leaf(
                    "also[1]",
                    "2 architects, scope data",
                    "repository: significant[1] “migrations”",
                    NotApplicable,
                    "no file under `db/migrations/**` is touched",
                ),
            ],
        ),
        parent(
            "checks",
            "Checks on the head",
            Satisfied,
            "one of them overridden",
            vec![
                leaf(
                    "check[0]",
                    "ci/test",
                    "organisation: floor",
                    Satisfied,
                    "passed on `9f2c41e7d0`; the failure of 2026-10-09 was on another commit",
                ),
                leaf(
                    "check[1]",
                    "sonarqube: coverage ≥ 80 %",
                    "organisation: floor",
                    Overridden,
                    "78.4 % on new code. Overridden by N. Achterberg, administrator: “generated bindings are counted; QA-88 removes them”",
                ),
            ],
        ),
        leaf("veto", "No veto stands", "built-in", Satisfied, "0 vetoes, 0 change requests open"),
        leaf(
            "landing",
            "Landing unaltered",
            "built-in: sem 7",
            Satisfied,
            "tree of `c07e52b1aa` equals the automatic merge of `9f2c41e7d0` into its parent",
        ),
        leaf(
            "freeze",
            "Freeze",
            "organisation: freeze",
            NotApplicable,
            "no window covers 2026-10-14 14:30",
        ),
    ]
}

fn rules_blocked() -> Vec<Rule> {
    use RuleState::{NotApplicable, Satisfied, Unsatisfied};
    vec![
        leaf("checks", "Checks on the head", "organisation: floor", Satisfied, "3 of 3 passed"),
        Rule {
            remedy: "Ask m.ortiz, j.halvorsen or k.mori.".into(),
            ..leaf(
                "architects",
                "1 architect, scope payments",
                "repository: significant[0] “money”",
                Unsatisfied,
                "0 of 1 counts; 1 stale since `5d80fe21b7`",
            )
        },
        leaf("ticket", "Ticket", "repository: approval.ticket", Unsatisfied, "0 links"),
        leaf("veto", "No veto stands", "built-in", Satisfied, "0"),
        leaf(
            "after",
            "Staging first",
            "organisation: deploy.environments.production",
            Satisfied,
            "succeeded 2026-11-20 13:55:02 UTC",
        ),
        leaf(
            "accounted",
            "Every commit accounted for",
            "organisation: deploy.unaccounted",
            Satisfied,
            "4 = 3 landed + 0 direct + 0 exempt + 1 plumbing + 0 pre-ledger + 0 unresolved",
        ),
        leaf(
            "freeze",
            "Freeze",
            "organisation: freeze",
            NotApplicable,
            "next: 2026-12-20 to 2027-01-03, year end",
        ),
    ]
}

fn counted(
    by: &str,
    held: &str,
    commit: &str,
    at: &str,
    counts: bool,
    basis: Option<&str>,
    why: &str,
) -> Counted {
    Counted {
        id: format!("rev-{by}-{at}"),
        by: by.into(),
        role: (!held.is_empty()).then(|| held.split(',').next().unwrap_or_default().to_owned()),
        held: held.into(),
        verdict: if held.is_empty() { "comment".into() } else { "approve".into() },
        commit: Some(oid(commit)),
        at: time(at),
        basis: basis.map(str::to_owned),
        counts,
        why: why.into(),
    }
}

fn opinions() -> Vec<Counted> {
    let merge = Some("clean_update_merge");
    vec![
        counted(
            "M. Ortiz",
            "architect, payments, 2026-01-01 to 2027-01-01",
            "81d3f6e05b",
            "2026-10-13 16:48:09",
            true,
            merge,
            "took no part in writing",
        ),
        counted(
            "D. Whitfield",
            "security, since 2025-06-02",
            "81d3f6e05b",
            "2026-10-14 08:20:37",
            true,
            merge,
            "took no part in writing",
        ),
        counted(
            "K. Mori",
            "architect, all scopes, since 2025-11-17",
            "4be1c07a92",
            "2026-10-12 09:47:03",
            false,
            None,
            "approved other content: commit `81d3f6e05b` made it stale",
        ),
        counted(
            "P. Raman",
            "",
            "81d3f6e05b",
            "2026-10-13 17:02:44",
            false,
            None,
            "co-author of `b02d77c1e4`: excluded from approving",
        ),
        counted(
            HOSTILE,
            "",
            "81d3f6e05b",
            "2026-10-13 15:58:20",
            false,
            None,
            "a comment is not an approval",
        ),
    ]
}

fn file(path: &str, class: Class, kind: &str, rule: &str, added: u64, deleted: u64) -> FileRow {
    FileRow {
        class: FileClass {
            path: path.into(),
            class,
            kind: kind.into(),
            rule: rule.into(),
            scope: (rule == "money").then(|| "payments".into()),
            why: format!("`{path}` is {class} by rule “{rule}”"),
            keys: Vec::new(),
        },
        lines: (kind != "binary").then_some(Lines { added, deleted }),
    }
}

fn files() -> Vec<FileRow> {
    use Class::{Routine, Significant, Trivial};
    vec![
        file("src/payments/refund.rs", Significant, "code", "money", 118, 41),
        file("src/payments/rounding.rs", Significant, "code", "money", 64, 0),
        file("src/auth/scopes.rs", Significant, "code", "also: security", 6, 2),
        file("src/ledger/post.rs", Significant, "code", "default", 37, 22),
        file("tests/refund_currency.rs", Routine, "code", "tests", 142, 0),
        file("docs/refunds.md", Trivial, "documentation", "docs", 21, 4),
        file("docs/logo.png", Significant, "binary", "default", 0, 0),
        file(HOSTILE, Trivial, "documentation", "docs", 3, 0),
    ]
}

fn event(
    at: &str,
    delay: i64,
    lane: Lane,
    (who, what, label): (&str, &str, &str),
    mark: EventMark,
) -> Event {
    let occurred = time(at);
    Event {
        occurred,
        received: Time::from_micros(occurred.micros() + delay * 100_000).filter(|_| delay != 0),
        lane,
        who: who.into(),
        what: Prose::marked(what),
        label: label.into(),
        mark,
        index: Some(44_000 + occurred.micros().unsigned_abs() / 1_000_000 % 2_000),
    }
}

fn events() -> Vec<Event> {
    use EventMark::{Attention, Bad, Good, Plain, Stale};
    use Lane::{Checks, Commits, Decision, Deploy, Incident, Review, Ticket};
    let mut all = vec![
        event(
            "2026-10-06 08:12:40",
            4,
            Ticket,
            ("I. Falk", "PAY-212 created, status To do", "created"),
            Plain,
        ),
        event(
            "2026-10-07 09:00:12",
            3,
            Ticket,
            ("T. Lindqvist", "PAY-212 moved to In progress", "in progress"),
            Plain,
        ),
        event(
            "2026-10-07 10:31:55",
            1_819_800,
            Commits,
            ("T. Lindqvist", "first commit `b02d77c1e4`", "first commit"),
            Plain,
        ),
        event(
            "2026-10-09 13:05:21",
            6,
            Commits,
            ("T. Lindqvist", "pull request 1184 opened at `4be1c07a92`", "opened"),
            Plain,
        ),
        event(
            "2026-10-09 13:19:44",
            5,
            Checks,
            ("ci/test", "failed on `4be1c07a92`", "failed"),
            Bad,
        ),
        event(
            "2026-10-12 09:47:03",
            4,
            Review,
            ("K. Mori", "approved `4be1c07a92`, which is other content", "K. Mori: other content"),
            Stale,
        ),
        event(
            "2026-10-13 15:11:30",
            5,
            Commits,
            ("T. Lindqvist", "pushed `81d3f6e05b`", "pushed"),
            Plain,
        ),
        event(
            "2026-10-13 16:48:09",
            4,
            Review,
            ("M. Ortiz", "approved `81d3f6e05b` as architect, scope payments", "M. Ortiz"),
            Good,
        ),
        event(
            "2026-10-14 08:20:37",
            4,
            Review,
            ("D. Whitfield", "approved `81d3f6e05b` as security", "D. Whitfield"),
            Good,
        ),
    ];
    all.extend([
        event(
            "2026-10-14 09:02:18",
            5,
            Commits,
            ("T. Lindqvist", "merged main into the branch: head `9f2c41e7d0`", "update from main"),
            Plain,
        ),
        event(
            "2026-10-14 09:13:50",
            7,
            Checks,
            ("ci/test, sonarqube", "passed on `9f2c41e7d0`", "passed on the head"),
            Good,
        ),
        event(
            "2026-10-14 09:14:02",
            0,
            Decision,
            ("Countersign", "merge: approved", "merge approved"),
            Good,
        ),
        event(
            "2026-10-14 09:41:07",
            4,
            Decision,
            ("J. Pinto", "landed on main as `c07e52b1aa` (squash), unaltered", ""),
            Plain,
        ),
        event(
            "2026-10-14 10:05:33",
            2,
            Deploy,
            ("pipeline-eu", "staging, succeeded 10:09:10", "staging"),
            Good,
        ),
        event(
            "2026-10-14 14:30:58",
            0,
            Decision,
            ("Countersign", "deploy to production: approved", "deploy approved"),
            Good,
        ),
        event(
            "2026-10-14 14:31:12",
            2,
            Deploy,
            ("O. Bilyk", "production, succeeded 14:38:44", "production"),
            Good,
        ),
        event(
            "2026-10-15 07:52:00",
            11,
            Incident,
            ("on-call", "INC-3391 opened; this deploy is suspect 2 of 5", "INC-3391"),
            Plain,
        ),
        event(
            "2026-10-15 10:10:26",
            4,
            Ticket,
            ("I. Falk", "PAY-212 description edited after the deploy", "edited"),
            Attention,
        ),
    ]);
    all
}

fn decision(state: State, files: &[FileRow], rules: Vec<Rule>, summary: &str) -> Decision {
    let class = files.iter().map(|file| file.class.class).max().unwrap_or(Class::Significant);
    Decision {
        state,
        classification: Classification {
            class,
            why: files.first().map_or(String::new(), |file| file.class.why.clone()),
            files: files.iter().map(|file| file.class.clone()).collect(),
            limits: Vec::new(),
        },
        rules,
        missing: Vec::new(),
        opinions: opinions(),
        summary: summary.into(),
        holds_until: None,
    }
}

fn moments() -> TicketMoments {
    let state = |status: &str| {
        Some(TicketState {
            status: Some(status.into()),
            kind: Some("Story".into()),
            scope: Some(
                "sha256:77d0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5ce21b".into(),
            ),
        })
    };
    TicketMoments {
        ticket: ticket("PAY-212"),
        title: "Refunds settle in the currency of the ledger".into(),
        found_in: vec!["title".into(), "branch".into()],
        moments: [state("In progress"), state("In review"), state("In review")],
        note: Prose::from("Description edited 2026-10-15 10:10, 19 h 39 min after the deploy."),
    }
}

/// A significant change with all its evidence.
#[must_use]
pub fn change() -> ChangePage {
    let files = files();
    let summary = "Significant. An architect and security approved this exact content before it landed; it landed \
        unaltered and reached production 4 h 50 min later.";
    ChangePage {
        id: "chg_01ja9x7q4m".into(),
        title: "Settle refunds in the ledger’s own currency".into(),
        repo: "acme/payments".into(),
        repo_href: "/changes?repo=acme/payments".into(),
        pull: Some(Link::new(
            "pull request 1184",
            "https://forge.acme.example/acme/payments/pull/1184",
        )),
        branch: "main".into(),
        authors: vec!["T. Lindqvist".into(), "P. Raman".into()],
        tickets: vec![moments()],
        head: oid("9f2c41e7d0"),
        base: Some(oid("d3350b9c61")),
        landing: Some(landing(0xaa)),
        landing_evidence: vec![
            "tree of `c07e52b1aa` equals the automatic merge of `9f2c41e7d0` into its parent"
                .into(),
        ],
        decision: decision(State::Approved, &files, rules_passing(), summary),
        decision_link: Some(Link::new("dec_01ja9yh3kv", "/decisions/dec_01ja9yh3kv")),
        decided_for: "deploy to production".into(),
        decided_at: time("2026-10-14 14:30:58"),
        policy: Prose::from("Policy: organisation ")
            .code("sha256:3b8e…41c0")
            .text(", repository ")
            .code("sha256:a91d…77f2")
            .text(" read at ")
            .code("main@4be1c07a92"),
        files,
        events: events(),
        in_production: Some(time("2026-10-14 14:31:12")),
        places: places(),
        exceptions: vec![(
            exception("X07", Severity::Low, "Ticket’s scope edited after the deploy."),
            Prose::from(
                "I. Falk: a typing error in the title of a linked page; no change of scope.",
            ),
        )],
        receipt: Some(receipt()),
        in_scope: true,
        actions: vec![Link::new("JSON", "/api/v1/changes/chg_01ja9x7q4m")],
    }
}

fn places() -> Vec<Place> {
    vec![
        Place {
            environment: "production".into(),
            since: time("2026-10-14 14:38:44"),
            deploy: Link::new("dep_7091", "/deploys/dep_7091"),
            attribution: Some(Attribution {
                total: 4,
                landed: 3,
                plumbing: 1,
                ..Attribution::default()
            }),
            withdrawn: None,
        },
        Place {
            environment: "staging".into(),
            since: time("2026-10-14 10:09:10"),
            deploy: Link::new("dep_7085", "/deploys/dep_7085"),
            attribution: None,
            withdrawn: None,
        },
    ]
}

fn key(path: &[&str], old: Value, new: Value, by: &str, because: &str) -> KeyVerdict {
    KeyVerdict {
        change: KeyChange {
            path: path.iter().map(|part| Segment::Key((*part).into())).collect(),
            op: KeyOp::Replace,
            old: Some(old),
            new: Some(new),
        },
        allowed: !by.is_empty(),
        by: by.into(),
        because: because.into(),
    }
}

fn text(value: &str) -> Value {
    Value::String(value.into())
}

fn trivial_files() -> Vec<FileRow> {
    let tags = "matches `v\\d+\\.\\d+\\.\\d+`, whole value";
    let mut router = file(
        "deploy/prod/values-sms-router.yaml",
        Class::Trivial,
        "configuration",
        "image tags",
        3,
        3,
    );
    router.class.keys = vec![
        key(&["router", "image", "tag"], text("v4.18.2"), text("v4.18.3"), "image tags", tags),
        key(
            &["router", "replicas"],
            Value::Int("12".into()),
            Value::Int("16".into()),
            "scaling",
            "int, 2 to 20, by at most 50 %: +33.3 %",
        ),
        key(
            &["retry", "logLevel"],
            text("debug"),
            text("info"),
            "scaling",
            "one of info, warn, error",
        ),
    ];
    let mut worker = file(
        "deploy/prod/values-sms-worker.yaml",
        Class::Trivial,
        "configuration",
        "image tags",
        1,
        1,
    );
    worker.class.keys = vec![key(
        &["worker", "image", "tag"],
        text("v4.18.2"),
        text("v4.18.3"),
        "image tags",
        tags,
    )];
    vec![router, worker]
}

/// A trivial change with its key proof.
#[must_use]
pub fn change_trivial() -> ChangePage {
    let files = trivial_files();
    let summary = "Trivial, and proven so: all 4 key changes in all 2 files match an allow rule, none matches a deny \
        rule, and the change is within its limits. No person approved it; none was required.";
    let mut page = ChangePage {
        id: "chg_01jb22m8rc".into(),
        title: "Move sms-router to 4.18.3 and raise its replicas".into(),
        decision: decision(State::AutoApproved, &files, trivial_rules(), summary),
        files,
        events: Vec::new(),
        exceptions: Vec::new(),
        ..change()
    };
    page.decision.opinions.clear();
    page
}

fn trivial_rules() -> Vec<Rule> {
    use RuleState::{NotApplicable, Satisfied};
    vec![
        leaf(
            "files",
            "Every file matches a rule",
            "repository: trivial.config",
            Satisfied,
            "files without a rule: 0",
        ),
        leaf(
            "deny",
            "No deny rule matches",
            "built-in and organisation: floor.deny_keys",
            Satisfied,
            "23 built-in patterns and 1 of the organisation (`**.feature_kill_switch`) were tried on old and new key names",
        ),
        leaf(
            "limits",
            "Within the limits",
            "repository: trivial.max",
            Satisfied,
            "2 of 5 files, 4 of 10 keys, 8 of 60 lines",
        ),
        leaf(
            "author",
            "Author maps to a known person",
            "built-in",
            Satisfied,
            "A. Nair, by account id 40117 at github",
        ),
        leaf(
            "dependencies",
            "Dependency proof",
            "repository: trivial.dependencies",
            NotApplicable,
            "no manifest is touched",
        ),
    ]
}

fn gate_changes() -> Vec<GateChange> {
    let one = |number: u64, title: &str, class, state| GateChange {
        label: number.to_string(),
        title: title.into(),
        href: format!("/changes/chg_{number}"),
        class,
        state,
        why: String::new(),
    };
    vec![
        one(1211, "Retry policy for failed payouts", Class::Significant, State::Pending),
        one(1209, "Raise worker replicas", Class::Trivial, State::AutoApproved),
        one(1208, HOSTILE, Class::Trivial, State::AutoApproved),
    ]
}

/// A blocked gate.
#[must_use]
pub fn decision_blocked() -> DecisionPage {
    let missing = vec![
        Missing {
            kind: "approval".into(),
            role: Some("architect".into()),
            scope: Some("payments".into()),
            have: 0,
            need: 1,
            who: vec!["m.ortiz".into(), "j.halvorsen".into(), "k.mori".into()],
            why: "`src/payments/period.rs` and 1 other file match rule “money”. There was 1 approval, of other content: j.halvorsen approved `c2a7e1904d`.".into(),
        },
        Missing { kind: "ticket".into(), role: None, scope: None, have: 0, need: 1, who: Vec::new(), why: "Changes that are not trivial need a ticket of project PAY. Looked in the title, the branch name, the commits and the links made by hand.".into() },
    ];
    DecisionPage {
        id: "dec_01jc81fz3a".into(),
        purpose: Purpose::Deploy,
        environment: Some("production".into()),
        service: Some("payments".into()),
        repo: "acme/payments".into(),
        sha: oid("5d80fe21b7"),
        pull: Some(Link::new(
            "acme/payments#1211",
            "https://forge.acme.example/acme/payments/pull/1211",
        )),
        asked_by: Some("ci-payments".into()),
        decided_at: time("2026-11-20 14:00:00"),
        expires_at: Some(time("2026-11-20 14:10:00")),
        state: State::Pending,
        until: None,
        class: Some(Class::Significant),
        answer: answer(State::Pending, &missing),
        missing,
        rules: rules_blocked(),
        opinions: opinions(),
        classification: None,
        changes: gate_changes(),
        attribution: Some(Attribution {
            total: 4,
            landed: 3,
            plumbing: 1,
            ..Attribution::default()
        }),
        policy: PolicyRefs {
            organisation: Some(
                "sha256:3b8e00000000000000000000000000000000000000000000000000000000041c0".into(),
            ),
            repository: Some(
                "sha256:a91d000000000000000000000000000000000000000000000000000000077f2".into(),
            ),
            base: Some("main@4be1c07a92".into()),
        },
        terminal: terminal(),
        json_href: Some("/api/v1/decisions/dec_01jc81fz3a".into()),
        again_href: Some("/decisions/dec_01jc81fz3a".into()),
        receipt: Some(receipt()),
    }
}

fn terminal() -> Vec<String> {
    [
        "$ countersign gate \\",
        "    --repo acme/payments --sha 5d80fe21b7 \\",
        "    --environment production",
        "blocked  pending · significant · production",
        "missing  approval  architect, scope payments   0 of 1",
        "         who: m.ortiz, j.halvorsen, k.mori",
        "missing  ticket    PAY, In progress or In review",
        "page     /decisions/dec_01jc81fz3a",
        "exit     1",
    ]
    .map(str::to_owned)
    .into()
}

/// The gate in a state, with what belongs to it.
#[must_use]
pub fn decision_in(state: State) -> DecisionPage {
    if state == State::Pending {
        return decision_blocked();
    }
    let trivial = state == State::AutoApproved;
    let files = if trivial { trivial_files() } else { files() };
    DecisionPage {
        state,
        until: matches!(state, State::EmergencyOpen | State::Frozen)
            .then(|| time("2026-11-20 18:40:00")),
        answer: answer(state, &[]),
        class: (!matches!(state, State::UnknownCommit | State::Error))
            .then(|| decision(state, &files, Vec::new(), "").classification.class),
        missing: Vec::new(),
        rules: match state {
            State::AutoApproved => trivial_rules(),
            State::UnknownCommit | State::PolicyInvalid | State::Unmatched => Vec::new(),
            state if state.passes() => rules_passing(),
            _ => rules_blocked(),
        },
        classification: trivial.then(|| decision(state, &files, Vec::new(), "").classification),
        opinions: if trivial { Vec::new() } else { opinions() },
        changes: Vec::new(),
        attribution: None,
        terminal: Vec::new(),
        receipt: None,
        ..decision_blocked()
    }
}

/// A deploy that brought commits which belong to no change.
#[must_use]
pub fn deploy() -> DeployPage {
    let commit =
        |start: &str, subject: &str, bucket: &str, change: Option<&str>| AttributedCommit {
            commit: oid(start),
            subject: subject.into(),
            author: "T. Lindqvist".into(),
            bucket: bucket.into(),
            change: change.map(|id| Link::new(id, format!("/changes/{id}"))),
        };
    DeployPage {
        row: DeployRow {
            status: DeployStatus::Succeeded,
            ..deploy_row(5, DeployKind::Forward, "webhooks", State::Unaccounted)
        },
        repo: "acme/webhooks".into(),
        finished: Some(time("2026-10-31 11:41:17")),
        artifact: Some(
            "sha256:5ac9e210774398bd0c6f21d4b8e03f976a15d2c840be917aee0358f1c76d2b94".into(),
        ),
        previous: Some(Link::new("dep_7388", "/deploys/dep_7388")),
        source: Some(Link::new(
            "deployment 91 at github",
            "https://forge.acme.example/acme/webhooks/deployments/91",
        )),
        verdict: Prose::from("It went out although ")
            .strong("1 commit belongs to no change")
            .text(" and the gate had not passed."),
        attribution: Attribution {
            total: 4,
            landed: 2,
            direct: 1,
            plumbing: 1,
            ..Attribution::default()
        },
        commits: vec![
            commit("0165debbc6", "Merge pull request 912", "plumbing", Some("chg_912")),
            commit("b81e0c55f3", HOSTILE, "direct", None),
            commit(
                "c2a7e1904d",
                "Accept webhooks from the second region",
                "landed",
                Some("chg_912"),
            ),
            commit("c2a7e1904e", "", "landed", Some("chg_912")),
        ],
        commits_shown_of: 4,
        changes: gate_changes(),
        withdrawn: Vec::new(),
        decision: Some(Link::new("dec_01jc81fz3a", "/decisions/dec_01jc81fz3a")),
        entries: vec![EntryRow {
            index: 47_826,
            kind: "deploy.succeeded".into(),
            occurred: time("2026-10-31 01:25:10"),
            received: Some(time("2026-10-31 01:25:11")),
            what: Prose::marked("`0165debbc6` of webhooks is in production"),
        }],
    }
}

/// The ledger's head.
#[must_use]
pub fn ledger() -> LedgerPage {
    let root = checkpoint().root;
    LedgerPage {
        size: 48_213,
        root: root.clone(),
        checkpoint: Some(checkpoint()),
        checkpoint_text: format!(
            "localhost/countersign\n48213\n{root}\n\n— localhost/countersign Xh3kq0…\n"
        ),
        key: "localhost/countersign+5d1e9a44+AQ7n2m0wYxVZk7hC4n8dJr1sLpA3uE6oBfG5iQyRtWh9".into(),
        verification: Some(Verification {
            at: time("2026-11-20 03:00:00"),
            size: 48_190,
            holds: true,
            checked: vec![
                "every entry was hashed again from its stored bytes".into(),
                "the root over them equals the signed root".into(),
            ],
            not_checked: vec!["whether somebody outside holds an older checkpoint".into()],
            failure: None,
        }),
        checkpoints: vec![
            checkpoint(),
            CheckpointRef { size: 48_190, at: time("2026-11-20 13:05:00"), ..checkpoint() },
        ],
        kinds: vec![
            ("decision".into(), 12_040),
            ("delivery".into(), 30_112),
            ("deploy.succeeded".into(), 6_061),
        ],
        rows: (0_u64..8)
            .map(|place| LedgerRow {
                index: 48_212 - place,
                href: format!("/ledger/{}", 48_212 - place),
                kind: pick(&["decision", "deploy.succeeded", "change.landed"], place).into(),
                occurred: time("2026-11-20 14:05:00"),
                received: (place % 2 == 0).then(|| time("2026-11-20 14:05:01")),
                subject: Prose::from("").link("chg_01ja9x7q4m", "/changes/chg_01ja9x7q4m"),
                leaf_hash: receipt().leaf_hash,
            })
            .collect(),
        pager: pager(48_213),
        downloads: vec![
            Link::new("Checkpoint", "/ledger/checkpoint"),
            Link::new("Key", "/api/v1/ledger/key"),
        ],
    }
}

/// One entry.
#[must_use]
pub fn entry() -> EntryPage {
    EntryPage {
        kind: "change.landed".into(),
        occurred: time("2026-10-14 09:41:07"),
        received: Some(time("2026-10-14 09:41:08")),
        fields: vec![
            Field {
                name: "Change".into(),
                value: Prose::new().link("chg_01ja9x7q4m", "/changes/chg_01ja9x7q4m"),
            },
            Field {
                name: "Landed as".into(),
                value: Prose::new().code("c07e52b1aa").text(" (squash), unaltered"),
            },
            Field { name: "Title".into(), value: Prose::from(HOSTILE) },
        ],
        bytes: format!(
            "{{\"change\":\"chg_01ja9x7q4m\",\"kind\":\"change.landed\",\"title\":{}}}",
            serde_json::Value::from(HOSTILE)
        ),
        schema: "countersign/entry/v1".into(),
        path: (0_u8..16)
            .map(|place| crate::domain::id::sha256(&[place]).replace("sha256:", ""))
            .collect(),
        supersedes: Some(45_872),
        superseded_by: None,
        subject: Some(Link::new("chg_01ja9x7q4m", "/changes/chg_01ja9x7q4m")),
        neighbours: (
            Some(Link::new("45,879", "/ledger/45879")),
            Some(Link::new("45,881", "/ledger/45881")),
        ),
        receipt: receipt(),
    }
}

/// A one-time link that is good.
#[must_use]
pub fn sign_in() -> SignInPage {
    SignInPage {
        organisation: "Acme".into(),
        form: Some(SignInForm {
            action: "/sign-in".into(),
            hidden: vec![("token".into(), "0f3a".into()), ("to".into(), "/population".into())],
            person: "Helen Brandt (h.brandt)".into(),
            role: "auditor".into(),
        }),
        trouble: Prose::new(),
        commands: Vec::new(),
    }
}

/// A link that was used already.
#[must_use]
pub fn sign_in_used() -> SignInPage {
    SignInPage {
        form: None,
        trouble: "This link was used already, at 2026-11-20 13:40:02 UTC. A link signs in once."
            .into(),
        commands: vec!["countersign demo".into()],
        ..sign_in()
    }
}
