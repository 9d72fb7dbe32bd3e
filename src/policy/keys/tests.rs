use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::domain::{KeyOp, Segment, Value};
use crate::policy::keypath::display_path;

fn compare(path: &str, old: &str, new: &str) -> KeyDiff {
    diff(&path.into(), Some(old.as_bytes()), Some(new.as_bytes())).expect("a structured file")
}

fn yaml(old: &str, new: &str) -> KeyDiff {
    compare("a.yaml", old, new)
}

/// Changes as `operation path`, in order.
fn told(diff: &KeyDiff) -> Vec<String> {
    diff.changes
        .iter()
        .map(|change| format!("{:?} {}", change.op, display_path(&change.path)))
        .collect()
}

fn doubts(diff: &KeyDiff) -> Vec<&str> {
    let mut kinds: Vec<&str> = diff.doubts.iter().map(|doubt| doubt.kind.as_str()).collect();
    kinds.dedup();
    kinds
}

fn nothing(diff: &KeyDiff) -> bool {
    diff.changes.is_empty() && diff.doubts.is_empty()
}

#[test]
fn only_known_extensions_are_compared_by_keys() {
    assert!(diff(&"src/main.rs".into(), None, None).is_none());
    assert!(diff(&"yaml".into(), None, None).is_none());
    assert!(diff(&"a.YML".into(), Some(b"a: 1"), Some(b"a: 2")).is_some());
}

#[test]
fn a_replaced_value_is_told_with_both_sides() {
    let diff = yaml(
        "image: {repository: acme/a, tag: v1.4.2}\n",
        "image:\n  repository: acme/a\n  tag: v1.4.3\n",
    );
    assert_eq!(told(&diff), ["Replace image.tag"]);
    assert_eq!(diff.changes[0].old, Some(Value::String("v1.4.2".to_owned())));
    assert_eq!(diff.changes[0].new, Some(Value::String("v1.4.3".to_owned())));
    assert!(diff.doubts.is_empty());
}

#[test]
fn case_85_an_injected_key_is_told_beside_the_expected_one() {
    let diff = yaml("image: {tag: v1}\n", "image: {tag: v2}\nextra: {deep: {args: [a]}}\n");
    assert_eq!(told(&diff), ["Add extra.deep.args[0]", "Replace image.tag"]);
}

#[test]
fn case_88_map_order_comments_and_line_ends_are_no_change() {
    assert!(nothing(&yaml("a: 1\nb: 2\n", "b: 2\na: 1\n")));
    assert!(nothing(&yaml("a: 1 # one\n", "# another\na: 1\n")));
    assert!(nothing(&yaml("a: 1\r\nb: |\r\n  x\r\n", "a: 1\nb: |\n  x\n")));
    assert!(nothing(&yaml("a: 'x'\n", "a: \"x\"\n")));
    assert!(nothing(&compare("a.json", "{\"a\":1,\"b\":[]}", "{\n  \"b\": [],\n  \"a\": 1\n}\n")));
}

#[test]
fn case_88_a_reordered_sequence_is_one_reorder() {
    assert_eq!(told(&yaml("a: [x, y, z]\n", "a: [z, x, y]\n")), ["Reorder a"]);
    assert_eq!(told(&yaml("a: [x, y]\n", "a: [y, z]\n")), ["Replace a[0]", "Replace a[1]"]);
    assert_eq!(
        told(&yaml("a: [x, y]\n", "a: [w, x, y]\n")),
        ["Replace a[0]", "Replace a[1]", "Add a[2]"]
    );
    assert_eq!(told(&yaml("a: [x]\n", "a: []\n")), ["Remove a[0]"]);
}

