//! What holds for every policy and every change, shown over random files of both layers and random facts, through the
//! readers that a service uses. (`policy::decide` and `policy::layers` have laws of their own, field by field.)

use countersign::domain::Time;
use countersign::policy::model::Effective;
use countersign::policy::testcase::{self, Case};
use countersign::policy::{Decision, layers};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use serde_json::{Value, json};

const PEOPLE: [&str; 5] = ["dev1", "arch1", "arch2", "sec1", "peer1"];

fn as_of() -> Time {
    "2026-11-20T12:00:00Z".parse().expect("a time")
}

/// Both layers from their values; JSON is YAML.
fn effective(organisation: &Value, repository: Option<&Value>) -> Effective {
    let upper = organisation.to_string();
    let lower = repository.map(Value::to_string);
    let lower = lower.as_ref().map(|text| (".countersign.yml", text.as_bytes()));
    layers::from_bytes(Some(("organisation.yml", upper.as_bytes())), lower, "main@4be1c07a92")
}

fn judge(policy: &Effective, case: &Value) -> Decision {
    let text = json!([case]).to_string();
    let cases: Vec<Case> = testcase::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    testcase::judge(&cases[0], policy, as_of())
}

fn passes(policy: &Effective, case: &Value) -> bool {
    judge(policy, case).passes()
}

/// Some of these, in their order.
fn some(of: Vec<Value>) -> impl Strategy<Value = Vec<Value>> {
    let most = of.len();
    prop::sample::subsequence(of, 0..=most)
}

fn class() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["routine", "significant", "critical"])
}

/// What either layer may say to ask for more.
fn tightening() -> impl Strategy<Value = Value> {
    let rules = some(vec![
        json!({ "name": "money", "files": ["src/pay/**"], "scope": "payments" }),
        json!({ "name": "core", "files": ["src/**"], "count": 2 }),
        json!({ "name": "texts", "files": ["docs/secret/**"] }),
    ]);
    let also = some(vec![
        json!({ "when": { "files": ["src/**"] }, "role": "security" }),
        json!({ "when": { "class": "trivial" }, "checks": ["ci"] }),
        json!({ "when": { "not": { "only_files": ["docs/**"] } }, "people": ["peer1"] }),
        json!({ "when": { "labels": ["risky"] }, "any": [
            { "role": "security" }, { "all": [{ "role": "architect", "count": 2 }, { "checks": ["ci"] }] },
        ] }),
    ]);
    let words = prop::sample::select(vec!["same_commit", "same_delta", "clean_rebase"]);
    let architects = prop::option::of((1..3_u64, class()));
    let peers = prop::option::of((1..3_u64, class()));
    (rules, also, prop::option::of(words), architects, peers, prop::option::of(class()))
        .prop_map(|(rules, also, staleness, architects, peers, default)| {
            let mut file = json!({ "version": 1 });
            let counted = |(count, class)| json!({ "count": count, "for": class });
            set(
                &mut file["approval"],
                "also",
                Some(also).filter(|also| !also.is_empty()).map(Value::from),
            );
            set(&mut file["approval"], "staleness", staleness.map(Value::from));
            set(&mut file["approval"], "architects", architects.map(counted));
            set(&mut file["approval"], "peers", peers.map(counted));
            set(
                &mut file,
                "significant",
                Some(rules).filter(|rules| !rules.is_empty()).map(Value::from),
            );
            set(&mut file, "default", default.map(Value::from));
            file
        })
        .prop_map(without_nothing)
}

fn set(map: &mut Value, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        map[key] = value;
    }
}

/// `approval: null` is no way of saying nothing.
fn without_nothing(mut file: Value) -> Value {
    if let Some(map) = file.as_object_mut() {
        map.retain(|_, value| !value.is_null());
    }
    file
}

