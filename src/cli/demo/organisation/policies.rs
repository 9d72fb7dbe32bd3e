//! The organisation file, the repositories' policies, and values of their services.

/// The organisation file.
pub const ORGANISATION: &str = r#"version: 1
people:
  - { user: m.ortiz, emails: [m.ortiz@acme.example], accounts: { github: "1002", jira: "557058:1002" } }
  - { user: h.sato, emails: [h.sato@acme.example], accounts: { github: "1003", jira: "557058:1003" } }
  - { user: p.novak, emails: [p.novak@acme.example], accounts: { github: "1004", jira: "557058:1004" } }
roles:
  architect:
    - { team: acme/platform-architects, scopes: ["*"] }
  security: [{ user: p.novak }]
  breakglass: [{ team: acme/sre-oncall }]
floor:
  default_class: significant
  staleness_at_most: clean_rebase
  always_critical: [".countersign.yml", "CODEOWNERS", "iam/**"]
  trivial_ceiling: { files: 10, lines: 200, kinds: [config, docs] }
approval:
  architects: { role: architect, count: 1 }
deploy:
  environments:
    staging: { require: classify_only }
    production: { require: all_changes_pass, integrity: required, rollback_window: 14d, after: [staging] }
    settlement: { require: all_changes_pass, integrity: required, rollback_window: 14d }
  unaccounted: deny
freeze:
  - { environment: settlement, from: 2026-11-16T00:00:00Z, to: 2026-11-28T00:00:00Z, reason: "quarter close" }
  - { environment: production, from: 2026-12-20T00:00:00Z, to: 2027-01-03T00:00:00Z, reason: "year end" }
rollout: { mode: enforce, observe: ["acme/legacy-*"] }
"#;

/// The policy of the repositories that keep to the organisation's.
pub(super) fn policy(project: &str, also: &str) -> String {
    format!(
        r#"version: 1
trivial:
  max: {{ files: 5, changed_keys: 10, lines: 60 }}
  config:
    - name: image tags
      files: ["deploy/**/values-*.yaml"]
      allow:
        - {{ key: "**.image.tag", regex: 'v\d+\.\d+\.\d+' }}
    - name: scaling
      files: ["deploy/**/values-*.yaml"]
      allow:
        - {{ key: "**.replicas", type: int, min: 2, max: 20, max_delta_pct: 50 }}
        - {{ key: "**.logLevel", enum: [info, warn, error] }}
  docs: {{ files: ["docs/**/*.md", "README.md"] }}
routine:
  - {{ name: tests, files: ["tests/**"] }}
approval:
  peers: {{ count: 1, for: routine }}
{also}  ticket: {{ required: true, pattern: '{project}-\d+' }}
  staleness: clean_rebase
"#
    )
}

/// A policy that lowers the default and drops approvals: the organisation's values apply, and nothing is automatic.
pub(super) const WEAKENED: &str =
    "version: 1\ndefault: routine\napproval:\n  staleness: owned_paths\n";

/// Values of a service in an environment.
pub(super) fn values(name: &str, tag: &str, replicas: u32, level: &str) -> String {
    format!(
        "name: {name}\nimage:\n  repository: registry.acme.example/{name}\n  tag: {tag}\nreplicas: {replicas}\nlogLevel: {level}\n"
    )
}
