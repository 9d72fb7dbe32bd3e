//! Ids, times, counts, people, sentences: small components that stand inside a line.

#![expect(
    clippy::needless_pass_by_value,
    reason = "templates hand over fields, loop variables and references alike: see `Given`"
)]

use askama::Template;
use askama::filters::HtmlSafe;

use super::{Given, filters};
use crate::domain::{Oid, Time};
use crate::report::prose::{Prose, Span};
use crate::report::refs::{ExceptionRef, Link, TicketRef};
use crate::report::words;

/// `id-commit`: ten digits, always ten.
#[derive(Debug, Clone, Template)]
#[template(source = r#"<code class="id">{{ short }}</code>"#, ext = "html")]
pub struct Commit {
    short: String,
}
impl HtmlSafe for Commit {}

/// A commit's ten digits.
pub fn commit(oid: impl Given<Oid>) -> Commit {
    Commit { short: oid.given().short() }
}

/// The full id with its first ten digits bold.
#[derive(Debug, Clone, Template)]
#[template(source = r#"<code class="id-full"><b>{{ short }}</b>{{ rest }}</code>"#, ext = "html")]
pub struct FullCommit {
    short: String,
    rest: String,
}
impl HtmlSafe for FullCommit {}

/// A commit in full.
pub fn commit_full(oid: impl Given<Oid>) -> FullCommit {
    let text = oid.given().to_string();
    FullCommit { short: text.chars().take(10).collect(), rest: text.chars().skip(10).collect() }
}

/// `id-digest`: shortened, with the full value in `abbr`.
#[derive(Debug, Clone, Template)]
#[template(
    source = r#"<abbr class="digest" title="{{ full }}"><code>{{ short }}</code></abbr>"#,
    ext = "html"
)]
pub struct Digest {
    full: String,
    short: String,
}
impl HtmlSafe for Digest {}

/// First and last four digits.
#[must_use]
pub fn digest(full: &str) -> Digest {
    Digest { full: full.to_owned(), short: words::short_digest(full) }
}

/// A digest in full, in groups of four that copy without the gaps.
#[derive(Debug, Clone, Template)]
#[template(
    source = r#"<code class="hash">{% for group in groups %}<span>{{ group }}</span><wbr>{% endfor %}</code>"#,
    ext = "html"
)]
pub struct Hash {
    groups: Vec<String>,
}
impl HtmlSafe for Hash {}

/// All digits, grouped.
#[must_use]
pub fn hash(full: &str) -> Hash {
    Hash { groups: words::grouped(full) }
}

/// `when`: a time with its full value in `datetime`.
#[derive(Debug, Clone, Template)]
#[template(source = r#"<time datetime="{{ full }}">{{ text }}</time>"#, ext = "html")]
pub struct When {
    full: String,
    text: String,
}
impl HtmlSafe for When {}

/// Detail pages: seconds and zone.
pub fn when(at: impl Given<Time>) -> When {
    let at = at.given();
    When { full: at.to_string(), text: at.to_seconds_text() }
}

/// Seconds without zone, under a head that says UTC.
pub fn when_seconds(at: impl Given<Time>) -> When {
    let at = at.given();
    When { full: at.to_string(), text: at.utc().format("%Y-%m-%d %H:%M:%S").to_string() }
}

/// Lists: minutes, under a head that says UTC.
pub fn when_minutes(at: impl Given<Time>) -> When {
    let at = at.given();
    When { full: at.to_string(), text: at.to_minutes_text() }
}

/// `span-of`: how long from one event to the other, in words.
pub fn span(from: impl Given<Time>, to: impl Given<Time>) -> String {
    let (text, backwards) = words::span(*from.given(), *to.given());
    if backwards { format!("−{text} (the clocks disagree)") } else { text }
}

/// A delay, marked when it is over five minutes or negative.
#[derive(Debug, Clone, Template)]
#[template(
    source = r#"<span class="delay{% if marked %} is-late{% endif %}">{{ text }}</span>"#,
    ext = "html"
)]
pub struct Delay {
    text: String,
    marked: bool,
}
impl HtmlSafe for Delay {}

