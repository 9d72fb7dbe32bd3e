//! The service itself: its configuration, the doctor, start and stop.

use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read as _;

use crate::world::{folder, run};

#[test]
fn the_configuration_is_named_before_or_after_the_command_and_refused_whole() {
    let folder = folder();
    std::fs::write(
        folder.path().join("c.toml"),
        "[server]\nlisten = \"127.0.0.1:0\"\nlissten = 1\n",
    )
    .expect("written");
    for arguments in [["--config", "c.toml", "doctor"], ["doctor", "--config", "c.toml"]] {
        let (code, out, _) = run(folder.path(), &arguments);
        assert_eq!(code, 1);
        assert!(
            out.contains("problem  configuration") && out.contains("did you mean `listen`?"),
            "{out}"
        );
    }
    let (code, out, err) = run(folder.path(), &["serve", "--config", "c.toml"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.starts_with("error: the configuration is refused\n"), "{err}");
}

#[test]
fn the_doctor_names_what_is_wrong_and_what_to_do() {
    let folder = folder();
    let (code, out, _) = run(folder.path(), &["doctor"]);
    assert_eq!(code, 0, "{out}");
    assert!(!folder.path().join("countersign.db").exists(), "nothing was made by looking");
    std::fs::write(
        folder.path().join("countersign.toml"),
        "[policy]\norganisation = \"organisation.yml\"\n\n[[source]]\nid = \"github\"\nkind = \"github\"\nsecret = { env = \"NO_SUCH\" }\n",
    )
    .expect("written");
    std::fs::write(folder.path().join("countersign.key"), "no key").expect("written");
    let (code, out, _) = run(folder.path(), &["doctor"]);
    assert_eq!(code, 1, "{out}");
    for says in [
        "problem  source github            the environment variable NO_SUCH is not set; a secret is to come from it",
        "problem  organisation             organisation.yml: No such file or directory (os error 2); write it, or take \
         policy.organisation out of the configuration",
        "run: chmod 600 countersign.key",
    ] {
        assert!(out.contains(says), "`{says}` is not in:\n{out}");
    }
}

#[test]
fn the_service_starts_and_stops_in_order() {
    use std::process::{Command, Stdio};
    let folder = folder();
    let child = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .arg("serve")
        .env_clear()
        .env("COUNTERSIGN__SERVER__LISTEN", "127.0.0.1:0")
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.expect("it runs");
    let mut log = BufReader::new(child.stderr.take().expect("its log"));
    let mut said = String::new();
    while !said.contains("key of the ledger") {
        assert!(log.read_line(&mut said).expect("a line") > 0, "it ended early: {said}");
    }
    let stopped = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(stopped.expect("kill runs").success());
    let mut rest = String::new();
    log.read_to_string(&mut rest).expect("its last words");
    assert_eq!(child.wait().expect("it ends").code(), Some(0), "{said}{rest}");
    assert!(rest.contains("stopped"), "{rest}");
}
