//! The configuration says what it means, or what is wrong with it.
use super::*;
use crate::policy::file::shape::Record;

const SOURCE: &str =
    "[[source]]\nid = \"github\"\nkind = \"github\"\nsecret = { env = \"HOOK\" }\n";

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse("countersign.toml", text, Path::new("/etc/cs"), [])
}

fn with(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let pairs = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::parse("countersign.toml", "", Path::new(""), pairs)
}

fn refusal<T: fmt::Debug>(read: Result<T, ConfigError>) -> Vec<String> {
    match read.expect_err("refused") {
        ConfigError::Invalid { diagnostics, .. } => {
            diagnostics.iter().map(ToString::to_string).collect()
        }
        other @ ConfigError::Unreadable { .. } => vec![other.to_string()],
    }
}

#[test]
fn without_a_file_every_key_has_its_default() {
    let config = Config::load(None, []).expect("defaults");
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8480");
    assert_eq!(config.server.public_url, "http://127.0.0.1:8480");
    assert_eq!(config.database_url.0, "sqlite:countersign.db");
    assert_eq!(config.ledger.checkpoint_interval, Duration::from_secs(10));
    assert_eq!(config.git.git_binary, Path::new("git"));
    assert!(config.git.allow_file_urls);
    assert_eq!(config.limits.body_bytes, 25 * 1024 * 1024);
    assert_eq!(config.organisation, None);
    assert!(config.sources.is_empty() && config.repositories.is_empty());
}

/// `source[0].id` as `source.id`.
fn without_indices(path: &str) -> String {
    path.split('[').map(|part| part.split_once(']').map_or(part, |(_, rest)| rest)).collect()
}

/// Known keys that a file does not state. Where a secret comes from is one choice of two.
fn missing(record: &Record, below: &str, stated: &[String]) -> Vec<String> {
    let mut names = Vec::new();
    for key in record.keys() {
        let name = format!("{below}.{}", key.name);
        if !stated.contains(&name) && !["env", "file"].contains(&key.name) {
            names.push(name.clone());
        }
        names.extend(key.shape.record().map(|one| missing(one, &name, stated)).unwrap_or_default());
    }
    names
}

#[test]
fn the_example_is_read_holds_the_defaults_and_shows_every_key() {
    let text = include_str!("../../config.example.toml");
    let config =
        Config::parse("config.example.toml", text, Path::new(""), []).expect("the example");
    let defaults = Config::load(None, []).expect("defaults");
    assert_eq!(config.server, defaults.server);
    assert_eq!(config.database_url, defaults.database_url);
    assert_eq!(config.ledger.witnesses[0].name, "auditor");
    assert_eq!(Ledger { witnesses: Vec::new(), quorum: 0, ..config.ledger }, defaults.ledger);
    assert_eq!(config.witness.logs.len(), 1);
    let witness = WitnessServer { name: None, logs: Vec::new(), ..config.witness };
    assert_eq!(witness, defaults.witness);
    assert_eq!(config.git.ca_file.as_deref(), Some(Path::new("authorities.pem")));
    assert_eq!(Git { ca_file: None, ..config.git }, defaults.git);
    assert_eq!(config.limits, defaults.limits);
    assert_eq!(config.repositories[0].protected_branches, ["main", "release/*"]);
    assert!(matches!(config.sources[1].credentials, Credentials::App { app_id: 12345, .. }));

    let mut report = crate::policy::file::node::Report::new("x");
    let tree = toml_tree::read(text, &mut report);
    let stated: Vec<String> =
        tree.places().keys().map(|path| format!(".{}", without_indices(path))).collect();
    assert_eq!(missing(&tables::CONFIG, "", &stated), Vec::<String>::new());
}

