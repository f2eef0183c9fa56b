//! The answer of a lock.

use crate::answer;
use http::header::CACHE_CONTROL;
use http::{HeaderValue, Response, StatusCode};
use mainstay_engine::{FencingToken, Lock};
use mainstay_expr::Value;
use mainstay_model::json::{encode as encode_value, encode_str};

/// A lock that is held, as its holder and those who would be see it.
pub(super) fn lock<B: From<Vec<u8>>>(lock: &Lock) -> Response<B> {
    let mut out = b"{\"name\":".to_vec();
    encode_str(lock.name.as_str(), &mut out);
    out.extend_from_slice(format!(",\"fencing\":{},\"token\":", lock.fencing).as_bytes());
    let token = FencingToken { name: lock.name.clone(), fencing: lock.fencing };
    encode_str(&token.to_string(), &mut out);
    for (key, value) in [
        ("account", lock.account.map_or(Value::Null, Value::Uuid)),
        ("holder", lock.holder.clone().map_or(Value::Null, Value::Text)),
        ("expires_at", Value::Timestamp(lock.expires_at)),
        ("lease_ms", Value::Int(lock.lease_ms)),
    ] {
        out.extend_from_slice(format!(",\"{key}\":").as_bytes());
        encode_value(&value, &mut out);
    }
    out.push(b'}');
    let mut response = answer::json(StatusCode::OK, out);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
