//! The operations on API keys.

use crate::answer;
use crate::call::Call;
use crate::encode;
use crate::frame::Answer;
use crate::object::{Object, parse_id};
use crate::records::decode_all;
use axum::body::Body;
use http::header::{CACHE_CONTROL, LOCATION};
use http::{HeaderValue, Response, StatusCode};
use mainstay_engine::{Code, Done, Error, KEY_FIELDS, MadeKey};
use mainstay_model::Application;
use uuid::Uuid;

/// `POST /v1/auth/keys`
pub(crate) async fn create(call: Call, body: Body) -> Answer {
    let mut object = Object::new(call.object(body).await?);
    object.retain(KEY_FIELDS);
    let input = decode_all(call.engine().key_model(), object)?;
    let made = call.engine().create_key(&call.caller, input).await?;
    Ok(call.done(&Done::Key(&made)))
}

/// A new key, which is shown this once.
pub(crate) fn made<B: From<Vec<u8>>>(application: &Application, made: &MadeKey) -> Response<B> {
    let body = encode::record_body_with(application, &made.view, "key", &made.key);
    let mut response = answer::json(StatusCode::CREATED, body);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(value) = HeaderValue::try_from(format!("/v1/auth/keys/{}", made.view.record.id())) {
        response.headers_mut().insert(LOCATION, value);
    }
    response
}

/// `GET /v1/auth/keys`
pub(crate) async fn list(call: Call, _: Body) -> Answer {
    let keys = call.engine().keys(&call.caller, user(&call)?).await?;
    let mut body = b"{\"items\":[".to_vec();
    for (index, key) in keys.iter().enumerate() {
        encode::separate(index, &mut body);
        encode::record(call.engine().application(), key, &mut body);
    }
    body.extend_from_slice(b"]}");
    Ok(answer::private(answer::json(StatusCode::OK, body)))
}

/// The account whose keys are asked for, where it is not the caller's own.
fn user(call: &Call) -> Result<Option<Uuid>, Error> {
    let Some(text) = call.query.get("user") else { return Ok(None) };
    let invalid = || Error::new(Code::InvalidParameter, "`user` is the id of an account: a UUID");
    parse_id(text).map(Some).ok_or_else(invalid)
}

/// `GET /v1/auth/keys/{id}`
pub(crate) async fn get(call: Call, _: Body) -> Answer {
    let key = call.engine().key(&call.caller, call.id()?).await?;
    let body = encode::record_body(call.engine().application(), &key);
    Ok(answer::private(answer::json(StatusCode::OK, body)))
}

/// `DELETE /v1/auth/keys/{id}`
pub(crate) async fn delete(call: Call, body: Body) -> Answer {
    let id = call.id()?;
    call.no_body(body).await?;
    call.engine().revoke_key(&call.caller, id).await?;
    Ok(call.done(&Done::Nothing))
}
