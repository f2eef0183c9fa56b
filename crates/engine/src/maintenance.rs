//! What has to be tidied up as time goes by.

use crate::accounts::FORGIVEN_AFTER;
use crate::{Engine, Error, api_uses, locks};
use mainstay_expr::{CompareOp, FieldId, Predicate, Value, Vars};
use mainstay_model::{Model, base};
use mainstay_ports::{Authority, Outcome, Purge, Step, Transaction};

/// What a round of maintenance removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Maintained {
    /// Soft-deleted records whose time was up.
    pub records: u64,
    /// Sessions and refresh tokens that nobody can use any more, and forgotten login failures.
    pub sessions: u64,
    /// Answers that are no longer replayed.
    pub answers: u64,
    /// Locks that nobody has taken for long.
    pub locks: u64,
    /// Changes that left the feed.
    pub changes: u64,
}

/// How many records a purge removes in one transaction, so that other writers need not wait for long.
const PORTION: u32 = 500;
const HOUR_MICROS: i64 = 3_600_000_000;
/// How long ended sessions are remembered.
const REMEMBER_MICROS: i64 = 24 * HOUR_MICROS;

impl Engine {
    /// Removes what nobody can ask for any more. Call it every minute or so; it does little when there is little to do.
    ///
    /// # Errors
    /// What the store failed with; what was removed until then stays removed.
    pub async fn maintain(&self) -> Result<Maintained, Error> {
        let mut maintained = Maintained::default();
        self.record_uses().await?;
        let application = self.application().clone();
        for model in application.models.iter().filter(|model| model.soft_delete) {
            let before = self.now() - model.retention_micros;
            maintained.records += self.purge(model, base::DELETED_AT, before).await?;
        }
        for (model, field, kept_micros) in [
            ("_refresh_token", "expires_at", REMEMBER_MICROS),
            ("_session", "expires_at", REMEMBER_MICROS),
            // Each guess at another account makes one, so they go as soon as they say nothing any more.
            ("_attempt", "updated_at", FORGIVEN_AFTER),
        ] {
            let model = application.model_named(model).expect("it is built in");
            let field = model.field_named(field).expect("it is built in").id;
            maintained.sessions += self.purge(model, field, self.now() - kept_micros).await?;
        }
        let uses = self.built_in("_api_use");
        let last_used_at = uses.field_named("last_used_at").expect("it is built in").id;
        self.purge(uses, last_used_at, self.now() - api_uses::REMEMBERED_MICROS).await?;
        let forgotten = self.now() - locks::FORGOTTEN_AFTER;
        maintained.locks = self.purge(locks::model(&application), locks::LAST_CHANGE, forgotten).await?;
        let answers = application.model_named("_idempotency_key").expect("it is built in");
        let expires_at = answers.field_named("expires_at").expect("it is built in").id;
        maintained.answers = self.purge(answers, expires_at, self.now()).await?;
        let data = &application.config.data;
        let hours = i64::try_from(data.feed_retention_hours).unwrap_or(i64::MAX);
        let before = self.now().saturating_sub(hours.saturating_mul(HOUR_MICROS));
        let max_bytes = data.feed_retention_mib.saturating_mul(1 << 20);
        maintained.changes = self.store().trim_feed(before, max_bytes).await?;
        Ok(maintained)
    }

    /// Writes down who used which keys, and what of which version of the API. Maintenance does it too; call it before the end.
    ///
    /// # Errors
    /// What the store failed with.
    pub async fn record_uses(&self) -> Result<(), Error> {
        self.record_key_uses().await?;
        self.record_api_uses().await
    }

    /// Removes the records of a model whose `field` is before an instant.
    async fn purge(&self, model: &Model, field: FieldId, before: i64) -> Result<u64, Error> {
        let filter = Predicate::compare(field, CompareOp::Less, Value::Timestamp(before));
        let mut total = 0;
        loop {
            let step = Step::Purge(Purge { model: model.id, filter: filter.clone(), limit: PORTION });
            let removed =
                self.run_as_system("maintenance", vec![step]).await?.into_iter().map(
                    |outcome| match outcome {
                        Outcome::Count(count) => count,
                        Outcome::Record { .. } => 0,
                    },
                );
            let removed: u64 = removed.sum();
            total += removed;
            if removed < u64::from(PORTION) {
                return Ok(total);
            }
        }
    }

    /// Runs steps with the engine's own authority.
    pub(crate) async fn run_as_system(
        &self,
        request_id: &str,
        steps: Vec<Step>,
    ) -> Result<Vec<Outcome>, Error> {
        let vars = Vars { now: self.now(), operation: request_id.to_owned(), ..Vars::default() };
        self.commit_as_system(request_id, vars, steps).await
    }

    /// As [`Engine::run_as_system`], for a request of a caller: its account is the actor in the feed.
    pub(crate) async fn commit_as_system(
        &self,
        request_id: &str,
        vars: Vars,
        steps: Vec<Step>,
    ) -> Result<Vec<Outcome>, Error> {
        let transaction = Transaction::new(Authority::System, vars, request_id, steps);
        Ok(self.commit(transaction).await?.outcomes)
    }
}
