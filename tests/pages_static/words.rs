//! The words of the pages.

use std::path::Path;

use scraper::Html;

use crate::samples::{all, select, text};

#[test]
fn the_words_are_the_words_of_the_product() {
    let forbidden =
        ["please", "sorry", "oops", "successfully", "just ", "simply", "N/A", " ago", "yesterday"];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut seen = 0;
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "html") {
                seen += 1;
                let source = std::fs::read_to_string(&path).expect("a template");
                let words = without_code(&source);
                for word in forbidden {
                    assert!(
                        !words.to_lowercase().contains(&word.to_lowercase()),
                        "{}: “{word}”",
                        path.display()
                    );
                }
                assert!(!words.contains('!'), "{}: an exclamation mark", path.display());
            }
        }
    }
    assert!(seen > 25, "only {seen} templates were read");
}

/// A template without its tags and expressions: what people read.
fn without_code(source: &str) -> String {
    let mut out = String::new();
    let mut rest = source;
    while let Some(start) = rest.find(['{', '<']) {
        out.push_str(&rest[..start]);
        let close = match &rest[start..start + 2] {
            "{%" => "%}",
            "{{" => "}}",
            _ => ">",
        };
        let end = rest[start..].find(close).map_or(rest.len(), |end| start + end + close.len());
        rest = &rest[end..];
        out.push(' ');
    }
    out + rest
}

#[test]
fn headings_are_in_sentence_case() {
    for (name, html) in all().into_iter().filter(|(name, _)| name != "components") {
        let html = Html::parse_document(&html);
        for heading in select(&html, "h2, h3, th[scope=col]") {
            let said = text(heading);
            let capitals = said.split_whitespace().skip(1).filter(|word| {
                word.len() > 3
                    && word.chars().next().is_some_and(char::is_uppercase)
                    && word.chars().skip(1).all(char::is_lowercase)
            });
            assert_eq!(capitals.count(), 0, "{name}: {said}");
        }
    }
}
