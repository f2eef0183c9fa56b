//! A SQLite in memory, used as the adapter uses its own, and what it has in common with a PostgreSQL.

use mainstay_expr::{ModelId, Value};
use mainstay_model::Application;
use mainstay_sql::migrate::{Plan, StepKind, plan};
use mainstay_sql::{Dialect, Sqlite, Statement, insert, list_to_json};
use rusqlite::{Connection, params_from_iter, types::Value as Stored};
use uuid::Uuid;

/// A database of some engine.
pub(crate) trait Engine {
    fn dialect(&self) -> &'static dyn Dialect;

    /// The rows that a statement answers, with values as SQLite stores them.
    fn rows(&self, statement: &Statement) -> Vec<Vec<Stored>>;

    fn insert(&self, app: &Application, model: ModelId, values: &[Value]) {
        let text = insert(self.dialect(), app.model(model));
        self.rows(&Statement { text, params: values.to_vec() });
    }

    /// The ids of the rows, which are their first columns.
    fn ids(&self, statement: &Statement) -> Vec<Uuid> {
        self.rows(statement).iter().map(|row| id(&row[0])).collect()
    }
}

impl Engine for Database {
    fn dialect(&self) -> &'static dyn Dialect {
        &Sqlite
    }

    fn rows(&self, statement: &Statement) -> Vec<Vec<Stored>> {
        let mut prepared = self
            .0
            .prepare_cached(&statement.text)
            .unwrap_or_else(|error| panic!("{error}: {}", statement.text));
        let width = prepared.column_count();
        let params = params_from_iter(statement.params.iter().map(stored));
        let rows =
            prepared.query_map(params, |row| (0..width).map(|place| row.get(place)).collect()).unwrap();
        rows.collect::<Result<_, _>>().unwrap_or_else(|error| panic!("{error}: {}", statement.text))
    }
}

pub(crate) struct Database(pub(crate) Connection);

impl Database {
    /// With the tables of `app`.
    pub(crate) fn new(app: &Application) -> Database {
        let database = Database(Connection::open_in_memory().unwrap());
        database.migrate(&plan(None, app, &Sqlite)).unwrap();
        database
    }

    pub(crate) fn migrate(&self, plan: &Plan) -> rusqlite::Result<()> {
        assert_eq!(plan.faults, Vec::<String>::new());
        for step in &plan.steps {
            match step.kind {
                StepKind::Change | StepKind::Concurrent | StepKind::Repeated => {
                    self.0.execute_batch(&step.sql)?;
                }
                StepKind::Check => {
                    let found = self.rows(&Statement { text: step.sql.clone(), params: Vec::new() });
                    if !found.is_empty() {
                        let detail = format!("{}: {} found", step.description, found.len());
                        return Err(rusqlite::Error::ToSqlConversionFailure(detail.into()));
                    }
                }
            }
        }
        Ok(())
    }

    /// Turns what a plan may lose into what it does.
    pub(crate) fn settle(&self, plan: &mut Plan) {
        plan.settle(|count| self.0.query_row(count, [], |row| row.get(0))).unwrap();
    }

    /// The plan of a statement, as SQLite explains it.
    pub(crate) fn explain(&self, statement: &Statement) -> String {
        let text = format!("EXPLAIN QUERY PLAN {}", statement.text);
        let rows = self.rows(&Statement { text, params: statement.params.clone() });
        let details = rows.iter().map(|row| match &row[3] {
            Stored::Text(detail) => detail.clone(),
            other => panic!("{other:?} is no plan"),
        });
        details.collect::<Vec<_>>().join("; ")
    }
}

pub(crate) fn id(stored: &Stored) -> Uuid {
    match stored {
        Stored::Blob(bytes) => Uuid::from_slice(bytes).unwrap(),
        other => panic!("{other:?} is no id"),
    }
}

pub(crate) fn stored(value: &Value) -> Stored {
    match value {
        Value::Null => Stored::Null,
        Value::Bool(value) => Stored::Integer(i64::from(*value)),
        Value::Int(number) | Value::Time(number) | Value::Timestamp(number) | Value::Duration(number) => {
            Stored::Integer(*number)
        }
        Value::Date(days) => Stored::Integer(i64::from(*days)),
        Value::Decimal(decimal) => Stored::Integer(decimal.mantissa()),
        Value::Float(number) => Stored::Real(*number),
        Value::Text(text) | Value::Json(text) => Stored::Text(text.clone()),
        Value::Uuid(id) => Stored::Blob(id.as_bytes().to_vec()),
        Value::Bytes(bytes) => Stored::Blob(bytes.clone()),
        Value::List(elements) => Stored::Text(list_to_json(elements)),
    }
}
