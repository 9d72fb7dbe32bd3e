//! Two nodes into key changes (sem 2.2.3).
//!
//! Maps are compared by key, whatever their order. Sequences are compared by position, except that the same items
//! in another order are one `reorder`. What is added or removed is told by its leaves, so that a rule about a deep
//! key sees it; where a value becomes a collection or the reverse, its `type_change` and the leaves are told.

use crate::domain::{KeyOp, Segment};

use super::report::{NEW, OLD, Report};
use super::tree::{Entry, Key, Node, NodeKind};

/// Compares two nodes at a path.
pub(super) fn nodes(path: &mut Vec<Segment>, old: &Node, new: &Node, report: &mut Report<'_>) {
    match (&old.kind, &new.kind) {
        (NodeKind::Map(before), NodeKind::Map(after)) => maps(path, before, after, report),
        (NodeKind::Sequence(before), NodeKind::Sequence(after)) => {
            if is_reordered(before, after) {
                report.change(path, KeyOp::Reorder, Some(old), Some(new));
            } else {
                sequences(path, before, after, report);
            }
        }
        (NodeKind::Scalar(_), NodeKind::Scalar(_)) => scalars(path, old, new, report),
        _ => {
            report.change(path, KeyOp::TypeChange, Some(old), Some(new));
            inner_leaves(path, old, KeyOp::Remove, report);
            inner_leaves(path, new, KeyOp::Add, report);
        }
    }
}

/// Tells a node that is there on one side only by its leaves; an empty collection is a leaf.
pub(super) fn leaves(path: &mut Vec<Segment>, node: &Node, op: KeyOp, report: &mut Report<'_>) {
    if is_leaf(node) {
        let (old, new) = if op == KeyOp::Remove { (Some(node), None) } else { (None, Some(node)) };
        report.change(path, op, old, new);
        ambiguity(path, if op == KeyOp::Remove { OLD } else { NEW }, node, report);
    } else {
        inner_leaves(path, node, op, report);
    }
}

fn is_leaf(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Scalar(_) => true,
        NodeKind::Sequence(items) => items.is_empty(),
        NodeKind::Map(entries) => entries.is_empty(),
    }
}

fn inner_leaves(path: &mut Vec<Segment>, node: &Node, op: KeyOp, report: &mut Report<'_>) {
    match &node.kind {
        NodeKind::Scalar(_) => {}
        NodeKind::Sequence(items) => {
            for (index, item) in (0_u64..).zip(items) {
                within(path, Segment::Index(index), |path| leaves(path, item, op, report));
            }
        }
        NodeKind::Map(entries) => {
            for Entry { key, value } in entries {
                within(path, key_segment(key), |path| {
                    leaves(path, value, op, report);
                    key_ambiguity(path, if op == KeyOp::Remove { OLD } else { NEW }, key, report);
                });
            }
        }
    }
}

fn maps(path: &mut Vec<Segment>, old: &[Entry], new: &[Entry], report: &mut Report<'_>) {
    let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
    loop {
        let side = match (old.peek(), new.peek()) {
            (None, None) => return,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(before), Some(after)) => before.key.text.cmp(&after.key.text),
        };
        let before = if side.is_le() { old.next() } else { None };
        let after = if side.is_ge() { new.next() } else { None };
        let Some(key) = before.or(after).map(|entry| key_segment(&entry.key)) else { return };
        within(path, key, |path| entries(path, before, after, report));
    }
}

fn entries(
    path: &mut Vec<Segment>,
    old: Option<&Entry>,
    new: Option<&Entry>,
    report: &mut Report<'_>,
) {
    match (old, new) {
        (Some(old), Some(new)) => {
            if !old.key.same_form(&new.key) {
                report.change(path, KeyOp::TypeChange, Some(&old.value), Some(&new.value));
                let why = format!("the key `{}` is written in another form or type", new.key.text);
                report.doubt(NEW, "type_ambiguous", new.key.at, why, Some(path));
            }
            nodes(path, &old.value, &new.value, report);
        }
        (Some(old), None) => {
            leaves(path, &old.value, KeyOp::Remove, report);
            key_ambiguity(path, OLD, &old.key, report);
        }
        (None, Some(new)) => {
            leaves(path, &new.value, KeyOp::Add, report);
            key_ambiguity(path, NEW, &new.key, report);
        }
        (None, None) => {}
    }
}

fn sequences(
    path: &mut Vec<Segment>,
    old: &[std::rc::Rc<Node>],
    new: &[std::rc::Rc<Node>],
    report: &mut Report<'_>,
) {
    for index in 0..old.len().max(new.len()) {
        within(path, Segment::Index(index as u64), |path| match (old.get(index), new.get(index)) {
            (Some(old), Some(new)) => nodes(path, old, new, report),
            (Some(old), None) => leaves(path, old, KeyOp::Remove, report),
            (None, Some(new)) => leaves(path, new, KeyOp::Add, report),
            (None, None) => {}
        });
    }
}

fn is_reordered(old: &[std::rc::Rc<Node>], new: &[std::rc::Rc<Node>]) -> bool {
    let same = |a: &[&Node], b: &[&Node]| a.iter().zip(b).all(|(a, b)| a.order(b).is_eq());
    if old.len() != new.len() {
        return false;
    }
    let mut before: Vec<&Node> = old.iter().map(AsRef::as_ref).collect();
    let mut after: Vec<&Node> = new.iter().map(AsRef::as_ref).collect();
    if same(&before, &after) {
        return false;
    }
    before.sort_by(|a, b| a.order(b));
    after.sort_by(|a, b| a.order(b));
    same(&before, &after)
}

fn scalars(path: &mut [Segment], old: &Node, new: &Node, report: &mut Report<'_>) {
    if old.order(new).is_eq() {
        return;
    }
    let (before, after) = (old.value(), new.value());
    let same_type = before.type_name() == after.type_name() && before != after;
    let op = if same_type { KeyOp::Replace } else { KeyOp::TypeChange };
    report.change(path, op, Some(old), Some(new));
    ambiguity(path, OLD, old, report);
    ambiguity(path, NEW, new, report);
    if old.quoted != new.quoted {
        let why = "quotes came or went, and some readers keep them".to_owned();
        report.doubt(NEW, "type_ambiguous", new.at, why, Some(path));
    }
}

fn ambiguity(path: &[Segment], side: &str, node: &Node, report: &mut Report<'_>) {
    if let Some(text) = &node.ambiguous {
        let why = format!("`{text}` {}", report.readers());
        report.doubt(side, "type_ambiguous", node.at, why, Some(path));
    }
}

fn key_ambiguity(path: &[Segment], side: &str, key: &Key, report: &mut Report<'_>) {
    if let Some(text) = &key.ambiguous {
        let why = format!("the key `{text}` {}", report.readers());
        report.doubt(side, "type_ambiguous", key.at, why, Some(path));
    }
}

fn key_segment(key: &Key) -> Segment {
    Segment::Key(key.text.clone())
}

/// Does something one segment deeper.
pub(super) fn within(
    path: &mut Vec<Segment>,
    segment: Segment,
    action: impl FnOnce(&mut Vec<Segment>),
) {
    path.push(segment);
    action(path);
    path.pop();
}
