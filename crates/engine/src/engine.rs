//! The engine: what it is made of, and how it is put together.

use crate::accounts::{Gates, Identities, KeyUses, PasswordPool, TokenSigner};
use crate::api_uses::ApiUses;
use crate::channels::Channels;
use crate::idempotency::Receipts;
use crate::locks::Bells;
use crate::query::{CursorSeal, FilterCache, Questions};
use crate::watch::{EventIdSeal, Hub};
use crate::{Error, Measures, Registry};
use mainstay_model::Application;
use mainstay_ports::{Clock, Keyring, Position, Store};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use uuid::{ContextV7, Timestamp, Uuid};

/// What an engine is made of.
pub struct Options {
    /// The checked project.
    pub application: Arc<Application>,
    /// Where records are kept.
    pub store: Arc<dyn Store>,
    /// What tells the time.
    pub clock: Arc<dyn Clock>,
    /// Where its own keys are kept.
    pub keyring: Arc<dyn Keyring>,
}

/// The service layer of one application. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    application: Arc<Application>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    registry: Registry,
    identities: Identities,
    key_uses: KeyUses,
    api_uses: ApiUses,
    /// Held while an account's keys are counted and one more is made.
    making_keys: tokio::sync::Mutex<()>,
    gates: Gates,
    bells: Bells,
    signer: TokenSigner,
    passwords: PasswordPool,
    cursors: CursorSeal,
    receipts: Receipts,
    filters: FilterCache,
    questions: Questions,
    /// Keeps ids that are made within one millisecond in order.
    ids: Mutex<ContextV7>,
    measures: Arc<Measures>,
    event_ids: EventIdSeal,
    hub: Hub,
    channels: Channels,
}

impl Engine {
    /// Puts an engine together.
    ///
    /// # Errors
    /// When its keys cannot be read or made, or the password settings are out of bounds.
    pub fn new(options: Options) -> Result<Self, Error> {
        let Options { application, store, clock, keyring } = options;
        let measures = Arc::<Measures>::default();
        let inner = Inner {
            registry: Registry::new(&application),
            identities: Identities::new(&application, store.is_shared()),
            key_uses: KeyUses::default(),
            api_uses: ApiUses::default(),
            making_keys: tokio::sync::Mutex::default(),
            gates: Gates::default(),
            bells: Bells::default(),
            signer: TokenSigner::new(keyring.as_ref())?,
            passwords: PasswordPool::new(&application.config.accounts.password, measures.clone())?,
            cursors: CursorSeal::new(keyring.as_ref())?,
            receipts: Receipts::new(keyring.as_ref(), &application)?,
            filters: FilterCache::default(),
            questions: Questions::default(),
            ids: Mutex::new(ContextV7::new()),
            measures,
            event_ids: EventIdSeal::new(keyring.as_ref())?,
            hub: Hub::new(&application.config.limits, &application.config.live),
            channels: Channels::new(&application.config.limits),
            application,
            store,
            clock,
        };
        Ok(Engine { inner: Arc::new(inner) })
    }

    /// The application.
    pub fn application(&self) -> &Arc<Application> {
        &self.inner.application
    }

    /// The operations.
    pub fn registry(&self) -> &Registry {
        &self.inner.registry
    }

    /// What it counts of itself.
    pub fn measures(&self) -> &Measures {
        &self.inner.measures
    }

    /// Microseconds since 1970.
    pub fn now(&self) -> i64 {
        self.inner.clock.now_micros()
    }

    /// A new UUIDv7 (RFC 9562), greater than those made before.
    pub fn new_id(&self) -> Uuid {
        let since = Duration::from_micros(self.now().unsigned_abs());
        let context = self.inner.ids.lock().unwrap_or_else(PoisonError::into_inner);
        Uuid::new_v7(Timestamp::from_unix(&*context, since.as_secs(), since.subsec_nanos()))
    }

    /// The end of the feed. An answer also says that the store works.
    ///
    /// # Errors
    /// What the store failed with.
    pub async fn position(&self) -> Result<Position, Error> {
        Ok(self.store().position().await?)
    }

    /// Whether requests can be served, writes too.
    ///
    /// # Errors
    /// What a write would fail with.
    pub async fn ready(&self) -> Result<(), Error> {
        self.position().await?;
        Ok(self.store().writable().await?)
    }

    pub(crate) fn store(&self) -> &dyn Store {
        self.inner.store.as_ref()
    }

    pub(crate) fn identities(&self) -> &Identities {
        &self.inner.identities
    }

    pub(crate) fn key_uses(&self) -> &KeyUses {
        &self.inner.key_uses
    }

    pub(crate) fn api_uses(&self) -> &ApiUses {
        &self.inner.api_uses
    }

    pub(crate) fn making_keys(&self) -> &tokio::sync::Mutex<()> {
        &self.inner.making_keys
    }

    pub(crate) fn gates(&self) -> &Gates {
        &self.inner.gates
    }

    pub(crate) fn bells(&self) -> &Bells {
        &self.inner.bells
    }

    pub(crate) fn event_ids(&self) -> &EventIdSeal {
        &self.inner.event_ids
    }

    pub(crate) fn hub(&self) -> &Hub {
        &self.inner.hub
    }

    pub(crate) fn channels(&self) -> &Channels {
        &self.inner.channels
    }

    pub(crate) fn signer(&self) -> &TokenSigner {
        &self.inner.signer
    }

    pub(crate) fn passwords(&self) -> &PasswordPool {
        &self.inner.passwords
    }

    pub(crate) fn cursors(&self) -> &CursorSeal {
        &self.inner.cursors
    }

    pub(crate) fn questions(&self) -> &Questions {
        &self.inner.questions
    }

    pub(crate) fn receipts(&self) -> &Receipts {
        &self.inner.receipts
    }

    pub(crate) fn filters(&self) -> &FilterCache {
        &self.inner.filters
    }
}