/// What either layer may say to let changes pass by themselves.
fn loosening() -> impl Strategy<Value = Value> {
    let config = some(vec![
        json!({ "name": "scale", "files": ["deploy/**"], "allow": [{ "key": "**.replicas", "min": 1, "max": 9 }] }),
        json!({ "name": "levels", "files": ["deploy/**"], "allow": [{ "key": "**.level", "enum": ["info", "warn"] }] }),
        json!({ "name": "one folder", "files": ["deploy/a/*.yaml"], "allow": [{ "key": "web.*", "ops": ["add"] }] }),
    ]);
    let routine = some(vec![json!({ "files": ["tests/**"] }), json!({ "files": ["tools/**"] })]);
    (config, routine, any::<bool>()).prop_map(|(config, routine, docs)| {
        let mut file = json!({});
        set(
            &mut file["trivial"],
            "config",
            Some(config).filter(|all| !all.is_empty()).map(Value::from),
        );
        set(&mut file["trivial"], "docs", docs.then(|| json!({ "files": ["docs/**/*.md"] })));
        set(&mut file, "routine", Some(routine).filter(|all| !all.is_empty()).map(Value::from));
        without_nothing(file)
    })
}

fn merged(mut one: Value, other: Value) -> Value {
    if let (Some(one), Value::Object(other)) = (one.as_object_mut(), other) {
        one.extend(other);
    }
    one
}

fn layer() -> impl Strategy<Value = Value> {
    (tightening(), loosening()).prop_map(|(tight, loose)| merged(tight, loose))
}

/// A file and what stands there before and after.
fn file() -> impl Strategy<Value = (String, Value, Value)> {
    let text = |texts: &[&str]| {
        prop::sample::select(texts.iter().map(|text| json!(text)).collect::<Vec<_>>())
    };
    let plain = prop::sample::select(vec![
        "docs/a.md",
        "docs/secret/b.md",
        "src/pay/c.rs",
        "src/d.rs",
        "tests/e.rs",
        "tools/f",
        ".countersign.yml",
        "Cargo.toml",
    ]);
    let keys = prop::sample::select(vec!["deploy/a/v.yaml", "deploy/b/w.yaml"]);
    let values = || {
        text(&[
            "web: {replicas: 2, level: info}\n",
            "web: {replicas: 3, level: info}\n",
            "web: {replicas: 3, level: debug}\n",
            "web: {replicas: 2}\n",
            "web: [\n",
        ])
    };
    prop_oneof![
        (plain, text(&["x: 1\n", "x: 2\n"]), Just(json!("x: 3\n"))),
        (keys, values(), values()),
    ]
    .prop_map(|(path, old, new)| (path.to_owned(), old, new))
}

fn said() -> impl Strategy<Value = Value> {
    let state = prop::sample::select(vec![
        "approve",
        "approve",
        "approve",
        "approve",
        "veto",
        "comment",
        "dismissed",
    ]);
    let at = prop::sample::select(vec![
        None,
        None,
        Some(json!("clean_rebase")),
        Some(json!("same_delta")),
        Some(Value::Null),
    ]);
    (prop::sample::select(PEOPLE.to_vec()), state, at).prop_map(|(by, state, at)| {
        let mut said = json!({ "by": by, "state": state });
        if let Some(proof) = at {
            said["at"] = json!("before");
            set(&mut said, "proof", Some(proof).filter(|proof| !proof.is_null()));
        }
        said
    })
}

fn case() -> impl Strategy<Value = Value> {
    let files = prop::collection::vec(file(), 1..4);
    let check = prop::sample::select(vec![None, Some("success"), Some("failure"), Some("pending")]);
    let author = prop::sample::select(vec!["dev1", "arch1", "who@elsewhere.example", "x[bot]"]);
    (files, prop::collection::vec(said(), 0..6), check, author, any::<bool>()).prop_map(
        |(files, said, check, author, risky)| {
            let side = |new: bool| -> Value {
                files.iter().map(|(path, old, head)| (path.clone(), if new { head.clone() } else { old.clone() })).collect()
            };
            let checks = check.map_or(json!({}), |word| json!({ "ci": word }));
            json!({
                "name": "some change", "author": "dev1", "commits": [{ "author": author }], "checks": checks,
                "base": side(false), "head": side(true), "approvals": said,
                "labels": if risky { vec!["risky"] } else { vec![] },
                "roles": {
                    "architect": [{ "user": "arch1" }, { "user": "arch2", "scopes": ["payments"] }, { "user": "sec1" }],
                    "security": [{ "user": "sec1" }, { "user": "peer1" }],
                },
                "expect": { "pass": true },
            })
        },
    )
}

