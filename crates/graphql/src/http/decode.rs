//! Requests: their documents and variables, from a query string or a body.

use crate::error::Failure;
use crate::service::{Request, Service};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, Method};
use mainstay_api::{Exchange, decode_query, parse_object};
use mainstay_engine::Code;
use serde_json::{Map, Value};

/// The request in an exchange.
///
/// # Errors
/// What is not well-formed.
pub(super) async fn request(service: &Service, exchange: &mut Exchange) -> Result<Request, Failure> {
    if exchange.parts.method == Method::GET {
        let depth = max_depth(service);
        return from_query(exchange.parts.uri.query().unwrap_or_default(), depth);
    }
    check_type(&exchange.parts.headers)?;
    let limits = service.operations.limits();
    // A document has room beside what it writes.
    let bytes = exchange.read(limits.batch_body_bytes).await?;
    if bytes.trim_ascii_start().starts_with(b"[") {
        let message = "send one request at a time: one document can ask for several things, and HTTP carries several requests";
        return Err(Failure::new(Code::InvalidParameter, message));
    }
    Request::read(parse_object(&bytes, max_depth(service))?)
}

/// The deepest nesting of a request: the records of a batch are the data of operations in a list, which is a variable.
pub(crate) fn max_depth(service: &Service) -> usize {
    const ENVELOPE_DEPTH: usize = 5;
    service.operations.limits().json_depth + ENVELOPE_DEPTH
}

/// Refuses what a browser sends to other sites without asking: forms and plain text.
fn check_type(headers: &HeaderMap) -> Result<(), Failure> {
    let types: Vec<&str> =
        headers.get_all(CONTENT_TYPE).iter().map(|value| value.to_str().unwrap_or_default()).collect();
    let is_json = matches!(types.as_slice(), [only] if is_json(only));
    if is_json && !headers.contains_key(CONTENT_ENCODING) {
        return Ok(());
    }
    let message = "send the body as `Content-Type: application/json` in UTF-8";
    Err(Failure::new(Code::UnsupportedMediaType, message))
}

fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("application/json"));
    is_json
        && parts.filter_map(|part| part.split_once('=')).all(|(name, value)| {
            !name.trim().eq_ignore_ascii_case("charset")
                || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        })
}

/// The members of a request in the query of a URI; those that are objects in JSON.
fn from_query(query: &str, max_depth: usize) -> Result<Request, Failure> {
    let mut members = Map::new();
    for (name, value) in decode_query(query)? {
        let value = match name.as_str() {
            "variables" | "extensions" if !value.trim().is_empty() => {
                Value::Object(parse_object(value.as_bytes(), max_depth)?)
            }
            "variables" | "extensions" => Value::Null,
            _ => Value::String(value),
        };
        if members.insert(name.clone(), value).is_some() {
            return Err(Failure::new(Code::InvalidParameter, format!("the parameter `{name}` occurs twice")));
        }
    }
    Request::read(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_is_read() {
        assert!(is_json("application/json"));
        assert!(is_json("Application/JSON; charset=UTF-8"));
        assert!(!is_json("application/json; charset=latin1"));
        assert!(!is_json("text/plain"));
        assert!(!is_json("application/x-www-form-urlencoded"));
        assert!(!is_json(""));
    }
}
