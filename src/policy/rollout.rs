//! Whether a decision binds yet (sem 6.6): `observe` → `warn` → `enforce`, per repository, said by the organisation alone.
//!
//! The rollout never touches a decision: state, class, rules and what is missing are what they are, and are recorded.
//! It touches only what a pipeline is told to do, and says so in a row of its own (P5): a no that was judged is set
//! aside, by name. What could not be judged is not: nobody knows what would go out, so there is nothing to observe, and
//! a commit that nobody has seen passes in no mode (P2).

use super::decision::{Rule, RuleState, State};
use super::model::{Mode, Rollout};

impl Mode {
    /// The word in files, answers and statements.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Warn => "warn",
            Self::Enforce => "enforce",
        }
    }

    /// The mode of an answer that names it only where it does not enforce; `None`: no mode has this name.
    #[must_use]
    pub fn of_answer(word: Option<&str>) -> Option<Self> {
        match word {
            None => Some(Self::Enforce),
            Some("observe") => Some(Self::Observe),
            Some("warn") => Some(Self::Warn),
            Some(_) => None,
        }
    }
}

impl Rollout {
    /// The mode of a repository, by its configured name. Where several lists name it, the stricter one holds (P3).
    #[must_use]
    pub fn mode_of(&self, repo: &str) -> Mode {
        let lists = [
            (&self.enforce, Mode::Enforce),
            (&self.warn, Mode::Warn),
            (&self.observe, Mode::Observe),
        ];
        lists
            .into_iter()
            .find(|(globs, _)| globs.iter().any(|glob| glob.matches_text(repo)))
            .map_or(self.mode, |(_, mode)| mode)
    }
}

/// A state, and whether it binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding {
    /// What was decided.
    pub state: State,
    /// The mode of the repository.
    pub mode: Mode,
}

impl Binding {
    /// Whether a pipeline may go on.
    #[must_use]
    pub fn passes(self) -> bool {
        self.state.passes() || self.sets_aside()
    }

    /// Whether decisions bind here.
    #[must_use]
    pub fn enforced(self) -> bool {
        self.mode == Mode::Enforce
    }

    /// Whether a no is set aside: it passes, and would not if decisions did bind here.
    #[must_use]
    pub fn sets_aside(self) -> bool {
        !self.enforced() && !self.state.passes() && judged(self.state)
    }

    /// The row beside the rules of the decision; `None` where decisions bind.
    #[must_use]
    pub fn rule(self) -> Option<Rule> {
        let mode = self.mode.as_str();
        let (state, why) = match self.state {
            _ if self.enforced() => return None,
            _ if self.sets_aside() => (
                RuleState::Overridden,
                format!(
                    "the rollout here is `{mode}`: {} is recorded and does not block",
                    self.state
                ),
            ),
            state if state.passes() => (
                RuleState::NotApplicable,
                format!("the rollout here is `{mode}`; it passes without that"),
            ),
            state => (
                RuleState::NotApplicable,
                format!(
                    "the rollout here is `{mode}`, but {state} is no judgement that could be set aside"
                ),
            ),
        };
        Some(Rule {
            id: "rollout".to_owned(),
            title: "Decisions bind".to_owned(),
            from: "organisation: rollout".to_owned(),
            state,
            why,
            seen: Vec::new(),
            remedy: String::new(),
            of: String::new(),
            rules: Vec::new(),
        })
    }
}

/// Whether a state is a judgement about known content. A policy file of the repository that cannot be read is: the
/// organisation's rules were applied instead. One of the organisation that cannot be read says nothing about a rollout
/// either, and so everything is enforced.
fn judged(state: State) -> bool {
    !matches!(state, State::Error | State::UnknownCommit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::glob::Glob;

    const MODES: [Mode; 3] = [Mode::Observe, Mode::Warn, Mode::Enforce];

    fn globs(texts: &[&str]) -> Vec<Glob> {
        texts.iter().map(|text| Glob::parse(text).expect("a glob")).collect()
    }

    #[test]
    fn the_stricter_list_holds_whatever_their_order() {
        let rollout = Rollout {
            mode: Mode::Observe,
            observe: globs(&["acme/*"]),
            warn: globs(&["acme/w*", "acme/both"]),
            enforce: globs(&["acme/e*", "acme/both"]),
        };
        for (repo, mode) in [
            ("acme/legacy", Mode::Observe),
            ("acme/web", Mode::Warn),
            ("acme/engine", Mode::Enforce),
            ("acme/both", Mode::Enforce),
            ("other/x", Mode::Observe),
        ] {
            assert_eq!(rollout.mode_of(repo), mode, "{repo}");
        }
        assert_eq!(Rollout::default().mode_of("acme/legacy"), Mode::Enforce);
    }

    #[test]
    fn what_could_not_be_judged_passes_in_no_mode() {
        for mode in MODES {
            for state in [State::Error, State::UnknownCommit] {
                let binding = Binding { state, mode };
                assert!(!binding.passes(), "{binding:?}");
                let row = binding.rule().map(|rule| rule.state);
                assert_ne!(row, Some(RuleState::Overridden), "{binding:?}");
            }
        }
    }

    #[test]
    fn every_state_under_every_mode_passes_by_itself_or_by_a_named_override() {
        for state in State::ALL {
            assert_eq!(
                Binding { state, mode: Mode::Enforce }.passes(),
                state.passes(),
                "{state}: enforced, the decision is the answer"
            );
            for mode in [Mode::Observe, Mode::Warn] {
                let binding = Binding { state, mode };
                let row = binding.rule().expect("a mode that does not enforce is always told");
                let overridden = row.state == RuleState::Overridden;
                assert_eq!(binding.passes(), state.passes() || overridden, "{binding:?}");
                assert_eq!(overridden, binding.sets_aside(), "{binding:?}");
            }
        }
    }

    #[test]
    fn the_words_of_a_mode_are_read_back() {
        for mode in MODES {
            let told = Some(mode.as_str()).filter(|_| mode != Mode::Enforce);
            assert_eq!(Mode::of_answer(told), Some(mode));
        }
        assert_eq!(Mode::of_answer(Some("enforce")), None, "an answer that enforces names no mode");
        assert_eq!(Mode::of_answer(Some("off")), None);
    }
}
