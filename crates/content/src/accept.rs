//! What a client likes: `Accept` and `Accept-Encoding` (RFC 9110, 12.5).

use crate::Format;

/// Ranges of media types, or names of codings, with their weights.
#[derive(Debug, Clone, Default)]
pub struct Accept<'a> {
    ranges: Vec<(&'a str, u16)>,
}

/// The weight of what is liked best, in thousandths.
const FULL: u16 = 1_000;

impl<'a> Accept<'a> {
    /// Reads the values of a header. A range that is malformed counts nothing.
    pub fn new(values: impl Iterator<Item = &'a str>) -> Self {
        Accept { ranges: values.flat_map(|value| value.split(',')).filter_map(range).collect() }
    }

    /// Whether it names nothing, so that anything will do.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The form that is liked best of those that are offered. Of those that are liked alike, one that is named goes before one that falls into a range as `*/*`, and then
    /// the earlier offer before the later.
    pub fn choose(&self, offers: &[Format]) -> Option<Format> {
        if self.is_empty() {
            return offers.first().copied();
        }
        let mut best: Option<(Rank, Format)> = None;
        for offer in offers {
            let rank = offer.media_types().iter().map(|name| self.rank(name)).max().unwrap_or_default();
            if rank.weight > 0 && best.is_none_or(|(than, _)| rank > than) {
                best = Some((rank, *offer));
            }
        }
        best.map(|(_, format)| format)
    }

    /// The weight that a media type or a coding has by its own name, in thousandths; 0 where it is not named.
    pub fn named(&self, name: &str) -> u16 {
        let found = self.ranges.iter().find(|(range, _)| range.eq_ignore_ascii_case(name));
        found.map_or(0, |(_, weight)| *weight)
    }

    /// The weight that a coding has, by its name or as one of all, in thousandths.
    pub(crate) fn coding(&self, name: &str) -> u16 {
        let of = |name: &str| self.ranges.iter().find(|(range, _)| range.eq_ignore_ascii_case(name));
        of(name).or_else(|| of("*")).map_or(0, |(_, weight)| *weight)
    }

    /// How much a media type is liked: the most specific range that it falls into says so.
    fn rank(&self, media_type: &str) -> Rank {
        let ranks = self.ranges.iter().filter_map(|(range, weight)| {
            specificity(range, media_type).map(|specificity| Rank { weight: *weight, specificity })
        });
        ranks.max_by_key(|rank| rank.specificity).unwrap_or_default()
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    weight: u16,
    specificity: u8,
}

fn specificity(range: &str, media_type: &str) -> Option<u8> {
    if range.eq_ignore_ascii_case(media_type) {
        return Some(2);
    }
    let of_type = || {
        let (range, media_type) = (range.strip_suffix("/*")?, media_type.split_once('/')?.0);
        range.eq_ignore_ascii_case(media_type).then_some(1)
    };
    if range == "*/*" { Some(0) } else { of_type() }
}

/// A range and its weight. Other parameters than `q` do not matter to any form that there is here.
fn range(text: &str) -> Option<(&str, u16)> {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?;
    let weight = parts.find_map(|part| {
        let (key, value) = part.split_once('=')?;
        key.trim().eq_ignore_ascii_case("q").then(|| weight(value.trim()))
    });
    Some((name, weight.unwrap_or(Some(FULL))?))
}

/// A weight in thousandths (RFC 9110, 12.4.2): `0`, `1`, or either with up to three digits behind a point.
fn weight(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let thousandths = format!("{whole}{fraction:0<3}").parse().ok().filter(|weight| *weight <= FULL)?;
    (is_number && (whole == "0" || whole == "1")).then_some(thousandths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(accept: &[&str], expected: Option<Format>) {
        assert_eq!(Accept::new(accept.iter().copied()).choose(&Format::VALUES), expected, "{accept:?}");
    }

    #[test]
    fn the_form_that_is_liked_best_is_chosen() {
        use Format::*;
        for json in ["", "*/*", "application/*", "application/json", "Application/JSON; charset=utf-8", " , "]
        {
            check(&[json], Some(Json));
        }
        check(&[], Some(Json));
        check(&["application/cbor"], Some(Cbor));
        check(&["application/msgpack"], Some(MessagePack));
        check(&["application/x-msgpack;q=0.1"], Some(MessagePack));
        check(&["text/yaml"], Some(Yaml));
        check(&["text/*"], Some(Yaml));
        check(&["application/json;q=0.5, application/cbor;q=0.8"], Some(Cbor));
        check(&["application/json;q=0.5", "application/cbor;q=0.8"], Some(Cbor));
        check(&["application/xml, */*"], Some(Xml));
        check(&["application/json, text/plain, */*"], Some(Json));
        check(&["text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8"], Some(Xml));
        check(&["application/json;q=0, */*"], Some(MessagePack));
        check(&["*/*;q=0.1, application/json;q=0"], Some(MessagePack));
        check(&["application/cbor, application/msgpack, application/json"], Some(Json));
    }

    #[test]
    fn what_nobody_offers_is_not_chosen() {
        for none in ["text/html", "image/*", "*/*;q=0", "application/json;q=0", "application/jsonx"] {
            check(&[none], None);
        }
        assert_eq!(Accept::new(["text/csv"].into_iter()).choose(&Format::VALUES), None);
        assert_eq!(Accept::new(["text/csv"].into_iter()).choose(&Format::ALL), Some(Format::Csv));
    }

    #[test]
    fn weights_are_thousandths() {
        let check = |text: &str, expected: Option<u16>| assert_eq!(weight(text), expected, "{text}");
        check("1", Some(1_000));
        check("1.000", Some(1_000));
        check("0.5", Some(500));
        check("0.", Some(0));
        check("0.001", Some(1));
        for none in ["", "2", "1.1", "0.0001", "-0.5", ".5", "0.x", "much", "0.+1"] {
            check(none, None);
        }
    }
}
