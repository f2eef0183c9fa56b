//! Diagnostics as text for people, in the manner of rustc.

use crate::{Diagnostic, Diagnostics, Severity, SourceFile};
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use std::borrow::Cow;
use std::ops::Range;

pub(crate) fn render(diagnostics: &Diagnostics, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let text = |item: &Diagnostic| renderer.render(&[group(item, &diagnostics.files)]) + "\n";
    diagnostics.items.iter().map(text).collect::<Vec<_>>().join("\n")
}

fn group<'a>(item: &'a Diagnostic, files: &'a [SourceFile]) -> Group<'a> {
    let level = match item.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let snippet = item.file.and_then(|file| files.get(file)).map(|file| snippet(file, &item.span));
    let hint = item.hint.as_deref().map(|hint| Level::HELP.message(hint));
    Group::with_title(level.primary_title(item.message.as_str()).id(item.code))
        .elements(snippet)
        .elements(hint)
}

fn snippet<'a>(file: &'a SourceFile, span: &Range<usize>) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    Snippet::source(without_passwords(&file.text))
        .path(file.path.to_string_lossy().into_owned())
        .annotation(AnnotationKind::Primary.span(within(&file.text, span)))
}

/// The text with a star for each byte of a password in an address, so that faults can be shown and logged. All else stays where it is.
fn without_passwords(text: &str) -> Cow<'_, str> {
    let mut shown = Cow::Borrowed(text);
    for (scheme, mark) in text.match_indices("://") {
        let rest = &text[scheme + mark.len()..];
        let address =
            &rest[..rest.find(|c: char| c.is_whitespace() || "\"'".contains(c)).unwrap_or(rest.len())];
        let start = scheme + mark.len();
        let login = address.rfind('@').and_then(|end| Some(address[..end].find(':')? + 1..end));
        let parameter = address.find("password=").map(|found| found + "password=".len()..address.len());
        for password in login.into_iter().chain(parameter) {
            let stars = "*".repeat(password.len());
            shown.to_mut().replace_range(start + password.start..start + password.end, &stars);
        }
    }
    shown
}

/// The span, on character boundaries of the text.
fn within(text: &str, span: &Range<usize>) -> Range<usize> {
    let start = text.floor_char_boundary(span.start);
    start..text.ceil_char_boundary(span.end).max(start)
}

#[cfg(test)]
mod tests {
    use super::without_passwords;

    #[test]
    fn passwords_in_addresses_are_not_shown() {
        let check = |text: &str, expected: &str| {
            assert_eq!(without_passwords(text), expected);
            assert_eq!(without_passwords(text).len(), text.len(), "{text}");
        };
        check("url = \"postgres://app:secret@h/d", "url = \"postgres://app:******@h/d");
        check("urk = 'postgres://app:p@ss:word@h/d?a=b' # x", "urk = 'postgres://app:*********@h/d?a=b' # x");
        check("postgres://h/d?password=é1&a=b", "postgres://h/d?password=*******");
        check("http://example.org:80/a", "http://example.org:80/a");
        check("a://u:1@h b://u:2@h", "a://u:*@h b://u:*@h");
    }
}
