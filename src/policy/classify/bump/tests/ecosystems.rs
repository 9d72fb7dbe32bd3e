//! The same table for every ecosystem: what is a bump there, and what only looks like one.

use super::fixtures::*;

/// Bytes above which nothing is read.
fn huge() -> String {
    "#".repeat((1 << 20) + 1)
}

#[test]
fn case_100_a_bump_of_one_patch_version_passes_in_every_ecosystem() {
    let by = "patch, by renovate[bot], check ci/test passed";
    cargo().passes(&format!("serde 1.0.200 → 1.0.201, {by}"));
    npm().passes(&format!("left 1.2.3 → 1.2.4, {by}"));
    uv().passes(&format!("requests 2.31.0 → 2.31.1, {by}"));
    poetry().passes(&format!("requests 2.31.0 → 2.31.1, {by}"));
    requirements().passes(&format!("requests 2.31.0 → 2.31.1, {by}"));
    go().passes(&format!("example.org/left v1.2.3 → v1.2.4, {by}"));
    maven().passes(&format!("org.left:left 1.2.3 → 1.2.4, {by}"));
}

#[test]
fn case_101_cargo() {
    cargo().everywhere("1.0.201", "2.0.0").fails("`1.0.200` to `2.0.0` is no patch step");
    cargo().everywhere("1.0.201", "1.1.0").fails("no patch step");
    cargo().everywhere("1.0.201", "1.0.201-rc.1").fails("no version of the form");
    cargo().backwards().fails("no patch step upwards");
    let minor = |it: Change| it.everywhere("0.4.20", "0.5.0").after(LOCK, "10aa", "10bb");
    minor(cargo()).fails("2 direct dependencies change at once, log and serde first");
    let zero = cargo().before(TOML, "1.0.200", "0.1.0").before(LOCK, "1.0.200", "0.1.0");
    zero.everywhere("1.0.201", "0.2.0").fails("no patch step");
    cargo().after(LOCK, "\"log\", ", "").fails("`log` is no direct dependency");
    cargo()
        .after(LOCK, "\"log\", ", "\"log\", \"serde_derive\", ")
        .fails("`serde_derive` is a new direct");
    let registry = "https://github.com/rust-lang/crates.io-index";
    cargo().after(LOCK, registry, "https://evil.example/index").fails("");
    let git = "registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"20bb\"";
    cargo().after(LOCK, git, "git+https://x.example/serde#9f\"").fails("and not from registry");
    cargo().both(TOML, "features", "git = \"https://x.example\", features").passes("");
    cargo()
        .after(TOML, "features", "git = \"https://x.example\", features")
        .fails("dependencies.serde.git");
    cargo().after(LOCK, "checksum = \"20bb\"\n", "").fails("no digest of its content");
    cargo().after(LOCK, "10aa", "10bb").fails("another digest, though its version is the same");
    cargo()
        .after(LOCK, "serde_derive\"\nversion = \"1.0.201", "serde_derive\"\nversion = \"1.9.0")
        .fails("serde_derive");
    cargo()
        .after(LOCK, "20bb\"\ndependencies = [\"serde_derive\"]", "20bb\"")
        .fails("`serde_derive` changes, and the bump does not need it");
    cargo().after(TOML, "version = \"0.1.0\"", "version = \"0.1.1\"").fails("package.version");
    cargo()
        .after(TOML, "name = \"app\"", "name = \"app\"\nbuild = \"b.rs\"")
        .fails("package.build");
    cargo()
        .after(TOML, "[dependencies]", "[patch.crates-io]\nlog = { path = \"x\" }\n[dependencies]")
        .fails("patch");
    cargo()
        .after(TOML, "version = \"1.0.201\"", "version = \">=1.0.201\"")
        .fails("more than the version");
    cargo().after(LOCK, "version = 4", "version = 4\nversion = 4").fails("cannot be read");
    cargo().after(LOCK, "version = 4", "version = 9").fails("version 9 of the format");
    cargo().after(LOCK, "[[package]]", "[[package").fails("cannot be read");
    cargo().after(TOML, "[package]", &format!("{}\n[package]", huge())).fails("it is not read");
    cargo().without(LOCK).fails("its lock does not change with it");
    cargo().after(LOCK, "\n[[package]]\nname = \"log\"", "\n[[package]]\nname = \"aa\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"77\"\n\n[[package]]\nname = \"log\"").fails("a package it did not hold: `aa` 1.0.0");
}

