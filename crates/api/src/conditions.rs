//! Conditional requests (RFC 9110, 13): `ETag` is the record's version.

use crate::operations::{Conditions, IfMatch, kept, mismatch};
use http::header::{IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName, HeaderValue};
use mainstay_content::{Coding, Format};
use mainstay_engine::{Code, Error, OperationKind};

/// Reads the conditions of a write.
///
/// # Errors
/// [`Code::InvalidParameter`] when a header is malformed, or the operation does not keep it: a write must not pass a condition over. A read that passes
/// one over does no harm.
pub(crate) fn of(kind: OperationKind, headers: &HeaderMap) -> Result<Conditions, Error> {
    if !kind.writes() {
        return Ok(Conditions::default());
    }
    let kept = kept(kind);
    refuse_unless(kept.if_match, headers, &IF_MATCH)?;
    refuse_unless(kept.only_create, headers, &IF_NONE_MATCH)?;
    Ok(Conditions { if_match: if_match(headers)?, only_create: only_create(headers)? })
}

fn refuse_unless(is_kept: bool, headers: &HeaderMap, name: &HeaderName) -> Result<(), Error> {
    if is_kept || !headers.contains_key(name) {
        return Ok(());
    }
    Err(invalid(format!("this operation has no condition `{name}`")))
}

/// Reads `If-Match`. A weak tag never matches here, so that it is left out.
fn if_match(headers: &HeaderMap) -> Result<IfMatch, Error> {
    Ok(match Tags::of(headers, &IF_MATCH)? {
        None => IfMatch::Anything,
        Some(Tags::Any) => IfMatch::Exists,
        Some(Tags::List(tags)) => IfMatch::AnyOf(tags.into_iter().filter_map(Tag::version).collect()),
    })
}

/// Whether `If-None-Match: *` asks that there is no record yet.
fn only_create(headers: &HeaderMap) -> Result<bool, Error> {
    match Tags::of(headers, &IF_NONE_MATCH)? {
        None => Ok(false),
        Some(Tags::Any) => Ok(true),
        Some(Tags::List(_)) => Err(invalid("`If-None-Match` takes `*` here")),
    }
}

/// Sees that what is answered to a GET is what `If-Match` asks for; `None` stands for an answer without an `ETag`, which no tag matches.
///
/// # Errors
/// [`Code::VersionMismatch`] when it is not; [`Code::InvalidParameter`] for a header that is malformed.
pub(crate) fn check_read(headers: &HeaderMap, version: Option<i64>) -> Result<(), Error> {
    let holds = match Tags::of(headers, &IF_MATCH)? {
        None | Some(Tags::Any) => true,
        Some(Tags::List(tags)) => tags.into_iter().filter_map(Tag::version).any(|tag| Some(tag) == version),
    };
    if holds { Ok(()) } else { Err(mismatch()) }
}

/// Whether the client already has the answer with this `ETag` (`If-None-Match`, compared weakly).
///
/// # Errors
/// [`Code::InvalidParameter`] for a header that is malformed.
pub(crate) fn is_known(headers: &HeaderMap, etag: &HeaderValue) -> Result<bool, Error> {
    let is_this = |tag: &Tag<'_>| format!("\"{}\"", tag.uncompressed()).as_bytes() == etag.as_bytes();
    Ok(match Tags::of(headers, &IF_NONE_MATCH)? {
        None => false,
        Some(Tags::Any) => true,
        Some(Tags::List(tags)) => tags.iter().any(is_this),
    })
}

/// The `ETag` of another form of what has this one: `"3;cbor"`, and compressed `"3;cbor;gzip"`. Strong tags are of bytes (RFC 9110, 8.8.3), and yet each names the version, so that
/// any of them can be sent as `If-Match`.
pub(crate) fn marked(etag: &HeaderValue, mark: &str) -> HeaderValue {
    let opaque = etag.to_str().ok().and_then(|tag| tag.strip_suffix('"'));
    opaque
        .and_then(|opaque| HeaderValue::try_from(format!("{opaque};{mark}\"")).ok())
        .unwrap_or_else(|| etag.clone())
}

/// The `ETag` of a version: `"3"`.
pub(crate) fn etag(version: i64) -> HeaderValue {
    HeaderValue::try_from(format!("\"{version}\"")).expect("digits in quotes are a header value")
}

/// What the field of a condition holds (RFC 9110, 13.1.1).
enum Tags<'a> {
    /// `*`
    Any,
    List(Vec<Tag<'a>>),
}

/// An `ETag` (RFC 9110, 8.8.3), be it that of a version or not.
#[derive(Clone, Copy)]
struct Tag<'a> {
    weak: bool,
    /// What is between the quotes.
    opaque: &'a str,
}

impl<'a> Tags<'a> {
    /// Reads a header. A list may be spread over several of them.
    fn of(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<Self>, Error> {
        let malformed = || invalid(format!("`{name}` takes `ETag`s, as `\"3\"`, or `*`"));
        let mut lists = Vec::new();
        for value in headers.get_all(name) {
            lists.push(value.to_str().map_err(|_| malformed())?.trim());
        }
        match lists.as_slice() {
            [] => return Ok(None),
            ["*"] => return Ok(Some(Tags::Any)),
            _ => {}
        }
        let tags = lists.into_iter().map(tags_in).collect::<Option<Vec<_>>>().ok_or_else(malformed)?.concat();
        if tags.is_empty() { Err(malformed()) } else { Ok(Some(Tags::List(tags))) }
    }
}

impl<'a> Tag<'a> {
    /// What is between the quotes, as it is of the answer before it is compressed: whoever has the one has the other.
    fn uncompressed(self) -> &'a str {
        match self.opaque.rsplit_once(';') {
            Some((opaque, coding)) if Coding::of(coding).is_some() => opaque,
            _ => self.opaque,
        }
    }

