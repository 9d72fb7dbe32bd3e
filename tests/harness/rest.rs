//! The forge's REST API on a loopback port: it answers what the model of the forge says, or fails as it is told to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use countersign::cli::demo::forge::Forge;
use serde_json::{Value, json};

/// What it answers.
#[derive(Debug, Default)]
struct Answers {
    by_path: BTreeMap<String, Value>,
    commits: Vec<Value>,
    fails: Option<StatusCode>,
    delay: Duration,
    asked: Vec<String>,
}

/// A running API; it stops with the test's runtime.
#[derive(Debug, Clone)]
pub struct Rest {
    answers: Arc<Mutex<Answers>>,
    pub url: String,
}

impl Rest {
    /// One that knows nothing yet.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("its address"));
        let answers = Arc::new(Mutex::new(Answers::default()));
        let router = axum::Router::new().fallback(answer).with_state(Arc::clone(&answers));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { answers, url }
    }

    fn set(&self, change: impl FnOnce(&mut Answers)) {
        change(&mut self.answers.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Answers from now on what the forge says now.
    pub fn show(&self, forge: &Forge) {
        self.set(|answers| answers.by_path = forge.team_answers());
    }

    /// Lists these as the commits of every pull request from now on.
    pub fn commits(&self, commits: Vec<Value>) {
        self.set(|answers| answers.commits = commits);
    }

    /// Fails from now on with a status; `None`: no longer.
    pub fn fail(&self, status: Option<StatusCode>) {
        self.set(|answers| answers.fails = status);
    }

    /// Takes its time from now on.
    pub fn slow(&self, delay: Duration) {
        self.set(|answers| answers.delay = delay);
    }

    /// The paths asked for about teams since the last call.
    pub fn asked(&self) -> Vec<String> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut asked = std::mem::take(&mut answers.asked);
        asked.retain(|path| path.contains("/team"));
        asked
    }
}

async fn answer(State(answers): State<Arc<Mutex<Answers>>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let bearer = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    let allowed = bearer.is_some_and(|value| value.eq_ignore_ascii_case("bearer t0ken"));
    let (found, commits, fails, delay) = {
        let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.asked.push(path.clone());
        let found = answers.by_path.get(&path).cloned();
        (found, answers.commits.clone(), answers.fails, answers.delay)
    };
    if !allowed {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if path.ends_with("/commits") {
        return axum::Json(commits).into_response();
    }
    tokio::time::sleep(delay).await;
    match (fails, found) {
        (Some(status), _) => (status, axum::Json(json!({ "message": "no" }))).into_response(),
        (None, Some(answer)) => axum::Json(answer).into_response(),
        (None, None) => {
            (StatusCode::NOT_FOUND, axum::Json(json!({ "message": "Not Found" }))).into_response()
        }
    }
}
