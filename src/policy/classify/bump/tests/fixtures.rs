//! A good bump in every ecosystem, and a change of it to be judged.

use super::super::judge;
use crate::domain::fact::{Check, Commit, Facts, Pull};
use crate::domain::file::Side;
use crate::domain::{Class, FileChange, Oid, Person, RepoPath, Signature};
use crate::policy::classify::classify;
use crate::policy::decision::Classification;
use crate::policy::layers::from_bytes;
use crate::policy::{Effective, content, dependencies, keys};

pub(super) const BOT: &str = "renovate[bot]";

/// A policy with the rule; the words in braces are its step, bots and checks.
pub(super) fn policy(step: &str, bots: &str, checks: &str) -> Effective {
    let text = format!(
        "version: 1\ntrivial:\n  docs: {{ files: [\"docs/**/*.md\"] }}\n  dependencies: {{ bots: [{bots}], step: {step}, checks: [{checks}] }}\n"
    );
    from_bytes(None, Some((".countersign.yml", text.as_bytes())), "main")
}

/// Files before and after, and who had a part.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) files: Vec<(String, String, String)>,
    pub(super) facts: Facts,
}

fn oid(digit: char) -> Oid {
    digit.to_string().repeat(40).parse().expect("an id")
}

pub(super) fn signature(person: &str, bot: bool) -> Signature {
    let person = Some(Person::from(person));
    Signature { name: "Renovate".to_owned(), email: "r@example.org".to_owned(), person, bot }
}

pub(super) fn commit(author: Signature, committer: Signature) -> Commit {
    Commit {
        id: oid('2'),
        parents: vec![oid('1')],
        author,
        committer,
        co_authors: Vec::new(),
        clean_update_merge: false,
        by_source: false,
    }
}

pub(super) fn check(name: &str, conclusion: Option<&str>) -> Check {
    Check { name: name.to_owned(), conclusion: conclusion.map(str::to_owned) }
}

fn facts() -> Facts {
    Facts {
        repo: "acme/payments".to_owned(),
        branch: "main".to_owned(),
        head: oid('2'),
        fingerprint: String::new(),
        pull: Some(Pull {
            number: 1,
            title: "Update".to_owned(),
            opener: Some(Person::from(BOT)),
            opener_is_bot: true,
            pushers: vec![Person::from(BOT)],
            pushed_by_unknown: false,
            drivers: Vec::new(),
            labels: Vec::new(),
            draft: false,
        }),
        files: Vec::new(),
        commits: vec![commit(signature(BOT, true), signature(BOT, true))],
        opinions: Vec::new(),
        reviewed: Vec::new(),
        overrides: Vec::new(),
        disowned: Vec::new(),
        grants: Vec::new(),
        tickets: Vec::new(),
        checks: vec![check("ci/test", Some("success"))],
        landing: None,
        reverts: Vec::new(),
        errors: Vec::new(),
    }
}

fn file(path: &str, old: &str, new: &str) -> FileChange {
    let path = RepoPath::from(path);
    let bytes = |text: &str| (text != "-").then(|| text.as_bytes().to_vec());
    let (old, new) = (bytes(old), bytes(new));
    let side =
        |bytes: &Option<Vec<u8>>| bytes.as_ref().map(|_| Side { mode: 0o100_644, oid: oid('3') });
    let (before, after) = (old.as_deref(), new.as_deref());
    let mode = |bytes: &Option<Vec<u8>>| bytes.as_ref().map(|_| 0o100_644);
    FileChange {
        old: side(&old),
        new: side(&new),
        renamed: None,
        content: content::scan(before, after, mode(&old), mode(&new)),
        keys: keys::diff(&path, before, after),
        dependency: dependencies::diff(&path, before, after),
        path,
    }
}

impl Change {
    /// Of these files: path, before, after; `-`: not there.
    pub(super) fn of(files: &[(&str, &str, &str)]) -> Self {
        let owned = |(path, old, new): &(&str, &str, &str)| {
            ((*path).to_owned(), (*old).to_owned(), (*new).to_owned())
        };
        Self { files: files.iter().map(owned).collect(), facts: facts() }
    }

