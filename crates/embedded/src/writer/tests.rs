//! The writer under faults: a full disk, a commit that fails, a command that panics.

#![allow(clippy::unwrap_used, reason = "a broken expectation is a failed test")]

use super::fault::{Abort, Fault};
use super::*;
use crate::open::open;
use crate::{meta, migrate};
use mainstay_expr::{FieldId, Value, Vars};
use mainstay_model::{Durability, Project};
use mainstay_ports::{Authority, Create, Rejection, Step, Update};
use std::sync::atomic::{AtomicU32, Ordering};
use uuid::Uuid;

/// A writer without its thread: a test decides what waits when it looks.
struct Bench {
    application: Arc<Application>,
    state: Option<GroupCommit>,
    watched: Watched,
    queue: mpsc::Sender<Command>,
    inbox: mpsc::Receiver<Command>,
    /// As in the program, there are readers, which keep the log's index alive.
    reader: Connection,
    _lock: crate::lock::Lock,
    _folder: tempfile::TempDir,
}

type Answer = oneshot::Receiver<Result<Committed, StoreError>>;

impl Bench {
    fn new() -> Self {
        let model = "[fields]\ntext = { type = \"text\", unique = true }\n";
        let loaded = Project::load_from(&[("mainstay.toml", ""), ("models/note.toml", model)]).unwrap();
        let application = Arc::new(loaded.application);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let mut database = open(&path, Durability::Full).unwrap();
        migrate::create(&mut database.connection, &application).unwrap();
        database.new_file.take().unwrap().keep();
        let epoch = meta::read(&database.connection).unwrap().unwrap().epoch;
        let reader = crate::connection::open_reader(&path, 1_024).unwrap();
        let place = Place { path, durability: Durability::Full };
        let setup = Setup { application: application.clone(), epoch, place, measures: Arc::default() };
        let (state, watched) = GroupCommit::new(database.connection, setup).unwrap();
        let (queue, inbox) = mpsc::channel(10);
        let (state, _lock) = (Some(state), database.lock);
        Bench { application, state, watched, queue, inbox, reader, _lock, _folder: folder }
    }

    fn connection(&self) -> &Connection {
        &self.state.as_ref().unwrap().log.connection
    }

    fn transaction(&self, steps: Vec<Step>) -> Transaction {
        let vars = Vars { now: 1, ..Vars::default() };
        Transaction::new(Authority::System, vars, "request", steps)
    }

    fn note(&self, text: &str) -> Step {
        let note = self.application.model_named("note").unwrap();
        let values = vec![(note.field_named("text").unwrap().id, Value::Text(text.to_owned()))];
        Step::Create(Create { model: note.id, id: Uuid::now_v7(), values, given: Vec::new() })
    }

    /// Has the writer find these transactions waiting all at once. A channel's answer is there or its sender is gone behind it.
    fn commit(&mut self, transactions: Vec<Vec<Step>>) -> Vec<Result<Committed, StoreError>> {
        let mut waiting = VecDeque::new();
        let mut answers: Vec<Answer> = Vec::new();
        for steps in transactions {
            let (reply, answer) = oneshot::channel();
            let transaction = Box::new(self.transaction(steps));
            waiting.push_back(Command::Transact { transaction, reply });
            answers.push(answer);
        }
        while !waiting.is_empty() {
            if let Err(fault) = self.state.as_mut().unwrap().commit(&mut waiting) {
                self.recover(fault, &mut waiting);
            }
        }
        answers.into_iter().map(|mut answer| answer.try_recv().unwrap()).collect()
    }

    fn recover(&mut self, fault: Fault, waiting: &mut VecDeque<Command>) {
        let suspended = self.state.take().unwrap().suspend(fault);
        self.state = suspended.recover(waiting, &mut self.inbox);
    }

