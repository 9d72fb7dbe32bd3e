//! From a checked tree to the organisation's own part of `model`.

use std::collections::BTreeMap;

use super::Limits;
use super::build::{Build, child, flag, items, limits, text, texts};
use super::leaf;
use super::node::{Entry, Node, Path};
use crate::domain::Class;
use crate::policy::built_in;
use crate::policy::exempt::ExemptRule;
use crate::policy::layers::least;
use crate::policy::model::{
    Emergency, Environment, Freeze, Holder, Organisation, PersonEntry, Policy, RoleEntry, Rollout,
    Staleness,
};

impl Build<'_> {
    /// The whole organisation file. Its floor is laid into the policy, whose every field binds repositories.
    pub(super) fn organisation(&mut self, file: &Node) -> (Policy, Organisation, Limits) {
        let mut policy = self.policy(file);
        let limits = self.lay_floor(file, &mut policy);
        let root = (file, Path::root());
        let base = built_in::organisation();
        let deploy = child(&root, "deploy");
        let organisation = Organisation {
            people: items(&root, "people").iter().map(person).collect(),
            roles: self.roles(&root),
            emergency: child(&root, "emergency").map_or(base.emergency.clone(), |place| {
                base.emergency.map(|base| self.emergency(&place, base))
            }),
            environments: deploy.as_ref().map(|place| self.environments(place)).unwrap_or_default(),
            exempt: deploy.as_ref().map(|place| self.exempt(place)).unwrap_or_default(),
            deny_unaccounted: deploy
                .and_then(|place| text(&place, "unaccounted"))
                .is_none_or(|word| word != "allow"),
            freeze: items(&root, "freeze").iter().filter_map(|place| self.freeze(place)).collect(),
            rollout: child(&root, "rollout").map(|place| self.rollout(&place)).unwrap_or_default(),
        };
        (policy, organisation, limits)
    }

    /// The floor is both: how far a repository may go, and the value where the organisation states no other.
    fn lay_floor(&mut self, file: &Node, policy: &mut Policy) -> Limits {
        let root = (file, Path::root());
        let own = |policy: &Policy| Limits {
            default: policy.default,
            staleness: policy.approval.staleness,
        };
        let Some(floor) = child(&root, "floor") else { return own(policy) };
        let class: Option<Class> = self.word(&floor, "default_class");
        let staleness: Option<Staleness> = self.word(&floor, "staleness_at_most");
        if let Some(class) = class {
            let stated = file.get("default").is_some();
            policy.default = if stated { policy.default.max(class) } else { class };
        }
        if let Some(staleness) = staleness {
            policy.approval.staleness = policy.approval.staleness.min(staleness);
        }
        policy.always_critical.extend(self.globs(&floor, "always_critical"));
        policy.deny_keys.extend(self.list(&floor, "deny_keys", leaf::key_pattern));
        if let Some(ceiling) = child(&floor, "trivial_ceiling") {
            policy.trivial.max = least(&policy.trivial.max, &limits(ceiling.0));
            policy.trivial.kinds = child(&ceiling, "kinds").map(|_| texts(&ceiling, "kinds"));
        }
        let own = own(policy);
        Limits {
            default: class.unwrap_or(own.default),
            staleness: staleness.unwrap_or(own.staleness),
        }
    }

    fn roles(&mut self, root: &(&Node, Path)) -> BTreeMap<String, Vec<RoleEntry>> {
        let Some(roles) = child(root, "roles") else { return BTreeMap::new() };
        let holders = |this: &mut Self, entry: &Entry| {
            let holders = items(&roles, &entry.key);
            holders.iter().map(|place| this.holder(place)).collect()
        };
        roles.0.entries().iter().map(|role| (role.key.clone(), holders(self, role))).collect()
    }

    fn holder(&mut self, place: &(&Node, Path)) -> RoleEntry {
        let holder = match text(place, "team") {
            Some(team) => Holder::Team(team),
            None => Holder::User(text(place, "user").unwrap_or_default()),
        };
        let scopes = texts(place, "scopes");
        RoleEntry {
            holder,
            scopes: if scopes.is_empty() { vec!["*".to_owned()] } else { scopes },
            from: self.maybe(place, "from", leaf::time),
            until: self.maybe(place, "until", leaf::time),
            place: self.from(place),
        }
    }

    fn emergency(&mut self, place: &(&Node, Path), base: Emergency) -> Emergency {
        Emergency {
            ttl: self.maybe(place, "ttl", leaf::duration).unwrap_or(base.ttl),
            review_due: self.maybe(place, "review_due", leaf::duration).unwrap_or(base.review_due),
            review_role: text(place, "review_role").unwrap_or(base.review_role),
            second_person: flag(place.0.get("second_person")).unwrap_or(base.second_person),
            block_on_overdue: flag(place.0.get("block_on_overdue"))
                .unwrap_or(base.block_on_overdue),
        }
    }

    fn environments(&mut self, deploy: &(&Node, Path)) -> Vec<Environment> {
        let Some(listed) = child(deploy, "environments") else { return Vec::new() };
        let entries = listed.0.entries().iter();
        let places = entries.filter_map(|entry| Some((&entry.key, child(&listed, &entry.key)?)));
        places.map(|(name, place)| self.environment(name, &place)).collect()
    }

    fn environment(&mut self, name: &str, place: &(&Node, Path)) -> Environment {
        let all = text(place, "require").is_none_or(|word| word != "classify_only");
        Environment {
            name: name.to_owned(),
            all_changes_pass: all,
            integrity: text(place, "integrity").map_or(all, |word| word == "required"),
            rollback_window: self.maybe(place, "rollback_window", leaf::duration),
            after: texts(place, "after"),
        }
    }

    fn exempt(&mut self, deploy: &(&Node, Path)) -> Vec<ExemptRule> {
        let rule = |this: &mut Self, place: &(&Node, Path)| ExemptRule {
            bot: text(place, "bot").unwrap_or_default(),
            files: this.list(place, "files", leaf::narrow_glob),
            repositories: this.globs(place, "repositories"),
            from: this.from(place),
        };
        items(deploy, "exempt").iter().map(|place| rule(self, place)).collect()
    }

    fn freeze(&mut self, place: &(&Node, Path)) -> Option<Freeze> {
        Some(Freeze {
            environment: text(place, "environment")?,
            from: self.maybe(place, "from", leaf::time)?,
            to: self.maybe(place, "to", leaf::time)?,
            reason: text(place, "reason")?,
        })
    }

    fn rollout(&mut self, place: &(&Node, Path)) -> Rollout {
        Rollout {
            mode: self.word(place, "mode").unwrap_or_default(),
            observe: self.globs(place, "observe"),
            warn: self.globs(place, "warn"),
            enforce: self.globs(place, "enforce"),
        }
    }
}

fn person(place: &(&Node, Path)) -> PersonEntry {
    let accounts = place.0.get("accounts").map(Node::entries).unwrap_or_default();
    PersonEntry {
        user: text(place, "user").unwrap_or_default(),
        emails: texts(place, "emails"),
        accounts: accounts.iter().map(|one| (one.key.clone(), one.node.text.clone())).collect(),
    }
}
