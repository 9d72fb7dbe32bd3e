//! From a checked tree to `Config`, defaults included.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path as FsPath, PathBuf};
use std::time::Duration;

use super::tables::CONFIG;
use super::{
    Config, ConfigError, Credentials, DatabaseUrl, Git, Ledger, Limits, Repository, Secret,
    SecretSource, Server, Source, SourceKind, Witness, WitnessServer, environment, toml_tree,
};
use crate::policy::diagnostic::{code, suggestion};
use crate::policy::file::leaf;
use crate::policy::file::node::{Node, Path, Problem, Report, Value};
use crate::policy::file::shape::Shape;

/// 2 GiB: the largest repositories that reviews happen in.
const MAX_FETCH_BYTES: u64 = 2 << 30;
/// 25 MiB: what GitHub sends at most.
const BODY_BYTES: u64 = 25 << 20;

/// Reads, checks, builds.
pub(super) fn config(
    name: &str,
    text: &str,
    folder: &FsPath,
    environment: &BTreeMap<String, String>,
) -> Result<Config, ConfigError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut report = Report::new(name);
    let mut tree = toml_tree::read(text, &mut report);
    Shape::Record(&CONFIG).check(&tree, &Path::root(), &mut report);
    let overridden = environment::lay_over(&mut tree, environment);
    if report.has_errors() || !overridden.is_empty() {
        let diagnostics = [report.finish(), overridden].concat();
        let broken = diagnostics.iter().any(|one| one.code == code::SYNTAX);
        return Err(ConfigError::Invalid { diagnostics, text: blanked(&tree, text, broken) });
    }
    let build = Build { tree: &tree, folder, environment };
    build.config().ok_or_else(|| {
        // The tree has passed its table; this is the answer if the table and this file ever disagree.
        let path = PathBuf::from(name);
        ConfigError::Unreadable { path, why: "a value could not be read".to_owned() }
    })
}

/// The text for excerpts, its literal secrets replaced: an error must not print them. Where the grammar is broken
/// nobody knows where a secret ends, so only lines of keys that hold none are kept.
fn blanked(tree: &Node, text: &str, broken: bool) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut blank = |span: std::ops::Range<usize>| {
        for byte in bytes.get_mut(span).into_iter().flatten().filter(|byte| **byte != b'\n') {
            *byte = b'*';
        }
    };
    let mut start = 0;
    for line in text.split_inclusive('\n').filter(|_| broken) {
        if !harmless(line) {
            blank(start..start + line.len());
        }
        start += line.len();
    }
    let sources = tree.get("source").map(Node::items).unwrap_or_default();
    let secrets = sources.iter().flat_map(|source| SECRET_KEYS.map(|key| source.get(key)));
    let database = tree.at_path(&["database", "url"]);
    for node in secrets.flatten().chain(database).filter(|node| matches!(node.value, Value::Text)) {
        blank(node.at.span.start..node.at.span.end);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Keys of a source whose values are secrets.
const SECRET_KEYS: [&str; 3] = ["secret", "token", "private_key"];

fn harmless(line: &str) -> bool {
    let line = line.trim();
    let Some((key, _)) = line.split_once('=') else {
        return line.is_empty() || line.starts_with('[');
    };
    let key = key.trim();
    key != "url" && !SECRET_KEYS.contains(&key) && CONFIG.knows(key)
}

/// Every name stands once and refers to something.
pub(super) fn names(file: &Node, path: &Path, report: &mut Report) {
    let list = |key: &str| file.get(key).map(Node::items).unwrap_or_default();
    let mut ids: BTreeMap<&str, u64> = BTreeMap::new();
    for (index, source) in list("source").iter().enumerate() {
        let Some(id) = source.get("id") else { continue };
        let path = path.key("source").index(index).key("id");
        if let Some(line) = ids.get(id.text.as_str()) {
            report.add(id.at, &path, twice(&format!("the source `{}`", id.text), *line));
        } else {
            ids.insert(&id.text, id.at.line);
        }
    }
    let known: Vec<&str> = ids.keys().copied().collect();
    let mut seen: BTreeMap<(String, String), u64> = BTreeMap::new();
    for (index, repository) in list("repository").iter().enumerate() {
        let path = path.key("repository").index(index);
        let (Some(source), Some(name)) = (repository.get("source"), repository.get("name")) else {
            continue;
        };
        if !known.contains(&source.text.as_str()) {
            let problem =
                Problem::new(code::UNKNOWN_NAME, format!("no source has the id `{}`", source.text))
                    .help(suggestion(&source.text, &known));
            report.add(source.at, &path.key("source"), problem);
        }
        let key = (source.text.clone(), name.text.to_lowercase());
        if let Some(line) = seen.get(&key) {
            report.add(
                name.at,
                &path.key("name"),
                twice(&format!("the repository `{}`", name.text), *line),
            );
        } else {
            seen.insert(key, name.at.line);
        }
    }
    file_urls(file, list("repository"), path, report);
    witnesses(file, path, report);
}

/// Witnesses have names and keys of their own, and there are as many as the quorum asks for.
fn witnesses(file: &Node, path: &Path, report: &mut Report) {
    let listed = file.at_path(&["ledger", "witness"]).map(Node::items).unwrap_or_default();
    for key in ["name", "key"] {
        let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
        for (index, witness) in listed.iter().enumerate() {
            let Some(node) = witness.get(key) else { continue };
            if let Some(line) = seen.insert(&node.text, node.at.line) {
                let path = path.key("ledger").key("witness").index(index).key(key);
                report.add(
                    node.at,
                    &path,
                    twice(&format!("the witness's {key} `{}`", node.text), line),
                );
            }
        }
    }
    let quorum = file.at_path(&["ledger", "quorum"]);
    if let Some(node) = quorum.filter(|node| whole(node) > Some(listed.len() as u64)) {
        let message = format!("`quorum` asks for {}, and {} are listed", node.text, listed.len());
        let problem = Problem::new(code::CONTRADICTION, message)
            .help("list as many `[[ledger.witness]]`, or ask for fewer");
        report.add(node.at, &path.key("ledger").key("quorum"), problem);
    }
}

fn file_urls(file: &Node, repositories: &[Node], path: &Path, report: &mut Report) {
    let allowed = file.at_path(&["git", "allow_file_urls"]);
    if !allowed.is_some_and(|flag| matches!(flag.value, Value::Bool(false))) {
        return;
    }
    for (index, repository) in repositories.iter().enumerate() {
        if let Some(url) = repository.get("clone_url").filter(|url| url.text.starts_with("file:")) {
            let problem =
                Problem::new(code::CONTRADICTION, "`file://` while `git.allow_file_urls` is false");
            report.add(url.at, &path.key("repository").index(index).key("clone_url"), problem);
        }
    }
}

fn twice(what: &str, line: u64) -> Problem {
    Problem::new(code::CONTRADICTION, format!("{what} stands here twice"))
        .help(format!("the first is on line {line}; keep one"))
}

struct Build<'t> {
    tree: &'t Node,
    folder: &'t FsPath,
    environment: &'t BTreeMap<String, String>,
}

