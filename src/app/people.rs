//! Who is who: accounts, addresses and logins become people; roles become grants with dates (sem 3).
//!
//! An account that nobody joined to a person is a person of its own, named by its login; if a login was used again by
//! another account, the id is added, so that the new holder is not taken for the old one (sem 11.1).

use std::collections::BTreeMap;

use super::AppError;
use crate::domain::fact::Grant;
use crate::domain::team::Team;
use crate::domain::{Account, AccountKind, Person, Signature, Time};
use crate::policy::model::{Holder, Organisation, PersonEntry};
use crate::store::{self, Tx, aggregates};

/// Addresses by which GitHub names an account in commits: `ID+LOGIN@users.noreply.github.com`.
const NO_REPLY: &str = "@users.noreply.github.com";

/// Everybody that a source and the organisation file know.
#[derive(Debug, Clone)]
pub(crate) struct People {
    by_id: BTreeMap<String, (Person, AccountKind)>,
    by_login: BTreeMap<String, Vec<String>>,
    by_email: BTreeMap<String, Person>,
    users: BTreeMap<String, Person>,
    /// Names of people whom the organisation file joins to an account of this source: no other account is them,
    /// whatever its login.
    joined: BTreeMap<String, String>,
    teams: Vec<Team>,
}

impl People {
    /// Reads them.
    pub(crate) async fn load(
        tx: &mut Tx,
        source: &str,
        organisation: &Organisation,
    ) -> Result<Self, AppError> {
        let accounts = store::accounts::of_source(tx, source).await?;
        let teams = aggregates::under(tx, "team", &format!("{source}:")).await?;
        let teams = teams.into_iter().map(|(_, team)| team).collect();
        Ok(Self::new(source, &accounts, teams, &organisation.people))
    }

    /// From what is known.
    pub(crate) fn new(
        source: &str,
        accounts: &[Account],
        teams: Vec<Team>,
        entries: &[PersonEntry],
    ) -> Self {
        let mut people = Self {
            by_id: BTreeMap::new(),
            by_login: BTreeMap::new(),
            by_email: BTreeMap::new(),
            users: BTreeMap::new(),
            joined: BTreeMap::new(),
            teams,
        };
        for entry in entries {
            if let Some(id) = entry.accounts.get(source) {
                people.joined.insert(entry.user.to_lowercase(), id.clone());
            }
        }
        for account in accounts {
            let logins = people.by_login.entry(account.login.to_lowercase()).or_default();
            logins.push(account.id.clone());
        }
        let joined: BTreeMap<&str, &str> = entries
            .iter()
            .filter_map(|entry| Some((entry.accounts.get(source)?.as_str(), entry.user.as_str())))
            .collect();
        for account in accounts {
            let person = match joined.get(account.id.as_str()) {
                Some(user) => Person((*user).to_owned()),
                None => people.named_by_login(account),
            };
            people.by_id.insert(account.id.clone(), (person, account.kind));
        }
        for (id, user) in joined {
            let person = (Person(user.to_owned()), AccountKind::User);
            people.by_id.entry(id.to_owned()).or_insert(person);
        }
        for entry in entries {
            let person = Person(entry.user.clone());
            for email in &entry.emails {
                people.by_email.insert(email.to_lowercase(), person.clone());
            }
            people.users.insert(entry.user.to_lowercase(), person);
        }
        people
    }

    fn named_by_login(&self, account: &Account) -> Person {
        let folded = account.login.to_lowercase();
        let used_again = self.by_login.get(&folded).is_some_and(|ids| ids.len() > 1);
        let of_another = self.joined.get(&folded).is_some_and(|id| *id != account.id);
        if used_again || of_another {
            return Person(format!("{}#{}", account.login, account.id));
        }
        Person(account.login.clone())
    }

    /// The person of an account.
    pub(crate) fn of_account(&self, account: &Account) -> Person {
        self.by_id.get(&account.id).map_or_else(|| self.named_by_login(account), |(p, _)| p.clone())
    }

    /// The person of a login, and whether it is a bot. A login that two accounts had is nobody.
    fn of_login(&self, login: &str) -> Option<(Person, bool)> {
        let bot = login.ends_with("[bot]");
        match self.by_login.get(&login.to_lowercase()).map(Vec::as_slice) {
            Some([id]) => {
                self.by_id.get(id).map(|(p, kind)| (p.clone(), *kind == AccountKind::Bot))
            }
            Some(_) => None,
            // The name of a person who is known to have another account.
            None if self.joined.contains_key(&login.to_lowercase()) => None,
            // The source itself mapped the commit to this login; its account has not appeared otherwise yet.
            None => Some((Person(login.to_owned()), bot)),
        }
    }

    /// Who a name and address in a commit is. `said` is the source's own mapping: an account id, or `@login`.
    pub(crate) fn signature(&self, name: &str, email: &str, said: Option<&str>) -> Signature {
        let found = said
            .and_then(|said| match said.strip_prefix('@') {
                Some(login) => self.of_login(login),
                None => self.of_id(said),
            })
            .or_else(|| self.of_no_reply(email))
            .or_else(|| self.by_email.get(&email.to_lowercase()).map(|p| (p.clone(), false)));
        let (person, bot) = found.map_or((None, false), |(person, bot)| (Some(person), bot));
        Signature { name: name.to_owned(), email: email.to_owned(), person, bot }
    }