    /// A text of one side, replaced everywhere; it must be there.
    fn replaced(text: &mut String, from: &str, to: &str) {
        assert!(text.contains(from), "{from} in {text}");
        *text = text.replace(from, to);
    }

    fn at(&mut self, path: &str) -> &mut (String, String, String) {
        self.files.iter_mut().find(|(name, ..)| name == path).expect("the file")
    }

    /// After the change, in one file.
    pub(super) fn after(mut self, path: &str, from: &str, to: &str) -> Self {
        Self::replaced(&mut self.at(path).2, from, to);
        self
    }

    /// Before the change, in one file.
    pub(super) fn before(mut self, path: &str, from: &str, to: &str) -> Self {
        Self::replaced(&mut self.at(path).1, from, to);
        self
    }

    /// On both sides of one file.
    pub(super) fn both(self, path: &str, from: &str, to: &str) -> Self {
        self.before(path, from, to).after(path, from, to)
    }

    /// After the change, in every file that has it.
    pub(super) fn everywhere(mut self, from: &str, to: &str) -> Self {
        assert!(self.files.iter().any(|(_, _, new)| new.contains(from)), "{from}");
        for (_, _, new) in &mut self.files {
            *new = new.replace(from, to);
        }
        self
    }

    /// Before and after change places.
    pub(super) fn backwards(mut self) -> Self {
        for (_, old, new) in &mut self.files {
            std::mem::swap(old, new);
        }
        self
    }

    pub(super) fn and(mut self, path: &str, old: &str, new: &str) -> Self {
        self.files.push((path.to_owned(), old.to_owned(), new.to_owned()));
        self
    }

    pub(super) fn without(mut self, path: &str) -> Self {
        self.files.retain(|(name, ..)| name != path);
        self
    }

    pub(super) fn with(mut self, change: impl FnOnce(&mut Facts)) -> Self {
        change(&mut self.facts);
        self
    }

    pub(super) fn facts(&self) -> Facts {
        let mut facts = self.facts.clone();
        facts.files = self.files.iter().map(|(path, old, new)| file(path, old, new)).collect();
        facts
    }

    pub(super) fn classified(&self, effective: &Effective) -> Classification {
        classify(effective, &self.facts())
    }

    /// Class and explanation under the usual policy.
    pub(super) fn judged(&self) -> (Class, String) {
        let effective = policy("patch", "'renovate[bot]'", "ci/test");
        let proof = judge(&effective.policy, &self.facts());
        let found = self.classified(&effective);
        if found.class == Class::Trivial {
            assert!(matches!(proof, Some(Ok(_)) | None), "{proof:?}");
        }
        (found.class, proof.map_or(found.why, |proof| proof.unwrap_or_else(|why| why)))
    }

    /// It passes, and says this.
    pub(super) fn passes(&self, says: &str) {
        let (class, why) = self.judged();
        assert_eq!(class, Class::Trivial, "{why}");
        assert!(why.contains(says), "{says} in {why}");
    }

    /// It does not, and says this.
    pub(super) fn fails(&self, says: &str) {
        let (class, why) = self.judged();
        assert!(class >= Class::Significant, "{why}");
        assert!(why.contains(says), "{says} in {why}");
    }
}

pub(super) const TOML: &str = "Cargo.toml";
pub(super) const LOCK: &str = "Cargo.lock";