    /// The texts that are in the database, and how many changes the feed has.
    fn stored(&self) -> (Vec<String>, u64) {
        let connection = &self.reader;
        let mut statement = connection.prepare(r#"SELECT "text" FROM "note" ORDER BY "text""#).unwrap();
        let texts = statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        let changes: i64 =
            connection.query_row("SELECT count(*) FROM _mainstay_change", [], |row| row.get(0)).unwrap();
        (texts, changes.unsigned_abs())
    }
}

fn is_unique_violation(result: &Result<Committed, StoreError>) -> bool {
    matches!(result, Err(StoreError::Rejected(refused)) if matches!(refused[..], [(_, Rejection::Unique(_))]))
}

#[test]
fn what_waits_is_committed_at_once() {
    let mut bench = Bench::new();
    let commits = Arc::new(AtomicU32::new(0));
    let counter = commits.clone();
    let count = move || {
        counter.fetch_add(1, Ordering::Relaxed);
        false
    };
    bench.state.as_mut().unwrap().log.connection.commit_hook(Some(count)).unwrap();
    let transactions = ["a", "b", "c"].map(|text| vec![bench.note(text)]).to_vec();
    let results = bench.commit(transactions);
    let offsets: Vec<u64> = results.into_iter().map(|result| result.unwrap().position.offset).collect();
    assert_eq!((offsets, commits.load(Ordering::Relaxed)), (vec![1, 2, 3], 1));
    assert_eq!(*bench.watched.end.borrow(), 3);
}

#[test]
fn a_refused_command_leaves_its_neighbours() {
    let mut bench = Bench::new();
    let twice = vec![bench.note("b"), bench.note("b")];
    let transactions = vec![vec![bench.note("a")], twice, vec![bench.note("a")], vec![bench.note("c")]];
    let results = bench.commit(transactions);
    assert!(results[0].is_ok() && results[3].is_ok());
    assert!(is_unique_violation(&results[1]) && is_unique_violation(&results[2]));
    assert_eq!(bench.stored(), (vec!["a".to_owned(), "c".to_owned()], 2));
    assert_eq!(results[3].as_ref().unwrap().position.offset, 2, "the refused ones used no number");
    // Alone it has no savepoint.
    let alone = vec![bench.note("d"), bench.note("a")];
    assert!(is_unique_violation(&bench.commit(vec![alone])[0]));
    assert_eq!(bench.stored().1, 2);
}

#[test]
fn a_panic_costs_one_command() {
    let mut bench = Bench::new();
    let note = bench.application.model_named("note").unwrap().id;
    let create = bench.note("b");
    let Step::Create(Create { id, .. }) = create else { panic!("a note is created") };
    let broken = Update {
        model: note,
        id,
        set: vec![(FieldId(u16::MAX), Value::Null)],
        if_version: None,
        require: None,
    };
    let panics = vec![create, Step::Update(broken)];
    for neighbours in [vec!["a", "c"], vec![]] {
        let mut transactions: Vec<_> = neighbours.iter().map(|text| vec![bench.note(text)]).collect();
        transactions.insert(neighbours.len() / 2, panics.clone());
        let results = bench.commit(transactions);
        let panicked = &results[neighbours.len() / 2];
        assert!(matches!(panicked, Err(StoreError::Failed(detail)) if detail.contains("panicked")));
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), neighbours.len());
    }
    assert_eq!(bench.stored(), (vec!["a".to_owned(), "c".to_owned()], 2));
}

#[test]
fn a_commit_that_fails_is_acknowledged_to_nobody() {
    let mut bench = Bench::new();
    bench.commit(vec![vec![bench.note("before")]])[0].as_ref().unwrap();
    bench.state.as_mut().unwrap().log.connection.commit_hook(Some(|| true)).unwrap();
    let transactions = vec![vec![bench.note("a")], vec![bench.note("before")], vec![bench.note("b")]];
    for result in bench.commit(transactions) {
        assert!(matches!(result, Err(StoreError::Failed(_))), "{result:?}");
    }
    assert_eq!(*bench.watched.end.borrow(), 1);
    bench.state.as_mut().unwrap().log.connection.commit_hook(None::<fn() -> bool>).unwrap();
    let after = bench.commit(vec![vec![bench.note("after")]]);
    assert_eq!(after[0].as_ref().unwrap().position.offset, 2);
    assert_eq!(bench.stored(), (vec!["after".to_owned(), "before".to_owned()], 2));
}

