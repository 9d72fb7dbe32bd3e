//! Reading the archive of a bundle: from front to back, each file only where it has to stand.
//!
//! A header is written again from what was read, and compared: an archive in which anything differs, be it a time nobody
//! looks at, is refused. There is nothing to decompress and no second reading of a name.

use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

use super::layout;
use super::zip::{CENTRAL, CHUNK, LOCAL, LOCAL_LEN, Member, Sums, end};
use crate::ledger::excerpt;

/// The longest name that is read.
const MAX_NAME: usize = 128;

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

/// Reads an archive from front to back. Which file comes next is said by the reader, never by the archive. Of what was read
/// stay sums, and eight bytes a file.
#[derive(Debug)]
pub struct Reader<R> {
    from: R,
    at: u64,
    last: Option<Member>,
    count: u64,
    /// Over the records that the directory has to have.
    directory: Sums,
    listed: Listed,
}

/// The list of sums that the files so far give.
#[derive(Debug, Default)]
pub struct Listed {
    whole: Sha256,
    /// The beginning of each line's digest: enough to tell which one differs, while the whole decides whether one does.
    lines: Vec<u64>,
}

impl Listed {
    fn note(&mut self, member: &Member) {
        let line = layout::sum(member);
        self.whole.update(&line);
        self.lines.push(mark(line.trim_end_matches('\n').as_bytes()));
    }

    /// Whether the line of this number (from 1, without its end) is as it has to be, as far as a glance tells.
    pub fn has(&self, number: u64, line: &[u8]) -> bool {
        let place = usize::try_from(number).unwrap_or(0).wrapping_sub(1);
        self.lines.get(place) == Some(&mark(line))
    }

    /// The digest of the whole list.
    pub fn sha256(&self) -> [u8; 32] {
        self.whole.clone().finalize().into()
    }
}

fn mark(line: &[u8]) -> u64 {
    let digest: [u8; 32] = Sha256::digest(line).into();
    digest.iter().take(8).fold(0, |mark, byte| (mark << 8) | u64::from(*byte))
}

impl<R: Read> Reader<R> {
    /// An archive from its first byte.
    pub fn new(from: R) -> Self {
        let (directory, listed) = (Sums::default(), Listed::default());
        Self { from, at: 0, last: None, count: 0, directory, listed }
    }

    /// The file that was read last.
    pub fn last(&self) -> Option<&Member> {
        self.last.as_ref()
    }

    /// How many files were read.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The list of the sums of what was read; the next begins with what is read from here on.
    pub fn take_listed(&mut self) -> Listed {
        std::mem::take(&mut self.listed)
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
        let size =
            header.iter().skip(18).take(4).rev().fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
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
        self.directory.take(&member.central());
        self.listed.note(&member);
        self.count += 1;
        self.last = Some(member);
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
            return Err(ZipError::Other(excerpt(&String::from_utf8_lossy(&found), 80)));
        }
        Ok([fixed.as_slice(), &found].concat())
    }

    /// Nothing may follow but the directory of exactly what was read.
    pub fn finish(mut self) -> Result<(), ZipError> {
        let (offset, size) = (self.at, self.directory.size);
        let mut found = Sums::default();
        let mut buffer = vec![0; CHUNK];
        while found.size < size {
            let want = usize::try_from(size - found.size).unwrap_or(CHUNK).min(CHUNK);
            let piece = buffer.get_mut(..want).unwrap_or_default();
            self.fill_directory(piece)?;
            found.take(piece);
        }
        let need = end(self.count, size, offset);
        let mut tail = vec![0; need.len()];
        self.fill_directory(&mut tail)?;
        if found.sha256() != self.directory.sha256() || tail != need {
            return Err(ZipError::Directory);
        }
        match self.from.read(&mut [0])? {
            0 => Ok(()),
            _ => Err(ZipError::Directory),
        }
    }

    fn fill_directory(&mut self, bytes: &mut [u8]) -> Result<(), ZipError> {
        self.fill(bytes).map_err(|error| match error {
            ZipError::Cut => ZipError::Directory,
            other => other,
        })
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

    use super::super::zip::Writer;
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
        assert_eq!(bytes[bytes.len() - 98..bytes.len() - 94], *b"PK\x06\x06");
        let mut reader = Reader::new(bytes.as_slice());
        for number in 0..65_535_u32 {
            reader.take(&number.to_string(), 0).expect("there");
        }
        reader.finish().expect("whole");
    }
}
