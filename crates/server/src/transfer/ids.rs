//! The ids of imported records, and the name of a file's contents.

use ring::digest::{Context, SHA256, SHA256_OUTPUT_LEN};
use std::io::{self, Read};
use uuid::{Builder, Uuid};

/// Stands for the contents of a file: two files with the same are the same to an import, wherever they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fingerprint([u8; SHA256_OUTPUT_LEN]);

impl Fingerprint {
    /// Of all that `file` has.
    pub(crate) fn of(mut file: impl Read) -> io::Result<Self> {
        let mut context = Context::new(&SHA256);
        let mut buffer = vec![0; 64 << 10];
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                count => context.update(&buffer[..count]),
            }
        }
        let mut fingerprint = Fingerprint([0; SHA256_OUTPUT_LEN]);
        fingerprint.0.copy_from_slice(context.finish().as_ref());
        Ok(fingerprint)
    }

    /// The first bytes in hexadecimal, enough to tell files apart.
    pub(crate) fn short(&self) -> String {
        self.0.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// The id of the record in the `index`-th row. It is the same each time, so that a second import of a file finds the records of the
    /// first. A UUIDv8 (RFC 9562, 5.8): 16 bits of the file, 32 of the row's number, and the rest of both hashed. So the records of a
    /// file lie side by side in an index, in the order of the file; scattered ones would touch a page each.
    pub(crate) fn id(&self, model: &str, index: u64) -> Uuid {
        let mut context = Context::new(&SHA256);
        context.update(&self.0);
        context.update(&index.to_be_bytes());
        context.update(model.as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&context.finish().as_ref()[..16]);
        bytes[..2].copy_from_slice(&self.0[..2]);
        bytes[2..6].copy_from_slice(&index.to_be_bytes()[4..]);
        Builder::from_custom_bytes(bytes).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(contents: &str) -> Fingerprint {
        Fingerprint::of(contents.as_bytes()).expect("memory can be read")
    }

    #[test]
    fn an_id_follows_from_contents_model_and_row() {
        let id = of("a,b\n1,2\n").id("city", 0);
        assert_eq!(id.get_version_num(), 8);
        assert_eq!(id, of("a,b\n1,2\n").id("city", 0));
        let others =
            [of("a,b\n1,3\n").id("city", 0), of("a,b\n1,2\n").id("city", 1), of("a,b\n1,2\n").id("town", 0)];
        assert!(!others.contains(&id), "{others:?}");
    }

    #[test]
    fn ids_are_in_the_order_of_the_file() {
        let file = of("a");
        let ids: Vec<Uuid> = [0, 1, 255, 256, 70_000, 1 << 31].map(|index| file.id("city", index)).to_vec();
        assert!(ids.is_sorted(), "{ids:?}");
    }

    #[test]
    fn a_fingerprint_is_the_sha_256_of_the_contents() {
        assert_eq!(of("").short(), "e3b0c44298fc1c14");
    }
}
