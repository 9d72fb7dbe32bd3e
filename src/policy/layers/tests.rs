//! A repository only ever tightens.
use proptest::prelude::*;

use super::*;
use crate::domain::Class;
use crate::policy::file::{read_organisation, read_repository};
use crate::policy::model::Staleness;
use crate::policy::requirement::Demand;

fn organisation(text: &str) -> OrganisationFile {
    read_organisation("organisation.yml", text.as_bytes()).expect("an organisation file")
}

fn repository(text: &str) -> RepositoryFile {
    read_repository(".countersign.yml", text.as_bytes()).expect("a repository file")
}

fn both(organisation_text: &str, repository_text: &str) -> Effective {
    let (upper, lower) = (organisation(organisation_text), repository(repository_text));
    effective(Layer::Read(&upper), Layer::Read(&lower), "main@4be1")
}

#[test]
fn case_110_a_weaker_repository_is_named_field_by_field_and_the_organisation_applies() {
    let effective = both(
        "version: 1\nfloor:\n  default_class: significant\n  staleness_at_most: same_delta\n  \
         trivial_ceiling: { files: 10, kinds: [config] }\napproval:\n  architects: { count: 2 }\n  \
         ticket: { required: true }\n",
        "version: 1\ndefault: routine\ntrivial:\n  max: { files: 50 }\n  docs: { files: [README.md] }\n\
         approval:\n  architects: { count: 1 }\n  ticket: { required: false }\n  staleness: clean_rebase\n",
    );
    assert_eq!(
        effective.invalid,
        [
            "repository: `approval.architects.count`, line 7: 1 is weaker than the organisation allows; 2 applies",
            "repository: `approval.staleness`, line 9: `clean_rebase` is weaker than the organisation allows; `same_delta` applies",
            "repository: `approval.ticket.required`, line 8: `false` is weaker than the organisation allows; `true` applies",
            "repository: `trivial.max.files`, line 4: 50 is weaker than the organisation allows; 10 applies",
            "repository: `trivial.docs`, line 5: a rule of kind `docs` is weaker than the organisation allows; `floor.trivial_ceiling.kinds: [config]` applies",
            "repository: `default`, line 2: `routine` is weaker than the organisation allows; `significant` applies",
        ]
    );
    assert_eq!(effective.policy.default, Class::Significant);
    assert_eq!(effective.policy.trivial.max.files, Some(10));
    assert!(effective.policy.trivial.docs.is_empty());
    assert_eq!(effective.policy.approval.architects.count, 2);
    assert!(effective.policy.approval.ticket.is_some_and(|ticket| ticket.required));
    assert_eq!(effective.policy.approval.staleness, Staleness::SameDelta);
}

#[test]
fn the_two_files_of_the_contract_fit_together() {
    let effective = both(
        include_str!("../file/testdata/organisation.yml"),
        include_str!("../file/testdata/repository.yml"),
    );
    assert_eq!(effective.invalid, Vec::<String>::new());
    assert_eq!(effective.policy.trivial.max.lines, Some(60));
    assert_eq!(effective.policy.significant.len(), 2);
    assert_eq!(effective.policy.approval.also.len(), 1);
    assert_eq!(effective.organisation.environments.len(), 2);
}

#[test]
fn what_a_repository_leaves_out_is_no_attempt_to_weaken() {
    let effective = both(
        "version: 1\ndefault: critical\napproval: { architects: { count: 3 }, staleness: same_commit }\n",
        "version: 1\n",
    );
    assert_eq!(effective.invalid, Vec::<String>::new());
    assert_eq!(effective.policy.default, Class::Critical);
    assert_eq!(effective.policy.approval.architects.count, 3);
    assert_eq!(effective.policy.approval.staleness, Staleness::SameCommit);
}

