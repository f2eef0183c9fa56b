//! From operations to routes.

use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::frame::{self, Answer};
use crate::measures::{Requests, RouteMeasures};
use crate::operations::{Counts, Operations, Protocol, is_of};
use crate::state::State;
use crate::{body, docs, rest, system, watch};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::routing::{MethodFilter, MethodRouter};
use futures::FutureExt;
use futures::future::Either;
use http::{HeaderValue, Method, Response};
use mainstay_engine::{Code, Engine, Error, Operation, OperationKind};
use mainstay_model::Application;
use mainstay_proto::Lock;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;

/// Where an operation is found.
#[derive(Debug)]
pub(crate) struct Route {
    /// The path's template: `/v1/rooms/{id}`.
    pub(crate) path: String,
    /// Which of the path's segments is the id of a record, counted from 0, the empty one in front of the first `/`.
    pub(crate) id_place: usize,
    /// What the path leads to.
    pub(crate) place: Place,
    /// Whether it is of one version of the application's API, whose answers say when it ends.
    pub(crate) is_of_version: bool,
    /// The operation; `None` for what is about the program and not about the project.
    pub(crate) operation: Option<Operation>,
    /// What is counted of its requests.
    pub(crate) measures: Arc<RouteMeasures>,
}

impl Route {
    fn is_watch(&self) -> bool {
        self.operation.as_ref().is_some_and(|operation| operation.kind == OperationKind::Watch)
    }
}

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A patch, with a media type of its own.
    Patch,
    /// A batch, with larger bodies.
    Batch,
    /// A lock, whose name is the path's end.
    Lock,
    /// What is about the program and not about the project.
    System,
    /// Anything else.
    Other,
}

impl Place {
    /// The media types of a request body of JSON.
    pub(crate) fn json_types(self) -> &'static [&'static str] {
        match self {
            Place::Patch => body::MERGE_PATCH,
            Place::Batch | Place::Lock | Place::System | Place::Other => body::JSON,
        }
    }
}

/// The API of an engine, about to be made.
pub struct Api {
    state: Arc<State>,
    endpoints: Vec<Endpoint>,
}

impl Api {
    /// The API of an engine.
    pub fn new(engine: Engine) -> Self {
        Api { state: Arc::new(State::new(engine)), endpoints: Vec::new() }
    }

    /// The operations, as a protocol calls them.
    pub fn operations(&self, protocol: Protocol) -> Operations {
        Operations::new(self.state.clone(), protocol)
    }

    /// What it counts of its operations.
    pub fn counts(&self) -> Arc<Counts> {
        self.state.counts.clone()
    }

    /// What it counts of its requests.
    pub fn requests(&self) -> Arc<Requests> {
        self.state.requests.clone()
    }

    /// Answers `GET /metrics` by what this writes, to clients on this machine alone. It must not hold [`Operations`], which would hold it in turn, and the
    /// store open for ever.
    #[must_use]
    pub fn with_metrics(self, write: impl Fn() -> String + Send + Sync + 'static) -> Self {
        // Whoever gives two has the first.
        let _ = self.state.metrics.set(Box::new(write));
        self
    }

    /// Takes the numbers of the fields of messages from the project's lock.
    #[must_use]
    pub fn with_numbers(self, lock: Lock) -> Self {
        // Whoever gives two has the first.
        let _ = self.state.lock.set(lock);
        self
    }

    /// Adds what another protocol answers.
    #[must_use]
    pub fn with(mut self, endpoint: Endpoint) -> Self {
        self.endpoints.push(endpoint);
        self
    }

    /// Its routes.
    pub fn router(self) -> Router {
        let operations = self.operations(Protocol::Rest);
        let mut paths =
            Paths { operations: operations.clone(), by_path: BTreeMap::new(), lists: BTreeMap::new() };
        for version in operations.versions() {
            add_version(&mut paths, &version);
        }
        paths.operations = operations.clone();
        add_app_check(&mut paths);
        add_system(&mut paths);
        self.endpoints.into_iter().for_each(|endpoint| paths.add_endpoint(endpoint));
        let unmatched = paths.system(None, "unmatched");
        let router = paths
            .by_path
            .into_iter()
            .fold(Router::new(), |router, (path, methods)| router.route(&path, methods));
        router.fallback_service(service(&operations, unmatched, not_found))
    }
}

