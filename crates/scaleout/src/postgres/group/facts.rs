//! What a group knows of the database, and what it still has to ask.

use super::super::connection::{Connection, params};
use super::super::named::{Named, Strength, lock_many};
use super::super::record::read_record;
use super::super::rows::is_live;
use super::super::value::Bound;
use futures::future::{join3, try_join_all};
use mainstay_expr::{ModelId, Predicate, Value};
use mainstay_model::Application;
use mainstay_ports::{Receipt, Record, StoreError, Transaction};
use mainstay_sql::postgres::hold_live_many;
use mainstay_sql::{Postgres, Statement};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};
use tokio_postgres::{Error, Row};
use uuid::Uuid;

/// Answers that stay true until the transaction ends, but for those to rules about other records, which are of when they were asked.
#[derive(Default)]
pub(super) struct Facts {
    /// With how they are locked.
    records: HashMap<(ModelId, Uuid), (Option<Record>, Strength)>,
    live: HashMap<(ModelId, Uuid), bool>,
    answers: HashMap<u64, (Predicate, bool)>,
    hasher: RandomState,
}

/// Questions without an answer.
#[derive(Default)]
pub(super) struct Needs {
    records: Named,
    live: BTreeMap<usize, (ModelId, BTreeSet<Uuid>)>,
    questions: Vec<Predicate>,
}

impl Needs {
    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty() && self.live.is_empty() && self.questions.is_empty()
    }

    pub(super) fn record(&mut self, model: ModelId, id: Uuid, strength: Strength) {
        self.records.add(model, id, strength);
    }

    /// The records that a command names, those of its fences and receipt among them, which is else found out one after the other.
    pub(super) fn named(&mut self, transaction: &Transaction) {
        if transaction.steps.len() > 1 || !transaction.fences.is_empty() {
            self.records.extend(Named::of(transaction));
        }
        if let Some(Receipt { create, .. }) = &transaction.receipt {
            self.record(create.model, create.id, Strength::Change);
        }
    }

    pub(super) fn closed(&mut self, closed: &Predicate) {
        match is_live(closed) {
            Some((model, id)) => {
                self.live.entry(model.index()).or_insert_with(|| (model, BTreeSet::new())).1.insert(id);
            }
            None => self.questions.push(closed.clone()),
        }
    }
}

/// A question about some ids of a model.
struct OfIds {
    model: ModelId,
    ids: Vec<Uuid>,
    rows: Vec<Row>,
}

impl Facts {
    /// A record that is locked at least so.
    pub(super) fn record(&self, model: ModelId, id: Uuid, strength: Strength) -> Option<&Option<Record>> {
        let (record, locked) = self.records.get(&(model, id))?;
        (*locked >= strength).then_some(record)
    }

    /// What a closed predicate comes to, if that is known.
    pub(super) fn holds(&self, closed: &Predicate) -> Option<bool> {
        match is_live(closed) {
            Some(of) => self.live.get(&of).copied(),
            None => {
                let (known, answer) = self.answers.get(&self.hasher.hash_one(closed))?;
                (known == closed).then_some(*answer)
            }
        }
    }

    /// Asks all that is needed, in one round trip when the statements are prepared. Locks are taken in one order by all.
    pub(super) async fn ask(
        &mut self,
        connection: &Connection,
        application: &Application,
        needs: Needs,
        begin: &str,
    ) -> Result<(), StoreError> {
        let Needs { records, live, mut questions } = needs;
        // Many ask the same.
        let mut seen = BTreeSet::new();
        questions.retain(|question| seen.insert(self.hasher.hash_one(question)));
        let locked = records.sorted().map(|(model, ids, strength)| async move {
            let text = lock_many(application.model(model), strength);
            Ok((of_ids(connection, text, model, ids).await?, strength))
        });
        let live = live.into_values().map(|(model, ids)| {
            let text = hold_live_many(application.model(model));
            of_ids(connection, text, model, ids.into_iter().collect())
        });
        let asked = questions.iter().map(|question| holds(connection, application, question));
        let begun = connection.client.batch_execute(begin);
        let locks = async {
            // In this order, one after the other: they wait for others, who wait for them in the same order.
            futures::future::try_join(try_join_all(locked), try_join_all(live)).await
        };
        let (begun, locks, answers) = join3(begun, locks, try_join_all(asked)).await;
        begun.map_err(super::super::error::store_error)?;
        let (locked, live) = locks.map_err(super::super::error::store_error)?;
        let answers = answers.map_err(super::super::error::store_error)?;
        self.learn_records(application, locked)?;
        self.learn_live(live)?;
        let answers = questions.into_iter().zip(answers);
        self.answers.extend(answers.map(|(asked, answer)| (self.hasher.hash_one(&asked), (asked, answer))));
        Ok(())
    }

    fn learn_records(
        &mut self,
        application: &Application,
        found: Vec<(OfIds, Strength)>,
    ) -> Result<(), StoreError> {
        for (OfIds { model, ids, rows }, strength) in found {
            self.records.extend(ids.into_iter().map(|id| ((model, id), (None, strength))));
            for row in &rows {
                let record = read_record(application.model(model), row)?;
                self.records.insert((model, record.id()), (Some(record), strength));
            }
        }
        Ok(())
    }

    fn learn_live(&mut self, found: Vec<OfIds>) -> Result<(), StoreError> {
        for OfIds { model, ids, rows } in found {
            self.live.extend(ids.into_iter().map(|id| ((model, id), false)));
            for row in &rows {
                self.live.insert((model, super::super::record::column(row, 0)?), true);
            }
        }
        Ok(())
    }
}

async fn of_ids(
    connection: &Connection,
    text: String,
    model: ModelId,
    ids: Vec<Uuid>,
) -> Result<OfIds, Error> {
    let list = Value::List(ids.iter().copied().map(Value::Uuid).collect());
    let rows = connection.query(&text, [list]).await?;
    Ok(OfIds { model, ids, rows })
}

async fn holds(
    connection: &Connection,
    application: &Application,
    closed: &Predicate,
) -> Result<bool, Error> {
    let Statement { text, params: values } = mainstay_sql::holds(application, &Postgres, closed);
    let statement = connection.prepare(&text).await?;
    let bound: Vec<Bound<'_>> = values.iter().map(Bound).collect();
    let rows = connection.run(&statement, &params(&bound)).await?;
    rows.first().map_or(Ok(false), |row| row.try_get(0))
}
