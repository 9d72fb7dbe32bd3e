//! The verifier that is in every bundle, as one Python process that checks bundle after bundle.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use tempfile::TempDir;

use super::archive;

/// Reads lines of JSON (bundle, key, checkpoint, witnesses), and answers each with the fault, or `ok` and when each witness
/// cosigned.
const LOOP: &str = "
import json, sys
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
import verify
for line in sys.stdin:
    asked = json.loads(line)
    older = asked['older'].encode() if asked['older'] else None
    try:
        with open(asked['bundle'], 'rb') as source:
            *_, seen = verify.check(source, verify.Key(asked['key']), older, [verify.Key(one, 4) for one in asked['witnesses']])
        print('ok', *(at or 'absent' for _, at in seen), flush=True)
    except verify.Fault as fault:
        print(verify.plain(fault), flush=True)
";

/// A process that runs `verify/verify.py` of a bundle.
pub struct Verifier {
    child: Child,
    asked: ChildStdin,
    told: BufReader<ChildStdout>,
    folder: TempDir,
}

impl Verifier {
    /// Takes the verifier out of a bundle and starts it.
    pub fn start(bundle: &[u8]) -> Self {
        let folder = TempDir::new().expect("a folder");
        let script = archive::files(bundle).remove("verify/verify.py").expect("the verifier");
        std::fs::write(folder.path().join("verify.py"), script).expect("written");
        // -I: without the user's own packages; -S: without any.
        let mut child = Command::new("python3")
            .args(["-I", "-S", "-c", LOOP])
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 runs: install python3, or run tests/run");
        let asked = child.stdin.take().expect("a pipe");
        let told = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, asked, told, folder }
    }

    /// What the verifier says of a bundle.
    pub fn check(&mut self, bundle: &[u8], key: &str) -> Result<(), String> {
        self.ask(bundle, key, None, &[]).map(drop)
    }

    /// The same with a checkpoint that the auditor brings.
    pub fn check_against(&mut self, bundle: &[u8], key: &str, older: &str) -> Result<(), String> {
        self.ask(bundle, key, Some(older), &[]).map(drop)
    }

    /// The same with witnesses: when each of them cosigned, or `absent`.
    pub fn check_witnessed(
        &mut self,
        bundle: &[u8],
        key: &str,
        witnesses: &[&str],
    ) -> Result<Vec<String>, String> {
        self.ask(bundle, key, None, witnesses)
    }

    fn ask(
        &mut self,
        bundle: &[u8],
        key: &str,
        older: Option<&str>,
        witnesses: &[&str],
    ) -> Result<Vec<String>, String> {
        let file = self.folder.path().join("bundle.zip");
        std::fs::write(&file, bundle).expect("written");
        let line = serde_json::json!({
            "bundle": file, "key": key, "older": older, "witnesses": witnesses,
        });
        writeln!(self.asked, "{line}").expect("asked");
        let mut told = String::new();
        self.told.read_line(&mut told).expect("told");
        assert!(told.ends_with('\n'), "the verifier ended: a fault of its own");
        let told = told.trim_end();
        match told.strip_prefix("ok") {
            Some(seen) => Ok(seen.split_whitespace().map(str::to_owned).collect()),
            None => Err(told.to_owned()),
        }
    }
}

impl Drop for Verifier {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
