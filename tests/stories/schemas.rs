//! Every entry says what its schema says, and no kind is written that has none.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use boon::{Compiler, SchemaIndex, Schemas};
use countersign::app::{App, Caller};
use countersign::ledger::schema::KINDS;
use serde_json::Value;

use crate::harness::entries::complaints;
use crate::harness::server::{Server, token};
use crate::harness::{Kind, World};

/// The schemas as another program reads them.
pub struct Validator {
    schemas: Schemas,
    by_kind: BTreeMap<String, SchemaIndex>,
}

impl Validator {
    /// From the answer of `GET /api/v1/ledger/schemas`.
    pub fn new(answer: &Value) -> Self {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        let mut by_kind = BTreeMap::new();
        for (kind, schema) in answer["schemas"].as_object().expect("schemas") {
            let id = schema["$id"].as_str().expect("an id");
            compiler.add_resource(id, schema.clone()).expect("a schema");
            let index = compiler.compile(id, &mut schemas).expect("a valid schema");
            by_kind.insert(kind.clone(), index);
        }
        Self { schemas, by_kind }
    }

    /// What is wrong with an entry.
    pub fn complaint(&self, entry: &Value) -> Option<String> {
        let kind = entry["kind"].as_str().unwrap_or_default();
        let Some(index) = self.by_kind.get(kind) else {
            return Some(format!("no schema is published for the kind `{kind}`"));
        };
        self.schemas.validate(entry, *index).err().map(|error| format!("{error:#}\n{entry}"))
    }

    /// Checks every entry of a ledger; gives the kinds that were met.
    pub async fn check(&self, app: &App) -> BTreeSet<String> {
        let operator = Caller::operator();
        let (mut met, mut index) = (BTreeSet::new(), 0);
        while let Ok((kind, bytes)) = app.entry(&operator, index).await {
            let entry: Value = serde_json::from_slice(&bytes).expect("JSON");
            assert_eq!(self.complaint(&entry), None, "entry {index}");
            met.insert(kind);
            index += 1;
        }
        met
    }
}

pub async fn published(world: &World) -> Value {
    let server = Server::start(world).await;
    let secret = token(world, countersign::app::Role::Reader).await;
    let answer = server.get("/api/v1/ledger/schemas", &secret).await;
    answer.json().await.expect("JSON")
}

/// What is done at the end of every story, on a ledger to which somebody added entries of their own.
#[tokio::test(flavor = "multi_thread")]
async fn the_check_at_the_end_of_every_story_can_fail() {
    let world = World::new(Kind::Sqlite).await;
    let operator = Caller::operator();
    let request = countersign::app::TokenRequest {
        name: "x".to_owned(),
        role: countersign::app::Role::Ci,
        repo: None,
        lasts: None,
    };
    world.app.create_token(&operator, request).await.expect("a token");
    let url = world.config.database_url.0.clone();
    assert_eq!(complaints(&url).await, Vec::<String>::new());
    let (kind, good) = world.app.entry(&operator, 0).await.expect("an entry");
    let mut entry: Value = serde_json::from_slice(&good).expect("JSON");
    entry["more"] = true.into();
    let db = countersign::store::Db::open(&url).await.expect("opens");
    let countersign::store::Db::Sqlite { writer, .. } = &db else { panic!("not SQLite") };
    let sql = "insert into ledger_entry (idx, kind, bytes, leaf) values (99, $1, $2, x'00')";
    let row = sqlx::query(sql).bind(kind).bind(entry.to_string().into_bytes());
    row.execute(writer).await.expect("added");
    let found = complaints(&url).await;
    assert!(found.len() == 1 && found[0].starts_with("entry 99: "), "{found:?}");
    let World { checked, .. } = world;
    let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(checked)));
    assert!(dropped.is_err(), "the story would have passed");
}

/// Every `"kind"` that is handed to `record` in the sources, through a name or at once.
#[test]
fn no_kind_is_written_that_has_no_schema() {
    fn read(folder: &Path, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                read(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("UTF-8");
                found.push((path.display().to_string(), text));
            }
        }
    }
    let mut sources = Vec::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/app"), &mut sources);
    let known: BTreeSet<&str> = KINDS.iter().map(|kind| kind.name).collect();
    let mut seen = BTreeSet::new();
    for (path, text) in &sources {
        let calls =
            text.match_indices("unit.record(").chain(text.match_indices("unit.record_said("));
        for (at, call) in calls {
            let (before, call) = (&text[..at], &text[at + call.len()..]);
            let argument = call.trim_start();
            let named = |rest: &str| rest.split('"').next().unwrap_or_default().to_owned();
            let kinds: Vec<String> = if let Some(rest) = argument.strip_prefix('"') {
                vec![named(rest)]
            } else if argument.starts_with("epoch::KIND") {
                vec![countersign::ledger::epoch::KIND.to_owned()]
            } else if argument.starts_with("ERASURE") {
                vec![countersign::ledger::sealed::ERASURE.to_owned()]
            } else {
                // `let kind = if … { "a" } else { "b" };` above the call.
                assert!(
                    argument.starts_with("kind,"),
                    "{path}: which kind is `{}`?",
                    &argument[..40]
                );
                let line = before.rfind("let kind = ").map(|at| &before[at..]).unwrap_or_default();
                let line = line.split(';').next().unwrap_or_default();
                line.split('"').skip(1).step_by(2).map(str::to_owned).collect()
            };
            assert!(!kinds.is_empty(), "{path}: a kind that cannot be told");
            for kind in kinds {
                assert!(
                    known.contains(kind.as_str()),
                    "{path}: `{kind}` has no schema: add it to src/ledger/schema/kinds.rs"
                );
                seen.insert(kind);
            }
        }
    }
    let seen: BTreeSet<&str> = seen.iter().map(String::as_str).collect();
    assert_eq!(seen, known, "kinds that are listed, and written nowhere");
}

/// The story of the demonstration goes through the real intake; what it leaves out is done here.
#[tokio::test(flavor = "multi_thread")]
async fn every_entry_of_the_usual_flows_is_what_its_schema_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let listen = "127.0.0.1:8480".parse().expect("an address");
    let demo = countersign::cli::demo::build(folder.path(), listen).await;
    let demo = demo.expect("the sample organisation");
    let world = World::new(Kind::Sqlite).await;
    let validator = Validator::new(&published(&world).await);
    let mut met = validator.check(&demo.app).await;
    let operator = Caller::operator();
    world.app.rotate_key(&operator, "for the test").await.expect("rotated");
    let listed = world.app.tokens(&operator).await.expect("tokens");
    world.app.revoke_token(&operator, &listed[0].0).await.expect("revoked");
    met.extend(validator.check(&world.app).await);
    for usual in [
        "delivery",
        "decision",
        "change.judged",
        "deploy.attributed",
        "link.asserted",
        "ledger.key_rotated",
    ] {
        assert!(met.contains(usual), "{usual} was not met: {met:?}");
    }
    // A schema that lets anything pass would have let this pass.
    let (_, bytes) = world.app.entry(&operator, 0).await.expect("an entry");
    let entry: Value = serde_json::from_slice(&bytes).expect("JSON");
    for (field, value) in
        [("at", "now".into()), ("v", 2.into()), ("more", true.into()), ("kind", "x".into())]
    {
        let mut other = entry.clone();
        other[field] = value;
        assert!(validator.complaint(&other).is_some(), "{other}");
    }
}
