//! The ZIP of a bundle: stored, never compressed, so that its bytes are a function of its files (APPNOTE.TXT 6.3.10).
//!
//! Every header is written one way only; [`super::unzip`] reads it by writing it again and comparing.
//! A file has less than 4 GiB; archives beyond 4 GiB or 65,534 files have the zip64 records that they need.

use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};

use sha2::{Digest as _, Sha256};

use super::layout;

/// Version 2.0, no flags, stored, 1980-01-01 00:00:00, then sum and sizes: what local and central headers share.
const SHARED: [u8; 10] = [20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
pub(super) const LOCAL: [u8; 4] = *b"PK\x03\x04";
pub(super) const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const END: [u8; 4] = *b"PK\x05\x06";
const END_64: [u8; 4] = *b"PK\x06\x06";
const LOCATOR_64: [u8; 4] = *b"PK\x06\x07";
/// Bytes of a local header before the name.
pub(super) const LOCAL_LEN: usize = 30;
/// Bytes that are passed on at once.
pub(super) const CHUNK: usize = 64 * 1024;

/// A file of the archive, as it was written or read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Bytes.
    pub size: u32,
    /// SHA-256 over them.
    pub sha256: [u8; 32],
    pub(super) crc: u32,
    offset: u64,
}

impl Member {
    fn sums(&self) -> Vec<u8> {
        let size = self.size.to_le_bytes();
        [self.crc.to_le_bytes(), size, size].concat()
    }

    fn name_len(&self) -> [u8; 2] {
        u16::try_from(self.name.len()).unwrap_or(u16::MAX).to_le_bytes()
    }

    pub(super) fn local(&self) -> Vec<u8> {
        let parts: [&[u8]; 6] =
            [&LOCAL, &SHARED, &self.sums(), &self.name_len(), &[0, 0], self.name.as_bytes()];
        parts.concat()
    }

    /// Made by Unix, mode 0644; the offset stands in a zip64 field where 32 bits do not hold it.
    pub(super) fn central(&self) -> Vec<u8> {
        let (offset, extra) = match u32::try_from(self.offset) {
            Ok(offset) if offset < u32::MAX => (offset, Vec::new()),
            _ => {
                let field = [[1, 0, 8, 0].as_slice(), &self.offset.to_le_bytes()].concat();
                (u32::MAX, field)
            }
        };
        let extra_len = if extra.is_empty() { [0, 0] } else { [12, 0] };
        let parts: [&[u8]; 11] = [
            &CENTRAL,
            &[20, 3],
            &SHARED,
            &self.sums(),
            &self.name_len(),
            &extra_len,
            &[0; 6],
            &(0o100_644_u32 << 16).to_le_bytes(),
            &offset.to_le_bytes(),
            self.name.as_bytes(),
            &extra,
        ];
        parts.concat()
    }
}

/// What ends an archive after its central directory.
pub(super) fn end(count: u64, size: u64, offset: u64) -> Vec<u8> {
    let small_count = u16::try_from(count).unwrap_or(u16::MAX);
    let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    let mut bytes = Vec::new();
    if small_count == u16::MAX || small(size) == u32::MAX || small(offset) == u32::MAX {
        let sums = [count, count, size, offset].map(u64::to_le_bytes).concat();
        let head = [44_u64.to_le_bytes().as_slice(), &[45, 3, 45, 0], &[0; 8]].concat();
        bytes.extend([END_64.as_slice(), &head, &sums].concat());
        let here = (offset + size).to_le_bytes();
        bytes.extend([LOCATOR_64.as_slice(), &[0; 4], &here, &[1, 0, 0, 0]].concat());
    }
    let counts = [small_count, small_count].map(u16::to_le_bytes).concat();
    let sizes = [small(size), small(offset)].map(u32::to_le_bytes).concat();
    bytes.extend([END.as_slice(), &[0; 4], &counts, &sizes, &[0, 0]].concat());
    bytes
}

/// Sums over the bytes of a file as they pass.
#[derive(Debug, Default, Clone)]
pub(super) struct Sums {
    crc: crc32fast::Hasher,
    sha256: Sha256,
    pub(super) size: u64,
}

