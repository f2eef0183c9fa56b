//! The answer to a client that asks whether it is new enough.

use crate::answer;
use http::header::{ACCEPT_LANGUAGE, CONTENT_LANGUAGE, VARY};
use http::{HeaderValue, Response, StatusCode};
use mainstay_engine::AppCheck;
use serde::Serialize;

#[derive(Serialize)]
struct Body<'a> {
    status: &'static str,
    reason: &'static str,
    minimum: Option<String>,
    recommended: Option<String>,
    store: Option<String>,
    message: Option<&'a str>,
    link: Option<&'a str>,
}

pub(super) fn app<B: From<Vec<u8>>>(check: &AppCheck) -> Response<B> {
    let text = |version: &Option<_>| version.as_ref().map(ToString::to_string);
    let body = Body {
        status: check.urgency.as_str(),
        reason: check.reason.as_str(),
        minimum: text(&check.minimum),
        recommended: text(&check.recommended),
        store: text(&check.store),
        message: check.message.as_deref(),
        link: check.link.as_deref(),
    };
    let body = serde_json::to_vec(&body).expect("a struct of texts has a JSON form");
    let mut response = answer::private(answer::json(StatusCode::OK, body));
    response.headers_mut().append(VARY, HeaderValue::from(ACCEPT_LANGUAGE));
    let language = check.language.as_ref().and_then(|tag| HeaderValue::try_from(tag).ok());
    language.and_then(|tag| response.headers_mut().insert(CONTENT_LANGUAGE, tag));
    response
}
