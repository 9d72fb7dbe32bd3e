//! Every key of the configuration, as data.

use std::net::SocketAddr;

use crate::policy::diagnostic::code;
use crate::policy::file::leaf::{DURATION, GLOB};
use crate::policy::file::node::{Node, Path, Problem, Report};
use crate::policy::file::shape::{Leaf, Record, Shape, key, required};

/// Kinds of sources, as the file writes them.
pub(super) const KINDS: [&str; 12] = [
    "github",
    "bitbucket-cloud",
    "bitbucket-datacenter",
    "gitlab",
    "gitea",
    "jira",
    "pagerduty",
    "opsgenie",
    "sonarqube",
    "slack",
    "confluence",
    "cloudevents",
];

const DURATION_SHAPE: Shape = Shape::Leaf(&DURATION);
const SECRET_SHAPE: Shape = Shape::TextOr(&SECRET);

static LISTEN: Leaf = Leaf { noun: "an address with a port", check: listen, pattern: "" };
static HTTP_URL: Leaf = Leaf { noun: "an http address", check: http_url, pattern: "" };
static DATABASE_URL: Leaf = Leaf { noun: "a database's address", check: database_url, pattern: "" };
static CLONE_URL: Leaf = Leaf { noun: "a clone address", check: clone_url, pattern: "" };
static SOURCE_ID: Leaf = Leaf { noun: "an id", check: source_id, pattern: "" };
static PROJECT: Leaf = Leaf { noun: "a project key", check: project, pattern: "" };
static VERIFIER_KEY: Leaf = Leaf { noun: "a verifier key", check: verifier_key, pattern: "" };
static ORIGIN: Leaf = Leaf { noun: "an origin", check: origin, pattern: "" };

/// The whole file.
pub(super) static CONFIG: Record = Record::new(
    "The configuration of the service.",
    &[
        key("server", Shape::Record(&SERVER), "Where it listens."),
        key("database", Shape::Record(&DATABASE), "Where the data lie."),
        key("ledger", Shape::Record(&LEDGER), "The ledger's name and key."),
        key("witness", Shape::Record(&WITNESS_SERVER), "What `countersign witness` serves."),
        key("git", Shape::Record(&GIT), "How repositories are fetched."),
        key("policy", Shape::Record(&POLICY), "The layer that repositories cannot weaken."),
        key("limits", Shape::Record(&LIMITS), "Limits of what is taken in."),
        key("source", Shape::List(&Shape::Record(&SOURCE)), "Outside systems."),
        key("repository", Shape::List(&Shape::Record(&REPOSITORY)), "Repositories."),
    ],
)
.rule(super::build::names);

/// Sections whose keys a variable may set.
pub(super) static SECTIONS: [(&str, &Record); 7] = [
    ("server", &SERVER),
    ("database", &DATABASE),
    ("ledger", &LEDGER),
    ("witness", &WITNESS_SERVER),
    ("git", &GIT),
    ("policy", &POLICY),
    ("limits", &LIMITS),
];

static SERVER: Record = Record::new(
    "Where it listens.",
    &[
        key("listen", Shape::Leaf(&LISTEN), "Address and port."),
        key("public_url", Shape::Leaf(&HTTP_URL), "How browsers and forges reach it."),
    ],
);

static DATABASE: Record = Record::new(
    "Where the data lie.",
    &[key("url", Shape::Leaf(&DATABASE_URL), "`sqlite:FILE` or `postgres://USER@HOST/NAME`.")],
);

static LEDGER: Record = Record::new(
    "The ledger's name and key.",
    &[
        key("origin", Shape::Leaf(&ORIGIN), "The name in checkpoints."),
        key("signing_key_file", Shape::Text, "The signing key, made at the first start."),
        key("checkpoint_interval", DURATION_SHAPE, "How often a checkpoint is published."),
        key("verify_interval", DURATION_SHAPE, "How often the whole ledger is verified."),
        key("witness", Shape::List(&Shape::Record(&WITNESS)), "Witnesses that are asked."),
        key("quorum", Shape::Count(0, 64), "How many of them have to cosign."),
    ],
);

