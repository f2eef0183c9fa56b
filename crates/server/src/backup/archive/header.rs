//! The header of a part: POSIX.1-1988 ustar, with GNU's form of sizes beyond 8 GiB.

use super::BLOCK;

/// What fields of the header begin at. Each has its length beside it.
const NAME: (usize, usize) = (0, 100);
const MODE: (usize, usize) = (100, 8);
const OWNER: (usize, usize) = (108, 8);
const GROUP: (usize, usize) = (116, 8);
const SIZE: (usize, usize) = (124, 12);
const TIME: (usize, usize) = (136, 12);
const CHECKSUM: (usize, usize) = (148, 8);
const KIND: (usize, usize) = (156, 1);
const MAGIC: (usize, usize) = (257, 8);

/// Eleven octal digits say no more.
const MAX_OCTAL: u64 = 1 << 33;

/// The header of a file that its owner alone may read, as of `time` in seconds since 1970.
pub(super) fn write(name: &str, size: u64, time: u64) -> [u8; BLOCK] {
    let mut header = [0; BLOCK];
    put(&mut header, NAME, name.as_bytes());
    put(&mut header, MODE, b"0000600");
    put(&mut header, OWNER, b"0000000");
    put(&mut header, GROUP, b"0000000");
    match size {
        ..MAX_OCTAL => put(&mut header, SIZE, format!("{size:011o}").as_bytes()),
        _ => {
            put(&mut header, (SIZE.0, 1), &[0x80]);
            put(&mut header, (SIZE.0 + 4, 8), &size.to_be_bytes());
        }
    }
    put(&mut header, TIME, format!("{:011o}", time.min(MAX_OCTAL - 1)).as_bytes());
    put(&mut header, KIND, b"0");
    put(&mut header, MAGIC, b"ustar\x0000");
    // The sum counts its own field as blanks.
    put(&mut header, CHECKSUM, b"        ");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    put(&mut header, CHECKSUM, format!("{sum:06o}\0 ").as_bytes());
    header
}

/// The name and size in a header; `None` of one that [`write`] would not have made, to the byte.
pub(super) fn read(header: &[u8; BLOCK]) -> Option<(String, u64)> {
    let name = get(header, NAME).split(|byte| *byte == 0).next()?;
    let name = std::str::from_utf8(name).ok()?;
    let size = match get(header, SIZE) {
        [0x80, _, _, _, rest @ ..] => u64::from_be_bytes(rest.try_into().ok()?),
        octal => self::octal(octal)?,
    };
    let time = octal(get(header, TIME))?;
    (write(name, size, time) == *header).then(|| (name.to_owned(), size))
}

fn octal(digits: &[u8]) -> Option<u64> {
    u64::from_str_radix(std::str::from_utf8(digits).ok()?.trim_end_matches('\0'), 8).ok()
}

fn put(header: &mut [u8; BLOCK], (start, length): (usize, usize), bytes: &[u8]) {
    let bytes = &bytes[..bytes.len().min(length)];
    header[start..start + bytes.len()].copy_from_slice(bytes);
}

fn get(header: &[u8; BLOCK], (start, length): (usize, usize)) -> &[u8] {
    &header[start..start + length]
}