/// The API of an engine, without monitoring and other protocols.
pub fn router(engine: Engine) -> Router {
    Api::new(engine).router()
}

/// An operation's method and path.
pub(crate) fn place(application: &Application, operation: &Operation) -> (Method, String) {
    let plural = operation.model.map(|model| application.model(model).plural.as_str()).unwrap_or_default();
    let version = application.version();
    match operation.kind {
        // One address, two forms: the `Accept` header says which.
        OperationKind::List | OperationKind::Watch => (Method::GET, format!("/v{version}/{plural}")),
        OperationKind::Create => (Method::POST, format!("/v{version}/{plural}")),
        OperationKind::Get => (Method::GET, format!("/v{version}/{plural}/{{id}}")),
        OperationKind::Update => (Method::PATCH, format!("/v{version}/{plural}/{{id}}")),
        OperationKind::Put => (Method::PUT, format!("/v{version}/{plural}/{{id}}")),
        OperationKind::Delete => (Method::DELETE, format!("/v{version}/{plural}/{{id}}")),
        OperationKind::UpdateMany => (Method::PATCH, format!("/v{version}/{plural}")),
        OperationKind::DeleteMany => (Method::DELETE, format!("/v{version}/{plural}")),
        OperationKind::Restore => (Method::POST, format!("/v{version}/{plural}/{{id}}/restore")),
        OperationKind::Batch => (Method::POST, format!("/v{version}/batch")),
        OperationKind::AcquireLock => (Method::POST, format!("/v{version}/locks/{{name}}")),
        OperationKind::GetLock => (Method::GET, format!("/v{version}/locks/{{name}}")),
        OperationKind::RenewLock => (Method::PATCH, format!("/v{version}/locks/{{name}}")),
        OperationKind::ReleaseLock => (Method::DELETE, format!("/v{version}/locks/{{name}}")),
        OperationKind::Register => (Method::POST, format!("/v{version}/auth/register")),
        OperationKind::Login => (Method::POST, format!("/v{version}/auth/login")),
        OperationKind::Refresh => (Method::POST, format!("/v{version}/auth/refresh")),
        OperationKind::Logout => (Method::POST, format!("/v{version}/auth/logout")),
        OperationKind::ChangePassword => (Method::POST, format!("/v{version}/auth/password")),
        OperationKind::Me => (Method::GET, format!("/v{version}/auth/me")),
        OperationKind::CreateKey => (Method::POST, format!("/v{version}/auth/keys")),
        OperationKind::ListKeys => (Method::GET, format!("/v{version}/auth/keys")),
        OperationKind::GetKey => (Method::GET, format!("/v{version}/auth/keys/{{id}}")),
        OperationKind::DeleteKey => (Method::DELETE, format!("/v{version}/auth/keys/{{id}}")),
        OperationKind::AppCheck => (Method::GET, format!("/v{version}/app/check")),
        // The socket has them all.
        OperationKind::Publish
        | OperationKind::Subscribe
        | OperationKind::Enter
        | OperationKind::WatchPresence => (Method::GET, format!("/v{version}/live")),
    }
}

/// The address of what is asked for in the newest version, for clients of one that is on its way out (RFC 5829, `successor-version`).
pub(crate) fn successor(operations: &Operations, route: &Route, path: &str) -> Option<HeaderValue> {
    let operation = route.operation.as_ref().filter(|_| operations.is_ending())?;
    let newest = operations.versions().pop().filter(|newest| newest.version() != operations.version())?;
    let is_same = |other: &&Operation| (other.kind, other.model) == (operation.kind, operation.model);
    let (_, template) = place(newest.application(), newest.list().iter().find(is_same)?);
    // Records have the same ids in all versions, in the same place of the path.
    let segments = template.split('/').zip(path.split('/'));
    let segments: Vec<&str> =
        segments.map(|(segment, asked)| if segment.starts_with('{') { asked } else { segment }).collect();
    HeaderValue::try_from(format!("<{}>; rel=\"successor-version\"", segments.join("/"))).ok()
}

