//! A service with a repository and a change that passes, so that its gate has something to let through: what the gate,
//! the pages and the doors say while the database fails, and afterwards.

use std::path::Path;
use std::time::{Duration, Instant};

use countersign::app::intake::{Receipt, Received};
use countersign::app::{Caller, Role, TokenRequest};
use countersign::cli::demo::forge::{Forge, Proposal, Secrets};
use countersign::clock::Clock;
use countersign::domain::Oid;
use countersign::integrations::Headers;
use tempfile::TempDir;

use super::child::{self, SECRET, Service};
use super::driver::{Driver, Say};

const REPO: &str = "acme/payments";
const POLICY: &str = "version: 1\ntrivial:\n  docs: { files: [\"docs/**/*.md\"] }\n";
const ORGANISATION: &str =
    "version: 1\nfloor:\n  trivial_ceiling: { files: 10, lines: 200, kinds: [config, docs] }\n";
/// How long it may take until a service says that it fails, or that it does not any more.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who asks such a service.
pub(crate) struct Gated {
    sha: Oid,
    ci: String,
    auditor: String,
    client: reqwest::Client,
    _forge: TempDir,
}

impl Gated {
    /// Prepares the service of a folder over a database: one repository with one change in it, which passes.
    pub(crate) async fn prepare(folder: &Path, database: &str) -> Self {
        let outside = TempDir::new().expect("a folder");
        let clock = Clock::system();
        let secrets = Secrets { github: SECRET.to_owned(), jira: SECRET.to_owned() };
        let mut forge = Forge::new(outside.path(), clock.now(), secrets);
        forge.person("dev1", "Dev One");
        let files = [(".countersign.yml", POLICY), ("docs/guide.md", "# Guide\n")];
        forge.found(REPO, &files, "dev1").expect("a repository");
        let proposal = Proposal::new("guide", "Say more").file("docs/guide.md", "# Guide\nMore.\n");
        let pull = forge.repo(REPO).expect("it").open_pull("dev1", &proposal).expect("a change");
        let sha = forge.pull(&pull).expect("it").head().expect("its head");
        let url = forge.repo(REPO).expect("it").url().expect("its address");
        std::fs::write(outside.path().join("organisation.yml"), ORGANISATION).expect("a file");
        let more = format!(
            "[policy]\norganisation = {:?}\n[[repository]]\nsource = \"github\"\nname = {REPO:?}\n\
             clone_url = {url:?}\nprotected_branches = [\"main\"]\n",
            outside.path().join("organisation.yml").display().to_string()
        );
        child::configure(folder, database, &more);
        let app = super::open(folder).await.expect("it opens");
        for delivery in forge.take_deliveries() {
            let headers = Headers::new(delivery.headers.clone());
            let received =
                Received { source: delivery.source.clone(), headers, body: delivery.body };
            let receipt = app.receive(received).await.expect("kept");
            assert!(matches!(receipt, Receipt::Kept(..)), "{receipt:?}");
        }
        app.work_until_idle().await;
        let mut secrets = Vec::new();
        for (name, role) in [("ci", Role::Ci), ("auditor", Role::Auditor)] {
            let asked = TokenRequest { name: name.to_owned(), role, repo: None, lasts: None };
            let made = app.create_token(&Caller::operator(), asked).await.expect("a token");
            secrets.push(made.secret);
        }
        app.close().await;
        let auditor = secrets.pop().expect("two");
        let ci = secrets.pop().expect("two");
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client");
        Self { sha, ci, auditor, client, _forge: outside }
    }

    /// Signs somebody in: the cookie.
    pub(crate) async fn sign_in(&self, folder: &Path, service: &Service) -> String {
        let app = super::open(folder).await.expect("it opens beside the service");
        let link = app.sign_in_link(&Caller::operator(), "an auditor", Role::Auditor).await;
        let url = format!("http://{}/sign-in/{}", service.address, link.expect("a link"));
        let signed = self.client.post(url).send().await.expect("an answer");
        let cookie = signed.headers().get("set-cookie").expect("a cookie");
        let cookie = cookie.to_str().expect("text").split(';').next().expect("a first part");
        cookie.to_owned()
    }

    /// What the gate says: the status, whether it passes, the text.
    pub(crate) async fn gate(&self, service: &Service) -> (u16, bool, String) {
        let url = format!(
            "http://{}/api/v1/gate?repo={REPO}&sha={}&purpose=merge",
            service.address, self.sha
        );
        let answer = self.client.get(url).bearer_auth(&self.ci).send().await.expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a body");
        let told: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        (status, told["pass"] == true, text)
    }

    /// The status of a page, and of the same as data.
    pub(crate) async fn reads(&self, service: &Service, cookie: &str) -> (u16, u16) {
        let (page, data) = (
            self.client.get(format!("http://{}/changes", service.address)).header("cookie", cookie),
            self.client
                .get(format!("http://{}/api/v1/changes", service.address))
                .bearer_auth(&self.auditor),
        );
        let page = page.send().await.expect("an answer").status().as_u16();
        (page, data.send().await.expect("an answer").status().as_u16())
    }

    /// Waits until the gate lets the change through.
    pub(crate) async fn passes(&self, service: &Service) {
        let began = Instant::now();
        loop {
            let (status, passes, text) = self.gate(service).await;
            if status == 200 && passes {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "it does not pass: {status} {text}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Everything that is to be said while nothing can be kept, with one of these reasons: deliveries are refused, the
    /// gate denies, the service is not ready and lives, and nobody sees SQL.
    pub(crate) async fn denies(&self, service: &Service, driver: &mut Driver, reasons: &[&str]) {
        let began = Instant::now();
        let refused = loop {
            match driver.one(service.address).await {
                Say::Refused(status, text) => break (status, text),
                Say::Nothing => panic!("it ended"),
                said @ Say::Acknowledged => {
                    assert!(began.elapsed() < PATIENCE, "still kept: {said:?}");
                }
            }
        };
        // At once: each may take as long as it takes to give the database up.
        let (gate, readiness) = tokio::join!(self.gate(service), service.get("/readyz"));
        let (status, passes, gate) = gate;
        assert!(!passes, "THE GATE LET IT PASS: {gate}");
        assert_eq!((refused.0, status, readiness.0), (503, 503, 503), "{refused:?} {gate}");
        assert_eq!(service.get("/healthz").await.0, 200);
        for text in [&refused.1, &gate, &readiness.1] {
            for leaked in ["select ", "insert ", "update ", "$1", "postgres://", "panicked"] {
                assert!(!text.to_lowercase().contains(leaked), "`{leaked}` in {text}");
            }
        }
        for text in [&gate, &readiness.1] {
            assert!(reasons.iter().any(|reason| text.contains(reason)), "no reason in {text}");
        }
    }
}
