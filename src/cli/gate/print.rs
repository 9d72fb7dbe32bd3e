//! The answer for a terminal: what it is, what is missing, who can give it, what to do, where to read on.

use super::check::Answer;
use crate::cli::exit::Exit;
use crate::cli::out::{AMBER, DIM, GREEN, RED, foreign, row};
use crate::policy::Binding;
use crate::policy::State;
use crate::policy::decision::{Missing, Rule, RuleState};
use crate::policy::model::Mode;

/// The lines, without the last line end.
pub(super) fn text(answer: &Answer, exit: Exit) -> String {
    let binding = answer.binding();
    let aside = set_aside(answer);
    let (style, label) = match answer.state {
        _ if aside == Some(Mode::Observe) => (AMBER, "observed"),
        _ if aside.is_some() => (AMBER, "warned"),
        _ if answer.pass => (GREEN, "passed"),
        State::Error => (RED, "undecided"),
        State::Pending | State::Stale => (AMBER, "blocked"),
        _ => (RED, "blocked"),
    };
    let class = answer.class.as_deref().unwrap_or("no class");
    let place = answer.environment.as_deref().unwrap_or("merge");
    let head = format!("{} · {} · {}", answer.state, foreign(class), foreign(place));
    let mut lines = vec![row(style, label, &head)];
    if (answer.state.passes() || answer.missing.is_empty()) && !answer.summary.is_empty() {
        lines.push(row(DIM, "because", &foreign(&answer.summary)));
    }
    for missing in &answer.missing {
        lines.extend(missing_lines(missing));
    }
    if !answer.state.passes() {
        let mut todo = Vec::new();
        remedies(&answer.rules, &mut todo);
        lines.extend(todo.iter().map(|remedy| row(DIM, "do", &foreign(remedy))));
    }
    if let Some(rule) = binding.and_then(Binding::rule) {
        lines.push(row(DIM, "rollout", &rule.why));
    }
    if !answer.url.is_empty() {
        lines.push(row(DIM, "page", &foreign(&answer.url)));
    }
    lines.push(row(DIM, "exit", &(exit as u8).to_string()));
    lines.join("\n")
}

/// The mode of a rollout that sets a no aside; `None`: nothing is set aside.
fn set_aside(answer: &Answer) -> Option<Mode> {
    answer.binding().filter(|binding| binding.sets_aside()).map(|binding| binding.mode)
}

/// What a person in front of a pipeline must not miss: it goes on although the decision is no. Whoever is warned is
/// told what would be needed too.
pub(super) fn warning(answer: &Answer) -> Option<String> {
    let mode = set_aside(answer)?;
    let (repo, state) = (foreign(&answer.repo), answer.state);
    if mode == Mode::Observe {
        return Some(format!(
            "note: {repo} is only observed: {state} does not block yet; enforced, it would"
        ));
    }
    let needs = answer.missing.iter().map(|missing| {
        let role = missing.role.as_deref().unwrap_or(&missing.why);
        format!("{} ({})", foreign(&missing.kind), foreign(role))
    });
    let mut needs: Vec<String> = needs.collect();
    if needs.is_empty() && !answer.summary.is_empty() {
        needs.push(foreign(&answer.summary));
    }
    Some(format!(
        "warning: {repo} is not enforced yet: {state} does not block today and will once it is. What it needs: {}",
        if needs.is_empty() { "see the page".to_owned() } else { needs.join(", ") }
    ))
}

fn missing_lines(missing: &Missing) -> Vec<String> {
    let what = match &missing.role {
        Some(role) => {
            let scope = missing.scope.as_deref().filter(|scope| *scope != "*");
            let scope =
                scope.map(|scope| format!(", scope {}", foreign(scope))).unwrap_or_default();
            format!("{}{scope}   {} of {}", foreign(role), missing.have, missing.need)
        }
        None if missing.kind == "approval" => {
            format!("by name   {} of {}", missing.have, missing.need)
        }
        None => foreign(&missing.why),
    };
    let one_of = if missing.one_of.is_empty() { "" } else { " (one of several ways)" };
    let what = format!("{:<9} {what}{one_of}", foreign(&missing.kind));
    let mut lines = vec![row(AMBER, "missing", &what)];
    if missing.kind == "approval" {
        let who = match missing.who.as_slice() {
            [] => format!("nobody can give it ({})", foreign(&missing.why)),
            _ => foreign(&missing.who_text()),
        };
        lines.push(row("", "", &format!("who: {who}")));
    }
    lines
}

/// What would change the rules that do not hold, each once, in their order.
fn remedies(rules: &[Rule], found: &mut Vec<String>) {
    for rule in rules {
        let open = matches!(rule.state, RuleState::Unsatisfied | RuleState::Error);
        if open && !rule.remedy.is_empty() && !found.contains(&rule.remedy) {
            found.push(rule.remedy.clone());
        }
        if rule.remedy.is_empty() {
            remedies(&rule.rules, found);
        }
    }
}
