//! The write path's rows, in a transaction of its own: a round trip for each question.

use super::batch::{Batch, Write};
use super::connection::{Connection, params};
use super::error::{UniqueKeys, store_error};
use super::feed::{NewChanges, Receipts};
use super::finish::{Finish, Finished};
use super::group::UniqueKey;
use super::held::{Held, MANY};
use super::measures::Measures;
use super::named::{Named, Strength, lock_many};
use super::record::{column, read_record};
use super::session::WRITE_TIMEOUT;
use super::value::Bound;
use futures::future::join3;
use mainstay_expr::{FieldId, Link, ModelId, Operand, Predicate, Value};
use mainstay_model::{Application, Model, base};
use mainstay_ports::{NewChange, Position, Record, Rows, StoreError, Transaction};
use mainstay_sql::postgres::{RowLock, get_locked, require_live};
use mainstay_sql::{Postgres, Statement};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio_postgres::{Error, Row};
use uuid::Uuid;

/// The statements on one row of a model, whose texts never change.
pub(crate) struct RowStatements {
    get_for_change: String,
    get_for_deletion: String,
    insert: String,
    replace: String,
    remove: String,
    hold: String,
    require_live: String,
}

impl RowStatements {
    /// Those of each model, in the order of the models.
    pub(crate) fn of(application: &Application) -> Vec<Self> {
        let of_model = |model: &Model| RowStatements {
            get_for_change: get_locked(model, RowLock::NoKeyUpdate),
            get_for_deletion: get_locked(model, RowLock::Update),
            insert: mainstay_sql::insert(&Postgres, model),
            replace: mainstay_sql::replace(&Postgres, model),
            remove: mainstay_sql::remove(&Postgres, model),
            hold: format!("{} FOR SHARE", mainstay_sql::get(&Postgres, model)),
            require_live: require_live(model),
        };
        application.models.iter().map(of_model).collect()
    }
}

/// What all transactions share.
pub(crate) struct Shared {
    pub(crate) statements: Vec<RowStatements>,
    pub(crate) unique_keys: UniqueKeys,
    /// What is unique beside ids, of each model, for groups.
    pub(crate) group_keys: Vec<Vec<UniqueKey>>,
    /// How long the condition of a stranger may be looked for.
    pub(crate) search_time: Duration,
}

/// The rows within an open transaction. It is used on a thread that may block.
pub(crate) struct PostgresRows<'a> {
    pub(crate) application: &'a Application,
    pub(crate) connection: &'a Connection,
    pub(crate) runtime: Handle,
    pub(crate) shared: &'a Shared,
    pub(crate) measures: &'a Measures,
    /// How rows are locked that are read by their id.
    pub(crate) lock: RowLock,
    /// Records that are locked, and writes that are not sent yet.
    pub(crate) held: Held,
    pub(crate) changes: NewChanges,
    pub(crate) receipts: Receipts,
}