#[test]
fn case_89_a_directive_in_a_comment_is_a_doubt() {
    let added = yaml("a: 1\n", "# checkov:skip=CKV_1: reason\na: 1\n");
    assert!(added.changes.is_empty());
    assert_eq!(doubts(&added), ["directive"]);
    for (old, new) in [
        ("a: 1 # NOQA\n", "a: 1\n"),
        ("a: 1 # tfsec:ignore:one\n", "a: 1 # tfsec:ignore:two\n"),
        ("a: 1\nb: 2 # nosec\n", "a: 1 # nosec\nb: 2\n"),
        ("a: \"#\"\n", "a: \"#\" # type:  ignore\n"),
        ("a: 1\n", "a: 1\n# yamllint disable\n"),
        ("# syntax=a\na: 1\n", "# syntax=b\na: 1\n"),
    ] {
        assert_eq!(doubts(&yaml(old, new)), ["directive"], "{new}");
    }
    assert!(nothing(&yaml("a: 1 # noqa\nb: 2\n", "b: 2\na: 1 # noqa\n")));
}

#[test]
fn case_91_each_use_of_a_changed_anchor_is_a_change() {
    let old = "base: &b {image: x, args: [one]}\nweb: *b\njob:\n  <<: *b\n  image: y\n";
    let diff = yaml(old, &old.replace("one", "two"));
    assert_eq!(told(&diff), ["Replace base.args[0]", "Replace job.args[0]", "Replace web.args[0]"]);
    assert!(nothing(&yaml("a: &x {b: 1}\nc: *x\n", "a: {b: 1}\nc: {b: 1}\n")));
    assert!(nothing(&yaml("d: &x {b: 1}\na: {<<: *x, c: 2}\n", "d: {b: 1}\na: {b: 1, c: 2}\n")));
}

#[test]
fn merge_keys_give_way_to_explicit_and_earlier_ones() {
    let merged = "x: &x {k: 1, l: 1}\ny: &y {k: 2, m: 2}\nz: {<<: [*x, *y], l: 3}\n";
    let plain = "x: {k: 1, l: 1}\ny: {k: 2, m: 2}\nz: {k: 1, l: 3, m: 2}\n";
    assert!(nothing(&yaml(merged, plain)));
    assert_eq!(doubts(&yaml("a: 1", "a: &a {b: 1}\nc: {<<: *a, <<: *a}\n")), ["duplicate_key"]);
    assert_eq!(doubts(&yaml("a: 1", "c: {<<: text}\n")), ["structural"]);
}

#[test]
fn case_92_what_yaml_1_1_reads_differently_is_type_ambiguous() {
    let diff = yaml("country: NO\n", "country: \"NO\"\n");
    assert_eq!(told(&diff), ["TypeChange country"]);
    assert_eq!(doubts(&diff), ["type_ambiguous"]);
    assert_eq!((diff.doubts[0].line, diff.doubts[0].column), (1, 10));
    for (old, new) in [
        ("a: no", "a: yes"),
        ("a: 012", "a: 12"),
        ("a: x", "a: 22:22"),
        ("a: 1_000", "a: 1000"),
        ("a: 1", "a: 1\nb: on"),
    ] {
        assert!(doubts(&yaml(old, new)).contains(&"type_ambiguous"), "{new}");
    }
    assert_eq!(doubts(&yaml("on: x\na: 1", "\"on\": x\na: 1")), ["type_ambiguous"]);
    assert!(doubts(&yaml("country: NO\na: 1", "country: NO\na: 2")).is_empty());
    for (old, new) in [("a: 1", "a: 1\non: x"), ("a: 1\non: x", "a: 1"), ("a: 1", "a: {012: x}")] {
        assert!(doubts(&yaml(old, new)).contains(&"type_ambiguous"), "{old} to {new}");
    }
}

#[test]
fn a_value_of_another_type_is_a_type_change() {
    assert_eq!(told(&yaml("replicas: 4", "replicas: \"6\"")), ["TypeChange replicas"]);
    assert_eq!(told(&yaml("1: a", "\"1\": a")), ["TypeChange 1"]);
    assert_eq!(doubts(&yaml("1: a", "\"1\": a")), ["type_ambiguous"]);
    assert_eq!(told(&yaml("v: 1.1", "v: 1.10")), ["Replace v"]);
    assert_eq!(told(&compare("a.json", "{\"a\":1}", "{\"a\":1.0}")), ["TypeChange a"]);
    let grown = yaml("a: x", "a: {secret: x, e: {}}");
    assert_eq!(told(&grown), ["TypeChange a", "Add a.e", "Add a.secret"]);
}

