//! Idempotency keys: a request that is sent again takes effect once, and is answered with the same bytes.
//!
//! The answer is a record of the internal model `_idempotency_key`, made by the very transaction that does what the request asks for. So
//! it is there if and only if that took effect, whatever crashes in between; and of two that race, one finds the record of the other.

use crate::accounts::KeyGrant;
use crate::seal::Seal;
use crate::{Caller, Code, Engine, Error, Identity, Lock, MadeKey, Tokens, View, Written};
use mainstay_expr::{CompareOp, FieldId, ModelId, Predicate, Value};
use mainstay_model::{Application, base};
use mainstay_ports::{
    Create, Keyring, Outcome, Position, Purge, Query, Receipt, Record, Rejection, Step, StoreError,
};
use ring::digest::{Context, SHA256, SHA256_OUTPUT_LEN};
use ring::hmac;
use std::fmt;
use std::sync::Arc;
use uuid::Uuid;

/// How long an answer is kept, in microseconds.
const KEPT_MICROS: i64 = 24 * 3_600_000_000;

/// The most bytes of an answer that are kept.
const MAX_ANSWER_BYTES: usize = 8 << 20;

/// A request that is to take effect once.
pub struct Idempotency {
    /// The id of the record with its answer.
    record: Uuid,
    /// What tells the request from others with the same key.
    digest: [u8; SHA256_OUTPUT_LEN],
    encode: Box<Encode>,
}