/// Bounds the size of the database file, as a full disk does.
fn set_pages(bench: &Bench, more: i64) {
    let connection = bench.connection();
    let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    connection.pragma_update_and_check(None, "max_page_count", pages + more, |_| Ok(())).unwrap();
}

#[test]
fn a_full_disk_stops_writes_until_there_is_room() {
    let mut bench = Bench::new();
    bench.commit(vec![vec![bench.note("small")]])[0].as_ref().unwrap();
    set_pages(&bench, 4);
    let large = "x".repeat(100_000);
    let transactions = vec![vec![bench.note("neighbour")], vec![bench.note(&large)]];
    for result in bench.commit(transactions) {
        assert!(matches!(result, Err(StoreError::DiskFull)), "{result:?}");
    }
    assert_eq!(bench.stored(), (vec!["small".to_owned()], 1), "reads go on, and nothing is half done");
    // The limit was that of the old connection; the new one has room.
    let results = bench.commit(vec![vec![bench.note(&large)]]);
    assert_eq!(results[0].as_ref().unwrap().position.offset, 2);
}

#[test]
fn a_full_queue_refuses() {
    let bench = Bench::new();
    let (sender, mut inbox) = mpsc::channel(1);
    let writer = Writer { queue: Some(sender), thread: None, measures: Arc::default() };
    let send = || {
        let transaction = Box::new(bench.transaction(vec![bench.note("a")]));
        writer.send(Command::Transact { transaction, reply: oneshot::channel().0 })
    };
    send().unwrap();
    assert!(matches!(send(), Err(StoreError::Busy)));
    assert!(inbox.try_recv().is_ok());
    send().unwrap();
}

#[test]
fn what_waits_is_done_before_closing() {
    let Bench { application, state, _lock, _folder, .. } = Bench::new();
    let path = _folder.path().join("test.db");
    let place = Place { path: path.clone(), durability: Durability::Full };
    let connection = state.unwrap().log.connection;
    let setup = Setup { application, epoch: 7, place, measures: Arc::default() };
    let (writer, _watched) = Writer::start(connection, setup, 10).unwrap();
    let bench = Bench::new();
    let mut answers = Vec::new();
    for text in ["a", "b", "c"] {
        let (reply, answer) = oneshot::channel();
        let transaction = Box::new(bench.transaction(vec![bench.note(text)]));
        writer.send(Command::Transact { transaction, reply }).unwrap();
        answers.push(answer);
    }
    drop(writer);
    for mut answer in answers {
        assert_eq!(answer.try_recv().unwrap().unwrap().position.epoch, 7);
    }
    assert!(!path.with_extension("db-wal").exists());
}

#[test]
fn what_a_failed_commit_means() {
    use rusqlite::ffi;
    let check = |code: i32, expected: &str| {
        let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
        let found = format!("{:?}", Abort::of_commit(&error));
        assert!(found.starts_with(expected), "{code}: {found}");
    };
    check(ffi::SQLITE_FULL, "DiskFull");
    check(ffi::SQLITE_IOERR_WRITE, "DiskFull");
    check(ffi::SQLITE_CONSTRAINT_COMMITHOOK, "Failed");
    check(ffi::SQLITE_BUSY, "Failed");
    // Behind the last frame: all of it is in the log.
    check(ffi::SQLITE_IOERR_FSYNC, "OutcomeUnknown");
    check(ffi::SQLITE_IOERR_SHMSIZE, "OutcomeUnknown");
    check(ffi::SQLITE_NOMEM, "OutcomeUnknown");
    check(ffi::SQLITE_IOERR, "OutcomeUnknown");
}

fn failed() -> Fault {
    Fault::Failed("on purpose".to_owned())
}