/// Received how long after it occurred.
pub fn delay(occurred: impl Given<Time>, received: impl Given<Time>) -> Delay {
    let words::Delay { text, marked } = words::delay(*occurred.given(), *received.given());
    Delay { text, marked }
}

/// Text from outside where no element may stand, such as a title: invisible characters written out.
pub fn visible(text: impl AsRef<str>) -> String {
    words::visible(text.as_ref())
}

/// `count-of`: a whole number with commas.
pub fn n(number: impl Given<u64>) -> String {
    words::count(*number.given())
}

/// A count with its noun.
pub fn plural(number: impl Given<u64>, one: &str, many: &str) -> String {
    words::plural(*number.given(), one, many)
}

/// `percent-of`: `603 of 1,038, 58.1 %`.
pub fn share(part: impl Given<u64>, whole: impl Given<u64>) -> String {
    words::share(*part.given(), *whole.given())
}

/// The percentage alone, for a figure whose count stands under it; the count where there are few (interface 1.2);
/// `none` of an empty whole.
pub fn percent(part: impl Given<u64>, whole: impl Given<u64>) -> String {
    let (part, whole) = (*part.given(), *whole.given());
    if (1..words::FEW).contains(&whole) {
        return words::share(part, whole);
    }
    words::percent(part, whole).unwrap_or_else(|| "none".into())
}

/// A number that is quiet when it is 0.
#[derive(Debug, Clone, Template)]
#[template(
    source = r#"{% if quiet %}<span class="quiet">{{ text }}</span>{% else %}{{ text }}{% endif %}"#,
    ext = "html"
)]
pub struct Number {
    text: String,
    quiet: bool,
}
impl HtmlSafe for Number {}

/// A number in a cell: 0 is written 0, quietly.
pub fn num(number: impl Given<u64>) -> Number {
    Number { text: words::count(*number.given()), quiet: *number.given() == 0 }
}

/// A run of text that keeps its direction to itself and may break inside words that are too long.
#[derive(Debug, Clone, Template)]
#[template(
    source = r#"<bdi>{% for piece in pieces %}{{ piece }}{% if !loop.last %}<wbr>{% endif %}{% endfor %}</bdi>"#,
    ext = "html"
)]
pub struct Isolated {
    pieces: Vec<String>,
}
impl HtmlSafe for Isolated {}

/// Text as somebody else wrote it, with invisible characters written out.
pub fn isolated(text: impl AsRef<str>) -> Isolated {
    let shown = words::visible(text.as_ref());
    Isolated { pieces: if shown.is_empty() { Vec::new() } else { words::wrapped(&shown) } }
}

/// Text from outside, isolated so that a change of direction ends with it; invisible characters written out.
#[derive(Debug, Clone, Template)]
#[template(
    source = r#"{% if text.pieces.is_empty() %}<span class="quiet">{{ none }}</span>{% else %}{{ text }}{% endif %}"#,
    ext = "html"
)]
pub struct Outside {
    text: Isolated,
    none: &'static str,
}
impl HtmlSafe for Outside {}

/// A title or name as somebody else wrote it; empty becomes a word.
pub fn outside(text: impl AsRef<str>, none: &'static str) -> Outside {
    let text = text.as_ref().trim();
    Outside { text: isolated(text), none }
}

/// `person`: a name, or a word where there is none.
#[must_use]
pub fn person(name: &Option<String>, none: &'static str) -> Outside {
    outside(name.as_deref().unwrap_or_default(), none)
}

/// A path, which may wrap after `/`, `.`, `_` and `-`.
#[derive(Debug, Clone, Template)]
#[template(
    source = r#"<code class="path">{% for piece in pieces %}{{ piece }}<wbr>{% endfor %}</code>"#,
    ext = "html"
)]
pub struct Path {
    pieces: Vec<String>,
}
impl HtmlSafe for Path {}

