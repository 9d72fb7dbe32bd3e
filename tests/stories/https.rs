//! Mirrors over https: the token goes to the configured server alone, and a server that behaves badly is refused.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use countersign::app::Caller;
use countersign::cli::demo::forge::{Proposal, Way};
use countersign::git::fetch::FetchSpec;
use countersign::git::{GitError, Mirror};
use countersign::policy::State;

use crate::both;
use crate::harness::git_server::{GitServer, Manner, basic};
use crate::harness::log;
use crate::harness::town::{REPO, Town, VALUES, done};

const TOKEN: &str = "t0ken-of-the-mirror";
const WRONG: &str = "wr0ng-t0ken-of-a-stranger";

both!(a_change_is_judged_from_a_mirror_that_came_over_https, |kind| async move {
    log::begin();
    let server = GitServer::start(TOKEN, Manner::Honest).await;
    let mut town = Town::served(kind, &server, TOKEN).await;
    let scaled = VALUES.replace("replicas: 4", "replicas: 6");
    let proposal =
        Proposal::new("scale", "Scale the web").file("deploy/prod/values-web.yaml", &scaled);
    let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
    town.arrive().await;
    let head = done(done(town.forge.pull(&pull)).head());
    let answer = town.may_merge(head).await;
    assert_eq!(answer.state, State::AutoApproved, "{}", answer.summary);
    // A second one lands and its branch goes before anything is fetched: only `refs/pull/2/head` still has its head.
    let proposal = Proposal::new("guide", "Guide").file("docs/guide.md", "# The guide\n");
    let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
    done(done(town.forge.pull(&pull)).merge("dev2", Way::Squash));
    town.arrive().await;
    let change = town.change(2).await;
    assert_eq!(change["landed"]["how"], "squash", "{change:#}");
    assert_eq!(change["landed"]["integrity"], "intact");
    let requests = server.requests();
    assert!(!requests.is_empty());
    assert!(requests.iter().all(|said| said.as_deref() == Some(&basic(TOKEN))), "{requests:?}");
    never_told(TOKEN, &town.world.app.state_lines().await.expect("a state"));
});

both!(a_wrong_token_is_an_error_that_names_the_repository_and_never_the_token, |kind| async move {
    log::begin();
    let server = GitServer::start(TOKEN, Manner::Honest).await;
    let town = Town::served(kind, &server, WRONG).await;
    let error = refused(&town).await;
    assert!(error.contains("acme/payments: `https://127.0.0.1:"), "{error}");
    assert!(
        error.contains("the server does not let us in: check the `token` of the source"),
        "{error}"
    );
    assert!(!server.requests().is_empty());
    town.world.app.work_until_idle().await;
    let mut told = town.world.app.unfinished_work().await.expect("jobs");
    assert!(told.iter().any(|line| line.contains("check the `token`")), "{told:?}");
    told.extend(town.world.app.state_lines().await.expect("a state"));
    told.push(error);
    never_told(WRONG, &told);
});

both!(a_server_that_sends_the_token_back_does_not_bring_it_into_a_message, |kind| async move {
    log::begin();
    let server = GitServer::start(TOKEN, Manner::Echo).await;
    let town = Town::served(kind, &server, WRONG).await;
    let error = refused(&town).await;
    assert_eq!(server.requests(), [Some(basic(WRONG))]);
    assert!(error.contains("check the `token` of the source"), "{error}");
    never_told(WRONG, &[error]);
});

both!(a_redirect_is_not_followed_and_the_token_stays_here, |kind| async move {
    let elsewhere = GitServer::start(TOKEN, Manner::Honest).await;
    let to = format!("https://localhost:{}/acme+payments.git/info/refs", elsewhere.address.port());
    let server = GitServer::start(TOKEN, Manner::Redirect(to)).await;
    let town = Town::served(kind, &server, TOKEN).await;
    let error = refused(&town).await;
    assert!(error.contains("redirects are not followed"), "{error}");
    assert_eq!(server.requests(), [Some(basic(TOKEN))]);
    assert_eq!(elsewhere.requests(), Vec::<Option<String>>::new());
});

/// What the service says when its repository cannot be fetched.
async fn refused(town: &Town) -> String {
    let fetched = town.world.app.fetch(&Caller::operator(), REPO).await;
    fetched.expect_err("it cannot be fetched").to_string()
}

/// Neither the token nor its coded form is in these texts, or in anything that was logged.
fn never_told(token: &str, told: &[String]) {
    let coded = basic(token);
    let coded = coded.trim_start_matches("Basic ");
    tracing::info!(target: "countersign::test", "the log is looked through");
    let logged = log::text();
    assert!(logged.contains("the log is looked through"), "nothing is logged");
    for text in told.iter().chain([&logged]) {
        assert!(!text.contains(token) && !text.contains(coded), "the token is in: {text}");
    }
}

