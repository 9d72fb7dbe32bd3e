//! `countersign demo`: a sample organisation that shows the states of the gate, made with real git commits and real
//! signed deliveries through the real intake, and served.
//!
//! While it is built, the service's clock is the model's, so that the same ids, times and ledger come out every time.
//! While it is served, time goes on from where the story ends, at the machine's pace.

pub mod forge;
pub mod organisation;
mod serving;
mod summary;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;

use self::forge::{Delivery, ForgeError, Secrets};
use self::organisation::{ORGANISATION, REPOSITORIES, Shown, Story};
use super::exit::{Exit, Failure, Outcome};
use super::out;
use crate::app::gate::{Answer, Asked};
use crate::app::intake::{Receipt, Received};
use crate::app::{App, AppError, Caller};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::DAY;
use crate::integrations::Headers;
use crate::ledger::key::SigningKey;
use crate::store::deliveries::DeliveryState;

/// The name of the demo's ledger.
const ORIGIN: &str = "demo.countersign.example/ledger";
/// The seed of the demo's key: not secret, so that the demo is the same everywhere. Never used by anything else.
const SEED: [u8; 32] = *b"the demo's key is known to all..";

/// `countersign demo`.
#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// Where the pages are served
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8480")]
    pub listen: SocketAddr,
    /// The folder to work in; it must be empty or not there. By default a temporary one, removed at the end
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Builds it, prints the summary, ends
    #[arg(long)]
    pub once: bool,
}

/// What was asked of the gate, and what it said.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The question, and the state that was to be seen.
    pub shown: Shown,
    /// The answer.
    pub answer: Answer,
}

/// The demo, built.
#[derive(Debug)]
pub struct Demo {
    /// The service.
    pub app: App,
    /// Its clock, which stands where the story ended.
    pub clock: Clock,
    /// Everything that was delivered, in order.
    pub deliveries: Vec<Delivery>,
    /// What the gate said.
    pub seen: Vec<Seen>,
}

/// Why the demo cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The story does not hold together.
    #[error(transparent)]
    Forge(#[from] ForgeError),
    /// The service refuses.
    #[error(transparent)]
    App(#[from] AppError),
    /// The folder cannot be used.
    #[error("{path}: {why}")]
    Folder {
        /// The folder.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// The configuration or key that the demo writes is refused.
    #[error("{0}")]
    Setup(String),
    /// A delivery was not taken as it should have been.
    #[error("a delivery of {0} was not applied")]
    NotApplied(String),
}

/// Runs the command.
pub(super) async fn run(args: &DemoArgs) -> Outcome {
    let (folder, temporary) = folder(args.dir.as_deref()).map_err(|error| failure(&error))?;
    let done = built_and_shown(args, &folder).await;
    if temporary {
        // What is left of a temporary folder is the machine's to clean.
        let _ = std::fs::remove_dir_all(&folder);
    }
    done
}

async fn built_and_shown(args: &DemoArgs, folder: &Path) -> Outcome {
    if args.once {
        let demo = build(folder, args.listen).await.map_err(|error| failure(&error))?;
        out::say(&summary::text(&demo))?;
        demo.app.close().await;
        return Ok(verdict(&demo));
    }
    serving::run(args, folder).await
}

/// The demo is a check as well: every state that it promises has to be there.
fn verdict(demo: &Demo) -> Exit {
    let held = demo.seen.iter().all(|seen| seen.answer.state.as_str() == seen.shown.state);
    if held { Exit::Done } else { Exit::Blocked }
}

fn failure(error: &DemoError) -> Failure {
    Failure::undone(format!("the demo cannot be built: {error}"))
}

/// The folder to work in, and whether it is a temporary one.
fn folder(named: Option<&Path>) -> Result<(PathBuf, bool), DemoError> {
    let (path, temporary) = match named {
        Some(path) => (path.to_owned(), false),
        None => (std::env::temp_dir().join(format!("countersign-demo-{}", unlike()?)), true),
    };
    let wrong = |why: String| DemoError::Folder { path: path.display().to_string(), why };
    std::fs::create_dir_all(&path).map_err(|error| wrong(error.to_string()))?;
    let mut entries = std::fs::read_dir(&path).map_err(|error| wrong(error.to_string()))?;
    if entries.next().is_some() {
        let why = "it is not empty; name a folder that is empty or not there yet";
        return Err(wrong(why.to_owned()));
    }
    let path = path.canonicalize().map_err(|error| wrong(error.to_string()))?;
    Ok((path, temporary))
}

/// A name that no other run has.
fn unlike() -> Result<String, DemoError> {
    let mut bytes = [0_u8; 8];
    let failed = |error| DemoError::Setup(format!("the machine gives no randomness: {error}"));
    getrandom::fill(&mut bytes).map_err(failed)?;
    Ok(format!("{:016x}", u64::from_be_bytes(bytes)))
}

/// The demo's webhook secrets: as little secret as its key.
#[must_use]
pub fn secrets() -> Secrets {
    Secrets {
        github: "the demo's github secret".to_owned(),
        jira: "the demo's jira secret".to_owned(),
    }
}

/// Writes configuration, organisation file and key into a folder; `forge` is where the repositories lie.
pub fn prepare(folder: &Path, forge: &Path, listen: SocketAddr) -> Result<Config, DemoError> {
    let wrong = |error: std::io::Error| DemoError::Folder {
        path: folder.display().to_string(),
        why: error.to_string(),
    };
    std::fs::create_dir_all(folder).map_err(wrong)?;
    let config = folder.join("countersign.toml");
    std::fs::write(&config, configuration(forge, listen)).map_err(wrong)?;
    std::fs::write(folder.join("organisation.yml"), ORGANISATION).map_err(wrong)?;
    write_key(&folder.join("countersign.key"))?;
    Config::load(Some(&config), []).map_err(|error| DemoError::Setup(error.to_string()))
}

fn configuration(forge: &Path, listen: SocketAddr) -> String {
    let secrets = secrets();
    let mut text = format!(
        "[server]\nlisten = \"{listen}\"\npublic_url = \"http://{listen}\"\n\n\
         [database]\nurl = \"sqlite:countersign.db\"\n\n\
         [ledger]\norigin = \"{ORIGIN}\"\nsigning_key_file = \"countersign.key\"\n\n\
         [git]\nmirror_dir = \"mirrors\"\n\n\
         [policy]\norganisation = \"organisation.yml\"\n\n\
         [[source]]\nid = \"{}\"\nkind = \"github\"\nsecret = \"{}\"\n\n\
         [[source]]\nid = \"{}\"\nkind = \"jira\"\nsecret = \"{}\"\n\
         projects = [\"PAY\", \"REF\", \"HOOK\", \"IAM\", \"NTF\"]\n",
        forge::GITHUB,
        secrets.github,
        forge::JIRA,
        secrets.jira
    );
    for name in REPOSITORIES {
        let folder = forge.join(format!("{}.git", name.replace('/', "+")));
        let _ = write!(
            text,
            "\n[[repository]]\nsource = \"{}\"\nname = \"{name}\"\nclone_url = \"file://{}\"\n\
             protected_branches = [\"main\", \"release/*\"]\n",
            forge::GITHUB,
            folder.display()
        );
    }
    text
}

fn write_key(path: &Path) -> Result<(), DemoError> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let setup = |error: String| DemoError::Setup(format!("the demo's key: {error}"));
    let key = SigningKey::from_seed(ORIGIN, &SEED).map_err(|error| setup(error.to_string()))?;
    let pem = key.to_pem().map_err(|error| setup(error.to_string()))?;
    let file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(pem.as_bytes()))
        .map_err(|error| setup(format!("{}: {error}", path.display())))
}

