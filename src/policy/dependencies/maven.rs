//! Maven: `pom.xml`. Only the version of a dependency may change, where it stands or in a property that nothing else
//! uses. Plugins and the parent run code in the build, so their versions are no bump.

use roxmltree::{Document, Node};

use crate::domain::RepoPath;
use crate::policy::keys::MAX_DEPTH;

use super::manifest::is_version;
use super::{Found, MOST, direct};

/// A text that differs, with the names of the elements around it, the nearest last.
struct Difference<'a> {
    path: Vec<&'a str>,
    node: Node<'a, 'a>,
    old: &'a str,
    new: &'a str,
}

/// Two `pom.xml`.
pub(super) fn pom(_: &RepoPath, old: &str, new: &str) -> Found {
    let parse = |text| Document::parse(text).map_err(|error| error.to_string());
    let (old, new) = match (parse(old), parse(new)) {
        (Ok(old), Ok(new)) => (old, new),
        (Err(why), _) | (_, Err(why)) => {
            return Found::doubt(format!("it is no XML that can be read: {why}"));
        }
    };
    let mut differences = Vec::new();
    let walked = walk(old.root_element(), new.root_element(), &mut Vec::new(), &mut differences);
    if let Err(why) = walked {
        return Found::doubt(why);
    }
    if differences.len() > MOST {
        return Found::doubt(format!("{} texts change at once", differences.len()));
    }
    let mut found = Found::default();
    for difference in &differences {
        if let Some(name) = named(&new, difference) {
            found.changes.push(direct(&name, difference.old, difference.new));
        } else {
            let at = difference.path.join(".");
            found.doubts.push(format!("{at}: it is not the version of one dependency"));
        }
    }
    found
}

/// Elements in the same order with the same attributes; what differs is text in elements that hold nothing else.
fn walk<'a>(
    old: Node<'a, 'a>,
    new: Node<'a, 'a>,
    path: &mut Vec<&'a str>,
    found: &mut Vec<Difference<'a>>,
) -> Result<(), String> {
    path.push(new.tag_name().name());
    let at = path.join(".");
    let attributes = |node: Node<'a, 'a>| -> Vec<_> {
        node.attributes().map(|one| (one.namespace(), one.name(), one.value())).collect()
    };
    if old.tag_name() != new.tag_name() || attributes(old) != attributes(new) {
        return Err(format!("{at}: another element or attribute"));
    }
    if path.len() > MAX_DEPTH {
        return Err(format!("nested deeper than {MAX_DEPTH} levels"));
    }
    let (before, after) = (elements(old), elements(new));
    if before.len() != after.len() {
        return Err(format!("{at}: elements came or went"));
    }
    let (was, is) = (texts(old), texts(new));
    if was != is {
        let ([old], [_], true) = (was.as_slice(), is.as_slice(), after.is_empty()) else {
            return Err(format!("{at}: its text changed"));
        };
        found.push(Difference {
            path: path.clone(),
            node: new,
            old,
            new: is.first().copied().unwrap_or_default(),
        });
    }
    for (old, new) in before.into_iter().zip(after) {
        walk(old, new, path, found)?;
    }
    path.pop();
    Ok(())
}

fn elements<'a>(node: Node<'a, 'a>) -> Vec<Node<'a, 'a>> {
    node.children().filter(Node::is_element).collect()
}

/// Text beside blanks; comments and instructions cut it in pieces, which is then seen.
fn texts<'a>(node: Node<'a, 'a>) -> Vec<&'a str> {
    let texts = node.children().filter(Node::is_text).filter_map(|child| child.text());
    texts.map(str::trim).filter(|text| !text.is_empty()).collect()
}

/// The dependency whose version it is.
fn named(document: &Document<'_>, difference: &Difference<'_>) -> Option<String> {
    if !is_version(difference.old) || !is_version(difference.new) {
        return None;
    }
    match difference.path.as_slice() {
        ["project", "dependencies", "dependency", "version"]
        | ["project", "dependencyManagement", "dependencies", "dependency", "version"] => {
            dependency(difference.node)
        }
        ["project", "properties", property] => of_property(document, property),
        _ => None,
    }
}

/// The one dependency that takes its version from a property, if nothing else in the file mentions it.
fn of_property(document: &Document<'_>, property: &str) -> Option<String> {
    let mark = format!("${{{property}}}");
    let mut users = document.descendants().filter(|node| {
        node.is_text() && node.text().is_some_and(|text| text.contains(&mark))
            || node.attributes().any(|attribute| attribute.value().contains(&mark))
    });
    let user = users.next().filter(|_| users.next().is_none())?;
    let version = user.parent().filter(|parent| {
        user.text().is_some_and(|text| text.trim() == mark) && is_dependency(*parent)
    })?;
    dependency(version)
}

fn is_dependency(version: Node<'_, '_>) -> bool {
    let above: Vec<&str> =
        version.ancestors().filter(Node::is_element).map(|node| node.tag_name().name()).collect();
    matches!(
        above.as_slice(),
        ["version", "dependency", "dependencies", "project"]
            | ["version", "dependency", "dependencies", "dependencyManagement", "project"]
    )
}

/// `group:artefact`, of a dependency that names no file of this machine.
fn dependency(version: Node<'_, '_>) -> Option<String> {
    let all = elements_of(version.parent()?);
    let text = |name: &str| {
        let mut found = all.iter().filter(|(tag, _)| *tag == name);
        found.next().filter(|_| found.next().is_none()).map(|(_, text)| *text)
    };
    let local = all.iter().any(|(tag, text)| *tag == "systemPath" || *text == "system");
    let (group, artefact) = (text("groupId")?, text("artifactId")?);
    let imported = text("scope") == Some("import");
    (!local && !imported && text("version").is_some()).then(|| format!("{group}:{artefact}"))
}

fn elements_of<'a>(node: Node<'a, 'a>) -> Vec<(&'a str, &'a str)> {
    let elements = node.children().filter(Node::is_element);
    elements.map(|node| (node.tag_name().name(), node.text().unwrap_or_default().trim())).collect()
}
