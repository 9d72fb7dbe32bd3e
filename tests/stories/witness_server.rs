//! The witness that `countersign witness` is: the table of C2SP tlog-witness, and that no answer is ever taken back.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use countersign::app::witness::{NotCosigned, Witness};
use countersign::clock::Clock;
use countersign::ledger::checkpoint::Checkpoint;
use countersign::ledger::cosignature::WitnessKey;
use countersign::ledger::key::SigningKey;
use countersign::ledger::note::{Note, NoteSignature};
use countersign::ledger::tree::{Frontier, Hash, consistency_plan, leaf_hash};
use countersign::ledger::witness::{AddCheckpoint, Refusal};
use reqwest::StatusCode;
use tempfile::TempDir;

use crate::harness::noon;
use crate::harness::witness::{Running, config};

const ORIGIN: &str = "ledger.example/log";

fn key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, &[9; 32]).expect("a key")
}

/// A log of which every size can be asked for; `fork`: entries from there on are others.
struct Log {
    leaves: Vec<Hash>,
    key: SigningKey,
}

impl Log {
    fn new(entries: usize, fork: usize) -> Self {
        let leaf = |number: usize| {
            let text = if number < fork { number.to_string() } else { format!("other {number}") };
            leaf_hash(text.as_bytes())
        };
        Self { leaves: (0..entries).map(leaf).collect(), key: key() }
    }

    fn tree(&self, from: usize, to: usize) -> Frontier {
        let mut tree = Frontier::new();
        for leaf in &self.leaves[from..to] {
            tree.append(*leaf);
        }
        tree
    }

    /// What this log sends to grow from one size to another.
    fn request(&self, old: u64, size: u64) -> AddCheckpoint {
        let plan = consistency_plan(old.min(size), size).expect("a plan");
        let hashes: Vec<Hash> = plan
            .nodes()
            .map(|node| {
                let (width, at) = (1 << node.level, usize::try_from(node.index).expect("small"));
                self.tree(at * width, (at + 1) * width).root()
            })
            .collect();
        let root = self.tree(0, usize::try_from(size).expect("small")).root();
        AddCheckpoint {
            old,
            proof: plan.fold(&hashes).expect("a proof"),
            checkpoint: Checkpoint::new(ORIGIN, size, root).sign(&self.key).expect("signed"),
        }
    }
}

fn hashed(origin: &str) -> String {
    countersign::domain::id::sha256(origin.as_bytes()).trim_start_matches("sha256:").to_owned()
}

