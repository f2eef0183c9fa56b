//! The write path's rows, in SQLite.

use crate::answers::Answers;
use crate::deadline::Deadline;
use crate::feed::{self, End};
use crate::sqlite_error::{store_error, unique_columns};
use crate::value::{Bound, read};
use mainstay_expr::{FieldId, ModelId, Predicate, Value};
use mainstay_model::{Application, Model};
use mainstay_ports::{NewChange, Position, Record, Rows, StoreError};
use mainstay_sql::Sqlite;
use rusqlite::{Connection, Params, Row, params_from_iter};
use std::borrow::Borrow;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How long the writer looks for what a stranger's condition selects: all other writes wait meanwhile.
const SEARCH_TIME: Duration = Duration::from_secs(1);

/// The statements on one row of a model, whose texts never change.
pub(crate) struct RowStatements {
    get: String,
    insert: String,
    replace: String,
    remove: String,
}

impl RowStatements {
    /// Those of each model, in the order of the models.
    pub(crate) fn of(application: &Application) -> Vec<Self> {
        let of_model = |model: &Model| RowStatements {
            get: mainstay_sql::get(&Sqlite, model),
            insert: mainstay_sql::insert(&Sqlite, model),
            replace: mainstay_sql::replace(&Sqlite, model),
            remove: mainstay_sql::remove(&Sqlite, model),
        };
        application.models.iter().map(of_model).collect()
    }
}

/// The rows within the writer's open transaction, for one command.
pub(crate) struct SqliteRows<'a> {
    pub(crate) application: &'a Application,
    pub(crate) connection: &'a Connection,
    pub(crate) deadline: &'a Deadline,
    pub(crate) statements: &'a [RowStatements],
    pub(crate) answers: &'a mut Answers,
    /// The history that the feed is of.
    pub(crate) epoch: u64,
    /// The end of the feed, with this command's changes.
    pub(crate) end: End,
    /// Whether to set a savepoint before the first write.
    pub(crate) guarded: bool,
    /// Whether the savepoint is set.
    pub(crate) savepoint: bool,
    /// Whether anything was written.
    pub(crate) dirty: bool,
}

impl SqliteRows<'_> {
    fn model(&self, model: ModelId) -> &Model {
        self.application.model(model)
    }

    /// Has to come before each write. A command that is refused before it wrote anything needs no savepoint, and most are.
    pub(crate) fn begin_write(&mut self) -> Result<(), StoreError> {
        if self.guarded && !self.savepoint {
            self.execute("SAVEPOINT command", [])?;
            self.savepoint = true;
        }
        Ok(())
    }

    fn execute(&self, text: &str, params: impl Params) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(text).map_err(store_error)?;
        statement.execute(params).map(drop).map_err(store_error)
    }

    fn write(
        &mut self,
        model: ModelId,
        text: &str,
        record: &Record,
    ) -> Result<Result<(), Vec<FieldId>>, StoreError> {
        self.begin_write()?;
        self.answers.note_write(model);
        let mut statement = self.connection.prepare_cached(text).map_err(store_error)?;
        match statement.execute(params_from_iter(record.values.iter().map(Bound))) {
            Ok(_) => {
                self.dirty = true;
                Ok(Ok(()))
            }
            Err(error) => match violated_fields(self.model(model), &error) {
                Some(fields) => Ok(Err(fields)),
                None => Err(store_error(error)),
            },
        }
    }
}

