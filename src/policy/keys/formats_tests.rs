//! The formats beside YAML and strict JSON: what is told, and what is not concluded (sem 2.2).

use proptest::prelude::*;

use super::*;
use crate::domain::{KeyOp, Value};
use crate::policy::keypath::display_path;

fn compare(path: &str, old: &str, new: &str) -> KeyDiff {
    diff(&path.into(), Some(old.as_bytes()), Some(new.as_bytes())).expect("a structured file")
}

fn told(diff: &KeyDiff) -> Vec<String> {
    let told = |change: &crate::domain::KeyChange| {
        format!("{:?} {}", change.op, display_path(&change.path))
    };
    diff.changes.iter().map(told).collect()
}

fn doubts(diff: &KeyDiff) -> Vec<&str> {
    let mut kinds: Vec<&str> = diff.doubts.iter().map(|doubt| doubt.kind.as_str()).collect();
    kinds.dedup();
    kinds
}

/// One change and nothing doubtful.
fn proves(path: &str, old: &str, new: &str, change: &str) {
    let diff = compare(path, old, new);
    assert_eq!((told(&diff), doubts(&diff)), (vec![change.to_owned()], vec![]), "{new}");
}

fn equal(path: &str, old: &str, new: &str) {
    let diff = compare(path, old, new);
    assert_eq!((told(&diff), doubts(&diff)), (vec![], vec![]), "{new}");
}

fn doubtful(path: &str, old: &str, new: &str, doubt: &str) {
    let diff = compare(path, old, new);
    assert_eq!(doubts(&diff), [doubt], "{new}: {:?}", diff.doubts);
}

#[test]
fn the_name_says_the_format() {
    for (path, format) in [
        ("a/values.toml", Format::Toml),
        ("application.properties", Format::Properties),
        (".env", Format::Dotenv),
        ("deploy/.env.production", Format::Dotenv),
        ("prod.env", Format::Dotenv),
        ("my.INI", Format::Ini),
        ("prod.auto.tfvars", Format::Tfvars),
        ("prod.tfvars.json", Format::Json),
        ("settings.jsonc", Format::JsonWithComments),
        ("tsconfig.build.json", Format::JsonWithComments),
    ] {
        assert_eq!(format_of(&path.into()), Some(format), "{path}");
    }
    for path in ["env", "toml", "a.conf", "environment", "x.envrc"] {
        assert_eq!(format_of(&path.into()), None, "{path}");
    }
}

#[test]
fn toml_is_compared_as_one_tree_however_it_is_written() {
    proves("a.toml", "[pool]\nsize = 4\n", "[pool]\nsize = 6\n", "Replace pool.size");
    equal(
        "a.toml",
        "[a.b]\nc = 1\nd = 2\n",
        "a.b.d = 2 # two\na.b = { c = 1 }\n".replace("a.b = { c = 1 }", "a.b.c = 1").as_str(),
    );
    equal("a.toml", "n = 1_000\nh = 0xff\n", "n = 1000\nh = 255\n");
    proves(
        "a.toml",
        "[[s]]\nn = 1\n[[s]]\nn = 2\n",
        "[[s]]\nn = 1\n[[s]]\nn = 3\n",
        "Replace s[1].n",
    );
    let diff = compare("a.toml", "at = 2026-01-01\n", "at = \"2026-01-01\"\n");
    assert_eq!(told(&diff), ["TypeChange at"], "a date is no text");
    doubtful("a.toml", "a = 1\n", "a = 1\na = 2\n", "duplicate_key");
    doubtful("a.toml", "a = 1\n", "a = \n", "unparsable");
    doubtful("a.toml", "a = 1\n", "a = 1 # nosec\n", "directive");
    let deep = format!("a = {}{}\n", "[".repeat(70), "]".repeat(70));
    assert!(!compare("a.toml", "a = 1\n", &deep).doubts.is_empty());
}

#[test]
fn properties_are_paths() {
    let old = "server.port = 8080\nserver.name: one\\\n  two\n";
    proves("a.properties", old, &old.replace("8080", "8081"), "Replace server.port");
    equal("a.properties", "a.b=1\n", "! a remark\na.b : 1\n");
    equal("a.properties", "a=\\u0041\n", "a=A\n");
    let typed = compare("a.properties", "size=4\n", "size=four\n");
    assert_eq!(told(&typed), ["TypeChange size"]);
    doubtful("a.properties", "a=1\n", "a=1\na=2\n", "duplicate_key");
    doubtful("a.properties", "a=x\n", "a=\\uZZZZ\n", "unparsable");
    doubtful("a.properties", "a=x\n", "a=ü\n", "type_ambiguous");
    doubtful("a.properties", "a=x\n", "a=${HOME}\n", "templated");
    doubtful("a.properties", "a=x\n", "a=v@project.version@\n", "templated");
    doubtful("a.properties", "a=x\n", "a=x\rb=y\n", "control_character");
    equal("a.properties", "mail=a@b.example\n", "mail = a@b.example\n");
}

