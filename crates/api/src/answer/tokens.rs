//! The answer with tokens.

use crate::answer;
use http::header::CACHE_CONTROL;
use http::{HeaderValue, Response, StatusCode};
use mainstay_engine::Tokens;
use mainstay_model::json::encode_str;

/// Tokens, as RFC 6749, 5.1 has them.
pub(super) fn tokens<B: From<Vec<u8>>>(tokens: &Tokens) -> Response<B> {
    let mut body = b"{\"access_token\":".to_vec();
    encode_str(&tokens.access_token, &mut body);
    body.extend_from_slice(
        format!(",\"token_type\":\"Bearer\",\"expires_in\":{}", tokens.expires_in).as_bytes(),
    );
    body.extend_from_slice(b",\"refresh_token\":");
    encode_str(&tokens.refresh_token, &mut body);
    body.push(b'}');
    let mut response = answer::json(StatusCode::OK, body);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
