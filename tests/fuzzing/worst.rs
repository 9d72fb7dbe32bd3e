//! The worst that could be thought of, at the size that is just allowed: each within a second, and within 64 MB more
//! than there was before. Peaks are the kernel's word (`VmHWM`), of a child for each.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::doors::DOORS;

/// A side of a change, a file of cases.
const MEBIBYTE: usize = 1 << 20;
/// A policy.
const POLICY: usize = 256 << 10;
/// Megabytes above what was there before.
const MEMORY: u64 = 64;
/// A second for optimised code; tests are not optimised.
pub(crate) const ALLOWED: Duration =
    Duration::from_secs(if cfg!(debug_assertions) { 12 } else { 1 });

/// In a child: the door, and the file that holds its input.
const CHILD: [&str; 2] = ["FUZZING_DOOR", "FUZZING_INPUT"];

type Input = (&'static str, &'static str, Vec<u8>);

#[test]
fn no_shape_within_the_limits_takes_a_second_or_64_megabytes() {
    hold(all_shapes());
}

#[test]
fn no_input_made_for_one_format_takes_a_second_or_64_megabytes() {
    hold(made_for_one());
}

/// Fails with every input that costs more than it may.
fn hold(inputs: Vec<Input>) {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let mut over = Vec::new();
    for (door, what, bytes) in inputs {
        std::fs::write(file.path(), &bytes).expect("written");
        let (took, megabytes) = match measured(door, file.path()) {
            Ok(cost) => cost,
            Err(why) => {
                over.push(format!("{door}, {what}: {why}"));
                continue;
            }
        };
        println!("{door:13} {what:36} {:8} bytes {took:>10.1?} {megabytes:4} MB", bytes.len());
        if took > ALLOWED || megabytes > MEMORY {
            over.push(format!("{door}, {what}: {took:?}, {megabytes} MB"));
        }
    }
    assert!(over.is_empty(), "{}", over.join("\n"));
}

/// What one input costs in a process of its own: its memory is nobody else's, and a stack that overflows is seen.
fn measured(door: &str, file: &Path) -> Result<(Duration, u64), String> {
    let program = std::env::current_exe().expect("this program");
    let mut child = Command::new(program);
    child.args(["worst::child", "--exact", "--nocapture"]).env(CHILD[0], door).env(CHILD[1], file);
    let done = child.output().expect("a child");
    let said = String::from_utf8_lossy(&done.stdout);
    let cost = said.lines().find_map(|line| line.split_once("cost ")?.1.split_once(' '));
    match cost.and_then(|(took, grew)| Some((took.parse().ok()?, grew.parse::<u64>().ok()?))) {
        Some((took, grew)) if done.status.success() => {
            Ok((Duration::from_nanos(took), grew / 1024))
        }
        _ => {
            let error = String::from_utf8_lossy(&done.stderr);
            Err(format!("{}: {}", done.status, error.chars().take(400).collect::<String>()))
        }
    }
}

/// Opens one door and says what it cost: nanoseconds and kilobytes. Without a parent there is nothing to do.
#[test]
fn child() {
    let [Ok(door), Ok(file)] = CHILD.map(std::env::var) else { return };
    let open = DOORS.iter().find(|(name, _)| *name == door).expect("a door").1;
    let bytes = std::fs::read(file).expect("an input");
    let (before, began) = (reset_peak(), spent());
    open(&bytes);
    let (took, grew) = (spent().saturating_sub(began), peak().saturating_sub(before));
    println!("\ncost {} {grew}", took.as_nanos());
}

/// How long this thread has been running: what others do at the same time is not counted.
pub(crate) fn spent() -> Duration {
    let all = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let nanoseconds = all.split(' ').next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanoseconds.expect("nanoseconds"))
}

/// Forgets the peak so far: what is resident now, in kilobytes.
fn reset_peak() -> u64 {
    std::fs::write("/proc/self/clear_refs", "5").expect("the kernel forgets the peak");
    peak()
}

/// The most that was resident since, in kilobytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches(" kB").parse().expect("kilobytes")
}

/// As often as fits.
fn full(piece: &str, size: usize) -> String {
    piece.repeat(size / piece.len())
}

/// Lines with a number in them, as many as fit.
fn lines(size: usize, line: impl Fn(usize) -> String) -> String {
    let mut text = String::with_capacity(size);
    for number in 0.. {
        let line = line(number);
        if text.len() + line.len() > size {
            break;
        }
        text.push_str(&line);
    }
    text
}

fn between(start: &str, middle: &str, end: &str, size: usize) -> String {
    format!("{start}{}{end}", full(middle, size - start.len() - end.len()))
}