static WITNESS: Record = Record::new(
    "A witness that is asked to cosign.",
    &[
        required("name", Shape::Leaf(&SOURCE_ID), "Its name on pages and in messages."),
        required("url", Shape::Leaf(&HTTP_URL), "What `/add-checkpoint` is put behind."),
        required("key", Shape::Leaf(&VERIFIER_KEY), "Its verifier key."),
    ],
);

static WITNESS_SERVER: Record = Record::new(
    "What `countersign witness` serves.",
    &[
        key("name", Shape::Leaf(&ORIGIN), "The name in its cosignatures."),
        key("listen", Shape::Leaf(&LISTEN), "Address and port."),
        key("key_file", Shape::Text, "Its key, made at the first start."),
        key("state_dir", Shape::Text, "The folder where it keeps what it cosigned."),
        key("logs", Shape::List(&Shape::Leaf(&VERIFIER_KEY)), "Verifier keys of the logs."),
    ],
);

static GIT: Record = Record::new(
    "How repositories are fetched.",
    &[
        key("mirror_dir", Shape::Text, "The folder of the bare mirrors."),
        key("git_binary", Shape::Text, "The git program."),
        key("allow_file_urls", Shape::Flag, "Whether `file://` may be cloned."),
        key("max_fetch_bytes", Shape::Count(1, i64::MAX), "Bytes of one fetch, at most."),
        key("timeout", DURATION_SHAPE, "How long one fetch may take."),
        key("ca_file", Shape::Text, "Authorities of https servers, PEM."),
    ],
);

static POLICY: Record = Record::new(
    "The layer that repositories cannot weaken.",
    &[key("organisation", Shape::Text, "The organisation file.")],
);

static LIMITS: Record = Record::new(
    "Limits of what is taken in.",
    &[key("body_bytes", Shape::Count(1024, 1 << 30), "Bytes of one webhook delivery.")],
);

static SOURCE: Record = Record::new(
    "An outside system.",
    &[
        required("id", Shape::Leaf(&SOURCE_ID), "Its id, in its webhook URL `/hooks/ID`."),
        required("kind", Shape::Word(&KINDS), "What it is."),
        key("secret", SECRET_SHAPE, "The secret of its deliveries."),
        key("api_url", Shape::Leaf(&HTTP_URL), "The base of its REST API."),
        key("token", SECRET_SHAPE, "A token to sign in with."),
        key("app_id", Shape::Count(1, i64::MAX), "The id of an app to sign in as."),
        key("private_key", SECRET_SHAPE, "The private key of that app."),
        key("projects", Shape::List(&Shape::Leaf(&PROJECT)), "Project keys that are known."),
    ],
)
.rule(source);

static SECRET: Record = Record::new(
    "Where a secret comes from.",
    &[key("env", Shape::Text, "An environment variable."), key("file", Shape::Text, "A file.")],
)
.rule(secret);

static REPOSITORY: Record = Record::new(
    "A repository whose changes are kept.",
    &[
        required("source", Shape::Text, "The id of its source."),
        required("name", Shape::Text, "Its full name there, such as `acme/payments`."),
        required("clone_url", Shape::Leaf(&CLONE_URL), "Where it is cloned from."),
        key("id", Shape::Text, "Its immutable id there, in quotes."),
        key("default_branch", Shape::Text, "Its default branch."),
        key("protected_branches", Shape::List(&Shape::Leaf(&GLOB)), "Branches that are protected."),
        key("projects", Shape::List(&Shape::Leaf(&PROJECT)), "Project keys of its tickets."),
    ],
);

fn bad(message: String, help: &str) -> Problem {
    Problem::new(code::BAD_TEXT, message).help(help)
}

fn listen(text: &str) -> Result<(), Problem> {
    let help = "an IP address with a port: `127.0.0.1:8480`, `[::]:8480`";
    text.parse::<SocketAddr>()
        .map(drop)
        .map_err(|_| bad(format!("`{text}` is no address with a port"), help))
}