/// Encodes what was done as the protocol answers it. It runs on the store's thread and may be dropped there, so it must not hold an
/// [`Engine`].
pub type Encode = dyn Fn(&Done<'_>) -> Vec<u8> + Send + Sync;

/// What a request has done.
#[derive(Clone, Copy)]
pub enum Done<'a> {
    /// It wrote records. The answer has the position behind that, which is not known yet when it is made.
    Written(&'a [Written]),
    /// It wrote to as many records as match. As for those, the answer has the position.
    Count(u64),
    /// It made an account.
    Registered(&'a View),
    /// It opened or prolonged a session.
    Tokens(&'a Tokens),
    /// It made an API key.
    Key(&'a MadeKey),
    /// It took a lock, or holds it on.
    Lock(&'a Lock),
    /// Nothing that there is more to say of.
    Nothing,
}

/// An answer that was kept.
#[derive(Debug)]
pub struct Kept {
    /// What [`Encode`] made.
    pub answer: Vec<u8>,
    /// The place in the feed behind what was done, where the answer has one and it is not among the bytes.
    pub position: Option<Position>,
}

/// What answers are kept with.
pub(crate) struct Receipts {
    names: hmac::Key,
    seal: Arc<Seal>,
    model: ModelId,
    answer: FieldId,
    position: FieldId,
    expires_at: FieldId,
}

impl Idempotency {
    /// The answer to what was done.
    pub(crate) fn encode(&self, done: &Done<'_>) -> Vec<u8> {
        (self.encode)(done)
    }
}

impl fmt::Debug for Idempotency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idempotency").field("record", &self.record).finish_non_exhaustive()
    }
}

impl Receipts {
    pub(crate) fn new(keyring: &dyn Keyring, application: &Application) -> Result<Self, Error> {
        let secret = keyring.secret("idempotency-key", SHA256_OUTPUT_LEN);
        let secret = secret.map_err(|error| Error::of_secret("idempotency-key", &error))?;
        let model = application.model_named("_idempotency_key").expect("it is built in");
        let field = |name| model.field_named(name).expect("it is built in").id;
        Ok(Receipts {
            names: hmac::Key::new(hmac::HMAC_SHA256, &secret),
            seal: Arc::new(Seal::new(keyring, "idempotency-answer")?),
            model: model.id,
            answer: field("answer"),
            position: field("position"),
            expires_at: field("expires_at"),
        })
    }

    /// The id of the record for a key. Each account and each API key has its own, and all who have no account share theirs.
    fn record(&self, identity: Option<&Identity>, key: &str) -> Uuid {
        // An API key must not be shown what its account was, nor another key: their scopes may be wider.
        let api_key = identity.and_then(|identity| identity.key.as_ref()).map(KeyGrant::id);
        let principal = api_key.or_else(|| identity.and_then(|identity| identity.user));
        let principal = principal.map_or_else(|| "nobody".to_owned(), |id| id.to_string());
        let name = hmac::sign(&self.names, format!("{principal} {key}").as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&name.as_ref()[..16]);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }

    /// The answer in a record, if the request is the one that it was given to.
    fn read(&self, record: &Record, idempotency: &Idempotency) -> Result<Kept, Error> {
        let Value::Bytes(sealed) = record.get(self.answer) else {
            return Err(Error::internal("a kept answer is empty"));
        };
        let content = self.seal.open(sealed.clone(), idempotency.record.as_bytes());
        let content = content.ok_or_else(|| Error::internal("a kept answer does not open"))?;
        match content.split_at_checked(SHA256_OUTPUT_LEN) {
            Some((digest, answer)) if digest == idempotency.digest => {
                Ok(Kept { answer: answer.to_vec(), position: self.position(record)? })
            }
            _ => Err(Error::new(
                Code::IdempotencyKeyReused,
                "this `Idempotency-Key` belongs to another request: make a new key for each request",
            )),
        }
    }

    fn position(&self, record: &Record) -> Result<Option<Position>, Error> {
        let Value::Bytes(bytes) = record.get(self.position) else { return Ok(None) };
        let position = Position::from_bytes(bytes);
        position.map(Some).ok_or_else(|| Error::internal("the position of a kept answer is none"))
    }
}

impl Engine {
    /// What `key` makes of a request, which is told from others by its `parts`: its method, path, query and body.
    pub fn idempotency(
        &self,
        caller: &Caller,
        key: &str,
        parts: &[&[u8]],
        encode: Box<Encode>,
    ) -> Idempotency {
        let mut digest = Context::new(&SHA256);
        for part in parts {
            digest.update(&(part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        let mut request = [0; SHA256_OUTPUT_LEN];
        request.copy_from_slice(digest.finish().as_ref());
        Idempotency {
            record: self.receipts().record(caller.identity.as_deref(), key),
            digest: request,
            encode,
        }
    }

    /// The answer that the request was given before, if it was.
    ///
    /// # Errors
    /// [`Code::IdempotencyKeyReused`] when another request was.
    pub async fn replay(&self, idempotency: &Idempotency) -> Result<Option<Kept>, Error> {
        let receipts = self.receipts();
        let page = self.store().query(Query::one(receipts.model, idempotency.record)).await?;
        let Some(row) = page.rows.first() else { return Ok(None) };
        let now = self.now();
        if row.record.get(receipts.expires_at).as_timestamp().is_none_or(|end| end <= now) {
            self.forget_answer(idempotency, now).await?;
            return Ok(None);
        }
        receipts.read(&row.record, idempotency).map(Some)
    }

    /// Removes an answer whose time is up, since its record stands in the way of the next with the same key.
    async fn forget_answer(&self, idempotency: &Idempotency, now: i64) -> Result<(), Error> {
        let receipts = self.receipts();
        let filter = Predicate::All(vec![
            Predicate::equals(base::ID, Value::Uuid(idempotency.record)),
            Predicate::compare(receipts.expires_at, CompareOp::LessOrEqual, Value::Timestamp(now)),
        ]);
        let purge = Step::Purge(Purge { model: receipts.model, filter, limit: 1 });
        self.run_as_system("idempotency", vec![purge]).await.map(drop)
    }

    /// Whether the request was answered before, or by now: what looks like a fault is then an effect of its own.
    pub(crate) async fn is_repeated(&self, caller: &Caller) -> Result<bool, Error> {
        match &caller.idempotency {
            Some(idempotency) => Ok(self.replay(idempotency).await?.is_some()),
            None => Ok(false),
        }
    }

    /// As [`Engine::receipt`], for an answer that has the position behind the transaction.
    pub(crate) fn receipt_with_position(
        &self,
        caller: &Caller,
        answer: impl Fn(&Idempotency, &[Outcome]) -> Vec<u8> + Send + Sync + 'static,
    ) -> Option<Receipt> {
        let position_field = Some(self.receipts().position);
        self.receipt(caller, answer).map(|receipt| Receipt { position_field, ..receipt })
    }

    /// What keeps the answer to a caller's request beside what its transaction does; `None` when the caller did not ask for it.
    pub(crate) fn receipt(
        &self,
        caller: &Caller,
        answer: impl Fn(&Idempotency, &[Outcome]) -> Vec<u8> + Send + Sync + 'static,
    ) -> Option<Receipt> {
        let idempotency = caller.idempotency.clone()?;
        let receipts = self.receipts();
        let expires_at = Value::Timestamp(self.now().saturating_add(KEPT_MICROS));
        let create = Create {
            model: receipts.model,
            id: idempotency.record,
            values: vec![(receipts.expires_at, expires_at)],
            given: Vec::new(),
        };
        let seal = receipts.seal.clone();
        let answer = move |outcomes: &[Outcome]| {
            let answer = answer(&idempotency, outcomes);
            if answer.len() > MAX_ANSWER_BYTES {
                let rejection = Rejection::AnswerTooLarge { max_bytes: MAX_ANSWER_BYTES };
                return Err(StoreError::Rejected(vec![(outcomes.len(), rejection)]));
            }
            let content = [idempotency.digest.as_slice(), &answer].concat();
            let sealed = seal.seal(content, idempotency.record.as_bytes());
            sealed.map(Value::Bytes).map_err(|error| StoreError::Failed(error.to_string()))
        };
        Some(Receipt {
            create,
            answer_field: receipts.answer,
            position_field: None,
            answer: Arc::new(answer),
        })
    }
}

/// The error of a request that was answered meanwhile. Whoever sees it can replay the answer.
pub(crate) fn repeated() -> Error {
    Error::new(Code::Busy, "the same request was answered at the same time, send it again").retry_after(1)
}
