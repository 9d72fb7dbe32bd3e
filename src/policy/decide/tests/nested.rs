//! Requirements that nest, their conditions, and what is said about them (sem 5).

use crate::domain::Class;
use crate::policy::condition::{Authors, Size, When};
use crate::policy::decision::{Missing, RuleState, State};
use crate::policy::requirement::{Demand, Requirement};
use crate::policy::testkit::{
    Story, commit, glob, needs_role, oid, requirement, rule, signature, stranger,
};

fn any(parts: Vec<Requirement>) -> Requirement {
    requirement(Demand::Any(parts))
}

fn all(parts: Vec<Requirement>) -> Requirement {
    requirement(Demand::All(parts))
}

fn checks(names: &[&str], conclusions: &[&str]) -> Requirement {
    let texts = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    requirement(Demand::Checks { checks: texts(names), conclusions: texts(conclusions) })
}

fn by_name(people: &[&str], count: u64) -> Requirement {
    requirement(Demand::People {
        people: people.iter().map(|name| (*name).into()).collect(),
        count,
    })
}

fn always() -> When {
    When { class: Some(Class::Routine), ..When::default() }
}

/// Approved by its architect; what else is needed is the story's.
fn story() -> Story {
    Story::significant()
        .architect("arch1")
        .grant("sec1", "security", &["*"])
        .grant("sec2", "security", &["*"])
        .approves("arch1")
}

#[test]
fn one_of_several_ways_is_enough_and_until_then_each_says_who_could_give_it() {
    let needs = any(vec![needs_role("security"), by_name(&["lee", "dev1"], 1)]);
    let story = story().needs(always(), needs);
    let decision = story.decide();
    assert_eq!(decision.state, State::Pending);
    let also = rule(&decision.rules, "also[0]");
    assert_eq!((also.state, also.of.as_str()), (RuleState::Unsatisfied, "any"));
    assert_eq!(also.title, "1 security, or 1 of dev1, lee");
    assert_eq!(also.remedy, "Ask one of: sec1, sec2; or Ask one of: lee");
    assert_eq!(also.rules[1].id, "also[0].any[1]");
    let who: Vec<&[String]> = decision.missing.iter().map(|one| one.who.as_slice()).collect();
    assert_eq!(who, [["sec1", "sec2"].map(String::from).as_slice(), &["lee".to_owned()]]);
    assert!(decision.missing.iter().all(|one| one.one_of == "also[0]"));
    assert_eq!(Missing::things(&decision.missing), 1);
    assert_eq!(decision.summary, "1 thing is missing: 1 security, or 1 of dev1, lee.");

    let approved = story.clone().approves("lee").decide();
    assert_eq!(approved.state, State::Approved);
    assert!(approved.missing.is_empty());
    assert_eq!(story.clone().approves("sec2").state(), State::Approved);
    // The opener is named, and still no approver.
    assert_eq!(story.approves("dev1").state(), State::Pending);
}

#[test]
fn all_of_several_needs_each_and_nests_under_any() {
    let both = all(vec![needs_role("security"), checks(&["ci/fuzz"], &["success"])]);
    let story = story().needs(always(), any(vec![by_name(&["lee"], 1), both]));
    let half = story.clone().approves("sec1");
    assert_eq!(half.state(), State::Pending);
    let decision = half.decide();
    let fuzz = rule(&decision.rules, "also[0].any[1].all[1].checks");
    assert_eq!(fuzz.seen, ["ci/fuzz: not reported"]);
    assert_eq!(half.check("ci/fuzz", Some("success")).state(), State::Approved);
    assert_eq!(story.check("ci/fuzz", Some("success")).state(), State::Pending);
}

#[test]
fn case_62_only_the_listed_conclusions_pass_and_what_is_missing_never_does() {
    let needs = |conclusions: &[&str]| story().needs(always(), checks(&["ci"], conclusions));
    assert_eq!(needs(&["success"]).state(), State::Pending, "missing");
    for (ended, strict, lenient) in [
        (None, false, false),
        (Some("success"), true, true),
        (Some("skipped"), false, false),
        (Some("neutral"), false, true),
        (Some("failure"), false, false),
        (Some("cancelled"), false, false),
    ] {
        let passes = |listed: &[&str]| needs(listed).check("ci", ended).decide().passes();
        assert_eq!(passes(&["success"]), strict, "{ended:?}");
        assert_eq!(passes(&["success", "neutral"]), lenient, "{ended:?}");
    }
    // Two apps use one name: each has to have passed.
    let two = needs(&["success"]).check("ci", Some("success")).check("ci", Some("skipped"));
    assert_eq!(two.state(), State::Pending);
}