#[test]
fn a_map_that_comes_or_goes_is_told_by_its_leaves() {
    assert_eq!(
        told(&yaml("a: 1", "a: 1\nb: {c: {d: 1, e: []}, f: {}}")),
        ["Add b.c.d", "Add b.c.e", "Add b.f"]
    );
    assert_eq!(told(&yaml("a: 1\nb: {c: {d: 1}}", "a: 1")), ["Remove b.c.d"]);
}

/// The processor time of this thread, which other work on the machine does not lengthen.
fn worked() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let nanos = text.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.expect("a number"))
}

#[test]
fn case_94_bombs_are_refused_at_once() {
    let mut laughs = "a0: &a0 [x, x]\n".to_owned();
    for level in 1..40 {
        let before = level - 1;
        let line = format!("a{level}: &a{level} [*a{before}, *a{before}, *a{before}]\n");
        laughs.push_str(&line);
    }
    let long = format!("a: &a \"{}\"\nb: [{}]\n", "x".repeat(900_000), "*a, ".repeat(9_000));
    let deep_json = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    let deep_yaml = format!("{}1{}", "[".repeat(70), "]".repeat(70));
    let bombs = [
        ("a.yaml", laughs),
        ("a.yaml", long),
        ("a.json", deep_json.clone()),
        ("a.yaml", deep_json),
        ("a.yaml", deep_yaml),
        ("a.yaml", "a: b\n".repeat(1 << 20)),
        ("a.json", "[".repeat(1 << 19)),
        ("a.json", format!("[{}0]", "0,".repeat(400_000))),
        ("a.yaml", "a: &a [*a]\n".to_owned()),
        ("a.yaml", "? ".repeat(100_000)),
        ("a.yaml", "- ".repeat(100_000)),
        (
            "a.yaml",
            format!("a: {{\n# noqa {}", format!("sha256:{},", "0".repeat(64)).repeat(13_000)),
        ),
        (
            "a.yaml",
            format!("a: x{}\nb: 1 # noqa\n", format!("sha256:{}:", "0".repeat(64)).repeat(13_000)),
        ),
        ("a.yaml", "# noqa\n".repeat(140_000)),
        ("a.json", format!("{{\"{}\":1}}", "k".repeat(2000))),
    ];
    for (path, bomb) in bombs {
        let start = worked();
        let diff = compare(path, "a: 1", &bomb);
        let shown: String = bomb.chars().take(40).collect();
        assert!(!diff.doubts.is_empty(), "{shown}");
        let took = worked().saturating_sub(start);
        assert!(took < Duration::from_secs(1), "{shown}: {took:?}");
    }
}

