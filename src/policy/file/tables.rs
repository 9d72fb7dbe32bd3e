//! What both files may say (contract, "Policy file"), as data.

use super::leaf;
use super::requirement_tables::ALSO;
use super::rules;
use super::shape::{Key, Record, Shape, key, required};

/// The versions of the language.
pub(crate) const VERSION: i64 = 1;
/// Roles that exist without being declared (sem 3).
pub(crate) const BUILT_IN_ROLES: [&str; 3] = ["architect", "security", "breakglass"];
/// The kinds of proof by which a change may be trivial.
pub(crate) const KINDS: [&str; 5] = ["config", "docs", "dependencies", "generated", "binary"];
/// How far an approval reaches, strictest first.
pub(crate) const STALENESS: [&str; 4] =
    ["same_commit", "same_delta", "clean_rebase", "owned_paths"];

pub(super) const GLOBS: Shape = Shape::List(&Shape::Leaf(&leaf::GLOB));
const NARROW_GLOBS: Shape = Shape::List(&Shape::Leaf(&leaf::NARROW_GLOB));
pub(super) const TEXTS: Shape = Shape::List(&Shape::Text);
pub(super) const PEOPLE: Shape = Shape::Count(1, 100);
pub(super) const FROM_CLASS: Shape = Shape::Word(&["routine", "significant", "critical"]);
pub(super) const SIZE: Shape = Shape::Count(1, 1_000_000_000);