#[test]
fn a_trivial_change_whose_check_passed_was_approved_by_nobody() {
    let story = Story::of(Class::Trivial)
        .needs(When { draft: false, ..When::default() }, checks(&["ci"], &["success"]));
    assert_eq!(story.state(), State::Pending);
    assert_eq!(story.clone().check("ci", Some("success")).state(), State::AutoApproved);
    // Nor where a person could have said yes instead of the check.
    let either = any(vec![needs_role("security"), checks(&["ci"], &["success"])]);
    let story = Story::of(Class::Trivial).grant("sec1", "security", &["*"]).needs(always(), either);
    let trivial =
        story.with(|story| story.effective.policy.approval.also[0].when = When::default());
    assert_eq!(trivial.state(), State::Pending);
    assert_eq!(trivial.clone().check("ci", Some("success")).state(), State::AutoApproved);
    assert_eq!(trivial.approves("sec1").state(), State::Approved);
}

#[test]
fn a_name_and_a_description_stand_in_title_and_reason() {
    let needs = Requirement {
        name: Some("sign-in".to_owned()),
        description: Some("Sessions outlive their keys.".to_owned()),
        ..needs_role("security")
    };
    let decision = story().needs(always(), needs).decide();
    let also = rule(&decision.rules, "also[0]");
    assert_eq!(also.title, "sign-in: 1 security");
    assert_eq!(also.why, "Sessions outlive their keys: the change is significant");
}

#[test]
fn of_many_who_could_give_it_the_first_are_named_and_the_others_counted() {
    let many = |story: Story| {
        (0..30).fold(story, |story, n| story.grant(&format!("q{n:02}"), "qa", &["*"]))
    };
    let decision = many(story()).needs(always(), needs_role("qa")).decide();
    let missing = &decision.missing[0];
    assert_eq!((missing.who.len(), missing.who_more), (20, 10));
    assert!(missing.who_text().ends_with("q19 and 10 more"));
    assert!(rule(&decision.rules, "also[0]").remedy.ends_with("q19 and 10 more"));
}

#[test]
fn a_stale_way_is_stale_only_where_it_would_be_enough() {
    let needs = || any(vec![needs_role("security"), by_name(&["lee"], 1)]);
    let stale = Story::significant()
        .architect("arch1")
        .grant("sec1", "security", &["*"])
        .needs(always(), needs())
        .approves("arch1")
        .approves_at("sec1", 'a');
    assert_eq!(stale.state(), State::Stale);
    let both = all(vec![needs(), checks(&["ci"], &["success"])]);
    let pending = stale.with(|story| story.effective.policy.approval.also[0].needs = both);
    assert_eq!(pending.state(), State::Pending);
}

fn applies(when: When, story: &Story) -> bool {
    let decision = story.clone().needs(when, needs_role("security")).decide();
    rule(&decision.rules, "also[0]").state != RuleState::NotApplicable
}

#[test]
fn files_may_be_excepted_but_a_path_that_is_no_text_never_is() {
    let when = || When {
        files: vec![glob("src/**")],
        except: vec![glob("src/ledger.rs"), glob("src/gen/**")],
        ..When::default()
    };
    let story = Story::significant();
    assert!(!applies(when(), &story));
    assert!(applies(when(), &story.clone().file("src/a.rs", Class::Significant, None)));
    let hidden = story.with(|story| {
        let path = crate::domain::RepoPath::new(&b"src/gen/\xff.rs"[..]);
        story.facts.files[0].path = path.clone();
        story.class.files[0].path = path;
    });
    assert!(applies(when(), &hidden));
}

fn beyond(globs: &[&str]) -> When {
    let only =
        When { only_files: globs.iter().map(|text| glob(text)).collect(), ..When::default() };
    When { not: Some(Box::new(only)), ..When::default() }
}

#[test]
fn case_71_of_an_empty_diff_no_file_is_inside() {
    assert!(applies(beyond(&["**"]), &Story::empty(Class::Routine)));
    let story = Story::significant();
    assert!(!applies(beyond(&["src/**"]), &story));
    assert!(applies(beyond(&["docs/**"]), &story));
    assert!(applies(beyond(&["src/**"]), &story.file("docs/a.md", Class::Routine, None)));
}

#[test]
fn a_check_that_has_not_reported_is_not_passed() {
    let when = || When { not_passed: vec!["scan".to_owned()], ..When::default() };
    let story = Story::significant();
    assert!(applies(when(), &story));
    for ended in [None, Some("failure"), Some("skipped"), Some("neutral")] {
        assert!(applies(when(), &story.clone().check("scan", ended)), "{ended:?}");
    }
    assert!(!applies(when(), &story.check("scan", Some("success"))));
}

