//! The ledger, an entry, the way in.

use super::lists::pager;
use super::{HOSTILE, checkpoint, pick, receipt, time};
use crate::report::entry::{CheckpointRef, EntryPage, Field, Said};
use crate::report::ledger::{
    ErasureRow, LedgerPage, LedgerRow, Verification, WitnessRow, Witnesses,
};
use crate::report::prose::Prose;
use crate::report::refs::Link;
use crate::report::sign_in::{SignInForm, SignInPage};

/// The ledger's head.
#[must_use]
pub fn ledger() -> LedgerPage {
    let root = checkpoint().root;
    LedgerPage {
        erasures: vec![ErasureRow {
            pseudonym: "person-8f21c0de".into(),
            state: "performed".into(),
            at: time("2026-09-01 10:00:00"),
            by: "a.lind".into(),
            agreed: Some("h.brandt".into()),
            index: 47_002,
            documents: Some(412),
            deliveries: Some(1_877),
        }],
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
        witnesses: Some(witnesses()),
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

fn witnesses() -> Witnesses {
    Witnesses {
        rows: vec![
            WitnessRow {
                name: "auditor".into(),
                key: "witness.example/w1+20324abe+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X"
                    .into(),
                size: Some(48_213),
                asked: Some(time("2026-11-20 14:05:02")),
                failing: None,
            },
            WitnessRow {
                name: "bank".into(),
                key: "bank.example/witness+5f0c9a11+BKk1yP3nqz0m3cXr1J7dQ9s0hVb2tW8uYf4aLxE6oNiR"
                    .into(),
                size: Some(47_990),
                asked: Some(time("2026-11-20 14:05:02")),
                failing: Some(format!("it cannot be reached: {HOSTILE}")),
            },
        ],
        quorum: 1,
        witnessed: Some(48_213),
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
        said: Some(Said {
            digest: crate::domain::id::sha256(b"said"),
            fields: vec![Field { name: "by".into(), value: Prose::new().code("person-8f21c0de") }],
            erased_by: Some(47_002),
        }),
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
