//! A world with a forge in it: the model acts, its deliveries go through the real intake, the work is done.

use std::path::Path;

use countersign::app::gate::{Answer, Asked};
use countersign::app::intake::{Receipt, Received};
use countersign::app::{AppError, Caller, Role};
use countersign::cli::demo::forge::{Delivery, Forge, ForgeError, Secrets};
use countersign::domain::Oid;
use countersign::integrations::Headers;
use reqwest::Method;
use reqwest::header::SET_COOKIE;
use serde_json::Value;

use super::git_server::GitServer;
use super::server::Server;
use super::{Kind, SECRET, Setup, World};

/// The organisation of most stories.
pub const ORGANISATION: &str = r#"
version: 1
roles:
  architect:
    - { user: arch1, scopes: ["*"] }
    - { user: arch2, scopes: [payments] }
  security:
    - { user: sec1, scopes: ["*"] }
floor:
  default_class: significant
  staleness_at_most: clean_rebase
  trivial_ceiling: { files: 10, lines: 200, kinds: [config, docs] }
deploy:
  environments:
    production: { require: all_changes_pass, integrity: required, rollback_window: 14d }
    staging: { require: classify_only }
    holidays: { require: all_changes_pass }
freeze:
  - { environment: holidays, from: 2026-01-01T00:00:00Z, to: 2027-01-01T00:00:00Z, reason: "the whole year" }
"#;

/// The policy of most stories' repository.
pub const POLICY: &str = r#"version: 1
trivial:
  config:
    - name: scaling
      files: ["deploy/**/values-*.yaml"]
      allow:
        - { key: "**.replicas", type: int, min: 2, max: 20, max_delta_pct: 50 }
        - { key: "**.image.tag", regex: 'v\d+\.\d+\.\d+' }
  docs: { files: ["docs/**/*.md"] }
significant:
  - { name: money, files: ["src/payments/**"], scope: payments }
"#;

/// Values of most stories.
pub const VALUES: &str =
    "web:\n  replicas: 4\n  image:\n    repository: acme/payments\n    tag: v1.4.2\n";

/// A service and the world outside it.
pub struct Town {
    pub world: World,
    pub forge: Forge,
    pub sent: Vec<Delivery>,
}

/// The name of most stories' repository.
pub const REPO: &str = "acme/payments";

impl Town {
    /// With one repository under [`POLICY`].
    pub async fn new(kind: Kind) -> Self {
        Self::with(kind, ORGANISATION, POLICY).await
    }

    /// With one repository under these policies.
    pub async fn with(kind: Kind, organisation: &str, policy: &str) -> Self {
        Self::asking(kind, organisation, policy, None).await
    }

    /// The same with a token for the forge's REST API at this address.
    pub async fn asking(kind: Kind, organisation: &str, policy: &str, api: Option<String>) -> Self {
        let outside = tempfile::TempDir::new().expect("a folder").keep();
        let mut forge = founded(&outside, policy);
        let url = forge.repo(REPO).expect("it").url().expect("its address");
        Self::of(kind, forge, &url, organisation, Setup { api, ..Setup::default() }).await
    }

    /// The same with the repository behind a git server, fetched by this token.
    pub async fn served(kind: Kind, server: &GitServer, token: &str) -> Self {
        let forge = founded(&server.root, POLICY);
        let git =
            format!("ca_file = {:?}\ntimeout = \"60s\"\n", server.authority.display().to_string());
        let github = format!("token = {token:?}\napi_url = \"http://{}\"\n", server.api);
        let setup = Setup { git, github, ..Setup::default() };
        Self::of(kind, forge, &server.url("acme+payments.git"), ORGANISATION, setup).await
    }

    async fn of(kind: Kind, forge: Forge, url: &str, organisation: &str, setup: Setup) -> Self {
        let repositories = format!(
            "[[repository]]\nsource = \"github\"\nname = {REPO:?}\nclone_url = {url:?}\nprotected_branches = [\"main\"]\n"
        );
        let setup = Setup { organisation: Some(organisation.to_owned()), repositories, ..setup };
        let world = World::with(kind, setup).await;
        Self { world, forge, sent: Vec::new() }
    }

    /// What the forge sent arrives, in order, and the work that follows is done.
    pub async fn arrive(&mut self) {
        self.receive_all().await;
        self.world.app.work_until_idle().await;
        let stuck = self.world.app.unfinished_work().await.expect("jobs");
        assert_eq!(stuck, Vec::<String>::new(), "work that could not be done");
    }

