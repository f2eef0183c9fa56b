//! The writer under faults: a full disk, a commit that fails, a command that panics.

#![allow(clippy::unwrap_used, reason = "a broken expectation is a failed test")]

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
    state: GroupCommit,
    end: watch::Receiver<u64>,
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
        let mut database = open(&folder.path().join("test.db"), Durability::Full).unwrap();
        migrate::create(&mut database.connection, &application).unwrap();
        let epoch = meta::read(&database.connection).unwrap().unwrap().epoch;
        let (state, end) =
            GroupCommit::new(application.clone(), database.connection, epoch, Arc::default()).unwrap();
        Bench { application, state, end, _lock: database.lock, _folder: folder }
    }

    fn transaction(&self, steps: Vec<Step>) -> Transaction {
        let vars = Vars { now: 1, ..Vars::default() };
        Transaction { authority: Authority::System, vars, request_id: "request".to_owned(), steps }
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
            self.state.commit(&mut waiting);
        }
        answers.into_iter().map(|mut answer| answer.try_recv().unwrap()).collect()
    }

    /// The texts that are in the database, and how many changes the feed has.
    fn stored(&self) -> (Vec<String>, u64) {
        let connection = &self.state.connection;
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
    bench.state.connection.commit_hook(Some(count)).unwrap();
    let transactions = ["a", "b", "c"].map(|text| vec![bench.note(text)]).to_vec();
    let results = bench.commit(transactions);
    let offsets: Vec<u64> = results.into_iter().map(|result| result.unwrap().position.offset).collect();
    assert_eq!((offsets, commits.load(Ordering::Relaxed)), (vec![1, 2, 3], 1));
    assert_eq!(*bench.end.borrow(), 3);
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
    bench.state.connection.commit_hook(Some(|| true)).unwrap();
    let transactions = vec![vec![bench.note("a")], vec![bench.note("before")], vec![bench.note("b")]];
    for result in bench.commit(transactions) {
        assert!(matches!(result, Err(StoreError::Failed(_))), "{result:?}");
    }
    assert_eq!(*bench.end.borrow(), 1);
    bench.state.connection.commit_hook(None::<fn() -> bool>).unwrap();
    let after = bench.commit(vec![vec![bench.note("after")]]);
    assert_eq!(after[0].as_ref().unwrap().position.offset, 2);
    assert_eq!(bench.stored(), (vec!["after".to_owned(), "before".to_owned()], 2));
}

/// Bounds the size of the database file, as a full disk does.
fn set_pages(bench: &Bench, more: i64) {
    let connection = &bench.state.connection;
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
    bench.commit(vec![vec![bench.note("another")]])[0].as_ref().unwrap();
    set_pages(&bench, 1_000);
    let results = bench.commit(vec![vec![bench.note(&large)]]);
    assert_eq!(results[0].as_ref().unwrap().position.offset, 3);
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
    let (writer, _end) = Writer::start(application, state.connection, 7, 10, Arc::default()).unwrap();
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
