//! The table of kinds, in the order of their names.

use super::Shape::{Flag, Id, Key, List, Maybe, Object, Oid, Sha256, Text, Time, Whole, Word};
use super::{Field, Kind, Shape};

const fn field(name: &'static str, shape: Shape, says: &'static str) -> Field {
    Field { name, shape, says }
}

const fn kind(name: &'static str, says: &'static str, fields: &'static [Field]) -> Kind {
    Kind { name, says, fields }
}

const CLASSES: Shape = Word(&["trivial", "routine", "significant", "critical"]);
const STATES: Shape = Word(&[
    "auto_approved",
    "approved",
    "pending",
    "stale",
    "rejected",
    "emergency_open",
    "frozen",
    "unaccounted",
    "unmatched",
    "error",
    "unknown_commit",
    "policy_invalid",
]);
const DELIVERY_STATES: Shape = Word(&["applied", "no_interest", "set_aside", "parked"]);
const HOW: Shape =
    Word(&["merge", "squash", "rebase", "fast_forward", "queue", "subsumed", "direct", "revert"]);
const INTEGRITY: Shape = Word(&["intact", "altered", "unknown"]);

const REPO: Field = field("repo", Id("rep"), "The repository.");
const PULL: Field = field("pull", Whole, "The pull request's number.");
const CHANGE: Field = field("change", Id("chg"), "The change.");
const DELIVERY: Field = field("delivery", Id("dlv"), "The delivery.");
const SOURCE: Field = field("source", Text, "The source's id in the configuration.");
const TICKET: Field = field("ticket", Text, "The ticket's key.");
const ERASURE: Field = field("erasure", Id("era"), "The erasure.");
const TOKEN: Field = field("token", Id("tok"), "The token.");
const SAID: Field = field("said", Sha256, "Of who did it, and why in their words.");
const KEPT: Field = field("kept", Sha256, "Of what is kept of it, whole.");

const LINK: &[Field] = &[
    field("link", Id("lnk"), "The link."),
    REPO,
    PULL,
    TICKET,
    field("found_in", List(&Text), "Where the key was found."),
    field("said", Maybe(&Sha256), "Of who asserted or retracted it and why, if somebody did."),
];

const WORD: &[Field] = &[REPO, PULL, TICKET, SAID];

const DEPLOY: &[Field] = &[
    field("deploy", Id("dep"), "The deploy."),
    REPO,
    field("service", Text, "What was deployed."),
    field("environment", Text, "Where."),
    field("started_at", Maybe(&Time), "When it began."),
    field("sha", Oid, "The commit."),
    field("previous", Maybe(&Oid), "The commit that ran before."),
    field("status", Text, "How it stands: started, succeeded, failed, rolled back."),
    field("relation", Text, "How it follows what ran before: baseline, forward, rollback, …"),
    field("state", STATES, "What its changes come to."),
    field(
        "commits",
        Object(&[
            field("total", Whole, "All that it brought."),
            field("landed", Whole, "By a change."),
            field("direct", Whole, "Without one."),
            field("exempt", Whole, "Of exempt bots."),
            field("plumbing", Whole, "Merges that bring nothing themselves."),
            field("pre_ledger", Whole, "Older than the ledger."),
            field("unresolved", Whole, "That nobody can tell."),
        ]),
        "The commits, by what explains them.",
    ),
    field("changes", Whole, "How many changes it brought."),
    field("policy", Text, "Digest of the organisation file that was in force."),
    KEPT,
];