#[test]
fn a_workspace_asks_for_one_version_in_several_manifests() {
    let member = "[package]\nname = \"part\"\n[dev-dependencies]\nserde = \"1.0.200\"\n";
    let with =
        |to: &str| cargo().and("crates/part/Cargo.toml", member, &member.replace("1.0.200", to));
    with("1.0.201").passes("serde");
    with("1.0.202").fails("changes in several ways");
    let elsewhere = Change { files: with("1.0.201").files, ..cargo() };
    elsewhere.clone().passes("serde");
    let moved = |path: &str| {
        let mut change = elsewhere.clone();
        change.files[0].0 = "b/Cargo.toml".to_owned();
        change.files[1].0 = path.to_owned();
        change
    };
    moved("Cargo.lock").passes("serde");
    moved("b/Cargo.lock").fails("another place");
    let table = "[workspace.dependencies]\nserde = \"1.0.200\"\n[target.'cfg(unix)'.dependencies]\nserde = \"1.0.200\"\n";
    let to = table.replace("1.0.200", "1.0.201");
    cargo().without(TOML).and(TOML, table, &to).passes("serde");
}

#[test]
fn case_101_npm() {
    npm().everywhere("1.2.4", "2.0.0").fails("no patch step");
    npm().everywhere("1.2.4", "1.3.0").fails("no patch step");
    npm().backwards().fails("no patch step");
    npm().everywhere("2.0.0", "2.0.1").fails("direct dependencies change at once");
    npm()
        .after(PACKAGES, "https://registry.npmjs.org/left", "https://evil.example/left")
        .fails("it comes from https://evil.example");
    npm().after(PACKAGES, "npmjs.org/left/-/left", "npmjs.org/evil/-/evil").fails("it comes from");
    npm()
        .after(
            PACKAGES,
            "https://registry.npmjs.org/left/-/left-1.2.4.tgz",
            "git+ssh://git@x.example/left.git#9",
        )
        .fails("it comes from");
    npm()
        .after(
            PACKAGES,
            "\"@a/other\": \"2.0.0\" } }",
            "\"@a/other\": \"2.0.0\", \"right\": \"3.0.2\" } }",
        )
        .fails("`right` is a new direct dependency");
    npm().after(PACKAGES, ", \"integrity\": \"sha512-l2\"", "").fails("no digest");
    npm().after(PACKAGES, "sha512-l2", "sha1-l2").fails("not checked in the same way");
    npm().after(PACKAGES, "sha512-oo", "sha512-pp").fails("another digest");
    npm()
        .after(PACKAGES, "\"sha512-l2\"", "\"sha512-l2\", \"hasInstallScript\": true")
        .fails("installing it runs its code now");
    npm().after(PACKAGES, "\"version\": \"3.0.2\"", "\"version\": \"3.1.0\"").fails("");
    npm()
        .after(PACKAGES, "\"right\": \"^3.0.0\"", "\"wrong\": \"^3.0.0\"")
        .fails("`right` changes, and the bump does not need it");
    npm()
        .after(PACKAGES, "\"node_modules/right\"", "\"node_modules/wrong\"")
        .fails("a package it did not hold");
    npm().after(PACKAGE, "echo", "curl").fails("scripts.x");
    npm()
        .after(
            PACKAGE,
            "\"dependencies\"",
            "\"overrides\": { \"right\": \"1.0.0\" }, \"dependencies\"",
        )
        .fails("overrides.right");
    npm().after(PACKAGE, "^1.2.4", "https://x.example/left.tgz").fails("dependencies.left");
    npm().after(PACKAGE, "^1.2.4", "npm:evil@1.2.4").fails("dependencies.left");
    npm().after(PACKAGE, "^1.2.4", "~1.2.4").fails("more than the version");
    npm()
        .after(PACKAGES, "\"lockfileVersion\": 3", "\"lockfileVersion\": 2")
        .fails("only 3 is judged");
    npm()
        .after(PACKAGES, "\"requires\": true", "\"requires\": true, \"requires\": true")
        .fails("is there twice");
    npm().after(PACKAGES, "\"requires\": true,", "\"requires\": true").fails("cannot be read");
    npm().after(PACKAGES, "\"sha512-l2\"", &format!("\"sha512-{}\"", huge())).fails("");
    npm().and("web/.npmrc", "a=1\n", "a=2\n").fails(".npmrc is no manifest or lock");
    for other in ["yarn.lock", "pnpm-lock.yaml", "bun.lock", "npm-shrinkwrap.json"] {
        let change = npm().without(PACKAGES).and(&format!("web/{other}"), "a: 1\n", "a: 2\n");
        change.fails(&format!("{other} is no manifest or lock that is compared"));
    }
}

