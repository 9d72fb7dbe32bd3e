//! `countersign doctor`: everything that the service needs, one line each, with what to do about it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::exit::{Exit, Outcome};
use super::open;
use super::out::{self, GREEN, PLAIN, RED, foreign};
use crate::app::{App, Caller};
use crate::config::{Config, Credentials};
use crate::git::fetch::{FetchSpec, check_authorities, check_version};
use crate::ledger::key::SigningKey;
use crate::policy::file::read_organisation;
use crate::store::migrations;

/// One thing that was looked at: what is there, or what is wrong and what to do.
struct Finding {
    what: String,
    said: Result<String, String>,
}

/// Looks at everything; exit code 1 if something is wrong.
pub(super) async fn run(named: Option<&Path>) -> Outcome {
    let file = open::file(named);
    let place =
        file.map_or_else(|| "no file: defaults".to_owned(), |file| file.display().to_string());
    let config = match open::config(named) {
        Ok(config) => config,
        Err(failure) => {
            print(&[finding("configuration", Err(failure.text))])?;
            return Ok(Exit::Blocked);
        }
    };
    let mut found = vec![finding("configuration", Ok(place))];
    secrets(&config, &mut found);
    found.push(finding("organisation", organisation(&config)));
    found.push(finding("key file", key_file(&config)));
    found.push(finding("git", git(&config)));
    service(config, &mut found).await;
    print(&found)?;
    let holds = found.iter().all(|one| one.said.is_ok());
    Ok(if holds { Exit::Done } else { Exit::Blocked })
}

fn finding(what: impl Into<String>, said: Result<String, String>) -> Finding {
    Finding { what: what.into(), said }
}

fn print(found: &[Finding]) -> Result<(), super::exit::Failure> {
    for one in found {
        let (mark, text) = match &one.said {
            Ok(text) => (format!("{GREEN}ok{PLAIN}     "), foreign(text)),
            Err(text) => (format!("{RED}problem{PLAIN}"), out::foreign_lines(text)),
        };
        out::say(&format!("{mark}  {:<24} {text}", foreign(&one.what)))?;
    }
    Ok(())
}

fn secrets(config: &Config, found: &mut Vec<Finding>) {
    for source in &config.sources {
        let mut all = vec![source.secret.resolve()];
        match &source.credentials {
            Credentials::None => {}
            Credentials::Token(token) => all.push(token.resolve()),
            Credentials::App { private_key, .. } => all.push(private_key.resolve()),
        }
        let said = all.into_iter().collect::<Result<Vec<_>, _>>();
        let said = said.map(|all| match all.len() {
            1 => "its webhook secret is there; nothing is read from it".to_owned(),
            _ => "its webhook secret and its credentials are there".to_owned(),
        });
        let said = said.map_err(|error| error.to_string());
        found.push(finding(format!("source {}", source.id), said));
    }
}

fn organisation(config: &Config) -> Result<String, String> {
    let Some(path) = &config.organisation else {
        return Ok("no file: the built-in policy binds".to_owned());
    };
    let name = path.display().to_string();
    let bytes = fs::read(path).map_err(|error| {
        format!("{name}: {error}; write it, or take policy.organisation out of the configuration")
    })?;
    match read_organisation(&name, &bytes) {
        Ok(_) => Ok(name),
        Err(errors) => {
            let first = errors.first().map(ToString::to_string).unwrap_or_default();
            Err(format!("{first} (see all with `countersign policy check {name}`)"))
        }
    }
}

fn key_file(config: &Config) -> Result<String, String> {
    let path = &config.ledger.signing_key_file;
    let name = path.display();
    if !path.exists() {
        return Ok(format!("{name} is not there yet; it is made at the first start"));
    }
    let mode = fs::metadata(path).map_err(|error| format!("{name}: {error}"))?.permissions().mode();
    if mode & 0o077 != 0 {
        let mode = mode & 0o7777;
        return Err(format!(
            "{name} may be read by others (mode {mode:04o}); run: chmod 600 {name}"
        ));
    }
    let pem = fs::read_to_string(path)
        .map_err(|error| format!("{name}: {error}; run this as the user that runs the service"))?;
    let key = SigningKey::from_pem(&config.ledger.origin, &pem)
        .map_err(|error| format!("{name}: {error}; restore it from a backup"))?;
    Ok(format!("{name}: {}", key.verifier()))
}

