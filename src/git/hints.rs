//! What a message says about a proposal. A hint and nothing more (sem 7): anybody can write a message.

/// Through which forge's words a message speaks of a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// The proposal's number, where the words give one.
    pub number: Option<u64>,
    /// Which words.
    pub words: &'static str,
    /// The proposal's own title, where the message has it in another place than its first line.
    pub title: Option<String>,
}

/// Reads the hint in a message, if there is one. `merge`: the commit has several parents.
#[must_use]
pub fn hint(message: &str, merge: bool) -> Option<Hint> {
    let message = message.trim_start();
    let title = message.lines().next().unwrap_or_default().trim_end();
    in_merge_title(title, message, merge).or_else(|| in_trailer(message)).or_else(|| {
        number_at_end(title).map(|number| {
            found(
                number,
                if merge {
                    "`(#n)` in the title of a merge"
                } else {
                    "`(#n)` at the end of the title"
                },
            )
        })
    })
}

fn found(number: u64, words: &'static str) -> Hint {
    Hint { number: Some(number), words, title: None }
}

/// The digits at the start of a text.
fn digits(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}

fn in_merge_title(title: &str, message: &str, merge: bool) -> Option<Hint> {
    let with_body = |number, words| Hint { number: Some(number), words, title: body(message) };
    // Whoever merges may put words before those of the forge; in a commit with one parent they would be a quotation.
    let request = if merge {
        let parts = title.split_once("Merge pull request #");
        parts.filter(|(before, _)| !before.contains('"')).map(|(_, rest)| rest)
    } else {
        title.strip_prefix("Merge pull request #")
    };
    if let Some(rest) = request {
        return digits(rest).map(|number| with_body(number, "`Merge pull request #n`"));
    }
    // A merge bot's words, and those of people who merge by hand.
    if let Some(number) = title.strip_prefix("Merge #").filter(|_| merge).and_then(digits) {
        return Some(found(number, "`Merge #n`"));
    }
    let auto = ["Auto merge of #", "auto merge of #", "Rollup merge of #"];
    if let Some(number) = auto.iter().find_map(|words| title.strip_prefix(words)).and_then(digits) {
        return Some(with_body(number, "`Auto merge of #n`"));
    }
    if let Some(rest) = title.strip_prefix("Merged PR ") {
        return digits(rest).map(|number| found(number, "`Merged PR n`"));
    }
    if let Some(rest) = title.strip_prefix("Pull request #") {
        return digits(rest).map(|number| found(number, "`Pull request #n`"));
    }
    if title.starts_with("Merged in ") {
        let (_, rest) = title.rsplit_once("(pull request #")?;
        return digits(rest).map(|number| with_body(number, "`Merged in … (pull request #n)`"));
    }
    if merge && (title.starts_with("Merge \"") || title.starts_with("Merge changes I")) {
        return Some(Hint { number: None, words: "`Merge \"…\"`, as Gerrit does", title: None });
    }
    let words = "`Merge commit from fork` (a security advisory's private fork)";
    (title == "Merge commit from fork").then(|| Hint { number: None, words, title: body(message) })
}

/// The proposal's title in the body of a merge: its first line, if that is one. Trailers, lists of commits and what
/// git writes about conflicts are none.
fn body(message: &str) -> Option<String> {
    let line = message.lines().skip(1).map(str::trim).find(|line| !line.is_empty())?;
    let words = ["* commit '", "Conflicts:", "# Conflicts:", "Signed-off-by:", "Co-authored-by:"];
    (!words.iter().any(|start| line.starts_with(start))).then(|| line.to_owned())
}

fn in_trailer(message: &str) -> Option<Hint> {
    for line in message.lines().rev().map(str::trim) {
        if let Some(rest) = line.strip_prefix("See merge request ") {
            let (_, number) = rest.rsplit_once('!')?;
            return digits(number).map(|number| found(number, "`See merge request !n`"));
        }
        if let Some(rest) = line.strip_prefix("Reviewed-on: ") {
            let number = rest.rsplit('/').next().and_then(digits);
            return Some(Hint { number, words: "`Reviewed-on:`", title: None });
        }
        if let Some(rest) = line.strip_prefix("Differential Revision: ") {
            let number =
                rest.rsplit('/').next().and_then(|last| last.strip_prefix('D')).and_then(digits);
            return Some(Hint { number, words: "`Differential Revision:`", title: None });
        }
    }
    None
}

/// `… (#12)` or `… (!12)` at the end of a title.
fn number_at_end(title: &str) -> Option<u64> {
    let inside = title.strip_suffix(')')?;
    let at = inside.rfind("(#").or_else(|| inside.rfind("(!"))?;
    let number = inside.get(at + 2..)?;
    number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_forges_are_read_and_others_are_not() {
        let number = |message: &str| hint(message, false).and_then(|hint| hint.number);
        assert_eq!(number("Fix it (#12)"), Some(12));
        assert_eq!(number("Merge pull request #7 from a/b\n\nAdd x"), Some(7));
        assert_eq!(
            hint("Merge pull request #7 from a/b\n\nAdd x", true).and_then(|h| h.title).as_deref(),
            Some("Add x")
        );
        assert_eq!(
            number("Merge branch 'x' into 'main'\n\nAdd\n\nSee merge request g/p!34"),
            Some(34)
        );
        assert_eq!(number("Merged in feature/x (pull request #5)\n\nY"), Some(5));
        assert_eq!(number("Merged PR 99: Title"), Some(99));
        assert_eq!(number("Pull request #3: T"), Some(3));
        assert_eq!(number("Auto merge of #123 - u:b, r=x"), Some(123));
        assert_eq!(number("auto merge of #9 : u/b, r=x\n\nT"), Some(9));
        assert_eq!(number("x\n\nReviewed-on: https://r.example/c/p/+/456"), Some(456));
        assert_eq!(number("x\n\nDifferential Revision: https://r.example/D77"), Some(77));
        let merge = |message: &str| hint(message, true).map(|hint| (hint.number, hint.title));
        assert_eq!(merge("[DOCS] Merge pull request #8 from a/b"), Some((Some(8), None)));
        assert_eq!(number("Revert \"Merge pull request #8 from a/b\""), None);
        assert_eq!(merge("Merge #8: Add x"), Some((Some(8), None)));
        assert_eq!(number("Merge #8: Add x"), None, "one parent: anybody's words");
        let gerrit = "Merge \"Revert \"Merge pull request #8 from a/b\"\"";
        assert_eq!(merge(gerrit), Some((None, None)));
        assert_eq!(merge("Merge changes I3ffeb091,Idffefea4"), Some((None, None)));
        assert_eq!(merge("Merge commit from fork\n\nT"), Some((None, Some("T".to_owned()))));
        assert_eq!(
            merge("Merge pull request #3 in P/r from b to main\n\n* commit 'abc':"),
            Some((Some(3), None))
        );
        for none in [
            "Fix #12",
            "Fix (#12) again",
            "(#x)",
            "Merge branch 'main'",
            "",
            "Merge pull request #99999999999999999999999 from x",
            "(#)",
        ] {
            assert_eq!(hint(none, true), None, "{none}");
        }
    }
}
