//! Request bodies: their type, their size, their bytes.

use axum::body::{Body, BodyDataStream, Bytes, HttpBody};
use futures::StreamExt;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use mainstay_engine::{Code, Error};

/// The media types that a request body may have.
pub(crate) const JSON: &[&str] = &["application/json"];

/// Those of a patch: RFC 7396's own, and plain JSON for those who do not know it.
pub(crate) const MERGE_PATCH: &[&str] = &["application/merge-patch+json", "application/json"];

/// How much room is made for a body before its bytes are there, whatever its `Content-Length` promises.
const MAX_RESERVED_BYTES: usize = 64 << 10;

/// Refuses a body whose type is not one of `accepted`, or which is compressed or not in UTF-8.
///
/// # Errors
/// [`Code::UnsupportedMediaType`], with what would do.
pub(crate) fn check_type(headers: &HeaderMap, accepted: &[&str]) -> Result<(), Error> {
    if !headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity"))
    {
        let message = "send the body without `Content-Encoding`: compressed bodies are not read";
        return Err(Error::new(Code::UnsupportedMediaType, message));
    }
    let given = headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default());
    if given.is_some_and(|given| is_accepted(given, accepted))
        && headers.get_all(CONTENT_TYPE).iter().count() == 1
    {
        return Ok(());
    }
    let expected = accepted.join("` or `");
    Err(Error::new(
        Code::UnsupportedMediaType,
        format!("send the body as `Content-Type: {expected}` in UTF-8"),
    ))
}

fn is_accepted(content_type: &str, accepted: &[&str]) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default();
    accepted.iter().any(|name| name.eq_ignore_ascii_case(media_type)) && parts.all(is_harmless)
}

/// Whether a parameter of the media type leaves the body what it is.
fn is_harmless(parameter: &str) -> bool {
    match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    }
}

/// Reads a body of up to `limit` bytes.
///
/// # Errors
/// [`Code::BodyTooLarge`], before anything is read when the length is announced; [`Code::InvalidJson`] when the connection breaks.
pub(crate) async fn read(body: Body, limit: usize) -> Result<Bytes, Error> {
    let announced = body.size_hint().lower();
    if announced > u64::try_from(limit).unwrap_or(u64::MAX) {
        return Err(too_large(limit));
    }
    let mut chunks = body.into_data_stream();
    let Some(first) = next(&mut chunks).await? else { return Ok(Bytes::new()) };
    match next(&mut chunks).await? {
        None if first.len() > limit => Err(too_large(limit)),
        None => Ok(first),
        Some(second) => collect(first, second, chunks, limit).await,
    }
}

/// The rest of a body that comes in several chunks.
async fn collect(
    first: Bytes,
    second: Bytes,
    mut chunks: BodyDataStream,
    limit: usize,
) -> Result<Bytes, Error> {
    let rest = usize::try_from(chunks.size_hint().lower()).unwrap_or(usize::MAX);
    let mut bytes = Vec::with_capacity((first.len() + second.len()).max(rest.min(MAX_RESERVED_BYTES)));
    bytes.extend_from_slice(&first);
    let mut chunk = Some(second);
    while let Some(more) = chunk {
        if bytes.len() + more.len() > limit {
            return Err(too_large(limit));
        }
        bytes.extend_from_slice(&more);
        chunk = next(&mut chunks).await?;
    }
    Ok(bytes.into())
}

async fn next(chunks: &mut BodyDataStream) -> Result<Option<Bytes>, Error> {
    let chunk = chunks.next().await.transpose();
    chunk.map_err(|error| Error {
        detail: Some(error.to_string()),
        ..Error::new(Code::InvalidJson, "the body broke off before its end")
    })
}

fn too_large(limit: usize) -> Error {
    Error::new(Code::BodyTooLarge, format!("the body is larger than {limit} bytes"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use futures::stream;
    use std::convert::Infallible;

    #[track_caller]
    fn check_media(content_type: &str, expected: bool) {
        assert_eq!(is_accepted(content_type, MERGE_PATCH), expected, "{content_type}");
    }

    #[test]
    fn media_types_are_compared_without_case_and_with_their_charset() {
        check_media("application/json", true);
        check_media("Application/JSON; charset=UTF-8", true);
        check_media("application/merge-patch+json;charset=\"utf-8\"", true);
        check_media("application/json; charset=latin1", false);
        check_media("text/plain", false);
        check_media("application/jsonp", false);
        check_media("", false);
    }

    async fn check_read(chunks: &[&'static str], limit: usize, expected: &str) {
        let chunks: Vec<Result<&str, Infallible>> = chunks.iter().map(|chunk| Ok(*chunk)).collect();
        let answer = read(Body::from_stream(stream::iter(chunks)), limit).await;
        let answer =
            answer.map_or_else(|error| error.to_string(), |bytes| String::from_utf8(bytes.into()).unwrap());
        assert_eq!(answer, expected);
    }

    #[tokio::test]
    async fn chunks_are_joined_up_to_the_limit() {
        check_read(&[], 3, "").await;
        check_read(&["abc"], 3, "abc").await;
        check_read(&["ab", "", "c"], 3, "abc").await;
        check_read(&["abcd"], 3, "body_too_large: the body is larger than 3 bytes").await;
        check_read(&["ab", "cd"], 3, "body_too_large: the body is larger than 3 bytes").await;
        check_read(&["a", "b", "c", "d"], 3, "body_too_large: the body is larger than 3 bytes").await;
    }

    #[tokio::test]
    async fn an_announced_length_is_enough_to_refuse() {
        let answer = read(Body::from("abcd"), 3).await;
        assert_eq!(answer.unwrap_err().code, Code::BodyTooLarge);
    }
}