fn git(config: &Config) -> Result<String, String> {
    if config.repositories.iter().all(|one| one.clone_url.starts_with("file:")) {
        return Ok("not needed: no repository is fetched over https".to_owned());
    }
    let binary = config.git.git_binary.clone();
    let ca_file = config.git.ca_file.clone();
    let spec = FetchSpec { git_binary: binary.clone(), ca_file, ..FetchSpec::new("") };
    check_version(&spec)
        .and_then(|()| check_authorities(&spec))
        .map_err(|error| error.to_string())?;
    Ok(format!("`{}` is new enough", binary.display()))
}

/// The database and the mirrors, which take the service itself to look at.
async fn service(config: Config, found: &mut Vec<Finding>) {
    let missing = open::database_file(&config).filter(|file| !file.exists());
    let what = crate::store::without_password(&config.database_url.0);
    let names: Vec<String> = config.repositories.iter().map(|one| one.name.clone()).collect();
    if let Some(file) = missing {
        let text = format!("{} is not there yet; it is made at the first start", file.display());
        found.push(finding("database", Ok(text)));
        found.extend(names.iter().map(|name| {
            let text = "not fetched yet: that needs the database".to_owned();
            finding(format!("mirror {name}"), Ok(text))
        }));
        return;
    }
    let app = match open::app(config).await {
        Ok(app) => app,
        Err(failure) => return found.push(finding("database", Err(failure.text))),
    };
    let steps = migrations().len();
    let text = format!("{what}: reachable, safe, {steps} of {steps} migrations");
    found.push(finding("database", Ok(text)));
    found.push(finding("ledger", ledger(&app)));
    found.push(finding("verification", verification(&app).await));
    witnesses(&app, found).await;
    found.push(finding("totals", totals(&app).await));
    for name in names {
        let fetched = app.fetch(&Caller::operator(), &name).await;
        let said = fetched.map(|()| "fetched".to_owned()).map_err(|error| error.to_string());
        found.push(finding(format!("mirror {name}"), said));
    }
    for (source, team) in app.role_teams() {
        let read = app.read_roster(&Caller::operator(), &source, &team).await;
        let said = read.map_err(|error| error.to_string());
        found.push(finding(format!("team {team}"), said));
    }
    open::close(&app).await;
}

/// The counters of the lists against a recount; counted anew where they differ.
async fn totals(app: &App) -> Result<String, String> {
    let operator = Caller::operator();
    let wrong = app.wrong_totals(&operator).await.map_err(|error| error.to_string())?;
    if wrong == 0 {
        return Ok("the totals of the lists are what a recount gives".to_owned());
    }
    app.recount(&operator).await.map_err(|error| error.to_string())?;
    Err(format!(
        "{wrong} totals of the lists were not what a recount gives; they were counted anew. Pages showed wrong sums: \
         report this"
    ))
}

fn ledger(app: &App) -> Result<String, String> {
    match app.writer().closed() {
        None => Ok("it reaches as far as what was signed; `countersign verify` checks all of it"
            .to_owned()),
        Some(reason) => Err(reason.to_owned()),
    }
}

/// When all of it was checked last, and how that ended.
async fn verification(app: &App) -> Result<String, String> {
    let operator = Caller::operator();
    let last = app.latest_verification(&operator).await.map_err(|error| error.to_string())?;
    match last {
        None => Ok(
            "the whole ledger was not verified yet; the service does it, and `countersign verify`"
                .to_owned(),
        ),
        Some((at, size, true, _)) => {
            Ok(format!("the ledger held when it was verified, {at}, {size} entries"))
        }
        Some((at, _, false, what)) => {
            Err(format!("the ledger did not hold when it was verified, {at}: {what}"))
        }
    }
}

/// Asks each witness about the latest checkpoint, now.
async fn witnesses(app: &App, found: &mut Vec<Finding>) {
    let view = match app.ask_witnesses(&Caller::operator()).await {
        Ok(view) => view,
        Err(error) => return found.push(finding("witnesses", Err(error.to_string()))),
    };
    let (all, quorum) = (view.all.len(), view.quorum);
    let working = view.all.iter().filter(|one| one.failing.is_none()).count();
    for one in view.all {
        let said = match (one.failing, one.size) {
            (Some(why), _) => Err(why),
            (None, Some(size)) => Ok(format!("it cosigned the ledger of {size} entries")),
            (None, None) => Ok("nothing is signed yet that it could cosign".to_owned()),
        };
        found.push(finding(format!("witness {}", one.name), said));
    }
    if all > 0 {
        let said = format!("{working} of {all} cosign, `ledger.quorum` asks for {quorum}");
        let said = if working < quorum { Err(said) } else { Ok(said) };
        found.push(finding("witnesses", said));
    }
}
