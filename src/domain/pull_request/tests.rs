//! A pull request's life, in every order.

use super::*;
use crate::domain::fold::testing::{at, every_order_and_duplication_ends_alike, oid, person, repo};

#[derive(Debug, Clone)]
pub(super) enum Told {
    Pull(Box<PullRequestEvent>),
    Review(Box<ReviewEvent>),
    Comment(Box<CommentEvent>),
}

pub(super) fn told(event: PullRequestEvent) -> Told {
    Told::Pull(Box::new(event))
}

pub(super) fn pull(action: &str, minute: u32, head: char) -> PullRequestEvent {
    PullRequestEvent {
        repo: repo(),
        number: 7,
        action: action.to_owned(),
        moment: at(minute),
        created_at: Some(at(0)),
        title: format!("PAY-7 {action}"),
        body: String::new(),
        open: action != "closed",
        draft: false,
        opener: Some(person("1", "ada")),
        head: oid(head),
        head_branch: "feature".to_owned(),
        head_repo: None,
        base_branch: "main".to_owned(),
        base: oid('0'),
        labels: Vec::new(),
        merged: false,
        merge_commit: None,
        merged_at: None,
        merged_by: None,
        sender: Some(person("1", "ada")),
        assigned: Vec::new(),
        before: None,
        url: None,
    }
}

pub(super) fn push(minute: u32, before: char, head: char, by: Option<Account>) -> PullRequestEvent {
    PullRequestEvent { before: Some(oid(before)), sender: by, ..pull("synchronize", minute, head) }
}

fn review(id: &str, action: &str, state: &str, minute: u32) -> ReviewEvent {
    ReviewEvent {
        repo: repo(),
        number: 7,
        action: action.to_owned(),
        review: id.to_owned(),
        by: Some(person("2", "grace")),
        member: Some(true),
        state: state.to_owned(),
        commit: Some(oid('b')),
        base: None,
        submitted_at: Some(at(20)),
        moment: at(minute),
        body: String::new(),
    }
}

fn comment(action: &str, minute: u32) -> CommentEvent {
    CommentEvent {
        repo: repo(),
        number: 7,
        action: action.to_owned(),
        comment: "31".to_owned(),
        by: Some(person("2", "grace")),
        by_app: false,
        member: Some(true),
        line: Some("/approve".to_owned()),
        edited: action == "edited",
        created_at: at(21),
        moment: at(minute),
        sender: Some(person("1", "ada")),
    }
}

fn merged(minute: u32) -> PullRequestEvent {
    PullRequestEvent {
        merged: true,
        merge_commit: Some(oid('e')),
        merged_at: Some(at(minute)),
        merged_by: Some(person("2", "grace")),
        ..pull("closed", minute, 'c')
    }
}

fn life() -> Vec<Told> {
    vec![
        told(pull("opened", 0, 'a')),
        told(pull("labeled", 0, 'a')),
        told(push(10, 'a', 'b', Some(person("1", "ada")))),
        Told::Review(Box::new(review("90", "submitted", "approved", 20))),
        Told::Comment(Box::new(comment("created", 21))),
        Told::Comment(Box::new(comment("edited", 22))),
        told(PullRequestEvent { base_branch: "release".to_owned(), ..pull("edited", 25, 'b') }),
        told(push(30, 'b', 'c', None)),
        Told::Review(Box::new(review("90", "dismissed", "dismissed", 31))),
        Told::Review(Box::new(review("90", "edited", "dismissed", 33))),
        Told::Review(Box::new(review("100", "submitted", "commented", 32))),
        told(merged(40)),
        told(pull("unlabeled", 41, 'c')),
        told(pull("labeled", 41, 'c')),
    ]
}

pub(super) fn fold(events: &[Told]) -> PullRequest {
    let mut all = PullRequest::new("186853002", 7);
    for event in events {
        match event {
            Told::Pull(event) => all.apply(event),
            Told::Review(event) => all.apply_review(event),
            Told::Comment(event) => all.apply_comment(event),
        }
    }
    all
}

#[test]
fn every_order_of_deliveries_ends_in_the_same_pull_request() {
    every_order_and_duplication_ends_alike(&life(), fold);
}

#[test]
fn it_remembers_heads_pushers_bases_and_that_it_landed() {
    let pull = fold(&life());
    assert_eq!(pull.head(), Some(oid('c')));
    assert!(pull.merged() && !pull.open());
    assert_eq!(pull.landed.as_ref().and_then(|landed| landed.value.commit), Some(oid('e')));
    assert_eq!(pull.bases, ["main".to_owned(), "release".to_owned()].into());
    assert_eq!(pull.pushers(), [person("1", "ada")].into());
    assert!(pull.heads[&oid('c')].pushed_by_unknown);
    assert_eq!(pull.heads[&oid('b')].first_seen, Some(at(10)));
}

