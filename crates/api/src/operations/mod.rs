//! The operations of a project, as every protocol calls them.
//!
//! A protocol decodes what it was sent into an [`Ask`], calls [`Operations::call`] and encodes the [`Reply`]. What lies between is done
//! here for all of them: whether the caller may ask at all, the limits of time and size, conditions on versions, retries, what is counted.

mod accounts;
mod app;
mod ask;
mod batch;
mod bounded;
mod condition;
mod counts;
mod input;
mod keys;
mod locks;
mod many;
mod merge;
mod object;
mod once;
mod pairs;
mod parameters;
mod perform;
mod read;
mod reply;
mod update;
mod version;
mod write;

pub use ask::{Ask, Of};
pub use batch::ISOLATION;
pub use condition::{Conditions, IfMatch};
pub use counts::{Counts, OperationCounts, Outcome, Protocol};
pub use object::{Object, names_text, parse_id};
pub use once::{Answered, Once};
pub use parameters::Parameters;
pub use reply::Reply;

pub(crate) use bounded::bounded;
pub(crate) use condition::{kept, mismatch};
pub(crate) use once::{check_key, once};
pub(crate) use pairs::Pairs;
pub(crate) use parameters::known;
pub(crate) use perform::perform;
pub(crate) use version::{Shown, is_of, raised_kept};

use crate::protobuf::Protobuf;
use crate::state::{Limits, State};
use mainstay_engine::{Caller, Code, Engine, Error, Identity, Operation, OperationKind, Watch, WatchRequest};
use mainstay_model::{Application, Face};
use mainstay_proto::Lock;
use std::sync::Arc;

/// The operations of a project, as a protocol calls them. Cheap to clone.
#[derive(Clone)]
pub struct Operations {
    pub(crate) state: Arc<State>,
    pub(crate) shown: Arc<Shown>,
    protocol: Protocol,
}

impl Operations {
    /// The operations of the newest version.
    pub(crate) fn new(state: Arc<State>, protocol: Protocol) -> Self {
        let shown = state.versions.last().expect("there is always a version").clone();
        Operations { state, shown, protocol }
    }

    /// The operations of all versions of the API, the oldest first.
    pub fn versions(&self) -> Vec<Operations> {
        let of = |shown: &Arc<Shown>| Operations { shown: shown.clone(), ..self.clone() };
        self.state.versions.iter().map(of).collect()
    }

    /// The number of the version of the API.
    pub fn version(&self) -> u32 {
        self.shown.version.number
    }

    /// Whether it is said that the version ends.
    pub(crate) fn is_ending(&self) -> bool {
        self.shown.version.deprecated.or(self.shown.version.sunset).is_some()
    }

    /// Sees that the caller may ask for an operation at all.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`] and [`Code::InsufficientScope`].
    pub(crate) fn require(&self, caller: &Caller, operation: &Operation) -> Result<(), Error> {
        let newest = self.newest(operation);
        caller.require(newest).map_err(|error| match error.code {
            // Its message names the operation, which has another name here.
            Code::InsufficientScope => {
                let message =
                    error.message.replace(&format!("`{}`", newest.name), &format!("`{}`", operation.name));
                Error { message, ..error }
            }
            _ => error,
        })
    }

    /// When the version ends, for clients that cannot read headers: `{"version": 1, "deprecated": …, "sunset": …, "link": …}`, with instants as texts. `None` where nothing is said of that.
    pub fn end(&self) -> Option<serde_json::Value> {
        self.shown.end()
    }

    /// The way between the version's clients and the application; `None` of the newest.
    pub(crate) fn face(&self) -> Option<&Arc<Face>> {
        self.shown.face()
    }

    /// Whether it is counted who uses what: where there are several versions, or one that is to go.
    pub(crate) fn counts_uses(&self) -> bool {
        self.state.versions.len() > 1 || self.shown.version.deprecated.is_some()
    }

    /// The operation as the application has it now: rules, scopes and counts speak of it by this name.
    pub(crate) fn newest<'a>(&'a self, operation: &'a Operation) -> &'a Operation {
        self.shown.newest(operation)
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.state.engine
    }

    /// The application as it is shown to clients: what schemas and answers are made from.
    pub fn application(&self) -> &Arc<Application> {
        &self.shown.application
    }

    /// The messages of Protocol Buffers; made when they are first asked for.
    pub(crate) fn protobuf(&self) -> &Protobuf {
        self.shown.protobuf.get_or_init(|| {
            let lock = self.state.lock.get_or_init(Lock::default);
            Protobuf::new(self.application().clone(), self.version(), lock)
        })
    }

    /// All operations.
    pub fn list(&self) -> &[Operation] {
        self.shown.operations()
    }

    /// The operation with this name.
    pub fn named(&self, name: &str) -> Option<&Operation> {
        self.list().iter().find(|operation| operation.name == name)
    }