impl PostgresRows<'_> {
    fn model(&self, model: ModelId) -> &Model {
        self.application.model(model)
    }

    fn statements(&self, model: ModelId) -> &RowStatements {
        &self.shared.statements[model.index()]
    }

    fn wait<T>(&self, answer: impl Future<Output = Result<T, Error>>) -> Result<T, StoreError> {
        self.measures.round_trips.increment();
        self.runtime.block_on(answer).map_err(store_error)
    }

    fn query(&self, text: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.wait(self.connection.query(text, values))
    }

    fn one(&self, model: ModelId, text: &str, id: Uuid) -> Result<Option<Record>, StoreError> {
        let rows = self.query(text, &[Value::Uuid(id)])?;
        rows.first().map(|row| read_record(self.model(model), row)).transpose()
    }

    /// Locks and reads the records that the steps name, in one order for all transactions, so that two that name the same ones in another
    /// order do not wait for each other.
    pub(crate) fn hold_named(&mut self, transaction: &Transaction) -> Result<(), StoreError> {
        let named = Named::of(transaction);
        if named.count() < 2 {
            return Ok(());
        }
        for (model, ids, strength) in named.sorted() {
            let text = lock_many(self.model(model), strength);
            let list = ids.iter().map(|id| Value::Uuid(*id)).collect();
            let rows = self.query(&text, &[Value::List(list)])?;
            ids.into_iter().for_each(|id| self.held.put_named(model, id, None));
            for row in &rows {
                let record = read_record(self.application.model(model), row)?;
                self.held.put_named(model, record.id(), Some(record));
            }
        }
        Ok(())
    }

    /// Reads and locks records together that a search has found, before each of them is asked for.
    fn read_ahead(&mut self, model: ModelId, ids: Vec<Uuid>) -> Result<(), StoreError> {
        let strength = if self.lock == RowLock::Update { Strength::Deletion } else { Strength::Change };
        let text = lock_many(self.model(model), strength);
        let rows = self.query(&text, &[Value::List(ids.into_iter().map(Value::Uuid).collect())])?;
        for row in &rows {
            let record = read_record(self.application.model(model), row)?;
            self.held.put(model, record.id(), Some(record));
        }
        Ok(())
    }

    /// Sends the writes that wait, before a question that they could have a part in.
    fn send_writes(&mut self) -> Result<(), StoreError> {
        for batch in self.held.take_unsent() {
            self.wait(async {
                let write = batch.prepare(self.connection, self.application).await?;
                write.request(self.connection).await
            })?;
        }
        Ok(())
    }

    /// Whether nothing can stand against replacing a record that is locked: it takes no unique value that it does not have already.
    fn is_free(&self, model: ModelId, old: &Record, new: &Record) -> bool {
        let is_same = |field: &FieldId| old.get(*field) == new.get(*field);
        let keys = &self.shared.group_keys[model.index()];
        let comes_back = old.deleted_at().is_some() && new.deleted_at().is_none();
        keys.is_empty() || !comes_back && keys.iter().all(|key| key.fields.iter().all(is_same))
    }

    /// Runs a write within a savepoint, so that the transaction goes on behind one that is refused.
    fn write(
        &mut self,
        model: ModelId,
        text: &str,
        record: &Record,
    ) -> Result<Result<(), Vec<FieldId>>, StoreError> {
        self.send_writes()?;
        let written = self.wait(async {
            let statement = self.connection.prepare(text).await?;
            let bound: Vec<Bound<'_>> = record.values.iter().map(Bound).collect();
            let (client, values) = (&self.connection.client, params(&bound));
            let (set, written, released) = join3(
                client.batch_execute("SAVEPOINT step"),
                client.execute(&statement, &values),
                client.batch_execute("RELEASE step"),
            )
            .await;
            set?;
            // What fails behind a failure fails because of it.
            Ok(written.and(released))
        })?;
        let Err(error) = written else {
            self.held.put(model, record.id(), Some(record.clone()));
            return Ok(Ok(()));
        };
        let Some(fields) = self.shared.unique_keys.violated(self.model(model), &error) else {
            return Err(store_error(error));
        };
        self.wait(self.connection.client.batch_execute("ROLLBACK TO step; RELEASE step"))?;
        Ok(Err(fields))
    }

    /// Sends the writes that wait, numbers the changes and appends them, if there are any, and commits. `known` is where the feed ends, as far as is known.
    pub(crate) async fn commit(&mut self, known: Position) -> Finished {
        self.measures.round_trips.increment();
        let unsent = self.held.take_unsent();
        let (writes, finish) = match self.prepare_commit(unsent).await {
            Ok(prepared) => prepared,
            Err(error) => return Finished::RolledBack(error),
        };
        let requests = writes.iter().map(|write| write.request(self.connection)).collect();
        finish.run(self.connection, requests, &self.changes, known).await
    }

    async fn prepare_commit(&self, unsent: Vec<Batch>) -> Result<(Vec<Write>, Finish<'_>), Error> {
        let mut writes = Vec::new();
        for batch in unsent {
            writes.push(batch.prepare(self.connection, self.application).await?);
        }
        let finish = Finish::prepare(self.connection, self.application, &self.receipts).await?;
        Ok((writes, finish))
    }
}

