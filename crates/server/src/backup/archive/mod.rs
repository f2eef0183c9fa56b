//! The file of a backup: a tar archive (POSIX ustar), so that it can be unpacked without this program, and read here more strictly than tar does.
//!
//! Its last part, `SHA256SUMS`, has the digests of all others in the form of `sha256sum -c`. Headers are read by making them anew and comparing,
//! padding has to be zero, and nothing may follow the end: so every byte of the file is accounted for, and a change of any of them is seen.

mod header;
mod reader;
mod writer;

pub(crate) use reader::{Fault, Part, Reader};
pub(crate) use writer::Writer;

/// The name of the last part.
const SUMS: &str = "SHA256SUMS";
/// tar counts in these.
const BLOCK: usize = 512;

/// How many bytes fill a part's last block.
fn padding(size: u64) -> usize {
    let block = BLOCK as u64;
    usize::try_from((block - size % block) % block).unwrap_or(0)
}

/// A line of `SHA256SUMS`.
fn sum_line(digest: &ring::digest::Digest, name: &str) -> String {
    let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{hex}  {name}\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::Cursor;

    fn archive() -> Vec<u8> {
        let mut writer = Writer::new(Vec::new(), 1_795_249_800);
        writer.add("manifest.json", b"{}".len() as u64, &mut &b"{}"[..]).unwrap();
        let block = vec![7; BLOCK];
        writer.add("mainstay.db", block.len() as u64, &mut block.as_slice()).unwrap();
        writer.add("empty", 0, &mut &b""[..]).unwrap();
        writer.finish().unwrap()
    }

    /// The names and contents of all parts.
    fn read(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, Fault> {
        let mut reader = Reader::new(Cursor::new(bytes));
        let mut parts = Vec::new();
        while let Some(part) = reader.next()? {
            let mut content = Vec::new();
            reader.copy(&part, &mut content)?;
            parts.push((part.name, content));
        }
        Ok(parts)
    }

    #[test]
    fn what_was_written_is_read() {
        let parts = read(&archive()).unwrap();
        let names: Vec<&str> = parts.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["manifest.json", "mainstay.db", "empty"]);
        assert_eq!((parts[0].1.as_slice(), parts[1].1.len()), (&b"{}"[..], BLOCK));
    }

    #[test]
    fn every_change_of_a_byte_is_seen() {
        let whole = archive();
        for place in 0..whole.len() {
            for flip in [1, 0x20, 0x80] {
                let mut changed = whole.clone();
                changed[place] ^= flip;
                assert!(read(&changed).is_err(), "byte {place} with {flip:#x}");
            }
        }
    }

    #[test]
    fn every_cut_and_every_addition_is_seen() {
        let whole = archive();
        for length in 0..whole.len() {
            assert!(read(&whole[..length]).is_err(), "{length} of {} bytes", whole.len());
        }
        assert!(read(&[whole.as_slice(), &[0]].concat()).is_err());
    }

    #[test]
    fn tar_unpacks_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.tar"), archive()).unwrap();
        let tar = |arguments: &[&str]| {
            let tar = std::process::Command::new("tar").args(arguments).current_dir(folder.path()).output();
            let output = tar.unwrap();
            assert!(output.status.success(), "{output:?}");
            String::from_utf8(output.stdout).unwrap()
        };
        assert_eq!(tar(&["-tf", "a.tar"]), "manifest.json\nmainstay.db\nempty\nSHA256SUMS\n");
        tar(&["-xf", "a.tar"]);
        assert_eq!(std::fs::read(folder.path().join("mainstay.db")).unwrap(), vec![7; BLOCK]);
        let sums =
            std::process::Command::new("sha256sum").args(["-c", SUMS]).current_dir(folder.path()).output();
        assert!(sums.unwrap().status.success());
    }

    #[test]
    fn a_part_of_many_gibibytes_has_a_header_that_tar_knows() {
        for size in [0, 1, (1 << 33) - 1, 1 << 33, 1 << 40] {
            let header = header::write("mainstay.db", size, 5);
            assert_eq!(header::read(&header), Some(("mainstay.db".to_owned(), size)));
        }
    }
}