#[test]
fn a_dotted_property_cannot_forge_a_path() {
    let diff = compare("a.properties", "a..b=1\n", "a..b=2\n");
    let [change] = diff.changes.as_slice() else { panic!("{diff:?}") };
    assert_eq!(change.path.len(), 3, "the empty piece stays: {:?}", change.path);
}

#[test]
fn env_files_prove_only_what_all_readers_agree_on() {
    proves(".env", "LOG=info\n", "LOG=debug\n", "Replace LOG");
    proves(".env", "export WORKERS=4\n", "export WORKERS=6\n", "Replace WORKERS");
    proves(".env", "NAME='a b'\n", "NAME='a c'\n", "Replace NAME");
    equal(".env", "A=1\nB=2\n", "# sorted\nB=2\nA=1\n");
    assert_eq!(compare(".env", "N=4\n", "N=6\n").changes[0].new, Some(Value::Int("6".to_owned())));
    for new in
        ["A=x # note", "A=a b", "A=a\\tb", "A= x y", "A=it's", "A=\"a\\nb\"", "A=`b`", "A=a#b"]
    {
        doubtful(".env", "A=x\n", new, "type_ambiguous");
    }
    for (old, new) in [("A=x", "A=$HOME"), ("A=\"x\"", "A=\"${B}\""), ("A=x", "A=$(id)")] {
        doubtful(".env", old, new, "templated");
    }
    for new in ["A", "A =x", "1A=x", "A=\"x", "A='x'y", "A=\"x\ny\""] {
        doubtful(".env", "A=x\n", new, "unparsable");
    }
    doubtful(".env", "A=x\n", "A=x\nA=y\n", "duplicate_key");
    let quoted = compare(".env", "A=x\n", "A=\"x\"\n");
    assert_eq!(
        (told(&quoted), doubts(&quoted)),
        (vec!["TypeChange A".to_owned()], vec!["type_ambiguous"])
    );
}

#[test]
fn ini_files_are_sections_with_keys() {
    let old = "top = 1\n[pool]\nsize = 4\n; a remark\nname = x\n";
    proves("a.ini", old, &old.replace('4', "6"), "Replace pool.size");
    equal("a.ini", old, "top=1\n[pool]\nname=x\n# moved\nsize=4\n");
    let added = compare("a.ini", "[a]\nb=1\n", "[a]\nb=1\n[c]\nd=2\n");
    assert_eq!(told(&added), ["Add c.d"]);
    for (new, doubt) in [
        ("[a]\nb=2\nB=3\n", "duplicate_key"),
        ("[a]\nb=2\n[A]\nc=3\n", "duplicate_key"),
        ("[a]\nb=2\n  more\n", "unparsable"),
        ("[a]\nflag\n", "unparsable"),
        ("[a\nb=1\n", "unparsable"),
        ("[]\nb=1\n", "unparsable"),
        ("[a]\nb=1 ; why\n", "type_ambiguous"),
        ("[a]\nb: 2\n", "type_ambiguous"),
        ("[a]\nb=%(home)s\n", "templated"),
        ("[a]\nb=\"1\"\n", "type_ambiguous"),
    ] {
        doubtful("a.ini", "[a]\nb=1\n", new, doubt);
    }
}

#[test]
fn variable_files_hold_values_written_out() {
    let old = "replicas = 4\nzones = [\"a\", \"b\"]\nimage = { tag = \"v1\", \"pull\" = true }\n";
    proves("a.tfvars", old, &old.replace('4', "6"), "Replace replicas");
    proves("a.tfvars", old, &old.replace("v1", "v2"), "Replace image.tag");
    proves("a.tfvars", old, &old.replace("\"b\"", "\"c\""), "Replace zones[1]");
    equal("a.tfvars", old, &format!("# why = not\n/* a = 1 */\n{old}// b = \"x\n"));
    let exact =
        compare("a.tfvars", "n = 12345678901234567890.10\n", "n = 12345678901234567890.11\n");
    assert_eq!(told(&exact), ["Replace n"], "numbers are not rounded");
    for (new, doubt) in [
        ("replicas = 4 + 1\n", "templated"),
        ("replicas = max(1, 2)\n", "templated"),
        ("replicas = var.count\n", "templated"),
        ("replicas = \"${a}\"\n", "templated"),
        ("replicas = <<EOT\nx\nEOT\n", "templated"),
        ("replicas = 4\nreplicas = 5\n", "duplicate_key"),
        ("replicas = { a = 1, a = 2 }\n", "duplicate_key"),
        ("replicas = { a = 1, \"a\" = 2 }\n", "duplicate_key"),
        ("replicas = { (a) = 1 }\n", "unparsable"),
        ("resource \"x\" \"y\" {}\n", "unparsable"),
        ("replicas = \n", "unparsable"),
    ] {
        doubtful("a.tfvars", "replicas = 4\n", new, doubt);
    }
    let both = compare("a.tfvars", "a = 1\n", "a = { x = 1, x = 2 }\nb = f({ y = 1 })\n");
    assert!(doubts(&both).contains(&"duplicate_key"), "a computed value hides no key: {both:?}");
}

