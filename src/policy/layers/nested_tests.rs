//! A repository's own requirements and conditions, however they nest, only ever tighten.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::from_bytes;
use crate::domain::Class;
use crate::policy::arbitrary::entry;
use crate::policy::testkit::Story;

fn organisation(also: &[Value]) -> String {
    let people: Vec<Value> =
        ["dev1", "arch1", "peer1"].iter().map(|user| json!({ "user": user })).collect();
    let mut file = json!({ "version": 1, "people": people });
    if !also.is_empty() {
        file["approval"] = json!({ "also": also });
    }
    file.to_string()
}

fn repository(also: &[Value]) -> String {
    json!({ "version": 1, "approval": { "also": also } }).to_string()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_passes_under_both_passes_under_the_organisation_alone(
        upper in prop::collection::vec(entry(), 0..3),
        lower in prop::collection::vec(entry(), 1..3),
        said in prop::collection::vec(prop::sample::select(vec!["arch1", "sec1", "peer1"]), 0..4),
        trivial in any::<bool>(),
        scan in prop::option::of(prop::sample::select(vec!["success", "skipped"])),
    ) {
        let (upper, lower) = (organisation(&upper), repository(&lower));
        let alone = from_bytes(Some(("o.yml", upper.as_bytes())), None, "main@1");
        let both = from_bytes(
            Some(("o.yml", upper.as_bytes())),
            Some(("r.yml", lower.as_bytes())),
            "main@1",
        );
        prop_assert_eq!(&both.invalid, &Vec::<String>::new());
        let kept = alone.policy.approval.also.iter().all(|rule| both.policy.approval.also.contains(rule));
        prop_assert!(kept, "a requirement of the organisation is gone");
        let class = if trivial { Class::Trivial } else { Class::Significant };
        let story = said.iter().fold(
            Story::of(class).architect("arch1").architect("sec1").grant("sec1", "security", &["*"]).check("scan", scan),
            |story, who| story.approves(who),
        );
        let passes = |effective| {
            story.clone().with(|story| story.effective = effective).decide().passes()
        };
        prop_assert!(!passes(both) || passes(alone));
    }
}

#[test]
fn case_58_names_inside_are_looked_up_as_well() {
    let upper = organisation(&[]);
    let lower = "version: 1\napproval:\n  also:\n    - when: { authors: { roles: [contracter] } }\n      \
                 any:\n        - { role: secruity }\n        - { people: [arch2] }\n";
    let both =
        from_bytes(Some(("o.yml", upper.as_bytes())), Some(("r.yml", lower.as_bytes())), "main@1");
    assert_eq!(
        both.invalid,
        [
            "repository: `approval.also[0].any[0].role`, line 6: no role is called `secruity`; did you mean `security`?",
            "repository: `approval.also[0].when.authors.roles[0]`, line 4: no role is called `contracter`; known here: `architect`, `security`, `breakglass`",
            "repository: `approval.also[0].any[1].people[0]`, line 7: no person is called `arch2`; did you mean `arch1`?",
        ]
    );
    let alone = from_bytes(None, Some(("r.yml", lower.as_bytes())), "main@1");
    assert_eq!(alone.invalid.len(), 1);
    assert!(alone.invalid[0].ends_with("the built-in policy lists none under `people`"));
}
