//! Requirements that nest, from the policy file to what the gate says is missing and who could give it.

use countersign::cli::demo::forge::Proposal;
use countersign::policy::State;
use countersign::policy::decision::RuleState;

use crate::both;
use crate::harness::town::{ORGANISATION, POLICY, REPO, Town, done};

/// Refunds need a second architect, or a check that never reports.
const REFUNDS: &str = r#"approval:
  also:
    - when: { files: ["src/payments/**"], except: ["src/payments/*.md"] }
      name: refunds
      any:
        - { role: architect, scope: payments, count: 2 }
        - { checks: ["ci/never"] }
"#;

both!(several_ways_are_one_missing_thing_and_one_of_them_lets_it_pass, |kind| async move {
    let mut town = Town::with(kind, ORGANISATION, &format!("{POLICY}{REFUNDS}")).await;
    let proposal =
        Proposal::new("refund", "Refunds").file("src/payments/refund.rs", "fn refund() { 1 }\n");
    let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
    town.arrive().await;
    let head = done(done(town.forge.pull(&pull)).head());
    done(done(town.forge.pull(&pull)).approve("arch1"));
    town.arrive().await;

    let answer = town.may_merge(head).await;
    assert_eq!(answer.state, State::Pending, "{:?}", answer.rules);
    let refunds = answer.rules.iter().find(|rule| rule.id == "also[0]").expect("the rule");
    assert_eq!((refunds.state, refunds.of.as_str()), (RuleState::Unsatisfied, "any"));
    assert_eq!(refunds.title, "refunds");
    let ways: Vec<&str> = answer.missing.iter().map(|one| one.one_of.as_str()).collect();
    assert_eq!(ways, ["also[0]", "also[0]"]);
    assert_eq!(answer.missing[0].who, ["arch2"], "who could give it, without who did");
    assert_eq!(answer.missing[1].kind, "check");

    done(done(town.forge.pull(&pull)).approve("arch2"));
    town.arrive().await;
    let answer = town.may_merge(head).await;
    assert_eq!(answer.state, State::Approved, "{:?}", answer.missing);
    assert!(answer.missing.is_empty());
});
