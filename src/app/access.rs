//! Tokens, one-time sign-in links and sessions. A secret is shown once and kept as its SHA-256.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Action, App, AppError, Caller, Command, Role, Unit};
use crate::domain::{Time, id};
use crate::store::{self, tokens};

/// How long a signed-in person stays so: eight hours.
const SESSION_MICROS: i64 = 8 * 3600 * 1_000_000;
/// How long a one-time link may wait to be opened: one hour.
const LINK_MICROS: i64 = 3600 * 1_000_000;

/// A new random secret: 256 bits, as text.
fn secret(prefix: &str) -> Result<String, AppError> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| AppError::internal("the machine gives no randomness", &error))?;
    Ok(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// What is kept of a secret.
#[must_use]
pub fn hash_of(secret: &str) -> String {
    id::sha256(secret.as_bytes())
}

/// A token, the only time its secret is seen.
#[derive(Debug, Clone)]
pub struct MadeToken {
    /// Its id, for `token revoke`.
    pub id: String,
    /// The secret.
    pub secret: String,
}

/// What a token is to be.
#[derive(Debug, Clone)]
pub struct TokenRequest {
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Only for this repository, by name.
    pub repo: Option<String>,
    /// How long, in microseconds; `None`: until revoked.
    pub lasts: Option<i64>,
}

struct CreateToken {
    request: TokenRequest,
    repo: Option<String>,
    secret: String,
    by: String,
}

impl Command for CreateToken {
    type Out = MadeToken;

    async fn run(&mut self, unit: &mut Unit) -> Result<MadeToken, AppError> {
        let now = unit.now();
        let hash = hash_of(&self.secret);
        let token_id = id::derived("tok", &[&hash]);
        let token = tokens::NewToken {
            id: &token_id,
            name: &self.request.name,
            hash: &hash,
            role: self.request.role.as_str(),
            repo: self.repo.as_deref(),
            created_at: now.micros(),
            expires_at: self.request.lasts.map(|lasts| now.micros().saturating_add(lasts)),
        };
        tokens::create(unit.tx(), &token).await?;
        let body = serde_json::json!({
            "token": token_id, "role": self.request.role.as_str(), "repo": self.repo,
        });
        let said = serde_json::json!({ "name": self.request.name, "by": self.by });
        unit.record_said("token.created", super::fields(body), Some(said)).await?;
        Ok(MadeToken { id: token_id, secret: std::mem::take(&mut self.secret) })
    }
}

struct RevokeToken {
    id: String,
    by: String,
}

impl Command for RevokeToken {
    type Out = bool;

    async fn run(&mut self, unit: &mut Unit) -> Result<bool, AppError> {
        let at = unit.now().micros();
        let revoked = tokens::revoke(unit.tx(), &self.id, at).await?;
        if revoked {
            let body = super::fields(serde_json::json!({ "token": self.id }));
            let said = serde_json::json!({ "by": self.by });
            unit.record_said("token.revoked", body, Some(said)).await?;
        }
        Ok(revoked)
    }
}

struct AddLink {
    hash: String,
    person: String,
    role: Role,
}

impl Command for AddLink {
    type Out = ();

    async fn run(&mut self, unit: &mut Unit) -> Result<(), AppError> {
        let until = unit.now().micros() + LINK_MICROS;
        tokens::add_link(unit.tx(), &self.hash, &self.person, self.role.as_str(), until).await?;
        Ok(())
    }
}

struct UseLink {
    link: String,
    session: String,
}

impl Command for UseLink {
    type Out = bool;

    async fn run(&mut self, unit: &mut Unit) -> Result<bool, AppError> {
        let now = unit.now().micros();
        let Some((person, role)) = tokens::use_link(unit.tx(), &self.link, now).await? else {
            return Ok(false);
        };
        let until = now + SESSION_MICROS;
        tokens::add_session(unit.tx(), &self.session, &person, &role, now, until).await?;
        let body = serde_json::json!({ "role": role, "by": "one-time link" });
        let said = serde_json::json!({ "person": person });
        unit.record_said("session.began", super::fields(body), Some(said)).await?;
        Ok(true)
    }
}

struct EndSession(String);

impl Command for EndSession {
    type Out = ();

    async fn run(&mut self, unit: &mut Unit) -> Result<(), AppError> {
        Ok(tokens::end_session(unit.tx(), &self.0).await?)
    }
}

fn link_is_spent() -> AppError {
    AppError::Unauthenticated(
        "this sign-in link was used, has expired, or was never made; ask for a new one with \
         `countersign sign-in`"
            .to_owned(),
    )
}

impl App {
    /// Makes a token; its secret is in the answer and nowhere else.
    pub async fn create_token(
        &self,
        caller: &Caller,
        request: TokenRequest,
    ) -> Result<MadeToken, AppError> {
        caller.may(Action::Administer, None)?;
        if request.name.trim().is_empty() {
            return Err(AppError::Invalid("name: a token needs a name".to_owned()));
        }
        let repo = match &request.repo {
            Some(name) => Some(self.repository(name).await?.id),
            None => None,
        };
        let secret = secret("cs_")?;
        self.writer().submit(CreateToken { request, repo, secret, by: caller.name.clone() }).await
    }

    /// Revokes a token, at once.
    pub async fn revoke_token(&self, caller: &Caller, id: &str) -> Result<(), AppError> {
        caller.may(Action::Administer, None)?;
        let command = RevokeToken { id: id.to_owned(), by: caller.name.clone() };
        if self.writer().submit(command).await? {
            return Ok(());
        }
        Err(AppError::NotFound(format!("there is no token `{id}` that is not revoked")))
    }

    /// All tokens, without secrets.
    pub async fn tokens(&self, caller: &Caller) -> Result<Vec<tokens::Listed>, AppError> {
        caller.may(Action::Administer, None)?;
        let mut tx = self.db().read().await?;
        Ok(tokens::list(&mut tx).await?)
    }

    /// Who stands behind a token's secret.
    pub async fn caller_of_token(&self, secret: &str) -> Result<Caller, AppError> {
        let unknown = || {
            AppError::Unauthenticated(
                "this token is unknown, revoked or expired; `countersign token create` makes one"
                    .to_owned(),
            )
        };
        let presented = tokens::by_hash(self.db(), &hash_of(secret)).await?.ok_or_else(unknown)?;
        self.caller_of(presented)?.ok_or_else(unknown)
    }

    /// Who stands behind a token; `None`: nobody any more, it has expired.
    pub(super) fn caller_of(
        &self,
        (_, name, role, repo, expires_at): tokens::Presented,
    ) -> Result<Option<Caller>, AppError> {
        if expires_at.is_some_and(|end| end <= self.clock().now().micros()) {
            return Ok(None);
        }
        let role = role
            .parse()
            .map_err(|error: String| AppError::internal("a token's role cannot be read", &error))?;
        Ok(Some(Caller { name: format!("token {name}"), role, repo, person: false }))
    }

    /// Makes a one-time sign-in link's secret for a person.
    pub async fn sign_in_link(
        &self,
        caller: &Caller,
        person: &str,
        role: Role,
    ) -> Result<String, AppError> {
        caller.may(Action::Administer, None)?;
        let secret = secret("")?;
        let link = AddLink { hash: hash_of(&secret), person: person.to_owned(), role };
        self.writer().submit(link).await?;
        Ok(secret)
    }

    /// Whom a one-time link would sign in, and in which role. Looking does not use it up.
    pub async fn holder_of_link(&self, link: &str) -> Result<(String, Role), AppError> {
        let now = self.clock().now().micros();
        let found = tokens::link(self.db(), &hash_of(link), now).await?;
        let (person, role) = found.ok_or_else(link_is_spent)?;
        let role = role.parse().map_err(|error: String| {
            AppError::internal("a sign-in link's role cannot be read", &error)
        })?;
        Ok((person, role))
    }

    /// Uses a one-time link up and begins a session: the session's secret, for a cookie.
    pub async fn sign_in(&self, link: &str) -> Result<String, AppError> {
        let secret = secret("")?;
        let used = UseLink { link: hash_of(link), session: hash_of(&secret) };
        if self.writer().submit(used).await? {
            return Ok(secret);
        }
        Err(link_is_spent())
    }

    /// Who stands behind a session's secret; `None`: nobody any more.
    pub async fn caller_of_session(&self, secret: &str) -> Result<Option<Caller>, AppError> {
        let now: Time = self.clock().now();
        let found = tokens::session(self.db(), &hash_of(secret), now.micros()).await?;
        let Some((person, role)) = found else { return Ok(None) };
        let role = role.parse().map_err(|error: String| {
            AppError::internal("a session's role cannot be read", &error)
        })?;
        Ok(Some(Caller { name: person, role, repo: None, person: true }))
    }

    /// Ends a session.
    pub async fn sign_out(&self, secret: &str) -> Result<(), AppError> {
        self.writer().submit(EndSession(hash_of(secret))).await
    }

    /// The repository of a name, as people write it.
    pub async fn repository(
        &self,
        name: &str,
    ) -> Result<store::repositories::Repository, AppError> {
        let mut tx = self.db().read().await?;
        let mut found = store::repositories::by_name(&mut tx, name).await?;
        if found.is_empty() {
            found.extend(store::repositories::by_id(&mut tx, name).await?);
        }
        let configured: Vec<_> = found.iter().filter(|repository| repository.configured).collect();
        match (configured.as_slice(), found.as_slice()) {
            ([one], _) => Ok((*one).clone()),
            ([], [one]) => Ok(one.clone()),
            ([], []) => Err(AppError::NotFound(format!(
                "there is no repository `{name}` here; add it to the configuration as [[repository]]"
            ))),
            // A reclaimed name is a new thing (sem 11.1): with two of one name nobody may guess.
            _ => Err(AppError::Conflict(format!(
                "`{name}` names several repositories; ask by id: {}",
                found.iter().map(|one| one.id.as_str()).collect::<Vec<_>>().join(", ")
            ))),
        }
    }
}
