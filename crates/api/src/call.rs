//! A request on its way to its handler.

use crate::answer::{self, MAINSTAY_POSITION};
use crate::body;
use crate::json::parse_object;
use crate::object::parse_id;
use crate::query::{self, Parameters};
use crate::routes::{Place, Route};
use crate::state::State;
use axum::body::{Body, Bytes};
use http::request::Parts;
use http::{HeaderMap, Response};
use mainstay_engine::{Caller, Code, Done, Engine, Error};
use mainstay_model::Model;
use mainstay_ports::{Freshness, Position};
use serde_json::{Map, Value};
use std::sync::Arc;
use uuid::Uuid;

/// What a handler gets beside the body: the request, and who asks.
pub(crate) struct Call {
    pub(crate) state: Arc<State>,
    pub(crate) route: Arc<Route>,
    pub(crate) parts: Parts,
    pub(crate) caller: Caller,
    pub(crate) query: Parameters,
}

impl Call {
    pub(crate) fn engine(&self) -> &Engine {
        &self.state.engine
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    /// The name of the operation.
    pub(crate) fn operation(&self) -> &str {
        self.route.operation.as_ref().map_or("", |operation| &operation.name)
    }

    /// The model that the operation is about.
    pub(crate) fn model(&self) -> &Model {
        let model = self.route.operation.as_ref().and_then(|operation| operation.model);
        self.engine().application().model(model.expect("operations on records have a model"))
    }

    /// The answer that tells what was done.
    pub(crate) fn done(&self, done: &Done<'_>) -> Response<Body> {
        let operation = self.route.operation.as_ref().expect("what writes is an operation");
        answer::done(self.engine().application(), operation, done)
    }

    /// The position that the answer has to be as new as, if the request has one: that of an earlier answer.
    ///
    /// # Errors
    /// [`Code::InvalidParameter`] for what is not a position, or two.
    pub(crate) fn position(&self) -> Result<Option<Position>, Error> {
        let mut headers = self.headers().get_all(MAINSTAY_POSITION).iter().map(|value| value.to_str().ok());
        let mut given = headers.by_ref().chain(self.query.get("position").map(Some));
        let Some(text) = given.next() else { return Ok(None) };
        let position = text.filter(|_| given.next().is_none()).and_then(|text| text.parse().ok());
        position.map(Some).ok_or_else(|| {
            let message =
                "send one position, as it was in an answer: `Mainstay-Position` or the parameter `position`";
            Error::new(Code::InvalidParameter, message)
        })
    }

    /// How new the answer has to be.
    ///
    /// # Errors
    /// As [`Call::position`].
    pub(crate) fn freshness(&self) -> Result<Freshness, Error> {
        Ok(self.position()?.map_or(Freshness::Recent, Freshness::AtLeast))
    }

    /// The record's id, in the path.
    ///
    /// # Errors
    /// [`Code::InvalidId`].
    pub(crate) fn id(&self) -> Result<Uuid, Error> {
        let segment = self.parts.uri.path().split('/').nth(self.route.id_place).unwrap_or_default();
        let decoded = || query::decode_percent(segment, false);
        let id = parse_id(segment).or_else(|| parse_id(&decoded()?));
        id.ok_or_else(|| Error::new(Code::InvalidId, "the id in the path is not a UUID"))
    }

    /// Reads the body: a JSON object.
    ///
    /// # Errors
    /// Everything that can be wrong with a body.
    pub(crate) async fn object(&self, body: Body) -> Result<Map<String, Value>, Error> {
        body::check_type(self.headers(), self.route.place.media_types())?;
        let (bytes_limit, depth) = self.body_limits();
        let bytes = self.read(body, bytes_limit).await?;
        parse_object(&bytes, depth)
    }

    /// As [`Call::object`], where all may be left out: then no body is an empty object.
    ///
    /// # Errors
    /// As [`Call::object`].
    pub(crate) async fn optional_object(&self, body: Body) -> Result<Map<String, Value>, Error> {
        let (bytes_limit, depth) = self.body_limits();
        let bytes = self.read(body, bytes_limit).await?;
        if bytes.is_empty() {
            return Ok(Map::new());
        }
        body::check_type(self.headers(), self.route.place.media_types())?;
        parse_object(&bytes, depth)
    }

    /// Sees that there is no body. An empty object is none either, since many clients send one always.
    ///
    /// # Errors
    /// [`Code::InvalidJson`] when there is one, and what [`Call::object`] objects to.
    pub(crate) async fn no_body(&self, body: Body) -> Result<(), Error> {
        let bytes = self.read(body, self.state.limits.body_bytes).await?;
        if bytes.is_empty() || parse_object(&bytes, self.state.limits.json_depth)?.is_empty() {
            return Ok(());
        }
        Err(Error::new(Code::InvalidJson, "this operation takes no body"))
    }

    async fn read(&self, body: Body, limit: usize) -> Result<Bytes, Error> {
        let bytes = body::read(body, limit).await?;
        self.route.measures.request_bytes.add(bytes.len() as u64);
        Ok(bytes)
    }

    /// The bounds on the body: bytes, and nesting. A batch has each record three levels deeper.
    pub(crate) fn body_limits(&self) -> (usize, usize) {
        const BATCH_ENVELOPE_DEPTH: usize = 3;
        let limits = &self.state.limits;
        match self.route.place {
            Place::Batch => (limits.batch_body_bytes, limits.json_depth + BATCH_ENVELOPE_DEPTH),
            _ => (limits.body_bytes, limits.json_depth),
        }
    }
}
