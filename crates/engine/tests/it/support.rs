//! An engine with a clock that is set by hand.

use mainstay_engine::{
    Action, Caller, Code, Command, Engine, Error, Input, Login, NewUser, Options, Tokens, View,
};
use mainstay_model::{Application, Project};
use mainstay_ports::Store;
use mainstay_testkit::{FakeClock, Faults, FaultyStore, FixedKeyring, Place, Placed};
use serde_json::{Value, json};
use std::net::IpAddr;
use std::sync::Arc;
use uuid::Uuid;

pub(crate) const PASSWORD: &str = "correct horse";

const SETTINGS: &str = "[accounts]\nfailures_per_account = 3\nfailures_per_address = 6\n\
    [accounts.password]\nmemory_kib = 512\niterations = 1\n";

/// 2026-11-21T08:30:00Z.
const NOW: i64 = 1_795_249_800_000_000;

pub(crate) struct App {
    pub(crate) engine: Engine,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) store: Arc<dyn Store>,
    placed: Placed,
}

/// Where the records of these tests are.
pub(crate) fn place() -> Place {
    Place::of(env!("CARGO_CRATE_NAME"))
}

impl App {
    /// The example `chat`.
    pub(crate) fn chat() -> Self {
        Self::of(&[
            ("models/room.toml", include_str!("../../../../examples/chat/models/room.toml")),
            ("models/member.toml", include_str!("../../../../examples/chat/models/member.toml")),
            ("models/message.toml", include_str!("../../../../examples/chat/models/message.toml")),
        ])
    }

    /// A project of these models.
    pub(crate) fn of(models: &[(&str, &str)]) -> Self {
        Self::with(SETTINGS, models)
    }

    /// A project of these settings and models.
    pub(crate) fn with(settings: &str, models: &[(&str, &str)]) -> Self {
        Self::over(settings, models, |store| store)
    }

    /// A project without models, on a store with faults.
    pub(crate) fn with_faults(faults: Faults) -> Self {
        Self::over(SETTINGS, &[], |store| Arc::new(FaultyStore::new(store, faults)))
    }

    fn over(
        settings: &str,
        models: &[(&str, &str)],
        wrap: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
    ) -> Self {
        let application = load(settings, models);
        let clock = Arc::new(FakeClock::new(NOW));
        let placed = place().open(application.clone(), clock.clone());
        let store = wrap(placed.store.clone());
        Self::start(application, store, clock, placed)
    }

    /// One of several nodes: a project without models, on a store to which others write too.
    pub(crate) fn node() -> Self {
        Self::node_with(SETTINGS, &[])
    }

    /// As [`App::node`], with these settings and models.
    pub(crate) fn node_with(settings: &str, models: &[(&str, &str)]) -> Self {
        let application = load(settings, models);
        let clock = Arc::new(FakeClock::new(NOW));
        let placed = place().open_shared(application.clone(), clock.clone());
        Self::start(application, placed.store.clone(), clock, placed)
    }

    /// Another node over the same store, which may go wrong for it alone, with a clock that is ahead by so many seconds.
    pub(crate) fn beside(&self, faults: Faults, ahead_seconds: i64) -> Self {
        let store = Arc::new(FaultyStore::new(self.store.clone(), faults));
        let clock = Arc::new(FakeClock::new(NOW + ahead_seconds * 1_000_000));
        Self::start(self.engine.application().clone(), store, clock, self.placed.clone())
    }

    fn start(
        application: Arc<Application>,
        store: Arc<dyn Store>,
        clock: Arc<FakeClock>,
        placed: Placed,
    ) -> Self {
        let keyring = Arc::new(FixedKeyring(7));
        let options = Options { application, store: store.clone(), clock: clock.clone(), keyring };
        App { engine: Engine::new(options).unwrap(), clock, store, placed }
    }

    /// The same store under a new engine.
    pub(crate) fn restarted(&self) -> Self {
        let application = self.engine.application().clone();
        Self::start(application, self.store.clone(), self.clock.clone(), self.placed.clone())
    }

    /// A new account, logged in.
    pub(crate) async fn account(&self, email: &str, roles: &[&str]) -> Caller {
        let model = self.engine.application().user();
        let fields = json!({ "roles": roles });
        let input = Input::from_json(model, fields.as_object().unwrap()).unwrap();
        let user = NewUser { email: email.to_owned(), password: PASSWORD.to_owned(), input };
        self.engine.create_user(&nobody(), user).await.unwrap();
        let tokens = self.login(email, PASSWORD).await.unwrap();
        self.with_token(&tokens.access_token).await.unwrap()
    }

    pub(crate) async fn login(&self, email: &str, password: &str) -> Result<Tokens, Error> {
        self.engine.login(&nobody(), Login { email: email.to_owned(), password: password.to_owned() }).await
    }

    /// A caller who sends this access token.
    pub(crate) async fn with_token(&self, access_token: &str) -> Result<Caller, Error> {
        let identity = Some(self.engine.authenticate(access_token).await?);
        Ok(Caller { identity, ..nobody() })
    }

    pub(crate) async fn create(&self, caller: &Caller, model: &str, fields: Value) -> Result<View, Error> {
        let model = self.engine.application().model_named(model).unwrap();
        let input = Input::from_json(model, fields.as_object().unwrap())?;
        let command = Command { model: model.id, action: Action::Create { id: None, input } };
        let (written, _) = self.engine.write(caller, "create", command).await?;
        Ok(written.view.unwrap())
    }

    pub(crate) async fn update(
        &self,
        caller: &Caller,
        model: &str,
        id: Uuid,
        fields: Value,
    ) -> Result<View, Error> {
        let model = self.engine.application().model_named(model).unwrap();
        let input = Input::from_json(model, fields.as_object().unwrap())?;
        let command = Command { model: model.id, action: Action::Update { id, input, if_version: None } };
        let (written, _) = self.engine.write(caller, "update", command).await?;
        Ok(written.view.unwrap())
    }

    pub(crate) async fn delete(&self, caller: &Caller, model: &str, id: Uuid) -> Result<(), Error> {
        let model = self.engine.application().model_named(model).unwrap().id;
        let command = Command { model, action: Action::Delete { id, if_version: None } };
        self.engine.write(caller, "delete", command).await.map(drop)
    }

    /// The JSON of a view.
    pub(crate) fn json(&self, view: &View) -> Value {
        let model = self.engine.application().model(view.model);
        let mut bytes = Vec::new();
        mainstay_model::json::encode_record(model, &view.record.values, view.fields(model), &mut bytes);
        serde_json::from_slice(&bytes).unwrap()
    }
}

fn load(settings: &str, models: &[(&str, &str)]) -> Arc<Application> {
    let files = [&[("mainstay.toml", settings)], models].concat();
    let loaded = Project::load_from(&files).unwrap_or_else(|faults| panic!("{}", faults.render(false)));
    Arc::new(loaded.application)
}

pub(crate) fn nobody() -> Caller {
    Caller { request_id: "test".to_owned(), address: Some(IpAddr::from([192, 0, 2, 1])), ..Caller::default() }
}

pub(crate) fn id(view: &View) -> Uuid {
    view.record.id()
}

pub(crate) fn user_id(caller: &Caller) -> Uuid {
    caller.identity.as_ref().unwrap().user.unwrap()
}

/// The code of a refusal.
pub(crate) fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> Code {
    result.unwrap_err().code
}