#[test]
fn authors_are_all_who_took_part_and_somebody_unknown_may_be_anybody() {
    let among = |authors: Authors| When { authors: Some(authors), ..When::default() };
    let people = |name: &str| Authors { people: vec![name.into()], ..Authors::default() };
    let role = || Authors { roles: vec!["contractor".to_owned()], ..Authors::default() };
    let bots = || Authors { bots: true, ..Authors::default() };
    let story = Story::significant();
    assert!(applies(among(people("dev1")), &story));
    assert!(!applies(among(people("dev2")), &story));
    let helped = story.clone().commit(commit('b', signature("dev2")));
    assert!(applies(among(people("dev2")), &helped));
    assert!(!applies(among(role()), &story));
    // Held once is enough here.
    let once =
        story.clone().grant("dev1", "contractor", &["x"]).until(crate::policy::testkit::minute(1));
    assert!(applies(among(role()), &once));
    assert!(!applies(among(bots()), &story));
    let bot = crate::domain::Signature { person: None, bot: true, ..signature("renovate") };
    assert!(applies(among(bots()), &story.clone().commit(commit('b', bot))));
    let gone = story.clone().with(|story| story.facts.pull.as_mut().expect("a pull").opener = None);
    assert!(
        applies(among(people("dev2")), &gone),
        "an account that is gone may have been anybody's"
    );
    assert!(applies(among(people("dev2")), &story.commit(commit('b', stranger()))));
}

#[test]
fn whoever_is_not_known_to_be_inside_is_outside() {
    let outside = |authors: Authors| {
        let only = When { only_authors: Some(authors), ..When::default() };
        When { not: Some(Box::new(only)), ..When::default() }
    };
    let staff = || Authors { roles: vec!["staff".to_owned()], ..Authors::default() };
    let story = Story::significant();
    assert!(applies(outside(staff()), &story));
    let insider = story.clone().grant("dev1", "staff", &["web"]);
    assert!(!applies(outside(staff()), &insider));
    assert!(applies(outside(staff()), &insider.clone().until(crate::policy::testkit::minute(1))));
    assert!(applies(outside(staff()), &insider.clone().commit(commit('b', stranger()))));
    assert!(applies(outside(staff()), &insider.commit(commit('b', signature("dev2")))));
}

#[test]
fn a_size_counts_files_lines_and_keys_and_what_nobody_counted_is_over() {
    let over = |size: Size| When { size: Some(size), ..When::default() };
    let lines = |limit| Size { lines_over: Some(limit), ..Size::default() };
    let story = Story::significant();
    assert!(!applies(over(Size { files_over: Some(1), ..Size::default() }), &story));
    let two = story.clone().file("src/b.rs", Class::Significant, None);
    assert!(applies(over(Size { files_over: Some(1), ..Size::default() }), &two));
    assert!(applies(over(lines(1)), &two));
    assert!(!applies(over(lines(1)), &story));
    assert!(!applies(over(Size { keys_over: Some(1), ..Size::default() }), &two));
    let uncounted = story.with(|story| story.facts.files[0].content.lines = None);
    assert!(applies(over(lines(100)), &uncounted));
}

#[test]
fn conditions_nest_and_say_why_they_hold() {
    let label = |name: &str| When { labels: vec![name.to_owned()], ..When::default() };
    let either = When { any: vec![label("risky"), always()], ..When::default() };
    let both = When { all: vec![label("risky"), always()], ..When::default() };
    let story = Story::significant();
    assert!(applies(either.clone(), &story));
    assert!(!applies(both, &story));
    let decision = story.needs(either, needs_role("security")).decide();
    assert_eq!(rule(&decision.rules, "also[0]").why, "the change is significant");
}

#[test]
fn an_approval_of_owned_files_is_asked_of_every_rule_that_the_same_people_fill() {
    let about = |files: &str| When { files: vec![glob(files)], ..When::default() };
    let story = Story::empty(Class::Significant)
        .file("a/x.rs", Class::Significant, None)
        .architect("arch1")
        .approves("arch1")
        .grant("sec1", "security", &["*"])
        .needs(about("a/**"), needs_role("security"))
        .needs(about("b/**"), needs_role("security"))
        .staleness(crate::policy::model::Staleness::OwnedPaths)
        .approves_at("sec1", 'e')
        .was('e', "b/y.rs", Some('7'));
    assert_eq!(oid('e'), story.facts.reviewed[0].commit);
    assert_eq!(story.state(), State::Stale, "b/y.rs was theirs too, and it is gone");
}
