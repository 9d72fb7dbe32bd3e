//! `countersign audit` without line counts against `git log --first-parent --raw -M` of the same repository.
//!
//! `COUNTERSIGN_BENCH_REPO=/path cargo bench --bench audit`; without it a repository of 10,000 commits is made
//! below `target/`. Both are run three times and the best is taken; the ratio and the peak memory are printed.
//! It fails if the product is over twice the floor, or over 300 MB.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use countersign::cli::audit::{AuditArgs, Format, PolicyClassifier, Terminal, run};

const COMMITS: usize = 10_000;
const REACH: f64 = 2.0;
const MEMORY_KB: u64 = 300_000;

fn main() -> ExitCode {
    let path = std::env::var_os("COUNTERSIGN_BENCH_REPO").map_or_else(synthetic, PathBuf::from);
    let (floor, product) = (best(&mut || floor(&path)), best(&mut || product(&path)));
    let ratio = product.as_secs_f64() / floor.as_secs_f64();
    let (peak, now) = (memory("VmHWM:"), memory("RssAnon:"));
    println!("{}", path.display());
    println!("git log --first-parent --raw -M   {floor:>10.3?}");
    println!("countersign audit                 {product:>10.3?}   {ratio:.2} of it");
    println!("memory: peak {peak} kB with mapped packs; {now} kB of its own at the end");
    if ratio <= REACH && peak < MEMORY_KB { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn best(task: &mut dyn FnMut()) -> Duration {
    let time = |_| {
        let started = Instant::now();
        task();
        started.elapsed()
    };
    (0..3).map(time).min().unwrap_or_default()
}

fn floor(path: &Path) {
    let mut git = Command::new("git");
    git.arg("-C").arg(path).args(["log", "--first-parent", "--raw", "-M"]).stdout(Stdio::null());
    assert!(
        git.status().is_ok_and(|status| status.success()),
        "git log failed on {}",
        path.display()
    );
}

fn product(path: &Path) {
    let args = AuditArgs {
        path: path.to_owned(),
        branch: None,
        since: None,
        policy: None,
        org: None,
        format: Format::Json,
    };
    let classifier = PolicyClassifier::built_in();
    let code = run(&args, &classifier, Terminal::default(), &mut io::sink(), &mut io::stderr());
    assert_eq!(code, 0);
}

/// A figure of this process, in kB.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// A history of 2,000 files in 100 directories, two files a commit, a merge every tenth; made once.
fn synthetic() -> PathBuf {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench-audit.git");
    if !dir.join("refs/heads/main").exists() && !dir.join("packed-refs").exists() {
        let mut git = Command::new("git");
        assert!(
            git.args(["init", "--quiet", "--bare", "-b", "main"])
                .arg(&dir)
                .status()
                .is_ok_and(|s| s.success())
        );
        fill(&dir);
        let mut gc = Command::new("git");
        assert!(
            gc.arg("--git-dir")
                .arg(&dir)
                .args(["gc", "--quiet"])
                .status()
                .is_ok_and(|s| s.success())
        );
    }
    dir
}

/// By `git fast-import`: the only way that writes ten thousand commits in seconds.
fn fill(dir: &Path) {
    use std::fmt::Write as _;
    let mut script = String::new();
    for at in 0..COMMITS {
        let (who, message) = (
            format!(
                "Dev {} <dev{}@example.org> {} +0000",
                at % 40,
                at % 40,
                1_600_000_000 + at * 600
            ),
            format!("PAY-{} change ({})", at / 3 + 1, at),
        );
        let _ = write!(
            script,
            "commit refs/heads/main\nmark :{}\nauthor {who}\ncommitter {who}\ndata {}\n{message}\n",
            at + 1,
            message.len()
        );
        if at > 20 && at % 10 == 0 {
            let _ = writeln!(script, "from :{at}\nmerge :{}", at - 5);
        }
        let files: Vec<usize> =
            if at == 0 { (0..2_000).collect() } else { vec![at * 7 % 2_000, at * 13 % 2_000] };
        for file in files {
            let text = format!("file {file}\nrevision {at}\n");
            let _ = write!(
                script,
                "M 100644 inline src/d{:02}/sub{}/f{file}.rs\ndata {}\n{text}\n",
                file % 100,
                file % 5,
                text.len()
            );
        }
        script.push('\n');
    }
    let input = dir.join("import");
    let written = std::fs::write(&input, script).and_then(|()| std::fs::File::open(&input));
    let Ok(input) = written else { return };
    let mut git = Command::new("git");
    git.arg("--git-dir").arg(dir).args(["fast-import", "--quiet"]).stdin(input);
    assert!(git.status().is_ok_and(|status| status.success()), "git fast-import failed");
}
