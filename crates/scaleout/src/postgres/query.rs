//! Questions to the store.

use super::connection::{Connection, params};
use super::readers::Weight;
use super::record::{column, read_record};
use super::value::Bound;
use futures::future::join4;
use mainstay_expr::{ModelId, Predicate};
use mainstay_model::Application;
use mainstay_ports::{Page, Position, Query, Row, Selection, StoreError};
use mainstay_sql::{Postgres, Select, Statement};
use std::borrow::Cow;
use std::sync::Arc;
use tokio_postgres::Error;

/// A query as statements.
pub(crate) struct Asked {
    select: Arc<Select>,
    /// There when all that match are to be counted.
    count: Option<Statement>,
}

/// What a query was answered with.
pub(crate) struct Answered {
    rows: Vec<tokio_postgres::Row>,
    count: Option<tokio_postgres::Row>,
}

impl Asked {
    pub(crate) fn new(application: &Application, query: &Query) -> Self {
        let lower = || mainstay_sql::select(application, &Postgres, query);
        let select = if query.is_unbounded() { query.memo.get_or_make(lower) } else { Arc::new(lower()) };
        let count = query.count.then(|| mainstay_sql::count(application, &Postgres, query));
        Asked { select, count }
    }

    /// Asks. A page and its count are of one snapshot.
    pub(crate) async fn ask(&self, connection: &Connection, query: &Query) -> Result<Answered, Error> {
        // One more than asked for tells whether there are more.
        let values: Vec<Cow<'_, _>> = self.select.values(query, query.limit.saturating_add(1)).collect();
        let bound: Vec<Bound<'_>> = values.iter().map(|value| Bound(value)).collect();
        let select = connection.prepare(&self.select.text).await?;
        let Some(count) = &self.count else {
            return Ok(Answered { rows: connection.run(&select, &params(&bound)).await?, count: None });
        };
        let counted = connection.prepare(&count.text).await?;
        let of_count: Vec<Bound<'_>> = count.params.iter().map(Bound).collect();
        let (begin, commit) = ("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY", "COMMIT");
        // They are sent as one, so that nobody else's question gets between them.
        let (rows, counts) = (params(&bound), params(&of_count));
        let (begun, rows, counts, ended) = join4(
            connection.client.batch_execute(begin),
            connection.run(&select, &rows),
            connection.run(&counted, &counts),
            connection.client.batch_execute(commit),
        )
        .await;
        begun?;
        let (rows, counts) = (rows?, counts?);
        ended?;
        Ok(Answered { rows, count: counts.into_iter().next() })
    }

    /// What answers at once: a record by its id.
    pub(crate) fn weight(query: &Query) -> Weight {
        let by_id = matches!(&query.selection, Selection::Ids(ids) if ids.len() == 1);
        if by_id && !query.count { Weight::Short } else { Weight::Long }
    }
}

impl Answered {
    pub(crate) fn page(
        self,
        application: &Application,
        query: &Query,
        position: Position,
    ) -> Result<Page, StoreError> {
        let model = application.model(query.model);
        let flags = model.fields.len()..model.fields.len() + query.flags.len();
        let more = self.rows.len() > query.limit as usize;
        let rows = self.rows.iter().take(query.limit as usize).map(|row| {
            let flags = flags.clone().map(|place| column(row, place)).collect::<Result<_, _>>()?;
            Ok(Row { record: read_record(model, row)?, flags })
        });
        let rows = rows.collect::<Result<_, StoreError>>()?;
        let count = self.count.map(|row| column::<i64>(&row, 0).map(i64::unsigned_abs)).transpose()?;
        Ok(Page { rows, more, count, position })
    }
}

/// The models whose records a query is about or asks for.
pub(crate) fn models(query: &Query) -> Vec<ModelId> {
    let asked = std::iter::once(&*query.filter).chain(query.flags.iter()).flat_map(Predicate::asked_models);
    std::iter::once(query.model).chain(asked).collect()
}

/// Whether a closed predicate holds.
pub(crate) async fn holds(connection: &Connection, statement: &Statement) -> Result<bool, Error> {
    let rows = connection.query(&statement.text, &statement.params).await?;
    rows.first().map_or(Ok(false), |row| row.try_get(0))
}

/// The statement that [`holds`] asks.
pub(crate) fn closed(application: &Application, predicate: &Predicate) -> Statement {
    mainstay_sql::holds(application, &Postgres, predicate)
}

/// The server's time, in microseconds since 1970.
pub(crate) async fn now(connection: &Connection) -> Result<i64, Error> {
    let select = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::int8";
    let statement = connection.prepare(select).await?;
    connection.client.query_one(&statement, &[]).await?.try_get(0)
}
