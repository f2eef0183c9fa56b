//! Watching: a stream of messages.
//!
//! Events are encoded with their frames, so that all watchers of a class send the same bytes, and tonic is not asked to copy them.

use crate::codec::Raw;
use crate::deadline;
use crate::metadata::GRPC;
use crate::method::{Calling, Method};
use axum::body::{Body, Bytes};
use futures::Stream;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use mainstay_api::protobuf::{Texts, each};
use mainstay_engine::{Ended, Error, Event, Format, OperationKind, View, Watch, WatchRequest};
use mainstay_model::Application;
use mainstay_ports::Operation as Change;
use mainstay_proto::{Messages, wire};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::time::{Instant, Interval, MissedTickBehavior, Sleep, interval_at, sleep};
use tonic::Status;
use tonic::codec::CompressionEncoding::{Gzip, Zstd};
use tonic::codec::Streaming;

/// A frame with an event that says nothing but that the watch is there.
const HEARTBEAT: [u8; 7] = [0, 0, 0, 0, 2, 0x3a, 0];
/// The bytes of a frame before its message: not compressed, and the length.
const FRAME_HEAD: usize = 5;

/// Answers the call of a watch.
pub(crate) async fn answer(
    method: &Method,
    calling: Calling,
    request: Request<Body>,
    limit: usize,
) -> Response<Body> {
    let request_id = calling.caller.request_id.clone();
    let message = match message(request, limit).await {
        Ok(message) => message,
        Err(status) => return status.into_http(),
    };
    match open(method, calling, &message).await {
        Ok(events) => {
            let mut response = Response::new(Body::new(events));
            response.headers_mut().insert(CONTENT_TYPE, GRPC);
            response
        }
        Err(error) => method.status(&error, &request_id).into_http(),
    }
}

/// The one message of the request.
async fn message(request: Request<Body>, limit: usize) -> Result<Bytes, Status> {
    let encoding = match request.headers().get("grpc-encoding").map(|value| value.as_bytes()) {
        None | Some(b"identity") => None,
        Some(b"gzip") => Some(Gzip),
        Some(b"zstd") => Some(Zstd),
        Some(_) => return Err(Status::unimplemented("messages are compressed with gzip or zstd")),
    };
    let mut messages = Streaming::new_request(Raw, request.into_body(), encoding, Some(limit));
    let message = messages.message().await?;
    message.ok_or_else(|| Status::invalid_argument("there is one message in a request"))
}

async fn open(method: &Method, calling: Calling, message: &[u8]) -> Result<Events, Error> {
    let Calling { caller, metadata, token } = calling;
    let (mut texts, mut after) = (Texts::default(), None);
    let mut snapshot = true;
    each(message, "WatchRequest", |number, value| match number {
        1 => texts.set("filter", &value.text()?),
        2 => texts.set("order", &value.text()?),
        3 => texts.add("fields", value.text()?),
        5 => texts.set("limit", &value.int()?),
        6 => {
            snapshot = value.bool()?;
            Ok(true)
        }
        7 => {
            after = Some(value.text()?);
            Ok(true)
        }
        _ => Ok(false),
    })?;
    let parameters = texts.parameters(OperationKind::Watch)?;
    let request = WatchRequest {
        filter: parameters.filter,
        fields: parameters.fields,
        snapshot,
        order: parameters.order,
        limit: parameters.limit,
        last_event_id: after.filter(|id| !id.is_empty()).map(str::to_owned),
        at_least: metadata.position,
        token,
        format: Arc::new(Frames { messages: method.messages.clone() }),
    };
    let watch = method.operations.watch(&caller, &method.operation, request);
    let watch = match metadata.timeout {
        None => watch.await?,
        Some(timeout) => {
            tokio::time::timeout(timeout, watch).await.unwrap_or_else(|_| Err(deadline::exceeded()))?
        }
    };
    let period = method.operations.limits().heartbeat;
    let mut heartbeat = interval_at(Instant::now() + period, period);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let deadline = metadata.timeout.map(|timeout| Box::pin(sleep(timeout)));
    Ok(Events { watch, heartbeat, deadline, ended: false })
}

/// The events of a watch as the body of an answer, and its status behind them.
struct Events {
    watch: Watch,
    heartbeat: Interval,
    deadline: Option<Pin<Box<Sleep>>>,
    ended: bool,
}

impl Events {
    fn end(&mut self, code: tonic::Code) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.ended = true;
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", (code as i32).into());
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }
}

impl http_body::Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if let Some(deadline) = &mut self.deadline
            && deadline.as_mut().poll(cx).is_ready()
        {
            return self.end(tonic::Code::DeadlineExceeded);
        }
        if let Poll::Ready(events) = Pin::new(&mut self.watch).poll_next(cx) {
            return match events {
                Some(events) => Poll::Ready(Some(Ok(Frame::data(events)))),
                None => self.end(tonic::Code::Ok),
            };
        }
        self.heartbeat.poll_tick(cx).map(|_| {
            let mark = self.watch.mark();
            Some(Ok(Frame::data(mark.unwrap_or_else(|| Bytes::from_static(&HEARTBEAT)))))
        })
    }
}

/// Events as frames with a message each.
struct Frames {
    messages: Messages,
}

impl Format for Frames {
    fn name(&self) -> &'static str {
        "grpc"
    }

    fn encode(&self, _: &Application, event: &Event<'_>, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&[0; FRAME_HEAD]);
        self.message(event, out);
        let length = u32::try_from(out.len() - start - FRAME_HEAD).unwrap_or(u32::MAX);
        out[start + 1..start + FRAME_HEAD].copy_from_slice(&length.to_be_bytes());
    }
}

impl Frames {
    fn message(&self, event: &Event<'_>, out: &mut Vec<u8>) {
        match event {
            Event::Snapshot { view } => wire::nested(2, out, |out| self.messages.encode_record(view, out)),
            Event::Ready { id, count, more } => {
                wire::text(1, id, out);
                wire::nested(3, out, |out| {
                    wire::int(1, count.cast_signed(), out);
                    wire::bool(2, *more, out);
                });
            }
            Event::Enter { id, operation, view } => self.shown(4, id, *operation, view, out),
            Event::Change { id, operation, view } => self.shown(5, id, *operation, view, out),
            Event::Leave { id, record } => {
                wire::text(1, id, out);
                wire::nested(6, out, |out| wire::text(1, &record.to_string(), out));
            }
            Event::Mark { id } => {
                wire::text(1, id, out);
                wire::nested(7, out, |_| {});
            }
            Event::End(reason) => end(*reason, out),
        }
    }

    fn shown(&self, number: u32, id: &str, operation: Change, view: &View, out: &mut Vec<u8>) {
        wire::text(1, id, out);
        wire::text(10, operation.as_str(), out);
        wire::nested(number, out, |out| self.messages.encode_record(view, out));
    }
}

fn end(reason: Ended, out: &mut Vec<u8>) {
    let number = if reason.is_reset() { 8 } else { 9 };
    wire::nested(number, out, |out| wire::text(1, reason.as_str(), out));
}