fn all_shapes() -> Vec<Input> {
    let mut all: Vec<(&'static str, &'static str, String)> = Vec::new();
    for door in ["yaml", "json", "jsonc", "toml", "properties", "dotenv", "ini", "tfvars"] {
        shapes(door, MEBIBYTE, &mut all);
    }
    for door in ["cargo_lock", "package_lock", "go_mod", "pom", "requirements", "cases"] {
        shapes(door, MEBIBYTE, &mut all);
    }
    shapes("policy", POLICY, &mut all);
    bytes_of(all)
}

fn made_for_one() -> Vec<Input> {
    let mut all = Vec::new();
    shapes("codeowners", POLICY, &mut all);
    keys(&mut all);
    rules(&mut all);
    bytes_of(all)
}

fn bytes_of(all: Vec<(&'static str, &'static str, String)>) -> Vec<Input> {
    all.into_iter().map(|(door, what, text)| (door, what, text.into_bytes())).collect()
}

/// Shapes that are hard for one parser or another, whatever the format.
fn shapes(door: &'static str, size: usize, all: &mut Vec<(&'static str, &'static str, String)>) {
    for (what, text) in [
        ("brackets that open", full("[", size)),
        ("braces that open", full("{", size)),
        ("braces with keys", full("{\"a\":", size)),
        ("dashes", full("- ", size)),
        ("one scalar", full("x", size)),
        ("one quoted scalar", between("a = \"", "x", "\"\n", size)),
        ("quotes", full("\"", size)),
        ("escapes", between("a=\"", "\\u0041", "\"\n", size)),
        ("backslashes", full("\\", size)),
        ("line ends", full("\n", size)),
        ("blanks", full(" ", size)),
        ("comments", full("#\n", size)),
        ("one key again and again", full("a=1\n", size)),
        ("one key of YAML again and again", full("a: 1\n", size)),
        ("other keys", lines(size, |number| format!("k{number} = {number}\n"))),
        ("other keys of YAML", lines(size, |number| format!("k{number}: {number}\n"))),
        ("digits", between("a = ", "9", "\n", size)),
        ("tags of XML", full("<a>", size)),
        ("colons", full(":", size)),
        ("bytes of control", full("\u{1}", size)),
    ] {
        all.push((door, what, text));
    }
}

/// What is hard for one format.
fn keys(all: &mut Vec<(&'static str, &'static str, String)>) {
    let bomb = (1..40).fold("a0: &a0 [x,x,x,x,x,x,x,x]\n".to_owned(), |mut text, level| {
        let before = level - 1;
        let _ = writeln!(text, "a{level}: &a{level} [*a{before},*a{before},*a{before},*a{before},*a{before},*a{before},*a{before},*a{before}]");
        text
    });
    let merges = (1..200).fold("a0: &a0 {k0: 1}\n".to_owned(), |mut text, level| {
        let _ = writeln!(
            text,
            "a{level}: &a{level} {{<<: [*a{0}, *a{0}, *a{0}], k{level}: 1}}",
            level - 1
        );
        text
    });
    let indented: String = lines(MEBIBYTE, |level| format!("{}a:\n", " ".repeat(level)));
    let object = |size| {
        format!("{{{}\"z\":1}}", lines(size - 9, |number| format!("\"k{number}\":{number},")))
    };
    all.extend([
        ("yaml", "aliases of aliases", bomb.clone()),
        ("yaml", "merges of merges", merges),
        ("yaml", "ever deeper", indented),
        ("yaml", "documents", full("---\na: 1\n", MEBIBYTE)),
        ("yaml", "one alias, often", between("a: &a [1]\nb: [", "*a,", "]\n", MEBIBYTE)),
        ("yaml", "a long anchor, often", format!("a: &a {}\nb: [{}]\n", full("x", 500_000), full("*a,", 29_000))),
        ("yaml", "complex keys", full("? ", MEBIBYTE)),
        ("yaml", "a folded scalar of short lines", between("a: >\n", "  x\n\n", "", MEBIBYTE)),
        ("yaml", "two sequences that share nothing", format!("a: [{}]\0a: [{}]", full("1,", 19_000), full("2,", 19_000))),
        ("yaml", "a sequence turned round", format!("{}\0{}", lines(90_000, |n| format!("- {n}\n")), lines(90_000, |n| format!("- {}\n", 9000_usize.saturating_sub(n))))),
        ("json", "an object of many keys", object(MEBIBYTE)),
        ("json", "one key of many, a key apart", format!("{}\0{}", object(150_000), object(149_000))),
        ("json", "a flat array", between("[", "1,", "1]", MEBIBYTE)),
        ("jsonc", "comments in comments", between("/*", "/*", "*/{}", MEBIBYTE)),
        ("toml", "tables of tables", lines(MEBIBYTE, |number| format!("[[a.b{number}]]\n"))),
        ("toml", "a long dotted key", between("a", ".a", " = 1\n", MEBIBYTE)),
        ("toml", "many dotted keys", lines(MEBIBYTE, |number| format!("a.b.c.d.e{number} = 1\n"))),
        ("toml", "inline tables", full("a = {b = ", MEBIBYTE)),
        ("properties", "a line that goes on", between("a=", "\\\n", "b\n", MEBIBYTE)),
        ("properties", "a long dotted key", between("a", ".a", "=1\n", MEBIBYTE)),
        ("ini", "sections", lines(MEBIBYTE, |number| format!("[s{number}]\na=1\n"))),
        ("tfvars", "calls in calls", between("a = ", "f(", "", MEBIBYTE)),
        ("tfvars", "templates in templates", between("a = \"", "${\"", "", MEBIBYTE)),
        ("tfvars", "operators", between("a = 1", "+1", "\n", MEBIBYTE)),
        ("tfvars", "a negation of negations", between("a = ", "!", "true\n", MEBIBYTE)),
        ("tfvars", "conditions in conditions", between("a = ", "x?", "", MEBIBYTE)),
        ("pom", "entities of entities", "<!DOCTYPE a [<!ENTITY a \"x\"><!ENTITY b \"&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;\">]><project>&c;</project>".to_owned()),
        ("cargo_lock", "a graph in which all need all", graph(360)),
        ("cargo_lock", "packages that need nobody", lines(MEBIBYTE, |n| format!("[[package]]\nname = \"p{n}\"\nversion = \"1.0.0\"\n"))),
        ("policy", "aliases of aliases", bomb),
    ]);
}

