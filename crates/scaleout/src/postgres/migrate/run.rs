//! Running the steps of a migration.

use super::obstacles;
use crate::postgres::connect::reason;
use crate::postgres::error::is_passing;
use crate::postgres::{OpenError, meta};
use mainstay_model::Application;
use mainstay_ports::{Clock, SystemClock};
use mainstay_sql::migrate::{Edit, MigrationStep, Schema, StepKind};
use std::ops::AsyncFnMut;
use std::time::Duration;
use tokio_postgres::{Client, Error, Transaction};

/// How often a step is tried that does not get its lock. Between two tries those go on who would else wait behind it.
const TRIES: u32 = 60;
/// How long to wait after the first try, and at most.
const PAUSE: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(3)];

/// A migration that is being run.
pub(super) struct Run<'a> {
    client: &'a mut Client,
    /// What is there now.
    schema: Schema,
}

impl<'a> Run<'a> {
    pub(super) fn new(client: &'a mut Client, schema: Schema) -> Self {
        Run { client, schema }
    }

    /// Takes a step, and notes it.
    pub(super) async fn take(&mut self, step: &MigrationStep) -> Result<(), OpenError> {
        let mut after = self.schema.clone();
        step.edits.iter().for_each(|edit| after.edit(edit));
        match step.kind {
            StepKind::Check => return obstacles::check(self.client, step).await,
            StepKind::Change => self.change(step, &after).await?,
            StepKind::Repeated => {
                self.repeat(step).await?;
                self.note(step, &after).await?;
            }
            StepKind::Concurrent => {
                self.run_concurrently(step).await?;
                self.note(step, &after).await?;
            }
        }
        tracing::info!(step = %step.description, "took a step of the migration");
        self.schema = after;
        Ok(())
    }

    /// Notes what the models mean now, and what was kept beside it.
    pub(super) async fn finish(self, application: &Application) -> Result<(), OpenError> {
        let schema = Schema::of(application).keeping(&self.schema);
        Ok(meta::write_schema(self.client, &schema).await?)
    }

    async fn change(&mut self, step: &MigrationStep, after: &Schema) -> Result<(), OpenError> {
        patiently(self.client, &step.description, async |client| {
            let transaction = client.transaction().await?;
            transaction.batch_execute(&step.sql).await?;
            note(&transaction, step, after).await?;
            transaction.commit().await
        })
        .await
    }

    async fn repeat(&mut self, step: &MigrationStep) -> Result<(), OpenError> {
        let mut changed = 1;
        while changed > 0 {
            patiently(self.client, &step.description, async |client| {
                changed = client.execute(&step.sql, &[]).await?;
                Ok(())
            })
            .await?;
        }
        Ok(())
    }

    /// An index is made anew when one is there: it may be half of one, or one that was made by a migration which could not note it.
    async fn run_concurrently(&mut self, step: &MigrationStep) -> Result<(), OpenError> {
        for edit in &step.edits {
            if let Edit::AddIndex { index, .. } = edit {
                let drop = format!("DROP INDEX CONCURRENTLY IF EXISTS \"{}\"", index.name);
                self.without_lock_timeout(&step.description, &drop).await?;
            }
        }
        self.without_lock_timeout(&step.description, &step.sql).await
    }

    /// It waits for transactions to end that were there before it, and nobody waits for it.
    async fn without_lock_timeout(&mut self, description: &str, sql: &str) -> Result<(), OpenError> {
        patiently(self.client, description, async |client| {
            client.batch_execute("SET lock_timeout = 0").await?;
            let done = client.batch_execute(sql).await;
            client.batch_execute("RESET lock_timeout").await?;
            done
        })
        .await
    }

    async fn note(&mut self, step: &MigrationStep, after: &Schema) -> Result<(), OpenError> {
        let transaction = self.client.transaction().await?;
        note(&transaction, step, after).await?;
        Ok(transaction.commit().await?)
    }
}

async fn note(transaction: &Transaction<'_>, step: &MigrationStep, after: &Schema) -> Result<(), Error> {
    for edit in &step.edits {
        follow(transaction, edit).await?;
    }
    let insert = r#"INSERT INTO "_mainstay_migration" ("at", "statements") VALUES ($1, $2)"#;
    transaction.execute(insert, &[&SystemClock.now_micros(), &step.sql]).await?;
    meta::write_schema(transaction, after).await
}

/// Lets the feed speak of models by their new names, and say nothing any more of what is gone. Numbers stay as they are: a model's name has
/// no dot, so that nobody takes what was dropped for a model.
async fn follow(transaction: &Transaction<'_>, edit: &Edit) -> Result<(), Error> {
    match edit {
        Edit::RenameTable { from, to } => {
            let update = r#"UPDATE "_mainstay_change" SET "model" = $2 WHERE "model" = $1"#;
            transaction.execute(update, &[from, to]).await.map(drop)
        }
        Edit::DropTable(name) => {
            let update = r#"UPDATE "_mainstay_change" SET "model" = $1 || '.dropped', "before" = NULL, "after" = NULL
                WHERE "model" = $1"#;
            transaction.execute(update, &[name]).await.map(drop)
        }
        _ => Ok(()),
    }
}

/// Does something again and again while others are in its way, who go on in between.
pub(super) async fn patiently(
    client: &mut Client,
    description: &str,
    mut step: impl AsyncFnMut(&mut Client) -> Result<(), Error>,
) -> Result<(), OpenError> {
    let [mut pause, longest] = PAUSE;
    for tried in 1.. {
        match step(client).await {
            Ok(()) => return Ok(()),
            Err(error) if tried < TRIES && error.code().is_some_and(is_passing) => {
                tracing::debug!(step = description, error = %reason(&error), "a step of the migration waits for others");
            }
            Err(error) => {
                return Err(OpenError::StepFailed {
                    description: description.to_owned(),
                    detail: reason(&error),
                });
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(longest);
    }
    Ok(())
}
