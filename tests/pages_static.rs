//! Promises of the pages that can be read from their HTML and their style sheet alone (interface 6).

#![expect(clippy::expect_used, reason = "a helper of a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;

use countersign::policy::decision::State;
use countersign::report::{problem, samples};
use countersign::web::assets;
use countersign::web::components::Frame;
use countersign::web::pages;
use scraper::{ElementRef, Html, Selector};

/// Every page in its samples, by name.
fn all() -> Vec<(String, String)> {
    let frame = |path: &str, area: &str| Frame::sample(path, area);
    let mut out = vec![
        (
            "overview",
            pages::overview::render(
                &frame("/?from=2026-10-01&to=2026-10-31&environment=production", "Overview"),
                &samples::overview(),
            ),
        ),
        ("first-run", pages::overview::render(&frame("/", "Overview"), &samples::first_run())),
        (
            "population",
            pages::population::render(
                &frame("/population?from=2026-10-01&to=2026-10-31", "Population"),
                &samples::population(),
            ),
        ),
        (
            "population-empty",
            pages::population::render(
                &frame("/population?status=failed", "Population"),
                &samples::population_empty(),
            ),
        ),
        ("changes", pages::changes::render(&frame("/changes", "Changes"), &samples::changes())),
        (
            "change",
            pages::change::render(&frame("/changes/chg_01ja9x7q4m", "Changes"), &samples::change()),
        ),
        (
            "change-hostile",
            pages::change::render(&frame("/changes/chg_x", "Changes"), &samples::change_hostile()),
        ),
        (
            "change-trivial",
            pages::change::render(
                &frame("/changes/chg_01jb22m8rc", "Changes"),
                &samples::change_trivial(),
            ),
        ),
        (
            "deploy",
            pages::deploy::render(&frame("/deploys/dep_7407", "Population"), &samples::deploy()),
        ),
        (
            "policy",
            pages::policy::render(&frame("/policy/acme/payments", "Policy"), &samples::policy()),
        ),
        ("policies", pages::policy::render_list(&frame("/policy", "Policy"), &samples::policies())),
        ("ledger", pages::ledger::render(&frame("/ledger", "Ledger"), &samples::ledger())),
        ("entry", pages::entry::render(&frame("/ledger/45880", "Ledger"), &samples::entry())),
        ("search", pages::search::render(&frame("/search?q=m.ortiz", ""), &samples::search())),
        (
            "search-nothing",
            pages::search::render(&frame("/search", ""), &samples::search_nothing()),
        ),
        ("sign-in", pages::sign_in::render(&bare("/sign-in"), &samples::sign_in())),
        ("sign-in-used", pages::sign_in::render(&bare("/sign-in"), &samples::sign_in_used())),
        ("components", pages::gallery::render(&frame("/_components", ""))),
    ]
    .into_iter()
    .map(|(name, page)| (name.to_owned(), page.expect("a page renders")))
    .collect::<Vec<_>>();
    out.extend(decisions());
    out.extend(problems());
    out
}

/// The gate in every state.
fn decisions() -> Vec<(String, String)> {
    let frame = Frame::sample("/decisions/dec_01jc81fz3a", "");
    let page = |state| {
        pages::decision::render(&frame, &samples::decision_in(state)).expect("a page renders")
    };
    State::ALL.into_iter().map(|state| (format!("decision-{state}"), page(state))).collect()
}

/// Every problem page.
fn problems() -> Vec<(String, String)> {
    [400, 401, 403, 404, 409, 413, 429, 500, 503]
        .into_iter()
        .map(|status| {
            let mut page = problem::usual(status);
            page.id = (status >= 500).then(|| "7f3a91".to_owned());
            let html =
                pages::problem::render(&bare("/changes/<script>"), &page).expect("a page renders");
            (format!("problem-{status}"), html)
        })
        .collect()
}

/// A frame of somebody who is not signed in, while the database is away.
fn bare(path: &str) -> Frame {
    Frame {
        areas: Vec::new(),
        search: None,
        scope: None,
        login: None,
        person: String::new(),
        seal: None,
        ..Frame::sample(path, "")
    }
}

fn select<'a>(html: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    let selector = Selector::parse(selector).expect("a selector");
    html.select(&selector).collect()
}

fn text(element: ElementRef<'_>) -> String {
    element.text().collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn css() -> String {
    let asset = assets::get(&assets::url("countersign.css")).expect("the style sheet");
    String::from_utf8(asset.bytes.into_owned()).expect("text")
}

/// Writes every page with its style sheet inside, so that a browser shows it without a server.
fn written() -> std::path::PathBuf {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/pages");
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).expect("a directory");
    let css = css();
    for (name, html) in all() {
        let inlined = html
            .replace("<link rel=\"stylesheet\"", &format!("<style>{css}</style><link rel=\"x\""));
        std::fs::write(dir.join(format!("{name}.html")), inlined).expect("a file");
    }
    dir
}

