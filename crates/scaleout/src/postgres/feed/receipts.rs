//! The positions of receipts, which are known when the changes have their numbers.

use super::signed;
use crate::postgres::connection::Connection;
use crate::postgres::finish::Request;
use mainstay_expr::{FieldId, ModelId};
use mainstay_model::Application;
use mainstay_ports::Position;
use std::collections::HashMap;
use tokio_postgres::{Error, Statement};
use uuid::Uuid;

/// Receipts that are written but for their positions, by the field that takes them.
#[derive(Debug, Default)]
pub(crate) struct Receipts(HashMap<(ModelId, FieldId), Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    ids: Vec<Uuid>,
    /// How many changes there are up to and with those of the receipt's transaction.
    changes: Vec<i64>,
}

/// The statement that fills in positions, prepared.
pub(crate) struct Placing<'a> {
    statement: Statement,
    waiting: &'a Waiting,
}

impl Receipts {
    pub(crate) fn push(&mut self, model: ModelId, position: FieldId, id: Uuid, changes: usize) {
        let waiting = self.0.entry((model, position)).or_default();
        waiting.ids.push(id);
        waiting.changes.push(count(changes));
    }

    /// Puts the receipts of another transaction behind these, which has so many changes before its own.
    pub(crate) fn extend(&mut self, other: Receipts, before: usize) {
        for (field, Waiting { ids, changes }) in other.0 {
            let waiting = self.0.entry(field).or_default();
            waiting.ids.extend(ids);
            waiting.changes.extend(changes.into_iter().map(|changes| changes + count(before)));
        }
    }

    pub(crate) async fn prepare(
        &self,
        connection: &Connection,
        application: &Application,
    ) -> Result<Vec<Placing<'_>>, Error> {
        let mut placings = Vec::new();
        for ((model, position), waiting) in &self.0 {
            let model = application.model(*model);
            let text = place(&model.name, &model.field(*position).name);
            placings.push(Placing { statement: connection.prepare(&text).await?, waiting });
        }
        Ok(placings)
    }
}

impl Placing<'_> {
    /// The request, which is sent when it is first polled. It comes behind the changes, of which there are so many; where there is none, the
    /// positions are the end of the feed as it is known.
    ///
    /// Others wait for the lock of the feed meanwhile, and they are not kept waiting by this: the rows are the transaction's own.
    pub(crate) fn request<'a>(
        &'a self,
        connection: &'a Connection,
        known: Position,
        changes: usize,
    ) -> Request<'a> {
        let (epoch, total) = (known.epoch.to_be_bytes(), count(changes));
        let before = (changes == 0).then_some(signed(known.offset));
        let Waiting { ids, changes } = self.waiting;
        Box::pin(async move {
            let epoch = epoch.as_slice();
            connection
                .client
                .execute(&self.statement, &[&epoch, &before, &total, ids, changes])
                .await
                .map(drop)
        })
    }
}

/// Positions are stored as `Position::to_bytes` has them. What the session drew last from the sequence is the number of the last change.
fn place(model: &str, position: &str) -> String {
    format!(
        r#"UPDATE "{model}" AS r SET "{position}" = $1::bytea
            || int8send(coalesce($2::int8, currval('"_mainstay_change_offset"') - $3::int8) + k."changes")
        FROM unnest($4::uuid[], $5::int8[]) AS k("id", "changes") WHERE r."id" = k."id""#
    )
}

fn count(changes: usize) -> i64 {
    i64::try_from(changes).unwrap_or(i64::MAX)
}
