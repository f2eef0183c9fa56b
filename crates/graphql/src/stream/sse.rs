//! Subscriptions over server-sent events: `next` for each result, `complete` at the end (the protocol of graphql-sse, distinct connections).

use super::{Beat, Beating, Next, answers};
use crate::execute::Subscription;
use axum::body::Body;
use bytes::Bytes;
use futures::{Stream, StreamExt};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Response};
use serde_json::json;
use std::convert::Infallible;
use std::time::Duration;

/// Tells nginx, and those who learnt it from nginx, to pass on what comes as it comes.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// What is said when there is nothing to say.
const HEARTBEAT: &[u8] = b":\n\n";
/// That it is over. Its data is there, since browsers drop events without.
const COMPLETE: &[u8] = b"event: complete\ndata: \n\n";

/// The events of a watch.
pub(crate) fn events(
    watch: Subscription,
    period: Duration,
    request_id: String,
) -> impl Stream<Item = Bytes> + Send + 'static {
    Beating::new(watch, period).map(move |beat| match beat {
        Beat::Nothing => Bytes::from_static(HEARTBEAT),
        Beat::Events(bytes) => {
            let mut out = Vec::with_capacity(bytes.len() * 2);
            answers(&bytes, &request_id).into_iter().for_each(|next| write(&next, &mut out));
            Bytes::from(out)
        }
    })
}

/// The events of what is answered at once.
pub(crate) fn once(body: &[u8]) -> impl Stream<Item = Bytes> + Send + 'static {
    let mut out = Vec::with_capacity(body.len() + 64);
    event(body, &mut out);
    out.extend_from_slice(COMPLETE);
    futures::stream::iter([Bytes::from(out)])
}

/// The response with these events.
pub(crate) fn response(events: impl Stream<Item = Bytes> + Send + 'static) -> Response<Body> {
    let mut response = Response::new(Body::from_stream(events.map(Ok::<_, Infallible>)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    response
}

fn write(next: &Next, out: &mut Vec<u8>) {
    match next {
        Next::Event(body) => event(body, out),
        Next::End(errors) => {
            event(json!({ "errors": errors }).to_string().as_bytes(), out);
            out.extend_from_slice(COMPLETE);
        }
    }
}

/// A result. JSON that is written without white space has no newline in it.
fn event(body: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"event: next\ndata: ");
    out.extend_from_slice(body);
    out.extend_from_slice(b"\n\n");
}