/// A path or another long machine's word.
pub fn path(path: impl std::fmt::Display) -> Path {
    Path { pieces: words::breakable(&words::visible(&path.to_string())) }
}

/// A link, or its text where the address leads nowhere that is safe.
#[derive(Debug, Clone, Template)]
#[template(
    source = r#"{% if safe %}<a href="{{ link.href|carried }}">{{ text }}</a>{% else %}{{ text }}{% endif %}"#,
    ext = "html"
)]
pub struct Anchor {
    link: Link,
    text: Isolated,
    safe: bool,
}
impl HtmlSafe for Anchor {}

/// A link.
pub fn link(link: impl Given<Link>) -> Anchor {
    let link = link.given();
    Anchor { safe: link.is_safe(), text: isolated(&link.text), link: link.clone() }
}

/// A link made of two texts.
pub fn to(text: impl std::fmt::Display, href: impl AsRef<str>) -> Anchor {
    self::link(Link::new(text.to_string(), href.as_ref()))
}

/// An entry of the ledger by its index, linked.
pub fn entry(index: impl Given<u64>) -> Anchor {
    let index = *index.given();
    to(words::count(index), format!("/ledger/{index}"))
}

/// `id-ticket`: linked; one that does not exist is struck through and says so.
#[derive(Debug, Clone, Template)]
#[template(
    source = r#"{% if ticket.exists %}{% match anchor %}{% when Some(anchor) %}{{ anchor }}{% when None %}<bdi>{{ ticket.key }}</bdi>{% endmatch %}{% else %}<s>{{ ticket.key }}</s> <span class="is-failed">does not exist</span>{% endif %}"#,
    ext = "html"
)]
pub struct Ticket {
    ticket: TicketRef,
    anchor: Option<Anchor>,
}
impl HtmlSafe for Ticket {}

/// A ticket.
#[must_use]
pub fn ticket(ticket: &TicketRef) -> Ticket {
    let anchor = ticket.href.as_ref().map(|href| to(&ticket.key, href));
    Ticket { ticket: ticket.clone(), anchor }
}

/// Tickets in a cell: the first, and how many more; the rest is on the page of the row.
#[derive(Debug, Clone, Template)]
#[template(
    source = r#"{% match first %}{% when Some(ticket) %}{{ ticket }}{% if more > 0 %} <span class="quiet">+{{ more }}</span>{% endif %}{% when None %}<span class="quiet">{{ none }}</span>{% endmatch %}"#,
    ext = "html"
)]
pub struct Tickets {
    first: Option<Ticket>,
    more: usize,
    none: &'static str,
}
impl HtmlSafe for Tickets {}

/// The tickets of a row.
#[must_use]
pub fn tickets(all: &[TicketRef], none: &'static str) -> Tickets {
    Tickets { first: all.first().map(ticket), more: all.len().saturating_sub(1), none }
}

/// Exceptions in a cell: the worst, and how many more.
#[derive(Debug, Clone, Template)]
#[template(path = "components/exceptions_cell.html")]
pub struct Exceptions {
    worst: Option<ExceptionRef>,
    more: usize,
}
impl HtmlSafe for Exceptions {}

/// The exceptions of a row.
#[must_use]
pub fn exceptions(all: &[ExceptionRef]) -> Exceptions {
    let worst = all.iter().min_by_key(|exception| exception.severity).cloned();
    Exceptions { worst, more: all.len().saturating_sub(1) }
}

/// A sentence.
#[derive(Debug, Clone, Template)]
#[template(path = "components/prose.html")]
pub struct Sentence {
    spans: Vec<Span>,
}
impl HtmlSafe for Sentence {}

/// A sentence with its marks.
#[must_use]
pub fn prose(prose: &Prose) -> Sentence {
    Sentence { spans: prose.0.clone() }
}

/// A sentence of the policy, whose machine's words stand in backticks.
pub fn marked(text: impl AsRef<str>) -> Sentence {
    Sentence { spans: Prose::marked(text.as_ref()).0 }
}
