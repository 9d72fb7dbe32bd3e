//! Documents of a stream: which of the old ones is which of the new ones (sem 2.2.2).

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::domain::{KeyOp, Segment};

use super::compare;
use super::infrastructure;
use super::report::{NEW, OLD, Report};
use super::template;
use super::tree::Node;

/// `apiVersion`, `kind`, `metadata.namespace`, `metadata.name`.
type Identity<'a> = [&'a str; 4];

/// Compares two streams document by document.
pub(super) fn compare(old: &[Rc<Node>], new: &[Rc<Node>], report: &mut Report<'_>) {
    let several = old.len() > 1 || new.len() > 1;
    for (before, after, label) in align(old, new, several, report) {
        let mut path = Vec::new();
        if several {
            path.push(Segment::Document(label));
        }
        let changes = report.len();
        pair(&mut path, before, after, report);
        if report.len() > changes {
            infrastructure::examine(before, after, report);
        }
        template::examine(&mut path, OLD, before, report);
        template::examine(&mut path, NEW, after, report);
    }
}

fn pair(path: &mut Vec<Segment>, old: Option<&Node>, new: Option<&Node>, report: &mut Report<'_>) {
    let (side, node, op, what) = match (old, new) {
        (Some(old), Some(new)) => return compare::nodes(path, old, new, report),
        (Some(old), None) => (OLD, old, KeyOp::Remove, "removed"),
        (None, Some(new)) => (NEW, new, KeyOp::Add, "added"),
        (None, None) => return,
    };
    compare::leaves(path, node, op, report);
    report.doubt(side, "structural", node.at, format!("a document was {what}"), None);
}

type Aligned<'a> = Vec<(Option<&'a Node>, Option<&'a Node>, String)>;

fn align<'a>(
    old: &'a [Rc<Node>],
    new: &'a [Rc<Node>],
    several: bool,
    report: &mut Report<'_>,
) -> Aligned<'a> {
    match (identities(old), identities(new)) {
        (Some(before), Some(after)) if several => {
            if !same_order(&before, &after) {
                let why = "documents stand in another order".to_owned();
                report.doubt(NEW, "structural", 0, why, None);
            }
            by_identity(&before, &after)
        }
        _ => (0..old.len().max(new.len()))
            .map(|index| {
                let of = |side: &'a [Rc<Node>]| side.get(index).map(AsRef::as_ref);
                (of(old), of(new), (index + 1).to_string())
            })
            .collect(),
    }
}

type Identified<'a> = Vec<(Identity<'a>, &'a Node)>;

/// The identity of every document, if all have one and no two have the same.
fn identities(documents: &[Rc<Node>]) -> Option<Identified<'_>> {
    let all: Identified<'_> = documents
        .iter()
        .map(|node| identity(node).map(|identity| (identity, node.as_ref())))
        .collect::<Option<_>>()?;
    let distinct: BTreeSet<&Identity<'_>> = all.iter().map(|(identity, _)| identity).collect();
    (distinct.len() == all.len()).then_some(all)
}

fn identity(node: &Node) -> Option<Identity<'_>> {
    let metadata = node.get("metadata")?;
    let namespace = match metadata.get("namespace") {
        Some(namespace) => namespace.as_str()?,
        None => "",
    };
    Some([
        node.get("apiVersion")?.as_str()?,
        node.get("kind")?.as_str()?,
        namespace,
        metadata.get("name")?.as_str()?,
    ])
}

fn by_identity<'a>(old: &Identified<'a>, new: &Identified<'a>) -> Aligned<'a> {
    let all: BTreeSet<Identity<'a>> =
        old.iter().chain(new).map(|(identity, _)| *identity).collect();
    let before: std::collections::BTreeMap<_, _> = old.iter().copied().collect();
    let after: std::collections::BTreeMap<_, _> = new.iter().copied().collect();
    all.into_iter()
        .map(|identity| {
            (before.get(&identity).copied(), after.get(&identity).copied(), label(&identity))
        })
        .collect()
}

fn label([version, kind, namespace, name]: &Identity<'_>) -> String {
    if namespace.is_empty() {
        format!("{version} {kind} {name}")
    } else {
        format!("{version} {kind} {namespace}/{name}")
    }
}

fn same_order(old: &Identified<'_>, new: &Identified<'_>) -> bool {
    let olds: BTreeSet<_> = old.iter().map(|(identity, _)| identity).collect();
    let news: BTreeSet<_> = new.iter().map(|(identity, _)| identity).collect();
    let before = old.iter().map(|(identity, _)| identity).filter(|i| news.contains(i));
    let after = new.iter().map(|(identity, _)| identity).filter(|i| olds.contains(i));
    before.eq(after)
}
