//! The world of the tests: a service on a temporary database of either kind, with a clock that stands still.

pub mod archive;
pub mod entries;
pub mod git_server;
pub mod log;
pub mod postgres;
pub mod python;
pub mod rest;
pub mod server;
pub mod town;
pub mod witness;

use std::path::{Path, PathBuf};

use countersign::app::{App, Caller};
use countersign::clock::Clock;
use countersign::config::Config;
use countersign::domain::Time;
use tempfile::TempDir;

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// The secret of the test's GitHub and Jira.
pub const SECRET: &str = "It's a Secret to Everybody";

/// A service with its folder; everything in it is gone with the value.
pub struct World {
    pub app: App,
    pub clock: Clock,
    pub config: Config,
    pub setup: Setup,
    /// Dropped before the folder.
    pub checked: entries::Checked,
    pub folder: TempDir,
}

/// When tests begin.
pub fn noon() -> Time {
    "2026-11-20T12:00:00Z".parse().expect("a time")
}

/// The address of a new, empty database.
pub fn database(kind: Kind, folder: &Path) -> String {
    match kind {
        Kind::Sqlite => format!("sqlite:{}", folder.join("countersign.db").display()),
        Kind::Postgres => postgres::fresh_database(),
    }
}

/// What a world is made of beside its database.
#[derive(Debug, Default, Clone)]
pub struct Setup {
    /// The organisation file.
    pub organisation: Option<String>,
    /// `[[repository]]` tables.
    pub repositories: String,
    /// A folder made by the caller, to be used instead of a new one's mirror folder.
    pub mirrors: Option<PathBuf>,
    /// More lines of `[git]`.
    pub git: String,
    /// More lines of the source `github`.
    pub github: String,
    /// The base of the forge's REST API, to be asked with a token; `None`: there is no token.
    pub api: Option<String>,
}

impl World {
    /// A service without repositories.
    pub async fn new(kind: Kind) -> Self {
        Self::with(kind, Setup::default()).await
    }

    /// A service with repositories and an organisation file.
    pub async fn with(kind: Kind, setup: Setup) -> Self {
        let folder = TempDir::new().expect("a folder");
        let url = database(kind, folder.path());
        let config = config(folder.path(), &url, &setup);
        let clock = Clock::fixed(noon());
        let app = App::open(config.clone(), clock.clone()).await.expect("the service opens");
        let checked = entries::Checked::new(&url);
        Self { app, clock, config, setup, checked, folder }
    }

    /// The same service after a restart.
    pub async fn restarted(self) -> Self {
        self.app.close().await;
        let app = App::open(self.config.clone(), self.clock.clone()).await.expect("it opens again");
        Self { app, ..self }
    }

    /// The operator at the machine.
    #[expect(clippy::unused_self, reason = "stories read as `world.operator()`")]
    pub fn operator(&self) -> Caller {
        Caller::operator()
    }
}

/// Fails with the lines in which the states of two services differ.
pub async fn assert_same_state(one: &App, other: &App, when: &str) {
    let lines = |lines: Vec<String>| lines.into_iter().collect::<std::collections::BTreeSet<_>>();
    let one = lines(one.state_lines().await.expect("a state"));
    let other = lines(other.state_lines().await.expect("a state"));
    let only = |a: &std::collections::BTreeSet<String>, b: &std::collections::BTreeSet<String>| {
        a.difference(b).cloned().collect::<Vec<_>>().join("\n  ")
    };
    assert!(
        one == other,
        "{when}\nonly here:\n  {}\nonly there:\n  {}",
        only(&one, &other),
        only(&other, &one)
    );
}

/// The configuration of a world.
pub fn config(folder: &Path, database: &str, setup: &Setup) -> Config {
    let organisation = setup.organisation.as_ref().map(|text| {
        let file = folder.join("organisation.yml");
        std::fs::write(&file, text).expect("the organisation file");
        format!("[policy]\norganisation = {:?}\n", file.display().to_string())
    });
    let mirrors = setup.mirrors.clone().unwrap_or_else(|| folder.join("mirrors"));
    let text = format!(
        "[database]\nurl = {database:?}\n[ledger]\norigin = \"ledger.example/test\"\nsigning_key_file = {key:?}\n\
         [git]\nmirror_dir = {mirrors:?}\n{git}{organisation}\
         [[source]]\nid = \"github\"\nkind = \"github\"\nsecret = {SECRET:?}\n{github}{api}\
         [[source]]\nid = \"jira\"\nkind = \"jira\"\nsecret = {SECRET:?}\nprojects = [\"PAY\"]\n{repositories}",
        key = folder.join("countersign.key").display().to_string(),
        mirrors = mirrors.display().to_string(),
        organisation = organisation.unwrap_or_default(),
        repositories = setup.repositories,
        git = setup.git,
        github = setup.github,
        api = setup
            .api
            .as_ref()
            .map(|url| format!("api_url = {url:?}\ntoken = \"t0ken\"\n"))
            .unwrap_or_default(),
    );
    Config::parse("countersign.toml", &text, folder, std::iter::empty()).expect("a configuration")
}

/// Runs one story on both databases.
#[macro_export]
macro_rules! both {
    ($name:ident, |$kind:ident| $story:expr) => {
        mod $name {
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                let $kind = $crate::harness::Kind::Sqlite;
                $story.await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                let $kind = $crate::harness::Kind::Postgres;
                $story.await;
            }
        }
    };
}