impl Build<'_> {
    fn config(&self) -> Option<Config> {
        let body_bytes = self.count("limits", "body_bytes").unwrap_or(BODY_BYTES);
        Some(Config {
            server: self.server()?,
            database_url: DatabaseUrl(self.database()),
            ledger: self.ledger()?,
            witness: self.witness_server()?,
            git: self.git()?,
            organisation: self.text("policy", "organisation").map(|file| self.file(file)),
            limits: Limits { body_bytes },
            sources: self
                .list("source")
                .iter()
                .map(|one| self.source(one))
                .collect::<Option<_>>()?,
            repositories: self.list("repository").iter().map(repository).collect::<Option<_>>()?,
        })
    }

    fn text(&self, section: &str, key: &str) -> Option<&str> {
        self.tree.at_path(&[section, key]).map(|node| node.text.as_str())
    }

    fn count(&self, section: &str, key: &str) -> Option<u64> {
        self.tree.at_path(&[section, key]).and_then(whole)
    }

    fn duration(&self, section: &str, key: &str, default: u64) -> Option<Duration> {
        match self.text(section, key) {
            Some(text) => leaf::duration(text).ok(),
            None => Some(Duration::from_secs(default)),
        }
    }

    fn list(&self, key: &str) -> &[Node] {
        self.tree.get(key).map(Node::items).unwrap_or_default()
    }

    fn file(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    fn server(&self) -> Option<Server> {
        let default = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8480);
        let listen = match self.text("server", "listen") {
            Some(text) => text.parse().ok()?,
            None => default,
        };
        let public_url = self
            .text("server", "public_url")
            .map_or_else(|| format!("http://{listen}"), |url| url.trim_end_matches('/').to_owned());
        Some(Server { listen, public_url })
    }

    /// A relative SQLite file lies in the configuration's folder, as every other file does.
    fn database(&self) -> String {
        let url = self.text("database", "url").unwrap_or("sqlite:countersign.db");
        let Some(rest) = url.strip_prefix("sqlite:") else { return url.to_owned() };
        let file = rest.strip_prefix("//").unwrap_or(rest);
        if file.starts_with(['/', ':']) || self.folder.as_os_str().is_empty() {
            return url.to_owned();
        }
        let folder = self.folder.to_string_lossy();
        let folder = folder.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
        format!("sqlite:{}/{file}", folder.trim_end_matches('/'))
    }

    fn ledger(&self) -> Option<Ledger> {
        let listed = self.tree.at_path(&["ledger", "witness"]).map(Node::items).unwrap_or_default();
        let witnesses = listed.iter().map(witness).collect::<Option<Vec<_>>>()?;
        Some(Ledger {
            origin: self.text("ledger", "origin").unwrap_or("localhost/countersign").to_owned(),
            signing_key_file: self
                .file(self.text("ledger", "signing_key_file").unwrap_or("countersign.key")),
            checkpoint_interval: self.duration("ledger", "checkpoint_interval", 10)?,
            verify_interval: self.duration("ledger", "verify_interval", 24 * 60 * 60)?,
            // Without a word about it, all of them.
            quorum: usize::try_from(
                self.count("ledger", "quorum").unwrap_or(witnesses.len() as u64),
            )
            .ok()?,
            witnesses,
        })
    }

    fn witness_server(&self) -> Option<WitnessServer> {
        let default = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8490);
        let listen = match self.text("witness", "listen") {
            Some(text) => text.parse().ok()?,
            None => default,
        };
        Some(WitnessServer {
            name: self.text("witness", "name").map(str::to_owned),
            listen,
            key_file: self.file(self.text("witness", "key_file").unwrap_or("witness.key")),
            state_dir: self.file(self.text("witness", "state_dir").unwrap_or("witness")),
            logs: self.tree.get("witness").map(|node| texts(node, "logs")).unwrap_or_default(),
        })
    }

    fn git(&self) -> Option<Git> {
        let binary = self.text("git", "git_binary").unwrap_or("git");
        let named = !binary.contains('/');
        Some(Git {
            mirror_dir: self.file(self.text("git", "mirror_dir").unwrap_or("mirrors")),
            git_binary: if named { PathBuf::from(binary) } else { self.file(binary) },
            allow_file_urls: self
                .tree
                .at_path(&["git", "allow_file_urls"])
                .is_none_or(|flag| matches!(flag.value, Value::Bool(true))),
            max_fetch_bytes: self.count("git", "max_fetch_bytes").unwrap_or(MAX_FETCH_BYTES),
            timeout: self.duration("git", "timeout", 600)?,
            ca_file: self.text("git", "ca_file").map(|file| self.file(file)),
        })
    }

    fn source(&self, node: &Node) -> Option<Source> {
        let kind: SourceKind = leaf_word(node.get("kind")?)?;
        let token = node.get("token").map(|token| self.secret(token));
        let app = node.get("app_id").and_then(whole).zip(node.get("private_key"));
        let credentials = match (token, app) {
            (Some(token), _) => Credentials::Token(token),
            (None, Some((app_id, key))) => {
                Credentials::App { app_id, private_key: self.secret(key) }
            }
            (None, None) => Credentials::None,
        };
        let api_url = node.get("api_url").map(|url| url.text.as_str()).or_else(|| api_url(kind));
        Some(Source {
            id: node.get("id")?.text.clone(),
            kind,
            secret: self.secret(node.get("secret")?),
            api_url: api_url.map(|url| url.trim_end_matches('/').to_owned()),
            credentials,
            projects: texts(node, "projects"),
        })
    }

    fn secret(&self, node: &Node) -> SecretSource {
        if let Some(name) = node.get("env") {
            let value = self.environment.get(&name.text).map(Secret::new);
            return SecretSource::Env { name: name.text.clone(), value };
        }
        match node.get("file") {
            Some(file) => SecretSource::File(self.file(&file.text)),
            None => SecretSource::Literal(Secret::new(&node.text)),
        }
    }
}