    /// The version whose `ETag` it is in any form, to the letter: `"03"` is not that of version 3.
    fn version(self) -> Option<i64> {
        let uncompressed = self.uncompressed();
        let text = match uncompressed.split_once(';') {
            Some((text, form)) if is_form(form) => text,
            _ => uncompressed,
        };
        let version: i64 = text.parse().ok().filter(|_| !self.weak)?;
        (version.to_string() == text).then_some(version)
    }
}

fn is_form(name: &str) -> bool {
    Format::ALL.into_iter().any(|format| format.as_str() == name)
}

/// The tags of a list. Empty elements are passed over (RFC 9110, 5.6.1), and a comma may stand within a tag.
fn tags_in(list: &str) -> Option<Vec<Tag<'_>>> {
    let mut tags = Vec::new();
    let mut rest = list.trim_start_matches(SEPARATORS);
    while !rest.is_empty() {
        let unmarked = rest.strip_prefix("W/");
        let (opaque, after) = unmarked.unwrap_or(rest).strip_prefix('"')?.split_once('"')?;
        tags.push(Tag { weak: unmarked.is_some(), opaque });
        rest = after.trim_start_matches(SEPARATORS);
        if rest.len() == after.len() && !rest.is_empty() {
            return None;
        }
    }
    Some(tags)
}

const SEPARATORS: [char; 3] = [',', ' ', '\t'];

fn invalid(message: impl Into<String>) -> Error {
    Error::new(Code::InvalidParameter, message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[track_caller]
    fn check_match(value: &str, expected: &Result<IfMatch, Code>) {
        let conditions = of(OperationKind::Update, &headers(IF_MATCH, value));
        assert_eq!(&conditions.map(|read| read.if_match).map_err(|error| error.code), expected, "{value}");
    }

    #[test]
    fn if_match_takes_versions_or_a_star() {
        let any_of = |versions: &[i64]| Ok(IfMatch::AnyOf(versions.to_vec()));
        check_match("\"3\"", &any_of(&[3]));
        check_match(" * ", &Ok(IfMatch::Exists));
        check_match("\"3\", \"4\"", &any_of(&[3, 4]));
        check_match("\"3\",W/\"4\" ,, \"a,b\"", &any_of(&[3]));
        check_match("\"3;cbor\", \"4;gzip\", \"5;xml;br\"", &any_of(&[3, 4, 5]));
        for no_version in [
            "\"3;x\"",
            "\"3;gzip;cbor\"",
            "\";cbor\"",
            "W/\"3;cbor\"",
            "W/\"3\"",
            "\"abc\"",
            "\"+3\"",
            "\"03\"",
            "\"\"",
        ] {
            check_match(no_version, &any_of(&[]));
        }
        for malformed in ["3", "", ",", "\"3", "\"3\"\"4\"", "\"3\", *", "w/\"3\""] {
            check_match(malformed, &Err(Code::InvalidParameter));
        }
    }

    #[test]
    fn a_write_passes_no_condition_over() {
        let check = |kind: OperationKind, name: HeaderName, expected: bool| {
            assert_eq!(of(kind, &headers(name.clone(), "*")).is_ok(), expected, "{kind:?} {name}");
        };
        check(OperationKind::Put, IF_NONE_MATCH, true);
        check(OperationKind::Update, IF_NONE_MATCH, false);
        check(OperationKind::Create, IF_MATCH, false);
        check(OperationKind::List, IF_MATCH, true);
    }

    #[test]
    fn a_list_may_be_spread_over_headers() {
        let mut headers = headers(IF_NONE_MATCH, "\"1\"");
        headers.append(IF_NONE_MATCH, HeaderValue::from_static("\"3\""));
        let known = [1, 2, 3].map(|version| is_known(&headers, &etag(version)).unwrap());
        assert_eq!(known, [true, false, true]);
    }

    #[test]
    fn if_none_match_is_compared_weakly() {
        let check = |value: &str, expected: Option<bool>| {
            assert_eq!(is_known(&headers(IF_NONE_MATCH, value), &etag(3)).ok(), expected, "{value}");
        };
        check("\"3\"", Some(true));
        check("W/\"3\"", Some(true));
        check("\"1\", \"3\"", Some(true));
        check("*", Some(true));
        check("\"4\"", Some(false));
        check("\"03\"", Some(false));
        check("3", None);
        check("", None);
    }

    #[test]
    fn each_form_has_a_tag_of_its_own() {
        let cbor = marked(&etag(3), "cbor");
        assert_eq!(
            (&cbor, marked(&cbor, "gzip")),
            (&HeaderValue::from_static("\"3;cbor\""), HeaderValue::from_static("\"3;cbor;gzip\""))
        );
        let check = |value: &str, etag: &HeaderValue, expected: bool| {
            assert_eq!(is_known(&headers(IF_NONE_MATCH, value), etag).ok(), Some(expected), "{value}");
        };
        check("\"3;cbor;zstd\"", &cbor, true);
        check("\"3;gzip\"", &etag(3), true);
        check("\"3;gzip\"", &cbor, false);
        check("\"3;xml\"", &cbor, false);
        check("\"3\"", &cbor, false);
    }

    #[test]
    fn if_match_holds_of_answers_too() {
        let check = |value: &str, version: Option<i64>, expected: bool| {
            assert_eq!(check_read(&headers(IF_MATCH, value), version).is_ok(), expected, "{value}");
        };
        check("\"3\", \"4\"", Some(4), true);
        check("*", None, true);
        check("\"3\"", Some(4), false);
        check("\"3\"", None, false);
        check("W/\"3\"", Some(3), false);
    }
}