#[test]
fn case_101_uv() {
    uv().everywhere("13.0.0", "13.0.1").fails("direct dependencies change");
    uv().after(UV, "https://pypi.org/simple", "https://evil.example/simple").fails("");
    uv().after(
        UV,
        "https://files.pythonhosted.org/packages/r/requests",
        "https://evil.example/requests",
    )
    .fails("it comes from");
    uv().after(UV, "packages/r/requests-2.31.1-py3", "packages/r/evil-2.31.1-py3")
        .fails("under its own name and version");
    uv().after(UV, ", hash = \"sha256:w2\"", "").fails("no digest");
    uv().after(UV, "sha256:w2", "md5:w2").fails("not checked in the same way");
    uv().after(
        UV,
        "[{ name = \"requests\", extra",
        "[{ name = \"certifi\" }, { name = \"requests\", extra",
    )
    .fails("`certifi` is a new direct");
    uv().after(UV, "dependencies = [{ name = \"certifi\" }]\n", "")
        .fails("`certifi` changes, and the bump does not need it");
    uv().after(UV, "wheels = [{ url = \"https://files.pythonhosted.org/packages/r/requests-2.31.1-py3-none-any.whl\", hash = \"sha256:w2\", size = 1 }]", "").fails("runs its code now");
    uv().after(UV, "revision = 2", "revision = 2\nrevision = 2").fails("cannot be read");
    uv().after(UV, "source = { virtual", "source = virtual").fails("cannot be read");
    uv().after(
        PYPROJECT,
        "name = \"app\"",
        "name = \"app\"\n[tool.uv]\nindex-url = \"https://evil.example\"",
    )
    .fails("");
    uv().after(PYPROJECT, "Requests[socks]==2.31.1", "Requests[socks] @ git+https://x.example/r")
        .fails("project.dependencies[0]");
    uv().after(PYPROJECT, "==2.31.1", ">=2.31.1").fails("more than the version");
}

#[test]
fn case_101_poetry() {
    poetry().without(PYPROJECT).fails("no manifest asks");
    poetry()
        .after(POETRY, "2.1.0", "2.1.1")
        .after(POETRY, "sha256:c1", "sha256:c2")
        .fails("direct dependencies change");
    poetry().after(POETRY, "files = [{ file = \"requests", "source = { type = \"git\", url = \"https://x.example\" }\nfiles = [{ file = \"requests").fails("it comes from");
    poetry().after(POETRY, ", hash = \"sha256:w2\"", "").fails("no digest");
    poetry()
        .after(POETRY, "lock-version = \"2.0\"", "lock-version = \"1.1\"")
        .fails("is not known");
    poetry().after(PYPROJECT, "^3.9", "^3.10").fails("tool.poetry.dependencies.python");
}

