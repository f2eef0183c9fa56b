//! The page on which documents are tried while a project is being made: an editor, the answer, the schema beside them.
//!
//! It is a page of our own and not GraphiQL, whose bundle is megabytes that a tool built. Nothing is fetched from elsewhere, and the page's
//! content security policy sees to that.

use axum::body::Body;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use http::{HeaderValue, Method, Response};
use mainstay_api::Endpoint;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

/// The parts of the page: path, media type, content.
const PARTS: [(&str, &str, &str); 3] = [
    ("/graphiql", "text/html; charset=utf-8", include_str!("page.html")),
    ("/graphiql/page.css", "text/css; charset=utf-8", include_str!("page.css")),
    ("/graphiql/page.js", "text/javascript; charset=utf-8", include_str!("page.js")),
];

/// The endpoints of the page.
pub fn page() -> Vec<Endpoint> {
    let endpoint = |(path, media_type, content): (&'static str, &'static str, &'static str)| {
        Endpoint::new(Method::GET, path, move |_| async move { Ok(response(media_type, content)) })
    };
    PARTS.map(endpoint).into()
}

fn response(media_type: &'static str, content: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(content));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
