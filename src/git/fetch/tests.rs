use super::*;

fn spec(url: &str) -> FetchSpec {
    FetchSpec {
        host: Some("git.example.org".into()),
        token: Some("s3cret".into()),
        ..FetchSpec::new(url)
    }
}

#[test]
fn only_https_to_the_configured_host_and_local_files_are_fetched() {
    assert_eq!(spec("https://git.example.org/a/b.git").transport(), Ok(Transport::Https));
    assert_eq!(spec("file:///srv/a.git").transport(), Ok(Transport::Local));
    for (url, why) in [
        ("http://git.example.org/a", "only https:// and file://"),
        ("ssh://git.example.org/a", "only https:// and file://"),
        ("ext::sh -c id", "white space"),
        ("--upload-pack=id", "only https:// and file://"),
        ("file://host/a", "absolute path"),
        ("https://evil.example/a", "not the configured one, git.example.org"),
        ("https://git.example.org@evil.example/a", "credentials belong into `token`"),
        ("https://u:p@git.example.org/a", "credentials belong into `token`"),
        ("https:///a", "not a host name"),
        ("https://git.example.org\n/a", "white space"),
    ] {
        let error = spec(url).transport().expect_err(url).to_string();
        assert!(error.contains(why), "{url}: {error}");
        assert!(!error.contains("u:p"), "{error}");
    }
}

#[test]
fn the_token_is_in_the_environment_bound_to_the_host_and_never_in_the_arguments() {
    let spec = spec("https://git.example.org/a/b.git");
    let command = command(Path::new("/m"), Path::new("/m/home"), &spec);
    let encoded = base64::engine::general_purpose::STANDARD.encode("x-access-token:s3cret");
    let arguments: Vec<_> = command.get_args().map(|a| a.to_string_lossy().into_owned()).collect();
    assert!(arguments.iter().all(|a| !a.contains("s3cret") && !a.contains(&encoded)));
    let dashes = arguments.iter().position(|a| a == "--").expect("--");
    assert_eq!(arguments.get(dashes + 1), Some(&spec.url));
    let variable = |name: &str| {
        command
            .get_envs()
            .find(|(key, _)| *key == name)
            .and_then(|(_, v)| v)
            .map(|v| v.to_string_lossy().into_owned())
    };
    assert_eq!(
        variable("GIT_CONFIG_KEY_0").as_deref(),
        Some("http.https://git.example.org/.extraHeader")
    );
    assert!(variable("GIT_CONFIG_VALUE_0").is_some_and(|v| v.contains(&encoded)));
    assert!(!format!("{spec:?}").contains("s3cret"));
}

#[test]
fn versions_are_compared_by_number() {
    assert_eq!(version("git version 2.47.3"), Some((2, 47, 3)));
    assert_eq!(version("git version 2.9.5 (Apple Git-154)"), Some((2, 9, 5)));
    assert_eq!(version("git version 2.50.0.windows.1"), Some((2, 50, 0)));
    assert!(version("git version 2.100.0") > version("git version 2.47.3"));
    assert_eq!(version("hub 1"), None);
}

fn fake_git(dir: &Path, body: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let path = dir.join("git");
    std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("mode");
    path
}

#[test]
fn an_old_program_a_silent_server_and_an_absent_one_are_told_apart() {
    let dir = tempfile::tempdir().expect("dir");
    let old = FetchSpec {
        git_binary: fake_git(dir.path(), "echo git version 2.39.5"),
        ..spec("https://git.example.org/a")
    };
    let error = by_program(dir.path(), &old).expect_err("too old").to_string();
    assert!(
        error.contains("`git version 2.39.5`; fetching over https needs git 2.47.3 or newer"),
        "{error}"
    );
    let body = "case \"$*\" in *--version) echo git version 2.99.0;; *) sleep 30 & sleep 30;; esac";
    let slow = FetchSpec {
        git_binary: fake_git(dir.path(), body),
        timeout: Duration::from_millis(300),
        ..old
    };
    let started = Instant::now();
    assert!(matches!(by_program(dir.path(), &slow), Err(GitError::TimedOut { .. })));
    assert!(started.elapsed() < Duration::from_secs(10));
    let absent = FetchSpec { git_binary: dir.path().join("none"), ..slow };
    assert!(
        by_program(dir.path(), &absent).expect_err("absent").to_string().contains("install it")
    );
}

#[test]
fn an_unreachable_server_is_an_error_with_what_git_said() {
    let dir = tempfile::tempdir().expect("dir");
    let mirror = super::super::Mirror::open_or_init(&dir.path().join("m")).expect("mirror");
    let spec = FetchSpec {
        timeout: Duration::from_secs(20),
        ..FetchSpec::new("https://127.0.0.1:1/a.git")
    };
    match mirror.fetch(&spec) {
        Err(GitError::Unreachable { why, .. }) => assert!(why.contains("127.0.0.1"), "{why}"),
        Err(GitError::Program(why)) => assert!(why.contains("git"), "{why}"),
        other => panic!("{other:?}"),
    }
}
