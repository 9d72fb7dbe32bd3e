//! The policy of an invented repository, with a line that tries to leave its place.

use super::HOSTILE;
use crate::report::policy::{PoliciesPage, PolicyLine, PolicyPage, PolicyPart, PolicyRow};

fn line(field: &str, value: &str, layer: &str, place: &str) -> PolicyLine {
    let [field, value, layer, place] = [field, value, layer, place].map(str::to_owned);
    PolicyLine { field, value, layer, place }
}

/// Two files, one of which tried to weaken the other.
#[must_use]
pub fn policy() -> PolicyPage {
    let part = |title: &str, lines: Vec<PolicyLine>| PolicyPart {
        title: title.to_owned(),
        always: "No file lowers these: CI, hooks, build scripts.".to_owned(),
        lines,
    };
    let scaling = "scaling: deploy/**/values-*.yaml: **.replicas int, at least 2, at most 20, by at most 50 % (replace)";
    let weaker = "repository: `trivial.max.files`, line 4: 50 is weaker than the organisation allows; 10 applies";
    PolicyPage {
        repo: "acme/payments".to_owned(),
        base: "main@4be1c07a92".to_owned(),
        mode: "enforce".to_owned(),
        organisation: "sha256:ac58…9680".to_owned(),
        repository: Some("sha256:9f2c…41e7".to_owned()),
        invalid: vec![weaker.to_owned()],
        parts: vec![
            part(
                "What passes by itself",
                vec![
                    line("trivial.config", scaling, "repository", "trivial.config[0], line 6"),
                    line("trivial.docs", HOSTILE, "repository", "trivial.docs, line 12"),
                    line(
                        "trivial.max.files",
                        "10",
                        "organisation",
                        "floor.trivial_ceiling.files, line 21",
                    ),
                ],
            ),
            part(
                "Classes of files",
                vec![
                    line(
                        "significant",
                        "money: src/payments/**, scope payments",
                        "repository",
                        "significant[0], line 14",
                    ),
                    line("default", "significant", "built-in", ""),
                ],
            ),
            part("Who has to say yes", Vec::new()),
        ],
    }
}

/// Some repositories, and an organisation file that is refused.
#[must_use]
pub fn policies() -> PoliciesPage {
    let row = |name: &str, mode: &str, protected: &str| PolicyRow {
        name: name.to_owned(),
        href: "/policy/acme/payments".to_owned(),
        mode: mode.to_owned(),
        protected: protected.to_owned(),
        default_branch: "main".to_owned(),
    };
    PoliciesPage {
        organisation: "sha256:ac58…9680".to_owned(),
        complaints: "error[CS0110]: unknown key `aproval`\n --> organisation.yml:2:1\n  |\n2 | aproval:\n  | ^^^^^^^ aproval\n  |\n  = help: did you mean `approval`?".to_owned(),
        rows: vec![row("acme/payments", "enforce", "main, release/*"), row(HOSTILE, "observe", "")],
    }
}
