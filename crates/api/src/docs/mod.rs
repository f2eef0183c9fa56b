//! The API reference page.
//!
//! Its list of operations and its error codes are there without scripts; a script of its own reads `/openapi.json` and adds
//! parameters, schemas, examples and a form to try each operation. Nothing is fetched from elsewhere, and the page's content
//! security policy sees to that.

use crate::answer;
use crate::call::Call;
use crate::frame::Answer;
use crate::problem::title;
use crate::routes::place;
use crate::status::status;
use crate::system::Document;
use axum::body::Body;
use http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use http::{HeaderValue, StatusCode};
use mainstay_engine::{Code, Operation};
use mainstay_model::Application;
use std::fmt::Write;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

/// `GET /docs`, and `GET /docs/errors`, to which the `type` of a problem document leads.
pub(crate) async fn page(call: Call, _: Body) -> Answer {
    let operations = &call.operations;
    let document = operations.shown.reference.get_or_init(|| {
        Document::new("text/html; charset=utf-8", render(operations.application(), operations.list()))
    });
    let mut response = document.answer(call.headers());
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(response)
}

/// `GET /docs/page.css`
pub(crate) async fn style(_: Call, _: Body) -> Answer {
    Ok(answer::bytes(StatusCode::OK, "text/css; charset=utf-8", STYLE))
}

/// `GET /docs/page.js`
pub(crate) async fn script(_: Call, _: Body) -> Answer {
    Ok(answer::bytes(StatusCode::OK, "text/javascript; charset=utf-8", SCRIPT))
}

fn render(application: &Application, list: &[Operation]) -> String {
    let name = application.config.name.as_str();
    let title = escaped(if name.is_empty() { "Mainstay" } else { name });
    PAGE.replace("{{title}}", &title)
        .replace("{{operations}}", &operations(application, list))
        .replace("{{errors}}", &errors())
}

fn operations(application: &Application, list: &[Operation]) -> String {
    let mut html = String::new();
    for operation in list {
        let (method, path) = place(application, operation);
        let (name, summary, path) = (escaped(&operation.name), escaped(&operation.summary), escaped(&path));
        let method_class = method.as_str().to_ascii_lowercase();
        append(
            &mut html,
            format_args!(
                "<li id=\"{name}\"><span class=\"method {method_class}\">{method}</span> <code>{path}</code> {summary}</li>\n"
            ),
        );
    }
    html
}

fn errors() -> String {
    let mut html = String::new();
    for code in Code::ALL {
        let (id, status, title) = (code.as_str(), status(*code).as_u16(), title(*code));
        let meaning = with_code(code.meaning());
        append(
            &mut html,
            format_args!(
                "<tr id=\"{id}\"><td>{status}</td><td><code>{id}</code></td><td>{title}</td><td>{meaning}</td></tr>\n"
            ),
        );
    }
    html
}

fn append(html: &mut String, text: std::fmt::Arguments<'_>) {
    html.write_fmt(text).expect("writing to a string does not fail");
}

/// Text as HTML, with what stands between backticks marked as code.
fn with_code(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts
        .map(|(index, part)| match index % 2 {
            0 => escaped(part),
            _ => format!("<code>{}</code>", escaped(part)),
        })
        .collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_small_and_fetches_nothing_from_elsewhere() {
        let sizes = PAGE.len() + STYLE.len() + SCRIPT.len();
        assert!(sizes < 40 << 10, "{sizes} bytes");
        for text in [PAGE, STYLE, SCRIPT] {
            assert!(!text.contains("http://") && !text.contains("https://") && !text.contains("//cdn"));
        }
    }

    #[test]
    fn text_is_escaped_and_code_is_marked() {
        let check = |text: &str, expected: &str| assert_eq!(with_code(text), expected);
        check("a `b<c>` & \"d\"", "a <code>b&lt;c&gt;</code> &amp; &quot;d&quot;");
        check("plain", "plain");
    }

    #[test]
    fn every_code_has_its_anchor() {
        let html = errors();
        for code in Code::ALL {
            assert!(html.contains(&format!("id=\"{}\"", code.as_str())), "{code:?}");
        }
    }
}
