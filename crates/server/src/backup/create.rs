//! Making a backup.

use super::archive::Writer;
use super::files::{Unfinished, beside};
use super::{DATABASE, KEYS, MANIFEST, Manifest, unwritten};
use crate::failure::Failure;
use crate::project::Opened;
use crate::records::database;
use crate::schema_change::refused;
use mainstay_embedded::{OpenError, backup};
use mainstay_expr::format_timestamp;
use mainstay_ports::{Clock, SystemClock};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

/// The program's own keys, each with its name.
pub(crate) type Keys = Vec<(String, Vec<u8>)>;

/// Backs data up to `file`, which is replaced if it is there.
///
/// The database is copied beside the file by `copy`, which answers the keys, and verified there, and only then put into it: for that time it takes twice its room. The file gets
/// its name when it is whole and on the disk.
pub(crate) fn create(
    project: &Opened,
    file: &Path,
    with_keys: bool,
    copy: impl FnOnce(&Path) -> Result<Keys, Failure>,
) -> Result<Manifest, Failure> {
    let running = || Failure::new("backup_running", format!("another backup is writing {}", file.display()));
    let (unfinished, mut out) = Unfinished::file_alone(beside(file, ".partial"))?.ok_or_else(running)?;
    let (unfinished_copy, _) = Unfinished::file(beside(file, ".partial.db"))?;
    let now = SystemClock.now_micros();
    let mut keys = copy(unfinished_copy.path())?;
    let contents = backup::verify(unfinished_copy.path());
    let contents = contents.map_err(|error| copy_failed(error, project, unfinished_copy.path()))?;
    if !with_keys {
        keys.clear();
    }
    let manifest = Manifest::of(project, &contents, format_timestamp(now), !keys.is_empty());
    write(&mut out, &manifest, &keys, unfinished_copy.path(), now)
        .map_err(|error| unwritten(file, &error))?;
    unfinished.rename(file).map_err(|error| unwritten(file, &error))?;
    Ok(manifest)
}

/// Copies the database of a data folder, which may be in use, page by page. `progress` is told how many of how many are copied.
pub(crate) fn from_sqlite(
    project: &Opened,
    folder: &Path,
    to: &Path,
    progress: &dyn Fn(u64, u64),
) -> Result<Keys, Failure> {
    let source = database(folder);
    if !source.exists() {
        return Err(Failure::new("no_data", format!("there is no database in {}", folder.display()))
            .hint("`mainstay serve` makes it; choose another folder with `--data DIR`"));
    }
    backup::copy(&source, to, progress).map_err(|error| copy_failed(error, project, to))?;
    read_keys(&folder.join("keys"))
}

/// The copy may lack room where the database has it.
pub(super) fn copy_failed(error: OpenError, project: &Opened, copy: &Path) -> Failure {
    match error {
        OpenError::DiskFull => Failure::new(
            "disk_full",
            format!("there is no room for a copy of the database at {}", copy.display()),
        )
        .hint(
            "for a time, a backup takes twice the room of the database; make room, or choose another place",
        ),
        error => refused(error, &project.folder),
    }
}

/// The keys of a data folder, in the order of their names. There are none before the first start.
pub(crate) fn read_keys(folder: &Path) -> Result<Keys, Failure> {
    let failed = |error: std::io::Error| Failure::io("read", folder, &error);
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut keys = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        // A key that is being made has a dot in its name.
        let name = entry.file_name().into_string().ok().filter(|name| super::restore::is_key_name(name));
        if let Some(name) = name {
            keys.push((name, fs::read(entry.path()).map_err(failed)?));
        }
    }
    keys.sort();
    Ok(keys)
}

fn write(
    out: &mut File,
    manifest: &Manifest,
    keys: &[(String, Vec<u8>)],
    copy: &Path,
    now_micros: i64,
) -> std::io::Result<()> {
    let seconds = u64::try_from(now_micros / 1_000_000).unwrap_or(0);
    let mut archive = Writer::new(BufWriter::new(&mut *out), seconds);
    let manifest = serde_json::to_vec_pretty(manifest)?;
    archive.add(MANIFEST, manifest.len() as u64, &mut manifest.as_slice())?;
    for (name, key) in keys {
        archive.add(&format!("{KEYS}{name}"), key.len() as u64, &mut key.as_slice())?;
    }
    let mut copy = File::open(copy)?;
    archive.add(DATABASE, copy.metadata()?.len(), &mut copy)?;
    archive.finish()?.flush()?;
    out.sync_all()
}
