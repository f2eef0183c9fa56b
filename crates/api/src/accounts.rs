//! The operations on accounts.

use crate::answer;
use crate::call::Call;
use crate::frame::Answer;
use crate::object::Object;
use crate::records::decode_all;
use axum::body::Body;
use http::header::CACHE_CONTROL;
use http::{HeaderValue, Response, StatusCode};
use mainstay_engine::{Done, Login, NewUser, PasswordChange, Tokens};
use mainstay_model::json::encode_str;

/// `POST /v1/auth/register`
pub(crate) async fn register(call: Call, body: Body) -> Answer {
    let mut object = Object::new(call.object(body).await?);
    let (email, password) = (object.text("email"), object.text("password"));
    if object.take("id").is_some() {
        object.fault("id", "read_only", "is set by the server");
    }
    let application = call.engine().application();
    let input = decode_all(application.user(), object)?;
    let view = call.engine().register(&call.caller, NewUser { email, password, input }).await?;
    Ok(call.done(&Done::Registered(&view)))
}

/// `POST /v1/auth/login`
pub(crate) async fn login(call: Call, body: Body) -> Answer {
    let mut object = Object::new(call.object(body).await?);
    let login = Login { email: object.text("email"), password: object.text("password") };
    object.end()?;
    let tokens = call.engine().login(&call.caller, login).await?;
    Ok(call.done(&Done::Tokens(&tokens)))
}

/// `POST /v1/auth/refresh`
pub(crate) async fn refresh(call: Call, body: Body) -> Answer {
    let mut object = Object::new(call.object(body).await?);
    let token = object.text("refresh_token");
    object.end()?;
    let tokens = call.engine().refresh(&call.caller, &token).await?;
    Ok(call.done(&Done::Tokens(&tokens)))
}

/// `POST /v1/auth/logout`
pub(crate) async fn logout(call: Call, body: Body) -> Answer {
    call.no_body(body).await?;
    call.engine().logout(&call.caller).await?;
    Ok(call.done(&Done::Nothing))
}

/// `POST /v1/auth/password`
pub(crate) async fn change_password(call: Call, body: Body) -> Answer {
    let mut object = Object::new(call.object(body).await?);
    let change =
        PasswordChange { current: object.text("current_password"), new: object.text("new_password") };
    object.end()?;
    call.engine().change_password(&call.caller, change).await?;
    Ok(call.done(&Done::Nothing))
}

/// `GET /v1/auth/me`
pub(crate) async fn me(call: Call, _: Body) -> Answer {
    let view = call.engine().me(&call.caller).await?;
    Ok(answer::record(call.engine().application(), StatusCode::OK, &view))
}

/// Tokens, as RFC 6749, 5.1 has them.
pub(crate) fn tokens<B: From<Vec<u8>>>(tokens: &Tokens) -> Response<B> {
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
