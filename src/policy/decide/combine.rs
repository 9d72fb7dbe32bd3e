//! How states of rules become one (sem 5). Vacuous truth is false: of nothing, nothing is satisfied (P6).

use crate::policy::decision::RuleState;

/// `and`: error, then unsatisfied, then satisfied if at least one is, then not applicable. A rule that was set
/// aside lets the others decide; where nothing else holds, the whole is overridden, never satisfied (P5).
#[must_use]
pub fn all(states: &[RuleState]) -> RuleState {
    first_of(
        states,
        [
            RuleState::Error,
            RuleState::Unsatisfied,
            RuleState::Satisfied,
            RuleState::Overridden,
            RuleState::NotApplicable,
        ],
    )
}

/// `or`: satisfied if one is, unless a sibling could not be told.
#[must_use]
pub fn any(states: &[RuleState]) -> RuleState {
    first_of(
        states,
        [
            RuleState::Error,
            RuleState::Satisfied,
            RuleState::Overridden,
            RuleState::Unsatisfied,
            RuleState::NotApplicable,
        ],
    )
}

fn first_of(states: &[RuleState], order: [RuleState; 5]) -> RuleState {
    order.into_iter().find(|state| states.contains(state)).unwrap_or(RuleState::NotApplicable)
}

#[cfg(test)]
mod tests {
    use RuleState::{
        Error as E, NotApplicable as N, Overridden as O, Satisfied as S, Unsatisfied as U,
    };

    use super::*;

    #[test]
    fn case_55_and_and_or_follow_their_truth_tables() {
        let and = [
            (vec![], N),
            (vec![N], N),
            (vec![N, N], N),
            (vec![S], S),
            (vec![S, N], S),
            (vec![U, N], U),
            (vec![S, U, N], U),
            (vec![S, U, E], E),
            (vec![E, N], E),
            (vec![O], O),
            (vec![O, N], O),
            (vec![O, S], S),
            (vec![O, U], U),
        ];
        for (states, expected) in and {
            assert_eq!(all(&states), expected, "and {states:?}");
        }
        let or = [
            (vec![], N),
            (vec![N], N),
            (vec![U, N, S], S),
            (vec![S, E], E),
            (vec![U, N], U),
            (vec![U, U], U),
            (vec![O, U], O),
            (vec![E, U], E),
        ];
        for (states, expected) in or {
            assert_eq!(any(&states), expected, "or {states:?}");
        }
    }

    #[test]
    fn the_order_of_rules_never_matters() {
        let every = [S, U, N, O, E];
        for a in every {
            for b in every {
                for c in every {
                    for other in [[a, c, b], [b, a, c], [b, c, a], [c, a, b], [c, b, a]] {
                        assert_eq!(all(&[a, b, c]), all(&other));
                        assert_eq!(any(&[a, b, c]), any(&other));
                    }
                }
            }
        }
    }
}
