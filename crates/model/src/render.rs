//! Diagnostics as text for people, in the manner of rustc.

use crate::{Diagnostic, Diagnostics, Severity, SourceFile};
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
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
    Snippet::source(file.text.as_str())
        .path(file.path.to_string_lossy().into_owned())
        .annotation(AnnotationKind::Primary.span(within(&file.text, span)))
}

/// The span, on character boundaries of the text.
fn within(text: &str, span: &Range<usize>) -> Range<usize> {
    let start = text.floor_char_boundary(span.start);
    start..text.ceil_char_boundary(span.end).max(start)
}
