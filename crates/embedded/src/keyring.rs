//! The program's own keys, in local files.

use mainstay_ports::Keyring;
use ring::rand::{SecureRandom, SystemRandom};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Keeps each key in a file of its own that only the account running the program may read.
#[derive(Debug)]
pub struct LocalKeyring {
    folder: PathBuf,
    /// Held while a key is made, so that two who ask for it at once get the same.
    making: Mutex<()>,
}

impl LocalKeyring {
    /// Keeps keys in `folder`, which is made when it is not there.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
        Ok(LocalKeyring { folder: folder.to_owned(), making: Mutex::new(()) })
    }
}

impl Keyring for LocalKeyring {
    fn secret(&self, name: &str, size_bytes: usize) -> io::Result<Vec<u8>> {
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            return Err(io::Error::new(ErrorKind::InvalidInput, format!("`{name}` is no name of a key")));
        }
        let path = self.folder.join(name);
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        let secret = match fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => make(&path, size_bytes)?,
            other => other.map_err(|error| at(&path, &error))?,
        };
        if secret.len() == size_bytes {
            return Ok(secret);
        }
        let detail = format!("the key has {} bytes instead of {size_bytes}", secret.len());
        Err(at(&path, &io::Error::new(ErrorKind::InvalidData, detail)))
    }
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Makes a key. It gets its name only when it is whole and on the disk: a key of which half is lost would lock everybody out.
fn make(path: &Path, size_bytes: usize) -> io::Result<Vec<u8>> {
    let mut secret = vec![0; size_bytes];
    SystemRandom::new()
        .fill(&mut secret)
        .map_err(|_| io::Error::other("the system gives no random numbers"))?;
    let unfinished = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&unfinished)?;
    file.write_all(&secret)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    sync_folder(path)?;
    Ok(secret)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}
