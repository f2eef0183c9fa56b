//! Sessions: opened by a login, kept alive by refreshing, ended by a logout.

use super::Tokens;
use super::identity::{MICROS, roles, session_end};
use super::jwt::Claims;
use super::password::{hex, random_hex};
use crate::idempotency::repeated;
use crate::{Caller, Code, Done, Engine, Error, Idempotency, View};
use mainstay_expr::{FieldId, Predicate, Value, Vars};
use mainstay_model::Model;
use mainstay_ports::{Authority, Create, Deleted, Query, Record, Step, Transaction, Update};
use uuid::Uuid;

impl Engine {
    /// Exchanges a refresh token, once, for new tokens.
    ///
    /// # Errors
    /// [`Code::InvalidToken`] when it is not ours or has ended. [`Code::TokenReused`] when it was exchanged before: somebody else has it, so the
    /// session is ended.
    pub async fn refresh(&self, caller: &Caller, refresh_token: &str) -> Result<Tokens, Error> {
        let model = self.built_in("_refresh_token");
        let hash = Value::Text(hash_token(refresh_token));
        let token = self.find_by("_refresh_token", "hash", hash).await?.ok_or_else(invalid_refresh_token)?;
        let session_id = token.get(field(model, "session")).as_uuid().ok_or_else(invalid_refresh_token)?;
        let session = self.find("_session", session_id).await?.ok_or_else(invalid_refresh_token)?;
        if session_end(self.built_in("_session"), &session).is_none_or(|end| end <= self.now()) {
            return Err(invalid_refresh_token());
        }
        if !token.get(field(model, "used_at")).is_null() {
            return self.punish_reuse(caller, session_id).await;
        }
        if token.get(field(model, "expires_at")).as_timestamp().is_none_or(|end| end <= self.now()) {
            return Err(invalid_refresh_token());
        }
        let user_id = session.get(field(self.built_in("_session"), "user")).as_uuid();
        let user = self.find("user", user_id.ok_or_else(invalid_refresh_token)?).await?;
        let user = user.ok_or_else(invalid_refresh_token)?;
        self.rotate(caller, &token, session_id, &user).await
    }

    /// Marks a refresh token as used and makes the next one. Of two requests that race with the same token one finds it used.
    async fn rotate(
        &self,
        caller: &Caller,
        token: &Record,
        session: Uuid,
        user: &Record,
    ) -> Result<Tokens, Error> {
        let model = self.built_in("_refresh_token");
        let used_at = field(model, "used_at");
        let mark = Step::Update(Update {
            model: model.id,
            id: token.id(),
            set: vec![(used_at, Value::Timestamp(self.now()))],
            if_version: None,
            require: Some(Predicate::equals(used_at, Value::Null)),
        });
        let extend = self.set_session(session, "expires_at", self.refresh_expiry());
        let (refresh_token, next) = self.new_refresh_token(session)?;
        let tokens = self.tokens(user, session, refresh_token)?;
        let kept = tokens.clone();
        let steps = vec![mark, extend, next];
        match self.conclude(caller, steps, move |request| request.encode(&Done::Tokens(&kept))).await {
            Ok(()) => Ok(tokens),
            Err(error) if is_overtaken(&error) => self.punish_reuse(caller, session).await,
            Err(error) => Err(error),
        }
    }

    async fn punish_reuse(&self, caller: &Caller, session: Uuid) -> Result<Tokens, Error> {
        if self.is_repeated(caller).await? {
            return Err(repeated());
        }
        self.commit_for(caller, vec![self.end_session(session)]).await?;
        tracing::warn!(request_id = caller.request_id, %session, "a refresh token was used twice, its session is ended");
        Err(Error::new(Code::TokenReused, "this refresh token was used before, log in again"))
    }

    /// Ends the caller's session.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`] for nobody.
    pub async fn logout(&self, caller: &Caller) -> Result<(), Error> {
        let session =
            caller.identity.as_ref().and_then(|identity| identity.session).ok_or_else(unauthenticated)?;
        let steps = vec![self.end_session(session)];
        self.conclude(caller, steps, |request| request.encode(&Done::Nothing)).await
    }

    /// The caller's account.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`] for nobody.
    pub async fn me(&self, caller: &Caller) -> Result<View, Error> {
        let user = caller.identity.as_ref().and_then(|identity| identity.user).ok_or_else(unauthenticated)?;
        self.own_view(caller, user).await
    }

    /// An account as its owner sees it, whatever the read rule says of accounts; the fields' own rules apply.
    pub(super) async fn own_view(&self, caller: &Caller, user: Uuid) -> Result<View, Error> {
        let model = self.application().user();
        let vars = Vars { auth_id: Some(user), ..self.read_vars(caller, model, "get") };
        let rights = self.rights(model, &vars, Deleted::Exclude);
        let query = Query { flags: rights.flags().into(), ..Query::one(model.id, user) };
        let row = self.store().query(query).await?.rows.into_iter().next().ok_or_else(Error::not_found)?;
        Ok(rights.view(model, row))
    }

    /// The step that ends a session.
    pub(super) fn end_session(&self, session: Uuid) -> Step {
        self.set_session(session, "revoked_at", self.now())
    }

    fn set_session(&self, session: Uuid, name: &str, at: i64) -> Step {
        let model = self.built_in("_session");
        let set = [(name, at), ("last_used_at", self.now())];
        Step::Update(Update {
            model: model.id,
            id: session,
            set: set.map(|(name, at)| (field(model, name), Value::Timestamp(at))).to_vec(),
            if_version: None,
            require: None,
        })
    }

