use globset::GlobBuilder;
use proptest::prelude::*;

use super::*;

fn glob(text: &str) -> Glob {
    Glob::parse(text).unwrap_or_else(|why| panic!("{why}"))
}

fn matches(text: &str, path: &str) -> bool {
    glob(text).matches(&path.into())
}

fn refused(text: &str) -> String {
    Glob::parse(text).expect_err(text)
}

#[test]
fn a_star_stays_inside_its_segment() {
    assert!(!matches("docs/*", "docs/a/b.md"));
    assert!(matches("docs/**/*.md", "docs/b.md"));
    assert!(matches("docs/**/*.md", "docs/a/b.md"));
    assert!(matches("**/x", "x"));
    assert!(!matches("a?b", "a/b"));
    assert!(!matches("src/**", "SRC/a"));
    assert!(matches("src/**", "src/a/b") && !matches("src/**", "src"));
    assert!(matches("**", "a/b") && matches("**/**", "a"));
    assert!(matches("a**b", "axb") && !matches("a**b", "a/b"));
}

#[test]
fn a_character_is_one_whatever_its_bytes() {
    assert!(matches("caf?.md", "café.md") && matches("[à-ü]x", "éx"));
    assert!(!matches("caf??.md", "café.md"));
}

#[test]
fn braces_stand_for_each_of_their_alternatives() {
    assert!(matches("{a,b/**}/x.{yml,yaml}", "b/c/x.yaml"));
    assert!(matches("x{,.txt}", "x") && matches("x{,.txt}", "x.txt"));
    assert!(matches("{a{b,c},d}", "ac") && !matches("{a{b,c},d}", "a"));
    assert!(matches("a,b", "a,b") && matches("[{]a[}]", "{a}") && matches("[]a]", "]"));
    assert!(matches(r"\{a\}\*", "{a}*") && !matches(r"\*", "a"));
    assert!(matches("[a-]", "-") && matches("[[]", "["));
}

#[test]
fn what_is_wrong_is_said() {
    for (text, why) in [
        ("", "a glob must not be empty"),
        ("{a", "`{a` is no glob: a `{` is not closed"),
        ("a}", "`a}` is no glob: a `}` closes nothing"),
        ("a{}", "`a{}` is no glob: its braces hold nothing"),
        ("[a", "`[a` is no glob: a `[` is not closed"),
        ("[z-a]", "`[z-a]` is no glob: the range `z-a` is empty"),
        ("[a/]", "`[a/]` is no glob: a class cannot hold `/`"),
        ("a\\", "`a\\` is no glob: it ends in a backslash"),
        ("[!a]b", "`[!a]b` is no glob: negated classes are refused; list what is meant"),
        (
            "docs/",
            "`docs/` is no glob: it ends in `/`, and no file does; `folder/**` is everything in a folder",
        ),
        (
            "/docs/**",
            "`/docs/**` is no glob: it begins with `/`, and paths do not; they are whole without",
        ),
        ("a//b", "`a//b` is no glob: it has an empty segment, and no path has"),
        (
            "{a,/b}",
            "`{a,/b}` is no glob: it begins with `/`, and paths do not; they are whole without",
        ),
        ("a\tb", "`a\tb` is no glob: it holds a character of control, \\u{9}"),
    ] {
        assert_eq!(refused(text), why);
    }
    let many = "{a,b}".repeat(9);
    let why = "is no glob: written out, its braces amount to more than 4096 bytes";
    assert_eq!(refused(&many), format!("`{many}` {why}"));
    assert!(refused(&"{".repeat(1000)).ends_with("a `{` is not closed"));
    assert!(refused(&"{a,".repeat(300)).ends_with("a `{` is not closed"));
    assert!(refused(&"a".repeat(1025)).contains("1024 characters"));
}

#[test]
fn a_twin_is_found_whatever_its_letters() {
    let twin = |text: &str, folded: &str| glob(text).matches_folded(folded);
    assert!(twin("Deploy/**", "deploy/a") && twin("[A-C]x", "bx") && twin("ﬁle", "file"));
    assert!(twin("ÉTÉ/*.md", "été/x.md") && twin("[É]x", "éx"));
    // What looks like a sign once it is folded is none.
    assert!(twin("＊.md", "*.md") && !twin("＊.md", "a.md"));
    assert!(!glob("＊.md").matches_text("a.md"));
}

/// Pieces that a glob may be made of, in ASCII, as a library reads them too.
fn text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "b",
        "ab",
        "*",
        "?",
        "**",
        "/",
        "/**/",
        "**/",
        "[ab]",
        "[a-b]",
        "{a,b}",
        "{a/b,*}",
        "{b,a{a,b}}",
        ".",
        "\\*",
        "-",
    ]);
    prop::collection::vec(piece, 1..8).prop_map(|pieces| pieces.concat())
}

fn path() -> impl Strategy<Value = String> {
    prop::collection::vec("[ab.*-]{1,4}", 1..5).prop_map(|segments| segments.join("/"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn it_matches_what_the_library_matches(text in text(), path in path()) {
        let Ok(ours) = Glob::parse(&text) else { return Ok(()) };
        let theirs = GlobBuilder::new(&text).literal_separator(true).build().expect("a glob").compile_matcher();
        prop_assert_eq!(ours.matches_text(&path), theirs.is_match(&path), "{} {}", text, path);
        prop_assert!(!ours.matches_text(&path) || ours.matches_folded(&path));
    }
}
