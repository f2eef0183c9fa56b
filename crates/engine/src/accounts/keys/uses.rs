//! When keys were used last.
//!
//! A request only notes that it used a key, in memory and once a minute; maintenance writes that down. What was noted and not yet written when
//! the program is killed is lost, which is why `last_used_at` is to the minute or two.

use super::KeyGrant;
use crate::accounts::session::field;
use crate::{Code, Engine, Error, Identity};
use futures::future::join_all;
use mainstay_expr::Value;
use mainstay_ports::{Step, Update};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use uuid::Uuid;

/// The uses that are not written yet: the time by the key's id. There are no more of them than keys.
#[derive(Default)]
pub(crate) struct KeyUses {
    noted: Mutex<HashMap<Uuid, i64>>,
}

/// How many are written at once.
const PORTION: usize = 100;

impl KeyUses {
    fn note(&self, key: Uuid, at: i64) {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).insert(key, at);
    }

    fn take(&self) -> Vec<(Uuid, i64)> {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *noted).into_iter().collect()
    }
}

impl Engine {
    /// Notes that a key was used, if it was one.
    pub(in crate::accounts) fn note_use(&self, identity: &Identity, now: i64) {
        if let Some(key) = identity.key.as_ref().filter(|key| key.is_to_be_noted(now)) {
            self.key_uses().note(KeyGrant::id(key), now);
        }
    }

    /// Writes down which keys were used.
    ///
    /// # Errors
    /// What the store failed with.
    pub(crate) async fn record_key_uses(&self) -> Result<(), Error> {
        for portion in self.key_uses().take().chunks(PORTION) {
            let writes = portion.iter().map(|(key, at)| self.record_key_use(*key, *at));
            join_all(writes).await.into_iter().collect::<Result<(), Error>>()?;
        }
        Ok(())
    }

    async fn record_key_use(&self, key: Uuid, at: i64) -> Result<(), Error> {
        let model = self.built_in("_api_key");
        let set = vec![(field(model, "last_used_at"), Value::Timestamp(at))];
        let update = Update { model: model.id, id: key, set, if_version: None, require: None };
        match self.run_as_system("maintenance", vec![Step::Update(update)]).await {
            // It was revoked meanwhile.
            Err(error) if error.code == Code::BatchFailed => Ok(()),
            result => result.map(drop),
        }
    }
}
