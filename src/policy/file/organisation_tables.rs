//! What only the organisation file may say (contract, "Organisation file"), as data.

use super::leaf;
use super::organisation_rules as rules;
use super::shape::{Key, Record, Shape, key, required};
use super::tables::{KINDS, STALENESS};

const GLOBS: Shape = Shape::List(&Shape::Leaf(&leaf::GLOB));
const TEXTS: Shape = Shape::List(&Shape::Text);
const DURATION: Shape = Shape::Leaf(&leaf::DURATION);
const TIME: Shape = Shape::Leaf(&leaf::TIME);

/// Its own keys.
pub(super) static KEYS: [Key; 7] = [
    key(
        "people",
        Shape::List(&Shape::Record(&PERSON)),
        "Joins accounts and commit e-mails to one person.",
    ),
    key(
        "roles",
        Shape::Named(&Shape::List(&Shape::Record(&HOLDER))),
        "Roles by name, each with its holders.",
    ),
    key("floor", Shape::Record(&FLOOR), "What a repository cannot weaken."),
    key("emergency", Shape::Record(&EMERGENCY), EMERGENCY.about),
    key("deploy", Shape::Record(&DEPLOY), DEPLOY.about),
    key(
        "freeze",
        Shape::List(&Shape::Record(&FREEZE)),
        "Windows in which only an emergency passes.",
    ),
    key("rollout", Shape::Record(&ROLLOUT), ROLLOUT.about),
];

static PERSON: Record = Record::new(
    "A person, with what joins accounts and commits to them.",
    &[
        required("user", Shape::Text, "The name, as roles write it.").example("\"m.ortiz\""),
        key("emails", Shape::List(&Shape::Leaf(&leaf::EMAIL)), "Addresses in commits.")
            .example(r#"["m.ortiz@acme.example"]"#),
        key("accounts", Shape::Named(&Shape::Text), "Source to immutable account id, in quotes.")
            .example(r#"{"github": "88123"}"#),
    ],
);

static HOLDER: Record = Record::new(
    "A holder of a role: a team or a person.",
    &[
        key("team", Shape::Text, "A team of a source, by full name.")
            .example("\"acme/platform-architects\""),
        key("user", Shape::Text, "A person.").example("\"m.ortiz\""),
        key("scopes", TEXTS, "Scopes, or `*` for all; `[\"*\"]` where nothing is said."),
        key("from", TIME, "From when; a date is its first instant in UTC."),
        key("until", TIME, "Until when, not included."),
    ],
)
.rule(rules::holder);

static FLOOR: Record = Record::new(
    "What a repository cannot weaken.",
    &[
        key(
            "default_class",
            Shape::Word(&["routine", "significant", "critical"]),
            "The lowest class of a file that no rule matches.",
        )
        .example("\"significant\""),
        key("staleness_at_most", Shape::Word(&STALENESS), "The furthest an approval may reach.")
            .example("\"clean_rebase\""),
        key("always_critical", GLOBS, "Files that are critical everywhere.")
            .example(r#"["CODEOWNERS", "iam/**"]"#),
        key(
            "deny_keys",
            Shape::List(&Shape::Leaf(&leaf::KEY)),
            "Keys that no rule may allow, beside the built-in ones.",
        )
        .example(r#"["**.feature_kill_switch"]"#),
        key("trivial_ceiling", Shape::Record(&CEILING), CEILING.about)
            .example(r#"{"files": 10, "lines": 200, "kinds": ["config", "docs"]}"#),
    ],
);

static CEILING: Record = Record::new(
    "The most that a repository may let pass by itself.",
    &[
        key("files", Shape::Count(1, 1_000_000_000), "Files."),
        key("changed_keys", Shape::Count(1, 1_000_000_000), "Key changes."),
        key("lines", Shape::Count(1, 1_000_000_000), "Lines."),
        key("bytes", Shape::Count(1, 1_000_000_000), "Bytes of any file."),
        key("kinds", Shape::List(&Shape::Word(&KINDS)), "Which proofs may be used."),
    ],
);

static EMERGENCY: Record = Record::new(
    "Emergencies: for one commit and one environment, until they expire.",
    &[
        key("ttl", DURATION, "How long at most, 4h at most; 4h where nothing is said."),
        key("review_due", DURATION, "Within what time it is reviewed; 24h where nothing is said."),
        key("review_role", Shape::Text, "Who reviews; `architect` where nothing is said."),
        key(
            "second_person",
            Shape::Flag,
            "A second person must agree; false where nothing is said.",
        ),
        key(
            "block_on_overdue",
            Shape::Flag,
            "No new one while a review is overdue; true where nothing is said.",
        ),
    ],
)
.rule(rules::emergency);

static DEPLOY: Record = Record::new(
    "What deploys need.",
    &[
        key(
            "environments",
            Shape::Named(&Shape::Record(&ENVIRONMENT)),
            "By name; one that is not listed has the requirements of `production`.",
        ),
        key(
            "unaccounted",
            Shape::Word(&["deny", "allow"]),
            "A deploy with commits that are no known change; `deny` where nothing is said.",
        ),
        key(
            "exempt",
            Shape::List(&Shape::Record(&EXEMPT)),
            "Bots that may commit without a pull request, and in which files; nobody where nothing is said.",
        ),
    ],
);

static EXEMPT: Record = Record::new(
    "A bot whose direct commits are exempt where they touch only these files.",
    &[
        required("bot", Shape::Text, "Its login at the source: author, committer and pusher.")
            .example("\"release-bot[bot]\""),
        required("files", Shape::List(&Shape::Leaf(&leaf::NARROW_GLOB)), "The files.")
            .example(r#"["CHANGELOG.md", "version.txt"]"#),
        key("repositories", GLOBS, "Repositories by name; all where nothing is said.")
            .example(r#"["acme/*"]"#),
    ],
);

static ENVIRONMENT: Record = Record::new(
    "What an environment requires.",
    &[
        key(
            "require",
            Shape::Word(&["all_changes_pass", "classify_only"]),
            "`all_changes_pass` where nothing is said.",
        ),
        key(
            "integrity",
            Shape::Word(&["required", "recorded"]),
            "Landings must be unaltered; `required` where nothing is said, unless it is `classify_only`.",
        ),
        key(
            "rollback_window",
            DURATION,
            "How far back a rollback goes without new approval; not at all where nothing is said.",
        ),
        key("after", TEXTS, "Environments that must have had the commit before."),
    ],
);

static FREEZE: Record = Record::new(
    "A freeze window.",
    &[
        required("environment", Shape::Text, "The environment.").example("\"production\""),
        required("from", TIME, "From.").example("\"2026-12-20T00:00:00Z\""),
        required("to", TIME, "To, not included.").example("\"2027-01-03T00:00:00Z\""),
        required("reason", Shape::Text, "Why, for those who wait.").example("\"year end\""),
    ],
)
.rule(rules::freeze);

static ROLLOUT: Record = Record::new(
    "How strictly decisions bind, per repository. Of several lists that name one, the stricter holds.",
    &[
        key(
            "mode",
            Shape::Word(&["observe", "warn", "enforce"]),
            "For every repository not named below; `enforce` where nothing is said.",
        ),
        key("observe", GLOBS, "Repositories whose decisions are recorded and do not block.")
            .example(r#"["acme/legacy-*"]"#),
        key(
            "warn",
            GLOBS,
            "Repositories whose decisions do not block, and whoever asks is warned.",
        ),
        key("enforce", GLOBS, "Repositories whose decisions bind, whatever `mode` says."),
    ],
);
