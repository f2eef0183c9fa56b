//! What the cases have in common: an application, an empty store, some accounts, and short ways to say things.

use super::{Open, Opened};
use crate::{
    Authority, Change, Changes, Committed, Create, Delete, Outcome, Page, Position, Query, Record, Rejection,
    Restore, Step, Store, StoreError, Transaction, Update,
};
use mainstay_expr::{Context, FieldId, Frame, ModelId, Predicate, Use, Value, Vars, compile};
use mainstay_model::{Application, Default as FieldDefault, Model, Project};
use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use uuid::Uuid;

const FILES: [(&str, &str); 9] = [
    ("mainstay.toml", include_str!("project/mainstay.toml")),
    ("models/room.toml", include_str!("project/room.toml")),
    ("models/member.toml", include_str!("project/member.toml")),
    ("models/message.toml", include_str!("project/message.toml")),
    ("models/sample.toml", include_str!("project/sample.toml")),
    ("models/folder.toml", include_str!("project/folder.toml")),
    ("models/shelf.toml", include_str!("project/shelf.toml")),
    ("models/book.toml", include_str!("project/book.toml")),
    ("models/seat.toml", include_str!("project/seat.toml")),
];

/// 2026-11-21T08:00:00Z.
const FIRST_INSTANT: i64 = 1_795_248_000_000_000;
const SECOND: i64 = 1_000_000;

/// Who acts.
#[derive(Debug, Clone, Copy)]
pub(super) enum Who {
    System,
    Account(Uuid),
    Moderator(Uuid),
}

/// An application with its store. The fields are dropped in this order.
pub(super) struct World {
    pub(super) store: Arc<dyn Store>,
    _guard: Box<dyn Any + Send + Sync>,
    pub(super) application: Arc<Application>,
    now: AtomicI64,
    ids: AtomicU64,
}

impl World {
    pub(super) fn open(open: Open) -> Self {
        let loaded = Project::load_from(&FILES).unwrap_or_else(|faults| panic!("{}", faults.render(false)));
        let application = Arc::new(loaded.application);
        let Opened { store, guard } = open(application.clone());
        let (now, ids) = (AtomicI64::new(FIRST_INSTANT), AtomicU64::new(1));
        World { store, _guard: guard, application, now, ids }
    }

    pub(super) fn model(&self, name: &str) -> &Model {
        self.application.model_named(name).unwrap_or_else(|| panic!("no model `{name}`"))
    }

    pub(super) fn field(&self, model: &str, name: &str) -> FieldId {
        self.model(model).field_named(name).unwrap_or_else(|| panic!("no field `{model}.{name}`")).id
    }

    fn values(&self, model: &str, values: &[(&str, Value)]) -> Vec<(FieldId, Value)> {
        values.iter().map(|(name, value)| (self.field(model, name), value.clone())).collect()
    }

    /// An id that no record has; later ones are greater.
    pub(super) fn new_id(&self) -> Uuid {
        Uuid::from_u128((7 << 76) | u128::from(self.ids.fetch_add(1, Ordering::Relaxed)))
    }

    /// The instant of the last transaction.
    pub(super) fn now(&self) -> i64 {
        self.now.load(Ordering::Relaxed)
    }

    pub(super) fn set_now(&self, micros: i64) {
        self.now.store(micros, Ordering::Relaxed);
    }

    pub(super) fn vars(&self, who: Who) -> Vars {
        let now = self.now.fetch_add(SECOND, Ordering::Relaxed) + SECOND;
        let (auth_id, roles) = match who {
            Who::System => (None, Vec::new()),
            Who::Account(id) => (Some(id), Vec::new()),
            Who::Moderator(id) => (Some(id), vec!["moderator".to_owned()]),
        };
        Vars { auth_id, roles, now, ..Vars::default() }
    }

    /// Runs a transaction.
    pub(super) async fn run(&self, who: Who, steps: Vec<Step>) -> Result<Committed, StoreError> {
        self.store.transact(self.transaction(who, steps)).await
    }

    /// The transaction that [`World::run`] runs.
    pub(super) fn transaction(&self, who: Who, steps: Vec<Step>) -> Transaction {
        let authority = if matches!(who, Who::System) { Authority::System } else { Authority::Caller };
        Transaction::new(authority, self.vars(who), "request", steps)
    }

    /// Runs a step that must succeed.
    pub(super) async fn must(&self, who: Who, step: Step) -> Record {
        let committed = self.run(who, vec![step]).await.unwrap();
        record(&committed.outcomes[0])
    }

    /// Runs a step that must be refused.
    pub(super) async fn must_not(&self, who: Who, step: Step, expected: Rejection) {
        self.must_not_all(who, vec![step], vec![(0, expected)]).await;
    }