fn witness(node: &Node) -> Option<Witness> {
    let text = |key: &str| node.get(key).map(|node| node.text.clone());
    let url = text("url")?.trim_end_matches('/').to_owned();
    Some(Witness { name: text("name")?, url, key: text("key")? })
}

fn repository(node: &Node) -> Option<Repository> {
    let text = |key: &str| node.get(key).map(|node| node.text.clone());
    let default_branch = text("default_branch").unwrap_or_else(|| "main".to_owned());
    let protected = texts(node, "protected_branches");
    Some(Repository {
        source: text("source")?,
        name: text("name")?,
        id: text("id"),
        clone_url: text("clone_url")?,
        protected_branches: if protected.is_empty() {
            vec![default_branch.clone()]
        } else {
            protected
        },
        default_branch,
        projects: texts(node, "projects"),
    })
}

/// Where the hosted service of a kind has its API; an on-premises one has none until it is said.
fn api_url(kind: SourceKind) -> Option<&'static str> {
    match kind {
        SourceKind::Github => Some("https://api.github.com"),
        SourceKind::BitbucketCloud => Some("https://api.bitbucket.org/2.0"),
        SourceKind::Gitlab => Some("https://gitlab.com/api/v4"),
        SourceKind::Pagerduty => Some("https://api.pagerduty.com"),
        SourceKind::Opsgenie => Some("https://api.opsgenie.com"),
        SourceKind::Slack => Some("https://slack.com/api"),
        _ => None,
    }
}

fn leaf_word<T: serde::de::DeserializeOwned>(node: &Node) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(node.text.clone())).ok()
}

fn whole(node: &Node) -> Option<u64> {
    match node.value {
        Value::Int(number) => u64::try_from(number).ok(),
        _ => None,
    }
}

fn texts(node: &Node, key: &str) -> Vec<String> {
    let items = node.get(key).map(Node::items).unwrap_or_default();
    items.iter().map(|item| item.text.clone()).collect()
}
