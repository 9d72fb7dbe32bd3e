//! Sums that are printed add up.

use countersign::report::samples;
use countersign::web::components::Frame;
use countersign::web::pages;
use scraper::Html;

use crate::samples::{all, html_of, select, text};

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
