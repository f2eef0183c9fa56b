//! Migrations, with data.

use crate::project::{all, application, create, notes, open, text};
use mainstay_embedded::{OpenError, migrate};
use mainstay_ports::{Changes, Position, Store};
use rusqlite::Connection;
use std::path::Path;

/// A database with one note, and the position before it.
async fn with_a_note(path: &Path) -> Position {
    let application = notes("text = \"string\"");
    let store = open(&application, path).unwrap();
    let before = store.position().await.unwrap();
    create(&store, &application, &[("text", "kept")]).await.unwrap();
    before
}

#[tokio::test]
async fn what_is_planned_is_applied_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.db");
    with_a_note(&path).await;
    let changed = notes("text = \"string\"\nmood = { type = \"string\", optional = true, index = true }");
    let plan = migrate::plan(&changed, &path).unwrap();
    assert!(!plan.is_empty() && plan.is_safe());
    assert!(matches!(open(&changed, &path), Err(OpenError::SchemaDiffers(_))), "planning changes nothing");
    assert_eq!(migrate::apply(&changed, &path, false).unwrap(), plan);
    assert!(migrate::plan(&changed, &path).unwrap().is_empty());
    assert!(migrate::apply(&changed, &path, false).unwrap().is_empty());
    let store = open(&changed, &path).unwrap();
    let page = all(&store, &changed, "note").await;
    assert_eq!(text(&changed, "note", &page.rows[0].record, "text"), "kept");
    create(&store, &changed, &[("text", "new"), ("mood", "good")]).await.unwrap();
    drop(store);
    let sql = "SELECT count(*), sum(statements LIKE '%mood%') FROM _mainstay_migration WHERE at > 0";
    let recorded: (i64, i64) =
        Connection::open(&path).unwrap().query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(recorded, (2, 1), "the creation and the change");
}

#[tokio::test]
async fn loss_has_to_be_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.db");
    with_a_note(&path).await;
    let changed = notes("body = { type = \"string\", optional = true }");
    let refused = migrate::apply(&changed, &path, false).unwrap_err();
    assert!(matches!(&refused, OpenError::LosesData(plan) if plan.losses.len() == 1));
    assert!(refused.to_string().contains("note.text"), "{refused}");
    open(&notes("text = \"string\""), &path).unwrap();
    migrate::apply(&changed, &path, true).unwrap();
    let page = all(&open(&changed, &path).unwrap(), &changed, "note").await;
    assert_eq!(page.count, Some(1));
}

#[tokio::test]
async fn a_failed_step_leaves_the_database_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.db");
    let before = notes("text = \"string\"");
    let store = open(&before, &path).unwrap();
    for _ in 0..2 {
        create(&store, &before, &[("text", "twice")]).await.unwrap();
    }
    drop(store);
    let unique = notes("text = { type = \"string\", unique = true }");
    let failed = migrate::apply(&unique, &path, false).unwrap_err();
    assert!(matches!(failed, OpenError::StepFailed { .. }), "{failed}");
    let failed = failed.to_string();
    let parts = ["the same text: 2 records stand in the way, such as ", "(text \"twice\") and ", "-"];
    parts.iter().for_each(|part| assert!(failed.contains(part), "{part} is not in {failed}"));
    let page = all(&open(&before, &path).unwrap(), &before, "note").await;
    assert_eq!(page.count, Some(2));
    let required = notes("text = \"string\"\nmood = \"string\"");
    assert!(matches!(migrate::apply(&required, &path, true), Err(OpenError::Impossible(_))));
}

#[tokio::test]
async fn the_feed_follows_a_renamed_model() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.db");
    let position = with_a_note(&path).await;
    let renamed = application(&[("memo", "was = \"note\"\n[fields]\ntext = \"string\"\n")]);
    migrate::apply(&renamed, &path, false).unwrap();
    let store = open(&renamed, &path).unwrap();
    assert_eq!(all(&store, &renamed, "memo").await.count, Some(1));
    let Changes::Some { changes, .. } = store.changes(position, 10).await.unwrap() else { panic!("reset") };
    assert_eq!(changes.len(), 1);
    assert_eq!(text(&renamed, "memo", changes[0].after.as_ref().unwrap(), "text"), "kept");
}