/// Every list of a file the other way round.
fn turned(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().rev().map(turned).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), turned(value))).collect(),
        other => other.clone(),
    }
}

fn more(case: &Value, list: &str, what: Value) -> Value {
    let mut case = case.clone();
    if let Some(list) = case[list].as_array_mut() {
        list.push(what);
    }
    case
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_order_of_rules_never_matters(upper in layer(), lower in layer(), case in case()) {
        let one = judge(&effective(&upper, Some(&lower)), &case);
        let other = judge(&effective(&turned(&upper), Some(&turned(&lower))), &case);
        prop_assert_eq!(one.state, other.state);
        prop_assert_eq!(one.classification.class, other.classification.class);
        prop_assert_eq!(one.missing.len(), other.missing.len());
    }

    #[test]
    fn adding_an_approval_never_takes_a_pass_away(upper in layer(), lower in layer(), case in case(), who in 0..PEOPLE.len()) {
        let policy = effective(&upper, Some(&lower));
        let approved = more(&case, "approvals", json!({ "by": PEOPLE[who], "state": "approve" }));
        prop_assert!(!passes(&policy, &case) || passes(&policy, &approved));
    }

    #[test]
    fn a_veto_never_lets_a_change_pass(upper in layer(), lower in layer(), case in case(), who in 0..PEOPLE.len()) {
        let policy = effective(&upper, Some(&lower));
        let vetoed = more(&case, "approvals", json!({ "by": PEOPLE[who], "state": "veto" }));
        prop_assert!(!passes(&policy, &vetoed));
    }

    #[test]
    fn adding_a_file_never_gives_a_pass_and_never_lowers_the_class(
        upper in layer(), lower in layer(), case in case(), (path, old, new) in file(),
    ) {
        prop_assume!(case["head"].get(&path).is_none() && old != new);
        let policy = effective(&upper, Some(&lower));
        let mut grown = case.clone();
        grown["base"][&path] = old;
        grown["head"][&path] = new;
        let (before, after) = (judge(&policy, &case), judge(&policy, &grown));
        prop_assume!(!before.classification.files.is_empty());
        prop_assert!(before.passes() || !after.passes(), "{} then {}", before.summary, after.summary);
        prop_assert!(before.classification.class <= after.classification.class);
    }

    #[test]
    fn denying_more_never_gives_a_pass(upper in layer(), lower in layer(), case in case(), what in 0..4_usize) {
        let before = effective(&upper, Some(&lower));
        let mut stricter = upper.clone();
        stricter["floor"] = [
            json!({ "deny_keys": ["**.replicas"] }),
            json!({ "always_critical": ["deploy/**"] }),
            json!({ "trivial_ceiling": { "files": 1, "kinds": ["docs"] } }),
            json!({ "staleness_at_most": "same_commit" }),
        ][what].clone();
        prop_assert!(passes(&before, &case) || !passes(&effective(&stricter, Some(&lower)), &case));
    }

    #[test]
    fn what_passes_under_both_layers_passes_under_the_organisation_alone(
        upper in layer(), lower in tightening(), case in case(),
    ) {
        let both = effective(&upper, Some(&lower));
        prop_assert!(!passes(&both, &case) || passes(&effective(&upper, None), &case));
    }

    #[test]
    fn the_same_facts_give_the_same_bytes(upper in layer(), lower in layer(), case in case()) {
        let bytes = || serde_json::to_vec(&judge(&effective(&upper, Some(&lower)), &case)).expect("JSON");
        prop_assert_eq!(bytes(), bytes());
    }
}

/// Laws over random input say nothing if nothing ever passes.
#[test]
fn of_the_random_changes_some_pass_and_some_do_not() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut passed = 0;
    for _ in 0..60 {
        let mut some = |strategy: BoxedStrategy<Value>| {
            strategy.new_tree(&mut runner).expect("a value").current()
        };
        let (upper, lower, case) =
            (some(layer().boxed()), some(layer().boxed()), some(case().boxed()));
        passed += u32::from(passes(&effective(&upper, Some(&lower)), &case));
    }
    assert!((3..57).contains(&passed), "{passed} of 60 pass");
}
