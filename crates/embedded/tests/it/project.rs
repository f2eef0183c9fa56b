//! Small applications and databases of them.

use mainstay_embedded::{OpenError, Options, SqliteStore};
use mainstay_expr::Value;
use mainstay_model::{Application, Durability, Project};
use mainstay_ports::{
    Authority, Committed, Create, Page, Query, Record, Step, Store, StoreError, Transaction,
};
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;

/// An application with these models: a name and the text of its file each.
pub(crate) fn application(models: &[(&str, &str)]) -> Arc<Application> {
    let paths: Vec<String> = models.iter().map(|(name, _)| format!("models/{name}.toml")).collect();
    let mut files = vec![("mainstay.toml", "")];
    files.extend(paths.iter().zip(models).map(|(path, (_, text))| (path.as_str(), *text)));
    let loaded = Project::load_from(&files).unwrap_or_else(|faults| panic!("{}", faults.render(false)));
    Arc::new(loaded.application)
}

/// The model `note` alone, with these fields.
pub(crate) fn notes(fields: &str) -> Arc<Application> {
    application(&[("note", &format!("[fields]\n{fields}\n"))])
}

pub(crate) fn open(application: &Arc<Application>, path: &Path) -> Result<SqliteStore, OpenError> {
    let options = Options {
        path: path.to_owned(),
        durability: Durability::Full,
        readers: 1,
        write_queue: 100,
        query_timeout_ms: 5_000,
    };
    SqliteStore::open(application.clone(), &options)
}

/// Makes a note with these texts.
pub(crate) async fn create(
    store: &SqliteStore,
    application: &Application,
    texts: &[(&str, &str)],
) -> Result<Committed, StoreError> {
    let model = application.model_named("note").unwrap();
    let value =
        |(name, text): &(&str, &str)| (model.field_named(name).unwrap().id, Value::Text((*text).to_owned()));
    let values = texts.iter().map(value).collect();
    let create = Create { model: model.id, id: Uuid::now_v7(), values, given: Vec::new() };
    let vars = mainstay_expr::Vars { now: 1, ..mainstay_expr::Vars::default() };
    store.transact(Transaction::new(Authority::System, vars, "request", vec![Step::Create(create)])).await
}

/// All live records of a model, and their number.
pub(crate) async fn all(store: &SqliteStore, application: &Application, model: &str) -> Page {
    let model = application.model_named(model).unwrap().id;
    store.query(Query { count: true, ..Query::all(model, 100) }).await.unwrap()
}

/// The text in a field of a record.
pub(crate) fn text<'r>(application: &Application, model: &str, record: &'r Record, field: &str) -> &'r str {
    let field = application.model_named(model).unwrap().field_named(field).unwrap().id;
    record.get(field).as_text().unwrap()
}