/// No user and password in it: addresses are logged and shown.
fn http_url(text: &str) -> Result<(), Problem> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split('/').next()).unwrap_or_default();
    if host.is_empty() || text.contains(|c: char| c.is_whitespace() || matches!(c, '?' | '#')) {
        let help = "such as `https://countersign.example.com`";
        return Err(bad(format!("`{text}` is no http address"), help));
    }
    if host.contains('@') {
        let message = "an address with a user or password in it".to_owned();
        return Err(bad(message, "leave them out; a token has a key of its own"));
    }
    Ok(())
}

/// The text is not repeated, because it may hold a password.
fn database_url(text: &str) -> Result<(), Problem> {
    let known = ["sqlite:", "postgres://", "postgresql://"];
    if known.iter().any(|scheme| text.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty())) {
        return Ok(());
    }
    let message = "this is no address of a database that is known here".to_owned();
    Err(bad(message, "`sqlite:countersign.db` or `postgres://user@host/name`"))
}

fn clone_url(text: &str) -> Result<(), Problem> {
    if text.strip_prefix("file:///").is_some_and(|path| !path.is_empty()) {
        return Ok(());
    }
    if text.starts_with("https://") {
        return http_url(text);
    }
    let help = "`https://HOST/PATH.git`, or `file:///PATH` for a repository on this machine";
    Err(bad(format!("`{text}` is no address that is cloned from"), help))
}

fn source_id(text: &str) -> Result<(), Problem> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !text.is_empty() && text.len() <= 64 && text.chars().all(fits) {
        return Ok(());
    }
    let help = "it stands in a URL: small letters, digits and `-`, 64 at most";
    Err(bad(format!("`{text}` is no id of a source"), help))
}

fn project(text: &str) -> Result<(), Problem> {
    let fits = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    if text.starts_with(|c: char| c.is_ascii_uppercase()) && text.chars().all(fits) {
        return Ok(());
    }
    let help = "the part before the `-` of a ticket key, in capitals: `PAY`";
    Err(bad(format!("`{text}` is no project key"), help))
}

/// A checkpoint's first line (C2SP tlog-checkpoint): no space and no `+`.
fn origin(text: &str) -> Result<(), Problem> {
    if !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c == '+') {
        return Ok(());
    }
    let help = "a name without spaces and `+`, such as `example.com/countersign`";
    Err(bad(format!("`{text}` is no origin"), help))
}

/// The form of a verifier key (C2SP signed-note); whether it is one is told where it is used.
fn verifier_key(text: &str) -> Result<(), Problem> {
    let mut parts = text.splitn(3, '+');
    let (name, id, key) = (parts.next(), parts.next(), parts.next());
    let hex = |id: &str| id.len() == 8 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if name.is_some_and(|name| !name.is_empty()) && id.is_some_and(hex) && key.is_some() {
        return Ok(());
    }
    let help =
        "NAME+ID+BASE64, such as `witness.example/w1+20324abe+BCms…`, as its owner published it";
    Err(bad(format!("`{text}` is no verifier key"), help))
}

fn secret(node: &Node, path: &Path, report: &mut Report) {
    if node.get("env").is_some() == node.get("file").is_some() {
        let problem = Problem::new(code::CONTRADICTION, "a secret comes from exactly one place")
            .help("`{ env = \"NAME\" }` or `{ file = \"PATH\" }`");
        report.add(node.at, path, problem);
    }
}

fn source(node: &Node, path: &Path, report: &mut Report) {
    if node.get("secret").is_none() {
        let id = node.get("id").map(|id| id.text.as_str()).unwrap_or_default();
        let message = format!("the source `{id}` has no `secret`");
        let help =
            "without one anybody could send deliveries in its name; `secret = { env = \"NAME\" }`";
        report.add(node.at, path, Problem::new(code::MISSING_KEY, message).help(help));
    }
    let has = |key: &str| node.get(key).is_some();
    if has("app_id") != has("private_key") {
        let problem = Problem::new(code::MISSING_KEY, "`app_id` and `private_key` need each other");
        report.add(node.at, path, problem.help("give both, or a `token`"));
    }
    if has("token") && has("app_id") {
        let problem = Problem::new(code::CONTRADICTION, "`token` and `app_id` in one source");
        report.add(node.at, path, problem.help("keep the one by which it signs in"));
    }
}