#[test]
fn case_101_pip() {
    requirements().after(PINS, "3.0.0", "3.0.1").fails("direct dependencies change");
    requirements()
        .after(PINS, "https://pypi.org", "https://evil.example")
        .fails("no exact version");
    requirements()
        .after(PINS, " --hash=sha256:r9 --hash=sha256:r2", "")
        .fails("not checked in the same way");
    requirements().after(PINS, "sha256:f1", "sha256:f2").fails("though its version is the same");
    requirements()
        .after(PINS, "requests[socks]==2.31.1", "requests[socks] @ git+https://x.example")
        .fails("");
    requirements().after(PINS, "requests[socks]", "requests[evil]").fails("more than its version");
    requirements().after(PINS, "# by hand", "six==1.0.0").fails("came or went");
    requirements().after(PINS, "# by hand", "flask==3.0.0").fails("is there twice");
    requirements().after(PINS, "# by hand", &huge()).fails("it is not read");
    requirements().and("requirements-dev.txt", "a==1.0.0\n", "a==1.0.1\n").fails("several places");
}

#[test]
fn case_101_go() {
    go().everywhere("v1.2.4", "v2.0.0").fails("no patch step");
    go().everywhere("v1.2.4", "v1.3.0").fails("no patch step");
    go().everywhere("v1.2.4", "v1.2.4-0.20240101000000-abcdefabcdef")
        .fails("no version of the form");
    go().everywhere("v1.2.4", "v1.2.4+incompatible").fails("no version of the form");
    go().backwards().fails("no patch step");
    go().everywhere("v0.5.0", "v0.5.1").fails("direct dependencies change");
    go().everywhere("v0.1.0", "v0.1.1").fails("only others need it");
    go().after(GO_MOD, "go 1.22", "go 1.23").fails("beside the required modules");
    go().after(GO_MOD, "go 1.22", "go 1.22\nreplace example.org/left => ../left")
        .fails("beside the required modules");
    go().after(GO_MOD, "require (", "require (\n\texample.org/new v1.0.0")
        .fails("was not required before");
    go().after(GO_MOD, " // indirect", "").fails("only others need it");
    go().after(GO_MOD, "require (", "require (\n\texample.org/left v1.2.4").fails("required twice");
    go().after(GO_MOD, ")\n\nrequire", "\n\nrequire").fails("not closed");
    go().after(GO_SUM, "h1:d=", "h1:x=").fails("another digest");
    go().after(GO_SUM, "h1:l2=", "h2:l2=").fails("no digest that is known");
    go().after(GO_SUM, "example.org/left v1.2.4/go.mod h1:lm2=\n", "")
        .fails("its go.mod has no digest");
    go().after(GO_SUM, "example.org/more v0.5.0 h1:m=", "example.org/new v1.0.0 h1:n=\nexample.org/new v1.0.0/go.mod h1:n=\nexample.org/more v0.5.0 h1:m=").fails("did not hold: `example.org/new`");
    go().after(GO_SUM, "v0.5.0 h1:m=", "v0.5.0 h1:m= more").fails("three words");
    go().after(GO_SUM, "example.org/deep", &format!("{} example.org/deep", huge()))
        .fails("it is not read");
    go().without(GO_SUM).fails("its lock does not change");
    go().without(GO_MOD).fails("no manifest asks");
    let kept = "example.org/left v1.2.3 h1:l1=\nexample.org/left v1.2.4 h1:l2=";
    go().after(GO_SUM, "example.org/left v1.2.4 h1:l2=", kept).passes("v1.2.3 → v1.2.4");
}

