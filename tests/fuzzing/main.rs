//! Bytes that somebody else wrote: no panic, and for no input within the limits more than a second or 64 MB.
//!
//! The ordinary run takes mutants of valid files for a few seconds, always the same ones, and the worst inputs that could
//! be thought of at the size that is just allowed. `fuzz/` goes through the same doors for as long as one likes.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests say what they expect, and stop where it is not so"
)]

mod doors;
mod mutate;
mod samples;
mod worst;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use doors::{BETWEEN, DOORS, Door};
use mutate::{Dice, mutant};

/// How long mutants of one format are tried.
const EACH: Duration = Duration::from_millis(450);
/// At least so many, on however slow a machine.
const LEAST: u64 = 20;
/// At most so many, so that a fast machine tries the same ones.
const MOST: u64 = 20_000;

#[test]
fn no_mutant_of_a_valid_file_panics_or_takes_a_second() {
    for door in DOORS {
        let (began, mut seed) = (Instant::now(), 0);
        while seed < LEAST || (began.elapsed() < EACH && seed < MOST) {
            try_one(door, seed);
            seed += 1;
        }
    }
}

/// The mutant alone, or against the file that it was made of.
fn try_one((name, door): Door, seed: u64) {
    let (mut dice, samples) = (Dice::new(seed), samples::of(name));
    let sample = samples[dice.below(samples.len())].as_bytes();
    let mut bytes = mutant(sample, &mut dice);
    if dice.below(2) == 0 {
        bytes = [sample, &[BETWEEN], &bytes].concat();
    }
    let began = worst::spent();
    let done = catch_unwind(AssertUnwindSafe(|| door(&bytes)));
    let text = String::from_utf8_lossy(&bytes);
    assert!(done.is_ok(), "{name}, seed {seed}: {text:?}");
    let took = worst::spent().saturating_sub(began);
    assert!(took < worst::ALLOWED, "{name}, seed {seed}, {took:?}: {text:?}");
}

#[test]
fn every_sample_is_read_by_its_door() {
    for (name, door) in DOORS {
        for sample in samples::of(name) {
            door(sample.as_bytes());
        }
    }
}
