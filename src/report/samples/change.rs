//! A significant and a trivial change.

use super::lists::landing;
use super::rules::{opinions, rules_passing, trivial_rules};
use super::{HOSTILE, exception, oid, receipt, ticket, time};
use crate::domain::file::{DiffLine, Lines, Segment, Value};
use crate::domain::{Class, KeyChange, KeyOp, Time};
use crate::policy::decision::{Classification, Decision, FileClass, KeyVerdict, Rule, State};
use crate::report::attribution::Attribution;
use crate::report::change::{
    ChangePage, FileRow, MovedRow, Place, PolicyEdit, TicketMoments, TicketState,
};
use crate::report::excerpt::{Excerpt, Source, excerpt};
use crate::report::lanes::{Event, EventMark, Lane};
use crate::report::prose::Prose;
use crate::report::refs::{Link, Severity};

pub(super) fn file(
    path: &str,
    class: Class,
    kind: &str,
    rule: &str,
    added: u64,
    deleted: u64,
) -> FileRow {
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

pub(super) fn files() -> Vec<FileRow> {
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

/// A replaced line, an added one with what is hidden in it, and a secret that is not shown.
fn excerpts() -> Vec<Excerpt> {
    let line = |old: u64, new: u64, text: &str| DiffLine {
        old: (old > 0).then_some(old),
        new: (new > 0).then_some(new),
        text: text.into(),
        ended: true,
    };
    let code = [
        line(88, 88, "    let refund = Refund::of(&payment)?;"),
        line(89, 0, "    let amount = refund.amount.convert(self.home_currency);"),
        line(90, 0, "    self.post(amount.round(2))"),
        line(0, 89, "    let amount = refund.amount.convert(payment.ledger_currency());"),
        line(0, 90, "    let minor = Rounding::for_currency(amount.currency()).apply(amount)?;"),
        line(0, 91, "    self.post(minor)"),
        line(91, 92, "        .map_err(PostError::from)"),
        line(92, 93, "}"),
    ];
    let odd = [
        line(3, 0, "    // nothing"),
        line(0, 3, HOSTILE),
        line(40, 40, "let password = \"hunter2\";"),
    ];
    let found = [("src/payments/refund.rs", &code[..], 159), (HOSTILE, &odd[..], 2)];
    let one = |(path, lines, changed)| {
        // The texts tell what is covered: here only the last line of the second file.
        let text = format!("{}let password = \"hunter2\";\n", "\n".repeat(39));
        let around = None;
        let source =
            Source { path, old: &text, new: &text, configuration: false, around, lines, changed };
        excerpt(&source, 20)
    };
    found.into_iter().filter_map(one).collect()
}

pub(super) fn event(
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

#[expect(clippy::too_many_lines, reason = "a table of eighteen events, one after another")]
pub(super) fn events() -> Vec<Event> {
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

pub(super) fn decision(
    state: State,
    files: &[FileRow],
    rules: Vec<Rule>,
    summary: &str,
) -> Decision {
    let class = files.iter().map(|file| file.class.class).max().unwrap_or(Class::Significant);
    Decision {
        state,
        classification: Classification {
            class,
            why: files.first().map_or(String::new(), |file| file.class.why.clone()),
            files: files.iter().map(|file| file.class.clone()).collect(),
            limits: Vec::new(),
            revert: None,
        },
        rules,
        missing: Vec::new(),
        opinions: opinions(),
        summary: summary.into(),
        holds_until: None,
    }
}

pub(super) fn moments() -> TicketMoments {
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
        repo_href: "/changes?repo=acme%2Fpayments".into(),
        pull: Some(Link::new(
            "pull request 1184",
            "https://forge.acme.example/acme/payments/pull/1184",
        )),
        branch: "main".into(),
        authors: vec!["T. Lindqvist".into(), "P. Raman".into()],
        tickets: vec![moments()],
        more_tickets: 0,
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
        excerpts: excerpts(),
        no_excerpt: String::new(),
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
        policy_edit: None,
        disowned: Vec::new(),
        in_scope: true,
        actions: vec![Link::new("JSON", "/api/v1/changes/chg_01ja9x7q4m")],
    }
}

pub(super) fn places() -> Vec<Place> {
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

pub(super) fn key(path: &[&str], old: Value, new: Value, by: &str, because: &str) -> KeyVerdict {
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

pub(super) fn text(value: &str) -> Value {
    Value::String(value.into())
}

pub(super) fn trivial_files() -> Vec<FileRow> {
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

/// A change whose every word from outside is hostile, with a title of hundreds of characters and 10,000 tickets.
#[must_use]
pub fn change_hostile() -> ChangePage {
    ChangePage {
        title: HOSTILE.repeat(2),
        repo: HOSTILE.into(),
        branch: HOSTILE.into(),
        authors: vec![HOSTILE.into(), String::new()],
        more_tickets: 9_999,
        policy_edit: Some(PolicyEdit {
            refused: String::new(),
            invalid: vec!["repository: `default`, line 2: `routine` is weaker than the organisation allows; `significant` applies".into()],
            cases: "Its own cases: 3 passed, 1 failed.".into(),
            failed: vec![HOSTILE.into()],
            effect: "Of the last landings of this repository: 1 of 100 verdicts would change: 1 would pass that do not, 0 would not pass that do; 12 pass by themselves, 13 would.".into(),
            moved: vec![MovedRow {
                change: Link::new(HOSTILE, "/changes/chg_01jb22m8rc"),
                before: "significant pending".into(),
                after: "trivial auto_approved".into(),
                why: HOSTILE.into(),
            }],
            more: 7,
        }),
        ..change()
    }
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
        excerpts: Vec::new(),
        no_excerpt: String::new(),
        events: Vec::new(),
        exceptions: Vec::new(),
        ..change()
    };
    page.decision.opinions.clear();
    page
}