#[test]
fn behind_a_failure_the_log_begins_anew() {
    let mut bench = Bench::new();
    bench.commit(vec![vec![bench.note("before")]])[0].as_ref().unwrap();
    bench.recover(failed(), &mut VecDeque::new());
    let size = bench._folder.path().join("test.db-wal").metadata().unwrap().len();
    assert!(size < 20_000, "the log has {size} bytes and not only those of the probe");
    let after = bench.commit(vec![vec![bench.note("after")]]);
    assert_eq!(after[0].as_ref().unwrap().position.offset, 2);
    assert_eq!(bench.stored().1, 2);
    assert_eq!(meta::optional_text(&bench.reader, "resumptions").unwrap().as_deref(), Some("1"));
    assert_eq!(*bench.watched.health.borrow(), None);
}

#[test]
fn what_survived_a_failure_is_told() {
    let mut bench = Bench::new();
    bench.commit(vec![vec![bench.note("acknowledged")], vec![bench.note("unknown")]]);
    // As if the commit of the second had failed behind the log.
    bench.state.as_mut().unwrap().shared.end.offset = 1;
    bench.recover(failed(), &mut VecDeque::new());
    assert_eq!(*bench.watched.end.borrow(), 2);
    let after = bench.commit(vec![vec![bench.note("after")]]);
    assert_eq!(after[0].as_ref().unwrap().position.offset, 3);
}

/// Has a writer recover on a thread of its own from a failure, while `damage` was done to the database. Answers what commands are told.
fn recover_from(damage: &str) -> (String, Option<Fault>) {
    let mut bench = Bench::new();
    bench.commit(vec![vec![bench.note("acknowledged")]])[0].as_ref().unwrap();
    bench.connection().execute_batch(damage).unwrap();
    let suspended = bench.state.take().unwrap().suspend(failed());
    let (mut inbox, health) = (bench.inbox, bench.watched.health);
    let recovering = thread::spawn(move || suspended.recover(&mut VecDeque::new(), &mut inbox).is_some());
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while *health.borrow() == Some(failed()) || health.borrow().is_none() && !recovering.is_finished() {
        assert!(std::time::Instant::now() < deadline);
        thread::sleep(std::time::Duration::from_millis(5));
    }
    let (reply, answer) = oneshot::channel();
    let command = Command::TrimFeed { before_micros: 0, max_bytes: 0, reply };
    let told = match bench.queue.blocking_send(command) {
        Ok(()) => answer.blocking_recv().unwrap().unwrap_err().to_string(),
        Err(_) => "it writes again".to_owned(),
    };
    drop(bench.queue);
    recovering.join().unwrap();
    let fault = health.borrow().clone();
    (told, fault)
}

#[test]
fn without_what_was_acknowledged_nothing_is_written_any_more() {
    for damage in [
        "DELETE FROM _mainstay_change",
        "UPDATE _mainstay_meta SET value = '5' WHERE key = 'epoch'",
        "PRAGMA application_id = 0",
    ] {
        let (told, fault) = recover_from(damage);
        assert!(matches!(fault, Some(Fault::Lost(_))), "{damage}: {fault:?}");
        assert!(told.starts_with("the disk failed: "), "{damage}: {told}");
    }
    assert_eq!(recover_from("SELECT 1").0, "it writes again");
}

#[test]
fn a_long_log_is_moved_by_the_writer() {
    let mut bench = Bench::new();
    let large = "x".repeat(1 << 20);
    for number in 0..10 {
        bench.commit(vec![vec![bench.note(&format!("{number}{large}"))]])[0].as_ref().unwrap();
    }
    // 2.5 MiB a group, in the table, its index and the feed: the log of 16 MiB was moved once, and begun anew by the next write.
    let size = bench._folder.path().join("test.db").metadata().unwrap().len();
    let log = bench._folder.path().join("test.db-wal").metadata().unwrap().len();
    assert!(size > 10 << 20, "the database has {size} bytes");
    assert!(log < 25 << 20, "the log has {log} bytes");
}
