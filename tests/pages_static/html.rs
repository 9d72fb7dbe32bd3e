//! Promises that can be read from the HTML: structure, tables, labels, nothing from elsewhere.

use std::collections::BTreeMap;

use scraper::Html;
use scraper::Selector;

use crate::samples::{all, css, select, text};

#[test]
fn every_page_has_one_heading_of_the_first_level_and_skips_none() {
    for (name, html) in all() {
        let html = Html::parse_document(&html);
        assert_eq!(select(&html, "h1").len(), 1, "{name}");
        let mut level = 0;
        for heading in select(&html, "h1, h2, h3, h4, h5, h6") {
            let next: u32 = heading.value().name()[1..].parse().expect("a level");
            assert!(next <= level + 1, "{name}: h{next} after h{level}: {}", text(heading));
            level = next;
        }
    }
}

#[test]
fn every_page_has_a_language_a_title_and_named_landmarks() {
    for (name, html) in all() {
        let html = Html::parse_document(&html);
        assert_eq!(select(&html, "html[lang=en]").len(), 1, "{name}");
        let title = text(select(&html, "title")[0]);
        assert!(title.ends_with("· Countersign") && title.len() > 20, "{name}: {title}");
        for landmark in ["body > header", "main", "footer[aria-label]"] {
            assert_eq!(select(&html, landmark).len(), 1, "{name}: {landmark}");
        }
        for unnamed in [
            "nav:not([aria-label])",
            "[role=region]:not([aria-label])",
            "svg[role=img]:not([aria-label])",
            "[tabindex=\"0\"]:not([aria-label])",
        ] {
            assert!(select(&html, unnamed).is_empty(), "{name}: {unnamed}");
        }
    }
}

#[test]
fn ids_stand_once_and_every_anchor_and_label_finds_its_place() {
    for (name, html) in all() {
        let html = Html::parse_document(&html);
        let mut ids = BTreeMap::<String, u32>::new();
        for element in select(&html, "[id]") {
            *ids.entry(element.value().attr("id").unwrap_or_default().to_owned()).or_default() += 1;
        }
        for (id, times) in &ids {
            // The component page shows several rows of filters; a page shows one.
            assert!(*times == 1, "{name}: id {id} stands {times} times");
        }
        for (selector, attribute) in [
            ("a[href^='#']", "href"),
            ("use", "href"),
            ("label", "for"),
            ("[aria-labelledby]", "aria-labelledby"),
        ] {
            for element in select(&html, selector) {
                let target =
                    element.value().attr(attribute).unwrap_or_default().trim_start_matches('#');
                assert!(ids.contains_key(target), "{name}: {selector} leads to #{target}");
            }
        }
        for field in select(&html, "input:not([type=hidden]), select, textarea") {
            let id = field.value().attr("id").unwrap_or_default();
            assert!(
                !select(&html, &format!("label[for='{id}']")).is_empty(),
                "{name}: field {id} has no label"
            );
        }
    }
}

#[test]
fn tables_have_a_caption_and_every_head_a_scope() {
    for (name, html) in all() {
        let html = Html::parse_document(&html);
        for table in select(&html, "table") {
            let caption = Selector::parse("caption").expect("a selector");
            assert!(table.select(&caption).next().is_some(), "{name}: {}", text(table));
        }
        assert!(select(&html, "th:not([scope])").is_empty(), "{name}");
    }
}

#[test]
fn a_table_that_is_too_wide_scrolls_in_its_own_named_region() {
    for (name, html) in all() {
        let html = Html::parse_document(&html);
        let inside = select(&html, ".scroller table").len();
        assert_eq!(select(&html, "table").len(), inside, "{name}");
        assert!(select(&html, ".scroller:not([role=region])").is_empty(), "{name}");
    }
}

#[test]
fn every_row_has_as_many_cells_as_its_head() {
    for (name, html) in all() {
        let html = Html::parse_document(&html);
        let rows = Selector::parse("tr").expect("a selector");
        for table in select(&html, "table") {
            let widths: Vec<usize> = table
                .select(&rows)
                .map(|row| {
                    row.child_elements()
                        .map(|cell| {
                            cell.value().attr("colspan").map_or(1, |n| n.parse().expect("a number"))
                        })
                        .sum()
                })
                .collect();
            assert!(
                widths.iter().all(|width| *width == widths[0]),
                "{name}: {widths:?} in {}",
                text(table)
            );
        }
    }
}

#[test]
fn re_laid_tables_keep_their_roles() {
    for (name, html) in
        all().into_iter().filter(|(name, _)| name.starts_with("population") || name == "changes")
    {
        let html = Html::parse_document(&html);
        let table = select(&html, "table[role=table]");
        assert_eq!(table.len(), 1, "{name}");
        let bare = Selector::parse(":is(thead, tbody, tfoot, tr, th, td):not([role])")
            .expect("a selector");
        assert_eq!(table[0].select(&bare).count(), 0, "{name}");
    }
}