#[test]
fn an_organisation_may_let_repositories_choose_routine_and_owned_paths() {
    let upper = "version: 1\nfloor: { default_class: routine, staleness_at_most: owned_paths }\n\
                 default: significant\n";
    let chosen =
        both(upper, "version: 1\ndefault: routine\napproval: { staleness: owned_paths }\n");
    assert_eq!(chosen.invalid, Vec::<String>::new());
    assert_eq!(chosen.policy.default, Class::Routine);
    assert_eq!(chosen.policy.approval.staleness, Staleness::OwnedPaths);
    let silent = both(upper, "version: 1\n");
    assert_eq!(silent.policy.default, Class::Significant);
    assert_eq!(silent.policy.approval.staleness, Staleness::CleanRebase);
}

#[test]
fn routine_for_every_file_is_a_default_by_another_name() {
    let effective = both("version: 1\n", "version: 1\nroutine:\n  - { files: [\"**\"] }\n");
    assert!(effective.policy.routine.is_empty());
    assert_eq!(effective.invalid.len(), 1);
    assert!(effective.invalid[0].contains("`routine[0].files`, line 3"), "{:?}", effective.invalid);
}

#[test]
fn another_role_of_the_repository_stands_beside_the_organisations() {
    let effective = both(
        "version: 1\nroles: { lead: [{ user: lee }] }\n",
        "version: 1\napproval: { architects: { role: lead, count: 2 } }\n",
    );
    assert_eq!(effective.invalid, Vec::<String>::new());
    assert_eq!(effective.policy.approval.architects.role, "architect");
    let also = &effective.policy.approval.also[0];
    let lead = Demand::Role { role: "lead".to_owned(), scope: None, count: 2 };
    assert_eq!(also.needs.what, lead);
    assert_eq!(also.when.class, Some(Class::Significant));
}

#[test]
fn only_the_organisation_says_which_comments_are_opinions() {
    let (upper, silent) =
        ("version: 1\napproval: { comments: { approve: /approve } }\n", "version: 1\n");
    let comments = |effective: &Effective| {
        effective.policy.approval.comments.as_ref().and_then(|said| said.approve.clone())
    };
    for repeated in [silent, upper] {
        let both = both(upper, repeated);
        assert_eq!((both.invalid.len(), comments(&both).as_deref()), (0, Some("/approve")));
    }
    let alone = both(silent, upper);
    assert_eq!(comments(&alone), None);
    assert_eq!(
        alone.invalid,
        [
            "repository: `approval.comments`, line 2: `/approve` approves is weaker than the organisation allows; no approval by comment applies"
        ]
    );
    let other = both(upper, "version: 1\napproval: { comments: { approve: /lgtm, veto: /no } }\n");
    assert_eq!(comments(&other).as_deref(), Some("/approve"));
    assert!(other.invalid[0].contains("`approval.comments`, line 2"), "{:?}", other.invalid);
    let built_in = from_bytes(None, Some(("x.yml", upper.as_bytes())), "main");
    assert_eq!((comments(&built_in), built_in.invalid.len()), (None, 1));
}

#[test]
fn case_58_an_unknown_role_is_named_with_candidates() {
    let effective = both(
        "version: 1\n",
        "version: 1\napproval:\n  also:\n    - { when: { class: critical }, role: secruity }\n",
    );
    assert_eq!(
        effective.invalid,
        [
            "repository: `approval.also[0].role`, line 4: no role is called `secruity`; did you mean `security`?"
        ]
    );
}