    /// What the forge sent arrives, in order.
    pub async fn receive_all(&mut self) {
        let deliveries = self.forge.take_deliveries();
        for delivery in &deliveries {
            self.world.clock.set(delivery.at);
            let receipt = receive(&self.world, delivery).await.expect("kept");
            assert!(matches!(receipt, Receipt::Kept(..)), "{receipt:?}");
        }
        self.sent.extend(deliveries);
        self.world.clock.set(self.forge.now());
    }

    /// The gate's answer before a merge.
    pub async fn may_merge(&self, sha: Oid) -> Answer {
        self.ask(sha, "merge", None).await.expect("an answer")
    }

    /// The gate's answer before a deploy to production.
    pub async fn may_deploy(&self, sha: Oid) -> Answer {
        self.ask(sha, "deploy", Some("production")).await.expect("an answer")
    }

    /// The gate's answer, or why there is none.
    pub async fn ask(
        &self,
        sha: Oid,
        purpose: &str,
        environment: Option<&str>,
    ) -> Result<Answer, AppError> {
        let asked = Asked {
            repo: Some(REPO.to_owned()),
            sha: Some(sha.to_string()),
            purpose: Some(purpose.to_owned()),
            environment: environment.map(str::to_owned),
            ..Asked::default()
        };
        let ci = Caller { name: "ci".to_owned(), role: Role::Ci, repo: None, person: false };
        let told = self.world.app.gate(&ci, &asked).await?;
        Ok(serde_json::from_str(&told.json)
            .unwrap_or_else(|error| panic!("{error}: {}", told.json)))
    }

    /// The change of a pull request, as the API tells it.
    pub async fn change(&self, number: u64) -> Value {
        self.world.app.change_of_pull(&Caller::operator(), REPO, number).await.expect("a change")
    }

    /// All deploys, oldest first, as the API tells them.
    pub async fn deploys(&self) -> Vec<Value> {
        let wanted = countersign::app::read::Wanted { limit: Some(500), ..Default::default() };
        let page = self.world.app.deploys(&Caller::operator(), &wanted).await.expect("deploys");
        page.items.into_iter().rev().collect()
    }
}

/// A forge in a folder, with people and most stories' repository.
fn founded(outside: &Path, policy: &str) -> Forge {
    let secrets = Secrets { github: SECRET.to_owned(), jira: SECRET.to_owned() };
    let mut forge = Forge::new(outside, super::noon(), secrets);
    for login in ["dev1", "dev2", "arch1", "arch2", "sec1", "ops1", "arch3"] {
        forge.person(login, login);
    }
    let files = [
        (".countersign.yml", policy),
        ("README.md", "# Payments\n"),
        ("src/payments/refund.rs", "fn refund() {}\n"),
        ("src/lib.rs", "pub mod payments;\n"),
        ("deploy/prod/values-web.yaml", VALUES),
        ("docs/guide.md", "# Guide\n"),
    ];
    forge.found(REPO, &files, "dev1").expect("a repository");
    forge
}

/// One delivery through the intake.
pub async fn receive(world: &World, delivery: &Delivery) -> Result<Receipt, AppError> {
    let received = Received {
        source: delivery.source.clone(),
        headers: Headers::new(delivery.headers.clone()),
        body: delivery.body.clone(),
    };
    world.app.receive(received).await
}

/// A step of a story that the model must be able to do.
pub fn done<T>(step: Result<T, ForgeError>) -> T {
    step.unwrap_or_else(|error| panic!("the story cannot go on: {error}"))
}

/// The cookie of somebody who signed in.
pub async fn cookie(town: &Town, server: &Server, person: &str, role: Role) -> String {
    let link = town.world.app.sign_in_link(&Caller::operator(), person, role).await;
    let path = format!("/sign-in/{}", link.expect("a link"));
    let signed = server.request(Method::POST, &path).send().await.expect("an answer");
    let cookie = signed.headers()[SET_COOKIE].to_str().expect("text");
    cookie.split(';').next().unwrap_or_default().to_owned()
}

/// How many entries of a kind the ledger has.
pub async fn entries(town: &Town, kind: &str) -> usize {
    let operator = Caller::operator();
    let app = &town.world.app;
    let size = app.verify_ledger(&operator, |_, _| {}).await.expect("it verifies").size;
    let mut found = 0;
    for index in 0..size {
        let (_, bytes) = app.entry(&operator, index).await.expect("an entry");
        found += usize::from(String::from_utf8_lossy(&bytes).contains(&format!("\"{kind}\"")));
    }
    found
}
