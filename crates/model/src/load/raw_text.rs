//! From a place in a text to the place in the TOML that it was written in.

/// The offset in `raw`, a TOML string with its quotes, at which the byte `decoded` of the text that it means is written.
///
/// The syntax is that of <https://toml.io/en/v1.1.0#string>. `raw` has been parsed before, so it is well formed.
pub(super) fn offset(raw: &str, decoded: usize) -> usize {
    let (start, escapes, multiline) = opening(raw);
    let mut place = start;
    let mut meant = 0;
    while meant < decoded && place < raw.len() {
        let (taken, yields) = unit(&raw[place..], escapes, multiline);
        place += taken;
        meant += yields;
    }
    // A line that is continued after a backslash means nothing: the text goes on behind it.
    while escapes && multiline && continued_line(&raw[place..]).is_some() {
        place += continued_line(&raw[place..]).unwrap_or_default();
    }
    place.min(raw.len())
}

/// Where the content begins, whether it has escapes, and whether it may span lines.
fn opening(raw: &str) -> (usize, bool, bool) {
    let escapes = raw.starts_with('"');
    let multiline = raw.starts_with("\"\"\"") || raw.starts_with("'''");
    let quotes = match (multiline, raw.starts_with(['"', '\''])) {
        (true, _) => 3,
        (false, true) => 1,
        (false, false) => 0,
    };
    let newline = if multiline { newline(&raw[quotes..]) } else { 0 };
    (quotes + newline, escapes, multiline)
}

/// The bytes of the newline with which `text` begins; the first one of a multi-line string is not part of it.
fn newline(text: &str) -> usize {
    match text.as_bytes() {
        [b'\n', ..] => 1,
        [b'\r', b'\n', ..] => 2,
        _ => 0,
    }
}

/// How many bytes the next unit takes as written, and how many it means.
fn unit(rest: &str, escapes: bool, multiline: bool) -> (usize, usize) {
    let first = rest.chars().next().map_or(1, char::len_utf8);
    if !escapes || !rest.starts_with('\\') {
        return (first, first);
    }
    if let Some(taken) = continued_line(rest).filter(|_| multiline) {
        return (taken, 0);
    }
    let digits = match rest.as_bytes().get(1) {
        Some(b'x') => 2,
        Some(b'u') => 4,
        Some(b'U') => 8,
        _ => return (2, 1),
    };
    let code = rest.get(2..2 + digits).and_then(|hex| u32::from_str_radix(hex, 16).ok());
    (2 + digits, code.and_then(char::from_u32).map_or(1, char::len_utf8))
}

/// The bytes of a backslash at the end of a line, with the white space that follows it.
fn continued_line(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix('\\')?;
    let trimmed = after.trim_start_matches([' ', '\t', '\r', '\n']);
    let skipped = &after[..after.len() - trimmed.len()];
    skipped.contains('\n').then_some(1 + skipped.len())
}

#[cfg(test)]
mod tests {
    use super::offset;

    /// `raw` means a text in which `needle` is written as `expected`.
    #[track_caller]
    fn check(raw: &str, needle: &str, expected: &str) {
        let document: toml::Table = format!("key = {raw}").parse().expect("a TOML string");
        let text = document["key"].as_str().expect("a string");
        let start = text.find(needle).expect("the needle");
        let (from, to) = (offset(raw, start), offset(raw, start + needle.len()));
        assert!(raw[from..to].starts_with(expected), "{} of {raw}", &raw[from..to]);
    }

    #[test]
    fn finds_what_was_meant_where_it_was_written() {
        check(r#""a == b""#, "b", "b");
        check(r#"'a == b'"#, "b", "b");
        check(r#"'''a == "b"'''"#, "\"b\"", "\"b\"");
        check("'''\na == b'''", "b", "b");
        check("\"\"\"\r\na\r\n== b\"\"\"", "b", "b");
        check(r#""a == \"é\" && b""#, "b", "b");
        check(r#""\"é\" == b""#, "é", "é");
        check(r#""a\tb\\c\n d""#, "d", "d");
        check(r#""\u00e9 == \U0001F600 || \x41 == b""#, "b", "b");
        check(r#""a == \u00e9""#, "é", r"\u00e9");
        check("\"\"\"a &&\\\n    b\"\"\"", "b", "b");
        check("\"\"\"\\\n    b\"\"\"", "b", "b");
        check("\"\"\"a\\   \n\n  == \\\n b\"\"\"", "== b", "== \\\n b");
    }

    #[test]
    fn stays_inside() {
        assert_eq!(offset("\"ab\"", 2), 3);
        assert_eq!(offset("\"ab\"", 99), 4);
        assert_eq!(offset("", 3), 0);
    }
}
