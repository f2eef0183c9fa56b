//! What other protocols answer over HTTP.

use crate::body;
use crate::call::Call;
use crate::client_version::Outdated;
use crate::fencing;
use crate::frame::{self, Answer};
use crate::operations::Operations;
use axum::body::{Body, Bytes};
use futures::future::BoxFuture;
use http::request::Parts;
use http::{Method, Response};
use mainstay_engine::{Caller, Error, Operation, OperationKind};
use std::sync::Arc;
use uuid::Uuid;

/// A method and a path with which another protocol begins. Around it is what is around REST's operations: a request id, a limit on the time until the
/// answer begins, a line in the log, the route's counts, and an error document where it does not answer errors itself.
#[derive(Clone)]
pub struct Endpoint {
    pub(crate) method: Method,
    pub(crate) path: String,
    /// Whether it refuses clients that are too old by itself, in its own form.
    pub(crate) judges_clients: bool,
    /// The version of the application's API that it is of, where its path does not say so.
    pub(crate) version: Option<u32>,
    handler: Arc<Handler>,
}

type Handler = dyn Fn(Exchange) -> BoxFuture<'static, Answer> + Send + Sync;

/// A request that is to be answered.
pub struct Exchange {
    /// Its head.
    pub parts: Parts,
    /// Its body, of which nothing is read yet.
    pub body: Body,
    /// Who asks: nobody, until [`Exchange::identify`] was asked.
    pub caller: Caller,
}

/// The account that a request was answered for, for the log: in the extensions of the answer.
#[derive(Debug, Clone, Copy)]
pub struct AnsweredFor(pub Uuid);

impl Endpoint {
    /// What is answered to requests with this method and path. In a path, `{name}` stands for a segment.
    pub fn new<F>(
        method: Method,
        path: impl Into<String>,
        handler: impl Fn(Exchange) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Response<Body>, Error>> + Send + 'static,
    {
        let handler = move |exchange| -> BoxFuture<'static, Answer> { Box::pin(handler(exchange)) };
        Endpoint {
            method,
            path: path.into(),
            judges_clients: false,
            version: None,
            handler: Arc::new(handler),
        }
    }

    /// The same, where [`Exchange::admit`] refuses clients that are too old, or nobody is to be refused for that.
    #[must_use]
    pub fn judging_clients(self) -> Self {
        Endpoint { judges_clients: true, ..self }
    }

    /// The same, of a version of the application's API, whose answers say when it ends.
    #[must_use]
    pub fn of_version(self, number: u32) -> Self {
        Endpoint { version: Some(number), ..self }
    }

    pub(crate) fn answer(&self, call: Call, body: Body) -> BoxFuture<'static, Answer> {
        (self.handler)(Exchange { parts: call.parts, body, caller: call.caller })
    }
}

impl Exchange {
    /// Looks at the access token, if there is one, and makes its account the caller.
    ///
    /// # Errors
    /// [`InvalidToken`](mainstay_engine::Code::InvalidToken) for one that is not good, and what the store failed with.
    pub async fn identify(&mut self, operations: &Operations) -> Result<(), Error> {
        self.caller.identity = frame::identity(operations.engine(), &self.parts.headers).await?;
        Ok(())
    }

    /// Sees who asks for an operation and which locks they name, before anything is done: what [`Exchange::identify`] does, where the operation is
    /// not shown otherwise who asks.
    ///
    /// # Errors
    /// [`ClientOutdated`](mainstay_engine::Code::ClientOutdated) but to who asks what to do about it; as [`Exchange::identify`]; [`InvalidParameter`](mainstay_engine::Code::InvalidParameter) for what is not `Fencing-Token`.
    pub async fn admit(&mut self, operations: &Operations, operation: &Operation) -> Result<(), Error> {
        if operation.kind != OperationKind::AppCheck
            && let Some(outdated) = Outdated::by(operations, &self.parts.headers)
        {
            return Err(outdated.error());
        }
        if !frame::shows_itself_otherwise(operation.kind) {
            self.identify(operations).await?;
        }
        self.caller.fencing = fencing::fencing(operation.kind, &self.parts.headers)?;
        Ok(())
    }

    /// The access token, as it was sent.
    pub fn token(&self) -> Option<&str> {
        frame::access_token(&self.parts.headers)
    }

    /// Reads the body, and expands it where it is compressed.
    ///
    /// # Errors
    /// [`BodyTooLarge`](mainstay_engine::Code::BodyTooLarge) for more than `limit` bytes, and what [`Code`](mainstay_engine::Code) has for a body that is compressed
    /// otherwise than it says, or in a way that is not known.
    pub async fn read(&mut self, limit: usize) -> Result<Bytes, Error> {
        let coding = body::coding(&self.parts.headers)?;
        let bytes = body::read(std::mem::take(&mut self.body), limit).await?;
        match coding.filter(|_| !bytes.is_empty()) {
            Some(coding) => body::expanded(bytes, coding, limit).await,
            None => Ok(bytes),
        }
    }

    /// The answer, with a note for the log of the account that it is for.
    pub fn noted<B>(&self, mut response: Response<B>) -> Response<B> {
        let user = self.caller.identity.as_ref().and_then(|identity| identity.user);
        user.and_then(|user| response.extensions_mut().insert(AnsweredFor(user)));
        response
    }
}
