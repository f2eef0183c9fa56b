//! Which form the client wants its answer in.

use http::HeaderMap;
use http::header::ACCEPT;

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `application/graphql-response+json`
    Response,
    /// `application/json`, which clients know that are older than the other.
    Json,
    /// `text/event-stream`
    Events,
}

impl Form {
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Form::Response => "application/graphql-response+json; charset=utf-8",
            Form::Json => "application/json; charset=utf-8",
            Form::Events => "text/event-stream",
        }
    }

    /// The form of what is refused before there is anything to stream.
    pub(crate) fn of_errors(self) -> Self {
        if self == Form::Events { Form::Response } else { self }
    }

    fn of(media_type: &str) -> Option<Self> {
        match media_type.to_ascii_lowercase().as_str() {
            "application/graphql-response+json" => Some(Form::Response),
            "application/json" | "application/*" | "*/*" => Some(Form::Json),
            "text/event-stream" | "text/*" => Some(Form::Events),
            _ => None,
        }
    }
}

/// The form that the client likes best: of those that it likes as well as each other the one that it names first. `None` where it takes none.
pub(crate) fn form(headers: &HeaderMap) -> Option<Form> {
    let mut values = headers.get_all(ACCEPT).iter().peekable();
    if values.peek().is_none() {
        return Some(Form::Json);
    }
    let ranges = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).map(range);
    let mut best: Option<(Form, f32)> = None;
    for (name, weight) in ranges {
        let Some(form) = Form::of(name).filter(|_| weight > 0.0) else { continue };
        if best.is_none_or(|(_, other)| weight > other) {
            best = Some((form, weight));
        }
    }
    best.map(|(form, _)| form)
}

/// A media range and its weight (RFC 9110, 12.4.2); one in another charset than UTF-8, or malformed, counts nothing.
fn range(text: &str) -> (&str, f32) {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let mut weight = 1.0;
    for (key, value) in parts.filter_map(|part| part.split_once('=')) {
        match key.trim().to_ascii_lowercase().as_str() {
            "q" => weight = value.trim().parse().unwrap_or(0.0),
            "charset" if !value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8") => return (name, 0.0),
            _ => {}
        }
    }
    (name, weight)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[track_caller]
    fn check(accept: &str, expected: Option<Form>) {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, accept.parse().unwrap());
        assert_eq!(form(&headers), expected, "{accept}");
    }

    #[test]
    fn the_form_is_what_the_client_likes_best() {
        assert_eq!(form(&HeaderMap::new()), Some(Form::Json));
        check("*/*", Some(Form::Json));
        check("application/graphql-response+json", Some(Form::Response));
        check(
            "application/graphql-response+json; charset=utf-8, application/json;q=0.9",
            Some(Form::Response),
        );
        check("application/json, application/graphql-response+json;q=0.5", Some(Form::Json));
        check("text/event-stream", Some(Form::Events));
        check("text/html", None);
        check("application/json;q=0", None);
        check("application/json; charset=latin1", None);
    }
}
