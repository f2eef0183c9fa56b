//! Logging in.

use super::register::normalize_email;
use super::session::{field, is_overtaken, unauthenticated};
use super::{Login, PasswordChange, Tokens};
use crate::idempotency::repeated;
use crate::{Caller, Code, Done, Engine, Error};
use mainstay_expr::{Predicate, Value};
use mainstay_model::base;
use mainstay_ports::{Record, Step, Update, UpdateMany};
use uuid::Uuid;

impl Engine {
    /// Opens a session for whoever knows an account's password.
    ///
    /// # Errors
    /// [`Code::InvalidCredentials`], in the same words and the same time whether the account is missing or the password wrong.
    /// [`Code::TooManyFailures`] after too many of those. [`Code::Busy`] when too many logins wait.
    pub async fn login(&self, caller: &Caller, login: Login) -> Result<Tokens, Error> {
        let email = normalize_email(&login.email);
        let attempt = self.attempt(caller, &email).await?;
        let user = self.find_by("user", "email", Value::Text(email)).await?;
        let user_id = user.as_ref().map_or(Uuid::nil(), Record::id);
        let credential = self.credential(user_id).await?;
        let hash = credential.as_ref().and_then(|credential| self.hash_of(credential));
        let verified = self.passwords().verify(login.password.clone(), hash.clone()).await?;
        let (Some(user), Some(credential), Some(hash), true) = (user, credential, hash, verified) else {
            self.count_failure(caller, &attempt).await?;
            return Err(invalid_credentials());
        };
        self.forgive(caller, &attempt).await?;
        // A password that was changed since it was looked up opens nothing any more, and does not come back.
        let is_current = match self.passwords().is_outdated(&hash) {
            true => self.set_password(&credential, login.password).await?,
            false => self.set_hash(&credential, None),
        };
        self.open_session(caller, &user, is_current).await.map_err(|error| match is_overtaken(&error) {
            true => invalid_credentials(),
            false => error,
        })
    }

    /// Changes the caller's password, and ends the account's other sessions.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`] for nobody, [`Code::InvalidCredentials`] when the present password is wrong, and what is wrong with
    /// the new one.
    pub async fn change_password(&self, caller: &Caller, change: PasswordChange) -> Result<(), Error> {
        let identity = caller.identity.as_deref().ok_or_else(unauthenticated)?;
        let user_id = identity.user.ok_or_else(unauthenticated)?;
        let user = self.find("user", user_id).await?.ok_or_else(unauthenticated)?;
        let email =
            user.get(field(self.application().user(), "email")).as_text().unwrap_or_default().to_owned();
        self.require_strong("new_password", &change.new, &email)?;
        let attempt = self.attempt(caller, &email).await?;
        let credential = self.credential(user_id).await?;
        let hash = credential.as_ref().and_then(|credential| self.hash_of(credential));
        let verified = self.passwords().verify(change.current, hash).await?;
        let (Some(credential), true) = (credential, verified) else {
            if self.is_repeated(caller).await? {
                return Err(repeated());
            }
            self.count_failure(caller, &attempt).await?;
            return Err(Error::new(Code::InvalidCredentials, "the current password is wrong"));
        };
        // One transaction, which also finds the sessions: none outlives the password that it was opened with.
        let steps = vec![
            self.set_password(&credential, change.new).await?,
            self.end_other_sessions(user_id, identity.session),
        ];
        let changed = self.conclude(caller, steps, |request| request.encode(&Done::Nothing)).await;
        changed.map_err(|error| match is_overtaken(&error) {
            true => Error::new(Code::InvalidCredentials, "the password was changed meanwhile"),
            false => error,
        })
    }

    /// The step that keeps a new password.
    async fn set_password(&self, credential: &Record, password: String) -> Result<Step, Error> {
        let hash = self.passwords().hash(password).await?;
        Ok(self.set_hash(credential, Some(hash)))
    }

    /// The step that keeps a new hash, or sees that there is none, where the credential is still as it was looked up.
    fn set_hash(&self, credential: &Record, hash: Option<String>) -> Step {
        let model = self.built_in("_credential");
        let set = hash.map(|hash| (field(model, "hash"), Value::Text(hash)));
        Step::Update(Update {
            model: model.id,
            id: credential.id(),
            set: set.into_iter().collect(),
            if_version: Some(credential.version()),
            require: None,
        })
    }

    async fn credential(&self, user: Uuid) -> Result<Option<Record>, Error> {
        self.find_by("_credential", "user", Value::Uuid(user)).await
    }

    fn hash_of(&self, credential: &Record) -> Option<String> {
        credential.get(field(self.built_in("_credential"), "hash")).as_text().map(str::to_owned)
    }

    /// The step that ends the sessions of an account but for one.
    fn end_other_sessions(&self, user: Uuid, but: Option<Uuid>) -> Step {
        let model = self.built_in("_session");
        let mut filter = vec![
            Predicate::equals(field(model, "user"), Value::Uuid(user)),
            Predicate::equals(field(model, "revoked_at"), Value::Null),
        ];
        filter.extend(but.map(|id| Predicate::Not(Box::new(Predicate::equals(base::ID, Value::Uuid(id))))));
        let ended_at =
            ["revoked_at", "last_used_at"].map(|name| (field(model, name), Value::Timestamp(self.now())));
        Step::UpdateMany(UpdateMany {
            model: model.id,
            filter: Predicate::All(filter),
            set: ended_at.to_vec(),
            merge: Vec::new(),
            max_document_bytes: 0,
            limit: MAX_SESSIONS,
        })
    }
}

fn invalid_credentials() -> Error {
    Error::new(Code::InvalidCredentials, "the e-mail address or the password is wrong")
}

/// More sessions than an account can reasonably have.
const MAX_SESSIONS: u32 = 100_000;
