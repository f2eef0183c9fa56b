//! Where a project has its data, and how a test looks at them behind the program's back.

use super::engine::{Engine, engine};
use mainstay_services::postgres::{Database, Server};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use std::fs;
use std::path::{Path, PathBuf};

/// Where a project has its data.
pub(crate) enum Data {
    /// In this folder.
    Sqlite(PathBuf),
    Postgres(Database),
}

impl Data {
    /// A place for the data of a project in this folder, on the engine of these tests.
    pub(super) fn of(project: &Path) -> Data {
        match engine() {
            Engine::Sqlite => Data::Sqlite(project.join("data")),
            Engine::Postgres => Data::Postgres(Server::shared().database()),
        }
    }

    /// Settings that name this place, once.
    pub(super) fn named_in(&self, settings: &str) -> String {
        match self {
            Data::Postgres(database) if !settings.contains("\n[data]\n") => {
                format!("{settings}\n[data]\nengine = \"postgres\"\nurl = \"{}\"\n", database.url())
            }
            _ => settings.to_owned(),
        }
    }

    /// Runs statements, and answers the rows of the last one: a line each, with `|` between values.
    pub(crate) fn sql(&self, statements: &str) -> String {
        match self {
            Data::Sqlite(folder) => rows(&folder.join("mainstay.db"), statements),
            Data::Postgres(database) => database.sql(statements),
        }
    }

    /// All that is stored, as it lies there.
    pub(crate) fn stored(&self) -> Vec<u8> {
        match self {
            Data::Sqlite(folder) => {
                let files = ["mainstay.db", "mainstay.db-wal"];
                files.iter().flat_map(|file| fs::read(folder.join(file)).unwrap_or_default()).collect()
            }
            Data::Postgres(database) => database.contents().into_bytes(),
        }
    }
}

fn rows(database: &Path, statements: &str) -> String {
    let connection = Connection::open(database).unwrap();
    let (first, last) = statements.rsplit_once(';').unwrap_or(("", statements));
    connection.execute_batch(first).unwrap();
    let mut statement = connection.prepare(last).unwrap();
    let columns = statement.column_count();
    let line = |row: &Row<'_>| {
        let values = (0..columns).map(|column| text(row.get_ref(column).unwrap()));
        Ok(values.collect::<Vec<_>>().join("|"))
    };
    let lines: Vec<String> = statement.query_map([], line).unwrap().map(Result::unwrap).collect();
    lines.join("\n")
}

/// As `psql` shows it; a blob as the text that it may be.
fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(value) => value.to_string(),
        ValueRef::Real(value) => value.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}