    /// Opens a session for an account, together with another step.
    pub(super) async fn open_session(
        &self,
        caller: &Caller,
        user: &Record,
        step: Step,
    ) -> Result<Tokens, Error> {
        let model = self.built_in("_session");
        let user_agent = caller.user_agent.as_deref().map(|text| text.chars().take(300).collect::<String>());
        let session = self.create_internal(
            model,
            vec![
                ("user", Value::Uuid(user.id())),
                ("expires_at", Value::Timestamp(self.refresh_expiry())),
                ("last_used_at", Value::Timestamp(self.now())),
                ("address", optional_text(caller.address.map(|address| address.to_string()))),
                ("user_agent", optional_text(user_agent)),
            ],
        );
        let session_id = session.id;
        let (refresh_token, first) = self.new_refresh_token(session_id)?;
        let tokens = self.tokens(user, session_id, refresh_token)?;
        let kept = tokens.clone();
        let steps = vec![step, Step::Create(session), first];
        self.conclude(caller, steps, move |request| request.encode(&Done::Tokens(&kept))).await?;
        Ok(tokens)
    }

    /// A new refresh token, and the step that keeps its hash.
    fn new_refresh_token(&self, session: Uuid) -> Result<(String, Step), Error> {
        let token = random_hex()?;
        let create = self.create_internal(
            self.built_in("_refresh_token"),
            vec![
                ("session", Value::Uuid(session)),
                ("hash", Value::Text(hash_token(&token))),
                ("expires_at", Value::Timestamp(self.refresh_expiry())),
            ],
        );
        Ok((token, Step::Create(create)))
    }

    fn tokens(&self, user: &Record, session: Uuid, refresh_token: String) -> Result<Tokens, Error> {
        let expires_in = self.application().config.accounts.access_token_seconds;
        let iat = self.now() / MICROS;
        let claims = Claims {
            sub: user.id(),
            sid: session,
            roles: roles(self.application().user(), user),
            iat,
            exp: iat.saturating_add_unsigned(expires_in),
        };
        Ok(Tokens { access_token: self.signer().sign(&claims)?, expires_in, refresh_token })
    }

    fn refresh_expiry(&self) -> i64 {
        let seconds =
            i64::try_from(self.application().config.accounts.refresh_token_seconds).unwrap_or(i64::MAX);
        self.now().saturating_add(seconds.saturating_mul(MICROS))
    }

    /// A creation in an internal model.
    pub(super) fn create_internal(&self, model: &Model, values: Vec<(&str, Value)>) -> Create {
        let values = values.into_iter().map(|(name, value)| (field(model, name), value)).collect();
        Create { model: model.id, id: self.new_id(), values, given: Vec::new() }
    }

    /// The live record of a built-in model in which a unique field has this value.
    pub(super) async fn find_by(
        &self,
        model: &str,
        name: &str,
        value: Value,
    ) -> Result<Option<Record>, Error> {
        let model = self.built_in(model);
        let query = Query::all(model.id, 1).filtered(Predicate::equals(field(model, name), value));
        Ok(self.store().query(query).await?.rows.into_iter().next().map(|row| row.record))
    }

    /// Commits steps with the engine's authority on behalf of a caller, who is the actor in the feed.
    pub(super) async fn commit_for(&self, caller: &Caller, steps: Vec<Step>) -> Result<(), Error> {
        let vars = caller.vars("auth", self.now());
        self.commit_as_system(&caller.request_id, vars, steps).await.map(drop)
    }

    /// As [`Engine::commit_for`], for the transaction that does what the request asks for: its answer is kept with it, where the client
    /// asked for that.
    pub(super) async fn conclude(
        &self,
        caller: &Caller,
        steps: Vec<Step>,
        answer: impl Fn(&Idempotency) -> Vec<u8> + Send + Sync + 'static,
    ) -> Result<(), Error> {
        let receipt = self.receipt(caller, move |idempotency, _| answer(idempotency));
        let vars = caller.vars("auth", self.now());
        let transaction = Transaction::new(Authority::System, vars, &caller.request_id, steps);
        self.commit(Transaction { receipt, ..transaction }).await.map(drop)
    }

    /// The public key of access tokens as a JSON Web Key Set (RFC 7517).
    pub fn jwks(&self) -> serde_json::Value {
        self.signer().key_set()
    }
}

/// A field of a built-in model.
pub(super) fn field(model: &Model, name: &str) -> FieldId {
    model.field_named(name).expect("it is built in").id
}

pub(crate) fn unauthenticated() -> Error {
    Error::new(Code::Unauthenticated, "this needs an account: send an access token")
}

fn invalid_refresh_token() -> Error {
    Error::new(Code::InvalidToken, "the refresh token is not valid")
}

/// Whether a step was refused since its record was not as it had to be.
pub(super) fn is_overtaken(error: &Error) -> bool {
    let overtaken = |code: Code| matches!(code, Code::VersionMismatch | Code::RequirementFailed);
    error.parts.iter().any(|(_, error)| overtaken(error.code))
}

fn optional_text(text: Option<String>) -> Value {
    text.filter(|text| !text.is_empty()).map_or(Value::Null, Value::Text)
}

/// Refresh tokens are random, so a plain hash keeps them as safe as a slow one would.
fn hash_token(token: &str) -> String {
    hex(ring::digest::digest(&ring::digest::SHA256, token.as_bytes()).as_ref())
}