/// Tells the story, delivers it, works, asks the gate.
pub async fn build(folder: &Path, listen: SocketAddr) -> Result<Demo, DemoError> {
    let forge_dir = folder.join("forge");
    let mut story = Story::begin(&forge_dir, secrets())?;
    let config = prepare(folder, &forge_dir, listen)?;
    let clock = Clock::fixed(organisation::start());
    let app = App::open(config, clock.clone()).await?;
    app.salt_by(SEED).await?;
    let mut deliveries = Vec::new();
    for chapter in Story::CHAPTERS {
        chapter(&mut story)?;
        let sent = story.forge.take_deliveries();
        deliver(&app, &clock, &sent).await?;
        deliveries.extend(sent);
    }
    clock.set(story.forge.now());
    app.work_until_idle().await;
    let mut seen = Vec::new();
    for shown in story.shown {
        let answer = ask(&app, &shown).await?;
        seen.push(Seen { shown, answer });
    }
    // What the questions brought to light is worked on as well; then the ledger is signed.
    app.work_until_idle().await;
    app.checkpoint(&Caller::operator()).await?;
    Ok(Demo { app, clock, deliveries, seen })
}

/// Posts deliveries through the intake, each at its own time; the work they ask for is done once a day.
pub async fn deliver(app: &App, clock: &Clock, deliveries: &[Delivery]) -> Result<(), DemoError> {
    let day = |delivery: &Delivery| delivery.at.micros().div_euclid(DAY);
    let mut today = deliveries.first().map(day);
    for delivery in deliveries {
        if today != Some(day(delivery)) {
            app.work_until_idle().await;
            today = Some(day(delivery));
        }
        clock.set(delivery.at);
        post(app, delivery).await?;
    }
    app.work_until_idle().await;
    Ok(())
}

/// Posts one delivery through the intake; it must be kept and understood.
pub async fn post(app: &App, delivery: &Delivery) -> Result<Receipt, DemoError> {
    let receipt = app
        .receive(Received {
            source: delivery.source.clone(),
            headers: Headers::new(delivery.headers.clone()),
            body: delivery.body.clone(),
        })
        .await?;
    match &receipt {
        Receipt::Kept(_, DeliveryState::Applied) | Receipt::Duplicate(_) => Ok(receipt),
        _ => Err(DemoError::NotApplied(format!("{} {}", delivery.source, delivery.event()))),
    }
}

/// Asks the gate, as a pipeline would.
pub async fn ask(app: &App, shown: &Shown) -> Result<Answer, DemoError> {
    let asked = Asked {
        repo: Some(shown.repo.clone()),
        sha: Some(shown.sha.to_string()),
        purpose: Some(if shown.environment.is_some() { "deploy" } else { "merge" }.to_owned()),
        environment: shown.environment.map(str::to_owned),
        pull: shown.pull,
        ..Asked::default()
    };
    let told = Box::pin(app.gate(&Caller::operator(), &asked)).await?;
    serde_json::from_str(&told.json)
        .map_err(|error| DemoError::Setup(format!("the gate's answer cannot be read: {error}")))
}
