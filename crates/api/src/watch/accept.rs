//! Whether a client wants events rather than a page.

use super::sse::EVENT_STREAM;
use http::HeaderMap;
use http::header::ACCEPT;
use mainstay_content::{Accept, Format};

/// Whether a client names `text/event-stream` and likes no form of a page better. A range as `*/*` means the page: who wants a stream that never
/// ends says so.
pub(crate) fn is_wanted(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(ACCEPT).iter().peekable();
    // Nearly all requests have no such header, or one that does not speak of events.
    if values.peek().is_none() {
        return false;
    }
    let accept = Accept::new(values.filter_map(|value| value.to_str().ok()));
    let forms = Format::ALL.into_iter().flat_map(|format| format.media_types());
    let events = accept.named(EVENT_STREAM);
    events > 0 && forms.into_iter().all(|form| events >= accept.named(form))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn check(accept: &[&str], expected: bool) {
        let mut headers = HeaderMap::new();
        accept.iter().for_each(|value| {
            headers.append(ACCEPT, value.parse().unwrap());
        });
        assert_eq!(is_wanted(&headers), expected, "{accept:?}");
    }

    #[test]
    fn who_names_events_gets_them() {
        check(&[], false);
        check(&["*/*"], false);
        check(&["text/*"], false);
        check(&["application/json"], false);
        check(&["text/event-stream"], true);
        check(&["Text/Event-Stream; charset=utf-8"], true);
        check(&["application/json, text/event-stream"], true);
        check(&["application/json", "text/event-stream"], true);
        check(&["application/json, text/event-stream;q=0.5"], false);
        check(&["application/json;q=0.4, text/event-stream; q=0.5, */*"], true);
        check(&["text/event-stream;q=0.5, application/cbor"], false);
        check(&["text/event-stream;q=0"], false);
        check(&["text/event-stream;q=much"], false);
    }
}
