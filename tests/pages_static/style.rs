//! The style sheet: its seal, tokens, layers and size.

use countersign::web::assets;
use scraper::Html;

use crate::samples::{all, css, select, text};

#[test]
fn every_screen_and_every_print_ends_with_the_seal() {
    for (name, html) in all()
        .into_iter()
        .filter(|(name, _)| !name.starts_with("problem") && !name.starts_with("sign-in"))
    {
        let html = Html::parse_document(&html);
        let seal = text(select(&html, "footer.seal")[0]);
        for part in [
            "https://countersign.acme.example/",
            "2026-11-20 14:06:22 UTC",
            "48,213",
            "Tq2m0wYxVZk7hC4n8dJr1sLpA3uE6oBfG5iQyRtWh9E=",
        ] {
            assert!(seal.contains(part), "{name}: {part} is not in {seal}");
        }
    }
}

#[test]
fn colours_and_lengths_are_named_in_the_token_block_only() {
    let css = css();
    let rest = css.split_once("@layer base {").expect("layers").1;
    for (place, line) in rest.lines().enumerate() {
        let line = line.trim();
        if line.starts_with("@media") || line.starts_with("@page") {
            continue;
        }
        let hex = line
            .split('#')
            .skip(1)
            .any(|after| after.chars().take(3).all(|c| c.is_ascii_hexdigit()) && after.len() > 2);
        assert!(
            !hex && !line.contains("rgb(") && !line.contains("hsl("),
            "a colour after the tokens, {place}: {line}"
        );
        let lengths = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '.').filter(|word| {
            let unit = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
            unit.len() < word.len()
                && matches!(unit, "px" | "rem" | "em" | "pt" | "mm" | "cm")
                && *word != "0rem"
        });
        assert_eq!(lengths.count(), 0, "a length after the tokens, {place}: {line}");
        let shadows = [
            "box-shadow",
            "text-shadow",
            "transition",
            "animation",
            "ellipsis",
            "margin-left",
            "margin-right",
            "padding-left",
            "padding-right",
        ];
        assert!(!shadows.iter().any(|word| line.contains(word)), "{line}");
    }
    let before_print = css.split_once("@layer print {").expect("a print layer").0;
    assert!(!before_print.contains("!important"));
}

/// Checklist 15.
#[test]
fn the_style_sheet_has_its_layers_in_order_and_no_deep_selectors() {
    let css = css();
    let order = "@layer tokens, base, components, pages, print;";
    assert_eq!(css.matches("@layer").count(), 6, "one order and five layers");
    let mut rest = css.split_once(order).expect("the order of the layers").1;
    for layer in ["tokens", "base", "components", "pages", "print"] {
        rest = rest.split_once(&format!("@layer {layer} {{")).expect(layer).1;
    }
    let mut selectors = 0;
    for line in css.lines() {
        let Some((head, _)) = line.split_once('{') else { continue };
        let head = head.trim();
        if head.is_empty() || head.starts_with(['@', '/', '-']) {
            continue;
        }
        for selector in outside_brackets(head, ',') {
            let steps = outside_brackets(&selector.replace(['>', '+', '~'], " "), ' ');
            let steps = steps.iter().filter(|step| !step.trim().is_empty()).count();
            assert!(steps <= 3, "{steps} steps: {selector}");
            selectors += 1;
        }
    }
    assert!(selectors > 200, "only {selectors} selectors were read");
    for physical in [
        "margin-top",
        "margin-bottom",
        "border-left",
        "border-right",
        "text-align: left",
        "text-align: right",
        " left:",
        " right:",
        " width:",
        " height:",
    ] {
        let words = css.lines().filter(|line| !line.trim().starts_with("@media"));
        let found: Vec<&str> = words
            .filter(|line| line.contains(physical) && !line.contains("stroke-width"))
            .collect();
        assert!(found.is_empty(), "{physical}: {found:?}");
    }
}

/// A text cut at a sign that stands in no brackets.
fn outside_brackets(text: &str, sign: char) -> Vec<String> {
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for character in text.chars() {
        depth +=
            i32::from(matches!(character, '(' | '[')) - i32::from(matches!(character, ')' | ']'));
        if character == sign && depth == 0 {
            parts.push(String::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(character);
        }
    }
    parts
}

/// Checklist 11: HTML 30, CSS 10, script 5 KB compressed, images none.
#[test]
fn first_pages_are_small() {
    // At this level about as small as the gzip that is sent.
    let packed = |text: &str| zstd::bulk::compress(text.as_bytes(), 12).expect("packed").len();
    let css = packed(&css());
    assert!(css <= 10 * 1024, "the style sheet is {css} bytes packed");
    let script = assets::get(&assets::url("countersign.js")).expect("the script");
    assert!(script.bytes.len() <= 5 * 1024, "the script is {} bytes", script.bytes.len());
    for (name, html) in all() {
        let size = packed(&html);
        assert!(size <= 30 * 1024, "{name}: {size} bytes packed");
        assert!(select(&Html::parse_document(&html), "img, picture, video").is_empty(), "{name}");
    }
}
