//! From an access token or an API key to an account.
//!
//! A signature is checked once a token and not once a request, and a key looked up once: what it came to is remembered until the token
//! ends, its session is ended, its key revoked, or its account changes. What other nodes do to them is heard in [`super::follow`].

use super::concern::{Concern, Concerns};
use super::follow::Heard;
use super::jwt::{Claims, invalid_token};
use super::keys::KeyGrant;
use super::keys::text::is_key;
use crate::{Engine, Error, Identity};
use mainstay_expr::{ModelId, Value};
use mainstay_model::{Application, Model};
use mainstay_ports::{Outcome, Query, Record, Step};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use uuid::Uuid;

/// The accounts behind the tokens that were seen lately.
pub(crate) struct Identities {
    remembered: RwLock<Remembered>,
    concerns: Concerns,
    /// Whether other nodes can end them.
    is_shared: bool,
    /// When this node has last heard what others ended.
    pub(super) heard: Heard,
}

#[derive(Default)]
struct Remembered {
    by_end: HashMap<End, Entry>,
    /// Counts what was forgotten. What was looked up before a change must not be remembered after it.
    generation: u64,
}

struct Entry {
    token: String,
    identity: Arc<Identity>,
    expires_at: i64,
}

/// The end of a token or a key: of the signature, or of the secret. Either is random, so that nothing is won by hashing all of a long token.
type End = [u8; 32];

const CAPACITY: usize = 20_000;

/// `None` of a text that is too short to be a token of ours.
fn end_of(token: &str) -> Option<&End> {
    token.as_bytes().last_chunk()
}

impl Identities {
    pub(crate) fn new(application: &Application, is_shared: bool) -> Self {
        let concerns = Concerns::new(application);
        Identities { remembered: RwLock::default(), concerns, is_shared, heard: Heard::new() }
    }

    fn get(&self, token: &str, now: i64) -> Option<Arc<Identity>> {
        if self.is_shared && !self.heard.is_recent() {
            return None;
        }
        let remembered = self.remembered.read().unwrap_or_else(PoisonError::into_inner);
        let entry = remembered.by_end.get(end_of(token)?);
        entry
            .filter(|entry| entry.token == token && entry.expires_at > now)
            .map(|entry| entry.identity.clone())
    }

    fn generation(&self) -> u64 {
        self.remembered.read().unwrap_or_else(PoisonError::into_inner).generation
    }

    fn remember(&self, entry: Entry, generation: u64, now: i64) {
        let Some(end) = end_of(&entry.token).copied() else { return };
        let mut remembered = self.remembered.write().unwrap_or_else(PoisonError::into_inner);
        if remembered.generation != generation {
            return;
        }
        if remembered.by_end.len() >= CAPACITY {
            remembered.by_end.retain(|_, entry| entry.expires_at > now);
        }
        if remembered.by_end.len() >= CAPACITY {
            remembered.by_end.clear();
        }
        remembered.by_end.insert(end, entry);
    }

    fn forget(&self, concerned: impl Fn(&Identity) -> bool) {
        let mut remembered = self.remembered.write().unwrap_or_else(PoisonError::into_inner);
        remembered.generation += 1;
        remembered.by_end.retain(|_, entry| !concerned(&entry.identity));
    }

    /// Forgets everything, where nobody knows what changed.
    pub(crate) fn forget_all(&self) {
        self.forget(|_| true);
    }

    /// Forgets an account.
    pub(crate) fn forget_account(&self, user: Uuid) {
        self.forget(|identity| identity.user == Some(user));
    }

    /// What the steps of a transaction can come to for what is remembered; `None` for nothing, as of nearly all.
    pub(crate) fn concern(&self, steps: &[Step]) -> Option<Vec<Concern>> {
        let is_concerned = steps.iter().any(|step| self.concerns.of(step) != Concern::Nothing);
        is_concerned.then(|| steps.iter().map(|step| self.concerns.of(step)).collect())
    }

