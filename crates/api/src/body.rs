//! Request bodies: their type, their size, their bytes.

use axum::body::{Body, BodyDataStream, Bytes, HttpBody};
use futures::StreamExt;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use mainstay_content::{Coding, Expanding, Format};
use mainstay_engine::{Code, Error};

/// The media types that a request body of JSON may have.
pub(crate) const JSON: &[&str] = &["application/json"];

/// Those of a patch: RFC 7396's own, and plain JSON for those who do not know it. The other forms have no type of their own for it.
pub(crate) const MERGE_PATCH: &[&str] = &["application/merge-patch+json", "application/json"];

/// How much room is made for a body before its bytes are there, whatever its `Content-Length` promises.
const MAX_RESERVED_BYTES: usize = 64 << 10;

/// The form of a body, by its type: one of `json`, or of another form.
///
/// # Errors
/// [`Code::UnsupportedMediaType`], with what would do.
pub(crate) fn format(headers: &HeaderMap, json: &[&'static str]) -> Result<Format, Error> {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let given = types.next().filter(|_| types.next().is_none()).and_then(|value| value.to_str().ok());
    given.and_then(|given| format_of(given, json)).ok_or_else(|| {
        let others = Format::OPERATIONS.into_iter().filter(|format| *format != Format::Json);
        let names: Vec<&str> = json.iter().copied().chain(others.map(Format::media_type)).collect();
        let message = format!("send the body as `Content-Type: {}` in UTF-8", names.join("` or `"));
        Error::new(Code::UnsupportedMediaType, message)
    })
}

/// How a body is compressed, if it is.
///
/// # Errors
/// [`Code::UnsupportedMediaType`] for a coding that is not known, and for several.
pub(crate) fn coding(headers: &HeaderMap) -> Result<Option<Coding>, Error> {
    let values = headers.get_all(CONTENT_ENCODING).iter().map(|value| value.to_str().unwrap_or_default());
    let names = values.flat_map(|value| value.split(',')).map(str::trim);
    let mut names = names.filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("identity"));
    let Some(name) = names.next() else { return Ok(None) };
    let coding = Coding::of(name).filter(|_| names.next().is_none()).map(Some);
    coding.ok_or_else(|| {
        let message = "send the body with one `Content-Encoding` of `zstd`, `br` and `gzip`, or with none";
        Error::new(Code::UnsupportedMediaType, message)
    })
}

/// The body as it was before it was compressed, of up to `limit` bytes.
///
/// # Errors
/// [`Code::BodyTooLarge`], before more than that was expanded; [`Code::InvalidBody`] for what is broken.
pub(crate) async fn expanded(bytes: Bytes, coding: Coding, limit: usize) -> Result<Bytes, Error> {
    let work = move || coding.expand(&bytes, limit);
    let expanded = tokio::task::spawn_blocking(work).await;
    match expanded.map_err(|error| Error::internal(error.to_string()))? {
        Ok(expanded) => Ok(expanded.into()),
        Err(Expanding::TooLarge) => Err(too_large(limit)),
        Err(Expanding::Broken(detail)) => Err(Error {
            detail: Some(detail),
            ..Error::new(Code::InvalidBody, format!("the body is not {}, or broken off", coding.as_str()))
        }),
    }
}

/// The form of a media type, whose parameters leave it what it is.
fn format_of(content_type: &str, json: &[&str]) -> Option<Format> {
    if is_accepted(content_type, json) {
        return Some(Format::Json);
    }
    let others = Format::OPERATIONS.into_iter().filter(|format| *format != Format::Json);
    others.into_iter().find(|format| is_accepted(content_type, format.media_types()))
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
        // Of `application/protobuf`: another encoding than this is not known.
        Some((name, value)) if name.trim().eq_ignore_ascii_case("encoding") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("binary")
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