impl Rows for SqliteRows<'_> {
    fn get(&mut self, model: ModelId, id: Uuid) -> Result<Option<Record>, StoreError> {
        let mut statement =
            self.connection.prepare_cached(&self.statements[model.index()].get).map_err(store_error)?;
        let mut rows = statement.query([id.as_bytes()]).map_err(store_error)?;
        let row = rows.next().map_err(store_error)?;
        row.map(|row| read_record(self.model(model), row)).transpose()
    }

    fn insert(&mut self, model: ModelId, record: &Record) -> Result<Result<(), Vec<FieldId>>, StoreError> {
        self.write(model, &self.statements[model.index()].insert, record)
    }

    fn replace(&mut self, model: ModelId, record: &Record) -> Result<Result<(), Vec<FieldId>>, StoreError> {
        self.write(model, &self.statements[model.index()].replace, record)
    }

    fn remove(&mut self, model: ModelId, id: Uuid) -> Result<(), StoreError> {
        self.begin_write()?;
        self.answers.note_write(model);
        self.execute(&self.statements[model.index()].remove, [id.as_bytes()])?;
        self.dirty = true;
        Ok(())
    }

    fn find(&mut self, model: ModelId, filter: &Predicate, limit: usize) -> Result<Vec<Record>, StoreError> {
        let find = mainstay_sql::find(self.application, &Sqlite, model, filter, limit);
        let model = self.model(model);
        run(self.connection, &find.text, find.params.iter(), |row| read_record(model, row))
    }

    fn search(&mut self, model: ModelId, filter: &Predicate, limit: usize) -> Result<Vec<Uuid>, StoreError> {
        let search = mainstay_sql::find_ids(self.application, &Sqlite, model, filter, limit);
        self.deadline.set(Instant::now() + SEARCH_TIME);
        let id = |row: &Row<'_>| row.get::<_, [u8; 16]>(0).map(Uuid::from_bytes).map_err(store_error);
        let found = run(self.connection, &search.text, search.params.iter(), id);
        self.deadline.clear();
        found
    }

    fn holds(&mut self, closed: &Predicate) -> Result<bool, StoreError> {
        if let Some(answer) = self.answers.get(closed) {
            return Ok(answer);
        }
        let answer = holds(self.connection, self.application, closed)?;
        self.answers.put(closed, answer);
        Ok(answer)
    }

    fn append(&mut self, change: NewChange<'_>) -> Result<(), StoreError> {
        self.begin_write()?;
        feed::append(self.connection, self.application.model(change.model), &change, &mut self.end)
    }

    fn keep(
        &mut self,
        model: ModelId,
        mut record: Record,
        position: FieldId,
    ) -> Result<Result<(), Vec<FieldId>>, StoreError> {
        let behind = Position { epoch: self.epoch, offset: self.end.offset };
        record.set(position, Value::Bytes(behind.to_bytes().to_vec()));
        self.insert(model, &record)
    }
}

/// Whether a closed predicate holds.
pub(crate) fn holds(
    connection: &Connection,
    application: &Application,
    closed: &Predicate,
) -> Result<bool, StoreError> {
    let holds = mainstay_sql::holds(application, &Sqlite, closed);
    let answers = run(connection, &holds.text, holds.params.iter(), |row| row.get(0).map_err(store_error))?;
    Ok(answers.first().copied().unwrap_or(false))
}

/// Runs a statement with these values for its placeholders, and reads each of its rows.
pub(crate) fn run<T, V: Borrow<Value>>(
    connection: &Connection,
    text: &str,
    values: impl Iterator<Item = V>,
    mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut prepared = connection.prepare_cached(text).map_err(store_error)?;
    for (index, value) in values.enumerate() {
        prepared.raw_bind_parameter(index + 1, Bound(value.borrow())).map_err(store_error)?;
    }
    let mut rows = prepared.raw_query();
    let mut answers = Vec::new();
    while let Some(row) = rows.next().map_err(store_error)? {
        answers.push(read(row)?);
    }
    Ok(answers)
}

/// The record in a row whose first columns are the model's fields.
pub(crate) fn read_record(model: &Model, row: &Row<'_>) -> Result<Record, StoreError> {
    let mut values = Vec::with_capacity(model.fields.len());
    for field in &model.fields {
        let stored = row.get_ref(field.id.index()).map_err(store_error)?;
        let value = read(&field.ty, stored).ok_or_else(|| {
            StoreError::Failed(format!("`{}.{}` holds what its type does not allow", model.name, field.name))
        })?;
        values.push(value);
    }
    Ok(Record { values })
}

/// The fields of the unique index that an error speaks of.
fn violated_fields(model: &Model, error: &rusqlite::Error) -> Option<Vec<FieldId>> {
    let columns = unique_columns(error)?;
    let field = |column: &str| Some(model.field_named(column.split_once('.')?.1)?.id);
    columns.into_iter().map(field).collect()
}