/// A mirror of what a server has, and how it is fetched.
struct Room {
    server: GitServer,
    folder: tempfile::TempDir,
    spec: FetchSpec,
}

impl Room {
    async fn of(manner: Manner) -> Self {
        let server = GitServer::start(TOKEN, manner).await;
        let spec = FetchSpec {
            token: Some(TOKEN.to_owned()),
            ca_file: Some(server.authority.clone()),
            timeout: Duration::from_mins(1),
            ..FetchSpec::new(server.url("it.git"))
        };
        Self { server, folder: tempfile::tempdir().expect("a folder"), spec }
    }

    fn mirror(&self) -> std::path::PathBuf {
        self.folder.path().join("mirror")
    }

    async fn fetch(&self, spec: FetchSpec) -> Result<(), GitError> {
        let folder = self.mirror();
        let fetching = move || Mirror::open_or_init(&folder)?.fetch(&spec);
        tokio::task::spawn_blocking(fetching).await.expect("no panic")
    }

    async fn refused(&self, spec: FetchSpec) -> String {
        let error = self.fetch(spec).await.expect_err("it is refused").to_string();
        let left: Vec<_> = std::fs::read_dir(self.mirror().join("objects/pack"))
            .into_iter()
            .flatten()
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        assert!(left.is_empty(), "half a fetch is left: {left:?}");
        error
    }

    /// A repository on the server with one commit of one file, made by git itself.
    fn repository(&self, bytes: &[u8]) {
        let it = self.server.root.join("it.git");
        git(&self.server.root, &["init", "-q", "--bare", "-b", "main", "it.git"], b"");
        let blob = git(&it, &["hash-object", "-w", "--stdin"], bytes);
        let tree = git(&it, &["mktree"], format!("100644 blob {blob}\tfile\n").as_bytes());
        self.commit(&tree, "refs/heads/main");
    }

    fn commit(&self, tree: &str, name: &str) -> String {
        let it = self.server.root.join("it.git");
        let commit = git(&it, &["commit-tree", "-m", "x", tree], b"");
        git(&it, &["update-ref", name, &commit], b"");
        commit
    }
}

