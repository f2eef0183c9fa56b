//! Opening databases, good and bad.

use crate::project::{all, create, notes, open, text};
use mainstay_embedded::OpenError;
use mainstay_ports::Store;
use std::fs;
use std::path::Path;

fn message(result: Result<mainstay_embedded::SqliteStore, OpenError>) -> String {
    result.err().map(|error| error.to_string()).unwrap_or_default()
}

#[tokio::test]
async fn what_was_written_is_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/down/notes.db");
    let application = notes("text = \"string\"");
    let store = open(&application, &path).unwrap();
    let committed = create(&store, &application, &[("text", "kept")]).await.unwrap();
    drop(store);
    let store = open(&application, &path).unwrap();
    let page = all(&store, &application, "note").await;
    assert_eq!(page.count, Some(1));
    assert_eq!(text(&application, "note", &page.rows[0].record, "text"), "kept");
    assert_eq!(store.position().await.unwrap(), committed.position);
    let later = create(&store, &application, &[("text", "more")]).await.unwrap();
    assert_eq!(later.position.epoch, committed.position.epoch);
    assert_eq!(later.position.offset, committed.position.offset + 1);
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let (path, crashed) = (folder.path().join("notes.db"), folder.path().join("crashed.db"));
    let application = notes("text = \"string\"");
    let store = open(&application, &path).unwrap();
    let committed = create(&store, &application, &[("text", "kept")]).await.unwrap();
    // What a process that dies now leaves: the files as they are, and nothing that closing does.
    fs::copy(&path, &crashed).unwrap();
    fs::copy(path.with_extension("db-wal"), crashed.with_extension("db-wal")).unwrap();
    let recovered = open(&application, &crashed).unwrap();
    assert_eq!(all(&recovered, &application, "note").await.count, Some(1));
    assert_eq!(recovered.position().await.unwrap(), committed.position);
}

#[tokio::test]
async fn a_closed_database_is_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.db");
    let application = notes("text = \"string\"");
    let store = open(&application, &path).unwrap();
    create(&store, &application, &[("text", "kept")]).await.unwrap();
    assert!(folder.path().join("notes.db-wal").exists());
    drop(store);
    let mut names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["notes.db", "notes.db.lock"]);
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_a_database() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.db");
    let _store = open(&notes("text = \"string\""), &path).unwrap();
    for name in ["notes.db", "notes.db-wal"] {
        let mode = fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name}");
    }
}

#[test]
fn a_database_is_served_by_one_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.db");
    let application = notes("text = \"string\"");
    let first = open(&application, &path).unwrap();
    assert!(message(open(&application, &path)).contains("is in use: another process"));
    drop(first);
    open(&application, &path).unwrap();
}

#[test]
fn a_schema_that_differs_is_not_served() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.db");
    drop(open(&notes("text = \"string\""), &path).unwrap());
    let changed = notes("text = \"string\"\nmood = { type = \"string\", optional = true }");
    let Err(OpenError::SchemaDiffers(plan)) = open(&changed, &path) else { panic!("it was served") };
    assert!(plan.is_safe());
    assert!(message(open(&changed, &path)).contains("mood"));
    open(&notes("text = \"string\""), &path).unwrap();
}

/// A database whose file was changed by a statement.
fn changed_by(path: &Path, sql: &str) -> String {
    let application = notes("text = \"string\"");
    drop(open(&application, path).unwrap());
    rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap();
    message(open(&application, path))
}

#[test]
fn what_the_database_says_of_itself_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    for (number, (sql, expected)) in [
        (
            "UPDATE _mainstay_meta SET value = '99' WHERE key = 'format'",
            "from a newer version of this program",
        ),
        (
            "UPDATE _mainstay_meta SET value = json_set(value, '$.format', 99) WHERE key = 'schema'",
            "it has format 99, and this version knows formats up to 2",
        ),
        ("UPDATE _mainstay_meta SET value = '{' WHERE key = 'schema'", "the database is damaged"),
        ("DELETE FROM _mainstay_meta WHERE key = 'epoch'", "the database is damaged"),
        ("PRAGMA application_id = 0", "is no database of this program"),
    ]
    .into_iter()
    .enumerate()
    {
        let found = changed_by(&folder.path().join(format!("{number}.db")), sql);
        assert!(found.contains(expected), "{sql}: {found}");
    }
}

#[test]
fn a_file_of_somebody_else_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let application = notes("text = \"string\"");
    let letter = folder.path().join("letter.db");
    fs::write(&letter, "Dear reader, ".repeat(1_000)).unwrap();
    assert!(message(open(&application, &letter)).contains("is no database of this program"));
    assert_eq!(fs::read(&letter).unwrap(), "Dear reader, ".repeat(1_000).as_bytes());
    let other = folder.path().join("other.db");
    rusqlite::Connection::open(&other).unwrap().execute_batch("CREATE TABLE mine (a)").unwrap();
    let before = fs::read(&other).unwrap();
    assert!(message(open(&application, &other)).contains("is no database of this program"));
    assert_eq!(fs::read(&other).unwrap(), before);
}

#[test]
fn a_damaged_file_is_not_served() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.db");
    let application = notes("text = \"string\"");
    drop(open(&application, &path).unwrap());
    let mut bytes = fs::read(&path).unwrap();
    bytes[100..].fill(0x5a);
    fs::write(&path, bytes).unwrap();
    assert!(message(open(&application, &path)).contains("the database is damaged"));
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let path = folder.path().join("file/notes.db");
    assert!(message(open(&notes("text = \"string\""), &path)).contains("file/notes.db"));
}
