//! Files that are there when they are whole, or not at all.

use super::unwritten;
use crate::failure::Failure;
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A file or folder on its way, which goes when this is dropped, unless it was renamed.
pub(super) struct Unfinished {
    path: PathBuf,
}

impl Unfinished {
    /// Makes a file that its owner alone may read. What an earlier attempt left there is overwritten.
    pub(super) fn file(path: PathBuf) -> Result<(Self, File), Failure> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true).mode(0o600);
        let file = options.open(&path).map_err(|error| unwritten(&path, &error))?;
        Ok((Unfinished { path }, file))
    }

    /// As [`Unfinished::file`]; nobody else can make it as long as the file is open. `None` when somebody else has it open so.
    pub(super) fn file_alone(path: PathBuf) -> Result<Option<(Self, File)>, Failure> {
        let failed = |error: &io::Error| unwritten(&path, error);
        loop {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false).mode(0o600);
            let file = options.open(&path).map_err(|error| failed(&error))?;
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(failed(&error)),
                // Whoever had it has finished meanwhile, and it has its name: it is not to be touched.
                Ok(()) if !is_at(&file, &path) => {}
                Ok(()) => {
                    file.set_len(0).map_err(|error| failed(&error))?;
                    return Ok(Some((Unfinished { path }, file)));
                }
            }
        }
    }

    /// Makes a folder that its owner alone may enter. What an earlier attempt left there goes.
    pub(super) fn folder(path: PathBuf) -> Result<Self, Failure> {
        if path.exists() {
            fs::remove_dir_all(&path).map_err(|error| Failure::io("remove", &path, &error))?;
        }
        private_folder(&path).map_err(|error| unwritten(&path, &error))?;
        Ok(Unfinished { path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the file, which is on the disk, its name.
    pub(super) fn rename(self, to: &Path) -> io::Result<()> {
        fs::rename(&self.path, to)?;
        sync_parent(to)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // It may be gone, under its own name; and if it stays, the next attempt takes it away.
        let _ = if self.path.is_dir() { fs::remove_dir_all(&self.path) } else { fs::remove_file(&self.path) };
    }
}

/// Whether a path leads to an open file.
fn is_at(file: &File, path: &Path) -> bool {
    let place = |metadata: &Metadata| (metadata.dev(), metadata.ino());
    matches!((file.metadata(), fs::metadata(path)), (Ok(open), Ok(there)) if place(&open) == place(&there))
}

/// Makes a folder that its owner alone may enter, unless it is there.
pub(super) fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes a file that is not there yet, for its owner alone.
pub(super) fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)
}

/// Sees that what was made in, or moved into, a folder is there after a power cut.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// As [`sync_folder`], for the folder of a file.
pub(super) fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => sync_folder(Path::new(".")),
        Some(folder) => sync_folder(folder),
        None => Ok(()),
    }
}

/// A path with something behind its name.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