    /// Who a `Co-authored-by` trailer names. A trailer only ever excludes, so beside the address the name counts too,
    /// where it is exactly a known login.
    pub(crate) fn co_author(&self, name: &str, email: &str) -> Signature {
        let mut signature = self.signature(name, email, None);
        let known = self.by_login.contains_key(&name.to_lowercase());
        if signature.person.is_none()
            && known
            && let Some((person, bot)) = self.of_login(name)
        {
            (signature.person, signature.bot) = (Some(person), bot);
        }
        signature
    }

    fn of_id(&self, id: &str) -> Option<(Person, bool)> {
        self.by_id.get(id).map(|(person, kind)| (person.clone(), *kind == AccountKind::Bot))
    }

    /// The numeric id in a no-reply address; the login in it proves nothing.
    fn of_no_reply(&self, email: &str) -> Option<(Person, bool)> {
        let (id, _) = email.strip_suffix(NO_REPLY)?.split_once('+')?;
        self.of_id(id)
    }

    /// The person of a name in the organisation file.
    fn of_user(&self, user: &str) -> Person {
        if let Some(person) = self.users.get(&user.to_lowercase()) {
            return person.clone();
        }
        self.of_login(user).map_or_else(|| Person(user.to_owned()), |(person, _)| person)
    }

    /// The team of a name. Of several, because a name was taken over, the one that was read from the source last; where
    /// none was ever read, all.
    fn teams_named(&self, name: &str) -> Vec<&Team> {
        let teams: Vec<&Team> = self.teams.iter().filter(|team| is_named(team, name)).collect();
        let last = teams.iter().filter_map(|team| team.read_at()).max();
        teams.into_iter().filter(|team| last.is_none() || team.read_at() == last).collect()
    }

    /// The person of a name that somebody signs in by: one of the organisation file, or a login of this source. `None`:
    /// nobody who could be told from others.
    pub(crate) fn named(&self, name: &str) -> Option<Person> {
        if let Some(person) = self.users.get(&name.to_lowercase()) {
            return Some(person.clone());
        }
        match self.by_login.get(&name.to_lowercase()).map(Vec::as_slice) {
            Some([id]) => self.of_id(id).filter(|(_, bot)| !bot).map(|(person, _)| person),
            _ => None,
        }
    }

    /// Every role of the organisation file, resolved to people, in a fixed order.
    pub(crate) fn grants(&self, organisation: &Organisation) -> Vec<Grant> {
        let mut grants = Vec::new();
        for (role, entries) in &organisation.roles {
            for entry in entries {
                let grant = |person, from, until, source| Grant {
                    role: role.clone(),
                    person,
                    scopes: entry.scopes.clone(),
                    from,
                    until,
                    source,
                    doubt: None,
                };
                match &entry.holder {
                    Holder::User(user) => grants.push(grant(
                        self.of_user(user),
                        entry.from,
                        entry.until,
                        entry.place.clone(),
                    )),
                    Holder::Team(name) => {
                        for team in self.teams_named(name) {
                            for span in team.spans() {
                                // The later beginning and the earlier end: both must hold.
                                let from = entry.from.max(Some(span.from));
                                let until = earlier(entry.until, span.until);
                                let person = self.of_account(&span.account);
                                grants.push(grant(person, from, until, format!("team {name}")));
                            }
                            for (account, since) in team.doubts() {
                                let person = self.of_account(&account);
                                let told = grant(person, Some(since), None, format!("team {name}"));
                                let doubt = Some(doubt(name, since));
                                grants.push(Grant { scopes: Vec::new(), doubt, ..told });
                            }
                        }
                    }
                }
            }
        }
        grants.sort_by(|a, b| {
            (&a.role, &a.person, a.from, &a.source).cmp(&(&b.role, &b.person, b.from, &b.source))
        });
        grants
    }
}

/// Why somebody who is told to have come back holds nothing yet.
fn doubt(team: &str, since: Time) -> String {
    format!(
        "told at {} to be in {team} again, by a delivery that carries no time and may be an old one; the roster of the team has not confirmed it",
        since.to_seconds_text()
    )
}

fn is_named(team: &Team, name: &str) -> bool {
    team.name.as_ref().is_some_and(|latest| latest.value.eq_ignore_ascii_case(name))
}

fn earlier<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(id: &str, login: &str) -> Account {
        Account { id: id.to_owned(), login: login.to_owned(), kind: AccountKind::User }
    }

    #[test]
    fn a_login_like_the_name_of_a_person_with_another_account_is_not_that_person() {
        let ortiz = PersonEntry {
            user: "m.ortiz".to_owned(),
            accounts: BTreeMap::from([("github".to_owned(), "88123".to_owned())]),
            ..PersonEntry::default()
        };
        let (real, other) = (account("88123", "mortiz"), account("999", "M.Ortiz"));
        let entries = [ortiz];
        let people = People::new("github", &[real.clone(), other.clone()], Vec::new(), &entries);
        assert_eq!(people.of_account(&real), Person::from("m.ortiz"));
        assert_eq!(people.of_account(&other), Person::from("M.Ortiz#999"));
        let unseen = People::new("github", &[real], Vec::new(), &entries);
        assert_eq!(unseen.of_account(&other), Person::from("M.Ortiz#999"));
        assert_eq!(unseen.signature("x", "x@x.example", Some("@m.ortiz")).person, None);
        let elsewhere = People::new("bitbucket", &[other.clone()], Vec::new(), &entries);
        assert_eq!(elsewhere.of_account(&other), Person::from("M.Ortiz"), "no account is joined");
    }
}
