//! A database of a private PostgreSQL, used as the adapter uses its own.

use crate::database::Engine;
use bytes::BytesMut;
use mainstay_expr::Value;
use mainstay_model::Application;
use mainstay_services::postgres::{Database, Server};
use mainstay_sql::migrate::{StepKind, plan};
use mainstay_sql::{Dialect, Postgres, Statement, list_to_json};
use rusqlite::types::Value as Stored;
use std::error::Error;
use tokio::runtime::Runtime;

use tokio_postgres::types::{IsNull, Kind, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, NoTls, Row};

pub(crate) struct PostgresDatabase {
    client: Client,
    runtime: Runtime,
    _database: Database,
}

impl PostgresDatabase {
    /// With the tables of `app`.
    pub(crate) fn new(app: &Application) -> PostgresDatabase {
        let database = Server::shared().database();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (client, connection) = runtime.block_on(tokio_postgres::connect(&database.url(), NoTls)).unwrap();
        runtime.spawn(connection);
        let database = PostgresDatabase { client, runtime, _database: database };
        // Compiling a statement takes longer than running it here.
        database.batch("SET jit = off");
        for step in plan(None, app, &Postgres).steps {
            assert_eq!(step.kind, StepKind::Change);
            database.batch(&step.sql);
        }
        database
    }

    /// Runs statements without parameters.
    pub(crate) fn batch(&self, sql: &str) {
        let done = self.runtime.block_on(self.client.batch_execute(sql));
        done.unwrap_or_else(|error| panic!("{error:?}: {sql}"));
    }

    /// Runs a statement without parameters, and answers how many rows it changed.
    pub(crate) fn execute(&self, sql: &str) -> u64 {
        let done = self.runtime.block_on(self.client.execute(sql, &[]));
        done.unwrap_or_else(|error| panic!("{error:?}: {sql}"))
    }

    /// The rows that a statement answers, or its error.
    pub(crate) fn try_rows(&self, statement: &Statement) -> Result<Vec<Vec<Stored>>, tokio_postgres::Error> {
        let params: Vec<Bound<'_>> = statement.params.iter().map(Bound).collect();
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|bound| bound as _).collect();
        let rows = self.runtime.block_on(self.client.query(&statement.text, &params))?;
        Ok(rows.iter().map(|row| (0..row.len()).map(|place| read(row, place)).collect()).collect())
    }

    /// The plan of a statement, as PostgreSQL explains it.
    pub(crate) fn explain(&self, statement: &Statement) -> String {
        let text = format!("EXPLAIN (COSTS OFF) {}", statement.text);
        let rows = self.rows(&Statement { text, params: statement.params.clone() });
        let lines = rows.iter().map(|row| match &row[0] {
            Stored::Text(line) => line.trim().to_owned(),
            other => panic!("{other:?} is no plan"),
        });
        lines.collect::<Vec<_>>().join("; ")
    }
}

impl Engine for PostgresDatabase {
    fn dialect(&self) -> &'static dyn Dialect {
        &Postgres
    }

    fn rows(&self, statement: &Statement) -> Vec<Vec<Stored>> {
        self.try_rows(statement)
            .unwrap_or_else(|error| panic!("{error:?}: {}\nwith {:?}", statement.text, statement.params))
    }
}

/// As SQLite stores the same.
fn read(row: &Row, place: usize) -> Stored {
    let integer = |value: i64| Stored::Integer(value);
    let value = match *row.columns()[place].type_() {
        Type::BOOL => row.get::<_, Option<bool>>(place).map(|value| integer(value.into())),
        Type::INT8 => row.get::<_, Option<i64>>(place).map(integer),
        Type::INT4 => row.get::<_, Option<i32>>(place).map(|value| integer(value.into())),
        Type::FLOAT8 => row.get::<_, Option<f64>>(place).map(Stored::Real),
        Type::TEXT => row.get::<_, Option<String>>(place).map(Stored::Text),
        Type::BYTEA => row.get::<_, Option<Vec<u8>>>(place).map(Stored::Blob),
        Type::UUID => row.get::<_, Option<Id>>(place).map(|id| Stored::Blob(id.0.to_vec())),
        ref other => panic!("a column of {other}"),
    };
    value.unwrap_or(Stored::Null)
}

struct Id([u8; 16]);

impl<'a> tokio_postgres::types::FromSql<'a> for Id {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Id(raw.try_into()?))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::UUID
    }
}

/// A value as the statement says that it is stored.
#[derive(Debug)]
struct Bound<'a>(&'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self.0 {
            Value::Null => Ok(IsNull::Yes),
            Value::Bool(value) => value.to_sql_checked(ty, out),
            Value::Int(number) | Value::Time(number) | Value::Timestamp(number) | Value::Duration(number) => {
                number.to_sql_checked(ty, out)
            }
            Value::Date(days) => days.to_sql_checked(ty, out),
            Value::Decimal(decimal) => decimal.mantissa().to_sql_checked(ty, out),
            Value::Float(number) => number.to_sql_checked(ty, out),
            Value::Text(text) | Value::Json(text) => text.to_sql_checked(ty, out),
            Value::Uuid(id) => {
                assert_eq!(*ty, Type::UUID);
                out.extend_from_slice(id.as_bytes());
                Ok(IsNull::No)
            }
            Value::Bytes(bytes) => bytes.to_sql_checked(ty, out),
            Value::List(elements) if matches!(ty.kind(), Kind::Array(_)) => {
                elements.iter().map(Bound).collect::<Vec<_>>().to_sql_checked(ty, out)
            }
            Value::List(elements) => list_to_json(elements).to_sql_checked(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
