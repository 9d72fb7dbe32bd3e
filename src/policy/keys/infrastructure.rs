//! Infrastructure and rights that a file holds, whatever it is called and wherever it lies (sem 2.1): rights, network
//! policies, definitions and admission of Kubernetes, also inside lists and values; templates of `CloudFormation` and ARM.
//!
//! What cannot be read is taken for a manifest if it looks like one: other readers are more patient than ours.

use crate::domain::{RepoPath, Value};

use super::report::{NEW, OLD, Report};
use super::tree::{Node, NodeKind};

/// Kinds whose change is infrastructure or rights.
const PROTECTED_KINDS: [&str; 38] = [
    "APIService",
    "AdminNetworkPolicy",
    "AuthorizationPolicy",
    "BaselineAdminNetworkPolicy",
    "CiliumClusterwideNetworkPolicy",
    "CiliumNetworkPolicy",
    "ClusterExternalSecret",
    "ClusterIssuer",
    "ClusterPolicy",
    "ClusterRole",
    "ClusterRoleBinding",
    "ClusterSecretStore",
    "ConstraintTemplate",
    "CustomResourceDefinition",
    "EnvoyFilter",
    "ExternalSecret",
    "GlobalNetworkPolicy",
    "IAMPartialPolicy",
    "IAMPolicy",
    "IAMPolicyMember",
    "IAMServiceAccount",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "MutatingWebhookConfiguration",
    "NetworkPolicy",
    "PeerAuthentication",
    "PodSecurityPolicy",
    "RequestAuthentication",
    "Role",
    "RoleBinding",
    "SealedSecret",
    "Secret",
    "SecretStore",
    "SecurityContextConstraints",
    "ServiceAccount",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
];

/// Says so of a document that changed.
pub(super) fn examine(old: Option<&Node>, new: Option<&Node>, report: &mut Report<'_>) {
    for (side, node) in [(OLD, old), (NEW, new)] {
        let Some(node) = node else { continue };
        if let Some(kind) = protected_kind(node) {
            let why = format!("a document of kind {kind} changed");
            report.doubt(side, "infrastructure", node.at, why, None);
        } else if is_template(node) {
            let why = "a template of a cloud's resources changed".to_owned();
            report.doubt(side, "infrastructure", node.at, why, None);
        }
    }
    inner(old, new, report);
}

fn protected_kind(node: &Node) -> Option<&str> {
    node.get("kind").and_then(Node::as_str).filter(|kind| PROTECTED_KINDS.contains(kind))
}

/// A template of `CloudFormation` or of the Azure Resource Manager.
fn is_template(node: &Node) -> bool {
    let resource = |node: &Node| {
        let kind = node.get("Type").and_then(Node::as_str);
        kind.is_some_and(|kind| kind.starts_with("AWS::"))
    };
    let schema = node.get("$schema").and_then(Node::as_str).unwrap_or_default();
    node.get("AWSTemplateFormatVersion").is_some()
        || schema.to_ascii_lowercase().contains("deploymenttemplate.json")
        || node.get("Resources").is_some_and(|all| children(all).any(resource))
}

/// Whole manifests inside of other values (a list, what a chart adds): those of one side that the other has not.
fn inner(old: Option<&Node>, new: Option<&Node>, report: &mut Report<'_>) {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for (node, found) in [(old, &mut before), (new, &mut after)] {
        node.into_iter().flat_map(children).for_each(|child| manifests(child, found));
    }
    for (side, these, others) in [(OLD, &before, &after), (NEW, &after, &before)] {
        if let Some((kind, at, _)) = these.iter().find(|(_, _, value)| lacks(others, value)) {
            let why = format!("a manifest of kind {kind} inside of it changed");
            report.doubt(side, "infrastructure", *at, why, None);
        }
    }
}

type Found<'a> = Vec<(&'a str, usize, Value)>;

fn lacks(others: &Found<'_>, value: &Value) -> bool {
    !others.iter().any(|(_, _, other)| other == value)
}

fn manifests<'a>(node: &'a Node, found: &mut Found<'a>) {
    if let Some(kind) = protected_kind(node).filter(|_| node.get("apiVersion").is_some()) {
        found.push((kind, node.at, node.value()));
    }
    children(node).for_each(|child| manifests(child, found));
}

fn children(node: &Node) -> impl Iterator<Item = &Node> {
    let (items, entries) = match &node.kind {
        NodeKind::Scalar(_) => (&[][..], &[][..]),
        NodeKind::Sequence(items) => (items.as_slice(), &[][..]),
        NodeKind::Map(entries) => (&[][..], entries.as_slice()),
    };
    let items = items.iter().map(AsRef::as_ref);
    items.chain(entries.iter().map(|entry| entry.value.as_ref()))
}

/// Whether the bytes of a side that could not be read may be a manifest. Files of a format without manifests are none.
pub(super) fn may_be_manifest(path: &RepoPath, bytes: &[u8]) -> bool {
    let name = String::from_utf8_lossy(path.file_name()).to_ascii_lowercase();
    let format = [".yaml", ".yml", ".json"].iter().any(|ending| name.ends_with(ending));
    let holds = |word: &str| bytes.windows(word.len()).any(|part| part == word.as_bytes());
    format && (holds("apiVersion") || holds("AWSTemplateFormatVersion") || holds("AWS::"))
}
