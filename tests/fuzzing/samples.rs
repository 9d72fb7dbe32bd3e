//! Valid files of every format: where mutations begin.

/// Samples by door; each is one side, and mutants stand against it.
pub(crate) fn of(door: &str) -> Vec<&'static str> {
    match door {
        "yaml" => vec![
            YAML,
            "a: &x [1, 2.5, null, ~]\nb: *x\nc: {<<: {d: 1}, e: |\n  text\n}\n",
            "- >-\n  folded\n- 'it''s'\n- \"\\u0041\\n\"\n",
        ],
        "json" => vec![r#"{"a":{"b":[1,-2.5e10,true,null,"\u00e9\n"]},"image":{"tag":"v1.2.3"}}"#],
        "jsonc" => vec!["// c\n{ \"a\": [1, 2,], /* b */ \"c\": { \"d\": \"e\" }, }\n"],
        "toml" => vec![
            "a = 1\nb.c = [1, 2]\n[d]\ne = 2026-01-01T00:00:00Z\n[[f]]\ng = '''\nx\n'''\nh = { i = 0x1f, j = 1_000 }\n",
        ],
        "properties" => vec!["# c\na.b=1\na.c : x\\\n  y\n! d\nk\\u0065y value\n"],
        "dotenv" => vec!["# c\nexport A=1\nB=\"x y\"\nC='z'\nD=\n"],
        "ini" => vec!["; c\n[a]\nb = 1\nc=\"x\"\n[d.e]\nf : g\n"],
        "tfvars" => vec!["a = 1\nb = { c = [\"x\", true], \"d\" = -1.5 }\ne = <<EOT\nx\nEOT\n"],
        "cargo_lock" => vec![include_str!("testdata/Cargo.lock")],
        "package_lock" => vec![
            r#"{"name":"a","version":"1.0.0","lockfileVersion":3,"requires":true,"packages":{"":{"name":"a","dependencies":{"b":"^1.0.0"}},"node_modules/b":{"version":"1.0.0","resolved":"https://registry.npmjs.org/b/-/b-1.0.0.tgz","integrity":"sha512-AAAA","dependencies":{"c":"1"}}}}"#,
        ],
        "uv_lock" | "poetry_lock" => vec![
            "version = 1\nrequires-python = \">=3.12\"\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = { registry = \"https://pypi.org/simple\" }\ndependencies = [{ name = \"b\" }]\nfiles = []\n",
        ],
        "go_mod" => vec![
            "module example.org/a\n\ngo 1.22\n\nrequire (\n\texample.org/b v1.2.3\n\texample.org/c v0.0.0-20240101000000-abcdefabcdef // indirect\n)\nreplace example.org/b => ../b\n",
        ],
        "pom" => vec![
            "<?xml version=\"1.0\"?>\n<project><properties><v>1.0.0</v></properties><dependencies><dependency><groupId>a</groupId><artifactId>b</artifactId><version>${v}</version></dependency></dependencies></project>\n",
        ],
        "requirements" => vec![
            "# c\nflask==3.0.0 --hash=sha256:aaaa\nsix[x] == 1.16.0 ; python_version < '3.12'\n-r other.txt\n",
        ],
        "policy" => vec![REPOSITORY, ORGANISATION],
        "codeowners" => vec![
            "# c\n* @a/b\n/docs/ @c d@e.example\n[Section][2] @x\n!*.md\n\\#a @b # d\n^[Other]\na/**/b/* @@maintainer\n",
        ],
        "cases" => vec![
            "- name: a\n  base: { a: \"x\" }\n  head: { a: { text: y, mode: \"100755\" }, b: { symlink: c } }\n  approvals: [{ by: b, state: approve, at: before, files: { a: null }, proof: same_delta }]\n  roles: { architect: [{ user: b, from: 2026-01-01 }] }\n  expect: { pass: false }\n",
        ],
        "glob" => vec!["deploy/**/values-*.{yaml,yml}\0deploy/a/b/values-x.yml", "[a-z]?/\\*\0b/"],
        "key_path" => vec!["**.image.tag\0a.image.tag", "a.\"b.c\"[*].d\0a.b.0.d"],
        "pattern" => vec!["(v\\d+\\.){2}[a-f]*|x?\0v1.v2.", "(?i)secret|token\0TOKEN"],
        other => panic!("no sample for {other}"),
    }
}

const YAML: &str = "apiVersion: v1\nkind: Deployment\nmetadata: {name: a, namespace: b}\nspec:\n  replicas: 4 # four\n  image: {tag: v1.2.3}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: b}\n";
const REPOSITORY: &str = include_str!("../../src/policy/file/testdata/repository.yml");
const ORGANISATION: &str = include_str!("../../src/policy/file/testdata/organisation.yml");
