//! A glob as the globs without braces that it stands for, one after the other. In them a sign is a character of control,
//! which no glob holds: every other character means itself.

use unicode_normalization::UnicodeNormalization as _;

/// Stands between two alternatives.
pub(super) const BETWEEN: char = '\0';
/// `?`: one character of a segment.
pub(super) const ONE: char = '\u{1}';
/// `*`: any number of them.
pub(super) const MANY: char = '\u{2}';
/// `**`: as a whole segment any number of folders, and otherwise no more than `*`.
pub(super) const FOLDERS: char = '\u{3}';
/// Begins a class: what follows up to [`END`] are pairs of characters, the ends of ranges.
pub(super) const CLASS: char = '\u{4}';
/// Ends a class; the last of the signs: whatever is above it means itself.
pub(super) const END: char = '\u{5}';

/// Bytes that braces may amount to: `{a,b}{c,d}` are `ac`, `ad`, `bc` and `bd`.
const MAX_WRITTEN_OUT: usize = 4096;

/// The globs without braces; the error says what is wrong.
pub(super) fn alternatives(text: &str) -> Result<String, String> {
    let mut reading = Reading::default();
    let mut rest = text.chars();
    while let Some(letter) = rest.next() {
        match letter {
            '{' => reading.open(),
            ',' if !reading.outer.is_empty() => reading.next_alternative(),
            '}' => reading.close()?,
            '[' => reading.append(&class(&mut rest)?),
            '\\' => reading.push(literal(rest.next().ok_or("it ends in a backslash")?)?),
            '*' => reading.push(stars(&mut rest)),
            '?' => reading.push(ONE),
            other => reading.push(literal(other)?),
        }
        within(reading.size())?;
    }
    if !reading.outer.is_empty() {
        return Err("a `{` is not closed".to_owned());
    }
    for one in &reading.inner {
        has_segments(one)?;
    }
    Ok(reading.inner.join(BETWEEN.encode_utf8(&mut [0; 4])))
}

fn within(length: usize) -> Result<(), String> {
    if length > MAX_WRITTEN_OUT {
        return Err(format!("written out, its braces amount to more than {MAX_WRITTEN_OUT} bytes"));
    }
    Ok(())
}

/// What has been read: of the innermost braces that are open, and of those around them.
struct Reading {
    outer: Vec<Braces>,
    inner: Vec<String>,
}

/// Braces that are open.
struct Braces {
    /// What stands before them.
    before: Vec<String>,
    /// Their alternatives before the one that is being read.
    done: Vec<String>,
}

impl Default for Reading {
    fn default() -> Self {
        Self { outer: Vec::new(), inner: vec![String::new()] }
    }
}

impl Reading {
    fn append(&mut self, text: &str) {
        self.inner.iter_mut().for_each(|one| one.push_str(text));
    }

    fn push(&mut self, sign: char) {
        self.append(sign.encode_utf8(&mut [0; 4]));
    }

    fn open(&mut self) {
        let before = std::mem::replace(&mut self.inner, vec![String::new()]);
        self.outer.push(Braces { before, done: Vec::new() });
    }

    fn next_alternative(&mut self) {
        let done = std::mem::replace(&mut self.inner, vec![String::new()]);
        if let Some(braces) = self.outer.last_mut() {
            braces.done.extend(done);
        }
    }

    fn close(&mut self) -> Result<(), String> {
        let Braces { before, mut done } = self.outer.pop().ok_or("a `}` closes nothing")?;
        done.append(&mut self.inner);
        if done.iter().all(String::is_empty) {
            return Err("its braces hold nothing".to_owned());
        }
        let size = |all: &[String]| all.iter().map(String::len).sum::<usize>();
        // Before anything is written out.
        within(before.len() * size(&done) + done.len() * size(&before))?;
        let mut all = Vec::with_capacity(before.len() * done.len());
        for start in &before {
            all.extend(done.iter().map(|end| format!("{start}{end}")));
        }
        self.inner = all;
        Ok(())
    }

    fn size(&self) -> usize {
        let open = self.outer.iter().flat_map(|braces| braces.before.iter().chain(&braces.done));
        open.chain(&self.inner).map(|one| one.len() + 1).sum()
    }
}

/// Stars, from behind the first: two are another sign than one, more are no more than one.
fn stars(rest: &mut std::str::Chars<'_>) -> char {
    let behind = rest.as_str().trim_start_matches('*');
    let more = rest.as_str().len() - behind.len();
    *rest = behind.chars();
    if more == 1 { FOLDERS } else { MANY }
}

/// A class, from behind its bracket.
fn class(rest: &mut std::str::Chars<'_>) -> Result<String, String> {
    let open = || "a `[` is not closed".to_owned();
    let mut text = String::from(CLASS);
    let mut letter = rest.next().ok_or_else(open)?;
    if matches!(letter, '!' | '^') {
        return Err("negated classes are refused; list what is meant".to_owned());
    }
    loop {
        let mut to = letter;
        let mut ahead = rest.clone();
        // A `-` at the end is itself.
        if ahead.next() == Some('-') && ahead.clone().next() != Some(']') {
            to = ahead.next().ok_or_else(open)?;
            *rest = ahead;
        }
        if letter > to {
            return Err(format!("the range `{letter}-{to}` is empty"));
        }
        for end in [letter, to] {
            if end == '/' {
                return Err("a class cannot hold `/`".to_owned());
            }
            text.push(literal(end)?);
        }
        letter = rest.next().ok_or_else(open)?;
        // A bracket that closes is one of the class only where it comes first.
        if letter == ']' {
            text.push(END);
            return Ok(text);
        }
    }
}

/// A character that means itself.
fn literal(letter: char) -> Result<char, String> {
    if letter.is_control() {
        return Err(format!("it holds a character of control, {}", letter.escape_unicode()));
    }
    Ok(letter)
}

/// Paths begin and end with a name and have no empty one: a glob that has would match nothing, and protect nothing.
fn has_segments(glob: &str) -> Result<(), String> {
    let why = if glob.starts_with('/') {
        "it begins with `/`, and paths do not; they are whole without"
    } else if glob.ends_with('/') {
        "it ends in `/`, and no file does; `folder/**` is everything in a folder"
    } else if glob.split('/').any(str::is_empty) {
        "it has an empty segment, and no path has"
    } else {
        return Ok(());
    };
    Err(why.to_owned())
}

/// The alternatives with their letters as file systems read them that ignore case and know Unicode's compatible
/// characters: in form NFKC, in small letters. Signs stay what they are, and no folding makes a new one.
pub(super) fn folded(alternatives: &str) -> String {
    let mut whole = String::with_capacity(alternatives.len());
    for piece in alternatives.split_inclusive(char::is_control) {
        // Behind the sign that begins a class come its ends, and the one that ends it.
        if let Some(ends) = piece.strip_suffix(END) {
            whole.extend([ends, &other_spellings(ends)]);
            whole.push(END);
        } else {
            whole.push_str(&piece.nfkc().collect::<String>().to_lowercase());
        }
    }
    whole
}

/// What a class takes in besides once letters are folded. Beyond ASCII that is everything: too much is never too little
/// for a twin.
fn other_spellings(class: &str) -> String {
    let mut others = String::new();
    let mut ends = class.chars();
    while let (Some(from), Some(to)) = (ends.next(), ends.next()) {
        let (first, last) = (from.max('A'), to.min('Z'));
        if first <= last {
            others.extend([first.to_ascii_lowercase(), last.to_ascii_lowercase()]);
        }
        if !to.is_ascii() {
            others.extend(['\u{80}', char::MAX]);
        }
    }
    others
}