impl Sums {
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.crc.update(bytes);
        self.sha256.update(bytes);
        self.size += bytes.len() as u64;
    }

    pub(super) fn sha256(&self) -> [u8; 32] {
        self.sha256.clone().finalize().into()
    }

    pub(super) fn member(self, name: String, offset: u64) -> io::Result<Member> {
        let too_large =
            || io::Error::other(format!("{name} would have 4 GiB or more: take a shorter period"));
        let size = u32::try_from(self.size).ok().filter(|size| *size < u32::MAX);
        let size = size.ok_or_else(too_large)?;
        let (crc, sha256) = (self.crc.finalize(), self.sha256.finalize().into());
        Ok(Member { name, size, sha256, crc, offset })
    }
}

/// Writes an archive, file by file. What would grow with the number of files, the directory and the list of their sums, is
/// written beside it as they come, and copied to its place.
#[derive(Debug)]
pub struct Writer<W, S = Cursor<Vec<u8>>> {
    out: W,
    at: u64,
    open: Option<(String, Sums)>,
    count: u64,
    directory: S,
    sums: S,
}

impl<W: Write + Seek> Writer<W> {
    /// An archive at the beginning of `out`; what is written beside it stays in memory.
    pub fn new(out: W) -> Self {
        Self::with_notes(out, [Cursor::default(), Cursor::default()])
    }
}

impl<W: Write + Seek, S: Read + Write + Seek> Writer<W, S> {
    /// An archive at the beginning of `out`, with two empty places for what is written beside it.
    pub fn with_notes(out: W, [directory, sums]: [S; 2]) -> Self {
        Self { out, at: 0, open: None, count: 0, directory, sums }
    }

    /// How many files there are so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// A whole file.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut sums = Sums::default();
        sums.take(bytes);
        let member = sums.member(name.to_owned(), self.at)?;
        self.put(&member.local())?;
        self.put(bytes)?;
        self.note(&member)
    }

    /// The list of the sums of all files so far ([`layout::sum`]), as a file. Tells its pieces.
    pub fn add_sums(&mut self, name: &str, mut tell: impl FnMut(&[u8])) -> io::Result<()> {
        self.begin(name)?;
        self.sums.rewind()?;
        let mut buffer = vec![0; CHUNK];
        loop {
            let count = self.sums.read(&mut buffer)?;
            let piece = buffer.get(..count).unwrap_or_default();
            if piece.is_empty() {
                return self.end();
            }
            self.write(piece)?;
            tell(piece);
        }
    }

    /// Begins a file that comes in pieces; its header is written when it ends.
    pub fn begin(&mut self, name: &str) -> io::Result<()> {
        let sums = Sums::default();
        let header = sums.clone().member(name.to_owned(), self.at)?.local();
        self.put(&header)?;
        self.open = Some((name.to_owned(), sums));
        Ok(())
    }

    /// The next piece of the file that was begun.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let (_, sums) = self.open.as_mut().ok_or_else(no_file)?;
        sums.take(bytes);
        self.put(bytes)
    }

    /// Ends the file that was begun.
    pub fn end(&mut self) -> io::Result<()> {
        let (name, sums) = self.open.take().ok_or_else(no_file)?;
        let offset = self.at - sums.size - (LOCAL_LEN + name.len()) as u64;
        let member = sums.member(name, offset)?;
        self.out.seek(SeekFrom::Start(offset))?;
        self.out.write_all(&member.local())?;
        self.out.seek(SeekFrom::Start(self.at))?;
        self.note(&member)
    }

    /// Writes the directory and gives back what it was written to.
    pub fn finish(mut self) -> io::Result<W> {
        self.directory.rewind()?;
        let size = io::copy(&mut self.directory, &mut self.out)?;
        self.out.write_all(&end(self.count, size, self.at))?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn note(&mut self, member: &Member) -> io::Result<()> {
        self.count += 1;
        self.directory.write_all(&member.central())?;
        self.sums.write_all(layout::sum(member).as_bytes())
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.at += bytes.len() as u64;
        Ok(())
    }
}

fn no_file() -> io::Error {
    io::Error::other("no file of the archive was begun")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_beyond_32_bits_stands_in_a_field_of_its_own() {
        let sums = Sums::default();
        let far = sums.member("x".to_owned(), 1 << 33).expect("a member").central();
        assert_eq!(far[42..46], [0xff; 4]);
        assert_eq!(far[far.len() - 12..], [1, 0, 8, 0, 0, 0, 0, 0, 2, 0, 0, 0]);
        assert_eq!(end(1, 50, 1 << 33).len(), 56 + 20 + 22);
        assert_eq!(end(1, 50, 60).len(), 22);
    }
}
