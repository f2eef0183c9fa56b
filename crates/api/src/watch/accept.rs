//! Whether a client wants events rather than a page.

use super::sse::EVENT_STREAM;
use http::HeaderMap;
use http::header::ACCEPT;

/// Whether a client names `text/event-stream` and does not like JSON better. A range as `*/*` means the page: who wants a stream that never
/// ends says so.
pub(crate) fn is_wanted(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(ACCEPT).iter().peekable();
    // Nearly all requests have no such header, or one that does not speak of events.
    if values.peek().is_none() {
        return false;
    }
    let ranges: Vec<(&str, f32)> = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(range)
        .collect();
    let weight = |name: &str| {
        let found = ranges.iter().find(|(range, _)| range.eq_ignore_ascii_case(name));
        found.map_or(0.0, |(_, weight)| *weight)
    };
    let events = weight(EVENT_STREAM);
    events > 0.0 && events >= weight("application/json")
}

/// A media range and its weight (RFC 9110, 12.4.2); one that is malformed counts nothing.
fn range(text: &str) -> (&str, f32) {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| {
        let (key, value) = part.split_once('=')?;
        key.trim().eq_ignore_ascii_case("q").then(|| value.trim().parse().unwrap_or(0.0))
    });
    (name, weight.unwrap_or(1.0))
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
        check(&["text/event-stream;q=0"], false);
        check(&["text/event-stream;q=much"], false);
    }
}
