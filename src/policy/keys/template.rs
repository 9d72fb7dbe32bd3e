//! Templating: a value that something else fills in later is not the value that runs (sem 2.2.7).

use crate::domain::Segment;

use super::compare::within;
use super::report::Report;
use super::tree::{Entry, Node, NodeKind};

const MARKS: [&str; 5] = ["{{", "{%", "${", "<%", "ENC["];

/// Whether a text holds a mark of a template language or an encrypted value.
#[must_use]
pub fn is_templated(text: &str) -> bool {
    MARKS.iter().any(|mark| text.contains(mark)) || text.starts_with("!Ref ")
}

/// Every template of a document is a doubt: in a value with its key, in a key without one.
pub(super) fn examine(
    path: &mut Vec<Segment>,
    side: &str,
    node: Option<&Node>,
    report: &mut Report<'_>,
) {
    if let Some(node) = node {
        walk(path, side, node, report);
    }
}

fn walk(path: &mut Vec<Segment>, side: &str, node: &Node, report: &mut Report<'_>) {
    if node.template || node.as_str().is_some_and(is_templated) {
        let why = "the value holds a template".to_owned();
        report.doubt(side, "templated", node.at, why, Some(path));
    }
    match &node.kind {
        NodeKind::Scalar(_) => {}
        NodeKind::Sequence(items) => {
            for (index, item) in (0_u64..).zip(items) {
                within(path, Segment::Index(index), |path| walk(path, side, item, report));
            }
        }
        NodeKind::Map(entries) => {
            for Entry { key, value } in entries {
                if is_templated(&key.text) || key.text.starts_with("Fn::") {
                    let why = format!("the key `{}` holds a template", key.text);
                    report.doubt(side, "templated", key.at, why, None);
                }
                within(path, Segment::Key(key.text.clone()), |path| {
                    walk(path, side, value, report);
                });
            }
        }
    }
}
