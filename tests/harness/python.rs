//! The verifier that is in every bundle, as one Python process that checks bundle after bundle.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use tempfile::TempDir;

use super::archive;

/// Reads lines of JSON (bundle, key, checkpoint), and answers each with the fault or an empty line.
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
            verify.check(source, verify.Key(asked['key']), older)
        print('', flush=True)
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
        self.ask(bundle, key, None)
    }

    /// The same with a checkpoint that the auditor brings.
    pub fn check_against(&mut self, bundle: &[u8], key: &str, older: &str) -> Result<(), String> {
        self.ask(bundle, key, Some(older))
    }

    fn ask(&mut self, bundle: &[u8], key: &str, older: Option<&str>) -> Result<(), String> {
        let file = self.folder.path().join("bundle.zip");
        std::fs::write(&file, bundle).expect("written");
        writeln!(self.asked, "{}", line(&file, key, older)).expect("asked");
        let mut told = String::new();
        self.told.read_line(&mut told).expect("told");
        assert!(told.ends_with('\n'), "the verifier ended: a fault of its own");
        match told.trim_end() {
            "" => Ok(()),
            fault => Err(fault.to_owned()),
        }
    }
}

fn line(file: &Path, key: &str, older: Option<&str>) -> serde_json::Value {
    serde_json::json!({ "bundle": file, "key": key, "older": older })
}

impl Drop for Verifier {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
