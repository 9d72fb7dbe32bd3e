//! The check of a ledger of a million entries against plain SHA-256 over the same bytes, one thread, in
//! the same run, page by page in turns: as `countersign verify` does it, on the processors that are there, and on one.
//! Prints the ratio of the whole, the median of the pages' ratios (which a busy machine disturbs less) with their spread,
//! and how far the memory grew. Fails if the whole is over three times the floor.

use std::error::Error;
use std::hint::black_box;
use std::num::NonZero;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use countersign::ledger::tree::{Hash, leaf_hash};
use countersign::ledger::{Entry, Frontier, TileHash, Verifier};
use sha2::{Digest as _, Sha256};

/// Entries in all.
const ENTRIES: u64 = 1_000_000;

/// Entries made and checked at a time, as the service reads them.
const PAGE: u64 = 2000;

const REACH: f64 = 3.0;

/// A page of a ledger as a store keeps it.
struct Page {
    entries: Vec<(u64, Vec<u8>, Hash)>,
    tiles: Vec<TileHash>,
}

/// One way to check, with what it took page by page.
struct Check {
    name: &'static str,
    threads: NonZero<usize>,
    verifier: Verifier,
    took: Vec<Duration>,
}

impl Check {
    fn new(name: &'static str, threads: NonZero<usize>) -> Self {
        Self { name, threads, verifier: Verifier::with_tiles(), took: Vec::new() }
    }

    fn take(&mut self, page: &Page, stored: &Frontier) -> Result<(), Box<dyn Error>> {
        let start = Instant::now();
        self.verifier.expect_head(stored.size(), stored.root())?;
        page.tiles.iter().for_each(|tile| self.verifier.expect_tile(*tile));
        let entries: Vec<_> = page
            .entries
            .iter()
            .map(|(index, bytes, hash)| (*index, bytes.as_slice(), *hash))
            .collect();
        let faults = self.verifier.push_all(&entries, self.threads);
        self.took.push(start.elapsed());
        faults.into_iter().next().map_or(Ok(()), |fault| Err(fault.into()))
    }
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    Entry::open(&entry(0))?;
    let mut stored = Frontier::new();
    let mut checks = [
        Check::new("verify", std::thread::available_parallelism()?),
        Check::new("on one thread", NonZero::<usize>::MIN),
    ];
    let mut plain = Sha256::new();
    let (mut floor, mut bytes, mut first) = (Vec::new(), 0, 0);
    let before = peak_memory();
    while first < ENTRIES {
        let page = page(first, (first + PAGE).min(ENTRIES), &mut stored);
        bytes += page.entries.iter().map(|(_, entry, _)| entry.len()).sum::<usize>();
        let start = Instant::now();
        for (_, entry, _) in &page.entries {
            plain.update(entry);
        }
        floor.push(start.elapsed());
        for check in &mut checks {
            check.take(&page, &stored)?;
        }
        first += PAGE;
    }
    black_box(plain.finalize());
    println!("entries           {ENTRIES}, {} bytes on average", bytes as u64 / ENTRIES);
    println!("SHA-256           {:.3?}", sum(&floor));
    let mut reached = true;
    for check in checks {
        let ratio = sum(&check.took).as_secs_f64() / sum(&floor).as_secs_f64();
        let mut pages: Vec<f64> =
            check.took.iter().zip(&floor).map(|(a, b)| a.as_secs_f64() / b.as_secs_f64()).collect();
        pages.sort_by(f64::total_cmp);
        let of =
            |permille: usize| pages.get(pages.len() * permille / 1000).copied().unwrap_or_default();
        println!(
            "{:17} {:.3?}, {} threads: ratio {ratio:.2}; of the pages {:.2} in the median, {:.2} to {:.2} from the 10th to the 90th of 100",
            check.name,
            sum(&check.took),
            check.threads,
            of(500),
            of(100),
            of(900)
        );
        reached &= check.name != "verify" || ratio <= REACH;
        let summary = check.verifier.finish(stored.size(), stored.root())?;
        assert_eq!(
            summary.heads_checked,
            ENTRIES.div_ceil(PAGE),
            "not every checkpoint was compared"
        );
    }
    println!("peak memory       {} kB before, {} kB after", shown(before), shown(peak_memory()));
    Ok(if reached { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn sum(times: &[Duration]) -> Duration {
    times.iter().sum()
}

fn page(first: u64, end: u64, stored: &mut Frontier) -> Page {
    let mut page = Page { entries: Vec::new(), tiles: Vec::new() };
    for index in first..end {
        let bytes = entry(index);
        let hash = leaf_hash(&bytes);
        page.tiles.extend(stored.append(hash));
        page.entries.push((index, bytes, hash));
    }
    page
}

/// An entry such as a review makes, about 400 bytes.
fn entry(index: u64) -> Vec<u8> {
    let id = index.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!(
        "{{\"actor\":{{\"account\":\"m.ortiz\",\"kind\":\"user\",\"source\":\"github\"}},\
         \"at\":\"2026-11-20T14:{:02}:{:02}.{:06}Z\",\
         \"commit\":\"{id:016x}{id:016x}{:08x}\",\"delivery\":\"{id:016x}-d0e1\",\
         \"digest\":\"sha256:{id:016x}{id:016x}{id:016x}{id:016x}\",\
         \"kind\":\"approval.given\",\"note\":\"Prüft \\\"same_delta\\\" nach {index}\",\
         \"pull\":{},\"repo\":\"acme/payments\",\"roles\":[\"architect\",\"owner\"],\"scope\":null,\"v\":1}}",
        index / 60 % 60,
        index % 60,
        index % 1_000_000,
        id >> 32,
        index % 90_000,
    )
    .into_bytes()
}

/// The most memory this process has had resident, in kB; `None` where the system does not say.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

fn shown(memory: Option<u64>) -> String {
    memory.map_or_else(|| "unknown".to_owned(), |kilobytes| kilobytes.to_string())
}
