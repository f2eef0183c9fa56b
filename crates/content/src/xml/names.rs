//! Characters and names (XML 1.0, 2.2 and 2.3).

/// Whether XML has the character.
pub(super) fn is_char(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Whether a key can be the name of an element, as it is: of those that XML allows, the ones of ASCII.
pub(super) fn is_name(key: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    // Names that begin with `xml` are for XML itself.
    let is_reserved = key.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("xml"));
    key.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && key.bytes().all(allowed)
        && !is_reserved
}
