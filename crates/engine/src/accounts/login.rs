//! Logging in.

use super::register::normalize_email;
use super::session::{field, unauthenticated};
use super::{Login, PasswordChange, Tokens};
use crate::{Caller, Code, Engine, Error};
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
        let counters = self.counters(caller, &email);
        self.require_unlocked(&counters).await?;
        let user = self.find_by("user", "email", Value::Text(email)).await?;
        let user_id = user.as_ref().map_or(Uuid::nil(), Record::id);
        let credential = self.credential(user_id).await?;
        let hash = credential.as_ref().and_then(|credential| self.hash_of(credential));
        let verified = self.passwords().verify(login.password.clone(), hash.clone()).await?;
        // Asked again: of many guesses that were sent at once, only the free ones may learn that they were right.
        self.require_unlocked(&counters).await?;
        let (Some(user), Some(credential), Some(hash), true) = (user, credential, hash, verified) else {
            self.count_failure(caller, &counters).await?;
            return Err(Error::new(Code::InvalidCredentials, "the e-mail address or the password is wrong"));
        };
        self.forgive(caller, &counters).await?;
        if self.passwords().is_outdated(&hash) {
            self.set_password(caller, &credential, login.password, Vec::new()).await?;
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
        let counters = self.counters(caller, &email);
        self.require_unlocked(&counters).await?;
        let credential = self.credential(user_id).await?;
        let hash = credential.as_ref().and_then(|credential| self.hash_of(credential));
        let verified = self.passwords().verify(change.current, hash).await?;
        self.require_unlocked(&counters).await?;
        let (Some(credential), true) = (credential, verified) else {
            self.count_failure(caller, &counters).await?;
            return Err(Error::new(Code::InvalidCredentials, "the current password is wrong"));
        };
        let mut sessions = self.sessions_of(user_id).await?;
        sessions.retain(|session| Some(*session) != identity.session);
        self.set_password(caller, &credential, change.new, sessions).await
    }

    /// Keeps a new password and ends sessions, in one transaction: no session outlives the password that it was opened with.
    async fn set_password(
        &self,
        caller: &Caller,
        credential: &Record,
        password: String,
        sessions_to_end: Vec<Uuid>,
    ) -> Result<(), Error> {
        let model = self.built_in("_credential");
        let hash = self.passwords().hash(password).await?;
        let update = Step::Update(Update {
            model: model.id,
            id: credential.id(),
            set: vec![(field(model, "hash"), Value::Text(hash))],
            if_version: None,
            require: None,
        });
        let mut steps = vec![update];
        steps.extend(sessions_to_end.into_iter().map(|session| self.end_session(session)));
        self.commit_for(caller, steps).await
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
