//! Filters of the templates.

#![expect(
    missing_docs,
    reason = "the macro makes types that nobody reads; what they do is said at their functions"
)]

use std::fmt::Display;

use askama::Values;

/// The name under which a page hands its scope down to every template in it.
pub const SCOPE: &str = "scope";

/// An address that carries the scope of the page on (interface 3.1.2): what the address does not say itself is added.
#[askama::filter_fn]
pub fn carried(href: impl Display, values: &dyn Values) -> askama::Result<String> {
    let scope = askama::get_value::<String>(values, SCOPE).map_or("", String::as_str);
    Ok(with_scope(&href.to_string(), scope))
}

/// Addresses that are no pages: files, the API, the ledger's own protocol, signing in and out.
const NO_PAGES: [&str; 7] =
    ["//", "/api/", "/assets/", "/hooks/", "/sign-", "/ledger/checkpoint", "/ledger/tile"];

/// The address of a page of ours with those parts of `scope` (`from=…&environment=…`) that it does not say itself.
/// Any other address stays as it is.
#[must_use]
pub fn with_scope(href: &str, scope: &str) -> String {
    let ours = href.starts_with('/') && !NO_PAGES.iter().any(|start| href.starts_with(start));
    if scope.is_empty() || !ours {
        return href.to_owned();
    }
    let (address, fragment) = href
        .split_once('#')
        .map_or((href, String::new()), |(address, at)| (address, format!("#{at}")));
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let said: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty()).collect();
    let names: Vec<&str> = said.iter().map(|pair| name(pair)).collect();
    // A period is one thing: an address that says one end of it says both.
    let period = names.iter().any(|name| matches!(*name, "from" | "to"));
    let added = scope.split('&').filter(|pair| {
        let name = name(pair);
        !names.contains(&name) && !(period && matches!(name, "from" | "to"))
    });
    let query: Vec<&str> = added.chain(said.iter().copied()).collect();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{path}{mark}{}{fragment}", query.join("&"))
}

fn name(pair: &str) -> &str {
    pair.split_once('=').map_or(pair, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_gets_what_it_does_not_say_itself() {
        let scope = "from=2026-10-01&to=2026-10-31&environment=production";
        for (href, carried) in [
            ("/", "/?from=2026-10-01&to=2026-10-31&environment=production"),
            (
                "/changes/chg_1#time",
                "/changes/chg_1?from=2026-10-01&to=2026-10-31&environment=production#time",
            ),
            (
                "/population?service=web",
                "/population?from=2026-10-01&to=2026-10-31&environment=production&service=web",
            ),
            (
                "/population?environment=staging",
                "/population?from=2026-10-01&to=2026-10-31&environment=staging",
            ),
            ("/changes?from=2026-01-01", "/changes?environment=production&from=2026-01-01"),
        ] {
            assert_eq!(with_scope(href, scope), carried);
            assert_eq!(with_scope(&with_scope(href, scope), scope), carried, "carried twice");
        }
    }

    #[test]
    fn what_is_no_page_of_ours_stays_as_it_is() {
        for href in [
            "https://forge.example/1",
            "//evil.example",
            "#time",
            "/api/v1/changes/chg_1",
            "/ledger/checkpoint",
            "/ledger/tile/0/000",
            "/assets/0/countersign.css",
            "/sign-out",
        ] {
            assert_eq!(with_scope(href, "from=2026-10-01"), href);
        }
        assert_eq!(with_scope("/changes", ""), "/changes");
    }
}
