//! gRPC-Web: gRPC for clients that cannot read trailers, as browsers. They come as a last frame in the body instead (PROTOCOL-WEB.md of grpc).

use axum::body::{Body, Bytes};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Response};
use http_body::Frame;
use mainstay_api::Exchange;
use mainstay_engine::{Code, Error};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The first byte of the frame with the trailers.
const TRAILERS: u8 = 0x80;
/// The largest request in base64 that is taken: as large as the largest batch, and a third more.
const MAX_TEXT_BYTES: usize = 64 << 20;

/// In which form a client sends and wants its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Grpc,
    Web,
    WebText,
}

impl Form {
    /// The form that the media type says, `+proto` or another name of the messages' encoding behind it.
    fn of(headers: &HeaderMap) -> Option<Self> {
        let media_type = headers.get(CONTENT_TYPE)?.to_str().ok()?;
        let (protocol, encoding) = match media_type.split_once('+') {
            None => (media_type, "proto"),
            Some((protocol, encoding)) => (protocol, encoding),
        };
        match (protocol, encoding) {
            ("application/grpc", "proto") => Some(Form::Grpc),
            ("application/grpc-web", "proto") => Some(Form::Web),
            ("application/grpc-web-text", "proto") => Some(Form::WebText),
            _ => None,
        }
    }

    fn media_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Form::Grpc => "application/grpc",
            Form::Web => "application/grpc-web+proto",
            Form::WebText => "application/grpc-web-text+proto",
        })
    }
}

/// Answers a call in the form in which it was made.
///
/// # Errors
/// [`Code::UnsupportedMediaType`] for what is no call of gRPC, before anything else is looked at.
pub(crate) async fn translated<F>(
    mut exchange: Exchange,
    answer: impl FnOnce(Exchange) -> F,
) -> Result<Response<Body>, Error>
where
    F: Future<Output = Response<Body>>,
{
    let form = Form::of(&exchange.parts.headers);
    let form = form.ok_or_else(|| {
        Error::new(Code::UnsupportedMediaType, "a call of gRPC has the `Content-Type` application/grpc")
    })?;
    if form == Form::Grpc {
        return Ok(answer(exchange).await);
    }
    if form == Form::WebText {
        let text = exchange.read(MAX_TEXT_BYTES).await?;
        let bytes = STANDARD.decode(&text);
        let bytes = bytes.map_err(|_| Error::new(Code::InvalidMessage, "the body is not base64"))?;
        exchange.body = Body::from(bytes);
    }
    let mut response = answer(exchange).await.map(|body| Body::new(Translated { body, form }));
    response.headers_mut().insert(CONTENT_TYPE, form.media_type());
    Ok(response)
}

/// A body with its trailers as a last frame of data.
struct Translated {
    body: Body,
    form: Form,
}

impl Translated {
    fn encoded(&self, bytes: Bytes) -> Bytes {
        if self.form == Form::WebText { Bytes::from(STANDARD.encode(bytes)) } else { bytes }
    }
}

impl http_body::Body for Translated {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
            Some(Ok(frame)) => frame,
            other => return Poll::Ready(other),
        };
        let bytes = match frame.into_data() {
            Ok(data) => data,
            Err(frame) => frame.into_trailers().map(|trailers| last_frame(&trailers)).unwrap_or_default(),
        };
        Poll::Ready(Some(Ok(Frame::data(self.encoded(bytes)))))
    }
}

/// Trailers as HTTP/1 would write them, in a frame.
fn last_frame(trailers: &HeaderMap) -> Bytes {
    let mut text = Vec::new();
    for (name, value) in trailers {
        text.extend([name.as_str().as_bytes(), b":", value.as_bytes(), b"\r\n"].concat());
    }
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    let mut frame = vec![TRAILERS];
    frame.extend(length.to_be_bytes());
    frame.extend(text);
    Bytes::from(frame)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_media_type_says_the_form() {
        let check = |text: &str, expected: Option<Form>| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, text.parse().unwrap());
            assert_eq!(Form::of(&headers), expected, "{text}");
        };
        check("application/grpc", Some(Form::Grpc));
        check("application/grpc+proto", Some(Form::Grpc));
        check("application/grpc-web", Some(Form::Web));
        check("application/grpc-web-text+proto", Some(Form::WebText));
        check("application/grpc+json", None);
        check("application/json", None);
        assert_eq!(Form::of(&HeaderMap::new()), None);
    }

    #[test]
    fn trailers_are_a_frame() {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from_static("0"));
        assert_eq!(&last_frame(&trailers)[..], b"\x80\0\0\0\x0fgrpc-status:0\r\n");
    }
}