#[tokio::test]
async fn changes_that_cannot_be_told_any_more_are_reset() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.db");
    let position = with_a_note(&path).await;
    let changed = notes("text = { type = \"int\", optional = true }");
    migrate::apply(&changed, &path, true).unwrap();
    let store = open(&changed, &path).unwrap();
    let end = store.position().await.unwrap();
    assert_eq!(store.changes(position, 10).await.unwrap(), Changes::Reset { position: end });
}

#[tokio::test]
async fn a_dropped_model_leaves_the_feed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.db");
    let position = with_a_note(&path).await;
    let end = Position { offset: position.offset + 1, ..position };
    let without = application(&[("memo", "[fields]\ntext = \"string\"\n")]);
    migrate::apply(&without, &path, true).unwrap();
    let store = open(&without, &path).unwrap();
    assert_eq!(store.position().await.unwrap(), end, "numbers are never used again");
    let expected = Changes::Some { changes: vec![], position: end };
    assert_eq!(store.changes(end, 10).await.unwrap(), expected);
}

#[test]
fn a_plan_of_no_database_makes_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.db");
    let application = notes("text = \"string\"");
    assert!(!migrate::plan(&application, &path).unwrap().is_empty());
    assert!(!path.exists());
    migrate::apply(&application, &path, false).unwrap();
    open(&application, &path).unwrap();
}

#[tokio::test]
async fn a_record_that_does_not_fit_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.db");
    let mood = |values: &str| notes(&format!("mood = {{ type = \"enum\", values = [{values}] }}"));
    let before = mood("\"good\", \"bad\"");
    let store = open(&before, &path).unwrap();
    create(&store, &before, &[("mood", "bad")]).await.unwrap();
    let id = all(&store, &before, "note").await.rows[0].record.id();
    drop(store);
    let failed = migrate::apply(&mood("\"good\""), &path, false).unwrap_err().to_string();
    let end = format!(
        "checks that no note.mood is bad, which the models no longer have: 1 record stands in the way, such as {id} (mood \"bad\")"
    );
    assert!(failed.ends_with(&end), "{failed}");
    open(&before, &path).unwrap();
}

#[tokio::test]
async fn a_field_that_became_secret_is_known_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.db");
    with_a_note(&path).await;
    let (open_text, secret) = (notes("text = \"string\""), notes("text = \"secret\""));
    open(&secret, &path).unwrap();
    assert!(matches!(open(&open_text, &path), Err(OpenError::SchemaDiffers(_))));
    let refused = migrate::apply(&open_text, &path, false).unwrap_err();
    assert!(matches!(&refused, OpenError::LosesData(plan) if plan.losses.is_empty()), "{refused}");
    assert!(refused.to_string().contains("note.text was secret"), "{refused}");
    migrate::apply(&open_text, &path, true).unwrap();
    assert!(migrate::apply(&secret, &path, false).unwrap().is_empty());
    assert!(!migrate::plan(&open_text, &path).unwrap().is_safe(), "applying notes it as well");
}

#[tokio::test]
async fn only_what_is_there_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.db");
    with_a_note(&path).await;
    let forgetful = application(&[("note", "soft_delete = false\n[fields]\ntext = \"string\"\n")]);
    assert!(migrate::plan(&forgetful, &path).unwrap().is_safe());
    Connection::open(&path).unwrap().execute("UPDATE note SET deleted_at = 1", []).unwrap();
    let refused = migrate::apply(&forgetful, &path, false).unwrap_err().to_string();
    assert!(
        refused.contains("removes the deleted records of note, which no longer keeps them (1 now)"),
        "{refused}"
    );
    migrate::apply(&forgetful, &path, true).unwrap();
    assert_eq!(all(&open(&forgetful, &path).unwrap(), &forgetful, "note").await.count, Some(0));
}
