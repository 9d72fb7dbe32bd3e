//! Rule trees and opinions.

use super::{HOSTILE, oid, time};
use crate::policy::decision::{Counted, Rule, RuleState};

pub(super) fn leaf(id: &str, title: &str, from: &str, state: RuleState, seen: &str) -> Rule {
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

pub(super) fn parent(
    id: &str,
    title: &str,
    state: RuleState,
    seen: &str,
    rules: Vec<Rule>,
) -> Rule {
    Rule { of: "all".into(), rules, ..leaf(id, title, "organisation: floor", state, seen) }
}

pub(super) fn rules_passing() -> Vec<Rule> {
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

pub(super) fn rules_blocked() -> Vec<Rule> {
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

#[expect(clippy::too_many_arguments, reason = "one row of a table of opinions")]
pub(super) fn counted(
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
        by_comment: false,
        commit: Some(oid(commit)),
        at: time(at),
        basis: basis.map(str::to_owned),
        counts,
        why: why.into(),
    }
}

pub(super) fn opinions() -> Vec<Counted> {
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

pub(super) fn trivial_rules() -> Vec<Rule> {
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