    /// Runs steps of which these must be refused.
    pub(super) async fn must_not_all(&self, who: Who, steps: Vec<Step>, expected: Vec<(usize, Rejection)>) {
        match self.run(who, steps).await {
            Err(StoreError::Rejected(rejections)) => assert_eq!(rejections, expected),
            other => panic!("expected {expected:?}, got {other:?}"),
        }
    }

    pub(super) fn new_record(&self, model: &str, id: Uuid, values: &[(&str, Value)]) -> Create {
        let values = self.values(model, values);
        Create { model: self.model(model).id, id, given: values.iter().map(|(id, _)| *id).collect(), values }
    }

    pub(super) fn create(&self, model: &str, id: Uuid, values: &[(&str, Value)]) -> Step {
        Step::Create(self.new_record(model, id, values))
    }

    pub(super) fn changed(&self, model: &str, id: Uuid, values: &[(&str, Value)]) -> Update {
        let set = self.values(model, values);
        Update { model: self.model(model).id, id, set, if_version: None, require: None }
    }

    pub(super) fn update(&self, model: &str, id: Uuid, values: &[(&str, Value)]) -> Step {
        Step::Update(self.changed(model, id, values))
    }

    pub(super) fn delete(&self, model: &str, id: Uuid) -> Step {
        Step::Delete(Delete { model: self.model(model).id, id, if_version: None })
    }

    pub(super) fn restore(&self, model: &str, id: Uuid) -> Step {
        Step::Restore(Restore { model: self.model(model).id, id, if_version: None })
    }

    /// A new account.
    pub(super) async fn account(&self) -> Uuid {
        let id = self.new_id();
        let mut create = self.new_record("user", id, &[("email", text(&format!("{id}@example.org")))]);
        for field in self.model("user").declared() {
            if let Some(FieldDefault::Value(value)) = &field.default {
                create.values.push((field.id, value.clone()));
            }
        }
        self.must(Who::System, Step::Create(create)).await;
        id
    }

    /// A new room of an account.
    pub(super) async fn room(&self, owner: Uuid, name: &str) -> Uuid {
        let id = self.new_id();
        let values = [("name", text(name)), ("owner", Value::Uuid(owner))];
        self.must(Who::Account(owner), self.create("room", id, &values)).await;
        id
    }

    /// A new record made by the engine.
    pub(super) async fn made(&self, model: &str, values: &[(&str, Value)]) -> Uuid {
        let id = self.new_id();
        self.must(Who::System, self.create(model, id, values)).await;
        id
    }

    /// A condition in CEL over records of a model, for an account or nobody.
    pub(super) fn condition(&self, model: &str, source: &str, account: Option<Uuid>) -> Predicate {
        let context = Context { model: Some(self.model(model).id), usage: Use::Rule };
        let compiled = compile(source, context, &*self.application)
            .unwrap_or_else(|faults| panic!("`{source}`: {faults:?}"));
        let vars = Vars { auth_id: account, now: self.now(), ..Vars::default() };
        compiled.predicate.reduce(&Frame { vars: Some(&vars), ..Frame::default() })
    }

    /// A condition in which `auth.id` is left open.
    pub(super) fn open_condition(&self, model: &str, source: &str) -> Predicate {
        let context = Context { model: Some(self.model(model).id), usage: Use::Rule };
        let compiled = compile(source, context, &*self.application);
        compiled.unwrap_or_else(|faults| panic!("`{source}`: {faults:?}")).predicate
    }

    pub(super) async fn query(&self, query: Query) -> Page {
        self.store.query(query).await.unwrap()
    }

    /// The live record of this id.
    pub(super) async fn get(&self, model: &str, id: Uuid) -> Option<Record> {
        let page = self.query(Query::one(self.model(model).id, id)).await;
        page.rows.into_iter().next().map(|row| row.record)
    }

    /// The ids of a query's records.
    pub(super) async fn ids(&self, query: Query) -> Vec<Uuid> {
        self.query(query).await.rows.iter().map(|row| row.record.id()).collect()
    }

    /// All live records of a model, up to a thousand.
    pub(super) fn all(&self, model: &str) -> Query {
        Query::all(self.model(model).id, 1_000)
    }

    pub(super) async fn position(&self) -> Position {
        self.store.position().await.unwrap()
    }

    /// The changes behind a position, which the feed must be able to serve.
    pub(super) async fn changes_after(&self, position: Position) -> Vec<Change> {
        match self.store.changes(position, 10_000).await.unwrap() {
            Changes::Some { changes, .. } => changes,
            Changes::Reset { .. } => panic!("the feed cannot serve {position:?}"),
        }
    }

    pub(super) fn model_id(&self, name: &str) -> ModelId {
        self.model(name).id
    }
}

pub(super) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// The record of an outcome that has one.
pub(super) fn record(outcome: &Outcome) -> Record {
    match outcome {
        Outcome::Record { record, .. } => record.clone(),
        Outcome::Count(_) => panic!("the outcome is no record"),
    }
}
