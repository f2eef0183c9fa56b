//! The rows as of one moment, and the indexes.

use super::Move;
use super::walk::{Difference, Row, Walk, count, id};
use crate::failure::Failure;
use mainstay_embedded::copy::Source;
use mainstay_expr::Value;
use mainstay_scaleout::postgres::OpenError;
use mainstay_scaleout::postgres::copy::Stage;
use mainstay_sql::migrate::Table;
use uuid::Uuid;

/// How much is written in one transaction: so much is lost by an interruption.
const BATCH_ROWS: usize = 5_000;
const BATCH_BYTES: usize = 8 << 20;
/// Changes of the feed that are copied at once.
pub(super) const CHANGES: u32 = 1_000;

/// Makes the target what the source is, whatever it has of it already.
pub(super) async fn fill(moving: &Move<'_>, source: &Source) -> Result<(), Failure> {
    for table in &source.schema().tables {
        moving.progress.begin(&format!("copying {}", table.name), count(moving, source, table)?);
        fill_table(moving, source, table).await?;
    }
    let end = i64::try_from(source.position().offset).unwrap_or(i64::MAX);
    append(moving, source).await?;
    moving.progress.begin("making indexes", 0);
    let indexed = async {
        moving.target.begin().await?;
        moving.target.index(source.schema()).await?;
        moving.target.note(Stage::Following(end)).await?;
        moving.target.commit().await
    };
    indexed.await.map_err(|error| moving.postgres(error))
}

async fn fill_table(moving: &Move<'_>, source: &Source, table: &Table) -> Result<(), Failure> {
    let mut walk = Walk::new(moving, source, table);
    let mut batch = Batch::default();
    while let Some(difference) = walk.next().await? {
        batch.push(difference);
        if batch.is_full() {
            batch.write(moving, table).await?;
        }
    }
    batch.write(moving, table).await
}

/// Rows to be written in one transaction.
#[derive(Default)]
struct Batch {
    gone: Vec<Uuid>,
    rows: Vec<Row>,
    bytes: usize,
}

impl Batch {
    fn push(&mut self, difference: Difference) {
        match difference {
            Difference::Surplus(id) => self.gone.push(id),
            Difference::Changed(row) => {
                self.gone.push(id(&row));
                self.push_row(row);
            }
            Difference::Missing(row) => self.push_row(row),
        }
    }

    fn push_row(&mut self, row: Row) {
        self.bytes += row.iter().map(size).sum::<usize>();
        self.rows.push(row);
    }

    fn is_full(&self) -> bool {
        self.gone.len() + self.rows.len() >= BATCH_ROWS || self.bytes >= BATCH_BYTES
    }

    async fn write(&mut self, moving: &Move<'_>, table: &Table) -> Result<(), Failure> {
        let Batch { gone, rows, .. } = std::mem::take(self);
        let target = moving.target;
        let written = async {
            target.begin().await?;
            target.remove(table, &gone).await?;
            target.add(table, &rows).await?;
            target.commit().await
        };
        written.await.map_err(|error: OpenError| moving.postgres(error))
    }
}

/// About what a value takes.
fn size(value: &Value) -> usize {
    match value {
        Value::Text(text) | Value::Json(text) => text.len() + 8,
        Value::Bytes(bytes) => bytes.len() + 8,
        _ => 16,
    }
}

/// Copies the changes that the target's feed lacks.
pub(super) async fn append(moving: &Move<'_>, source: &Source) -> Result<(), Failure> {
    let mut last = moving.target.last_change().await.map_err(|error| moving.postgres(error))?;
    loop {
        let changes = source.changes(last, CHANGES).map_err(|error| moving.sqlite(error))?;
        let Some(change) = changes.last() else { return Ok(()) };
        last = change.offset;
        moving.target.append(&changes).await.map_err(|error| moving.postgres(error))?;
    }
}
