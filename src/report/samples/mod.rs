//! Invented data for the component page and the tests of the pages: one organisation, one October, and hostile text.

mod change;
mod gate;
mod lists;
mod overview;
mod policy;
mod record;
mod rules;
mod search;

pub use self::change::{change, change_hostile, change_trivial};
pub use self::gate::{decision_blocked, decision_in, deploy};
pub use self::lists::{changes, population, population_empty};
pub use self::overview::{first_run, overview};
pub use self::policy::{policies, policy};
pub use self::record::{entry, ledger, sign_in, sign_in_used};
pub use self::search::{search, search_nothing};

use crate::domain::{Oid, Time};
use crate::report::attribution::Attribution;
use crate::report::entry::{CheckpointRef, ProofState, ReceiptView};
use crate::report::population::{Compared, Outcomes};
use crate::report::refs::{ExceptionRef, Link, Severity, TicketRef};

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

fn pick<T: Copy>(from: &[T], place: u64) -> T {
    let index = usize::try_from(place).unwrap_or(0) % from.len().max(1);
    from.get(index).copied().unwrap_or_else(|| unreachable!("samples are never empty"))
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