#[test]
fn json_with_comments_is_compared_without_them() {
    proves("a.jsonc", "{\"a\": 1}", "{\n// why\n\"a\": 2, /* so */\n}\n", "Replace a");
    doubtful("a.json", "{\"a\": 1}", "{\"a\": 2} // why", "unparsable");
    doubtful("a.jsonc", "{\"a\": 1}", "{\"a\": 1} // eslint-disable", "directive");
    doubtful("a.jsonc", "{\"a\": 1}", "/*\n eslint-disable\n*/ {\"a\": 1}", "directive");
    doubtful("a.jsonc", "{\"a\": 1}", "{a: 1}", "unparsable");
    doubtful("a.jsonc", "{\"a\": 1}", "{\"a\": 1, \"a\": 2}", "duplicate_key");
}

#[test]
fn a_value_that_looks_like_a_secret_is_a_doubt_in_every_format() {
    let secret = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";
    for (path, old, new) in [
        ("a.toml", "a = \"x\"", format!("a = \"{secret}\"")),
        ("a.properties", "a=x", format!("a={secret}")),
        (".env", "A=x", format!("A={secret}")),
        ("a.ini", "a=x", format!("a={secret}")),
        ("a.tfvars", "a = \"x\"", format!("a = \"{secret}\"")),
        ("a.jsonc", "{\"a\": \"x\"}", format!("{{\"a\": \"{secret}\"}}")),
    ] {
        doubtful(path, old, &new, "secret");
    }
}

#[test]
fn more_than_ten_thousand_nodes_are_refused_in_every_format() {
    let many = |line: &dyn Fn(usize) -> String| (0..10_001).map(line).collect::<String>();
    for (path, text) in [
        ("a.toml", many(&|n| format!("k{n} = 1\n"))),
        ("a.properties", many(&|n| format!("k{n}=1\n"))),
        (".env", many(&|n| format!("K{n}=1\n"))),
        ("a.ini", many(&|n| format!("k{n}=1\n"))),
        ("a.tfvars", many(&|n| format!("k{n} = 1\n"))),
        ("b.tfvars", format!("a = {{{}}}\n", many(&|n| format!("k{n} = 1, ")))),
        ("a.jsonc", format!("[{}]", many(&|_| "1,".to_owned()))),
    ] {
        let found = compare(path, "", &text);
        assert!(doubts(&found).contains(&"too_large"), "{path}");
    }
}

const PATHS: [&str; 6] = ["a.toml", "a.properties", ".env", "a.ini", "a.tfvars", "a.jsonc"];

/// Pieces of which configuration and its accidents are made.
fn text() -> impl Strategy<Value = String> {
    let piece = proptest::sample::select(vec![
        "a", "b.c", "=", " = ", ":", "\n", "\r\n", "[", "]", "{", "}", "\"", "'", "\\", "#", ";",
        "//", "/*", "*/", "1", "-0.5", "true", "null", "$", "${x}", "%(y)s", "<<EOT\n", "EOT", ",",
        "(", ")", "ü", "\u{202e}", "export ", "  ", "@a@", "[s]\n", "k = 1\n",
    ]);
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_is_compared_or_doubted_and_never_both_equal_and_changed(old in text(), new in text()) {
        for path in PATHS {
            let one = compare(path, &old, &new);
            prop_assert_eq!(&one, &compare(path, &old, &new), "the same answer every time");
            for change in &one.changes {
                prop_assert!(change.op == KeyOp::TypeChange || change.old != change.new, "{:?}", change);
            }
            let back = compare(path, &new, &old);
            prop_assert_eq!(one.changes.is_empty(), back.changes.is_empty(), "{} there and back", path);
        }
    }
}
