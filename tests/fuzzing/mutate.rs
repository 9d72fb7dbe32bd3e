//! Mutants of a valid file, always the same ones for a seed: what a fuzzer does without being told where it leads.

/// Pieces that mean something in some format.
const WORDS: [&str; 44] = [
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "<",
    ">",
    "\"",
    "'",
    ":",
    "=",
    ",",
    "#",
    "//",
    "/*",
    "*/",
    "\\",
    "\n",
    "\r\n",
    "\t",
    "  ",
    "---\n",
    "...\n",
    "&a ",
    "*a",
    "<<: ",
    "!!binary ",
    "|\n",
    "? ",
    "${x}",
    "{{ x }}",
    "\\u0000",
    "\u{feff}",
    "\u{202e}",
    "\u{200b}",
    "é",
    "-",
    "0x",
    "1e999",
    "99999999999999999999",
    "null",
    "**",
    "[[",
];

/// A generator of numbers: xorshift, for tests alone.
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Below `limit`, which is not 0.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).expect("a small number")
    }
}

/// A mutant: one to six changes.
pub(crate) fn mutant(sample: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = sample.to_vec();
    for _ in 0..=dice.below(6) {
        change(&mut bytes, dice);
    }
    bytes
}

fn change(bytes: &mut Vec<u8>, dice: &mut Dice) {
    let (at, other) = (dice.below(bytes.len() + 1), dice.below(bytes.len() + 1));
    let (from, to) = (at.min(other), at.max(other));
    match dice.below(8) {
        0 => insert(bytes, at, WORDS[dice.below(WORDS.len())].as_bytes()),
        1 => {
            insert(bytes, at, WORDS[dice.below(WORDS.len())].repeat(1 + dice.below(80)).as_bytes());
        }
        2 if at < bytes.len() => bytes[at] = u8::try_from(dice.below(256)).expect("a byte"),
        3 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
        4 => drop(bytes.drain(from..to.min(from + 40))),
        5 => {
            let piece = bytes[from..to].to_vec();
            insert(bytes, to, &piece);
        }
        6 => lines(bytes, dice),
        _ => bytes.truncate(at),
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, what: &[u8]) {
    // Doubling pieces of pieces must not grow without end.
    if bytes.len() < 20_000 {
        bytes.splice(at..at, what.iter().copied());
    }
}

/// Two lines change places.
fn lines(bytes: &mut Vec<u8>, dice: &mut Dice) {
    let mut lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    if lines.len() > 1 {
        let (one, other) = (dice.below(lines.len()), dice.below(lines.len()));
        lines.swap(one, other);
        *bytes = lines.concat();
    }
}
