//! A call of a method, from its request to its answer.

use crate::codec::Raw;
use crate::metadata::{self, Metadata};
use crate::{deadline, status, watch};
use axum::body::{Body, Bytes};
use http::{Request, Response};
use mainstay_api::Exchange;
use mainstay_api::operations::{Answered, Ask, Once, Operations};
use mainstay_api::protobuf::{self, Answer};
use mainstay_engine::{Caller, Code, Error, Operation, OperationKind};
use mainstay_proto::Messages;
use std::sync::Arc;
use tonic::Status;
use tonic::codec::CompressionEncoding::{Gzip, Zstd};
use tonic::server::Grpc;

/// A method of a service.
pub(crate) struct Method {
    pub(crate) operations: Operations,
    pub(crate) messages: Messages,
    pub(crate) operation: Operation,
    /// `/chat.v1.RoomService/Get`
    pub(crate) path: String,
    /// `chat.v1`
    pub(crate) package: String,
}

/// Who calls, and what they say beside the message.
pub(crate) struct Calling {
    pub(crate) caller: Caller,
    pub(crate) metadata: Metadata,
    pub(crate) token: Option<Arc<str>>,
}

impl Method {
    /// Answers a call. Errors are answers too.
    pub(crate) async fn answer(self: Arc<Self>, mut exchange: Exchange) -> Response<Body> {
        let request_id = exchange.caller.request_id.clone();
        let calling = match self.admit(&mut exchange).await {
            Ok(calling) => calling,
            Err(error) => return status::refused(self.status(&error, &request_id)),
        };
        let user = exchange.caller.identity.as_ref().and_then(|identity| identity.user);
        let limit = self.max_bytes();
        let request = Request::from_parts(exchange.parts, exchange.body);
        let grpc = Grpc::new(Raw).accept_compressed(Gzip).accept_compressed(Zstd);
        let mut grpc = grpc.max_decoding_message_size(limit).max_encoding_message_size(usize::MAX);
        let response = if self.operation.kind == OperationKind::Watch {
            watch::answer(&self, calling, request, limit).await
        } else {
            grpc = grpc.send_compressed(Gzip).send_compressed(Zstd);
            let mut calling = Some(calling);
            let call = tower::service_fn(|request: tonic::Request<Bytes>| {
                let calling = calling.take();
                self.call(calling, request.into_inner())
            });
            self.explained(grpc.unary(call, request).await.map(Body::new), &request_id)
        };
        noted(response, user)
    }

    /// A message that is too large is refused by tonic, in its own words and with another status than what is too large otherwise.
    fn explained(&self, response: Response<Body>, request_id: &str) -> Response<Body> {
        let is = |code: tonic::Code| {
            let status = response.headers().get("grpc-status").and_then(|value| value.to_str().ok());
            status == Some(&(code as i32).to_string())
                && !response.headers().contains_key("grpc-status-details-bin")
        };
        if is(tonic::Code::OutOfRange) || is(tonic::Code::ResourceExhausted) {
            let error =
                Error::new(Code::BodyTooLarge, format!("a message has at most {} bytes", self.max_bytes()));
            return status::refused(self.status(&error, request_id));
        }
        response
    }

    /// Sees who asks.
    async fn admit(&self, exchange: &mut Exchange) -> Result<Calling, Error> {
        exchange.admit(&self.operations, &self.operation).await?;
        let metadata = Metadata::read(&exchange.parts.headers)?;
        let token = exchange.token().map(Arc::from);
        Ok(Calling { caller: exchange.caller.clone(), metadata, token })
    }

    /// The largest message.
    fn max_bytes(&self) -> usize {
        let limits = self.operations.limits();
        match self.operation.kind {
            OperationKind::Batch => limits.batch_body_bytes,
            _ => limits.body_bytes,
        }
    }

    async fn call(
        &self,
        calling: Option<Calling>,
        message: Bytes,
    ) -> Result<tonic::Response<Vec<u8>>, Status> {
        let Some(Calling { caller, metadata, .. }) = calling else {
            return Err(Status::invalid_argument("there is one message in a request"));
        };
        let request_id = caller.request_id.clone();
        let work = self.run(caller, &metadata, &message);
        let result = match metadata.timeout {
            None => work.await,
            // Dropped where it stands; a write that has reached the store by then takes effect.
            Some(timeout) => {
                tokio::time::timeout(timeout, work).await.unwrap_or_else(|_| Err(deadline::exceeded()))
            }
        };
        result.map_err(|error| self.status(&error, &request_id))
    }

    async fn run(
        &self,
        caller: Caller,
        metadata: &Metadata,
        message: &[u8],
    ) -> Result<tonic::Response<Vec<u8>>, Error> {
        if self.operation.kind == OperationKind::List {
            return Ok(response(self.page(&caller, metadata, message).await?));
        }
        let ask = self.ask(metadata, message)?;
        let key = metadata.idempotency_key.as_deref().filter(|_| self.operation.kind.writes());
        let Some(key) = key else {
            let reply = self.operations.call(&caller, &self.operation, ask).await?;
            return Ok(response(Answer::of(&self.messages, &self.operation, &reply)));
        };
        let parts: [&[u8]; 2] = [self.path.as_bytes(), message];
        let once = Once { key, parts: &parts, encode: self.encoder() };
        match Box::pin(self.operations.call_once(caller, &self.operation, ask, once)).await? {
            Answered::Now(reply) => Ok(response(Answer::of(&self.messages, &self.operation, &reply))),
            Answered::Before(kept) => {
                let answer = Answer::behind(&self.operation, kept.answer, kept.position);
                let mut response = response(answer);
                metadata::set_replayed(response.metadata_mut());
                Ok(response)
            }
        }
    }

    /// What a message asks.
    pub(crate) fn ask(&self, metadata: &Metadata, message: &[u8]) -> Result<Ask, Error> {
        let position = metadata.position.filter(|_| !self.operation.kind.writes());
        Ok(Ask { position, ..protobuf::ask(&self.messages, &self.operation, message)? })
    }

    /// Makes the bytes that are kept of an answer. It must hold nothing that holds the engine.
    fn encoder(&self) -> Box<mainstay_engine::Encode> {
        let (messages, operation) = (self.messages.clone(), self.operation.clone());
        Box::new(move |done| Answer::done(&messages, &operation, done))
    }

    pub(crate) fn status(&self, error: &Error, request_id: &str) -> Status {
        status::status(error, &self.package, request_id)
    }
}

fn response(answer: Answer) -> tonic::Response<Vec<u8>> {
    let mut response = tonic::Response::new(answer.message);
    if let Some(position) = answer.position {
        metadata::set_position(position, response.metadata_mut());
    }
    response
}

/// The answer with a note for the log of the account that it is for.
fn noted(mut response: Response<Body>, user: Option<uuid::Uuid>) -> Response<Body> {
    if let Some(user) = user {
        response.extensions_mut().insert(mainstay_api::AnsweredFor(user));
    }
    response
}
