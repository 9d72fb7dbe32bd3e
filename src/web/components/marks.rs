//! Marks that work without colour: state, rule, class, severity (interface 2.4). The word is always beside the shape.

#![expect(
    clippy::needless_pass_by_value,
    reason = "templates hand over fields, loop variables and references alike: see `Given`"
)]

use askama::Template;

use super::Given;
use crate::domain::Class;
use crate::domain::fact::Integrity;
use crate::policy::decision::{RuleState, State};
use crate::report::lanes::EventMark;
use crate::report::refs::{DeployStatus, Severity};

/// A shape from the sprite, in a colour, with its word.
#[derive(Debug, Clone, Template)]
#[template(path = "components/mark.html")]
pub struct Mark {
    shape: &'static str,
    tone: &'static str,
    word: String,
    boxed: bool,
}

impl askama::filters::HtmlSafe for Mark {}

/// Shape in the sprite and tone of a state.
#[must_use]
pub fn state_shape(state: State) -> (&'static str, &'static str) {
    match state {
        State::AutoApproved => ("rule-pass", "ok"),
        State::Approved => ("approved", "ok"),
        State::Pending => ("waiting", "wait"),
        State::Stale => ("stale", "stale"),
        State::Rejected => ("veto", "no"),
        State::EmergencyOpen => ("emergency", "emer"),
        State::Frozen => ("frozen", "frz"),
        State::Unaccounted => ("unaccounted", "un"),
        State::Unmatched | State::Error | State::UnknownCommit | State::PolicyInvalid => {
            ("undecided", "err")
        }
    }
}

/// The tone of a state: `ok`, `wait`, `no`, …
pub fn tone(state: impl Given<State>) -> &'static str {
    state_shape(*state.given()).1
}

/// Shape and tone of a rule's state.
#[must_use]
pub fn rule_shape(state: RuleState) -> (&'static str, &'static str) {
    match state {
        RuleState::Satisfied => ("approved", "ok"),
        RuleState::Unsatisfied => ("unsatisfied", "wait"),
        RuleState::NotApplicable => ("dash", "quiet"),
        RuleState::Overridden => ("overridden", "emer"),
        RuleState::Error => ("undecided", "err"),
    }
}

/// `state-mark`: a state in a table or a sentence.
pub fn state(state: impl Given<State>) -> Mark {
    let state = *state.given();
    let (shape, tone) = state_shape(state);
    Mark { shape, tone, word: state.words().into(), boxed: false }
}

/// `state-box`: the one state that a detail page is about, with its end where it has one.
pub fn state_box(state: impl Given<State>, until: impl Given<Option<crate::domain::Time>>) -> Mark {
    let mut mark = self::state(state);
    if let Some(until) = until.given() {
        mark.word = format!("{}, until {}", mark.word, until.utc().format("%Y-%m-%d %H:%M UTC"));
    }
    Mark { boxed: true, ..mark }
}

/// `rule-mark`: the state of a rule.
pub fn rule(state: impl Given<RuleState>) -> Mark {
    let state = *state.given();
    let (shape, tone) = rule_shape(state);
    Mark { shape, tone, word: state.words().into(), boxed: false }
}

/// A yes with its word, or the other word in the colour of a no.
pub fn holds(yes: impl Given<bool>, word: &str, other: &str) -> Mark {
    let (shape, tone, word) =
        if *yes.given() { ("approved", "ok", word) } else { ("unsatisfied", "no", other) };
    Mark { shape, tone, word: word.into(), boxed: false }
}

/// A word with the dash: does not apply, does not count.
#[must_use]
pub fn neutral(word: &str) -> Mark {
    Mark { shape: "dash", tone: "quiet", word: word.into(), boxed: false }
}

/// The mark of a yes of other content.
#[must_use]
pub fn stale(word: &str) -> Mark {
    Mark { shape: "stale", tone: "stale", word: word.into(), boxed: false }
}

/// `overridden`, beside a state and never melted into it.
pub fn overridden(number: impl Given<u64>) -> Mark {
    let word =
        format!("{} overridden", crate::report::words::plural(*number.given(), "rule", "rules"));
    Mark { shape: "overridden", tone: "emer", word, boxed: false }
}

/// Whether what landed is what was approved.
pub fn integrity(integrity: impl Given<Integrity>) -> Mark {
    let (shape, tone, word) = match integrity.given() {
        Integrity::Intact => ("approved", "ok", "unaltered"),
        Integrity::Altered => ("unsatisfied", "no", "altered"),
        Integrity::Unknown => ("undecided", "err", "not told"),
    };
    Mark { shape, tone, word: word.into(), boxed: false }
}

/// The mark of an outcome in a legend or a figure: `rule-pass`, `emergency`, `unaccounted` and so on, without a word.
#[must_use]
pub fn bare(shape: &'static str, tone: &'static str) -> Mark {
    Mark { shape, tone, word: String::new(), boxed: false }
}

/// `class-mark`: four rising bars and the word. No hue: class is size of care, not good or bad.
#[derive(Debug, Clone, Template)]
#[template(path = "components/class_mark.html")]
pub struct ClassMark {
    class: Class,
    level: u8,
}

impl askama::filters::HtmlSafe for ClassMark {}

/// The mark of a class.
pub fn class(class: impl Given<Class>) -> ClassMark {
    let class = *class.given();
    let level = match class {
        Class::Trivial => 1,
        Class::Routine => 2,
        Class::Significant => 3,
        Class::Critical => 4,
    };
    ClassMark { class, level }
}

/// `severity-mark`: a letter in a square and the word.
#[derive(Debug, Clone, Template)]
#[template(path = "components/severity_mark.html")]
pub struct SeverityMark {
    severity: Severity,
    word: bool,
}

impl askama::filters::HtmlSafe for SeverityMark {}

/// Letter and word.
pub fn severity(severity: impl Given<Severity>) -> SeverityMark {
    SeverityMark { severity: *severity.given(), word: true }
}

/// The letter only, where the exception's kind stands beside it; the word is there for a screen reader.
pub fn severity_letter(severity: impl Given<Severity>) -> SeverityMark {
    SeverityMark { severity: *severity.given(), word: false }
}

/// The result of a deploy: lower case text, only `failed` is marked.
#[derive(Debug, Clone, Template)]
#[template(
    source = r#"<span class="result {% if status == DeployStatus::Failed %}is-failed{% endif %}">{{ status.words() }}</span>"#,
    ext = "html"
)]
pub struct Result {
    status: DeployStatus,
}

impl askama::filters::HtmlSafe for Result {}

/// A deploy's result.
pub fn result(status: impl Given<DeployStatus>) -> Result {
    Result { status: *status.given() }
}

/// Shape and tone of an event of the time lanes, with its number inside.
#[must_use]
pub fn event_tone(mark: EventMark) -> &'static str {
    mark.as_str()
}

/// The number of an event in its mark, in the table.
#[derive(Debug, Clone, Template)]
#[template(
    source = r#"<span class="event-number is-{{ tone }}">{{ number }}</span>"#,
    ext = "html"
)]
pub struct EventNumber {
    number: usize,
    tone: &'static str,
}

impl askama::filters::HtmlSafe for EventNumber {}

/// The number of the event at this place, counted from 0.
pub fn event_number(place: &usize, mark: impl Given<EventMark>) -> EventNumber {
    EventNumber { number: place + 1, tone: event_tone(*mark.given()) }
}
