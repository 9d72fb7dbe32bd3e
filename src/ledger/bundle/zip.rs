//! The ZIP of a bundle: stored, never compressed, so that its bytes are a function of its files (APPNOTE.TXT 6.3.10).
//!
//! Every header is written one way only, and read by writing it again and comparing: an archive in which anything
//! differs, be it a time nobody looks at, is refused. There is nothing to decompress and no second reading of a name.
//! A file has less than 4 GiB; archives beyond 4 GiB or 65,534 files have the zip64 records that they need.

use std::io::{self, Read, Seek, SeekFrom, Write};

use sha2::{Digest as _, Sha256};

/// Version 2.0, no flags, stored, 1980-01-01 00:00:00, then sum and sizes: what local and central headers share.
const SHARED: [u8; 10] = [20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
const LOCAL: [u8; 4] = *b"PK\x03\x04";
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const END: [u8; 4] = *b"PK\x05\x06";
const END_64: [u8; 4] = *b"PK\x06\x06";
const LOCATOR_64: [u8; 4] = *b"PK\x06\x07";
/// Bytes of a local header before the name.
const LOCAL_LEN: usize = 30;
/// The longest name that is read.
const MAX_NAME: usize = 128;
const CHUNK: usize = 64 * 1024;

/// A file of the archive, as it was written or read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Bytes.
    pub size: u32,
    /// SHA-256 over them.
    pub sha256: [u8; 32],
    crc: u32,
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

    fn local(&self) -> Vec<u8> {
        let parts: [&[u8]; 6] =
            [&LOCAL, &SHARED, &self.sums(), &self.name_len(), &[0, 0], self.name.as_bytes()];
        parts.concat()
    }

    /// Made by Unix, mode 0644; the offset stands in a zip64 field where 32 bits do not hold it.
    fn central(&self) -> Vec<u8> {
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
fn end(count: u64, size: u64, offset: u64) -> Vec<u8> {
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

/// The central directory and the end, piece by piece.
fn directory(members: &[Member], offset: u64) -> impl Iterator<Item = Vec<u8>> + '_ {
    let mut size = 0;
    let count = members.len() as u64;
    let entries = members.iter().map(move |member| (Some(member), 0));
    entries.chain(std::iter::once((None, count))).map(move |(member, count)| match member {
        Some(member) => {
            let bytes = member.central();
            size += bytes.len() as u64;
            bytes
        }
        None => end(count, size, offset),
    })
}

/// Sums over the bytes of a file as they pass.
#[derive(Debug, Default, Clone)]
struct Sums {
    crc: crc32fast::Hasher,
    sha256: Sha256,
    size: u64,
}

impl Sums {
    fn take(&mut self, bytes: &[u8]) {
        self.crc.update(bytes);
        self.sha256.update(bytes);
        self.size += bytes.len() as u64;
    }

    fn member(self, name: String, offset: u64) -> io::Result<Member> {
        let too_large =
            || io::Error::other(format!("{name} would have 4 GiB or more: take a shorter period"));
        let size = u32::try_from(self.size).ok().filter(|size| *size < u32::MAX);
        let size = size.ok_or_else(too_large)?;
        let (crc, sha256) = (self.crc.finalize(), self.sha256.finalize().into());
        Ok(Member { name, size, sha256, crc, offset })
    }
}

/// Writes an archive, file by file. What stays in memory is the list of the files.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    at: u64,
    members: Vec<Member>,
    open: Option<(String, Sums)>,
}

impl<W: Write + Seek> Writer<W> {
    /// An archive at the beginning of `out`.
    pub fn new(out: W) -> Self {
        Self { out, at: 0, members: Vec::new(), open: None }
    }

    /// The files so far.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// A whole file.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut sums = Sums::default();
        sums.take(bytes);
        let member = sums.member(name.to_owned(), self.at)?;
        self.put(&member.local())?;
        self.put(bytes)?;
        self.members.push(member);
        Ok(())
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
        self.members.push(member);
        Ok(())
    }

    /// Writes the directory and gives back what it was written to.
    pub fn finish(mut self) -> io::Result<W> {
        for piece in directory(&self.members, self.at) {
            self.out.write_all(&piece)?;
        }
        self.out.flush()?;
        Ok(self.out)
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

/// Why an archive is refused.
#[derive(Debug, thiserror::Error)]
pub enum ZipError {
    /// It cannot be read.
    #[error("the archive cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It ends too early.
    #[error("the archive ends here: it was cut off")]
    Cut,
    /// A header has another form than the one it is written in.
    #[error("the archive was changed here: what stands before the file is not what was written")]
    Header,
    /// Another file stands here.
    #[error("`{0}` stands here instead")]
    Other(String),
    /// No further file.
    #[error("the archive has no further files here")]
    Missing,
    /// The sum in its header is another.
    #[error("the bytes are not those that were written (CRC-32)")]
    Sum,
    /// Too many bytes.
    #[error("it has {have} bytes, {most} are allowed")]
    TooLarge {
        /// Its bytes.
        have: u64,
        /// The most.
        most: u64,
    },
    /// The directory at the end differs from what was read.
    #[error("the archive's directory is not the one of its files, or something stands after it")]
    Directory,
}

/// Reads an archive from front to back. Which file comes next is said by the reader, never by the archive.
#[derive(Debug)]
pub struct Reader<R> {
    from: R,
    at: u64,
    members: Vec<Member>,
}

impl<R: Read> Reader<R> {
    /// An archive from its first byte.
    pub fn new(from: R) -> Self {
        Self { from, at: 0, members: Vec::new() }
    }

    /// The files so far.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Reads the file that has to come next, at most `most` bytes of it.
    pub fn take(&mut self, name: &str, most: u64) -> Result<Vec<u8>, ZipError> {
        let mut bytes = Vec::new();
        self.pass(name, most, |piece| bytes.extend_from_slice(piece))?;
        Ok(bytes)
    }

    /// The same piece by piece. Pieces are told before the sums are known to hold.
    pub fn pass(
        &mut self,
        name: &str,
        most: u64,
        mut tell: impl FnMut(&[u8]),
    ) -> Result<(), ZipError> {
        let offset = self.at;
        let header = self.header(name)?;
        let size = header.iter().skip(18).take(4).rev().fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
        if size > most {
            return Err(ZipError::TooLarge { have: size, most });
        }
        let mut sums = Sums::default();
        let mut buffer = vec![0; CHUNK.min(usize::try_from(size).unwrap_or(CHUNK))];
        while sums.size < size {
            let want = usize::try_from(size - sums.size).unwrap_or(CHUNK).min(buffer.len());
            let piece = buffer.get_mut(..want).unwrap_or_default();
            self.fill(piece)?;
            sums.take(piece);
            tell(piece);
        }
        let member = sums.member(name.to_owned(), offset)?;
        if member.local() != header {
            let sums = header.iter().skip(14).take(4).ne(member.crc.to_le_bytes().iter());
            return Err(if sums { ZipError::Sum } else { ZipError::Header });
        }
        self.members.push(member);
        Ok(())
    }

    /// The header of the file of this name, its form compared later, when its sums are known.
    fn header(&mut self, name: &str) -> Result<Vec<u8>, ZipError> {
        let mut fixed = [0; LOCAL_LEN];
        let (magic, rest) = fixed.split_at_mut(LOCAL.len());
        self.fill(magic)?;
        if *magic == CENTRAL {
            return Err(ZipError::Missing);
        }
        if *magic != LOCAL {
            return Err(ZipError::Header);
        }
        self.fill(rest)?;
        let [.., low, high, 0, 0] = fixed else { return Err(ZipError::Header) };
        let length = usize::from(u16::from_le_bytes([low, high]));
        if length > MAX_NAME {
            return Err(ZipError::Header);
        }
        let mut found = vec![0; length];
        self.fill(&mut found)?;
        if found != name.as_bytes() {
            return Err(ZipError::Other(super::super::excerpt(&String::from_utf8_lossy(&found), 80)));
        }
        Ok([fixed.as_slice(), &found].concat())
    }

    /// Nothing may follow but the directory of exactly what was read.
    pub fn finish(mut self) -> Result<(), ZipError> {
        let members = std::mem::take(&mut self.members);
        for piece in directory(&members, self.at) {
            let mut found = vec![0; piece.len()];
            self.fill(&mut found).map_err(|error| match error {
                ZipError::Cut => ZipError::Directory,
                other => other,
            })?;
            if found != piece {
                return Err(ZipError::Directory);
            }
        }
        match self.from.read(&mut [0])? {
            0 => Ok(()),
            _ => Err(ZipError::Directory),
        }
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), ZipError> {
        self.from.read_exact(bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => ZipError::Cut,
            _ => ZipError::Io(error),
        })?;
        self.at += bytes.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = Writer::new(Cursor::new(Vec::new()));
        for (at, (name, bytes)) in files.iter().enumerate() {
            if at % 2 == 0 {
                writer.add(name, bytes).expect("written");
            } else {
                writer.begin(name).expect("begun");
                for piece in bytes.chunks(3) {
                    writer.write(piece).expect("written");
                }
                writer.end().expect("ended");
            }
        }
        writer.finish().expect("finished").into_inner()
    }

    fn read(bytes: &[u8], names: &[&str]) -> Result<Vec<Vec<u8>>, ZipError> {
        let mut reader = Reader::new(bytes);
        let files = names.iter().map(|name| reader.take(name, 1000)).collect::<Result<_, _>>()?;
        reader.finish()?;
        Ok(files)
    }

    const FILES: [(&str, &[u8]); 3] = [("a/b.txt", b"first"), ("c", b"second file"), ("d", b"")];
    const NAMES: [&str; 3] = ["a/b.txt", "c", "d"];

    #[test]
    fn an_archive_reads_back_and_no_other_bytes_do() {
        let bytes = archive(&FILES);
        let files = read(&bytes, &NAMES).expect("reads back");
        assert_eq!(files, FILES.map(|(_, bytes)| bytes.to_vec()));
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                assert!(read(&changed, &NAMES).is_err(), "byte {at}, bit {bit}");
            }
            assert!(read(&bytes[..at], &NAMES).is_err(), "cut at {at}");
        }
        assert!(matches!(read(&[&bytes[..], b"x"].concat(), &NAMES), Err(ZipError::Directory)));
    }

    #[test]
    fn only_the_files_that_are_asked_for_stand_there_in_order() {
        let bytes = archive(&FILES);
        assert!(matches!(read(&bytes, &["c"]), Err(ZipError::Other(name)) if name == "a/b.txt"));
        assert!(matches!(read(&bytes, &["a/b.txt"]), Err(ZipError::Directory)));
        let more = ["a/b.txt", "c", "d", "e"];
        assert!(matches!(read(&bytes, &more), Err(ZipError::Missing)));
        let mut reader = Reader::new(bytes.as_slice());
        assert!(matches!(reader.take("a/b.txt", 4), Err(ZipError::TooLarge { have: 5, most: 4 })));
    }

    #[test]
    fn many_files_have_the_records_that_count_them() {
        let mut writer = Writer::new(Cursor::new(Vec::new()));
        for number in 0..65_535_u32 {
            writer.add(&number.to_string(), b"").expect("written");
        }
        let bytes = writer.finish().expect("finished").into_inner();
        assert_eq!(bytes[bytes.len() - 98..bytes.len() - 94], END_64);
        let mut reader = Reader::new(bytes.as_slice());
        for number in 0..65_535_u32 {
            reader.take(&number.to_string(), 0).expect("there");
        }
        reader.finish().expect("whole");
    }

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
