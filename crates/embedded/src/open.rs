//! Opening a database file, and why that may fail.

use crate::connection::{open_writer, set_up_journal};
use crate::lock::Lock;
use crate::meta::{self, Meta};
use mainstay_model::Durability;
use mainstay_sql::migrate::Plan;
use rusqlite::{Connection, ErrorCode};
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::{fmt, io};

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
    SchemaDiffers(Plan),
    /// The plan loses data, and nobody said that it may.
    LosesData(Plan),
    /// The plan has faults.
    Impossible(Plan),
    /// A step of the migration failed, and all of it was rolled back.
    StepFailed {
        /// What the step does.
        description: String,
        /// What the engine says.
        detail: String,
    },
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
                write!(f, "the migration loses data, so it has to be allowed:{}", list(plan.losses.iter()))
            }
            OpenError::Impossible(plan) => {
                write!(f, "the migration is not possible:{}", list(plan.faults.iter()))
            }
            OpenError::StepFailed { description, detail } => {
                write!(f, "the migration was rolled back, since a step failed: {description}: {detail}")
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
            Some(ErrorCode::NotADatabase) => OpenError::NotOurs,
            Some(ErrorCode::DatabaseCorrupt) => OpenError::Damaged(error.to_string()),
            _ => OpenError::Failed(format!("SQLite: {error}")),
        }
    }
}

/// A database that is open for this process alone.
pub(crate) struct Database {
    /// What it says of itself; `None` while it is new.
    pub(crate) meta: Option<Meta>,
    /// The connection that writes.
    pub(crate) connection: Connection,
    /// Dropped last, when the connection is closed.
    pub(crate) lock: Lock,
}

/// Opens the database at `path` for this process alone, and makes an empty file when there is none.
pub(crate) fn open(path: &Path, durability: Durability) -> Result<Database, OpenError> {
    make_file(path).map_err(|error| OpenError::Io { path: path.to_owned(), error })?;
    let lock = Lock::take(path)?;
    let connection = open_writer(path)?;
    let meta = meta::read(&connection)?;
    set_up_journal(&connection, durability)?;
    Ok(Database { meta, connection, lock })
}

/// Only the account that runs the program may read what is in the database.
fn make_file(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(|_| ())
}
