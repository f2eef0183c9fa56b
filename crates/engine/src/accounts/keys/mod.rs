//! API keys: how programs show who they are, without a password and without a session.
//!
//! A key acts as its account, with the roles that the account has now, and within its scopes. It is kept as a hash and shown once.

mod grant;
pub(super) mod text;
mod uses;

pub use grant::KeyGrant;
pub(crate) use uses::KeyUses;

use super::identity::roles;
use super::session::{field, unauthenticated};
use crate::command::seen;
use crate::{Caller, Code, Done, Engine, Error, FieldError, Identity, Input, View};
use mainstay_expr::{FieldId, Frame, Predicate, Value};
use mainstay_model::{Model, base};
use mainstay_ports::{Authority, Delete, Deleted, Outcome, Query, Record, Step, Transaction};
use std::sync::Arc;
use uuid::Uuid;

/// A key that was just made.
pub struct MadeKey {
    /// What is kept of it.
    pub view: View,
    /// The key itself, which nobody can learn again.
    pub key: String,
}

/// The fields that whoever makes a key gives: those of the model of [`Engine::key_model`] but for what the engine sets.
pub const KEY_FIELDS: &[&str] = &["name", "scopes", "expires_at"];

/// What is shown of a key.
const SHOWN: [&str; 6] = ["user", "name", "prefix", "scopes", "expires_at", "last_used_at"];
/// How many keys an account may have: so many can be looked through.
const MAX_KEYS: u32 = 100;
/// How many an account may have in fact, none of which is to be hidden: one that is being made is not counted when its request was given up.
const MOST_KEYS: u32 = 10 * MAX_KEYS;

impl Engine {
    /// The model of API keys, for decoding the fields of a new one and encoding the views of others.
    pub fn key_model(&self) -> &Model {
        self.built_in("_api_key")
    }

    /// Makes an API key for the caller's account.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`] for nobody, and as [`Engine::create_key_of`].
    pub async fn create_key(&self, caller: &Caller, input: Input) -> Result<MadeKey, Error> {
        self.create_key_of(caller, account(caller)?, input).await
    }

    /// Makes an API key for any account: for the operator. `input` has [`KEY_FIELDS`].
    ///
    /// # Errors
    /// [`Code::ValidationFailed`] with what is wrong with the fields, [`Code::TooManyKeys`].
    pub async fn create_key_of(
        &self,
        caller: &Caller,
        user: Uuid,
        mut input: Input,
    ) -> Result<MadeKey, Error> {
        let model = self.key_model();
        self.check_key(&input)?;
        let _making = self.making_keys().lock().await;
        if self.keys_of(user).await?.len() >= MAX_KEYS as usize {
            return Err(Error::new(Code::TooManyKeys, format!("an account has at most {MAX_KEYS} API keys")));
        }
        let key = text::new_key()?;
        let prefix = text::prefix(&key).ok_or_else(|| Error::internal("a new key is of no form"))?;
        let set = [
            ("user", Value::Uuid(user)),
            ("prefix", Value::Text(prefix.to_owned())),
            ("hash", Value::Text(text::hash(&key))),
        ];
        input.values.extend(set.map(|(name, value)| (field(model, name), value)));
        let vars = caller.vars("auth.keys.create", self.now());
        let create = self.new_create(model, None, input, &vars)?;
        let (model, shown) = (model.id, self.shown_of_keys());
        let made = move |outcomes: &[Outcome]| {
            let view = seen(model, outcomes.first()?.clone())?;
            Some(MadeKey { view: View { selected: Some(shown.clone()), ..view }, key: key.clone() })
        };
        let kept = made.clone();
        let receipt = self.receipt(caller, move |idempotency, outcomes| {
            kept(outcomes).map(|made| idempotency.encode(&Done::Key(&made))).unwrap_or_default()
        });
        let transaction =
            Transaction::new(Authority::System, vars, &caller.request_id, vec![Step::Create(create)]);
        let committed = self.commit(Transaction { receipt, ..transaction }).await.map_err(Error::or_first)?;
        made(&committed.outcomes).ok_or_else(Error::not_found)
    }

    fn check_key(&self, input: &Input) -> Result<(), Error> {
        let model = self.key_model();
        let scopes = input.get(field(model, "scopes")).map(texts).unwrap_or_default();
        let mut errors = grant::check(self.registry(), &scopes);
        let expires_at = input.get(field(model, "expires_at")).and_then(Value::as_timestamp);
        if expires_at.is_some_and(|end| end <= self.now()) {
            errors.push(FieldError::new("expires_at", "past", "is not in the future"));
        }
        if errors.is_empty() { Ok(()) } else { Err(Error::validation(errors)) }
    }

    /// The API keys of an account, in the order in which they were made: the caller's own, or those of an account that it may delete.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`] for nobody, [`Code::NotFound`] for an account whose keys are not the caller's to see.
    pub async fn keys(&self, caller: &Caller, user: Option<Uuid>) -> Result<Vec<View>, Error> {
        let user = user.map_or_else(|| account(caller), Ok)?;
        self.require_keeper(caller, user).await?;
        Ok(self.keys_of(user).await?.into_iter().map(|record| self.key_view(record)).collect())
    }