#[test]
fn a_push_of_which_nobody_knows_by_whom_is_remembered() {
    let by = || Some(person("1", "ada"));
    let opened = || vec![told(pull("opened", 0, 'a')), told(push(10, 'a', 'b', by()))];
    assert!(!fold(&opened()).pushed_by_unknown());
    let untold = [opened(), vec![told(pull("labeled", 20, 'c'))]].concat();
    assert!(fold(&untold).pushed_by_unknown(), "the push of this head was never told");
    let skipped = [opened(), vec![told(push(20, 'c', 'd', by()))]].concat();
    assert!(fold(&skipped).pushed_by_unknown(), "something came between");
    let nameless = [opened(), vec![told(push(20, 'b', 'c', None))]].concat();
    assert!(fold(&nameless).pushed_by_unknown());
}

fn by_bot(action: &str, minute: u32, sender: Account, assigned: Vec<Account>) -> Told {
    let opener = Some(bot());
    let event = pull(action, minute, 'a');
    told(PullRequestEvent { opener, sender: Some(sender), assigned, ..event })
}

fn bot() -> Account {
    Account { kind: AccountKind::Bot, ..person("66", "copilot[bot]") }
}

#[test]
fn who_is_behind_a_bots_proposal_is_remembered_whatever_the_order() {
    let (ada, bob, eve, kim) =
        (person("1", "ada"), person("2", "bob"), person("3", "eve"), person("4", "kim"));
    let events = vec![
        by_bot("opened", 0, ada.clone(), vec![bob.clone(), bot()]),
        by_bot("assigned", 5, bot(), vec![kim.clone()]),
        by_bot("assigned", 6, ada.clone(), vec![person("5", "lee")]),
        by_bot("labeled", 7, person("6", "mia"), vec![person("6", "mia")]),
        by_bot("ready_for_review", 10, eve.clone(), Vec::new()),
        by_bot("reopened", 20, bot(), Vec::new()),
        by_bot("reopened", 30, ada.clone(), Vec::new()),
    ];
    let expected = [
        (Drove::Opened, ada.clone()),
        (Drove::Reopened, ada),
        (Drove::Readied, eve),
        (Drove::Assigned, bob),
        (Drove::Assigned, kim),
    ];
    assert_eq!(fold(&events).drivers, expected.into());
    every_order_and_duplication_ends_alike(&events, fold);
}

#[test]
fn nobody_is_behind_what_a_person_opened_and_who_opened_it_may_have_been_a_bot_if_nobody_says() {
    let act = |opener: Option<Account>| {
        let sender = Some(person("2", "bob"));
        fold(&[told(PullRequestEvent { opener, sender, ..pull("reopened", 5, 'a') })])
    };
    let by_person = act(Some(person("1", "ada")));
    assert!(by_person.drivers.is_empty());
    let text = serde_json::to_string(&by_person).expect("JSON");
    assert!(!text.contains("drivers"), "an old fold keeps its bytes: {text}");
    assert_eq!(act(None).drivers, [(Drove::Reopened, person("2", "bob"))].into());
}

#[test]
fn a_dismissed_review_keeps_what_it_said_and_when_it_was_dismissed() {
    let pull = fold(&life());
    let review = &pull.reviews["90"];
    assert_eq!(review.verdict(), Verdict::Approve);
    assert_eq!(review.dismissed(), Some(at(31)));
    assert_eq!(pull.votes().iter().map(|(id, _)| *id).collect::<Vec<_>>(), ["90", "100"]);
}

#[test]
fn two_pushes_within_one_second_leave_the_head_that_nothing_replaced() {
    for (first, second) in [('b', 'c'), ('c', 'b')] {
        let events = vec![
            told(pull("opened", 0, 'a')),
            told(push(10, 'a', first, Some(person("1", "ada")))),
            told(push(10, first, second, Some(person("1", "ada")))),
        ];
        assert_eq!(fold(&events).head(), Some(oid(second)));
        every_order_and_duplication_ends_alike(&events, fold);
    }
}

#[test]
fn a_pending_review_and_an_event_of_another_pull_request_change_nothing() {
    let mut pull = PullRequest::new("186853002", 8);
    pull.apply(&merged(40));
    pull.apply_review(&review("1", "submitted", "approved", 20));
    assert_eq!(pull, PullRequest::new("186853002", 8));
    let mut pull = PullRequest::new("186853002", 7);
    pull.apply_review(&review("1", "submitted", "pending", 20));
    assert_eq!(pull, PullRequest::new("186853002", 7));
}

#[test]
fn whether_an_author_belonged_is_as_it_was_told_first_whatever_the_order() {
    let told = |minute, member| ReviewEvent { member, ..review("1", "edited", "approved", minute) };
    let events =
        [told(21, Some(true)), told(20, None), told(22, Some(false)), told(23, Some(true))];
    let fold = |events: &[ReviewEvent]| {
        let mut pull = PullRequest::new(&repo().id, 7);
        for event in events {
            pull.apply_review(event);
        }
        pull.reviews["1"].membership
    };
    assert_eq!(fold(&events), Some(Membership { at: at(21), member: true }));
    let both = [told(21, Some(true)), told(21, Some(false))];
    assert_eq!(fold(&both).map(|told| told.member), Some(false));
    every_order_and_duplication_ends_alike(&events, fold);
    every_order_and_duplication_ends_alike(&both, fold);
}

#[test]
fn the_state_reads_back_from_its_json() {
    let pull = fold(&life());
    let text = serde_json::to_string(&pull).expect("json");
    assert_eq!(serde_json::from_str::<PullRequest>(&text).expect("back"), pull);
}
