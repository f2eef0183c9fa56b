//! What a call says beside its message: the metadata, which are HTTP's header fields.

use crate::deadline;
use http::{HeaderMap, HeaderName, HeaderValue};
use mainstay_engine::{Code, Error};
use mainstay_ports::Position;
use std::time::Duration;
use tonic::metadata::MetadataMap;

/// A place in the change feed: that the answer has to be as new as, and that it is as new as.
const POSITION: &str = "mainstay-position";
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// What a call says beside its message.
#[derive(Debug, Default)]
pub(crate) struct Metadata {
    pub(crate) position: Option<Position>,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) timeout: Option<Duration>,
}

impl Metadata {
    /// Reads it from the header.
    ///
    /// # Errors
    /// [`Code::InvalidParameter`] for what is malformed.
    pub(crate) fn read(headers: &HeaderMap) -> Result<Self, Error> {
        let invalid = || {
            Error::new(Code::InvalidParameter, "`mainstay-position` is one position, as it was in an answer")
        };
        let position = match text(headers, &HeaderName::from_static(POSITION)) {
            None => None,
            Some(text) => Some(text.and_then(|text| text.parse().ok()).ok_or_else(invalid)?),
        };
        Ok(Metadata {
            position,
            // What is none becomes a key that nobody can have, and is refused as such.
            idempotency_key: text(headers, &IDEMPOTENCY_KEY).map(|key| key.unwrap_or_default().to_owned()),
            timeout: deadline::timeout(headers)?,
        })
    }
}

/// The one text of a header; `Some(None)` where it is there and no text, or twice.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Option<&'a str>> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    Some(first.to_str().ok().filter(|_| values.next().is_none()))
}

/// Says in an answer which position it is as new as.
pub(crate) fn set_position(position: Position, metadata: &mut MetadataMap) {
    if let Ok(value) = position.to_string().parse() {
        metadata.insert(POSITION, value);
    }
}

/// Says in an answer that it was given before.
pub(crate) fn set_replayed(metadata: &mut MetadataMap) {
    metadata.insert("idempotency-replayed", tonic::metadata::MetadataValue::from_static("true"));
}

/// The media type of gRPC.
pub(crate) const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