/// Every kind that is written.
pub const KINDS: &[Kind] = &[
    kind(
        "baseline.declared",
        "An administrator declared what runs somewhere, where no deploy was reported.",
        &[
            field("baseline", Id("bas"), "The declaration."),
            REPO,
            field("repo_name", Text, "The repository's name then."),
            field("service", Text, "What runs; may be empty."),
            field("environment", Text, "Where."),
            field("sha", Oid, "The commit."),
            field("since", Maybe(&Time), "From when on; null: before everything that is known."),
            SAID,
        ],
    ),
    kind(
        "change.exempted",
        "A commit that stood for a change of its own is one that a bot was allowed to make.",
        &[
            CHANGE,
            REPO,
            field("commit", Oid, "The commit."),
            field("rule", Text, "The rule that allows it, as the organisation's file has it."),
        ],
    ),
    kind(
        "change.explained",
        "A commit that stood for a change of its own is explained by another change.",
        &[
            CHANGE,
            REPO,
            field("commit", Oid, "The commit."),
            field("explained_by", Id("chg"), "The change that it belongs to."),
        ],
    ),
    kind(
        "change.judged",
        "A change was judged anew, with another result than before.",
        &[
            CHANGE,
            REPO,
            field("pull", Maybe(&Whole), "The pull request's number; null: a direct commit."),
            field("head", Oid, "Its head."),
            field("branch", Text, "The branch that it goes to."),
            field("class", CLASSES, "Its class."),
            field("state", STATES, "What it came to."),
            field("landed", Maybe(&Oid), "The commit by which it landed."),
            field("how", Maybe(&HOW), "How it landed."),
            field("integrity", Maybe(&INTEGRITY), "Whether what landed is what was reviewed."),
            field("landed_at", Maybe(&Time), "When it landed."),
            KEPT,
        ],
    ),
    kind(
        "coauthor.disowned",
        "A person disowned a co-author trailer that names them.",
        &[
            CHANGE,
            REPO,
            PULL,
            field("head", Oid, "The head then."),
            field("commit", Oid, "The commit with the trailer."),
            SAID,
        ],
    ),
    kind(
        "commits.mapped",
        "A source told whom the commits of a pull request are by, and it is news.",
        &[
            REPO,
            SOURCE,
            field("key", Text, "The pull request, as the repository and its number."),
            field("commits", Whole, "How many."),
            KEPT,
        ],
    ),
    kind(
        "decision",
        "The gate answered a question, with another result than before.",
        &[
            field("decision", Id("dec"), "The decision."),
            REPO,
            field("repo_name", Text, "The repository's name then."),
            field("sha", Oid, "The commit."),
            field("tree", Maybe(&Oid), "Its tree."),
            field("purpose", Word(&["merge", "deploy"]), "What it was asked for."),
            field("environment", Maybe(&Text), "Where to."),
            field("service", Maybe(&Text), "What."),
            field("pull", Maybe(&Whole), "The pull request that was named."),
            field("state", STATES, "What it came to."),
            field("pass", Flag, "What the pipeline was told."),
            field("enforced", Flag, "False: it passes because of the rollout alone."),
            field(
                "rollout",
                Maybe(&Text),
                "The repository's mode, where it does not enforce: observe, warn.",
            ),
            field("class", Maybe(&CLASSES), "The class."),
            field("changes", List(&Id("chg")), "The changes that it covers."),
            field("as_of", Maybe(&Time), "As of when, where anything was judged."),
            field("facts", Sha256, "What it was decided by."),
            field(
                "policy",
                Object(&[
                    field("organisation", Text, "Digest of the organisation file."),
                    field("repository", Maybe(&Text), "Digest of the repository's file."),
                    field("base", Text, "Where that was read."),
                ]),
                "The policy in force.",
            ),
            KEPT,
        ],
    ),
    kind(
        "delivery",
        "A signed delivery was received and kept.",
        &[
            DELIVERY,
            SOURCE,
            field("key", Text, "The sender's id of it."),
            field("event", Text, "The event by the sender's name."),
            field("action", Maybe(&Text), "The action within the event."),
            field("body", Sha256, "Of a salt, and of the digest of the body as it was received."),
            field("size", Whole, "Its bytes."),
            field("received_at", Time, "When."),
            field("state", DELIVERY_STATES, "What became of it at once."),
            field("facts", List(&Text), "What it tells of: source, kind and ids."),
        ],
    ),
    kind(
        "delivery.applied",
        "A delivery that was set aside was applied.",
        &[DELIVERY, field("state", DELIVERY_STATES, "How it stands now.")],
    ),
    kind(
        "delivery.conflict",
        "A delivery came under a known id with other bytes.",
        &[
            DELIVERY,
            SOURCE,
            field("key", Text, "The sender's id."),
            field("body", Sha256, "Of a salt, and of the digest of the bytes that came second."),
            field("size", Whole, "Their number."),
        ],
    ),
    kind(
        "delivery.parked",
        "A delivery waits for a person: it cannot be applied.",
        &[DELIVERY, field("said", Sha256, "Of why not.")],
    ),
    kind(
        "delivery.set_aside",
        "A delivery could not be applied and will be tried again.",
        &[DELIVERY, field("said", Sha256, "Of why not.")],
    ),
    kind(
        "deploy.attributed",
        "A deploy was attributed: which commits and changes it brought.",
        DEPLOY,
    ),
    kind("deploy.revised", "A deploy is told otherwise than before.", DEPLOY),
    kind(
        "erasure.performed",
        "Everything that named a person was erased from what is kept beside the ledger.",
        &[
            ERASURE,
            field("pseudonym", Text, "What stands in place of the names."),
            field("documents", Whole, "How many documents name the person no more."),
            field("deliveries", Whole, "How many bodies of deliveries name the person no more."),
            field(
                "kept",
                Sha256,
                "Of the list of them: what an entry says of each, and its digest now.",
            ),
            SAID,
        ],
    ),
    kind(
        "erasure.requested",
        "An administrator asked for the erasure of a person's data; another one has to agree.",
        &[ERASURE, field("pseudonym", Text, "What will stand in place of the names."), SAID],
    ),
    kind("erasure.withdrawn", "An erasure that was asked for will not be done.", &[ERASURE, SAID]),
    kind(
        "exception.opened",
        "An exception was opened.",
        &[
            field("exception", Id("exc"), "The exception."),
            field("rule", Text, "Its rule: X1, X2, …"),
            field("rule_version", Whole, "The version of the rule."),
            field("subject", Text, "What it is about, as KIND:ID."),
        ],
    ),
    kind(
        "group.listed",
        "The commits of a merge queue's group were read from git.",
        &[
            REPO,
            field("head", Oid, "The group's head."),
            field("commits", Whole, "How many it brings."),
            KEPT,
        ],
    ),
    kind(
        "ledger.key_rotated",
        "The ledger has another key. Checkpoints that cover this entry are signed by the new one, and by no other.",
        &[
            field("old", Key, "The key until then."),
            field("new", Key, "The key from then on."),
            field(
                "note",
                Text,
                "A signed note of both keys over this entry's index and both keys.",
            ),
            SAID,
        ],
    ),
    kind("link.asserted", "A link between a pull request and a ticket stands.", LINK),
    kind("link.retracted", "A link between a pull request and a ticket stands no more.", LINK),
    kind("link.said", "A person linked a pull request to a ticket.", WORD),
    kind(
        "policy.organisation",
        "An organisation file came into force.",
        &[field("digest", Text, "Its digest, under which its bytes are kept.")],
    ),
    kind(
        "project.known",
        "Keys of a tracker's project count from now on.",
        &[field("project", Text, "The project.")],
    ),
    kind(
        "repository.bound",
        "A configured repository was met for the first time, under the id that its source gives it.",
        &[
            field("repository", Id("rep"), "The repository."),
            SOURCE,
            field("external_id", Text, "The immutable id at the source."),
            field("name", Text, "Its name then."),
        ],
    ),
    kind(
        "repository.configured",
        "The configuration names a repository.",
        &[
            field("repository", Id("rep"), "The repository."),
            SOURCE,
            field("name", Text, "Its name there."),
            field("external_id", Maybe(&Text), "The immutable id at the source, if it is given."),
            field("default_branch", Maybe(&Text), "The branch that changes go to."),
        ],
    ),
    kind(
        "session.began",
        "A person signed in.",
        &[
            field("role", Text, "With which role."),
            field("by", Text, "How."),
            field("said", Sha256, "Of who it was."),
        ],
    ),
    kind(
        "team.roster",
        "Who is in a team was read, and it is news.",
        &[
            SOURCE,
            field("team", Text, "The team's id at the source."),
            field("name", Text, "Its name then."),
            field("asked_at", Time, "When it was asked for."),
            field("members", Whole, "How many are in it."),
            KEPT,
            field("joined", Whole, "How many of them were not in it before."),
            field("left", Whole, "How many are in it no more."),
        ],
    ),
    kind(
        "token.created",
        "A token was made.",
        &[
            TOKEN,
            field("role", Text, "Its role."),
            field("repo", Maybe(&Id("rep")), "The repository that it is bound to."),
            field("said", Sha256, "Of its name, and who made it."),
        ],
    ),
    kind("token.revoked", "A token was revoked.", &[TOKEN, SAID]),
    kind("unlink.said", "A person took a link back.", WORD),
    kind(
        "veto.overridden",
        "An administrator set a veto aside.",
        &[
            CHANGE,
            REPO,
            PULL,
            field("head", Oid, "The head then."),
            field("veto", Text, "The veto's id at the source."),
            field("said", Sha256, "Of who did it, why in their words, and whose veto it is."),
        ],
    ),
];