    /// The bounds on requests.
    pub fn limits(&self) -> &Limits {
        &self.state.limits
    }

    /// Who shows this access token or API key.
    ///
    /// # Errors
    /// [`Code::InvalidToken`], and what the store failed with.
    pub async fn authenticate(&self, token: &str) -> Result<Arc<Identity>, Error> {
        self.engine().authenticate(token).await
    }

    /// Runs an operation.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`] and [`Code::InsufficientScope`] when the caller may not ask for it at all; [`Code::InvalidParameter`] for what the
    /// operation does not know; [`Code::RequestTimeout`]; and its own. What a rule forbids nobody is [`Code::Unauthenticated`].
    pub async fn call(&self, caller: &Caller, operation: &Operation, ask: Ask) -> Result<Reply, Error> {
        self.call_under(caller, operation, operation, ask).await
    }

    /// Runs an operation for those who may ask for another, to whom its answer tells no more: records that are listed by their ids are as good as
    /// those that are got one by one.
    ///
    /// # Errors
    /// As [`Operations::call`].
    pub async fn call_under(
        &self,
        caller: &Caller,
        scope: &Operation,
        operation: &Operation,
        ask: Ask,
    ) -> Result<Reply, Error> {
        let work = async {
            self.require(caller, scope)?;
            ask.check(operation.kind)?;
            perform(self, caller, operation, ask).await
        };
        self.counted(operation, bounded(work, self.limits().request_timeout).await)
            .map_err(|error| for_caller(error, caller))
    }

    /// Runs an operation that takes effect once, however often it is asked for with the same key.
    ///
    /// # Errors
    /// As [`Operations::call`]; [`Code::IdempotencyKeyReused`] for a key of another request, and [`Code::InvalidParameter`] for what is not a key.
    pub async fn call_once(
        &self,
        mut caller: Caller,
        operation: &Operation,
        ask: Ask,
        key: Once<'_>,
    ) -> Result<Answered<Reply>, Error> {
        self.require(&caller, operation).map_err(|error| for_caller(error, &caller))?;
        let key = Once { encode: raised_kept(self.face(), self.engine().application(), key.encode), ..key };
        let idempotency = Arc::new(key.idempotency(self.engine(), &caller)?);
        caller.idempotency = Some(idempotency.clone());
        once(self.engine(), &idempotency, self.call(&caller, operation, ask), |_| true).await
    }

    /// Watches a list.
    ///
    /// # Errors
    /// As [`Operations::call`].
    pub async fn watch(
        &self,
        caller: &Caller,
        operation: &Operation,
        mut request: WatchRequest,
    ) -> Result<Watch, Error> {
        let model = operation.model.filter(|_| operation.kind == OperationKind::Watch);
        let model = model.ok_or_else(|| Error::new(Code::InvalidParameter, "this cannot be watched"))?;
        let opening = async {
            version::note_watch(self, caller, operation, &request);
            if let Some(face) = self.face() {
                version::lower_watch(self.version(), face, model, &mut request)?;
            }
            self.engine().watch(caller, model, request).await
        };
        self.open(caller, operation, opening).await
    }

    /// Opens what lasts longer than a request, in the frame of a call: whether the caller may ask for it at all, the time until it is open, what is counted.
    ///
    /// # Errors
    /// As [`Operations::call`].
    pub async fn open<T>(
        &self,
        caller: &Caller,
        operation: &Operation,
        opening: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let work = async {
            self.require(caller, operation)?;
            opening.await
        };
        self.counted(operation, bounded(work, self.limits().request_timeout).await)
            .map_err(|error| for_caller(error, caller))
    }

    fn counted<T>(&self, operation: &Operation, result: Result<T, Error>) -> Result<T, Error> {
        self.state.counts.count(self.protocol, &self.newest(operation).name, result.as_ref().err());
        result
    }
}

/// What is forbidden to nobody may be allowed to somebody: the answer asks who it is.
fn for_caller(error: Error, caller: &Caller) -> Error {
    if caller.identity.is_none() { ask_for_account(error) } else { error }
}

/// What is forbidden to nobody may be allowed to somebody: the answer asks who it is.
pub(crate) fn ask_for_account(mut error: Error) -> Error {
    error.parts.iter_mut().for_each(|(_, error)| *error = ask_for_account(error.clone()));
    if error.code != Code::Forbidden {
        return error;
    }
    Error {
        code: Code::Unauthenticated,
        message: "a rule forbids this without an account".to_owned(),
        ..error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_becomes_unauthenticated_and_nothing_else_does() {
        let check = |code: Code, expected: Code| {
            assert_eq!(ask_for_account(Error::new(code, "x")).code, expected, "{code:?}");
        };
        check(Code::Forbidden, Code::Unauthenticated);
        check(Code::NotFound, Code::NotFound);
        check(Code::RegistrationClosed, Code::RegistrationClosed);
    }
}
