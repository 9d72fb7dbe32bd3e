//! Margin boxes of print. CSS cannot read them from the content, so they are written as strings into the page's own
//! `style`, which the nonce allows (interface 3.6). Text from outside is escaped for CSS *and* for the end of `style`.

use std::fmt::Write as _;

use super::frame::Frame;
use crate::report::words;

/// The text of the style, safe to stand inside `<style>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Margins(String);

impl std::fmt::Display for Margins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Margins {}

/// The four boxes: object, scope, address with record, page number.
#[must_use]
pub fn margins(frame: &Frame, title: &str) -> Margins {
    let scope = frame
        .scope
        .as_ref()
        .map_or(String::new(), |scope| format!("{} · {} UTC", scope.environment(), scope.period()));
    let login = frame.login.as_deref().unwrap_or("nobody signed in");
    let printed = format!("shown {} to {login}", frame.shown_at.to_seconds_text());
    let mut css = String::from("@page{");
    boxed(&mut css, "top-left", &[&quoted(&format!("Countersign · {title}"))]);
    boxed(&mut css, "top-right", &[&quoted(&scope)]);
    boxed(&mut css, "bottom-left", &[&quoted(&format!("{}\n{}", frame.url(), record(frame)))]);
    let pages = "\"Page \" counter(page) \" of \" counter(pages)";
    boxed(&mut css, "bottom-right", &[pages, &quoted(&format!("\n{printed}"))]);
    css.push('}');
    Margins(css)
}

fn record(frame: &Frame) -> String {
    let Some(seal) = &frame.seal else { return "no record was read".into() };
    let mut line = String::new();
    if let Some(data) = &seal.data {
        let _ = write!(line, "data {} · ", words::short_digest(data));
    }
    let _ = write!(line, "ledger {}", words::count(seal.ledger_size));
    if let Some(checkpoint) = &seal.checkpoint {
        let _ = write!(line, " · root {}", checkpoint.root);
    }
    line
}

fn boxed(css: &mut String, place: &str, content: &[&str]) {
    // Margin boxes know nothing of the sheet's tokens. Lines break where they are told to only: the two boxes of an edge
    // share its width as their texts need it.
    let font = if place.starts_with("top") {
        "font:600 8.5pt system-ui,sans-serif"
    } else {
        "font:400 7pt/1.4 ui-monospace,monospace"
    };
    let _ = write!(css, "@{place}{{{font};white-space:pre;content:{}}}", content.join(" "));
}

/// A CSS string. Everything but plain letters, digits and a few signs is written as its code point, so that no text
/// can end the string, the rule or the element.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars().take(300) {
        if character.is_ascii_alphanumeric() || " .,:;/?=&-_+·()".contains(character) {
            out.push(character);
        } else {
            let _ = write!(out, "\\{:x} ", u32::from(character));
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_cannot_end_the_style() {
        let css = margins(
            &Frame::sample("/?a=</style><script>", "Overview"),
            "\"}</style><script>alert(1)</script>\\",
        );
        for end in ["</", "<script", "\\\"", "\\}"] {
            assert!(!css.0.contains(end), "{end} in {css}");
        }
        assert_eq!(css.0.matches("content:").count(), 4);
    }
}