#[test]
fn what_cannot_be_read_in_one_way_only_is_a_doubt() {
    for (kind, text) in [
        ("duplicate_key", "a: 1\n\"a\": 2\n"),
        ("duplicate_key", "1: x\n\"1\": y\n"),
        ("unknown_tag", "a: !foo 1\n"),
        ("unknown_tag", "a: !!timestamp 2001-01-01\n"),
        ("unparsable", "a: [1\n"),
        ("unparsable", "a: *b\n"),
        ("unparsable", "%YAML 1.1\n---\na: 1\n"),
        ("unparsable", "a: !!int x\n"),
        ("control_character", "a: 1\n\0b: 2\n"),
        ("control_character", "a: \"x\u{85}y\"\n"),
        ("structural", "? {a: 1}\n: 2\n"),
    ] {
        let diff = yaml("a: 0\n", text);
        assert!(doubts(&diff).contains(&kind), "{text}: {diff:?}");
        assert!(doubts(&yaml(text, "a: 0\n")).contains(&kind), "old side: {text}");
    }
    for (kind, text) in [
        ("duplicate_key", "{\"a\":1,\"\\u0061\":2}"),
        ("unparsable", ""),
        ("unparsable", "{} // x"),
        ("unparsable", "[1,]"),
        ("unparsable", "{a:1}"),
        ("unparsable", "['a']"),
        ("unparsable", "[01]"),
        ("unparsable", "[+1]"),
        ("unparsable", "[.5]"),
        ("unparsable", "[NaN]"),
        ("unparsable", "[0x1]"),
        ("unparsable", "[1 2]"),
        ("unparsable", "[\"\\x41\"]"),
        ("unparsable", "{} {}"),
        ("control_character", "{\"a\":\"x\ty\"}"),
    ] {
        let diff = compare("a.json", "{}", text);
        assert_eq!(doubts(&diff), [kind], "{text}");
    }
    let invalid = diff(&"a.yaml".into(), Some(b"a: 1"), Some(b"a: \xff")).expect("yaml");
    assert_eq!(doubts(&invalid), ["invalid_utf8"]);
    assert_eq!(doubts(&yaml("a: 1", "\u{feff}a: 1")), ["bom"]);
    assert!(nothing(&yaml("\u{feff}a: 1", "\u{feff}a: 1 ")));
}

#[test]
fn numbers_are_never_rounded() {
    let diff = compare("a.json", "[12345678901234567890.10]", "[12345678901234567890.11]");
    assert_eq!(diff.changes[0].new, Some(Value::Float("12345678901234567890.11".to_owned())));
}

const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: prod}\nspec: {replicas: 2}\n";
const JOB: &str =
    "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: job}\nspec: {suspend: false}\n";

#[test]
fn case_97_documents_are_matched_by_what_they_are() {
    let diff = yaml(WEB, &format!("{JOB}---\n{WEB}"));
    assert!(
        told(&diff).iter().all(|line| line.starts_with("Add batch/v1 CronJob job: ")),
        "{diff:?}"
    );
    assert_eq!(doubts(&diff), ["structural"]);
    let changed =
        yaml(&format!("{JOB}---\n{WEB}"), &format!("{JOB}---\n{}", WEB.replace('2', "3")));
    assert_eq!(told(&changed), ["Replace apps/v1 Deployment prod/web: spec.replicas"]);
    assert!(changed.doubts.is_empty());
    assert_eq!(
        doubts(&yaml(&format!("{JOB}---\n{WEB}"), &format!("{WEB}---\n{JOB}"))),
        ["structural"]
    );
}

#[test]
fn documents_without_identity_are_matched_by_position() {
    assert_eq!(told(&yaml("a: 1\n---\na: 2\n", "a: 1\n---\na: 3\n")), ["Replace document 2: a"]);
    let twice = format!("{WEB}---\n{WEB}");
    assert_eq!(
        told(&yaml(&twice, &twice.replacen('2', "3", 1))),
        ["Replace document 1: spec.replicas"]
    );
    assert_eq!(doubts(&yaml("a: 1\n", "a: 1\n---\nb: 1\n")), ["structural"]);
}

#[test]
fn rights_are_infrastructure_whatever_the_file_is_called() {
    let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: x}\nlevel: 1\n";
    assert_eq!(doubts(&yaml(role, &role.replace("level: 1", "level: 2"))), ["infrastructure"]);
}

