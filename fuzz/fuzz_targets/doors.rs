//! One target for every door of `tests/fuzzing/doors.rs`; `DOOR` in the environment says which, and without it the
//! first byte of an input does. `cargo +nightly fuzz run doors`.

#![no_main]

#[path = "../../tests/fuzzing/doors.rs"]
mod doors;

use std::sync::LazyLock;

use doors::{DOORS, Door};
use libfuzzer_sys::fuzz_target;

static CHOSEN: LazyLock<Option<Door>> = LazyLock::new(|| {
    let name = std::env::var("DOOR").ok()?;
    let door = DOORS.iter().find(|(known, _)| *known == name);
    Some(*door.unwrap_or_else(|| panic!("no door is called {name}")))
});

fuzz_target!(|bytes: &[u8]| {
    if let Some((_, door)) = *CHOSEN {
        door(bytes);
    } else if let Some((first, rest)) = bytes.split_first() {
        DOORS[usize::from(*first) % DOORS.len()].1(rest);
    }
});
