//! The page on which documents are tried while a project is being made: an editor that knows the schema, the answers, and the schema to be read.
//!
//! It is a page of our own and not GraphiQL, whose bundle is megabytes that a tool built. Nothing is fetched from elsewhere, and the page's
//! content security policy sees to that. Its scripts are modules that the browser reads as they are.

use axum::body::Body;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use http::{HeaderValue, Method, Response};
use mainstay_api::Endpoint;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The parts of the page: path, media type, content.
const PARTS: [(&str, &str, &str); 12] = [
    ("/graphiql", HTML, include_str!("page.html")),
    ("/graphiql/page.css", CSS, include_str!("page.css")),
    ("/graphiql/page.js", SCRIPT, include_str!("page.js")),
    ("/graphiql/complete.js", SCRIPT, include_str!("complete.js")),
    ("/graphiql/docs.js", SCRIPT, include_str!("docs.js")),
    ("/graphiql/editor.js", SCRIPT, include_str!("editor.js")),
    ("/graphiql/lexer.js", SCRIPT, include_str!("lexer.js")),
    ("/graphiql/print.js", SCRIPT, include_str!("print.js")),
    ("/graphiql/request.js", SCRIPT, include_str!("request.js")),
    ("/graphiql/schema.js", SCRIPT, include_str!("schema.js")),
    ("/graphiql/store.js", SCRIPT, include_str!("store.js")),
    ("/graphiql/walk.js", SCRIPT, include_str!("walk.js")),
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