/// Checklist 1, 3, 4, 5, 17: axe-core in three themes, narrow windows, wide text spacing, Tab, and paper.
#[test]
fn a_browser_finds_no_fault_with_any_page_and_prints_it_with_its_place_in_the_record() {
    let dir = written();
    let looked = std::process::Command::new("node")
        .args(["tests/outside/look.mjs", &dir.display().to_string()])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("node runs: install nodejs, or run tests/run");
    let said = String::from_utf8_lossy(&looked.stdout).into_owned();
    let hint = "run tests/run, or: npm ci --prefix tests/outside, with /usr/bin/chromium installed";
    assert!(looked.status.success(), "{}\n{hint}", String::from_utf8_lossy(&looked.stderr));
    let names: Vec<String> = all().into_iter().map(|(name, _)| name).collect();
    assert_eq!(said.trim(), format!("{{\"looked\":{}}}", names.len()), "faults, one a line");
    for name in names {
        let pdf = dir.join(format!("{name}.pdf"));
        let text = std::process::Command::new("pdftotext")
            .args(["-layout", &pdf.display().to_string(), "-"])
            .output()
            .expect("pdftotext runs: install poppler-utils, or run tests/run");
        let text = String::from_utf8(text.stdout).expect("text");
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let pages = text.matches('\u{c}').count();
        for page in [format!("Page 1 of {pages}"), format!("Page {pages} of {pages}")] {
            assert!(words.contains(&page), "{name}: no `{page}`");
        }
        for mark in ["Countersign · ", "shown 2026-11-20 14:06:22 UTC", "Reviewed by", "Workpaper"]
        {
            assert!(words.contains(mark), "{name}: no `{mark}` in {words}");
        }
        let folded = html_of(&name).contains("<details class=\"sheet events-sheet\"");
        assert!(!folded || words.contains("PAY-212 created"), "{name}: a fold is closed on paper");
    }
}

fn html_of(wanted: &str) -> String {
    all().into_iter().find(|(name, _)| name == wanted).map(|(_, html)| html).expect("a page")
}

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

#[test]
fn every_printed_sum_adds_up() {
    let number = |word: &str| word.replace(',', "").parse::<u64>().ok();
    let mut sums = 0;
    for (name, html) in all() {
        let html = Html::parse_document(&html);
        for element in select(&html, ".sum, .sums dd, tfoot th, tfoot td, .tally, .rule-tree td p")
        {
            let said = text(element);
            let Some((left, right)) = said.split_once(" = ") else { continue };
            if !said.contains(" + ") {
                continue;
            }
            let (terms, total) = if right.contains(" + ") { (right, left) } else { (left, right) };
            let terms =
                terms.split(" + ").filter_map(|term| term.split_whitespace().find_map(number));
            let total = total.split_whitespace().find_map(number).expect("a total");
            assert_eq!(terms.sum::<u64>(), total, "{name}: {said}");
            sums += 1;
        }
    }
    assert!(sums > 15, "only {sums} sums were found");
}

#[test]
fn rows_of_columns_add_up_to_their_foot() {
    let html = Html::parse_document(
        &pages::overview::render(&Frame::sample("/", "Overview"), &samples::overview())
            .expect("a page"),
    );
    let cells = |row: &str| -> Vec<u64> {
        select(&html, &format!(".chart-outcome {row} td.number"))
            .into_iter()
            .map(|cell| text(cell).replace(',', "").parse().expect("a number"))
            .collect()
    };
    let foot = cells("tfoot");
    for (column, total) in foot.iter().enumerate() {
        assert_eq!(
            cells("tbody").iter().skip(column).step_by(foot.len()).sum::<u64>(),
            *total,
            "column {column}"
        );
    }
}

/// Checklist 19: a chart counts what the figures count.
#[test]
fn the_days_of_the_chart_add_up_to_the_deploys_of_the_figures() {
    let html = Html::parse_document(&html_of("overview"));
    let figure = text(select(&html, ".figures b")[0]);
    let foot: Vec<String> =
        select(&html, ".charts section:first-child tfoot td").into_iter().map(text).collect();
    let (all, classes) = foot.split_last().expect("cells");
    assert_eq!(*all, figure);
    let number = |word: &String| word.replace(',', "").parse::<u64>().expect("a number");
    assert_eq!(classes.iter().map(number).sum::<u64>(), number(all));
    let shown = select(&html, ".charts section:first-child .legend li");
    let shown: Vec<String> = shown.into_iter().map(text).collect();
    assert!(
        shown.iter().zip(classes).all(|(said, number)| said.ends_with(number.as_str())),
        "{shown:?}"
    );
}

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