/// `serde` with `serde_derive` behind it.
pub(super) fn cargo() -> Change {
    let manifest = "[package]\nname = \"app\"\nversion = \"0.1.0\"\n\n[dependencies]\nserde = { version = \"1.0.200\", features = [\"derive\"] }\nlog = \"0.4.20\"\n";
    let lock = r#"version = 4

[[package]]
name = "app"
version = "0.1.0"
dependencies = ["log", "serde"]

[[package]]
name = "log"
version = "0.4.20"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "10aa"

[[package]]
name = "serde"
version = "1.0.200"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "20aa"
dependencies = ["serde_derive"]

[[package]]
name = "serde_derive"
version = "1.0.200"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "30aa"
"#;
    let to = lock.replace("1.0.200", "1.0.201").replace("20aa", "20bb").replace("30aa", "30bb");
    Change::of(&[(TOML, manifest, &manifest.replace("1.0.200", "1.0.201")), (LOCK, lock, &to)])
}

pub(super) const PACKAGE: &str = "web/package.json";
pub(super) const PACKAGES: &str = "web/package-lock.json";

/// `left` with `right` behind it.
pub(super) fn npm() -> Change {
    let manifest = r#"{ "name": "web", "scripts": { "x": "echo ${HOME}" }, "dependencies": { "left": "^1.2.3", "@a/other": "2.0.0" } }"#;
    let lock = r#"{ "name": "web", "lockfileVersion": 3, "requires": true, "packages": {
  "": { "name": "web", "dependencies": { "left": "^1.2.3", "@a/other": "2.0.0" } },
  "node_modules/@a/other": { "version": "2.0.0", "resolved": "https://registry.npmjs.org/@a/other/-/other-2.0.0.tgz", "integrity": "sha512-oo" },
  "node_modules/left": { "version": "1.2.3", "resolved": "https://registry.npmjs.org/left/-/left-1.2.3.tgz", "integrity": "sha512-l1", "dependencies": { "right": "^3.0.0" } },
  "node_modules/right": { "version": "3.0.1", "resolved": "https://registry.npmjs.org/right/-/right-3.0.1.tgz", "integrity": "sha512-r1" }
} }"#;
    let to = lock
        .replace("1.2.3", "1.2.4")
        .replace("3.0.1", "3.0.2")
        .replace("sha512-l1", "sha512-l2")
        .replace("sha512-r1", "sha512-r2");
    Change::of(&[(PACKAGE, manifest, &manifest.replace("1.2.3", "1.2.4")), (PACKAGES, lock, &to)])
}

pub(super) const PYPROJECT: &str = "pyproject.toml";
pub(super) const UV: &str = "uv.lock";

/// `Requests` with `certifi` behind it.
pub(super) fn uv() -> Change {
    let manifest = "[project]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\"Requests[socks]==2.31.0 ; python_version > '3.8'\", \"rich>=13.0.0\"]\n";
    let lock = r#"version = 1
revision = 2
requires-python = ">=3.9"

[[package]]
name = "app"
version = "0.1.0"
source = { virtual = "." }
dependencies = [{ name = "requests", extra = ["socks"] }, { name = "rich" }]

[package.metadata]
requires-dist = [{ name = "requests", extras = ["socks"], specifier = "==2.31.0" }, { name = "rich", specifier = ">=13.0.0" }]

[[package]]
name = "certifi"
version = "2.1.0"
source = { registry = "https://pypi.org/simple" }
wheels = [{ url = "https://files.pythonhosted.org/packages/c/certifi-2.1.0-py3-none-any.whl", hash = "sha256:c1", size = 1 }]

[[package]]
name = "requests"
version = "2.31.0"
source = { registry = "https://pypi.org/simple" }
dependencies = [{ name = "certifi" }]
sdist = { url = "https://files.pythonhosted.org/packages/r/requests-2.31.0.tar.gz", hash = "sha256:s1", size = 1 }
wheels = [{ url = "https://files.pythonhosted.org/packages/r/requests-2.31.0-py3-none-any.whl", hash = "sha256:w1", size = 1 }]

[[package]]
name = "rich"
version = "13.0.0"
source = { registry = "https://pypi.org/simple" }
wheels = [{ url = "https://files.pythonhosted.org/packages/r/rich-13.0.0-py3-none-any.whl", hash = "sha256:i1", size = 1 }]
"#;
    let to = lock
        .replace("2.31.0", "2.31.1")
        .replace("2.1.0", "2.1.1")
        .replace("sha256:s1", "sha256:s2")
        .replace("sha256:w1", "sha256:w2")
        .replace("sha256:c1", "sha256:c2");
    Change::of(&[(PYPROJECT, manifest, &manifest.replace("2.31.0", "2.31.1")), (UV, lock, &to)])
}

