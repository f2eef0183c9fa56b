//! The way back from a backup.

use super::archive::{Part, Reader};
use super::files::{Unfinished, new_file, private_folder, sync_folder};
use super::{DATABASE, KEYS, MANIFEST, Manifest, damaged, unread, unwritten};
use crate::failure::Failure;
use crate::project::Opened;
use crate::records::database;
use crate::schema_change::refused;
use mainstay_embedded::{Lock, OpenError, backup, restore_marker};
use mainstay_expr::format_timestamp;
use mainstay_ports::{Clock, SystemClock};
use std::fs::{self, File};
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};

/// What a restore may do that it does not do by itself.
pub(crate) struct Restoring {
    /// Put what is in the data folder aside.
    pub(crate) replace: bool,
    /// Take a backup of another project.
    pub(crate) other_project: bool,
}

/// What a restore did.
pub(crate) struct Restored {
    pub(crate) manifest: Manifest,
    /// Where the data are that were there before.
    pub(crate) aside: Option<String>,
}

/// Nothing but the database is large.
const MAX_SMALL_PART: u64 = 1 << 20;
/// What of a data folder belongs to the data.
const DATA: [&str; 5] = ["mainstay.db", "mainstay.db-wal", "mainstay.db-shm", "mainstay.db-journal", "keys"];

/// A backup that is being read.
struct Source<'a> {
    reader: Reader<BufReader<File>>,
    path: &'a Path,
}

impl<'a> Source<'a> {
    fn open(path: &'a Path) -> Result<Self, Failure> {
        let file = File::open(path).map_err(|error| Failure::io("open", path, &error))?;
        Ok(Source { reader: Reader::new(BufReader::with_capacity(1 << 18, file)), path })
    }

    /// The manifest, which is the first part.
    fn manifest(&mut self) -> Result<Manifest, Failure> {
        let part = self.next()?.filter(|part| part.name == MANIFEST && part.size <= MAX_SMALL_PART);
        let mut bytes = Vec::new();
        self.copy(&part.ok_or_else(not_a_backup)?, &mut bytes, Path::new(MANIFEST))?;
        Manifest::read(&bytes)
    }

    /// The next part; `None` behind the last, when everything in the file was as it was written.
    fn next(&mut self) -> Result<Option<Part>, Failure> {
        self.reader.next().map_err(|fault| unread(fault, self.path, self.path))
    }

    /// Writes a part to what is at `to`.
    fn copy(&mut self, part: &Part, out: &mut dyn Write, to: &Path) -> Result<(), Failure> {
        self.reader.copy(part, out).map_err(|fault| unread(fault, self.path, to))
    }
}

fn not_a_backup() -> Failure {
    damaged("it does not begin with a manifest; is it a backup made by `mainstay backup`?")
}

/// Reads a backup to its end, and changes nothing.
///
/// # Errors
/// `backup_damaged` and `backup_newer`.
pub(crate) fn check(path: &Path) -> Result<Manifest, Failure> {
    let mut source = Source::open(path)?;
    let manifest = source.manifest()?;
    let mut has_database = false;
    while let Some(part) = source.next()? {
        has_database |= known(&part)? == Known::Database;
        source.copy(&part, &mut io::sink(), path)?;
    }
    if has_database { Ok(manifest) } else { Err(damaged("it has no database")) }
}

/// Whether a file is empty or begins as a backup does, so that another may take its place. One that is something else, above all a database
/// that was taken for the argument, is not to be lost.
pub(crate) fn may_be_replaced(path: &Path) -> bool {
    let Ok(metadata) = fs::metadata(path) else { return false };
    metadata.is_file()
        && (metadata.len() == 0 || Source::open(path).is_ok_and(|mut file| file.manifest().is_ok()))
}