/// The operations of a version of the application's API.
fn add_version(paths: &mut Paths, operations: &Operations) {
    paths.operations = operations.clone();
    for operation in operations.list().iter().filter(|operation| !operation.kind.is_of_channels()) {
        add_operation(paths, operation);
    }
    // A version may have lists that cannot be watched, or the other way round.
    for (_, route) in std::mem::take(&mut paths.lists) {
        match route.is_watch() {
            true => paths.add(&Method::GET, route, watch::watch),
            false => paths.add(&Method::GET, route, rest::answer),
        }
    }
    paths.add_system(&format!("/v{}/openapi.json", operations.version()), system::openapi);
}

fn add_operation(paths: &mut Paths, operation: &Operation) {
    let (method, path) = place(paths.operations.application(), operation);
    let place = match operation.kind {
        OperationKind::Update | OperationKind::UpdateMany => Place::Patch,
        OperationKind::Batch => Place::Batch,
        kind if kind.is_of_locks() => Place::Lock,
        _ => Place::Other,
    };
    let measures = paths.operations.state.requests.route(Some(&method), &path);
    let route = Route {
        id_place: id_place(&path),
        path,
        place,
        is_of_version: true,
        operation: Some(operation.clone()),
        measures,
    };
    match operation.kind {
        OperationKind::List | OperationKind::Watch => paths.add_list(&method, route),
        _ => paths.add(&method, route, rest::answer),
    }
}

/// Clients of the first version have to learn that they are too old when it is served no more, too: it is then that they are.
fn add_app_check(paths: &mut Paths) {
    let path = "/v1/app/check";
    let check = paths.operations.list().iter().find(|operation| operation.kind == OperationKind::AppCheck);
    let Some(operation) = check.cloned().filter(|_| !paths.by_path.contains_key(path)) else { return };
    let route =
        Route { place: Place::Other, operation: Some(operation), ..paths.system(Some(&Method::GET), path) };
    paths.add(&Method::GET, route, rest::answer);
}

/// What is about the program and not about the project: outside of the registry, and answered without looking at tokens.
fn add_system(paths: &mut Paths) {
    paths.add_system("/healthz", system::healthz);
    paths.add_system("/readyz", system::readyz);
    paths.add_system("/.well-known/jwks.json", system::jwks);
    paths.add_system("/openapi.json", system::openapi);
    if paths.operations.state.metrics.get().is_some() {
        paths.add_system(system::METRICS, system::metrics);
    }
    paths.add_system("/docs", docs::page);
    paths.add_system("/docs/errors", docs::page);
    paths.add_system("/docs/page.css", docs::style);
    paths.add_system("/docs/page.js", docs::script);
}

fn id_place(path: &str) -> usize {
    path.split('/').position(|segment| segment == "{id}").unwrap_or_default()
}

/// The routes so far.
struct Paths {
    operations: Operations,
    by_path: BTreeMap<String, MethodRouter>,
    /// The lists whose watch has not come yet, and the other way round.
    lists: BTreeMap<String, Route>,
}