#[test]
fn the_file_of_the_contract_is_read() {
    let text = "\
[[source]]
id = \"github\"
kind = \"github\"
secret = { env = \"GITHUB_WEBHOOK_SECRET\" }
api_url = \"https://api.github.com\"
token = { env = \"GITHUB_TOKEN\" }

[[repository]]
source = \"github\"
name = \"acme/payments\"
clone_url = \"https://github.com/acme/payments.git\"
protected_branches = [\"main\", \"release/*\"]
";
    let config = parse(text).expect("the example");
    assert_eq!(config.sources[0].kind, SourceKind::Github);
    assert_eq!(config.repositories[0].default_branch, "main");
}

#[test]
fn an_unknown_key_names_line_column_and_the_nearest_known_one() {
    let error = parse("[server]\nlisen = \"127.0.0.1:1\"\n").expect_err("refused");
    assert_eq!(
        error.to_string(),
        "\
error[CS0110]: unknown key `lisen`
 --> countersign.toml:2:1
  |
2 | lisen = \"127.0.0.1:1\"
  | ^^^^^ server.lisen
  |
  = help: did you mean `listen`?"
    );
}

#[test]
fn every_mistake_is_named_in_one_go() {
    let text = "\
[server]
listen = \"localhost\"
[ledger]
checkpoint_interval = \"1y\"
[limits]
body_bytes = \"many\"
[[source]]
id = \"Git Hub\"
kind = \"githib\"
[[repository]]
source = \"gitlab\"
name = \"a/b\"
clone_url = \"ssh://x/y\"
";
    assert_eq!(
        refusal(parse(text)),
        [
            "countersign.toml:2:10: `localhost` is no address with a port (CS0125); an IP address with a port: `127.0.0.1:8480`, `[::]:8480`",
            "countersign.toml:4:23: `1y` is no duration (CS0119); whole numbers of s, m, h, d and w: `90m`, `4h`, `14d`, `1d 12h`",
            "countersign.toml:6:14: expected a whole number, found text (CS0113); write it without quotes",
            "countersign.toml:7:1: the source `Git Hub` has no `secret` (CS0112); without one anybody could send deliveries in its name; `secret = { env = \"NAME\" }`",
            "countersign.toml:8:6: `Git Hub` is no id of a source (CS0125); it stands in a URL: small letters, digits and `-`, 64 at most",
            "countersign.toml:9:8: `githib` is not one of the words known here (CS0115); did you mean `github`?",
            "countersign.toml:11:10: no source has the id `gitlab` (CS0123); known here: `Git Hub`",
            "countersign.toml:13:13: `ssh://x/y` is no address that is cloned from (CS0125); `https://HOST/PATH.git`, or `file:///PATH` for a repository on this machine",
        ]
    );
}

#[test]
fn the_same_source_or_repository_twice_is_an_error() {
    let repository =
        "[[repository]]\nsource = \"github\"\nname = \"a/B\"\nclone_url = \"file:///x\"\n";
    let text = format!("{SOURCE}{SOURCE}{repository}{}", repository.replace('B', "b"));
    assert_eq!(
        refusal(parse(&text)),
        [
            "countersign.toml:6:6: the source `github` stands here twice (CS0122); the first is on line 2; keep one",
            "countersign.toml:15:8: the repository `a/b` stands here twice (CS0122); the first is on line 11; keep one",
        ]
    );
    let forbidden = format!("[git]\nallow_file_urls = false\n{SOURCE}{repository}");
    assert!(refusal(parse(&forbidden))[0].contains("`git.allow_file_urls` is false"));
}

#[test]
fn variables_lie_over_the_file_and_a_misspelt_one_is_an_error() {
    let config = with(&[
        ("COUNTERSIGN__SERVER__LISTEN", "0.0.0.0:80"),
        ("COUNTERSIGN__LIMITS__BODY_BYTES", "2048"),
        ("COUNTERSIGN__GIT__ALLOW_FILE_URLS", "false"),
        ("COUNTERSIGN_SERVER", "http://elsewhere"),
        ("HOME", "/root"),
    ])
    .expect("read");
    assert_eq!(config.server.listen.to_string(), "0.0.0.0:80");
    assert_eq!(config.limits.body_bytes, 2048);
    assert!(!config.git.allow_file_urls);
    assert_eq!(
        refusal(with(&[
            ("COUNTERSIGN__SERVER__LISEN", "x"),
            ("COUNTERSIGN__LIMITS__BODY_BYTES", "x")
        ])),
        [
            "COUNTERSIGN__LIMITS__BODY_BYTES: expected a whole number, found text (CS0113)",
            "COUNTERSIGN__SERVER__LISEN: `COUNTERSIGN__SERVER__LISEN` names no key of the configuration (CS0110); did you mean `COUNTERSIGN__SERVER__LISTEN`?",
        ]
    );
    assert!(refusal(with(&[("COUNTERSIGN__SOURCE__SECRET", "x")]))[0].contains("is a list"));
}

#[test]
fn relative_paths_lie_in_the_folder_of_the_file() {
    let config = parse("[policy]\norganisation = \"organisation.yml\"\n").expect("read");
    assert_eq!(config.organisation.as_deref(), Some(Path::new("/etc/cs/organisation.yml")));
    assert_eq!(config.git.mirror_dir, Path::new("/etc/cs/mirrors"));
    assert_eq!(config.git.git_binary, Path::new("git"));
    assert_eq!(config.database_url.0, "sqlite:/etc/cs/countersign.db");
    let absolute = parse("[database]\nurl = \"sqlite:///var/cs.db\"\n").expect("read");
    assert_eq!(absolute.database_url.0, "sqlite:///var/cs.db");
}

#[test]
fn secrets_are_read_when_needed_and_shown_nowhere() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("key"), "from-file\n").expect("written");
    let text = format!(
        "{SOURCE}token = \"literal-token\"\n[[source]]\nid = \"b\"\nkind = \"jira\"\nsecret = {{ file = \"key\" }}\n"
    );
    let variables = [("HOOK".to_owned(), "from-env".to_owned())];
    let config = Config::parse("c.toml", &text, folder.path(), variables).expect("read");
    let value = |source: &SecretSource| source.resolve().map(|secret| secret.expose().to_owned());
    assert_eq!(value(&config.sources[0].secret), Ok("from-env".to_owned()));
    assert_eq!(value(&config.sources[1].secret), Ok("from-file".to_owned()));
    let shown = format!("{config:?}");
    assert!(!shown.contains("from-env") && !shown.contains("literal-token"), "{shown}");

    let unset = parse(SOURCE).expect("read");
    let error = unset.sources[0].secret.resolve().expect_err("unset");
    assert_eq!(
        error.to_string(),
        "the environment variable HOOK is not set; a secret is to come from it"
    );
}

#[test]
fn an_error_prints_no_secret() {
    let wrong = format!(
        "{SOURCE}token = \"hunter2\"\nprivate_kye = \"hunter2\"\napp_id = 1\n[database]\nurl = \"mysql://u:hunter2@h\"\n"
    );
    let error =
        parse(&wrong.replace("private_kye = \"hunter2\"\n", "")).expect_err("refused").to_string();
    assert!(!error.contains("hunter2"), "{error}");
    for broken in [
        "token = \"hunter2\n",
        "private_key = \"\"\"\nhunter2==\n\n",
        "token = hunter2\n",
        "secret = \"a\" hunter2\n",
    ] {
        let error =
            parse(&format!("[[source]]\nid = \"a\"\n{broken}")).expect_err("refused").to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let error =
        Config::load(Some(Path::new("/nowhere/countersign.toml")), []).expect_err("refused");
    assert!(
        error
            .to_string()
            .starts_with("the configuration /nowhere/countersign.toml cannot be read: ")
    );
}

#[test]
fn a_quorum_needs_as_many_witnesses_and_each_its_own_name_and_key() {
    let witness = "[[ledger.witness]]\nname = \"w\"\nurl = \"https://w.example/\"\n\
        key = \"w.example+20324abe+BCms\"\n";
    let config = parse(&format!("[ledger]\norigin = \"a\"\n{witness}")).expect("one");
    assert_eq!(
        (config.ledger.quorum, config.ledger.witnesses[0].url.as_str()),
        (1, "https://w.example")
    );
    assert_eq!(parse(witness).expect("no origin").ledger.quorum, 1);
    let config = parse(&format!("[ledger]\nquorum = 0\n{witness}")).expect("none has to");
    assert_eq!(config.ledger.quorum, 0);
    let told = refusal(parse(&format!("[ledger]\nquorum = 2\n{witness}")));
    assert!(told[0].contains("`quorum` asks for 2, and 1 are listed"), "{told:?}");
    let told = refusal(parse(&format!("{witness}{witness}")));
    assert!(told[0].contains("name `w`") && told[1].contains("key `w.example"), "{told:?}");
    let told = refusal(parse("[witness]\nlogs = [\"acme\"]\n"));
    assert!(told[0].contains("is no verifier key"), "{told:?}");
}