/// Puts what is in a backup in the place of the data in `folder`, and what was there aside.
///
/// All is unpacked, compared with its digests and verified in a folder inside before anything is touched.
pub(crate) fn restore(
    project: &Opened,
    folder: &Path,
    path: &Path,
    options: &Restoring,
) -> Result<Restored, Failure> {
    let begun = begin(project, path, options)?;
    private_folder(folder).map_err(|error| unwritten(folder, &error))?;
    let _lock = Lock::take(&database(folder)).map_err(|error| refused(error, &project.folder))?;
    // Behind a restore that was interrupted, what is there is not known to be anything whole.
    let is_interrupted = restore_marker(&database(folder)).exists();
    if has_data(folder) && !options.replace && !is_interrupted {
        let message = format!("there are data in {} already", folder.display());
        let hint =
            "`--replace` puts them aside, into a folder inside; `--data DIR` chooses another data folder";
        return Err(Failure::new("has_data", message).hint(hint));
    }
    let Unpacked { manifest, staging } = begun.unpack(project, folder)?;
    let aside = swap(folder, staging.path()).map_err(|error| unswapped(folder, &error))?;
    Ok(Restored { manifest, aside: aside.map(|aside| aside.display().to_string()) })
}

/// What was in a backup, in a folder that goes when this is dropped.
pub(super) struct Unpacked {
    pub(super) manifest: Manifest,
    pub(super) staging: Unfinished,
}

/// A backup of which the manifest has been read.
pub(super) struct Begun<'a> {
    source: Source<'a>,
    manifest: Manifest,
}

/// Begins to read a backup that is for a project.
pub(super) fn begin<'a>(project: &Opened, path: &'a Path, options: &Restoring) -> Result<Begun<'a>, Failure> {
    let mut source = Source::open(path)?;
    let manifest = source.manifest()?;
    if !options.other_project {
        manifest.require_project(project)?;
    }
    Ok(Begun { source, manifest })
}

impl Begun<'_> {
    /// Unpacks it into a folder inside of `folder`, verifies it there, and begins another history for it.
    pub(super) fn unpack(mut self, project: &Opened, folder: &Path) -> Result<Unpacked, Failure> {
        let staging = Unfinished::folder(folder.join("restoring"))?;
        unpack(&mut self.source, staging.path())?;
        let copy = staging.path().join(DATABASE);
        let contents = backup::verify(&copy).map_err(|error| match error {
            OpenError::Damaged(what) => damaged(&what),
            error => refused(error, &project.folder),
        })?;
        self.manifest.require_contents(&contents)?;
        backup::begin_history(&copy).map_err(|error| refused(error, &project.folder))?;
        Ok(Unpacked { manifest: self.manifest, staging })
    }
}

fn has_data(folder: &Path) -> bool {
    DATA.iter().any(|name| folder.join(name).exists())
}

#[derive(Debug, PartialEq, Eq)]
enum Known {
    Key(String),
    Database,
}

/// What a part is. The name of a key becomes that of a file, so it is looked at closely.
fn known(part: &Part) -> Result<Known, Failure> {
    match part.name.strip_prefix(KEYS) {
        Some(key) if is_key_name(key) && part.size <= MAX_SMALL_PART => Ok(Known::Key(key.to_owned())),
        None if part.name == DATABASE => Ok(Known::Database),
        _ => Err(damaged("it has a part that no backup has")),
    }
}

/// Whether a key can be called so.
pub(super) fn is_key_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

fn unpack(source: &mut Source<'_>, folder: &Path) -> Result<(), Failure> {
    while let Some(part) = source.next()? {
        let to = match known(&part)? {
            Known::Database => folder.join(DATABASE),
            Known::Key(name) => {
                let keys = folder.join("keys");
                private_folder(&keys).map_err(|error| unwritten(&keys, &error))?;
                keys.join(name)
            }
        };
        let mut file = new_file(&to).map_err(|error| unwritten(&to, &error))?;
        source.copy(&part, &mut file, &to)?;
        file.sync_all().map_err(|error| unwritten(&to, &error))?;
    }
    if folder.join(DATABASE).exists() { Ok(()) } else { Err(damaged("it has no database")) }
}