impl Paths {
    fn add<F>(&mut self, method: &Method, route: Route, handler: fn(Call, Body) -> F)
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        self.add_service(method, &route.path.clone(), service(&self.operations, route, handler));
    }

    fn add_service<S>(&mut self, method: &Method, path: &str, service: S)
    where
        S: tower::Service<Request, Response = Response<Body>, Error = Infallible>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        let filter = MethodFilter::try_from(method.clone()).expect("operations have methods of RFC 9110");
        let methods = self.by_path.remove(path).unwrap_or_else(|| self.other_methods(path));
        self.by_path.insert(path.to_owned(), methods.on_service(filter, service));
    }

    /// Lists and watches share a path, so whichever of the two comes second completes it.
    fn add_list(&mut self, method: &Method, route: Route) {
        let Some(list) = self.lists.remove(&route.path) else {
            self.lists.insert(route.path.clone(), route);
            return;
        };
        let (list, watch) = if list.is_watch() { (route, list) } else { (list, route) };
        self.add_service(method, &list.path.clone(), list_or_watch(&self.operations, list, watch));
    }

    fn add_system<F>(&mut self, path: &str, handler: fn(Call, Body) -> F)
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let route = self.system(Some(&Method::GET), path);
        self.add(&Method::GET, route, handler);
    }

    /// What another protocol answers has the same frame around it as an operation of REST.
    fn add_endpoint(&mut self, endpoint: Endpoint) {
        let place = if endpoint.judges_clients { Place::System } else { Place::Other };
        let (method, path) = (endpoint.method.clone(), endpoint.path.clone());
        let versions = self.operations.versions();
        let is_own = |number| endpoint.version.map_or_else(|| is_of(&path, number), |own| own == number);
        let own = versions.iter().find(|operations| is_own(operations.version()));
        let route = Route { place, is_of_version: own.is_some(), ..self.system(Some(&method), &path) };
        let service =
            service(own.unwrap_or(&self.operations), route, move |call, body| endpoint.answer(call, body));
        self.add_service(&method, &path, service);
    }

    fn other_methods(&self, path: &str) -> MethodRouter {
        MethodRouter::new().fallback_service(service(
            &self.operations,
            self.system(None, path),
            method_not_allowed,
        ))
    }

    /// A route without an operation; without a method it is for all those that the path does not know.
    fn system(&self, method: Option<&Method>, path: &str) -> Route {
        let measures = self.operations.state.requests.route(method, path);
        Route {
            id_place: id_place(path),
            path: path.to_owned(),
            place: Place::System,
            is_of_version: is_of(path, self.operations.version()),
            operation: None,
            measures,
        }
    }
}

/// A handler in its frame, as the router wants it.
fn service<F>(
    operations: &Operations,
    route: Route,
    handler: impl Fn(Call, Body) -> F + Clone + Send + Sync + 'static,
) -> impl tower::Service<
    Request,
    Response = Response<Body>,
    Error = Infallible,
    Future = impl Future<Output = Result<Response<Body>, Infallible>> + Send + 'static,
> + Clone
+ Send
+ Sync
+ 'static
where
    F: Future<Output = Answer> + Send + 'static,
{
    let (operations, route) = (operations.clone(), Arc::new(route));
    tower::service_fn(move |request| {
        frame::run(operations.clone(), route.clone(), request, handler.clone()).map(Ok)
    })
}

/// Answers a list, or lets watch it, as the client accepts.
fn list_or_watch(
    operations: &Operations,
    list: Route,
    watch: Route,
) -> impl tower::Service<
    Request,
    Response = Response<Body>,
    Error = Infallible,
    Future = impl Future<Output = Result<Response<Body>, Infallible>> + Send + 'static,
> + Clone
+ Send
+ Sync
+ 'static {
    let (operations, list, watch) = (operations.clone(), Arc::new(list), Arc::new(watch));
    tower::service_fn(move |request: Request| {
        let answer = if watch::is_wanted(request.headers()) {
            // Boxed, so that lists need not carry the room for what watches need.
            Either::Left(Box::pin(frame::run(operations.clone(), watch.clone(), request, watch::watch)))
        } else {
            Either::Right(frame::run(operations.clone(), list.clone(), request, rest::answer))
        };
        answer.map(Ok)
    })
}

async fn not_found(_: Call, _: Body) -> Answer {
    Err(no_such_path())
}

pub(crate) fn no_such_path() -> Error {
    Error::new(Code::NotFound, "there is no such path")
}

async fn method_not_allowed(call: Call, _: Body) -> Answer {
    let method: String = call.parts.method.as_str().chars().take(20).collect();
    Err(Error::new(Code::MethodNotAllowed, format!("this path does not know the method {method}")))
}
