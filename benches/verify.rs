//! The check of a ledger of a million entries against plain SHA-256 over the same bytes, one thread, in
//! the same run. Prints both times and their ratio, for the whole and for the median page (which a busy
//! machine disturbs less), and how far the memory grew. Asserts nothing.

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use countersign::ledger::tree::{Hash, leaf_hash};
use countersign::ledger::{Entry, Frontier, TileHash, Verifier};
use sha2::{Digest as _, Sha256};

/// Entries in all.
const ENTRIES: u64 = 1_000_000;

/// Entries made and checked at a time: few, so that most pages pass without the system interrupting them.
const PAGE: u64 = 256;

/// A page of a ledger as a store keeps it.
struct Page {
    entries: Vec<(u64, Vec<u8>, Hash)>,
    tiles: Vec<TileHash>,
}

fn main() -> Result<(), Box<dyn Error>> {
    Entry::open(&entry(0))?;
    let mut stored = Frontier::new();
    let mut verifier = Verifier::with_tiles();
    let mut plain = Sha256::new();
    let (mut floor, mut product, mut bytes) = (Vec::new(), Vec::new(), 0);
    let before = peak_memory();
    let mut first = 0;
    while first < ENTRIES {
        let page = page(first, (first + PAGE).min(ENTRIES), &mut stored);
        bytes += page.entries.iter().map(|(_, entry, _)| entry.len()).sum::<usize>();

        let start = Instant::now();
        for (_, entry, _) in &page.entries {
            plain.update(entry);
        }
        floor.push(start.elapsed());

        let start = Instant::now();
        verifier.expect_head(stored.size(), stored.root())?;
        page.tiles.iter().for_each(|tile| verifier.expect_tile(*tile));
        for (index, entry, hash) in &page.entries {
            verifier.push(*index, entry, hash)?;
        }
        product.push(start.elapsed());
        first += PAGE;
    }
    black_box(plain.finalize());
    let summary = verifier.finish(stored.size(), stored.root())?;
    let after = peak_memory();
    println!("entries           {ENTRIES}, {} bytes on average", bytes as u64 / ENTRIES);
    println!(
        "checked           {} checkpoints, {} tile hashes",
        summary.heads_checked, summary.tiles_checked
    );
    for (what, of) in [("whole", sum as fn(&[Duration]) -> Duration), ("median page", median)] {
        let (floor, product) = (of(&floor), of(&product));
        let ratio = product.as_secs_f64() / floor.as_secs_f64();
        println!("{what:17} SHA-256 {floor:.3?}, verify {product:.3?}, ratio {ratio:.2}");
    }
    println!("peak memory       {} kB before, {} kB after", shown(before), shown(after));
    Ok(())
}

fn sum(times: &[Duration]) -> Duration {
    times.iter().sum()
}

fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
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