#[test]
fn a_sorted_head_says_so_to_everybody_and_one_column_sorts_a_table() {
    let mut sorted = 0;
    for (name, html) in all() {
        let html = Html::parse_document(&html);
        for table in select(&html, "table") {
            let heads = Selector::parse("thead th").expect("a selector");
            let mut in_table = 0;
            for head in table.select(&heads) {
                let said = head.value().attr("aria-sort").unwrap_or("none");
                let arrow = match text(head) {
                    words if words.contains('↓') => "descending",
                    words if words.contains('↑') => "ascending",
                    _ => "none",
                };
                assert_eq!(said, arrow, "{name}: {}", text(head));
                in_table += u32::from(said != "none");
            }
            assert!(in_table <= 1, "{name}: {in_table} sorted columns");
            sorted += in_table;
        }
    }
    assert!(sorted > 3, "only {sorted} sorted columns were seen");
}

#[test]
fn what_was_removed_and_added_is_told_apart_without_seeing_it() {
    let mut told = 0;
    for (name, html) in all() {
        let html = Html::parse_document(&html);
        for (selector, word) in [("del", "before "), ("ins", "after ")] {
            for element in select(&html, selector) {
                let first = element.child_elements().next().expect("a hidden word");
                assert_eq!(first.value().attr("class"), Some("hidden"), "{name}");
                assert_eq!(first.text().collect::<String>(), word, "{name}");
                told += 1;
            }
        }
        for row in select(&html, ".diff-excerpt tr.is-added, .diff-excerpt tr.is-removed") {
            let word =
                if row.value().attr("class") == Some("is-added") { "added" } else { "removed" };
            let sign = Selector::parse(".sign .hidden").expect("a selector");
            let said = row.select(&sign).map(text).collect::<String>();
            assert_eq!(said, word, "{name}");
            told += 1;
        }
    }
    assert!(told > 20, "only {told} were seen");
}

/// Checklist 18: a picture of the end of any page is a citable workpaper.
#[test]
fn every_page_ends_with_its_seal() {
    for (name, html) in all() {
        let html = Html::parse_document(&html);
        let last = select(&html, "body > *").pop().expect("something");
        assert_eq!(last.value().attr("class"), Some("seal"), "{name}");
        let said = text(last);
        assert!(said.contains("Shown 2026-11-20 14:06:22 UTC"), "{name}: {said}");
        assert!(said.contains("https://countersign.acme.example/"), "{name}: {said}");
        let read =
            ["read from ledger size 48,213", "root Tq2m0wYxVZk7hC4n8dJr1sLpA3uE6oBfG5iQyRtWh9E="];
        let all = read.iter().all(|mark| said.contains(mark));
        assert!(all || said.contains("no record was read"), "{name}: {said}");
    }
}

#[test]
fn times_carry_their_full_value() {
    for (name, html) in all() {
        let html = Html::parse_document(&html);
        for time in select(&html, "time") {
            let full = time.value().attr("datetime").unwrap_or_default();
            assert!(full.len() == 27 && full.ends_with('Z') || full.len() == 10, "{name}: {full}");
        }
        for digest in select(&html, "abbr.digest") {
            assert!(digest.value().attr("title").is_some_and(|title| title.len() > 30), "{name}");
        }
    }
}

#[test]
fn nothing_is_asked_of_another_host_and_nothing_is_inline() {
    for (name, html) in all() {
        let html = Html::parse_document(&html);
        for loaded in select(&html, "link, script, img, iframe, object, embed, source, use") {
            for attribute in ["href", "src", "data"] {
                let url = loaded.value().attr(attribute).unwrap_or("/");
                assert!(
                    url.starts_with("/assets/") || url.starts_with('#') || url == "/",
                    "{name}: {url}"
                );
            }
        }
        assert!(select(&html, "[style]").is_empty(), "{name}");
        assert!(select(&html, "script:not([src])").is_empty(), "{name}: a script in the page");
        assert!(select(&html, "style:not([nonce])").is_empty(), "{name}");
        for element in select(&html, "*") {
            for (attribute, value) in element.value().attrs() {
                assert!(!attribute.starts_with("on"), "{name}: {attribute}");
                assert!(
                    !value.trim_start().to_lowercase().starts_with("javascript:"),
                    "{name}: {attribute}"
                );
            }
        }
    }
    assert!(!css().contains("url(") && !css().contains("@import"));
}

#[test]
fn hostile_text_is_shown_and_stays_text() {
    let mut shown = 0;
    for (name, html) in all() {
        assert!(!html.contains("<script>alert"), "{name}");
        assert!(!html.contains('\u{202e}'), "{name}: a direction override reaches the page");
        shown += html.matches("alert(1)").count();
    }
    assert!(shown > 10, "the samples do not show hostile text any more");
}
