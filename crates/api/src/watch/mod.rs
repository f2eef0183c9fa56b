//! Watching a list: `GET` of it with `Accept: text/event-stream`.

mod accept;
mod sse;

pub(crate) use accept::is_wanted;

use crate::call::Call;
use crate::frame::{Answer, access_token};
use crate::{answer, conditions};
use axum::body::{Body, Bytes};
use futures::Stream;
use http::header::CACHE_CONTROL;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use mainstay_engine::{Code, Error, OperationKind, Watch, WatchRequest};
use sse::{EVENT_STREAM, HEARTBEAT, Sse};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Tells nginx, and those who learnt it from nginx, to pass on what comes as it comes.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// `GET /v1/rooms` with `Accept: text/event-stream`
pub(crate) async fn watch(call: Call, _: Body) -> Answer {
    conditions::check_read(call.headers(), None)?;
    let parameters = call.query.parameters(OperationKind::Watch)?;
    let request = WatchRequest {
        filter: parameters.filter,
        fields: parameters.fields,
        snapshot: call.query.snapshot()?,
        order: parameters.order,
        limit: parameters.limit,
        last_event_id: last_event_id(&call)?,
        at_least: call.position()?,
        token: access_token(call.headers()).map(Arc::from),
        format: Arc::new(Sse),
    };
    let watch = call.operations.watch(&call.caller, call.operation(), request).await?;
    if call.parts.method == Method::HEAD {
        // Of a length that is not known, as the stream's is.
        return Ok(stream(Body::from_stream(futures::stream::empty::<Result<Bytes, Infallible>>())));
    }
    let period = call.operations.limits().heartbeat;
    let mut heartbeat = interval_at(Instant::now() + period, period);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    Ok(stream(Body::from_stream(Events { watch, heartbeat })))
}

fn stream(body: Body) -> Response<Body> {
    let mut response = answer::bytes(StatusCode::OK, EVENT_STREAM, body);
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    response
}

/// The header of a client that resumes. After a `reset` a browser has none, and another client may send an empty one.
fn last_event_id(call: &Call) -> Result<Option<String>, Error> {
    let mut values = call.headers().get_all(LAST_EVENT_ID).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().ok().filter(|_| values.next().is_none());
    let text = text
        .ok_or_else(|| Error::new(Code::InvalidEventId, "send one `Last-Event-ID`, as it was in an event"))?;
    Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
}

/// The events of a watch, and a heartbeat when there are none.
struct Events {
    watch: Watch,
    heartbeat: Interval,
}

impl Stream for Events {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Poll::Ready(events) = Pin::new(&mut self.watch).poll_next(cx) {
            return Poll::Ready(events.map(Ok));
        }
        self.heartbeat.poll_tick(cx).map(|_| {
            let mark = self.watch.mark();
            Some(Ok(mark.unwrap_or_else(|| Bytes::from_static(HEARTBEAT))))
        })
    }
}