#[test]
fn what_is_generated_or_binary_passes_only_where_the_organisation_lets_these_kinds() {
    let wanted = "version: 1\ntrivial:\n  \
        generated: [{ files: ['gen/**'], inputs: ['docs/**'], checks: [ci] }]\n  \
        binary: [{ files: ['docs/**/*.png'] }]\n";
    let ceiling =
        |kinds: &str| format!("version: 1\nfloor: {{ trivial_ceiling: {{ kinds: [{kinds}] }} }}\n");
    let neither = both(&ceiling("docs"), wanted);
    let named =
        |one: &String| one.contains("`trivial.generated`") || one.contains("`trivial.binary`");
    assert_eq!(neither.invalid.iter().filter(|one| named(one)).count(), 2, "{:?}", neither.invalid);
    assert!(
        neither.policy.trivial.generated.is_empty() && neither.policy.trivial.binary.is_empty()
    );
    let allowed = both(&ceiling("generated, binary"), wanted);
    assert_eq!(allowed.invalid, Vec::<String>::new());
    let trivial = &allowed.policy.trivial;
    assert_eq!((trivial.generated.len(), trivial.binary.len()), (1, 1));
    assert_eq!(trivial.generated[0].checks, ["ci"]);
    assert_eq!(trivial.generated[0].inputs[0].as_str(), "docs/**");
}

#[test]
fn an_unreadable_repository_file_lets_nothing_pass_by_itself() {
    let upper = organisation(
        "version: 1\ntrivial: { docs: { files: [README.md] } }\nreverts: { window: 7d }\n",
    );
    let read = read_repository(".countersign.yml", b"version: 1\naproval: {}\n");
    let effective = effective(Layer::Read(&upper), Layer::of(&read, "sha256:00"), "main@4be1");
    assert_eq!(
        effective.invalid,
        [
            "repository file: .countersign.yml:2:1: unknown key `aproval` (CS0110); did you mean `approval`?"
        ]
    );
    assert!(effective.policy.trivial.docs.is_empty());
    assert_eq!(effective.policy.trivial.kinds, Some(Vec::new()));
    assert_eq!(effective.policy.reverts, None);
    assert_eq!(effective.repository_digest.as_deref(), Some("sha256:00"));
}

#[test]
fn an_unreadable_organisation_file_lets_nothing_pass_by_itself_and_drops_no_requirement() {
    let text =
        b"version: 1\ntrivial: { docs: { files: [README.md] } }\nroutine: [{ files: [a] }]\n\
        reverts: { window: 7d }\nsignificant: [{ files: [b], scope: x }]\n";
    let broken: &[u8] = b"version: 3\n";
    let effective =
        from_bytes(Some(("organisation.yml", broken)), Some((".countersign.yml", text)), "main@1");
    assert_eq!(effective.invalid.len(), 1);
    assert!(effective.invalid[0].starts_with("organisation file: organisation.yml:1:10: "));
    assert!(effective.policy.trivial.docs.is_empty() && effective.policy.routine.is_empty());
    assert_eq!(effective.policy.reverts, None);
    assert_eq!(effective.policy.significant[0].scope.as_deref(), Some("x"));
    assert_eq!(effective.organisation_digest, sha256(broken));
}

#[test]
fn without_an_organisation_file_the_built_in_policy_is_what_a_repository_cannot_weaken() {
    let text = b"version: 1\ndefault: routine\nroutine: [{ files: ['tests/**'] }]\n";
    let effective = from_bytes(None, Some((".countersign.yml", text)), "main@1");
    assert_eq!(
        effective.invalid,
        [
            "repository: `default`, line 2: `routine` is weaker than the built-in policy allows; `significant` applies"
        ]
    );
    assert_eq!(
        effective.policy.routine.len(),
        1,
        "its own rules, not the built-in ones beside them"
    );
}

#[test]
fn counts_of_a_rule_and_patterns_of_tickets_do_not_undercut_the_organisation() {
    let effective = both(
        "version: 1\napproval: { architects: { count: 2 }, ticket: { required: false, pattern: 'PAY-\\d+' } }\n",
        "version: 1\nsignificant: [{ files: [a], count: 1 }]\n\
         approval: { ticket: { required: true, pattern: '.*' } }\n",
    );
    assert_eq!(
        effective.invalid,
        [
            "repository: `approval.ticket.pattern`, line 3: `.*` is not the `PAY-\\d+` of the organisation; `PAY-\\d+` applies",
            "repository: `significant[0].count`, line 2: 1 is weaker than the organisation allows; 2 applies",
        ]
    );
    assert_eq!(effective.policy.significant[0].count, Some(2));
    let ticket = effective.policy.approval.ticket.expect("a ticket rule");
    assert!(ticket.required && ticket.pattern.is_some_and(|one| !one.matches("anything")));
}