    /// Forgets the accounts, sessions and keys that a transaction changed.
    pub(crate) fn forget_changed(
        &self,
        application: &Application,
        outcomes: &[Outcome],
        models: &[ModelId],
        concerns: &[Concern],
    ) {
        for ((outcome, model), concern) in outcomes.iter().zip(models).zip(concerns) {
            match (concern, outcome) {
                (Concern::Nothing, _)
                | (_, Outcome::Count(0))
                | (Concern::Named, Outcome::Record { created: true, .. }) => {}
                (Concern::Named, Outcome::Record { record, .. }) => {
                    self.forget_record(&application.model(*model).name, record.id());
                }
                (Concern::Any, _) | (Concern::Named, Outcome::Count(_)) => self.forget_all(),
            }
        }
    }

    /// The models of whose records identities are made: a change of one can end an identity, or make it another.
    pub(super) fn made_of(&self) -> &[ModelId] {
        self.concerns.remembered()
    }

    pub(super) fn forget_record(&self, model: &str, id: Uuid) {
        match model {
            "user" => self.forget_account(id),
            "_session" => self.forget(|identity| identity.session == Some(id)),
            _ => self.forget(|identity| identity.key.as_ref().map(KeyGrant::id) == Some(id)),
        }
    }
}

impl Engine {
    /// The account that an access token or an API key stands for.
    ///
    /// # Errors
    /// [`crate::Code::InvalidToken`] when it is not ours, has ended, or its session or account has.
    pub async fn authenticate(&self, access_token: &str) -> Result<Arc<Identity>, Error> {
        let now = self.now();
        if let Some(identity) = self.identities().get(access_token, now) {
            self.measures().tokens_remembered.increment();
            self.note_use(&identity, now);
            return Ok(identity);
        }
        self.measures().tokens_checked.increment();
        let generation = self.identities().generation();
        let (identity, expires_at) = match is_key(access_token) {
            true => self.identify_key(access_token, now).await?,
            false => self.identify(&self.signer().verify(access_token, now / MICROS)?, now).await?,
        };
        let identity = Arc::new(identity);
        self.note_use(&identity, now);
        let entry = Entry { token: access_token.to_owned(), identity: identity.clone(), expires_at };
        self.identities().remember(entry, generation, now);
        Ok(identity)
    }

    async fn identify(&self, claims: &Claims, now: i64) -> Result<(Identity, i64), Error> {
        let session = self.find("_session", claims.sid).await?.ok_or_else(invalid_token)?;
        let session_ends_at = session_end(self.built_in("_session"), &session).filter(|end| *end > now);
        let session_ends_at = session_ends_at.ok_or_else(invalid_token)?;
        let user = self.find("user", claims.sub).await?.ok_or_else(invalid_token)?;
        let roles = roles(self.application().user(), &user);
        let identity = Identity { user: Some(claims.sub), session: Some(claims.sid), roles, key: None };
        Ok((identity, session_ends_at.min(claims.exp.saturating_mul(MICROS))))
    }

    /// A live record of a built-in model, with the engine's authority.
    pub(crate) async fn find(&self, model: &str, id: Uuid) -> Result<Option<Record>, Error> {
        let page = self.store().query(Query::one(self.built_in(model).id, id)).await?;
        Ok(page.rows.into_iter().next().map(|row| row.record))
    }

    /// A built-in model.
    pub(crate) fn built_in(&self, name: &str) -> &Model {
        self.application().model_named(name).expect("it is built in")
    }
}

pub(super) const MICROS: i64 = 1_000_000;

/// When a session ends, in microseconds since 1970; `None` when it was ended.
pub(super) fn session_end(model: &Model, session: &Record) -> Option<i64> {
    let value = |name: &str| model.field_named(name).and_then(|field| session.get(field.id).as_timestamp());
    if value("revoked_at").is_some() { None } else { value("expires_at") }
}

/// The roles of an account.
pub(crate) fn roles(model: &Model, user: &Record) -> Vec<String> {
    let value = model.field_named("roles").map(|field| user.get(field.id));
    let Some(Value::List(roles)) = value else { return Vec::new() };
    roles.iter().filter_map(Value::as_text).map(str::to_owned).collect()
}
