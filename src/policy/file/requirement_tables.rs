//! What an entry of `approval.also` may say, as data: the requirement, which nests, and its condition.

use super::leaf;
use super::requirement_rules as rules;
use super::shape::{Key, Record, Shape, key, required};
use super::tables::{FROM_CLASS, GLOBS, PEOPLE, SIZE, TEXTS};

/// How a check may have ended for a requirement to hold. What failed or was called off never does.
const CONCLUSIONS: [&str; 3] = ["success", "neutral", "skipped"];

/// Records that occur in themselves, by the name that a schema calls them.
pub(crate) static NESTED: [(&str, &Record); 2] =
    [("requirement", &REQUIREMENT), ("condition", &WHEN)];

const REQUIREMENTS: Shape = Shape::List(&Shape::Again("requirement", requirement));
const CONDITION: Shape = Shape::Again("condition", condition);
const CONDITIONS: Shape = Shape::List(&CONDITION);

fn requirement() -> &'static Record {
    &REQUIREMENT
}

fn condition() -> &'static Record {
    &WHEN
}

static WHEN_KEY: [Key; 1] = [required("when", Shape::Record(&WHEN), "When it is needed.")
    .example(r#"{"files": ["src/auth/**"]}"#)];

static KEYS: [Key; 10] = [
    key("name", Shape::Text, "What people call it, for titles.").example("\"sign-in\""),
    key("description", Shape::Text, "Why it is asked, for sentences."),
    key("role", Shape::Text, "A role that must approve.").example("\"security\""),
    key(
        "scope",
        Shape::Leaf(&leaf::SCOPE),
        "The scope that an approver must hold; `*` where nothing is said.",
    ),
    key("people", TEXTS, "People one of whom must approve, as the organisation file names them.")
        .example("[\"m.ortiz\"]"),
    key("count", PEOPLE, "How many people; 1 where nothing is said."),
    key("checks", TEXTS, "Checks that must all have passed on the head.").example("[\"ci/fuzz\"]"),
    key(
        "conclusions",
        Shape::List(&Shape::Word(&CONCLUSIONS)),
        "How they may have ended; `[success]` where nothing is said.",
    ),
    key("any", REQUIREMENTS, "One of these is enough.")
        .example(r#"[{"role": "security"}, {"role": "architect", "count": 2}]"#),
    key("all", REQUIREMENTS, "Each of these is needed.")
        .example(r#"[{"role": "security"}, {"checks": ["ci/fuzz"]}]"#),
];

/// A whole entry: a requirement and its condition.
pub(super) static ALSO: Record =
    Record::new("A further requirement, under a condition.", &WHEN_KEY)
        .further(&KEYS)
        .rule(rules::also);

static REQUIREMENT: Record = Record::new(
    "What is needed: a role, people or checks, or `any` or `all` of such requirements.",
    &KEYS,
)
.elsewhere(&WHEN_KEY, "the whole entry of `also`: a condition inside could bring in an easier way")
.rule(rules::requirement);

static WHEN: Record = Record::new(
    "A condition; all that is given must hold.",
    &[
        key("files", GLOBS, "Some file matches."),
        key("except", GLOBS, "Files that `files` does not mean."),
        key("only_files", GLOBS, "Every file matches; stands under `not`."),
        key("labels", TEXTS, "Some label is there."),
        key("branches", GLOBS, "The base branch matches."),
        key("class", FROM_CLASS, "The class is at least this."),
        key("authors", Shape::Record(&AUTHORS), "Somebody who took part is one of these.")
            .example(r#"{"roles": ["contractor"], "bots": true}"#),
        key(
            "only_authors",
            Shape::Record(&AUTHORS),
            "Everybody who took part is one of these; stands under `not`.",
        ),
        key("size", Shape::Record(&LIMITS), "One of these limits is passed.")
            .example(r#"{"files_over": 20, "lines_over": 400}"#),
        key(
            "not_passed",
            TEXTS,
            "One of these checks failed, runs, was skipped or has not reported.",
        ),
        key("draft", Shape::Flag, "The pull request is still a draft; only `true`."),
        key("all", CONDITIONS, "Each of these conditions holds."),
        key("any", CONDITIONS, "One of these conditions holds."),
        key("not", CONDITION, "This condition does not hold."),
    ],
)
.rule(rules::condition);

static AUTHORS: Record = Record::new(
    "People and bots who wrote, committed, pushed or opened it.",
    &[
        key("people", TEXTS, "By name, as the organisation file has them."),
        key("roles", TEXTS, "Who holds one of these roles, for any scope."),
        key("bots", Shape::Flag, "Every bot."),
    ],
)
.rule(rules::authors);

static LIMITS: Record = Record::new(
    "Limits of a change as a whole; a rename counts once.",
    &[
        key("files_over", SIZE, "More files than this."),
        key("lines_over", SIZE, "More lines added and deleted than this."),
        key("keys_over", SIZE, "More key changes than this."),
    ],
)
.rule(rules::limits);