/// Moves the old data aside and the new ones in their place. Until both are done a marker keeps anyone from opening what is there, so
/// that a crash in between is seen and not served.
fn swap(folder: &Path, staging: &Path) -> io::Result<Option<PathBuf>> {
    let marker = restore_marker(&database(folder));
    new_or_there(&marker)?;
    if staging.join("keys").exists() {
        sync_folder(&staging.join("keys"))?;
    }
    sync_folder(folder)?;
    let aside = put_aside(folder, staging.join("keys").exists())?;
    for name in DATA.iter().rev().filter(|name| staging.join(name).exists()) {
        fs::rename(staging.join(name), folder.join(name))?;
    }
    sync_folder(folder)?;
    fs::remove_file(marker)?;
    sync_folder(folder)?;
    Ok(aside)
}

fn new_or_there(marker: &Path) -> io::Result<()> {
    match new_file(marker) {
        Ok(file) => file.sync_all(),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Moves the data that are there into a folder of their own, inside so that it is on the same disk. Keys stay where the backup brings none.
fn put_aside(folder: &Path, with_keys: bool) -> io::Result<Option<PathBuf>> {
    let is_replaced = |name: &&&str| folder.join(name).exists() && (with_keys || **name != "keys");
    let names: Vec<&&str> = DATA.iter().filter(is_replaced).collect();
    if names.is_empty() {
        return Ok(None);
    }
    let time = format_timestamp(SystemClock.now_micros()).replace(':', "-");
    let aside = folder.join(format!("before-restore-{time}"));
    private_folder(&aside)?;
    for name in names {
        fs::rename(folder.join(name), aside.join(name))?;
    }
    sync_folder(&aside)?;
    Ok(Some(aside))
}

fn unswapped(folder: &Path, error: &io::Error) -> Failure {
    let message = format!("the data could not be put in place in {}: {error}", folder.display());
    Failure::new("restore_interrupted", message).hint(
        "nothing is lost: what was there before is in a folder `before-restore-…` inside; see to the cause, and run it again",
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_of_keys_lead_nowhere_else() {
        for name in ["access-token", "cursor", "a_1"] {
            assert!(is_key_name(name), "{name}");
        }
        for name in ["", ".", "..", "a/b", "../a", "a.new", "ä", "a\0"] {
            assert!(!is_key_name(name), "{name:?}");
        }
    }

    #[test]
    fn what_was_there_is_put_aside_and_stays_whole() {
        let folder = tempfile::tempdir().unwrap();
        let staging = folder.path().join("restoring");
        let write = |path: &Path, text: &str| {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        for (name, text) in [("mainstay.db", "old"), ("mainstay.db-wal", "old log"), ("keys/a", "old key")] {
            write(&folder.path().join(name), text);
        }
        write(&staging.join("mainstay.db"), "new");
        let read = |path: PathBuf| fs::read_to_string(path).unwrap();
        let aside = swap(folder.path(), &staging).unwrap().unwrap();
        assert_eq!(read(folder.path().join("mainstay.db")), "new");
        assert!(
            !folder.path().join("mainstay.db-wal").exists(),
            "the old log would be taken for the new database's"
        );
        assert_eq!(read(folder.path().join("keys/a")), "old key", "the backup had no keys");
        assert_eq!(
            (read(aside.join("mainstay.db")), read(aside.join("mainstay.db-wal"))),
            ("old".into(), "old log".into())
        );
        assert!(!restore_marker(&folder.path().join("mainstay.db")).exists());
        write(&staging.join("mainstay.db"), "newer");
        write(&staging.join("keys/a"), "new key");
        let aside = swap(folder.path(), &staging).unwrap().unwrap();
        assert_eq!(
            (read(folder.path().join("keys/a")), read(aside.join("keys/a"))),
            ("new key".into(), "old key".into())
        );
    }
}