#[test]
fn without_any_file_the_built_in_policy_applies() {
    let none = effective(Layer::Missing, Layer::Missing, "main@4be1");
    assert_eq!(none.policy, Policy::built_in());
    assert_eq!(none.invalid, Vec::<String>::new());
    assert_eq!(none.repository_digest, None);
    assert!(none.organisation.deny_unaccounted);
}

/// The lines of a file in which each field may be left out.
#[derive(Debug, Clone)]
struct Fields {
    comments: Option<&'static str>,
    default: Option<&'static str>,
    staleness: Option<&'static str>,
    architects: Option<(u64, &'static str)>,
    peers: Option<(u64, &'static str)>,
    ticket: Option<(bool, Option<&'static str>)>,
    max: Option<(u64, u64)>,
    reverts: Option<u64>,
    bots: Option<(&'static str, &'static str)>,
    kinds: Option<&'static str>,
}

impl Fields {
    fn text(&self, organisation: bool) -> String {
        let mut text = "version: 1\n".to_owned();
        let mut line = |present: Option<String>| text.extend(present);
        line(self.default.map(|class| format!("default: {class}\n")));
        line(self.reverts.map(|days| format!("reverts: {{ window: {days}d }}\n")));
        line(Some("trivial:\n  docs: { files: [README.md] }\n".to_owned()));
        line(
            self.max.map(|(files, lines)| format!("  max: {{ files: {files}, lines: {lines} }}\n")),
        );
        line(self.bots.map(|(bots, step)| {
            format!("  dependencies: {{ bots: [{bots}], step: {step}, checks: [ci] }}\n")
        }));
        line(Some(
            "approval:\n  also: [{ when: { class: critical }, role: security }]\n".to_owned(),
        ));
        line(self.staleness.map(|word| format!("  staleness: {word}\n")));
        line(self.comments.map(|commands| format!("  comments: {{ {commands} }}\n")));
        let people =
            |name, (count, class)| format!("  {name}: {{ count: {count}, for: {class} }}\n");
        line(self.architects.map(|rule| people("architects", rule)));
        line(self.peers.map(|rule| people("peers", rule)));
        line(self.ticket.map(|(required, statuses)| {
            let statuses = statuses.map_or(String::new(), |list| format!(", statuses: [{list}]"));
            format!("  ticket: {{ required: {required}{statuses} }}\n")
        }));
        if organisation {
            line(
                self.kinds
                    .map(|kinds| format!("floor: {{ trivial_ceiling: {{ kinds: [{kinds}] }} }}\n")),
            );
        }
        text
    }
}

fn fields() -> impl Strategy<Value = Fields> {
    let class = || prop::sample::select(vec!["routine", "significant", "critical"]);
    let word = |words: &[&'static str]| prop::sample::select(words.to_vec());
    let staleness = word(&["same_commit", "same_delta", "clean_rebase", "owned_paths"]);
    let first = (
        prop::option::of(class()),
        prop::option::of(staleness),
        prop::option::of((1_u64..4, class())),
        prop::option::of((1_u64..4, class())),
        prop::option::of((
            any::<bool>(),
            prop::option::of(word(&["Open", "Open, Done", "Done, Closed"])),
        )),
    );
    let second = (
        prop::option::of((1_u64..20, 1_u64..200)),
        prop::option::of(1_u64..30),
        prop::option::of((word(&["a", "b", "\"a\", \"b\""]), word(&["patch", "minor"]))),
        prop::option::of(word(&["config", "docs", "config, docs, dependencies"])),
        prop::option::of(word(&[
            "approve: /a",
            "approve: /b",
            "veto: /a",
            "approve: /a, veto: /b",
        ])),
    );
    (first, second).prop_map(
        |(
            (default, staleness, architects, peers, ticket),
            (max, reverts, bots, kinds, comments),
        )| Fields {
            comments,
            default,
            staleness,
            architects,
            peers,
            ticket,
            max,
            reverts,
            bots,
            kinds,
        },
    )
}

/// Fields in which `merged` is weaker than `alone`.
fn weaker(merged: &Policy, alone: &Policy) -> Vec<&'static str> {
    let above = |one: Option<u64>, limit: Option<u64>| match (one, limit) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(one), Some(limit)) => one > limit,
    };
    let (new, old) = (&merged.approval, &alone.approval);
    let peers_weaker = old.peers.as_ref().is_some_and(|old| {
        new.peers
            .as_ref()
            .is_none_or(|new| new.count < old.count || new.from_class > old.from_class)
    });
    let ticket_weaker = old.ticket.as_ref().is_some_and(|old| {
        new.ticket.as_ref().is_none_or(|new| {
            (old.required && !new.required)
                || (!old.statuses.is_empty()
                    && (new.statuses.is_empty()
                        || new.statuses.iter().any(|status| !old.statuses.contains(status))))
        })
    });
    let bots_weaker = alone.trivial.dependencies.as_ref().is_some_and(|old| {
        merged.trivial.dependencies.as_ref().is_some_and(|new| {
            new.step > old.step
                || new.bots.iter().any(|bot| !old.bots.contains(bot))
                || old.checks.iter().any(|check| !new.checks.contains(check))
        })
    });
    let kind = |kind: &str| {
        alone.trivial.kinds.as_ref().is_none_or(|kinds| kinds.iter().any(|one| one == kind))
    };
    [
        ("default", merged.default < alone.default),
        ("staleness", new.staleness > old.staleness),
        ("architects.role", new.architects.role != old.architects.role),
        ("architects.count", new.architects.count < old.architects.count),
        ("architects.for", new.architects.from_class > old.architects.from_class),
        ("peers", peers_weaker),
        ("also", old.also.iter().any(|rule| !new.also.contains(rule))),
        ("ticket", ticket_weaker),
        ("comments", new.comments != old.comments),
        ("max.files", above(merged.trivial.max.files, alone.trivial.max.files)),
        ("max.lines", above(merged.trivial.max.lines, alone.trivial.max.lines)),
        ("kinds", merged.trivial.kinds != alone.trivial.kinds),
        ("docs", !kind("docs") && merged.trivial.docs != alone.trivial.docs),
        ("bots", bots_weaker),
        ("reverts", alone.reverts.is_some_and(|old| merged.reverts.is_none_or(|new| new > old))),
        (
            "critical",
            alone.always_critical.iter().any(|glob| !merged.always_critical.contains(glob)),
        ),
        ("significant", alone.significant.iter().any(|rule| !merged.significant.contains(rule))),
    ]
    .into_iter()
    .filter_map(|(field, weaker)| weaker.then_some(field))
    .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_repository_is_never_weaker_than_its_organisation_in_any_field(upper in fields(), lower in fields()) {
        let (upper, lower) = (organisation(&upper.text(true)), repository(&lower.text(false)));
        let merged = effective(Layer::Read(&upper), Layer::Read(&lower), "main@4be1");
        prop_assert_eq!(weaker(&merged.policy, &upper.policy), Vec::<&str>::new());
    }

    #[test]
    fn layering_a_policy_on_itself_changes_nothing(fields in fields()) {
        let text = fields.text(false);
        let (upper, lower) = (organisation(&text), repository(&text));
        let merged = effective(Layer::Read(&upper), Layer::Read(&lower), "main@4be1");
        prop_assert_eq!(merged.invalid, Vec::<String>::new());
        prop_assert_eq!(merged.policy.default, upper.policy.default);
        prop_assert_eq!(merged.policy.approval.staleness, upper.policy.approval.staleness);
        prop_assert_eq!(merged.policy.trivial.max, upper.policy.trivial.max);
    }
}
