//! Many who write and read.

use crate::support::create;
use mainstay_model::Application;
use mainstay_ports::{Isolation, Query, Store, StoreError};
use mainstay_scaleout::postgres::PostgresStore;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// What those who asked were told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) done: usize,
    pub(crate) failed: BTreeMap<String, usize>,
    pub(crate) slowest: Duration,
}

impl Told {
    fn note<T>(&mut self, what: &str, started: Instant, result: Result<T, StoreError>) {
        self.slowest = self.slowest.max(started.elapsed());
        match result {
            Ok(_) => self.done += 1,
            Err(error) => *self.failed.entry(format!("{what}: {error:?}")).or_default() += 1,
        }
    }
}

/// Lets so many write and read, each one thing after the other.
pub(crate) async fn load(
    store: &Arc<PostgresStore>,
    application: &Arc<Application>,
    model: &'static str,
    clients: usize,
    time: Duration,
) -> Told {
    let until = Instant::now() + time;
    let mut tasks = tokio::task::JoinSet::new();
    for client in 0..clients {
        let (store, application) = (store.clone(), application.clone());
        tasks.spawn(async move {
            let mut told = Told::default();
            let model_id = application.model_named(model).unwrap().id;
            while Instant::now() < until {
                let (started, id) = (Instant::now(), Uuid::now_v7());
                let mut transaction = create(&application, model, id);
                if client % 2 == 0 {
                    transaction.isolation = Isolation::Serializable;
                }
                told.note("write", started, store.transact(transaction).await);
                let started = Instant::now();
                told.note("read by id", started, store.query(Query::one(model_id, id)).await);
                let started = Instant::now();
                told.note("read", started, store.query(Query::all(model_id, 2)).await);
            }
            told
        });
    }
    let mut all = Told::default();
    while let Some(told) = tasks.join_next().await {
        let told = told.unwrap();
        all.done += told.done;
        all.slowest = all.slowest.max(told.slowest);
        told.failed.into_iter().for_each(|(error, count)| *all.failed.entry(error).or_default() += count);
    }
    all
}
