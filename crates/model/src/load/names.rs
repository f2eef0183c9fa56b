//! Names: what may be one, and plurals.

use super::document::Document;
use super::faults::{Faults, Place};

/// The longest name in characters; longer ones are cut off by databases.
const MAX_LENGTH: usize = 40;

/// Words of the rule language, which a bare name would shadow.
const WORDS: &[&str] = &[
    "allow",
    "as",
    "auth",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "namespace",
    "new",
    "now",
    "null",
    "old",
    "package",
    "request",
    "return",
    "true",
    "var",
    "void",
    "while",
];

/// Paths of the API beside those of models.
const PATHS: &[&str] =
    &["app", "batch", "docs", "files", "graphql", "healthz", "live", "locks", "readyz", "search"];

/// Members of answers beside a record's fields.
const ANSWERS: &[&str] = &["expand"];

/// Members of a registration beside the fields of an account.
const REGISTRATION: &[&str] = &["password"];

/// Checks the name of a field.
pub(super) fn check_field(model: &str, name: &str, place: Place, faults: &mut Faults) -> bool {
    let taken = ANSWERS.contains(&name) || (model == "user" && REGISTRATION.contains(&name));
    check(name, taken || WORDS.contains(&name), place, faults)
}

/// Checks the name of a predicate or a child collection.
pub(super) fn check_member(name: &str, place: Place, faults: &mut Faults) -> bool {
    check(name, WORDS.contains(&name), place, faults)
}

/// Checks the name of a model or the plural that its file gives.
pub(super) fn check_model(name: &str, place: Place, faults: &mut Faults) -> bool {
    check(name, is_reserved_model(name), place, faults)
}

/// Checks the name of a kind of channel.
pub(super) fn check_channel(name: &str, place: Place, faults: &mut Faults) -> bool {
    check(name, false, place, faults)
}

/// Checks a plural that nobody wrote.
pub(super) fn check_derived_plural(model: &str, plural: &str, place: Place, faults: &mut Faults) {
    let fault = fault_of(plural, is_reserved_model(plural));
    if let Some((code, message)) = fault {
        let message = format!("{message}; it is the plural derived from {model}");
        faults.error(code, place, message).help(SAY_PLURAL);
    }
}

/// How to be rid of a derived plural.
pub(super) const SAY_PLURAL: &str = "give the model another with plural = \"…\"";

fn is_reserved_model(name: &str) -> bool {
    WORDS.contains(&name) || PATHS.contains(&name)
}

fn check(name: &str, reserved: bool, place: Place, faults: &mut Faults) -> bool {
    let Some((code, message)) = fault_of(name, reserved) else { return true };
    let fault = faults.error(code, place, message);
    if !is_well_formed(name) {
        let rule = "names are a-z, 0-9 and _, begin with a letter and have at most";
        fault.help(format!("{rule} {MAX_LENGTH} characters"));
    }
    false
}

/// The code and the message of what keeps a text from being a name.
fn fault_of(name: &str, reserved: bool) -> Option<(&'static str, String)> {
    if !is_well_formed(name) {
        return Some(("bad_name", format!("`{name}` is not a name")));
    }
    reserved.then(|| ("reserved_name", format!("`{name}` is reserved")))
}

fn is_well_formed(name: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    name.len() <= MAX_LENGTH
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(letters)
}

/// Checks a name before a rename: it has to be one, must not be in use, and nothing else was called so (`taken_by` says what was).
pub(super) fn check_was(
    document: &Document,
    path: &[&str],
    in_use: impl Fn(&str) -> bool,
    taken_by: impl Fn(&str) -> Option<String>,
    faults: &mut Faults,
) -> Option<String> {
    let was = document.text(path)?;
    if in_use(&was.text) {
        let message = format!("`{}` still exists, so nothing can have been renamed from it", was.text);
        faults.error("bad_was", was.place, message);
        return None;
    }
    if let Some(other) = taken_by(&was.text) {
        let message =
            format!("`{other}` was `{}` already, and only one can have been renamed from it", was.text);
        faults.error("bad_was", was.place, message);
        return None;
    }
    is_well_formed(&was.text).then_some(was.text.clone()).or_else(|| {
        faults.error("bad_name", was.place, format!("`{}` is not a name", was.text));
        None
    })
}

/// The plural of an English noun, as far as its ending tells. `plural` in the model's file says it otherwise.
pub(super) fn plural(noun: &str) -> String {
    let vowel_before_y = ["ay", "ey", "oy", "uy"].iter().any(|ending| noun.ends_with(ending));
    match noun {
        _ if noun.ends_with("person") => format!("{}people", noun.trim_end_matches("person")),
        _ if noun.ends_with("child") => format!("{noun}ren"),
        _ if noun.ends_with('y') && !vowel_before_y => format!("{}ies", &noun[..noun.len() - 1]),
        _ if ["s", "x", "z", "ch", "sh"].iter().any(|ending| noun.ends_with(ending)) => format!("{noun}es"),
        _ => format!("{noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::plural;

    #[test]
    fn plurals() {
        let nouns = [
            ("room", "rooms"),
            ("reply", "replies"),
            ("day", "days"),
            ("box", "boxes"),
            ("branch", "branches"),
            ("address", "addresses"),
            ("person", "people"),
            ("child", "children"),
            ("y", "ies"),
        ];
        for (noun, expected) in nouns {
            assert_eq!(plural(noun), expected);
        }
    }
}
