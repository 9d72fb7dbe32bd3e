//! `countersign audit`, judged by the built-in policy, against `git log --first-parent --raw -M` of the same repository, and
//! against the same with `--numstat`: the policy counts the lines of what it reads.
//!
//! `COUNTERSIGN_BENCH_REPO=/path cargo bench --bench audit`; without it a repository of 10,000 commits is made
//! below `target/`. They are run in turns, and the median of the rounds' ratios counts; peak memory is printed.
//! It fails if the product takes over twice the floor, longer than counting lines does, or over 300 MB.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use countersign::cli::audit::{AuditArgs, Format, PolicyClassifier, Terminal, run};

const COMMITS: usize = 10_000;
const ROUNDS: usize = 5;
const REACH: f64 = 2.0;
const MEMORY_KB: u64 = 300_000;

fn main() -> ExitCode {
    let path = std::env::var_os("COUNTERSIGN_BENCH_REPO").map_or_else(synthetic, PathBuf::from);
    println!("{}", path.display());
    let (mut raw, mut numstat) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let took = [
            time(|| git_log(&path, &["--raw"])),
            time(|| git_log(&path, &["--numstat"])),
            time(|| product(&path)),
        ];
        let [by_raw, by_numstat, product] = took.map(|took| took.as_secs_f64());
        println!("--raw {by_raw:.3} s   --numstat {by_numstat:.3} s   audit {product:.3} s");
        // The first round warms up.
        if round > 0 {
            raw.push(product / by_raw);
            numstat.push(product / by_numstat);
        }
    }
    let (raw, numstat) = (sorted(raw), sorted(numstat));
    let middle = |ratios: &[f64]| ratios.get(ratios.len() / 2).copied().unwrap_or(f64::INFINITY);
    println!("of git log --first-parent --raw -M      {:.2} {raw:.2?}", middle(&raw));
    println!("of git log --first-parent --numstat -M  {:.2} {numstat:.2?}", middle(&numstat));
    let (peak, now) = (memory("VmHWM:"), memory("RssAnon:"));
    println!("memory: peak {peak} kB with mapped packs; {now} kB of its own at the end");
    let reached = middle(&raw) <= REACH && middle(&numstat) <= 1.0 && peak < MEMORY_KB;
    if reached { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn sorted(mut ratios: Vec<f64>) -> Vec<f64> {
    ratios.sort_by(f64::total_cmp);
    ratios
}

fn time(task: impl FnOnce()) -> Duration {
    let started = Instant::now();
    task();
    started.elapsed()
}

fn git_log(path: &Path, what: &[&str]) {
    let mut git = Command::new("git");
    git.arg("-C").arg(path).args(["log", "--first-parent", "-M"]).args(what).stdout(Stdio::null());
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