impl Rows for PostgresRows<'_> {
    fn get(&mut self, model: ModelId, id: Uuid) -> Result<Option<Record>, StoreError> {
        if let Some(held) = self.held.get(model, id) {
            return Ok(held.cloned());
        }
        let ahead = self.held.ahead(model, id);
        if !ahead.is_empty() {
            self.read_ahead(model, ahead)?;
            return Ok(self.held.get(model, id).flatten().cloned());
        }
        let statements = self.statements(model);
        let text = match self.lock {
            RowLock::Update => &statements.get_for_deletion,
            _ => &statements.get_for_change,
        };
        let record = self.one(model, text, id)?;
        self.held.put(model, id, record.clone());
        Ok(record)
    }

    fn hold(&mut self, model: ModelId, id: Uuid) -> Result<Option<Record>, StoreError> {
        if let Some(held) = self.held.get(model, id) {
            return Ok(held.cloned());
        }
        self.one(model, &self.statements(model).hold, id)
    }

    fn insert(&mut self, model: ModelId, record: &Record) -> Result<Result<(), Vec<FieldId>>, StoreError> {
        let shared = self.shared;
        let was_absent = matches!(self.held.get(model, record.id()), Some(None));
        match self.write(model, &shared.statements[model.index()].insert, record)? {
            // Another one made it since this transaction looked, so what this step means has to be decided anew.
            Err(fields) if was_absent && fields.as_slice() == [base::ID] => Err(StoreError::Busy),
            written => Ok(written),
        }
    }

    fn replace(&mut self, model: ModelId, record: &Record) -> Result<Result<(), Vec<FieldId>>, StoreError> {
        if let Some(Some(old)) = self.held.get(model, record.id())
            && self.is_free(model, old, record)
        {
            let are_many = self.held.send_later(model, record);
            return if are_many { self.send_writes().map(Ok) } else { Ok(Ok(())) };
        }
        let shared = self.shared;
        self.write(model, &shared.statements[model.index()].replace, record)
    }

    fn remove(&mut self, model: ModelId, id: Uuid) -> Result<(), StoreError> {
        self.send_writes()?;
        self.held.put(model, id, None);
        self.query(&self.statements(model).remove, &[Value::Uuid(id)]).map(drop)
    }

    /// What is found is written next, so that it is locked: else another's change between the two would be lost.
    fn find(&mut self, model: ModelId, filter: &Predicate, limit: usize) -> Result<Vec<Record>, StoreError> {
        self.send_writes()?;
        let find = locked(mainstay_sql::find(self.application, &Postgres, model, filter, limit));
        let rows = self.query(&find.text, &find.params)?;
        let records: Vec<Record> =
            rows.iter().map(|row| read_record(self.model(model), row)).collect::<Result<_, _>>()?;
        records.iter().take(MANY).for_each(|record| self.held.put(model, record.id(), Some(record.clone())));
        Ok(records)
    }

    fn search(&mut self, model: ModelId, filter: &Predicate, limit: usize) -> Result<Vec<Uuid>, StoreError> {
        self.send_writes()?;
        let search = locked(mainstay_sql::find_ids(self.application, &Postgres, model, filter, limit));
        let deadline = format!("SET LOCAL statement_timeout = {}", self.shared.search_time.as_millis());
        let usual = format!("SET LOCAL statement_timeout = {}", WRITE_TIMEOUT.as_millis());
        let rows = self.wait(async {
            let statement = self.connection.prepare(&search.text).await?;
            let bound: Vec<Bound<'_>> = search.params.iter().map(Bound).collect();
            let (client, values) = (&self.connection.client, params(&bound));
            let (set, found, reset) = join3(
                client.batch_execute(&deadline),
                client.query(&statement, &values),
                client.batch_execute(&usual),
            )
            .await;
            set?;
            let found = found?;
            reset.map(|()| found)
        })?;
        let ids: Vec<Uuid> = rows.iter().map(|row| column(row, 0)).collect::<Result<_, _>>()?;
        self.held.expect(model, ids.clone());
        Ok(ids)
    }

    fn holds(&mut self, closed: &Predicate) -> Result<bool, StoreError> {
        self.send_writes()?;
        if let Some((model, id)) = is_live(closed) {
            // It must stay so until the commit, or the ref would point nowhere.
            return Ok(!self.query(&self.statements(model).require_live, &[Value::Uuid(id)])?.is_empty());
        }
        let Statement { text, params } = mainstay_sql::holds(self.application, &Postgres, closed);
        let rows = self.query(&text, &params)?;
        rows.first().map_or(Ok(false), |row| column(row, 0))
    }

    fn append(&mut self, change: NewChange<'_>) -> Result<(), StoreError> {
        let model = self.application.model(change.model);
        self.changes.push(model, &change);
        Ok(())
    }

    fn keep(
        &mut self,
        model: ModelId,
        record: Record,
        position: FieldId,
    ) -> Result<Result<(), Vec<FieldId>>, StoreError> {
        self.receipts.push(model, position, record.id(), self.changes.len());
        self.insert(model, &record)
    }
}

fn locked(statement: Statement) -> Statement {
    Statement { text: format!("{} FOR UPDATE OF r", statement.text), ..statement }
}

/// The record of which a closed predicate asks whether it is live, if that is all that it asks.
pub(crate) fn is_live(closed: &Predicate) -> Option<(ModelId, Uuid)> {
    match closed {
        Predicate::Exists { model, link: Link::To(Operand::Value(Value::Uuid(id))), filter, .. } => {
            (**filter == Predicate::Const(true)).then_some((*model, *id))
        }
        _ => None,
    }
}