    /// An API key, to those whom [`Engine::keys`] shows it.
    ///
    /// # Errors
    /// [`Code::NotFound`] when there is none, or it is not the caller's to see.
    pub async fn key(&self, caller: &Caller, id: Uuid) -> Result<View, Error> {
        let record = self.find("_api_key", id).await?.ok_or_else(Error::not_found)?;
        let user = record.get(field(self.key_model(), "user")).as_uuid().ok_or_else(Error::not_found)?;
        self.require_keeper(caller, user).await?;
        Ok(self.key_view(record))
    }

    /// Revokes an API key: from the commit on nobody gets in with it.
    ///
    /// # Errors
    /// As [`Engine::key`].
    pub async fn revoke_key(&self, caller: &Caller, id: Uuid) -> Result<(), Error> {
        self.key(caller, id).await?;
        self.revoke(caller, id).await
    }

    /// The API keys of any account: for the operator.
    ///
    /// # Errors
    /// What the store failed with.
    pub async fn keys_of(&self, user: Uuid) -> Result<Vec<Record>, Error> {
        let model = self.key_model();
        let of_user = Predicate::equals(field(model, "user"), Value::Uuid(user));
        let page = self.store().query(Query::all(model.id, MOST_KEYS).filtered(of_user)).await?;
        Ok(page.rows.into_iter().map(|row| row.record).collect())
    }

    /// Revokes any API key: for the operator.
    ///
    /// # Errors
    /// [`Code::NotFound`] when there is none.
    pub async fn revoke(&self, caller: &Caller, id: Uuid) -> Result<(), Error> {
        let delete = Step::Delete(Delete { model: self.key_model().id, id, if_version: None });
        let revoked = self.conclude(caller, vec![delete], |request| request.encode(&Done::Nothing)).await;
        revoked.map_err(Error::or_first)
    }

    /// Keys are kept by their account, and by those who may delete it: whoever can end all of its keys at once may as well look at
    /// them and end one.
    async fn require_keeper(&self, caller: &Caller, user: Uuid) -> Result<(), Error> {
        if account(caller)? == user {
            return Ok(());
        }
        let model = self.application().user();
        let vars = caller.vars("user.delete", self.now());
        let frame = Frame { vars: Some(&vars), ..Frame::default() };
        let rule =
            model.allow.delete.as_ref().map_or(Predicate::Const(false), |rule| rule.predicate.reduce(&frame));
        let may_read = self.rights(model, &vars, Deleted::Exclude).read;
        let query = Query::one(model.id, user).filtered(Predicate::All(vec![may_read, rule]));
        match self.store().query(query).await?.rows.is_empty() {
            true => Err(Error::not_found()),
            false => Ok(()),
        }
    }

    /// The account that a key stands for, and when the key ends.
    pub(super) async fn identify_key(&self, key: &str, now: i64) -> Result<(Identity, i64), Error> {
        text::prefix(key).ok_or_else(invalid_key)?;
        let model = self.key_model();
        let hash = Value::Text(text::hash(key));
        let record = self.find_by("_api_key", "hash", hash).await?.ok_or_else(invalid_key)?;
        let expires_at = record.get(field(model, "expires_at")).as_timestamp().unwrap_or(i64::MAX);
        if expires_at <= now {
            return Err(Error::new(Code::InvalidToken, "the API key has expired"));
        }
        let user = record.get(field(model, "user")).as_uuid().ok_or_else(invalid_key)?;
        let user = self.find("user", user).await?.ok_or_else(invalid_key)?;
        let last_used_at = record.get(field(model, "last_used_at")).as_timestamp();
        let grant = KeyGrant::new(record.id(), texts(record.get(field(model, "scopes"))), last_used_at);
        let roles = roles(self.application().user(), &user);
        Ok((Identity { user: Some(user.id()), session: None, roles, key: Some(grant) }, expires_at))
    }

    fn key_view(&self, record: Record) -> View {
        let (model, selected) = (self.key_model().id, Some(self.shown_of_keys()));
        View { model, record, hidden: Vec::new(), selected, expanded: Vec::new() }
    }

    fn shown_of_keys(&self) -> Arc<[FieldId]> {
        let model = self.key_model();
        SHOWN.map(|name| field(model, name)).into_iter().chain([base::ID, base::CREATED_AT]).collect()
    }
}

/// The caller's account. Keys are managed with a session: see [`crate::Operation::is_for_keys`].
fn account(caller: &Caller) -> Result<Uuid, Error> {
    caller.identity.as_deref().and_then(|identity| identity.user).ok_or_else(unauthenticated)
}

fn invalid_key() -> Error {
    Error::new(Code::InvalidToken, "the API key is not valid")
}

fn texts(list: &Value) -> Vec<String> {
    let Value::List(list) = list else { return Vec::new() };
    list.iter().filter_map(Value::as_text).map(str::to_owned).collect()
}