/// The answer's status, content type and text.
async fn post(address: &str, body: String) -> (StatusCode, String, String) {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let sent = client.post(format!("{address}/add-checkpoint")).body(body).send();
    let answer = sent.await.expect("an answer");
    let kind = answer.headers()["content-type"].to_str().expect("text").to_owned();
    (answer.status(), kind, answer.text().await.expect("text"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_of_the_table_is_answered_over_http() {
    let clock = Clock::fixed(noon());
    let log = Log::new(40, 40);
    let running = Running::start("w.example/w", &[log.key.verifier().to_string()], &clock).await;
    let address = format!("http://{}", running.address);
    let witness: WitnessKey = running.key.parse().expect("a key");
    let path = format!("{address}/{}/checkpoint", hashed(ORIGIN));
    assert_eq!(reqwest::get(&path).await.expect("an answer").status(), StatusCode::NOT_FOUND);

    let request = log.request(0, 10);
    let (status, kind, line) = post(&address, request.to_string()).await;
    assert_eq!((status, kind.as_str()), (StatusCode::OK, "text/plain; charset=utf-8"));
    let signature: NoteSignature = line.strip_suffix('\n').expect("a line").parse().expect("one");
    let text = Note::parse(request.checkpoint.as_bytes()).expect("a note");
    let at = u64::try_from(noon().micros() / 1_000_000).expect("after 1970");
    assert_eq!(witness.verify(text.text(), &signature), Ok(at));
    // What it holds is the log's checkpoint with its own line below.
    let held = reqwest::get(&path).await.expect("an answer").text().await.expect("text");
    assert_eq!(held, format!("{}{line}", request.checkpoint));

    let stranger = SigningKey::from_seed("ledger.example/strange", &[9; 32]).expect("a key");
    let unknown = Checkpoint::new("ledger.example/strange", 10, log.tree(0, 10).root());
    let unknown = AddCheckpoint { checkpoint: unknown.sign(&stranger).expect("signed"), ..request };
    let forger = SigningKey::from_seed(ORIGIN, &[8; 32]).expect("a key");
    let forged = Log { key: forger, ..Log::new(40, 40) };
    let other = Log::new(40, 5);
    for (what, body, status) in [
        ("an unknown origin", unknown.to_string(), StatusCode::NOT_FOUND),
        ("a key that is not trusted", forged.request(10, 20).to_string(), StatusCode::FORBIDDEN),
        ("an old size above the new", log.request(11, 10).to_string(), StatusCode::BAD_REQUEST),
        ("no request", "hello".to_owned(), StatusCode::BAD_REQUEST),
        ("no checkpoint", "old 10\n\nhello\n".to_owned(), StatusCode::BAD_REQUEST),
        (
            "a proof of another tree",
            other.request(10, 20).to_string(),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            "the same size, another root",
            other.request(10, 10).to_string(),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
    ] {
        assert_eq!(post(&address, body).await.0, status, "{what}");
    }
    for (old, size) in [(0, 20), (9, 20), (11, 20)] {
        let (status, kind, text) = post(&address, log.request(old, size).to_string()).await;
        let told = (status, kind.as_str(), text.as_str());
        assert_eq!(told, (StatusCode::CONFLICT, "text/x.tlog.size", "10\n"), "old {old}");
    }
    let too_large = "x".repeat(100_000);
    assert_eq!(post(&address, too_large).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    // Nothing of that moved it; the same again is cosigned again, and it grows on.
    assert_eq!(reqwest::get(&path).await.expect("an answer").text().await.expect("text"), held);
    assert_eq!(post(&address, log.request(10, 10).to_string()).await.0, StatusCode::OK);
    assert_eq!(post(&address, log.request(10, 40).to_string()).await.0, StatusCode::OK);
}

#[test]
fn requests_at_the_same_time_cannot_roll_it_back() {
    let folder = TempDir::new().expect("a folder");
    let log = Arc::new(Log::new(300, 300));
    let config = config(folder.path(), "w.example/w", &[log.key.verifier().to_string()]);
    let witness = Arc::new(Witness::open(&config, Clock::fixed(noon())).expect("a witness"));
    let threads: Vec<_> = (0..8_u64)
        .map(|thread| {
            let (witness, log) = (Arc::clone(&witness), Arc::clone(&log));
            std::thread::spawn(move || {
                let (mut cosigned, mut old) = (Vec::new(), 0);
                for step in 0..40_u64 {
                    // Some ask to go back, all of them know less than the witness.
                    let size = (old + (step * 7 + thread * 13) % 23).min(300);
                    match witness.add_checkpoint(log.request(old, size).to_string().as_bytes()) {
                        Ok(_) => {
                            cosigned.push((old, size));
                            old = size;
                        }
                        Err(NotCosigned::Refused(Refusal::Stale(size))) => old = size,
                        Err(error) => panic!("{error}"),
                    }
                }
                cosigned
            })
        })
        .collect();
    let mut steps: Vec<(u64, u64)> =
        threads.into_iter().flat_map(|thread| thread.join().expect("it ended")).collect();
    steps.retain(|(old, size)| old != size);
    steps.sort_unstable();
    // Every step begins where another ended: no two go from the same tree.
    let chain = steps.windows(2).all(|pair| pair[0].1 == pair[1].0);
    assert!(chain && steps.len() > 5, "{steps:?}");
    let held = witness.latest(&hashed(ORIGIN)).expect("it can be read").expect("a checkpoint");
    let size = held.lines().nth(1).expect("a size").to_owned();
    assert_eq!(Some(size), steps.last().map(|(_, size)| size.to_string()));
}

#[test]
fn it_works_alone_remembers_and_does_not_believe_a_file_that_was_touched() {
    let folder = TempDir::new().expect("a folder");
    let log = Log::new(40, 40);
    let config = config(folder.path(), "w.example/w", &[log.key.verifier().to_string()]);
    let open = || Witness::open(&config, Clock::fixed(noon()));
    let first = open().expect("a witness");
    let told = open().expect_err("the folder is taken").to_string();
    assert!(told.contains("another witness works in"), "{told}");
    first.add_checkpoint(log.request(0, 10).to_string().as_bytes()).expect("cosigned");
    drop(first);
    let again = open().expect("a witness");
    let stale = again.add_checkpoint(log.request(0, 20).to_string().as_bytes());
    assert_eq!(stale, Err(NotCosigned::Refused(Refusal::Stale(10))));
    let file = config.state_dir.join(format!("{}.checkpoint", hashed(ORIGIN)));
    let held = std::fs::read_to_string(&file).expect("the file");
    for touched in [
        held.replacen("\n10\n", "\n11\n", 1),
        String::new(),
        held.replace("w.example/w", "w.example/v"),
    ] {
        std::fs::write(&file, touched).expect("written");
        let refused = again.add_checkpoint(log.request(10, 20).to_string().as_bytes());
        assert!(matches!(refused, Err(NotCosigned::Failed(_))), "{refused:?}");
    }
    std::fs::write(&file, held).expect("restored");
    again.add_checkpoint(log.request(10, 20).to_string().as_bytes()).expect("cosigned");
}

#[test]
fn a_clock_that_is_set_back_takes_no_time_back() {
    let folder = TempDir::new().expect("a folder");
    let log = Log::new(40, 40);
    let config = config(folder.path(), "w.example/w", &[log.key.verifier().to_string()]);
    let clock = Clock::fixed(noon());
    let witness = Witness::open(&config, clock.clone()).expect("a witness");
    let key: WitnessKey = witness.verifier_key().parse().expect("a key");
    let at = |old, size| {
        let request = log.request(old, size);
        let line = witness.add_checkpoint(request.to_string().as_bytes()).expect("cosigned");
        let note = Note::parse(request.checkpoint.as_bytes()).expect("a note");
        key.verify(note.text(), &line.trim_end().parse().expect("a line")).expect("it fits")
    };
    let first = at(0, 10);
    clock.set("2020-01-01T00:00:00Z".parse().expect("a time"));
    assert_eq!(at(10, 20), first);
}

/// The program itself, killed with its children's parent left alive.
struct Process {
    child: Child,
    address: String,
}

impl Process {
    fn start(folder: &TempDir, listen: std::net::SocketAddr) -> Self {
        let file = folder.path().join("countersign.toml");
        let text = format!(
            "[witness]\nname = \"w.example/w\"\nlisten = \"{listen}\"\nlogs = [\"{}\"]\n",
            key().verifier()
        );
        std::fs::write(&file, text).expect("the configuration");
        let child = Command::new(env!("CARGO_BIN_EXE_countersign"))
            .arg("witness")
            .arg("--config")
            .arg(&file)
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        Self { child, address: format!("http://{listen}") }
    }

    async fn answers(&self) {
        for _ in 0..200 {
            if reqwest::get(format!("{}/healthz", self.address)).await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the witness does not answer");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_between_recording_and_answering_takes_nothing_back() {
    let folder = TempDir::new().expect("a folder");
    let listen = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr();
    let listen = listen.expect("an address");
    let log = Log::new(600, 600);
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let (mut old, mut promised) = (0_u64, 0_u64);
    for round in 0..6_u64 {
        let mut process = Process::start(&folder, listen);
        process.answers().await;
        let held = client
            .get(format!("{}/{}/checkpoint", process.address, hashed(ORIGIN)))
            .send()
            .await
            .expect("an answer");
        let held = held.text().await.expect("text");
        let size: u64 = held.lines().nth(1).and_then(|size| size.parse().ok()).unwrap_or(0);
        assert!(size >= promised, "{promised} was cosigned, {size} is held");
        // Killed while it works, a little later each time, counted from its first answer.
        let id = process.child.id();
        let mut killer = None;
        loop {
            let request = log.request(old, (old + 1).min(600));
            let address = format!("{}/add-checkpoint", process.address);
            let Ok(answer) = client.post(address).body(request.to_string()).send().await else {
                break;
            };
            let status = answer.status();
            let Ok(text) = answer.text().await else { break };
            match status {
                StatusCode::OK => {
                    old = (old + 1).min(600);
                    promised = old;
                }
                StatusCode::CONFLICT => old = text.trim().parse().expect("a size"),
                other => panic!("{other}: {text}"),
            }
            killer.get_or_insert_with(|| {
                std::thread::spawn(move || {
                    std::thread::sleep(Duration::from_millis(3 + 11 * round));
                    Command::new("kill").arg("-9").arg(id.to_string()).status().expect("kill runs")
                })
            });
        }
        killer.expect("it answered once").join().expect("killed");
        let _ = process.child.wait();
    }
    assert!(promised > 0, "nothing was cosigned");
}
