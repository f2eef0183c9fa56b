//! Migrations, with data and while nodes are at work.

use crate::support::{self, options};
use mainstay_expr::Value;
use mainstay_model::{Application, Project};
use mainstay_ports::{
    Authority, Changes, Committed, Create, Page, Position, Query, Rejection, Step, Store, StoreError,
    Transaction,
};
use mainstay_scaleout::postgres::{OpenError, PostgresStore, migrate};
use mainstay_services::postgres::{Database, Server};
use mainstay_sql::migrate::Plan;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use uuid::Uuid;

/// An application with these models: a name and the text of its file each.
fn application(models: &[(&str, &str)]) -> Arc<Application> {
    let paths: Vec<String> = models.iter().map(|(name, _)| format!("models/{name}.toml")).collect();
    let mut files = vec![("mainstay.toml", "")];
    files.extend(paths.iter().zip(models).map(|(path, (_, text))| (path.as_str(), *text)));
    let loaded = Project::load_from(&files).unwrap_or_else(|faults| panic!("{}", faults.render(false)));
    Arc::new(loaded.application)
}

/// The model `note` alone, with these fields.
fn notes(fields: &str) -> Arc<Application> {
    application(&[("note", &format!("[fields]\n{fields}\n"))])
}

async fn open(application: &Arc<Application>, database: &Database) -> Result<PostgresStore, OpenError> {
    PostgresStore::open(application.clone(), &options(database.url())).await
}

async fn apply(application: &Application, database: &Database) -> Result<Plan, OpenError> {
    migrate::apply(application, &options(database.url()), false).await
}

async fn apply_with_loss(application: &Application, database: &Database) -> Result<Plan, OpenError> {
    migrate::apply(application, &options(database.url()), true).await
}

/// Makes a record of a model with these texts.
async fn create(
    store: &PostgresStore,
    application: &Application,
    model: &str,
    texts: &[(&str, &str)],
) -> Result<Committed, StoreError> {
    let model = application.model_named(model).unwrap();
    let value =
        |(name, text): &(&str, &str)| (model.field_named(name).unwrap().id, Value::Text((*text).to_owned()));
    let values = texts.iter().map(value).collect();
    let create = Create { model: model.id, id: Uuid::now_v7(), values, given: Vec::new() };
    let vars = mainstay_expr::Vars { now: 1, ..mainstay_expr::Vars::default() };
    store.transact(Transaction::new(Authority::System, vars, "request", vec![Step::Create(create)])).await
}

/// All live records of a model, and their number.
async fn all(store: &PostgresStore, application: &Application, model: &str) -> Page {
    let model = application.model_named(model).unwrap().id;
    store.query(Query { count: true, ..Query::all(model, 1_000) }).await.unwrap()
}

async fn changes(store: &PostgresStore, after: Position) -> usize {
    match store.changes(after, 1_000).await.unwrap() {
        Changes::Some { changes, .. } => changes.len(),
        Changes::Reset { .. } => panic!("reset"),
    }
}

