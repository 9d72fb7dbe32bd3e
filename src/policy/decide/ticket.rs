//! The ticket rule: some linked ticket exists, looks as it must, and is in a status in which work may land.

use super::conditions::{Found, leaf};
use crate::domain::fact::{Facts, Ticket};
use crate::policy::decision::{Missing, Rule, RuleState};
use crate::policy::model::{Policy, TicketRule};

/// Judges the linked tickets. It is asked of every class; a trivial change needs its ticket too.
pub(super) fn ticket(policy: &Policy, facts: &Facts) -> Found {
    let Some(rule) = policy.approval.ticket.as_ref().filter(|rule| rule.required) else {
        let why = "the policy asks for no ticket";
        return (leaf("ticket", "Ticket", RuleState::NotApplicable, why), Vec::new());
    };
    let mut tickets: Vec<&Ticket> = facts.tickets.iter().collect();
    tickets.sort_by(|a, b| a.key.cmp(&b.key));
    let judged: Vec<(&Ticket, Result<String, String>)> =
        tickets.iter().map(|ticket| (*ticket, judge(ticket, rule))).collect();
    let mut found =
        Rule { from: rule.from.clone(), ..leaf("ticket", "Ticket", RuleState::Satisfied, "") };
    found.seen = judged.iter().map(|(_, verdict)| sentence(verdict)).collect();
    if let Some((ticket, _)) = judged.iter().find(|(_, verdict)| verdict.is_ok()) {
        found.why = format!("{} is linked", ticket.key);
        return (found, Vec::new());
    }
    found.state = RuleState::Unsatisfied;
    found.why = needs(rule);
    found.remedy = remedy(rule, &judged, facts);
    let why = match judged.first() {
        None => format!("missing_ticket: none is linked; {}", found.why),
        Some((_, verdict)) => format!("missing_ticket: {}", sentence(verdict)),
    };
    if judged.is_empty() {
        found.seen.push("0 links".to_owned());
    }
    let missing = Missing { kind: "ticket".to_owned(), need: 1, why, ..Missing::default() };
    (found, vec![missing])
}

fn sentence(verdict: &Result<String, String>) -> String {
    match verdict {
        Ok(text) | Err(text) => text.clone(),
    }
}

fn judge(ticket: &Ticket, rule: &TicketRule) -> Result<String, String> {
    let key = &ticket.key;
    let found = if ticket.found_in.is_empty() {
        String::new()
    } else {
        format!(", found in {}", ticket.found_in.join(", "))
    };
    if !ticket.exists {
        return Err(format!("{key} does not exist{found}"));
    }
    if let Some(pattern) = rule.pattern.as_ref().filter(|pattern| !pattern.matches(key)) {
        return Err(format!("{key} does not match {}", pattern.as_str()));
    }
    if rule.statuses.is_empty() {
        return Ok(format!("{key} exists{found}"));
    }
    let permitted = rule.statuses.join(", ");
    match &ticket.status {
        None => Err(format!("the status of {key} is unknown (permitted: {permitted})")),
        Some(status) if rule.statuses.iter().any(|name| same(name, status)) => {
            Ok(format!("{key} exists and is {status} (permitted: {permitted}){found}"))
        }
        Some(status) => Err(format!("{key} is {status} (permitted: {permitted})")),
    }
}

/// Trackers show one status in several cases (`In Progress`, `In progress`).
fn same(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}

fn needs(rule: &TicketRule) -> String {
    let like = rule.pattern.as_ref().map(|it| format!(" like {}", it.as_str())).unwrap_or_default();
    let status = if rule.statuses.is_empty() {
        String::new()
    } else {
        format!(" in status {}", rule.statuses.join(" or "))
    };
    format!("a change needs a ticket{like}{status}")
}

fn remedy(
    rule: &TicketRule,
    judged: &[(&Ticket, Result<String, String>)],
    facts: &Facts,
) -> String {
    let right = |ticket: &Ticket| {
        ticket.exists && rule.pattern.as_ref().is_none_or(|pattern| pattern.matches(&ticket.key))
    };
    if let Some((ticket, _)) = judged.iter().find(|(ticket, _)| right(ticket)) {
        return format!("Move {} to {}", ticket.key, rule.statuses.join(" or "));
    }
    let key = example(rule);
    let Some(pull) = &facts.pull else {
        return format!("Name a ticket such as {key} in the commit message");
    };
    format!(
        "Put a key such as {key} in the title, or run: countersign link {}#{} {key}",
        facts.repo, pull.number
    )
}

/// A key that the pattern takes, for the sentence: `PAY-1` of `PAY-\d+`.
fn example(rule: &TicketRule) -> String {
    let Some(pattern) = &rule.pattern else { return "PAY-1".to_owned() };
    let prefix: String = pattern
        .as_str()
        .trim_start_matches(['^', '('])
        .chars()
        .take_while(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-'))
        .collect();
    let guesses = [format!("{prefix}1"), "PAY-1".to_owned(), "1".to_owned(), "#1".to_owned()];
    guesses.into_iter().find(|guess| pattern.matches(guess)).unwrap_or_else(|| "KEY".to_owned())
}