#[test]
fn rights_inside_of_lists_and_values_are_infrastructure_if_they_change() {
    let rule = |verb: &str| {
        format!(
            "{{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {{name: x}}, verb: {verb}}}"
        )
    };
    let list = |verb: &str, level: u8| {
        format!("apiVersion: v1\nkind: List\nlevel: {level}\nitems:\n- {}\n", rule(verb))
    };
    assert!(doubts(&yaml(&list("get", 1), &list("any", 1))).contains(&"infrastructure"));
    assert!(!doubts(&yaml(&list("get", 1), &list("get", 2))).contains(&"infrastructure"));
    let values = |verb: &str| format!("replicas: 1\nextra:\n  objects: [{}]\n", rule(verb));
    assert!(doubts(&yaml(&values("get"), &values("any"))).contains(&"infrastructure"));
    assert!(doubts(&yaml("replicas: 1\n", &values("get"))).contains(&"infrastructure"));
    let subject = |name: &str| format!("subject: {{kind: Role, name: {name}}}\n");
    assert_eq!(doubts(&yaml(&subject("a"), &subject("b"))), [""; 0]);
}

#[test]
fn templates_of_clouds_and_manifests_that_cannot_be_read_are_infrastructure() {
    let stack =
        |size: u8| format!("Resources:\n  A:\n    Type: AWS::IAM::Role\n    Size: {size}\n");
    assert_eq!(doubts(&yaml(&stack(1), &stack(2))), ["infrastructure"]);
    let odd = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nnote: !odd x\n";
    assert!(doubts(&yaml("", odd)).contains(&"infrastructure"), "{:?}", doubts(&yaml("", odd)));
    assert!(!doubts(&yaml("", "a: !odd x\n")).contains(&"infrastructure"));
    // Any number of other doubts does not push it out.
    let many: Vec<String> = (0..40).map(|n| format!("k{n}: no\n")).collect();
    let many = many.concat();
    let role = format!("{many}apiVersion: v1\nkind: ClusterRole\n");
    assert!(doubts(&yaml(&role, &role.replace(": no", ": on"))).contains(&"infrastructure"));
}

#[test]
fn a_key_or_value_that_looks_like_another_is_a_doubt_however_it_is_written() {
    for (old, new) in [
        ("a: 1\n", "a: 1\n\"\\u200breplicas\": 2\n"),
        ("a: x\n", "a: \"x\\u202e\"\n"),
        ("a: x\n", "a: x\u{2060}\n"),
    ] {
        assert!(doubts(&yaml(old, new)).contains(&"deceptive"), "{new:?}");
    }
    assert!(!doubts(&yaml("a: x\n", "a: |\n  x\n  y\n")).contains(&"deceptive"));
    assert!(!doubts(&yaml("a: \"x\\u200b\"\n", "a: x\n")).contains(&"deceptive"));
}

#[test]
fn a_template_in_a_value_is_told_with_its_key() {
    let diff = yaml("a: \"{{ x }}\"\nb: 1\n", "a: \"{{ x }}\"\nb: 2\n");
    assert_eq!(doubts(&diff), ["templated"]);
    assert_eq!(diff.doubts[0].at, Some(vec![Segment::Key("a".to_owned())]));
    for value in ["!Ref Name", "!Sub 'a${b}'", "!If [a, b, c]", "${HOME}", "'ENC[AES256,data]'"] {
        let diff = yaml("a: 1\n", &format!("a: {value}\n"));
        assert!(
            diff.doubts.iter().any(|doubt| doubt.kind == "templated" && doubt.at.is_some()),
            "{value}: {diff:?}"
        );
    }
    for text in ["\"${k}\": 1\n", "a: 1 # {{ if x }}\n"] {
        let diff = yaml("a: 2\n", text);
        assert!(
            diff.doubts.iter().any(|doubt| doubt.kind == "templated" && doubt.at.is_none()),
            "{text}"
        );
    }
    assert!(!yaml("a: 1\n", "a: {{ x }}\n").doubts.is_empty());
}

#[test]
fn a_value_that_looks_like_a_secret_is_a_doubt_where_it_is_added() {
    let key = "AKIAIOSFODNN7EXAMPLE";
    assert_eq!(doubts(&yaml("a: 1", &format!("a: 1\nb: {key}"))), ["secret"]);
    assert_eq!(doubts(&yaml("a: x", &format!("a: {key}"))), ["secret"]);
    assert_eq!(doubts(&yaml("a: 1", &format!("a: 1 # {key}"))), ["secret"]);
    assert!(doubts(&yaml(&format!("a: {key}\nb: 1"), &format!("a: {key}\nb: 2"))).is_empty());
    assert!(doubts(&yaml(&format!("a: {key}\nb: 1"), "b: 1")).is_empty());
}