/// A database with one note, and the position before it.
async fn with_a_note() -> (Database, Position) {
    let database = Server::shared().database();
    let application = notes("text = \"string\"");
    let store = open(&application, &database).await.unwrap();
    let before = store.position().await.unwrap();
    create(&store, &application, "note", &[("text", "kept")]).await.unwrap();
    (database, before)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_planned_is_applied_once() {
    let (database, _) = with_a_note().await;
    let changed = notes("text = \"string\"\nmood = { type = \"string\", optional = true, unique = true }");
    let plan = migrate::plan(&changed, &options(database.url()), false).await.unwrap();
    assert!(!plan.is_empty() && plan.is_safe());
    assert!(matches!(open(&changed, &database).await, Err(OpenError::SchemaDiffers(_))));
    assert_eq!(apply(&changed, &database).await.unwrap(), plan);
    assert!(apply(&changed, &database).await.unwrap().is_empty());
    let store = open(&changed, &database).await.unwrap();
    create(&store, &changed, "note", &[("text", "new"), ("mood", "good")]).await.unwrap();
    assert_eq!(all(&store, &changed, "note").await.count, Some(2));
    let recorded = database.sql(
        "SELECT count(*), count(*) FILTER (WHERE statements LIKE '%mood%') FROM _mainstay_migration WHERE at > 0",
    );
    assert_eq!(recorded, "3|2", "the creation, the column and its index");
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_of_two_versions_work_side_by_side() {
    let old = application(&[
        ("note", "[fields]\ntext = \"string\"\nmood = { type = \"string\", optional = true }\n"),
        ("draft", "[fields]\ntext = \"string\"\n"),
    ]);
    let new = application(&[
        ("note", "[fields]\ntext = \"string\"\nkind = { type = \"string\", default = \"plain\" }\n"),
        ("memo", "[fields]\ntext = \"string\"\n"),
    ]);
    let database = Server::shared().database();
    let first = open(&old, &database).await.unwrap();
    let start = first.position().await.unwrap();
    create(&first, &old, "note", &[("text", "a"), ("mood", "good")]).await.unwrap();
    let done = apply(&new, &database).await.unwrap();
    assert_eq!(done.kept, ["draft and its records", "note.mood"]);

    let second = open(&new, &database).await.unwrap();
    create(&second, &new, "note", &[("text", "b"), ("kind", "x")]).await.unwrap();
    create(&second, &new, "memo", &[("text", "b")]).await.unwrap();
    create(&first, &old, "note", &[("text", "c"), ("mood", "bad")]).await.unwrap();
    create(&first, &old, "draft", &[("text", "c")]).await.unwrap();
    for (store, application) in [(&first, &old), (&second, &new)] {
        assert_eq!(all(store, application, "note").await.count, Some(3));
        // Of what the version does not know, it hears nothing, and goes on behind it.
        assert_eq!(changes(store, start).await, 4);
    }
    // The feed fills what nodes of the version before do not know, as the database does.
    let Changes::Some { changes: told, .. } = second.changes(start, 100).await.unwrap() else {
        panic!("reset")
    };
    let kind = new.model_named("note").unwrap().field_named("kind").unwrap().id;
    let told = told.iter().filter(|change| change.model == new.model_named("note").unwrap().id);
    let told: Vec<&str> = told.filter_map(|change| change.after.as_ref()?.get(kind).as_text()).collect();
    assert_eq!(told, ["plain", "x", "plain"]);
    let notes = all(&second, &new, "note").await;
    let kinds: Vec<&str> = notes.rows.iter().filter_map(|row| row.record.get(kind).as_text()).collect();
    assert_eq!(kinds, ["plain", "x", "plain"]);

    // Either may be started anew.
    drop((first, second));
    let first = open(&old, &database).await.unwrap();
    open(&new, &database).await.unwrap();
    create(&first, &old, "note", &[("text", "d"), ("mood", "bad")]).await.unwrap();
    assert!(apply(&new, &database).await.unwrap().is_empty());

    // What was kept goes when that is said.
    let last = apply_with_loss(&new, &database).await.unwrap();
    assert_eq!(last.losses, ["drops draft and its records", "drops note.mood"]);
    assert!(matches!(open(&old, &database).await, Err(OpenError::SchemaDiffers(_))));
    let second = open(&new, &database).await.unwrap();
    assert_eq!(changes(&second, start).await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_of_the_version_before_is_told_what_became_unique() {
    let (database, _) = with_a_note().await;
    let (old, new) = (notes("text = \"string\""), notes("text = { type = \"string\", unique = true }"));
    let store = open(&old, &database).await.unwrap();
    apply(&new, &database).await.unwrap();
    let refused = create(&store, &old, "note", &[("text", "kept")]).await.unwrap_err();
    let text = old.model_named("note").unwrap().field_named("text").unwrap().id;
    let StoreError::Rejected(rejections) = &refused else { panic!("{refused}") };
    assert!(matches!(&rejections[..], [(0, Rejection::Unique(fields))] if *fields == [text]), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn loss_has_to_be_allowed() {
    let (database, _) = with_a_note().await;
    let changed = notes("body = { type = \"string\", optional = true }");
    let refused = apply(&changed, &database).await.unwrap_err();
    assert!(matches!(&refused, OpenError::LosesData(plan) if plan.losses == ["drops note.text"]));
    open(&notes("text = \"string\""), &database).await.unwrap();
    apply_with_loss(&changed, &database).await.unwrap();
    assert_eq!(all(&open(&changed, &database).await.unwrap(), &changed, "note").await.count, Some(1));
    let required = notes("body = { type = \"string\", optional = true }\nmood = \"string\"");
    assert!(matches!(apply_with_loss(&required, &database).await, Err(OpenError::Impossible(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_the_way_is_found_before_anything_changes() {
    let (database, _) = with_a_note().await;
    let before = notes("text = \"string\"");
    create(&open(&before, &database).await.unwrap(), &before, "note", &[("text", "kept")]).await.unwrap();
    let unique =
        notes("text = { type = \"string\", unique = true }\nmore = { type = \"string\", optional = true }");
    let failed = apply(&unique, &database).await.unwrap_err().to_string();
    let parts = ["the same text: 2 records stand in the way, such as ", "(text \"kept\") and ", "-"];
    parts.iter().for_each(|part| assert!(failed.contains(part), "{part} is not in {failed}"));
    let columns = "SELECT count(*) FROM information_schema.columns WHERE column_name = 'more'";
    assert_eq!(database.sql(columns), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_migration_left_behind_goes() {
    let (database, _) = with_a_note().await;
    // As a killed migration leaves them: an index that is not finished, a rule that was to help, and an index that nobody noted.
    database.sql("CREATE INDEX \"ix_note.mood\" ON note (text)");
    database.sql("CREATE INDEX \"ix_note.text\" ON note (id)");
    database.sql(
        "ALTER TABLE note ADD CONSTRAINT \"nn_note.deleted_at\" CHECK (deleted_at IS NOT NULL) NOT VALID",
    );
    database.sql("UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = '\"ix_note.mood\"'::regclass");
    let changed = notes("text = { type = \"string\", index = true }");
    apply(&changed, &database).await.unwrap();
    let indexes =
        "SELECT string_agg(indexdef, ',' ORDER BY 1) FROM pg_indexes WHERE indexname LIKE 'ix%note.%'";
    let indexes = database.sql(indexes);
    assert!(indexes.contains("ON public.note USING btree (text NULLS FIRST, id)"), "{indexes}");
    assert!(!indexes.contains("mood"), "{indexes}");
    assert_eq!(database.sql("SELECT count(*) FROM pg_constraint WHERE conname LIKE 'nn%'"), "0");
    let store = open(&changed, &database).await.unwrap();
    create(&store, &changed, "note", &[("text", "new")]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_follows_a_renamed_model_and_leaves_a_dropped_one() {
    let (database, position) = with_a_note().await;
    let renamed = application(&[("memo", "was = \"note\"\n[fields]\ntext = \"string\"\n")]);
    apply(&renamed, &database).await.unwrap();
    let store = open(&renamed, &database).await.unwrap();
    assert_eq!(all(&store, &renamed, "memo").await.count, Some(1));
    assert_eq!(changes(&store, position).await, 1);
    let end = store.position().await.unwrap();
    let without = application(&[("other", "[fields]\ntext = \"string\"\n")]);
    apply_with_loss(&without, &database).await.unwrap();
    let store = open(&without, &database).await.unwrap();
    assert_eq!(store.position().await.unwrap(), end, "numbers are never used again");
    assert_eq!(changes(&store, position).await, 0);
    assert_eq!(database.sql("SELECT count(*) FROM _mainstay_change WHERE after IS NOT NULL"), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_there_is_lost() {
    let (database, _) = with_a_note().await;
    let forgetful = application(&[("note", "soft_delete = false\n[fields]\ntext = \"string\"\n")]);
    let plan = || async { migrate::plan(&forgetful, &options(database.url()), false).await.unwrap() };
    assert!(plan().await.is_safe());
    database.sql("UPDATE note SET deleted_at = 1");
    assert_eq!(
        plan().await.losses,
        ["removes the deleted records of note, which no longer keeps them (1 now)"]
    );
    apply_with_loss(&forgetful, &database).await.unwrap();
    assert_eq!(all(&open(&forgetful, &database).await.unwrap(), &forgetful, "note").await.count, Some(0));
}

/// Nodes that start at once over an empty database, and migrate at once.
#[tokio::test(flavor = "multi_thread")]
async fn several_begin_at_once_and_one_does_it() {
    let database = Server::shared().database();
    let before = notes("text = \"string\"");
    let opened = futures_of(5, || open(&before, &database)).await;
    assert!(opened.iter().all(Result::is_ok));
    create(opened[0].as_ref().unwrap(), &before, "note", &[("text", "a")]).await.unwrap();
    let changed = notes(
        "text = { type = \"string\", index = true }\nmood = { type = \"string\", default = \"x\", index = true }",
    );
    let applied = futures_of(5, || apply(&changed, &database)).await;
    let plans: Vec<Plan> = applied.into_iter().map(Result::unwrap).collect();
    assert_eq!(plans.iter().filter(|plan| !plan.is_empty()).count(), 1);
    assert_eq!(all(opened[1].as_ref().unwrap(), &before, "note").await.count, Some(1));
}

async fn futures_of<T, F: Future<Output = T>>(count: usize, one: impl Fn() -> F) -> Vec<T> {
    futures::future::join_all((0..count).map(|_| one())).await
}

/// Writes go on while a migration makes indexes and requires a field, though a transaction stands in its way for a while.
#[tokio::test(flavor = "multi_thread")]
async fn writes_go_on_meanwhile() {
    let database = Server::shared().database();
    let before = notes("text = \"string\"\nmood = { type = \"string\", optional = true }");
    let store = open(&before, &database).await.unwrap();
    create(&store, &before, "note", &[("text", "first")]).await.unwrap();
    let (url, done) = (database.url(), AtomicBool::new(false));
    let after = notes(
        "text = { type = \"string\", index = true }\nmood = { type = \"string\", default = \"x\", unique = false, index = true }",
    );
    let write = async {
        let mut written = 1;
        while !done.load(Ordering::Relaxed) {
            create(&store, &before, "note", &[("text", "more"), ("mood", "good")]).await.unwrap();
            written += 1;
        }
        written
    };
    let hold = tokio::task::spawn_blocking(move || {
        // A reader that keeps the table for three times as long as a step waits for its lock.
        support::sql(&url, "BEGIN; SELECT count(*) FROM note; SELECT pg_sleep(3); COMMIT");
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let migrate = async {
        let applied = apply(&after, &database).await;
        done.store(true, Ordering::Relaxed);
        applied
    };
    let (written, applied) = tokio::join!(write, migrate);
    applied.unwrap();
    hold.await.unwrap();
    assert!(written > 10, "only {written} writes");
    let store = open(&after, &database).await.unwrap();
    let page = all(&store, &after, "note").await;
    assert_eq!(page.count, Some(written));
    assert_eq!(database.sql("SELECT count(*) FROM note WHERE mood = 'x'"), "1");
}
