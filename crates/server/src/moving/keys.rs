//! The program's own keys, which sign tokens and seal cursors: with them, nobody has to log in again.

use crate::backup::key_files;
use crate::failure::Failure;
use std::fs;
use std::path::Path;

/// The keys in a folder, each with its name.
pub(super) fn read(folder: &Path) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let key = |(name, path): (String, std::path::PathBuf)| {
        let secret = fs::read(&path).map_err(|error| Failure::io("read", &path, &error))?;
        Ok((name, secret))
    };
    key_files(folder)?.into_iter().map(key).collect()
}
