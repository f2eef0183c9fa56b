//! Records that are written by one statement.

use super::connection::{Connection, params};
use super::finish::Request;
use super::value::Bound;
use mainstay_expr::{ModelId, Value};
use mainstay_model::Application;
use mainstay_ports::Record;
use mainstay_sql::postgres::{insert_many, replace_many};
use tokio_postgres::{Error, Statement};

/// Records of one model that are all new, or are all there.
pub(crate) struct Batch {
    model: ModelId,
    is_new: bool,
    records: Vec<Record>,
}

/// The statement of a batch, with a list of values for each of its parameters.
pub(crate) struct Write {
    statement: Statement,
    values: Vec<Value>,
}

impl Batch {
    /// Adds a record to the last batch, or to a new one where it does not fit into that.
    pub(crate) fn add(batches: &mut Vec<Batch>, model: ModelId, is_new: bool, record: Record) {
        match batches.last_mut() {
            Some(last) if last.model == model && last.is_new == is_new => last.records.push(record),
            _ => batches.push(Batch { model, is_new, records: vec![record] }),
        }
    }

    pub(crate) async fn prepare(
        self,
        connection: &Connection,
        application: &Application,
    ) -> Result<Write, Error> {
        let model = application.model(self.model);
        let text = if self.is_new { insert_many(model) } else { replace_many(model) };
        let statement = connection.prepare(&text).await?;
        let mut columns: Vec<Vec<Value>> = Vec::new();
        columns.resize_with(model.fields.len(), || Vec::with_capacity(self.records.len()));
        for record in self.records {
            columns.iter_mut().zip(record.values).for_each(|(column, value)| column.push(value));
        }
        Ok(Write { statement, values: columns.into_iter().map(Value::List).collect() })
    }
}

impl Write {
    /// The request, which is sent when it is first polled.
    pub(crate) fn request<'a>(&'a self, connection: &'a Connection) -> Request<'a> {
        Box::pin(async move {
            let bound: Vec<Bound<'_>> = self.values.iter().map(Bound).collect();
            connection.client.execute(&self.statement, &params(&bound)).await.map(drop)
        })
    }
}