pub(super) const POETRY: &str = "poetry.lock";

pub(super) fn poetry() -> Change {
    let manifest = "[tool.poetry.dependencies]\npython = \"^3.9\"\nrequests = \"^2.31.0\"\n";
    let lock = r#"[[package]]
name = "certifi"
version = "2.1.0"
optional = false
files = [{ file = "certifi-2.1.0-py3-none-any.whl", hash = "sha256:c1" }]

[[package]]
name = "requests"
version = "2.31.0"
optional = false
files = [{ file = "requests-2.31.0-py3-none-any.whl", hash = "sha256:w1" }, { file = "requests-2.31.0.tar.gz", hash = "sha256:s1" }]

[package.dependencies]
certifi = ">=2"

[metadata]
lock-version = "2.0"
python-versions = "^3.9"
content-hash = "aa"
"#;
    let to = lock
        .replace("2.31.0", "2.31.1")
        .replace("sha256:w1", "sha256:w2")
        .replace("sha256:s1", "sha256:s2")
        .replace("\"aa\"", "\"bb\"");
    Change::of(&[(PYPROJECT, manifest, &manifest.replace("2.31.0", "2.31.1")), (POETRY, lock, &to)])
}

pub(super) const PINS: &str = "requirements.txt";

pub(super) fn requirements() -> Change {
    let text = "--index-url https://pypi.org/simple\nFlask==3.0.0 \\\n    --hash=sha256:f1\n# by hand\nrequests[socks]==2.31.0 ; python_version > '3.8' --hash=sha256:r1 --hash=sha256:r2  # via app\n";
    let to = text.replace("2.31.0", "2.31.1").replace("sha256:r1", "sha256:r9");
    Change::of(&[(PINS, text, &to)])
}

pub(super) const GO_MOD: &str = "go.mod";
pub(super) const GO_SUM: &str = "go.sum";

pub(super) fn go() -> Change {
    let module = "module example.org/app\n\ngo 1.22\n\nrequire (\n\texample.org/left v1.2.3\n\texample.org/more v0.5.0\n)\n\nrequire example.org/deep v0.1.0 // indirect\n";
    let sums = "example.org/deep v0.1.0 h1:d=\nexample.org/deep v0.1.0/go.mod h1:dm=\nexample.org/left v1.2.3 h1:l1=\nexample.org/left v1.2.3/go.mod h1:lm1=\nexample.org/more v0.5.0 h1:m=\nexample.org/more v0.5.0/go.mod h1:mm=\n";
    let to = sums.replace("v1.2.3", "v1.2.4").replace("l1=", "l2=").replace("lm1=", "lm2=");
    Change::of(&[(GO_MOD, module, &module.replace("v1.2.3", "v1.2.4")), (GO_SUM, sums, &to)])
}

pub(super) const POM: &str = "pom.xml";

pub(super) fn maven() -> Change {
    let text = "<?xml version=\"1.0\"?>\n<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\n  <groupId>acme</groupId>\n  <properties><log.version>2.0.1</log.version><other.version>1.0.0</other.version></properties>\n  <dependencies>\n    <dependency><groupId>org.left</groupId><artifactId>left</artifactId><version>1.2.3</version></dependency>\n    <dependency><groupId>org.log</groupId><artifactId>log</artifactId><version>${log.version}</version></dependency>\n  </dependencies>\n  <build><plugins><plugin><groupId>org.p</groupId><artifactId>p</artifactId><version>3.0.0</version></plugin></plugins></build>\n</project>\n";
    Change::of(&[(POM, text, &text.replace("1.2.3", "1.2.4"))])
}