#[test]
fn a_file_that_comes_or_goes_is_structural() {
    let added = diff(&"a.yaml".into(), None, Some(b"a: 1\n")).expect("yaml");
    assert_eq!((told(&added), doubts(&added)), (vec!["Add a".to_owned()], vec!["structural"]));
    let empty = diff(&"a.yaml".into(), Some(b"# only\n"), None).expect("yaml");
    assert_eq!(doubts(&empty), ["structural"]);
}

#[test]
fn changes_are_sorted_by_path_and_operation() {
    let diff = yaml("b: 1\na: {z: 1}\n", "b: 2\na: [1]\nc: 1\n");
    assert_eq!(told(&diff), ["TypeChange a", "Remove a.z", "Add a[0]", "Replace b", "Add c"]);
    assert!(diff.changes.iter().all(|change| change.op != KeyOp::Reorder));
}

#[test]
fn more_doubts_than_are_listed_are_still_a_doubt_without_a_key() {
    let line = |n: u64| format!("k{n}: ${{V}}\n");
    let many: String = (0..50).map(line).collect();
    let diff = yaml(&format!("{many}a: 1\n"), &format!("{many}a: 2\n"));
    assert!(diff.doubts.iter().any(|doubt| doubt.kind == "more" && doubt.at.is_none()));
}

/// A generated tree and its text in JSON, with map entries in order or reversed.
#[derive(Debug, Clone)]
enum Tree {
    Leaf(i64),
    List(Vec<Tree>),
    Map(std::collections::BTreeMap<String, Tree>),
}

impl Tree {
    fn json(&self, reversed: bool) -> String {
        match self {
            Self::Leaf(number) => number.to_string(),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(|item| item.json(reversed)).collect();
                format!("[{}]", items.join(", "))
            }
            Self::Map(entries) => {
                let mut entries: Vec<String> = entries
                    .iter()
                    .map(|(key, value)| format!("\"{key}\": {}", value.json(reversed)))
                    .collect();
                if reversed {
                    entries.reverse();
                }
                format!("{{{}}}", entries.join(", "))
            }
        }
    }
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = (0_i64..4).prop_map(Tree::Leaf);
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Tree::List),
            proptest::collection::btree_map("[a-d]", inner, 0..4).prop_map(Tree::Map),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_give_an_answer(old in proptest::collection::vec(any::<u8>(), 0..200), new in proptest::collection::vec(any::<u8>(), 0..200)) {
        for path in ["a.yaml", "a.json"] {
            let found = diff(&path.into(), Some(&old), Some(&new)).expect("a structured file");
            prop_assert_eq!(&found, &diff(&path.into(), Some(&old), Some(&new)).expect("again"));
        }
    }

    #[test]
    fn any_yaml_like_text_gives_an_answer(old in "[-a-c:&*<>!|#\\[\\]{},?'\"% \n]{0,60}", new in "[-a-c:&*<>!|#\\[\\]{},?'\"% \n]{0,60}") {
        let _ = yaml(&old, &new);
    }

    #[test]
    fn the_order_of_map_entries_is_no_change(tree in tree()) {
        for path in ["a.json", "a.yaml"] {
            let found = compare(path, &tree.json(false), &tree.json(true));
            prop_assert!(nothing(&found), "{:?}", found);
        }
    }

    #[test]
    fn different_trees_have_changes(old in tree(), new in tree()) {
        let same = old.json(false) == new.json(false);
        for path in ["a.json", "a.yaml"] {
            let found = compare(path, &old.json(false), &new.json(true));
            prop_assert_eq!(found.changes.is_empty() && found.doubts.is_empty(), same, "{:?}", found);
        }
    }
}