#[test]
fn case_101_maven() {
    maven().everywhere("1.2.4", "2.0.0").fails("no patch step");
    maven().everywhere("1.2.4", "1.3.0").fails("no patch step");
    maven().everywhere("1.2.4", "1.2.4-SNAPSHOT").fails("no version of the form");
    maven().everywhere("1.2.4", "[1.2,)").fails("not the version of one dependency");
    maven().backwards().fails("no patch step");
    maven().everywhere("2.0.1", "2.0.2").fails("direct dependencies change");
    let property = |it: Change| it.after(POM, "1.2.4", "1.2.3").after(POM, "2.0.1", "2.0.2");
    property(maven()).passes("org.log:log 2.0.1 → 2.0.2");
    property(maven())
        .both(POM, "<groupId>acme", "<name>${log.version}</name><groupId>acme")
        .fails("log.version");
    maven().after(POM, "1.2.4", "1.2.3").after(POM, "3.0.0", "3.0.1").fails("plugin.version");
    maven().after(POM, "1.2.4", "1.2.3").after(POM, "1.0.0<", "1.0.1<").fails("other.version");
    maven().after(POM, "<build>", "<repositories/><build>").fails("elements came or went");
    maven().after(POM, "org.left", "org.evil").fails("not the version of one dependency");
    maven().after(POM, "<version>1.2.4", "<version>1.2.4<").fails("no XML");
    maven().after(POM, "<project ", "<!DOCTYPE x [<!ENTITY e \"1\">]><project ").fails("no XML");
    maven()
        .after(POM, "<groupId>acme", &format!("<!-- {} --><groupId>acme", huge()))
        .fails("it is not read");
    maven().and("b/pom.xml", "<project/>", "<project></project>").fails("several places");
    maven().both(POM, "<version>1.2", "<scope>system</scope><version>1.2").fails("");
}

#[test]
fn case_101_the_steps_of_python() {
    for it in [uv as fn() -> Change, poetry, requirements] {
        it().everywhere("2.31.1", "3.0.0").fails("no patch step");
        it().everywhere("2.31.1", "2.32.0").fails("no patch step");
        it().everywhere("2.31.1", "2.31.1rc1").fails("");
        it().everywhere("2.31.1", "2.31.1.post1").fails("");
        it().backwards().fails("no patch step");
    }
}

#[test]
fn a_lock_alone_tells_what_is_direct_or_proves_nothing() {
    cargo().without(TOML).passes("serde 1.0.200 → 1.0.201, patch");
    npm().without(PACKAGE).passes("left 1.2.3 → 1.2.4, patch");
    uv().without(PYPROJECT).passes("requests 2.31.0 → 2.31.1, patch");
    cargo().without(TOML).everywhere("1.0.201", "1.1.0").fails("no patch step");
    let behind = cargo().without(TOML).after(LOCK, "\"log\", \"serde\"", "\"log\"");
    let behind = behind.before(LOCK, "\"log\", \"serde\"", "\"log\"");
    behind.fails("the bump does not need it");
}

#[test]
fn the_lock_of_this_very_program_is_read() {
    let old = include_str!("../../../../../Cargo.lock");
    let at = old.find("name = \"humantime\"").expect("a direct dependency that needs no other");
    let (before, block) = old.split_at(at);
    let (block, after) = block.split_once("\n\n").expect("the next package");
    let words: Vec<&str> = block.split('"').collect();
    let [.., version, _, _, _, checksum, _] = words.as_slice() else { panic!("{block}") };
    let numbers: Vec<u64> = version.split('.').map(|n| n.parse().expect("a number")).collect();
    let to = format!("{}.{}.{}", numbers[0], numbers[1], numbers[2] + 1);
    let block = block.replace(version, &to).replace(checksum, &"ab".repeat(32));
    let new = format!("{before}{block}\n\n{after}");
    Change::of(&[(LOCK, old, &new)]).passes(&format!("humantime {version} → {to}, patch"));
}