/// A lock of packages each of which needs all the others.
fn graph(packages: usize) -> String {
    let needs: String = (0..packages).map(|number| format!("\"p{number}\",")).collect();
    let all = (0..packages).map(|number| {
        format!(
            "[[package]]\nname = \"p{number}\"\nversion = \"1.0.0\"\ndependencies = [{needs}]\n"
        )
    });
    all.collect()
}

/// What is hard for the language of the policy.
fn rules(all: &mut Vec<(&'static str, &'static str, String)>) {
    let list =
        |size, item: &str| between("version: 1\nroutine: [{ files: [", item, "x] }]\n", size);
    let expressions = |text: &str| {
        format!(
            "version: 1\ntrivial:\n  config:\n    - files: [\"a/*.yaml\"]\n      allow:\n{}",
            lines(POLICY - 80, |n| format!("        - {{ key: k{n}, regex: '{text}' }}\n"))
        )
    };
    all.extend([
        ("policy", "globs", list(POLICY, "'a/**/b*c?d',")),
        ("policy", "globs with alternatives", list(POLICY, "'{a,b}{c,d}{e,f}{g,h}{i,j}{k,l}',")),
        ("policy", "expressions", expressions("(a|b)*c{1,50}")),
        ("policy", "large expressions", expressions("\\w{40}\\p{Lu}?")),
        (
            "policy",
            "names nearly right",
            lines(POLICY, |n| {
                if n == 0 { "version: 1\n".to_owned() } else { format!("aproval{n}: 1\n") }
            }),
        ),
        ("policy", "key patterns", expressions("x").replace("key: k", "key: **.**.**.a.k")),
        (
            "codeowners",
            "lines that except each other",
            lines(POLICY, |n| format!("/d{n}/ @o{n}\n")),
        ),
        ("codeowners", "sections", lines(POLICY, |n| format!("[S{n}][2] @a\n*.x\n"))),
        ("codeowners", "owners", between("* ", "@a ", "\n", POLICY)),
        ("glob", "stars", format!("{}b\0{}", "*a".repeat(500), "a".repeat(60_000))),
        ("glob", "folders", format!("{}b\0{}", "**/".repeat(330), "a/".repeat(30_000))),
        ("glob", "alternatives", format!("{}\0{}", "{a,aa}".repeat(160), "a".repeat(60_000))),
        ("glob", "nested alternatives", format!("{}a{}\0a", "{".repeat(500), "}".repeat(500))),
        (
            "key_path",
            "any depth, often",
            format!("{}b\0{}", "**.a.".repeat(31), "a.".repeat(30_000)),
        ),
        (
            "pattern",
            "repeated repetitions",
            format!("(a*)*(a|aa)*b{{0,20}}\0{}", "a".repeat(MEBIBYTE)),
        ),
        ("pattern", "one that doubles", format!("{}\0a", "(a{99}){99}".repeat(20))),
        (
            "cases",
            "cases",
            lines(MEBIBYTE, |n| {
                format!("- name: c{n}\n  head: {{ a: \"x\" }}\n  expect: {{ pass: true }}\n")
            }),
        ),
        (
            "cases",
            "a case of many files",
            format!(
                "- name: a\n  expect: {{ pass: true }}\n  head:\n{}",
                lines(MEBIBYTE - 60, |n| format!("    docs/{n}: \"x\"\n"))
            ),
        ),
    ]);
}
