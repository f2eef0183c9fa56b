//! Which of several languages somebody reads.

/// The best of the tags for who sends this `Accept-Language` (RFC 9110, 12.5.4), by the lookup of RFC 4647, 3.4: each range, from the one liked best,
/// is cut from its end until there is a tag that it is equal to. `None` stands for the default.
pub(super) fn lookup<'a>(accept: &str, tags: &[&'a str]) -> Option<&'a str> {
    ranges(accept).into_iter().find_map(|(range, _)| tag_for(range, tags))
}

/// The ranges and their weights, the one liked best first. What is malformed or not wanted is left out.
fn ranges(accept: &str) -> Vec<(&str, f32)> {
    let mut ranges: Vec<(&str, f32)> = accept.split(',').filter_map(range).collect();
    ranges.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    ranges
}

fn range(text: &str) -> Option<(&str, f32)> {
    let (range, weight) = match text.split_once(';') {
        Some((range, weight)) => (range, weight.trim().strip_prefix(['q', 'Q'])?.trim().strip_prefix('=')?),
        None => (text, "1"),
    };
    let weight: f32 = weight.trim().parse().ok()?;
    (weight > 0.0 && weight <= 1.0).then_some((range.trim(), weight))
}

fn tag_for<'a>(mut range: &str, tags: &[&'a str]) -> Option<&'a str> {
    loop {
        if let Some(tag) = tags.iter().find(|tag| tag.eq_ignore_ascii_case(range)) {
            return Some(tag);
        }
        range = range.rsplit_once('-')?.0;
        // A single letter says what follows it, and means nothing at the end.
        if let Some((shorter, [_])) = range.rsplit_once('-').map(|(front, end)| (front, end.as_bytes())) {
            range = shorter;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_cut_until_it_is_a_tag() {
        let check = |accept: &str, expected: Option<&str>| {
            let tags = ["de", "en", "en-GB", "zh-Hant", "x-pirate"];
            assert_eq!(lookup(accept, &tags), expected, "{accept}");
        };
        check("de", Some("de"));
        check("de-CH-1996", Some("de"));
        check("en-gb-oed", Some("en-GB"));
        check("EN-us", Some("en"));
        check("zh-Hant-CN-x-private1", Some("zh-Hant"));
        check("zh-Hans", None);
        check("d", None);
        check("", None);
        check("*", None);
        check("it, *;q=0.5", None);
        check("fr;q=1, en;q=0.4, de;q=0.6", Some("de"));
        check("de;q=0, en;q=0.1", Some("en"));
        check("de;q=much, en-GB", Some("en-GB"));
        check("de ; q = 0.5", Some("de"));
        check("de;q=0.5,en;q=0.5", Some("de"));
    }
}
