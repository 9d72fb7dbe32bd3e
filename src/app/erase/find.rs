//! Finding out what a person is called, from one name: by the organisation file, the accounts, and all that is kept.

use super::ErasureRequest;
use super::json::Json;
use super::redact::Redactor;
use super::terms::Terms;
use crate::app::{App, AppError};
use crate::store::personal::{self, Kept};
use crate::store::{self, Tx};

/// Things that are read at once.
const PAGE: i64 = 200;
/// How often it is gone through for names: what is found leads to more.
const ROUNDS: usize = 3;

impl App {
    /// What names a person in what is kept.
    pub(super) async fn terms_of(&self, request: &ErasureRequest) -> Result<Terms, AppError> {
        let person = request.person.trim();
        if person.is_empty() {
            return Err(AppError::Invalid("person: whom to erase".to_owned()));
        }
        let mut tx = self.db().read().await?;
        let mut terms = Terms { person: person.to_owned(), ..Terms::default() };
        terms.name(person);
        request.also.iter().for_each(|text| terms.name(text));
        self.joined(&mut terms);
        accounts(&mut tx, &mut terms).await?;
        for _ in 0..ROUNDS {
            let before = terms.clone();
            learn(&mut tx, &mut terms).await?;
            if terms == before {
                break;
            }
        }
        for text in &request.except {
            terms.texts.retain(|known| !known.eq_ignore_ascii_case(text.trim()));
        }
        if terms.accounts.is_empty()
            && terms.texts.len() < 2
            && !self.is_known(&mut tx, person).await?
        {
            return Err(AppError::NotFound(format!("nothing that is kept names {person}")));
        }
        Ok(terms)
    }

    /// Accounts and addresses by the organisation file.
    fn joined(&self, terms: &mut Terms) {
        let layer = self.organisation();
        let organisation = layer.organisation();
        for entry in organisation.people {
            if entry.user.eq_ignore_ascii_case(&terms.person) {
                entry.emails.iter().for_each(|email| terms.name(email));
                for (source, id) in &entry.accounts {
                    terms.account(source, id, &entry.user);
                }
            }
        }
    }

    async fn is_known(&self, tx: &mut Tx, person: &str) -> Result<bool, AppError> {
        Ok(!store::participants::of(tx, person, 1).await?.is_empty())
    }
}

/// The accounts that have the person's login now, in all sources.
async fn accounts(tx: &mut Tx, terms: &mut Terms) -> Result<(), AppError> {
    for (source, account) in store::accounts::all(tx).await? {
        let named = account.login.eq_ignore_ascii_case(&terms.person)
            || format!("{}#{}", account.login, account.id).eq_ignore_ascii_case(&terms.person)
            || terms.accounts.contains(&(source.clone(), account.id.clone()));
        if named {
            terms.account(&source, &account.id, &account.login);
        }
    }
    Ok(())
}

/// Goes through what is kept for what else the person is called.
async fn learn(tx: &mut Tx, terms: &mut Terms) -> Result<(), AppError> {
    let mut after = String::new();
    loop {
        let page = personal::page(tx, Kept::Documents, &after, PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after.clone_from(last);
        learn_of(terms, page.iter().map(|(_, body)| body));
    }
    after.clear();
    loop {
        let page = personal::bodies(tx, &after, PAGE).await?;
        let Some((last, ..)) = page.last() else { return Ok(()) };
        after.clone_from(last);
        learn_of(terms, page.iter().map(|(_, body, ..)| body));
    }
}

/// From a page of what is kept; only what can name them is read.
fn learn_of<'a>(terms: &mut Terms, page: impl Iterator<Item = &'a Vec<u8>>) {
    let Ok(redactor) = Redactor::new(terms, "", 0) else { return };
    for body in page {
        let bytes = zstd::stream::decode_all(body.as_slice()).unwrap_or_default();
        if redactor.may_be_in(&String::from_utf8_lossy(&bytes))
            && let Ok(value) = serde_json::from_slice::<Json>(&bytes)
        {
            terms.learn(&value);
        }
    }
}
