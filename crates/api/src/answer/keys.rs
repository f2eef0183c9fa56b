//! The answers with API keys.

use crate::{answer, encode};
use http::header::{CACHE_CONTROL, LOCATION};
use http::{HeaderValue, Response, StatusCode};
use mainstay_engine::{MadeKey, View};
use mainstay_model::Application;

/// A new key, which is shown this once.
pub(super) fn made<B: From<Vec<u8>>>(application: &Application, made: &MadeKey) -> Response<B> {
    let body = encode::record_body_with(application, &made.view, "key", &made.key);
    let mut response = answer::json(StatusCode::CREATED, body);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(value) =
        HeaderValue::try_from(format!("/v{}/auth/keys/{}", application.version(), made.view.record.id()))
    {
        response.headers_mut().insert(LOCATION, value);
    }
    response
}

/// All keys of an account.
pub(super) fn list<B: From<Vec<u8>>>(application: &Application, keys: &[View]) -> Response<B> {
    let mut body = b"{\"items\":[".to_vec();
    encode::records(application, keys, &mut body);
    body.extend_from_slice(b"]}");
    answer::private(answer::json(StatusCode::OK, body))
}