/// Runs git and gives what it says.
fn git(folder: &Path, arguments: &[&str], input: &[u8]) -> String {
    use std::io::Write as _;
    let who = ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"];
    let mut child = Command::new("git")
        .current_dir(folder)
        .args(arguments)
        .envs(who.map(|name| (name, "ann@acme.example")))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("git runs");
    child.stdin.take().expect("a pipe").write_all(input).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "git {arguments:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn proposal_heads_arrive_and_what_is_fetched_twice_is_the_same() {
    let room = Room::of(Manner::Honest).await;
    room.repository(b"one");
    let tree = git(&room.server.root.join("it.git"), &["rev-parse", "main^{tree}"], b"");
    let head = room.commit(&tree, "refs/pull/7/head");
    room.commit(&tree, "refs/pull/7/merge");
    for _ in 0..2 {
        room.fetch(room.spec.clone()).await.expect("fetched");
        let mirror = Mirror::open_or_init(&room.mirror()).expect("a mirror");
        let at = mirror.resolve_branch("refs/pull/7/head").expect("it arrived");
        assert_eq!(at.to_string(), head);
        assert!(mirror.resolve_branch("refs/heads/main").is_ok());
        assert!(mirror.resolve_branch("refs/pull/7/merge").is_err(), "only what is asked for");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_an_authority_that_nobody_trusts_gets_no_token() {
    let room = Room::of(Manner::Honest).await;
    room.repository(b"one");
    let other = GitServer::start(TOKEN, Manner::Honest).await;
    for ca_file in [None, Some(other.authority.clone())] {
        let error = room.refused(FetchSpec { ca_file, ..room.spec.clone() }).await;
        assert!(error.contains("the server's certificate is not trusted"), "{error}");
        assert!(error.contains("`git.ca_file`"), "{error}");
    }
    assert_eq!(room.server.requests(), Vec::<Option<String>>::new());
    let nowhere = Some(room.folder.path().join("nowhere.pem"));
    let error = room.refused(FetchSpec { ca_file: nowhere, ..room.spec.clone() }).await;
    assert!(error.starts_with("`git.ca_file` cannot be used: No such file"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_is_given_up_with_every_process() {
    let room = Room::of(Manner::Hang).await;
    let began = Instant::now();
    let timeout = Duration::from_secs(2);
    let error = room.refused(FetchSpec { timeout, ..room.spec.clone() }).await;
    assert!(error.ends_with("was not fetched within 2 s; the fetch was stopped"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(30));
    // The connection belongs to a grandchild: it is closed only if the whole group was ended.
    assert!(room.server.was_abandoned().await, "somebody still waits for the server");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_no_git_server_is_refused() {
    const PAGE: &[u8] = b"<html>Welcome</html>";
    const KIND: &str = "application/x-git-upload-pack-advertisement";
    for (manner, what) in [
        (Manner::Says("text/html", PAGE), "a page"),
        (Manner::Says(KIND, PAGE), "a page that says it is none"),
        (Manner::Says(KIND, b"001e# service=git-upload-pack\n0000zzzz"), "no length"),
        (Manner::Says(KIND, b"001e# service=git-upload-pack\n0000ffff"), "an end too early"),
        (Manner::Says(KIND, b""), "nothing"),
    ] {
        let room = Room::of(manner).await;
        let error = room.refused(room.spec.clone()).await;
        assert!(error.starts_with("`https://127.0.0.1:"), "{what}: {error}");
        let refused = ["what the server sent was refused", "it announced no branch"];
        assert!(refused.iter().any(|words| error.contains(words)), "{what}: {error}");
    }
    let room = Room::of(Manner::Honest).await;
    let error = room.refused(room.spec.clone()).await;
    assert!(error.contains("not found; check `clone_url`"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_that_could_do_harm_are_refused() {
    let room = Room::of(Manner::Honest).await;
    room.repository(b"one");
    let it = room.server.root.join("it.git");
    let blob = git(&it, &["rev-parse", "main:file"], b"");
    let mut bytes = b"100644 .git\0".to_vec();
    bytes.extend(blob.as_bytes().chunks(2).map(|two| {
        u8::from_str_radix(std::str::from_utf8(two).expect("digits"), 16).expect("digits")
    }));
    let tree = git(&it, &["hash-object", "-t", "tree", "--literally", "-w", "--stdin"], &bytes);
    room.commit(&tree, "refs/heads/hostile");
    let error = room.refused(room.spec.clone()).await;
    assert!(error.contains("what the server sent was refused"), "{error}");
    let mirror = Mirror::open_or_init(&room.mirror()).expect("a mirror");
    assert!(mirror.resolve_branch("refs/heads/hostile").is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_sends_too_much_is_cut_off() {
    let room = Room::of(Manner::Honest).await;
    let mut number = 1_u64;
    let noise = std::iter::repeat_with(|| {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        number.to_be_bytes()[0]
    });
    room.repository(&noise.take(4 << 20).collect::<Vec<u8>>());
    let error = room.refused(FetchSpec { max_bytes: 1 << 20, ..room.spec.clone() }).await;
    assert!(error.contains("(`git.max_fetch_bytes`), is over the limit of 1048576"), "{error}");
    room.fetch(room.spec.clone()).await.expect("with the usual limit");

    let room = Room::of(Manner::Endless).await;
    let error = room.refused(FetchSpec { max_memory: 256 << 20, ..room.spec.clone() }).await;
    assert!(error.contains("what the server sent was refused"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_in_place_of_a_repository_takes_nothing_away_for_good() {
    let room = Room::of(Manner::Honest).await;
    room.repository(b"one");
    room.fetch(room.spec.clone()).await.expect("fetched");
    let tip =
        || Mirror::open_or_init(&room.mirror()).expect("it").resolve_branch("refs/heads/main");
    let before = tip().expect("a branch");
    let page = GitServer::start(TOKEN, Manner::Says("text/html", b"<html>Sign in</html>")).await;
    let spec = FetchSpec {
        url: page.url("it.git"),
        ca_file: Some(page.authority.clone()),
        ..room.spec.clone()
    };
    let error = room.fetch(spec).await.expect_err("no repository").to_string();
    assert!(error.contains("it announced no branch"), "{error}");
    let mirror = Mirror::open_or_init(&room.mirror()).expect("a mirror");
    assert!(mirror.repo().contains(before), "what was fetched is still there");
    room.fetch(room.spec.clone()).await.expect("fetched again");
    assert_eq!(tip(), Ok(before));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_with_sha_256_ids_says_that_it_is_not_read() {
    let room = Room::of(Manner::Honest).await;
    let root = &room.server.root;
    git(root, &["init", "-q", "--bare", "-b", "main", "--object-format=sha256", "it.git"], b"");
    let tree = git(&root.join("it.git"), &["mktree"], b"");
    room.commit(&tree, "refs/heads/main");
    for url in [room.spec.url.clone(), format!("file://{}", root.join("it.git").display())] {
        let error = room.refused(FetchSpec { url, ..room.spec.clone() }).await;
        assert!(
            error.contains("its object ids are SHA-256, which this version does not read"),
            "{error}"
        );
    }
}
