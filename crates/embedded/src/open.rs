//! Opening a database file, and why that may fail.

use crate::connection::{open_writer, set_up_journal};
use crate::copy::require_here;
use crate::lock::Lock;
use crate::meta::{self, Meta};
use crate::sqlite_error::is_disk_full;
use mainstay_model::Durability;
use mainstay_ports::StoreError;
use mainstay_sql::migrate::Plan;
use rusqlite::{Connection, ErrorCode};
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Why a database was not opened or migrated. It is as it was.
#[derive(Debug)]
pub enum OpenError {
    /// A file or folder cannot be made or read.
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Another process has it open for serving or migrating.
    InUse {
        /// The database.
        path: PathBuf,
    },
    /// A restore of a backup has not been carried through, so that what is there may not belong together.
    RestoreInterrupted {
        /// What says so.
        marker: PathBuf,
    },
    /// Its data went elsewhere: what is there is behind.
    Moved {
        /// Where to.
        to: String,
    },
    /// It is no database, or somebody else's.
    NotOurs,
    /// It contradicts itself.
    Damaged(String),
    /// A newer version of the program made it.
    Newer {
        /// The format that it has.
        found: u64,
        /// The newest format that this version knows.
        known: u64,
    },
    /// Its tables are not those of the models; this plan would make them so.
    SchemaDiffers(Box<Plan>),
    /// The plan loses data or exposes secrets, and nobody said that it may.
    LosesData(Box<Plan>),
    /// The plan has faults.
    Impossible(Box<Plan>),
    /// A step of the migration failed, and all of it was rolled back.
    StepFailed {
        /// What the step does.
        description: String,
        /// What the engine says.
        detail: String,
    },
    /// There is no room to write. A database that was to be made is not there.
    DiskFull,
    /// Anything else.
    Failed(String),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Io { path, error } => write!(f, "{}: {error}", path.display()),
            OpenError::InUse { path } => {
                write!(f, "{} is in use: another process serves or migrates it", path.display())
            }
            OpenError::RestoreInterrupted { marker } => {
                write!(
                    f,
                    "a restore was interrupted, {} says: what is there may not belong together",
                    marker.display()
                )
            }
            OpenError::Moved { to } => {
                write!(f, "the data were moved to {to}: what is here is behind, and takes no writes any more")
            }
            OpenError::NotOurs => f.write_str("the file is no database of this program, and is left alone"),
            OpenError::Damaged(detail) => write!(f, "the database is damaged: {detail}"),
            OpenError::Newer { found, known } => write!(
                f,
                "the database is from a newer version of this program: it has format {found}, and this version knows \
                 formats up to {known}"
            ),
            OpenError::SchemaDiffers(plan) => write!(
                f,
                "the tables of the database are not those of the models; `mainstay migrate apply` would change them:{}",
                list(plan.steps.iter().map(|step| &step.description))
            ),
            OpenError::LosesData(plan) => {
                let lines = plan.losses.iter().chain(&plan.exposures);
                write!(
                    f,
                    "the migration loses data or exposes secrets, so it has to be allowed:{}",
                    list(lines)
                )
            }
            OpenError::Impossible(plan) => {
                write!(f, "the migration is not possible:{}", list(plan.faults.iter()))
            }
            OpenError::StepFailed { description, detail } => {
                write!(f, "the migration was rolled back, since a step failed: {description}: {detail}")
            }
            OpenError::DiskFull => {
                f.write_str("the disk is full, or a quota or limit on the size of files is reached")
            }
            OpenError::Failed(detail) => f.write_str(detail),
        }
    }
}

fn list<'a>(lines: impl Iterator<Item = &'a String>) -> String {
    lines.map(|line| format!("\n  - {line}")).collect()
}

impl std::error::Error for OpenError {}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            _ if is_disk_full(&error) => OpenError::DiskFull,
            Some(ErrorCode::NotADatabase) => OpenError::NotOurs,
            Some(ErrorCode::DatabaseCorrupt) => OpenError::Damaged(error.to_string()),
            _ => OpenError::Failed(format!("SQLite: {error}")),
        }
    }
}

impl From<StoreError> for OpenError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::DiskFull => OpenError::DiskFull,
            error => OpenError::Failed(error.to_string()),
        }
    }
}

/// A database that is open for this process alone.
pub(crate) struct Database {
    /// What it says of itself; `None` while it is new.
    pub(crate) meta: Option<Meta>,
    /// The connection that writes.
    pub(crate) connection: Connection,
    /// What takes a new file away again unless its tables get made.
    pub(crate) new_file: Option<NewFile>,
    /// Dropped last, when the connection is closed.
    pub(crate) lock: Lock,
}

/// A file that was made for a database that has no tables yet. It goes when this is dropped: half a database, as a full disk leaves it,
/// would be in the way of the next start.
pub(crate) struct NewFile {
    path: PathBuf,
}

impl NewFile {
    /// The tables are there, so the file stays.
    pub(crate) fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        for ending in ["", "-wal", "-shm", "-journal"] {
            let mut name = self.path.as_os_str().to_owned();
            name.push(ending);
            // There is none, or somebody sees to it that it stays; both leave things as they were.
            let _ = fs::remove_file(name);
        }
    }
}

/// Opens the database at `path` for this process alone, and makes an empty file when there is none.
pub(crate) fn open(path: &Path, durability: Durability) -> Result<Database, OpenError> {
    require_restored(path)?;
    let is_new = make_file(path).map_err(|error| cannot_make(path, error))?;
    let lock = Lock::take(path)?;
    // Behind the lock, so that it goes before the lock does and never takes away what another process has begun to use.
    let new_file = is_new.then(|| NewFile { path: path.to_owned() });
    let connection = open_writer(path)?;
    let meta = meta::read(&connection)?;
    if meta.is_some() {
        require_here(&connection)?;
    }
    set_up_journal(&connection, durability)?;
    Ok(Database { meta, connection, new_file, lock })
}

/// Where a restore notes that it has begun to put files in their places, until all are there.
pub fn restore_marker(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".restoring");
    PathBuf::from(name)
}

/// Refuses a database of which a restore has put only a part in its place.
pub(crate) fn require_restored(path: &Path) -> Result<(), OpenError> {
    let marker = restore_marker(path);
    if marker.exists() { Err(OpenError::RestoreInterrupted { marker }) } else { Ok(()) }
}

fn cannot_make(path: &Path, error: io::Error) -> OpenError {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => OpenError::DiskFull,
        _ => OpenError::Io { path: path.to_owned(), error },
    }
}

/// Makes the file when it is not there, and says whether it did. Only the account that runs the program may read what is in the database.
fn make_file(path: &Path) -> io::Result<bool> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.append(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            OpenOptions::new().append(true).open(path).map(|_| false)
        }
        made => made.map(|_| true),
    }
}