/// The keys that stand in both files.
static COMMON: [Key; 8] = [
    required("version", Shape::Count(i64::MIN, i64::MAX), "The version of this language: 1.")
        .example("1"),
    key("trivial", Shape::Record(&TRIVIAL), "What may pass by itself, if its proof holds."),
    key("routine", Shape::List(&Shape::Record(&ROUTINE)), "Files of routine class.")
        .example(r#"[{"name": "tests", "files": ["tests/**"]}]"#),
    key(
        "significant",
        Shape::List(&Shape::Record(&SIGNIFICANT)),
        "Files of significant class, and the scopes they raise.",
    )
    .example(r#"[{"name": "money", "files": ["src/payments/**"], "scope": "payments"}]"#),
    key(
        "default",
        Shape::Word(&["routine", "significant", "critical"]),
        "The class of a file that no rule matches; never trivial.",
    )
    .example("\"significant\""),
    key("approval", Shape::Record(&APPROVAL), "Who has to say yes, and how far a yes reaches."),
    key("reverts", Shape::Record(&REVERTS), "Exact reverts that pass by themselves.")
        .example(r#"{"window": "7d"}"#),
    key("tests", GLOBS, "Files with test cases of this policy.")
        .example("[\".countersign/tests/*.yml\"]"),
];

/// The file in a repository.
pub(crate) static REPOSITORY: Record =
    Record::new("What a repository says about its own changes.", &COMMON)
        .elsewhere(&super::organisation_tables::KEYS, "the organisation file")
        .rule(rules::version);

/// The organisation file: the same keys, and its own.
pub(crate) static ORGANISATION: Record = Record::new(
    "What the organisation says about every repository, and what no repository can weaken.",
    &COMMON,
)
.further(&super::organisation_tables::KEYS)
.rule(super::organisation_rules::whole_file);

static TRIVIAL: Record = Record::new(
    "What may pass by itself: each file must match one rule, and its proof must hold.",
    &[
        key("max", Shape::Record(&MAX), MAX.about)
            .example(r#"{"files": 5, "changed_keys": 10, "lines": 60}"#),
        key("config", Shape::List(&Shape::Record(&CONFIG)), "Configuration, judged key by key."),
        key("docs", Shape::Record(&DOCS), DOCS.about)
            .example(r#"{"files": ["docs/**/*.md", "README.md"]}"#),
        key("dependencies", Shape::Record(&DEPENDENCIES), DEPENDENCIES.about)
            .example(r#"{"bots": ["renovate[bot]"], "step": "patch", "checks": ["ci/test"]}"#),
        key("generated", Shape::List(&Shape::Record(&GENERATED)), GENERATED.about),
        key("binary", Shape::List(&Shape::Record(&BINARY)), BINARY.about)
            .example(r#"[{"files": ["docs/images/**/*.png"]}]"#),
    ],
);

static MAX: Record = Record::new(
    "Limits over which a change is significant, whatever it holds.",
    &[
        key("files", SIZE, "Files; a rename counts once."),
        key("changed_keys", SIZE, "Key changes over all files."),
        key("lines", SIZE, "Lines added and deleted."),
        key("bytes", SIZE, "Bytes of the larger side of any file."),
    ],
);

static CONFIG: Record = Record::new(
    "Files, and which of their keys may change.",
    &[
        key("name", Shape::Text, "For sentences.").example("\"scaling\""),
        required("files", GLOBS, "The files, as globs over whole paths.")
            .example("[\"deploy/**/values-*.yaml\"]"),
        required("allow", Shape::List(&Shape::Record(&ALLOW)), "What may change in them.")
            .example(r#"[{"key": "**.replicas", "type": "int", "min": 2, "max": 20}]"#),
    ],
);

static ALLOW: Record = Record::new(
    "A key that may change, and what its value may become; all that is given must hold.",
    &[
        required("key", Shape::Leaf(&leaf::KEY), "The keys, as a pattern over segments.")
            .example("\"**.image.tag\""),
        key(
            "ops",
            Shape::List(&Shape::Word(&["replace", "add", "remove", "type_change", "reorder"])),
            "Which operations; `[replace]` where nothing is said.",
        )
        .example("[\"replace\"]"),
        key(
            "type",
            Shape::Word(&[
                "null",
                "bool",
                "int",
                "float",
                "string",
                "timestamp",
                "sequence",
                "map",
            ]),
            "The type of the value; as before where nothing is said.",
        )
        .example("\"int\""),
        key("enum", Shape::List(&Shape::Scalar), "The values it may have.")
            .example(r#"["info", "warn", "error"]"#),
        key("regex", Shape::Leaf(&leaf::REGEX), "The whole value must match.")
            .example(r#""v\\d+\\.\\d+\\.\\d+""#),
        key("min", Shape::Number, "The least number."),
        key("max", Shape::Number, "The greatest number."),
        key("max_delta", Shape::Positive, "The greatest distance from the old number."),
        key("max_delta_pct", Shape::Positive, "The same in per cent of the old number."),
        key(
            "semver",
            Shape::Word(&["patch", "minor"]),
            "A version that rises by this step at most.",
        ),
        key("digest_pinned", Shape::Flag, "The value must be pinned by digest (`@sha256:…`)."),
        key("templated", Shape::Flag, "A templated value (`{{ … }}`) is allowed here."),
    ],
)
.rule(rules::allow);

static DOCS: Record = Record::new(
    "Documentation that may change by itself.",
    &[required("files", NARROW_GLOBS, "The files.").example("[\"docs/**/*.md\"]")],
);

static DEPENDENCIES: Record = Record::new(
    "Bumps of one direct dependency by a bot.",
    &[
        required("bots", TEXTS, "The accounts of the bots.").example("[\"renovate[bot]\"]"),
        key(
            "step",
            Shape::Word(&["patch", "minor"]),
            "How far the version may rise; `patch` where nothing is said.",
        ),
        required("checks", TEXTS, "Checks that must have passed on the head.")
            .example("[\"ci/test\"]"),
    ],
);

static GENERATED: Record = Record::new(
    "Files that are made from others, marked as such by `.gitattributes` on base.",
    &[
        key("name", Shape::Text, "For sentences.").example("\"api clients\""),
        required("files", NARROW_GLOBS, "The files that are made.").example("[\"gen/**/*.json\"]"),
        required(
            "inputs",
            GLOBS,
            "What they are made from; each of these in the change is trivial.",
        )
        .example("[\"docs/api/**/*.md\"]"),
        required("checks", TEXTS, "Checks that must have passed on the head.")
            .example("[\"ci/generated\"]"),
    ],
);

static BINARY: Record = Record::new(
    "Pictures and fonts whose extension and bytes agree, on both sides.",
    &[
        key("name", Shape::Text, "For sentences.").example("\"screenshots\""),
        required("files", NARROW_GLOBS, "The files.").example("[\"docs/images/**/*.png\"]"),
    ],
);

static ROUTINE: Record = Record::new(
    "Files of routine class.",
    &[
        key("name", Shape::Text, "For sentences.").example("\"tests\""),
        required("files", GLOBS, "The files.").example("[\"tests/**\"]"),
    ],
);

static SIGNIFICANT: Record = Record::new(
    "Files of significant class.",
    &[
        key("name", Shape::Text, "For sentences.").example("\"money\""),
        required("files", GLOBS, "The files.").example("[\"src/payments/**\"]"),
        key(
            "scope",
            Shape::Leaf(&leaf::SCOPE),
            "The scope that an approver must hold; `*` where nothing is said.",
        )
        .example("\"payments\""),
        key(
            "count",
            PEOPLE,
            "How many approvals this scope needs; as `approval.architects` says where nothing is said.",
        ),
    ],
);

static APPROVAL: Record = Record::new(
    "Who has to say yes, and how far a yes reaches.",
    &[
        key("architects", Shape::Record(&ARCHITECTS), ARCHITECTS.about)
            .example(r#"{"role": "architect", "count": 1}"#),
        key("peers", Shape::Record(&PEERS), PEERS.about)
            .example(r#"{"count": 1, "for": "routine"}"#),
        key(
            "also",
            Shape::List(&Shape::Record(&ALSO)),
            "Further requirements, each needed beside the others.",
        ),
        key("ticket", Shape::Record(&TICKET), TICKET.about)
            .example(r#"{"required": true, "pattern": "PAY-\\d+", "statuses": ["In Progress"]}"#),
        key(
            "staleness",
            Shape::Word(&STALENESS),
            "The furthest an approval reaches beyond the commit that was looked at.",
        )
        .example("\"clean_rebase\""),
        key("comments", Shape::Record(&COMMENTS), COMMENTS.about)
            .example(r#"{"approve": "/approve", "veto": "/veto"}"#),
    ],
);

static COMMENTS: Record = Record::new(
    "Comments that are opinions: those whose whole first line is a command.",
    &[
        key("approve", Shape::Leaf(&leaf::COMMAND), "The line that is a yes.")
            .example("\"/approve\""),
        key("veto", Shape::Leaf(&leaf::COMMAND), "The line that is a no.").example("\"/veto\""),
    ],
)
.rule(rules::comments);

static ARCHITECTS: Record = Record::new(
    "The role that approves significant changes.",
    &[
        key("role", Shape::Text, "The role; `architect` where nothing is said."),
        key("count", PEOPLE, "How many people; 1 where nothing is said."),
        key("for", FROM_CLASS, "From which class on; `significant` where nothing is said."),
    ],
);

static PEERS: Record = Record::new(
    "Approvals of anybody who had no part in the change.",
    &[
        key("count", PEOPLE, "How many people; 1 where nothing is said."),
        key("for", FROM_CLASS, "From which class on; `routine` where nothing is said."),
    ],
);

static TICKET: Record = Record::new(
    "What is asked of tickets.",
    &[
        required("required", Shape::Flag, "Whether a change needs one.").example("true"),
        key("pattern", Shape::Leaf(&leaf::REGEX), "What its key looks like, whole.")
            .example(r#""PAY-\\d+""#),
        key("statuses", TEXTS, "The statuses it may have; any where nothing is said."),
    ],
);

static REVERTS: Record = Record::new(
    "Exact reverts that pass by themselves.",
    &[required("window", Shape::Leaf(&leaf::DURATION), "For how long after the landing.")
        .example("\"7d\"")],
);
