//! Logging in.

use super::register::normalize_email;
use super::session::{field, unauthenticated};
use super::{Login, PasswordChange, Tokens};
use crate::idempotency::repeated;
use crate::{Caller, Code, Done, Engine, Error};
use mainstay_expr::{Predicate, Value};
use mainstay_ports::{Query, Record, Step, Update};
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
            return Err(Error::new(Code::InvalidCredentials, "the e-mail address or the password is wrong"));
        };
        self.forgive(caller, &attempt).await?;
        if self.passwords().is_outdated(&hash) {
            let step = self.set_password(&credential, login.password).await?;
            self.commit_for(caller, vec![step]).await?;
        }
        self.open_session(caller, &user).await
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
        let mut sessions = self.sessions_of(user_id).await?;
        sessions.retain(|session| Some(*session) != identity.session);
        // One transaction: no session outlives the password that it was opened with.
        let mut steps = vec![self.set_password(&credential, change.new).await?];
        steps.extend(sessions.into_iter().map(|session| self.end_session(session)));
        self.conclude(caller, steps, |request| request.encode(&Done::Nothing)).await
    }

    /// The step that keeps a new password.
    async fn set_password(&self, credential: &Record, password: String) -> Result<Step, Error> {
        let model = self.built_in("_credential");
        let hash = self.passwords().hash(password).await?;
        Ok(Step::Update(Update {
            model: model.id,
            id: credential.id(),
            set: vec![(field(model, "hash"), Value::Text(hash))],
            if_version: None,
            require: None,
        }))
    }

    async fn credential(&self, user: Uuid) -> Result<Option<Record>, Error> {
        self.find_by("_credential", "user", Value::Uuid(user)).await
    }

    fn hash_of(&self, credential: &Record) -> Option<String> {
        credential.get(field(self.built_in("_credential"), "hash")).as_text().map(str::to_owned)
    }

    async fn sessions_of(&self, user: Uuid) -> Result<Vec<Uuid>, Error> {
        let model = self.built_in("_session");
        let open = Predicate::All(vec![
            Predicate::equals(field(model, "user"), Value::Uuid(user)),
            Predicate::equals(field(model, "revoked_at"), Value::Null),
        ]);
        let page = self.store().query(Query::all(model.id, MAX_SESSIONS).filtered(open)).await?;
        Ok(page.rows.into_iter().map(|row| row.record.id()).collect())
    }
}

/// More sessions than an account can reasonably have; what is beyond ends by itself.
const MAX_SESSIONS: u32 = 10_000;
