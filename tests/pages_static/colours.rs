//! Colours, their contrast, and outlines that tell states apart without them.

use std::collections::BTreeMap;
use std::path::Path;

use countersign::policy::decision::State;
use scraper::Html;

use crate::samples::{css, select};

#[test]
fn no_two_states_have_the_same_outline() {
    let sprite = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/components/sprite.html"),
    )
    .expect("the sprite");
    let html = Html::parse_fragment(&sprite);
    let mut outlines = BTreeMap::<String, String>::new();
    for symbol in select(&html, "symbol") {
        let name = symbol.value().attr("id").unwrap_or_default().to_owned();
        let drawn = symbol.inner_html();
        assert!(
            !drawn.contains('#') && !drawn.contains("fill="),
            "{name} carries a colour of its own"
        );
        if let Some(other) = outlines.insert(drawn, name.clone()) {
            panic!("{name} and {other} look the same");
        }
    }
    let mut shapes: Vec<&str> = State::ALL
        .into_iter()
        .map(|state| countersign::web::components::state_shape(state).0)
        .collect();
    shapes.sort_unstable();
    shapes.dedup();
    // The four states that fail closed without a person share one mark; their words differ (interface 2.4).
    assert_eq!(shapes.len(), 9);
    assert!(shapes.iter().all(|shape| outlines.values().any(|name| *name == format!("m-{shape}"))));
}

/// The colours of the token block: name, light, dark.
fn tokens() -> BTreeMap<String, [u32; 2]> {
    let css = css();
    css.lines()
        .filter_map(|line| {
            let (name, value) = line.trim().strip_prefix("--")?.split_once(": light-dark(")?;
            let mut both = value
                .trim_end_matches(");")
                .split(", ")
                .map(|hex| u32::from_str_radix(hex.trim_start_matches('#'), 16).expect("a colour"));
            Some((name.to_owned(), [both.next()?, both.next()?]))
        })
        .collect()
}

/// WCAG 2 relative luminance and contrast.
fn contrast(one: u32, other: u32) -> f64 {
    let luminance = |colour: u32| {
        let channel = |shift: u32| {
            let value = f64::from(colour >> shift & 255) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(16) + 0.7152 * channel(8) + 0.0722 * channel(0)
    };
    let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
    one.max(other) / one.min(other)
}

#[test]
fn every_colour_has_the_contrast_that_the_design_promises() {
    let tokens = tokens();
    let ratio =
        |over: &str, under: &str, theme: usize| contrast(tokens[over][theme], tokens[under][theme]);
    let text = [
        "ink", "ink2", "ink3", "link", "visited", "ok", "wait", "stale", "no", "emer", "frz", "un",
        "err",
    ];
    for theme in [0, 1] {
        for name in text {
            for surface in ["paper", "ground", "sunken", "select"] {
                assert!(
                    ratio(name, surface, theme) >= 4.5,
                    "{name} on {surface}: {:.2}",
                    ratio(name, surface, theme)
                );
            }
        }
        for state in ["ok", "wait", "stale", "no", "emer", "frz", "un", "err"] {
            assert!(ratio(state, &format!("{state}-tint"), theme) >= 4.5, "{state} on its tint");
            assert!(ratio("paper", state, theme) >= 3.0, "the glyph on {state}");
        }
        for name in ["edge", "focus", "c3", "c4"] {
            for surface in ["paper", "ground", "sunken"] {
                assert!(
                    ratio(name, surface, theme) >= 3.0,
                    "{name} on {surface}: {:.2}",
                    ratio(name, surface, theme)
                );
            }
        }
        assert!(ratio("c2", "paper", theme) >= 3.0);
        for (over, under, least) in [
            ("frame-text", "frame", 4.5),
            ("frame-quiet", "frame", 4.5),
            ("frame-focus", "frame", 3.0),
            ("ink", "added", 4.5),
            ("ink", "removed", 4.5),
            ("ink", "c1", 4.5),
            ("paper", "c3", 4.5),
            ("paper", "c4", 4.5),
            ("term-text", "term", 4.5),
            ("term-quiet", "term", 4.5),
            ("term-wait", "term", 4.5),
            ("term-no", "term", 4.5),
            ("term-ok", "term", 4.5),
        ] {
            assert!(
                ratio(over, under, theme) >= least,
                "{over} on {under}: {:.2}",
                ratio(over, under, theme)
            );
        }
    }
}

#[test]
fn contrasts_are_those_of_the_table_in_the_design() {
    let tokens = tokens();
    let ratio =
        |over: &str, under: &str, theme: usize| contrast(tokens[over][theme], tokens[under][theme]);
    // Cut to one decimal, as there.
    for (over, under, theme, promised) in [
        ("ink", "paper", 0, 17.6),
        ("ink3", "select", 0, 5.0),
        ("emer", "ground", 1, 9.3),
        ("edge", "sunken", 0, 3.1),
    ] {
        assert!(
            (ratio(over, under, theme) - promised - 0.05).abs() <= 0.06,
            "{over} on {under}: {:.3}",
            ratio(over, under, theme)
        );
    }
}
